// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <span>
#include <thread>

// libpq waits for an answer without an end. One thread looks after all calls in flight and shuts the socket of one that is
// overdue, which ends its wait at once. A call costs two exchanges of an atomic; the thread sleeps until the earliest
// deadline it knows and is woken only for an earlier one, so that a busy pool wakes it once per deadline, not per call.
// Rejected: libpq's non-blocking interface (libpqxx has none for prepared statements), alarms, a socket time-out (it counts
// from the last byte, not from the call).
namespace strata::cold::pg {

/// One connection's place under the watchdog's eyes.
struct watched {
  std::atomic<std::int64_t> due{0};  // the deadline in the clock's ticks; 0 = nobody waits; -1 = shut
  std::atomic<int> socket{-1};
};

class watchdog {
 public:
  explicit watchdog(std::span<watched> all) : all_{all}, thread_{[this] { watch(); }} {}
  ~watchdog() {
    {
      std::lock_guard const lock{mutex_};
      stop_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  /// From here on the socket is shut when the deadline passes.
  void arm(watched& w, deadline until) noexcept {
    auto const due = until.time_since_epoch().count();
    w.due.store(due);
    if (due >= next_.load()) return;
    std::lock_guard const lock{mutex_};  // waits for a scan that may have missed this one
    if (due < next_.load()) {
      next_.store(due);
      wake_.notify_one();
    }
  }
  /// \returns whether the socket was shut meanwhile: the connection is of no more use
  [[nodiscard]] bool disarm(watched& w) noexcept {
    if (w.due.exchange(0) != shut) return false;
    std::lock_guard const lock{mutex_};  // the shutting thread is done with the socket: it may be closed now
    return true;
  }
  /// Ends every wait now.
  void shut_all() noexcept {
    std::lock_guard const lock{mutex_};
    shut_due(never);
  }

 private:
  static constexpr std::int64_t shut = -1;
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  // Under the mutex. Shuts what is due, and gives the earliest deadline of the rest.
  std::int64_t shut_due(std::int64_t now) noexcept {
    std::int64_t earliest = never;
    for (auto& w : all_) {
      auto due = w.due.load();
      if (due <= 0) continue;
      if (due > now)
        earliest = due < earliest ? due : earliest;
      else if (w.due.compare_exchange_strong(due, shut))
        ::shutdown(w.socket.load(), SHUT_RDWR);
    }
    return earliest;
  }

  void watch() {
    std::unique_lock lock{mutex_};
    while (!stop_) {
      next_.store(never);  // first, so that an arm which this scan misses sees it and comes for the mutex
      auto const earliest = shut_due(std::chrono::steady_clock::now().time_since_epoch().count());
      next_.store(earliest);
      if (earliest == never)
        wake_.wait(lock, [&] { return stop_ || next_.load() != never; });
      else
        wake_.wait_until(lock, deadline{deadline::duration{earliest}},
                         [&] { return stop_ || next_.load() < earliest; });
    }
  }

  std::span<watched> all_;
  std::atomic<std::int64_t> next_{never};
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace strata::cold::pg
