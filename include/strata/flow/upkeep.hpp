// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/counters.hpp>
#include <strata/flow/usage.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstddef>
#include <expected>

// What a cache does besides its calls: usage counts on their way down, health, opening and closing.
namespace strata {

/// What the tiers say of themselves; absent tiers are up.
struct health {
  tier_health hot, warm, cold;
  [[nodiscard]] bool up() const noexcept { return hot.up && warm.up && cold.up; }
};

namespace flow {

/// Carries the counts of hot's entries and of reads below to cold. What cannot be delivered is kept for the next time.
template <class Core>
task<result<void>> flush_usage(Core& core, deadline until) {
  if constexpr (Core::counts_use) {
    core.collect_uses();
    auto const counts = core.usage.take();
    for (std::size_t done = 0; done < counts.size();) {
      auto const part = core.usage.part(counts, done);
      auto const told = co_await core.cold.ask(core, direction::writing, until,
                                               [&](auto& tier) { return tier.add_usage(part, until); });
      if (!told) {
        core.usage.give_back(counts, done);
        co_return std::unexpected{told.error()};
      }
      done += part.size();
    }
  }
  co_return result<void>{};
}

/// Waits until every tier below hot answers. \errors the first tier's that does not, or will never
template <class Core>
result<void> wait_ready(Core& core, deadline until) {
  auto const one = [&](auto& channel, tier where) -> result<void> {
    if constexpr (std::remove_cvref_t<decltype(channel)>::present) {
      if constexpr (requires { channel.tier().wait_ready(until); })
        if (auto const ready = channel.tier().wait_ready(until); !ready) return ready;
      if constexpr (reports_health<std::remove_cvref_t<decltype(channel.tier())>>)
        if (auto const state = channel.tier().health(); !state.up) return failure(errc::unavailable, where, state.text);
    }
    return {};
  };
  if (auto const cold = one(core.cold, tier::cold); !cold) return cold;
  return one(core.warm, tier::warm);
}

template <class Core>
strata::health health_of(Core const& core) {
  strata::health all;
  auto const one = [](auto const& channel) -> tier_health {
    if constexpr (std::remove_cvref_t<decltype(channel)>::present)
      if constexpr (reports_health<std::remove_cvref_t<decltype(channel.tier())>>) return channel.tier().health();
    return {};
  };
  all.warm = one(core.warm);
  all.cold = one(core.cold);
  return all;
}

/// Refuses new calls, waits for those under way, ends the threads of co_ calls, and makes usage durable as far as time
/// allows. The destructors do the rest: feed, flusher, tiers, in this order.
template <class Core>
void close(Core& core, std::chrono::milliseconds within) noexcept {
  if (!core.life.close()) return;
  auto const until = core.clock.now() + within;
  (void)core.life.drain(until);
  core.end_executor();
  try {
    (void)flush_usage(core, until).run();
  } catch (...) {  // no memory to flush: the counts since the last flush are lost, as in a crash
  }
}

}  // namespace flow
}  // namespace strata
