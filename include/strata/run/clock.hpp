// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>

namespace strata {

/// The clock of deadlines. Another one (tests own their time) is given as strata::clock<Mine> and `.clock = &mine`.
struct monotonic_clock {
  using moment = std::chrono::steady_clock::time_point;
  [[nodiscard]] static moment now() noexcept { return std::chrono::steady_clock::now(); }
};

}  // namespace strata
