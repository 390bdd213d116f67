// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/rung.hpp>
#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

// The advice for who writes an eviction algorithm: the first error says what is missing, why, and what mends it.
namespace strata::hot::engine {

#define STRATA_EVICTION "strata::hot, eviction algorithm: "

template <class E>
consteval bool explain_calls() {
  using nodes = detail::any_nodes<typename E::node>;
  STRATA_RUNG(E, (requires(E e, nodes n, slot i) { e.on_hit(n, i); }),
              STRATA_EVICTION
              "it has no on_hit(nodes, slot) that can be called. It tells that the entry was read. "
              "Add 'void on_hit(auto nodes, slot i) noexcept', which changes what nodes[i] knows, or does nothing.")
  STRATA_RUNG(E, (requires(E e, nodes n, slot i) {
                { e.on_hit(n, i) } noexcept;
              }),
              STRATA_EVICTION
              "its on_hit must be noexcept. A read that found its value has nothing left to fail for. "
              "Declare it noexcept.")
  STRATA_RUNG(E, (requires(E e, nodes n, slot i, newcomer const& w) { e.on_insert(n, i, w.hash, w.weight); }),
              STRATA_EVICTION
              "it has no on_insert(nodes, slot, hash, weight) that can be called. It tells that the entry has come. "
              "Add 'void on_insert(auto nodes, slot i, std::uint64_t hash, std::uint32_t weight) noexcept'.")
  STRATA_RUNG(
      E, (requires(E e, nodes n, slot i, newcomer const& w) {
        { e.on_insert(n, i, w.hash, w.weight) } noexcept;
      }),
      STRATA_EVICTION
      "its on_insert must be noexcept. The entry is there already when it is told. Declare it noexcept, and make "
      "what memory it needs for a capacity, in E(settings const&, std::size_t capacity).")
  STRATA_RUNG(E, (requires(E e, nodes n, slot i) { e.on_erase(n, i); }),
              STRATA_EVICTION
              "it has no on_erase(nodes, slot) that can be called. It tells that the entry goes, as a victim too; who "
              "misses it would choose the empty place again. Add 'void on_erase(auto nodes, slot i) noexcept'.")
  STRATA_RUNG(
      E, (requires(E e, nodes n, slot i) {
        { e.on_erase(n, i) } noexcept;
      }),
      STRATA_EVICTION
      "its on_erase must be noexcept. It runs after a write has been committed below, when nothing may fail any "
      "more. Declare it noexcept.")
  STRATA_RUNG(E, (requires(E e, nodes n, newcomer const& w) { e.victim(n, w); }),
              STRATA_EVICTION
              "it has no victim(nodes, newcomer const&) that can be called. It chooses who goes when room is wanted. "
              "Add 'slot victim(auto nodes, newcomer const& who) noexcept'; no_slot refuses the newcomer.")
  STRATA_RUNG(
      E, (requires(E e, nodes n, newcomer const& w) {
        { e.victim(n, w) } -> std::same_as<slot>;
      }),
      STRATA_EVICTION
      "its victim does not return strata::hot::engine::slot. It names an entry by its place, and no other number "
      "says so. Return the slot of an entry that was inserted and not erased, or no_slot.")
  STRATA_RUNG(E, (requires(E e, nodes n, newcomer const& w) {
                { e.victim(n, w) } noexcept;
              }),
              STRATA_EVICTION
              "its victim must be noexcept. The engine asks it in the midst of a change. Declare it noexcept.")
  return true;
}

/// The ladder of an eviction algorithm.
template <class E>
consteval bool explain_eviction() {
  STRATA_RUNG(
      E, (requires { requires std::default_initializable<typename E::node>; }),
      STRATA_EVICTION
      "it names no 'node' that can be made from nothing. One stands in every entry, for what the algorithm knows "
      "of it. Add 'struct node {};', which costs nothing while it is empty.")
  STRATA_RUNG(
      E, (requires {
        { E::needs } -> std::convertible_to<hit_needs>;
      }),
      STRATA_EVICTION
      "it has no constant 'needs' of type strata::hot::engine::hit_needs. It says what a hit asks of the guard. "
      "Add 'static constexpr auto needs = strata::hot::engine::hit_needs::exclusive;', which any on_hit may run "
      "under.")
  STRATA_RUNG(E, (std::default_initializable<E> || sized_eviction<E>),
              STRATA_EVICTION
              "it can be made neither from nothing nor for a capacity. Each shard makes one of its own. Give it a "
              "default constructor; or, where it has settings or memory, 'using settings = ...;', a constructor from "
              "(settings const&, std::size_t capacity) and 'void take_over(E& old) noexcept'.")
  if constexpr (explain_calls<E>()) {
    static_assert(eviction<E>);
    return true;
  } else {
    return false;
  }
}

/// And of one whose hits run beside writers.
template <class E>
consteval bool explain_beside_hits() {
  STRATA_RUNG(E, (E::needs != hit_needs::exclusive),
              "strata::hot::epoch_read, 1st parameter (Policy): hits of its algorithm need the shard for themselves. "
              "Nobody has it for himself who reads without a lock. Take strata::hot::lru, sieve or s3fifo; or leave "
              "epoch_read out, and readers wait while somebody writes.")
  STRATA_RUNG(
      E, (E::needs == hit_needs::nothing || eviction_with<E, engine::beside_hits>),
      "strata::hot::epoch_read, 1st parameter (Policy): its algorithm has no form for hits that mark entries "
      "while a writer links them. Make it a template of how it gets at its nodes, as strata::hot::sieve is, and "
      "name the other form: 'template <class Access> using with = ...;', with basic_links<Access> for a node.")
  STRATA_RUNG(
      E, (requires(E e, detail::any_nodes<typename E::node> n, slot i) {
        { e.on_move(n, i, i) } noexcept;
      }),
      "strata::hot::epoch_read, 1st parameter (Policy): its algorithm has no on_move(nodes, from, to) that is "
      "noexcept. A new value comes in an entry of its own, since readers may be at the old one, and takes over its "
      "place in the order. Add 'void on_move(auto nodes, slot from, slot to) noexcept'.")
  return true;
}

#undef STRATA_EVICTION

// What the engine works with where the algorithm is none: the advice shall be the only error.
struct no_eviction {
  struct node {};
  static constexpr auto needs = hit_needs::exclusive;
  static void on_hit(auto, slot) noexcept {}
  static void on_insert(auto, slot, std::uint64_t, std::uint32_t) noexcept {}
  static void on_erase(auto, slot) noexcept {}
  static slot victim(auto, newcomer const&) noexcept { return no_slot; }
};

template <class Eviction>
using sound_eviction = std::conditional_t<explain_eviction<Eviction>(), Eviction, no_eviction>;

}  // namespace strata::hot::engine
