// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>

#include "pieces.hpp"

#include <vector>

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;

// first error: strata::cache: put_many takes values that know their key, or pairs of a key and a value
auto written(cache& c) { return c.put_many(std::vector<WRONG_OR_RIGHT(int, pieces::asset)>{}); }
