// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/error.hpp>
#include <strata/miss.hpp>
#include <strata/observe/histogram.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>

// An observer that counts what leaves memory, and how long it took there. Of a hit in memory it hears nothing: the hot
// tier counts those for itself, shard by shard, and a counter that all threads share would cost more than the hit.
namespace strata::observe {

inline constexpr std::size_t error_codes = static_cast<std::size_t>(errc::unsupported) + 1;

/// What happened at one tier below memory.
struct tier_counts {
  std::uint64_t hits = 0;
  std::array<std::uint64_t, miss_reasons> misses{};   ///< indexed by the enumerators of miss
  std::uint64_t stores = 0;                           ///< writes, erases and promotions
  std::array<std::uint64_t, error_codes> failures{};  ///< indexed by the enumerators of errc
  timings reads{}, writes{};                          ///< round trips, failed ones too; a batch is one
};
struct counts {
  tier_counts warm, cold;
  std::uint64_t fenced = 0;    ///< copies not kept because something newer was known
  std::uint64_t degraded = 0;  ///< committed writes of which a tier above cold could not be told
};

/// strata::observer<strata::observe::counters>; a copy counts into the same table, so keep one to read from:
/// `counters seen; cache::open({.observer = seen}); seen.snapshot()`.
/// \threads any, without waiting
class counters {
 public:
  counters() : table_{std::make_shared<table>()} {}

  [[gnu::always_inline]] void hit(tier where) const noexcept {
    if (where != tier::hot) add(of(where).hits);
  }
  void miss(tier where, strata::miss why) const noexcept {
    if (where != tier::hot) add(of(where).misses[static_cast<std::size_t>(why)]);
  }
  void stored(tier where, revision) const noexcept { add(of(where).stores); }
  void failed(tier where, error const& why) const noexcept {
    add(of(where).failures[static_cast<std::size_t>(why.code())]);
  }
  void fenced() const noexcept { add(table_->fenced); }
  void degraded(revision) const noexcept { add(table_->degraded); }
  void read_took(tier where, std::chrono::nanoseconds time) const noexcept { of(where).reads.add(time); }
  void write_took(tier where, std::chrono::nanoseconds time) const noexcept { of(where).writes.add(time); }

  /// Each figure as it is; together they are of one moment only while no call runs.
  [[nodiscard]] counts snapshot() const noexcept {
    counts now;
    copy(table_->warm, now.warm);
    copy(table_->cold, now.cold);
    now.fenced = get(table_->fenced);
    now.degraded = get(table_->degraded);
    return now;
  }

 private:
  using count = std::atomic<std::uint64_t>;
  struct row {
    count hits{}, stores{};
    std::array<count, miss_reasons> misses{};
    std::array<count, error_codes> failures{};
    histogram reads, writes;
  };
  struct table {
    row warm, cold;
    count fenced{}, degraded{};
  };

  static void add(count& c) noexcept { c.fetch_add(1, std::memory_order_relaxed); }
  static std::uint64_t get(count const& c) noexcept { return c.load(std::memory_order_relaxed); }
  static void copy(row const& from, tier_counts& to) noexcept {
    to.hits = get(from.hits);
    to.stores = get(from.stores);
    for (std::size_t i = 0; i < miss_reasons; ++i) to.misses[i] = get(from.misses[i]);
    for (std::size_t i = 0; i < error_codes; ++i) to.failures[i] = get(from.failures[i]);
    to.reads = from.reads.snapshot();
    to.writes = from.writes.snapshot();
  }
  [[nodiscard]] row& of(tier where) const noexcept { return where == tier::warm ? table_->warm : table_->cold; }

  std::shared_ptr<table> table_;
};

}  // namespace strata::observe
