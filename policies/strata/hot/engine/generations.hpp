// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/links.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

// A list in the order of the last use, to a part of its length, although a use moves nothing: it notes in which generation
// it happened, and an entry found used at the old end goes to the end of that generation. To send it to the newest end, as
// CLOCK does, was rejected: who is used no more stays for another whole turn, and a working set that moves on at the wrong
// pace meets the hand again and again, which cost 3 points against LRU.
// Source: Yu Zhao: "Multigenerational LRU Framework", Linux 6.1, 2022; with more generations.
namespace strata::hot::engine {

/// The nodes have links. Only the first and the last of a generation know which it is: a link that goes no further says it.
/// \tparam Access  how hits ask what generation it is
template <std::uint8_t Count, class Access = behind_lock>
class generations {
 public:
  static constexpr std::uint8_t count = Count;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The generation of whatever happens now.
  [[nodiscard, gnu::always_inline]] std::uint8_t now() const noexcept { return Access::get(now_); }
  /// The first of the oldest generation. While it is not empty.
  [[nodiscard]] slot oldest() noexcept {
    while (empty(oldest_)) oldest_ = after(oldest_);
    return ends_[oldest_].oldest;
  }
  /// The generation of what `oldest` gave.
  [[nodiscard]] std::uint8_t turn() const noexcept { return oldest_; }

  /// To the end of a generation, which began no earlier than the one that has the oldest.
  void push(auto nodes, slot i, std::uint8_t generation) noexcept {
    slot const before = ends_[generation].newest;
    nodes[i].newer(end(generation));
    nodes[i].older(before);
    newer_of(nodes, before, i);
    ends_[generation].newest = i;
    ++size_;
  }
  void remove(auto nodes, slot i) noexcept {
    slot const newer = nodes[i].newer();
    slot const older = nodes[i].older();
    newer_of(nodes, older, newer);
    if (newer < first_end)
      nodes[newer].older(older);
    else
      ends_[of(newer)].newest = older;
    --size_;
  }
  /// Another entry takes the place of one.
  void move(auto nodes, slot from, slot to) noexcept {
    slot const newer = nodes[from].newer();
    slot const older = nodes[from].older();
    nodes[to].newer(newer);
    nodes[to].older(older);
    newer_of(nodes, older, to);
    if (newer < first_end)
      nodes[newer].older(to);
    else
      ends_[of(newer)].newest = to;
  }
  /// One more has come: with each `fill`-th another generation begins. The oldest keeps its number until all of it is gone,
  /// which takes longer after many were removed, or more find room than before.
  void count_one(std::size_t fill) noexcept {
    std::uint8_t const next = after(now_);
    if (++came_ < fill || !empty(next)) return;
    came_ = 0;
    Access::set(now_, next);
    if (oldest_ == now_) oldest_ = after(now_);
  }

  /// For tests, as queue::valid. \complexity linear
  [[nodiscard]] bool valid(auto nodes) const noexcept {
    std::size_t n = 0;
    for (std::uint8_t g = 0; g < count; ++g) {
      slot last = end(g);
      for (slot i = ends_[g].newest; i < first_end && n <= size_; last = std::exchange(i, nodes[i].older()), ++n)
        if (nodes[i].newer() != last) return false;
      if (last != ends_[g].oldest) return false;
    }
    return n == size_;
  }

 private:
  static constexpr std::uint8_t after(std::uint8_t g) noexcept { return static_cast<std::uint8_t>((g + 1) % count); }

  static constexpr slot end(std::uint8_t g) noexcept { return no_slot - 1 - g; }
  static constexpr std::uint8_t of(slot end) noexcept { return static_cast<std::uint8_t>(no_slot - 1 - end); }
  static constexpr slot first_end = end(count - 1);
  [[nodiscard]] bool empty(std::uint8_t g) const noexcept { return ends_[g].newest == end(g); }
  void newer_of(auto nodes, slot i, slot newer) noexcept {
    if (i < first_end)
      nodes[i].newer(newer);
    else
      ends_[of(i)].oldest = newer;
  }

  struct both_ends {
    slot newest, oldest;
  };
  std::array<both_ends, count> ends_ = [] {
    std::array<both_ends, count> all;
    for (std::uint8_t g = 0; g < count; ++g) all[g] = {end(g), end(g)};
    return all;
  }();
  std::size_t size_ = 0, came_ = 0;
  alignas(Access::apart) std::uint8_t now_ = 0;
  std::uint8_t oldest_ = 0;
};

}  // namespace strata::hot::engine
