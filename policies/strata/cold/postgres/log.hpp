// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/postgres/bulk.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>

#include <pqxx/params>
#include <pqxx/row>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What keeps warm in step: the log of changes, the horizon, and what stands for many keys.
namespace strata::cold::pg {

inline constexpr std::size_t most_changes = 100'000;

namespace detail {

inline horizon horizon_of(pqxx::row const& row) {
  auto const taken_us = row[4].as<std::int64_t>();
  return {.reached = {row[0].as<std::uint64_t>(), revision{row[1].as<std::uint64_t>()}},
          .at = position{static_cast<std::uint64_t>(row[2].as<std::int64_t>())},
          .era = static_cast<std::uint64_t>(row[3].as<std::int64_t>()),
          .taken_us = taken_us,
          .age = horizon::age_at(taken_us + row[5].as<std::int64_t>(), taken_us)};
}

}  // namespace detail

template <class Calls>
result<changes> changes_since(Calls const& calls, std::optional<cursor> from, std::size_t limit, deadline until) {
  limit = std::min(limit, most_changes);
  pqxx::params with;
  std::string const transaction = from ? std::to_string(from->transaction) : std::string{};
  if (from)
    with.append(pqxx::zview{transaction});
  else
    with.append();
  with.append(from ? number(from->revision) : 0);
  with.append(limit + 1);  // one more, to know whether there is more
  auto rows = calls.read("strata_changes_since", with, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  auto const look = (*rows)[0];
  cursor const low{look[0].template as<std::uint64_t>(), revision{}};
  changes page{.taken_us = look[1].template as<std::int64_t>()};
  page.read = page.settled = low;
  if (!from) return page;
  page.gap = look[2].template as<bool>();
  page.read = *from;
  for (auto const& row : *rows) {
    if (row[3].is_null()) break;  // nothing but the look itself
    page.more = page.all.size() == limit;
    if (page.more) break;
    page.read = {row[3].template as<std::uint64_t>(), revision{row[4].template as<std::uint64_t>()}};
    page.all.push_back({.key = row[6].template as<std::string>(),
                        .revision = page.read.revision,
                        .operation = row[5].template as<int>() == 0 ? operation::put : operation::erase});
  }
  if (!page.more) page.read = std::max(page.read, low);
  page.settled = std::min(page.read, low);
  return page;
}

template <class Calls>
result<std::vector<logged>> all_after(Calls const& calls, std::string_view key, std::size_t limit, deadline until) {
  if (key.find('\0') != std::string_view::npos) return failure(errc::rejected, tier::cold, "a key has no NUL");
  auto rows = calls.read("strata_all_after", pqxx::params{key, std::min(limit, most_changes)}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  std::vector<logged> all;
  all.reserve(static_cast<std::size_t>(rows->size()));
  for (auto const& row : *rows)
    all.push_back({.key = row[0].template as<std::string>(),
                   .revision = revision{row[1].template as<std::uint64_t>()},
                   .operation = row[2].template as<int>() == 0 ? operation::put : operation::erase});
  return all;
}

template <class Calls>
result<horizon> read_horizon(Calls const& calls, deadline until) {
  auto rows = calls.read("strata_read_horizon", {}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  auto seen = detail::horizon_of((*rows)[0]);
  seen.holder = (*rows)[0][6].template as<std::string>();
  return seen;
}

/// Asked again when its connection is lost: holding twice is holding.
template <class Calls>
result<std::optional<horizon>> hold_horizon(Calls const& calls, std::string_view me, std::chrono::milliseconds time,
                                            deadline until) {
  auto rows = calls.read("strata_hold_horizon", pqxx::params{me, time.count()}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  if (rows->empty()) return std::optional<horizon>{};
  return detail::horizon_of((*rows)[0]);
}

/// Likewise. One that reaches the server late moves the horizon back to what was true before, which is true still.
template <class Calls>
result<void> move_horizon(Calls const& calls, std::string_view me, std::chrono::milliseconds time, horizon const& moved,
                          deadline until) {
  auto rows = calls.read(
      "strata_move_horizon",
      pqxx::params{me, time.count(), std::to_string(moved.reached.transaction), number(moved.reached.revision),
                   static_cast<std::int64_t>(moved.at), static_cast<std::int64_t>(moved.era), moved.taken_us},
      until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  if (!(*rows)[0][0].template as<bool>()) return failure(errc::conflict, tier::cold, "another holds the horizon");
  return {};
}

template <class Calls>
result<std::vector<revision>> revisions(Calls const& calls, std::span<std::string_view const> keys, deadline until) {
  std::vector<revision> all(keys.size());
  for (std::size_t from = 0; from < keys.size(); from += most_keys) {
    auto const part = keys.subspan(from, std::min(most_keys, keys.size() - from));
    array ids{oid::text, part.size(), part.size() * 32};
    for (auto const key : part)
      ids.add(key_fault(key).empty() ? key : std::string_view{});  // the empty id finds nothing
    auto rows = calls.read("strata_revisions", pqxx::params{ids.view()}, until);
    if (!rows) return std::unexpected{std::move(rows.error())};
    for (auto const& row : *rows) {
      auto& stands = all[from + row[0].template as<std::size_t>() - 1];
      stands = std::max(stands,
                        revision{row[1].template as<std::uint64_t>()});  // a live row's is higher than its tombstone's
    }
  }
  return all;
}

}  // namespace strata::cold::pg
