// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/run/task.hpp>

#include <coroutine>
#include <memory>
#include <optional>
#include <utility>

namespace strata {

/// What a co_ verb gives: await it once. What is there already never suspends; else the flow runs on the executor, and
/// the awaiting coroutine goes on there. It counts as under way from then on, so that closing waits for what the executor has
/// yet to begin; a cache that takes no calls says so at once and here.
template <class Core, class T>
class [[nodiscard]] later {
 public:
  explicit later(T&& already) : ready_{std::move(already)} {}
  later(Core& core, task<T>&& flow) : core_{&core}, flow_{std::move(flow)} {}

  [[nodiscard]] bool await_ready() const noexcept { return ready_.has_value(); }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) {
    auto const work = flow_->posted_by(awaiter);
    if (!core_->life.join()) return work;
    under_way_.reset(core_);
    core_->executor.post(work);  // which may be the end of this
    return std::noop_coroutine();
  }
  T await_resume() {
    under_way_.reset();
    return ready_ ? std::move(*ready_) : flow_->await_resume();
  }

 private:
  struct leave {
    void operator()(Core* core) const noexcept { core->life.leave(); }
  };

  Core* core_ = nullptr;
  std::unique_ptr<Core, leave> under_way_;
  std::optional<T> ready_;
  std::optional<task<T>> flow_;
};

}  // namespace strata
