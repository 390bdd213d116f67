// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "asked_new.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <new>
#include <string_view>
#include <utility>

// T10: a call whose N-th allocation fails, alone or with all that come after it, for every N that it reaches. Takes the place
// of the program's operator new, so one source of a program includes it.
namespace strata_test {

struct arming {
  std::uint64_t left = 0;      // the one that brings it to zero fails
  std::uint64_t failures = 1;  // it and those after it
  bool happened = false;
};
inline thread_local arming armed;  // of this thread alone: what others allocate meanwhile is their own affair
inline constexpr std::uint64_t all_after = std::numeric_limits<std::uint64_t>::max();

inline bool refuses(std::size_t) noexcept {
  if (!armed.happened) {
    if (armed.left == 0 || --armed.left != 0) return false;
    armed.happened = true;
  }
  if (armed.failures == 0) return false;
  --armed.failures;
  return true;
}

/// \param call   what may end in an answer, an error or bad_alloc, and in nothing else; told the number of the failure
/// \param after  looks at what it has left, when nothing fails any more; told the number, and whether it threw
template <class Call, class After>
void at_every_allocation(std::string_view name, Call call, After after) {
  std::uint64_t number = 0;
  for (std::uint64_t const failures : {std::uint64_t{1}, all_after})
    for (std::uint64_t n = 1;; ++n) {
      BOOST_REQUIRE_MESSAGE(n < 2'000, "there is no end to the failures of " << name);
      ++number;
      bool threw = false;
      armed = {.left = n, .failures = failures};
      try {
        call(number);
      } catch (std::bad_alloc const&) {
        threw = true;
      }
      bool const happened = std::exchange(armed, {}).happened;
      BOOST_TEST_CONTEXT(name << ", allocation " << n << (failures == 1 ? "" : " and all after it"))
      after(number, threw);
      if (!happened) break;
    }
}

}  // namespace strata_test
