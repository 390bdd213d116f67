// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The standard benchmarks of hot tiers for a policy of one's own, beside the one that is taken by default.
#include "clock.hpp"

#include <strata/benchmarking/google.hpp>
#include <strata/hot/lru.hpp>

#include <benchmark/benchmark.h>

[[maybe_unused]] static bool const clock_registered = strata::benchmarking::hot_policy<mine::clock>("clock");
[[maybe_unused]] static bool const lru_registered = strata::benchmarking::hot_policy<strata::hot::lru>("lru");

BENCHMARK_MAIN();
