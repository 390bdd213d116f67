// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/hot.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

// The standard benchmarks under Google Benchmark, one line for each policy:
//   static bool const mine = strata::benchmarking::hot_policy<my_policy>("mine");
// registers hot/mine/<string|u64>/<visit|get|miss|put|zipf10>/threads:<1|2>. Beside the times of the framework, which are
// per operation and thread, stands `wall_ns`: wall time per operation of all threads together.
namespace strata::benchmarking {

namespace detail {

template <hot_work Work, class Key, class Subject>
void run_hot(benchmark::State& state) {
  static std::unique_ptr<hot_bench<Key, Subject>> bench;
  static hot_tally first;  // of one round of all keys by one thread: equal for all that answer alike
  if (state.thread_index() == 0) {
    bench = std::make_unique<hot_bench<Key, Subject>>();
    for (first = {}; first.operations < hot_keys<Key>::asked;) bench->template step<Work>(first, 0);
  }
  hot_tally mine;
  auto began = std::chrono::steady_clock::time_point{};
  for (auto _ : state) {
    if (mine.operations == 0) [[unlikely]]
      began = std::chrono::steady_clock::now();
    bench->template step<Work>(mine, static_cast<std::size_t>(state.thread_index()));
  }
  std::chrono::duration<double, std::nano> const wall = std::chrono::steady_clock::now() - began;
  auto const average = [](double of) { return benchmark::Counter{of, benchmark::Counter::kAvgThreads}; };
  state.counters["wall_ns"] = average(wall.count() / static_cast<double>(mine.operations) / state.threads());
  state.counters["hit_rate"] = average(static_cast<double>(mine.hits) / static_cast<double>(mine.operations));
  state.counters["checksum"] = average(static_cast<double>(first.sum % 1'000'003));
}

template <hot_work Work, class Key, class Subject>
void register_hot(std::string const& name) {
  auto* made = benchmark::RegisterBenchmark(name + "/" + std::string{to_string(Work)}, run_hot<Work, Key, Subject>);
  made->Threads(1);
  if (Subject::threads) made->Threads(2);
}

}  // namespace detail

/// Registers all of them for a class that is like policy_subject.
template <template <class> class Subject>
bool hot_peer(std::string_view name) {
  auto const each = [&]<class Key>(std::string_view key) {
    std::string const at = "hot/" + std::string{name} + "/" + std::string{key};
    detail::register_hot<hot_work::visit, Key, Subject<Key>>(at);
    detail::register_hot<hot_work::get, Key, Subject<Key>>(at);
    detail::register_hot<hot_work::miss, Key, Subject<Key>>(at);
    detail::register_hot<hot_work::put, Key, Subject<Key>>(at);
    detail::register_hot<hot_work::zipf10, Key, Subject<Key>>(at);
  };
  each.template operator()<std::string>("string");
  each.template operator()<std::uint64_t>("u64");
  return true;
}

namespace detail {
template <class Policy>
struct subject_of {
  template <class Key>
  using type = policy_subject<Policy, Key>;
};
}  // namespace detail

/// Registers all of them for a hot policy.
template <class Policy>
bool hot_policy(std::string_view name) {
  return hot_peer<detail::subject_of<Policy>::template type>(name);
}

}  // namespace strata::benchmarking
