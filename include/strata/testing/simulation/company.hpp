// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/flow/warm_up.hpp>
#include <strata/testing/access.hpp>
#include <strata/testing/simulation/director.hpp>
#include <strata/testing/simulation/history.hpp>
#include <strata/testing/simulation/tiers.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// The instances of a play and their callers: what each caller's call is, and how its answer is told and judged.
namespace strata::testing {

template <class Cache>
class company {
 public:
  director stage;
  testing::history history{stage};

  company() = default;
  company(company const&) = delete;
  company& operator=(company const&) = delete;

 protected:
  using core_type = std::remove_cvref_t<decltype(access::core(std::declval<Cache&>()))>;
  static constexpr bool has_warm = core_type::has_warm;
  static constexpr bool has_cold = core_type::has_cold;
  static constexpr std::size_t no_strand = ~std::size_t{0};

  static constexpr bool warms_up = flow::warms_up<core_type>;

  struct instance {
    listener feed;
    std::optional<Cache> cache;
    bool tending = false;  ///< a strand does what the threads of a cache do, one at a time
    bool looking = false;
    flow::warming<std::string> warming{};  ///< what it is to bring to memory
    std::vector<position> strays{};        ///< what it heard of that has no revision, as long as it lives and hears
    // For explorers:
    std::uint64_t past = 0;  ///< digest of what happened to it, in order, as far as the order can matter
    std::uint64_t kept = 0;  ///< likewise of what its threads have done
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

  void start(std::size_t i) {
    auto& one = instances_[i];
    one.past = one.kept = 0;
    one.failures = {};
    one.doubts = 0;
    one.resting = false;
    one.tending = one.looking = false;
    one.warming = {.wanted = stage.plan.warms_up ? stage.plan.hot_entries : 0U};
    one.strays.clear();
    one.feed = {.heard = stage.world.feed.size()};
    simulated_options const here{&stage, static_cast<std::uint8_t>(i), &one.feed};
    typename Cache::options settings;
    settings.hot.capacity_entries = stage.plan.hot_entries;
    if constexpr (has_warm) settings.warm = here;
    if constexpr (has_cold) settings.cold = here;
    if (stage.plan.patient) settings.limits.write_within = std::chrono::seconds{12};
    settings.limits.load_within = std::chrono::milliseconds{6'000};
    one.cache.emplace(std::move(settings));
    stage.time.now += std::chrono::milliseconds{1};  // what is asked from now on is younger than what it hears
  }
  [[nodiscard]] std::size_t strand_of(plan::step const& s) const noexcept {
    return std::size_t{s.instance} * stage.plan.callers + s.caller;
  }
  [[nodiscard]] static lifetime life_of(plan::step const& s) noexcept {
    if (!core_type::expires || s.life == 0) return std::nullopt;
    return std::chrono::milliseconds{s.life};
  }
  /// For an explorer calls have their numbers by their places in the plan, in whatever order they begin.
  [[nodiscard]] std::size_t number_of(plan::step const& s) const noexcept {
    return stage.exploring && !stage.quiet ? static_cast<std::size_t>(&s - stage.plan.steps.data()) + 1 : 0;
  }
  [[nodiscard]] static read_options options_of(plan::step const& s) noexcept {
    return {.mode = s.verified ? read_mode::verified : read_mode::hot_ok};
  }
  [[nodiscard]] std::size_t instance_of(std::size_t strand) const noexcept {
    return strand < strands_ ? strand / stage.plan.callers : strand - strands_;
  }
  /// f(strand) for each caller of an instance, and for the question that may go on beside them.
  template <class F>
  void for_each_strand(std::size_t of, F f) {
    for (std::size_t i = 0; i < stage.plan.callers; ++i) f(of * stage.plan.callers + i);
    f(strands_ + of);
  }

  task<void> perform(std::size_t s, plan::step& step) {
    auto& here = *instances_[instance_of(s)].cache;
    auto& core = access::core(here);
    std::string_view const name = key_names[step.key];
    auto const hash = core.hash(name).hash;
    if (housekeeping(step.what)) {
      co_await keep_house(s, step);
      done_ = true;
      co_return;
    }
    bool const writes =
        step.what == verb::put || step.what == verb::put_if || step.what == verb::update || step.what == verb::erase;
    auto const within = writes                           ? core.limits.write_within
                        : step.what == verb::get_or_load ? core.limits.load_within
                                                         : core.limits.read_within;
    moment const until = stage.time.now + within;
    auto const number = history.begin(step.what, step.instance, step.key, until, number_of(step));
    stage.parts[s].numbers.fill(number);
    auto& c = callers_[s];
    lifetime const life = life_of(step);
    auto const mine = [&](std::uint32_t base = 0) { return make_mark(step.key, step.instance, number, base); };
    if (stage.story != nullptr) tell_begin(s, step, number, c.last_read[step.key]);

    switch (step.what) {
      case verb::get: {
        auto how = options_of(step);
        history.of(number).verified = step.verified;
        if (step.soft != 0) {  // by who minds whether it is fresh: nobody else asks for what memory has
          how.soft_within = std::chrono::milliseconds{step.soft};
          history.of(number).soft = stage.time.now + how.soft_within;
        }
        auto const h = co_await here.co_get(name, how);
        end_read(s, step, number, h);
        break;
      }
      case verb::visit: {
        if (core.peek(core.hash(name)) && !core.alone()) {
          auto const given = here.visit(name, [](mark const& m) { return m; });
          if (stage.story != nullptr)
            stage.tell("{}: visit of {} gives {} from hot", stage.name(s), name,
                       given && *given ? std::format("value {}", (*given)->number) : "nothing");
          stage.mix(given && *given ? (*given)->number : 1000);
          history.end_visit(number, given);
        } else {
          auto const h = co_await here.co_get(name);
          end_read(s, step, number, h);
        }
        break;
      }
      case verb::put: {
        auto const r = co_await flow::own_write(core, std::make_unique<std::string>(name), hash,
                                                std::make_unique<mark>(mine()), anything, until, life);
        end_write(s, step, number, r);
        break;
      }
      case verb::put_if: {
        expectation const expected = step.param == 1 ? absence : expectation{c.last_read[step.key]};
        history.of(number).expected = expected;
        auto const r = co_await flow::own_write(core, std::make_unique<std::string>(name), hash,
                                                std::make_unique<mark>(mine()), expected, until, life);
        end_write(s, step, number, r);
        break;
      }
      case verb::update: {
        std::string const own{name};
        auto renew = [&](mark& m) { m = mine(m.number); };
        auto const r = co_await flow::serve_update(core, core.hash(own), renew, until, life);
        end_write(s, step, number, r);
        break;
      }
      case verb::erase: {
        auto const r = co_await here.co_erase(name);
        end_write(s, step, number, r);
        break;
      }
      case verb::get_or_load: {
        auto load = [&]() -> result<mark> {
          if (step.param == 1) throw std::runtime_error{"the loader threw"};
          return mine();
        };
        typename Cache::write_options how{};
        if constexpr (core_type::expires) how.expires_in = std::chrono::milliseconds{step.life};
        auto const h = co_await here.co_get_or_load(name, load, how);
        end_read(s, step, number, h);
        break;
      }
      default: break;
    }
    done_ = true;
  }

  [[nodiscard]] static std::chrono::milliseconds idle_for(plan::step const& s) noexcept {
    return std::chrono::milliseconds{100 + 400 * s.param};
  }
  /// What a cache's own threads do, one turn of it.
  task<void> keep_house(std::size_t s, plan::step const& step) {
    auto& home = instances_[instance_of(s)];
    if (stage.story != nullptr) stage.tell("{}: {}", stage.name(s), to_string(step.what));
    if (step.what == verb::watch && !std::exchange(home.looking, true)) {
      co_await access::background(*home.cache).watch();
      home.looking = false;
    } else if (step.what == verb::tend && !std::exchange(home.tending, true)) {
      co_await access::background(*home.cache).tend();
      if constexpr (warms_up) {
        auto& core = access::core(*home.cache);
        if (home.warming.wanted != 0 && core.counters.doubts.load(std::memory_order_relaxed) != 0)
          co_await flow::warm_up(core, home.warming, [] {});
      }
      home.tending = false;
    } else if (step.what == verb::idle) {
      by_schedule::event nothing;
      (void)co_await nothing.wait(stage.time.now + idle_for(step));
    }
  }

  /// A call for many keys is judged as one call for each of them.
  task<void> perform_batch(std::size_t s, plan::step& step) {
    auto& core = access::core(*instances_[instance_of(s)].cache);
    auto const keys = keys_of(step, stage.plan.keys);
    moment const until =
        stage.time.now + (step.what == verb::get_many ? core.limits.read_within : core.limits.write_within);
    std::array<plan::step, 3> part{};
    std::array<std::uint16_t, 3> number{};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < keys.count; ++i) {
      part[i] = {.what = step.what,
                 .instance = step.instance,
                 .caller = step.caller,
                 .key = keys.key[i],
                 .verified = step.verified};
      number[i] = history.begin(step.what, step.instance, part[i].key, until);
      history.of(number[i]).verified = step.verified;
      stage.parts[s].numbers[part[i].key] = number[i];
      names.emplace_back(key_names[part[i].key]);
      if (stage.story != nullptr) tell_begin(s, part[i], number[i], {});
    }
    if (step.what == verb::get_many) {
      auto const found = co_await flow::batch<std::vector<std::string>>::get(core, names, options_of(step), until);
      for (std::size_t i = 0; i < keys.count; ++i) end_read(s, part[i], number[i], found[i].second);
    } else if (step.what == verb::erase_many) {
      auto const done = co_await flow::batch<std::vector<std::string>>::erase(core, names, until);
      for (std::size_t i = 0; i < keys.count; ++i) end_write(s, part[i], number[i], done[i]);
    } else {
      std::vector<std::pair<std::string, mark>> values;
      for (std::size_t i = 0; i < keys.count; ++i)
        values.emplace_back(names[i], make_mark(part[i].key, step.instance, number[i]));
      auto const done = co_await flow::batch<decltype(values)>::put(core, values, until, life_of(step));
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
                 h            ? std::format("revision {} (value {}) from {}", strata::number(h.revision()), h->number,
                                            strata::to_string(h.tier()))
                 : h.absent() ? std::format("\"absent\" from {}", strata::to_string(h.tier()))
                              : std::format("\"{}\"", h.error()));
    history.end_read(number, h);
  }
  void end_write(std::size_t s, plan::step const& step, std::uint16_t number, result<receipt> const& r) {
    auto& c = callers_[s];
    if (r && r->changed)
      c.last_read[step.key] = step.what == verb::erase || step.what == verb::erase_many ? revision{} : r->revision;
    stage.mix(r ? strata::number(r->revision) * 4 + r->changed : static_cast<std::uint64_t>(r.error().code()) * 4 + 2);
    if (stage.story != nullptr)
      stage.tell("{}: {} of {} {}", stage.name(s), to_string(step.what), key_names[step.key],
                 r ? std::format("is committed as revision {}{}{}", strata::number(r->revision),
                                 r->changed ? "" : ", nothing changed", r->degraded ? ", degraded" : "")
                   : std::format("fails with \"{}\"", r.error()));
    history.end_write(number, r);
  }
  void tell_begin(std::size_t s, plan::step const& step, std::uint16_t number, revision expected) {
    std::string more;
    if (step.what == verb::put_if)
      more = std::format(" expecting revision {}", step.param == 1 ? 0 : strata::number(expected));
    if (core_type::expires && step.life != 0) more += std::format(", for {} ms", step.life);
    if (step.verified) more += ", of what is fresh";
    if (step.soft != 0) more += std::format(", waiting {} ms for it", step.soft);
    stage.tell("{}: {} of {} begins (call {}){}", stage.name(s), to_string(step.what), key_names[step.key], number,
               more);
  }

  std::array<instance, most_instances> instances_;
  std::array<caller, scheduler::most_strands> callers_;
  std::size_t strands_ = 0;  ///< of callers
  std::size_t all_ = 0;      ///< and those beside them, where anything may go on there
  bool done_ = false;
};

}  // namespace strata::testing
