// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/none.hpp>
#include <strata/receipt.hpp>

#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <cstdint>
#include <type_traits>

// What three policies make together: which tiers there are, and which of them is the truth.
namespace strata::flow {

/// A policy where it stands in a cache.
template <tier Which, class Policy>
struct layer {
  static constexpr bool taken = !std::is_same_v<Policy, none>;
  static constexpr tier which = Which;
};

struct composition {
  std::uint8_t tiers = 0;   ///< a bit for each that is there
  tier truth = tier::none;  ///< the lowest of them
};

/// From the highest to the lowest, so that the last one found is the truth.
template <class Hot, class Warm, class Cold>
inline constexpr composition composition_of = boost::hana::fold_left(
    boost::hana::tuple_t<layer<tier::hot, Hot>, layer<tier::warm, Warm>, layer<tier::cold, Cold>>, composition{},
    [](composition above, auto next) {
      using layer = typename decltype(next)::type;
      if constexpr (layer::taken)
        above = {static_cast<std::uint8_t>(above.tiers | tier_bit(layer::which)), layer::which};
      return above;
    });

}  // namespace strata::flow
