// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/query/history.hpp>

using assets = strata::cache<pieces::policy<pieces::hot>, strata::none, pieces::policy<pieces::cold>, pieces::bytes,
                             strata::single_writer>;

// first error: strata::history and strata::get_at, the cache's 3rd parameter (Cold): it needs history(key, limit, until)
auto past(assets& c) { return WRONG_OR_RIGHT(strata::history(c, "x", 10), c.get("x")); }
