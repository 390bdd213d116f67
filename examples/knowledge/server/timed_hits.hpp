// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <mutex>
#include <utility>

#include "../histogram.hpp"

namespace knowledge_tool {

/// How long hits in memory took, as whoever asked has timed them: the cache itself does not, since looking at a clock
/// costs as much as a hit.
/// \threads any
class timed_hits {
 public:
  void add(std::chrono::nanoseconds took) {
    std::lock_guard const held{guard_};
    hits_.add(took);
  }
  /// Those since the last call.
  [[nodiscard]] histogram take() {
    std::lock_guard const held{guard_};
    return std::exchange(hits_, {});
  }

 private:
  std::mutex guard_;
  histogram hits_;
};

}  // namespace knowledge_tool
