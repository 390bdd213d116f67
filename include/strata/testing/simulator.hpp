// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/simulation/choices.hpp>
#include <strata/testing/simulation/plan.hpp>
#include <strata/testing/simulation/simulation.hpp>

#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A cache under simulated load, faults and crashes. A seed is a whole play: who calls what, what goes wrong, who goes
// first. The same seed plays the same, so a failing one can be shortened and told.
namespace strata::testing {

/// A play that broke a promise, as short as it could be made.
struct counterexample {
  std::uint64_t seed = 0;
  testing::breach breach;
  std::vector<std::string> story;
  testing::plan plan;
  std::vector<std::uint8_t> choices;
};

template <class Cache>
class simulator {
 public:
  explicit simulator(shape of = {}) noexcept : shape_{of} {}

  played play_seed(std::uint64_t seed) {
    dice d{seed};
    draw_plan(sim_.stage.plan, shape_, d);
    sim_.stage.choices.draw(d.next());
    return sim_.play();
  }
  played play_list(plan const& p, std::vector<std::uint8_t> list) {
    sim_.stage.plan = p;
    sim_.stage.choices.play(std::move(list));
    return sim_.play();
  }
  [[nodiscard]] plan const& last_plan() const noexcept { return sim_.stage.plan; }
  [[nodiscard]] std::vector<std::uint8_t> last_choices() const { return sim_.stage.choices.list(); }

  /// Tells a play in plain words.
  std::vector<std::string> tell(plan const& p, std::vector<std::uint8_t> const& list) {
    std::vector<std::string> story;
    sim_.stage.story = &story;
    (void)play_list(p, list);
    sim_.stage.story = nullptr;
    return story;
  }

  /// The shortest play it finds, from a failing seed, that breaks the same promise: greedily without steps, without
  /// faults, without changes of caller.
  counterexample shorten(std::uint64_t seed) {
    auto const first = play_seed(seed);
    counterexample best{seed, *first.broken, {}, last_plan(), last_choices()};
    auto const still = [&](plan const& p, std::vector<std::uint8_t> const& list) {
      auto const again = play_list(p, list);
      if (!again.broken || again.broken->what != best.breach.what) return false;
      best.breach = *again.broken;
      best.plan = last_plan();
      auto made = last_choices();
      while (!made.empty() && made.back() == 0) made.pop_back();
      best.choices = made.size() < list.size() ? made : list;
      return true;
    };
    (void)still(best.plan, best.choices);
    for (bool shorter = true; shorter;) {
      shorter = false;
      for (std::size_t i = best.plan.steps.size(); i-- > 0;) {
        plan fewer = best.plan;
        fewer.steps.erase(fewer.steps.begin() + static_cast<std::ptrdiff_t>(i));
        bool gone = still(fewer, best.choices);
        for (std::size_t from = 0; !gone && from < best.choices.size(); ++from) {
          auto list = best.choices;
          list.erase(list.begin() + static_cast<std::ptrdiff_t>(from));
          gone = still(fewer, list);
        }
        shorter = gone || shorter;
      }
      for (std::size_t i = 0; i < best.plan.steps.size(); ++i)
        for (std::size_t n = 0; n < plan::most_calls; ++n) {
          if (!best.plan.steps[i].ailments[n] || best.plan.steps[i].ailments[n]->what == fault::none) continue;
          plan healthier = best.plan;
          healthier.steps[i].ailments[n] = ailment{};
          shorter = still(healthier, best.choices) || shorter;
        }
      for (std::size_t length = 16; length > 0; length /= 2)
        for (std::size_t from = 0; from + length <= best.choices.size(); ++from) {
          auto fewer = best.choices;
          fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(from),
                      fewer.begin() + static_cast<std::ptrdiff_t>(from + length));
          shorter = still(best.plan, fewer) || shorter;
        }
      for (std::size_t i = 0; i < best.choices.size(); ++i) {
        if (best.choices[i] == 0) continue;
        auto calmer = best.choices;
        calmer[i] = 0;
        shorter = still(best.plan, calmer) || shorter;
      }
    }
    best.story = tell(best.plan, best.choices);
    return best;
  }

 private:
  simulation<Cache> sim_;
  shape shape_;
};

/// The story of a broken promise, for a person.
inline std::string to_string(counterexample const& c) {
  std::string all;
  for (auto const& line : c.story) all.append("  ").append(line).append("\n");
  all.append(std::format("BROKEN {} ({}): {}\n", to_string(c.breach.what), meaning(c.breach.what), c.breach.text));
  return all;
}

}  // namespace strata::testing
