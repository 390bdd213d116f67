// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/below.hpp>
#include <strata/flow/load.hpp>
#include <strata/run/task.hpp>

// The read, after hot had nothing. One caller per key looks below and answers for all who came meanwhile.
namespace strata::flow {

template <class Core, class Loader = no_loader>
task<typename Core::answer> read(Core& core, typename Core::hashed_key key, moment until, Loader loader = {}) {
  auto const text = core.text(key);
  for (;;) {
    // K4: registered before the first look below, so that no write in between goes unnoticed.
    auto turn = core.gate.enter(key.hash, text, core.clock.now(), until, Loader::loads);
    if (turn.follows()) {
      if (auto shared = co_await follow_leader(core, turn, until, Loader::loads)) co_return *shared;
      continue;  // the leader gave up: somebody has to lead anew
    }
    if (auto found = core.peek(key); found && turn.led() && !core.alone()) {  // the flight before has just landed
      turn.land(found);
      co_return found;
    }

    // [below]
    auto seen = co_await look_warm(core, key, text, turn, until);
    if (seen.settled && !(Loader::loads && seen.answer.absent())) {
      turn.land(seen.answer);
      co_return seen.answer;
    }
    moment const asked = core.clock.now();
    auto answer = co_await look_cold(core, key, text, turn, seen, until);
    if constexpr (Loader::loads)  // again where another's value came and went meanwhile
      for (int round = 0; round < 8 && answer.absent(); ++round)
        answer = co_await load_value(core, key, text, turn, loader, until);
    turn.land(answer);

    co_await promote(core, text, seen, answer, asked, until);
    co_return answer;
    // [/below]
  }
}

}  // namespace strata::flow
