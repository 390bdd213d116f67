// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/codec.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/hot.hpp>
#include <strata/concepts/warm.hpp>

#include <string_view>

namespace strata {

#define STRATA_COLD "strata::cache, 3rd parameter (Cold): "

/// The ladder of the third place.
template <class P, class Tier, class Key, class Value, class Context>
consteval bool explain_cold_tier() {
  using C = Tier;
  STRATA_RUNG(P, (cold_tier<C, Value> || !hot_tier<C, Key, Value>),
              STRATA_COLD
              "this is a hot tier. Memory comes first, then the stream, then the database. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (cold_tier<C, Value> || !warm_tier<C>),
              STRATA_COLD
              "this is a warm tier. It keeps frames and may lose them; the cold tier is the truth. "
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")
  STRATA_RUNG(P, (detail::built_in_place<C, typename P::options, Context>),
              STRATA_COLD
              "its tier cannot be constructed from (options const&, Context const&). The cache builds it in "
              "place from both. Add such a constructor.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, deadline until) { c.load(key, until); }),
              STRATA_COLD
              "its tier has no load(std::string_view, deadline) that can be called. A read that nobody above "
              "can answer asks it. Add 'result<copy<Value>> load(std::string_view key, deadline until)'.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, deadline until) {
                { c.load(key, until) } -> gives<result<copy<Value>>>;
              }),
              STRATA_COLD
              "load of its tier does not give result<copy<Value>>. Only a revision tells which copy is newer, "
              "for what is erased too. Return strata::result<strata::copy<Value>>.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, Value const& v, expectation e, deadline until) {
                c.store(key, v, e, until);
              }),
              STRATA_COLD
              "its tier has no store(std::string_view, Value const&, expectation, deadline) that can be called. "
              "Every write begins with it. Add 'result<written> store(std::string_view key, Value const& value, "
              "expectation expected, deadline until)'.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, Value const& v, expectation e, deadline until) {
                { c.store(key, v, e, until) } -> gives<result<written>>;
              }),
              STRATA_COLD
              "store of its tier does not give result<written>. It assigns the revision that orders all copies. "
              "Return strata::result<strata::written>.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, deadline until) { c.erase(key, until); }),
              STRATA_COLD
              "its tier has no erase(std::string_view, deadline) that can be called. An erase gets a revision "
              "like any write. Add 'result<written> erase(std::string_view key, deadline until)'.")
  STRATA_RUNG(P, (requires(C c, std::string_view key, deadline until) {
                { c.erase(key, until) } -> gives<result<written>>;
              }),
              STRATA_COLD
              "erase of its tier does not give result<written>. An erase gets a revision like any write. "
              "Return strata::result<strata::written>.")
  static_assert(cold_tier<C, Value>);
  return true;
}

template <class P, class Key, class Value, class Context>
consteval bool explain_cold() {
  STRATA_POLICY_RUNGS(STRATA_COLD, P, Key, Value, Context)
  return explain_cold_tier<P, typename P::template tier<Key, Value, Context>, Key, Value, Context>();
}

/// The rung between the fourth place and the third.
template <class P, class Codec>
consteval bool explain_json() {
  STRATA_RUNG(
      Codec, (!wants_json<P> || json_capable<Codec>),
      "strata::cache, 4th parameter (Codec): it has no to_json and from_json, and this cold tier keeps values as "
      "JSON so that others can query them. Take strata::codec::json<T> or strata::codec::msgpack<T>, or add "
      "'result<void> to_json(T const&, std::string&) const' and 'result<T> from_json(std::string_view) const'.")
  return true;
}

#undef STRATA_COLD

}  // namespace strata
