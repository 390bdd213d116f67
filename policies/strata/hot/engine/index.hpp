// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

// From hash to slot: buckets of one cache line with twelve one-byte tags and twelve slots. One line and one comparison of
// sixteen bytes answer almost every look-up; a false tag costs a look at one entry. An entry that finds its bucket full
// goes to the next one and is counted in each bucket it passed, so nothing is left behind when it goes (no tombstones).
// Source: Facebook's F14 (chunks, overflow counts). Bits of the hash: bucket from below, tag 50-57, shard 58-63.
namespace strata::hot::engine {

class slot_index {
 public:
  static constexpr unsigned width = 12;

  slot_index() = default;
  /// Room for that many slots at three quarters of its load; never grows.
  explicit slot_index(std::size_t slots)
      : mask_{std::bit_ceil(slots / 9 + 1) - 1}, buckets_{std::make_unique<bucket[]>(mask_ + 1)} {}

  /// The slot that is(slot) accepts among those of that hash's tag, or no_slot. Throws what `is` throws.
  template <class Is>
  [[nodiscard]] slot find(std::uint64_t hash, Is&& is) const {
    for (std::size_t at = hash & mask_, passed = 0; passed <= mask_; at = (at + 1) & mask_, ++passed) {
      if (slot found = no_slot; find_in(buckets_[at], hash, found, is)) return found;
      if (buckets_[at].passed == 0) break;
    }
    return no_slot;
  }
  /// As find, in the hash's own bucket and the next alone, where almost every entry is; without a loop, which would
  /// want registers that a hit has no use for. False: not there.
  template <class Is>
  [[nodiscard, gnu::always_inline]] bool find_near(std::uint64_t hash, slot& found, Is&& is) const {
    bucket const& own = buckets_[hash & mask_];
    if (find_in(own, hash, found, is)) [[likely]]
      return true;
    return own.passed != 0 && find_in(buckets_[(hash + 1) & mask_], hash, found, is);
  }
  /// Whether nothing of that hash is further than find_near looks.
  [[nodiscard]] bool all_near(std::uint64_t hash) const noexcept {
    return buckets_[hash & mask_].passed == 0 || buckets_[(hash + 1) & mask_].passed == 0;
  }

  /// There must be room.
  void insert(std::uint64_t hash, slot which) noexcept {
    std::size_t at = hash & mask_;
    unsigned free = 0;
    for (; (free = matches(buckets_[at], 0)) == 0; at = (at + 1) & mask_) ++buckets_[at].passed;
    auto const place = static_cast<unsigned>(std::countr_zero(free));
    buckets_[at].tags[place] = tag(hash);
    buckets_[at].slots[place] = which;
  }

  /// It must be there.
  void erase(std::uint64_t hash, slot which) noexcept {
    for (std::size_t at = hash & mask_;; at = (at + 1) & mask_) {
      bucket& b = buckets_[at];
      for (unsigned some = matches(b, tag(hash)); some != 0; some &= some - 1)
        if (auto const place = static_cast<unsigned>(std::countr_zero(some)); b.slots[place] == which) {
          b.tags[place] = 0;
          return;
        }
      --b.passed;
    }
  }

  /// How many slots it holds, counted. For tests.
  [[nodiscard]] std::size_t count() const noexcept {
    std::size_t n = 0;
    for (std::size_t at = 0; buckets_ && at <= mask_; ++at)
      n += width - static_cast<unsigned>(std::popcount(matches(buckets_[at], 0)));
    return n;
  }
  /// Whether no look-up has to go further than its bucket. For tests.
  [[nodiscard]] bool unpassed() const noexcept {
    for (std::size_t at = 0; buckets_ && at <= mask_; ++at)
      if (buckets_[at].passed != 0) return false;
    return true;
  }

 private:
  struct alignas(64) bucket {
    std::uint8_t tags[width];  // zero: free
    std::uint32_t passed;      // entries that belong here and had to go further
    slot slots[width];
  };
  static_assert(sizeof(bucket) == 64);

  static std::uint8_t tag(std::uint64_t hash) noexcept {
    return static_cast<std::uint8_t>(std::max<std::uint64_t>((hash >> 50U) & 0xFFU, 1));
  }

  template <class Is>
  [[gnu::always_inline]] static bool find_in(bucket const& b, std::uint64_t hash, slot& found, Is& is) {
    for (unsigned some = matches(b, tag(hash)); some != 0; some &= some - 1) {
      found = b.slots[std::countr_zero(some)];
      if (is(found)) return true;
    }
    return false;
  }

  static unsigned matches(bucket const& b, std::uint8_t wanted) noexcept {
#if defined(__SSE2__)
    __m128i const line = _mm_load_si128(reinterpret_cast<__m128i const*>(&b));
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(line, _mm_set1_epi8(static_cast<char>(wanted))))) &
           0xFFFU;
#else
    unsigned found = 0;
    for (unsigned i = 0; i < width; ++i) found |= static_cast<unsigned>(b.tags[i] == wanted) << i;
    return found;
#endif
  }

  std::size_t mask_ = 0;
  std::unique_ptr<bucket[]> buckets_;
};

}  // namespace strata::hot::engine
