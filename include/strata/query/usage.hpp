// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/query/cold.hpp>

#include <cstddef>
#include <vector>

namespace strata {

/// Whether popular(cache, n) can be asked.
template <class Cache>
concept knows_popular = ranks_usage<query::cold_t<Cache>>;

/// The keys read most, the most read first, by what all instances have flushed: flush() before includes this one's.
/// \errors     unavailable, timed_out, closed, forked
/// \complexity one round trip; a cold tier may have to look at every row
template <class Cache>
result<std::vector<used>> popular(Cache& cache, std::size_t limit, call_options call = {}) {
  static_assert(
      knows_popular<Cache>,
      "strata::popular, the cache's 3rd parameter (Cold): it needs most_used(limit, until), because only the cold "
      "tier sees the reads of all instances; take strata::cold::postgres, or add that member.");
  if constexpr (knows_popular<Cache>)
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.most_used(limit, until); });
}

}  // namespace strata
