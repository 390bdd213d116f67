// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

// Several ways to do the same, timed call by call and in turns: what disturbs one disturbs the others, and only a ratio
// found so is worth quoting on a machine that changes its speed. The first way's calls are the benchmark's iterations; it
// has the counters p50_us and p99_us, and beside each other way's own p50 and p99 stand its ratios to it. With several
// threads all of them take the same turn at the same time, each way having the machine to itself.
namespace turns {

inline constexpr int most_threads = 16;

/// One way: a name for the counters, and bool call(number, thread) with numbers that are uniform below `range`.
template <class Call>
struct way {
  char const* name;
  Call call;
};
template <class Call>
way(char const*, Call) -> way<Call>;

using latencies = std::vector<std::uint32_t>;

// What the threads of one run share.
template <std::size_t Ways>
class collected {
 public:
  void add(benchmark::State& state, std::array<latencies, Ways>& mine, std::array<char const*, Ways> const& names) {
    std::scoped_lock const lock{mutex_};
    for (std::size_t w = 0; w < Ways; ++w) all_[w].insert(all_[w].end(), mine[w].begin(), mine[w].end());
    if (++arrived_ < state.threads()) return;
    std::array<double, Ways> p50{}, p99{};
    for (std::size_t w = 0; w < Ways; ++w) {
      auto times = std::exchange(all_[w], {});
      std::ranges::sort(times);
      if (times.empty()) continue;
      p50[w] = times[times.size() / 2] / 1e3;
      p99[w] = times[times.size() * 99 / 100] / 1e3;
    }
    report(state, names, p50, p99);
    arrived_ = 0;
  }

 private:
  static void report(benchmark::State& state, std::array<char const*, Ways> const& names,
                     std::array<double, Ways> const& p50, std::array<double, Ways> const& p99) {
    state.counters["p50_us"] = p50[0];
    state.counters["p99_us"] = p99[0];
    for (std::size_t w = 1; w < Ways; ++w) {
      if (p50[w] == 0) continue;
      std::string const name = names[w];
      state.counters["p50_us_" + name] = p50[w];
      state.counters["p99_us_" + name] = p99[w];
      state.counters["p50_to_" + name] = p50[0] / p50[w];
      state.counters["p99_to_" + name] = p99[0] / p99[w];
    }
  }

  std::mutex mutex_;
  std::array<latencies, Ways> all_;
  int arrived_ = 0;
};

inline void together(benchmark::State const& state) {
  static std::barrier all{most_threads};
  if (state.threads() == most_threads) all.arrive_and_wait();
}

/// \param length  calls in one turn
/// \param range   the numbers given to calls are below it
template <class... Calls>
void take(benchmark::State& state, std::size_t length, std::uint32_t range, way<Calls> const&... ways) {
  static collected<sizeof...(Calls)> shared;  // runs come one after the other
  auto const thread = static_cast<std::size_t>(state.thread_index());
  std::minstd_rand random{static_cast<unsigned>(thread) + 1};
  latencies order(1U << 14U);
  for (auto& one : order) one = static_cast<std::uint32_t>(random() % range);
  std::array<latencies, sizeof...(Calls)> mine;
  for (auto& times : mine) times.reserve(1U << 16U);

  auto const time = [&](auto const& way, std::size_t w) {
    auto const number = order[mine[w].size() % order.size()];
    auto const start = std::chrono::steady_clock::now();
    bool const good = way.call(number, thread);
    auto const spent = std::chrono::steady_clock::now() - start;
    if (!good) {
      std::fprintf(stderr, "a call failed: %s, number %u\n", way.name, static_cast<unsigned>(number));
      std::_Exit(1);
    }
    mine[w].push_back(static_cast<std::uint32_t>(spent.count()));
  };
  auto const all = std::tie(ways...);
  auto const others = [&]<std::size_t... W>(std::index_sequence<W...>) {
    [[maybe_unused]] auto const turn = [&](auto const& way, std::size_t w) {
      together(state);
      for (std::size_t i = 0; i < length; ++i) time(way, w);
    };
    state.PauseTiming();
    (turn(std::get<W + 1>(all), W + 1), ...);
    together(state);
    state.ResumeTiming();
  };
  bool const turns = sizeof...(Calls) > 1 && state.max_iterations > 1;  // one call alone is a test of the program
  together(state);
  for (auto _ : state) {
    time(std::get<0>(all), 0);
    if (turns && mine[0].size() % length == 0) others(std::make_index_sequence<sizeof...(Calls) - 1>{});
  }
  shared.add(state, mine, {ways.name...});
}

}  // namespace turns
