// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <string>

namespace fleet {

// The asset of the field as a program has it that knows no Strata.
// [user code]
struct asset {
  std::string id, asset_type, data;
  std::map<std::string, std::string, std::less<>> metadata;
  std::int64_t version = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(asset, id, asset_type, data, metadata, version)
// [/user code]

}  // namespace fleet
