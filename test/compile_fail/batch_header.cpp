// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <vector>
#ifdef STRATA_MENDED
#include <strata/batch.hpp>
#endif

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;

// first error: get_many, visit_many, put_many and erase_many are defined in another header
int count(cache& c, std::vector<std::string> const& keys) {
  int n = 0;
  for (auto const& [key, answer] : c.get_many(keys)) n += answer ? 1 : 0;
  return n;
}
