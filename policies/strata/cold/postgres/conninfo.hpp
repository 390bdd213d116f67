// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/secret.hpp>

#include <cctype>
#include <cstddef>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The connection string, read just far enough to refuse what libpq would refuse with a message that repeats it (and the
// password in it), to add what a pool needs, and to know which words must never appear in a text.
namespace strata::cold::pg {

struct conninfo {
  std::string text;                  ///< for libpq
  std::vector<std::string> secrets;  ///< what error texts must not repeat
  secret password = {};              ///< asked for each connection

  /// \returns the text without any secret
  [[nodiscard]] std::string scrub(std::string_view sentence) const {
    std::string clean{sentence};
    for (auto const& secret : secrets)
      for (std::size_t at = clean.find(secret); at != std::string::npos; at = clean.find(secret, at + 3))
        clean.replace(at, secret.size(), "***");
    return clean;
  }

  /// The same, but of several hosts any may be asked first. libpq begins each attempt with the first one, so that those
  /// after one that does not answer at all would never be asked. (Before its version 16 it refuses the word.)
  [[nodiscard]] std::string in_any_order() const {
    if (text.find("load_balance_hosts") != std::string::npos) return text;
    return text + (is_uri() ? "&" : " ") + "load_balance_hosts=random";
  }

  /// Either of the two with the password, if there is one, as it is at present. Encoded, so that libpq finds nothing in it to
  /// complain of, and to repeat. \errors unavailable: it cannot be had
  [[nodiscard]] result<std::string> with_password(std::string for_libpq) const {
    if (password.empty()) return for_libpq;
    auto const word = password.read();
    if (!word) return failure(word.error().code(), tier::cold, "connect: " + std::string{word.error().text()});
    if (word->contains('\0')) return failure(errc::unavailable, tier::cold, "connect: the password holds a NUL byte");
    for_libpq.append(is_uri() ? "&password=" : " password='");
    for (char const c : *word)
      if (is_uri())
        for_libpq.append(std::format("%{:02X}", static_cast<unsigned char>(c)));
      else
        for_libpq.append(c == '\'' || c == '\\' ? "\\" : "").append(1, c);
    return for_libpq.append(is_uri() ? "" : "'");
  }

 private:
  [[nodiscard]] bool is_uri() const noexcept { return text.find("://") < text.find('='); }
};

namespace detail {

inline std::unexpected<error> malformed(std::string_view what) {
  return failure(errc::rejected, tier::cold, "the connection string " + std::string{what});
}

inline bool blank(char c) noexcept { return std::isspace(static_cast<unsigned char>(c)) != 0; }

inline std::string percent_decoded(std::string_view text) {
  auto const digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i)
    if (text[i] == '%' && i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0) {
      plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  return plain;
}

inline void keep_secret(conninfo& to, std::string word) {
  if (word.empty()) return;
  if (auto plain = percent_decoded(word); plain != word) to.secrets.push_back(std::move(plain));
  to.secrets.push_back(std::move(word));
}

inline result<void> read_uri(std::string_view text, conninfo& to) {
  auto rest = text.substr(text.find("://") + 3);
  auto const query = rest.find('?');
  auto const front = rest.substr(0, query);
  auto const slash = front.find('/');
  auto const authority = front.substr(0, slash);
  auto const at = authority.find('@');
  if (authority.find('@', at == std::string_view::npos ? at : at + 1) != std::string_view::npos ||
      (at == std::string_view::npos && rest.find('@') != std::string_view::npos &&
       authority.find(':') != std::string_view::npos))
    return malformed("has an '@', '/' or '?' in its user name or password: write %40, %2F, %3F");
  if (at != std::string_view::npos)
    if (auto const user = authority.substr(0, at); user.find(':') != std::string_view::npos)
      keep_secret(to, std::string{user.substr(user.find(':') + 1)});
  if (query == std::string_view::npos) return {};
  for (rest = rest.substr(query + 1); !rest.empty();) {
    auto const word = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    auto const equals = word.find('=');
    if (equals == std::string_view::npos) return malformed("has a parameter without '=' after the '?'");
    if (word.substr(0, equals).ends_with("password")) keep_secret(to, std::string{word.substr(equals + 1)});
  }
  return {};
}

inline result<void> read_keywords(std::string_view text, conninfo& to) {
  for (std::size_t i = 0;;) {
    while (i < text.size() && blank(text[i])) ++i;
    if (i == text.size()) return {};
    auto const start = i;
    while (i < text.size() && text[i] != '=' && !blank(text[i])) ++i;
    auto const keyword = text.substr(start, i - start);
    while (i < text.size() && blank(text[i])) ++i;
    if (i == text.size() || text[i] != '=')
      return malformed("is neither 'keyword=value ...' nor a URI: a word has no '='");
    for (++i; i < text.size() && blank(text[i]);) ++i;
    bool const quoted = i < text.size() && text[i] == '\'';
    std::string value;
    for (i += quoted ? 1 : 0; i < text.size() && (quoted ? text[i] != '\'' : !blank(text[i])); ++i) {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      value += text[i];
    }
    if (quoted && i++ == text.size()) return malformed("has a quote that is never closed");
    if (keyword.ends_with("password")) keep_secret(to, std::move(value));
  }
}

}  // namespace detail

/// \returns what libpq is given, or `rejected` for what waiting will not mend; no text ever repeats the string
inline result<conninfo> read_conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return detail::malformed("holds a NUL byte");
  conninfo made;
  bool const uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (auto read = uri ? detail::read_uri(text, made) : detail::read_keywords(text, made); !read)
    return std::unexpected{read.error()};
  // The last of two equal keywords counts: ours go before what the user says, but for the encoding.
  static constexpr std::pair<std::string_view, std::string_view> defaults[] = {
      {"application_name", "strata"}, {"keepalives_idle", "30"}, {"tcp_user_timeout", "10000"}};
  if (uri) {
    made.text = text;
    char joint = text.find('?') == std::string_view::npos ? '?' : '&';
    auto const add = [&](std::string_view name, std::string_view value) {
      made.text.append(1, std::exchange(joint, '&')).append(name).append("=").append(value);
    };
    for (auto const& [name, value] : defaults)
      if (text.find(name) == std::string_view::npos) add(name, value);
    add("client_encoding", "UTF8");
  } else {
    for (auto const& [name, value] : defaults) made.text.append(name).append("=").append(value).append(" ");
    made.text.append(text).append(" client_encoding=UTF8");
  }
  return made;
}

}  // namespace strata::cold::pg
