// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/cold.hpp>
#include <strata/benchmarking/hot.hpp>
#include <strata/benchmarking/warm.hpp>
#include <strata/concepts/codec.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
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
// hot/mine/<string|u64>/<visit|get|many|get_many>/entries:1000000/threads:<1|2>. Beside the times of the framework, which
// are per operation and thread, stands `wall_ns`: wall time per operation (for batches, per key) of all threads together.
//   strata::benchmarking::warm_policy<my_policy>("mine", options);
//   strata::benchmarking::cold_policy<my_policy>("mine", options);
// register <warm|cold>/mine/<load|save>/threads:<1|2> and <warm|cold>/mine/<load_many:100|save_many:1000>: 1,000 keys, all
// stored before the clock starts, with values of 1 KiB. Beside the times stand `p50_us` and `p99_us` of single calls.
//   strata::benchmarking::codec<my_codec>("mine", value);
// registers codec/mine/<encode|decode> with `bytes`, the length of what is written.
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
    detail::register_hot<hot_work::get_many, Key, Subject<Key>>(at, rows, rows.entries);
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

namespace detail {

template <class Bench>
using bench_call = bool (Bench::*)(std::size_t n, std::size_t thread);

template <class Bench, class Settings>
void run_calls(benchmark::State& state, Settings const& settings, bench_call<Bench> call) {
  static std::unique_ptr<Bench> bench;
  if (state.thread_index() == 0) bench = std::make_unique<Bench>(settings);
  std::vector<double> took;
  for (auto _ : state) {
    auto const began = std::chrono::steady_clock::now();
    if (!((*bench).*call)(took.size(), static_cast<std::size_t>(state.thread_index()))) {
      state.SkipWithError("a call failed");
      break;
    }
    took.push_back(std::chrono::duration<double, std::micro>{std::chrono::steady_clock::now() - began}.count());
  }
  if (state.thread_index() == 0) bench.reset();  // all have left the loop
  if (took.empty()) return;
  std::ranges::sort(took);
  auto const average = [](double of) { return benchmark::Counter{of, benchmark::Counter::kAvgThreads}; };
  state.counters["p50_us"] = average(took[took.size() / 2]);
  state.counters["p99_us"] = average(took[took.size() * 99 / 100]);
}

template <class Bench, class Settings>
bool register_calls(std::string_view name, Settings const& settings, std::vector<int> const& threads) {
  auto const each = [&](std::string_view what, bench_call<Bench> call) {
    auto const full = std::string{Bench::tier} + "/" + std::string{name} + "/" + std::string{what};
    return benchmark::RegisterBenchmark(full, run_calls<Bench, Settings>, settings, call);
  };
  for (auto* const row : {each("load", &Bench::load), each("save", &Bench::save)})
    for (int const n : threads) row->Threads(n);
  each("load_many:100", &Bench::load_many);
  each("save_many:1000", &Bench::save_many);
  return true;
}

}  // namespace detail

/// Registers all of them for a warm policy.
/// \param settings  of a store that has nothing else in it
template <class Policy>
bool warm_policy(std::string_view name, typename Policy::options const& settings,
                 std::vector<int> const& threads = {1, 2}) {
  return detail::register_calls<warm_bench<Policy>>(name, settings, threads);
}
/// The same for a cold one.
template <class Policy>
bool cold_policy(std::string_view name, typename Policy::options const& settings,
                 std::vector<int> const& threads = {1, 2}) {
  return detail::register_calls<cold_bench<Policy>>(name, settings, threads);
}

/// Registers both for a codec, and fails a row whose codec does not give back what it was given.
/// \param value  compares with ==
template <value_codec Codec>
bool codec(std::string_view name, typename Codec::value_type value) {
  auto const row = "codec/" + std::string{name} + "/";
  std::string bytes;
  bool const good = Codec{}.encode(value, bytes).has_value() && Codec{}.decode(bytes) == value;
  auto const each = [&](std::string_view what, auto once) {
    benchmark::RegisterBenchmark(row + std::string{what}, [=](benchmark::State& state) {
      if (!good) return state.SkipWithError("what was read is not what was written");
      for (auto _ : state) once();
      state.counters["bytes"] = static_cast<double>(bytes.size());
    });
  };
  each("encode", [value] {
    std::string out;
    auto done = Codec{}.encode(value, out);
    benchmark::DoNotOptimize(done);
    benchmark::DoNotOptimize(out.data());
  });
  each("decode", [bytes] {
    auto read = Codec{}.decode(bytes);
    benchmark::DoNotOptimize(read);
  });
  return true;
}

}  // namespace strata::benchmarking
