// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

// Keys that went not long ago, by their hashes: of the last n remembered all but a few. Cells of four bytes (half the hash,
// half a time that is counted in remembered keys) in buckets of one cache line, so that asking and remembering cost one
// miss each. A full bucket gives up its oldest. An exact queue with an index was rejected: three times the memory.
namespace strata::hot::engine {

class ghosts {
 public:
  ghosts() = default;
  /// Of the last n. \throws bad_alloc
  explicit ghosts(std::size_t n)
      : buckets_{static_cast<std::uint32_t>(n == 0 ? 0 : n / 12 + 1)},
        cells_{n == 0 ? nullptr : std::make_unique<bucket[]>(buckets_)} {
    limit(n);
  }

  /// Fewer of them from now on, or again as many as it was made for.
  void limit(std::size_t n) noexcept {
    most_ = n;
    step_ = std::max<std::size_t>(most_ / 4096, 1);
  }

  /// Whether the key is one of them, which it then is no more.
  bool take(std::uint32_t hash) noexcept {
    if (buckets_ == 0) return false;
    auto const [where, tag] = split(hash);
    for (cell& c : cells_[where])
      if (c.tag == tag && live(c)) {
        c = {};
        return true;
      }
    return false;
  }
  [[nodiscard]] bool has(std::uint32_t hash) const noexcept {
    if (buckets_ == 0) return false;
    auto const [where, tag] = split(hash);
    return std::ranges::any_of(cells_[where], [&](cell const& c) { return c.tag == tag && live(c); });
  }

  void remember(std::uint32_t hash) noexcept {
    if (buckets_ == 0) return;
    auto const [where, tag] = split(hash);
    cell* into = nullptr;
    std::uint32_t most = 0;
    for (cell& c : cells_[where]) {
      std::uint32_t const age = c.tag == tag ? 0x20000U : c.tag == 0 ? 0x10000U : this->age(c);
      if (into == nullptr || age > most) {
        into = &c;
        most = age;
      }
    }
    if (++count_ == step_) {
      count_ = 0;
      ++now_;
    }
    *into = {tag, now_};
  }

 private:
  struct cell {
    std::uint16_t tag = 0;  // zero: free
    std::uint16_t time = 0;
  };
  using bucket = std::array<cell, 16>;

  [[nodiscard]] std::pair<std::uint32_t, std::uint16_t> split(std::uint32_t hash) const noexcept {
    std::uint64_t const mixed = (hash + 1ULL) * 0x9E3779B97F4A7C15U;
    auto const where = static_cast<std::uint32_t>(((mixed >> 32U) * buckets_) >> 32U);
    return {where, static_cast<std::uint16_t>(std::max<std::uint32_t>((mixed >> 8U) & 0xFFFFU, 1))};
  }
  [[nodiscard]] std::uint16_t age(cell const& c) const noexcept { return static_cast<std::uint16_t>(now_ - c.time); }
  [[nodiscard]] bool live(cell const& c) const noexcept { return age(c) * step_ < most_; }

  std::size_t most_ = 0, step_ = 1, count_ = 0;
  std::uint32_t buckets_ = 0;
  std::uint16_t now_ = 0;
  std::unique_ptr<bucket[]> cells_;
};

}  // namespace strata::hot::engine
