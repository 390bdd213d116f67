// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/error.hpp>

#include <boost/test/unit_test.hpp>

#include <format>
#include <string>
#include <type_traits>

using namespace strata;

static_assert(sizeof(error) == 2 * sizeof(void*));
static_assert(std::is_nothrow_copy_constructible_v<error> && std::is_nothrow_move_constructible_v<error>);
static_assert(!std::is_polymorphic_v<error>);

BOOST_AUTO_TEST_SUITE(errors)

BOOST_AUTO_TEST_CASE(an_error_says_code_tier_and_sentence) {
  error const e{errc::timed_out, tier::warm, "no answer within 200 ms"};
  BOOST_TEST((e == errc::timed_out));
  BOOST_TEST((e.tier() == tier::warm));
  BOOST_TEST(e.text() == "no answer within 200 ms");
  BOOST_TEST(std::format("{}", e) == "warm: timed out: no answer within 200 ms");
}

BOOST_AUTO_TEST_CASE(without_a_sentence_the_code_speaks) {
  error const e{errc::closed};
  BOOST_TEST(e.text() == "closed");
  BOOST_TEST(std::format("{}", e) == "closed");
}

BOOST_AUTO_TEST_CASE(copies_share_the_sentence_and_outlive_each_other) {
  error kept{errc::closed};
  {
    error const first{errc::rejected, tier::cold, std::string(1'000, 'x')};
    kept = first;
    error copy{first};
    error const moved{std::move(copy)};
    BOOST_TEST((moved == first));
  }
  BOOST_TEST(kept.text().size() == 1'000u);
  error const other{std::move(kept)};
  kept = other;
  BOOST_TEST((kept == other));
}

BOOST_AUTO_TEST_CASE(every_code_has_a_name) {
  for (int code = 1; code <= 11; ++code) BOOST_TEST(to_string(static_cast<errc>(code)) != "not an error code");
  BOOST_TEST(to_string(static_cast<errc>(12)) == "not an error code");
}

BOOST_AUTO_TEST_CASE(a_failure_becomes_any_result) {
  result<int> const r = failure(errc::conflict, tier::cold, "another write was first");
  BOOST_TEST(!r.has_value());
  BOOST_TEST((r.error() == errc::conflict));
}

BOOST_AUTO_TEST_SUITE_END()
