// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>

#include <pthread.h>

#include <string>
#include <string_view>
#include <vector>

// Very deep, very large and very small values.
namespace {

using asset = strata::knowledge_asset;
template <class T>
using json = strata::codec::json<T>;
template <class T>
using packs = strata::codec::msgpack<T>;

// Runs f on a thread with a stack of 256 KiB: what recursed with the bytes would end the program.
template <class F>
void on_a_small_stack(F f) {
  pthread_attr_t attributes;
  BOOST_TEST_REQUIRE(pthread_attr_init(&attributes) == 0);
  BOOST_TEST_REQUIRE(pthread_attr_setstacksize(&attributes, std::size_t{256} * 1024) == 0);
  pthread_t thread{};
  auto const run = [](void* what) -> void* {
    (*static_cast<F*>(what))();
    return nullptr;
  };
  BOOST_TEST_REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

std::string repeated(std::string_view text, std::size_t times) {
  std::string made;
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(size)

BOOST_AUTO_TEST_CASE(nesting_of_128_levels_is_read_and_of_more_refused) {
  std::vector<std::string> said;
  on_a_small_stack([&] {
    for (std::size_t const levels : {std::size_t{127}, std::size_t{128}, std::size_t{100'000}}) {
      auto const lists = std::string(levels, '[') + "\"\\n\"" + std::string(levels, ']');
      said.push_back(shapes::complaint<asset>(R"({"unknown":)" + lists + "}"));
      said.push_back(shapes::complaint<asset>(R"({"metadata":)" + lists + "}"));
      said.push_back(shapes::complaint<asset>(std::string(levels, '[')));
      said.push_back(shapes::complaint<asset>(R"({"id":)" + lists + "}"));
      said.push_back(shapes::complaint<asset>(repeated(R"({"unknown":)", levels)));
      auto const packed = std::string(levels, '\x91') + "\xA1\n";
      said.push_back(shapes::complaint<asset, packs>("\x81\xA7unknown" + packed));
      said.push_back(shapes::complaint<asset, packs>("\x81\xA8metadata" + packed));
      said.push_back(shapes::complaint<asset, packs>(repeated("\x81\xA1x", levels)));
      auto const boxed =
          "\x81\xA8metadata\xC9" +
          std::string{static_cast<char>(0), static_cast<char>((2 * levels + 4) >> 16),
                      static_cast<char>((2 * levels + 4) >> 8), static_cast<char>(2 * levels + 4), '\x4A'} +
          lists;
      said.push_back(shapes::complaint<asset, packs>(boxed));
    }
  });
  std::string const deep = "nested deeper than 128 levels";
  std::string const list = "a list where an object is expected";
  std::string const text = "id: a list where a text is expected";
  std::string const map = "metadata: a list where a map is expected";
  std::string const unfit = "metadata: an extension that is not fit JSON where a map is expected";
  std::string const cut_json = "not JSON: incomplete JSON at byte ";
  std::string const cut = "not MessagePack: it ends or breaks at byte ";
  std::vector<std::string> const expected{"fine",
                                          "fine",
                                          list,
                                          text,
                                          cut_json + "1397",
                                          "fine",
                                          map,
                                          cut + "381",
                                          "fine",
                                          deep,
                                          "metadata: " + deep,
                                          list,
                                          text,
                                          cut_json + "1408",
                                          deep,
                                          map,
                                          cut + "384",
                                          "fine",
                                          deep,
                                          "metadata: " + deep,
                                          list,
                                          text,
                                          deep,
                                          deep,
                                          map,
                                          deep,
                                          unfit};
  BOOST_TEST(said == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_struct_within_itself) {
  std::vector<std::string> said;
  auto const run = [&] {
    for (std::size_t const structs : {std::size_t{64}, std::size_t{65}, std::size_t{100'000}}) {
      auto const bytes = repeated(R"({"name":"\n","children":[)", structs) + repeated("]}", structs);
      auto const read = json<shapes::tree>{}.decode(bytes);
      auto const why = read ? "fine" : std::string{read.error().text()};
      said.push_back(why.substr(why.size() < 29 ? 0 : why.size() - 29));
      if (!read) continue;
      said.push_back(shapes::encoded(*read) == bytes ? "same" : "other");
      auto const packed = shapes::encoded<shapes::tree, packs>(*read);
      said.push_back(packs<shapes::tree>{}.decode(packed) == *read ? "same" : "other");
    }
  };
  on_a_small_stack(run);
  BOOST_TEST(said == (std::vector<std::string>{"fine", "same", "same", "nested deeper than 128 levels",
                                               "nested deeper than 128 levels"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_value_deeper_than_can_be_read_is_not_written) {
  shapes::tree top;
  for (int i = 0; i < 64; ++i) top = shapes::tree{"", {std::move(top)}};
  std::string path = "children[0]";
  for (int i = 1; i < 64; ++i) path += ".children[0]";
  BOOST_TEST(shapes::encoded(top) == "refused: " + path + ": nested deeper than 128 levels" + "");
  BOOST_TEST((shapes::encoded<shapes::tree, packs>(top)) == shapes::encoded(top));
}

BOOST_AUTO_TEST_CASE(a_hundred_megabytes) {
  constexpr std::size_t size = 100'000'000;
  asset big{.id = "big", .data = std::string(size, 'x')};
  for (std::size_t i = 0; i < size; i += 1000) big.data[i] = '\n';
  {
    std::string out;
    BOOST_TEST_REQUIRE(json<asset>{}.encode(big, out).has_value());
    BOOST_TEST(out.size() == size + size / 1000 + 64);
    BOOST_TEST((json<asset>{}.decode(out) == big));
  }
  {
    std::string out;
    BOOST_TEST_REQUIRE(packs<asset>{}.encode(big, out).has_value());
    BOOST_TEST((packs<asset>{}.decode(out) == big));
  }
}

BOOST_AUTO_TEST_CASE(two_megabytes_of_what_must_be_escaped) {
  asset const value{.id = "controls",
                    .data = std::string(2'000'000, '\x01'),
                    .metadata = {{repeated("\xF0\x9F\x98\x80", 1000), std::string(100'000, '"')}}};
  BOOST_TEST((json<asset>{}.decode(shapes::encoded(value)) == value));
  BOOST_TEST((packs<asset>{}.decode(shapes::encoded<asset, packs>(value)) == value));
}

BOOST_AUTO_TEST_CASE(nothing_at_all) {
  BOOST_TEST(shapes::encoded(asset{}) == R"({"id":"","asset_type":"","data":"","metadata":{},"version":0})");
  BOOST_TEST((json<asset>{}.decode("{}") == asset{}));
  BOOST_TEST((packs<asset>{}.decode("\x80") == asset{}));
  BOOST_TEST((packs<asset>{}.decode(shapes::encoded<asset, packs>(asset{})) == asset{}));
  BOOST_TEST(!json<asset>{}.decode({}).has_value());
  BOOST_TEST(!packs<asset>{}.decode({}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
