// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <time.h>

#include <chrono>

namespace strata {

/// The clock of deadlines. Another one (tests own their time) is given as strata::clock<Mine> and `.clock = &mine`; it may
/// do without coarse().
struct monotonic_clock {
  using moment = std::chrono::steady_clock::time_point;
  [[nodiscard]] static moment now() noexcept { return std::chrono::steady_clock::now(); }
  /// The same as of the kernel's last tick, which is cheaper to ask for.
  [[nodiscard]] static moment coarse() noexcept {
    timespec at{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &at);
    return moment{std::chrono::nanoseconds{at.tv_sec * 1'000'000'000 + at.tv_nsec}};
  }
};

}  // namespace strata
