// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/query/cold.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Everything that the cold tier has, for a backup: values, archived ones, what they were, what was erased, usage, vectors.
namespace strata {

template <class Cache>
concept knows_dump = dumps<query::cold_t<Cache>>;

namespace query {
template <class Cache>
consteval bool explain_dump() {
  static_assert(
      knows_dump<Cache>,
      "strata::dump and strata::restore, the cache's 3rd parameter (Cold): it needs dump(place, limit, until) and "
      "restore(lines, until); take strata::cold::postgres, or add those members.");
  return knows_dump<Cache>;
}
}  // namespace query

/// The next lines from a place on, which it moves; from a place that was kept, another process can go on. Each line is what
/// it was when it was read: what is written meanwhile may be in it or not, and is never half in it.
/// \errors     unavailable, timed_out, closed, forked; the place stays
/// \complexity one round trip or a few
template <class Cache>
result<std::vector<std::string>> dump(Cache& cache, dump_place& at, std::size_t limit, call_options call = {}) {
  if constexpr (query::explain_dump<Cache>())
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.dump(at, limit, until); });
}

/// Puts lines of a dump back, all of them or none. What is there stays as it is, so that it may be done again.
/// \errors     rejected: no lines of a dump, or no right to; unavailable, timed_out, unknown, closed, forked
/// \complexity one round trip
template <class Cache>
result<restored> restore(Cache& cache, std::span<std::string_view const> lines, call_options call = {}) {
  if constexpr (query::explain_dump<Cache>())
    return query::tell_cold(cache, call, [&](auto& cold, deadline until) { return cold.restore(lines, until); });
}

}  // namespace strata
