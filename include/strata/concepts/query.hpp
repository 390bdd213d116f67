// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What a cold tier may be asked beside its values. The cache itself asks none of it; the headers of query/ do.
namespace strata {

/// How often a key was read, and what came of it, by what all instances have flushed: ever, or in the window asked for.
struct key_usage {
  std::string key{};
  std::uint64_t count = 0;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
  std::optional<std::chrono::system_clock::time_point> last_used{};  ///< ever, also where a window was asked for
  std::uint64_t before = 0;                                          ///< rising: reads in the window before

  /// From 0 to 1. Nothing: no outcome was recorded, which is not the same as no success.
  [[nodiscard]] std::optional<double> success_rate() const noexcept {
    auto const all = static_cast<double>(successes) + static_cast<double>(failures);
    if (successes + failures == 0) return std::nullopt;
    return static_cast<double>(successes) / all;
  }
};

/// Tells one key's usage, outcomes among it; nothing for a key that is not there.
template <class C>
concept reports_usage = counts_usage<C> && requires(C c, std::string_view key, deadline until) {
  { c.usage_of(key, until) } -> gives<result<std::optional<key_usage>>>;
};

/// A stretch of time whose uses are counted together; it begins as UTC has it.
enum class period : std::uint8_t { hour, day };

/// The uses of one key in one period.
struct period_usage {
  std::chrono::system_clock::time_point begin{};
  std::uint64_t count = 0;
  std::uint64_t successes = 0;
  std::uint64_t failures = 0;
};

/// Tells one key's uses period by period: so many of them, the one that is not over yet last.
template <class C>
concept charts_usage = requires(C c, std::string_view key, period each, std::size_t periods, deadline until) {
  { c.usage_by(key, each, periods, until) } -> gives<result<std::vector<period_usage>>>;
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

/// What keys were: all of it, newest first, one revision of it, and the newest that had a version.
template <class C, class T>
concept keeps_history =
    requires(C c, std::string_view key, std::size_t limit, revision at, std::int64_t version, deadline until) {
      { c.history(key, limit, until) } -> gives<result<std::vector<past<T>>>>;
      { c.get_at(key, at, until) } -> gives<result<copy<T>>>;
      { c.get_at(key, version, until) } -> gives<result<copy<T>>>;
    };

/// Which values a search looks at; what is empty does not matter.
struct search_filter {
  std::string kind{};    ///< as record<T>::kind has it
  std::string prefix{};  ///< of the key
};

/// A piece of a text in which words were found, as bytes of it from `first` to `last`, exclusive.
struct excerpt {
  struct mark {
    std::size_t first, last;
  };
  std::string text{};
  std::vector<mark> marks{};
};

/// One value that a search found.
template <class T>
struct found {
  std::string key{};
  strata::copy<T> copy{};
  double score = 0;
  strata::excerpt excerpt{};
};

/// What a search found, the best first.
template <class T>
struct findings {
  std::vector<found<T>> all{};
  bool cut = false;         ///< more matched than are ranked: better ones may be missing
  bool incomplete = false;  ///< what was written last is not indexed yet, or an index found less than there is
};

/// Finds values by the words of their text.
template <class C, class T>
concept searches_text =
    requires(C c, std::string_view query, std::size_t limit, search_filter const& filter, deadline until) {
      { c.search_text(query, limit, filter, until) } -> gives<result<findings<T>>>;
    };

/// Keeps a vector beside each value, and finds the values whose vectors point most nearly where a given one does.
template <class C, class T>
concept finds_nearest = requires(C c, std::string_view key, std::span<float const> vector, std::size_t limit,
                                 search_filter const& filter, deadline until) {
  { c.embed(key, vector, until) } -> gives<result<void>>;
  { c.nearest(vector, limit, filter, until) } -> gives<result<findings<T>>>;
  { c.similar(key, limit, filter, until) } -> gives<result<findings<T>>>;
};

/// Moves what was not used since then out of the way, so many values at most; it can still be read, and comes back by being
/// used. \returns how many were moved; archivable: how many would be
template <class C>
concept archives = requires(C c, std::chrono::system_clock::time_point since, std::size_t limit, deadline until) {
  { c.archive(since, limit, until) } -> gives<result<std::size_t>>;
  { c.archivable(since, until) } -> gives<result<std::size_t>>;
};

/// How far a dump is.
struct dump_place {
  int part = 0;
  std::string key{};
  std::int64_t number = 0;
  bool end = false;
};

/// Of the values among what was restored: how many came, were there already, and were there with another revision.
struct restored {
  std::size_t added = 0;
  std::size_t there = 0;
  std::size_t other = 0;
};

/// Gives everything it has as lines of JSON, a part at a time, and takes it back. What the lines say is the tier's own.
template <class C>
concept dumps =
    requires(C c, dump_place& at, std::size_t limit, std::span<std::string_view const> lines, deadline until) {
      { c.dump(at, limit, until) } -> gives<result<std::vector<std::string>>>;
      { c.restore(lines, until) } -> gives<result<restored>>;
    };

}  // namespace strata
