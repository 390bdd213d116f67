// SPDX-License-Identifier: BSL-1.0
#include <strata/cache.hpp>
#include <strata/configured.hpp>
#include <strata/hot/lru.hpp>

#include <cstdint>
#include <string>

int main() {
  using names =
      strata::cache<strata::hot::lru, strata::none, strata::none, strata::codec::none<std::string, std::int64_t>>;
  auto opened = names::open({.hot = {.capacity_entries = 10}});
  auto& cache = opened.value();
  if (!cache.put(1, "one")) return 1;
  auto const hit = cache.get(1);
  if (!hit || *hit != "one") return 1;
  return strata::configured_cache<std::string>::open(strata::configured_options<std::string>()) ? 0 : 1;
}
