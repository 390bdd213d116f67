// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/hot.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// The standard benchmarks under Google Benchmark, one line for each policy:
//   strata::benchmarking::hot_policy<my_policy>("mine");
// registers hot/mine/<string|u64>/<visit|get|miss|put|zipf10>/threads:<1|2> and, where rows of so many entries are wanted,
// hot/mine/<string|u64>/<visit|get|many>/entries:1000000/threads:<1|2>. Beside the times of the framework, which are per
// operation and thread, stands `wall_ns`: wall time per operation (for `many`, per key) of all threads together.
namespace strata::benchmarking {

/// Which rows are wanted.
struct hot_rows {
  std::vector<int> threads{1, 2};
  std::size_t entries = 0;  ///< of tiers beyond the processor's memory, such as 1,000,000; zero: none
};

namespace detail {

template <hot_work Work, class Key, class Subject>
void run_hot(benchmark::State& state, std::size_t entries) {
  static std::unique_ptr<hot_bench<Key, Subject>> bench;
  static hot_tally first;  // of one round of all keys by one thread: equal for all that answer alike
  if (state.thread_index() == 0) {
    bench = std::make_unique<hot_bench<Key, Subject>>(entries);
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
  if (state.thread_index() == 0) bench.reset();  // all have left the loop
}

template <hot_work Work, class Key, class Subject>
void register_hot(std::string const& name, hot_rows const& rows, std::size_t entries) {
  if constexpr (hot_subject_does<Subject, Key>(Work)) {
    auto const full = name + "/" + std::string{to_string(Work)} +
                      (entries == hot_capacity ? std::string{} : "/entries:" + std::to_string(entries));
    auto* made = benchmark::RegisterBenchmark(full, run_hot<Work, Key, Subject>, entries);
    for (int const threads : rows.threads)
      if (threads == 1 || Subject::threads) made->Threads(threads);
  }
}

}  // namespace detail

/// Registers all of them for a class that is like policy_subject.
template <template <class> class Subject>
bool hot_peer(std::string_view name, hot_rows const& rows = {}) {
  auto const each = [&]<class Key>(std::string_view key) {
    std::string const at = "hot/" + std::string{name} + "/" + std::string{key};
    detail::register_hot<hot_work::visit, Key, Subject<Key>>(at, rows, hot_capacity);
    detail::register_hot<hot_work::get, Key, Subject<Key>>(at, rows, hot_capacity);
    detail::register_hot<hot_work::miss, Key, Subject<Key>>(at, rows, hot_capacity);
    detail::register_hot<hot_work::put, Key, Subject<Key>>(at, rows, hot_capacity);
    detail::register_hot<hot_work::zipf10, Key, Subject<Key>>(at, rows, hot_capacity);
    if (rows.entries == 0) return;
    detail::register_hot<hot_work::visit, Key, Subject<Key>>(at, rows, rows.entries);
    detail::register_hot<hot_work::get, Key, Subject<Key>>(at, rows, rows.entries);
    detail::register_hot<hot_work::many, Key, Subject<Key>>(at, rows, rows.entries);
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
bool hot_policy(std::string_view name, hot_rows const& rows = {}) {
  return hot_peer<detail::subject_of<Policy>::template type>(name, rows);
}

}  // namespace strata::benchmarking
