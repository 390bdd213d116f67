// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/sanitized.hpp"

#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/testing/boost.hpp>
#include <strata/testing/laws/hot_history.hpp>

#include <boost/test/unit_test.hpp>

#include <tuple>
#include <utility>

// T4: 16 threads on the real hot tier, every read checked: 5,000,000 operations in all.
namespace {

constexpr std::uint64_t share = strata_test::sanitized ? 100'000 : 1'250'000;

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_threads)

// Each with one kind of box: counted, and with the value in it.
using strata::testing::counted_value, strata::testing::signed_value;
static_assert(strata::held_inline<signed_value> && !strata::held_inline<counted_value>);
using policies = std::tuple<std::pair<strata::hot::lru, counted_value>, std::pair<strata::hot::sieve, signed_value>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(one_shard, Policy, policies) {
  strata::testing::hot_history<typename Policy::first_type, typename Policy::second_type>(
      strata::testing::boost_report, {.entries = 200, .keys = 400, .operations = share});
}

BOOST_AUTO_TEST_CASE_TEMPLATE(several_shards, Policy, policies) {
  strata::testing::hot_history<typename Policy::first_type, typename Policy::second_type>(
      strata::testing::boost_report, {.entries = 20'000, .keys = 22'000, .operations = share});
}

BOOST_AUTO_TEST_SUITE_END()
