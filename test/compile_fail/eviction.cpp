// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/tier.hpp>

#include <cstdint>

namespace engine = strata::hot::engine;

struct newest_first {
  struct node {};
  static constexpr auto needs = engine::hit_needs::exclusive;
  static void on_hit(auto, engine::slot) WRONG_OR_RIGHT(, noexcept) {}
  void on_insert(auto, engine::slot i, std::uint64_t, std::uint32_t) noexcept { newest = i; }
  static void on_erase(auto, engine::slot) noexcept {}
  engine::slot victim(auto, engine::newcomer const&) const noexcept { return newest; }
  engine::slot newest = engine::no_slot;
};

struct own {
  using options = engine::options;
  template <class Key, class Value, class Context>
  using tier = engine::tier<newest_first, Key, Value, Context>;
};

// first error: strata::hot, eviction algorithm: it needs a type 'node', a constant 'needs' and, all noexcept,
COMPOSE(own, strata::none, strata::none, pieces::memory);
