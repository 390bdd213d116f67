// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace knowledge_tool {

/// Counts durations in steps of about 3 %: 32 equal steps per power of two, from a nanosecond to days.
/// Source: Tene's HdrHistogram (the layout of the buckets).
/// \threads one thread at a time: one histogram per thread, added up afterwards
class histogram {
 public:
  void add(std::chrono::nanoseconds took) noexcept {
    ++counts_[index(static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0)))];
    ++total_;
  }
  void add(histogram const& other) noexcept {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
    total_ += other.total_;
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return total_; }

  /// The duration that this share of all did not exceed, rounded up to its step; zero when there is none.
  [[nodiscard]] std::chrono::nanoseconds quantile(double share) const noexcept {
    auto left = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(total_)));
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      if (counts_[i] != 0 && counts_[i] >= left) return std::chrono::nanoseconds{upper(i)};
      left -= counts_[i];
    }
    return {};
  }

 private:
  static constexpr unsigned bits = 5;  // of a value that count, below the highest one
  static constexpr std::uint64_t steps = 1U << bits;

  static std::size_t index(std::uint64_t ns) noexcept {
    if (ns < steps) return static_cast<std::size_t>(ns);
    auto const shift = static_cast<unsigned>(std::bit_width(ns)) - 1 - bits;
    return std::min(static_cast<std::size_t>(steps * shift + (ns >> shift)), last);
  }
  static std::int64_t upper(std::size_t i) noexcept {
    if (i < 2 * steps) return static_cast<std::int64_t>(i);
    auto const shift = i / steps - 1;
    return static_cast<std::int64_t>(((steps + i % steps + 1) << shift) - 1);
  }
  static constexpr std::size_t last = steps * 48 - 1;

  std::array<std::uint64_t, last + 1> counts_{};
  std::uint64_t total_ = 0;
};

}  // namespace knowledge_tool
