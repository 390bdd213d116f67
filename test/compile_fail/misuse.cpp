// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <cstdint>
#include <utility>

using namespace pieces;
using cache = strata::cache<policy<hot>, strata::none, strata::none, memory>;

// What the types refuse in the compilers' own words: each error is at the mistake itself.
void misuse(cache& c, asset changed) {
  auto const read = c.get("a");
  (void)changed;

  // first error: misuse.cpp:17:
  WRONG(c.get("a")->count = 1;)

  // next error: misuse.cpp:20:
  WRONG((*read).count = 1;)

  // next error: misuse.cpp:23:
  WRONG(std::int64_t version = 3; (void)c.put_if(version, changed);)

  // next error: misuse.cpp:26:
  WRONG(asset const& dangling = *c.get("a");)

  // next error: misuse.cpp:29:
  WRONG(c.hot().clear();)

  // next error: misuse.cpp:32:
  WRONG(cache second = c;)

  // next error: misuse.cpp:35:
  WRONG(cache moved = std::move(c);)
}
