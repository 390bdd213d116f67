// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>
#include <strata/kernel/moment.hpp>

#include <string_view>

/// What the flows want of a core to which no feed tells anything.
namespace silent {

struct standing {
  static void lost() noexcept {}
  static void resumed(strata::position, strata::kernel::moment) noexcept {}
  static void heard(strata::position) noexcept {}
};
struct strays {
  static void note(std::string_view) noexcept {}
};

}  // namespace silent
