// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "order.hpp"

#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/shard.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

// The real engine with one of the algorithms, as one shard, so that nothing but the algorithm decides what stays. Every
// request is a get, and a put of what was not there; each value weighs one.
namespace hit_ratio {

template <class Eviction>
class engine {
 public:
  using settings = typename strata::hot::engine::settings_of<Eviction>::type;

  engine(std::size_t capacity, settings const& given)
      : shard_{capacity, std::numeric_limits<std::uint64_t>::max() / 2, given} {}

  bool request(key k) {
    auto const hashed = hash_(k);
    auto const nothing = [](auto const&) {};
    if (shard_.find(hashed, nothing)) return true;
    strata::box<key> value{strata::revision{1}, k};
    std::optional<key> own;
    (void)shard_.install(hashed, value, 1, own);
    return false;
  }
  [[nodiscard]] bool has(key k) const {
    auto const nothing = [](auto const&) {};
    return shard_.peek(hash_(k), nothing);
  }
  [[nodiscard]] std::size_t entries() const { return shard_.entries(); }
  [[nodiscard]] bool valid() const { return shard_.valid(); }

 private:
  strata::hasher<key> hash_{1};
  strata::hot::engine::shard<key, key, Eviction, false> shard_;
};

}  // namespace hit_ratio
