// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The standard benchmarks for each policy of one's own, one line each, and beside the algorithm the one that is taken by
// default.
#include "bookmark.hpp"
#include "clock.hpp"
#include "folder.hpp"

#include <strata/benchmarking/google.hpp>
#include <strata/hot/lru.hpp>

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <string>

int main(int argc, char** argv) {
  std::string place = (std::filesystem::temp_directory_path() / "folder-XXXXXX").string();
  if (::mkdtemp(place.data()) == nullptr) return 1;
  using namespace strata::benchmarking;
  hot_policy<mine::clock>("clock");
  hot_policy<strata::hot::lru>("lru");
  warm_policy<mine::folder>("folder", {.path = place});
  codec<mine::lines>("lines", {.id = "hana", .url = "https://www.boost.org/libs/hana", .note = "types\nas values"});
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  std::filesystem::remove_all(place);
}
