// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>
#include <strata/kernel/moment.hpp>

#include <chrono>

// K9: until when copies in memory count as fresh. Somebody who knows says that all which was committed by a moment is told
// by the feed at or before a position; once the feed has come that far, memory is as fresh as that moment, and stays so for
// the length of the lease. A feed that hears nothing passes no position, so the lease ends by itself.
// Knows no thread and no clock: the caller guards it and tells the time.
namespace strata::kernel {

/// A template, so that a program which only includes a cache compiles none of it.
template <class Moment = moment>
class lease {
 public:
  using duration = typename Moment::duration;

  static constexpr duration length = std::chrono::seconds{1};

  /// Everything after `at` is told from now on. What was proven of the store before says nothing of the store as it is.
  void resumed(position at, Moment now) noexcept {
    heard_ = at;
    hears_ = true;
    since_ = now;
    proven_ = {};
    waiting_ = next_ = {};
  }
  void lost() noexcept {
    hears_ = false;
    waiting_ = next_ = {};
  }
  void heard(position at) noexcept {
    if (at > heard_) heard_ = at;
    settle();
  }
  /// All that was committed by `as_of` is told at or before `at`. What the feed has yet to pass waits: the first of those
  /// and the last, so that a feed that lags behind every promise still passes one now and then.
  /// \param now  when it is promised
  /// \returns whether the feed has passed it already
  bool promise(Moment as_of, position at, Moment now) noexcept {
    if (!hears_ || as_of < since_) return false;
    if (at > heard_) return (waiting_.due ? next_ : waiting_) = {as_of, at, now, true}, false;
    if (as_of >= waiting_.as_of) waiting_ = next_ = {};  // an older promise is of no use any more
    prove(as_of);
    return true;
  }
  /// Memory has everything that was committed by `as_of`, which says nothing of what the store has told since it resumed.
  void prove(Moment as_of) noexcept {
    if (as_of > proven_ && as_of >= since_) proven_ = as_of;
  }

  [[nodiscard]] bool hears() const noexcept { return hears_; }
  /// When the feed began last.
  [[nodiscard]] Moment since() const noexcept { return since_; }
  /// The moment by which everything committed is known here; the epoch's beginning when there is none.
  [[nodiscard]] Moment proven() const noexcept { return proven_; }
  /// For how long the feed has been short of what it was promised to tell.
  [[nodiscard]] duration behind(Moment now) const noexcept {
    return waiting_.due && now > waiting_.made ? now - waiting_.made : duration{};
  }
  /// Whether the feed should have come further long ago: what was promised may be gone from the store.
  [[nodiscard]] bool stuck(Moment now) const noexcept { return behind(now) > 2 * length; }

 private:
  struct pledge {
    Moment as_of{};
    position at{};
    Moment made{};  // what it tells of may be older: whoever keeps warm in step may have taken long, not the feed
    bool due = false;
  };
  void settle() noexcept {
    for (pledge* p : {&waiting_, &next_}) {
      if (!p->due || p->at > heard_) continue;
      prove(p->as_of);
      *p = {};
    }
    if (!waiting_.due) waiting_ = next_, next_ = {};
  }

  position heard_{};
  pledge waiting_;
  pledge next_;
  Moment proven_{};
  Moment since_{};
  bool hears_ = false;
};

}  // namespace strata::kernel
