// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hit.hpp>
#include <strata/key.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

// How an entry keeps its key, so that under a lock no user code runs but the key's equality, nothing is allocated and
// nothing throws: plain bits by copying them, text in a string whose memory the next key of the slot takes over, anything
// else in a counted box, which moves and is shared without touching the key. Each form offers
//   type             what the entry holds; default-constructible, moves without throwing
//   view(kept)       the key
//   make(key)        a kept copy of a key, with nothing held; may throw what copying throws
//   assign(to, key)  copies without allocating; false where that cannot be
//   share(from, to)  the same between two kept keys; `to` is fresh or of an earlier share. Zero when done, else the bytes
//   prepare(to, n)   that `to` has to have room for, which prepare makes with nothing held
//   burial           put before a lock, keeps destructors of keys from running under it
namespace strata::hot::engine {

struct no_burial {};

/// Types of the user.
template <class K>
struct kept_key {
  using type = box<K>;
  using burial = typename box<K>::burial;
  static constexpr bool foreign = true;
  static key_view<K> view(type const& kept) noexcept { return kept.value(); }
  static type make(key_view<K> k) { return {revision{}, k}; }
  static bool assign(type&, key_view<K>) noexcept { return false; }
  static std::size_t share(type const& from, type& to) noexcept {
    to = from;
    return 0;
  }
  static void prepare(type&, std::size_t) noexcept {}
};

template <class K>
  requires std::is_trivially_copyable_v<K> && std::is_default_constructible_v<K> && std::is_copy_assignable_v<K>
struct kept_key<K> {
  using type = K;
  using burial = no_burial;
  static constexpr bool foreign = false;
  static key_view<K> view(type const& kept) noexcept { return kept; }
  static type make(key_view<K> k) noexcept { return k; }
  static bool assign(type& to, key_view<K> k) noexcept {
    to = k;
    return true;
  }
  static std::size_t share(type const& from, type& to) noexcept {
    to = from;
    return 0;
  }
  static void prepare(type&, std::size_t) noexcept {}
};

template <>
struct kept_key<std::string> {
  using type = std::string;
  using burial = no_burial;
  static constexpr bool foreign = false;
  static std::string_view view(type const& kept) noexcept { return kept; }
  static type make(std::string_view k) {
    std::string kept;
    kept.reserve(k.size() | 15U);  // what malloc gives anyhow, so that more keys fit later
    return kept.assign(k);
  }
  // Memory much larger than the key is left behind: one long key must not cost its slot for ever.
  static bool assign(type& to, std::string_view k) noexcept {
    if (to.capacity() < k.size() || to.capacity() > 64 + 4 * k.size()) return false;
    to.assign(k);
    return true;
  }
  static std::size_t share(type const& from, type& to) noexcept {
    if (to.capacity() < from.size()) return from.size();
    to.assign(from);
    return 0;
  }
  static void prepare(type& to, std::size_t bytes) { to.reserve(bytes); }
};

}  // namespace strata::hot::engine
