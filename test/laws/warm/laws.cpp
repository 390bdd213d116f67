// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "masked.hpp"
#include "wrong.hpp"

#include <strata/testing/laws/warm.hpp>
#include <strata/testing/memory_warm.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

BOOST_AUTO_TEST_SUITE(warm_laws)

namespace {
strata::testing::memory_warm::options shared() {
  return {.shared = std::make_shared<strata::testing::memory_warm::shelf>(), .max_payload_bytes = 100'000};
}
constexpr strata::testing::warm_traits traits{.too_big_bytes = 100'001, .patience = std::chrono::seconds{30}};
// What is wrong need not be waited for.
constexpr strata::testing::warm_traits hasty{.too_big_bytes = 100'001, .patience = std::chrono::milliseconds{150}};
}  // namespace

BOOST_AUTO_TEST_CASE(hold_for_the_tier_in_memory) {
  strata::testing::tally tally;
  strata::testing::warm_laws<masked>(masked::as<strata::testing::memory_warm>(shared()), tally, traits);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 400U);
}

using broken =
    std::tuple<wrong::loses_some, wrong::folds_case, wrong::forgets_the_end, wrong::cuts_payloads_at_zero,
               wrong::is_never_vacant, wrong::ignores_positions, wrong::gives_another_position, wrong::takes_the_older,
               wrong::erases_without_a_trace, wrong::takes_any_size, wrong::oversleeps, wrong::answers_in_another_order,
               wrong::stores_the_last_of_many, wrong::tells_no_erases, wrong::never_stops_telling,
               wrong::begins_at_zero, wrong::leaves_out_what_it_hears_first, wrong::tells_twice, wrong::ignores_renewal,
               wrong::resumes_without_a_loss, wrong::ends_before_its_last, wrong::ends_after_its_last,
               wrong::looks_then_stores, wrong::throws>;

BOOST_AUTO_TEST_CASE_TEMPLATE(name_what_a_policy_breaks, Policy, broken) {
  strata::testing::tally tally;
  strata::testing::warm_laws<masked>(masked::as<Policy>(shared()), tally, hasty);
  BOOST_TEST(tally.broke(Policy::breaks), std::string{Policy::breaks} << ": not found broken");
}

BOOST_AUTO_TEST_SUITE_END()
