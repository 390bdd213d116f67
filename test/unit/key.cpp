// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/key.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <limits>
#include <string>

using namespace strata;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(keys)

BOOST_AUTO_TEST_CASE(the_rule_for_ids) {
  BOOST_TEST(key_fault("a").empty());
  BOOST_TEST(key_fault(std::string(512, 'x')).empty());
  BOOST_TEST(key_fault("a.b *>\r\n\t../ \xF0\x9F\x8C\x8D \xC3\xA9").empty());
  BOOST_TEST(key_fault("") == "the key is empty; a key has 1 to 512 bytes");
  BOOST_TEST(key_fault(std::string(513, 'x')) == "the key is longer than 512 bytes");
  BOOST_TEST(key_fault("a\0b"s) == "the key holds a NUL byte");
  BOOST_TEST(key_fault("\xFF") == "the key is not valid UTF-8");
}

BOOST_AUTO_TEST_CASE(utf8_by_the_table_of_the_standard) {
  auto const good = [](std::string const& s) { return text_fault(s).empty(); };
  BOOST_TEST(good("\xC2\x80"));
  BOOST_TEST(good("\xDF\xBF"));
  BOOST_TEST(good("\xE0\xA0\x80"));
  BOOST_TEST(good("\xED\x9F\xBF"));
  BOOST_TEST(good("\xEF\xBF\xBF"));
  BOOST_TEST(good("\xF0\x90\x80\x80"));
  BOOST_TEST(good("\xF4\x8F\xBF\xBF"));
  BOOST_TEST(!good("\xC0\x80"));  // overlong
  BOOST_TEST(!good("\xC1\xBF"));
  BOOST_TEST(!good("\xE0\x9F\xBF"));
  BOOST_TEST(!good("\xED\xA0\x80"));  // a surrogate
  BOOST_TEST(!good("\xF0\x8F\xBF\xBF"));
  BOOST_TEST(!good("\xF4\x90\x80\x80"));  // beyond the last plane
  BOOST_TEST(!good("\xF5\x80\x80\x80"));
  BOOST_TEST(!good("\x80"));
  BOOST_TEST(!good("a\xC3"));  // cut off
  BOOST_TEST(!good("\xE2\x82"));
  BOOST_TEST(!good("\xF0\x9F\x8C"));
  BOOST_TEST(!good("\xE2\x28\xA1"));
}

BOOST_AUTO_TEST_CASE(integers_are_decimal_below_hot) {
  for (std::int64_t const k : {std::int64_t{0}, std::int64_t{-5}, std::numeric_limits<std::int64_t>::max(),
                               std::numeric_limits<std::int64_t>::min()}) {
    auto const text = key<std::int64_t>::text(k);
    BOOST_TEST((key<std::int64_t>::parse(text) == k));
  }
  BOOST_TEST(key<unsigned>::text(17u) == "17");
  BOOST_TEST(!key<unsigned>::parse("17 ").has_value());
  BOOST_TEST(!key<unsigned>::parse("").has_value());
  BOOST_TEST(!key<unsigned>::parse("-1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
