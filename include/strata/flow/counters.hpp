// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/miss.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace strata {

/// What a cache did since it was opened. Hot figures come from the hot tier itself, where what has expired counts as missed.
struct stats {
  struct {
    std::uint64_t hits, misses, evictions, refused, entries, bytes;
  } hot{};
  struct {
    std::uint64_t hits, promotions, stores, failures;
    std::array<std::uint64_t, miss_reasons> misses;  ///< indexed by the enumerators of miss
  } warm{};
  struct {
    std::uint64_t hits, absent, stores, failures;
    std::uint64_t expired;  ///< those absent whose time was over
  } cold{};
  std::uint64_t loads = 0;     ///< loaders run
  std::uint64_t joined = 0;    ///< reads that shared another's look below
  std::uint64_t fenced = 0;    ///< copies not kept because something newer was known
  std::uint64_t degraded = 0;  ///< committed writes of which a tier above cold could not be told
  std::uint64_t doubts = 0;    ///< how often anything might have changed unseen, so that memory had to be compared
  std::uint64_t expired = 0;   ///< those hot misses that found a copy whose time was over
  std::uint64_t healed = 0;    ///< copies that warm lacked and this instance brought
  struct {
    std::uint64_t flushes, failed_flushes;
    std::uint64_t lost;  ///< counted reads that no limit left room for, and no flush will tell
  } usage{};
  struct {
    std::uint64_t flights;    ///< keys that are being looked up below
    std::uint64_t floors;     ///< keys whose latest revision is remembered
    std::uint64_t used_keys;  ///< keys whose use waits for a flush, besides those of entries in memory
  } now{};                    ///< not since it was opened, but at this moment
};

namespace flow {

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

}  // namespace flow
}  // namespace strata
