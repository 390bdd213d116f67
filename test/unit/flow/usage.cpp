// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/flow/usage.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>

// K12: counts between two flushes.
using namespace std::chrono_literals;
using table = strata::flow::usage_table<>;

BOOST_AUTO_TEST_SUITE(usage)

BOOST_AUTO_TEST_CASE(further_keys_than_there_is_room_for_are_dropped_and_told) {
  table t{2};
  t.add("a", 1);
  t.add("b", 2);
  t.add("c", strata::flow::tally{.reads = 3, .successes = 1, .failures = 1});
  t.add("a", 4);  // who is there goes on being counted
  BOOST_TEST(t.keys() == 2U);
  BOOST_TEST(t.dropped() == 5U);
  auto all = t.take();
  std::ranges::sort(all, {}, &strata::flow::keyed_tally::key);
  BOOST_REQUIRE(all.size() == 2U);
  BOOST_TEST((all[0].count.reads == 5U && all[1].count.reads == 2U));
  BOOST_TEST(t.keys() == 0U);
  t.add("c", 1);
  BOOST_TEST(t.keys() == 1U);
}

BOOST_AUTO_TEST_CASE(what_was_not_delivered_is_added_to_what_came_since) {
  table t{9};
  t.add("told", 1);
  t.add("a", 1);
  auto taken = t.take();
  std::ranges::sort(taken, {}, [](auto const& one) { return one.key == "a"; });
  t.add("a", 2);
  t.give_back(taken, 1);
  auto const all = t.take();
  BOOST_REQUIRE(all.size() == 1U);
  BOOST_TEST((all[0].key == "a" && all[0].count.reads == 3U));
  auto const part = table::part(taken, 0, 1);
  BOOST_REQUIRE(part.size() == 1U);
  BOOST_TEST(part[0].key == "told");
}

BOOST_AUTO_TEST_CASE(one_flush_waits_for_another_as_long_as_it_may) {
  table t{9};
  auto const now = std::chrono::steady_clock::now();
  {
    table::turn const first{t, now};
    BOOST_TEST((first && !table::turn{t, now} && !table::turn{t, now + 5ms}));
  }
  BOOST_TEST(static_cast<bool>(table::turn{t, now}));
}

BOOST_AUTO_TEST_SUITE_END()
