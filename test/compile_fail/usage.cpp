// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/query/usage.hpp>

using assets = strata::cache<pieces::policy<pieces::hot>, strata::none, pieces::policy<pieces::cold>, pieces::bytes,
                             strata::single_writer>;

// first error: strata::popular, rising, failing and unused, the cache's 3rd parameter (Cold): it needs popular(limit, window
auto most_used(assets& c) { return WRONG_OR_RIGHT(strata::popular(c, 10), c.get("x")); }

// next error: strata::usage and strata::record_outcome, the cache's 3rd parameter (Cold): it needs add_usage(counts, until)
auto used(assets& c) { return WRONG_OR_RIGHT(strata::usage(c, "x"), c.get("x")); }

// next error: strata::usage_by, the cache's 3rd parameter (Cold): it needs usage_by(key, each, periods, until)
auto course(assets& c) { return WRONG_OR_RIGHT(strata::usage_by(c, "x", strata::period::day, 30), c.get("x")); }
