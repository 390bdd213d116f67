// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/hot.hpp>
#include <strata/concepts/warm.hpp>

#include <optional>
#include <string_view>

namespace strata {

#define STRATA_WARM "strata::cache, 2nd parameter (Warm): "

/// The ladder of the second place.
template <class P, class Tier, class Key, class Value, class Context>
consteval bool explain_warm_tier() {
  using W = Tier;
  STRATA_RUNG(P, (warm_tier<W> || !hot_tier<W, Key, Value>),
              STRATA_WARM
              "this is a hot tier. Memory comes first, then the stream, then the database. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (warm_tier<W> || !cold_tier<W, Value>),
              STRATA_WARM
              "this is a cold tier. It keeps values and is the truth; a warm tier keeps frames. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (detail::built_in_place<W, typename P::options, Context>),
              STRATA_WARM
              "its tier cannot be constructed from (options const&, Context const&). The cache builds it in "
              "place from both. Add such a constructor.")
  STRATA_RUNG(P, (requires(W w, std::string_view key, deadline until) { w.load(key, until); }),
              STRATA_WARM
              "its tier has no load(std::string_view, deadline) that can be called. A read that memory cannot "
              "answer asks it. Add 'result<sighting> load(std::string_view key, deadline until)'.")
  STRATA_RUNG(P, (requires(W w, std::string_view key, deadline until) {
                { w.load(key, until) } -> gives<result<sighting>>;
              }),
              STRATA_WARM
              "load of its tier does not give result<sighting>. The cache needs the frame with its position, "
              "or a vacancy with the position to store at. Return strata::result<strata::sighting>.")
  STRATA_RUNG(P, (requires(W w, frame const& f, std::optional<position> at, deadline until) { w.store(f, at, until); }),
              STRATA_WARM
              "its tier has no store(frame const&, std::optional<position>, deadline) that can be called. "
              "Writes and promotions end in it. "
              "Add 'result<position> store(frame const& f, std::optional<position> at, deadline until)'.")
  STRATA_RUNG(P, (requires(W w, frame const& f, std::optional<position> at, deadline until) {
                { w.store(f, at, until) } -> gives<result<position>>;
              }),
              STRATA_WARM
              "store of its tier does not give result<position>. Where there is no cold tier the position is "
              "the revision. Return strata::result<strata::position>.")
  STRATA_RUNG(P, (requires(W w, std::string_view key, revision r, deadline until) { w.erase(key, r, until); }),
              STRATA_WARM
              "its tier has no erase(std::string_view, revision, deadline) that can be called. An erase is a "
              "copy too, else older ones come back. "
              "Add 'result<position> erase(std::string_view key, revision r, deadline until)'.")
  STRATA_RUNG(P, (requires(W w, std::string_view key, revision r, deadline until) {
                { w.erase(key, r, until) } -> gives<result<position>>;
              }),
              STRATA_WARM
              "erase of its tier does not give result<position>. Where there is no cold tier the position is "
              "the revision. Return strata::result<strata::position>.")
  static_assert(warm_tier<W>);
  return true;
}

template <class P, class Key, class Value, class Context>
consteval bool explain_warm() {
  STRATA_POLICY_RUNGS(STRATA_WARM, P, Key, Value, Context)
  return explain_warm_tier<P, typename P::template tier<Key, Value, Context>, Key, Value, Context>();
}

#undef STRATA_WARM

}  // namespace strata
