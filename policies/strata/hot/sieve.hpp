// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/links.hpp>
#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>

// One list in order of arrival, one bit an entry, and a hand that walks from the oldest towards the newest, clears the bits
// it finds and evicts the first entry without. A hit writes one bit and moves nothing, so it only needs the entry to stay.
// Strong on skewed keys; helpless against scans and against what stops being used.
// Source: Zhang, Yang, Yue, Vigfusson, Rashmi: "SIEVE is Simpler than LRU", NSDI 2024.
namespace strata::hot {

template <class Access>
class basic_sieve_order {
 public:
  template <class Other>
  using with = basic_sieve_order<Other>;
  using node = engine::basic_links<Access>;  // a circle; own: whether it was used
  static constexpr auto needs = engine::hit_needs::shared;

  /// Beside other hits, which write the same: it is written once, and after that only read.
  [[gnu::always_inline]] static void on_hit(auto nodes, engine::slot i) noexcept {
    auto& its = nodes[i];  // once: twice costs a hit two instructions
    if (its.seen() == 0) its.mark(0, 1);
  }

  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    nodes[i].state(0);
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
  void on_move(auto nodes, engine::slot from, engine::slot to) noexcept {
    engine::slot const older = nodes[from].older();
    engine::slot const newer = nodes[from].newer();
    nodes[to].state(nodes[from].state());
    nodes[to].older(older == from ? to : older);
    nodes[to].newer(newer == from ? to : newer);
    if (older != from) nodes[older].newer(to);
    if (newer != from) nodes[newer].older(to);
    if (newest_ == from) newest_ = to;
    if (hand_ == from) hand_ = to;
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    if (newest_ == engine::no_slot) return newest_;
    if (hand_ == engine::no_slot) hand_ = nodes[newest_].newer();
    [[maybe_unused]] engine::slot const first = hand_;
    while (nodes[hand_].state() != 0) {
      nodes[hand_].state(0);
      hand_ = nodes[hand_].newer();
      if constexpr (Access::beside)
        if (hand_ == first) break;  // one turn clears all, but those that are hit meanwhile could go on for ever
    }
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
using sieve_order = basic_sieve_order<engine::behind_lock>;

/// Hit O(1), miss O(1) amortised, 8 bytes an entry.
struct sieve {
  using options = engine::options;
  template <class Key, class Value, class Context>
  using tier = engine::tier<sieve_order, Key, Value, Context>;
};

}  // namespace strata::hot
