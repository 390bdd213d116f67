// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>

// One list in order of arrival, one bit an entry, and a hand that walks from the oldest towards the newest, clears the bits
// it finds and evicts the first entry without. A hit writes one bit and moves nothing, so it only needs the entry to stay.
// Strong on skewed keys; helpless against scans and against what stops being used.
// Source: Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU", NSDI 2024.
namespace strata::hot {

class sieve_order {
 public:
  struct node {  // a circle, as in lru_order; capacities end at 2^31, so one bit is free
    engine::slot older;
    engine::slot newer : 31;
    engine::slot used : 1;
  };
  static constexpr auto needs = engine::hit_needs::shared;

  static void on_hit(auto nodes, engine::slot i) noexcept {
    if (nodes[i].used == 0) nodes[i].used = 1;
  }

  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    nodes[i].used = 0;
    if (newest_ == engine::no_slot) {
      nodes[i].older = i;
      set_newer(nodes, i, i);
    } else {
      engine::slot const oldest = nodes[newest_].newer;
      nodes[i].older = newest_;
      set_newer(nodes, i, oldest);
      nodes[oldest].older = i;
      set_newer(nodes, newest_, i);
    }
    newest_ = i;
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    engine::slot const older = nodes[i].older;
    engine::slot const newer = nodes[i].newer;
    bool const alone = older == i;
    // Past the newest the hand waits for the one that is oldest when room is wanted next.
    if (hand_ == i) hand_ = i == newest_ ? engine::no_slot : newer;
    if (newest_ == i) newest_ = alone ? engine::no_slot : older;
    set_newer(nodes, older, newer);
    nodes[newer].older = older;
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    if (newest_ == engine::no_slot) return newest_;
    if (hand_ == engine::no_slot) hand_ = nodes[newest_].newer;
    for (; nodes[hand_].used != 0; hand_ = nodes[hand_].newer) nodes[hand_].used = 0;
    return hand_;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    std::size_t n = 0;
    bool hand_met = hand_ == engine::no_slot;
    engine::slot i = newest_;
    if (i != engine::no_slot) do {
        if (nodes[nodes[i].older].newer != i) return false;
        hand_met = hand_met || i == hand_;
        i = nodes[i].older;
      } while (++n <= entries && i != newest_);
    return n == entries && hand_met;
  }

 private:
  static void set_newer(auto nodes, engine::slot i, engine::slot to) noexcept { nodes[i].newer = to & 0x7FFFFFFFU; }

  engine::slot newest_ = engine::no_slot;
  engine::slot hand_ = engine::no_slot;
};

/// Hit O(1), miss O(1) amortised, two links an entry.
struct sieve {
  using options = engine::options;
  template <class Key, class Value, class Context>
  using tier = engine::tier<sieve_order, Key, Value, Context>;
};

}  // namespace strata::hot
