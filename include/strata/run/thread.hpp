// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/run/mutex.hpp>

#include <chrono>
#include <memory>
#include <new>
#include <system_error>
#include <utility>

#include <pthread.h>
#include <time.h>

// A thread and a condition as POSIX has them. std::thread and std::condition_variable were rejected: with their headers
// (stop tokens, semaphores, waiting atomics) come a twelfth of all that a program which includes a cache compiles.
namespace strata::detail {

/// Wakes who waits under a mutex; deadlines are told in the monotonic clock.
/// \threads any
class condition {
 public:
  condition() {
    ::pthread_condattr_t how;
    if (::pthread_condattr_init(&how) != 0) throw std::bad_alloc{};
    bool const made =
        ::pthread_condattr_setclock(&how, CLOCK_MONOTONIC) == 0 && ::pthread_cond_init(&waiting_, &how) == 0;
    ::pthread_condattr_destroy(&how);
    if (!made) throw std::bad_alloc{};
  }
  condition(condition const&) = delete;
  condition& operator=(condition const&) = delete;
  ~condition() { ::pthread_cond_destroy(&waiting_); }

  void notify_one() noexcept { ::pthread_cond_signal(&waiting_); }
  void notify_all() noexcept { ::pthread_cond_broadcast(&waiting_); }

  template <class Happened>
  void wait(mutex::held& held, Happened happened) {
    while (!happened()) ::pthread_cond_wait(&waiting_, &held.whose_);
  }
  /// \returns whether it happened
  template <class Happened>
  bool wait_until(mutex::held& held, std::chrono::steady_clock::time_point until, Happened happened) {
    long long const at = until.time_since_epoch().count();
    ::timespec const end{.tv_sec = static_cast<::time_t>(at / 1'000'000'000),
                         .tv_nsec = static_cast<long>(at % 1'000'000'000)};
    while (!happened())
      if (::pthread_cond_timedwait(&waiting_, &held.whose_, &end) != 0) return happened();
    return true;
  }

 private:
  ::pthread_cond_t waiting_{};
};

/// Runs a job until its end; somebody has to join it.
class thread {
 public:
  /// \param job must not throw  \throws bad_alloc, and system_error when the system has no more threads to give
  template <class Job>
  explicit thread(Job job) {
    auto own = std::make_unique<Job>(std::move(job));
    auto const body = [](void* given) -> void* {
      std::unique_ptr<Job> const run{static_cast<Job*>(given)};
      (*run)();
      return nullptr;
    };
    if (int const why = ::pthread_create(&id_, nullptr, body, own.get()); why != 0)
      throw std::system_error{why, std::system_category(), "a thread cannot be started"};
    (void)own.release();
  }
  void join() noexcept { ::pthread_join(id_, nullptr); }

 private:
  ::pthread_t id_{};
};

}  // namespace strata::detail
