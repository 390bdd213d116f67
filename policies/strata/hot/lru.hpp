// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>

// Least recently used, moved only where it matters: an entry among the newest quarter is far from going, so a hit leaves it
// where it is, and most hits of skewed keys write nothing. What a quarter is, is told by one bit an entry and a mark at the
// quarter's oldest. Within 0.2 points of lru_exact's hit ratio; blind like it to loops and scans longer than the capacity.
namespace strata::hot {

class lru_order {
 public:
  struct node {  // a circle, as in lru_exact; the upper bit of `newer` says young
    engine::slot older, newer;
  };
  static constexpr auto needs = engine::hit_needs::exclusive;

  /// Whether on_hit would change nothing.
  [[gnu::always_inline]] static bool idle(auto nodes, engine::slot i) noexcept { return (nodes[i].newer & young) != 0; }
  [[gnu::always_inline]] void on_hit(auto nodes, engine::slot i) noexcept {
    if (idle(nodes, i)) return;
    unlink(nodes, i);
    link(nodes, i);
    ripen(nodes);
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    ++entries_;
    link(nodes, i);
    ripen(nodes);
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    --entries_;
    if ((nodes[i].newer & young) != 0) {
      --young_;
      if (i == edge_) edge_ = young_ == 0 ? engine::no_slot : nodes[i].newer & ~young;
    }
    unlink(nodes, i);
  }
  engine::slot victim(auto nodes, engine::newcomer const&) const noexcept {
    return newest_ == engine::no_slot ? newest_ : nodes[newest_].newer & ~young;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    std::size_t n = 0;
    engine::slot i = newest_;
    if (i != engine::no_slot) do {
        if ((nodes[nodes[i].older].newer & ~young) != i || ((nodes[i].newer & young) != 0) != (n < young_))
          return false;
        if (n + 1 == young_ && i != edge_) return false;
        i = nodes[i].older;
      } while (++n <= entries && i != newest_);
    return n == entries && n == entries_;
  }

 private:
  static constexpr engine::slot young = engine::slot{1} << 31U;

  void unlink(auto nodes, engine::slot i) noexcept {
    engine::slot const older = nodes[i].older;
    engine::slot const newer = nodes[i].newer & ~young;
    if (newest_ == i) newest_ = older == i ? engine::no_slot : older;
    nodes[older].newer = newer | (nodes[older].newer & young);
    nodes[newer].older = older;
  }
  // Between the newest and the oldest, as young.
  void link(auto nodes, engine::slot i) noexcept {
    if (newest_ == engine::no_slot) {
      nodes[i].older = i;
      nodes[i].newer = i | young;
    } else {
      engine::slot const oldest = nodes[newest_].newer & ~young;
      nodes[i].older = newest_;
      nodes[i].newer = oldest | young;
      nodes[oldest].older = i;
      nodes[newest_].newer = i | (nodes[newest_].newer & young);
    }
    newest_ = i;
    if (young_++ == 0) edge_ = i;
  }
  void ripen(auto nodes) noexcept {
    while (young_ > entries_ / 4) {
      engine::slot const newer = nodes[edge_].newer & ~young;
      nodes[edge_].newer = newer;
      edge_ = --young_ == 0 ? engine::no_slot : newer;
    }
  }

  engine::slot newest_ = engine::no_slot;
  engine::slot edge_ = engine::no_slot;  // the oldest of the young
  std::uint32_t young_ = 0, entries_ = 0;
};

/// The default. Hit O(1), most often without a write; miss O(1); 8 bytes an entry.
struct lru {
  using options = engine::options_for<lru_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<lru_order, Key, Value, Context>;
};

}  // namespace strata::hot
