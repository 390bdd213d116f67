// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What a read that falls through all three tiers costs beyond the calls it makes: the cache's get of a key that only cold
// has, against the same three calls to the same tiers (load from warm, load from cold, promote into warm) one after the
// other. Rounds alternate; `over_us` is the difference of the medians in microseconds; the parts stand beside it.
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/flow/seal.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using codec = strata::codec::json<strata::knowledge_asset>;
using knowledge = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres, codec>;
using context = strata::context<strata::monotonic_clock, strata::no_observer, codec>;
using warm_tier = strata::warm::jetstream::tier<std::string, strata::knowledge_asset, context>;
using cold_tier = strata::cold::postgres::tier<std::string, strata::knowledge_asset, context>;
using clock = std::chrono::steady_clock;

std::string given(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set: run this through test/servers"};
  return value;
}

double median(std::vector<double>& times) {
  std::ranges::nth_element(times, times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2));
  return times[times.size() / 2];
}

void fall_through(benchmark::State& state) {
  using namespace std::chrono_literals;
  knowledge::options settings{.hot = {.capacity_entries = 100'000},
                              .warm = {.servers = {given("STRATA_TEST_NATS")}, .replicas = 1, .max_bytes = 64 << 20},
                              .cold = {.connection = given("STRATA_TEST_POSTGRES")}};
  strata::monotonic_clock const time;
  strata::no_observer observer;
  codec const json;
  context const c{time, observer, json};
  warm_tier warm{settings.warm, c};
  cold_tier cold{settings.cold, c};
  auto opened = knowledge::open(settings);
  if (!opened || !opened->ready({.within = 10s})) return state.SkipWithError("the servers do not answer");
  auto const name = [](int i) { return "fall/" + std::to_string(i); };
  constexpr int rounds = 4'000;
  for (int i = 0; i < rounds; ++i) {
    auto const stored = cold.store(name(i), {.id = name(i), .asset_type = "template", .data = std::string(1'000, 'x')},
                                   strata::anything, clock::now() + 5s);
    if (!stored) return state.SkipWithError("cold refused");
  }
  std::vector<double> through, parts, loads_warm, loads_cold, seals, stores_warm;
  auto const us = [](auto from, auto to) { return std::chrono::duration<double, std::micro>(to - from).count(); };
  for (auto _ : state)
    for (int i = 0; i < rounds; ++i) {
      auto const start = clock::now();
      if (i % 2 == 0) {
        auto const hit = opened->get(name(i));
        if (hit.tier() != strata::tier::cold) return state.SkipWithError("not from cold");
        through.push_back(us(start, clock::now()));
      } else {
        auto const until = start + 2s;
        auto const seen = warm.load(name(i), until);
        auto const asked = clock::now();
        auto const found = cold.load(name(i), until);
        auto const answered = clock::now();
        if (!seen || !found || !found->value) return state.SkipWithError("a tier did not answer");
        auto const framed = strata::flow::seal(json, name(i), found->revision, *found->value);
        auto const sealed = clock::now();
        auto const stored = warm.store(*framed, seen->position, until);
        auto const end = clock::now();
        if (!stored) return state.SkipWithError("warm refused");
        parts.push_back(us(start, end));
        loads_warm.push_back(us(start, asked));
        loads_cold.push_back(us(asked, answered));
        seals.push_back(us(answered, sealed));
        stores_warm.push_back(us(sealed, end));
      }
    }
  double const whole = median(through);
  double const sum = median(parts);
  state.counters["through_us"] = whole;
  state.counters["parts_us"] = sum;
  state.counters["over_us"] = whole - sum;
  state.counters["warm_load_us"] = median(loads_warm);
  state.counters["cold_load_us"] = median(loads_cold);
  state.counters["encode_us"] = median(seals);
  state.counters["warm_store_us"] = median(stores_warm);
}
BENCHMARK(fall_through)->Name("read/fall_through")->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
