// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "wrong.hpp"

#include <strata/testing/laws/hot.hpp>

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(hot_laws)

BOOST_AUTO_TEST_CASE(name_what_a_policy_breaks) {
  {
    strata::testing::tally tally;
    strata::testing::hot_laws<wrong::policy>(tally);
    BOOST_TEST(tally.broken().empty());
  }
  for (auto const& [made, law] : wrong::expected) {
    wrong::made = made;
    strata::testing::tally tally;
    strata::testing::hot_laws<wrong::policy>(tally);
    BOOST_TEST(tally.broke(law), "mistake " << static_cast<int>(made) << " does not break: " << law);
  }
  wrong::made = wrong::mistake::none;
}

BOOST_AUTO_TEST_SUITE_END()
