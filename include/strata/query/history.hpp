// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/flow/serve.hpp>
#include <strata/key.hpp>
#include <strata/query/cold.hpp>
#include <strata/receipt.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
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
      "strata::history and strata::get_at, the cache's 3rd parameter (Cold): it needs history(key, limit, until), "
      "get_at(key, revision, until) and get_at(key, version, until), because no tier above keeps what was replaced; "
      "take strata::cold::postgres, or add those members.");
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

/// The newest of the key's values that had the version. (Programs that number their own may give one twice.)
/// \errors, \complexity as above
template <class Cache>
result<copy<typename Cache::value_type>> get_at(Cache& cache, key_view<typename Cache::key_type> k,
                                                std::int64_t version, call_options call = {}) {
  if constexpr (query::explain_history<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::ask_cold(cache, call, [&](auto& cold, deadline until) { return cold.get_at(text, version, until); });
  }
}

/// Writes what the key was at a revision, or with a version, as its newest value. It lives as long as what is put.
/// \returns    the receipt of that write; changed = false where it is so already
/// \errors     rejected: it never was; else as get_at and put
/// \complexity one round trip, and those of put
template <class Cache, class When>
  requires(std::same_as<When, revision> || std::integral<When>)
result<receipt> rollback(Cache& cache, key_view<typename Cache::key_type> k, When then, call_options call = {}) {
  if constexpr (query::explain_history<Cache>()) {
    auto& core = query::access::core(cache);
    auto const until = flow::until(core, call.within, core.limits.write_within);  // of both steps
    auto former = [&] {
      if constexpr (std::integral<When>)
        return get_at(cache, k, static_cast<std::int64_t>(then), call);
      else
        return get_at(cache, k, then, call);
    }();
    if (!former) return std::unexpected{std::move(former.error())};
    if (!former->value) return failure(errc::rejected, tier::cold, "there is no such value to go back to");
    return flow::serve_write(core, core.hash(k), std::move(*former->value), anything, until,
                             core.life_of(typename Cache::put_options{}))
        .run();
  }
}

}  // namespace strata
