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
// has the counters p50_us, p99_us and calls_per_s, and beside each other way's own stand its ratios to them. With several
// threads all of them take the same turn at the same time, each way having the machine to itself; p50 then says as much of
// how evenly they are served as of what a call costs, and calls_per_s, from a turn's beginning until its last thread is
// done, says the cost alone.
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
using clock = std::chrono::steady_clock;

// What one thread saw of one way: each call's time, and what all threads together took for their whole turns.
struct seen {
  latencies times;
  clock::duration turns{};
  std::size_t calls = 0;  // of this thread in these turns
};

// What the threads of one run share.
template <std::size_t Ways>
class collected {
 public:
  void add(benchmark::State& state, std::array<seen, Ways>& mine, std::array<char const*, Ways> const& names) {
    std::scoped_lock const lock{mutex_};
    for (std::size_t w = 0; w < Ways; ++w) all_[w].insert(all_[w].end(), mine[w].times.begin(), mine[w].times.end());
    if (++arrived_ < state.threads()) return;
    std::array<double, Ways> p50{}, p99{}, rate{};
    for (std::size_t w = 0; w < Ways; ++w) {
      if (mine[w].calls > 0)
        rate[w] =
            static_cast<double>(mine[w].calls) * state.threads() / std::chrono::duration<double>(mine[w].turns).count();
      auto times = std::exchange(all_[w], {});
      std::ranges::sort(times);
      if (times.empty()) continue;
      p50[w] = times[times.size() / 2] / 1e3;
      p99[w] = times[times.size() * 99 / 100] / 1e3;
    }
    report(state, names, p50, p99, rate);
    arrived_ = 0;
  }

 private:
  static void report(benchmark::State& state, std::array<char const*, Ways> const& names,
                     std::array<double, Ways> const& p50, std::array<double, Ways> const& p99,
                     std::array<double, Ways> const& rate) {
    state.counters["p50_us"] = p50[0];
    state.counters["p99_us"] = p99[0];
    if (rate[0] > 0) state.counters["calls_per_s"] = rate[0];
    for (std::size_t w = 1; w < Ways; ++w) {
      if (p50[w] == 0) continue;
      std::string const name = names[w];
      state.counters["p50_us_" + name] = p50[w];
      state.counters["p99_us_" + name] = p99[w];
      state.counters["p50_to_" + name] = p50[0] / p50[w];
      state.counters["p99_to_" + name] = p99[0] / p99[w];
      if (rate[w] == 0) continue;
      state.counters["calls_per_s_" + name] = rate[w];
      state.counters["calls_to_" + name] = rate[0] / rate[w];
    }
  }

  std::mutex mutex_;
  std::array<latencies, Ways> all_;
  int arrived_ = 0;
};

/// Waits for the other threads. \returns when the last had come, the same for all
inline clock::time_point together(benchmark::State const& state) {
  static clock::time_point all_here;
  static std::barrier all{most_threads, []() noexcept { all_here = clock::now(); }};
  if (state.threads() != most_threads) return clock::now();
  all.arrive_and_wait();
  return all_here;
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
  std::array<seen, sizeof...(Calls)> mine;
  for (auto& way : mine) way.times.reserve(1U << 16U);

  auto const time = [&](auto const& way, std::size_t w) {
    auto const number = order[mine[w].times.size() % order.size()];
    auto const start = clock::now();
    bool const good = way.call(number, thread);
    auto const spent = clock::now() - start;
    if (!good) {
      std::fprintf(stderr, "a call failed: %s, number %u\n", way.name, static_cast<unsigned>(number));
      std::_Exit(1);
    }
    mine[w].times.push_back(static_cast<std::uint32_t>(spent.count()));
  };
  auto const all = std::tie(ways...);
  auto began = together(state);
  auto const end_turn = [&](std::size_t w) {
    auto const ended = together(state);
    mine[w].turns += ended - std::exchange(began, ended);
    mine[w].calls += length;
  };
  [[maybe_unused]] bool backwards = false;  // who comes after whom changes: caches keep what the one before has used
  auto const others = [&]<std::size_t... W>(std::index_sequence<W...>) {
    [[maybe_unused]] auto const turn = [&](auto const& way, std::size_t w) {
      for (std::size_t i = 0; i < length; ++i) time(way, w);
      end_turn(w);
    };
    state.PauseTiming();
    end_turn(0);
    if (std::exchange(backwards, !backwards))
      (turn(std::get<sizeof...(W) - W>(all), sizeof...(W) - W), ...);
    else
      (turn(std::get<W + 1>(all), W + 1), ...);
    state.ResumeTiming();
  };
  bool const turns = sizeof...(Calls) > 1 && state.max_iterations > 1;  // one call alone is a test of the program
  for (auto _ : state) {
    time(std::get<0>(all), 0);
    if (turns && mine[0].times.size() % length == 0) others(std::make_index_sequence<sizeof...(Calls) - 1>{});
  }
  shared.add(state, mine, {ways.name...});
}

}  // namespace turns
