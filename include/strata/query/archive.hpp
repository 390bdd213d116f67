// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/query/cold.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <utility>

// Values that nobody uses move out of the way. They keep revision, version and history, a read finds them as before, and
// whatever is used, written or erased is first brought back; searches do not find them.
namespace strata {

template <class Cache>
concept knows_archive = archives<query::cold_t<Cache>>;

namespace query {
template <class Cache>
consteval bool explain_archive() {
  static_assert(knows_archive<Cache>,
                "strata::archive, the cache's 3rd parameter (Cold): it needs archive(since, limit, until) and "
                "archivable(since, until); take strata::cold::postgres, or add those members.");
  return knows_archive<Cache>;
}

/// So long before now, but not before 1970: what is further back than clocks tell would come out in the future.
inline std::chrono::system_clock::time_point ago(std::chrono::hours time) noexcept {
  auto const now = std::chrono::system_clock::now();
  return time < std::chrono::floor<std::chrono::hours>(now.time_since_epoch()) ? now - time : decltype(now){};
}
}  // namespace query

inline constexpr std::chrono::hours a_year{24 * 365};

/// How many values archive would move: those neither read nor written for so long.
/// \errors     unavailable, timed_out, closed, forked
/// \complexity one round trip; a cold tier may have to look at every row
template <class Cache>
result<std::size_t> archivable(Cache& cache, std::chrono::hours unused_for = a_year, call_options call = {}) {
  if constexpr (query::explain_archive<Cache>()) {
    auto const since = query::ago(unused_for);
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.archivable(since, until); });
  }
}

/// Moves them, 500 at a time, each time with a deadline of its own.
/// \returns how many were moved
/// \errors  as archivable; rejected: other tables refer to these values, and would lose their rows; unknown: perhaps 500
///          more than the last call told of. What was moved stays moved
template <class Cache>
result<std::size_t> archive(Cache& cache, std::chrono::hours unused_for = a_year,
                            std::size_t at_most = std::numeric_limits<std::size_t>::max(), call_options call = {}) {
  if constexpr (query::explain_archive<Cache>()) {
    static constexpr std::size_t batch = 500;
    auto const since = query::ago(unused_for);
    std::size_t moved = 0;
    for (std::size_t last = batch; last == batch && moved < at_most; moved += last) {
      auto const part = std::min(batch, at_most - moved);
      auto done =
          query::tell_cold(cache, call, [&](auto& cold, deadline until) { return cold.archive(since, part, until); });
      if (!done) return std::unexpected{std::move(done.error())};
      last = *done;
    }
    return moved;
  }
}

}  // namespace strata
