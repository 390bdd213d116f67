// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/awaited.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <cstdint>

// The feed (K8): how the instances that share a warm tier hear of each other's writes.
namespace strata {

enum class telling : std::uint8_t {
  changed,  ///< `told` is the last change of its key, which now stands at `at`
  hinted,   ///< `told` is a change of which something stands at `at`, where nobody looks for this key through this tier
  passed,   ///< nothing else has changed up to `at`, where something stood that does not concern this feed
  resumed,  ///< everything after `at` will be told; changes before it may have been missed
  lost,     ///< nothing is heard until it resumes
};

/// What a feed tells. Positions grow from one change to the next, as long as the store is the same.
/// \threads `told` is a view: valid as long as the call
struct news {
  telling what = telling::changed;
  change told{};
  position at{};
};

/// Warm: `follow(sink)` calls sink(news const&) for every change of the shared store, this process's too, on a thread of its
/// own and one at a time. It gives a handle: once that is gone, sink is not called any more; `renew()` makes the feed begin
/// anew (lost, then resumed), because something may have been missed without its notice.
template <class W>
concept followable = requires(W w, void (*sink)(news const&)) { w.follow(sink).renew(); };

/// Warm: where its last change stands, as whoever decides over the store says.
template <class W>
concept tells_end = requires(W w, deadline until) {
  { w.end(until) } -> gives<result<position>>;
};

}  // namespace strata
