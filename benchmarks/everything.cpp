// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "everything.hpp"

#include <strata/batch.hpp>
#include <strata/benchmarking/google.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/observe/counters.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <thread>

// A whole cache as it stands in production, tiers of memory for its servers: text keys, hot::lru, a warm tier whose feed it
// follows under a lease, a cold tier that wants every read counted, and an observer that counts.
namespace {

using namespace strata::benchmarking;

/// More than plain bits, as templates are: hits share it, and do not copy it.
struct document {
  payload content;
  std::string title{};
};

struct bytes {
  using value_type = document;
  static constexpr std::string_view id = "bytes";
  static constexpr std::uint64_t fingerprint = 1;
  strata::result<void> encode(document const& v, std::string& out) const {
    out.append(reinterpret_cast<char const*>(&v.content), sizeof v.content);
    return {};
  }
  strata::result<document> decode(std::string_view from) const {
    document v;
    std::memcpy(&v.content, from.data(), std::min(from.size(), sizeof v.content));
    return v;
  }
  strata::result<void> to_json(document const& v, std::string& out) const { return encode(v, out); }
  strata::result<document> from_json(std::string_view from) const { return decode(from); }
};
using everything = strata::cache<strata::hot::lru, strata::testing::memory_warm, strata::testing::memory_cold, bytes,
                                 strata::observer<strata::observe::counters>>;

template <class Key>
class whole_cache {
 public:
  static constexpr bool threads = true;
  static constexpr bool does(hot_work work) {
    return work == hot_work::visit || work == hot_work::get || work == hot_work::many || work == hot_work::get_many;
  }

  /// With an eighth more room: a shard with more than its share of the keys would let some go, and reads of those go below.
  explicit whole_cache(std::size_t capacity) : cache_{{.hot = {.capacity_entries = capacity + capacity / 8}}} {}

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    auto const seen = cache_.visit(key, [](document const& v) { return v.content.words[0]; });
    if (!seen || !*seen) return false;
    sum += **seen;
    return true;
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    auto const found = cache_.get(key);
    if (!found) return false;
    sum += found->content.words[0];
    return true;
  }
  std::size_t visit_many(Key const* first, std::uint64_t& sum) {
    auto const look = [&](std::string_view, document const& v) { sum += v.content.words[0]; };
    auto const shown = cache_.visit_many(std::span{first, hot_batch}, look);
    return shown ? *shown : 0;
  }
  std::size_t get_many(Key const* first, std::uint64_t& sum) {
    std::size_t there = 0;
    for (auto const& [key, found] : cache_.get_many(std::span{first, hot_batch})) {
      if (!found) continue;
      sum += found->content.words[0];
      ++there;
    }
    return there;
  }
  void put(Key const& key, std::uint64_t, payload const& value) {
    (void)cache_.put(key, document{value});
    last_ = key;
  }
  /// Until what is in memory counts as fresh: for a moment after the start nothing has proven it yet.
  void settle() {
    using namespace std::chrono;
    auto const until = steady_clock::now() + seconds{20};
    while (cache_.get(last_).freshness() != strata::freshness::fresh && steady_clock::now() < until)
      std::this_thread::sleep_for(milliseconds{1});
  }

 private:
  Key last_{};
  everything cache_;
};

}  // namespace

void register_everything(hot_rows const& rows) {
  using strata::benchmarking::detail::register_hot;
  using subject = whole_cache<std::string>;
  std::string const at = "hot/everything/string";
  register_hot<hot_work::visit, std::string, subject>(at, rows, hot_capacity);
  register_hot<hot_work::get, std::string, subject>(at, rows, hot_capacity);
  register_hot<hot_work::get, std::string, subject>(at, rows, rows.entries);
  register_hot<hot_work::visit, std::string, subject>(at, rows, rows.entries);
  register_hot<hot_work::many, std::string, subject>(at, rows, rows.entries);
  register_hot<hot_work::get_many, std::string, subject>(at, rows, rows.entries);
}
