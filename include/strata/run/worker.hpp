// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/run/mutex.hpp>
#include <strata/run/thread.hpp>

#include <chrono>
#include <utility>

namespace strata {

/// One thread that does something at once, again after a first pause and then every so often, until it is destroyed.
class worker {
 public:
  /// \param job  must not throw
  template <class Job>
  worker(std::chrono::milliseconds first, std::chrono::milliseconds every, Job job)
      : thread_{[this, pause = first, every, job = std::move(job)]() mutable {
          using clock = deferred<std::chrono::steady_clock, Job>;
          auto held = guard_.hold();
          while (!stopped_) {
            held.unlock();
            job();
            held.lock();
            (void)wake_.wait_until(held, clock::now() + pause, [&] { return stopped_; });
            pause = every;
          }
        }} {}
  worker(worker const&) = delete;
  worker& operator=(worker const&) = delete;
  /// Returns when the job is not running any more and will not run again.
  ~worker() {
    {
      auto const held = guard_.hold();
      stopped_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }

 private:
  detail::mutex guard_;
  detail::condition wake_;
  bool stopped_ = false;
  detail::thread thread_;
};

}  // namespace strata
