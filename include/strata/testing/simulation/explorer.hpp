// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/simulation.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

// Every schedule of a small plan with at most one fault. Depth first over the choices; each play starts anew and follows
// the last one up to the deepest choice that has an alternative left.
//
// A play is cut short where it reaches a state from which everything has been tried. A state is what the shared tiers
// hold, what is under way, what the checker holds against each instance, and, for each instance, a digest of all that
// ever happened to it, in order: which caller went on, with which answer, and which change the feed told. The instance is
// a function of that, so two schedules that differ only in the order of steps that do not concern each other meet again.
// The named points of a write and the way of a call onto the executor are no places of their own here: nothing that
// anybody else could see lies between them and the place before.
namespace strata::testing {

struct explored {
  std::optional<breach> broken;
  std::vector<std::uint8_t> choices;  ///< of the play that broke it
  std::uint64_t plays = 0;
  std::uint64_t states = 0;
};

template <class Cache>
class explorer {
 public:
  /// Plays all schedules of the plan. \param faults  how many in one play, at most
  explored all_of(plan const& p, unsigned faults) {
    explored e;
    seen_.clear();
    std::vector<std::uint8_t> list;
    for (;;) {
      ++e.plays;
      auto const played = play(p, faults, list);
      if (played.broken) {
        e.broken = played.broken;
        e.choices = sim_.stage.choices.list();
        break;
      }
      auto const& log = sim_.stage.choices.log();
      std::size_t deepest = log.size();
      while (deepest > 0 && log[deepest - 1].pick + 1U >= log[deepest - 1].of) --deepest;
      if (deepest == 0) break;
      list.clear();
      for (std::size_t i = 0; i < deepest; ++i) list.push_back(log[i].pick);
      ++list.back();
    }
    e.states = seen_.size();
    return e;
  }
  std::vector<std::string> tell(plan const& p, unsigned faults, std::vector<std::uint8_t> const& list) {
    std::vector<std::string> story;
    sim_.stage.story = &story;
    telling_ = true;
    (void)play(p, faults, list);
    telling_ = false;
    sim_.stage.story = nullptr;
    return story;
  }

 private:
  played play(plan const& p, unsigned faults, std::vector<std::uint8_t> const& list) {
    sim_.stage.plan = p;
    sim_.stage.exploring = true;
    sim_.stage.faults_left = faults;
    sim_.stage.time.coarse = true;
    sim_.seen_before = [](void* self, std::uint64_t state) { return static_cast<explorer*>(self)->seen(state); };
    sim_.explorer = this;
    sim_.stage.choices.play(list);
    return sim_.play();
  }
  bool seen(std::uint64_t state) { return !telling_ && !seen_.insert(state).second; }

  simulation<Cache> sim_;
  std::unordered_set<std::uint64_t> seen_;
  bool telling_ = false;
};

}  // namespace strata::testing
