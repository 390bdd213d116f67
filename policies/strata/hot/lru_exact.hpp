// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

// Least recently used, to the letter: one list; a use moves the entry to its new end, the old end goes. A hit writes into
// its two neighbours and therefore needs the shard for itself. The links stand in an array of their own: those of thousands of
// entries fit into the nearest memory, while in the entries each neighbour is on another line, which no hit of its own has
// brought there. Fails on loops and scans longer than the capacity.
// Source: Belady: "A Study of Replacement Algorithms for a Virtual-Storage Computer", IBM Systems Journal 1966; Mattson, Gecsei,
// Slutz, Traiger: "Evaluation Techniques for Storage Hierarchies", there 1970.
namespace strata::hot {

class lru_exact_order {
 public:
  using settings = engine::no_settings;
  struct node {};
  static constexpr auto needs = engine::hit_needs::exclusive;

  lru_exact_order(settings, std::size_t capacity) : links_{std::make_unique_for_overwrite<both[]>(capacity)} {}
  void take_over(lru_exact_order& old) noexcept {
    newest_ = old.newest_;
    oldest_ = old.oldest_;
    if (newest_ == engine::no_slot) return;
    for (std::size_t i = newest_; i != oldest_; i = links_[i].older) {
      links_[i].older = old.links_[i].older;
      links_[links_[i].older].newer = static_cast<engine::slot>(i);
    }
  }

  /// It does more, always, and a little later: until then its links are on their way.
  [[gnu::always_inline]] bool idle(auto const&, engine::slot i) const noexcept {
    __builtin_prefetch(&links_[i], 1);
    return false;
  }
  [[gnu::always_inline]] void on_hit(auto const&, engine::slot i) noexcept {
    if (i == newest_) return;
    unlink(i);
    push(i);
  }
  void on_insert(auto const&, engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    if (newest_ == engine::no_slot)
      newest_ = oldest_ = i;
    else
      push(i);
  }
  void on_erase(auto const&, engine::slot i) noexcept {
    if (i != newest_) return unlink(i);
    newest_ = i == oldest_ ? engine::no_slot : links_[i].older;
  }
  engine::slot victim(auto const&, engine::newcomer const&) const noexcept {
    return static_cast<engine::slot>(newest_ == engine::no_slot ? newest_ : oldest_);
  }

  bool valid(auto const&, std::size_t entries) const noexcept {
    if (newest_ == engine::no_slot) return entries == 0;
    std::size_t n = 1;
    for (std::size_t i = newest_; i != oldest_ && n <= entries; i = links_[i].older, ++n)
      if (links_[links_[i].older].newer != i) return false;
    return n == entries;
  }

 private:
  // The newest knows nobody newer, the oldest nobody older: what stands there means nothing.
  struct both {
    engine::slot newer, older;
  };
  [[gnu::always_inline]] void unlink(engine::slot i) noexcept {  // not the newest
    engine::slot const newer = links_[i].newer;
    if (i == oldest_) return void(oldest_ = newer);
    engine::slot const older = links_[i].older;
    links_[newer].older = older;
    links_[older].newer = newer;
  }
  [[gnu::always_inline]] void push(engine::slot i) noexcept {
    links_[newest_].newer = i;
    links_[i].older = static_cast<engine::slot>(newest_);
    newest_ = i;
  }

  std::unique_ptr<both[]> links_;
  // Of another type than the links: what is written to those cannot be these, which stay in registers over many hits.
  std::size_t newest_ = engine::no_slot, oldest_ = engine::no_slot;
};

/// Hit and miss O(1), each with three links written; 8 bytes an entry.
struct lru_exact {
  using options = engine::options_for<lru_exact_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<lru_exact_order, Key, Value, Context>;
};

}  // namespace strata::hot
