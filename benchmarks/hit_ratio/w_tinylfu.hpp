// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "classics.hpp"
#include "order.hpp"

#include <strata/hash.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

// W-TinyLFU as Caffeine has it, for keys of one size. What ours does otherwise: its shares are of the entries that are here,
// not of the capacity, which one bounded by bytes may never have; its sketch has as many blocks as it needs, not a power of
// two; a newcomer is counted when room was made for it, not before; a window that grows takes nobody back from the main part,
// of which the protected ones may be 80 % at all times, however large the window is.
namespace hit_ratio {

/// Counters of four bits, four for a key in one block of 64 bytes, halved when ten times the capacity was counted.
class frequencies {
 public:
  frequencies(std::size_t capacity, std::uint64_t seed)
      : hash_{seed}, blocks_(std::bit_ceil(std::max<std::size_t>(capacity, 8)) / 8), sample_{capacity * 10} {}
  void count(key k) {
    bool counted = false;
    for_counters(k, [&](auto& c) {
      counted = counted || c < 15;
      c = static_cast<std::uint8_t>(std::min(c + 1, 15));
    });
    if (!counted || ++counts_ < sample_) return;
    std::size_t odd = 0;
    for (auto& b : blocks_)
      for (auto& c : b) {
        odd += c % 2;
        c /= 2;
      }
    counts_ = (counts_ - odd / 4) / 2;
  }
  [[nodiscard]] unsigned of(key k) {
    unsigned least = 15;
    for_counters(k, [&](auto& c) { least = std::min<unsigned>(least, c); });
    return least;
  }

 private:
  void for_counters(key k, auto&& f) {
    std::uint64_t const hash = hash_(k).hash;
    auto& block = blocks_[hash % blocks_.size()];
    for (unsigned row = 0; row < 4; ++row) f(block[row * 32 + (hash >> (32 + 8 * row)) % 32]);
  }

  strata::hasher<key> hash_;
  std::vector<std::array<std::uint8_t, 128>> blocks_;
  std::size_t sample_, counts_ = 0;
};

/// A window of `Percent`, with `Climbs` at first. Einziger, Friedman, Manes 2017; Einziger, Eytan, Friedman, Manes 2018.
template <unsigned Percent, bool Climbs>
class w_tinylfu : public model {
 public:
  w_tinylfu(std::size_t capacity, std::size_t keys, std::uint64_t seed)
      : model{capacity},
        window_{keys},
        probation_{keys},
        protected_{keys},
        frequencies_{capacity, seed},
        most_in_window_{std::max<std::size_t>(capacity - capacity * (100 - Percent) / 100, 1)},
        most_protected_{(capacity - most_in_window_) * 8 / 10} {}
  bool request(key k) {
    bool const hit = window_.has(k) || probation_.has(k) || protected_.has(k);
    counts_ = counts_ || size() * 2 >= capacity_;
    if (counts_) frequencies_.count(k);
    if (window_.has(k)) {
      window_.renew(k);
    } else if (protected_.has(k)) {
      protected_.renew(k);
    } else if (hit) {
      probation_.remove(k);
      protected_.add_newest(k);
      demote();
    } else {
      window_.add_newest(k);
      while (window_.size() > most_in_window_) leave_window();
      if (size() > capacity_) evicted_ = probation_.empty() ? protected_.take_oldest() : probation_.take_oldest();
    }
    if (Climbs && counts_) climb(hit);
    return hit;
  }

 private:
  [[nodiscard]] std::size_t size() const { return window_.size() + probation_.size() + protected_.size(); }
  void demote() {
    while (protected_.size() > most_protected_) probation_.add_newest(protected_.take_oldest());
  }
  void leave_window() {
    key const candidate = window_.take_oldest();
    if (size() < capacity_) return probation_.add_newest(candidate);
    order& main = probation_.empty() ? protected_ : probation_;
    unsigned const asked = frequencies_.of(candidate);
    bool stays = !main.empty() && asked > frequencies_.of(main.oldest());
    if (!stays && asked >= 6) stays = (random_ = random_ * 6364136223846793005U + 1442695040888963407U) >> 57U == 0;
    evicted_ = stays ? main.take_oldest() : candidate;
    if (stays) probation_.add_newest(candidate);
  }
  /// What the window may hold more or less the protected part may hold less or more; the oldest of the main part move.
  void climb(bool hit) {
    hits_ += hit;
    if (++requests_ < capacity_ * 10) return;
    double const rate = static_cast<double>(hits_) / static_cast<double>(requests_);
    double const change = rate - rate_;
    if (change < 0) step_ = -step_;
    auto const by = static_cast<std::size_t>(std::abs(step_));
    if (step_ > 0) {
      std::size_t const moved = std::min(by, most_protected_);
      most_protected_ -= moved;
      most_in_window_ += moved;
      demote();
      while (window_.size() < most_in_window_ && probation_.size() + protected_.size() != 0)
        window_.add_newest(probation_.empty() ? protected_.take_oldest() : probation_.take_oldest());
    } else {
      std::size_t const moved = std::min(by, most_in_window_ - 1);
      most_protected_ += moved;
      most_in_window_ -= moved;
      while (window_.size() > most_in_window_) probation_.add_newest(window_.take_oldest());
    }
    step_ = std::abs(change) >= 0.05 ? std::copysign(first_step(), step_) : 0.98 * step_;
    rate_ = rate;
    requests_ = hits_ = 0;
  }
  [[nodiscard]] double first_step() const { return 0.0625 * static_cast<double>(capacity_); }

  order window_, probation_, protected_;
  frequencies frequencies_;
  std::size_t most_in_window_, most_protected_;
  bool counts_ = false;
  double step_ = -first_step(), rate_ = 0;
  std::uint64_t requests_ = 0, hits_ = 0, random_ = 1;
};

}  // namespace hit_ratio
