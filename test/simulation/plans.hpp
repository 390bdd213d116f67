// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/plan.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// The small plans of which every schedule is played.
namespace simulated {

namespace st = strata::testing;

/// A plan and how many faults one play of it may have.
struct job {
  st::plan plan;
  unsigned faults;
};

inline constexpr std::array verbs{st::verb::get, st::verb::put, st::verb::put_if, st::verb::erase,
                                  st::verb::get_or_load};

/// All plans of so many calls, with nothing stored before and with revision 1 stored, told and in the hot tier of one
/// instance: each call belongs to an instance; those of one instance in the order of their verbs.
/// Instances that start alike may be exchanged, so only one of two plans that differ in nothing else is among them.
inline std::vector<job> all_plans(std::size_t calls, unsigned faults) {
  std::vector<job> plans;
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
        plans.push_back({p, faults});
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

using steps = std::vector<st::plan::step>;

/// What one instance does one after the other, and what the other does meanwhile.
inline job side_by_side(steps one, steps other, unsigned faults) {
  st::plan p{.instances = 2, .callers = 1, .keys = 1, .prelude = true, .steps = std::move(one)};
  for (auto& s : other) {
    s.instance = 1;
    p.steps.push_back(s);
  }
  return {std::move(p), faults};
}

/// One instance keeps warm in step and the other looks how far it is; before that or after it one writes, or another program
/// does or the stream loses something, and the other reads, or the other way round. Meanwhile the lease ends, or the feed
/// breaks. Where one of the four is left out, a fault may happen instead.
inline std::vector<job> followed_plans() {
  using st::verb;
  st::plan::step const wait{.what = verb::idle, .param = 3};
  st::plan::step const cut{.what = verb::cut}, mend{.what = verb::mend};
  st::plan::step const put{.what = verb::put}, get{.what = verb::get}, tend{.what = verb::tend},
      look{.what = verb::watch};
  st::plan::step const fall_back{.what = verb::fall_back}, evict{.what = verb::evict};
  std::vector<job> jobs;
  // After so long a wait the first turn finds that another might have taken the horizon over, and the second moves it.
  jobs.push_back(side_by_side({put, wait, tend, tend}, {look, get}, 0));
  jobs.push_back(side_by_side({put, tend, fall_back, mend}, {evict, mend, get}, 0));
  jobs.push_back(side_by_side({put, fall_back, mend, tend}, {mend, get, look}, 0));
  for (auto const& [one, other] : {std::pair{verb::put, verb::get},
                                   {verb::erase, verb::get},
                                   {verb::get, verb::put},
                                   {verb::foreign, verb::get},
                                   {verb::forget, verb::get}})
    for (bool const tends_first : {false, true})
      for (bool const looks_first : {false, true}) {
        steps mine{{.what = one}, tend};
        steps theirs{{.what = other}, look};
        if (tends_first) std::swap(mine[0], mine[1]);
        if (looks_first) std::swap(theirs[0], theirs[1]);
        jobs.push_back(side_by_side({mine[0], wait, mine[1]}, theirs, 0));
        jobs.push_back(side_by_side(mine, {wait, theirs[0], theirs[1]}, 0));
        jobs.push_back(side_by_side(mine, {cut, mend, theirs[0], theirs[1]}, 0));
        jobs.push_back(side_by_side(mine, {theirs[0], cut, mend, theirs[1]}, 0));
        if (tends_first) continue;
        for (auto const& alone : mine) jobs.push_back(side_by_side({alone}, theirs, 1));
        jobs.push_back(side_by_side(mine, {look}, 1));
      }
  return jobs;
}

}  // namespace simulated
