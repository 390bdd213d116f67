// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "counted.hpp"

#include <strata/hit.hpp>
#include <strata/lending.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace strata;

static_assert(sizeof(hit<std::string>) == 2 * sizeof(void*));
static_assert(std::is_nothrow_copy_constructible_v<hit<std::string>> &&
              std::is_nothrow_move_constructible_v<hit<std::string>>);
static_assert(std::is_same_v<decltype(*std::declval<hit<std::string>&>()), std::string const&>);

BOOST_AUTO_TEST_SUITE(hits)

BOOST_AUTO_TEST_CASE(a_hit_is_a_value_absent_or_an_error) {
  hit<std::string> const found{box<std::string>{revision{7}, "text"}, tier::cold, freshness::unverified};
  BOOST_TEST((found && !found.absent() && !found.failed()));
  BOOST_TEST(*found == "text");
  BOOST_TEST((found.tier() == tier::cold && found.freshness() == freshness::unverified));
  BOOST_TEST(number(found.revision()) == 7u);

  auto const absent = hit<std::string>::nothing(tier::warm);
  BOOST_TEST((!absent && absent.absent() && !absent.failed() && absent.tier() == tier::warm));
  BOOST_TEST(number(absent.revision()) == 0u);

  hit<std::string> const failed{error{errc::unavailable, tier::cold, "no server"}};
  BOOST_TEST((!failed && !failed.absent() && failed.failed()));
  BOOST_TEST((failed.error() == error{errc::unavailable, tier::cold, "no server"}));
}

BOOST_AUTO_TEST_CASE(a_value_lives_as_long_as_its_last_hit) {
  hit<counted> kept;
  {
    box<counted> const first{revision{1}, counted{}};
    kept = hit<counted>{first, tier::hot};
    BOOST_TEST(counted::alive == 1);
  }
  BOOST_TEST(counted::alive == 1);
  hit<counted> moved{std::move(kept)};
  BOOST_TEST((kept.absent() && moved));
  auto copy = moved;
  moved = {};
  BOOST_TEST(counted::alive == 1);
  copy = {};
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_hit_borrows_as_long_as_there_is_room_and_the_box_keeps_its_value) {
  std::vector<hit<counted>> held;
  {
    lending_box<counted> entry;
    box<counted> first{revision{1}, counted{}};
    entry.fill(first);
    BOOST_TEST(!first);
    hit<counted> brief{entry, tier::hot};
    BOOST_TEST(detail::ledger.loans() == 1U);
    auto const copy = brief;
    brief = {};
    BOOST_TEST((detail::ledger.loans() == 0U && copy));
    for (int i = 0; i < 12; ++i) held.emplace_back(entry, tier::hot);
    BOOST_TEST(detail::ledger.loans() == 8U);
    box<counted> second{revision{2}, counted{}};
    entry.swap(second);
    BOOST_TEST(detail::ledger.loans() == 0U);
    BOOST_TEST((number(second.revision()) == 1U && number(entry.revision()) == 2U));
    held.emplace_back(entry, tier::hot, freshness::stale);
    held.push_back(std::move(held.back()));
    BOOST_TEST((detail::ledger.loans() == 1U && held.back().freshness() == freshness::stale));
    lending_box<counted> const elsewhere{std::move(entry)};
    BOOST_TEST(detail::ledger.loans() == 1U);
  }
  BOOST_TEST(detail::ledger.loans() == 0U);
  BOOST_TEST(counted::alive == 2);
  held.clear();
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(errors_are_copied_and_dropped_with_their_hits) {
  hit<counted> failed{error{errc::rejected, tier::none, "a sentence of its own"}};
  auto copy = failed;
  failed = hit<counted>{box<counted>{revision{1}, counted{}}, tier::hot};
  BOOST_TEST(copy.error().text() == "a sentence of its own");
  std::swap(copy, failed);
  BOOST_TEST((failed.failed() && copy));
}

BOOST_AUTO_TEST_SUITE_END()
