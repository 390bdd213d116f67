// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/bulk.hpp>
#include <strata/cold/postgres/calls.hpp>
#include <strata/concepts/query.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Usage on its way into the table, and what the table knows of it.
namespace strata::cold::pg {

/// Sends counts in numbered parts. One whose answer was lost is kept, and is sent again, with its number, before any other:
/// the server counts each number once. So what is given here is counted exactly once, or not at all if this process ends
/// before it is known, or if the server crashes within 0.6 s (three times its wal_writer_delay).
class usage_sender {
 public:
  explicit usage_sender(std::string name) : name_{std::move(name)} {}

  /// \errors unknown: kept, and sent again by the next call; others: none of it is counted
  template <class Calls>
  result<void> add(Calls const& calls, std::span<uses const> counts, deadline until) {
    turn const mine{*this, until};
    if (!mine.had) return failure(errc::timed_out, tier::cold, "another flush was not done by the deadline");
    if (kept_) {
      if (auto const sent = send(calls, *kept_, until); !sent && sent.error() != errc::rejected)
        return failure(errc::unavailable, tier::cold,
                       "what became of counts before is not known yet: " + std::string{sent.error().text()});
      kept_.reset();
    }
    for (std::size_t from = 0; from < counts.size(); from += most_keys) {
      part one{counts.subspan(from, std::min(most_keys, counts.size() - from)), ++number_};
      auto sent = send(calls, one, until);
      if (sent) continue;
      if (sent.error() == errc::unknown) kept_.emplace(std::move(one));
      return sent;
    }
    tidy(calls, until);
    return {};
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::minutes tidy_every{5};

  // One flush at a time. No timed mutex: under the thread sanitizer libstdc++ has none that waits by this clock.
  struct turn {
    turn(usage_sender& of, deadline until) : sender{of} {
      std::unique_lock lock{of.guard_};
      had = of.next_.wait_until(lock, until, [&] { return !of.sending_; });
      if (had) of.sending_ = true;
    }
    turn(turn const&) = delete;
    turn& operator=(turn const&) = delete;
    ~turn() {
      if (!had) return;
      std::lock_guard const lock{sender.guard_};
      sender.sending_ = false;
      sender.next_.notify_one();
    }
    usage_sender& sender;
    bool had = false;
  };

  struct part {
    part(std::span<uses const> counts, std::int64_t count)
        : ids{oid::text, counts.size(), counts.size() * 32}, number{count} {
      auto const add = [](std::string& list, std::uint64_t n) {
        list.append(list.size() == 1 ? "" : ",").append(std::to_string(n));
      };
      for (auto const& one : counts) {
        if (!key_fault(one.key).empty()) continue;
        ids.add(one.key);
        add(reads, one.count), add(successes, one.successes), add(failures, one.failures);
      }
      for (auto* list : {&reads, &successes, &failures}) *list += '}';
    }
    array ids;
    std::string reads = "{", successes = "{", failures = "{";
    std::int64_t number;
  };

  template <class Calls>
  result<void> send(Calls const& calls, part const& one, deadline until) const {
    pqxx::params const with{
        pqxx::zview{name_},       one.number, one.ids.view(), pqxx::zview{one.reads}, pqxx::zview{one.successes},
        pqxx::zview{one.failures}};
    bool lost = false;  // an answer, and with it whether it is counted, whatever comes of the next attempts
    auto const failed = [&](error&& why) -> result<void> {
      if (lost) return failure(errc::unknown, tier::cold, why.text());
      return std::unexpected{std::move(why)};
    };
    for (;;) {
      auto done = calls.write_once("strata_later_count_usage", with, until);
      if (done) {
        if (!(*done)[0][0].template as<bool>()) return {};
        // What is archived comes back by being used.
        auto back = calls.read("strata_later_bring_back", pqxx::params{one.ids.view()}, until);
        if (!back) return failed(std::move(back.error()));
        continue;
      }
      lost = lost || done.error() == errc::unknown;
      if (done.error() != errc::unknown || clock::now() >= until) return failed(std::move(done.error()));
    }
  }

  // Whether it works is the next one's affair.
  template <class Calls>
  void tidy(Calls const& calls, deadline until) {
    if (clock::now() < tidy_at_) return;
    tidy_at_ = clock::now() + tidy_every;
    (void)calls.read("strata_later_tidy_usage", {}, until);
  }

  std::string const name_;
  std::mutex guard_;
  std::condition_variable next_;
  bool sending_ = false;
  std::int64_t number_ = 0;
  std::optional<part> kept_;
  clock::time_point tidy_at_ = clock::now() + tidy_every;
};

namespace detail {

/// Columns hold times that the clock cannot tell, such as the year 9999: those are its last, or its first.
template <class Duration>
std::chrono::system_clock::time_point time_at(Duration since_epoch) {
  using clock = std::chrono::system_clock;
  constexpr std::chrono::hours last = std::chrono::floor<std::chrono::hours>(clock::duration::max());
  return clock::time_point{
      std::chrono::duration_cast<clock::duration>(std::clamp<Duration>(since_epoch, Duration{-last}, Duration{last}))};
}
inline std::optional<std::chrono::system_clock::time_point> time_of(pqxx::field const& us) {
  if (us.is_null()) return std::nullopt;
  return time_at(std::chrono::microseconds{us.as<std::int64_t>()});
}
inline std::int64_t us_of(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

}  // namespace detail

/// Rows of key, count, successes, failures, last use, and for those that rise the count before.
template <class Calls>
result<std::vector<key_usage>> usages(Calls const& calls, pqxx::zview statement, pqxx::params const& with,
                                      deadline until) {
  auto rows = calls.read(statement, with, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  std::vector<key_usage> all;
  all.reserve(static_cast<std::size_t>(rows->size()));
  for (auto const& row : *rows)
    all.push_back({.key = row[0].template as<std::string>(),
                   .count = row[1].template as<std::uint64_t>(),
                   .successes = row[2].template as<std::uint64_t>(),
                   .failures = row[3].template as<std::uint64_t>(),
                   .last_used = detail::time_of(row[4]),
                   .before = row.size() > 5 ? row[5].template as<std::uint64_t>() : 0});
  return all;
}

/// \param periods  at most as many as are kept
template <class Calls>
result<std::vector<period_usage>> usage_by(Calls const& calls, std::string const& key, period each, std::size_t periods,
                                           deadline until) {
  bool const hours = each == period::hour;
  auto rows = calls.read(hours ? "strata_later_usage_by_hour" : "strata_later_usage_by_day",
                         pqxx::params{pqxx::zview{key}, std::min<std::size_t>(periods, hours ? 48 : 92)}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  std::vector<period_usage> all;
  all.reserve(static_cast<std::size_t>(rows->size()));
  for (auto const& row : *rows)
    all.push_back({.begin = *detail::time_of(row[0]),
                   .count = row[1].template as<std::uint64_t>(),
                   .successes = row[2].template as<std::uint64_t>(),
                   .failures = row[3].template as<std::uint64_t>()});
  return all;
}

/// So many, as far as the server counts, with room to count twice as many.
inline std::int64_t count_of(std::uint64_t n) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(n, std::numeric_limits<std::int64_t>::max() / 4));
}

/// As many hours as a window can look back.
inline std::int64_t hours_of(std::chrono::hours window) {
  return std::clamp<std::int64_t>(window.count(), 0, std::int64_t{24} * 365);
}

}  // namespace strata::cold::pg
