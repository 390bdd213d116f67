// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/options.hpp>
#include <strata/error.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// Everything Strata keeps beside the table is named after it. SQL texts say `{history}` and get "schema"."table_history".
// Values are never put into a text: they are bound. What is put in is checked first and needs no escaping.
namespace strata::cold::pg {

struct names {
  std::string schema;  ///< where the table was found, or the first of the search path
  std::string table;
  std::string space;

  [[nodiscard]] std::string qualified(std::string_view suffix = {}) const {
    std::string name = "\"" + schema + "\".\"" + table;
    if (!suffix.empty()) name.append("_").append(suffix);
    return name += '"';
  }
  /// Replaces `{table}`, `{space}` and `{suffix}` by the names they stand for.
  [[nodiscard]] std::string fill(std::string_view text) const {
    std::string sql;
    sql.reserve(text.size() * 2);
    while (!text.empty()) {
      auto const open = text.find('{');
      sql.append(text.substr(0, open));
      auto const close = text.find('}', std::min(open, text.size()));
      if (close == std::string_view::npos) {
        if (open != std::string_view::npos) sql.append(text.substr(open));
        break;
      }
      auto const word = text.substr(open + 1, close - open - 1);
      bool const ours =
          !word.empty() && std::ranges::all_of(word, [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
      if (word == "table")
        sql.append(qualified());
      else if (word == "space")
        sql.append("'").append(space).append("'");
      else if (ours && word != "version")  // '{version}' is a path inside JSON
        sql.append(qualified(word));
      else
        sql.append(text.substr(open, close - open + 1));
      text.remove_prefix(close + 1);
    }
    return sql;
  }
};

namespace detail {
inline bool plain(std::string_view word, bool hyphens) noexcept {
  return !word.empty() && std::ranges::all_of(word, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (hyphens && c == '-');
  });
}
}  // namespace detail

/// \errors rejected: names that would need quoting, or that PostgreSQL would cut (it keeps 63 bytes)
inline result<names> read_names(options const& given) {
  std::string_view const table = given.table;
  auto const dot = table.find('.');
  names made{.schema = std::string{dot == std::string_view::npos ? std::string_view{} : table.substr(0, dot)},
             .table = std::string{dot == std::string_view::npos ? table : table.substr(dot + 1)},
             .space = given.space};
  if (!detail::plain(made.table, false) || made.table.size() > 48 ||
      (dot != std::string_view::npos && !detail::plain(made.schema, false)))
    return failure(errc::rejected, tier::cold,
                   "the table's name is not [schema.]table of letters, digits and '_', at most 48 of them");
  if (!detail::plain(made.space, true) || made.space.size() > 100)
    return failure(errc::rejected, tier::cold, "the space is not 1 to 100 letters, digits, '_' and '-'");
  return made;
}

}  // namespace strata::cold::pg
