// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "crew.hpp"
#include "scenarios.hpp"
#include "servers.hpp"
#include "stage.hpp"
#include "tally.hpp"
#include "tcp_proxy.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// What lasts: overload and recovery, and caches that come and go.
namespace faults {

/// Calls that were answered well, in each second of a stretch of time.
inline std::vector<std::uint64_t> goodput(std::vector<entry> const& journal, span within) {
  std::vector<std::uint64_t> seconds(static_cast<std::size_t>((within.to - within.from) / 1'000'000'000));
  for (auto const& e : journal) {
    auto const at = (e.ended - within.from) / 1'000'000'000;
    if (e.what < verb::starved && e.done() && e.ended >= within.from && static_cast<std::size_t>(at) < seconds.size())
      ++seconds[static_cast<std::size_t>(at)];
  }
  return seconds;
}

/// T15. Cold answers so slowly that it can do a third of what is asked, and warm has lost everything, so that cold is asked
/// for nearly all of it. Within 30 s the fleet has to give as many good answers as before, cold as slow as ever.
inline tally overload(plan p) {
  auto const direct = p.postgres;
  strata_test::tcp_proxy wire{postgres_of_this_run().port()};
  auto const at = direct.find("port=");
  p.postgres = direct.substr(0, at) + std::format("port={}", wire.port()) + direct.substr(direct.find(' ', at));
  // Seldom asked by many: a thousand calls a second on any machine, of whom those who wait for cold wait for longer than the
  // shortest deadlines.
  p.workers = 2, p.threads = 256, p.keys = 1'000, p.hot = 200, p.skew = 1, p.pace_us = 512'000, p.writes_per_mille = 20;
  constexpr std::uint32_t connections = 2 * 4;
  auto const slow = 3 * connections * std::chrono::microseconds{p.pace_us} / (p.workers * p.threads);
  stage s{p};
  // More is asked than cold can answer, so that some fail is no fault; that none outlives its deadline still holds.
  std::optional<stage::broken> asked_too_much{std::in_place, s, "more is asked than cold can answer",
                                              during::cold_is_away};
  stage::ask(s.worker(0), "fill", 30s);
  std::this_thread::sleep_for(2s);
  auto const from = now();
  std::this_thread::sleep_for(5s);
  auto const until = now();

  auto const journal = s.journal();
  auto before = goodput(journal, {from, until});
  std::ranges::sort(before);
  auto const wanted = before.at(before.size() / 2) * 95 / 100;

  tally all;
  std::int64_t recovered = 0;
  {
    wire.delay(slow);
    (void)ask_nats(nats_of_this_run(), "$JS.API.STREAM.PURGE.KNOWLEDGE_CACHE");
    auto const wiped = now();
    std::uint64_t worst = ~std::uint64_t{0};
    constexpr std::size_t lasts = 3;
    while (recovered == 0 && now() < wiped + 33'000 * millisecond) {
      std::this_thread::sleep_for(1s);
      auto const after = goodput(s.journal(), {wiped, now()});
      // A second that stays good, so that none is so by chance.
      for (std::size_t second = 0; second + lasts <= after.size() && recovered == 0; ++second) {
        worst = std::min(worst, after[second]);
        auto const some = std::span{after}.subspan(second, lasts);
        if (some[0] >= wanted && std::ranges::fold_left(some, 0U, std::plus{}) >= lasts * wanted)
          recovered = static_cast<std::int64_t>(second) + 1;
      }
    }
    all.count("good answers a second before", wanted * 100 / 95);
    all.count("in the worst second", worst);
    all.count("fewer than wanted in it", wanted - std::min(worst, wanted));
    all.count("calls that failed meanwhile",
              static_cast<std::uint64_t>(std::ranges::count_if(s.journal(), [&](entry const& e) {
                return e.what < verb::starved && e.ended > wiped && !e.done();
              })));
    all.count("seconds until as many again", static_cast<std::uint64_t>(recovered));
    wire.delay(std::chrono::microseconds{0});
  }
  all.judge(promise::in_bounds);
  if (recovered == 0 || recovered > 30) all.broken(promise::in_bounds, "goodput did not come back within 30 s");
  asked_too_much.reset();
  auto const judged = s.end();
  return all += judged;
}

/// T16. Caches are opened, used, forked from and closed, while other processes keep the servers busy; afterwards the
/// process is what it was, and so are the others.
inline tally come_and_go(plan const& p, std::uint32_t count) {
  stage s{p};
  child visitor{p.program,
                {std::format("churn={}", count), "nats=" + p.nats, "postgres=" + p.postgres,
                 std::format("seed={}", p.seed), "threads=3"}};
  std::istringstream said{visitor.hear(std::chrono::milliseconds{60'000 + 1'000 * std::int64_t{count}})};
  std::uint64_t wrong = 0, calls = 0;
  size_seen before, after;
  said >> wrong >> calls >> before.resident_kib >> after.resident_kib >> before.threads >> after.threads >>
      before.descriptors >> after.descriptors;
  if (!said || visitor.wait() != 0) throw std::runtime_error{"the process that opens and closes caches has died"};
  tally all;
  all.count("caches opened and closed", count);
  all.count("calls on them", calls);
  all.count("KiB more at the end", after.resident_kib - std::min(before.resident_kib, after.resident_kib));
  all.judge(promise::in_bounds, count);
  if (wrong > 0) all.broken(promise::in_bounds, std::format("{} forks were not told that they are", wrong));
  auto const bounded = [&](std::string_view what, std::uint64_t was, std::uint64_t is, std::uint64_t more) {
    if (is > was + more)
      all.broken(promise::in_bounds, std::format("{} {} after a quarter of the caches, {} at the end", was, what, is));
  };
  bounded("KiB", before.resident_kib, after.resident_kib, 6 * 1'024);
  bounded("threads", before.threads, after.threads, 0);
  bounded("descriptors", before.descriptors, after.descriptors, 0);
  return all += s.end();
}

}  // namespace faults
