// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/tier.hpp>
#include <strata/hot/epoch_read.hpp>

#include <cstdint>

namespace engine = strata::hot::engine;

struct newest_first {
  struct node {};
  static constexpr auto needs = engine::hit_needs::nothing;
  static void on_hit(auto, engine::slot) noexcept {}
  void on_insert(auto, engine::slot i, std::uint64_t, std::uint32_t) noexcept { newest = i; }
  static void on_erase(auto, engine::slot) noexcept {}
  void on_move(auto, engine::slot from, engine::slot to) noexcept {
    if (newest == from) newest = to;
  }
  engine::slot victim(auto, engine::newcomer const&) const noexcept { return newest; }
  engine::slot newest = engine::no_slot;
};

template <class E>
struct evicts_by {
  using options = engine::options_for<E>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<E, Key, Value, Context>;
};
#define EVICT(...) COMPOSE(strata::hot::epoch_read<evicts_by<__VA_ARGS__>>, strata::none, strata::none, pieces::memory)

// first error: strata::hot::epoch_read, 1st parameter (Policy): hits of its algorithm need the shard for themselves.
struct exclusive : newest_first {
  static constexpr auto needs = engine::hit_needs::WRONG_OR_RIGHT(exclusive, nothing);
};
EVICT(exclusive);

// next error: strata::hot::epoch_read, 1st parameter (Policy): its algorithm has no form for hits that mark entries
struct of_one_form : newest_first {
  static constexpr auto needs = engine::hit_needs::WRONG_OR_RIGHT(shared, nothing);
};
EVICT(of_one_form);

// next error: strata::hot::epoch_read, 1st parameter (Policy): its algorithm has no on_move(nodes, from, to)
struct unmoved : newest_first {
  WRONG(private : using newest_first::on_move;)
};
EVICT(unmoved);
