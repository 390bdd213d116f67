// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "checker.hpp"
#include "crew.hpp"
#include "journal.hpp"
#include "oracle.hpp"
#include "sanitized.hpp"
#include "servers.hpp"
#include "tally.hpp"

#include <pqxx/connection>
#include <pqxx/nontransaction>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <format>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// One round: workers that use the same keys, faults that somebody makes meanwhile, and the judgement at the end. A round
// has keys and journals of its own, so that a run of hours needs no more room than its longest round.
namespace faults {

struct plan {
  std::string test;            ///< T5, ...
  std::string program;         ///< the worker's
  std::string nats, postgres;  ///< where workers connect to
  std::int64_t replicas = 1;
  std::uint32_t workers = 3, threads = 3, keys = 48, hot = 32, pace_us = 700, writes_per_mille = 250;
  double skew = 2;
  std::uint64_t seed = 1;
  std::string only;                         ///< of the faults, those whose name contains this
  bool keep = false;                        ///< the journals, to look at
  std::chrono::milliseconds settle{2'000};  ///< after the last fault and the last write, before all have to agree
};

/// Whether cold can be expected to answer while something is broken.
enum class during : std::uint8_t { cold_answers, cold_is_away };

class stage {
 public:
  explicit stage(plan p) : plan_{std::move(p)}, round_{std::format("{}.{}", plan_.test, rounds++)} {
    for (std::uint32_t n = 0; n < plan_.workers; ++n) workers_.push_back(hire());
    for (auto& w : workers_) {
      ask(*w, "ready", 60s);
    }
    oracle_ = std::make_unique<oracle>();
    for (auto& w : workers_) ask(*w, "go", 30s);
    began_ = now();
    cold_watch_ = std::jthread{[this](std::stop_token const& end) { watch_cold(end); }};
  }

  static void expect(child& w, std::string_view word, std::chrono::milliseconds within) {
    auto const asked = now();
    if (w.hear(within) == "done") return;
    auto const waited = (now() - asked) / millisecond;
    throw std::runtime_error{std::format("a worker was told to {} and did not say that it had within {} ms{}", word,
                                         waited, w.ended() ? std::format("; it ended with status {}", w.wait()) : "")};
  }
  static void ask(child& w, std::string_view word, std::chrono::milliseconds within) {
    w.say(word);
    expect(w, word, within);
  }

  [[nodiscard]] plan const& planned() const { return plan_; }
  [[nodiscard]] std::size_t size() const { return workers_.size(); }
  child& worker(std::size_t n) { return *workers_[n]; }
  std::mt19937_64& random() { return random_; }
  [[nodiscard]] std::int64_t began() const { return began_; }

  /// Another one in the place of one that has ended.
  void replace(std::size_t n) {
    (void)workers_[n]->wait();
    workers_[n] = hire();
    workers_[n]->say("go");  // it need not be ready: a server that is down is no error
    newcomers_.insert(n);
  }
  /// From here until the end of the scope something is broken. Of cold it is also measured; see watch_cold.
  class broken {
   public:
    broken(stage& s, std::string_view what, during cold) : stage_{s}, what_{what}, cold_{cold}, from_{now()} {}
    broken(broken const&) = delete;
    broken& operator=(broken const&) = delete;
    ~broken() {
      stage_.mishaps_.push_back({{from_, now()}, std::string{what_}});
      // Connections are made anew with pauses of up to two seconds, and a tier that failed is tried again after one.
      if (cold_ == during::cold_is_away) stage_.away_.push_back({from_, now() + 3'000 * millisecond});
    }

   private:
    stage& stage_;
    std::string_view what_;
    during cold_;
    std::int64_t from_;
  };

  /// Ends the load, lets everybody and a newcomer read everything, and judges.
  tally end() {
    for (auto const n : newcomers_) expect(*workers_[n], "go", 60s);
    for (auto& w : workers_) w->say("stop");
    for (auto& w : workers_) expect(*w, "stop", 60s);
    cold_watch_ = {};
    auto const seconds = (now() - began_) / 1'000'000'000;
    std::this_thread::sleep_for(plan_.settle);
    workers_.push_back(hire());
    ask(*workers_.back(), "ready", 60s);
    for (auto& w : workers_) w->say("sweep");
    for (auto& w : workers_) expect(*w, "sweep", 120s);
    for (auto& w : workers_) w->say("quit");
    for (auto& w : workers_)
      if (w->wait() != 0) throw std::runtime_error{"a worker ended with an error"};
    return judged(seconds);
  }
  /// What the workers have written down by now.
  [[nodiscard]] std::vector<entry> journal() const {
    std::vector<entry> all;
    for (auto const& path : journals_) read_journal(path, all);
    return all;
  }

 private:
  static inline std::uint32_t rounds = 0;
  static inline std::uint16_t instances = 0;

  std::unique_ptr<child> hire() {
    auto const instance = ++instances;
    journals_.push_back(std::format("{}/journal-{}", given("STRATA_TEST_FOLDER"), instance));
    std::filesystem::remove(journals_.back());
    return std::make_unique<child>(
        plan_.program,
        std::vector<std::string>{
            std::format("instance={}", instance), "journal=" + journals_.back(), "latest=" + latest_,
            std::format("staleness={}", instance % 2 == 0 ? "bounded" : "flagged"), "round=" + round_,
            "nats=" + plan_.nats, "postgres=" + plan_.postgres, std::format("replicas={}", plan_.replicas),
            std::format("keys={}", plan_.keys), std::format("threads={}", plan_.threads),
            std::format("hot={}", plan_.hot), std::format("pace_us={}", plan_.pace_us),
            std::format("writes_per_mille={}", plan_.writes_per_mille), std::format("skew={}", plan_.skew),
            std::format("seed={}", plan_.seed)});
  }

  // "While cold is up" is what a client of PostgreSQL's own finds: on a machine as busy as this one a commit may take longer
  // than a short deadline.
  void watch_cold(std::stop_token const& end) {
    std::optional<pqxx::connection> client;
    while (!end.stop_requested()) {
      auto const asked = now();
      try {
        if (!client) client.emplace(given("STRATA_TEST_POSTGRES") + " connect_timeout=1");
        pqxx::nontransaction{*client}.exec(
            "insert into faults_watch values (1) on conflict (one) do update set n = faults_watch.n + 1");
      } catch (std::exception const&) {
        client.reset();
      }
      auto const answered = now();
      if (!client || answered - asked > 60 * millisecond) slow_.push_back({asked, answered + 20 * millisecond});
      std::this_thread::sleep_for(15ms);
    }
  }

  tally judged(std::int64_t seconds) {
    tally all;
    std::vector<span> stalls;
    for (auto const& slow : slow_)
      if (std::ranges::none_of(away_, [&](span const& s) { return s.shared_with(slow.from, slow.to) > 0; }))
        stalls.push_back(slow);
    auto const entries = journal();
    all.count("calls", static_cast<std::uint64_t>(std::ranges::count_if(
                           entries, [](entry const& e) { return e.ended != 0 && e.what < verb::starved; })));
    all.count("seconds under load", static_cast<std::uint64_t>(seconds));
    all += checker{entries,
                   {
                       .truth = oracle::truth(round_, plan_.keys, all),
                       .cold_away = away_,
                       .stalls = stalls,
                       .mishaps = mishaps_,
                       .hot_capacity = plan_.hot,
                       // A sanitizer keeps what is freed for a while.
                       .more_kib = strata_test::sanitized ? 1 << 20 : circumstances{}.more_kib,
                   }}();
    std::filesystem::remove(latest_);
    for (auto const& path : journals_)
      if (plan_.keep)
        std::cout << "kept " << path << '\n';
      else
        std::filesystem::remove(path);
    return all;
  }

  plan plan_;
  std::string round_;
  std::string latest_ = given("STRATA_TEST_FOLDER") + "/latest-" + round_;
  std::vector<std::string> journals_;
  std::vector<std::unique_ptr<child>> workers_;
  std::set<std::size_t> newcomers_;
  std::unique_ptr<oracle> oracle_;
  std::vector<span> away_, slow_;
  std::jthread cold_watch_;  // writes slow_
  std::vector<mishap> mishaps_;
  std::mt19937_64 random_{plan_.seed};
  std::int64_t began_ = 0;
};

}  // namespace faults
