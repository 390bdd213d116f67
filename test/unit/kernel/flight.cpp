// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/flight.hpp>
#include <strata/kernel/moment.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

using strata::kernel::moment;

namespace {
struct event {};
using flight = strata::kernel::flight<std::string, int, event>;
using flights = strata::kernel::flights<flight>;
auto made() { return std::make_shared<flight>(std::string_view{"k"}, moment{}); }
}  // namespace

BOOST_AUTO_TEST_SUITE(flights_under_way)  // K4, K12

BOOST_AUTO_TEST_CASE(beyond_so_many_none_is_registered_but_in_the_place_of_another) {
  flights all{2};
  BOOST_TEST((all.start(1, made()) && all.start(2, made())));
  BOOST_TEST(!all.start(3, made()));
  BOOST_TEST(all.count() == 2U);
  auto const later = made();
  BOOST_TEST(all.start(2, later));
  BOOST_TEST(all.leads(2, *later));
  all.end(2, *later);
  BOOST_TEST(all.start(3, made()));
}

BOOST_AUTO_TEST_CASE(one_that_was_replaced_ends_nobody_elses) {
  flights all{2};
  auto const first = made();
  auto const second = made();
  BOOST_TEST((all.start(1, first) && all.start(1, second)));
  all.end(1, *first);
  BOOST_TEST((all.find(1) == second));
  all.end(1, *second);
  BOOST_TEST((all.find(1) == nullptr && all.count() == 0U));
}

BOOST_AUTO_TEST_CASE(who_waits_for_whom_closes_a_circle_or_does_not) {
  auto const a = made(), b = made(), c = made();
  b->waits_for = c.get();
  BOOST_TEST(!closes_circle(*a, b.get()));
  c->waits_for = a.get();
  BOOST_TEST(closes_circle(*a, b.get()));
  BOOST_TEST(closes_circle(*a, a.get()));
}

BOOST_AUTO_TEST_SUITE_END()
