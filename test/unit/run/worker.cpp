// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/run/worker.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>

using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(workers)

BOOST_AUTO_TEST_CASE(the_second_turn_has_a_pause_of_its_own) {
  std::atomic<int> turns = 0;
  {
    strata::worker const one{0ms, 1h, [&] {
                               ++turns;
                               turns.notify_one();
                             }};
    for (int n = 0; n < 2; n = turns) turns.wait(n);
  }
  BOOST_TEST(turns == 2);
}

BOOST_AUTO_TEST_SUITE_END()
