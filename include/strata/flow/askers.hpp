// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/run/threads.hpp>

#include <atomic>
#include <coroutine>
#include <cstddef>
#include <type_traits>

// Where questions go on whose askers have left (flow/soft.hpp). On threads of their own where the executor is ours: on its
// threads the askers of co_ calls wait, and would keep their questions from being asked. Another's executor runs them as it
// runs everything: of a second one nobody would know.
namespace strata::flow {

template <class Executor, bool Own = std::is_same_v<Executor, threads>>
class askers {
 public:
  static constexpr std::size_t most = 64;  ///< questions at once (K12)

  /// With a thread for each question, as soon as so many are asked: for those whose answer others wait for from the moment
  /// they are put. An asker on one of fewer threads could wait for a question that stands in line behind it.
  askers()
    requires std::is_constructible_v<Executor, std::size_t>
      : own_{most} {}
  explicit askers(Executor& theirs) noexcept : theirs_{&theirs} {}

  /// False: too many are being asked.
  [[nodiscard]] bool enter() noexcept {
    if (count_.fetch_add(1, std::memory_order_relaxed) < most) return true;
    leave();
    return false;
  }
  void leave() noexcept { count_.fetch_sub(1, std::memory_order_relaxed); }
  void post(std::coroutine_handle<> question) {
    if constexpr (Own)
      own_.post(question);
    else
      theirs_->post(question);
  }
  /// Answers what was asked, and ends the threads.
  void stop() noexcept {
    if constexpr (Own) own_.stop();
  }

 private:
  struct nothing {};

  Executor* theirs_ = nullptr;
  std::atomic<std::size_t> count_{0};
  [[no_unique_address]] std::conditional_t<Own, Executor, nothing> own_;  // no thread before the first question
};

}  // namespace strata::flow
