// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/kernel/fifo.hpp>
#include <strata/run/clock.hpp>
#include <strata/run/mutex.hpp>
#include <strata/run/point.hpp>
#include <strata/run/thread.hpp>

#include <coroutine>
#include <cstddef>
#include <utility>
#include <vector>

// The default executor. Flows wait by blocking their thread; co_* calls run on threads of which another starts where all
// are at work: one that hangs makes no other late. (The simulator's executor suspends instead.)
namespace strata {

namespace detail {

// A template, so that a program which only includes a cache compiles none of it.
template <class Thread>
class crew {
 public:
  /// Happens once; any number of threads wait for it.
  class event {
   public:
    void set() {
      {
        auto const held = guard_.hold();
        happened_ = true;
      }
      changed_.notify_all();
    }

    /// co_await gives whether it happened by the deadline.
    auto wait(monotonic_clock::moment until) {
      struct awaiter {
        event& self;
        monotonic_clock::moment until;
        static constexpr bool await_ready() noexcept { return true; }
        static void await_suspend(std::coroutine_handle<>) noexcept {}
        bool await_resume() const {
          auto held = self.guard_.hold();
          return self.changed_.wait_until(held, until, [&] { return self.happened_; });
        }
      };
      return awaiter{*this, until};
    }

   private:
    detail::mutex guard_;
    detail::condition changed_;
    bool happened_ = false;
  };

  static constexpr std::suspend_never at(point) noexcept { return {}; }

  /// \param most  of its threads (K12): what comes beyond that waits for one of them, past its deadline if need be
  explicit crew(std::size_t most = 64) : most_{most} {}
  crew(crew const&) = delete;
  crew& operator=(crew const&) = delete;
  ~crew() { stop(); }

  /// Resumes the coroutine on one of the threads; at once and here when they have ended, or there are none to be had.
  void post(std::coroutine_handle<> work) {
    {
      auto held = guard_.hold();
      if (stopped_ || !man()) {
        held.unlock();
        return work.resume();
      }
      queue_.push_back(work);
    }
    changed_.notify_one();
  }

  /// Runs what is queued, then ends the threads.
  void stop() noexcept {
    std::vector<Thread> ended;
    {
      auto const held = guard_.hold();
      stopped_ = true;
      ended.swap(threads_);
    }
    changed_.notify_all();
    for (auto& one : ended) one.join();
  }

 private:
  // One thread more where all are at work and there may be more. Where the system has none, those there are have to do.
  bool man() noexcept {
    try {
      if (threads_.size() < most_ && threads_.size() <= queue_.size() + busy_) threads_.emplace_back([this] { run(); });
    } catch (...) {
    }
    return !threads_.empty();
  }
  void run() {
    for (auto held = guard_.hold();;) {
      changed_.wait(held, [&] { return stopped_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto const work = queue_.front();
      queue_.pop_front();
      ++busy_;
      held.unlock();
      work.resume();
      held.lock();
      --busy_;
    }
  }

  detail::mutex guard_;
  detail::condition changed_;
  deferred<kernel::fifo<std::coroutine_handle<>>, Thread> queue_;
  std::vector<Thread> threads_;
  std::size_t most_;
  std::size_t busy_ = 0;
  bool stopped_ = false;
};

}  // namespace detail

using threads = detail::crew<detail::thread>;

}  // namespace strata
