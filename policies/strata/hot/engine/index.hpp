// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/bucket.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/memory.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

// From hash to slot: buckets of one cache line with twelve one-byte tags and twelve slots. One line and one comparison of
// sixteen bytes answer almost every look-up; a false tag costs a look at one entry. An entry that finds its bucket full
// goes to the next one and is counted in each bucket it passed, so nothing is left behind when it goes (no tombstones).
// It wants 32 bits of a hash: those above choose the bucket, by multiplication, so that there may be any number of
// buckets and not twice as many as are needed; the lowest eight are the tag.
// Source: Facebook's F14 (chunks, overflow counts); Lemire: "Fast Random Integer Generation in an Interval", 2019.
namespace strata::hot::engine {

template <class Access>
class basic_slot_index {
  using bucket = engine::bucket<Access>;

 public:
  static constexpr unsigned width = bucket::width;

  basic_slot_index() = default;
  /// Room for that many slots at three quarters of its load; never grows.
  explicit basic_slot_index(std::size_t slots, pages kind = pages::usual)
      : size_{slots / 9 + 1}, buckets_{static_cast<bucket*>(allocate(size_ * sizeof(bucket), kind))} {
    std::uninitialized_value_construct_n(buckets_.get(), size_);
  }

  /// The slot that is(slot) accepts among those of that hash's tag, or no_slot. Throws what `is` throws.
  template <class Is>
  [[nodiscard]] slot find(std::uint32_t hash, Is&& is) const {
    for (std::size_t at = home(hash), passed = 0; passed < size_; at = after(at), ++passed) {
      if (slot found = no_slot; find_in(buckets_[at], hash, found, is)) return found;
      if (buckets_[at].passed() == 0) break;
    }
    return no_slot;
  }
  /// As find, in the hash's own bucket and the next alone, where almost every entry is; without a loop, which would
  /// want registers that a hit has no use for. False: not there.
  template <class Is>
  [[nodiscard, gnu::always_inline]] bool find_near(std::uint32_t hash, slot& found, Is&& is) const {
    if (find_in(buckets_[home(hash)], hash, found, is)) [[likely]]
      return true;
    basic_slot_index const* self =
        this;  // the place is worked out again, so that a hit keeps nothing of it in registers
    asm("" : "+r"(self), "+r"(hash));
    std::size_t const at = self->home(hash);
    return self->buckets_[at].passed() != 0 && find_in(self->buckets_[self->after(at)], hash, found, is);
  }
  /// Whether nothing of that hash is further than find_near looks.
  [[nodiscard]] bool all_near(std::uint32_t hash) const noexcept {
    std::size_t const at = home(hash);
    return buckets_[at].passed() == 0 || buckets_[after(at)].passed() == 0;
  }

  /// Asks memory for the bucket.
  void prefetch(std::uint32_t hash) const noexcept { __builtin_prefetch(&buckets_[home(hash)]); }
  /// Shows to each(slot) those of the hash's tag, most likely one, in the first bucket that has any.
  template <class Each>
  void guess(std::uint32_t hash, Each&& each) const noexcept {
    for (std::size_t at = home(hash), passed = 0; passed < size_; at = after(at), ++passed) {
      unsigned some = buckets_[at].matches(tag(hash));
      if (some == 0 && buckets_[at].passed() != 0) continue;
      for (; some != 0; some &= some - 1) each(buckets_[at].at(place_of(some)));
      break;
    }
  }

  /// There must be room.
  void insert(std::uint32_t hash, slot which) noexcept {
    std::size_t at = home(hash);
    unsigned free = 0;
    for (; (free = buckets_[at].matches(0)) == 0; at = after(at)) buckets_[at].pass();
    buckets_[at].put(place_of(free), tag(hash), which);
  }

  /// It must be there.
  void erase(std::uint32_t hash, slot which) noexcept {
    for (std::size_t at = home(hash);; at = after(at)) {
      bucket& b = buckets_[at];
      for (unsigned some = b.matches(tag(hash)); some != 0; some &= some - 1)
        if (b.at(place_of(some)) == which) return b.clear(place_of(some));
      b.unpass();
    }
  }

  /// Another slot for the same key, which is never missed meanwhile. The old one must be there.
  void replace(std::uint32_t hash, slot old, slot which) noexcept
    requires Access::beside
  {
    for (std::size_t at = home(hash);; at = after(at))
      for (unsigned some = buckets_[at].matches(tag(hash)); some != 0; some &= some - 1)
        if (buckets_[at].at(place_of(some)) == old) return buckets_[at].replace(place_of(some), which);
  }

  /// How many slots it holds, counted. For tests.
  [[nodiscard]] std::size_t count() const noexcept {
    std::size_t n = 0;
    for (std::size_t at = 0; at < size_; ++at)
      n += width - static_cast<unsigned>(std::popcount(buckets_[at].matches(0)));
    return n;
  }
  /// Whether no look-up has to go further than its bucket. For tests.
  [[nodiscard]] bool unpassed() const noexcept {
    for (std::size_t at = 0; at < size_; ++at)
      if (buckets_[at].passed() != 0) return false;
    return true;
  }

 private:
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
    for (unsigned some = b.matches(tag(hash)); some != 0; some &= some - 1) {
      found = b.at(place_of(some));
      if (is(found)) return true;
    }
    return false;
  }

  static int place_of(unsigned some) noexcept { return std::countr_zero(some); }

  std::size_t size_ = 0;
  std::unique_ptr<bucket[], release> buckets_;
};
using slot_index = basic_slot_index<behind_lock>;

}  // namespace strata::hot::engine
