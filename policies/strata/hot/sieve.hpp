// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/links.hpp>
#include <strata/hot/engine/tier.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

// One list in order of arrival, one bit an entry, and a hand that walks from the oldest towards the newest, clears the bits
// it finds and evicts the first entry without. A hit writes one bit and moves nothing, so it only needs the entry to stay.
// Strong on skewed keys; helpless against scans and against what stops being used.
// Source: Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU", NSDI 2024.
namespace strata::hot {

class sieve_order {
 public:
  using node = engine::links;  // a circle; own: whether it was used
  static constexpr auto needs = engine::hit_needs::shared;

  /// Beside other hits, which write the same: it is written once, and after that only read.
  [[gnu::always_inline]] static void on_hit(auto nodes, engine::slot i) noexcept {
    std::atomic_ref<std::uint8_t> const used{nodes[i].own};
    if (used.load(std::memory_order_relaxed) == 0) used.store(1, std::memory_order_relaxed);
  }

  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    nodes[i].own = 0;
    if (newest_ == engine::no_slot) {
      nodes[i].older(i);
      nodes[i].newer(i);
    } else {
      engine::slot const oldest = nodes[newest_].newer();
      nodes[i].older(newest_);
      nodes[i].newer(oldest);
      nodes[oldest].older(i);
      nodes[newest_].newer(i);
    }
    newest_ = i;
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    engine::slot const older = nodes[i].older();
    engine::slot const newer = nodes[i].newer();
    bool const alone = older == i;
    // Past the newest the hand waits for the one that is oldest when room is wanted next.
    if (hand_ == i) hand_ = i == newest_ ? engine::no_slot : newer;
    if (newest_ == i) newest_ = alone ? engine::no_slot : older;
    nodes[older].newer(newer);
    nodes[newer].older(older);
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    if (newest_ == engine::no_slot) return newest_;
    if (hand_ == engine::no_slot) hand_ = nodes[newest_].newer();
    for (; nodes[hand_].own != 0; hand_ = nodes[hand_].newer()) nodes[hand_].own = 0;
    return hand_;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    std::size_t n = 0;
    bool hand_met = hand_ == engine::no_slot;
    engine::slot i = newest_;
    if (i != engine::no_slot) do {
        if (nodes[nodes[i].older()].newer() != i) return false;
        hand_met = hand_met || i == hand_;
        i = nodes[i].older();
      } while (++n <= entries && i != newest_);
    return n == entries && hand_met;
  }

 private:
  engine::slot newest_ = engine::no_slot;
  engine::slot hand_ = engine::no_slot;
};

/// Hit O(1), miss O(1) amortised, 8 bytes an entry.
struct sieve {
  using options = engine::options;
  template <class Key, class Value, class Context>
  using tier = engine::tier<sieve_order, Key, Value, Context>;
};

}  // namespace strata::hot
