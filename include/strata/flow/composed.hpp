// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain.hpp>
#include <strata/concepts/explain/codec.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/flow/core.hpp>
#include <strata/none.hpp>

#include <concepts>

namespace strata::flow {

namespace detail {
template <class Codec>
struct stand_in {
  using type = codec::none<char>;
};
template <strata::detail::names_value Codec>
  requires std::move_constructible<typename Codec::value_type> && strata::detail::usable_key<key_in<Codec>>
struct stand_in<Codec> {
  using type = codec::none<typename Codec::value_type, key_in<Codec>>;
};
}  // namespace detail

/// The core of a sound composition. Of any other, one without tiers: the advice shall be the only error.
template <bool Sound, class Hot, class Warm, class Cold, class Codec, class... Options>
struct composed {
  using type = core<Hot, Warm, Cold, Codec, Options...>;
};
template <class Hot, class Warm, class Cold, class Codec, class... Options>
struct composed<false, Hot, Warm, Cold, Codec, Options...> {
  using type = core<none, none, none, typename detail::stand_in<Codec>::type>;
};

/// What a cache of these works on, once it has been said what is wrong with them.
template <class Hot, class Warm, class Cold, class Codec, class... Options>
using core_of =
    typename composed<explain_cache<Hot, Warm, Cold, Codec, Options...>(), Hot, Warm, Cold, Codec, Options...>::type;

}  // namespace strata::flow
