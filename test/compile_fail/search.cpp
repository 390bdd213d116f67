// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/query/search.hpp>

using assets = strata::cache<pieces::policy<pieces::hot>, strata::none, pieces::policy<pieces::cold>, pieces::bytes,
                             strata::single_writer>;

// first error: strata::search_text, the cache's 3rd parameter (Cold): it needs search_text(query, limit, filter, until)
auto found(assets& c) { return WRONG_OR_RIGHT(strata::search_text(c, "words", 10), c.get("x")); }
