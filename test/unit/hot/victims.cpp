// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../../benchmarks/hit_ratio/twins.hpp"
#include "../../support/brief.hpp"
#include "model.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

// Every algorithm lets the same key go as its slow model, at every request. Here a short stream and few keys; ./dev bench
// hit-ratio --twins plays 10,000,000 requests over 64 keys, and the beginning of every trace.
namespace {
struct sized {
  std::uint64_t bytes;
};
struct nothing_else {
  strata::hasher<std::uint64_t> const& hash;
};
}  // namespace

template <>
struct strata::record<sized> : strata::default_record<sized> {
  static std::size_t bytes(sized const& s) noexcept { return s.bytes; }
};

BOOST_AUTO_TEST_SUITE(hot_victims)

BOOST_AUTO_TEST_CASE(are_those_of_the_model) {
  std::vector<hit_ratio::key> requests;
  for (std::size_t const keys : {64U, 400U}) {
    std::mt19937_64 random{keys};
    requests.clear();
    for (std::uint64_t i = 0; i < (strata_test::brief ? 2'000 : 20'000);
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

// The same where values differ in size and change it, with a miss that costs the same for all, as much as it has bytes, or
// something of both.
BOOST_AUTO_TEST_CASE(are_those_of_the_model_by_size_and_cost) {
  using strata::hot::gdsf_settings;
  constexpr std::uint64_t keys = 96;
  constexpr int requests = strata_test::brief ? 3'000 : 20'000;
  strata::hasher<std::uint64_t> const hash{1};
  for (auto const cost :
       {gdsf_settings{}, gdsf_settings{.each = 0, .per_byte = 1}, gdsf_settings{.each = 2, .per_byte = 1 / 536.0}})
    for (std::size_t const capacity_bytes : {1'000U, 20'000U, 100'000U}) {
      using tier_type = strata::hot::engine::tier<strata::hot::gdsf_order, std::uint64_t, sized, nothing_else,
                                                  strata::hot::engine::single_thread>;
      tier_type tier{{.capacity_entries = 48, .capacity_bytes = capacity_bytes, .eviction = cost}, {hash}};
      model::gdsf slow{48, capacity_bytes, cost.each, cost.per_byte};
      std::mt19937_64 random{capacity_bytes};
      int wrong = 0;
      for (int n = 1; n <= requests && wrong == 0; ++n) {
        std::uint64_t const word = random();
        std::uint64_t const k = word % (1 + (word >> 32U) % keys);
        std::uint64_t const bytes = 1 + (k * 7'919 + (word >> 60U)) % (std::uint64_t{1} << (k % 13U));
        bool const hit = tier.find(hash(k), [](auto const&) {});
        wrong += hit != slow.use(k);
        if (hit && word >> 52U & 15U) continue;
        (void)tier.install(hash(k), {strata::revision{static_cast<std::uint64_t>(n)}, sized{bytes}});
        slow.put(k, bytes);
        for (std::uint64_t i = 0; i < keys; ++i) wrong += tier.peek(hash(i), [](auto const&) {}) != slow.has(i);
        wrong += tier.bytes() != slow.held();
        BOOST_TEST(wrong == 0, "each " << cost.each << ", per byte " << cost.per_byte << ", " << capacity_bytes
                                       << " bytes: request " << n);
      }
      BOOST_TEST((tier.valid() && tier.stats().evictions > 100U));
    }
}

BOOST_AUTO_TEST_SUITE_END()
