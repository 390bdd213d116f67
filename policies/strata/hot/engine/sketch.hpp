// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

// How often keys were asked for of late, about: counters of four bits, four for a key, all in one cache line; the least of
// the four is the estimate. When ten times as many requests as entries were counted, every counter is halved, so that what
// was popular once is forgotten. Source: Einziger, Friedman, Manes: "TinyLFU", 2017; the layout is that of Caffeine.
namespace strata::hot::engine {

class sketch {
 public:
  /// For that many entries: 8 bytes each. \throws bad_alloc
  explicit sketch(std::size_t entries)
      : blocks_{static_cast<std::uint32_t>(entries / 8 + 1)},
        counters_{std::make_unique<block[]>(blocks_)},
        sample_{std::max<std::size_t>(entries, 1) * 10} {}

  void count(std::uint32_t hash, unsigned times = 1) noexcept {
    auto [words, bits] = look(hash);
    std::uint64_t most = 0;
    for (unsigned row = 0; row < 4; ++row, bits >>= 8U) {
      std::uint64_t& word = words[2 * row + (bits & 1U)];
      auto const shift = (bits >> 1U & 15U) * 4U;
      std::uint64_t const more = std::min<std::uint64_t>(15U - (word >> shift & 15U), times);
      word += more << shift;
      most = std::max(most, more);
    }
    counts_ += most;
    if (counts_ >= sample_) [[unlikely]]
      halve();
  }
  /// 0 to 15.
  [[nodiscard]] unsigned estimate(std::uint32_t hash) const noexcept {
    auto [words, bits] = look(hash);
    std::uint64_t least = 15;
    for (unsigned row = 0; row < 4; ++row, bits >>= 8U)
      least = std::min(least, words[2 * row + (bits & 1U)] >> ((bits >> 1U & 15U) * 4U) & 15U);
    return static_cast<unsigned>(least);
  }

 private:
  using block = std::array<std::uint64_t, 8>;
  struct place {
    block& words;
    std::uint32_t bits;
  };

  [[nodiscard]] place look(std::uint32_t hash) const noexcept {
    std::uint64_t const mixed = (hash + 1ULL) * 0xD6E8FEB86659FD93U;
    auto const where = ((mixed >> 32U) * blocks_) >> 32U;
    return {counters_[where], static_cast<std::uint32_t>((mixed * 0x9E3779B97F4A7C15U) >> 32U)};
  }
  void halve() noexcept {
    std::size_t odd = 0;
    for (std::uint32_t b = 0; b < blocks_; ++b)
      for (std::uint64_t& word : counters_[b]) {
        odd += static_cast<std::size_t>(__builtin_popcountll(word & 0x1111111111111111U));
        word = word >> 1U & 0x7777777777777777U;
      }
    counts_ = (counts_ - std::min(counts_, odd / 4)) / 2;
  }

  std::uint32_t blocks_;
  std::unique_ptr<block[]> counters_;
  std::size_t sample_;
  std::size_t counts_ = 0;
};

}  // namespace strata::hot::engine
