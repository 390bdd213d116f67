// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/lru.hpp>
#include <strata/testing/simulator.hpp>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>

// The caches that are simulated, and the arguments of the programs that do it.
namespace simulated {

namespace st = strata::testing;
using three_tiers = st::simulated_cache<strata::hot::lru, st::simulated_warm, st::simulated_cold>;
using in_step = st::simulated_cache<strata::hot::lru, st::simulated_warm, st::simulated_log,
                                    strata::staleness<strata::bounded>, strata::expiry>;
using warm_is_truth = st::simulated_cache<strata::hot::lru, st::simulated_warm, strata::none,
                                          strata::staleness<strata::bounded>, strata::expiry>;
using cold_is_followed =
    st::simulated_cache<strata::hot::lru, strata::none, st::simulated_log, strata::staleness<strata::bounded>>;
using without_warm = st::simulated_cache<strata::hot::lru, strata::none, st::simulated_cold, strata::single_writer>;

inline constexpr st::shape shape_of_three_tiers{.instances = 3};
inline constexpr st::shape shape_of_in_step{.instances = 3, .expires = true, .keeps_step = true};
inline constexpr st::shape shape_of_in_haste{
    .instances = 3, .expires = true, .keeps_step = true, .hurries = true, .warms_up = true};
inline constexpr st::shape shape_of_warm_is_truth{
    .instances = 3, .warm_may_fail = false, .expires = true, .keeps_step = true, .hurries = true};
inline constexpr st::shape shape_of_cold_is_followed{
    .instances = 3, .warm_may_fail = false, .keeps_step = true, .hurries = true, .warms_up = true};
inline constexpr st::shape shape_of_without_warm{.instances = 1, .warm_may_fail = false};

int at_random(int argc, char** argv);
int exhaustively(int argc, char** argv);

/// The argument after a flag, or nothing.
inline std::string_view after(std::string_view flag, int argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == flag) return argv[i + 1];
  return {};
}
inline std::uint64_t number_after(std::string_view flag, int argc, char** argv, std::uint64_t otherwise) {
  auto const text = after(flag, argc, argv);
  std::from_chars(text.data(), text.data() + text.size(), otherwise);
  return otherwise;
}

}  // namespace simulated
