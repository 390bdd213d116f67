// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"

#include <strata/hot/adaptive.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>
#include <strata/testing/boost.hpp>
#include <strata/testing/laws/hot_history.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>

// T4: 16 threads on the real hot tier, every read checked: 5,000,000 operations of the default and of one whose readers
// take no lock, fewer of the others.
namespace {

namespace hot = strata::hot;

// Each with one kind of box: counted, and with the value in it.
using strata::testing::counted_value, strata::testing::signed_value;
static_assert(strata::held_inline<signed_value> && !strata::held_inline<counted_value>);

template <class Policy, class Value, std::uint64_t Operations>
struct of {
  static void run(std::size_t entries, std::size_t keys, std::uint64_t most = Operations) {
    std::uint64_t const operations = std::min(Operations, most);
    strata::testing::hot_history<Policy, Value>(
        strata::testing::boost_report,
        {.entries = entries,
         .keys = keys,
         .operations = strata_test::brief ? std::min<std::uint64_t>(operations / 6, 100'000) : operations});
  }
};
using policies =
    std::tuple<of<hot::lru, counted_value, 5'000'000>, of<hot::sieve, signed_value, 1'250'000>,
               of<hot::lru_exact, signed_value, 300'000>, of<hot::s3fifo, counted_value, 300'000>,
               of<hot::tinylfu, signed_value, 300'000>, of<hot::gdsf, counted_value, 300'000>,
               of<hot::adaptive, counted_value, 300'000>, of<hot::epoch_read<hot::sieve>, counted_value, 5'000'000>,
               of<hot::epoch_read<hot::lru>, signed_value, 1'250'000>,
               of<hot::epoch_read<hot::s3fifo>, counted_value, 300'000>>;

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_threads)

BOOST_AUTO_TEST_CASE_TEMPLATE(one_shard, Policy, policies) { Policy::run(200, 400); }

BOOST_AUTO_TEST_CASE_TEMPLATE(several_shards, Policy, policies) { Policy::run(40'000, 44'000, 1'250'000); }

BOOST_AUTO_TEST_CASE_TEMPLATE(hardly_any_room, Policy, policies) {
  for (std::size_t const entries : {1U, 2U, 3U}) Policy::run(entries, 6, 30'000);
}

BOOST_AUTO_TEST_SUITE_END()
