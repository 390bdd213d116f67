// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/run/task.hpp>

#include <coroutine>
#include <optional>
#include <utility>

namespace strata {

/// What a co_ verb gives: await it once. What is there already never suspends; else the flow runs on the executor, and
/// the awaiting coroutine goes on there.
template <class Executor, class T>
class [[nodiscard]] later {
 public:
  explicit later(T&& already) : ready_{std::move(already)} {}
  later(Executor& where, task<T>&& flow) : executor_{&where}, flow_{std::move(flow)} {}

  [[nodiscard]] bool await_ready() const noexcept { return ready_.has_value(); }
  void await_suspend(std::coroutine_handle<> awaiter) { executor_->post(flow_->posted_by(awaiter)); }
  T await_resume() { return ready_ ? std::move(*ready_) : flow_->await_resume(); }

 private:
  Executor* executor_ = nullptr;
  std::optional<T> ready_;
  std::optional<task<T>> flow_;
};

}  // namespace strata
