// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/query.hpp>
#include <strata/hit.hpp>
#include <strata/key.hpp>
#include <strata/query/cold.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Values found by what is in them: by words, or by vectors that an embedder of the caller's has made. What is found is a
// hit from cold like any other; it does not count as used.
namespace strata {

template <class Cache>
concept knows_search = searches_text<query::cold_t<Cache>, typename Cache::value_type>;
template <class Cache>
concept knows_nearest = finds_nearest<query::cold_t<Cache>, typename Cache::value_type>;

/// One value that was found.
template <class T>
struct match {
  std::string key{};
  hit<T> value{};
  double score = 0;           ///< text: higher is better. Vectors: the cosine, from -1 to 1
  strata::excerpt excerpt{};  ///< text: where the words were found
};

/// What was found, the best first.
template <class T>
struct matches {
  std::vector<match<T>> all{};
  bool cut = false;         ///< more values matched than are ranked: better ones may be missing
  bool incomplete = false;  ///< what was written last is not indexed yet, or the index found fewer than there are
};

namespace query {
template <class Cache>
consteval bool explain_search() {
  static_assert(knows_search<Cache>,
                "strata::search_text, the cache's 3rd parameter (Cold): it needs search_text(query, limit, filter, "
                "until), because only the cold tier has all values; take strata::cold::postgres, or add that member.");
  return knows_search<Cache>;
}
template <class Cache>
consteval bool explain_nearest() {
  static_assert(knows_nearest<Cache>,
                "strata::nearest, similar and embed, the cache's 3rd parameter (Cold): it needs embed(key, vector, "
                "until), nearest(vector, limit, filter, until) and similar(key, limit, filter, until), because only "
                "the cold tier has all values; take strata::cold::postgres, or add those members.");
  return knows_nearest<Cache>;
}

template <class T>
result<matches<T>> as_hits(result<findings<T>>&& given) {
  if (!given) return std::unexpected{std::move(given.error())};
  matches<T> made{.cut = given->cut, .incomplete = given->incomplete};
  for (auto& one : given->all)
    if (one.copy.value)
      made.all.push_back({.key = std::move(one.key),
                          .value = {box<T>{one.copy.revision, std::move(*one.copy.value)}, tier::cold},
                          .score = one.score,
                          .excerpt = std::move(one.excerpt)});
  return made;
}
}  // namespace query

/// The values whose text, metadata or key have the words, the best match first.
/// \param words  words, all of which must be there; "a phrase"; -not_this; this or that; the beginning of a word*
/// \errors       rejected: over 4,096 bytes, or no UTF-8; unavailable, timed_out, closed, forked
/// \complexity   two round trips, and the indexing of what was written since the last search: half of the time at most
template <class Cache>
result<matches<typename Cache::value_type>> search_text(Cache& cache, std::string_view words, std::size_t limit,
                                                        search_filter const& filter = {}, call_options call = {}) {
  if constexpr (query::explain_search<Cache>())
    return query::as_hits(query::ask_cold(
        cache, call, [&](auto& cold, deadline until) { return cold.search_text(words, limit, filter, until); }));
}

/// Keeps the vector beside the key's value, in place of the one that was there. Revision and version stay.
/// \errors     rejected: nothing under the key, another number of dimensions than the table has, a number that is not
///             finite; unsupported: the tier has no vectors; unavailable, timed_out, unknown, closed, forked
/// \complexity one round trip
template <class Cache>
result<void> embed(Cache& cache, key_view<typename Cache::key_type> k, std::span<float const> vector,
                   call_options call = {}) {
  if constexpr (query::explain_nearest<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::tell_cold(cache, call, [&](auto& cold, deadline until) { return cold.embed(text, vector, until); });
  }
}

/// The values whose vectors point most nearly where this one does (cosine), the nearest first.
/// \errors     as embed
/// \complexity one round trip
template <class Cache>
result<matches<typename Cache::value_type>> nearest(Cache& cache, std::span<float const> vector, std::size_t limit,
                                                    search_filter const& filter = {}, call_options call = {}) {
  if constexpr (query::explain_nearest<Cache>())
    return query::as_hits(query::ask_cold(
        cache, call, [&](auto& cold, deadline until) { return cold.nearest(vector, limit, filter, until); }));
}

/// The values nearest to the key's own, without itself; none where it has no vector.
/// \errors     as embed
/// \complexity one round trip
template <class Cache>
result<matches<typename Cache::value_type>> similar(Cache& cache, key_view<typename Cache::key_type> k,
                                                    std::size_t limit, search_filter const& filter = {},
                                                    call_options call = {}) {
  if constexpr (query::explain_nearest<Cache>()) {
    auto const& text = key<typename Cache::key_type>::text(k);
    return query::as_hits(query::ask_cold(
        cache, call, [&](auto& cold, deadline until) { return cold.similar(text, limit, filter, until); }));
  }
}

}  // namespace strata
