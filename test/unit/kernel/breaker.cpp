// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/breaker.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using strata::kernel::moment;
using breaker = strata::kernel::breaker<>;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(breakers)  // K11

BOOST_AUTO_TEST_CASE(three_failures_in_a_row_open_it_and_one_caller_at_a_time_tries_again) {
  breaker b;
  moment now{};
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(b.allows(now));
    b.failed(now);
  }
  BOOST_TEST(b.open());
  BOOST_TEST(!b.allows(now + 49ms));
  BOOST_TEST(b.allows(now + 50ms));
  BOOST_TEST(!b.allows(now + 51ms));  // the probe is under way
  b.succeeded();
  BOOST_TEST((!b.open() && b.allows(now + 51ms)));
}

BOOST_AUTO_TEST_CASE(two_failures_and_a_success_leave_it_closed) {
  breaker b;
  b.failed({});
  b.failed({});
  b.succeeded();
  b.failed({});
  BOOST_TEST((b.allows({}) && !b.open()));
}

BOOST_AUTO_TEST_CASE(the_pause_doubles_up_to_a_second) {
  breaker b;
  moment now{};
  for (int i = 0; i < 3; ++i) b.failed(now);
  for (auto const pause : {50ms, 100ms, 200ms, 400ms, 800ms, 1'000ms, 1'000ms}) {
    BOOST_TEST(!b.allows(now + pause - 1ms));
    now += pause;
    BOOST_TEST(b.allows(now));
    b.failed(now);
  }
  b.succeeded();
  for (int i = 0; i < 3; ++i) b.failed(now);
  BOOST_TEST(b.allows(now + 50ms));  // and begins anew
}

BOOST_AUTO_TEST_CASE(calls_that_fail_together_count_as_one_failure_of_an_open_one) {
  breaker b;
  moment const now{};
  for (int i = 0; i < 8; ++i) BOOST_TEST(b.allows(now));
  for (int i = 0; i < 8; ++i) b.failed(now);
  BOOST_TEST(!b.allows(now + 49ms));
  BOOST_TEST(b.allows(now + 50ms));
}

BOOST_AUTO_TEST_CASE(a_probe_that_never_reports_does_not_keep_it_open_for_ever) {
  breaker b;
  moment const now{};
  for (int i = 0; i < 3; ++i) b.failed(now);
  BOOST_TEST(b.allows(now + 50ms));
  BOOST_TEST(b.allows(now + 50ms + breaker::longest));
}

BOOST_AUTO_TEST_SUITE_END()
