// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The values of a simulation: each says to which key and by which operation it was written, so that a value read tells
// its whole history. It has no member that the cache could take for its key, and its codec believes any bytes: what the
// cache does not check, nobody does.
namespace strata::testing {

struct mark {
  std::uint8_t key = 0;
  std::uint8_t writer = 0;   ///< instance; 255: a program that knows no revisions
  std::uint16_t number = 0;  ///< of the operation, from 1
  std::uint32_t base = 0;    ///< number of the value that this one was changed from
  std::uint32_t sum = 0;

  [[nodiscard]] constexpr std::uint32_t right_sum() const noexcept {
    std::uint64_t const all =
        std::uint64_t{key} << 56U | std::uint64_t{writer} << 48U | std::uint64_t{number} << 32U | base;
    return static_cast<std::uint32_t>((all * 0x9E3779B97F4A7C15U) >> 32U) ^ 0x5BD1E995U;
  }
  [[nodiscard]] constexpr bool whole() const noexcept { return sum == right_sum(); }
  friend bool operator==(mark const&, mark const&) = default;
};
static_assert(sizeof(mark) == 12);

constexpr mark make_mark(std::uint8_t key, std::uint8_t writer, std::uint16_t number, std::uint32_t base = 0) noexcept {
  mark m{.key = key, .writer = writer, .number = number, .base = base};
  m.sum = m.right_sum();
  return m;
}

/// What is left of it in a program that does not know yet who writes.
constexpr mark as_older(mark const& m) noexcept { return make_mark(m.key, 0, m.number, m.base); }

struct mark_codec {
  using value_type = mark;
  static constexpr std::string_view id = "mark";
  static constexpr std::uint64_t fingerprint = 1;

  static result<void> encode(mark const& m, std::string& out) {
    char bytes[sizeof(mark)];
    std::memcpy(bytes, &m, sizeof m);
    out.append(bytes, sizeof bytes);
    return {};
  }
  static result<mark> decode(std::string_view bytes) {
    if (bytes.size() > sizeof(mark)) return failure(errc::corrupt, tier::none, "too long for a mark");
    mark m;
    std::memcpy(&m, bytes.data(), bytes.size());
    return m;
  }
};

}  // namespace strata::testing
