// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>

#include <format>
#include <string>
#include <string_view>
#include <vector>

namespace {
using asset = strata::knowledge_asset;
template <class T>
using json = strata::codec::json<T>;
template <class T>
using mpack = strata::codec::msgpack<T>;
}  // namespace

BOOST_AUTO_TEST_SUITE(metadata)

BOOST_AUTO_TEST_CASE(is_a_map) {
  strata::metadata m{{"b", "2"}, {"a", "1"}};
  BOOST_TEST(m.size() == 2U);
  BOOST_TEST(m.contains("a"));
  BOOST_TEST((m.find("c") == m.end()));
  m["c"] = "3";
  BOOST_TEST(m.begin()->first == "a");
  BOOST_TEST(m.erase("a"));
  BOOST_TEST(!m.erase("a"));
  BOOST_TEST((m == strata::metadata{{"b", "2"}, {"c", "3"}}));
  m.clear();
  BOOST_TEST(m.empty());
  BOOST_TEST((m == strata::metadata{}));
}

BOOST_AUTO_TEST_CASE(what_is_no_map_of_text_survives_byte_for_byte) {
  for (std::string_view const raw : {"null",
                                     "true",
                                     "5",
                                     "-0.0",
                                     "1.50",
                                     "1E+400",
                                     "\"text\"",
                                     "\"\\u00e9\\/\"",
                                     "[]",
                                     "[ ]",
                                     "[[[]]]",
                                     "[1, 2,3 ]",
                                     "{\"a\":1}",
                                     "{\"a\":1e400}",
                                     "{\"a\":\"x\",\"b\":-1e-400}",
                                     "{\"a\":[1e400]}",
                                     "{ \"a\" : 1 }",
                                     "{\"a\":\"x\",\"b\":null}",
                                     "{\"b\":\"x\",\"a\":[]}",
                                     "{\"a\":{}}",
                                     "{\"a\":{\"b\":[{\"c\":\"}]\"}]},\"z\":\"y\"}",
                                     "{\"a\":1,\"a\":\"x\",\"a\":2.0}",
                                     "{\"a\":\"x\",\r\n\t\"b\":false}",
                                     "{\"\\u0061\":1}",
                                     "[\"\\\\\",\"\\\"\",\"]\"]",
                                     "{\"a\":12345678901234567890123456789012345678901234567890.10}"}) {
    // In all places: the first member, the last, with escapes and ignored values before it, spaces around it.
    for (std::string const& around :
         {std::string{R"({"metadata":@})"},
          std::string{R"({"id":"\n\"[","x":[{"y":1,"metadata":2}],"metadata": @ ,"data":"]"})"},
          std::string{R"({"metad\u0061ta":@,"version":9})"}}) {
      auto text = around;
      text.replace(text.find('@'), 1, raw);
      auto const read = json<asset>{}.decode(text);
      BOOST_TEST_REQUIRE(read.has_value(), text << ": " << (read ? "" : read.error().text()));
      BOOST_TEST(read->metadata.raw_json() == raw);
      BOOST_TEST(read->metadata.size() == 0U);
      BOOST_TEST(!read->metadata.empty());
      BOOST_TEST(shapes::encoded(*read).contains("\"metadata\":" + std::string{raw} + ",\"version\""));
      BOOST_TEST((json<asset>{}.decode(shapes::encoded(*read)) == *read));
      auto const packed = shapes::encoded<asset, strata::codec::msgpack>(*read);
      BOOST_TEST((mpack<asset>{}.decode(packed) == *read));
    }
    // By itself, and in lists, where elements move while the list grows.
    BOOST_TEST(json<strata::metadata>{}.decode(raw)->raw_json() == raw);
    auto const many = json<std::vector<strata::metadata>>{}.decode(std::format("[{0}, {0},{{}} ,{0}, {0} ,{0}]", raw));
    BOOST_TEST_REQUIRE(many.has_value());
    BOOST_TEST(many->size() == 6U);
    for (std::size_t i = 0; i < 6; ++i) BOOST_TEST((*many)[i].raw_json() == (i == 2 ? "" : raw));
  }
}

BOOST_AUTO_TEST_CASE(a_number_beyond_doubles_is_metadata_too) {
  auto const raw = "{\"a\":\"x\",\"b\":1" + std::string(400, '0') + "}";
  auto const read = json<asset>{}.decode("{\"metadata\":" + raw + "}");
  BOOST_TEST((read && read->metadata.raw_json() == raw));
}

BOOST_AUTO_TEST_CASE(writing_an_entry_makes_it_a_map) {
  auto m = json<strata::metadata>{}.decode("[1]").value();
  m["a"] = "b";
  BOOST_TEST(m.raw_json() == "");
  BOOST_TEST((m == strata::metadata{{"a", "b"}}));
}

BOOST_AUTO_TEST_CASE(raw_text_moved_deeper_than_it_was_read_is_refused) {
  auto const raw = json<strata::metadata>{}.decode(std::string(128, '[') + std::string(128, ']')).value();
  BOOST_TEST(shapes::encoded(raw).size() == 256U);
  auto const said = "refused: metadata: nested deeper than 128 levels";
  BOOST_TEST(shapes::encoded(asset{.metadata = raw}) == said);
  BOOST_TEST((shapes::encoded<asset, strata::codec::msgpack>(asset{.metadata = raw})) == said);
}

BOOST_AUTO_TEST_CASE(an_asset_fills_the_columns_of_its_row) {
  using record = strata::record<asset>;
  asset value{.id = "k", .asset_type = "pattern", .data = "text", .metadata = {{"b", "2"}, {"a", "1"}}};
  BOOST_TEST(record::key(value) == "k");
  BOOST_TEST(record::kind(value) == "pattern");
  BOOST_TEST(record::text(value) == "text");
  BOOST_TEST(record::metadata(value) == R"({"a":"1","b":"2"})");
  record::stamp(value, 12);
  BOOST_TEST(value.version == 12);
  BOOST_TEST((record::restore("k", "pattern", "text", R"({"b": "2", "a": "1"})", 12) == value));
}

BOOST_AUTO_TEST_CASE(an_asset_weighs_what_it_holds) {
  auto const weight = [](asset const& a) { return strata::record<asset>::bytes(a); };
  auto const odd = json<strata::metadata>{}.decode('[' + std::string(1000, ' ') + ']').value();
  BOOST_TEST(weight({}) >= sizeof(asset));
  BOOST_TEST(weight({.data = std::string(5000, 'x')}) >= weight({}) + 4900);
  BOOST_TEST(weight({.metadata = {{"key", std::string(300, 'x')}}}) >= weight({}) + 300);
  BOOST_TEST(weight({.metadata = odd}) >= weight({}) + 1000);
}

BOOST_AUTO_TEST_CASE(a_row_with_other_metadata_is_an_asset_too) {
  using record = strata::record<asset>;
  auto const odd = record::restore("k", "t", "", R"({"n": 1, "list": [true]})", 1);
  BOOST_TEST_REQUIRE(odd.has_value());
  BOOST_TEST(record::metadata(*odd) == R"({"n": 1, "list": [true]})");
  BOOST_TEST(record::restore("k", "t", "", "", 1)->metadata.empty());
  BOOST_TEST(record::restore("k", "t", "", "{", 1).error().text().starts_with("metadata: not JSON"));
  BOOST_TEST((record::restore("k", "t", "", "{}", 2147483648).error() == strata::errc::corrupt));
  BOOST_TEST(record::restore("k", "t", "", "{}", 2147483647)->version == 2147483647);
}

BOOST_AUTO_TEST_SUITE_END()
