// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>

#include <bit>
#include <cstdint>

// What a list of entries needs in each: two links, and a byte for the algorithm, in one word. In nine bytes, or in twelve, an
// entry whose key is a number would be eight larger.
namespace strata::hot::engine {

/// A node, or what it is made of. The links may be asked and changed only while the shard is held for writing.
class alignas(4) links {
 public:
  [[nodiscard]] slot older() const noexcept { return static_cast<slot>(word() & no_slot); }
  [[nodiscard]] slot newer() const noexcept { return static_cast<slot>(word() >> bits & no_slot); }
  void older(slot to) noexcept { word((word() & ~std::uint64_t{no_slot}) | to); }
  void newer(slot to) noexcept { word((word() & ~(std::uint64_t{no_slot} << bits)) | std::uint64_t{to} << bits); }

 private:
  static constexpr unsigned bits = 28;
  static_assert(no_slot == (slot{1} << bits) - 1);
  static_assert(std::endian::native == std::endian::little, "the byte beside the links has to be the word's highest");

  [[nodiscard]] std::uint64_t word() const noexcept { return std::bit_cast<std::uint64_t>(*this); }
  void word(std::uint64_t to) noexcept { *this = std::bit_cast<links>(to); }

  [[maybe_unused]] std::uint8_t both_[7];

 public:
  std::uint8_t own;  ///< the algorithm's, which hits may write, atomically
};

}  // namespace strata::hot::engine
