// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstdint>

namespace strata {

/// Places in a write where a crash or another instance's step makes a difference. An executor is told of each; the
/// default one does nothing there and costs nothing.
enum class point : std::uint8_t {
  before_truth,  ///< nothing has been stored
  after_truth,   ///< the lowest tier has committed, nobody else knows
  before_hot,    ///< warm has it as well
};

}  // namespace strata
