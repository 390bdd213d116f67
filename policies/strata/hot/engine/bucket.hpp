// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>
#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// A cache line of the index: twelve one-byte tags, of which zero is free, how many entries passed it, and twelve slots.
namespace strata::hot::engine {

namespace detail {
// Bit i of the result: whether byte i of twelve is the wanted one. For machines without SSE2.
inline unsigned equal_bytes(std::uint8_t const* bytes, std::uint8_t wanted) noexcept {
  constexpr std::uint64_t low = 0x0101010101010101U, seven = 0x7F * low;
  auto const among_eight = [&](std::uint64_t word) {
    std::uint64_t const differs = word ^ (low * wanted);
    std::uint64_t const equal = ~(((differs & seven) + seven) | differs | seven);  // the highest bit of each equal byte
    return static_cast<unsigned>((equal >> 7U) * 0x0102040810204080U >> 56U);
  };
  auto const* const at = reinterpret_cast<char const*>(bytes);
  return among_eight(strata::detail::read<std::uint64_t>(at)) |
         (among_eight(strata::detail::read<std::uint32_t>(at + 8)) & 0xFU) << 8U;
}
#if defined(__SSE2__)
[[gnu::always_inline]] inline unsigned equal_bytes(__m128i line, std::uint8_t wanted) noexcept {
  return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8(static_cast<char>(wanted))))) &
         0xFFFU;
}
#endif
}  // namespace detail

template <class Access>
class bucket;

template <>
class alignas(64) bucket<behind_lock> {
 public:
  static constexpr unsigned width = 12;

  /// Bit i: whether place i has that tag.
  [[nodiscard, gnu::always_inline]] unsigned matches(std::uint8_t wanted) const noexcept {
#if defined(__SSE2__)
    return detail::equal_bytes(_mm_load_si128(reinterpret_cast<__m128i const*>(this)), wanted);
#else
    return detail::equal_bytes(tags_, wanted);
#endif
  }
  [[nodiscard, gnu::always_inline]] slot at(int place) const noexcept { return slots_[place]; }
  /// Entries that belong here, or before, and had to go further.
  [[nodiscard, gnu::always_inline]] std::uint32_t passed() const noexcept { return passed_; }
  void pass() noexcept { ++passed_; }
  void unpass() noexcept { --passed_; }
  void put(int place, std::uint8_t tag, slot which) noexcept {
    tags_[place] = tag;
    slots_[place] = which;
  }
  void clear(int place) noexcept { tags_[place] = 0; }

 private:
  std::uint8_t tags_[width];
  std::uint32_t passed_;
  slot slots_[width];
};

/// The same while others look. What is found at a tag may be another entry by then, which has been filled before.
template <>
class alignas(64) bucket<beside_hits> {
 public:
  static constexpr unsigned width = 12;

  [[nodiscard, gnu::always_inline]] unsigned matches(std::uint8_t wanted) const noexcept {
    std::uint64_t const line[2] = {beside_hits::get(words_[0]), beside_hits::get(words_[1])};
#if defined(__SSE2__)
    return detail::equal_bytes(_mm_set_epi64x(static_cast<long long>(line[1]), static_cast<long long>(line[0])),
                               wanted);
#else
    return detail::equal_bytes(reinterpret_cast<std::uint8_t const*>(line), wanted);
#endif
  }
  [[nodiscard, gnu::always_inline]] slot at(int place) const noexcept { return beside_hits::get(slots_[place]); }
  [[nodiscard, gnu::always_inline]] std::uint32_t passed() const noexcept {
    return static_cast<std::uint32_t>(beside_hits::get(words_[1]) >> 32U);
  }
  void pass() noexcept { beside_hits::set(words_[1], words_[1] + one_passed); }
  void unpass() noexcept { beside_hits::set(words_[1], words_[1] - one_passed); }
  void put(int place, std::uint8_t tag, slot which) noexcept {
    replace(place, which);
    std::uint64_t& word = words_[place / 8];
    beside_hits::set(word, word | std::uint64_t{tag} << place % 8 * 8);
  }
  void clear(int place) noexcept {
    std::uint64_t& word = words_[place / 8];
    beside_hits::set(word, word & ~(std::uint64_t{0xFF} << place % 8 * 8));
  }
  /// Who looks finds the one or the other.
  void replace(int place, slot which) noexcept { beside_hits::set(slots_[place], which); }

 private:
  static constexpr std::uint64_t one_passed = std::uint64_t{1} << 32U;
  static_assert(std::endian::native == std::endian::little, "tags are the bytes of two words, in their order");

  std::uint64_t words_[2];  // the tags, and behind them how many passed
  slot slots_[width];
};
static_assert(sizeof(bucket<behind_lock>) == 64 && sizeof(bucket<beside_hits>) == 64);

}  // namespace strata::hot::engine
