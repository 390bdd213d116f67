// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/key.hpp>
#include <strata/query/cold.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

// How keys are used. Each instance counts in memory, and flushes every few seconds (limits.flush_every; less often where
// that takes long), at flush() and at close; what is asked here is what all instances have flushed.
namespace strata {

/// Whether outcomes can be recorded, and a key's usage asked for.
template <class Cache>
concept knows_usage = reports_usage<query::cold_t<Cache>>;

/// Whether a key's usage can be asked for by hours and days.
template <class Cache>
concept knows_usage_by = charts_usage<query::cold_t<Cache>>;

/// Whether keys can be ranked by use.
template <class Cache>
concept knows_popular = ranks_usage<query::cold_t<Cache>>;

namespace query {
template <class Cache>
consteval bool explain_usage() {
  static_assert(knows_usage<Cache>,
                "strata::usage and strata::record_outcome, the cache's 3rd parameter (Cold): it needs "
                "add_usage(counts, until) and usage_of(key, until), because only the cold tier sees the uses of all "
                "instances; take strata::cold::postgres, or add those members.");
  return knows_usage<Cache>;
}
template <class Cache>
consteval bool explain_usage_by() {
  static_assert(knows_usage_by<Cache>,
                "strata::usage_by, the cache's 3rd parameter (Cold): it needs usage_by(key, each, periods, until), "
                "because only the cold tier sees the uses of all instances; take strata::cold::postgres, or add that "
                "member.");
  return knows_usage_by<Cache>;
}
template <class Cache>
consteval bool explain_popular() {
  static_assert(knows_popular<Cache>,
                "strata::popular, rising, failing and unused, the cache's 3rd parameter (Cold): it needs "
                "popular(limit, window, until), rising(limit, window, until), failing(limit, outcomes, until) and "
                "unused(since, limit, until), because only the cold tier sees the uses of all instances; take "
                "strata::cold::postgres, or add those members.");
  return knows_popular<Cache>;
}
}  // namespace query

/// Tells how a use of the key's value went. Counted in memory, like reads; lost with a key that is not there.
/// \errors     rejected: no key; closed, forked
/// \complexity O(1), no I/O
template <class Cache>
result<void> record_outcome(Cache& cache, key_view<typename Cache::key_type> k, bool success) {
  if constexpr (query::explain_usage<Cache>()) {
    auto& core = query::access::core(cache);
    auto const inside = core.enter();
    if (!inside) return std::unexpected{inside.error()};
    auto const& text = key<typename Cache::key_type>::text(k);
    if (auto why = core.fault(text)) return std::unexpected{std::move(*why)};
    core.usage.add(text, {.successes = success ? 1U : 0U, .failures = success ? 0U : 1U});
    return {};
  }
}

/// The key's usage ever; nothing for a key that is not there.
/// \errors     rejected: no key; unavailable, timed_out, closed, forked
/// \complexity one round trip
template <class Cache>
result<std::optional<key_usage>> usage(Cache& cache, key_view<typename Cache::key_type> k, call_options call = {}) {
  if constexpr (query::explain_usage<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.usage_of(text, until); });
  }
}

/// The key's usage in each of the last periods, the one that is not over yet last; all zero for a key that is not there.
/// \param each     an hour or a day (UTC)
/// \param periods  so many, or as many as the tier keeps: of cold::postgres two days' hours, three months' days
/// \errors         as usage
/// \complexity     one round trip
template <class Cache>
result<std::vector<period_usage>> usage_by(Cache& cache, key_view<typename Cache::key_type> k, period each,
                                           std::size_t periods, call_options call = {}) {
  if constexpr (query::explain_usage_by<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::ask_cold(cache, call,
                           [&](auto& cold, deadline until) { return cold.usage_by(text, each, periods, until); });
  }
}

/// The keys read most, the most read first: ever, or in the hours until now.
/// \param window  zero: ever. It begins with a whole hour, and where it is longer than two days with a whole day (UTC)
/// \errors        unavailable, timed_out, closed, forked
/// \complexity    one round trip
template <class Cache>
result<std::vector<key_usage>> popular(Cache& cache, std::size_t limit, std::chrono::hours window = {},
                                       call_options call = {}) {
  if constexpr (query::explain_popular<Cache>())
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.popular(limit, window, until); });
}

/// The keys whose reads in the window exceed those in the window before by most, the fastest riser first.
/// \errors     as popular
/// \complexity one round trip
template <class Cache>
result<std::vector<key_usage>> rising(Cache& cache, std::size_t limit,
                                      std::chrono::hours window = std::chrono::hours{24}, call_options call = {}) {
  if constexpr (query::explain_popular<Cache>())
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.rising(limit, window, until); });
}

/// The keys with the lowest success rate, the worst first.
/// \param outcomes  so many at least must have been recorded; keys that never failed are not among them
/// \errors          as popular
/// \complexity      one round trip
template <class Cache>
result<std::vector<key_usage>> failing(Cache& cache, std::size_t limit, std::uint64_t outcomes = 10,
                                       call_options call = {}) {
  if constexpr (query::explain_popular<Cache>())
    return query::ask_cold(cache, call,
                           [&](auto& cold, deadline until) { return cold.failing(limit, outcomes, until); });
}

/// The keys neither read nor written since then, the longest unused first.
/// \errors     as popular
/// \complexity one round trip; a cold tier may have to look at every row
template <class Cache>
result<std::vector<key_usage>> unused(Cache& cache, std::chrono::system_clock::time_point since, std::size_t limit,
                                      call_options call = {}) {
  if constexpr (query::explain_popular<Cache>())
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.unused(since, limit, until); });
}

}  // namespace strata
