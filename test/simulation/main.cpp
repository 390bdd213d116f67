// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "configurations.hpp"

#include <cstdio>
#include <cstdlib>
#include <string_view>

// T1 and T2: simulation random|exhaustive [ARGUMENTS]. One program, as both play the same caches, which take long to compile.
int main(int argc, char** argv) {
  std::string_view const how = argc > 1 ? argv[1] : "";
#ifdef SIMULATION_RANDOM
  if (how == "random") return simulated::at_random(argc, argv);
#endif
#ifdef SIMULATION_EXHAUSTIVE
  if (how == "exhaustive") return simulated::exhaustively(argc, argv);
#endif
  std::printf("simulation wants to be told how: random or exhaustive, as far as this build has it\n");
  return EXIT_FAILURE;
}
