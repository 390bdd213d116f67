// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "history.hpp"
#include "play.hpp"
#include "processes.hpp"
#include "setting.hpp"

// Who starts a fleet, kills what shall be killed, and counts.
namespace fleet {

/// How a server is killed and started again, in words for test/servers; none where a contender does not use it.
struct server {
  std::string kill = {}, start = {};
};
struct surroundings {
  server broker = {}, postgres = {};
};

struct figures {
  double seconds = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed_reads = 0, failed_writes = 0;  ///< that gave nothing, or whose outcome nobody was told of
  std::int64_t p50 = 0, p99 = 0, write_p50 = 0, write_p99 = 0;  ///< nanoseconds, of what was answered
  double calm_throughput = 0;                                   ///< a second, before anything was killed
  std::int64_t calm_write_p50 = 0, calm_write_p99 = 0;
  verdict checked = {};
};

inline std::int64_t quantile(std::vector<std::int64_t>& all, double share) {
  if (all.empty()) return 0;
  auto const at = all.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(all.size() - 1));
  std::ranges::nth_element(all, at);
  return *at;
}

/// Runs a fleet of this contender: every process opens, stores its share of the templates, and then calls for `seconds`;
/// after a quarter a process is killed, after two the broker, after three PostgreSQL, and each started again a twentieth
/// of the time later.
template <class Store, class Asset>
figures watch(setting const& given, workload const& work, surroundings const& around,
              std::chrono::duration<double> time, std::chrono::nanoseconds bound) {
  shared_memory<board> const shared{1};
  shared_memory<call_log> const logs{work.workers() +
                                     work.threads};  // the last ones for the process that is started again

  // Process number `work.processes` is the first one's second life: it finds everything stored.
  auto const live = [&](std::size_t number) {
    Store store{given};
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < work.threads; ++t)
      threads.emplace_back([&, at = number * work.threads + t] {
        worker<Store, Asset> one{store, work, logs[at], static_cast<std::uint16_t>(at)};
        if (number < work.processes) one.import();
        ++shared->ready;
        while (shared->start == 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
        one.play(*shared);
      });
  };
  std::vector<process> processes;
  for (std::size_t number = 0; number < work.processes; ++number) processes.emplace_back([&] { live(number); });
  for (auto const until = now() + ns{std::chrono::minutes{2}}.count(); shared->ready < work.workers();) {
    if (now() > until) throw std::runtime_error{"the fleet did not become ready"};
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }

  auto const start = now();
  shared->start = start;
  auto const length = std::chrono::duration_cast<ns>(time);
  auto const pause_until = [&](int quarters) {
    std::this_thread::sleep_for(ns{start - now()} + length * quarters / 4);
  };
  auto const interrupt = [&](server const& one) {
    if (one.start.empty()) return;
    servers(one.kill);
    std::this_thread::sleep_for(length / 20);
    servers(one.start);
  };
  pause_until(1);
  processes[0].kill();
  std::this_thread::sleep_for(length / 20);
  processes[0] = process{[&] { live(work.processes); }};
  pause_until(2);
  interrupt(around.broker);
  pause_until(3);
  interrupt(around.postgres);
  pause_until(4);
  auto const end = now();
  shared->stop = true;
  for (auto& one : processes)
    if (!one.join(std::chrono::seconds{60})) throw std::runtime_error{"a process of the fleet did not end well"};

  figures sum{.seconds = static_cast<double>(end - start) * 1e-9};
  std::vector<history> all;
  std::vector<std::int64_t> reads, writes, calm_writes;
  auto const calm_until = start + length.count() / 4;
  std::uint64_t calm = 0;
  for (std::size_t i = 0; i < work.workers() + work.threads; ++i) {
    if (logs[i].full()) throw std::runtime_error{"a log is full: make the time shorter"};
    all.push_back({static_cast<std::uint32_t>(i / work.threads), logs[i].entries()});
    for (auto const& e : all.back().events) {
      if (e.begun < start || e.ended > end) continue;
      if (e.state != state::answered)
        ++(e.call == call::read ? sum.failed_reads : sum.failed_writes);
      else
        (e.call == call::read ? reads : writes).push_back(e.ended - e.begun);
      if (e.state != state::answered || e.ended > calm_until) continue;
      ++calm;
      if (e.call == call::write) calm_writes.push_back(e.ended - e.begun);
    }
  }
  sum.answered = reads.size() + writes.size();
  sum.p50 = quantile(reads, 0.5);
  sum.p99 = quantile(reads, 0.99);
  sum.write_p50 = quantile(writes, 0.5);
  sum.write_p99 = quantile(writes, 0.99);
  sum.calm_throughput = static_cast<double>(calm) * 1e9 / static_cast<double>(calm_until - start);
  sum.calm_write_p50 = quantile(calm_writes, 0.5);
  sum.calm_write_p99 = quantile(calm_writes, 0.99);
  sum.checked = judge(all, bound);
  return sum;
}

}  // namespace fleet
