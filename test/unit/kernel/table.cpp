// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/fifo.hpp>
#include <strata/kernel/table.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <unordered_map>
#include <vector>

using strata::kernel::fifo;
using strata::kernel::table;

BOOST_AUTO_TEST_SUITE(kernel_table)

// Few keys that share their low bits, so that runs form, wrap round the end and are torn open in the middle.
BOOST_AUTO_TEST_CASE(does_what_a_map_does) {
  std::mt19937_64 random{7};
  for (int round = 0; round < 50; ++round) {
    table<std::shared_ptr<std::uint64_t>> mine;
    std::unordered_map<std::uint64_t, std::uint64_t> model;
    for (std::uint64_t step = 0; step < 2'000; ++step) {
      std::uint64_t const key = (random() % 8) << 61U | (random() % 3) << 4U | random() % 4 | (random() % 2 ? 12U : 0U);
      if (random() % 5 < 3) {
        auto const [value, fresh] = mine.try_emplace(key);
        BOOST_REQUIRE(fresh == model.try_emplace(key, step).second);
        if (fresh) *value = std::make_shared<std::uint64_t>(step);
      } else {
        BOOST_REQUIRE(mine.erase(key) == (model.erase(key) == 1));
      }
      BOOST_REQUIRE(mine.size() == model.size());
      if (step % 50 != 0) continue;
      for (auto const& [k, v] : model) BOOST_REQUIRE((mine.find(k) && **mine.find(k) == v));
      std::size_t there = 0;
      mine.each([&](auto& value) {
        ++there;
        BOOST_REQUIRE(value.use_count() == 1);
      });
      BOOST_REQUIRE(there == model.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(an_empty_one_has_nothing) {
  table<int> t;
  BOOST_TEST(!t.find(0));
  BOOST_TEST(!t.erase(0));
  BOOST_TEST(t.size() == 0u);
}

BOOST_AUTO_TEST_CASE(first_in_first_out) {
  std::mt19937 random{7};
  fifo<int> mine;
  std::deque<int> model;
  for (int step = 0; step < 10'000; ++step) {
    if (random() % 100 < (step < 5'000 ? 60u : 40u)) {
      mine.push_back(step);
      model.push_back(step);
    } else if (!model.empty()) {
      BOOST_REQUIRE(mine.front() == model.front());
      mine.pop_front();
      model.pop_front();
    }
    BOOST_REQUIRE((mine.size() == model.size() && mine.empty() == model.empty()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
