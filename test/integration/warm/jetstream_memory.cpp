// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// T10 for the way to the stream: from the N-th allocation of a call on all fail, for every N that it reaches. The call fails,
// and those after it go on.
using namespace warm_test;

namespace {

struct arming {
  std::uint64_t left = 0;  // the one that brings it to zero fails, and all that come after
  bool happened = false;
};
thread_local arming armed;

bool strikes() noexcept {
  if (armed.happened) return true;
  if (armed.left == 0 || --armed.left != 0) return false;
  return armed.happened = true;
}

/// \param call  a call of the tier
template <class Call>
void try_all(tier& t, std::string_view name, Call call) {
  std::string const large(200'000, 'x');
  for (std::uint64_t n = 1;; ++n) {
    BOOST_REQUIRE_MESSAGE(n < 1'000, "there is no end to the failures of " << name);
    armed = {n, false};
    try {
      call();
    } catch (std::bad_alloc const&) {
    }
    bool const happened = std::exchange(armed, {}).happened;
    auto const stored = t.store(made("large", 1, large), std::nullopt, soon());
    BOOST_REQUIRE_MESSAGE(stored.has_value(), name << ": after failure " << n << " nothing large leaves any more");
    if (!happened) return;
  }
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t size) {
  if (strikes()) throw std::bad_alloc{};
  if (void* const memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(a_call_without_memory_costs_the_next_ones_nothing) {
  tier t{settings(), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()).has_value());
  auto const small = made("small", 1);
  try_all(t, "load", [&] { (void)t.load("small", soon()); });
  try_all(t, "store", [&] { (void)t.store(small, std::nullopt, soon()); });
  BOOST_TEST(t.load("small", soon()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
