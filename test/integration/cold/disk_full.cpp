// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <format>
#include <fstream>
#include <random>
#include <string>

using namespace cold_test;
using strata::errc;

// A disk of 16 MiB comes with ./dev; without it this cannot be tried.
static bool const tried = [] {
  if (::access("/tiny", W_OK) == 0) return true;
  std::puts("not run: there is no small disk at /tiny to fill");
  std::fflush(stdout);
  ::_exit(77);
}();

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_and_nothing_is_lost) {
  BOOST_REQUIRE(tried);
  std::filesystem::remove_all("/tiny/space");  // of another build's run
  std::filesystem::create_directory("/tiny/space");
  std::ofstream{"/tiny/ballast"} << std::string(3U << 20U, 'x');
  other sql;
  sql("create tablespace tiny location '/tiny/space'");
  sql("alter database strata set default_tablespace = tiny");
  opened_notes cold{on("filled")};
  BOOST_REQUIRE(cold.tier.store("first", {.id = "first", .text = "first"}, strata::anything, soon()));
  std::minstd_rand random{1};
  std::string text(400'000, ' ');
  int stored = 0;
  strata::result<strata::written> r;
  for (; stored < 200; ++stored) {
    for (auto& c : text) c = static_cast<char>('a' + random() % 26);
    auto const key = std::format("k{}", stored);
    r = cold.tier.store(key, {.id = key, .text = text}, strata::anything, soon());
    if (!r) break;
  }
  BOOST_TEST_REQUIRE(!r.has_value());
  BOOST_TEST((r.error() == errc::unavailable), why(r));
  BOOST_TEST(r.error().text().contains("No space left"), why(r));
  BOOST_TEST(stored > 3);
  BOOST_TEST(!cold.tier.load(std::format("k{}", stored), soon())->value);
  for (int i = 0; i < stored; ++i)
    BOOST_TEST(cold.tier.load(std::format("k{}", i), soon())->value->text.size() == text.size());
  // With room again it goes on.
  std::filesystem::remove("/tiny/ballast");
  auto const again = cold.tier.store("first", {.id = "first", .text = "second"}, strata::anything, soon());
  BOOST_TEST(bool(again), why(again));
}
