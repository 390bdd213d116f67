// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/plan.hpp>

#include <algorithm>
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

/// What a caller does, and what befalls the instance that it belongs to.
namespace does {
using st::verb;
using step = st::plan::step;
inline constexpr step put{.what = verb::put}, get{.what = verb::get}, tend{.what = verb::tend},
    look{.what = verb::watch};
inline constexpr step brief{.what = verb::put, .life = 150};
inline constexpr step verified{.what = verb::get, .verified = true};
inline constexpr step in_haste{.what = verb::get, .soft = 20, .verified = true};
inline constexpr step evict{.what = verb::evict}, crash{.what = verb::crash};
inline constexpr step cut{.what = verb::cut}, mend{.what = verb::mend}, sever{.what = verb::sever};
inline constexpr step forget{.what = verb::forget}, fall_back{.what = verb::fall_back}, renew{.what = verb::renew};
inline constexpr step foreign{.what = verb::foreign}, open{.what = verb::foreign, .param = 1},
    prune{.what = verb::prune};
inline constexpr step intrude{.what = verb::intrude}, intrude_elsewhere{.what = verb::intrude, .param = 1};
/// 100, 500, 900 and 1,300 ms pass.
inline constexpr step wait{.what = verb::idle}, wait_half{.what = verb::idle, .param = 1};
inline constexpr step wait_nearly{.what = verb::idle, .param = 2}, wait_longer{.what = verb::idle, .param = 3};
}  // namespace does

/// What the callers of each of two instances do, each of them one after the other.
inline job at_once(std::vector<std::vector<steps>> const& all, unsigned faults, std::uint8_t key = 0) {
  auto const callers = std::max(all[0].size(), all[1].size());
  st::plan p{.instances = 2,
             .callers = static_cast<std::uint8_t>(callers),
             .keys = static_cast<std::uint8_t>(key + 1),
             .prelude = true,
             .steps = {}};
  for (std::uint8_t i = 0; i < 2; ++i)
    for (std::uint8_t c = 0; c < all[i].size(); ++c)
      for (auto s : all[i][c]) {
        s.instance = i;
        s.caller = c;
        s.key = key;
        p.steps.push_back(s);
      }
  return {std::move(p), faults};
}
/// What one instance does one after the other, and what the other does meanwhile.
inline job side_by_side(steps one, steps other, unsigned faults, std::uint8_t key = 0) {
  return at_once({std::vector<steps>{std::move(one)}, std::vector<steps>{std::move(other)}}, faults, key);
}

/// The same, where a call that has a fault is never answered.
inline job hanging(job j) {
  j.plan.hangs = true;
  return j;
}

/// One instance keeps warm in step and the other looks how far it is; before that or after it one writes, or another program
/// does or the stream loses something, and the other reads, or the other way round. Meanwhile the lease ends, or the feed
/// breaks. Where one of the four is left out, a fault may happen instead.
inline void add_leased_plans(std::vector<job>& jobs) {
  using namespace does;
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
        jobs.push_back(side_by_side({mine[0], wait_longer, mine[1]}, theirs, 0));
        jobs.push_back(side_by_side(mine, {wait_longer, theirs[0], theirs[1]}, 0));
        jobs.push_back(side_by_side(mine, {cut, mend, theirs[0], theirs[1]}, 0));
        jobs.push_back(side_by_side(mine, {theirs[0], cut, mend, theirs[1]}, 0));
        if (tends_first) continue;
        for (auto const& alone : mine) jobs.push_back(side_by_side({alone}, theirs, 1));
        jobs.push_back(side_by_side(mine, {look}, 1));
      }
}

/// K3, K5, K11: a value's time is over, readers are in haste, warm or cold does not answer, and time passes meanwhile.
inline void add_timed_plans(std::vector<job>& jobs) {
  using namespace does;
  // Whose feed is silent still has a copy when its lease is over.
  jobs.push_back(hanging(side_by_side({put, wait_longer}, {cut, in_haste}, 1)));
  jobs.push_back(hanging(side_by_side({put, wait_longer}, {in_haste, evict, get}, 2)));
  jobs.push_back(side_by_side({put, wait_longer}, {cut, in_haste}, 1));
  jobs.push_back(hanging(side_by_side({put}, {evict, get}, 1)));
  jobs.push_back(hanging(side_by_side({put, tend}, {look, get}, 1)));
  jobs.push_back(side_by_side({put, wait_nearly}, {evict, verified}, 0));
  // Who has much time.
  jobs.push_back(side_by_side({put}, {get}, 1));
  jobs.back().plan.patient = true;
  // Warm forgets what the writer told it, so it has what a reader brought up; and the answer may be older than its question.
  jobs.push_back(side_by_side({brief, forget, wait, wait, get}, {evict, get, get}, 0));
  jobs.push_back(side_by_side({brief, wait_half, put}, {get, look}, 0));
  jobs.push_back(side_by_side({brief, wait_half, tend}, {get}, 1));
  // After so long a wait the first turn finds that another might have taken the horizon over, and the second moves it.
  jobs.push_back(side_by_side({put, wait_longer, tend, tend}, {look, get}, 0));
}

/// K7: what warm and the log have lost, and what programs left there that know no revisions. What is no longer told anybody
/// is of the second key, as others look elsewhere for the first.
inline void add_healing_plans(std::vector<job>& jobs) {
  using namespace does;
  jobs.push_back(side_by_side({put, tend}, {intrude}, 0));
  jobs.push_back(side_by_side({put, tend}, {intrude_elsewhere}, 0));
  jobs.push_back(side_by_side({foreign, prune, tend}, {get, look}, 0));
  jobs.push_back(side_by_side({foreign, forget, prune, tend}, {get, look}, 0, 1));
  jobs.push_back(side_by_side({foreign, cut, mend, evict, tend}, {prune, get}, 0, 1));
  jobs.push_back(side_by_side({open, tend}, {look, get}, 0));
  jobs.push_back(side_by_side({open, wait_half, tend}, {put}, 0));
  jobs.push_back(side_by_side({put, tend, fall_back, mend, tend}, {evict, mend, get}, 0));
  // What had been overtaken is published late, and read by who has not heard of what overtook it.
  jobs.push_back(side_by_side({evict, foreign, tend, renew, wait, tend, wait_nearly, tend, tend, look, get}, {}, 0, 1));
}

/// K7: who is cut off and has yet to notice gives a sign of life, and somebody who has just started looks when what that
/// vouches for is too old to be lacked.
inline void add_cut_off_plan(std::vector<job>& jobs) {
  using namespace does;
  jobs.push_back(side_by_side({put, tend, sever, fall_back, intrude_elsewhere, wait, wait, tend, wait_nearly},
                              {crash, look, tend, get}, 0));
}

/// Two callers of one instance, and its own threads beside a caller.
inline void add_crowded_plans(std::vector<job>& jobs) {
  using namespace does;
  using callers = std::vector<steps>;
  // A doubt may come while another is settled.
  jobs.push_back(at_once({callers{{put, tend}}, callers{{tend}, {cut, mend, cut, mend}}}, 0));
  jobs.push_back(at_once({callers{{put}, {tend}}, callers{{get}, {look}}}, 0));
  jobs.push_back(at_once({callers{{put}, {get}}, callers{{cut, mend, tend}}}, 0));
  jobs.push_back(at_once({callers{{get}, {get}, {tend}}, callers{{put}}}, 0));
}

/// Of two instances that are in step.
inline std::vector<job> followed_plans() {
  std::vector<job> jobs;
  add_healing_plans(jobs);  // those first of which each is soon played
  add_timed_plans(jobs);
  add_crowded_plans(jobs);
  add_cut_off_plan(jobs);
  add_leased_plans(jobs);
  return jobs;
}

/// Of two that have no warm and follow cold's log.
inline std::vector<job> logged_plans() {
  using namespace does;
  using callers = std::vector<steps>;
  std::vector<job> jobs;
  for (auto const& [one, other] :
       {std::pair{verb::put, verb::get}, {verb::erase, verb::get}, {verb::get, verb::put}, {verb::foreign, verb::get}})
    for (bool const looks_first : {false, true}) {
      step const mine{.what = one};
      steps theirs{{.what = other}, look};
      if (looks_first) std::swap(theirs[0], theirs[1]);
      jobs.push_back(side_by_side({mine, look}, theirs, 1));
      jobs.push_back(side_by_side({mine, wait_longer, look}, theirs, 0));
      jobs.push_back(side_by_side({mine, look}, {theirs[0], wait_longer, theirs[1]}, 0));
    }
  jobs.push_back(side_by_side({foreign, prune, wait_longer}, {get, look, get}, 0));
  jobs.push_back(side_by_side({open, wait_half}, {look, look, get}, 0));
  jobs.push_back(at_once({callers{{put}, {get}}, callers{{look, get}, {tend}}}, 0));
  return jobs;
}

}  // namespace simulated
