// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The smallest cache, so that something also runs where only the headers are compiled.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>

BOOST_AUTO_TEST_CASE(a_cache_keeps_what_it_is_given) {
  using names =
      strata::cache<strata::hot::lru, strata::none, strata::none, strata::codec::none<std::string, std::int64_t>>;
  auto opened = names::open({.hot = {.capacity_entries = 10}});
  auto& cache = opened.value();
  BOOST_TEST(cache.put(1, "one").has_value());
  auto const hit = cache.get(1);
  BOOST_TEST((hit && *hit == "one"));
}
