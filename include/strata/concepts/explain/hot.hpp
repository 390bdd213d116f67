// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/hot.hpp>
#include <strata/concepts/warm.hpp>

#include <concepts>
#include <cstddef>
#include <string_view>

namespace strata {

namespace detail {
struct any_use {
  template <class K>
  void operator()(K const&, std::uint64_t) const noexcept {}
};
template <class H>
concept drains_uses = requires(H h, any_use f) { h.drain_uses(f); };
}  // namespace detail

#define STRATA_HOT "strata::cache, 1st parameter (Hot): "

/// The ladder of the first place.
template <class P, class Tier, class Key, class Value, class Context>
consteval bool explain_hot_tier() {
  using H = Tier;
  using K = hashed<Key>;
  using F = detail::any_visitor;
  STRATA_RUNG(P, (hot_tier<H, Key, Value> || !warm_tier<H>),
              STRATA_HOT
              "this is a warm tier. Memory comes first, then the stream, then the database. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (hot_tier<H, Key, Value> || !cold_tier<H, Value>),
              STRATA_HOT
              "this is a cold tier. Memory comes first, then the stream, then the database. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (detail::built_in_place<H, typename P::options, Context>),
              STRATA_HOT
              "its tier cannot be constructed from (options const&, Context const&). The cache builds it in "
              "place from both. Add such a constructor.")
  STRATA_RUNG(P, (requires(H h, K k, F f) { h.find(k, f); }),
              STRATA_HOT
              "its tier has no find(hashed<Key> const&, F&&) that can be called. Every read asks it first. "
              "Add 'template <class F> bool find(hashed<Key> const& k, F&& f)' that calls f(box) if k is there.")
  STRATA_RUNG(P, (requires(H h, K k, F f) {
                { h.find(k, f) } -> std::same_as<bool>;
              }),
              STRATA_HOT
              "find of its tier does not return bool. Where it says false the tiers below are asked. "
              "Return whether the key was there.")
  STRATA_RUNG(P, (requires(H h, K k, F f) { h.peek(k, f); }),
              STRATA_HOT
              "its tier has no peek(hashed<Key> const&, F&&) that can be called. The cache looks without "
              "counting a use. Add it: find, but nothing moves.")
  STRATA_RUNG(P, (requires(H h, K k, F f) {
                { h.peek(k, f) } -> std::same_as<bool>;
              }),
              STRATA_HOT
              "peek of its tier does not return bool. Where it says false the cache takes the key for absent. "
              "Return whether the key was there.")
  STRATA_RUNG(P, (requires(H h, K k, box<Value> b) { h.install(k, b); }),
              STRATA_HOT
              "its tier has no install(hashed<Key> const&, box<Value>) that can be called. What is read below "
              "or written is kept by it. Add 'strata::installed install(hashed<Key> const& k, box<Value> b)'.")
  STRATA_RUNG(P, (requires(H h, K k, box<Value> b) {
                { h.install(k, b) } -> std::same_as<installed>;
              }),
              STRATA_HOT
              "install of its tier does not return strata::installed. A receipt says whether memory has the "
              "value, and an older one must not replace a newer. Return yes, older or refused.")
  STRATA_RUNG(P, (!requires(H h, K k, box<Value> b) { h.prepare(k, b); } || prepares_installs<H, Key, Value>),
              STRATA_HOT
              "its tier has a prepare, but no install that takes what it gives. The cache prepares an install "
              "with nothing held and ends it under a lock. Add 'strata::installed install(hashed<Key> const& k, "
              "R ready)' for the R that prepare(k, box) returns, or remove prepare.")
  STRATA_RUNG(P, (requires(H h, K k, revision below) { h.erase(k, below); }),
              STRATA_HOT
              "its tier has no erase(hashed<Key> const&, revision) that can be called. Writes and the feed take "
              "older copies away with it. Add 'bool erase(hashed<Key> const& k, revision below) noexcept'.")
  STRATA_RUNG(P, (requires(H h, K k, revision below) {
                { h.erase(k, below) } -> std::same_as<bool>;
              }),
              STRATA_HOT
              "erase of its tier does not return bool. A receipt says whether anything changed. "
              "Return whether an entry was taken away.")
  STRATA_RUNG(P, (requires(H h, K k, revision below) {
                { h.erase(k, below) } noexcept;
              }),
              STRATA_HOT
              "erase of its tier must be noexcept. It runs after a write has been committed below, when nothing "
              "may fail any more. Declare it noexcept.")
  STRATA_RUNG(P, (requires(H h) { h.clear(); }),
              STRATA_HOT
              "its tier has no clear(). When changes may have been missed, all copies go. "
              "Add 'void clear() noexcept'.")
  STRATA_RUNG(P, (requires(H h) {
                { h.clear() } noexcept;
              }),
              STRATA_HOT
              "clear of its tier must be noexcept. It runs when changes may have been missed, and must not leave "
              "half of them. Declare it noexcept.")
  STRATA_RUNG(P, (requires(H const& h) {
                { h.entries() } -> std::convertible_to<std::size_t>;
              }),
              STRATA_HOT
              "its tier has no entries() const that gives a count. stats() shows how full memory is. "
              "Add 'std::size_t entries() const noexcept'.")
  STRATA_RUNG(P, (requires(H const& h) {
                { h.entries() } noexcept;
              }), STRATA_HOT "entries of its tier must be noexcept. stats() only looks. Declare it noexcept.")
  STRATA_RUNG(P, (requires(H const& h) {
                { h.bytes() } -> std::convertible_to<std::size_t>;
              }),
              STRATA_HOT
              "its tier has no bytes() const that gives a count. stats() shows how full memory is. "
              "Add 'std::size_t bytes() const noexcept'.")
  STRATA_RUNG(P, (requires(H const& h) {
                { h.bytes() } noexcept;
              }), STRATA_HOT "bytes of its tier must be noexcept. stats() only looks. Declare it noexcept.")
  STRATA_RUNG(P, (!Context::counts_usage || detail::drains_uses<H>),
              STRATA_HOT
              "its tier has no drain_uses(f), and the cold tier keeps how often each key is used. Reads from "
              "memory would not count. Count them while Context::counts_usage, and add "
              "'template <class F> void drain_uses(F&& f)' that calls f(key, count) and starts anew.")
  static_assert(hot_tier<H, Key, Value>);
  return true;
}

template <class P, class Key, class Value, class Context>
consteval bool explain_hot() {
  STRATA_POLICY_RUNGS(STRATA_HOT, P, Key, Value, Context)
  return explain_hot_tier<P, typename P::template tier<Key, Value, Context>, Key, Value, Context>();
}

#undef STRATA_HOT

}  // namespace strata
