// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/queue.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

// A list in the order of the last use, to a part of its length, although a use moves nothing: it notes in which generation
// it happened, and an entry found used at the old end goes to the end of that generation. To send it to the newest end, as
// CLOCK does, was rejected: who is used no more stays for another whole turn, and a working set that moves on at the wrong
// pace meets the hand again and again, which cost 3 points against LRU.
// Source: Yu Zhao: "Multigenerational LRU Framework", Linux 6.1, 2022; with more generations.
namespace strata::hot::engine {

/// The nodes have `older`, `newer` and `where`, which is the generation as long as they are in here.
template <std::uint8_t Count>
class generations {
 public:
  static constexpr std::uint8_t count = Count;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The generation of whatever happens now.
  [[nodiscard, gnu::always_inline]] std::uint8_t now() const noexcept { return now_; }
  /// The first of the oldest generation. While it is not empty.
  [[nodiscard]] slot oldest() noexcept {
    while (lists_[oldest_].empty()) oldest_ = after(oldest_);
    return lists_[oldest_].oldest();
  }

  /// To the end of a generation, which began no earlier than the one that has the oldest.
  void push(auto nodes, slot i, std::uint8_t generation) noexcept {
    nodes[i].where = generation;
    lists_[generation].push(nodes, i);
    ++size_;
  }
  void remove(auto nodes, slot i) noexcept {
    lists_[nodes[i].where].remove(nodes, i);
    --size_;
  }
  /// One more has come: with each `fill`-th another generation begins. The oldest keeps its number until all of it is gone,
  /// which takes longer after many were removed, or more find room than before.
  void count_one(std::size_t fill) noexcept {
    std::uint8_t const next = after(now_);
    if (++came_ < fill || !lists_[next].empty()) return;
    came_ = 0;
    now_ = next;
    if (oldest_ == now_) oldest_ = after(now_);
  }

  /// For tests, as queue::valid. \complexity linear
  [[nodiscard]] bool valid(auto nodes) const noexcept {
    for (std::uint8_t g = 0; g < count; ++g)
      if (!lists_[g].valid(nodes, [g](auto const& n) { return n.where == g; })) return false;
    return size_ == std::accumulate(lists_.begin(), lists_.end(), std::size_t{},
                                    [](std::size_t n, queue const& list) { return n + list.size(); });
  }

 private:
  static constexpr std::uint8_t after(std::uint8_t g) noexcept { return static_cast<std::uint8_t>((g + 1) % count); }

  std::array<queue, count> lists_;
  std::size_t size_ = 0, came_ = 0;
  std::uint8_t now_ = 0, oldest_ = 0;
};

}  // namespace strata::hot::engine
