// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/observer.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/follow.hpp>
#include <strata/flow/heal.hpp>
#include <strata/flow/revalidate.hpp>
#include <strata/flow/upkeep.hpp>
#include <strata/flow/warm_up.hpp>
#include <strata/flow/watch.hpp>
#include <strata/run/worker.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

// What goes on while nobody calls. The feed raises floors, on its own thread. One thread looks out for the lease, which must
// never wait for anything long; another tends the tiers: keeps warm in step, compares memory after a doubt, carries usage
// counts down, and fills memory after a restart.
namespace strata::flow {

/// Where the feed delivers.
template <class Core>
struct sink {
  Core* core;
  void operator()(news const& heard) const noexcept { follow(*core, heard); }
};

namespace detail {

template <class Core, bool Follows = Core::follows>
struct feed {
  explicit feed(Core&) noexcept {}
  static void renew() noexcept {}
};
template <class Core>
struct feed<Core, true> {
  explicit feed(Core& core) : subscription{core.warm.tier().follow(sink<Core>{&core})} {}
  void renew() noexcept { subscription.renew(); }
  decltype(std::declval<Core&>().warm.tier().follow(std::declval<sink<Core>>())) subscription;
};

/// An executor that plays schedules calls watch and tend itself.
template <class Executor>
concept plays = requires { Executor::plays; };

}  // namespace detail

template <class Core>
class background {
 public:
  static constexpr std::chrono::milliseconds look_every{150};
  static constexpr std::chrono::milliseconds look_within{250};
  static constexpr std::chrono::milliseconds tend_every{100};

  explicit background(Core& core) : core_{core}, feed_{core} {
    if constexpr (warms_up<Core>) my_warming_.wanted = core.limits.warm_up_entries;
    my_part_.name = std::to_string(random());
    // Instances that start together do not all flush together, and wait for each other.
    auto const every = kernel::after({}, core_.limits.flush_every).time_since_epoch();
    flushed_at_ = core_.clock.now();
    flush_at_ = flushed_at_ + every * static_cast<int>(100 + random() % 100) / 200;
    if constexpr (!detail::plays<typename Core::executor_type>) {
      if constexpr (Core::leased) watcher_.emplace(look_every, look_every, [this] { look(); });
      if constexpr (tends) tender_.emplace(tend_first(), tend_every, [this] { turn(); });
    }
  }

  /// How long after the first turn the second comes. Instances that doubt at the same moment (K10), since they lost the same
  /// server, do not all ask cold at once for what their memory has.
  [[nodiscard]] std::chrono::milliseconds tend_first() const noexcept {
    return std::chrono::milliseconds{random() / 100 % static_cast<std::uint64_t>(tend_every.count())};
  }
  /// One look at how fresh memory is (K9).
  task<void> watch() {
    if constexpr (Core::leased)
      co_await flow::watch(core_, lookout_, core_.clock.now() + look_within, [this] { feed_.renew(); });
  }
  /// One turn of what keeps the tiers in step (K7, K10).
  task<void> tend() {
    if constexpr (Core::witness == witness::horizon) {
      co_await heal(core_, my_part_);
      core_.standing.heals(my_part_.mine.has_value());
    }
    if constexpr (Core::revalidates) (void)co_await revalidate(core_);
  }

 private:
  static constexpr bool tells = Core::leased && hears_coherence<typename Core::observer_type>;
  [[nodiscard]] std::uint64_t random() const noexcept { return my_part_.hash("").hash; }  // because its seed is

  static constexpr bool tends =
      warms_up<Core> || Core::counts_use || Core::revalidates || Core::witness == witness::horizon;

  void look() noexcept {
    // The flag must not stand when the lease ends while this thread waits.
    core_.standing.tick(core_.clock.now() + look_within);
    try {
      watch().run();
    } catch (...) {  // no memory now, or a user's type threw: the lease ends by itself
    }
    core_.standing.tick(core_.clock.now() + look_every + look_within);
    if constexpr (tells) {
      tell_if_changed();
      core_.standing.tick(core_.clock.now() + look_every + look_within);
    }
  }
  void tell_if_changed() noexcept {
    try {
      auto const now = coherence_of(core_);
      if (told_ && told_->fresh == now.fresh && told_->hears == now.hears && told_->heals == now.heals &&
          told_->doubts == now.doubts && told_->elsewhere == now.elsewhere)
        return;
      told_ = now;
      core_.standing.tick(moment::max());  // nobody knows for how long the user's code keeps this thread
      core_.stands(now);
    } catch (...) {  // no memory now: the next time
    }
  }
  void turn() noexcept {
    keep_in_step();
    // K7: what else there is takes many statements, and keeping in step does not wait for the last of them.
    auto const between = [this] {
      if (core_.clock.now() >= tend_at_) keep_in_step();
    };
    try {
      if constexpr (warms_up<Core>)
        if (my_warming_.wanted != 0 && heard()) warm_up(core_, my_warming_, between).run();
      if constexpr (Core::counts_use) {
        auto const now = core_.clock.now();
        if (now < flush_at_) return;
        flush_at_ = kernel::after(now, core_.limits.flush_every);
        auto const told = flush_usage(core_, kernel::after(now, core_.limits.write_within), now, between).run();
        auto const keys = told ? *told : core_.usage.keys();
        flush_at_ = now + flush_after(core_, core_.clock.now() - now, now - flushed_at_, keys);
        if (told) flushed_at_ = now;
      }
    } catch (...) {  // likewise: the next time
    }
  }
  void keep_in_step() noexcept {
    try {
      tend().run();
    } catch (...) {  // likewise
    }
    tend_at_ = core_.clock.now() + tend_every;
  }

  // Whether feed or log have begun, which is a doubt (K10): what was read before that is not kept.
  [[nodiscard]] bool heard() const noexcept {
    if constexpr (Core::leased || Core::follows)
      return core_.counters.doubts.load(std::memory_order_relaxed) != 0;
    else
      return true;
  }

  struct nothing_to_warm {};
  struct tells_nobody {};

  Core& core_;
  [[no_unique_address]] detail::feed<Core> feed_;
  lookout<Core> lookout_;
  healer<Core> my_part_;
  [[no_unique_address]] std::conditional_t<warms_up<Core>, warming<typename Core::key_type>, nothing_to_warm>
      my_warming_{};
  [[no_unique_address]] std::conditional_t<tells, deferred<std::optional<coherence>, Core>, tells_nobody> told_{};
  moment tend_at_{};
  moment flush_at_{};
  moment flushed_at_{};
  deferred<std::optional<worker>, Core> watcher_;
  deferred<std::optional<worker>, Core> tender_;
};

}  // namespace strata::flow
