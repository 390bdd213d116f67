// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/error.hpp>

#include <cstdint>

namespace strata {

constexpr std::uint8_t tier_bit(tier where) noexcept {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(where));
}

/// What a write did. Bit n of `tiers`: the tier with that number has the value. After an erase: it has none.
struct [[nodiscard]] receipt {
  strata::revision revision{};
  std::int64_t version = 0;  ///< as the cold tier counts saves; zero without one
  bool changed = true;       ///< false: the same content was there already
  bool degraded = false;     ///< committed, but a tier above cold could not be told
  std::uint8_t tiers = 0;

  /// Whether that tier has it.
  [[nodiscard]] constexpr bool in(strata::tier where) const noexcept { return (tiers & tier_bit(where)) != 0; }
};

}  // namespace strata
