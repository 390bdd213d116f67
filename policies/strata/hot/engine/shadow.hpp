// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/ghosts.hpp>
#include <strata/hot/engine/segments.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>

// A small cache of hashes alone: what a setting would answer.
namespace strata::hot::engine {

class shadow {
 public:
  static constexpr std::size_t most = 0xFFFF;

  /// For that many entries, at least one and at most 65,535. \throws bad_alloc
  shadow(segment_setting s, std::size_t entries)
      : most_{entries},
        mask_{static_cast<std::uint32_t>(std::bit_ceil(entries * 3 / 2 + 1) - 1)},
        nodes_{std::make_unique<node[]>(entries)},
        index_{std::make_unique<std::uint16_t[]>(mask_ + 1)},
        order_{s, entries},
        ghosts_{order_.knows_ghosts() ? entries : 0} {}

  struct answer {
    bool hit;   ///< the key was there; it is now
    bool same;  ///< and nothing has changed, so until the next miss nothing will for this key
  };
  /// `more_frequent(a, b)` is asked about hashes.
  template <class MoreFrequent>
  answer request(std::uint32_t hash, MoreFrequent&& more_frequent) noexcept {
    node* const nodes = nodes_.get();
    auto const looked = [](slot, unsigned) {};
    std::uint32_t at = home(hash);
    for (; index_[at] != 0; at = (at + 1) & mask_)
      if (slot const i = index_[at] - 1U; nodes[i].hash == hash) {
        auto const before = order_.hit(nodes, i);
        return {.hit = true, .same = before == nodes[i].marks};
      }
    auto i = static_cast<slot>(order_.entries());
    if (i == most_) {
      auto const [who, ghost] =
          order_.victim(nodes, looked, [&](slot a, slot b) { return more_frequent(nodes[a].hash, nodes[b].hash); });
      i = who;
      if (ghost) ghosts_.remember(nodes[i].hash);
      order_.erase(nodes, i);
      drop(i);
      for (at = home(hash); index_[at] != 0;) at = (at + 1) & mask_;
    }
    nodes[i].hash = hash;
    index_[at] = static_cast<std::uint16_t>(i + 1);
    order_.insert(nodes, i, ghosts_.take(hash), looked);
    return {.hit = false, .same = false};
  }

 private:
  struct node : segment_node {
    std::uint32_t hash;
  };

  [[nodiscard]] std::uint32_t home(std::uint32_t hash) const noexcept { return (hash * 0x9E3779B1U >> 12U) & mask_; }
  // Moves back what stood behind it, so that nothing has to mark the hole.
  void drop(slot i) noexcept {
    std::uint32_t hole = home(nodes_[i].hash);
    while (index_[hole] != i + 1) hole = (hole + 1) & mask_;
    for (std::uint32_t at = (hole + 1) & mask_; index_[at] != 0; at = (at + 1) & mask_) {
      std::uint32_t const wanted = home(nodes_[index_[at] - 1U].hash);
      if (((at - wanted) & mask_) < ((at - hole) & mask_)) continue;
      index_[hole] = index_[at];
      hole = at;
    }
    index_[hole] = 0;
  }

  std::size_t most_;
  std::uint32_t mask_;
  std::unique_ptr<node[]> nodes_;
  std::unique_ptr<std::uint16_t[]> index_;  // slot + 1; zero: free
  segments order_;
  ghosts ghosts_;
};

}  // namespace strata::hot::engine
