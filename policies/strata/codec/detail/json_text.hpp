// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/key.hpp>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// Texts and numbers as JavaScript's JSON.stringify writes them, so that all programs agree on the bytes.
// Source: ECMA-262, QuoteJSONString and Number::toString.
namespace strata::codec::detail {

/// How many bytes from the start need neither an escape nor a look at their UTF-8: printable ASCII but " and \.
inline std::size_t plain_run(char const* s, std::size_t size) noexcept {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t high = 0x8080808080808080ULL;
  std::size_t i = 0;
  if constexpr (std::endian::native == std::endian::little) {
    for (; i + 8 <= size; i += 8) {
      std::uint64_t word;
      std::memcpy(&word, s + i, 8);
      std::uint64_t const quote = word ^ (ones * '"');
      std::uint64_t const slash = word ^ (ones * '\\');
      // The lowest marked byte is exact: borrows of the subtractions only travel upward.
      std::uint64_t const marked = (word | (word - ones * 0x20) | (quote - ones) | (slash - ones)) & high;
      if (marked != 0) return i + static_cast<std::size_t>(std::countr_zero(marked)) / 8;
    }
  }
  for (; i < size; ++i) {
    auto const c = static_cast<unsigned char>(s[i]);
    if (c < 0x20 || c >= 0x80 || c == '"' || c == '\\') break;
  }
  return i;
}

/// Appends the text in quotes.
/// \returns why it cannot be written (U+0000, invalid UTF-8), or nothing; then `out` may have grown
inline std::string_view append_quoted(std::string& out, std::string_view text) {
  out += '"';
  char const* at = text.data();
  std::size_t left = text.size();
  char const* run = at;  // what is copied in one piece
  while (true) {
    std::size_t const plain = plain_run(at, left);
    at += plain;
    left -= plain;
    if (left == 0) break;
    auto const c = static_cast<unsigned char>(*at);
    if (c >= 0x80) {
      std::size_t const length = strata::detail::utf8_sequence(at, left);
      if (length == 0) return text_fault({at, left});
      at += length;
      left -= length;
      continue;
    }
    if (c == 0) return text_fault({at, 1});
    out.append(run, at);
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\b': out.append("\\b"); break;
      case '\f': out.append("\\f"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default: out.append({'\\', 'u', '0', '0', hex[c >> 4U], hex[c & 15U]});
    }
    ++at;
    --left;
    run = at;
  }
  out.append(run, at);
  out += '"';
  return {};
}

/// Appends a finite number: digits up to 1e21, from 1e-6 down to 1e-7 with zeros, else with an exponent.
inline void append_number(std::string& out, double number) {
  if (number == 0) {  // also -0
    out += '0';
    return;
  }
  if (number < 0) out += '-';
  // The shortest digits that read back as the same number, as d.ddde+xx.
  std::array<char, 32> buffer;
  auto const last =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(number), std::chars_format::scientific).ptr;
  std::string_view const text{buffer.data(), last};
  std::size_t const e = text.find('e');
  int exponent = 0;
  std::from_chars(text.data() + e + (text[e + 1] == '+' ? 2 : 1), last, exponent);
  std::array<char, 32> digits;
  std::size_t count = 0;
  for (char const c : text.substr(0, e))
    if (c != '.') digits[count++] = c;
  std::string_view const mantissa{digits.data(), count};

  if (exponent >= 21 || exponent < -6) {
    out += mantissa[0];
    if (count > 1) out.append(".").append(mantissa.substr(1));
    out.append(exponent < 0 ? "e-" : "e+").append(std::to_string(std::abs(exponent)));
  } else if (exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(mantissa);
  } else if (auto const whole = static_cast<std::size_t>(exponent) + 1; whole >= count) {
    out.append(mantissa).append(whole - count, '0');
  } else {
    out.append(mantissa.substr(0, whole)).append(".").append(mantissa.substr(whole));
  }
}

}  // namespace strata::codec::detail
