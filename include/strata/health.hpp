// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>

#include <chrono>
#include <cstddef>
#include <string>

namespace strata {

/// How memory stands to what others write. Of a cache that nobody else writes to: as it is here.
struct coherence {
  bool fresh = true;                       ///< whether a hit in memory counts as fresh now
  bool hears = true;                       ///< whether the feed is heard, where there is one
  bool heals = false;                      ///< whether this instance keeps warm in step for all
  bool doubts = false;                     ///< whether memory is being compared, because something may have been missed
  std::chrono::milliseconds lease_age{0};  ///< memory has everything that was committed so long ago
  std::chrono::milliseconds horizon_age{0};  ///< warm has everything that was committed so long ago
  std::size_t floors = 0;                    ///< keys whose latest revision is remembered: nothing older is served
  std::chrono::milliseconds feed_lag{0};     ///< for so long the feed has been short of what is known to be published
  bool bounded = false;     ///< whether a hit in a process that was stopped knows that too: strata::staleness
  std::string elsewhere{};  ///< the store that whoever keeps warm in step has, where this instance has another
};

/// Whether a tier rests after failures in a row, so that calls to it fail at once (K11).
struct breakers {
  bool reads = false;
  bool writes = false;
};

/// What the tiers say of themselves; absent tiers are up.
struct health {
  tier_health hot, warm, cold;
  breakers warm_rests, cold_rests;
  strata::coherence coherence;
  [[nodiscard]] bool up() const noexcept { return hot.up && warm.up && cold.up; }
};

}  // namespace strata
