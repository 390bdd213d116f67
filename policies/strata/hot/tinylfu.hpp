// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/queue.hpp>
#include <strata/hot/engine/sketch.hpp>
#include <strata/hot/engine/tier.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

// W-TinyLFU: newcomers live in a window in order of use; who leaves it may stay only if it was asked for more often than
// the one that would have to go, by a sketch that also knows keys that are not here. The others are a segmented LRU, 80 %
// of it for those that were used again. Strong on skewed keys and on loops. Blind with a small window to keys whose
// popularity is short (they are weighed against the past), with a large one to scans; climbing tries both, slowly.
// Source: Einziger, Friedman, Manes: "TinyLFU: A Highly Efficient Cache Admission Policy", ACM TOS 2017; Einziger, Eytan,
// Friedman, Manes: "Adaptive Software Cache Management", Middleware 2018, for the climbing.
namespace strata::hot {

enum class window_rule : std::uint8_t {
  fixed,
  climbing,  ///< moved every ten times as many requests as entries, onwards while the hit rate rises, else back
};
struct tinylfu_settings {
  std::uint8_t window = 1;  ///< percent of the entries; with climbing the first try
  window_rule rule = window_rule::climbing;
};

class tinylfu_order {
 public:
  using settings = tinylfu_settings;
  using node = engine::links;  // own: the place
  static constexpr auto needs = engine::hit_needs::exclusive;

  tinylfu_order(settings const& given, std::size_t capacity)
      : climbs_{given.rule == window_rule::climbing},
        share_{given.window / 100.0},
        capacity_{capacity},
        sketch_{capacity} {}
  void take_over(tinylfu_order& old) noexcept {
    window_ = old.window_;
    probation_ = old.probation_;
    protected_ = old.protected_;
    share_ = old.share_;
  }

  void on_hit(auto nodes, engine::slot i) noexcept {
    count(nodes.hash(i));
    ++hits_;
    switch (nodes[i].own) {
      case in_window: window_.renew(nodes, i); break;
      case in_protected: protected_.renew(nodes, i); break;
      default:
        probation_.remove(nodes, i);
        put(nodes, i, in_protected, protected_);
        if (protected_.size() * 10 > (entries() - window_room()) * 8)
          put(nodes, protected_.pop(nodes), in_probation, probation_);
    }
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t hash, std::uint32_t) noexcept {
    put(nodes, i, in_window, window_);
    while (window_.size() > window_room()) put(nodes, window_.pop(nodes), in_probation, probation_);
    count(engine::kept_hash(hash));
  }
  void on_erase(auto nodes, engine::slot i) noexcept {
    (nodes[i].own == in_window ? window_ : nodes[i].own == in_protected ? protected_ : probation_).remove(nodes, i);
  }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    counts_ = true;
    engine::slot const weakest = probation_.empty() ? protected_.oldest() : probation_.oldest();
    if (weakest == engine::no_slot) return window_.oldest();
    if (window_.size() < window_room() || window_.empty()) return weakest;
    engine::slot const candidate = window_.oldest();
    if (!admits(nodes.hash(candidate), nodes.hash(weakest))) return candidate;
    put(nodes, window_.pop(nodes), in_probation, probation_);
    return weakest;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    auto const all = [](place where) { return [where](node const& n) { return n.own == where; }; };
    return this->entries() == entries && window_.valid(nodes, all(in_window)) &&
           probation_.valid(nodes, all(in_probation)) && protected_.valid(nodes, all(in_protected));
  }

 private:
  enum place : std::uint8_t { in_window, in_probation, in_protected };

  static void put(auto nodes, engine::slot i, place where, engine::queue& into) noexcept {
    nodes[i].own = where;
    into.push(nodes, i);
  }
  [[nodiscard]] std::size_t entries() const noexcept { return window_.size() + probation_.size() + protected_.size(); }
  // A part of an entry is a whole one: of 138 one percent is two, and one is too few to be asked for again.
  [[nodiscard]] std::size_t window_room() const noexcept {
    std::size_t const all = entries();
    return std::max<std::size_t>(all - static_cast<std::size_t>(static_cast<double>(all) * (1 - share_)), 1);
  }

  // Counting begins when the tier is half full: before, nothing has to go, and the first keys would seem popular.
  void count(std::uint32_t hash) noexcept {
    counts_ = counts_ || entries() * 2 >= capacity_;
    if (!counts_) return;
    sketch_.count(hash);
    if (climbs_ && ++requests_ >= capacity_ * 10) climb();
  }
  // A tie is the present one's; now and then a popular candidate wins all the same, so that nobody who knows which keys
  // collide in the sketch can keep a victim here for ever.
  bool admits(std::uint32_t candidate, std::uint32_t present) noexcept {
    unsigned const asked = sketch_.estimate(candidate);
    if (asked > sketch_.estimate(present)) return true;
    if (asked < 6) return false;
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return random_ >> 57U == 0;
  }
  void climb() noexcept {
    double const rate = static_cast<double>(hits_) / static_cast<double>(requests_);
    double const change = rate - last_rate_;
    if (change < 0) step_ = -step_;
    share_ = std::clamp(share_ + step_, 0.0, 0.8);
    step_ = std::abs(change) >= 0.05 ? std::copysign(first_step, step_) : 0.98 * step_;
    last_rate_ = rate;
    requests_ = hits_ = 0;
  }

  static constexpr double first_step = 0.0625;

  engine::queue window_, probation_, protected_;
  bool counts_ = false, climbs_;
  double share_;
  double step_ = -first_step, last_rate_ = 0;
  std::uint64_t requests_ = 0, hits_ = 0;
  std::uint64_t random_ = 1;
  std::size_t capacity_;
  engine::sketch sketch_;
};

/// Hit and miss O(1), amortised over the sketch's halving; 8 bytes an entry and 8 of the sketch.
struct tinylfu {
  using options = engine::options_for<tinylfu_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<tinylfu_order, Key, Value, Context>;
};

}  // namespace strata::hot
