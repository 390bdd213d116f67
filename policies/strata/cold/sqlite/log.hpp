// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/sqlite/connection.hpp>
#include <strata/cold/sqlite/file.hpp>
#include <strata/cold/sqlite/rows.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// What keeps other processes, and warm, in step: the log of changes, the horizon, and what stands for many keys.
namespace strata::cold::lite {

inline constexpr std::size_t most_changes = 100'000;

/// Changes are numbered in the order in which they are committed, so a place in the log is the number of the last one before
/// it, and whatever was read is settled.
inline result<changes> changes_since(file& from_file, std::string_view space, std::optional<cursor> from,
                                     std::size_t limit, deadline until) {
  limit = std::min(limit, most_changes);
  return from_file.read(until, [&](connection& c) -> result<changes> {
    changes page{.taken_us = now()};
    transaction const one_state{c, "begin"};
    auto ends = c.ask(sql::log_ends);
    std::uint64_t const last = ends.next() ? ends.number(0) : 0;
    std::uint64_t const trimmed = ends.number(1);
    page.read = page.settled = {0, revision{last}};
    if (!from) return page;
    auto const after = number(from->revision);
    page.gap = after < trimmed || after > last;  // beyond it: the file is an earlier one, put back
    auto rows = c.ask(sql::changes, space, after, static_cast<std::int64_t>(limit) + 1);
    while (rows.next()) {
      if (page.all.size() == limit) {
        page.more = true;
        page.read = page.settled = limit == 0 ? *from : cursor{0, page.all.back().revision};
        break;
      }
      page.all.push_back({.key = rows.text(2),
                          .revision = revision{rows.number(0)},
                          .operation = rows.integer(1) == 0 ? operation::put : operation::erase});
    }
    return page;
  });
}

inline result<std::vector<logged>> all_after(file& from, std::string_view space, std::string_view key,
                                             std::size_t limit, deadline until) {
  if (key.find('\0') != std::string_view::npos) return failure(errc::rejected, tier::cold, "a key has no NUL");
  return from.read(until, [&](connection& c) -> result<std::vector<logged>> {
    std::vector<logged> all;
    auto rows = c.ask(sql::all_after, space, key, static_cast<std::int64_t>(std::min(limit, most_changes)));
    while (rows.next())
      all.push_back({.key = rows.text(0),
                     .revision = revision{rows.number(1)},
                     .operation = rows.integer(2) == 0 ? operation::put : operation::erase});
    return all;
  });
}

inline result<std::vector<revision>> revisions(file& from, std::string_view space,
                                               std::span<std::string_view const> keys, deadline until) {
  return from.read(until, [&](connection& c) -> result<std::vector<revision>> {
    transaction const one_state{c, "begin"};
    std::vector<revision> all(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!key_fault(keys[i]).empty()) continue;
      auto q = c.ask(sql::revision, keys[i], space);
      if (q.next()) all[i] = revision{q.number(0)};  // the live row comes before the tombstone, and is newer
    }
    return all;
  });
}

namespace detail {

// The horizon as the file has it, and whether `me` could hold it.
struct held_horizon {
  horizon at;
  bool free = false;
};
inline held_horizon look(connection& c, std::string_view space, std::string_view me) {
  auto q = c.ask(sql::read_horizon, space);
  q.next();
  auto const time = now();
  held_horizon h{.at = {.reached = {q.number(0), revision{q.number(1)}},
                        .at = position{q.number(2)},
                        .era = q.number(3),
                        .taken_us = q.integer(4)}};
  h.at.age = horizon::age_at(time, h.at.taken_us);
  h.at.holder = q.text(5);
  h.free = h.at.holder == me || q.integer(6) < time;
  return h;
}
inline moment in(std::chrono::milliseconds time) { return now() + std::chrono::microseconds{time}.count(); }

}  // namespace detail

inline result<horizon> read_horizon(file& from, std::string_view space, deadline until) {
  return from.read(until, [&](connection& c) -> result<horizon> { return detail::look(c, space, {}).at; });
}

inline result<std::optional<horizon>> hold_horizon(file& in, std::string_view space, std::string_view me,
                                                   std::chrono::milliseconds time, deadline until) {
  return in.write(until, [&](connection& c) -> result<std::optional<horizon>> {
    auto const h = detail::look(c, space, me);
    if (!h.free) return std::optional<horizon>{};
    c.run(sql::hold_horizon, space, me, detail::in(time));
    return std::optional{h.at};
  });
}

inline result<void> move_horizon(file& in, std::string_view space, std::string_view me, std::chrono::milliseconds time,
                                 horizon const& moved, deadline until) {
  return in.write(until, [&](connection& c) -> result<void> {
    c.run(sql::move_horizon, space, me, detail::in(time), moved.reached.transaction, number(moved.reached.revision),
          static_cast<std::uint64_t>(moved.at), moved.era, moved.taken_us);
    if (!c.changed()) return failure(errc::conflict, tier::cold, "another holds the horizon");
    return {};
  });
}

}  // namespace strata::cold::lite
