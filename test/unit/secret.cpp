// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <format>
#include <fstream>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>

using strata::errc;
using strata::secret;

BOOST_AUTO_TEST_SUITE(secrets)

namespace {
template <class T>
concept streams = requires(std::ostream& out, T const& what) { out << what; };
static_assert(!streams<secret>);
static_assert(!std::formattable<secret, char>);

std::string written(std::string_view text) {
  std::string const path = "secret-of-a-test";
  std::ofstream{path, std::ios::binary} << text;
  return path;
}
}  // namespace

BOOST_AUTO_TEST_CASE(a_text_is_itself) {
  BOOST_TEST(secret{}.empty());
  BOOST_TEST(secret{""}.empty());
  char const* const not_set = nullptr;
  BOOST_TEST(secret{not_set}.empty());
  BOOST_TEST(secret{}.read().value() == "");
  BOOST_TEST(!secret{"open\n"}.empty());
  BOOST_TEST(secret{"open\n"}.read().value() == "open\n");
}

BOOST_AUTO_TEST_CASE(a_file_is_read_each_time_without_its_line_end) {
  auto const s = secret::in_file(written("first\r\n"));
  BOOST_TEST(s.read().value() == "first");
  written(" sec ond ");
  BOOST_TEST(s.read().value() == " sec ond ");
  written("\n");
  BOOST_TEST((s.read().error() == errc::unavailable));
  std::remove("secret-of-a-test");
  BOOST_TEST((s.read().error() == errc::unavailable));
  BOOST_TEST(s.read().error().text().contains("secret-of-a-test"));
  BOOST_TEST(!s.empty());
}

BOOST_AUTO_TEST_CASE(what_opens_and_cannot_be_read_holds_no_secret) {
  auto const folder = secret::in_file(".").read();
  BOOST_TEST((!folder && folder.error() == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_function_is_asked_each_time) {
  int asked = 0;
  auto const s = secret::from(
      [](void* times) -> std::string {
        int const n = ++*static_cast<int*>(times);
        if (n == 2) throw std::runtime_error{"12345"};
        return n == 3 ? "" : std::to_string(n);
      },
      &asked);
  BOOST_TEST(s.read().value() == "1");
  auto const threw = s.read();
  BOOST_TEST((!threw && threw.error() == errc::unavailable));
  BOOST_TEST(!threw.error().text().contains("12345"));
  BOOST_TEST((s.read().error() == errc::unavailable));
  BOOST_TEST(s.read().value() == "4");
  BOOST_TEST(!s.empty());
  BOOST_TEST(secret::from(nullptr).empty());
}

BOOST_AUTO_TEST_SUITE_END()
