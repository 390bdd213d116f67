// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

using numbers = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, strata::codec::none<int>>;

// first error: strata::cache: put(value), put_if and co_put ask the value for its key, and this type has none to give.
auto write(numbers& c) { return WRONG_OR_RIGHT(c.put(7), c.put("seven", 7)); }
