// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

namespace strata {

/// What a cache hands down to each of its tiers, by reference: they live as long as the tier.
template <class Clock, class Observer, class Codec, bool Expires = false>
struct context {
  using clock_type = Clock;
  using observer_type = Observer;
  using codec_type = Codec;
  static constexpr bool expires = Expires;     ///< whether values may have an end: cold then keeps it, and minds it
  static constexpr bool counts_usage = false;  ///< hot: whether the cold tier wants to be told how often keys are read

  Clock const& clock;
  Observer& observer;
  Codec const& codec;
};

}  // namespace strata
