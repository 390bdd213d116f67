// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/key.hpp>

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <unistd.h>

// The cache's own hash, seeded per object: whoever chooses the keys cannot choose the buckets. Everything is built on one
// step, the two halves of a 64 x 64 bit product folded together; text takes sixteen bytes a step. All three words that
// the step mixes in are secret: with public constants a key that equals one of them cancels the seed.
// Source: Wang Yi, wyhash (the shape of the text loop); Vigna, splitmix64 (from one seed to three words).
// std::hash was rejected for text: twice the time, and it cannot be seeded.
namespace strata {

namespace detail {

__extension__ using wide_product = unsigned __int128;

constexpr std::uint64_t fold(std::uint64_t a, std::uint64_t b) noexcept {
  auto const product = static_cast<wide_product>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

struct hash_words {
  std::uint64_t seed, left, right;

  constexpr explicit hash_words(std::uint64_t from) noexcept : seed{next(from)}, left{next(from)}, right{next(from)} {}

 private:
  static constexpr std::uint64_t next(std::uint64_t& state) noexcept {
    std::uint64_t z = state += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
};

template <class Word>
std::uint64_t read(char const* at) noexcept {
  Word word;
  __builtin_memcpy(&word, at, sizeof word);
  if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
  return word;
}

[[gnu::always_inline]] inline std::uint64_t hash_text(hash_words const& words, std::string_view text) noexcept {
  using std::uint32_t;
  using std::uint64_t;
  char const* const at = text.data();
  std::size_t const size = text.size();
  uint64_t state = words.seed;
  uint64_t a = 0;
  uint64_t b = 0;
  if (size > 16) {
    char const* const last = at + size - 16;  // the last sixteen bytes, some of them a second time
    char const* next = at;
    do {
      state = fold(read<uint64_t>(next) ^ words.left, read<uint64_t>(next + 8) ^ state);
      next += 16;
    } while (next < last);
    a = read<uint64_t>(last);
    b = read<uint64_t>(last + 8);
  } else if (size >= 8) {
    a = read<uint64_t>(at);
    b = read<uint64_t>(at + size - 8);
  } else if (size >= 4) {
    a = read<uint32_t>(at);
    b = read<uint32_t>(at + size - 4);
  } else if (size > 0) {
    auto const byte = [&](std::size_t i) { return uint64_t{static_cast<unsigned char>(at[i])}; };
    a = byte(0) << 16U | byte(size / 2) << 8U | byte(size - 1);
  }
  return fold(words.right ^ size, fold(a ^ words.left, b ^ state));
}

/// Not to be guessed from outside. Where the system has no entropy to give: an address and nothing better.
inline std::uint64_t random_seed() noexcept {
  std::uint64_t seed = 0;
  if (::getentropy(&seed, sizeof seed) != 0) seed = reinterpret_cast<std::uintptr_t>(&seed);
  return seed;
}

}  // namespace detail

/// Hashes the keys of one cache. Text and integers by their bits; other types by their std::hash, mixed with the seed, also
/// those that turn into text, as which of them are equal is theirs to say; by that text where they have none.
/// \threads any number at once
template <class K>
class hasher {
 public:
  /// Seeded at random.
  hasher() noexcept : hasher{detail::random_seed()} {}
  /// The same seed gives the same hashes, on every machine where K is text or an integer.
  explicit constexpr hasher(std::uint64_t seed) noexcept : words_{seed} {}

  /// \returns the key with its hash, to be handed down; valid as long as the key
  /// \complexity linear in the bytes of a text, one multiplication for an integer of up to 64 bits
  [[gnu::always_inline]] hashed<K> operator()(key_view<K> key) const noexcept(quiet) { return {key, of(key)}; }

  /// Asks memory for a key that is hashed soon: of many at once the texts then come together, not one after the other. For
  /// both ends, since one of four short ones lies on two lines.
  [[gnu::always_inline]] static void prefetch([[maybe_unused]] key_view<K> key) noexcept {
    if constexpr (text) {
      std::string_view const its{key};
      __builtin_prefetch(its.data());
      __builtin_prefetch(its.data() + its.size());
    }
  }

 private:
  static constexpr bool text =
      std::same_as<key_view<K>, std::string_view> ||
      (std::convertible_to<key_view<K>, std::string_view> && !requires(K const& k) { std::hash<K>{}(k); });
  static constexpr bool integer = std::integral<K> || std::is_enum_v<K>;
  static consteval bool never_throws() {
    if constexpr (text || integer)
      return true;
    else
      return noexcept(std::hash<K>{}(std::declval<K const&>()));
  }
  static constexpr bool quiet = never_throws();

  [[gnu::always_inline]] std::uint64_t of(key_view<K> key) const noexcept(quiet) {
    if constexpr (text)
      return detail::hash_text(words_, key);
    else if constexpr (integer && sizeof(K) > 8)
      return of_wide(static_cast<detail::wide_product>(key));
    else if constexpr (integer)
      return detail::fold(static_cast<std::uint64_t>(key) ^ words_.left, words_.right);
    else
      return detail::fold(std::hash<K>{}(key) ^ words_.left, words_.right);
  }

  [[gnu::always_inline]] std::uint64_t of_wide(detail::wide_product key) const noexcept {
    auto const low = static_cast<std::uint64_t>(key), high = static_cast<std::uint64_t>(key >> 64U);
    return detail::fold(detail::fold(low ^ words_.left, high ^ words_.seed), words_.right);
  }

  detail::hash_words words_;
};

}  // namespace strata
