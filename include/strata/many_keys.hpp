// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>
#include <strata/key.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>

// The keys of a range, in pieces: where they stand, without a copy; or taken out of a range that is given away.
namespace strata {

/// What a range gives (its reference) is a key, or has one, that is still there when the range has gone on: text or a key
/// that stands in the range, or a view, a pointer or a number. Not what is made for the look, as by a transform that gives a
/// std::string.
template <class Given, class Key>
concept key_in_place =
    (std::is_reference_v<key_view<Key>> && std::is_reference_v<Given> &&
     std::is_convertible_v<std::remove_reference_t<Given>*, std::remove_reference_t<key_view<Key>>*>) ||
    (!std::is_reference_v<key_view<Key>> && std::is_convertible_v<Given, key_view<Key>> &&
     (std::is_reference_v<Given> || std::is_scalar_v<Given> || std::is_same_v<std::remove_cv_t<Given>, key_view<Key>>));

namespace detail {

/// A container of keys that its owner gives away: constant it would show constant ones, as no view of others' keys does.
template <class Range, class Key>
concept gives_away = !std::is_reference_v<Range> && requires(Range& own, Range const& constant) {
  requires std::is_same_v<decltype(*own.begin()), Key&>;
  requires std::is_same_v<decltype(*constant.begin()), Key const&>;
};

/// A key as it goes into an answer: moved out of such a container, or where what the range gives is the receiver's anyway.
template <class Range, class Key, class One>
[[nodiscard]] constexpr decltype(auto) taken(std::remove_reference_t<One>& one) noexcept {
  if constexpr (std::is_same_v<One, Key&&> || (std::is_same_v<One, Key&> && gives_away<Range, Key>))
    return std::move(one);
  else
    return one;
}

inline constexpr std::size_t keys_at_once = 64;  ///< as many as a hot tier finds at once, and as a word has bits

/// Calls f(std::span<hashed<Key> const>) for each keys_at_once keys of a range, and for the rest; they are hashed on the stack.
/// The range is gone through once, and memory is asked for the texts of a piece before the first is hashed.
/// \param hash  gives a hashed<Key> for a key_view<Key>
template <class Key, class Range, class Hash, class F>
void in_pieces(Range& keys, Hash const& hash, F f) {
  union place {  // a key that is a reference cannot be made before there is one
    place() noexcept {}
    ~place() {}
    std::array<hashed<Key>, keys_at_once> all;
  } some;
  std::size_t count = 0;
  auto const hand_on = [&] {
    for (std::size_t i = 0; i < count; ++i) std::construct_at(&some.all[i], hash(some.all[i].key));
    f(std::span<hashed<Key> const>{some.all.data(), std::exchange(count, 0)});
  };
  for (auto&& one : keys) {
    auto const* const key =
        std::construct_at(&some.all[count], hashed<Key>{static_cast<strata::key_view<Key>>(one), 0});
    hasher<Key>::prefetch(key->key);
    if (++count == keys_at_once) hand_on();
  }
  if (count != 0) hand_on();
}

}  // namespace detail

}  // namespace strata
