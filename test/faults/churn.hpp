// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "journal.hpp"
#include "mark.hpp"
#include "under_test.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

// Caches that are opened, used, forked from and closed, one after another, some of them closed in the middle of calls; and
// what of them stays in the process.
namespace faults {

namespace detail {

/// What a child of fork is told. \returns how many answers were wrong
inline int in_a_fork(cache<strata::flagged>& parents) {
  ::pid_t const child = ::fork();
  if (child == 0) {
    bool const refused = parents.get("faults nobody has it").failed() &&
                         parents.get("faults nobody has it").error() == strata::errc::forked &&
                         parents.erase("faults nobody has it").error() == strata::errc::forked;
    ::_exit(refused ? 0 : 1);
  }
  int status = 0;
  return child > 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

/// Once the client's threads that were told to end have ended: when nothing has changed for half a second, or there is no
/// more than was wanted.
inline size_seen at_rest(size_seen wanted = {}) {
  using namespace std::chrono_literals;
  auto const until = std::chrono::steady_clock::now() + 20s;
  auto seen = size_of_this_process();
  for (int same = 0; same < 10 && std::chrono::steady_clock::now() < until;) {
    std::this_thread::sleep_for(50ms);
    auto const now = size_of_this_process();
    bool const more = wanted.threads != 0 && (now.threads > wanted.threads || now.descriptors > wanted.descriptors);
    same = !more && now.threads == seen.threads && now.descriptors == seen.descriptors ? same + 1 : 0;
    seen = now;
  }
  return seen;
}

}  // namespace detail

/// Says how large the process was after the warm-up and at its end, and how often something was wrong.
inline int churn(settings const& s) {
  using namespace std::chrono_literals;
  std::uint32_t wrong = 0;
  std::uint64_t calls = 0;
  size_seen before;
  std::uint32_t const warm_up = s.churn / 4 + 1;
  for (std::uint32_t n = 0; n < s.churn; ++n) {
    if (n == warm_up) before = detail::at_rest();
    mortal executor;
    cache<strata::flagged> one{options_of<cache<strata::flagged>>(s, executor)};
    std::atomic<std::uint64_t> made{0};
    std::vector<std::jthread> users;
    for (std::uint32_t u = 0; u < s.threads; ++u)
      users.emplace_back([&, u] {
        std::mt19937_64 random{s.seed + n * s.threads + u};
        for (int call = 0; call < 40; ++call, ++made) {
          std::string const key = "churn-" + std::to_string(random() % 16);
          if (random() % 4 != 0) {
            (void)one.get(key);
          } else {
            auto const done = one.put({.id = key, .asset_type = "template", .data = marked(key, n, random() % 200)});
            if (!done && done.error() == strata::errc::closed) return;
          }
        }
      });
    if (n % 10 == 0) wrong += static_cast<std::uint32_t>(detail::in_a_fork(one));
    if (n % 2 == 0) one.close(2s);  // while it is used
    users.clear();
    calls += made;
  }
  auto const after = detail::at_rest(before);
  std::cout << wrong << ' ' << calls << ' ' << before.resident_kib << ' ' << after.resident_kib << ' ' << before.threads
            << ' ' << after.threads << ' ' << before.descriptors << ' ' << after.descriptors << std::endl;
  return 0;
}

}  // namespace faults
