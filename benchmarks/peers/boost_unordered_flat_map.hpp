// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "same_hash.hpp"

#include <strata/benchmarking/hot.hpp>

#include <benchmark/benchmark.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

// The floor: a bare map with its values inline, for one thread, that knows no order of use. To stay bounded it drops the
// key that came first. A get copies the value.
namespace peers {

template <class Key>
class boost_unordered_flat_map {
 public:
  static constexpr bool threads = false;

  explicit boost_unordered_flat_map(std::size_t capacity) : arrived_(capacity) { map_.reserve(capacity + 1); }

  [[gnu::always_inline]] bool visit(Key const& key, std::uint64_t& sum) {
    auto const found = map_.find(key);
    if (found == map_.end()) return false;
    sum += found->second.words[0];
    return true;
  }
  [[gnu::always_inline]] bool get(Key const& key, std::uint64_t& sum) {
    auto const found = map_.find(key);
    if (found == map_.end()) return false;
    strata::benchmarking::payload copy = found->second;
    benchmark::DoNotOptimize(copy);
    sum += copy.words[0];
    return true;
  }
  void put(Key const& key, std::uint64_t, strata::benchmarking::payload const& p) {
    if (auto const found = map_.find(key); found != map_.end()) {
      found->second = p;
      return;
    }
    Key& oldest = arrived_[next_];
    next_ = next_ + 1 == arrived_.size() ? 0 : next_ + 1;
    if (map_.size() == arrived_.size()) map_.erase(oldest);
    map_.emplace(key, p);
    oldest = key;
  }

 private:
  boost::unordered_flat_map<Key, strata::benchmarking::payload, same_hash<Key>> map_;
  std::vector<Key> arrived_;
  std::size_t next_ = 0;
};

}  // namespace peers
