// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "wrong.hpp"

#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/testing/boost.hpp>
#include <strata/testing/laws/hot.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>

BOOST_AUTO_TEST_SUITE(hot_laws)

using shipped = std::tuple<strata::hot::lru, strata::hot::sieve>;

BOOST_AUTO_TEST_CASE_TEMPLATE(hold, Policy, shipped) {
  strata::testing::tally tally;
  strata::testing::hot_laws<Policy>(tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 25'000U);
}

using broken =
    std::tuple<wrong::forgets, wrong::mixes_keys_up, wrong::takes_the_older, wrong::erases_all_the_same, wrong::keeps_half,
               wrong::keeps_too_much, wrong::weighs_too_little, wrong::clears_the_count_only, wrong::peeks_with_find,
               wrong::evicts_before_it_throws, wrong::destroys_under_its_lock, wrong::does_not_tell_that_it_visits,
               wrong::loses_uses, wrong::lists_twice, wrong::ignores_resize, wrong::breaks_its_list>;

BOOST_AUTO_TEST_CASE_TEMPLATE(name_what_a_policy_breaks, Policy, broken) {
  strata::testing::tally tally;
  strata::testing::hot_laws<Policy>(tally);
  BOOST_TEST(tally.broke(Policy::breaks), std::string{Policy::breaks} << ": not found broken");
}

BOOST_AUTO_TEST_SUITE_END()
