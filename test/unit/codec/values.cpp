// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "shapes.hpp"

#include <strata/concepts/codec.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <unordered_set>

namespace {

template <class T>
using json = strata::codec::json<T>;
template <class T>
using mpack = strata::codec::msgpack<T>;
using shapes::encoded;
using shapes::everything;

static_assert(strata::json_capable<json<everything>> && strata::json_capable<mpack<everything>>);
static_assert(std::is_empty_v<json<everything>> && std::is_empty_v<mpack<everything>>);

// What would end in the depths of a codec is refused with advice.
struct rows : std::vector<rows> {};
using strata::codec::detail::kind;
using strata::codec::detail::kind_of;
static_assert(kind_of<std::chrono::duration<long double>>() == kind::unsupported);
static_assert(kind_of<std::chrono::sys_time<std::chrono::duration<long double>>>() == kind::unsupported);
static_assert(kind_of<rows>() == kind::unsupported);

// Round trip through both codecs and through JSON.
template <class T>
void goes_round(T const& value) {
  std::string bytes;
  BOOST_TEST_REQUIRE(json<T>{}.encode(value, bytes).has_value());
  auto const read = json<T>{}.decode(bytes);
  BOOST_TEST_REQUIRE(read.has_value(), bytes << ": " << (read ? "" : read.error().text()));
  BOOST_TEST((*read == value), bytes);
  BOOST_TEST(encoded(*read) == bytes);
  std::string packed;
  BOOST_TEST_REQUIRE(mpack<T>{}.encode(value, packed).has_value());
  auto const unpacked = mpack<T>{}.decode(packed);
  BOOST_TEST_REQUIRE(unpacked.has_value(), bytes << ": " << (unpacked ? "" : unpacked.error().text()));
  BOOST_TEST((*unpacked == value), bytes);
  BOOST_TEST((encoded<T, strata::codec::msgpack>(*unpacked) == packed));
  std::string text;
  BOOST_TEST_REQUIRE(mpack<T>{}.to_json(value, text).has_value());
  BOOST_TEST(text == bytes);
  BOOST_TEST((mpack<T>{}.from_json(text) == value));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(values)

BOOST_AUTO_TEST_CASE(one_of_everything_goes_round) {
  goes_round(everything{});
  goes_round(shapes::full());
}

BOOST_AUTO_TEST_CASE(one_of_everything_is_pinned) {
  BOOST_TEST(
      encoded(shapes::full()) ==
      "{\"flag\":true,\"tiny\":-128,\"byte\":255,\"big\":-9223372036854775808,\"natural\":18446744073709551615,"
      "\"where\":{\"x\":-0.1,\"y\":0.25},\"text\":\"quote \\\" slash \\\\ line\\n tab\\t bell\\u0007 \xC3\xA9 "
      "\xE2\x80\xA8 "
      "\xF0\x9F\x98\x80\",\"height\":4,\"mark\":122,\"paint\":\"green\",\"took\":-9007199254740993,\"when\":1700000000,"
      "\"exact\":1e-7,\"maybe\":-7,\"perhaps\":{\"x\":1e+21,\"y\":-2},\"words\":[\"\",\"one\",\"two\"],\"pair\":[1,-2],"
      "\"bits\":[true,false,true],\"bytes\":[0,255],\"line\":[{\"x\":1,\"y\":2},{\"x\":3,\"y\":4}],\"rows\":[[],[1,"
      "65535]],"
      "\"names\":[\"x\",\"y\"],\"paints\":[\"red\",\"green\"],\"tags\":[\"a\",\"b\",\"c\",\"d\"],"
      "\"sizes\":[-2,0.5,1],\"places\":{\"none\":null,\"some\":{\"x\":5,\"y\":6}},"
      "\"counts\":{\"9\":[],\"10\":[2,3],\"a\":[],\"b\":[1]},\"family\":{\"name\":\"root\",\"children\":[{\"name\":"
      "\"left\","
      "\"children\":[{\"name\":\"leaf\",\"children\":[]}]},{\"name\":\"right\",\"children\":[]}]},"
      "\"notes\":{\"\":\"empty key\",\"language\":\"rust\"},\"more\":{\"plain\":{\"k\":\"v\"},"
      "\"raw\":{\"n\": 1.50, \"l\":[null, \"\\u00e9\\/\"]}}}");
}

BOOST_AUTO_TEST_CASE(an_asset_is_made_in_one_expression) {
  std::string const text = "fn main() {}";
  auto const asset =
      strata::knowledge_asset{.id = "x", .asset_type = "template", .data = text, .metadata = {{"language", "rust"}}};
  BOOST_TEST(encoded(asset) ==
             R"({"id":"x","asset_type":"template","data":"fn main() {}","metadata":{"language":"rust"},"version":0})");
  goes_round(asset);
  goes_round(strata::knowledge_asset{});
}

BOOST_AUTO_TEST_CASE(integers_at_their_ends) {
  goes_round(INT64_MAX);
  goes_round(INT64_MIN);
  goes_round(UINT64_MAX);
  goes_round(std::int64_t{9007199254740993});
  BOOST_TEST(encoded(std::int64_t{9007199254740993}) == "9007199254740993");
  for (int i = -130; i < 300; ++i) goes_round(i);
  for (int bit = 0; bit < 64; ++bit)
    for (std::uint64_t const step : {0U, 1U}) {
      goes_round((std::uint64_t{1} << bit) - step);
      goes_round(static_cast<std::int64_t>((std::uint64_t{1} << bit) - step));
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_whole_are_integers) {
  BOOST_TEST(json<int>{}.decode("1.0").value() == 1);
  BOOST_TEST(json<int>{}.decode("-1e3").value() == -1000);
  BOOST_TEST(json<int>{}.decode("-0").value() == 0);
  BOOST_TEST(json<int>{}.decode("-0.0").value() == 0);
  BOOST_TEST(json<std::int64_t>{}.decode("9007199254740992.0").value() == 9007199254740992);
  BOOST_TEST(json<double>{}.decode("12345678901234567890123").value() == 12345678901234567890123.0);
  BOOST_TEST(json<float>{}.decode("16777217").value() == 16777216.0F);
}

BOOST_AUTO_TEST_CASE(what_is_too_small_for_a_double_is_zero) {
  for (std::string const& small : {std::string{"1e-400"}, std::string{"-1.5E-400"},
                                   std::string{"12e-99999999999999999999"}, "0." + std::string(400, '0') + "1",
                                   "0." + std::string(400, '0') + "1e+10", "1" + std::string(400, '0') + "e-800"})
    BOOST_TEST((json<double>{}.decode(small) == 0.0), small);
}

BOOST_AUTO_TEST_CASE(minus_zero_is_zero_in_json_alone) {
  BOOST_TEST(encoded(-0.0) == "0");
  BOOST_TEST(std::signbit(mpack<double>{}.decode(shapes::encoded<double, strata::codec::msgpack>(-0.0)).value()));
}

BOOST_AUTO_TEST_CASE(what_json_cannot_say_is_refused_by_both) {
  for (double const bad : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    auto value = shapes::full();
    value.places["b"] = shapes::point{1, 2};
    value.line.back().x = bad;
    auto const said = "refused: line[1].x: not a finite number, which JSON cannot say";
    BOOST_TEST(encoded(value) == said);
    BOOST_TEST((encoded<everything, strata::codec::msgpack>(value)) == said);
  }
  std::unordered_set<double> many{std::numeric_limits<double>::quiet_NaN()};
  for (int i = 0; i < 100; ++i) many.insert(i);
  BOOST_TEST(encoded(many).ends_with("not a finite number, which JSON cannot say"));
  BOOST_TEST(encoded(std::map<std::string, std::vector<float>>{{"k", {1, std::numeric_limits<float>::infinity()}}}) ==
             "refused: k[1]: not a finite number, which JSON cannot say");
}

BOOST_AUTO_TEST_CASE(texts_that_no_database_holds_are_refused_with_their_path) {
  auto const refusals = [](auto const& value) {
    using type = std::remove_cvref_t<decltype(value)>;
    auto const said = encoded(value);
    BOOST_TEST((encoded<type, strata::codec::msgpack>(value)) == said);
    return said;
  };
  std::string const nul{"a\0b", 3};
  strata::knowledge_asset asset{.id = nul};
  BOOST_TEST(refusals(asset) == "refused: id: a text that holds U+0000, which databases cannot store");
  asset = {.data = "\xFF"};
  BOOST_TEST(refusals(asset) == "refused: data: a text that is not valid UTF-8");
  asset = {.metadata = {{"language", "\xED\xA0\x80"}}};
  BOOST_TEST(refusals(asset) == "refused: metadata.language: a text that is not valid UTF-8");
  asset = {.metadata = {{nul, "x"}}};
  BOOST_TEST(refusals(asset) == "refused: metadata.(a key): a text that holds U+0000, which databases cannot store");
  everything e;
  e.words = {"fine", "\xC0\x80"};
  BOOST_TEST(refusals(e) == "refused: words[1]: a text that is not valid UTF-8");
  e = {};
  e.family.children = {{}, {"", {{nul, {}}}}};
  BOOST_TEST(refusals(e) ==
             "refused: family.children[1].children[0].name: a text that holds U+0000, which databases cannot store");
  e = {};
  e.paint = static_cast<shapes::color>(7);
  BOOST_TEST(refusals(e) == "refused: paint: a value without a name");
  // A bad byte at every place around the eight bytes that are looked at in one step.
  for (std::size_t size = 0; size < 40; ++size)
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\x80';
      BOOST_TEST(encoded(text) == "refused: a text that is not valid UTF-8");
      text[at] = '\0';
      BOOST_TEST(encoded(text) == "refused: a text that holds U+0000, which databases cannot store");
      text[at] = '"';
      BOOST_TEST(encoded(text).size() == size + 3);
      text[at] = '\x1F';
      BOOST_TEST(encoded(text).size() == size + 7);
      text[at] = '\x7F';
      BOOST_TEST(encoded(text).size() == size + 2);
    }
}

BOOST_AUTO_TEST_CASE(a_failed_encode_leaves_the_output_alone) {
  std::string out = "before";
  strata::knowledge_asset const bad{.id = "x", .data = std::string(100'000, 'x') + '\0'};
  BOOST_TEST(!json<strata::knowledge_asset>{}.encode(bad, out).has_value());
  BOOST_TEST(out == "before");
  BOOST_TEST(!mpack<strata::knowledge_asset>{}.encode(bad, out).has_value());
  BOOST_TEST(out == "before");
}

BOOST_AUTO_TEST_CASE(fingerprints_tell_shapes_apart) {
  // Pinned: a change here makes every program report another schema.
  BOOST_TEST(json<strata::knowledge_asset>::fingerprint == 16500782661110049680ULL);
  BOOST_TEST(mpack<strata::knowledge_asset>::fingerprint == json<strata::knowledge_asset>::fingerprint);
  static_assert(json<int>::fingerprint != json<unsigned>::fingerprint);
  static_assert(json<int>::fingerprint != json<std::int64_t>::fingerprint);
  static_assert(json<std::vector<int>>::fingerprint != json<std::optional<int>>::fingerprint);
  static_assert(json<std::chrono::seconds>::fingerprint != json<std::chrono::milliseconds>::fingerprint);
  static_assert(json<shapes::tree>::fingerprint != json<shapes::point>::fingerprint);
  static_assert(json<std::array<int, 2>>::fingerprint != json<std::array<int, 3>>::fingerprint);
  static_assert(json<std::vector<int>>::fingerprint == json<std::deque<int>>::fingerprint);  // the same bytes
}

BOOST_AUTO_TEST_SUITE_END()
