// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/context.hpp>
#include <strata/none.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>

#include <string>
#include <type_traits>

// From the template arguments of a cache to the classes it is made of. The flows and the advice both use it, so that what
// is checked is what is built.
namespace strata {

namespace detail {

template <class Codec>
struct key_of {
  using type = std::string;
};
template <class Codec>
  requires requires { typename Codec::key_type; }
struct key_of<Codec> {
  using type = typename Codec::key_type;
};

}  // namespace detail

/// The key of a cache: as its codec says, else text.
template <class Codec>
using key_in = typename detail::key_of<Codec>::type;

template <class... Options>
using clock_in = option_t<detail::clock_option, monotonic_clock, Options...>;
template <class... Options>
using observer_in = option_t<detail::observer_option, no_observer, Options...>;

/// Whether values of a cache may expire.
template <class... Options>
inline constexpr bool expiring = (std::is_same_v<Options, expiry> || ...);

template <class Codec, class... Options>
using context_for = context<clock_in<Options...>, observer_in<Options...>, Codec, expiring<Options...>>;

/// Whether a policy has a tier that can be named for these.
template <class Policy, class Key, class Value, class Context>
concept binds = requires { typename Policy::template tier<Key, Value, Context>; };

template <class Policy, class Codec, class... Options>
using tier_below =
    typename Policy::template tier<key_in<Codec>, typename Codec::value_type, context_for<Codec, Options...>>;

/// Whether the cold tier of a cache wants to be told how often keys are read.
template <class Cold, class Codec, class... Options>
consteval bool usage_wanted() {
  if constexpr (binds<Cold, key_in<Codec>, typename Codec::value_type, context_for<Codec, Options...>>)
    return counts_usage<tier_below<Cold, Codec, Options...>>;
  else
    return false;
}

template <class Cold, class Codec, class... Options>
using hot_context_for =
    hot_context<context_for<Codec, Options...>, key_in<Codec>, usage_wanted<Cold, Codec, Options...>()>;

template <class Hot, class Cold, class Codec, class... Options>
using tier_in_memory =
    typename Hot::template tier<key_in<Codec>, typename Codec::value_type, hot_context_for<Cold, Codec, Options...>>;

}  // namespace strata
