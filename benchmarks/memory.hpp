// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/hot.hpp>

#include <benchmark/benchmark.h>

#include <malloc.h>
#include <unistd.h>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// What an entry takes in memory: how much more of it is resident once a tier is full, in a process of its own, divided by
// the entries. Beside it what remains when key and value are taken away: sizeof the key and the bytes it has elsewhere, and
// of the value what its subject says, else 64. All that malloc rounds up to is counted; a small tier comes first and stays,
// so that the code of both, which is resident too, is not.
namespace memory {

using strata::benchmarking::hot_keys;
using strata::benchmarking::payload;

inline std::size_t resident() {
  std::size_t whole = 0;
  std::size_t pages = 0;
  std::ifstream{"/proc/self/statm"} >> whole >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

template <class Key>
double bytes_of(std::size_t i) {
  if constexpr (std::is_same_v<Key, std::string>) {
    auto const size = hot_keys<Key>::name(i).size();
    return static_cast<double>(sizeof(Key) + (size > 15 ? size + 1 : 0));
  } else {
    return sizeof(Key);
  }
}

template <class Subject>
double value_bytes(std::size_t i) {
  if constexpr (requires { Subject::value_bytes(i); })
    return Subject::value_bytes(i);
  else
    return sizeof(payload);
}

inline bool is_child(int argc, char** argv) { return argc == 5 && std::string_view{argv[1]} == "--memory"; }

template <class Key, template <class> class Subject>
void measure(std::size_t entries) {
  ::mallopt(M_TOP_PAD, 0);
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  double own = 0;
  for (std::size_t i = 0; i < entries; ++i) own += bytes_of<Key>(i) + value_bytes<Subject<Key>>(i);
  auto const fill = [](std::size_t n) {
    auto* const subject = new Subject<Key>{n};  // never destroyed: the process ends
    for (std::size_t i = 0; i < n; ++i) subject->put(hot_keys<Key>::name(i), 1, payload{{i}});
  };
  (void)resident();
  fill(100);
  std::size_t const before = resident();
  fill(entries);
  auto const more = static_cast<double>(resident() - before);
  std::printf("%.2f %.2f\n", more / static_cast<double>(entries), (more - own) / static_cast<double>(entries));
}

/// In the new process: --memory <policy> <string|u64> <entries>.
template <template <class> class Subject>
void child(std::string_view name, char** argv) {
  if (name != argv[2]) return;
  std::size_t const entries = std::strtoul(argv[4], nullptr, 10);
  if (std::string_view{argv[3]} == "u64")
    measure<std::uint64_t, Subject>(entries);
  else
    measure<std::string, Subject>(entries);
}

/// Registers the rows of one subject, for a hundredth of the entries, for all of them and for ten times as many.
inline void rows(std::string_view name, std::string const& program, std::size_t entries,
                 std::initializer_list<char const*> keys = {"string", "u64"}) {
  for (std::string const key : keys)
    for (std::size_t const n : {entries / 100, entries, entries * 10}) {
      if (n == 0) continue;
      std::string const arguments = " --memory " + std::string{name} + " " + key + " " + std::to_string(n);
      auto const run = [command = program + arguments](benchmark::State& state) {
        double all = -1;
        double over = -1;
        for (auto _ : state) {
          auto* const pipe = popen(command.c_str(), "r");
          if (pipe == nullptr || std::fscanf(pipe, "%lf %lf", &all, &over) != 2 || pclose(pipe) != 0)
            return state.SkipWithError("the new process said nothing");
        }
        state.counters["bytes_per_entry"] = all;
        state.counters["over_key_and_value"] = over;
      };
      benchmark::RegisterBenchmark("hot/" + std::string{name} + "/" + key + "/memory/entries:" + std::to_string(n), run)
          ->Iterations(1)
          ->Repetitions(1)
          ->Unit(benchmark::kMillisecond);
    }
}

}  // namespace memory
