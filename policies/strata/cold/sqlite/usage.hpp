// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/sqlite/connection.hpp>
#include <strata/cold/sqlite/file.hpp>
#include <strata/cold/sqlite/rows.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/query.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

// How often keys are used, and what came of it.
namespace strata::cold::lite {

namespace detail {
inline constexpr moment us_per_hour = 3'600'000'000;
inline std::int64_t hour_of(moment us) { return us / us_per_hour; }
}  // namespace detail

class usage_counter {
 public:
  /// All of it in one transaction.
  result<void> add(file& in, std::string_view space, std::span<uses const> counts, deadline until) {
    auto const at = now();
    auto const hour = detail::hour_of(at);
    bool const untidy = hour != tidied_;
    auto done = in.write(until, [&](connection& c) -> result<void> {
      for (auto const& one : counts) {
        if (!key_fault(one.key).empty()) continue;
        c.run(sql::count, one.key, space, one.count, one.successes, one.failures, at);
        if (c.changed()) c.run(sql::count_hour, hour, one.key, one.count, one.successes, one.failures);
      }
      if (untidy) tidy(c, hour);
      return {};
    });
    if (done && untidy) tidied_ = hour;
    return done;
  }

 private:
  static constexpr std::int64_t hours_kept = 48, days_kept = 92;

  static void tidy(connection& c, std::int64_t hour) {
    auto const first = (hour - hours_kept) / 24 * 24;  // whole days move
    c.run(sql::tidy_move, first);
    c.run(sql::tidy_hours, first);
    c.run(sql::tidy_top, first / 24 - 1);
    c.run(sql::tidy_days, hour / 24 - days_kept);
  }

  std::atomic<std::int64_t> tidied_ = 0;  // the hour; at first none, since a program may end before the next begins
};

/// Rows of key, count, successes, failures, last use, and for those that rise the count before.
template <class... With>
result<std::vector<key_usage>> usages(file& from, deadline until, sql which, With const&... with) {
  return from.read(until, [&](connection& c) -> result<std::vector<key_usage>> {
    std::vector<key_usage> all;
    auto rows = c.ask(which, with...);
    while (rows.next()) {
      all.push_back(
          {.key = rows.text(0), .count = rows.number(1), .successes = rows.number(2), .failures = rows.number(3)});
      if (auto const last = rows.perhaps(4)) all.back().last_used = time_of(*last);
      if (which == sql::rising) all.back().before = rows.number(5);
    }
    return all;
  });
}

/// The hour in which a window begins that ends now.
inline std::int64_t first_hour(std::chrono::hours window, std::int64_t times = 1) {
  return detail::hour_of(now()) - times * std::clamp<std::int64_t>(window.count(), 0, std::int64_t{24} * 365);
}

}  // namespace strata::cold::lite
