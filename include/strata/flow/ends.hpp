// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/frame.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/options.hpp>

#include <chrono>
#include <concepts>
#include <cstdint>

namespace strata::flow {

/// When copies end: by this process's clock in memory, by this host's in frames. Where values do not expire, never.
template <class Clock, bool Expires>
class ends {
  using moment = deferred<kernel::moment, Clock>;
  using calendar = deferred<std::chrono::system_clock, Clock>;

 public:
  explicit ends(Clock const& c) noexcept : clock{c} {}

  /// When a life ends that is counted from a moment; moment::max(): never.
  [[nodiscard]] static moment end_of(deferred<lifetime, Clock> const& lasts, [[maybe_unused]] moment from) noexcept {
    if constexpr (Expires)
      if (lasts) return from + (*lasts < longest_life ? *lasts : longest_life);  // a store may say more
    return moment::max();
  }
  template <std::same_as<frame> Frame>
  [[nodiscard]] moment end_of(Frame const& f) const noexcept {
    if (!Expires || f.expires_ms == 0) return moment::max();
    return end_of(std::chrono::milliseconds{f.expires_ms - now_ms()}, clock.now());
  }
  /// The same in milliseconds since 1970, by this host's clock, as frames have it; zero: never.
  [[nodiscard]] std::int64_t expires_ms([[maybe_unused]] moment end) const noexcept {
    if constexpr (Expires)
      if (end != moment::max())
        return now_ms() + std::chrono::duration_cast<std::chrono::milliseconds>(end - clock.now()).count();
    return 0;
  }
  [[nodiscard]] std::int64_t now_ms() const noexcept {
    if constexpr (!Expires)
      return 0;
    else if constexpr (requires { clock.now_ms(); })
      return clock.now_ms();
    else
      return std::chrono::duration_cast<std::chrono::milliseconds>(calendar::now().time_since_epoch()).count();
  }
  /// Whether the time of a copy, a box or a hit, is over: then it is no answer, but for who would take a stale one.
  template <class Copy>
  [[nodiscard]] bool over([[maybe_unused]] Copy const& kept) const noexcept {
    if constexpr (Expires) {
      moment const end = kept.ends();
      return end != moment::max() && clock.now() >= end;
    } else {
      return false;
    }
  }

  Clock const& clock;

 protected:
  /// A hundred years: neither a clock of nanoseconds nor a store's calendar has room for every life.
  static constexpr std::chrono::milliseconds longest_life{std::int64_t{100} * 365 * 24 * 3'600'000};
};

}  // namespace strata::flow
