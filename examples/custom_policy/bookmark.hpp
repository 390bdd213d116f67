// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/key.hpp>

#include <boost/hana/adapt_struct.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <system_error>

// A codec of one's own, for one struct: a line for each member, `name=value`, as people like to read and write them.
namespace mine {

struct bookmark {
  std::string id{};
  std::string url{};
  std::string note{};
  std::int64_t version = 0;
  bool operator==(bookmark const&) const = default;
};

class lines {
 public:
  using value_type = bookmark;
  static constexpr std::string_view id = "lines";
  static constexpr std::uint64_t fingerprint = 1;

  /// \errors rejected, naming the member; then nothing is appended
  strata::result<void> encode(bookmark const& b, std::string& out) const {
    std::size_t const before = out.size();
    for (auto const& [name, text] : {named{"id", b.id}, named{"url", b.url}, named{"note", b.note}}) {
      if (auto const fault = strata::text_fault(text); !fault.empty()) {
        out.resize(before);
        return strata::failure(strata::errc::rejected, strata::tier::none, std::string{name}.append(" ").append(fault));
      }
      out.append(name).append("=");
      escape(text, out);
      out.append("\n");
    }
    out.append("version=").append(std::to_string(b.version)).append("\n");
    return {};
  }

  /// Members nobody knows are ignored, missing ones keep their defaults. \errors corrupt, naming the member
  strata::result<bookmark> decode(std::string_view bytes) const {
    bookmark b{};
    while (!bytes.empty()) {
      auto const end = bytes.find('\n');
      if (end == std::string_view::npos) return corrupt("a line", "has no end");
      std::string_view const line = bytes.substr(0, end);
      bytes.remove_prefix(end + 1);
      auto const sign = line.find('=');
      if (sign == std::string_view::npos) return corrupt("a line", "has no '='");
      std::string_view const name = line.substr(0, sign);
      std::string_view const text = line.substr(sign + 1);
      std::string* const member = name == "id" ? &b.id : name == "url" ? &b.url : name == "note" ? &b.note : nullptr;
      if (member != nullptr) {
        if (!unescape(text, *member)) return corrupt(name, "has a stray backslash");
        if (auto const fault = strata::text_fault(*member); !fault.empty()) return corrupt(name, fault);
      } else if (name == "version") {
        auto const [at, fault] = std::from_chars(text.data(), text.data() + text.size(), b.version);
        if (fault != std::errc{} || at != text.data() + text.size()) return corrupt(name, "is no integer of 64 bits");
      }
    }
    return b;
  }

 private:
  struct named {
    std::string_view name;
    std::string const& text;
  };
  static std::unexpected<strata::error> corrupt(std::string_view member, std::string_view why) {
    return strata::failure(strata::errc::corrupt, strata::tier::none, std::string{member}.append(" ").append(why));
  }
  static void escape(std::string_view text, std::string& out) {
    for (char const c : text) {
      if (c == '\n')
        out.append("\\n");
      else if (c == '\\')
        out.append("\\\\");
      else
        out.push_back(c);
    }
  }
  static bool unescape(std::string_view text, std::string& out) {
    out.clear();
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '\\') {
        out.push_back(text[i]);
      } else if (++i < text.size() && (text[i] == 'n' || text[i] == '\\')) {
        out.push_back(text[i] == 'n' ? '\n' : '\\');
      } else {
        return false;
      }
    }
    return true;
  }
};

}  // namespace mine

BOOST_HANA_ADAPT_STRUCT(mine::bookmark, id, url, note, version);
