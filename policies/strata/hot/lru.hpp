// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/generations.hpp>
#include <strata/hot/engine/links.hpp>
#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>

// Least recently used, by generations: a new one begins when newcomers have filled a 62nd of the capacity. A hit writes the
// generation into its entry, where it most often stands already, and moves nothing; an entry whose turn to go comes moves
// on to the queue of the generation that used it last. So hits of several threads do not disturb each other, and the order
// is that of lru_exact but within a generation: at most 0.2 points of its hit ratio less. Blind like it to loops and scans longer
// than the capacity. Rejected: one list in which hits among the newest quarter move nothing, as the others wrote where the
// next thread reads.
// Source: see engine/generations; the order that it comes near is that of lru_exact.
namespace strata::hot {

template <class Access>
class basic_lru_order {
 public:
  template <class Other>
  using with = basic_lru_order<Other>;
  using settings = engine::no_settings;
  // Its byte: the generation of the last use, while the entry waits in that of an earlier one.
  using node = engine::basic_links<Access>;
  static constexpr auto needs = engine::hit_needs::shared;

  basic_lru_order(settings, std::size_t capacity) noexcept : width_{(capacity + told_apart - 1) / told_apart} {}
  void take_over(basic_lru_order const& old) noexcept {
    std::size_t const mine = width_;
    *this = old;
    width_ = mine;
  }

  /// Beside other hits, which write the same.
  [[gnu::always_inline]] void on_hit(auto nodes, engine::slot i) const noexcept {
    auto& its = nodes[i];
    std::uint8_t const seen = its.seen();  // first: who is seen unchanged later has not gone on meanwhile
    std::uint8_t const now = all_.now();
    if (seen != now) its.mark(seen, now);
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    all_.count_one(width_);
    nodes[i].state(all_.now());
    all_.push(nodes, i, all_.now());
  }
  void on_erase(auto nodes, engine::slot i) noexcept { all_.remove(nodes, i); }
  void on_move(auto nodes, engine::slot from, engine::slot to) noexcept {
    nodes[to].state(nodes[from].state());
    all_.move(nodes, from, to);
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    while (!all_.empty()) {
      engine::slot const i = all_.oldest();
      std::uint8_t const used = nodes[i].state();
      if (used == all_.turn()) return i;
      all_.remove(nodes, i);
      all_.push(nodes, i, used);
    }
    return engine::no_slot;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept { return all_.size() == entries && all_.valid(nodes); }

 private:
  static constexpr std::size_t told_apart = 62;  // beside the one that has begun, and one that is empty

  engine::generations<told_apart + 2, Access> all_;
  std::size_t width_;
};
using lru_order = basic_lru_order<engine::behind_lock>;

/// The default. Hit O(1), most often without a write; miss O(1) amortised; 8 bytes an entry.
struct lru {
  using options = engine::options_for<lru_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<lru_order, Key, Value, Context>;
};

}  // namespace strata::hot
