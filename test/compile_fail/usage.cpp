// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/query/usage.hpp>

using assets = strata::cache<pieces::policy<pieces::hot>, strata::none, pieces::policy<pieces::cold>, pieces::bytes,
                             strata::single_writer>;

// first error: strata::popular, rising, failing and unused, the cache's 3rd parameter (Cold): it needs popular(limit, window
auto most_used(assets& c) { return WRONG_OR_RIGHT(strata::popular(c, 10), c.get("x")); }
