// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../../benchmarks/hit_ratio/twins.hpp"
#include "../../support/sanitized.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

// Every algorithm lets the same key go as its slow model, at every request. Here a short stream and few keys; ./dev bench
// hit-ratio --twins plays 10,000,000 requests over 64 keys, and the beginning of every trace.
BOOST_AUTO_TEST_SUITE(hot_victims)

BOOST_AUTO_TEST_CASE(are_those_of_the_model) {
  std::vector<hit_ratio::key> requests;
  for (std::size_t const keys : {64U, 400U}) {
    std::mt19937_64 random{keys};
    requests.clear();
    for (std::uint64_t i = 0; i < (strata_test::sanitized ? 2'000 : 20'000);
         ++i) {  // skewed, with a loop in between and others popular later
      std::uint64_t const word = random();
      std::uint64_t const one = i % 5'000 < 1'000 ? i % (keys / 2) : word % (1 + (word >> 32U) % keys) + i / 7'000 * 13;
      requests.push_back(static_cast<hit_ratio::key>(one % keys));
    }
    for (auto const& [name, part] : hit_ratio::all_twins)
      for (std::size_t const capacity : {1U, 2U, 3U, 7U, 32U, 63U, 200U}) {
        std::string const where = part(requests, keys, capacity);
        BOOST_TEST(where == "", name << ", capacity " << capacity << ", " << keys << " keys: " << where);
      }
  }
}

BOOST_AUTO_TEST_SUITE_END()
