// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "configurations.hpp"

#include <strata/testing/simulation/explorer.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

// T2: two instances, one key, three calls at once: all of their schedules with at most one fault, with nothing stored
// before and with revision 1 stored, told and in the hot tier of one instance. Instances that start alike may be
// exchanged, so only one of two plans that differ in nothing else is played. Arguments: [--faults N] [--threads N]
// [--calls N] [--every N: one plan in N] [--verbose 1].
namespace {

using namespace simulated;

constexpr std::array verbs{st::verb::get, st::verb::put, st::verb::put_if, st::verb::erase, st::verb::get_or_load};

/// All plans of so many calls: each call belongs to an instance; those of one instance in the order of their verbs.
std::vector<st::plan> all_plans(std::size_t calls) {
  std::vector<st::plan> plans;
  for (bool const prelude : {false, true}) {
    std::vector<std::uint8_t> chosen(calls, 0);  // verb and instance in one number, ascending
    auto const kinds = static_cast<std::uint8_t>(verbs.size() * 2);
    for (;;) {
      std::size_t others = 0;
      for (auto const c : chosen) others += c >= verbs.size();
      if (prelude || others * 2 <= calls) {  // without a prelude both instances start alike
        st::plan p{
            .instances = 2, .callers = static_cast<std::uint8_t>(calls), .keys = 1, .prelude = prelude, .steps = {}};
        std::uint8_t caller = 0;
        for (auto const c : chosen)
          p.steps.push_back({.what = verbs[c % verbs.size()],
                             .instance = static_cast<std::uint8_t>(c / verbs.size()),
                             .caller = caller++});
        plans.push_back(p);
      }
      std::size_t at = calls;
      while (at > 0 && chosen[at - 1] + 1 == kinds) --at;
      if (at == 0) break;
      auto const next = static_cast<std::uint8_t>(chosen[at - 1] + 1);
      for (std::size_t i = at - 1; i < calls; ++i) chosen[i] = next;
    }
  }
  return plans;
}

}  // namespace

int main(int argc, char** argv) {
  auto const faults = static_cast<unsigned>(number_after("--faults", argc, argv, 1));
  auto const threads = number_after("--threads", argc, argv, 2);
  auto const every = number_after("--every", argc, argv, 1);
  auto const plans = all_plans(number_after("--calls", argc, argv, 3));
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
      st::explorer<three_tiers> mine;
      for (std::size_t i; !broken && (i = next++) < plans.size();) {
        if (i % every != 0) continue;
        auto const found = mine.all_of(plans[i], faults);
        plays += found.plays;
        states += found.states;
        ++played;
        if (number_after("--verbose", argc, argv, 0) != 0) {
          std::lock_guard const held{print};
          std::printf("%zu %d:", i, plans[i].prelude);
          for (auto const& s : plans[i].steps)
            std::printf(" %c.%s", 'A' + s.instance, std::string{st::to_string(s.what)}.c_str());
          std::printf(" %llu plays %llu states\n", static_cast<unsigned long long>(found.plays),
                      static_cast<unsigned long long>(found.states));
        }
        if (!found.broken || broken.exchange(true)) continue;
        std::lock_guard const held{print};
        st::counterexample const c{.breach = *found.broken,
                                   .story = mine.tell(plans[i], faults, found.choices),
                                   .plan = plans[i],
                                   .choices = found.choices};
        std::printf("plan %zu breaks a promise:\n%s", i, st::to_string(c).c_str());
      }
    });
  for (auto& t : crew) t.join();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
  std::printf("%llu of %zu plans, at most %u fault: %llu schedules played, %llu states, %.1f s: %s\n",
              static_cast<unsigned long long>(played.load()), plans.size(), faults,
              static_cast<unsigned long long>(plays.load()), static_cast<unsigned long long>(states.load()),
              took.count(), broken ? "a promise was broken" : "complete, no promise broken");
  return broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
