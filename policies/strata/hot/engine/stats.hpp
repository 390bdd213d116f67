// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>

namespace strata::hot {

/// What a hot tier did since it was made, and what it holds now. Counted per shard: the sum is exact once no call runs.
struct hot_stats {
  std::uint64_t hits = 0;       ///< find that had the key
  std::uint64_t misses = 0;     ///< find that had not
  std::uint64_t evictions = 0;  ///< entries that went to make room
  std::uint64_t refused = 0;    ///< installs not admitted
  std::uint64_t uses_lost = 0;  ///< counted reads of entries that went while nobody drained (K12)
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

}  // namespace strata::hot
