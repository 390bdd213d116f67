// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>

namespace strata {

/// What a cache hands down to each of its tiers, by reference: they live as long as the tier.
template <class Clock, class Observer, class Codec, bool Expires = false>
struct context {
  using clock_type = Clock;
  using observer_type = Observer;
  using codec_type = Codec;
  static constexpr bool expires = Expires;  ///< whether values may have an end: cold then keeps it, and minds it

  Clock const& clock;
  Observer& observer;
  Codec const& codec;
};

/// What a tier in memory is given.
template <class Context, class Key, bool CountsUsage = false>
struct hot_context : Context {
  static constexpr bool counts_usage = CountsUsage;  ///< whether the cold tier wants to be told how often keys are read

  hasher<Key> const& hash;  ///< that of all keys it is asked for
};

}  // namespace strata
