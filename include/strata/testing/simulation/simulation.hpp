// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
#include <strata/testing/access.hpp>
#include <strata/testing/simulation/likeness.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

// Several instances of one and the same cache, played on one thread over one simulated world.
namespace strata::testing {

/// What one play found and did.
struct played {
  std::optional<breach> broken;
  bool cut_short = false;  ///< an explorer had been here before
  std::uint64_t digest = 0;
  std::uint64_t steps = 0;
};

/// The cache under test: the product's, with time, waiting and tiers of the simulation.
template <class Hot, class Warm, class Cold, class... Options>
using simulated_cache =
    cache<Hot, Warm, Cold, mark_codec, strata::clock<virtual_clock>, strata::executor<by_schedule>, Options...>;

template <class Cache>
class simulation : likeness<Cache> {
  using base = likeness<Cache>;

 public:
  using base::history, base::stage;
  /// Asked before each choice that no list makes, and at the end: whether this state has been seen.
  bool (*seen_before)(void*, std::uint64_t) = nullptr;
  void* explorer = nullptr;

  /// Plays stage.plan by stage.choices.
  played play() {
    begin();
    while (!history.found && !cut_short_ && step()) {
    }
    if (!history.found && !cut_short_) come_to_rest();
    end();
    return {history.found, cut_short_, stage.digest, steps_};
  }

 private:
  using base::all_, base::callers_, base::done_, base::has_cold, base::has_twin_before, base::has_warm,
      base::instance_of;
  using base::instances_, base::nature_next_, base::strand_of, base::strands_;
  using typename base::caller;

  // --- before and after ----------------------------------------------------------------------------------------------
  void begin() {
    auto& p = stage.plan;
    scheduler::current = &stage.time;
    stage.world.reset(!has_cold);
    stage.time.now = moment{std::chrono::hours{1}};
    stage.time.strands = {};
    stage.parts = {};
    stage.answered = {};
    stage.cold_failed = {};
    stage.paused = {};
    stage.lagging = {};
    stage.unaware_until = {};
    stage.quiet = false;
    stage.downward = false;
    stage.overdue = false;
    stage.digest = 0;
    steps_ = 0;
    last_ = 0;
    nature_next_ = 0;
    nature_count_ = 0;
    cut_short_ = false;
    history.reset();
    history.leased = leased;
    strands_ = all_ = std::size_t{p.instances} * p.callers;
    stage.time.callers = p.callers;
    stage.time.asides = strands_;
    stage.time.left = false;
    for (auto const& s : p.steps)
      if (s.soft != 0) all_ = strands_ + p.instances;
    for (auto& c : callers_) c = caller{};
    for (std::size_t i = 0; i < p.steps.size() && i < 32; ++i) {
      auto const& s = p.steps[i];
      if (befalls(s.what) && !stage.exploring)
        nature_[nature_count_++] = static_cast<std::uint8_t>(i);
      else if (auto& c = callers_[strand_of(s)]; c.count < c.steps.size())
        c.steps[c.count++] = static_cast<std::uint8_t>(i);
    }
    for (std::size_t i = 0; i < p.instances; ++i) base::start(i);
    if (p.prelude) prelude();
  }
  /// Revision 1 is everywhere but in the hot tiers of the other instances, and everybody knows it. Where somebody proves how
  /// fresh memory is, all have it, and it is fresh.
  void prelude() {
    std::size_t const k = stage.plan.key();
    mark const first = make_mark(static_cast<std::uint8_t>(k), 250, 500);
    (void)stage.world.cold_store(k, first, anything, 500);
    frame f{.key = std::string{key_names[k]}, .revision = revision{1}, .codec = std::string{mark_codec::id}};
    (void)mark_codec::encode(first, f.payload);
    f.sum = checksum(f);
    stage.world.publish(k, std::move(f), 500);
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      if constexpr (leased)
        hear_rest(i);
      else
        ++instances_[i].feed.heard;
      history.knows(i, k, revision{1});
    }
    for (auto& c : callers_) c.last_read[k] = revision{1};
    for (std::size_t i = 0; i < (leased ? stage.plan.instances : 1U); ++i) {
      auto& core = access::core(*instances_[i].cache);
      (void)core.settle(core.gate.enter_alone(core.hash(key_names[k]).hash), core.hash(key_names[k]),
                        box<mark>{revision{1}, first});
    }
    if constexpr (leased) {
      stage.quiet = true;
      fall_in_step(1);
      stage.quiet = false;
    }
  }
  void end() {
    for (auto& i : instances_)
      if (i.cache) access::core(*i.cache).askers.abandon();
    for (auto& c : callers_) c.flow.reset();
    for (auto& i : instances_) i.cache.reset();
  }
  // --- one step ------------------------------------------------------------------------------------------------------
  enum class actor : std::uint8_t { strand, feed, nature, network, time };
  struct option {
    actor who;
    std::uint8_t which;
  };

  /// Whether a strand has begun something and not ended it.
  [[nodiscard]] bool under_way(std::size_t s) const noexcept {
    return s < strands_ ? callers_[s].calling : stage.time.strands[s].is != scheduler::state::idle;
  }
  [[nodiscard]] bool can_go(std::size_t s) const noexcept {
    if (under_way(s)) return stage.time.can_go(s);
    auto const& c = callers_[s];
    if (c.next == c.count || !stage.exploring) return c.next < c.count;
    return base::may_befall(stage.plan.steps[c.steps[c.next]]) && !has_twin_before(s);
  }
  [[nodiscard]] bool asleep(std::size_t s) const noexcept {
    return under_way(s) && scheduler::timed(stage.time.strands[s]) && stage.time.strands[s].wake > stage.time.now;
  }

  bool step() {
    std::array<option, 24> options;
    std::size_t n = 0;
    bool sleepers = false;
    bool busy = false;
    auto const consider = [&](std::size_t s) {
      if (can_go(s)) options[n++] = {actor::strand, static_cast<std::uint8_t>(s)};
    };
    consider(last_);
    for (std::size_t s = 0; s < all_; ++s) {
      if (s != last_) consider(s);
      sleepers = sleepers || asleep(s);
      busy = busy || under_way(s) || callers_[s].next < callers_[s].count;
    }
    bool const somebody = n != 0;
    if constexpr (has_warm)
      if (busy && !(stage.plan.lags && (sleepers || somebody))) {
        if (stage.exploring && !leased) base::skip_echoes();  // to a lease they prove how far the feed is
        for (std::size_t i = 0; i < stage.plan.instances; ++i)
          if (base::pending(i) && (!stage.exploring || base::busy_at(i)))
            options[n++] = {actor::feed, static_cast<std::uint8_t>(i)};
      }
    if (base::silent()) stage.world.log_ages = stage.world.log.size();
    if (nature_next_ < nature_count_ && base::may_befall(stage.plan.steps[nature_[nature_next_]]))
      options[n++] = {actor::nature, 0};
    for (auto const& g : stage.world.ghosts)
      if (g.at <= stage.time.now) {
        options[n++] = {actor::network, 0};
        break;
      }
    // When drawn, time seldom goes on while somebody could; in a list it may always do so, for an explorer never.
    bool const hurries =
        !stage.exploring && (!stage.choices.random() || (somebody && stage.choices.draw_below(16) == 0));
    if (sleepers && (n == 0 || hurries)) options[n++] = {actor::time, 0};
    if (n == 0) {
      for (std::size_t s = 0; s < all_; ++s)
        if (under_way(s)) history.never_ended(s);
      cut_short_ = !history.found && been_here();
      return false;
    }
    if (n > 1 && been_here()) {
      cut_short_ = true;
      return false;
    }
    auto const chosen = options[stage.choices.pick(n, somebody && options[0].which == last_ ? stage.plan.favour : 0)];
    ++steps_;
    stage.mix(static_cast<std::uint64_t>(chosen.who) << 8U | chosen.which);
    switch (chosen.who) {
      case actor::strand: go(chosen.which); break;
      case actor::feed: base::deliver(chosen.which); break;
      case actor::nature: base::befall(stage.plan.steps[nature_[nature_next_++]]); break;
      case actor::network: base::arrive(); break;
      case actor::time: pass(); break;
    }
    return true;
  }

  [[nodiscard]] bool been_here() {
    return stage.exploring && seen_before != nullptr && !stage.choices.given() &&
           seen_before(explorer, base::fingerprint());
  }

  void go(std::size_t s) {
    last_ = s;
    auto& c = callers_[s];
    if (stage.exploring && !under_way(s)) {
      auto const& step = stage.plan.steps[c.steps[c.next]];
      if (step.what == verb::idle) return ++c.next, idle(step);
      if (befalls(step.what)) return ++c.next, base::befall(step);
    }
    bool const serves = c.calling && stage.time.strands[s].asked != nullptr;
    bool const passing = stage.answered[s].digest != 0 && stage.answered[s].kind == call_kind::warm_load;
    bool const counts = !serves && stage.exploring && base::remember(s);
    if (!under_way(s)) {
      c.calling = true;
      auto& step = stage.plan.steps[c.steps[c.next++]];
      stage.parts[s] = {.step = &step};
      stage.time.running = s;
      c.flow.emplace(batches(step.what) ? base::perform_batch(s, step) : base::perform(s, step));
      stage.time.running = s;
      stage.time.strands[s] = {};
      // A task hands back to its awaiter; with none it just suspends at its end.
      c.flow->posted_by(std::noop_coroutine()).resume();
    } else {
      stage.time.step(s);
    }
    while (std::exchange(stage.time.posted, false)) stage.time.step(s);
    if (std::exchange(stage.time.left, false)) stage.parts[strands_ + instance_of(s)] = stage.parts[s];
    if (stage.downward) history.went_downward(s);
    if (stage.overdue) history.published_late(s);
    if (counts) {
      auto& home = instances_[instance_of(s)];
      bool const passed = passing && stage.time.strands[s].asked != nullptr;  // on to cold: its flight goes on
      if (!passed || home.resting) home.past = detail::digest_of(home.past, detail::digest_of(s, c.past));
    }
    if (done_) {
      done_ = false;
      c.flow.reset();
      c.calling = false;
      stage.time.strands[s] = {};
    }
  }

  /// For an explorer a wait is one step, whatever else is under way.
  void idle(plan::step const& s) {
    for (std::size_t one = 0; one < all_; ++one)
      if (under_way(one)) stage.paused[instance_of(one)] = true;
    stage.tell("   {} ms pass", base::idle_for(s).count());
    go_on_at(stage.time.now + base::idle_for(s));
  }

  /// On to the next moment at which somebody wakes.
  void pass() {
    moment next = moment::max();
    for (std::size_t s = 0; s < all_; ++s) {
      if (asleep(s) && stage.time.strands[s].wake < next) next = stage.time.strands[s].wake;
      if (under_way(s) && stage.time.can_go(s)) stage.paused[instance_of(s)] = true;
    }
    for (auto const& g : stage.world.ghosts)
      if (g.at > stage.time.now && g.at < next) next = g.at;
    if (stage.story != nullptr)
      stage.tell("   {} ms pass", std::chrono::duration_cast<std::chrono::milliseconds>(next - stage.time.now).count());
    go_on_at(next);
  }
  void go_on_at(moment next) {
    stage.time.now = next;
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      if (stage.unaware_until[i] != moment{} && next >= stage.unaware_until[i]) base::cut(i);
  }

  // --- the end: nothing fails any more, the feed delivers what the stream has, and everybody reads --------------------
  void come_to_rest() {
    stage.quiet = true;
    stage.tell("   nothing fails from here on; the feed delivers what it has");
    while (!stage.world.ghosts.empty()) {
      for (auto& g : stage.world.ghosts) g.at = stage.time.now;
      base::arrive();
    }
    if constexpr (has_warm)
      for (std::size_t i = 0; i < stage.plan.instances; ++i) {
        base::mend(i);
        hear_rest(i);
      }
    stage.time.now += std::chrono::seconds{2};
    if constexpr (leased) fall_in_step(4);
    if constexpr (core_type::gathers) look_as_others();
    auto told = stage.world.told;  // reads tell warm more
    if constexpr (in_step)
      for (std::size_t k = 0; k < stage.plan.keys; ++k)
        if (auto const* last = stage.world.last(k); last != nullptr && !stage.world.unsettled[k])
          told[k] = last->revision;
    for (std::size_t i = 0; i < stage.plan.instances && !history.found; ++i)
      for (std::size_t k = 0; k < stage.plan.keys && !history.found; ++k) {
        stage.cold_failed[i] = false;
        stage.paused[i] = false;
        if (has_warm || leased) history.expect_told(i, k, told[k]);
        last_look_.what = verb::get;
        last_look_.key = static_cast<std::uint8_t>(k);
        alone(i);
      }
    if (!history.found) history.check_outcomes();
  }
  /// What an instance has not heard yet, in the order of the stream.
  void hear_rest(std::size_t i) {
    auto& feed = base::instances_[i].feed;
    auto const& all = stage.world.feed;
    for (std::size_t n = 0; n < all.size(); ++n)
      if (n >= feed.heard || feed.owed[all[n].key] || stage.lagging[i][all[n].key % most_keys]) base::hear(i, all[n]);
    feed.heard = all.size();
  }
  /// The caches' own threads do their work for a while: warm gets in step, and memory fresh.
  void fall_in_step(int rounds) {
    for (int round = 0; round < rounds; ++round) {
      for (std::size_t i = 0; i < stage.plan.instances && !history.found; ++i)
        for (verb const v : {verb::watch, verb::tend, verb::watch}) {
          last_look_.what = v;
          alone(i);
          if constexpr (has_warm) hear_rest(i);
        }
      stage.time.now += std::chrono::milliseconds{200};
    }
    for (std::size_t i = 0; i < stage.plan.instances && !history.found; ++i)
      if (access::core(*instances_[i].cache).of_a_copy() != freshness::fresh) history.never_fresh(i);
  }
  /// K7: programs that know nothing of the library find what cold has, also where one of them left something older. What
  /// the holder of the horizon alone heard of, or failed to put right, is lost with him.
  void look_as_others() {
    for (std::size_t k = 0; k < stage.plan.keys && !history.found; ++k)
      if (auto const* last = stage.world.last(k); last != nullptr && !lags(k))
        for (std::size_t const place : {k, elsewhere(k)}) {
          auto const* there = stage.world.subjects[place].last();
          if (there == nullptr || there->frame.revision == last->revision) continue;
          if (there->frame.revision == revision{} ? heard_by_all(there->position) : place != k)
            if (place == k || !stage.world.left_as_it_was) history.others_misled(k, place != k);
        }
  }
  [[nodiscard]] bool heard_by_all(position at) const noexcept {
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      if (auto const& all = instances_[i].strays; std::find(all.begin(), all.end(), at) == all.end()) return false;
    return true;
  }
  [[nodiscard]] bool lags(std::size_t key) const noexcept {
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      if (stage.lagging[i][key]) return true;
    return false;
  }
  /// One step of one caller, from its beginning to its end.
  void alone(std::size_t i) {
    last_look_.instance = static_cast<std::uint8_t>(i);
    std::size_t const strand = i * stage.plan.callers;
    auto& c = callers_[strand];
    c.calling = true;
    stage.parts[strand] = {.step = &last_look_};
    stage.time.running = strand;
    c.flow.emplace(base::perform(strand, last_look_));
    c.flow->posted_by(std::noop_coroutine()).resume();
    stage.time.posted = false;
    while (!done_ && stage.time.can_go(strand)) stage.time.step(strand);
    stage.time.posted = false;
    if (!done_) history.never_ended(strand);
    done_ = false;
    c.flow.reset();
    c.calling = false;
    stage.time.strands[strand] = {};
  }

  using typename base::core_type;
  static constexpr bool leased = core_type::leased;
  static constexpr bool in_step =
      core_type::witness == flow::witness::horizon || core_type::witness == flow::witness::log;

  std::array<std::uint8_t, 32> nature_{};
  plan::step last_look_{.what = verb::get};
  std::size_t last_ = 0;
  std::size_t nature_count_ = 0;
  std::uint64_t steps_ = 0;
  bool cut_short_ = false;
};

}  // namespace strata::testing
