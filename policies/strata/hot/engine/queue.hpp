// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/links.hpp>

#include <cstddef>
#include <utility>

// A list of entries that algorithms with several of them share: the nodes have links, and each is in one list at a time,
// which the algorithm knows.
namespace strata::hot::engine {

class queue {
 public:
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// no_slot when empty.
  [[nodiscard]] slot oldest() const noexcept { return oldest_; }
  [[nodiscard]] slot newest() const noexcept { return newest_; }

  void push(auto nodes, slot i) noexcept {
    nodes[i].newer(no_slot);
    nodes[i].older(newest_);
    if (newest_ == no_slot)
      oldest_ = i;
    else
      nodes[newest_].newer(i);
    newest_ = i;
    ++size_;
  }
  void remove(auto nodes, slot i) noexcept {
    slot const newer = nodes[i].newer();
    slot const older = nodes[i].older();
    if (newer == no_slot)
      newest_ = older;
    else
      nodes[newer].older(older);
    if (older == no_slot)
      oldest_ = newer;
    else
      nodes[older].newer(newer);
    --size_;
  }
  /// Another entry takes the place of one.
  void move(auto nodes, slot from, slot to) noexcept {
    slot const newer = nodes[from].newer();
    slot const older = nodes[from].older();
    nodes[to].newer(newer);
    nodes[to].older(older);
    if (newer == no_slot)
      newest_ = to;
    else
      nodes[newer].older(to);
    if (older == no_slot)
      oldest_ = to;
    else
      nodes[older].newer(to);
  }
  void renew(auto nodes, slot i) noexcept {
    if (i == newest_) return;
    remove(nodes, i);
    push(nodes, i);
  }
  slot pop(auto nodes) noexcept {
    slot const i = oldest_;
    remove(nodes, i);
    return i;
  }

  /// For tests: whether both directions agree, and `mine(node)` holds for all. \complexity linear
  template <class Mine>
  [[nodiscard]] bool valid(auto nodes, Mine mine) const noexcept {
    std::size_t n = 0;
    slot last = no_slot;
    for (slot i = newest_; i != no_slot && n <= size_; last = std::exchange(i, nodes[i].older()), ++n)
      if (nodes[i].newer() != last || !mine(nodes[i])) return false;
    return n == size_ && last == oldest_;
  }

 private:
  slot newest_ = no_slot, oldest_ = no_slot;
  std::size_t size_ = 0;
};

}  // namespace strata::hot::engine
