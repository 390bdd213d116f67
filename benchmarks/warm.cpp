// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The warm tier on a real nats-server beside the same client by hand (benchmarks/by_hand/jetstream.hpp): two streams of
// the same kind on one server, files on disk, 1,000 keys of 1 KiB, uniform with a fixed seed, made before the clock
// starts. Counters: p50_us and p99_us over all threads, and in the tier's own rows what the same costs by hand, in turns
// (benchmarks/turns.hpp).
//   warm/jetstream/...  the tier       warm/raw/...  by hand
#include "apart.hpp"
#include "by_hand/jetstream.hpp"
#include "turns.hpp"

#include <strata/concepts/capability.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t keys = 1'000;

struct no_context {};
using tier = strata::warm::jetstream::tier<std::string, std::string, no_context>;

std::string key_of(std::size_t i) { return std::format("key-{:04}", i % keys); }
std::atomic<std::uint64_t> next_revision{1};
strata::deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{10}; }

char const* server() {
  char const* url = std::getenv("STRATA_TEST_NATS");
  if (url == nullptr) {
    std::fputs("STRATA_TEST_NATS is not set; test/servers run sets it\n", stderr);
    std::exit(1);
  }
  return url;
}

struct world {
  tier ours{{.servers = {server()}, .stream = "OURS", .prefix = "ours", .replicas = 1, .max_bytes = 256 * 1024 * 1024},
            no_context{}};
  by_hand::jetstream raw{server(), "RAW", "raw.template"};
  std::array<std::uint64_t, keys> sequences{};  // by hand, where each key stands; each thread has keys of its own
  std::string payload = std::string(1024, 'x');
  bool knows_one_question = false;

  world() {
    if (!ours.wait_ready(soon())) {
      std::fputs(ours.health().text.c_str(), stderr);
      std::exit(1);
    }
  }
};
world& shared() {
  static auto* const w = new world;
  return *w;
}

strata::frame frame_of(std::size_t i) {
  strata::frame f;
  f.key = key_of(i);
  f.revision = strata::revision{next_revision.fetch_add(1, std::memory_order_relaxed)};
  f.codec = "json";
  f.created_ms = 1'700'000'000'000;
  f.payload = shared().payload;
  return f;
}
by_hand::record record_of(std::size_t i) {
  return {.key = key_of(i),
          .revision = next_revision.fetch_add(1, std::memory_order_relaxed),
          .codec = "json",
          .created_ms = 1'700'000'000'000,
          .payload = shared().payload};
}
std::size_t own(std::size_t i, std::size_t thread) {
  return i / turns::most_threads % (keys / turns::most_threads) * turns::most_threads + thread;
}

struct ours {
  static bool load(std::size_t i) {
    auto seen = shared().ours.load(key_of(i), soon());
    benchmark::DoNotOptimize(seen);
    return seen && seen->frame;
  }
  static bool save(std::size_t i, std::size_t thread) {
    return shared().ours.store(frame_of(own(i, thread)), std::nullopt, soon()).has_value();
  }
  static bool load_many(std::size_t from) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 100; ++i) names.push_back(key_of(from + i * 7));
    std::vector<std::string_view> const asked{names.begin(), names.end()};
    return std::ranges::all_of(shared().ours.load_many(asked, soon()),
                               [](auto const& one) { return one && one->frame; });
  }
  static bool save_many() {
    std::vector<strata::frame> frames;
    for (std::size_t i = 0; i < keys; ++i) frames.push_back(frame_of(i));
    std::vector<strata::placement> places;
    for (auto const& f : frames) places.push_back({&f, std::nullopt});
    return std::ranges::all_of(shared().ours.store_many(places, soon()),
                               [](auto const& one) { return one.has_value(); });
  }
};

struct raw {
  static bool load(std::size_t i) {
    auto seen = shared().raw.load(key_of(i));
    benchmark::DoNotOptimize(seen);
    return seen.has_value();
  }
  static bool save(std::size_t i, std::size_t thread) {
    std::size_t const mine = own(i, thread);
    auto& sequence = shared().sequences[mine];
    return (sequence = shared().raw.save(record_of(mine), sequence)) != 0;
  }
  static bool load_many(std::size_t from) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < 100; ++i) names.push_back(key_of(from + i * 7));
    std::vector<std::string_view> const asked{names.begin(), names.end()};
    auto const all = shared().knows_one_question ? shared().raw.load_together(asked) : shared().raw.load_many(asked);
    return std::ranges::all_of(all, [](auto const& one) { return one.has_value(); });
  }
  static bool save_many() {
    std::vector<by_hand::record> records;
    for (std::size_t i = 0; i < keys; ++i) records.push_back(record_of(i));
    return shared().raw.save_many(records, shared().sequences) == keys;
  }
};

// The first of the ways names the row's iterations; the others take their turns beside it.
template <class... Ways>
auto* bench(std::string const& name, std::size_t length, Ways... ways) {
  return benchmark::RegisterBenchmark("warm/" + name,
                                      [=](benchmark::State& state) { turns::take(state, length, keys, ways...); })
      ->Unit(benchmark::kMicrosecond);
}

void register_all() {
  turns::way const ours_load{"ours", [](auto i, auto) { return ours::load(i); }};
  turns::way const ours_save{"ours", [](auto i, auto thread) { return ours::save(i, thread); }};
  turns::way const raw_load{"raw", [](auto i, auto) { return raw::load(i); }};
  turns::way const raw_save{"raw", [](auto i, auto thread) { return raw::save(i, thread); }};
  for (int const threads : {1, turns::most_threads}) {
    bench("jetstream/load", 64, ours_load, raw_load)->Threads(threads);
    bench("raw/load", 64, raw_load)->Threads(threads);
    bench("jetstream/save", 64, ours_save, raw_save)->Threads(threads);
    bench("raw/save", 64, raw_save)->Threads(threads);
  }

  turns::way const ours_load_many{"ours", [](auto i, auto) { return ours::load_many(i); }};
  turns::way const raw_load_many{"raw", [](auto i, auto) { return raw::load_many(i); }};
  turns::way const load_each{"singly", [](auto i, auto) {
                               bool good = true;
                               for (std::size_t n = 0; n < 100; ++n) good = ours::load(i + n * 7) && good;
                               return good;
                             }};
  bench("jetstream/load_many:100", 1, ours_load_many, raw_load_many, load_each);
  bench("raw/load_many:100", 1, raw_load_many);

  turns::way const ours_save_many{"ours", [](auto, auto) { return ours::save_many(); }};
  turns::way const raw_save_many{"raw", [](auto, auto) { return raw::save_many(); }};
  turns::way const save_each{"singly", [](auto, auto) {
                               bool good = true;
                               for (std::size_t n = 0; n < keys; ++n)
                                 good = ours::save(n, n % turns::most_threads) && good;
                               return good;
                             }};
  bench("jetstream/save_many:1000", 1, ours_save_many, raw_save_many, save_each);
  bench("raw/save_many:1000", 1, raw_save_many);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (char const* folder = std::getenv("STRATA_TEST_FOLDER"); folder != nullptr)
    apart::from({std::string{folder} + "/nats/pid"});
  if (!ours::save_many() || !raw::save_many()) return std::fputs("the keys could not be stored\n", stderr), 1;
  std::array<std::string_view, 2> const two{"key-0001", "key-0002"};
  shared().knows_one_question = !shared().raw.load_together(two).empty();
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
