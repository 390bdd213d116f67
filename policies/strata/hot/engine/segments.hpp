// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/generations.hpp>
#include <strata/hot/engine/queue.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

// One structure that is many algorithms: a window for newcomers, a main part behind it with 80 % for those that were used
// again, and a rule for who may leave the window for it. Another setting changes two numbers; entries find their new
// places as they are used. A hit moves nothing, it is marked: where an entry's turn to go comes, its mark tells how often
// it was used since the last time, and gives it another turn. So a hit costs a byte, most often one that says so already.
// Until something has to leave, everything is in the window, which is in the order of last use (see generations): whatever
// setting comes first then finds what LRU would have kept.
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

struct segment_node : links {  // own: the place
  std::uint8_t marks = 0;      // how often it was used since it was looked at, up to 7; and the bits below
  std::uint16_t arrival = 0;   // counts newcomers

  static constexpr std::uint8_t uses = 0x07;
  static constexpr std::uint8_t last = 0x38;    // the generation in which it was used last
  static constexpr std::uint8_t chosen = 0x40;  // the algorithm's own
  static constexpr std::uint8_t late = 0x80;    // it was used in the window, but not at once
};

class segments {
 public:
  /// For that many entries, at most.
  segments(segment_setting s, std::size_t most) noexcept : setting_{s}, most_{most} {}

  [[nodiscard]] std::size_t entries() const noexcept { return window_.size() + probation_.size() + protected_.size(); }
  void set(segment_setting s) noexcept {
    setting_ = s;
    measure();
  }
  /// Whether a ghost that comes back is known.
  [[nodiscard]] bool knows_ghosts() const noexcept {
    return setting_.rule == leaving::visited || setting_.rule == leaving::either;
  }

  /// Marks it; may run beside others of its kind, and then two may count as one. \returns the marks there were
  [[gnu::always_inline]] std::uint8_t hit(auto nodes, slot i) const noexcept {
    auto& n = nodes[i];
    std::atomic_ref<std::uint8_t> const marks{n.marks};
    std::uint8_t const seen = marks.load(std::memory_order_relaxed);
    if (seen == settled_) return seen;
    // A use among the first half of a window's newcomers belongs to the first one: it says nothing about the time after.
    bool const late = static_cast<std::uint16_t>(arrivals_ - n.arrival) >= at_once_;
    bool const more = (seen & segment_node::uses) != segment_node::uses;
    auto const mark = static_cast<std::uint8_t>(((seen & ~segment_node::last) + more) |
                                                (settled_ & segment_node::last) | (late ? segment_node::late : 0));
    if (mark != seen) marks.store(mark, std::memory_order_relaxed);
    return seen;
  }
  template <class Looked>
  void insert(auto nodes, slot i, bool known, Looked&& looked) noexcept {
    full_ = full_ && entries() != 0;
    nodes[i].marks = 0;
    nodes[i].arrival = ++arrivals_;
    if (known) {
      put(nodes, i, in_protected, protected_);
      measure();
      return demote(nodes, looked);
    }
    come(nodes, i, window_.now());
    measure();
    while (full_ && window_.size() > room_) ripen(nodes, window_.oldest());  // there is room for all
  }
  void erase(auto nodes, slot i) noexcept {
    if (nodes[i].own == in_window) return window_.remove(nodes, i);
    (nodes[i].own == in_protected ? protected_ : probation_).remove(nodes, i);
  }

  struct departure {
    slot who;
    bool ghost;  ///< to be remembered
  };
  /// Who goes. `looked(i, n)`: i was used n times since it was looked at; `more_frequent(a, b)`: whether a was asked for
  /// more often than b.
  template <class Looked, class MoreFrequent>
  departure victim(auto nodes, Looked&& looked, MoreFrequent&& more_frequent) noexcept {
    full_ = true;
    for (measure();;) {
      slot const weakest = find_weakest(nodes, looked);
      if (window_.empty() || (window_.size() < room_ && weakest != no_slot)) return {weakest, false};
      slot const candidate = window_.oldest();
      std::uint8_t const last = last_use(nodes[candidate]);
      if (look(nodes, candidate, looked) && last != window_.turn()) {
        window_.remove(nodes, candidate);
        come(nodes, candidate, last);
        continue;
      }
      bool const stays_anyhow = knows_ghosts() && (nodes[candidate].marks & segment_node::late) != 0;
      if (!stays_anyhow) {
        bool const stays =
            weakest != no_slot && (setting_.rule == leaving::always ||
                                   (setting_.rule != leaving::visited && more_frequent(candidate, weakest)));
        if (!stays) return {candidate, setting_.rule != leaving::always};
      }
      ripen(nodes, candidate);
      if (!stays_anyhow) return {weakest, false};
    }
  }

  bool valid(auto nodes, std::size_t entries) const noexcept {
    auto const all = [](place where) { return [where](auto const& n) { return n.own == where; }; };
    return this->entries() == entries && window_.valid(nodes) && probation_.valid(nodes, all(in_probation)) &&
           protected_.valid(nodes, all(in_protected));
  }

 private:
  enum place : std::uint8_t { in_window, in_probation, in_protected };

  static std::uint8_t last_use(segment_node const& n) noexcept {
    return static_cast<std::uint8_t>((n.marks & segment_node::last) >> 3U);
  }

  static constexpr std::uint8_t settled(std::uint8_t now) noexcept {
    return static_cast<std::uint8_t>(segment_node::uses | segment_node::late | now << 3U);
  }

  void measure() noexcept {
    room_ = std::max<std::size_t>(entries() * setting_.window / 100, 1);
    at_once_ = static_cast<std::uint16_t>(std::min<std::size_t>(room_ / 2, 0x7FFF));
  }
  /// How many make a generation: eight of them hold more than there is room for.
  [[nodiscard]] std::size_t part() const noexcept { return (full_ ? room_ : most_) / 6; }
  void come(auto nodes, slot i, std::uint8_t generation) noexcept {
    nodes[i].own = in_window;
    window_.push(nodes, i, generation);
    window_.count_one(part());
    settled_ = settled(window_.now());
  }
  void ripen(auto nodes, slot i) noexcept {
    window_.remove(nodes, i);
    put(nodes, i, in_probation, probation_);
  }
  static void put(auto nodes, slot i, place where, queue& into) noexcept {
    nodes[i].own = where;
    into.push(nodes, i);
  }
  /// Whether it was used since it was looked at last.
  template <class Looked>
  static bool look(auto nodes, slot i, Looked& looked) noexcept {
    unsigned const n = nodes[i].marks & segment_node::uses;
    if (n == 0) return false;
    nodes[i].marks &= static_cast<std::uint8_t>(~segment_node::uses);
    looked(i, n);
    return true;
  }
  /// The one of the main part whose turn it is, after all before it that were used have got another.
  template <class Looked>
  slot find_weakest(auto nodes, Looked& looked) noexcept {
    while (!probation_.empty()) {
      slot const i = probation_.oldest();
      if (!look(nodes, i, looked)) return i;
      put(nodes, probation_.pop(nodes), in_protected, protected_);
      demote(nodes, looked);
    }
    slot i = protected_.oldest();
    for (; i != no_slot && look(nodes, i, looked); i = protected_.oldest()) protected_.renew(nodes, i);
    return i;
  }
  template <class Looked>
  void demote(auto nodes, Looked& looked) noexcept {
    while (protected_.size() * 5 > (entries() - room_) * 4) {
      if (slot const i = protected_.oldest(); look(nodes, i, looked))
        protected_.renew(nodes, i);
      else
        put(nodes, protected_.pop(nodes), in_probation, probation_);
    }
  }

  generations<8> window_;
  queue probation_, protected_;
  std::size_t room_ = 1;  // of the window
  std::uint16_t at_once_ = 0;
  std::uint8_t settled_ = settled(0);  // marks to which a hit adds nothing
  std::uint16_t arrivals_ = 0;
  segment_setting setting_;
  std::size_t most_;
  bool full_ = false;  // something had to leave
};

}  // namespace strata::hot::engine
