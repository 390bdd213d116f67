// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/conninfo.hpp>

#include <pqxx/except>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// What the server, libpq or libpqxx says when something fails, fit to be told.
namespace strata::cold::pg {

/// The first line of what the server or libpq said, without secrets.
inline std::string sentence(conninfo const& info, std::string_view what) {
  if (auto const start = what.find_first_not_of(" \n"); start != std::string_view::npos) what.remove_prefix(start);
  for (auto const* prefix : {"ERROR:  ", "FATAL:  "})
    if (what.starts_with(prefix)) what.remove_prefix(8);
  return info.scrub(what.substr(0, std::min(what.find('\n'), std::size_t{400})));
}

/// libpqxx forgets the state of one class of errors.
inline std::string_view state_of(pqxx::sql_error const& e) noexcept {
  return dynamic_cast<pqxx::insufficient_privilege const*>(&e) ? "42501" : std::string_view{e.sqlstate()};
}

}  // namespace strata::cold::pg
