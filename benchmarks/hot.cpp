// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Hot tiers and their peers, same keys, same hash: hot/<policy>/<string|u64>/<visit|get|miss|put|zipf10>/threads:<n>.
// Compare rows of one run only, and let it repeat and take turns:
//   ./dev bench hot --benchmark_repetitions=5 --benchmark_enable_random_interleaving=true
#include "peers/boost_unordered_flat_map.hpp"
#include "peers/hand_lru_mutex.hpp"

#include <strata/benchmarking/google.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>

#include <benchmark/benchmark.h>

namespace {

using namespace strata::benchmarking;

[[maybe_unused]] bool const registered[] = {
    hot_policy<strata::hot::lru>("lru"),
    hot_policy<strata::hot::sieve>("sieve"),
    hot_peer<peers::boost_unordered_flat_map>("peer:boost_unordered_flat_map"),
    hot_peer<peers::hand_lru_mutex>("peer:hand_lru_mutex"),
};

}  // namespace

BENCHMARK_MAIN();
