// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/error.hpp>
#include <strata/miss.hpp>

#include <chrono>

// Who hears of events. An observer has any of the members below, const-correct for its own state, safe from any thread;
// they run with nothing locked and must not throw. One that is absent costs nothing.
namespace strata {

struct coherence;  // strata/health.hpp

/// hit(tier): a read was answered by that tier. A call per hit in memory too: make hit(tier::hot) cheap, or empty.
template <class O>
concept hears_hit = requires(O& o) { o.hit(tier::hot); };
/// miss(tier, why): a tier was asked and could not answer.
template <class O>
concept hears_miss = requires(O& o) { o.miss(tier::warm, miss::vacant); };
/// stored(tier, revision): a write reached a tier; by promotion too.
template <class O>
concept hears_stored = requires(O& o) { o.stored(tier::warm, revision{}); };
/// failed(tier, why): a tier answered with an error, or rests after such. Not that another write was first (`conflict`), nor
/// that a call had no time left to ask.
template <class O>
concept hears_failed = requires(O& o, error const& why) { o.failed(tier::cold, why); };
/// fenced(): a copy was not kept because something newer was known.
template <class O>
concept hears_fenced = requires(O& o) { o.fenced(); };
/// degraded(revision): a committed write of which a tier above cold could not be told.
template <class O>
concept hears_degraded = requires(O& o) { o.degraded(revision{}); };

/// coherence(now): what the freshness of memory rests on is not what it was: whether memory is fresh, doubted, hears its feed,
/// keeps warm in step for all, or has a store that others have not. Told of the state it begins with too. `now` is what health()
/// has. The thread that tells looks several times a second, and hits in memory count as unverified until it goes on.
template <class O>
concept hears_coherence = requires(O& o, coherence const& now) { o.coherence(now); };

/// read_took(tier, time), write_took(tier, time): one round trip to a tier below memory, whatever it answered; a batch
/// is one. Nothing is timed where nobody hears, and a hit in memory never is: it reads no clock.
template <class O>
concept hears_times = requires(O& o, std::chrono::nanoseconds time) {
  o.read_took(tier::cold, time);
  o.write_took(tier::cold, time);
};

template <class O>
concept hears_anything = hears_hit<O> || hears_miss<O> || hears_stored<O> || hears_failed<O> || hears_fenced<O> ||
                         hears_degraded<O> || hears_coherence<O> || hears_times<O>;

}  // namespace strata
