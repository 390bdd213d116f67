// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/miss.hpp>
#include <strata/stats.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace strata::flow {

/// Counts of the paths that leave memory; relaxed, since a round trip costs a thousand times more.
struct counters {
  using count = std::atomic<std::uint64_t>;
  count warm_hits{}, warm_promotions{}, warm_stores{}, warm_failures{};
  std::array<count, miss_reasons> warm_misses{};
  count cold_hits{}, cold_absent{}, cold_expired{}, cold_stores{}, cold_failures{};
  count loads{}, joined{}, fenced{}, degraded{}, doubts{}, healed{}, expired{}, flushes{}, failed_flushes{};

  static void add(count& c) noexcept { c.fetch_add(1, std::memory_order_relaxed); }

  [[nodiscard]] stats snapshot() const noexcept {
    auto const of = [](count const& c) { return c.load(std::memory_order_relaxed); };
    stats s;
    s.warm.hits = of(warm_hits);
    s.warm.promotions = of(warm_promotions);
    s.warm.stores = of(warm_stores);
    s.warm.failures = of(warm_failures);
    for (std::size_t i = 0; i < miss_reasons; ++i) s.warm.misses[i] = of(warm_misses[i]);
    s.cold.hits = of(cold_hits);
    s.cold.expired = of(cold_expired);
    s.cold.absent = of(cold_absent) + s.cold.expired;
    s.cold.stores = of(cold_stores);
    s.cold.failures = of(cold_failures);
    s.loads = of(loads);
    s.joined = of(joined);
    s.fenced = of(fenced);
    s.degraded = of(degraded);
    s.doubts = of(doubts);
    s.healed = of(healed);
    s.expired = of(expired);
    s.usage.flushes = of(flushes);
    s.usage.failed_flushes = of(failed_flushes);
    return s;
  }
};

}  // namespace strata::flow
