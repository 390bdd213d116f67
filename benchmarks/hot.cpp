// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Hot tiers and their peers, same keys, same values, same number of entries, same hash where they take one:
//   hot/<policy>/<string|u64>/<visit|get|miss|put|zipf10>/threads:<n>                   1,000 entries
//   hot/<policy>/<string|u64>/<visit|get|many|get_many>/entries:<n>/threads:<n>         --entries N, or 1,000,000
//   hot/<policy>/<string|u64>/memory/entries:<n>             a hundredth, one and ten times as many: bytes an entry
//   hot/<lru|sieve>[_epoch_read]/<string|u64>/<beside|slow_visitor>    who reads beside who writes
//   hot/everything/string/<visit|get|many|get_many>/...               a whole cache, its feed, its counts of uses, its observer
// --threads N adds rows for 4, 8 ... N threads. Compare rows of one run only: each runs six times for a short while, in turns
// with the others, unless --benchmark_repetitions, --benchmark_min_time or --benchmark_enable_random_interleaving say else.
#include "beside.hpp"
#include "everything.hpp"
#include "memory.hpp"
#include "peers/boost_concurrent_flat_map.hpp"
#include "peers/boost_unordered_flat_map.hpp"
#include "peers/hand_lru_mutex.hpp"
#if defined(STRATA_PEER_ABSL)
#include "peers/absl_list_mutex.hpp"
#endif
#if defined(STRATA_PEER_ROCKSDB)
#include "peers/rocksdb.hpp"
#endif
#if defined(STRATA_PEER_TBB)
#include "peers/tbb_concurrent_lru.hpp"
#endif

#if defined(STRATA_ASSETS)
#include <strata/knowledge/asset.hpp>
#endif

#include <strata/benchmarking/google.hpp>
#include <strata/hot/adaptive.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/single_thread.hpp>
#include <strata/hot/tinylfu.hpp>
#include <strata/local.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using namespace strata::benchmarking;

// One thread at a time may call it, so there is a row for one.
template <class Key>
struct lru_of_one_thread : policy_subject<strata::hot::single_thread<strata::hot::lru>, Key> {
  using policy_subject<strata::hot::single_thread<strata::hot::lru>, Key>::policy_subject;
  static constexpr bool threads = false;
};

// With the reads of each entry counted, as where a cold tier wants to know them.
struct counting_lru {
  using options = strata::hot::lru::options;
  template <class Context>
  struct counted : Context {
    static constexpr bool counts_usage = true;
    counted(Context const& given) : Context(given) {}
  };
  template <class Key, class Value, class Context>
  using tier = strata::hot::lru::tier<Key, Value, counted<Context>>;
};

// Strata's cache without servers: a share of the value for each reader.
template <class Hot>
struct local_over {
  template <class Key>
  class type {
   public:
    static constexpr bool threads = true;

    explicit type(std::size_t capacity) : cache_{{.capacity_entries = capacity}} {}

    [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
      return cache_.visit(key, [&](payload const& v) { sum += v.words[0]; });
    }
    [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
      auto const found = cache_.get(key);
      if (found) sum += found->words[0];
      return found.has_value();
    }
    std::size_t visit_many(Key const* first, std::uint64_t& sum) {
      return cache_.visit_many(std::span{first, hot_batch}, [&](auto const&, payload const& v) { sum += v.words[0]; });
    }
    std::size_t get_many(Key const* first, std::uint64_t& sum) {
      std::size_t there = 0;
      for (auto const& [key, found] : cache_.get_many(std::span{first, hot_batch})) {
        if (!found) continue;
        sum += found->words[0];
        ++there;
      }
      return there;
    }
    void put(Key const& key, std::uint64_t, payload const& value) { (void)cache_.put(key, value); }

   private:
    strata::local_cache<Key, payload, Hot> cache_;
  };
};

#if defined(STRATA_ASSETS)
// Assets in counted boxes, their uses counted, as a cache over servers keeps them. It puts, and says what an asset is: what
// malloc rounds its texts up to is the asset's, and that of its box the tier's.
template <class Key>
class assets {
 public:
  explicit assets(std::size_t capacity)
      : tier_{{.capacity_entries = capacity}, around{{clock_, observer_, codec_}, hash_}} {}

  void put(Key const& key, std::uint64_t revision, payload const&) {
    (void)tier_.install(
        hash_(key), {strata::revision{revision}, strata::knowledge_asset{.id = key, .data = std::string(text, 'x')}});
  }
  static double value_bytes(std::size_t i) {
    auto const elsewhere = [](std::size_t size) { return size > 15 ? (size + 24) / 16 * 16 : 0; };
    return static_cast<double>(sizeof(strata::knowledge_asset) + elsewhere(text) +
                               elsewhere(hot_keys<std::string>::name(i).size()));
  }

 private:
  static constexpr std::size_t text = 64;
  using codec_type = strata::codec::none<strata::knowledge_asset, Key>;
  using around = strata::hot_context<strata::context<strata::monotonic_clock, strata::no_observer, codec_type>, Key>;

  strata::monotonic_clock clock_{};
  strata::no_observer observer_{};
  codec_type codec_{};
  strata::hasher<Key> hash_{1};
  typename counting_lru::tier<Key, strata::knowledge_asset, around> tier_;
};
#endif

/// Calls each with its name, as each.template operator()<Subject>(name).
template <class Each>
void for_all(Each const& each) {
  each.template operator()<detail::subject_of<strata::hot::lru>::type>("lru");
  each.template operator()<detail::subject_of<counting_lru>::type>("lru_counting");
  each.template operator()<detail::subject_of<strata::hot::lru_exact>::type>("lru_exact");
  each.template operator()<detail::subject_of<strata::hot::sieve>::type>("sieve");
  each.template operator()<detail::subject_of<strata::hot::s3fifo>::type>("s3fifo");
  each.template operator()<detail::subject_of<strata::hot::epoch_read<strata::hot::sieve>>::type>("sieve_epoch_read");
  each.template operator()<detail::subject_of<strata::hot::epoch_read<strata::hot::lru>>::type>("lru_epoch_read");
  each.template operator()<detail::subject_of<strata::hot::tinylfu>::type>("tinylfu");
  each.template operator()<detail::subject_of<strata::hot::adaptive>::type>("adaptive");
  each.template operator()<local_over<strata::hot::sieve>::type>("local_cache");
  each.template operator()<lru_of_one_thread>("lru_single_thread");
  each.template operator()<peers::boost_unordered_flat_map>("peer:boost_unordered_flat_map");
  each.template operator()<peers::boost_concurrent_flat_map>("peer:boost_concurrent_flat_map");
  each.template operator()<peers::hand_lru_mutex>("peer:hand_lru_mutex");
#if defined(STRATA_PEER_ABSL)
  each.template operator()<peers::absl_list_mutex>("peer:absl_list_mutex");
#endif
#if defined(STRATA_PEER_ROCKSDB)
  each.template operator()<peers::rocksdb_lru>("peer:rocksdb_lru");
  each.template operator()<peers::rocksdb_hyper_clock>("peer:rocksdb_hyper_clock");
#endif
#if defined(STRATA_PEER_TBB)
  each.template operator()<peers::tbb_concurrent_lru>("peer:tbb_concurrent_lru");
#endif
}

/// And those of which only the memory is measured.
template <class Each>
void for_memory(Each const& each) {
  for_all(each);
  each.template operator()<local_over<strata::hot::lru>::type>("local_cache_lru");
  each.template operator()<local_over<strata::hot::s3fifo>::type>("local_cache_s3fifo");
}

}  // namespace

int main(int argc, char** argv) {
  static char repeats[] = "--benchmark_repetitions=6";
  static char shortly[] = "--benchmark_min_time=0.1s";
  static char in_turns[] = "--benchmark_enable_random_interleaving=true";
  std::vector<char*> told{argv[0], repeats, shortly, in_turns};  // what is given comes after them, and counts
  hot_rows rows{.entries = 1'000'000};
  for (int i = 1; i < argc; ++i) {
    std::string_view const name = argv[i];
    if (name == "--threads" && i + 1 < argc) {
      int const most = std::atoi(argv[++i]);
      for (int n = 4; n < most; n *= 2) rows.threads.push_back(n);
      if (most > 2) rows.threads.push_back(most);
    } else if (name == "--entries" && i + 1 < argc) {
      rows.entries = std::strtoul(argv[++i], nullptr, 10);
    } else {
      told.push_back(argv[i]);
    }
  }
  if (memory::is_child(argc, argv)) {
    for_memory([&]<template <class> class Subject>(std::string_view name) { memory::child<Subject>(name, argv); });
#if defined(STRATA_ASSETS)
    if (std::string_view{argv[2]} == "knowledge")
      memory::measure<std::string, assets>(std::strtoul(argv[4], nullptr, 10));
#endif
    return 0;
  }
  for_all([&]<template <class> class Subject>(std::string_view name) { hot_peer<Subject>(name, rows); });
  beside::rows<strata::hot::lru>("lru");
  beside::rows<strata::hot::epoch_read<strata::hot::lru>>("lru_epoch_read");
  beside::rows<strata::hot::sieve>("sieve");
  beside::rows<strata::hot::epoch_read<strata::hot::sieve>>("sieve_epoch_read");
  for_memory([&]<template <class> class>(std::string_view name) { memory::rows(name, argv[0], rows.entries); });
#if defined(STRATA_ASSETS)
  memory::rows("knowledge", argv[0], rows.entries, {"string"});
#endif
  register_everything(rows);
  argc = static_cast<int>(told.size());
  benchmark::Initialize(&argc, told.data());
  if (benchmark::ReportUnrecognizedArguments(argc, told.data())) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
