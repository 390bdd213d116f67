// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <pthread.h>

namespace strata::detail {

/// As POSIX has it. std::mutex was rejected: with its header (locks that are recursive, that wait until a time, or that are
/// taken together) comes a hundredth of all that a program which includes a cache compiles.
/// \threads any
class mutex {
 public:
  /// Holds it until its end, but between unlock() and lock().
  class [[nodiscard]] held {
   public:
    explicit held(::pthread_mutex_t& whose) noexcept : whose_{whose} { lock(); }
    held(held const&) = delete;
    held& operator=(held const&) = delete;
    ~held() {
      if (has_) unlock();
    }

    void lock() noexcept {
      ::pthread_mutex_lock(&whose_);  // fails only for kinds that count or check their holders
      has_ = true;
    }
    void unlock() noexcept {
      has_ = false;
      ::pthread_mutex_unlock(&whose_);
    }

   private:
    friend class condition;
    ::pthread_mutex_t& whose_;
    bool has_ = false;
  };

  mutex() = default;
  mutex(mutex const&) = delete;
  mutex& operator=(mutex const&) = delete;

  [[nodiscard]] held hold() noexcept { return held{its_}; }

 private:
  ::pthread_mutex_t its_ = PTHREAD_MUTEX_INITIALIZER;
};

}  // namespace strata::detail
