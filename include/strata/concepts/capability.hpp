// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/warm.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a tier may offer beyond its contract. A function that needs one does not compile without it, and says so.
namespace strata {

/// One key of a bulk write.
template <class T>
struct keyed_value {
  std::string_view key;
  T const* value;
};

/// How often a key was read since the last report, and what came of it.
struct uses {
  std::string_view key;
  std::uint64_t count;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
};

/// What a tier can say of itself at any time, without asking its server.
struct tier_health {
  bool up = true;
  std::string text{};  ///< for a person: what is wrong, or what was found (versions, differences)
};

/// Many keys in one round trip; one answer per key, in the order asked.
template <class W>
concept loads_many =
    requires(W w, std::span<std::string_view const> keys, deadline until) { w.load_many(keys, until); };

/// A template, so that a program which only includes a cache compiles no optional of it.
template <class Position>
struct placement_of {
  strata::frame const* frame;
  std::optional<Position> at;
};
/// One frame of a bulk store, and where it has to find the key, as for store.
using placement = placement_of<position>;

/// Warm: store_many(span<placement const>, until); cold: store_many(span<keyed_value<T> const>, until). One answer per key.
template <class W>
concept stores_frames =
    requires(W w, std::span<placement const> frames, deadline until) { w.store_many(frames, until); };
template <class C, class T>
concept stores_many =
    requires(C c, std::span<keyed_value<T> const> values, deadline until) { c.store_many(values, until); };

/// Warm: programs that know nothing of this library may keep some keys where this tier does not look for them
/// (kept_elsewhere). correct(frames, until) replaces what they have there, as far as there is something and it is older.
template <class W>
concept corrects_others = requires(W w, std::string_view key, std::span<placement const> frames, deadline until) {
  { w.kept_elsewhere(key) } -> std::same_as<bool>;
  { w.correct(frames, until) } -> gives<result<std::size_t>>;
};

/// Cold: a value may be given a life by a last argument of store, and of store_many where there is one. When that is
/// over, by the tier's own clock, it is there no more: load says expired, a store that expects absence happens, and so
/// does one of the same content. A store without a life ends the one that there was.
template <class C, class T>
concept keeps_expiry =
    requires(C c, std::string_view key, T const& value, expectation expected, deadline until, lifetime expires_in) {
      { c.store(key, value, expected, until, expires_in) } -> gives<result<written>>;
    } && (!stores_many<C, T> || requires(C c, std::span<keyed_value<T> const> values, deadline until,
                                         lifetime expires_in) { c.store_many(values, until, expires_in); });

/// Cold: a value may be given its vector in the write that stores it, by a last argument of store. None leaves the one
/// that is there. With a vector that the tier cannot keep nothing is stored.
template <class C, class T>
concept keeps_vectors = requires(C c, std::string_view key, T const& value, expectation expected, deadline until,
                                 lifetime expires_in, std::span<float const> vector) {
  { c.store(key, value, expected, until, expires_in, vector) } -> gives<result<written>>;
};

/// Warm: names its store: the same from all tiers of one store, and from no tier of another. Nothing of it is secret. Empty
/// while it is not known.
template <class W>
concept tells_identity = requires(W const& w) {
  { w.identity() } -> std::same_as<std::string>;
};

/// Adds counts to the usage kept by the tier; never moves a revision. Whoever is told `unknown` does not repeat it; the
/// tier may keep the counts and see to it that they are counted once.
template <class C>
concept counts_usage = requires(C c, std::span<uses const> counts, deadline until) {
  { c.add_usage(counts, until) } -> gives<result<void>>;
};

/// Complete in concepts/query.hpp.
struct key_usage;

/// Ranks keys: read most in a window (zero: ever), gained most over the window before, failing most of those with so many
/// outcomes, not used since.
template <class C>
concept ranks_usage = requires(C c, std::size_t limit, std::chrono::hours window, std::uint64_t outcomes,
                               std::chrono::system_clock::time_point since, deadline until) {
  { c.popular(limit, window, until) } -> gives<result<std::vector<key_usage>>>;
  { c.rising(limit, window, until) } -> gives<result<std::vector<key_usage>>>;
  { c.failing(limit, outcomes, until) } -> gives<result<std::vector<key_usage>>>;
  { c.unused(since, limit, until) } -> gives<result<std::vector<key_usage>>>;
};

template <class W>
concept reports_health = requires(W const& w) {
  { w.health() } -> std::same_as<tier_health>;
};

/// A cold policy that keeps values as JSON says `static constexpr bool keeps_json = true`, and its codec must be
/// json_capable.
template <class P>
concept wants_json = requires { requires P::keeps_json; };

}  // namespace strata
