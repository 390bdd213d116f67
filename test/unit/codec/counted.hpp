// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "../../support/asked_new.hpp"

#include <cstddef>
#include <cstdint>

// Counts what operator new gives in this program, and can make it fail. For one source file of a program with one
// thread.
namespace counted {

inline std::uint64_t given = 0;
inline std::size_t left = static_cast<std::size_t>(-1);

/// In bytes, counting up only.
inline std::uint64_t bytes() noexcept { return given; }
inline void fail_after(std::size_t allocations) noexcept { left = allocations; }
inline void never_fail() noexcept { left = static_cast<std::size_t>(-1); }

}  // namespace counted

inline bool strata_test::refuses(std::size_t bytes) noexcept {
  if (counted::left == 0) return true;
  if (counted::left != static_cast<std::size_t>(-1)) --counted::left;
  counted::given += bytes;
  return false;
}
