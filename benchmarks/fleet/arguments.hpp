// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <benchmark/benchmark.h>

#include <string>
#include <vector>

namespace fleet {

/// Gives Google Benchmark the arguments that are not the program's own, and has it run each row once.
/// \returns whether it knows all of them
inline bool initialize(char* program, std::vector<std::string> rest) {
  std::string once = "--benchmark_min_time=1x";  // rows keep their plain names, as they would not by Iterations(1)
  std::vector<char*> left{program, once.data()};
  for (auto& one : rest) left.push_back(one.data());
  int count = static_cast<int>(left.size());
  benchmark::Initialize(&count, left.data());
  return !benchmark::ReportUnrecognizedArguments(count, left.data());
}

}  // namespace fleet
