// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/hot.hpp>

#define TBB_PREVIEW_CONCURRENT_LRU_CACHE 1
#include <oneapi/tbb/concurrent_lru_cache.h>

#include <cstddef>
#include <cstdint>

// oneTBB's cache makes what is not there itself, from the key, and replaces nothing: no puts, no mere misses. It takes no
// hash; it is a std::map.
namespace peers {

template <class Key>
class tbb_concurrent_lru {
  using payload = strata::benchmarking::payload;

 public:
  static constexpr bool threads = true;
  static constexpr bool does(strata::benchmarking::hot_work work) {
    return work != strata::benchmarking::hot_work::put && work != strata::benchmarking::hot_work::miss;
  }

  explicit tbb_concurrent_lru(std::size_t capacity) : cache_{make, capacity} {}

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    made() = false;
    auto found = cache_[key];
    sum += found.value().words[0];
    return !made();
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) { return visit(key, sum); }
  void put(Key const& key, std::uint64_t, payload const& value) {
    next() = value;
    (void)cache_[key];
  }

 private:
  static bool& made() noexcept {
    static thread_local bool one = false;
    return one;
  }
  static payload& next() noexcept {
    static thread_local payload one{};
    return one;
  }
  static payload make(Key const&) {
    made() = true;
    return next();
  }

  tbb::concurrent_lru_cache<Key, payload, payload (*)(Key const&)> cache_;
};

}  // namespace peers
