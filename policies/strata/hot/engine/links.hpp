// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>

#include <atomic>
#include <bit>
#include <cstdint>

// What a list of entries needs in each: two links, and a byte for the algorithm, in one word. In nine bytes, or in twelve, an
// entry whose key is a number would be eight larger.
namespace strata::hot::engine {

namespace detail {
struct link_bits {
  static constexpr unsigned bits = 28;
  static_assert(no_slot == (slot{1} << bits) - 1);

  static constexpr slot older(std::uint64_t word) noexcept { return static_cast<slot>(word & no_slot); }
  static constexpr slot newer(std::uint64_t word) noexcept { return static_cast<slot>(word >> bits & no_slot); }
  static constexpr std::uint64_t older(std::uint64_t word, slot to) noexcept {
    return (word & ~std::uint64_t{no_slot}) | to;
  }
  static constexpr std::uint64_t newer(std::uint64_t word, slot to) noexcept {
    return (word & ~(std::uint64_t{no_slot} << bits)) | std::uint64_t{to} << bits;
  }
};
}  // namespace detail

/// A node, or what it is made of. The links may be asked and changed only while the shard is held for writing.
template <class Access>
class basic_links;

template <>
class alignas(4) basic_links<behind_lock> {
  using at = detail::link_bits;

 public:
  [[nodiscard]] slot older() const noexcept { return at::older(word()); }
  [[nodiscard]] slot newer() const noexcept { return at::newer(word()); }
  void older(slot to) noexcept { word(at::older(word(), to)); }
  void newer(slot to) noexcept { word(at::newer(word(), to)); }

  /// The byte, for who has the shard;
  [[nodiscard]] std::uint8_t state() const noexcept { return own; }
  void state(std::uint8_t to) noexcept { own = to; }
  /// and for hits, beside other hits.
  [[nodiscard, gnu::always_inline]] std::uint8_t seen() noexcept {
    return std::atomic_ref{own}.load(std::memory_order_relaxed);
  }
  [[gnu::always_inline]] void mark(std::uint8_t /*seen*/, std::uint8_t to) noexcept {
    std::atomic_ref{own}.store(to, std::memory_order_relaxed);
  }

 private:
  static_assert(std::endian::native == std::endian::little, "the byte beside the links has to be the word's highest");

  [[nodiscard]] std::uint64_t word() const noexcept { return std::bit_cast<std::uint64_t>(*this); }
  void word(std::uint64_t to) noexcept { *this = std::bit_cast<basic_links>(to); }

  [[maybe_unused]] std::uint8_t both_[7];

 public:
  std::uint8_t own;  ///< the algorithm's
};
using links = basic_links<behind_lock>;

/// The same where hits mark entries that a writer links anew meanwhile: he may undo a mark, which costs it no more than its
/// entry's chance to stay, and a mark that comes late changes nothing.
template <>
class basic_links<beside_hits> {
  using at = detail::link_bits;

 public:
  [[nodiscard]] slot older() const noexcept { return at::older(word()); }
  [[nodiscard]] slot newer() const noexcept { return at::newer(word()); }
  void older(slot to) noexcept { word(at::older(word(), to)); }
  void newer(slot to) noexcept { word(at::newer(word(), to)); }

  [[nodiscard]] std::uint8_t state() const noexcept { return own(word()); }
  void state(std::uint8_t to) noexcept { word(with(word(), to)); }
  [[nodiscard, gnu::always_inline]] std::uint8_t seen() const noexcept { return state(); }
  /// Unless it is not what was seen any more.
  void mark(std::uint8_t seen, std::uint8_t to) noexcept {
    std::uint64_t now = word();
    if (own(now) != seen) return;
    (void)std::atomic_ref{word_}.compare_exchange_strong(now, with(now, to), std::memory_order_relaxed);
  }

 private:
  static constexpr unsigned above = 2 * at::bits;
  static constexpr std::uint8_t own(std::uint64_t word) noexcept { return static_cast<std::uint8_t>(word >> above); }
  static constexpr std::uint64_t with(std::uint64_t word, std::uint8_t own) noexcept {
    return (word & ((std::uint64_t{1} << above) - 1)) | std::uint64_t{own} << above;
  }
  [[nodiscard, gnu::always_inline]] std::uint64_t word() const noexcept { return beside_hits::get(word_); }
  void word(std::uint64_t to) noexcept { beside_hits::set(word_, to); }

  std::uint64_t word_ = 0;
};

}  // namespace strata::hot::engine
