// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/key.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>

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

/// A bounded map in memory from key to box, for many threads. Visitors are given a `box<Value> const&`, or, by a tier that
/// keeps its boxes in such, a `lending_box<Value> const&`. A tier may say with `bool visiting() const noexcept` that this
/// thread is inside one of its visitors; its calls then change nothing. And with `static constexpr bool one_thread = true` that
/// it is for callers who take turns: see of_one_thread.
/// The cache installs and erases while it holds a lock of its own. A tier that weighs values, or copies keys of a user's
/// type, therefore offers `prepare`: see prepares_installs. It may offer `bool glance(k, f)`: find where that is short, to
/// be put in line; false changes nothing, and find is asked. And `find_many(keys, f)`: find for many, as f(i, box).
/// Laws that no compiler checks (testing/laws/hot.hpp does):
///   after install(k, b) gave yes, find(k) gives b until erase, clear, a higher install or eviction;
///   install never replaces a higher revision, decided under the entry's own lock;
///   erase(k, below) takes away what is older than `below` and nothing else;
///   find's visitor and the key's equality are the only user code that runs under a guard, and equality the only one that
///   runs inside an erase or an install of what was prepared (destructors wait for the end of a box's burial);
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

/// A tier whose installs have two steps: `prepare(k, b)` runs the user's code, with nothing held, and install takes what it
/// gave instead of the box. Without prepare the cache hands install the box.
template <class H, class Key, class Value>
concept prepares_installs = requires(H h, hashed<Key> k, box<Value> b) {
  { h.install(k, h.prepare(k, b)) } -> std::same_as<installed>;
};

/// A tier that no two threads may call at once. Its cache has no tiers below, and starts no thread.
template <class H>
concept of_one_thread = requires {
  requires bool { H::one_thread };
};

/// The first step of an install, for any tier. \returns what its install wants
template <class Key, class Value, hot_tier<Key, Value> H>
[[nodiscard]] auto prepare_install(H const& hot, hashed<Key> const& k, box<Value> b) {
  if constexpr (prepares_installs<H, Key, Value>)
    return hot.prepare(k, std::move(b));
  else
    return b;
}

}  // namespace strata
