// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/ghosts.hpp>
#include <strata/hot/engine/links.hpp>
#include <strata/hot/engine/queue.hpp>
#include <strata/hot/engine/tier.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

// Three queues: newcomers pass through a small one, those that are used on the way (or that come back soon after, which
// ghosts tell) go to the main one and stay there as long as they are used. A hit adds one to a number that ends at three
// and moves nothing. Strong where most keys come once; blind to loops longer than the capacity, and, with few entries in
// the small queue, to keys that come back for their second time later than those take to pass.
// Source: Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction", SOSP 2023; the window is that
// of Clock2Q+ (2025): a hit that follows at once says nothing about the time after.
namespace strata::hot {

/// Shares of the entries there are, in percent.
struct s3fifo_settings {
  std::uint8_t small = 10;     ///< of the queue for newcomers
  std::uint8_t ghosts = 90;    ///< how many keys that went from it are remembered; up to 200
  std::uint8_t threshold = 1;  ///< uses that lead from the small queue to the main one, 1 to 3: 2 for web objects
  std::uint8_t window = 0;     ///< of the small queue: where uses do not count yet
  std::uint8_t most_uses = 3;  ///< counted, 63 at most; 1, with half the small queue as window, is Clock2Q+
};

template <class Access>
class basic_s3fifo_order {
 public:
  template <class Other>
  using with = basic_s3fifo_order<Other>;
  using settings = s3fifo_settings;
  struct node : engine::basic_links<Access> {  // the byte: the place, and behind it the uses
    [[nodiscard]] std::uint8_t place() const noexcept { return static_cast<std::uint8_t>(this->state() & ~all_uses); }
    [[nodiscard]] std::uint8_t uses() const noexcept { return this->state() & all_uses; }
  };
  static constexpr auto needs = engine::hit_needs::shared;

  basic_s3fifo_order(settings const& given, std::size_t capacity)
      : settings_{given}, ghosts_{capacity * std::min<std::size_t>(given.ghosts, 200) / 100} {
    settings_.most_uses = std::min(given.most_uses, all_uses);
  }
  void take_over(basic_s3fifo_order& old) noexcept {
    small_ = old.small_;
    main_ = old.main_;
    fresh_ = old.fresh_;
    edge_ = old.edge_;
  }

  [[gnu::always_inline]] void on_hit(auto nodes, engine::slot i) const noexcept {
    auto& its = nodes[i];
    std::uint8_t const seen = its.seen();
    if ((seen & all_uses) < settings_.most_uses && (seen & ~all_uses) != in_window)
      its.mark(seen, static_cast<std::uint8_t>(seen + 1));
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t hash, std::uint32_t) noexcept {
    bool const known = ghosts_.take(engine::kept_hash(hash));
    nodes[i].state(known ? in_main : in_small);
    (known ? main_ : small_).push(nodes, i);
    if (known || settings_.window == 0) return;
    nodes[i].state(in_window);
    if (fresh_++ == 0) edge_ = i;
    while (fresh_ * 100 > share() * settings_.window) pass_edge(nodes);
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    if (nodes[i].place() == in_window) {
      if (i == edge_)
        pass_edge(nodes);
      else
        --fresh_;
    }
    (nodes[i].place() == in_main ? main_ : small_).remove(nodes, i);
  }
  void on_move(auto nodes, engine::slot from, engine::slot to) noexcept {
    nodes[to].state(nodes[from].state());
    (nodes[to].place() == in_main ? main_ : small_).move(nodes, from, to);
    if (edge_ == from) edge_ = to;
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    [[maybe_unused]] std::size_t left = (small_.size() + main_.size()) * (settings_.most_uses + 2U);
    for (std::size_t const most = share();;) {
      if (main_.empty() && small_.empty()) return engine::no_slot;
      if (small_.empty() || (small_.size() < most && !main_.empty())) {
        engine::slot const i = main_.oldest();
        std::uint8_t const state = nodes[i].state();
        if ((state & all_uses) == 0) return i;
        if constexpr (Access::beside)
          if (left-- == 0) return i;  // as many turns find all unused, but those that are hit meanwhile
        nodes[i].state(static_cast<std::uint8_t>(state - 1));
        main_.renew(nodes, i);
      } else if (engine::slot const i = small_.oldest(); nodes[i].uses() < settings_.threshold) {
        ghosts_.remember(nodes.hash(i));
        return i;
      } else {
        if (nodes[i].place() == in_window) pass_edge(nodes);
        small_.remove(nodes, i);
        nodes[i].state(in_main);
        main_.push(nodes, i);
      }
    }
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    return small_.size() + main_.size() == entries &&
           small_.valid(nodes, [](node const& n) { return n.place() != in_main; }) &&
           main_.valid(nodes, [](node const& n) { return n.place() == in_main; });
  }

 private:
  static constexpr std::uint8_t all_uses = 0x3F;
  enum place : std::uint8_t { in_small = 0x00, in_window = 0x40, in_main = 0x80 };

  [[nodiscard]] std::size_t share() const noexcept {
    return std::max<std::size_t>((small_.size() + main_.size()) * settings_.small / 100, 1);
  }
  // The oldest in the window leaves it.
  void pass_edge(auto nodes) noexcept {
    engine::slot const i = std::exchange(edge_, nodes[edge_].newer());
    nodes[i].state(in_small);
    --fresh_;
  }

  settings settings_;
  engine::queue small_, main_;
  std::size_t fresh_ = 0;  // entries in the window
  engine::slot edge_ = engine::no_slot;
  engine::ghosts ghosts_;
};
using s3fifo_order = basic_s3fifo_order<engine::behind_lock>;

/// Hit O(1), a byte written at most; miss O(1) amortised; 8 bytes an entry and 5 a ghost.
struct s3fifo {
  using options = engine::options_for<s3fifo_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<s3fifo_order, Key, Value, Context>;
};

}  // namespace strata::hot
