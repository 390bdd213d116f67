// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "configurations.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// T1: random schedules of several instances with faults and crashes, each checked for safety and, after everything has
// come to rest, for liveness. Arguments: [--schedules N] [--seed S] [--threads N] [--only NAME] [--tell SEED] [--replay
// SEEDS].
namespace {

using namespace simulated;

struct settings {
  std::uint64_t schedules = 1'000'000;
  std::uint64_t seed = 1;
  unsigned threads = 2;
  std::string only;
  std::optional<std::uint64_t> tell;
};

template <class Cache>
bool run(std::string_view name, st::shape of, std::uint64_t schedules, settings const& s) {
  if (!s.only.empty() && s.only != name) return true;
  if (s.tell) {
    st::simulator<Cache> one{of};
    (void)one.play_seed(*s.tell);
    for (auto const& line : one.tell(one.last_plan(), one.last_choices())) std::printf("%s\n", line.c_str());
    return true;
  }
  auto const begun = std::chrono::steady_clock::now();
  std::atomic<std::uint64_t> next{0};
  std::atomic<std::uint64_t> steps{0};
  std::atomic<std::uint64_t> failing{~std::uint64_t{0}};
  std::vector<std::thread> crew;
  for (unsigned t = 0; t < s.threads; ++t)
    crew.emplace_back([&] {
      st::simulator<Cache> mine{of};
      std::uint64_t done = 0;
      constexpr std::uint64_t piece = 1'000;
      for (;;) {
        std::uint64_t const from = next.fetch_add(piece);
        if (from >= schedules || failing.load() != ~std::uint64_t{0}) break;
        for (std::uint64_t i = from; i < from + piece && i < schedules; ++i) {
          auto const played = mine.play_seed(s.seed + i);
          done += played.steps;
          if (!played.broken) continue;
          std::uint64_t now = failing.load();
          while (s.seed + i < now && !failing.compare_exchange_weak(now, s.seed + i)) {
          }
          break;
        }
      }
      steps += done;
    });
  for (auto& t : crew) t.join();
  std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begun;
  if (failing.load() != ~std::uint64_t{0}) {
    st::simulator<Cache> one{of};
    auto const shortest = one.shorten(failing.load());
    std::printf("%.*s: seed %llu breaks a promise; shortened:\n%s", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(failing.load()), st::to_string(shortest).c_str());
    return false;
  }
  std::printf("%.*s: %llu schedules, %u instances, %llu steps, %.1f s: no promise broken\n",
              static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(schedules), of.instances,
              static_cast<unsigned long long>(steps.load()), took.count());
  return true;
}

/// Whether a seed plays the same in another simulator, and the list of what it chose does so again.
template <class Cache>
bool replays(std::string_view name, st::shape of, std::uint64_t seeds) {
  st::simulator<Cache> one{of};
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    auto const first = one.play_seed(seed);
    auto const plan = one.last_plan();
    auto const list = one.last_choices();
    st::simulator<Cache> other{of};
    auto const again = other.play_seed(seed);
    auto const by_list = one.play_list(plan, list);
    bool const same = first.digest == again.digest && first.digest == by_list.digest && first.steps == again.steps &&
                      first.steps == by_list.steps && one.tell(plan, list) == other.tell(plan, list);
    if (same) continue;
    std::printf("%.*s: seed %llu does not play the same again\n", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(seed));
    return false;
  }
  std::printf("%.*s: %llu seeds, each played the same by number, in another simulator and by its list of choices\n",
              static_cast<int>(name.size()), name.data(), static_cast<unsigned long long>(seeds));
  return true;
}

}  // namespace

int simulated::at_random(int argc, char** argv) {
  settings s;
  s.schedules = number_after("--schedules", argc, argv, s.schedules);
  s.seed = number_after("--seed", argc, argv, s.seed);
  s.threads = static_cast<unsigned>(number_after("--threads", argc, argv, s.threads));
  s.only = after("--only", argc, argv);
  if (auto const told = number_after("--tell", argc, argv, 0)) s.tell = told;

  if (auto const seeds = number_after("--replay", argc, argv, 0)) {
    bool const same = replays<three_tiers>("three_tiers", shape_of_three_tiers, seeds) &&
                      replays<in_step>("in_step", shape_of_in_step, seeds);
    return replays<warm_is_truth>("warm_is_truth", shape_of_warm_is_truth, seeds) && same ? EXIT_SUCCESS : EXIT_FAILURE;
  }

  bool good = run<in_step>("in_step", shape_of_in_step, s.schedules, s);
  good = run<in_step>("in_haste", shape_of_in_haste, s.schedules / 10, s) && good;
  good = run<three_tiers>("three_tiers", shape_of_three_tiers, s.schedules, s) && good;
  good = run<cold_is_followed>("cold_is_followed", shape_of_cold_is_followed, s.schedules / 10, s) && good;
  good = run<warm_is_truth>("warm_is_truth", shape_of_warm_is_truth, s.schedules / 10, s) && good;
  good = run<without_warm>("without_warm", shape_of_without_warm, s.schedules / 10, s) && good;
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
