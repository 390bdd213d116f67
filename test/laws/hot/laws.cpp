// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/sanitized.hpp"

#include <strata/hot/adaptive.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/single_thread.hpp>
#include <strata/hot/tinylfu.hpp>
#include <strata/testing/laws/hot.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

BOOST_AUTO_TEST_SUITE(hot_laws)

namespace hot = strata::hot;
template <class... Policies>
using for_all_callers =
    std::conditional_t<strata_test::threads_sanitized, std::tuple<Policies...>,  // the others are for one thread
                       std::tuple<Policies..., hot::single_thread<Policies>...>>;
using shipped =
    for_all_callers<hot::lru, hot::lru_exact, hot::sieve, hot::s3fifo, hot::tinylfu, hot::adaptive, hot::gdsf>;

template <class Policy>
void all_hold() {
  strata::testing::tally tally;
  strata::testing::hot_laws<Policy>(tally);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 25'000U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(hold, Policy, shipped) { all_hold<Policy>(); }

using beside = std::tuple<hot::epoch_read<hot::lru>, hot::epoch_read<hot::sieve>, hot::epoch_read<hot::s3fifo>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(hold_beside_writers, Policy, beside) { all_hold<Policy>(); }

BOOST_AUTO_TEST_SUITE_END()
