// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/awaited.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <chrono>
#include <concepts>
#include <optional>
#include <string_view>

namespace strata {

/// The moment by which a call has to end, on the monotonic clock.
using deadline = std::chrono::steady_clock::time_point;

/// A store of frames shared by all instances; it may lose anything and must invent nothing.
/// Laws (testing/laws/warm.hpp):
///   load gives the last frame stored under exactly that key, or a vacancy; both with a position;
///   store(frame, position) stores only if the key has not moved from that position, else conflict;
///   store(frame, nullopt) stores at once, except over a higher revision, or, if it has one itself, over what a program
///     that knows no revisions left: conflict;
///   erase(key, revision) leaves a frame with operation::erase and that revision;
///   a frame that is too big for the tier is `rejected` before anything is sent;
///   a store that fails with `unavailable` did not happen, one that fails with `timed_out` may have;
///   no call outlives its deadline by more than 50 ms; nothing but bad_alloc is thrown.
template <class W>
concept warm_tier =
    requires(W w, std::string_view key, frame const& f, std::optional<position> at, revision r, deadline until) {
      { w.load(key, until) } -> gives<result<sighting>>;
      { w.store(f, at, until) } -> gives<result<position>>;
      { w.erase(key, r, until) } -> gives<result<position>>;
    };

}  // namespace strata
