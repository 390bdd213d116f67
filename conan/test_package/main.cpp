// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/sieve.hpp>
#ifdef HAS_nats
#include <strata/warm/jetstream.hpp>
#endif
#ifdef HAS_postgres
#include <strata/cold/postgres.hpp>
#endif
#ifdef HAS_sqlite
#include <strata/cold/sqlite.hpp>
#endif
#ifdef HAS_json
#include <strata/codec/json.hpp>
#endif
#ifdef HAS_msgpack
#include <strata/codec/msgpack.hpp>
#endif

#include <iostream>
#include <string>
#include <vector>

struct city {
  std::string id{};
  int people = 0;
};

int main() {
  using cities = strata::cache<strata::hot::sieve, strata::none, strata::none, strata::codec::none<city>>;
  auto opened = cities::open({.hot = {.capacity_entries = 100}});
  if (!opened) return 1;
  cities& cache = *opened;
  if (!cache.put({.id = "Oslo", .people = 717'710})) return 1;
  std::vector<std::string> const asked{"Oslo", "Atlantis"};
  for (auto const& [id, hit] : cache.get_many(asked)) std::cout << id << ": " << (hit ? hit->people : 0) << '\n';
  return cache.get("Oslo") && cache.get("Atlantis").absent() ? 0 : 1;
}
