// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/testing/access.hpp>
#include <strata/testing/simulation/director.hpp>
#include <strata/testing/simulation/history.hpp>
#include <strata/testing/simulation/tiers.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

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
using simulated_cache = cache<Hot, Warm, Cold, mark_codec, strata::clock<virtual_clock>, strata::executor<by_schedule>, Options...>;

template <class Cache>
class simulation {
 public:
  director stage;
  testing::history history{stage};
  /// Asked before each choice by explorers: whether this state has been seen.
  bool (*seen_before)(void*, std::uint64_t) = nullptr;
  void* explorer = nullptr;

  simulation() = default;

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
  using core_type = std::remove_cvref_t<decltype(access::core(std::declval<Cache&>()))>;
  static constexpr bool has_warm = core_type::has_warm;
  static constexpr bool has_cold = core_type::has_cold;
  static constexpr std::size_t no_strand = ~std::size_t{0};

  struct instance {
    listener feed;
    std::optional<Cache> cache;
    std::array<std::size_t, most_keys> heard{};  ///< how much of each subject's feed
    std::array<bool, most_keys> owed{};          ///< something of it was held back
    // For explorers:
    std::uint64_t past = 0;  ///< digest of what happened to it, in order, as far as the order can matter
    std::array<std::uint8_t, 4> failures{};  ///< in a row, of each kind of call: what its breakers know
    std::uint8_t doubts = 0;                 ///< writes of unknown outcome
    bool resting = false;                    ///< a breaker has opened: its times matter as well
  };
  struct caller {
    std::array<std::uint8_t, 32> steps{};
    std::uint8_t count = 0;
    std::uint8_t next = 0;
    bool calling = false;
    std::optional<task<void>> flow;
    std::uint64_t past = 0;  ///< for explorers: digest of all that its flow has seen
    std::array<revision, most_keys> last_read{};
  };

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
    stage.quiet = false;
    stage.downward = false;
    stage.digest = 0;
    steps_ = 0;
    last_ = 0;
    nature_next_ = 0;
    nature_count_ = 0;
    cut_short_ = false;
    history.reset();
    strands_ = std::size_t{p.instances} * p.callers;
    for (auto& c : callers_) c = caller{};
    for (std::size_t i = 0; i < p.steps.size() && i < 32; ++i) {
      auto const& s = p.steps[i];
      if (befalls(s.what))
        nature_[nature_count_++] = static_cast<std::uint8_t>(i);
      else if (auto& c = callers_[strand_of(s)]; c.count < c.steps.size())
        c.steps[c.count++] = static_cast<std::uint8_t>(i);
    }
    for (std::size_t i = 0; i < p.instances; ++i) start(i);
    if (p.prelude) prelude();
  }
  /// Revision 1 is everywhere but in the hot tiers of the other instances, and everybody knows it.
  void prelude() {
    mark const first = make_mark(0, 250, 500);
    (void)stage.world.cold_store(0, first, anything, 500);
    frame f{.key = std::string{key_names[0]}, .revision = revision{1}, .codec = std::string{mark_codec::id}};
    (void)mark_codec::encode(first, f.payload);
    f.sum = checksum(f);
    stage.world.publish(0, std::move(f), 500);
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      ++instances_[i].heard[0];
      history.knows(i, 0, revision{1});
    }
    for (auto& c : callers_) c.last_read[0] = revision{1};
    auto& core = access::core(*instances_[0].cache);
    (void)core.settle(core.gate.enter_alone(core.hash(key_names[0]).hash), core.hash(key_names[0]), box<mark>{revision{1}, first});
  }
  void end() {
    for (auto& c : callers_) c.flow.reset();
    for (auto& i : instances_) i.cache.reset();
  }
  void start(std::size_t i) {
    auto& one = instances_[i];
    one.past = 0;
    one.failures = {};
    one.doubts = 0;
    one.resting = false;
    one.owed = {};
    for (std::size_t k = 0; k < most_keys; ++k) one.heard[k] = stage.world.feed[k].size();
    simulated_options const here{&stage, static_cast<std::uint8_t>(i), &one.feed};
    typename Cache::options settings;
    settings.hot.capacity_entries = stage.plan.hot_entries;
    if constexpr (has_warm) settings.warm = here;
    if constexpr (has_cold) settings.cold = here;
    settings.limits.load_within = std::chrono::milliseconds{6'000};
    one.cache.emplace(std::move(settings));
  }
  [[nodiscard]] std::size_t strand_of(plan::step const& s) const noexcept { return std::size_t{s.instance} * stage.plan.callers + s.caller; }
  [[nodiscard]] std::size_t instance_of(std::size_t strand) const noexcept { return strand / stage.plan.callers; }

  // --- one step ------------------------------------------------------------------------------------------------------
  enum class actor : std::uint8_t { strand, feed, nature, network, time };
  struct option {
    actor who;
    std::uint8_t which;
  };

  [[nodiscard]] bool can_go(std::size_t s) const noexcept {
    auto const& c = callers_[s];
    return c.calling ? stage.time.can_go(s) : c.next < c.count && !(stage.exploring && has_twin_before(s));
  }
  [[nodiscard]] bool asleep(std::size_t s) const noexcept {
    return callers_[s].calling && scheduler::timed(stage.time.strands[s]) && stage.time.strands[s].wake > stage.time.now;
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
    for (std::size_t s = 0; s < strands_; ++s) {
      if (s != last_) consider(s);
      sleepers = sleepers || asleep(s);
      busy = busy || callers_[s].calling || callers_[s].next < callers_[s].count;
    }
    bool const somebody = n != 0;
    if constexpr (has_warm)
      if (busy) {
        if (stage.exploring) skip_echoes();
        for (std::size_t i = 0; i < stage.plan.instances; ++i)
          if (pending(i) && (!stage.exploring || busy_at(i))) options[n++] = {actor::feed, static_cast<std::uint8_t>(i)};
      }
    if (nature_next_ < nature_count_) options[n++] = {actor::nature, 0};
    for (auto const& g : stage.world.ghosts)
      if (g.at <= stage.time.now) {
        options[n++] = {actor::network, 0};
        break;
      }
    // When drawn, time seldom goes on while somebody could; in a list it may always do so, for an explorer never.
    bool const hurries = !stage.exploring && (!stage.choices.random() || (somebody && stage.choices.draw_below(16) == 0));
    if (sleepers && (n == 0 || hurries)) options[n++] = {actor::time, 0};
    if (n == 0) {
      for (std::size_t s = 0; s < strands_; ++s)
        if (callers_[s].calling) history.never_ended(s);
      return false;
    }
    if (stage.exploring && n > 1 && seen_before != nullptr && seen_before(explorer, fingerprint())) {
      cut_short_ = true;
      return false;
    }
    auto const chosen = options[stage.choices.pick(n, somebody && options[0].which == last_ ? stage.plan.favour : 0)];
    ++steps_;
    stage.mix(static_cast<std::uint64_t>(chosen.who) << 8U | chosen.which);
    switch (chosen.who) {
      case actor::strand: go(chosen.which); break;
      case actor::feed: deliver(chosen.which); break;
      case actor::nature: befall(stage.plan.steps[nature_[nature_next_++]]); break;
      case actor::network: arrive(); break;
      case actor::time: pass(); break;
    }
    return true;
  }

  void go(std::size_t s) {
    last_ = s;
    auto& c = callers_[s];
    bool const serves = c.calling && stage.time.strands[s].asked != nullptr;
    bool const passing = stage.answered[s].digest != 0 && stage.answered[s].kind == call_kind::warm_load;
    bool const counts = !serves && stage.exploring && remember(s);
    if (!c.calling) {
      c.calling = true;
      auto& step = stage.plan.steps[c.steps[c.next++]];
      stage.parts[s] = {.step = &step};
      stage.time.running = s;
      c.flow.emplace(batches(step.what) ? perform_batch(s, step) : perform(s, step));
      stage.time.running = s;
      stage.time.strands[s] = {};
      // A task hands back to its awaiter; with none it just suspends at its end.
      c.flow->await_suspend(std::noop_coroutine()).resume();
    } else {
      stage.time.step(s);
    }
    while (std::exchange(stage.time.posted, false)) stage.time.step(s);
    if (stage.downward) history.went_downward(s);
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

  // --- what callers do -----------------------------------------------------------------------------------------------
  task<void> perform(std::size_t s, plan::step& step) {
    auto& here = *instances_[instance_of(s)].cache;
    auto& core = access::core(here);
    std::string_view const name = key_names[step.key];
    auto const hash = core.hash(name).hash;
    bool const writes = step.what == verb::put || step.what == verb::put_if || step.what == verb::update || step.what == verb::erase;
    auto const within = writes ? core.limits.write_within : step.what == verb::get_or_load ? core.limits.load_within : core.limits.read_within;
    moment const until = stage.time.now + within;
    auto const number = history.begin(step.what, step.instance, step.key, until, stage.exploring && !stage.quiet ? s + 1 : 0);
    stage.parts[s].numbers.fill(number);
    auto& c = callers_[s];
    auto const mine = [&](std::uint32_t base = 0) { return make_mark(step.key, step.instance, number, base); };
    if (stage.story != nullptr) tell_begin(s, step, number, c.last_read[step.key]);

    switch (step.what) {
      case verb::get: {
        auto const h = co_await here.co_get(name);
        end_read(s, step, number, h);
        break;
      }
      case verb::visit: {
        if (core.peek(core.hash(name))) {
          auto const given = here.visit(name, [](mark const& m) { return m; });
          if (stage.story != nullptr) stage.tell("{}: visit of {} gives {} from hot", stage.name(s), name, given && *given ? std::format("value {}", (*given)->number) : "nothing");
          stage.mix(given && *given ? (*given)->number : 1000);
          history.end_visit(number, given);
        } else {
          auto const h = co_await here.co_get(name);
          end_read(s, step, number, h);
        }
        break;
      }
      case verb::put: {
        auto const r = co_await flow::own_write(core, std::string{name}, hash, mine(), anything, until);
        end_write(s, step, number, r);
        break;
      }
      case verb::put_if: {
        expectation const expected = step.param == 1 ? absence : expectation{c.last_read[step.key]};
        history.of(number).expected = expected;
        auto const r = co_await flow::own_write(core, std::string{name}, hash, mine(), expected, until);
        end_write(s, step, number, r);
        break;
      }
      case verb::update: {
        std::string const own{name};
        auto const r = co_await flow::serve_update(core, core.hash(own), [&](mark& m) { m = mine(m.number); }, until);
        end_write(s, step, number, r);
        break;
      }
      case verb::erase: {
        auto const r = co_await here.co_erase(name);
        end_write(s, step, number, r);
        break;
      }
      case verb::get_or_load: {
        auto const h = co_await here.co_get_or_load(name, [&]() -> result<mark> {
          if (step.param == 1) throw std::runtime_error{"the loader threw"};
          return mine();
        });
        end_read(s, step, number, h);
        break;
      }
      default: break;
    }
    done_ = true;
  }

  /// A call for many keys is judged as one call for each of them.
  task<void> perform_batch(std::size_t s, plan::step& step) {
    auto& core = access::core(*instances_[instance_of(s)].cache);
    auto const keys = keys_of(step, stage.plan.keys);
    moment const until = stage.time.now + (step.what == verb::get_many ? core.limits.read_within : core.limits.write_within);
    std::array<plan::step, 3> part{};
    std::array<std::uint16_t, 3> number{};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < keys.count; ++i) {
      part[i] = {.what = step.what, .instance = step.instance, .caller = step.caller, .key = keys.key[i]};
      number[i] = history.begin(step.what, step.instance, part[i].key, until);
      stage.parts[s].numbers[part[i].key] = number[i];
      names.emplace_back(key_names[part[i].key]);
      if (stage.story != nullptr) tell_begin(s, part[i], number[i], {});
    }
    if (step.what == verb::get_many) {
      auto const found = co_await flow::batch<std::vector<std::string>>::get(core, names, until);
      for (std::size_t i = 0; i < keys.count; ++i) end_read(s, part[i], number[i], found[i].second);
    } else if (step.what == verb::erase_many) {
      auto const done = co_await flow::batch<std::vector<std::string>>::erase(core, names, until);
      for (std::size_t i = 0; i < keys.count; ++i) end_write(s, part[i], number[i], done[i]);
    } else {
      std::vector<std::pair<std::string, mark>> values;
      for (std::size_t i = 0; i < keys.count; ++i)
        values.emplace_back(names[i], make_mark(part[i].key, step.instance, number[i]));
      auto const done = co_await flow::batch<decltype(values)>::put(core, values, until);
      for (std::size_t i = 0; i < keys.count; ++i) {
        bool const superseded = core_type::stores_many && stage.parts[s].numbers[part[i].key] != number[i];
        superseded ? history.end_superseded(number[i]) : end_write(s, part[i], number[i], done[i]);
      }
    }
    done_ = true;
  }

  void end_read(std::size_t s, plan::step const& step, std::uint16_t number, hit<mark> const& h) {
    auto& c = callers_[s];
    if (h || h.absent()) c.last_read[step.key] = h.revision();
    stage.mix(strata::number(h.revision()) * 4 + (h.failed() ? 2 : h.absent() ? 1 : 0));
    if (stage.story != nullptr)
      stage.tell("{}: {} of {} gives {}", stage.name(s), to_string(step.what), key_names[step.key],
                 h ? std::format("revision {} (value {}) from {}", strata::number(h.revision()), h->number, strata::to_string(h.tier()))
                 : h.absent() ? std::format("\"absent\" from {}", strata::to_string(h.tier()))
                              : std::format("\"{}\"", h.error()));
    history.end_read(number, h);
  }
  void end_write(std::size_t s, plan::step const& step, std::uint16_t number, result<receipt> const& r) {
    auto& c = callers_[s];
    if (r && r->changed) c.last_read[step.key] = step.what == verb::erase || step.what == verb::erase_many ? revision{} : r->revision;
    stage.mix(r ? strata::number(r->revision) * 4 + r->changed : static_cast<std::uint64_t>(r.error().code()) * 4 + 2);
    if (stage.story != nullptr)
      stage.tell("{}: {} of {} {}", stage.name(s), to_string(step.what), key_names[step.key],
                 r ? std::format("is committed as revision {}{}{}", strata::number(r->revision), r->changed ? "" : ", nothing changed", r->degraded ? ", degraded" : "")
                   : std::format("fails with \"{}\"", r.error()));
    history.end_write(number, r);
  }
  void tell_begin(std::size_t s, plan::step const& step, std::uint16_t number, revision expected) {
    std::string more;
    if (step.what == verb::put_if) more = std::format(" expecting revision {}", step.param == 1 ? 0 : strata::number(expected));
    stage.tell("{}: {} of {} begins (call {}){}", stage.name(s), to_string(step.what), key_names[step.key], number, more);
  }

  // --- what befalls them ---------------------------------------------------------------------------------------------
  /// Whether a change told now could make a difference to a call.
  [[nodiscard]] bool busy_at(std::size_t i) const noexcept {
    for (std::size_t s = i * stage.plan.callers; s < (i + 1) * stage.plan.callers; ++s)
      if (callers_[s].calling || callers_[s].next < callers_[s].count) return true;
    return false;
  }
  [[nodiscard]] bool pending(std::size_t i) const noexcept {
    for (std::size_t k = 0; k < stage.plan.keys; ++k)
      if (instances_[i].heard[k] < stage.world.feed[k].size()) return true;
    return false;
  }
  void hear(std::size_t i, std::size_t k, world::notice const& n) {
    auto& one = instances_[i];
    if (one.feed.deliver == nullptr) return;
    if (stage.story != nullptr) stage.tell("   feed: {} hears of revision {} of {}", director::name_of_instance(i), strata::number(n.revision), key_names[k]);
    one.feed.deliver(one.feed.to, change{key_names[k], n.revision, n.operation}, n.position);
  }
  /// The next of one subject, in order; sometimes twice, sometimes an old one again, sometimes not until the end; and
  /// sometimes the feed has a gap, and says so.
  void deliver(std::size_t i) {
    auto& one = instances_[i];
    std::size_t k = 0;
    while (one.heard[k] >= stage.world.feed[k].size()) ++k;
    auto const& all = stage.world.feed[k];
    std::size_t const next = one.heard[k]++;
    std::size_t const how = stage.exploring ? 0 : stage.choices.pick(8, 5);
    if (how == 5) {
      one.owed = {};
      for (std::size_t other = 0; other < stage.plan.keys; ++other) one.heard[other] = stage.world.feed[other].size();
      stage.tell("   feed: {} notices that it may have missed something", director::name_of_instance(i));
      return one.feed.deliver(one.feed.to, change{}, position{});
    }
    if (how == 1) {
      one.owed[k] = true;
      return stage.tell("   feed: {} misses revision {} of {}", director::name_of_instance(i), strata::number(all[next].revision), key_names[k]);
    }
    if (how == 2 && next > 0) hear(i, k, all[next - 1]);
    hear(i, k, all[next]);
    if (how == 3) hear(i, k, all[next]);
    if (how == 4 && next > 0) hear(i, k, all[0]);
  }

  void befall(plan::step const& s) {
    auto& subject = stage.world.subjects[s.key];
    switch (s.what) {
      case verb::crash: return crash(s);
      case verb::evict:
        if (stage.story != nullptr) stage.tell("   hot of {} loses {}", director::name_of_instance(s.instance), key_names[s.key]);
        access::evict(*instances_[s.instance].cache, key_names[s.key]);
        return;
      case verb::intrude: {
        if constexpr (has_warm && has_cold) {
          if (stage.story != nullptr) stage.tell("   a program that knows no revisions writes {} in warm", key_names[s.key]);
          frame f{.key = std::string{key_names[s.key]}};
          (void)mark_codec::encode(make_mark(s.key, 255, 902), f.payload);
          stage.world.publish(s.key, std::move(f), 0);
          stage.world.told[s.key] = {};
        }
        return;
      }
      case verb::regress:
        if (subject.kept < 2) return;
        --subject.kept;
        stage.world.told[s.key] = {};
        if (stage.story != nullptr) stage.tell("   warm falls back to {} of {}", detail::text_of(subject.last()->frame), key_names[s.key]);
        return;
      case verb::forget:
        if (subject.kept == 0) return;
        subject.kept = 0;
        stage.world.told[s.key] = {};
        if (stage.story != nullptr) stage.tell("   warm forgets {}", key_names[s.key]);
        return;
      default: return;
    }
  }

  void crash(plan::step const& s) {
    stage.tell("   {} is killed and starts anew", director::name_of_instance(s.instance));
    for (std::size_t i = 0; i < stage.plan.callers; ++i) {
      std::size_t const strand = std::size_t{s.instance} * stage.plan.callers + i;
      auto& c = callers_[strand];
      if (!c.calling) continue;
      stage.time.running = strand;
      if (auto* const asked = stage.time.strands[strand].asked; asked != nullptr && s.param % 2 == 1) {
        stage.time.strands[strand].asked = nullptr;
        asked->serve(*asked);  // it was on the wire already
      }
    }
    for (std::size_t i = 0; i < stage.plan.callers; ++i) {
      std::size_t const strand = std::size_t{s.instance} * stage.plan.callers + i;
      auto& c = callers_[strand];
      c.flow.reset();
      c.calling = false;
      c.last_read = {};
      stage.time.strands[strand] = {};
      stage.answered[strand] = {};
    }
    auto& one = instances_[s.instance];
    one.cache.reset();
    history.restarted(s.instance);
    stage.cold_failed[s.instance] = false;
    start(s.instance);
  }

  void arrive() {
    auto& ghosts = stage.world.ghosts;
    for (std::size_t i = 0; i < ghosts.size(); ++i)
      if (ghosts[i].at <= stage.time.now) {
        auto const happen = std::move(ghosts[i].happen);
        ghosts.erase(ghosts.begin() + static_cast<std::ptrdiff_t>(i));
        return happen();
      }
  }

  /// On to the next moment at which somebody wakes.
  void pass() {
    moment next = moment::max();
    for (std::size_t s = 0; s < strands_; ++s) {
      if (asleep(s) && stage.time.strands[s].wake < next) next = stage.time.strands[s].wake;
      if (callers_[s].calling && stage.time.can_go(s)) stage.paused[instance_of(s)] = true;
    }
    for (auto const& g : stage.world.ghosts)
      if (g.at > stage.time.now && g.at < next) next = g.at;
    if (stage.story != nullptr)
      stage.tell("   {} ms pass", std::chrono::duration_cast<std::chrono::milliseconds>(next - stage.time.now).count());
    stage.time.now = next;
  }

  // --- the end: nothing fails any more, the feed delivers what the stream has, and everybody reads --------------------
  void come_to_rest() {
    stage.quiet = true;
    stage.tell("   nothing fails from here on; the feed delivers what it has");
    while (!stage.world.ghosts.empty()) {
      for (auto& g : stage.world.ghosts) g.at = stage.time.now;
      arrive();
    }
    if constexpr (has_warm)
      for (std::size_t i = 0; i < stage.plan.instances; ++i)
        for (std::size_t k = 0; k < stage.plan.keys; ++k)
          if (stage.world.feed[k].size() > instances_[i].heard[k] || instances_[i].owed[k] || stage.lagging[i][k]) hear(i, k, stage.world.feed[k].back());
    stage.time.now += std::chrono::seconds{2};
    auto const told = stage.world.told;  // reads tell warm more
    for (std::size_t i = 0; i < stage.plan.instances && !history.found; ++i)
      for (std::size_t k = 0; k < stage.plan.keys && !history.found; ++k) {
        stage.cold_failed[i] = false;
        stage.paused[i] = false;
        if (has_warm) history.expect_told(i, k, told[k]);
        last_look_.instance = static_cast<std::uint8_t>(i);
        last_look_.key = static_cast<std::uint8_t>(k);
        std::size_t const strand = i * stage.plan.callers;
        auto& c = callers_[strand];
        c.calling = true;
        stage.parts[strand] = {.step = &last_look_};
        stage.time.running = strand;
        c.flow.emplace(perform(strand, last_look_));
        c.flow->await_suspend(std::noop_coroutine()).resume();
        stage.time.posted = false;
        while (!done_ && stage.time.can_go(strand)) stage.time.step(strand);
        stage.time.posted = false;
        if (!done_) history.never_ended(strand);
        done_ = false;
        c.flow.reset();
        c.calling = false;
        stage.time.strands[strand] = {};
      }
    if (!history.found) history.check_outcomes();
  }

  // --- for explorers -------------------------------------------------------------------------------------------------
  // Two digests are equal for two states from which the same can follow. What the flows of an instance share is the key's
  // floor, doubt and entry in hot, its breakers, and its flights, which reads alone touch, when they begin, wake and land.
  // A write goes by its answers and by the doubts since it began. A read also goes by all that is shared when it begins or
  // wakes, and by the order in which reads begin, wake and land. Once a breaker has opened everything counts.
  [[nodiscard]] std::uint64_t face(std::size_t i) noexcept {
    auto& one = instances_[i];
    auto& core = access::core(*one.cache);
    auto const k = core.hash(key_names[0]);
    std::uint64_t all = detail::digest_of(strata::number(core.gate.floor(k.hash)), strata::number(core.peek(k).revision()));
    for (auto const n : one.failures) all = all * 4 + n;
    return detail::digest_of(all, one.doubts * 2U + core.gate.enter_alone(k.hash).fill().doubtful);
  }
  /// Before a step of a flow. \returns whether its place among those of its instance matters, if it is no mere passage
  bool remember(std::size_t s) noexcept {
    auto& c = callers_[s];
    auto& home = instances_[instance_of(s)];
    auto const answer = std::exchange(stage.answered[s], {});
    bool const begins = answer.digest == 0;
    bool const writes = writing(s);
    c.past = detail::digest_of(c.past, answer.digest);
    if (begins) {
      c.past = detail::digest_of(c.past, static_cast<std::uint64_t>(stage.time.now.time_since_epoch().count()));
      c.past = detail::digest_of(c.past, writes ? home.doubts : face(instance_of(s)));
    } else {
      auto& row = home.failures[static_cast<std::size_t>(answer.kind)];
      bool const failed = answer.failed == errc::unavailable || answer.failed == errc::timed_out;
      row = static_cast<std::uint8_t>(failed ? row + 1 : 0);
      home.resting = home.resting || row >= kernel::breaker::tolerated;
      home.doubts = static_cast<std::uint8_t>(home.doubts + (answer.failed == errc::unknown && answer.kind == call_kind::cold_write));
    }
    if (home.resting) c.past = detail::digest_of(c.past, face(instance_of(s)));
    return home.resting || !writes;
  }
  [[nodiscard]] verb verb_of(std::size_t s) const noexcept {
    auto const& c = callers_[s];
    return stage.plan.steps[c.steps[c.calling ? c.next - 1U : c.next]].what;
  }
  [[nodiscard]] bool writing(std::size_t s) const noexcept {
    auto const what = verb_of(s);
    return what == verb::put || what == verb::put_if || what == verb::erase;
  }
  /// Of callers of one instance that are to do the same, the first begins first.
  [[nodiscard]] bool has_twin_before(std::size_t s) const noexcept {
    for (std::size_t t = s - s % stage.plan.callers; t < s; ++t)
      if (!callers_[t].calling && callers_[t].next < callers_[t].count && verb_of(t) == verb_of(s)) return true;
    return false;
  }
  /// A change that an instance knows already changes nothing, now or later: it need not be told at all times.
  void skip_echoes() noexcept {
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      auto& one = instances_[i];
      auto& core = access::core(*one.cache);
      auto const k = core.hash(key_names[0]);
      auto const& all = stage.world.feed[0];
      for (; one.heard[0] < all.size(); ++one.heard[0]) {
        revision const r = all[one.heard[0]].revision;
        auto const kept = core.peek(k);
        if (r == revision{} || core.gate.floor(k.hash) < r || (kept && kept.revision() < r)) break;
      }
    }
  }

  [[nodiscard]] std::uint64_t fingerprint() noexcept {
    using detail::digest_of;
    std::uint64_t all = digest_of(stage.faults_left, nature_next_);
    for (std::size_t i = 0; i < stage.plan.instances; ++i) {
      all = digest_of(all, instances_[i].past * 2 + instances_[i].resting);
      all = digest_of(all, face(i));
      all = digest_of(all, instances_[i].heard[0]);
    }
    for (std::size_t s = 0; s < strands_; ++s) {
      auto const& t = stage.time.strands[s];
      std::uint64_t const wake = scheduler::timed(t) ? static_cast<std::uint64_t>((t.wake - stage.time.now).count()) : 0;
      all = digest_of(all, digest_of(wake, static_cast<std::uint64_t>(t.is) * 4 + (t.asked != nullptr) * 2U + callers_[s].calling));
      all = digest_of(all, digest_of(stage.answered[s].digest, stage.parts[s].calls));
      all = digest_of(all, callers_[s].past);
    }
    all = digest_of(all, static_cast<std::uint64_t>(stage.time.now.time_since_epoch().count()));
    for (auto const& c : stage.world.commits[0]) all = digest_of(all, strata::number(c.revision) << 16U | c.by);
    auto const& subject = stage.world.subjects[0];
    all = digest_of(all, subject.kept);
    for (auto const& m : subject.messages)
      all = digest_of(all, strata::number(m.frame.revision) << 20U | static_cast<std::uint64_t>(m.position) << 4U | static_cast<std::uint64_t>(m.frame.operation));
    for (auto const& g : stage.world.ghosts) all = digest_of(all, static_cast<std::uint64_t>(g.at.time_since_epoch().count()));
    for (std::size_t i = 0; i < stage.plan.instances; ++i)
      all = digest_of(all, stage.cold_failed[i] * 4U + stage.paused[i] * 2U + stage.lagging[i][0]);
    all = digest_of(all, history.digest());
    return all;
  }

  std::array<instance, most_instances> instances_;
  std::array<caller, scheduler::most_strands> callers_;
  std::array<std::uint8_t, 32> nature_{};
  plan::step last_look_{.what = verb::get};
  std::size_t strands_ = 0;
  std::size_t last_ = 0;
  std::size_t nature_next_ = 0;
  std::size_t nature_count_ = 0;
  std::uint64_t steps_ = 0;
  bool done_ = false;
  bool cut_short_ = false;
};

}  // namespace strata::testing
