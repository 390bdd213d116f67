// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "wrong.hpp"

#include <strata/codec/json.hpp>
#include <strata/codec/msgpack.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/testing/boost.hpp>
#include <strata/testing/laws/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace {

using asset = strata::knowledge_asset;

std::vector<asset> const& samples() {
  static std::vector<asset> const made{
      {},
      {.id = "rust-microservice",
       .asset_type = "template",
       .data = "fn main() {\n  \"\xC3\xA9\"\n}\t\x01",
       .metadata = {{"language", "rust"}},
       .version = 7},
      {.id = "odd",
       .metadata = strata::codec::json<strata::metadata>{}.decode("[1.50, {\"a\": null}]").value(),
       .version = -1}};
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codec_laws)

using shipped = std::tuple<strata::codec::json<asset>, strata::codec::msgpack<asset>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(hold, Codec, shipped) {
  strata::testing::tally tally;
  strata::testing::codec_laws<Codec>(samples(), tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 6'000U);
}

BOOST_AUTO_TEST_CASE(hold_between_structs) {
  strata::testing::described_codec_laws<strata::codec::json>(strata::testing::boost_report);
  strata::testing::described_codec_laws<strata::codec::msgpack>(strata::testing::boost_report);
}

BOOST_AUTO_TEST_CASE(name_what_a_codec_breaks) {
  auto const judge = [] {
    strata::testing::tally tally;
    strata::testing::codec_laws<wrong::codec>(samples(), tally, [] { return std::optional{wrong::allocated}; });
    return tally;
  };
  BOOST_TEST(judge().broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  for (auto const& [made, law] : wrong::expected) {
    wrong::made = made;
    BOOST_TEST(judge().broke(law), "mistake " << static_cast<int>(made) << " does not break: " << law);
  }
  wrong::made = wrong::mistake::none;
  strata::testing::tally tally;
  strata::testing::codec_laws<wrong::long_id>(samples(), tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{std::string{wrong::law::plain_id}},
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(name_what_a_codec_of_structs_breaks) {
  auto const judge = [] {
    strata::testing::tally tally;
    strata::testing::described_codec_laws<wrong::described>(tally);
    return tally;
  };
  BOOST_TEST(judge().broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  for (auto const& [how, law] : wrong::expected_readings) {
    wrong::how = how;
    BOOST_TEST(judge().broke(law), "reading " << static_cast<int>(how) << " does not break: " << law);
  }
  wrong::how = wrong::reading::right;
}

BOOST_AUTO_TEST_SUITE_END()
