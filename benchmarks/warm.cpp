// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The warm tier on a real nats-server beside the same client by hand (benchmarks/by_hand/jetstream.hpp): two streams of
// the same kind on one server, files on disk, 1,000 keys of 1 KiB, uniform with a fixed seed, made before the clock
// starts. Counters: p50_us and p99_us over all threads.
//   warm/jetstream/...  the tier       warm/raw/...  by hand
// load_singly and save_singly do one by one what load_many and save_many do at once.
#include "by_hand/jetstream.hpp"

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
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t keys = 1'000;
constexpr int most_threads = 16;

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
  return i / most_threads % (keys / most_threads) * most_threads + thread;
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

// Latencies of all threads of one run.
class samples {
 public:
  void add(benchmark::State& state, std::vector<std::uint32_t>&& mine) {
    std::scoped_lock const lock{mutex_};
    all_.insert(all_.end(), mine.begin(), mine.end());
    if (++arrived_ < state.threads()) return;
    std::ranges::sort(all_);
    if (!all_.empty()) {
      state.counters["p50_us"] = all_[all_.size() / 2] / 1e3;
      state.counters["p99_us"] = all_[all_.size() * 99 / 100] / 1e3;
    }
    all_.clear();
    arrived_ = 0;
  }

 private:
  std::mutex mutex_;
  std::vector<std::uint32_t> all_;
  int arrived_ = 0;
};
samples collected;

template <class Call>
void measure(benchmark::State& state, Call const& call) {
  auto const thread = static_cast<std::size_t>(state.thread_index());
  std::minstd_rand random{static_cast<unsigned>(thread) + 1};
  std::vector<std::uint32_t> order(1U << 14U);
  for (auto& one : order) one = static_cast<std::uint32_t>(random() % keys);
  std::vector<std::uint32_t> latencies;
  latencies.reserve(1U << 18U);
  std::size_t i = 0;
  for (auto _ : state) {
    auto const start = std::chrono::steady_clock::now();
    if (!call(order[i++ % order.size()], thread)) {
      state.SkipWithError("a call failed");
      break;
    }
    latencies.push_back(static_cast<std::uint32_t>((std::chrono::steady_clock::now() - start).count()));
  }
  collected.add(state, std::move(latencies));
}

template <class Call>
auto* bench(std::string const& name, Call call) {
  return benchmark::RegisterBenchmark("warm/" + name, [call](benchmark::State& state) { measure(state, call); })
      ->Unit(benchmark::kMicrosecond);
}

template <class Who>
void singles(std::string const& who, std::string const& what, int threads) {
  if (what == "load") bench(who + "/load", [](auto i, auto) { return Who::load(i); })->Threads(threads);
  if (what == "save") bench(who + "/save", [](auto i, auto thread) { return Who::save(i, thread); })->Threads(threads);
}

void register_all() {
  // In turn, so that what disturbs one disturbs the other.
  for (int const threads : {1, most_threads})
    for (std::string const what : {"load", "save"}) {
      singles<ours>("jetstream", what, threads);
      singles<raw>("raw", what, threads);
    }
  bench("jetstream/load_many:100", [](auto i, auto) { return ours::load_many(i); });
  bench("raw/load_many:100", [](auto i, auto) { return raw::load_many(i); });
  bench("jetstream/load_singly:100", [](auto i, auto) {
    bool good = true;
    for (std::size_t n = 0; n < 100; ++n) good = ours::load(i + n * 7) && good;
    return good;
  });
  bench("jetstream/save_many:1000", [](auto, auto) { return ours::save_many(); });
  bench("raw/save_many:1000", [](auto, auto) { return raw::save_many(); });
  bench("jetstream/save_singly:1000", [](auto, auto) {
    bool good = true;
    for (std::size_t n = 0; n < keys; ++n) good = ours::save(n, n % most_threads) && good;
    return good;
  });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  if (!ours::save_many() || !raw::save_many()) return std::fputs("the keys could not be stored\n", stderr), 1;
  std::array<std::string_view, 2> const two{"key-0001", "key-0002"};
  shared().knows_one_question = !shared().raw.load_together(two).empty();
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
