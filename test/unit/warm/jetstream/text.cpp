// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/text.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace strata::warm::jetstream_detail;

BOOST_AUTO_TEST_SUITE(text)

BOOST_AUTO_TEST_CASE(members_are_found_at_their_own_level) {
  std::string_view const doc =
      R"({"type":"x","message":{"seq":7,"data":"aGk="},"seq" : 5 ,"list":[{"seq":1},"]"],"last":true})";
  BOOST_TEST(json::member(doc, "seq") == "5");
  BOOST_TEST(json::member(json::member(doc, "message"), "seq") == "7");
  BOOST_TEST(json::member(json::member(doc, "message"), "data") == "aGk=");
  BOOST_TEST(json::member(doc, "last") == "true");
  BOOST_TEST(json::member(doc, "data") == "");
}

BOOST_AUTO_TEST_CASE(quotes_in_texts_do_not_end_them) {
  BOOST_TEST(json::member(R"({"a":"x\",\"seq\":9","seq":1})", "seq") == "1");
  BOOST_TEST(json::member(R"({"a\"b":1,"c":"\\"})", "c") == R"(\\)");
}

BOOST_AUTO_TEST_CASE(rubbish_has_no_members_and_does_no_harm) {
  std::string_view const doc =
      R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0})";
  for (std::size_t i = 0; i < doc.size(); ++i) (void)json::member(doc.substr(0, i), "seq");
  for (std::size_t i = 0; i < doc.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::string flipped{doc};
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      (void)json::member(json::member(flipped, "error"), "err_code");
    }
  for (std::string_view const bad : {"", "{", "[]", "{\"a", "{\"a\"", "{\"a\":", "{\"a\"1}", "null", "{,}"})
    BOOST_TEST(json::member(bad, "a").empty(), bad);
  BOOST_TEST(json::member("{\"a\":" + std::string(1'000'000, '['), "b").empty());
}

BOOST_AUTO_TEST_CASE(numbers_are_the_whole_text) {
  BOOST_TEST(number_in<std::uint64_t>("18446744073709551615").value() == UINT64_MAX);
  BOOST_TEST(number_in<std::uint32_t>("00ff00fF", 16).value() == 0xFF00FFU);
  for (std::string_view const bad : {"", " 1", "1 ", "+1", "-1", "1x", "18446744073709551616"})
    BOOST_TEST(!number_in<std::uint64_t>(bad), bad);
}

BOOST_AUTO_TEST_CASE(base64) {
  BOOST_TEST(from_base64("").value() == "");
  BOOST_TEST(from_base64("Zg==").value() == "f");
  BOOST_TEST(from_base64("Zm8=").value() == "fo");
  BOOST_TEST(from_base64("Zm9v").value() == "foo");
  BOOST_TEST(from_base64("Zm9vYmFy").value() == "foobar");
  BOOST_TEST(from_base64("/+8A").value() == std::string_view("\xff\xef\x00", 3));
  for (std::string_view const bad : {"Z", "Zm9", "Zm9v=", "Z===", "====", "Zm=v", "Zm 9", "Zm9v\n"})
    BOOST_TEST(!from_base64(bad), bad);
}

BOOST_AUTO_TEST_SUITE_END()
