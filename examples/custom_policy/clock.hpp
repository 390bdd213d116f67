// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>

// An eviction algorithm of one's own: CLOCK. The entries form a circle and each has a bit that a hit sets. When room is
// wanted a hand goes round, clears the bits it finds, and stops at the first entry without. Newcomers come in behind the
// hand and are met last. Where SIEVE's hand walks from old to new, this one turns a circle.
// Source: Corbato, "A Paging Experiment with the Multics System", 1968.
namespace mine {

namespace engine = strata::hot::engine;

class clock_order {
 public:
  struct node {
    engine::slot next, previous;
    bool used;
  };
  static constexpr auto needs = engine::hit_needs::shared;  // a hit moves nothing

  static void on_hit(auto nodes, engine::slot i) noexcept {
    std::atomic_ref{nodes[i].used}.store(true, std::memory_order_relaxed);
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    if (hand_ == engine::no_slot) {
      nodes[i] = {i, i, false};
      hand_ = i;
      return;
    }
    engine::slot const last = nodes[hand_].previous;
    nodes[i] = {hand_, last, false};
    nodes[last].next = i;
    nodes[hand_].previous = i;
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    engine::slot const next = nodes[i].next;
    nodes[nodes[i].previous].next = next;
    nodes[next].previous = nodes[i].previous;
    if (hand_ == i) hand_ = next == i ? engine::no_slot : next;
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    if (hand_ == engine::no_slot) return hand_;
    for (; nodes[hand_].used; hand_ = nodes[hand_].next) nodes[hand_].used = false;
    return hand_;
  }

  // For the tests: whether the circle holds just that many.
  bool valid(auto nodes, std::size_t entries) const noexcept {
    if (hand_ == engine::no_slot) return entries == 0;
    std::size_t n = 0;
    engine::slot i = hand_;
    do {
      if (nodes[nodes[i].next].previous != i) return false;
      i = nodes[i].next;
    } while (++n <= entries && i != hand_);
    return n == entries;
  }

 private:
  engine::slot hand_ = engine::no_slot;
};

/// The policy: what stands in the first place of strata::cache.
struct clock {
  using options = engine::options;
  template <class Key, class Value, class Context>
  using tier = engine::tier<clock_order, Key, Value, Context>;
};

}  // namespace mine
