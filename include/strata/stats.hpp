// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/miss.hpp>

#include <array>
#include <cstdint>

namespace strata {

/// What a cache did since it was opened; calls for many keys count once for each. Each figure as it is: together they are of
/// one moment only while no call runs. Those of tiers that are absent stay zero.
struct stats {
  struct {
    std::uint64_t hits;       ///< looks that found a value whose time was not over
    std::uint64_t misses;     ///< those that found none, what has expired among them
    std::uint64_t evictions;  ///< entries that went to make room
    std::uint64_t refused;    ///< entries that memory did not admit: too heavy, or not worth the room
    std::uint64_t entries;    ///< there are now
    std::uint64_t bytes;      ///< the weight of their values
  } hot{};                    ///< as the hot tier itself counts; zero where a policy does not
  struct {
    std::uint64_t hits;        ///< reads that it answered
    std::uint64_t promotions;  ///< copies that a read brought up from cold
    std::uint64_t stores;      ///< writes, erases, promotions and healed copies that it took
    std::uint64_t failures;    ///< questions and writes that it failed, or that came while it rested after such
    std::array<std::uint64_t, miss_reasons> misses;  ///< reads it could not answer, indexed by the enumerators of miss
  } warm{};
  struct {
    std::uint64_t hits;      ///< reads that it answered
    std::uint64_t absent;    ///< reads of what it has no value of, or one whose time is over
    std::uint64_t expired;   ///< of these, those whose time is over
    std::uint64_t stores;    ///< writes and erases that it took, also where nothing changed
    std::uint64_t failures;  ///< as warm's
  } cold{};
  std::uint64_t loads = 0;     ///< loaders run
  std::uint64_t joined = 0;    ///< reads that shared another's look below
  std::uint64_t fenced = 0;    ///< copies not kept because something newer was known
  std::uint64_t degraded = 0;  ///< committed writes of which a tier above cold could not be told
  std::uint64_t doubts = 0;    ///< how often anything might have changed unseen, so that memory had to be compared
  std::uint64_t expired = 0;   ///< those hot misses that found a copy whose time was over
  std::uint64_t healed = 0;    ///< copies that warm lacked and this instance brought
  struct {
    std::uint64_t flushes;         ///< deliveries of counted reads that cold took
    std::uint64_t failed_flushes;  ///< those that broke off, and whose rest stays for the next time
    std::uint64_t lost;            ///< counted reads that no limit left room for, and no flush will tell
  } usage{};
  struct {
    std::uint64_t flights;    ///< keys that are being looked up below
    std::uint64_t floors;     ///< keys whose latest revision is remembered
    std::uint64_t used_keys;  ///< keys whose use waits for a flush, besides those of entries in memory
  } now{};                    ///< not since it was opened, but at this moment
};

}  // namespace strata
