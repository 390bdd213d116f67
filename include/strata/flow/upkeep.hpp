// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/company.hpp>
#include <strata/flow/counters.hpp>
#include <strata/flow/standing.hpp>
#include <strata/flow/usage.hpp>
#include <strata/health.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/task.hpp>

#include <unistd.h>

#include <bit>
#include <chrono>
#include <cstddef>
#include <expected>
#include <string>
#include <utility>

// What a cache does besides its calls: usage counts on their way down, health, opening and closing.
namespace strata::flow {

struct nothing_between {
  void operator()() const noexcept {}
};

/// How many keys one statement counts. While it runs it holds them all, and their writers wait, as do others who count: one
/// at first, more as long as that is soon done, and a few in any case.
/// A template, so that a program which only includes a cache compiles none of it.
template <class Duration = kernel::moment::duration>
class flush_size {
 public:
  [[nodiscard]] std::size_t keys() const noexcept { return keys_; }
  void took(Duration time) noexcept {
    if (time < std::chrono::milliseconds{5} || keys_ < least)
      keys_ = keys_ < most / 2 ? 2 * keys_ : most;
    else if (time > std::chrono::milliseconds{15})
      keys_ = keys_ > 2 * least ? keys_ / 2 : least;
  }

 private:
  static constexpr std::size_t least = 16, most = 1'000;
  std::size_t keys_ = 1;
};

/// A length of time.
template <class Core>
using time_of = deferred<kernel::moment::duration, Core>;

/// How long after one flush began the next does. Whoever counts keeps writers waiting, so it has a twentieth of the time,
/// also where it fails in the end; but counts wait a minute at most, or as long as is asked for, and not until more than half
/// of the room for their keys is taken.
/// \param took      by the last flush
/// \param gathered  how long it had been counted for that
/// \param keys      there were
template <class Core>
[[nodiscard]] time_of<Core> flush_after(Core const& core, time_of<Core> took, time_of<Core> gathered,
                                        std::size_t keys) noexcept {
  using duration = time_of<Core>;
  duration const every = kernel::after({}, core.limits.flush_every).time_since_epoch();
  duration rest = took < std::chrono::seconds{3} ? 20 * took : duration{std::chrono::minutes{1}};
  if (keys != 0)
    if (duration const half_full = gathered / keys * (core.limits.max_used_keys / 2); half_full < rest)
      rest = half_full;
  return rest < every ? every : rest;
}

/// Brings the few keys that were read most to the front, roughly: <algorithm> has it better, and whoever includes a cache
/// would compile that. They are the likeliest to be written just then: whoever counts one waits for its writers, and what
/// else the statement holds waits too, so it had better hold little.
template <class Counts>
void most_read_first(Counts& counts, std::size_t few = 32) {
  std::size_t front = 0;
  for (int width = 64; width > 0 && front < few; --width)
    for (std::size_t i = front; i < counts.size(); ++i)
      if (std::bit_width(counts[i].count.reads) == width) std::swap(counts[i], counts[front++]);
}

/// Carries the counts of hot's entries and of reads below to cold. What cannot be delivered is kept for the next time.
/// \param patience  how long it waits for another flush to end
/// \param between   called after every statement but the last; does not throw
/// \returns how many keys it told of
template <class Core, class Between = nothing_between>
task<result<std::size_t>> flush_usage(Core& core, deadline until, deadline patience, Between between = {}) {
  std::size_t done = 0;
  if constexpr (Core::counts_use) {
    typename Core::usage_type::turn const mine{core.usage, patience};
    if (!mine) co_return failure(errc::timed_out, tier::none, "another flush is under way");
    core.collect_uses();
    auto counts = core.usage.take();
    most_read_first(counts);
    deferred<flush_size<>, Core> size;
    while (done < counts.size()) {
      auto const part = core.usage.part(counts, done, size.keys());
      kernel::moment const sent = core.clock.now();
      auto const told = co_await core.cold.ask(core, direction::writing, until,
                                               [&](auto& tier) { return tier.add_usage(part, until); });
      if (!told) {
        // What the tier does not know the fate of, it keeps or gives up: repeated, it might count twice.
        core.usage.give_back(counts, told.error() == errc::unknown ? done + part.size() : done);
        core.counters.add(core.counters.failed_flushes);
        co_return std::unexpected{told.error()};
      }
      size.took(core.clock.now() - sent);
      done += part.size();
      if (done < counts.size()) between();
    }
    if (!counts.empty()) core.counters.add(core.counters.flushes);
  }
  co_return done;
}

template <class Core>
task<result<void>> serve_flush(Core& core, deadline until) {
  auto const inside = core.enter();
  if (!inside) co_return std::unexpected{inside.error()};
  auto const flushed = co_await flush_usage(core, until, until);
  if (!flushed) co_return std::unexpected{flushed.error()};
  co_return deferred<result<void>, Core>{};
}

/// Waits until every tier below hot answers, and memory follows them. \errors the first tier's that does not, or will never
template <class Core>
deferred<result<void>, Core> wait_ready(Core& core, deadline until) {
  using answer = deferred<result<void>, Core>;
  auto const one = [&](auto& channel, tier where) -> answer {
    if constexpr (std::remove_cvref_t<decltype(channel)>::present) {
      if constexpr (requires { channel.tier().wait_ready(until); })
        if (auto const ready = channel.tier().wait_ready(until); !ready) return ready;
      if constexpr (reports_health<std::remove_cvref_t<decltype(channel.tier())>>)
        if (auto const state = channel.tier().health(); !state.up) return failure(errc::unavailable, where, state.text);
    }
    return {};
  };
  if (auto const cold = one(core.cold, tier::cold); !cold) return cold;
  if (auto const warm = one(core.warm, tier::warm); !warm) return warm;
  if constexpr (Core::leased)
    while (!core.standing.fresh(core.clock)) {
      if (core.clock.now() >= until)
        return failure(errc::unavailable, Core::truth, "memory does not yet follow what others write");
      ::usleep(1'000);
    }
  return {};
}

template <class Core>
task<result<void>> serve_ready(Core& core, deadline until) {
  auto const inside = core.enter();
  if (!inside) co_return std::unexpected{inside.error()};
  co_return wait_ready(core, until);
}

template <class Core>
coherence coherence_of(Core const& core) {
  if constexpr (!Core::leased) {
    return {};
  } else {
    auto const now = core.clock.now();
    auto const age = [now](auto then) {
      bool const never = then == kernel::moment::min() || then == kernel::moment{};
      auto const since = never ? std::chrono::hours{1} : now - then;
      return std::chrono::duration_cast<std::chrono::milliseconds>(since);
    };
    auto const& s = core.standing;
    coherence all{.fresh = s.fresh(core.clock),
                  .hears = !Core::has_warm || s.hears(),
                  .heals = s.heals(),
                  .doubts = s.doubted() != 0,
                  .lease_age = age(s.proven()),
                  .floors = core.gate.now().floors,
                  .feed_lag = std::chrono::duration_cast<std::chrono::milliseconds>(s.behind(now)),
                  .bounded = s.bounded};
    if constexpr (Core::witness == witness::horizon) {
      all.horizon_age = age(s.horizon());
      all.elsewhere = s.elsewhere();
    }
    return all;
  }
}

template <class Core>
strata::health health_of(Core const& core) {
  strata::health all;
  auto const one = [](auto const& channel) -> tier_health {
    if constexpr (std::remove_cvref_t<decltype(channel)>::present)
      if constexpr (reports_health<std::remove_cvref_t<decltype(channel.tier())>>) return channel.tier().health();
    return {};
  };
  auto const rests = [](auto const& channel) -> breakers {
    if constexpr (std::remove_cvref_t<decltype(channel)>::present)
      return {channel.resting(direction::reading), channel.resting(direction::writing)};
    return {};
  };
  all.warm = one(core.warm);
  all.cold = one(core.cold);
  all.warm_rests = rests(core.warm);
  all.cold_rests = rests(core.cold);
  all.coherence = coherence_of(core);
  if constexpr (Core::leased && Core::witness == witness::horizon)
    if (auto const& other = all.coherence.elsewhere; !other.empty())
      all.warm.text.append(all.warm.text.empty() ? "" : "\n")
          .append("others of this space have their copies in ")
          .append(other)
          .append(", this instance in ")
          .append(store_of(core))
          .append(": all have to use one store");
  return all;
}

/// Refuses new calls, waits for those under way, and makes usage durable as far as time allows. The destructors do the
/// rest: the threads of co_ calls, which may take longer and of which one may be closing, feed, flusher, tiers, in this order.
template <class Core>
void close(Core& core, std::chrono::milliseconds within) noexcept {
  if (!core.life.close()) return;
  auto const now = core.clock.now();
  auto const until = kernel::after(now, within);
  auto const flush = [&] {
    try {
      (void)flush_usage(core, until, until).run();
    } catch (...) {  // no memory to flush: the counts since the last flush are lost, as in a crash
    }
  };
  if (!core.life.drain(kernel::after(now, std::chrono::milliseconds{within.count() / 2}))) {
    flush();  // while there is time: a call that hangs does not cost what the others counted
    (void)core.life.drain(until);
  }
  flush();
}

}  // namespace strata::flow
