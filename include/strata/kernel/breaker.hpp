// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/kernel/moment.hpp>

#include <chrono>
#include <cstdint>

// K11: a dead tier costs one short failure now and then, not a time-out per call. Closed lets everything through; after
// three failures in a row it opens; when its pause is over one caller at a time may try. The pause doubles from 50 ms to
// 1 s, so that a tier that came back is noticed within that.
// Knows no thread and no clock: the caller guards it and tells the time.
namespace strata::kernel {

/// A template, so that a program which only includes a cache compiles none of it.
template <class Moment = moment>
class breaker {
 public:
  using duration = typename Moment::duration;

  static constexpr int tolerated = 3;
  static constexpr duration shortest = std::chrono::milliseconds{50};
  static constexpr duration longest = std::chrono::seconds{1};

  /// Whether a call may go to the tier now. One that may has to report back with succeeded() or failed().
  [[nodiscard]] bool allows(Moment now) noexcept {
    if (failures_ < tolerated) return true;
    if (now < retry_) return false;
    retry_ = now + longest;  // this caller is the probe; if it never reports, another may try then
    probed_ = true;
    return true;
  }
  void succeeded() noexcept {
    failures_ = 0;
    pause_ = shortest;
    probed_ = false;
  }
  void failed(Moment now) noexcept {
    if (open() && !probed_) return;  // it went out before the breaker opened, and says nothing new
    if (!open() && ++failures_ < tolerated) return;
    probed_ = false;
    retry_ = now + pause_;
    pause_ = pause_ + pause_ < longest ? pause_ + pause_ : longest;
  }
  [[nodiscard]] bool open() const noexcept { return failures_ >= tolerated; }

 private:
  Moment retry_{};
  duration pause_ = shortest;
  int failures_ = 0;
  bool probed_ = false;  // while open: whether a caller tries
};

}  // namespace strata::kernel
