// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

// Keys: a type of the user's in hot, a text below it. One rule says which texts are keys, in every configuration.
namespace strata {

/// How a key looks below the hot tier. Text is itself, integers are decimal; other types are specialised by the user:
/// `static std::string text(K const&)` and `static std::optional<K> parse(std::string_view)`, inverse to each other.
template <class K>
struct key;

template <std::same_as<std::string> K>
struct key<K> {
  using view = std::string_view;
  static std::string_view text(std::string_view k) noexcept { return k; }
  static std::optional<K> parse(std::string_view text) { return K{text}; }
};

template <std::integral K>
struct key<K> {
  using view = K;
  static std::string text(K k) { return std::to_string(k); }
  static std::optional<K> parse(std::string_view text) noexcept {
    K k{};
    auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), k);
    if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return k;
  }
};

namespace detail {
template <class K>
struct key_view {
  using type = K const&;
};
template <class K>
  requires requires { typename key<K>::view; }
struct key_view<K> {
  using type = typename key<K>::view;
};
}  // namespace detail

/// How a key is handed down: text as a view, integers by value, others by reference.
template <class K>
using key_view = typename detail::key_view<K>::type;

/// A key and its hash, computed once per call and handed down.
template <class K>
struct hashed {
  key_view<K> key;
  std::uint64_t hash;
};

inline constexpr std::size_t max_key_bytes = 512;

namespace detail {

// The length of the well-formed UTF-8 sequence that begins at s (Unicode 15, table 3-7); 0 where none does.
constexpr std::size_t utf8_sequence(char const* s, std::size_t left) noexcept {
  auto const byte = [s](std::size_t at) { return static_cast<unsigned char>(s[at]); };
  unsigned char const lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t const length = lead >= 0xC2 && lead <= 0xDF   ? 2
                             : lead >= 0xE0 && lead <= 0xEF ? 3
                             : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                            : 0;
  if (length == 0 || left < length) return 0;
  unsigned char const low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned char const high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t k = 2; k < length; ++k)
    if (byte(k) < 0x80 || byte(k) > 0xBF) return 0;
  return length;
}

// The length of the well-formed prefix; equal to the size when all is well.
constexpr std::size_t utf8_prefix(std::string_view s) noexcept {
  std::size_t i = 0;
  while (i < s.size()) {
    std::size_t const length = utf8_sequence(s.data() + i, s.size() - i);
    if (length == 0) break;
    i += length;
  }
  return i;
}

}  // namespace detail

/// Says why a text cannot be stored, or nothing when it can: NUL and invalid UTF-8 cannot.
/// \complexity linear
constexpr std::string_view text_fault(std::string_view text) noexcept {
  if (text.find('\0') != std::string_view::npos) return "holds U+0000, which databases cannot store";
  if (detail::utf8_prefix(text) != text.size()) return "is not valid UTF-8";
  return {};
}

/// Says why a text cannot be a key, or nothing when it can: 1 to 512 bytes of valid UTF-8 without NUL.
constexpr std::string_view key_fault(std::string_view text) noexcept {
  if (text.empty()) return "the key is empty; a key has 1 to 512 bytes";
  if (text.size() > max_key_bytes) return "the key is longer than 512 bytes";
  if (text.find('\0') != std::string_view::npos) return "the key holds a NUL byte";
  if (detail::utf8_prefix(text) != text.size()) return "the key is not valid UTF-8";
  return {};
}

}  // namespace strata
