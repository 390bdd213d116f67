// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

// The JSON we write is what JavaScript writes, byte for byte; golden/make.mjs made the cases, make.py checked them.
BOOST_AUTO_TEST_SUITE(javascript)

BOOST_AUTO_TEST_CASE(the_asset_of_the_field_comes_out_as_it_went_in) {
  auto const bytes = shapes::fixture_asset();
  BOOST_TEST_REQUIRE(bytes.size() > 200U);
  auto const asset = strata::codec::json<strata::knowledge_asset>{}.decode(bytes);
  BOOST_TEST_REQUIRE(asset.has_value());
  BOOST_TEST(asset->id == "rust-microservice");
  BOOST_TEST(asset->metadata.find("language")->second == "rust");
  BOOST_TEST(shapes::encoded(*asset) == bytes);
}

BOOST_AUTO_TEST_CASE(strings) {
  auto const cases = shapes::golden("strings.txt");
  BOOST_TEST(cases.size() == 600U);
  for (auto const& [hex, quoted] : cases) {
    auto const text = shapes::from_hex(hex);
    BOOST_TEST(shapes::encoded(text) == quoted);
    BOOST_TEST(strata::codec::json<std::string>{}.decode(quoted).value() == text);
  }
}

BOOST_AUTO_TEST_CASE(numbers) {
  auto const cases = shapes::golden("numbers.txt");
  BOOST_TEST(cases.size() == 2000U);
  for (auto const& [hex, printed] : cases) {
    std::uint64_t bits = 0;
    std::from_chars(hex.data(), hex.data() + hex.size(), bits, 16);
    auto const number = std::bit_cast<double>(bits);
    BOOST_TEST(shapes::encoded(number) == printed);
    BOOST_TEST(strata::codec::json<double>{}.decode(printed).value() == number);
  }
}

BOOST_AUTO_TEST_CASE(the_order_of_keys) {
  auto const cases = shapes::golden("objects.txt");
  BOOST_TEST(cases.size() == 300U);
  for (auto const& [keys, printed] : cases) {
    std::map<std::string, std::string> map;
    for (std::size_t at = 0; at < keys.size();) {
      auto const equals = keys.find('=', at);
      auto const comma = std::min(keys.find(',', at), keys.size());
      map[shapes::from_hex(keys.substr(at, equals - at))] = keys.substr(equals + 1, comma - equals - 1);
      at = comma + 1;
    }
    BOOST_TEST(shapes::encoded(map) == printed);
    BOOST_TEST(shapes::encoded(strata::metadata{strata::metadata::map_type{map.begin(), map.end()}}) == printed);
    BOOST_TEST(shapes::encoded(std::unordered_map<std::string, std::string>{map.begin(), map.end()}) == printed);
  }
}

BOOST_AUTO_TEST_CASE(assets_as_others_send_them) {
  auto const cases = shapes::golden("assets.txt");
  BOOST_TEST(cases.size() == 200U);
  for (auto const& [loose, strict] : cases) {
    auto const asset = strata::codec::json<strata::knowledge_asset>{}.decode(loose);
    BOOST_TEST_REQUIRE(asset.has_value(), loose);
    BOOST_TEST(shapes::encoded(*asset) == strict);
  }
}

BOOST_AUTO_TEST_CASE(assets_as_messagepack) {
  auto const cases = shapes::golden("msgpack.txt");
  BOOST_TEST(cases.size() == 200U);
  for (auto const& [json, hex] : cases) {
    auto const asset = strata::codec::json<strata::knowledge_asset>{}.decode(json).value();
    auto const bytes = shapes::from_hex(hex);
    BOOST_TEST((shapes::encoded<strata::knowledge_asset, strata::codec::msgpack>(asset) == bytes), json);
    BOOST_TEST((strata::codec::msgpack<strata::knowledge_asset>{}.decode(bytes) == asset), json);
  }
}

BOOST_AUTO_TEST_SUITE_END()
