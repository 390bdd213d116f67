// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/observer.hpp>
#include <strata/error.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/counters.hpp>
#include <strata/miss.hpp>

#include <chrono>
#include <cstddef>
#include <utility>

namespace strata::flow {

/// What happened below memory, counted and told to the observer; never under a lock.
template <class Observer>
class reports {
 public:
  explicit reports(Observer o) : observer{std::move(o)} {}

  void hit_in(tier where) noexcept {
    counters.add(where == tier::warm ? counters.warm_hits : counters.cold_hits);
    tell_hit(where);
  }
  void tell_hit([[maybe_unused]] tier where) noexcept {
    if constexpr (hears_hit<Observer>) observer.hit(where);
  }
  void missed_in(tier where, miss why) noexcept {
    counters.add(where == tier::hot     ? counters.expired
                 : where == tier::warm  ? counters.warm_misses[static_cast<std::size_t>(why)]
                 : why == miss::expired ? counters.cold_expired
                                        : counters.cold_absent);
    if constexpr (hears_miss<Observer>) observer.miss(where, why);
  }
  /// Counts what a tier answered to a store or an erase, and gives it on.
  template <class Given>
  Given const& stored_in(tier where, [[maybe_unused]] revision r, Given const& given) noexcept {
    if (!given) return failed_in(where, given.error()), given;
    counters.add(where == tier::warm ? counters.warm_stores : counters.cold_stores);
    if constexpr (hears_stored<Observer>) observer.stored(where, r);
    return given;
  }
  /// Counts what a tier failed to do. That another write was first is none, nor is what it was never asked.
  void failed_in(tier where, error const& why) noexcept {
    if (why == errc::conflict || why.tier() == tier::none) return;
    counters.add(where == tier::warm ? counters.warm_failures : counters.cold_failures);
    if constexpr (hears_failed<Observer>) observer.failed(where, why);
  }
  /// A read that a tier did not answer.
  void unreached_in(tier where, error const& why) noexcept {
    failed_in(where, why);
    if (why.tier() != tier::none) missed_in(where, miss::unreachable);
  }
  /// One round trip to a tier. The observer may want to know how long it took; nobody else does.
  void took([[maybe_unused]] tier where, [[maybe_unused]] direction d,
            [[maybe_unused]] std::chrono::nanoseconds time) noexcept {
    if constexpr (hears_times<Observer>)
      d == direction::reading ? observer.read_took(where, time) : observer.write_took(where, time);
  }
  void fenced() noexcept {
    counters.add(counters.fenced);
    if constexpr (hears_fenced<Observer>) observer.fenced();
  }
  void degraded([[maybe_unused]] revision r) noexcept {
    counters.add(counters.degraded);
    if constexpr (hears_degraded<Observer>) observer.degraded(r);
  }
  void stands([[maybe_unused]] coherence const& now) noexcept {
    if constexpr (hears_coherence<Observer>) observer.coherence(now);
  }

  [[no_unique_address]] Observer observer;
  flow::counters counters;
};

}  // namespace strata::flow
