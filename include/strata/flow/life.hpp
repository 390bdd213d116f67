// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/error.hpp>
#include <strata/kernel/moment.hpp>

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

// Whether a cache takes calls (K12): not while closing, and not in a process forked from the one that opened it, whose
// sockets it would share. Calls that leave memory are counted, and co_ calls.
namespace strata::flow {

/// A template, so that a program which only includes a cache compiles none of it.
template <class Moment = kernel::moment>
class life {
 public:
  /// One call's stay: leaves when it goes out of scope. False when the call was refused, and why.
  class stay {
   public:
    explicit stay(strata::error why) noexcept : why_{std::move(why)} {}
    explicit stay(life* of = nullptr) noexcept : life_{of} {}  // null: not counted
    stay(stay const&) = delete;
    stay& operator=(stay const&) = delete;
    ~stay() {
      if (life_ != nullptr) life_->leave();
    }
    explicit operator bool() const noexcept { return !why_; }
    [[nodiscard]] strata::error const& error() const noexcept { return *why_; }

   private:
    life* life_ = nullptr;
    deferred<std::optional<strata::error>, Moment> why_;
  };

  /// \param counted  close() has to wait for this call, which may leave memory
  [[nodiscard]] stay enter(bool counted) noexcept {
    if (counted ? join() : !closed()) return stay{counted ? this : nullptr};
    if (counted && ::getpid() != owner_)
      return stay{
          error{errc::forked, tier::none, "this process was forked from the one that opened the cache: open another"}};
    return stay{error{errc::closed, tier::none, "the cache is closed"}};
  }
  /// The same of a call that has yet to begin. \returns whether it was let in, and has to leave
  [[nodiscard]] bool join() noexcept {
    if (::getpid() != owner_) return false;
    calls_.fetch_add(1, std::memory_order_acq_rel);
    if (!closed()) return true;
    leave();
    return false;
  }
  void leave() noexcept { calls_.fetch_sub(1, std::memory_order_acq_rel); }

  [[nodiscard]] bool closed() const noexcept { return closed_.load(std::memory_order_acquire); }

  /// From now on nobody enters. \returns whether this call did it, and may go on to take things apart
  [[nodiscard]] bool close() noexcept {
    return !closed_.exchange(true, std::memory_order_acq_rel) && ::getpid() == owner_;
  }

  /// Waits for the calls under way. \returns whether all had left by then
  bool drain(Moment until) const noexcept {
    while (calls_.load(std::memory_order_acquire) != 0) {
      if (Moment::clock::now() >= until) return false;
      ::usleep(1'000);
    }
    return true;
  }

 private:
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<bool> closed_{false};
  ::pid_t owner_ = ::getpid();
};

}  // namespace strata::flow
