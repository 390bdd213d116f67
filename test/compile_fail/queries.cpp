// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/query/archive.hpp>
#include <strata/query/dump.hpp>
#include <strata/query/search.hpp>

#include <span>

using assets = strata::cache<pieces::policy<pieces::hot>, strata::none, pieces::policy<pieces::cold>, pieces::bytes,
                             strata::single_writer>;

// first error: strata::nearest, similar and embed, the cache's 3rd parameter (Cold): it needs embed(key, vector, until)
auto near(assets& c) { return WRONG_OR_RIGHT(strata::nearest(c, std::span<float const>{}, 10), c.get("x")); }

// next error: strata::archive, the cache's 3rd parameter (Cold): it needs archive(since, limit, until)
auto away(assets& c) { return WRONG_OR_RIGHT(strata::archive(c), c.get("x")); }

// next error: strata::dump and strata::restore, the cache's 3rd parameter (Cold): it needs dump(place, limit, until)
auto lines(assets& c, strata::dump_place& at) { return WRONG_OR_RIGHT(strata::dump(c, at, 10), c.get("x")); }
