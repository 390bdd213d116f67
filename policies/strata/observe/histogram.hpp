// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

// How long calls took, in steps of an eighth of a power of two (never more than 12.5 % off), from a microsecond to a
// minute. Every power of two is the upper bound of a step, so that coarser buckets are exact sums of these.
// Source: Tene's HdrHistogram (the layout of the buckets).
namespace strata::observe {

/// What a histogram had at some moment. The difference of two is what happened in between.
struct timings {
  static constexpr std::size_t steps = 8;  ///< per power of two
  static constexpr unsigned powers = 26;   ///< of two, in microseconds: 67 s
  static constexpr std::size_t buckets = steps * (powers - 2);

  std::array<std::uint64_t, buckets> counts{};
  std::chrono::nanoseconds sum{0};

  [[nodiscard]] static std::size_t index(std::chrono::nanoseconds took) noexcept {
    auto const ns = took.count() > 0 ? static_cast<std::uint64_t>(took.count()) : 0;
    auto const before = ns == 0 ? 0 : (ns - 1) / 1'000;  // whole microseconds below: bounds belong to their bucket
    if (before < steps) return before;
    auto const shift = static_cast<unsigned>(std::bit_width(before)) - 4;
    auto const i = steps * shift + (before >> shift);
    return i < buckets ? i : buckets - 1;
  }
  /// The longest duration that falls into that bucket; the last one takes whatever is longer too.
  [[nodiscard]] static std::chrono::microseconds upper(std::size_t i) noexcept {
    if (i < 2 * steps) return std::chrono::microseconds{i + 1};
    return std::chrono::microseconds{(steps + i % steps + 1) << (i / steps - 1)};
  }

  [[nodiscard]] std::uint64_t count() const noexcept {
    std::uint64_t all = 0;
    for (auto const c : counts) all += c;
    return all;
  }
  /// The duration that this share of all did not exceed, rounded up to its step; zero when there is none.
  [[nodiscard]] std::chrono::microseconds quantile(double share) const noexcept {
    auto left = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count())));
    for (std::size_t i = 0; i < buckets; ++i) {
      if (counts[i] != 0 && counts[i] >= left) return upper(i);
      left -= counts[i];
    }
    return {};
  }
  friend timings operator-(timings later, timings const& before) noexcept {
    for (std::size_t i = 0; i < buckets; ++i) later.counts[i] -= before.counts[i];
    later.sum -= before.sum;
    return later;
  }
};

/// \threads any, without waiting
class histogram {
 public:
  void add(std::chrono::nanoseconds took) noexcept {
    counts_[timings::index(took)].fetch_add(1, std::memory_order_relaxed);
    sum_.fetch_add(took.count(), std::memory_order_relaxed);
  }
  [[nodiscard]] timings snapshot() const noexcept {
    timings now;
    for (std::size_t i = 0; i < timings::buckets; ++i) now.counts[i] = counts_[i].load(std::memory_order_relaxed);
    now.sum = std::chrono::nanoseconds{sum_.load(std::memory_order_relaxed)};
    return now;
  }

 private:
  std::array<std::atomic<std::uint64_t>, timings::buckets> counts_{};
  std::atomic<std::int64_t> sum_{0};
};

}  // namespace strata::observe
