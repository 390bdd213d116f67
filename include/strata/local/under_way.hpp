// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <cstddef>

namespace strata::local {

/// How many flights are under way, for writers who would do without their lock. Of a writer who has changed what loaders read
/// and of who begins a flight one is first here: either the writer sees that flight, or its loader sees what the writer did.
/// So both write to the count. A look alone could be over while the writer's change still waits in his processor.
/// \threads set() under the flights' lock
template <template <class> class Atomic = std::atomic>
class under_way {
 public:
  [[nodiscard]] bool any() noexcept { return count_.fetch_add(0, std::memory_order_acq_rel) != 0; }
  void set(std::size_t n) noexcept { (void)count_.exchange(n, std::memory_order_acq_rel); }

 private:
  Atomic<std::size_t> count_{0};
};

}  // namespace strata::local
