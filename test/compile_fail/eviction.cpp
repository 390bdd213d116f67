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
  static void on_hit(auto, engine::slot) noexcept {}
  void on_insert(auto, engine::slot i, std::uint64_t, std::uint32_t) noexcept { newest = i; }
  static void on_erase(auto, engine::slot) noexcept {}
  engine::slot victim(auto, engine::newcomer const&) const noexcept { return newest; }
  engine::slot newest = engine::no_slot;
};

template <class E>
struct evicts_by {
  using options = engine::options_for<E>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<E, Key, Value, Context>;
};
#define EVICT(...) COMPOSE(evicts_by<__VA_ARGS__>, strata::none, strata::none, pieces::memory)

// first error: strata::hot, eviction algorithm: it names no 'node' that can be made from nothing.
struct no_node : newest_first {
  WRONG(private : using newest_first::node;)
};
EVICT(no_node);

// next error: strata::hot, eviction algorithm: it has no constant 'needs' of type strata::hot::engine::hit_needs.
struct no_needs : newest_first {
  WRONG(static constexpr int needs = 2;)
};
EVICT(no_needs);

// next error: strata::hot, eviction algorithm: it can be made neither from nothing nor for a capacity.
struct unmade : newest_first {
  WRONG(explicit unmade(std::size_t capacity);)
};
EVICT(unmade);

// next error: strata::hot, eviction algorithm: it has no on_hit(nodes, slot) that can be called.
struct no_hit : newest_first {
  WRONG(static void on_hit(auto) noexcept {})
};
EVICT(no_hit);

// next error: strata::hot, eviction algorithm: its on_hit must be noexcept.
struct throws_at_hit : newest_first {
  static void on_hit(auto, engine::slot) WRONG_OR_RIGHT(, noexcept) {}
};
EVICT(throws_at_hit);

// next error: strata::hot, eviction algorithm: it has no on_insert(nodes, slot, hash, weight) that can be called.
struct no_insert : newest_first {
  WRONG(static void on_insert(auto, engine::slot) noexcept {})
};
EVICT(no_insert);

// next error: strata::hot, eviction algorithm: its on_insert must be noexcept.
struct throws_at_insert : newest_first {
  static void on_insert(auto, engine::slot, std::uint64_t, std::uint32_t) WRONG_OR_RIGHT(, noexcept) {}
};
EVICT(throws_at_insert);

// next error: strata::hot, eviction algorithm: it has no on_erase(nodes, slot) that can be called.
struct no_erase : newest_first {
  WRONG(private : using newest_first::on_erase;)
};
EVICT(no_erase);

// next error: strata::hot, eviction algorithm: its on_erase must be noexcept.
struct throws_at_erase : newest_first {
  static void on_erase(auto, engine::slot) WRONG_OR_RIGHT(, noexcept) {}
};
EVICT(throws_at_erase);

// next error: strata::hot, eviction algorithm: it has no victim(nodes, newcomer const&) that can be called.
struct no_victim : newest_first {
  WRONG(engine::slot victim(auto) noexcept { return newest; })
};
EVICT(no_victim);

// next error: strata::hot, eviction algorithm: its victim does not return strata::hot::engine::slot.
struct numbers_victim : newest_first {
  WRONG_OR_RIGHT(int, engine::slot) victim(auto, engine::newcomer const&) const noexcept { return {}; }
};
EVICT(numbers_victim);

// next error: strata::hot, eviction algorithm: its victim must be noexcept.
struct throws_at_victim : newest_first {
  engine::slot victim(auto, engine::newcomer const&) const WRONG_OR_RIGHT(, noexcept) { return newest; }
};
EVICT(throws_at_victim);
