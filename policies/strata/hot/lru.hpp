// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/queue.hpp>
#include <strata/hot/engine/tier.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

// Least recently used, by generations: a new one begins when newcomers have filled a 62nd of the capacity. A hit writes the
// generation into its entry, where it most often stands already, and moves nothing; an entry whose turn to go comes moves
// on to the queue of the generation that used it last. So hits of several threads do not disturb each other, and the order
// is that of lru_exact but within a generation: within 0.2 points of its hit ratio. Blind like it to loops and scans longer
// than the capacity. Rejected: one list in which hits among the newest quarter move nothing, as the others wrote where the
// next thread reads.
// Source: Yu Zhao: "Multigenerational LRU Framework", Linux 6.1, 2022; with more generations.
namespace strata::hot {

class lru_order {
 public:
  using settings = engine::no_settings;
  struct node {
    engine::slot older, newer;
    std::uint8_t used;   // the generation of the last use, as its queue
    std::uint8_t where;  // the queue that has it
  };
  static constexpr auto needs = engine::hit_needs::shared;

  lru_order(settings, std::size_t capacity) noexcept : width_{(capacity + told_apart - 1) / told_apart} {}
  void take_over(lru_order const& old) noexcept {
    std::size_t const mine = width_;
    *this = old;
    width_ = mine;
  }

  /// Beside other hits, which write the same.
  [[gnu::always_inline]] void on_hit(auto nodes, engine::slot i) const noexcept {
    std::atomic_ref<std::uint8_t> const used{nodes[i].used};
    if (used.load(std::memory_order_relaxed) != now_) used.store(now_, std::memory_order_relaxed);
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    if (++arrivals_ >= width_) begin_next();
    put(nodes, i, now_);
  }
  void on_erase(auto nodes, engine::slot i) noexcept { queues_[nodes[i].where].remove(nodes, i); }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    for (;;) {
      for (; queues_[oldest_].empty(); oldest_ = after(oldest_))
        if (oldest_ == now_) return engine::no_slot;
      engine::slot const i = queues_[oldest_].oldest();
      if (nodes[i].used == oldest_) return i;
      put(nodes, queues_[oldest_].pop(nodes), nodes[i].used);
    }
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    std::size_t n = 0;
    for (std::uint8_t at = 0; at < queues; ++at) {
      if (!queues_[at].valid(nodes, [at](auto const& one) { return one.where == at; })) return false;
      n += queues_[at].size();
    }
    return n == entries;
  }

 private:
  static constexpr std::uint8_t queues = 64;
  static constexpr std::size_t told_apart = queues - 2;  // beside the one that has begun, and one that is empty

  static std::uint8_t after(std::uint8_t at) noexcept { return static_cast<std::uint8_t>((at + 1) % queues); }
  // Where entries were erased, or the shard has grown, some may be so old that their queue would be the next: then this generation lasts until they go.
  void begin_next() noexcept {
    std::uint8_t const next = after(now_);
    if (!queues_[next].empty()) return;
    arrivals_ = 0;
    now_ = next;
    if (oldest_ == now_) oldest_ = after(now_);
  }
  void put(auto nodes, engine::slot i, std::uint8_t at) noexcept {
    nodes[i].used = nodes[i].where = at;
    queues_[at].push(nodes, i);
  }

  std::array<engine::queue, queues> queues_;
  std::uint8_t now_ = 0, oldest_ = 0;
  std::size_t arrivals_ = 0, width_;
};

/// The default. Hit O(1), most often without a write; miss O(1) amortised; 12 bytes an entry.
struct lru {
  using options = engine::options_for<lru_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<lru_order, Key, Value, Context>;
};

}  // namespace strata::hot
