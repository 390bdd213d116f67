// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/flow/strays.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>

using strays = strata::flow::strays<>;

BOOST_AUTO_TEST_SUITE(stray_keys)

BOOST_AUTO_TEST_CASE(the_oldest_are_taken_first_a_thousand_at_a_time_and_noted_no_longer) {
  strays s;
  for (int i = 0; i < 1'500; ++i) s.note(std::to_string(i));
  auto const first = s.take();
  auto const rest = s.take();
  BOOST_TEST((first.size() == 1'000U && first.front() == "0" && first.back() == "999"));
  BOOST_TEST((rest.size() == 500U && rest.front() == "1000" && rest.back() == "1499"));
  BOOST_TEST(s.take().empty());
}

BOOST_AUTO_TEST_CASE(what_changes_again_at_once_is_noted_once) {
  strays s;
  for (int i = 0; i < 3; ++i) s.note("k");
  BOOST_TEST(s.take().size() == 1U);
}

BOOST_AUTO_TEST_CASE(beyond_so_many_the_older_half_is_forgotten) {  // K12
  strays s;
  for (std::size_t i = 0; i <= strays::limit; ++i) s.note(std::to_string(i));
  std::size_t next = strays::limit / 2;
  for (auto some = s.take(); !some.empty(); some = s.take())
    for (auto const& key : some) BOOST_REQUIRE(key == std::to_string(next++));
  BOOST_TEST(next == strays::limit + 1);
}

BOOST_AUTO_TEST_SUITE_END()
