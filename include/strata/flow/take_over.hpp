// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/concepts/log.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/company.hpp>
#include <strata/flow/healer.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

// Who keeps warm in step (K7): the instance that holds the horizon, which is free where nobody has given a sign of life for
// some time.
namespace strata::flow {

/// What came of trying to hold the horizon.
enum class tenure : std::uint8_t { none, held, held_of_an_earlier_cold };

/// Lets another try.
template <class Core>
void give_up(Core& core, healer<Core>& my) noexcept {
  my.mine.reset();
  my.resting_until = core.clock.now() + healer<Core>::rest;
}

/// Holds the horizon from now on, unless another instance does. What it says of another store than this one's is taken back.
template <class Core>
task<tenure> take_over(Core& core, healer<Core>& my, kernel::moment now, kernel::moment until) {
  my.known = {};
  if (now < core.standing.horizon() + healer<Core>::silent) co_return tenure::none;
  std::string elsewhere;
  if constexpr (tells_identity<typename Core::warm_channel::tier_type>) {
    auto const seen =
        co_await core.cold.sound(core, direction::reading, until, [&](auto& tier) { return tier.read_horizon(until); });
    if (!seen) co_return tenure::none;
    if (seen->taken_us != 0) elsewhere = elsewhere_of(core, seen->holder);
  }
  auto me = signature(my.name, elsewhere.empty() ? store_of(core) : elsewhere);
  if (me != my.me) {  // what was done to another store says nothing of this one
    my.began = {};
    my.swept = {};
  }
  my.me = std::move(me);
  auto const taken_us = core.standing.taken_us();  // before the question: what is seen meanwhile may be later
  auto const era = core.standing.highest_era();
  auto held = co_await core.cold.sound(core, direction::writing, until,
                                       [&](auto& tier) { return tier.hold_horizon(my.me, healer<Core>::hold, until); });
  if (!held || !*held) co_return tenure::none;
  if (!elsewhere.empty()) {
    // What it says is said of another store: nobody may read it under the name of this one, so it says nothing first.
    horizon const nothing{.reached = (*held)->reached, .era = (*held)->era + 1};
    (void)co_await core.cold.sound(core, direction::writing, until, [&](auto& tier) {
      return tier.move_horizon(my.me, std::chrono::milliseconds{0}, nothing, until);
    });
    co_return tenure::none;
  }
  my.mine = **held;
  kernel::moment const known = my.mine->taken_us == 0 ? kernel::moment{} : now - my.mine->age;
  bool const begun = my.mine->reached != cursor{};
  // K10: whether cold is what it was before, and its eras mean others than those that were known here.
  bool const earlier = my.mine->taken_us < taken_us || my.mine->era < era;
  if (my.mine->era < era) my.mine->era = era;
  my.taken = !begun ? kernel::moment::max() : my.began > known ? my.began : known;
  co_return earlier ? tenure::held_of_an_earlier_cold : tenure::held;
}

}  // namespace strata::flow
