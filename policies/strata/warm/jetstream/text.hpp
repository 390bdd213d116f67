// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// The little reading and writing that the server's answers and questions need: members of a JSON object, strings, numbers,
// base64. The server's answers are
// a few known members; a JSON library here would be a dependency for three look-ups. Nothing in here recurses, and
// anything malformed is "not there".
namespace strata::warm::jetstream_detail {

/// \returns the number a text is from its first to its last byte, or nothing
template <std::integral N>
constexpr std::optional<N> number_in(std::string_view text, int base = 10) noexcept {
  N n{};
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (text.empty() || fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}

namespace json {

constexpr std::size_t after_space(std::string_view s, std::size_t i) noexcept {
  while (i < s.size() && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r')) ++i;
  return i;
}

/// \returns the place after the string that begins at i, or the end of the text
constexpr std::size_t after_string(std::string_view s, std::size_t i) noexcept {
  for (++i; i < s.size(); ++i) {
    if (s[i] == '\\')
      ++i;
    else if (s[i] == '"')
      return i + 1;
  }
  return s.size();
}

constexpr std::size_t after_value(std::string_view s, std::size_t i) noexcept {
  std::size_t depth = 0;
  while (i < s.size()) {
    if (s[i] == '"') {
      i = after_string(s, i);
      if (depth == 0) return i;
      continue;
    }
    if (s[i] == '{' || s[i] == '[') {
      ++depth;
    } else if (s[i] == '}' || s[i] == ']') {
      if (depth == 0) return i;
      if (--depth == 0) return i + 1;
    } else if (s[i] == ',' && depth == 0) {
      return i;
    }
    ++i;
  }
  return s.size();
}

/// \returns the member's value as it stands there, strings without their quotes; empty when there is none
constexpr std::string_view member(std::string_view object, std::string_view name) noexcept {
  std::size_t i = after_space(object, 0);
  if (i >= object.size() || object[i] != '{') return {};
  i = after_space(object, i + 1);
  while (i < object.size() && object[i] == '"') {
    std::size_t const name_end = after_string(object, i);
    std::string_view const found = object.substr(i + 1, name_end - i - 2);
    i = after_space(object, name_end);
    if (i >= object.size() || object[i] != ':') return {};
    i = after_space(object, i + 1);
    std::size_t const value_end = after_value(object, i);
    if (found == name) {
      std::string_view value = object.substr(i, value_end - i);
      if (value.size() >= 2 && value.front() == '"') return value.substr(1, value.size() - 2);
      while (!value.empty() && value.back() <= ' ') value.remove_suffix(1);
      return value;
    }
    i = after_space(object, value_end);
    if (i >= object.size() || object[i] != ',') return {};
    i = after_space(object, i + 1);
  }
  return {};
}

/// Appends a string with its quotes.
inline void append_string(std::string_view text, std::string& out) {
  constexpr char const* digits = "0123456789abcdef";
  out.push_back('"');
  for (char const c : text) {
    auto const byte = static_cast<unsigned char>(c);
    if (byte < 0x20) {
      out.append("\\u00").append({digits[byte >> 4U], digits[byte & 0xFU]});
      continue;
    }
    if (c == '"' || c == '\\') out.push_back('\\');
    out.push_back(c);
  }
  out.push_back('"');
}

}  // namespace json

/// \returns the bytes of a padded base64 text, or nothing when it is none
constexpr std::optional<std::string> from_base64(std::string_view text) {
  constexpr auto digits = [] {
    std::array<std::int8_t, 256> table{};
    table.fill(-1);
    std::string_view const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i)
      table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    return table;
  }();
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t const padding = text.empty() || text.back() != '=' ? 0 : text[text.size() - 2] == '=' ? 2 : 1;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      bool const padded = i + k + padding >= text.size();
      int const digit = padded ? 0 : digits[static_cast<unsigned char>(text[i + k])];
      if (digit < 0) return std::nullopt;
      group = group << 6U | static_cast<std::uint32_t>(digit);
    }
    std::size_t const whole = i + 4 < text.size() ? 3 : 3 - padding;
    for (std::size_t k = 0; k < whole; ++k) out.push_back(static_cast<char>(group >> (16 - 8 * k) & 0xFFU));
  }
  return out;
}

}  // namespace strata::warm::jetstream_detail
