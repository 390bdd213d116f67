// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "masked.hpp"
#include "wrong.hpp"

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

BOOST_AUTO_TEST_SUITE(cold_laws)

template <class Policy, class Report>
void try_laws(Report& report) {
  constexpr bool encodes = !requires { typename Policy::keeps_values; };
  strata::testing::cold_laws<std::conditional_t<encodes, masked, masked_without_codec>>(masked::as<Policy>(), report);
}

using right = std::tuple<strata::testing::memory_cold, wrong::encodes>;

BOOST_AUTO_TEST_CASE_TEMPLATE(hold, Policy, right) {
  strata::testing::tally tally;
  try_laws<Policy>(tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 1'000U);
}

using broken =
    std::tuple<wrong::forgets, wrong::mixes_keys_up, wrong::orders_by_version, wrong::starts_again_after_an_erase,
               wrong::keeps_the_callers_version, wrong::writes_what_is_there, wrong::expects_nothing,
               wrong::looks_before_it_writes, wrong::erases_without_a_trace, wrong::cannot_erase_nothing,
               wrong::answers_in_the_order_of_keys, wrong::keeps_the_first_of_two, wrong::counts_as_a_save,
               wrong::remembers_versions_only, wrong::says_no_and_does_it, wrong::hides_what_it_cannot_read,
               wrong::takes_what_it_cannot_write, wrong::logs_no_erases, wrong::waits_for_the_last_writer,
               wrong::settles_where_the_log_ends, wrong::counts_age_from_the_hold, wrong::believes_a_moment_to_come,
               wrong::names_who_held_first, wrong::lets_all_hold, wrong::never_lets_go,
               wrong::moves_for_whoever_held_once, wrong::compares_what_is_there, wrong::lists_what_is_there,
               wrong::keeps_a_life_for_ever, wrong::calls_erased_what_has_expired>;

BOOST_AUTO_TEST_CASE_TEMPLATE(name_what_a_policy_breaks, Policy, broken) {
  strata::testing::tally tally;
  try_laws<Policy>(tally);
  BOOST_TEST(tally.broke(Policy::breaks), std::string{Policy::breaks} << ": not found broken");
}

BOOST_AUTO_TEST_SUITE_END()
