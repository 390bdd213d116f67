// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;
using namespace cold_test;

namespace {

/// A table whose rows may have an end.
struct ending_notes : cold_test::world<cold_test::note_codec> {
  using ending = strata::context<std::chrono::steady_clock, cold_test::nobody, cold_test::note_codec, true>;

  explicit ending_notes(std::string const& table) : tier{cold_test::on(table), context} {
    BOOST_REQUIRE(tier.wait_ready(cold_test::soon()).has_value());
  }
  ending const context{clock, observer, codec};
  strata::cold::postgres::tier<std::string, cold_test::note, ending const> tier;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_laws_of_cold_tiers_hold) {
  strata::testing::tally tally;
  strata::testing::cold_laws<strata::cold::postgres>(cold_test::on("laws"), tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 1'000U);
}

BOOST_AUTO_TEST_CASE(what_another_program_writes_has_no_end) {
  ending_notes ends{"ends"};
  auto& tier = ends.tier;
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

BOOST_AUTO_TEST_CASE(what_is_over_is_not_found) {
  ending_notes ends{"sought"};
  auto& tier = ends.tier;
  auto const keys = [](auto const& found) {
    std::string all;
    if (!found) return cold_test::why(found);
    for (auto const& one : found->all) all.append(one.key).append(" ");
    return all;
  };
  for (auto const* id : {"left", "over", "never"})
    BOOST_REQUIRE(
        tier.store(id, {.id = id, .text = "zebra"}, strata::anything, soon(), *id == 'n' ? strata::lifetime{} : 1h));
  BOOST_TEST(keys(tier.search_text("zebra", 9, {}, soon())).contains("over"));
  cold_test::other sql;
  sql("update sought set strata_expires = now() - interval '1 second' where artifact_id = 'over'");
  BOOST_TEST(keys(tier.search_text("zebra", 9, {}, soon())) == "left never ");
  BOOST_TEST(keys(tier.search_text("zebra", 1, {.prefix = "o"}, soon())) == "");
  std::vector<float> direction(1536, 1);
  for (auto const* id : {"left", "over", "never"}) BOOST_REQUIRE(tier.embed(id, direction, soon()));
  BOOST_TEST(keys(tier.nearest(direction, 2, {}, soon())) == "left never ");
  BOOST_TEST(keys(tier.similar("left", 2, {}, soon())) == "never ");
  BOOST_TEST(keys(tier.similar("over", 2, {}, soon())) == "");
}

BOOST_AUTO_TEST_CASE(what_is_archived_keeps_its_end) {
  ending_notes ends{"parted"};
  auto& tier = ends.tier;
  cold_test::other sql;
  std::vector<std::string_view> const ids{"left", "over", "never"};
  for (auto const id : ids)
    BOOST_REQUIRE(tier.store(id, {.id = std::string{id}, .text = "ours"}, strata::anything, soon(),
                             id == "never" ? strata::lifetime{} : 1h));
  sql("update parted set strata_expires = now() - interval '1 second' where artifact_id = 'over'");
  sql("update parted set updated_at = now() - interval '400 days'");
  BOOST_TEST(tier.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 3U);
  BOOST_TEST(sql("select count(*) from parted").one_field().as<int>() == 0);

  auto const found = tier.load_many(ids, soon());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto const one = tier.load(ids[i], soon());
    BOOST_REQUIRE((one && found[i]));
    for (auto const& row : {*one, *found[i]}) {
      BOOST_TEST((row.value.has_value() == (ids[i] != "over") && row.expired == (ids[i] == "over")), ids[i]);
      bool const within = row.expires_in && *row.expires_in <= 1h && *row.expires_in > 50min;
      BOOST_TEST(within == (ids[i] == "left"), ids[i]);
    }
  }
  // Used, it comes back with what is left; what is over gives way to who expects nothing.
  std::vector<strata::uses> const counts{{"left", 1}};
  BOOST_REQUIRE(tier.add_usage(counts, soon()).has_value());
  BOOST_TEST(sql("select strata_expires > now() from parted where artifact_id = 'left'").one_field().as<bool>());
  auto const left = tier.load("left", soon());
  BOOST_TEST((left && left->expires_in && *left->expires_in <= 1h && *left->expires_in > 50min));
  BOOST_TEST(tier.store("over", {.id = "over", .text = "new"}, strata::revision{}, soon()).has_value());
  BOOST_TEST(!tier.load("over", soon())->expires_in.has_value());
}
