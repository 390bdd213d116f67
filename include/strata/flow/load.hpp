// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/loading.hpp>
#include <strata/flow/write.hpp>
#include <strata/kernel/lease.hpp>
#include <strata/options.hpp>
#include <strata/run/task.hpp>

#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

// Flights from the caller's side: following one, and leading one that runs the user's loader.
namespace strata::flow {

/// A read that gives up where nobody has the key.
struct no_loader {
  static constexpr bool loads = false;
};

/// A read that makes the value where nobody has the key. F gives T or result<T>, and is the caller's, who waits.
template <class F>
struct loader {
  static constexpr bool loads = true;
  F& make;
  deferred<lifetime, F> life{};  ///< of the value made
};

/// Waits for the leader. \returns its answer; nothing when this caller has to try itself
template <class Core>
task<std::optional<typename Core::answer>> follow_leader(Core& core, typename Core::turn& turn, moment until,
                                                         bool loads) {
  using answer = typename Core::answer;
  auto& shared = *turn.shared();
  waiting const for_leader{core.gate, &shared};
  if (for_leader.for_ever()) co_return answer{for_leader.why_not()};
  auto const joined = core.clock.now();
  bool const aged = joined - shared.began > deferred<kernel::lease<>, Core>::length;  // K9: what it finds may be as old
  moment const patience = until < shared.until ? until : shared.until;
  bool const landed = co_await shared.landed.wait(patience);
  core.counters.add(core.counters.joined);
  bool const late = core.clock.now() >= until;
  if (landed && shared.answer) {
    bool const would_load = loads && !shared.loading && shared.answer->absent();
    bool const has_time = !late && shared.answer->failed() && shared.answer->error() == errc::timed_out;
    auto found = *shared.answer;
    // What expired while this caller waited was there when it asked. To ask anew would be to wait once more, and warm, which
    // may have held up the one, may hold up the next as well (P8).
    bool const over = found.ends() <= joined;
    if (!would_load && !has_time && !over) {
      if (Core::leased && aged && found) co_return std::move(found).marked(freshness::unverified);
      co_return found;
    }
  }
  if (late)
    co_return answer{error{errc::timed_out, tier::none, "another caller looks this key up and has no answer yet"}};
  co_return std::nullopt;
}

/// Runs the loader and stores its value unless somebody else's is there by then; either way, what is stored is the answer.
template <class Core, class F>
task<typename Core::answer> load_value(Core& core, typename Core::hashed_key key, std::string_view text,
                                       typename Core::turn& turn, loader<F> load, moment until) {
  using answer = typename Core::answer;
  core.counters.add(core.counters.loads);
  auto made = call_loader<typename Core::value_type>(core.gate, turn.led(), load.make);
  if (!made) co_return answer{made.error()};
  auto stored = co_await write(core, key, std::move(*made), absence, until, load.life);
  if (stored.receipt) co_return std::move(stored.kept);
  if (stored.receipt.error() != errc::conflict) co_return answer{stored.receipt.error()};
  co_return co_await read_truth(core, key, text, until);  // somebody was first: theirs is the value
}

}  // namespace strata::flow
