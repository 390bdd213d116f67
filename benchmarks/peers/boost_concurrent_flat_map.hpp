// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "same_hash.hpp"

#include <strata/benchmarking/hot.hpp>

#include <benchmark/benchmark.h>
#include <boost/unordered/concurrent_flat_map.hpp>

#include <cstddef>
#include <cstdint>

// The floor for many threads: a map with its values inline that never evicts, so it takes no part in what needs a bound. A
// get copies the value.
namespace peers {

template <class Key>
class boost_concurrent_flat_map {
  using payload = strata::benchmarking::payload;

 public:
  static constexpr bool threads = true;
  static constexpr bool does(strata::benchmarking::hot_work work) {
    return work != strata::benchmarking::hot_work::put && work != strata::benchmarking::hot_work::zipf10;
  }

  explicit boost_concurrent_flat_map(std::size_t capacity) { map_.reserve(capacity); }

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    return map_.cvisit(key, [&](auto const& found) { sum += found.second.words[0]; }) != 0;
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    return map_.cvisit(key, [&](auto const& found) {
      payload copy = found.second;
      benchmark::DoNotOptimize(copy);
      sum += copy.words[0];
    }) != 0;
  }
  void put(Key const& key, std::uint64_t, payload const& p) { map_.insert_or_assign(key, p); }

 private:
  boost::concurrent_flat_map<Key, payload, same_hash<Key>> map_;
};

}  // namespace peers
