// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/cold/sqlite.hpp>
#include <strata/testing/laws/cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

BOOST_AUTO_TEST_CASE(the_laws_of_cold_tiers_hold) {
  std::string folder = (std::filesystem::temp_directory_path() / "strata-laws-XXXXXX").string();
  BOOST_REQUIRE(::mkdtemp(folder.data()) != nullptr);
  strata::testing::tally tally;
  strata::testing::cold_laws<strata::cold::sqlite>({.file = folder + "/laws"}, tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 1'000U);
  std::filesystem::remove_all(folder);
}
