// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>

#include "pieces.hpp"

#include <string>
#include <vector>

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;

// first error: strata::cache: get_many, visit_many, put_many and erase_many take a range.
auto read(cache& c) { return c.get_many(WRONG_OR_RIGHT(7, std::vector<std::string>{"seven"})); }
