// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/google.hpp>

// hot/everything/string/<visit|get>/threads:<n> and <get|many>/entries:<n>/threads:<n>. Apart from the tiers, because a whole
// cache takes long to compile.
void register_everything(strata::benchmarking::hot_rows const& rows);
