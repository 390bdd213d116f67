// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/configured.hpp>

#include "tool.hpp"

// The cache that this build was configured with.
namespace knowledge_tool {

using knowledge = strata::configured_cache<strata::knowledge_asset, observing>;

}  // namespace knowledge_tool
