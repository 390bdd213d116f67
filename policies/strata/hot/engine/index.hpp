// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/memory.hpp>

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
// It wants 32 bits of a hash: those above choose the bucket, by multiplication, so that there may be any number of
// buckets and not twice as many as are needed; the lowest eight are the tag.
// Source: Facebook's F14 (chunks, overflow counts); Lemire: "Fast Random Integer Generation in an Interval", 2019.
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
}  // namespace detail

class slot_index {
 public:
  static constexpr unsigned width = 12;

  slot_index() = default;
  /// Room for that many slots at three quarters of its load; never grows.
  explicit slot_index(std::size_t slots, pages kind = pages::usual)
      : size_{slots / 9 + 1}, buckets_{static_cast<bucket*>(allocate(size_ * sizeof(bucket), kind))} {
    std::uninitialized_value_construct_n(buckets_.get(), size_);
  }

  /// The slot that is(slot) accepts among those of that hash's tag, or no_slot. Throws what `is` throws.
  template <class Is>
  [[nodiscard]] slot find(std::uint32_t hash, Is&& is) const {
    for (std::size_t at = home(hash), passed = 0; passed < size_; at = after(at), ++passed) {
      if (slot found = no_slot; find_in(buckets_[at], hash, found, is)) return found;
      if (buckets_[at].passed == 0) break;
    }
    return no_slot;
  }
  /// As find, in the hash's own bucket and the next alone, where almost every entry is; without a loop, which would
  /// want registers that a hit has no use for. False: not there.
  template <class Is>
  [[nodiscard, gnu::always_inline]] bool find_near(std::uint32_t hash, slot& found, Is&& is) const {
    if (find_in(buckets_[home(hash)], hash, found, is)) [[likely]]
      return true;
    slot_index const* self = this;  // the place is worked out again, so that a hit keeps nothing of it in registers
    asm("" : "+r"(self), "+r"(hash));
    std::size_t const at = self->home(hash);
    return self->buckets_[at].passed != 0 && find_in(self->buckets_[self->after(at)], hash, found, is);
  }
  /// Whether nothing of that hash is further than find_near looks.
  [[nodiscard]] bool all_near(std::uint32_t hash) const noexcept {
    slot_index const* self = this;  // as there
    asm("" : "+r"(self), "+r"(hash));
    std::size_t const at = self->home(hash);
    return self->buckets_[at].passed == 0 || self->buckets_[self->after(at)].passed == 0;
  }

  /// Asks memory for the bucket.
  void prefetch(std::uint32_t hash) const noexcept { __builtin_prefetch(&buckets_[home(hash)]); }
  /// Shows to each(slot) those of the hash's tag, most likely one, in the first bucket that has any.
  template <class Each>
  void guess(std::uint32_t hash, Each&& each) const noexcept {
    for (std::size_t at = home(hash), passed = 0; passed < size_; at = after(at), ++passed) {
      unsigned some = matches(buckets_[at], tag(hash));
      if (some == 0 && buckets_[at].passed != 0) continue;
      for (; some != 0; some &= some - 1) each(buckets_[at].slots[std::countr_zero(some)]);
      break;
    }
  }

  /// There must be room.
  void insert(std::uint32_t hash, slot which) noexcept {
    std::size_t at = home(hash);
    unsigned free = 0;
    for (; (free = matches(buckets_[at], 0)) == 0; at = after(at)) ++buckets_[at].passed;
    auto const place = static_cast<unsigned>(std::countr_zero(free));
    buckets_[at].tags[place] = tag(hash);
    buckets_[at].slots[place] = which;
  }

  /// It must be there.
  void erase(std::uint32_t hash, slot which) noexcept {
    for (std::size_t at = home(hash);; at = after(at)) {
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
    for (std::size_t at = 0; at < size_; ++at)
      n += width - static_cast<unsigned>(std::popcount(matches(buckets_[at], 0)));
    return n;
  }
  /// Whether no look-up has to go further than its bucket. For tests.
  [[nodiscard]] bool unpassed() const noexcept {
    for (std::size_t at = 0; at < size_; ++at)
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

  std::size_t home(std::uint32_t hash) const noexcept {
    return static_cast<std::size_t>(std::uint64_t{hash} * size_ >> 32U);
  }
  std::size_t after(std::size_t at) const noexcept { return at + 1 == size_ ? 0 : at + 1; }
  static std::uint8_t tag(std::uint32_t hash) noexcept {
    auto const low = static_cast<std::uint8_t>(hash);
    return static_cast<std::uint8_t>(low + (low == 0));
  }

  template <class Is>
  [[gnu::always_inline]] static bool find_in(bucket const& b, std::uint32_t hash, slot& found, Is& is) {
    unsigned some = matches(b, tag(hash));
    if (some == 0) return false;
    found = b.slots[std::countr_zero(some)];
    if (is(found)) [[likely]]  // the first, most often: apart from the loop, which a hit would have to jump into
      return true;
    while ((some &= some - 1) != 0) {
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
    return detail::equal_bytes(b.tags, wanted);
#endif
  }

  std::size_t size_ = 0;
  std::unique_ptr<bucket[], release> buckets_;
};

}  // namespace strata::hot::engine
