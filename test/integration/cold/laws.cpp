// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <vector>

BOOST_AUTO_TEST_CASE(the_laws_of_cold_tiers_hold) {
  strata::testing::tally tally;
  strata::testing::cold_laws<strata::cold::postgres>(cold_test::on("laws"), tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 1'000U);
}

BOOST_AUTO_TEST_CASE(what_another_program_writes_has_no_end) {
  using namespace std::chrono_literals;
  cold_test::world<cold_test::note_codec> w;
  strata::context<std::chrono::steady_clock, cold_test::nobody, cold_test::note_codec, true> const ending{
      w.clock, w.observer, w.codec};
  strata::cold::postgres::tier<std::string, cold_test::note, decltype(ending)> tier{cold_test::on("ends"), ending};
  auto const soon = [] { return std::chrono::steady_clock::now() + 10s; };
  BOOST_REQUIRE(tier.wait_ready(soon()).has_value());
  auto const put = tier.store("a", {.id = "a", .text = "ours"}, strata::anything, soon(), 1h);
  BOOST_REQUIRE(put.has_value());
  cold_test::other sql;
  sql("update ends set usage_count = usage_count + 1");
  BOOST_TEST(tier.load("a", soon())->expires_in.has_value());
  sql("update ends set content_raw = 'theirs'");
  auto const theirs = tier.load("a", soon());
  BOOST_TEST((theirs && theirs->revision > put->revision && !theirs->expires_in));
  BOOST_REQUIRE(tier.store("a", {.id = "a", .text = "ours"}, strata::anything, soon(), 1h).has_value());
  sql("update ends set strata_expires = now() - interval '1 second'");
  auto const gone = tier.load("a", soon());
  BOOST_TEST((gone && gone->expired && !gone->value));
}
