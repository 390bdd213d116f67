// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/tier.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// Greedy dual size frequency: who has the lowest worth goes, and worth is uses times the cost of a miss by size, on top of
// what the last one that went was worth: so what is not used any more ages. For values of very different size or cost; with
// equal ones it is LFU that ages, a scan costs it nothing, and it is blind to the order of uses.
// Source: Cherkasova: "Improving WWW Proxies Performance with Greedy-Dual-Size-Frequency Caching Policy", HP 1998.
namespace strata::hot {

/// What a miss costs: `each` and `per_byte` times the value's bytes. 1 and 0 serve the most requests from memory, 0 and 1
/// the most bytes; 2 and 1 / 536.0 is what packets of the network cost.
struct gdsf_settings {
  double each = 1, per_byte = 0;
};

class gdsf_order {
 public:
  using settings = gdsf_settings;
  struct node {
    std::uint32_t place;  // in the heap
    std::uint32_t uses;
    std::uint32_t bytes;
  };
  static constexpr auto needs = engine::hit_needs::exclusive;

  gdsf_order(settings const& given, std::size_t capacity) : cost_{given} { heap_.reserve(capacity); }
  void take_over(gdsf_order& old) noexcept {
    heap_.assign(old.heap_.begin(), old.heap_.end());  // there is room
    age_ = old.age_;
    now_ = old.now_;
  }

  void on_hit(auto nodes, engine::slot i) noexcept {
    nodes[i].uses += nodes[i].uses != ~std::uint32_t{};
    sink(nodes, nodes[i].place, worth_of(nodes[i], i));
  }
  void on_weight(auto nodes, engine::slot i, std::uint32_t weight) noexcept {
    nodes[i].bytes = std::max(weight, 1U);
    move(nodes, nodes[i].place, worth_of(nodes[i], i));
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t, std::uint32_t weight) noexcept {
    nodes[i] = {static_cast<std::uint32_t>(heap_.size()), 1, std::max(weight, 1U)};
    heap_.push_back({});
    rise(nodes, nodes[i].place, worth_of(nodes[i], i));
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    std::uint32_t const hole = nodes[i].place;
    worth const last = heap_.back();
    heap_.pop_back();
    if (hole != heap_.size()) move(nodes, hole, last);
  }
  engine::slot victim(auto, engine::newcomer const&) noexcept {
    if (heap_.empty()) return engine::no_slot;
    age_ = heap_.front().value;
    return heap_.front().who;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    for (std::size_t i = 0; i < heap_.size(); ++i)
      if (nodes[heap_[i].who].place != i || (i != 0 && heap_[i] < heap_[(i - 1) / ways])) return false;
    return heap_.size() == entries;
  }

 private:
  static constexpr std::uint32_t ways = 4;

  struct worth {
    double value = 0;
    std::uint32_t time = 0;  // of equals the one that has been so for longer goes
    engine::slot who = engine::no_slot;

    bool operator<(worth const& other) const noexcept {
      return value < other.value || (value == other.value && static_cast<std::int32_t>(time - other.time) < 0);
    }
  };

  worth worth_of(node const& n, engine::slot i) noexcept {
    double const cost = cost_.each + cost_.per_byte * n.bytes;
    return {age_ + n.uses * cost / n.bytes, ++now_, i};
  }
  void place(auto nodes, std::uint32_t at, worth const& w) noexcept {
    heap_[at] = w;
    nodes[w.who].place = at;
  }
  void move(auto nodes, std::uint32_t at, worth const& w) noexcept {
    if (at != 0 && w < heap_[(at - 1) / ways])
      rise(nodes, at, w);
    else
      sink(nodes, at, w);
  }
  void rise(auto nodes, std::uint32_t at, worth const w) noexcept {
    for (; at != 0 && w < heap_[(at - 1) / ways]; at = (at - 1) / ways) place(nodes, at, heap_[(at - 1) / ways]);
    place(nodes, at, w);
  }
  void sink(auto nodes, std::uint32_t at, worth const w) noexcept {
    for (;;) {
      auto const first = std::size_t{at} * ways + 1;
      auto const last = std::min(first + ways, heap_.size());
      if (first >= last) break;
      auto const least =
          static_cast<std::uint32_t>(std::min_element(heap_.begin() + static_cast<std::ptrdiff_t>(first),
                                                      heap_.begin() + static_cast<std::ptrdiff_t>(last)) -
                                     heap_.begin());
      if (!(heap_[least] < w)) break;
      place(nodes, at, heap_[least]);
      at = least;
    }
    place(nodes, at, w);
  }

  settings cost_;
  double age_ = 0;
  std::uint32_t now_ = 0;
  std::vector<worth> heap_;
};

/// Hit and miss O(log n); 12 bytes an entry and 16 of the heap.
struct gdsf {
  using options = engine::options_for<gdsf_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<gdsf_order, Key, Value, Context>;
};

}  // namespace strata::hot
