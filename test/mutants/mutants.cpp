// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata_mutant.hpp>

#include "../simulation/configurations.hpp"
#include "../simulation/plans.hpp"

#include <strata/testing/simulation/explorer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// T3: the same simulations with a rule of the protocol broken must break a promise. Arguments: [NAME] [--schedules N]
// [--explored 1: every schedule of small plans instead] [--story 1]. Without a name all mutants are tried, and the program
// as it is, which must pass. The story of how a mutant died by a random schedule must be short and true: played again it
// breaks the same promise, and without any of its steps it does not.
namespace {

using namespace simulated;

struct kill {
  std::uint64_t schedules = 0;
  std::string_view where;
  std::optional<st::counterexample> how;
  char const* fault = nullptr;  // of the story
};

template <class Cache>
char const* fault_of(st::counterexample const& how, st::simulator<Cache>& one) {
  auto const breaks = [&](st::plan const& p) {
    auto const again = one.play_list(p, how.choices);
    return again.broken && again.broken->what == how.breach.what;
  };
  if (!breaks(how.plan)) return "played again it breaks another promise, or none";
  for (std::size_t i = 0; i < how.plan.steps.size(); ++i) {
    auto fewer = how.plan;
    fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(i));
    if (breaks(fewer)) return "it has a step too many";
  }
  if (how.story.size() <= how.plan.steps.size()) return "it does not tell each step, and the end";
  return nullptr;
}

/// The schedules of the numbers after `from`, up to `to`.
template <class Cache>
bool hunt(std::string_view name, st::shape of, std::uint64_t from, std::uint64_t to, kill& k) {
  st::simulator<Cache> one{of};
  for (std::uint64_t seed = from + 1; seed <= to; ++seed) {
    ++k.schedules;
    if (!one.play_seed(seed).broken) continue;
    k.where = name;
    k.how = one.shorten(seed);
    k.fault = fault_of(*k.how, one);
    return true;
  }
  return false;
}

/// Every schedule of small plans.
template <class Cache>
bool explore(std::string_view name, std::vector<job> const& jobs, kill& k) {
  st::explorer<Cache> one;
  for (auto const& [plan, faults] : jobs) {
    auto const found = one.all_of(plan, faults);
    k.schedules += found.plays;
    if (!found.broken) continue;
    k.where = name;
    k.how = {.breach = *found.broken,
             .story = one.tell(plan, faults, found.choices),
             .plan = plan,
             .choices = found.choices};
    return true;
  }
  return false;
}

bool listed(std::string_view promise, std::string_view breaks) {
  for (std::size_t at = 0; at < breaks.size();) {
    auto const end = std::min(breaks.find(' ', at), breaks.size());
    if (breaks.substr(at, end - at) == promise) return true;
    at = end + 1;
  }
  return false;
}

bool killed(int mutant, std::uint64_t schedules, bool explored, bool story) {
  strata_mutant = mutant;
  auto const& entry = strata_mutants[mutant];
  kill k;
  if (explored)
    (void)(explore<three_tiers>("small plans of three_tiers", all_plans(2, 1), k) ||
           explore<in_step>("small plans of in_step", followed_plans(), k) ||
           explore<cold_is_followed>("small plans of cold_is_followed", logged_plans(), k));
  // Small portions of each first: most mutants die within some hundred schedules of the right configuration.
  for (std::uint64_t from = 0, to = 1'000; !explored && !k.how && from < schedules; from = to, to *= 3) {
    to = std::min(to, schedules);
    (void)(hunt<three_tiers>("three_tiers", shape_of_three_tiers, from, to, k) ||
           hunt<in_step>("in_haste", shape_of_in_haste, from, to, k) ||
           hunt<cold_is_followed>("cold_is_followed", shape_of_cold_is_followed, from / 10, to / 10, k) ||
           hunt<warm_is_truth>("warm_is_truth", shape_of_warm_is_truth, from / 10, to / 10, k) ||
           hunt<without_warm>("without_warm", shape_of_without_warm, from / 10, to / 10, k));
  }
  strata_mutant = 0;
  if (mutant == 0) {
    std::printf("%-34s %s after %llu schedules\n", entry.name, k.how ? "BROKEN" : "alive, as it should be,",
                static_cast<unsigned long long>(k.schedules));
    if (k.how) std::printf("%s", st::to_string(*k.how).c_str());
    return !k.how;
  }
  if (!k.how) {
    std::printf("%-34s SURVIVES %llu schedules\n", entry.name, static_cast<unsigned long long>(k.schedules));
    return false;
  }
  auto const broke = st::to_string(k.how->breach.what);
  bool const expected = listed(broke, entry.breaks);
  std::printf("%-34s killed by %.*s%s after %llu schedules (%.*s)\n", entry.name, static_cast<int>(broke.size()),
              broke.data(), expected ? "" : ", WHICH IS NOT WHAT IT SHOULD BREAK,",
              static_cast<unsigned long long>(k.schedules), static_cast<int>(k.where.size()), k.where.data());
  if (k.fault != nullptr) std::printf("ITS STORY IS WRONG: %s\n", k.fault);
  if (story || !expected || k.fault != nullptr) std::printf("%s", st::to_string(*k.how).c_str());
  return expected && k.fault == nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  auto const schedules = number_after("--schedules", argc, argv, 100'000);
  bool const explored = number_after("--explored", argc, argv, 0) != 0;
  bool const story = number_after("--story", argc, argv, 0) != 0;
  std::string_view const only = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
  bool good = true;
  bool found = false;
  for (int i = 0; i < static_cast<int>(std::size(strata_mutants)); ++i) {
    if (!only.empty() && only != strata_mutants[i].name) continue;
    found = true;
    good = killed(i, schedules, explored, story) && good;
  }
  if (!found) std::printf("there is no mutant of that name\n");
  return good && found ? EXIT_SUCCESS : EXIT_FAILURE;
}
