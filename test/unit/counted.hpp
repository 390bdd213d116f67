// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

/// A value that knows how many of it there are.
struct counted {
  inline static int alive = 0;
  counted() { ++alive; }
  counted(counted const&) { ++alive; }
  counted(counted&&) noexcept { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
};
