// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/frame.hpp>
#include <strata/kernel/lease.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/mutex.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

// How sure memory is (K9, K10): fresh until the lease ends, and not at all while a doubt stands that no comparison with
// cold has settled. A hit reads one word; everything else happens under the lock.
namespace strata::flow {

/// What tells a cache that others wrote, and how far that reaches.
enum class witness : std::uint8_t {
  nobody,   ///< nobody else writes
  feed,     ///< warm's feed; nothing proves how far it has come
  end,      ///< warm's feed, held against the end of the stream: warm is the truth
  horizon,  ///< warm's feed, held against the horizon that cold keeps; cold's log while the feed hears nothing
  log,      ///< cold's log alone: there is no warm
};

/// \tparam Bounded  a hit asks the clock, and is right even in a process that was stopped; else it reads a flag that the
///                  cache's own thread clears in time
template <bool Bounded, class Lease = kernel::lease<>>
class standing {
 public:
  using moment = deferred<kernel::moment, Lease>;
  static constexpr bool bounded = Bounded;

  /// Of a hit that is read after this: whether it counts as fresh.
  template <class Clock>
  [[nodiscard, gnu::always_inline]] bool fresh(Clock const& clock) const noexcept {
    if constexpr (!Bounded)
      return flag_.load(std::memory_order_acquire);
    else if constexpr (requires { clock.coarse(); })
      return clock.coarse() < until_.load(std::memory_order_acquire);
    else
      return clock.now() < until_.load(std::memory_order_acquire);
  }

  void resumed(position at, moment now) noexcept {
    auto const held = guard_.hold();
    lease_.resumed(at, now);
    reckon();
  }
  void lost() noexcept {
    auto const held = guard_.hold();
    lease_.lost();
    ++losses_;
  }
  void heard(position at) noexcept {
    auto const held = guard_.hold();
    lease_.heard(at);
    reckon();
  }
  bool promise(moment as_of, position at, moment now) noexcept {
    auto const held = guard_.hold();
    bool const passed = lease_.promise(as_of, at, now);
    reckon();
    return passed;
  }
  void prove(moment as_of) noexcept {
    auto const held = guard_.hold();
    lease_.prove(as_of);
    reckon();
  }
  [[nodiscard]] bool hears() const noexcept {
    auto const held = guard_.hold();
    return lease_.hears();
  }
  /// How often the feed was lost.
  [[nodiscard]] std::uint64_t losses() const noexcept {
    auto const held = guard_.hold();
    return losses_;
  }
  /// When the feed began last.
  [[nodiscard]] moment since() const noexcept {
    auto const held = guard_.hold();
    return lease_.since();
  }
  [[nodiscard]] bool stuck(moment now) const noexcept {
    auto const held = guard_.hold();
    return lease_.stuck(now);
  }
  [[nodiscard]] typename moment::duration behind(moment now) const noexcept {
    auto const held = guard_.hold();
    return lease_.behind(now);
  }
  [[nodiscard]] moment proven() const noexcept {
    auto const held = guard_.hold();
    return lease_.proven();
  }

  /// K10: something may have been missed.
  void doubt() noexcept {
    auto const held = guard_.hold();
    ++doubts_;
    until_.store(moment::min(), std::memory_order_release);
    flag_.store(false, std::memory_order_release);
  }
  /// Which doubt stands; zero: none.
  [[nodiscard]] std::uint64_t doubted() const noexcept {
    auto const held = guard_.hold();
    return settled_ == doubts_ ? 0 : doubts_;
  }
  [[nodiscard]] std::uint64_t doubts() const noexcept {
    auto const held = guard_.hold();
    return doubts_;
  }
  /// Everything in memory has been compared since that doubt.
  void settle(std::uint64_t doubt) noexcept {
    auto const held = guard_.hold();
    settled_ = doubt;
    reckon();
  }

  /// For the part of the one who keeps warm in step, and for people: when the horizon was taken, and whether it is ours.
  void saw_horizon(moment taken) noexcept { horizon_.store(taken, std::memory_order_relaxed); }
  [[nodiscard]] moment horizon() const noexcept { return horizon_.load(std::memory_order_relaxed); }
  void heals(bool ours) noexcept { heals_.store(ours, std::memory_order_relaxed); }
  [[nodiscard]] bool heals() const noexcept { return heals_.load(std::memory_order_relaxed); }

  /// The store of whoever keeps warm in step, where it is not this instance's; empty: it is, or nobody knows.
  void saw_elsewhere(std::string store) noexcept {
    auto const held = guard_.hold();
    apart_.store(!store.empty(), std::memory_order_relaxed);
    elsewhere_ = std::move(store);
  }
  [[nodiscard]] std::string elsewhere() const {
    auto const held = guard_.hold();
    return elsewhere_;
  }
  [[nodiscard]] bool apart() const noexcept { return apart_.load(std::memory_order_relaxed); }

  /// The horizon's era that memory belongs to. \returns whether it was that already
  bool enter(std::uint64_t era) noexcept {
    auto const held = guard_.hold();
    if (era > highest_era_) highest_era_ = era;
    bool const same = era_ == era;
    era_ = era;
    return same;
  }
  /// Of all that it belonged to: the horizon has a lower one where cold is an earlier one.
  [[nodiscard]] std::uint64_t highest_era() const noexcept {
    auto const held = guard_.hold();
    return highest_era_;
  }
  /// Likewise: when the horizon that was read last was taken, by the database's clock; zero before the first look.
  /// \returns when the one before it was
  std::int64_t saw_taken(std::int64_t us) noexcept { return taken_us_.exchange(us, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t taken_us() const noexcept { return taken_us_.load(std::memory_order_relaxed); }

  /// Sets the flag, by a thread that is back by then at the latest.
  void tick(moment back) noexcept {
    if constexpr (!Bounded) {
      auto const held = guard_.hold();  // or a doubt that comes in between would be overwritten
      flag_.store(back < until_.load(std::memory_order_relaxed), std::memory_order_release);
    }
  }

 private:
  void reckon() noexcept {
    if (settled_ == doubts_) until_.store(lease_.proven() + Lease::length - lag, std::memory_order_release);
  }

  /// By so much a coarse clock may be behind.
  static constexpr std::chrono::milliseconds lag{Bounded ? 10 : 0};

  std::atomic<moment> until_{moment::min()};
  std::atomic<bool> flag_{false};
  std::atomic<moment> horizon_{moment::min()};
  std::atomic<bool> heals_{false};
  std::atomic<bool> apart_{false};
  std::atomic<std::int64_t> taken_us_{0};
  mutable strata::detail::mutex guard_;
  Lease lease_;
  std::uint64_t doubts_ = 0;
  std::uint64_t settled_ = 0;
  std::uint64_t losses_ = 0;
  std::uint64_t era_ = 0;
  std::uint64_t highest_era_ = 0;
  std::string elsewhere_;
};

/// Where nobody else writes, or nothing proves that anybody did.
struct always_fresh {
  template <class Clock>
  [[nodiscard]] static constexpr bool fresh(Clock const&) noexcept {
    return true;
  }
  static void resumed(position, kernel::moment) noexcept {}
  static void lost() noexcept {}
  static void heard(position) noexcept {}
  static void doubt() noexcept {}
  static void settle(std::uint64_t) noexcept {}
  [[nodiscard]] static std::uint64_t doubted() noexcept { return 0; }
};

}  // namespace strata::flow
