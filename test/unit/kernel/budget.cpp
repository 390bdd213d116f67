// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/budget.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using strata::kernel::moment;
using strata::kernel::warm_read;
using strata::kernel::warm_write;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(budgets)  // K11

moment const start{1h};

BOOST_AUTO_TEST_CASE(a_read_leaves_cold_most_of_its_time) {
  BOOST_TEST((warm_read(start, start + 2s) == start + 500ms));
  BOOST_TEST((warm_read(start + 3s, start + 2s) == start + 2s));
}

BOOST_AUTO_TEST_CASE(publishing_takes_half_of_what_is_left) {
  BOOST_TEST((warm_write(start, start + 1s, start + 2s) == start + 1'500ms));
  BOOST_TEST((warm_write(start, start + 3s, start + 2s) == start + 2s));
}

BOOST_AUTO_TEST_CASE(nothing_is_published_long_after_cold_was_asked) {  // K7
  BOOST_TEST((warm_write(start, start + 1s, start + 1min) == start + 5s));
  BOOST_TEST((warm_write(start, start + 30s, start + 1min) == start + 5s));  // no time is left
}

BOOST_AUTO_TEST_SUITE_END()
