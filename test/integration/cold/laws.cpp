// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

BOOST_AUTO_TEST_CASE(the_laws_of_cold_tiers_hold) {
  strata::testing::tally tally;
  strata::testing::cold_laws<strata::cold::postgres>(cold_test::on("laws"), tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 1'000U);
}
