// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What the cache costs beyond the calls it makes, when nothing fails. Ways take turns; times are medians in microseconds,
// over eight pairs of a cache and its tiers alone: of two connections to a server one may be slower by two or three in a
// hundred, all its life, and who connected first matters as much. Client and servers have processors of their own, as on
// two machines: where the scheduler may choose, it does so differently for the two ways, and a load takes ten in a hundred
// longer or shorter for that.
// Memory has its usual 1,000 entries and is full, as it is in a service that has run for a while: keeping another copy then
// takes the place of an old one, and not pages that the system has yet to give.
//   read/fall_through  get of a key that only cold has, against the same calls to the same tiers one after the other: look
//                      into memory, load from warm, load from cold, keep in memory, store in warm. `over_us` is the difference
//   read/from_warm     get of a key that warm has, against the same calls: look into memory, load from warm, decode, keep in
//                      memory. `ratio`
//   read/past_deadline  gets and puts with deadlines of 20 to 300 ms while NATS, PostgreSQL, then both are stopped in the
//                      middle of what they do: by how much the worst of `calls` outlived its deadline; more than the 50 ms that
//                      are promised is an error, but in a brief run, which the other tests disturb
//   read/trips_of_put  round trips a put on either wire, beyond what the cache's own threads do when there are none; what
//                      these do because of a put, such as looking whether warm has it, is in it
//   read/restart       a cache that had the 1,000 most used of 10,000 assets in memory is opened again, with limits.warm_up_entries:
//                      `full_ms` from open() until all of these are there, median, `worst_ms` of `times`, and the share of the
//                      same requests (Zipf) that memory answers then, `hits`, against `former_hits` before
#include "../examples/knowledge/zipf.hpp"
#include "../test/faults/servers.hpp"
#include "../test/support/tcp_proxy.hpp"
#include "apart.hpp"

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/flow/seal.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/query/usage.hpp>
#include <strata/warm/jetstream.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using codec = strata::codec::json<strata::knowledge_asset>;
using knowledge = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres, codec>;
using context = strata::context<strata::monotonic_clock, strata::no_observer, codec>;
using warm_tier = strata::warm::jetstream::tier<std::string, strata::knowledge_asset, context>;
using cold_tier = strata::cold::postgres::tier<std::string, strata::knowledge_asset, context>;
using hot_tier = strata::tier_in_memory<strata::hot::lru, strata::cold::postgres, codec>;
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

using namespace std::chrono_literals;

knowledge::options settings_of(std::string nats, std::string postgres) {
  return {.warm = {.servers = {std::move(nats)}, .replicas = 1, .max_bytes = 64 << 20},
          .cold = {.connection = std::move(postgres)}};
}
strata::knowledge_asset asset(std::string id) {
  return {.id = std::move(id), .asset_type = "template", .data = std::string(1'000, 'x')};
}
double us(clock::time_point from, clock::time_point to) {
  return std::chrono::duration<double, std::micro>(to - from).count();
}

/// What memory is full of before a time is taken.
std::vector<std::string> filling() {
  std::vector<std::string> all;
  for (int i = 0; i < 1'000; ++i) all.push_back("filling/" + std::to_string(i));
  return all;
}
/// Stores an asset for each of these ids. \returns whether all are in cold and in warm
bool store(knowledge::options const& settings, std::vector<std::string> const& ids) {
  std::vector<strata::knowledge_asset> all;
  for (auto const& id : ids) all.push_back(asset(id));
  auto cache = knowledge::open(settings);
  if (!cache || !cache->ready({.within = 10s})) return false;
  return std::ranges::all_of(cache->put_many(all, {.within = 20s}),
                             [](auto const& done) { return done && !done->degraded; });
}

/// The tiers without a cache, each called as a cache calls it; warm tells of changes, as it does for a cache.
class alone {
 public:
  alone(knowledge::options const& settings, context const& c)
      : warm{settings.warm, c}, cold{settings.cold, c}, memory_{settings.hot, {c, hash_}} {
    for (auto const& id : filling()) keep(id, asset(id), strata::revision{1});
  }

  [[nodiscard]] bool remembers(std::string const& id) {
    return memory_.find(hash_(id), [](auto const&) {});
  }
  void keep(std::string const& id, strata::knowledge_asset value, strata::revision r) {
    auto const key = hash_(id);
    strata::box<strata::knowledge_asset> copy{r, std::move(value)};
    (void)memory_.install(key, strata::prepare_install<std::string, strata::knowledge_asset>(memory_, key, copy));
  }

  warm_tier warm;
  cold_tier cold;

 private:
  strata::warm::jetstream::subscription feed_ = warm.follow([](auto const&) {});
  strata::hasher<std::string> hash_;
  hot_tier memory_;
};

/// A cache and the tiers alone, connected to the same servers.
struct both {
  /// \param of  which pair it is: who connects first takes turns, since it is not all the same
  both(int of, knowledge::options const& settings, context const& c) {
    if (of % 2 == 0) tiers.emplace(settings, c);
    cache.emplace(settings);
    full = cache->ready({.within = 10s}) &&
           std::ranges::all_of(cache->get_many(filling(), {.within = 20s}),
                               [](auto const& found) { return static_cast<bool>(found.second); });
    if (of % 2 != 0) tiers.emplace(settings, c);
  }

  std::optional<knowledge> cache;
  std::optional<alone> tiers;
  bool full = false;  ///< whether the servers answered, and memory is
};

constexpr int usual_rounds = 4'000;
int rounds = usual_rounds;
int const pairs = 8;

void fall_through(benchmark::State& state) {
  auto const settings = settings_of(given("STRATA_TEST_NATS"), given("STRATA_TEST_POSTGRES"));
  strata::monotonic_clock const time;
  strata::no_observer observer;
  codec const json;
  context const c{time, observer, json};
  cold_tier writer{settings.cold, c};  // a third party: the connection that has just stored answers a load sooner
  if (!store(settings, filling())) return state.SkipWithError("the servers do not answer");
  auto const name = [](int i) { return "fall/" + std::to_string(i); };
  std::vector<double> through, parts, loads_warm, loads_cold, keeps, stores_warm;
  for (auto _ : state)
    for (int of = 0; of < pairs; ++of) {
      both ways{of, settings, c};
      if (!ways.full) return state.SkipWithError("the servers do not answer");
      auto& tiers = *ways.tiers;
      for (int i = of; i < rounds; i += pairs) {
        if (!writer.store(name(i), asset(name(i)), strata::anything, clock::now() + 5s))
          return state.SkipWithError("cold refused");
        auto const start = clock::now();
        if (i / pairs % 2 == 0) {
          auto const hit = ways.cache->get(name(i));
          if (hit.tier() != strata::tier::cold) continue;  // who keeps warm in step was faster
          through.push_back(us(start, clock::now()));
        } else {
          auto const until = start + 2s;
          auto const id = name(i);
          bool const kept = tiers.remembers(id);
          auto const seen = tiers.warm.load(id, until);
          if (kept || !seen || seen->frame) continue;
          auto const asked = clock::now();
          auto found = tiers.cold.load(id, until);
          auto const answered = clock::now();
          if (!found || !found->value) return state.SkipWithError("a tier did not answer");
          auto const framed = strata::flow::seal(json, id, found->revision, *found->value);
          tiers.keep(id, *std::move(found->value), found->revision);
          auto const kept_at = clock::now();
          auto const stored = tiers.warm.store(*framed, seen->position, until);
          auto const end = clock::now();
          if (!stored) continue;
          parts.push_back(us(start, end));
          loads_warm.push_back(us(start, asked));
          loads_cold.push_back(us(asked, answered));
          keeps.push_back(us(answered, kept_at));
          stores_warm.push_back(us(kept_at, end));
        }
      }
    }
  auto const enough = static_cast<std::size_t>(rounds / 8);
  if (through.size() < enough || parts.size() < enough) return state.SkipWithError("too few from cold");
  double const whole = median(through);
  double const sum = median(parts);
  state.counters["through_us"] = whole;
  state.counters["parts_us"] = sum;
  state.counters["over_us"] = whole - sum;
  state.counters["warm_load_us"] = median(loads_warm);
  state.counters["cold_load_us"] = median(loads_cold);
  state.counters["encode_and_keep_us"] = median(keeps);
  state.counters["warm_store_us"] = median(stores_warm);
}
BENCHMARK(fall_through)->Name("read/fall_through")->Iterations(1)->Unit(benchmark::kMillisecond);

void from_warm(benchmark::State& state) {
  auto const settings = settings_of(given("STRATA_TEST_NATS"), given("STRATA_TEST_POSTGRES"));
  strata::monotonic_clock const time;
  strata::no_observer observer;
  codec const json;
  context const c{time, observer, json};
  auto const name = [](int i) { return "warm/" + std::to_string(i); };
  std::vector<std::string> names;
  for (int i = 0; i < rounds; ++i) names.push_back(name(i));
  if (!store(settings, filling()) || !store(settings, names))
    return state.SkipWithError("the servers do not answer, or a value is not in warm");
  std::vector<double> through, parts, loads;
  for (auto _ : state)
    for (int of = 0; of < pairs; ++of) {
      both ways{of, settings, c};
      if (!ways.full) return state.SkipWithError("the servers do not answer");
      auto& tiers = *ways.tiers;
      for (int i = 0; i < rounds; ++i) {
        auto const start = clock::now();
        if (i % 2 == 0) {
          auto const hit = ways.cache->get(name(i));
          if (hit.tier() != strata::tier::warm) return state.SkipWithError("not from warm");
          through.push_back(us(start, clock::now()));
        } else {
          auto const id = name(i);
          bool const kept = tiers.remembers(id);
          auto const seen = tiers.warm.load(id, start + 2s);
          auto const loaded = clock::now();
          if (kept || !seen || !seen->frame) return state.SkipWithError("warm refused");
          auto value = json.decode(seen->frame->payload);
          if (!value) return state.SkipWithError("warm refused");
          tiers.keep(id, *std::move(value), seen->frame->revision);
          parts.push_back(us(start, clock::now()));
          loads.push_back(us(start, loaded));
        }
      }
    }
  double const whole = median(through);
  double const sum = median(parts);
  state.counters["through_us"] = whole;
  state.counters["parts_us"] = sum;
  state.counters["load_us"] = median(loads);
  state.counters["ratio"] = whole / sum;
}
BENCHMARK(from_warm)->Name("read/from_warm")->Iterations(1)->Unit(benchmark::kMillisecond);

constexpr double promised_ms = 50;

void past_deadline(benchmark::State& state) {
  auto cache = knowledge::open(settings_of(given("STRATA_TEST_NATS"), given("STRATA_TEST_POSTGRES")));
  double most = 0;
  int calls = 0;
  for (auto _ : state)
    for (int which = 1; which <= 3; ++which) {
      if (!cache || !cache->ready({.within = 20s})) return state.SkipWithError("the servers do not answer");
      std::optional<faults::frozen> warm, cold;
      if (which != 2) warm.emplace(faults::nats_of_this_run().process());
      if (which != 1) cold.emplace(faults::postgres_of_this_run().process());
      for (auto const end = clock::now() + 1ms * rounds / 2; clock::now() < end; ++calls) {
        auto const within = 20ms * (1 + calls % 15);
        auto const id = std::format("late/{}", calls);
        auto const start = clock::now();
        if (calls % 2 == 0)
          (void)cache->get(id, {.within = within});
        else
          (void)cache->put(asset(id), {.within = within});
        most = std::max(most, us(start + within, clock::now()) / 1'000);
      }
    }
  state.counters["most_over_ms"] = most;
  state.counters["calls"] = calls;
  if (most > promised_ms && rounds >= usual_rounds)
    state.SkipWithError(std::format("a call outlived its deadline by {:.0f} ms", most));
}
BENCHMARK(past_deadline)->Name("read/past_deadline")->Iterations(1)->Unit(benchmark::kMillisecond);

void trips_of_put(benchmark::State& state) {
  auto const nats = given("STRATA_TEST_NATS");
  auto const postgres = given("STRATA_TEST_POSTGRES");
  auto const port_at = postgres.find("port=") + std::string_view{"port="}.size();
  strata_test::tcp_proxy to_warm{std::stoi(nats.substr(nats.rfind(':') + 1))};
  strata_test::tcp_proxy to_cold{std::stoi(postgres.substr(port_at))};
  auto const there = postgres.substr(0, port_at) + std::to_string(to_cold.port()) +
                     postgres.substr(std::min(postgres.find(' ', port_at), postgres.size()));
  auto cache = knowledge::open(settings_of(std::format("nats://127.0.0.1:{}", to_warm.port()), there));
  if (!cache || !cache->ready({.within = 10s})) return state.SkipWithError("the servers do not answer");
  struct trips {
    clock::time_point when;
    double warm, cold;
  };
  auto const seen = [&] {
    return trips{clock::now(), static_cast<double>(to_warm.round_trips()), static_cast<double>(to_cold.round_trips())};
  };
  (void)cache->put(asset("trips/first"));
  for (auto _ : state) {
    auto const before = seen();
    std::this_thread::sleep_for(1s);
    auto const idle = seen();
    constexpr int puts = 300;
    for (int i = 0; i < puts; ++i)
      if (!cache->put(asset(std::format("trips/{}", i)))) return state.SkipWithError("a put failed");
    auto const after = seen();
    double const as_idle = us(idle.when, after.when) / us(before.when, idle.when);
    state.counters["warm"] = (after.warm - idle.warm - as_idle * (idle.warm - before.warm)) / puts;
    state.counters["cold"] = (after.cold - idle.cold - as_idle * (idle.cold - before.cold)) / puts;
  }
}
BENCHMARK(trips_of_put)->Name("read/trips_of_put")->Iterations(1)->Unit(benchmark::kMillisecond);

void restart(benchmark::State& state) {
  auto const room = static_cast<std::size_t>(rounds / 4);  // as much as is usual, but where this is run briefly
  int const times = std::max(rounds / 400, 1);
  auto settings = settings_of(given("STRATA_TEST_NATS"), given("STRATA_TEST_POSTGRES"));
  settings.warm.stream = "RESTART";
  settings.warm.prefix = "restart.cache";
  settings.hot.capacity_entries = room;
  settings.cold.table = "restart_artifacts";  // where nothing else has been used
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < 10 * room; ++i) ids.push_back(std::format("restart/{}", i));
  knowledge_tool::zipf draw{ids.size(), 0.99, 1};
  std::vector<std::size_t> requests(25 * static_cast<std::size_t>(rounds));
  for (auto& one : requests) one = draw.next();
  // What get would find in memory; asked so that what is missing stays below.
  auto const hits = [&](knowledge& cache) {
    auto const found = std::ranges::count_if(requests, [&](auto i) { return static_cast<bool>(cache.peek(ids[i])); });
    return static_cast<double>(found) / static_cast<double>(requests.size());
  };
  std::vector<double> full;
  for (auto _ : state) {
    if (!store(settings, ids)) return state.SkipWithError("the servers do not answer");
    double former = 0;
    {
      auto cache = knowledge::open(settings);
      if (!cache || !cache->ready({.within = 10s})) return state.SkipWithError("the servers do not answer");
      for (auto const i : requests)
        if (!cache->get(ids[i])) return state.SkipWithError("a read failed");
      former = hits(*cache);
    }  // closing makes counts durable
    settings.limits.warm_up_entries = room;
    for (int n = 0; n < times; ++n) {
      auto const begun = clock::now();
      auto cache = knowledge::open(settings);
      while (cache && cache->hot().entries() < room && clock::now() < begun + 20s) std::this_thread::sleep_for(1ms);
      full.push_back(us(begun, clock::now()) / 1'000);
      auto const most = popular(*cache, room);
      if (!most ||
          !std::ranges::all_of(*most, [&](auto const& one) { return static_cast<bool>(cache->peek(one.key)); }))
        return state.SkipWithError("memory does not have what is used most");
      if (n + 1 == times) state.counters["hits"] = hits(*cache);
    }
    state.counters["former_hits"] = former;
  }
  state.counters["times"] = static_cast<double>(full.size());
  state.counters["worst_ms"] = std::ranges::max(full);
  state.counters["full_ms"] = median(full);
}
BENCHMARK(restart)->Name("read/restart")->Iterations(1)->Unit(benchmark::kMillisecond);

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (argc == 3 && std::string_view{argv[1]} == "--rounds")
    rounds = std::max(std::atoi(argv[2]), 16);
  else if (benchmark::ReportUnrecognizedArguments(argc, argv))
    return 2;
  apart::from({given("STRATA_TEST_FOLDER") + "/postgres/postmaster.pid", given("STRATA_TEST_FOLDER") + "/nats/pid"});
  benchmark::RunSpecifiedBenchmarks();
}
