// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/queue.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

// One structure that is many algorithms: a window for newcomers in order of use, a segmented LRU behind it with 80 % for
// those that were used again, and a rule for who may leave the window for it. Another setting changes two numbers; entries
// find their new places as they are used.
namespace strata::hot::engine {

/// Who stays when it has to leave the window; the others go, and some of their ghosts stay.
enum class leaving : std::uint8_t {
  frequent,  ///< who was asked for more often than the one that would go instead: W-TinyLFU
  visited,   ///< who was used in the window, but not at once, or is a ghost that came back: 2Q, Clock2Q+
  either,    ///< both
  always,    ///< everybody: LRU
};
struct segment_setting {
  std::uint8_t window;  ///< percent of the entries
  leaving rule;
};

/// What a node needs beside the links.
struct segment_place {
  std::uint16_t arrival = 0;  // counts newcomers
  std::uint8_t where = 0;
  std::uint8_t used = 0;
};

class segments {
 public:
  explicit segments(segment_setting s) noexcept : setting_{s} {}

  [[nodiscard]] std::size_t entries() const noexcept { return window_.size() + probation_.size() + protected_.size(); }
  void set(segment_setting s) noexcept { setting_ = s; }
  /// Whether a ghost that comes back is known.
  [[nodiscard]] bool knows_ghosts() const noexcept {
    return setting_.rule == leaving::visited || setting_.rule == leaving::either;
  }

  void hit(auto nodes, slot i) noexcept {
    switch (nodes[i].where) {
      case in_window:
        // A use among the first half of a window's newcomers belongs to the first one: it says nothing about the time after.
        if (static_cast<std::uint16_t>(arrivals_ - nodes[i].arrival) >= std::min<std::size_t>(room() / 2, 0x7FFF))
          nodes[i].used = 1;
        window_.renew(nodes, i);
        break;
      case in_protected: protected_.renew(nodes, i); break;
      default: probation_.remove(nodes, i); protect(nodes, i);
    }
  }
  void insert(auto nodes, slot i, bool known) noexcept {
    nodes[i].used = 0;
    nodes[i].arrival = ++arrivals_;
    if (known) return protect(nodes, i);
    put(nodes, i, in_window, window_);
    while (window_.size() > room()) put(nodes, window_.pop(nodes), in_probation, probation_);  // there is room for all
  }
  void erase(auto nodes, slot i) noexcept {
    (nodes[i].where == in_window ? window_ : nodes[i].where == in_protected ? protected_ : probation_).remove(nodes, i);
  }

  struct departure {
    slot who;
    bool ghost;  ///< to be remembered
  };
  /// Who goes. `more_frequent(a, b)`: whether a was asked for more often than b.
  template <class MoreFrequent>
  departure victim(auto nodes, MoreFrequent&& more_frequent) noexcept {
    for (std::size_t const most = room();;) {
      slot const weakest = probation_.empty() ? protected_.oldest() : probation_.oldest();
      if (window_.empty() || (window_.size() < most && weakest != no_slot)) return {weakest, false};
      slot const candidate = window_.oldest();
      bool const stays_anyhow = knows_ghosts() && nodes[candidate].used != 0;
      if (!stays_anyhow) {
        bool const stays =
            weakest != no_slot && (setting_.rule == leaving::always ||
                                   (setting_.rule != leaving::visited && more_frequent(candidate, weakest)));
        if (!stays) return {candidate, setting_.rule != leaving::always};
      }
      put(nodes, window_.pop(nodes), in_probation, probation_);
      if (!stays_anyhow) return {weakest, false};
    }
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    auto const all = [](place where) { return [where](auto const& n) { return n.where == where; }; };
    return this->entries() == entries && window_.valid(nodes, all(in_window)) &&
           probation_.valid(nodes, all(in_probation)) && protected_.valid(nodes, all(in_protected));
  }

 private:
  enum place : std::uint8_t { in_window, in_probation, in_protected };

  [[nodiscard]] std::size_t room() const noexcept {
    return std::max<std::size_t>(entries() * setting_.window / 100, 1);
  }
  static void put(auto nodes, slot i, place where, queue& into) noexcept {
    nodes[i].where = where;
    into.push(nodes, i);
  }
  void protect(auto nodes, slot i) noexcept {
    put(nodes, i, in_protected, protected_);
    if (protected_.size() * 5 > (entries() - room()) * 4) put(nodes, protected_.pop(nodes), in_probation, probation_);
  }

  queue window_, probation_, protected_;
  std::uint16_t arrivals_ = 0;
  segment_setting setting_;
};

}  // namespace strata::hot::engine
