// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace {

using namespace std::string_literals;
using shapes::complaint;
using shapes::everything;
using asset = strata::knowledge_asset;
template <class T>
using json = strata::codec::json<T>;

std::string said(std::string_view text) { return complaint<everything>(text); }
std::string packed(std::string_view bytes) { return complaint<everything, strata::codec::msgpack>(bytes); }

}  // namespace

// What decode says of bytes that do not fit, and what it lets pass.
BOOST_AUTO_TEST_SUITE(refusals)

BOOST_AUTO_TEST_CASE(wrong_types_name_the_member) {
  BOOST_TEST(complaint<asset>(R"({"id":1})") == "id: a number where a text is expected");
  BOOST_TEST(complaint<asset>(R"({"id":null})") == "id: null where a text is expected");
  BOOST_TEST(complaint<asset>(R"({"id":{"a":1}})") == "id: an object where a text is expected");
  BOOST_TEST(complaint<asset>(R"({"data":["a"]})") == "data: a list where a text is expected");
  BOOST_TEST(complaint<asset>(R"({"version":"1"})") == "version: a text where a whole number is expected");
  BOOST_TEST(complaint<asset>(R"({"version":1.5})") ==
             "version: a number with a fraction where a whole number is expected");
  BOOST_TEST(complaint<asset>(R"([])") == "a list where an object is expected");
  BOOST_TEST(complaint<asset>(R"("text")") == "a text where an object is expected");
  BOOST_TEST(said(R"({"flag":1})") == "flag: a number where true or false is expected");
  BOOST_TEST(said(R"({"where":{"x":true}})") == "where.x: true or false where a number is expected");
  BOOST_TEST(said(R"({"line":[{},{"x":"1"}]})") == "line[1].x: a text where a number is expected");
  BOOST_TEST(said(R"({"rows":[[1],[2,[3]]]})") == "rows[1][1]: a list where a whole number is expected");
  BOOST_TEST(said(R"({"places":{"home":{"y":"far"}}})") == "places.home.y: a text where a number is expected");
  BOOST_TEST(said(R"({"bits":[true,0]})") == "bits[1]: a number where true or false is expected");
  BOOST_TEST(said(R"({"names":["a",{}]})") == "names[1]: an object where a text is expected");
  BOOST_TEST(said(R"({"words":{"a":1}})") == "words: an object where a list is expected");
  BOOST_TEST(said(R"({"perhaps":5})") == "perhaps: a number where an object is expected");
  BOOST_TEST(said(R"({"took":"now"})") == "took: a text where a count of ticks is expected");
  BOOST_TEST(said(R"({"paint":"blue"})") == "paint: a name that is none of those known");
  BOOST_TEST(said(R"({"paints":["red","blue"]})") == "paints[1]: a name that is none of those known");
  BOOST_TEST(said(R"({"paint":1})") == "paint: a number where one of the names is expected");
  BOOST_TEST(said(R"({"pair":[1]})") == "pair: fewer elements than it must hold");
  BOOST_TEST(said(R"({"pair":[1,2,3]})") == "pair[2]: more elements than it can hold");
  BOOST_TEST(said(R"({"family":{"children":[{},{"children":[{"name":0}]}]}})") ==
             "family.children[1].children[0].name: a number where a text is expected");
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range) {
  BOOST_TEST(complaint<asset>(R"({"version":2147483648})") == "version: a number out of range");
  BOOST_TEST(complaint<asset>(R"({"version":-2147483649})") == "version: a number out of range");
  BOOST_TEST(complaint<asset>(R"({"version":1e10})") == "version: a number out of range");
  BOOST_TEST(complaint<asset>(R"({"version":123456789012345678901234567890})") == "version: a number out of range");
  BOOST_TEST(complaint<asset>(R"({"version":1e400})") == "version: a number out of range");
  BOOST_TEST(complaint<asset>(R"({"version":9007199254740994.0})") == "version: a number out of range");
  BOOST_TEST(said(R"({"tiny":128})") == "tiny: a number out of range");
  BOOST_TEST(said(R"({"byte":-1})") == "byte: a number out of range");
  BOOST_TEST(said(R"({"natural":-1})") == "natural: a number out of range");
  BOOST_TEST(said(R"({"natural":18446744073709551616})") == "natural: a number out of range");
  BOOST_TEST(said(R"({"big":9223372036854775808})") == "big: a number out of range");
  BOOST_TEST(said(R"({"where":{"x":-1e309}})") == "where.x: a number out of range");
  BOOST_TEST(said(R"({"where":{"x":1e99999999999999999999}})") == "where.x: a number out of range");
  BOOST_TEST(said(R"({"where":{"x":1)" + std::string(400, '0') + R"(.5}})") == "where.x: a number out of range");
  BOOST_TEST(said(R"({"where":{"x":1e309}})") == "where.x: a number out of range");
  BOOST_TEST(said(R"({"where":{"y":1e39}})") == "where.y: a number out of range");
  BOOST_TEST(said(R"({"height":128})") == "height: a number out of range");
  BOOST_TEST(said(R"({"bytes":[256]})") == "bytes[0]: a number out of range");
  BOOST_TEST(said(R"({"unknown":1e999999999999})") == "fine");
  BOOST_TEST(packed("\x81\xA5where\x81\xA1x\xCB\x7F\xF0\0\0\0\0\0\0"s) == "where.x: a number out of range");
  BOOST_TEST(packed("\x81\xA5where\x81\xA1x\xCB\x7F\xF8\0\0\0\0\0\1"s) == "where.x: a number out of range");
}

BOOST_AUTO_TEST_CASE(what_is_no_json) {
  for (std::string_view const bad : {"",
                                     " ",
                                     "{",
                                     "}",
                                     "{\"id\"",
                                     "{\"id\":",
                                     "{\"id\":\"",
                                     "{\"id\":\"\\",
                                     "{\"id\":\"\\u12",
                                     "{,}",
                                     "{\"id\":\"x\",}",
                                     "[1,]",
                                     "nul",
                                     "01",
                                     "+1",
                                     "1.",
                                     ".5",
                                     "1e",
                                     "NaN",
                                     "Infinity",
                                     "'x'",
                                     "{id:1}",
                                     "// x\n{}",
                                     "{}/**/",
                                     "{} {}",
                                     "{}x",
                                     "\xEF\xBB\xBF{}",
                                     "\"\xFF\"",
                                     "\"\n\"",
                                     "\"\\x\"",
                                     "\"\\ud800\"",
                                     "\"\\udc00\"",
                                     "\"\\ud800\\u0041\""}) {
    auto const why = complaint<asset>(bad);
    BOOST_TEST((why.starts_with("not JSON: ") || why.ends_with("is expected")), bad << ": " << why);
  }
  BOOST_TEST(complaint<asset>("{} ") == "fine");
  BOOST_TEST(complaint<asset>("{}x") == "not JSON: more text behind the value at byte 2");
  BOOST_TEST(complaint<asset>(std::string_view{"{}\0", 3}) == "not JSON: more text behind the value at byte 2");
}

BOOST_AUTO_TEST_CASE(what_is_no_messagepack) {
  BOOST_TEST(packed("") == "not MessagePack: no bytes");
  BOOST_TEST(packed("\xC1") == "not MessagePack: it ends or breaks at byte 0");
  BOOST_TEST(packed("\x81") == "says it holds more than there are bytes");
  BOOST_TEST(packed("\x81\xA4"
                    "flag")
                 .starts_with("not MessagePack: it ends or breaks"));
  BOOST_TEST(packed("\x80\x80") == "not MessagePack: more bytes behind the value at byte 1");
  BOOST_TEST(packed("\x90") == "a list where an object is expected");
  BOOST_TEST(packed("\x81\xA4text\xC4\x01x") == "text: bytes where a text is expected");
  BOOST_TEST(packed("\x81\xA4text\xD4\x4A{") == "text: an extension where a text is expected");
  BOOST_TEST(packed("\x81\xA4text\xA1\xFF") == "text: a text that is not valid UTF-8");
  BOOST_TEST(packed("\x81\xA5notes\xC7\x02\x4A[]") == "fine");
  BOOST_TEST(packed("\x81\xA5notes\xC7\x02\x4B[]") == "notes: an extension where a map is expected");
  BOOST_TEST(packed("\x81\xA5notes\xC7\x02\x4A[}") ==
             "notes: an extension that is not fit JSON where a map is expected");
  BOOST_TEST(packed("\x81\xA5notes\x81\xA1x\x01") == "notes.x: a number where a text is expected");
  BOOST_TEST(packed("\x81\xA6places\x81\x01\xC0") == "places.(a key): something else where a text is expected");
  BOOST_TEST(packed("\x81\x01\x93\xC4\x01x\xD4\x01y\x81\xCA\0\0\0\0\xC0"s) == "fine");  // ignored, whatever it is
  BOOST_TEST(packed("\x81\x90\x01") == "a key that is a list or a map");
  BOOST_TEST(packed("\x81\xA1x\x81\x80\x01") == "a key that is a list or a map");
}

BOOST_AUTO_TEST_CASE(claims_beyond_the_bytes_are_refused) {
  auto const claims = "says it holds more than there are bytes";
  BOOST_TEST(packed("\xDF\xFF\xFF\xFF\xFF"s) == claims);
  BOOST_TEST(packed("\x81\xA4"
                    "bits\xDD\xFF\xFF\xFF\xFF"s) == "bits: "s + claims);
  BOOST_TEST(packed("\x81\xA1x\xDD\x00\x10\x00\x00\xC0\xC0"s) == claims);
  BOOST_TEST(packed("\x82\xA1x\x93\xC0\xC0\xC0\xA1y\x9F\xC0"s) == claims);  // each alone would do, both together not
  BOOST_TEST(packed("\x81\xA4text\xDB\xFF\xFF\xFF\xFFx"s).starts_with("not MessagePack: it ends or breaks"));
}

BOOST_AUTO_TEST_CASE(unknown_members_are_skipped_at_any_depth) {
  auto const read = json<asset>{}.decode(
      R"({"x":{"id":"no","y":[[{"id":"no"}],1e400,"\u0000\ud83d\ude00"]},"id":"yes","":null,"z":[],"version":3,"\u0000":0})");
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->id == "yes");
  BOOST_TEST(read->version == 3);
}

BOOST_AUTO_TEST_CASE(of_equal_keys_the_last_counts) {
  auto const read = json<everything>{}.decode(
      R"({"text":"a\n","text":"b","line":[{},{}],"line":[{"x":1}],"maybe":1,"maybe":null,"counts":{"a":[1],"a":[2]},)"
      R"("notes":{"k":"1","k":"2"},"notes":{"k":"3"},"where":{"x":1,"y":2},"where":{"x":3}})");
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->text == "b");
  BOOST_TEST(read->line.size() == 1U);
  BOOST_TEST(!read->maybe.has_value());
  BOOST_TEST(read->counts.at("a") == std::vector<std::int32_t>{2}, boost::test_tools::per_element());
  BOOST_TEST((read->notes == strata::metadata{{"k", "3"}}));
  BOOST_TEST((read->where == shapes::point{3, 2}));  // of each member of a struct
}

BOOST_AUTO_TEST_CASE(missing_members_keep_their_defaults) {
  auto const read = json<everything>{}.decode(R"({"where":{},"line":[{"x":2}],"height":4})");
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->where.y == 1.5F);
  BOOST_TEST(read->line.front().y == 1.5F);
  BOOST_TEST((read->paint == shapes::color::red));
}

BOOST_AUTO_TEST_CASE(names_of_members_may_be_escaped) {
  auto const read =
      json<asset>{}.decode("{\"\\u0069d\":\"\\u0061\\ud83d\\ude00\",\"metad\\u0061ta\":{\"\\n\":\"\\t\"}}");
  BOOST_TEST_REQUIRE(read.has_value());
  BOOST_TEST(read->id == "a\xF0\x9F\x98\x80");
  BOOST_TEST((read->metadata == strata::metadata{{"\n", "\t"}}));
}

BOOST_AUTO_TEST_CASE(no_null_byte_gets_in) {
  auto const nul = "a text that holds U+0000, which databases cannot store";
  BOOST_TEST(complaint<asset>(R"({"id":"a\u0000"})") == "id: " + std::string{nul});
  BOOST_TEST(complaint<asset>(R"({"metadata":{"a":"\u0000"}})") == "metadata.a: " + std::string{nul});
  BOOST_TEST(complaint<asset>(R"({"metadata":{"\u0000":"a"}})") == "metadata.(a key): " + std::string{nul});
  BOOST_TEST(complaint<asset>(R"({"metadata":{"a":1,"b":["\u0000"]}})") == "metadata: " + std::string{nul});
  BOOST_TEST(complaint<asset>(R"({"metadata":{"a":1,"b":["\\u0000"]}})") == "fine");
}

BOOST_AUTO_TEST_SUITE_END()
