// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/run/task.hpp>

#include <boost/test/unit_test.hpp>

#include <coroutine>
#include <stdexcept>
#include <utility>

using strata::task;

namespace {

task<int> itself(int n) { co_return n; }

// Whoever awaits it is resumed by the test.
struct bell {
  std::coroutine_handle<> waiting{};
  static constexpr bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) noexcept { waiting = h; }
  static void await_resume() noexcept {}
};
task<int> after(bell& b, int n) {
  co_await b;
  co_return n;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tasks)

// Where no tail call is made, as in this build, each would leave its frames on the stack.
BOOST_AUTO_TEST_CASE(a_loop_of_calls_that_end_at_once_needs_no_more_stack_than_one) {
  auto const sum = [](int count) -> task<long> {
    long all = 0;
    for (int n = 0; n < count; ++n) all += co_await itself(n);
    co_return all;
  };
  BOOST_TEST(sum(2'000'000).run() == 1'999'999'000'000);
}

BOOST_AUTO_TEST_CASE(what_suspends_goes_on_where_it_is_resumed) {
  bell b;
  int got = 0;
  auto const flow = [](bell& on, int& out) -> task<void> {
    out = co_await itself(1);
    out += co_await after(on, 2);
    out += co_await after(on, 3);
    out += co_await itself(4);
  };
  auto whole = flow(b, got);
  whole.posted_by(std::noop_coroutine()).resume();
  BOOST_TEST(got == 1);
  std::exchange(b.waiting, {}).resume();
  BOOST_TEST(got == 3);
  std::exchange(b.waiting, {}).resume();
  BOOST_TEST(got == 10);
}

BOOST_AUTO_TEST_CASE(what_it_throws_reaches_who_awaits_it) {
  auto const fails = []() -> task<int> {
    throw std::runtime_error{"no"};
    co_return 0;
  };
  auto const asks = [&]() -> task<bool> {
    try {
      co_await fails();
    } catch (std::runtime_error const&) {
      co_return true;
    }
    co_return false;
  };
  BOOST_TEST(asks().run());
}

BOOST_AUTO_TEST_SUITE_END()
