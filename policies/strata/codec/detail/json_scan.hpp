// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

// Walks JSON text that a parser has already found well-formed, to learn where a value ends: the streaming parser tells
// what it reads, not where it stands. Only metadata that is no map of text to text takes this second look.
namespace strata::codec::detail {

struct json_extent {
  std::size_t bytes = 0;  // of the value
  std::size_t depth = 0;  // levels of lists and objects in it
  bool escaped_nul = false;
};

constexpr bool json_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class json_scanner {
 public:
  explicit constexpr json_scanner(std::string_view text) noexcept : text_{text} {}

  /// The value that begins with the token of this number (strings, keys, numbers, words, opening brackets; from 1).
  /// Numbers must not decrease from call to call, so that all calls together are linear.
  constexpr std::string_view value_at(std::size_t token) noexcept {
    while (seen_ < token) {
      step();
    }
    return text_.substr(start_, extent_from(start_).bytes);
  }

  constexpr json_extent extent_from(std::size_t at) const noexcept {
    json_extent found;
    std::size_t level = 0;
    std::size_t i = at;
    do {
      char const c = text_[i];
      if (c == '"') {
        i = string_end(i, found.escaped_nul);
      } else if (c == '{' || c == '[') {
        found.depth = std::max(found.depth, ++level);
        ++i;
      } else if (c == '}' || c == ']') {
        --level;
        ++i;
      } else if (c == ',' || c == ':' || json_space(c)) {
        ++i;
      } else {
        i = word_end(i);
      }
    } while (level != 0 && i < text_.size());
    found.bytes = i - at;
    return found;
  }

 private:
  constexpr void step() noexcept {
    bool nul = false;
    while (at_ < text_.size()) {
      char const c = text_[at_];
      if (c == ',' || c == ':' || c == '}' || c == ']' || json_space(c)) {
        ++at_;
        continue;
      }
      start_ = at_;
      at_ = c == '"' ? string_end(at_, nul) : c == '{' || c == '[' ? at_ + 1 : word_end(at_);
      break;
    }
    ++seen_;
  }
  constexpr std::size_t string_end(std::size_t i, bool& nul) const noexcept {
    for (++i; i < text_.size() && text_[i] != '"'; ++i)
      if (text_[i] == '\\') {
        nul = nul || text_.substr(i, 6) == "\\u0000";
        ++i;
      }
    return std::min(i + 1, text_.size());
  }
  constexpr std::size_t word_end(std::size_t i) const noexcept {
    while (i < text_.size() && text_[i] != ',' && text_[i] != '}' && text_[i] != ']' && !json_space(text_[i])) ++i;
    return i;
  }

  std::string_view text_;
  std::size_t at_ = 0;     // behind the last token seen
  std::size_t start_ = 0;  // of the last token seen
  std::size_t seen_ = 0;
};

constexpr json_extent scan_json(std::string_view value) noexcept { return json_scanner{value}.extent_from(0); }

}  // namespace strata::codec::detail
