// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Hot tiers and their peers, same keys, same values, same number of entries, same hash where they take one:
//   hot/<policy>/<string|u64>/<visit|get|miss|put|zipf10>/threads:<n>                   1,000 entries
//   hot/<policy>/<string|u64>/<visit|get|many>/entries:<n>/threads:<n>                  --entries N, or 1,000,000
//   hot/<policy>/<string|u64>/memory/entries:<n>             a hundredth, one and ten times as many: bytes an entry
//   hot/everything/string/<visit|get>/threads:<n>            a whole cache, its feed, its counts of uses, its observer
// --threads N adds rows for 4, 8 ... N threads. Compare rows of one run only, and let it repeat and take turns:
//   ./dev bench hot --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
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

#include <strata/benchmarking/google.hpp>
#include <strata/hot/adaptive.hpp>
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
#include <string_view>

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
template <class Key>
class local {
 public:
  static constexpr bool threads = true;

  explicit local(std::size_t capacity) : cache_{{.capacity_entries = capacity}} {}

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    return cache_.visit(key, [&](payload const& v) { sum += v.words[0]; });
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    auto const found = cache_.get(key);
    if (found) sum += found->words[0];
    return found.has_value();
  }
  void put(Key const& key, std::uint64_t, payload const& value) { (void)cache_.put(key, value); }

 private:
  strata::local_cache<Key, payload, strata::hot::sieve> cache_;
};

/// Calls each with its name, as each.template operator()<Subject>(name).
template <class Each>
void for_all(Each const& each) {
  each.template operator()<detail::subject_of<strata::hot::lru>::type>("lru");
  each.template operator()<detail::subject_of<counting_lru>::type>("lru_counting");
  each.template operator()<detail::subject_of<strata::hot::lru_exact>::type>("lru_exact");
  each.template operator()<detail::subject_of<strata::hot::sieve>::type>("sieve");
  each.template operator()<detail::subject_of<strata::hot::s3fifo>::type>("s3fifo");
  each.template operator()<detail::subject_of<strata::hot::tinylfu>::type>("tinylfu");
  each.template operator()<detail::subject_of<strata::hot::adaptive>::type>("adaptive");
  each.template operator()<local>("local_cache");
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

}  // namespace

int main(int argc, char** argv) {
  hot_rows rows{.entries = 1'000'000};
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    std::string_view const name = argv[i];
    if (name == "--threads" && i + 1 < argc) {
      int const most = std::atoi(argv[++i]);
      for (int n = 4; n < most; n *= 2) rows.threads.push_back(n);
      if (most > 2) rows.threads.push_back(most);
    } else if (name == "--entries" && i + 1 < argc) {
      rows.entries = std::strtoul(argv[++i], nullptr, 10);
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  if (memory::is_child(argc, argv)) {
    for_all([&]<template <class> class Subject>(std::string_view name) { memory::child<Subject>(name, argv); });
    return 0;
  }
  for_all([&]<template <class> class Subject>(std::string_view name) {
    hot_peer<Subject>(name, rows);
    memory::rows(name, argv[0], rows.entries);
  });
  register_everything(rows);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
