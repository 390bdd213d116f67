// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/ghosts.hpp>
#include <strata/hot/engine/segments.hpp>
#include <strata/hot/engine/shadow.hpp>
#include <strata/hot/engine/sketch.hpp>
#include <strata/hot/engine/tier.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <vector>

// No algorithm is good at all streams, and each is bad at some. This one is eight: engine/segments with eight settings,
// from W-TinyLFU with a small window, which keeps a part of any loop, to LRU, which nothing recent escapes. Each
// setting also runs in a shadow, a cache of hashes alone over a sample of the keys; the setting whose shadow answered
// most of late is the real one's. A change moves nothing: two numbers are set, and entries find their new places as
// they are used. Nor does a hit: what it tells is taken note of in the entry, and read where somebody has to go. What
// shadows cannot show it is blind to: streams that only an exact LRU of all but the last entry or LIRS with long ghosts
// answers, and changes that are over before a sample has seen them (some requests for each entry).
// Source: ours. Sampled small-scale shadows: Waldspurger, Saemundsson, Ahmad, Park: "Cache Modeling and Optimization using
// Miniature Simulations", ATC 2017; the settings: see engine/segments and tinylfu.
namespace strata::hot {

class adaptive_order {
 public:
  using settings = engine::no_settings;
  using node = engine::segment_node;
  static constexpr auto needs = engine::hit_needs::exclusive;

  adaptive_order(settings, std::size_t capacity)
      : order_{choices[first(capacity)], capacity}, capacity_{capacity}, sketch_{capacity}, ghosts_{capacity} {
    // A sixteenth of the keys at most where there are enough of them, so that shadows cost less than the sketch does. In a
    // shard that is large their memory is far away, and a sample of fewer entries shows as much: there each is asked for longer.
    std::size_t one_of = capacity < dear ? 1 : 16;
    while (capacity / one_of > (capacity < dear ? 256 : capacity < far ? 512 : 128)) one_of *= 2;
    sampled_ = static_cast<std::uint32_t>(one_of - 1);
    round_ = std::max<std::size_t>(capacity / 4, 256) / one_of;
    most_alone_ = std::max<std::size_t>(capacity / one_of, 1) * 4;
    shadows_.reserve(std::size(choices));
    for (auto const& choice : choices) shadows_.emplace_back(choice, std::max<std::size_t>(capacity / one_of, 1));
  }
  void take_over(adaptive_order& old) noexcept {
    order_ = old.order_;
    leader_ = old.leader_;
    quiet_ = old.quiet_;
    silent_ = old.silent_;
    missed_ = true;
  }

  /// Most hits are marked, and that is all; those of the sample are asked of the shadows, a little later.
  [[gnu::always_inline]] bool idle(auto nodes, engine::slot i) const noexcept {
    return (order_.hit(nodes, i) & node::chosen) == 0;
  }
  // A hit that changed nothing in any shadow does so again until one of them misses: it is not asked about any more. Nor is
  // any after many without a newcomer: while nobody comes there is nothing to learn for. Only a newcomer ends that, since
  // hits are told of late, and one must not change what another is.
  void on_hit(auto nodes, engine::slot i) noexcept {
    auto& marks = nodes[i].marks;
    if ((marks & node::chosen) == 0) return;
    if (std::uint32_t const hash = nodes.hash(i); sampled(hash)) {
      bool const enough = asked_alone_ == most_alone_;
      bool const same = enough || ask_shadows(hash);
      if (enough)
        missed_ = true;
      else
        ++asked_alone_;
      if (!same || silent_ == quiet_.size()) return;
      quiet_[silent_++] = i;
    }
    marks &= static_cast<std::uint8_t>(~node::chosen);  // also of who was in the sample of a smaller shard alone
  }
  void on_insert(auto nodes, engine::slot i, std::uint64_t hash, std::uint32_t) noexcept {
    asked_alone_ = 0;
    if (missed_) wake(nodes);
    std::uint32_t const kept = engine::kept_hash(hash);
    order_.insert(nodes, i, order_.knows_ghosts() && ghosts_.take(kept), looked(nodes));
    counts_ = counts_ || order_.entries() * 2 >= capacity_;
    if (sampled(kept)) {
      nodes[i].marks |= node::chosen;
      ask_shadows(kept);
    } else if (counts_) {
      sketch_.count(kept);
    }
  }
  void on_erase(auto nodes, engine::slot i) noexcept { order_.erase(nodes, i); }
  engine::slot victim(auto nodes, engine::newcomer const&) noexcept {
    counts_ = true;
    order_.set(choices[leader_]);
    auto const [who, ghost] = order_.victim(nodes, looked(nodes), [&](engine::slot a, engine::slot b) {
      return more_frequent(nodes.hash(a), nodes.hash(b));
    });
    if (ghost) ghosts_.remember(nodes.hash(who));
    return who;
  }

  bool valid(auto nodes, std::size_t entries) const noexcept { return order_.valid(nodes, entries); }

 private:
  static constexpr engine::segment_setting choices[] = {
      {1, engine::leaving::frequent}, {20, engine::leaving::frequent}, {50, engine::leaving::frequent},
      {2, engine::leaving::visited},  {10, engine::leaving::visited},  {25, engine::leaving::visited},
      {25, engine::leaving::either},  {100, engine::leaving::always},
  };
  static constexpr std::size_t dear = 1'000;   // entries from which on the cost of shadows counts
  static constexpr std::size_t large = 4'096;  // from which on a mistake lasts for long
  static constexpr std::size_t far = 8'192;    // and from which on shadows leave the nearest memory
  // What is taken before anything is known: in a small cache one that keeps a part of loops, in a large one one that is
  // near LRU.
  static constexpr std::size_t first(std::size_t capacity) noexcept { return capacity < large ? 4 : 6; }

  bool more_frequent(std::uint32_t a, std::uint32_t b) noexcept {
    unsigned const asked = sketch_.estimate(a);
    if (asked > sketch_.estimate(b)) return true;
    if (asked < 6) return false;
    random_ = random_ * 6364136223846793005U + 1442695040888963407U;
    return random_ >> 57U == 0;
  }

  // Keys of the sample are counted at once, the others when somebody looks.
  [[nodiscard]] auto looked(auto nodes) noexcept {
    return [this, nodes](engine::slot i, unsigned n) {
      if (counts_ && !sampled(nodes.hash(i))) sketch_.count(nodes.hash(i), n);
    };
  }
  [[nodiscard]] bool sampled(std::uint32_t hash) const noexcept { return (hash * 0x85EBCA6BU >> 9U & sampled_) == 0; }
  void wake(auto nodes) noexcept {
    missed_ = false;
    for (; silent_ != 0; --silent_)
      if (engine::slot const i = quiet_[silent_ - 1]; sampled(nodes.hash(i))) nodes[i].marks |= node::chosen;
  }
  /// \returns whether it changed nothing in any of them
  [[gnu::noinline]] bool ask_shadows(std::uint32_t hash) noexcept {
    if (counts_) sketch_.count(hash);
    ++asked_;
    bool same = true;
    for (engine::slot s = 0; s < std::size(choices); ++s) {
      auto const found =
          shadows_[s].request(hash, [&](std::uint32_t a, std::uint32_t b) { return more_frequent(a, b); });
      answered_[s] += found.hit;
      missed_ = missed_ || !found.hit;
      same = same && found.same;
    }
    if (++requests_ == round_) judge();
    return same;
  }
  // Old rounds count for less and less. The leader changes for one that is better by more than chance makes it look; and by
  // more still after changes of late, since a loop shows two settings that are as good in turns.
  [[gnu::noinline]] void judge() noexcept {
    requests_ = 0;
    std::size_t best = 0;
    for (std::size_t s = 1; s < std::size(choices); ++s)
      if (worth(s) > worth(best)) best = s;
    if (worth(best) - worth(leader_) > patience_ * (0.002 * asked_ + 0.1 * std::sqrt(asked_))) {
      patience_ = std::min(patience_ * 1.2, 8.0);
      leader_ = best;
    }
    constexpr double fading = 0.98;
    for (double& a : answered_) a *= fading;
    asked_ *= fading;
    patience_ = 1 + (patience_ - 1) * 0.995;
  }
  // A sketch that keeps out what is new is the worst mistake when the stream changes: in a large cache it has to be
  // better by more, the less of what is recent it keeps.
  [[nodiscard]] double worth(std::size_t s) const noexcept {
    bool const risky = capacity_ >= large && choices[s].rule == engine::leaving::frequent;
    return answered_[s] - (risky ? 0.0002 * (100 - choices[s].window) * asked_ : 0);
  }

  engine::segments order_;
  std::size_t capacity_, requests_ = 0, round_ = 0;
  std::size_t asked_alone_ = 0, most_alone_ = 0;  // hits since the last newcomer
  std::uint32_t sampled_;
  bool counts_ = false;
  engine::sketch sketch_;
  engine::ghosts ghosts_;
  std::uint64_t random_ = 1;
  std::vector<engine::shadow> shadows_;
  std::array<engine::slot, 512> quiet_{};  // entries of the sample that are not asked about
  std::uint32_t silent_ = 0;               // how many
  bool missed_ = false;                    // since the last newcomer a shadow has, or who was not asked might have
  double answered_[std::size(choices)] = {};
  double asked_ = 0, patience_ = 1;
  std::size_t leader_ = first(capacity_);
};

/// The general choice. Hit O(1), a byte written at most but for a sixteenth of the keys; miss O(1) amortised; 12 bytes an
/// entry, 8 of the sketch, 5 of ghosts, and 100 KiB a shard.
struct adaptive {
  using options = engine::options_for<adaptive_order>;
  template <class Key, class Value, class Context>
  using tier = engine::tier<adaptive_order, Key, Value, Context>;
};

}  // namespace strata::hot
