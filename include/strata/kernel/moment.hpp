// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>

namespace strata::kernel {

/// A time as the kernel's callers tell it.
using moment = std::chrono::steady_clock::time_point;

/// So much later, a year at most: who waits for ever says milliseconds::max(), which no moment has room for.
/// \param time  a std::chrono::duration
template <class Time>
constexpr moment after(moment from, Time time) noexcept {
  constexpr std::chrono::hours longest{24 * 365};
  return from + (time < longest ? time : longest);
}

}  // namespace strata::kernel
