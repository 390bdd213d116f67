// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/key.hpp>
#include <strata/query/cold.hpp>

#include <cstddef>
#include <vector>

namespace strata {

/// Whether history(cache, key) and get_at(cache, key, revision) can be asked.
template <class Cache>
concept knows_history = keeps_history<query::cold_t<Cache>, typename Cache::value_type>;

namespace query {
template <class Cache>
consteval bool explain_history() {
  static_assert(
      knows_history<Cache>,
      "strata::history and strata::get_at, the cache's 3rd parameter (Cold): it needs history(key, limit, until) and "
      "get_at(key, revision, until), because no tier above keeps what was replaced; take strata::cold::postgres, or "
      "add those members.");
  return knows_history<Cache>;
}
}  // namespace query

/// What the key has been, newest first, beginning with what it is; an erase is an entry without a value.
/// \errors     rejected: no key; unavailable, timed_out, closed, forked
/// \complexity one round trip
template <class Cache>
result<std::vector<past<typename Cache::value_type>>> history(Cache& cache, key_view<typename Cache::key_type> k,
                                                              std::size_t limit, call_options call = {}) {
  if constexpr (query::explain_history<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.history(text, limit, until); });
  }
}

/// The key's value as of exactly that revision; none, and revision zero, when it never had it.
/// \errors     as history; corrupt: the content of that time does not decode
/// \complexity one round trip
template <class Cache>
result<copy<typename Cache::value_type>> get_at(Cache& cache, key_view<typename Cache::key_type> k, revision at,
                                                call_options call = {}) {
  if constexpr (query::explain_history<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.get_at(text, at, until); });
  }
}

}  // namespace strata
