// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>

// Least recently used, to the letter: one list; a use moves the entry to its new end, the old end goes. The list is a
// circle, so that only one end is kept and the use of the oldest entry is a turn of the circle that relinks nothing. A
// hit writes into its two neighbours and therefore needs the shard for itself. Fails on loops and scans longer than the
// capacity.
// Source: Belady: "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems Journal 1966; Mattson, Gecsei,
// Slutz, Traiger: "Evaluation Techniques for Storage Hierarchies", there 1970.
namespace strata::hot {

class lru_exact_order {
 public:
  struct node {
    engine::slot newer, older;
  };
  static constexpr auto needs = engine::hit_needs::exclusive;

  [[gnu::always_inline]] void on_hit(auto nodes, engine::slot i) noexcept {
    if (i == newest_) return;
    if (i != nodes[newest_].newer) {
      unlink(nodes, i);
      link(nodes, i);
    }
    newest_ = i;
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    if (newest_ == engine::no_slot)
      nodes[i] = {i, i};
    else
      link(nodes, i);
    newest_ = i;
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    if (i == newest_) newest_ = nodes[i].older == i ? engine::no_slot : nodes[i].older;
    unlink(nodes, i);
  }
  engine::slot victim(auto nodes, engine::newcomer const&) const noexcept {
    return newest_ == engine::no_slot ? newest_ : nodes[newest_].newer;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    std::size_t n = 0;
    engine::slot i = newest_;
    if (i != engine::no_slot) do {
        if (nodes[nodes[i].older].newer != i) return false;
        i = nodes[i].older;
      } while (++n <= entries && i != newest_);
    return n == entries;
  }

 private:
  static void unlink(auto nodes, engine::slot i) noexcept {
    nodes[nodes[i].newer].older = nodes[i].older;
    nodes[nodes[i].older].newer = nodes[i].newer;
  }
  void link(auto nodes, engine::slot i) noexcept {  // between the newest and the oldest
    engine::slot const oldest = nodes[newest_].newer;
    nodes[i] = {oldest, newest_};
    nodes[oldest].older = i;
    nodes[newest_].newer = i;
  }

  engine::slot newest_ = engine::no_slot;
};

/// Hit and miss O(1), each with three lines written; 8 bytes an entry.
struct lru_exact {
  using options = engine::options_for<lru_exact_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<lru_exact_order, Key, Value, Context>;
};

}  // namespace strata::hot
