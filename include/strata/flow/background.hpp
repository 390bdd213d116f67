// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/follow.hpp>
#include <strata/flow/upkeep.hpp>
#include <strata/run/worker.hpp>

#include <exception>
#include <type_traits>

// What goes on while nobody calls: the feed raises floors, the flusher carries usage counts down.
namespace strata::flow {

/// Where the feed delivers.
template <class Core>
struct sink {
  Core* core;
  void operator()(news const& heard) const noexcept { follow(*core, heard); }
};

template <class Core>
struct flush_job {
  Core* core;
  void operator()() const noexcept {
    try {
      (void)flush_usage(*core, core->clock.now() + core->limits.write_within).run();
    } catch (std::exception const&) {  // no memory now: the next time
    }
  }
};

namespace detail {

template <class Core, bool Follows = Core::follows>
struct feed {
  explicit feed(Core&) noexcept {}
};
template <class Core>
struct feed<Core, true> {
  explicit feed(Core& core) : subscription{core.warm.tier().follow(sink<Core>{&core})} {}
  decltype(std::declval<Core&>().warm.tier().follow(std::declval<sink<Core>>())) subscription;
};

template <class Core, bool Counts = Core::counts_use>
struct flusher {
  explicit flusher(Core&) noexcept {}
};
template <class Core>
struct flusher<Core, true> {
  explicit flusher(Core& core) : thread{core.limits.flush_every, flush_job<Core>{&core}} {}
  worker thread;
};

}  // namespace detail

template <class Core>
class background {
 public:
  explicit background(Core& core) : feed_{core}, flusher_{core} {}

 private:
  [[no_unique_address]] detail::feed<Core> feed_;
  [[no_unique_address]] detail::flusher<Core> flusher_;
};

}  // namespace strata::flow
