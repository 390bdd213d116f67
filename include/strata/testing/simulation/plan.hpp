// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/choices.hpp>
#include <strata/testing/simulation/faults.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

// What the callers of a simulation are going to do, and what befalls them; in which order is for the choices to say.
namespace strata::testing {

enum class verb : std::uint8_t {
  get,
  visit,
  put,
  put_if,
  update,
  erase,
  get_or_load,
  get_many,
  put_many,
  erase_many,
  watch,
  tend,
  idle,
  crash,
  evict,
  intrude,
  foreign,
  silence,
  prune,
  cut,
  mend,
  regress,
  forget,
  fall_back,
  renew,
  sever,
};

constexpr std::string_view to_string(verb v) noexcept {
  constexpr std::string_view names[] = {
      "get",        "visit", "put",  "put_if",  "update", "erase",     "get_or_load", "get_many", "put_many",
      "erase_many", "watch", "tend", "idle",    "crash",  "evict",     "intrude",     "foreign",  "silence",
      "prune",      "cut",   "mend", "regress", "forget", "fall_back", "renew",       "sever"};
  return names[static_cast<std::size_t>(v)];
}
/// Whether it is one call for many keys.
constexpr bool batches(verb v) noexcept { return v >= verb::get_many && v <= verb::erase_many; }
/// Whether it is what a cache does while nobody calls, or just waiting.
constexpr bool housekeeping(verb v) noexcept { return v >= verb::watch && v <= verb::idle; }
/// Whether it happens to the world rather than being called by anybody.
constexpr bool befalls(verb v) noexcept { return v >= verb::crash; }

struct plan {
  static constexpr std::size_t most_calls = 24;

  struct step {
    verb what = verb::get;
    std::uint8_t instance = 0;
    std::uint8_t caller = 0;
    std::uint8_t key = 0;
    std::uint8_t param =
        0;  ///< put_if: 0 expects what was read, 1 absence; get_or_load: 1 a loader that throws; crash: 1 requests arrive;
            ///< batches: which keys; silence: 1 warm forgets the key, 2 the feed of the instance breaks; renew: when
            ///< what was late lands
    std::uint16_t life = 0;                                     ///< of what it writes, in milliseconds; zero: for ever
    std::uint16_t soft = 0;                                     ///< a get's soft deadline, in milliseconds; zero: none
    bool verified = false;                                      ///< whether what it reads has to be fresh
    std::array<std::optional<ailment>, most_calls> ailments{};  ///< of its n-th call of a tier; undecided until drawn
  };

  std::uint8_t instances = 3;
  std::uint8_t callers = 2;  ///< of each instance
  std::uint8_t keys = 2;
  std::uint8_t hot_entries = 4;
  std::uint8_t warm_fault_in = 0;  ///< one call in so many has a fault; zero: none
  std::uint8_t cold_fault_in = 0;
  std::uint8_t favour = 0;  ///< how long one caller tends to go on, of 8
  bool lags = false;        ///< the feed tells nothing as long as anything else can happen
  bool prelude = false;     ///< the key of the first step is there already
  bool patient = false;     ///< writes have much time
  bool hangs = false;       ///< for an explorer: a call that has a fault is never answered
  bool warms_up = false;    ///< instances bring to memory what there is when they start
  std::vector<step> steps;

  /// The key that all is about where an explorer plays it.
  [[nodiscard]] std::size_t key() const noexcept { return steps.front().key; }
};

/// The keys of a batch. A read and a put may name one twice.
struct batch_keys {
  std::array<std::uint8_t, 3> key{};
  std::size_t count = 0;
};
constexpr batch_keys keys_of(plan::step const& s, std::size_t keys) noexcept {
  bool const twice = s.param >= 2 && s.what != verb::erase_many;
  auto const other = static_cast<std::uint8_t>(keys - 1U - s.key);
  if (keys == 1) return {{s.key, s.key}, twice ? 2U : 1U};
  return {{s.key, other, s.key}, twice ? 3U : 2U};
}

struct shape {
  std::uint8_t instances = 3;
  bool warm_may_fail = true;  ///< intrude, regress, forget, fall back and renew: not where warm is the truth
  bool expires = false;       ///< what is written may have an end
  bool keeps_step = false;    ///< somebody proves how fresh memory is: feeds break, others write, time passes
  bool hurries = false;       ///< readers may have soft deadlines, and may mind whether what they read is fresh
  bool warms_up = false;      ///< instances may fill their memory when they start
};

/// What seldom comes together by chance: memory or warm has what others change while nobody looks, and the log forgets it
/// before somebody does, or while he does; and then the stream may lose what has come since.
inline void draw_silence(plan& p, dice& d) {
  p.steps.resize(6);
  p.keys = 2;
  auto const one = static_cast<std::uint8_t>(d.below(p.instances));
  auto const other = static_cast<std::uint8_t>((one + 1U) % p.instances);
  p.steps[0] = {.what = verb::put, .instance = one, .key = 1};
  p.steps[1] = {.what = verb::tend, .instance = one};
  p.steps[2] = {.what = verb::get, .instance = other, .key = 1};
  p.steps[3] = {.what = verb::silence, .instance = one, .key = 1, .param = static_cast<std::uint8_t>(1U + d.below(2))};
  p.steps[4] = {.what = verb::prune};
  p.steps[5] = {.what = verb::tend, .instance = one};
  if (d.one_in(2)) return;
  p.steps.push_back({.what = verb::put, .instance = other, .key = 1});
  p.steps.push_back({.what = verb::fall_back, .instance = one, .caller = static_cast<std::uint8_t>(d.below(2))});
  p.steps.push_back({.what = verb::tend, .instance = one});
  p.steps.push_back({.what = verb::get, .instance = one, .key = 1});
}

/// Likewise: who brings a stream that began anew what it has lost reads there, and knows of nothing, after a publish has
/// landed that what was lost had overtaken.
inline void draw_renewal(plan& p, dice& d) {
  auto const one = static_cast<std::uint8_t>(d.below(p.instances));
  p.keys = 2;
  p.steps.clear();
  for (verb const v : {verb::put, verb::put, verb::tend, verb::idle, verb::idle, verb::tend, verb::idle, verb::tend,
                       verb::tend, verb::watch, verb::get, verb::renew, verb::crash})
    p.steps.push_back({.what = v, .instance = one, .key = 1});
  p.steps[4].param = 1;   // until another may keep warm in step,
  p.steps[11].param = 2;  // until it lands,
  p.steps[6].param = 3;   // and until nobody may take it for fresh
}

/// Likewise: a stream falls back while whoever keeps warm in step is cut off and has yet to notice, and one that has just
/// started takes his word.
inline void draw_cut_off(plan& p, dice& d) {
  auto const one = static_cast<std::uint8_t>(d.below(p.instances));
  auto const other = static_cast<std::uint8_t>((one + 1U) % p.instances);
  p.keys = 2;
  p.lags = false;
  p.warm_fault_in = p.cold_fault_in = 0;
  p.favour = 7;
  p.steps.clear();
  for (verb const v : {verb::put, verb::put, verb::tend, verb::idle, verb::idle, verb::tend, verb::tend})
    p.steps.push_back({.what = v, .instance = one, .key = 1, .param = 1});
  for (verb const v : {verb::idle, verb::idle, verb::tend, verb::watch, verb::get})
    p.steps.push_back({.what = v, .instance = other, .key = 1, .param = 3});  // idle until nobody may take it for fresh
  p.steps.push_back({.what = verb::fall_back, .instance = one, .caller = 1});
  p.steps.push_back({.what = verb::crash, .instance = other});
  p.steps.push_back({.what = verb::intrude});
}

/// Draws a plan. Every seed has its own mixture of verbs, faults and patience.
inline void draw_plan(plan& p, shape const& of, dice& d) {
  p.instances = of.instances;
  p.callers = 2;
  p.keys = static_cast<std::uint8_t>(d.one_in(3) ? 2 : 1);
  p.hot_entries = static_cast<std::uint8_t>(d.one_in(4) ? 1 : 4);
  constexpr std::array<std::uint8_t, 6> rates{0, 0, 16, 6, 3, 1};
  p.warm_fault_in = rates[d.below(6)];
  p.cold_fault_in = rates[d.below(5)];
  constexpr std::array<std::uint8_t, 4> favours{0, 3, 5, 7};
  p.favour = favours[d.below(4)];
  std::size_t const steps = (of.keeps_step ? 8U : 4U) + d.below(of.keeps_step ? 12 : 7);
  p.lags = of.keeps_step && d.one_in(6);
  bool const disasters = !d.one_in(3);
  bool const ends = of.expires && d.one_in(3);
  p.steps.clear();
  for (std::size_t i = 0; i < steps; ++i) {
    auto& s = p.steps.emplace_back();
    constexpr std::array calls{verb::get,      verb::get,       verb::get,         verb::visit,       verb::put,
                               verb::put,      verb::put,       verb::put_if,      verb::put_if,      verb::update,
                               verb::erase,    verb::erase,     verb::get_or_load, verb::get_or_load, verb::get_many,
                               verb::put_many, verb::erase_many};
    constexpr std::array blows{verb::crash, verb::evict, verb::evict, verb::intrude, verb::regress, verb::forget};
    constexpr std::array more_blows{verb::crash,  verb::evict,     verb::cut,       verb::cut,
                                    verb::mend,   verb::foreign,   verb::foreign,   verb::intrude,
                                    verb::forget, verb::fall_back, verb::fall_back, verb::prune};
    constexpr std::array more_calls{verb::watch, verb::watch, verb::watch, verb::tend, verb::tend, verb::idle};
    bool const blow = disasters && d.one_in(of.keeps_step ? 4 : 5);
    if (!of.keeps_step)
      s.what = blow ? blows[d.below(of.warm_may_fail ? 6 : 3)] : calls[d.below(calls.size())];
    else if (blow)
      s.what = more_blows[d.below(of.warm_may_fail ? 12 : 5)];
    else
      s.what = d.one_in(2) ? more_calls[d.below(more_calls.size())] : calls[d.below(calls.size())];
    s.instance = static_cast<std::uint8_t>(d.below(of.instances));
    s.caller = static_cast<std::uint8_t>(d.below(p.callers));
    s.key = static_cast<std::uint8_t>(d.below(p.keys));
    s.param = static_cast<std::uint8_t>(d.below(4));
    constexpr std::array<std::uint16_t, 4> lives{0, 20, 400, 1'500};
    if (ends) s.life = lives[d.below(4)];
  }
  p.patient = of.keeps_step && p.steps.back().param == 1;
  p.warms_up = of.warms_up && p.steps.front().param == 0;
  bool const hurried = of.hurries && p.steps.back().param == 0;
  for (auto& s : p.steps) {
    if (hurried && s.what == verb::get && s.param % 2 == 1) s.soft = 20;
    s.verified = hurried && s.param != 0 && (s.what == verb::get || s.what == verb::get_many);
    if (p.warms_up && befalls(s.what) && s.param == 0) s.what = verb::crash;
  }
  if (of.keeps_step && of.warm_may_fail && disasters) {
    auto const rare = d.below(8);
    if (rare == 0) draw_silence(p, d);
    if (rare == 1) draw_renewal(p, d);
    if (rare == 2) draw_cut_off(p, d);
  }
}

}  // namespace strata::testing
