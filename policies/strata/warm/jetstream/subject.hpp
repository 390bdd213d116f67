// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/warm/jetstream/sha256.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// From keys to subjects and back. The client checks no subject: a line break in one runs a second command, a `*` reads
// another key, a long one closes the connection for good. So a key becomes exactly one token of harmless bytes: plain keys
// unchanged, other bytes as =HH, and what would pass 200 bytes a hash. No two keys share a token: `=` itself is written
// =3D, and no escape begins with =h. Rejected: base64 of everything (nobody could read the stream any more), URL
// escapes (`%` is fine in a subject and not in a key-value bucket).
namespace strata::warm::jetstream_detail {

inline constexpr std::size_t max_token_bytes = 200;

constexpr bool plain_in_subject(char c) noexcept {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
/// Header values may hold anything printable; spaces at the ends would be trimmed and line breaks end the header.
constexpr bool plain_in_header(char c) noexcept { return c > ' ' && c <= '~' && c != '='; }

/// Appends the text with every byte that is not plain as =HH.
constexpr void escape(std::string_view text, bool (*plain)(char) noexcept, std::string& out) {
  constexpr char const* digits = "0123456789ABCDEF";
  for (char const c : text) {
    if (plain(c)) {
      out.push_back(c);
      continue;
    }
    auto const byte = static_cast<unsigned char>(c);
    out.push_back('=');
    out.push_back(digits[byte >> 4U]);
    out.push_back(digits[byte & 0xFU]);
  }
}

/// \returns the inverse of escape, or nothing for what escape never makes
constexpr std::optional<std::string> unescape(std::string_view text, bool (*plain)(char) noexcept) {
  auto const digit = [](char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; };
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      if (!plain(text[i])) return std::nullopt;
      out.push_back(text[i]);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    int const high = digit(text[i + 1]);
    int const low = digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    char const c = static_cast<char>(high * 16 + low);
    if (plain(c)) return std::nullopt;  // one text, one spelling
    out.push_back(c);
    i += 2;
  }
  return out;
}

/// Appends the key's token to a subject that ends with a dot.
/// \param key  not empty
inline void append_token(std::string_view key, std::string& subject) {
  std::size_t const start = subject.size();
  escape(key, plain_in_subject, subject);
  if (subject.size() - start <= max_token_bytes) return;
  subject.resize(start);
  subject.append("=h").append(sha256(key));
}

/// \returns the key of a token, or nothing for a hash or what append_token never makes
constexpr std::optional<std::string> key_of_token(std::string_view token) {
  if (token.empty() || token.size() > max_token_bytes) return std::nullopt;
  return unescape(token, plain_in_subject);
}

/// Whether a text is what append_token makes of some key, which is the text itself where all of it is plain; or could be.
inline bool may_be_token(std::string_view text) {
  return key_of_token(text).has_value() || (text.starts_with("=h") && text.size() == 66);  // 64 digits
}

/// In which subject a key is looked for. A program that escapes nothing puts the key there as it is.
enum class spelling : std::uint8_t { token, plain };

/// Whether such a program can keep the key, and keeps it elsewhere than we do. What a server takes for the end of a subject
/// or for a wildcard it cannot keep, nor empty tokens; where our token of another key is, that one stands.
inline bool spelled_elsewhere(std::string_view key) {
  if (key.find_first_of(" \t\r\n") != std::string_view::npos) return false;
  for (std::size_t at = 0; at <= key.size();) {
    std::size_t const dot = std::min(key.find('.', at), key.size());
    auto const token = key.substr(at, dot - at);
    if (token.empty() || token == "*" || token == ">") return false;
    at = dot + 1;
  }
  return !may_be_token(key);
}

/// Whether a text can stand in a subject as it is: tokens of plain bytes with single dots between them.
constexpr bool good_prefix(std::string_view text) noexcept {
  if (text.empty() || text.size() > max_token_bytes || text.front() == '.' || text.back() == '.') return false;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '.' ? text[i - 1] == '.' : !plain_in_subject(text[i])) return false;
  return true;
}

}  // namespace strata::warm::jetstream_detail
