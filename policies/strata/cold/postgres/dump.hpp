// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/concepts/query.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>

#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Everything there is, as lines of JSON.
namespace strata::cold::pg {

inline constexpr int dump_parts = 6;

/// \param at  moves on only when there is an answer
template <class Calls>
result<std::vector<std::string>> dump(Calls const& calls, dump_place& at, std::size_t limit, deadline until) {
  std::vector<std::string> lines;
  limit = std::clamp<std::size_t>(limit, 1, 10'000);
  auto place = at;
  while (!place.end && lines.size() < limit) {
    auto const most = limit - lines.size();
    auto rows =
        calls.read("strata_later_dump", pqxx::params{place.part, pqxx::zview{place.key}, place.number, most}, until);
    if (!rows) return std::unexpected{std::move(rows.error())};
    for (auto const& row : *rows) {
      place.key = row[0].template as<std::string>();
      place.number = row[1].template as<std::int64_t>();
      lines.push_back(row[2].template as<std::string>());
    }
    if (static_cast<std::size_t>(rows->size()) == most) break;
    place = {.part = place.part + 1, .end = place.part + 1 == dump_parts};
  }
  at = std::move(place);
  return lines;
}

/// What was restored is there when it is asked again.
template <class Calls>
result<restored> restore(Calls const& calls, std::span<std::string_view const> lines, deadline until) {
  std::size_t bytes = 0;
  for (auto const line : lines) bytes += line.size() + 1;
  array all{oid::jsonb, lines.size(), bytes};
  for (auto const line : lines) all.add(line);
  auto rows = calls.write_again("strata_later_restore", pqxx::params{all.view()}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  auto const row = (*rows)[0];
  return restored{row[0].template as<std::size_t>(), row[1].template as<std::size_t>(),
                  row[2].template as<std::size_t>()};
}

}  // namespace strata::cold::pg
