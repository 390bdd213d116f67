// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/kernel/moment.hpp>

// K11: what part of a call's time a tier may use that the call can do without. What remains is for the others.
namespace strata::kernel {

/// A warm that hangs must leave cold most of the time.
constexpr moment warm_read(moment now, moment until) noexcept { return until <= now ? until : now + (until - now) / 4; }

/// After cold has committed, publishing may take half of what is left.
constexpr moment warm_write(moment now, moment until) noexcept {
  return until <= now ? until : now + (until - now) / 2;
}

}  // namespace strata::kernel
