// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "configurations.hpp"
#include "plans.hpp"

#include <strata/testing/simulation/explorer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// T2: two instances, one key: all schedules of three calls at once over three tiers with at most one fault, and of a few calls
// and what the caches' own threads do meanwhile where somebody proves how fresh memory is, by warm's feed or by cold's log.
// Arguments: [--faults N] [--threads N] [--calls N] [--only NAME] [--every N: one plan in N] [--verbose 1].
namespace {

using namespace simulated;

template <class Cache>
bool explore(std::string_view name, std::vector<job> const& jobs, int argc, char** argv) {
  auto const threads = number_after("--threads", argc, argv, 2);
  auto const every = number_after("--every", argc, argv, 1);
  if (auto const only = after("--only", argc, argv); !only.empty() && only != name) return true;
  auto const begun = std::chrono::steady_clock::now();
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> plays{0};
  std::atomic<std::uint64_t> states{0};
  std::atomic<std::uint64_t> played{0};
  std::atomic<bool> broken{false};
  std::mutex print;
  std::vector<std::thread> crew;
  for (std::uint64_t t = 0; t < threads; ++t)
    crew.emplace_back([&] {
      st::explorer<Cache> mine;
      for (std::size_t i; !broken && (i = next++) < jobs.size();) {
        if (i % every != 0) continue;
        auto const& [plan, faults] = jobs[i];
        auto const found = mine.all_of(plan, faults);
        plays += found.plays;
        states += found.states;
        ++played;
        if (number_after("--verbose", argc, argv, 0) != 0) {
          std::lock_guard const held{print};
          std::printf("%zu %d:", i, plan.prelude);
          for (auto const& s : plan.steps)
            std::printf(" %c.%s", 'A' + s.instance, std::string{st::to_string(s.what)}.c_str());
          std::printf(" %llu plays %llu states\n", static_cast<unsigned long long>(found.plays),
                      static_cast<unsigned long long>(found.states));
        }
        if (!found.broken || broken.exchange(true)) continue;
        std::lock_guard const held{print};
        st::counterexample const c{.breach = *found.broken,
                                   .story = mine.tell(plan, faults, found.choices),
                                   .plan = plan,
                                   .choices = found.choices};
        std::printf("plan %zu breaks a promise:\n%s", i, st::to_string(c).c_str());
      }
    });
  for (auto& t : crew) t.join();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
  std::printf("%.*s: %llu of %zu plans, at most %u fault each: %llu schedules played, %llu states, %.1f s: %s\n",
              static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(played.load()), jobs.size(),
              std::ranges::max(jobs, {}, &job::faults).faults, static_cast<unsigned long long>(plays.load()),
              static_cast<unsigned long long>(states.load()), took.count(),
              broken ? "a promise was broken" : "complete, no promise broken");
  return !broken;
}

}  // namespace

int simulated::exhaustively(int argc, char** argv) {
  auto const faults = static_cast<unsigned>(number_after("--faults", argc, argv, 1));
  auto const calls = number_after("--calls", argc, argv, 3);
  bool good = explore<three_tiers>("three_tiers", all_plans(calls, faults), argc, argv);
  good = explore<in_step>("in_step", followed_plans(), argc, argv) && good;
  good = explore<cold_is_followed>("cold_is_followed", logged_plans(), argc, argv) && good;
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
