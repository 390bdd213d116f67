// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Each policy of one's own under the laws of its kind, one line each.
#include "bookmark.hpp"
#include "clock.hpp"
#include "folder.hpp"

#include <strata/testing/boost.hpp>
#include <strata/testing/laws/codec.hpp>
#include <strata/testing/laws/hot.hpp>
#include <strata/testing/laws/warm.hpp>

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

using namespace strata::testing;

BOOST_AUTO_TEST_CASE(clock_keeps_the_laws) { hot_laws<mine::clock>(boost_report); }

BOOST_AUTO_TEST_CASE(folder_keeps_the_laws) {
  auto const place = std::filesystem::temp_directory_path() / "folder-laws";
  warm_laws<mine::folder>({.path = place, .max_payload_bytes = 100'000}, boost_report, {.too_big_bytes = 100'001});
  std::filesystem::remove_all(place);
}

BOOST_AUTO_TEST_CASE(lines_keep_the_laws) {
  std::vector<mine::bookmark> const samples{
      {},
      {.id = "a", .url = "https://example.org/?q=1&r=\\n", .note = "two\nlines=\\", .version = -3},
      {.id = "\xC3\xA9", .url = "", .note = "=", .version = 9'223'372'036'854'775'807},
  };
  codec_laws<mine::lines>(samples, boost_report);
}

// What the folder holds of a key may be anything: it is a miss, and the next store mends it.
BOOST_AUTO_TEST_CASE(a_damaged_file_is_a_vacancy) {
  struct nothing {};
  using tier = mine::folder::tier<std::string, mine::bookmark, nothing>;
  auto const place = std::filesystem::temp_directory_path() / "folder-damaged";
  auto const soon = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  tier one{{.path = place}, nothing{}};
  strata::frame f;
  f.key = "key";
  f.payload = "payload";
  BOOST_REQUIRE(one.store(f, std::nullopt, soon).has_value());
  auto const file = place / mine::detail::file_of("key");
  std::string const whole{std::istreambuf_iterator<char>{std::ifstream{file}.rdbuf()}, {}};
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    std::ofstream{file, std::ios::trunc} << whole.substr(0, cut);
    BOOST_TEST(!one.load("key", soon)->frame.has_value());
  }
  BOOST_REQUIRE(one.store(f, strata::position{}, soon).has_value());
  BOOST_TEST(one.load("key", soon)->frame.has_value());
  std::filesystem::remove_all(place);
}

// Only what is not there is a vacancy: what may be there, and cannot be looked at, is an error.
BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_opened_is_told) {
  struct nothing {};
  using tier = mine::folder::tier<std::string, mine::bookmark, nothing>;
  auto const place = std::filesystem::temp_directory_path() / "folder-closed";
  auto const soon = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  tier one{{.path = place}, nothing{}};
  BOOST_TEST(!one.load("key", soon)->frame.has_value());
  auto const itself = mine::detail::file_of("key");
  std::filesystem::create_symlink(itself, place / itself);
  auto const is_told = [](auto const& answer) {
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error() == strata::errc::unavailable));
    BOOST_TEST(answer.error().text() == std::generic_category().message(ELOOP));
  };
  is_told(one.load("key", soon));
  strata::frame f;
  f.key = "key";
  is_told(one.store(f, std::nullopt, soon));
  std::filesystem::remove_all(place);
}
