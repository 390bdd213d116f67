// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/key.hpp>

#include <concepts>
#include <cstddef>

namespace strata {

/// What became of an install.
enum class installed : std::uint8_t {
  yes,      ///< the entry now holds the box
  older,    ///< the entry holds the same or a higher revision and keeps it
  refused,  ///< the policy does not admit it (too heavy, not worth it); an older entry of the key is gone
};

namespace detail {
struct any_visitor {
  template <class T>
  void operator()(T const&) const noexcept {}
};
}  // namespace detail

/// A bounded map in memory from key to box, for many threads. Visitors are given a `box<Value> const&`. A tier may say with
/// `bool visiting() const noexcept` that this thread is inside one of its visitors; its calls then change nothing.
/// Laws that no compiler checks (testing/laws/hot.hpp does):
///   after install(k, b) gave yes, find(k) gives b until erase, clear, a higher install or eviction;
///   install never replaces a higher revision, decided under the entry's own lock;
///   erase(k, below) takes away what is older than `below` and nothing else;
///   find's visitor and the key's equality are the only user code that runs under a guard;
///   n distinct keys put into capacity n all stay, up to 4,096 (policies without admission);
///   entries() and bytes() stay within the bounds of the options;
///   if anything throws, nothing has changed.
template <class H, class Key, class Value>
concept hot_tier = requires(H h, H const& c, hashed<Key> k, box<Value> b, revision below, detail::any_visitor f) {
  { h.find(k, f) } -> std::same_as<bool>;
  { h.peek(k, f) } -> std::same_as<bool>;
  { h.install(k, b) } -> std::same_as<installed>;
  { h.erase(k, below) } noexcept -> std::same_as<bool>;
  { h.clear() } noexcept;
  { c.entries() } noexcept -> std::convertible_to<std::size_t>;
  { c.bytes() } noexcept -> std::convertible_to<std::size_t>;
};

}  // namespace strata
