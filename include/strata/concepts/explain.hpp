// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/binding.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/explain/codec.hpp>
#include <strata/concepts/explain/cold.hpp>
#include <strata/concepts/explain/hot.hpp>
#include <strata/concepts/explain/options.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/explain/warm.hpp>
#include <strata/concepts/hot.hpp>
#include <strata/options.hpp>

#include <type_traits>

// The advice: what a person reads first who composes a cache that cannot be. From the coarse to the fine, since a bound
// tier can only be asked for when there is a value, and a value only when there is a codec.
namespace strata {

#define STRATA_PLACE_RUNGS(place, P)                                                      \
  STRATA_RUNG(P, std::is_class_v<P>,                                                      \
              place                                                                       \
              "this is no class. A tier is named by a policy, such as strata::hot::lru. " \
              "Name one, or strata::none for no tier.")                                   \
  STRATA_RUNG(P, !detail::codec_like<P>,                                                  \
              place                                                                       \
              "this is a codec. The codec comes last. "                                   \
              "Swap the arguments: cache<Hot, Warm, Cold, Codec>, with strata::none where there is no tier.")

/// The ladder of what stands where.
template <class Hot, class Warm, class Cold, class Codec>
consteval bool explain_places() {
  STRATA_PLACE_RUNGS("strata::cache, 1st parameter (Hot): ", Hot)
  STRATA_PLACE_RUNGS("strata::cache, 2nd parameter (Warm): ", Warm)
  STRATA_PLACE_RUNGS("strata::cache, 3rd parameter (Cold): ", Cold)
  STRATA_RUNG(
      Codec, std::is_class_v<Codec>,
      "strata::cache, 4th parameter (Codec): this is no class. A codec names the value and turns it into bytes. "
      "Name one, such as strata::codec::json<T>, or strata::codec::none<T> for memory alone.")
  return true;
}

#undef STRATA_PLACE_RUNGS

/// The ladder of what the tiers ask of each other, once each of them is well.
template <class Hot, class Warm, class Cold, class Codec, class... Options>
consteval bool explain_whole() {
  constexpr bool promised = (std::is_same_v<Options, single_writer> || ...);
  constexpr bool shared = !std::is_same_v<Warm, none> || !std::is_same_v<Cold, none>;
  constexpr bool fed = [] {
    if constexpr (!std::is_same_v<Warm, none>)
      return followable<tier_below<Warm, Codec, Options...>>;
    else if constexpr (!std::is_same_v<Cold, none>)
      return logs_changes<tier_below<Cold, Codec, Options...>>;
    else
      return false;
  }();
  constexpr bool ends = [] {
    if constexpr (expiring<Options...> && !std::is_same_v<Cold, none>)
      return keeps_expiry<tier_below<Cold, Codec, Options...>, typename Codec::value_type>;
    else
      return true;
  }();
  constexpr bool bounds = !std::is_void_v<option_t<detail::staleness_option, void, Options...>>;
  STRATA_RUNG(
      Hot, (!shared || !of_one_thread<tier_in_memory<Hot, Cold, Codec, Options...>>),
      "strata::cache, 1st parameter (Hot): its tier is for one thread, and a cache with tiers below memory has threads "
      "of its own, which change memory as well. Take a policy for many, such as strata::hot::lru without "
      "strata::hot::single_thread, or strata::none for the tiers below.")
  STRATA_RUNG(
      Cold, (fed || promised || !shared || !std::is_same_v<Warm, none>),  // K8
      "strata::cache, 3rd parameter (Cold): others may write to a cold tier, and without a warm tier nobody tells "
      "this cache when they do. It would serve old copies for good. Add a warm tier that can be followed, such as "
      "strata::warm::jetstream, or 'changes_since' to the cold tier, or promise strata::single_writer.")
  STRATA_RUNG(
      Warm, (fed || promised || !shared),  // K8
      "strata::cache, 2nd parameter (Warm): its tier has no follow(sink), and others may write to what is shared. "
      "This cache would serve old copies for good. Add 'auto follow(sink)' that calls sink(news) for "
      "each change and gives a handle with renew(), or promise strata::single_writer.")
  STRATA_RUNG(
      single_writer, (!promised || shared),
      "strata::cache, options (after the 4th parameter): single_writer is a promise about tiers that are shared, and "
      "this cache has memory alone. Nothing uses it. Take it out.")
  STRATA_RUNG(
      single_writer, (!bounds || (shared && !promised)),
      "strata::cache, options (after the 4th parameter): staleness says how copies in memory are held against what "
      "others write, and nobody else writes to this cache's tiers. Nothing uses it. Take it out.")
  STRATA_RUNG(Cold, ends,
              "strata::cache, 3rd parameter (Cold): its store takes no lifetime, and the option strata::expiry lets "
              "values have one. What has expired would come back from the truth. Take strata::cold::postgres, or add a "
              "last argument "
              "'strata::lifetime expires_in = {}' to store, and give what is left of it in load's copy.")
  return true;
}

template <class... Options>
consteval bool explain_all_options() {
  if constexpr (sizeof...(Options) == 0)
    return true;
  else if constexpr (!explain_options<Options...>())
    return false;
  else if constexpr (!explain_repetition<Options...>())
    return false;
  else
    return explain_carried<clock_in<Options...>, observer_in<Options...>,
                           option_t<detail::executor_option, void, Options...>,
                           option_t<detail::staleness_option, flagged, Options...>>();
}

/// Whether a cache can be composed of these. Where not, one error says which parameter is wrong, why, and what mends it.
template <class Hot, class Warm, class Cold, class Codec, class... Options>
consteval bool explain_cache() {
  constexpr bool below = !std::is_same_v<Warm, none> || !std::is_same_v<Cold, none>;
  if constexpr (!explain_places<Hot, Warm, Cold, Codec>())
    return false;
  else if constexpr (!explain_codec<Codec, below>())
    return false;
  else if constexpr (!explain_json<Cold, Codec>())
    return false;
  else if constexpr (!explain_all_options<Options...>())
    return false;
  else {
    using key = key_in<Codec>;
    using value = typename Codec::value_type;
    using context = context_for<Codec, Options...>;
    if constexpr (!explain_hot<Hot, key, value, hot_context_for<Cold, Codec, Options...>>())
      return false;
    else if constexpr (!explain_warm<Warm, key, value, context>())
      return false;
    else if constexpr (!explain_cold<Cold, key, value, context>())
      return false;
    else
      return explain_whole<Hot, Warm, Cold, Codec, Options...>();
  }
}

#undef STRATA_POLICY_RUNGS

namespace flow {
template <class Range>
struct batch;
}  // namespace flow

/// Whether the batch header has been included and is given a range; says so where not.
template <class Range>
consteval bool explain_batch() {
  constexpr bool included = requires { sizeof(flow::batch<Range>); };
  static_assert(
      included,
      "strata::cache: get_many, visit_many, put_many and erase_many are defined in another header, because they "
      "need ranges. Add #include <strata/batch.hpp>.");
  if constexpr (included) {
    static_assert(flow::batch<Range>::takes,
                  "strata::cache: get_many, visit_many, put_many and erase_many take a range. Give one, or call get, "
                  "visit, put or "
                  "erase.");
    return flow::batch<Range>::takes;
  }
  return false;
}

}  // namespace strata
