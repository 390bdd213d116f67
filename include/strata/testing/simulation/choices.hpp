// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// All that a schedule leaves to chance, as a list of numbers: it can be drawn, written down, played again and shortened.
namespace strata::testing {

/// Vigna, splitmix64.
class dice {
 public:
  explicit constexpr dice(std::uint64_t seed) noexcept : state_{seed} {}
  constexpr std::uint64_t next() noexcept {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31U);
  }
  /// Below n.
  constexpr unsigned below(unsigned n) noexcept { return static_cast<unsigned>((next() >> 32U) * n >> 32U); }
  /// One in n.
  constexpr bool one_in(unsigned n) noexcept { return below(n) == 0; }

 private:
  std::uint64_t state_;
};

class choices {
 public:
  struct made {
    std::uint8_t pick;
    std::uint8_t of;
  };

  /// Draws from a seed.
  void draw(std::uint64_t seed) {
    given_.clear();
    log_.clear();
    dice_ = dice{seed};
    random_ = true;
  }
  /// Plays a list; after its end always the first.
  void play(std::vector<std::uint8_t> given) {
    given_ = std::move(given);
    log_.clear();
    random_ = false;
  }

  /// One of n. When drawn, the first with a chance of at least `favour` in 8, since schedules with long runs of one
  /// caller find other mistakes than those that change at every step.
  unsigned pick(std::size_t n, unsigned favour = 0) {
    auto const most = static_cast<unsigned>(n);
    unsigned chosen = 0;
    if (given())
      chosen = given_[log_.size()] < most ? given_[log_.size()] : most - 1;
    else if (random_ && most > 1)
      chosen = favour != 0 && dice_.below(8) < favour ? 0 : dice_.below(most);
    log_.push_back({static_cast<std::uint8_t>(chosen), static_cast<std::uint8_t>(most)});
    return chosen;
  }
  /// For what is drawn beside the schedule; zero when a list is played.
  unsigned draw_below(unsigned n) { return random_ ? dice_.below(n) : 0; }
  [[nodiscard]] bool random() const noexcept { return random_; }
  /// Whether the list still says what is next.
  [[nodiscard]] bool given() const noexcept { return log_.size() < given_.size(); }

  [[nodiscard]] std::vector<made> const& log() const noexcept { return log_; }
  [[nodiscard]] std::vector<std::uint8_t> list() const {
    std::vector<std::uint8_t> all;
    for (auto const& one : log_) all.push_back(one.pick);
    return all;
  }

 private:
  std::vector<std::uint8_t> given_;
  std::vector<made> log_;
  dice dice_{0};
  bool random_ = false;
};

}  // namespace strata::testing
