// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <string_view>
#include <vector>
#ifdef STRATA_MENDED
#include <strata/batch.hpp>
#endif

using cache = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, pieces::memory>;

// first error: get_many, visit_many, put_many and erase_many are defined in another header
auto count(cache& c, std::vector<std::string> const& keys) {
  return c.visit_many(keys, [](std::string_view, pieces::asset const&) {});
}
