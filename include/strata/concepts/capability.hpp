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

/// How often a key was read since the last report.
struct uses {
  std::string_view key;
  std::uint64_t count;
};

/// How often a key was read, ever.
struct used {
  std::string key;
  std::uint64_t count;
};

/// What a key was at one revision. The newest is what it is.
template <class T>
struct past {
  strata::revision revision{};
  std::int64_t version = 0;
  strata::operation operation = operation::put;
  std::chrono::system_clock::time_point written{};
  std::optional<T> value = {};      ///< nothing for an erase, or when there is a fault
  std::optional<error> fault = {};  ///< why the content of that time does not decode
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

/// One frame of a bulk store, and where it has to find the key, as for store.
struct placement {
  strata::frame const* frame;
  std::optional<strata::position> at;
};

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

/// Adds counts to the usage kept by the tier; never moves a revision.
template <class C>
concept counts_usage = requires(C c, std::span<uses const> counts, deadline until) {
  { c.add_usage(counts, until) } -> gives<result<void>>;
};

/// The keys read most, the most read first.
template <class C>
concept ranks_usage = requires(C c, std::size_t limit, deadline until) {
  { c.most_used(limit, until) } -> gives<result<std::vector<used>>>;
};

/// What keys were: all of it, newest first, and one revision of it.
template <class C, class T>
concept keeps_history = requires(C c, std::string_view key, std::size_t limit, revision at, deadline until) {
  { c.history(key, limit, until) } -> gives<result<std::vector<past<T>>>>;
  { c.get_at(key, at, until) } -> gives<result<copy<T>>>;
};

template <class W>
concept reports_health = requires(W const& w) {
  { w.health() } -> std::same_as<tier_health>;
};

/// A cold policy that keeps values as JSON says `static constexpr bool keeps_json = true`, and its codec must be json_capable.
template <class P>
concept wants_json = requires { requires P::keeps_json; };

}  // namespace strata
