// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/awaited.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a cold tier may offer so that warm can be kept in step with it (K7): a log of its changes, whoever made them, and
// one row that says how far warm is.
namespace strata {

/// A place in the log, between two changes. Opaque but for its order.
struct cursor {
  std::uint64_t transaction = 0;
  strata::revision revision{};
  friend auto operator<=>(cursor const&, cursor const&) = default;
};

/// One change, as the log has it.
struct logged {
  std::string key{};
  strata::revision revision{};
  strata::operation operation = operation::put;
};

/// A template, so that a program which only includes a cache compiles no vector of it.
template <class Logged>
struct changes_of {
  std::vector<Logged> all{};  ///< in the order of the log; committed, every one
  cursor read{};              ///< where `all` ends: ask from there for the rest
  cursor settled{};           ///< nothing will come to stand before this: ask from there the next time
  bool more = false;          ///< there is more to be read now
  bool gap = false;           ///< the log does not reach back to the cursor: anything may have changed
  std::int64_t taken_us = 0;  ///< the database's clock before the look: what had been committed by then is in the log
};
/// What the log says after a cursor. When the rest was asked for page by page, the first `taken_us` counts, and the first
/// `settled` that was before its `read` (what commits between two pages may stand before the second); else the last.
using changes = changes_of<logged>;

/// How far warm is in step: all that had been committed when it was taken is in warm, at or before `at`.
struct horizon {
  cursor reached{};
  position at{};
  std::uint64_t era = 0;            ///< grows when warm may have lost something: whoever follows it begins anew
  std::int64_t taken_us = 0;        ///< by the database's clock
  std::chrono::microseconds age{};  ///< since it was taken, by the same clock; as read
  std::string holder{};             ///< who holds it, or held it last; as read_horizon tells it

  /// The age of one that was taken then. Where the clock went back since, or another server's took its place, nobody knows
  /// how old it is: it counts as an hour old, and proves nothing.
  [[nodiscard]] static constexpr std::chrono::microseconds age_at(std::int64_t now_us, std::int64_t taken_us) noexcept {
    if (taken_us == 0) return std::chrono::microseconds::max();
    constexpr std::int64_t an_hour = 3'600'000'000;
    return std::chrono::microseconds{taken_us > now_us ? an_hour : now_us - taken_us};
  }
};

/// Changes after a cursor, `limit` at most; without one nothing but where the log ends now.
template <class C>
concept logs_changes = requires(C c, std::optional<cursor> from, std::size_t limit, deadline until) {
  { c.changes_since(from, limit, until) } -> gives<result<changes>>;
};

/// The horizon (zeros and an endless age before it was first moved), and who moves it: `hold_horizon` makes `me` its holder
/// for that time, or goes on with it; nothing when another holds it. `move_horizon` sets it, and goes on holding it;
/// conflict when `me` does not hold it any more.
template <class C>
concept keeps_horizon =
    requires(C c, std::string_view me, std::chrono::milliseconds time, horizon const& moved, deadline until) {
      { c.read_horizon(until) } -> gives<result<horizon>>;
      { c.hold_horizon(me, time, until) } -> gives<result<std::optional<horizon>>>;
      { c.move_horizon(me, time, moved, until) } -> gives<result<void>>;
    };

/// What stands for the keys that come after one, erased ones too, in an order that is the tier's own, `limit` at most: for
/// when the log does not tell what has changed. None: that was all.
template <class C>
concept lists_all = requires(C c, std::string_view after, std::size_t limit, deadline until) {
  { c.all_after(after, limit, until) } -> gives<result<std::vector<logged>>>;
};

/// The revision that stands for each key, an erase's too, in one round trip; zero where there never was one.
template <class C>
concept compares_revisions = requires(C c, std::span<std::string_view const> keys, deadline until) {
  { c.revisions(keys, until) } -> gives<result<std::vector<revision>>>;
};

}  // namespace strata
