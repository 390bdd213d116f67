// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>

#include "pieces.hpp"

#include <string>
#include <vector>

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;

// first error: strata::cache: get_many and erase_many take keys, and of what this range has no key can be made.
auto erased(cache& c) { return c.get_many(std::vector<WRONG_OR_RIGHT(int, std::string)>{}); }
