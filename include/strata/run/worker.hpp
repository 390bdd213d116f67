// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace strata {

/// One thread that does something every so often, until it is stopped or destroyed.
class worker {
 public:
  /// \param job  must not throw
  template <class Job>
  worker(std::chrono::milliseconds every, Job job)
      : thread_{[this, every, job = std::move(job)]() mutable {
          for (std::unique_lock held{guard_}; !wake_.wait_for(held, every, [&] { return stopped_; });) {
            held.unlock();
            job();
            held.lock();
          }
        }} {}
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  ~worker() { stop(); }

  /// Returns when the job is not running any more and will not run again.
  void stop() noexcept {
    {
      std::lock_guard const held{guard_};
      stopped_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::mutex guard_;
  std::condition_variable wake_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace strata
