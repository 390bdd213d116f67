// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>

namespace strata::kernel {

/// A time as the kernel's callers tell it.
using moment = std::chrono::steady_clock::time_point;

}  // namespace strata::kernel
