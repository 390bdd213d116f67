// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "order.hpp"

#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/tier.hpp>
#include <strata/record.hpp>

#include <cstddef>
#include <cstdint>

// The real engine with one of the algorithms, for one thread and therefore with one order, so that nothing but the algorithm
// decides what stays. Every request is a get, and a put of what was not there; each value weighs one.
namespace hit_ratio {

struct nothing_else {
  strata::hasher<key> const& hash;
};
struct one {
  key of;
};

template <class Eviction>
class engine {
 public:
  using settings = typename strata::hot::engine::settings_of<Eviction>::type;

  engine(std::size_t capacity, settings const& given, std::uint64_t seed = 1)
      : hash_{seed}, tier_{{.capacity_entries = capacity, .eviction = given}, nothing_else{hash_}} {}

  bool request(key k) {
    auto const hashed = hash_(k);
    auto const nothing = [](auto const&) {};
    if (tier_.find(hashed, nothing)) return true;
    (void)tier_.install(hashed, {strata::revision{1}, one{k}});
    return false;
  }
  [[nodiscard]] bool has(key k) const {
    auto const nothing = [](auto const&) {};
    return tier_.peek(hash_(k), nothing);
  }
  [[nodiscard]] std::size_t entries() const { return tier_.entries(); }
  [[nodiscard]] bool valid() const { return tier_.valid(); }

 private:
  strata::hasher<key> hash_;
  strata::hot::engine::tier<Eviction, key, one, nothing_else, strata::hot::engine::single_thread> tier_;
};

}  // namespace hit_ratio

template <>
struct strata::record<hit_ratio::one> : strata::default_record<hit_ratio::one> {
  static std::size_t bytes(hit_ratio::one const&) noexcept { return 1; }
};
