// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// One process of a fleet: a cache in the usual configuration, threads that use it as hard as they are told to, and a
// journal of what they were answered. It is killed, stopped and cut off by others; it can also end itself at a point of a
// write that nobody outside could hit.
//
//   worker NAME=VALUE...   then words on its standard input: ready, go, fill, stop, sweep, die POINT N,
//                          quit; each but the last two is answered
#include "churn.hpp"
#include "journal.hpp"
#include "latest.hpp"
#include "mark.hpp"
#include "under_test.hpp"

#include <strata/batch.hpp>

#include <execinfo.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <csignal>
#include <cstdint>
#include <format>
#include <iostream>
#include <memory>
#include <numeric>
#include <random>
#include <ranges>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace faults;

namespace {

template <class Staleness>
class worker {
  using cache = faults::cache<Staleness>;

 public:
  explicit worker(settings s)
      : s_{std::move(s)},
        journal_{s_.journal},
        latest_{s_.latest, s_.keys},
        cache_{options_of<cache>(s_, executor_)},
        operation_{first_operation(s_.instance)} {
    for (std::uint32_t n = 0; n < s_.keys; ++n) keys_.push_back(key_of(s_.round, n));
    watchers_.emplace_back([this](std::stop_token const& end) { watch_time(end); });
    watchers_.emplace_back([this](std::stop_token const& end) { watch_size(end); });
  }

  bool ready() {
    auto const all = cache_.ready({.within = 30s});
    if (!all) std::cerr << std::format("worker {}: {}\n", s_.instance, all.error());
    return all.has_value();
  }

  void go() {
    for (std::uint32_t n = 0; n < s_.threads; ++n)
      crew_.emplace_back([this, n](std::stop_token const& end) {
        std::mt19937_64 random{s_.seed + (std::uint64_t{s_.instance} << 8U) + n};
        while (!end.stop_requested()) {
          step(random);
          if (s_.pace_us > 0) std::this_thread::sleep_for(std::chrono::microseconds{random() % (2 * s_.pace_us)});
        }
      });
  }
  void stop() {
    for (auto& one : crew_) one.request_stop();  // all before the first is waited for: each may be asleep
    crew_.clear();
  }
  /// Writes every key once.
  void fill() {
    std::mt19937_64 random{s_.seed};
    std::vector<std::uint32_t> all(s_.keys);
    std::iota(all.begin(), all.end(), 0U);
    for (auto const some : all | std::views::chunk(100)) put_many({some.begin(), some.end()}, 5s, random);
  }
  void sweep() {
    for (std::uint32_t k = 0; k < s_.keys; ++k) get(k, {.within = 5s}, entry::sweep);
  }
  void die(std::string_view where, int times) { executor_.die(where, times); }

 private:
  using dice = std::mt19937_64;

  void step(dice& random) {
    auto const key = pick(random);
    auto const chance = random() % 1000;
    if (chance >= s_.writes_per_mille) {
      if (chance % 20 == 0) return get_many(random);
      get(key, demands(key, random));
    } else {
      auto const within = patience(random, 5s);
      switch (random() % 8) {
        case 0:
        case 1: return put(key, within, random);
        case 2: return put_many(pick_some(random), within, random);
        case 3:
        case 4: return put_if(key, within, random);
        case 5: return update(key, within, random);
        case 6: return erase(key, within);
        default: return get_or_load(key, within, random);
      }
    }
  }

  // Few keys are everybody's, most are seldom asked for.
  std::uint32_t pick(dice& random) const {
    double const u = std::uniform_real_distribution<double>{}(random);
    return static_cast<std::uint32_t>(s_.keys * std::pow(u, s_.skew));
  }
  static std::chrono::milliseconds patience(dice& random, std::chrono::milliseconds usual) {
    auto const chance = random() % 8;
    return chance == 0 ? 500ms : chance == 1 ? 1'000ms : usual;
  }
  /// Most reads take what memory has.
  strata::read_options demands(std::uint32_t key, dice& random) const {
    strata::read_options o{.within = patience(random, 2s)};
    switch (random() % 16) {
      case 0: o.mode = strata::read_mode::cold; break;
      case 1: o.mode = strata::read_mode::verified; break;
      case 2: o.at_least = strata::revision{latest_.of(key)}; break;
      case 3: o.stale_if_error = true; break;
      default: break;
    }
    return o;
  }
  static std::size_t filling(dice& random) { return random() % 64 == 0 ? 20'000 : random() % 500; }

  // --- calls -------------------------------------------------------------------------------------------------------

  [[nodiscard]] entry begin(verb what, std::uint32_t key, std::chrono::milliseconds within) {
    entry e{.key = key, .instance = s_.instance, .within_ms = static_cast<std::uint16_t>(within.count()), .what = what};
    if (std::same_as<Staleness, strata::flagged>) e.flags |= entry::flagged;
    if (e.writes()) e.operation = operation_.fetch_add(1);
    waited_before = waited();
    e.began = now();
    return e;
  }
  [[nodiscard]] strata::knowledge_asset value(entry const& e, dice& random) const {
    std::string const& key = keys_[e.key];
    strata::knowledge_asset made{
        .id = key, .asset_type = "template", .data = marked(key, e.operation, filling(random))};
    made.metadata["operation"] = std::to_string(e.operation);
    return made;
  }
  [[nodiscard]] std::uint64_t operation_of(std::uint32_t key, strata::knowledge_asset const& read, entry& e) const {
    auto const number = operation_in(keys_[key], read.data);
    auto const beside = read.metadata.find("operation");
    bool const whole =
        number && read.id == keys_[key] && beside != read.metadata.end() && beside->second == std::to_string(*number);
    if (!whole) e.flags |= entry::damaged;
    return number.value_or(0);
  }
  static void end(entry& e) {
    e.ended = now();
    e.waited_ms = static_cast<std::uint16_t>(
        std::min<std::int64_t>((waited() - waited_before + millisecond - 1) / millisecond, 0xffff));
  }
  void answered(entry& e, typename cache::answer const& hit) const {
    end(e);
    e.outcome = hit.failed() ? static_cast<std::uint8_t>(hit.error().code()) : 0;
    e.state = hit.freshness();
    e.from = hit.tier();
    if (!hit) return;
    e.revision = number(hit.revision());
    e.given = operation_of(e.key, *hit, e);
  }
  void answered(entry& e, strata::result<strata::receipt> const& done) {
    end(e);
    e.outcome = done ? 0 : static_cast<std::uint8_t>(done.error().code());
    e.from = done ? strata::tier::cold : done.error().tier();
    if (!done) return;
    e.revision = number(done->revision);
    latest_.tell(e.key, e.revision);
    if (!done->changed) e.flags |= entry::unchanged;
    if (done->degraded) e.flags |= entry::degraded;
  }

  void get(std::uint32_t key, strata::read_options demanded, std::uint8_t flags = 0) {
    auto e = begin(verb::get, key, demanded.within);
    e.expected = number(demanded.at_least);
    e.flags |= flags;
    if (demanded.mode == strata::read_mode::cold) e.flags |= entry::truth;
    answered(e, cache_.get(keys_[key], demanded));
    journal_.write(e);
  }
  void get_many(dice& random) {
    std::vector<std::uint32_t> which(8);
    std::ranges::generate(which, [&] { return pick(random); });
    auto const within = patience(random, 2s);
    auto const first = begin(verb::get_many, 0, within);
    auto const found =
        cache_.get_many(which | std::views::transform([&](auto k) { return keys_[k]; }), {.within = within});
    std::vector<entry> all;
    for (std::size_t n = 0; n < which.size(); ++n) {
      all.push_back(first);
      all.back().key = which[n];
      answered(all.back(), found[n].second);
    }
    journal_.write(all.data(), all.size());
  }
  void put(std::uint32_t key, std::chrono::milliseconds within, dice& random) {
    auto e = begin(verb::put, key, within);
    auto made = value(e, random);
    journal_.write(e);
    answered(e, cache_.put(std::move(made), {.within = within}));
    journal_.write(e);
  }
  std::vector<std::uint32_t> pick_some(dice& random) const {
    std::vector<std::uint32_t> which(4);
    std::ranges::generate(which, [&] { return pick(random); });
    std::ranges::sort(which);
    which.erase(std::ranges::unique(which).begin(), which.end());
    return which;
  }
  void put_many(std::vector<std::uint32_t> const& which, std::chrono::milliseconds within, dice& random) {
    std::vector<entry> all;
    std::vector<strata::knowledge_asset> values;
    for (auto const k : which) {
      all.push_back(begin(verb::put, k, within));
      values.push_back(value(all.back(), random));
    }
    journal_.write(all.data(), all.size());
    auto const done = cache_.put_many(values, {.within = within});
    for (std::size_t n = 0; n < all.size(); ++n) answered(all[n], done[n]);
    journal_.write(all.data(), all.size());
  }
  void put_if(std::uint32_t key, std::chrono::milliseconds within, dice& random) {
    auto const read = cache_.get(keys_[key], {.within = within});
    if (read.failed()) return;
    auto e = begin(verb::put_if, key, within);
    e.expected = number(read.revision());
    auto made = value(e, random);
    journal_.write(e);
    answered(e, cache_.put_if(read, std::move(made), {.within = within}));
    journal_.write(e);
  }
  void update(std::uint32_t key, std::chrono::milliseconds within, dice& random) {
    auto e = begin(verb::update, key, within);
    auto const made = value(e, random);
    journal_.write(e);
    auto const change = [&](strata::knowledge_asset& stored) {
      e.given = operation_of(key, stored, e);
      stored.data = made.data;
      stored.metadata = made.metadata;
    };
    answered(e, cache_.update(keys_[key], change, {.within = within}));
    journal_.write(e);
  }
  void erase(std::uint32_t key, std::chrono::milliseconds within) {
    auto e = begin(verb::erase, key, within);
    journal_.write(e);
    answered(e, cache_.erase(keys_[key], {.within = within}));
    journal_.write(e);
  }
  void get_or_load(std::uint32_t key, std::chrono::milliseconds within, dice& random) {
    auto e = begin(verb::get_or_load, key, within);
    auto made = value(e, random);
    journal_.write(e);
    auto const load = [&] {
      e.flags |= entry::loaded;
      return made;
    };
    answered(e, cache_.get_or_load(keys_[key], load, {.within = within}));
    journal_.write(e);
  }

  // --- what the process itself notices -----------------------------------------------------------------------------

  // A thread that only sleeps wakes late when the process is stopped or the machine has no time for it.
  void watch_time(std::stop_token const& end) const {
    while (!end.stop_requested()) {
      auto const due = now() + 5 * millisecond;
      std::this_thread::sleep_for(5ms);
      auto const woke = now();
      if (woke - due > 10 * millisecond)
        journal_.write({.began = due, .ended = woke, .instance = s_.instance, .what = verb::starved});
    }
  }
  void watch_size(std::stop_token const& end) {
    while (!end.stop_requested()) {
      auto const seen = size_of_this_process();
      journal_.write({.began = now(),
                      .ended = now(),
                      .given = seen.threads << 32U | seen.descriptors,
                      .expected = seen.resident_kib,
                      .revision = cache_.stats().hot.entries,
                      .instance = s_.instance,
                      .what = verb::sample});
      std::this_thread::sleep_for(200ms);
    }
  }

  static inline thread_local std::int64_t waited_before = 0;  // when this thread's call began
  settings s_;
  journal journal_;
  latest latest_;
  mortal executor_;
  cache cache_;
  std::vector<std::string> keys_;
  std::atomic<std::uint64_t> operation_;
  std::vector<std::jthread> crew_;
  std::vector<std::jthread> watchers_;
};

template <class Worker>
int obey(Worker&& w) {
  auto const say = [](char const* word) { std::cout << word << std::endl; };
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words{line};
    std::string word, where;
    int times = 1;
    words >> word >> where >> times;
    if (word == "ready") {
      if (!w.ready()) return 3;
    } else if (word == "go")
      w.go();
    else if (word == "stop")
      w.stop();
    else if (word == "fill")
      w.fill();
    else if (word == "sweep")
      w.sweep();
    else if (word == "die") {
      w.die(where, times);
      continue;
    } else if (word == "quit")
      break;
    else
      return 2;
    say("done");
  }
  w.stop();
  return 0;
}

/// A crash says where it was, by addresses in the program's file.
void tell_crash(int signal) {
  std::array<void*, 64> at{};
  ::backtrace_symbols_fd(at.data(), ::backtrace(at.data(), static_cast<int>(at.size())), STDERR_FILENO);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

int main(int argc, char** argv) try {
  for (int const one : {SIGSEGV, SIGBUS, SIGABRT}) std::signal(one, tell_crash);
  auto const s = settings_of(argc, argv);
  if (s.churn > 0) return churn(s);
  return s.staleness == "bounded" ? obey(worker<strata::bounded>{s}) : obey(worker<strata::flagged>{s});
} catch (std::exception const& fault) {
  std::cerr << "worker: " << fault.what() << '\n';
  return 1;
}
