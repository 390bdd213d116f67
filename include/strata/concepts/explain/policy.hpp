// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/binding.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/none.hpp>

#include <concepts>
#include <type_traits>

namespace strata {

namespace detail {

template <class P>
concept has_options = requires { typename P::options; };
template <class C>
concept names_value = requires { typename C::value_type; };
template <class P>
concept codec_like = names_value<P> && !has_options<P>;
template <class P>
concept policy_like = has_options<P> && !names_value<P>;

template <class Tier, class Options, class Context>
concept built_in_place = std::is_constructible_v<Tier, Options const&, Context const&> && std::is_destructible_v<Tier>;

}  // namespace detail
}  // namespace strata

// What the policy of any tier must have before its tier can be looked at. Local to concepts/explain.hpp, which undefines it.
#define STRATA_POLICY_RUNGS(place, P, Key, Value, Context)                                                            \
  if constexpr (std::is_same_v<P, none>) {                                                                            \
    return true;                                                                                                      \
  } else                                                                                                              \
    STRATA_RUNG(P, detail::has_options<P>,                                                                            \
                place                                                                                                 \
                "names no 'options'. What a person may set about a tier is an aggregate of that name, and open() "    \
                "takes one. Add 'struct options {};' to the policy, with a default for every member.")                \
  STRATA_RUNG(P,                                                                                                      \
              std::is_class_v<typename P::options>&& std::is_default_constructible_v<typename P::options>&&           \
                  std::is_copy_constructible_v<typename P::options>,                                                  \
              place                                                                                                   \
              "its 'options' cannot be made from nothing and copied. Who sets nothing leaves it out of open(). "      \
              "Give every member of 'options' a default.")                                                            \
  STRATA_RUNG(P, (binds<P, Key, Value, Context>),                                                                     \
              place                                                                                                   \
              "names no 'tier' that takes this key, value and context. The tier is what the cache builds and calls. " \
              "Add 'template <class Key, class Value, class Context> class tier;' to the policy.")
