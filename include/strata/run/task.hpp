// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

// The coroutine type of all flows: lazy, one owner, one awaiter. Started by `co_await` from another task, or by run() at the
// bottom of a call. What ends before it was ever suspended returns to its awaiter as a function would, so that a loop of such
// calls needs no more stack than one; symmetric transfer alone would pile them up wherever compilers make no tail calls,
// which GCC does from -O2 on, and not under sanitizers.
namespace strata {

template <class T>
class [[nodiscard]] task;

namespace detail {

struct task_promise_base {
  std::coroutine_handle<> awaiter = std::noop_coroutine();
  std::exception_ptr thrown;
  std::atomic<bool> one_has_been{false};  ///< of two moments: that it ended, and that its awaiter let go of it

  /// One of the two is now. \returns whether the other has been
  [[nodiscard]] bool other_was_first() noexcept { return one_has_been.exchange(true, std::memory_order_acq_rel); }

  struct hand_back {
    static constexpr bool await_ready() noexcept { return false; }
    template <class P>
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      auto& p = done.promise();
      return p.other_was_first() ? p.awaiter : std::noop_coroutine();
    }
    static void await_resume() noexcept {}
  };
  static std::suspend_always initial_suspend() noexcept { return {}; }
  static hand_back final_suspend() noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct task_promise : task_promise_base {
  std::optional<T> value;

  task<T> get_return_object() noexcept;
  void return_value(T&& given) { value.emplace(std::move(given)); }
  template <class U>
    requires(std::constructible_from<T, U> && !std::same_as<std::remove_cvref_t<U>, T>)
  void return_value(U&& given) {
    value.emplace(std::forward<U>(given));
  }
  void return_value(T const& given) { value.emplace(given); }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object() noexcept;
  static void return_void() noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

/// A computation not yet started. Destroying it destroys what it has suspended in.
template <class T>
class task {
 public:
  using promise_type = detail::task_promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  explicit task(handle h) noexcept : handle_{h} {}
  task(task&& other) noexcept : handle_{std::exchange(other.handle_, {})} {}
  task& operator=(task other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~task() {
    if (handle_) handle_.destroy();
  }

  static constexpr bool await_ready() noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> awaiter) noexcept {
    auto& p = handle_.promise();
    p.awaiter = awaiter;
    handle_.resume();
    return !p.other_was_first();
  }
  T await_resume() { return handle_.promise().take(); }

  /// For who has it begin elsewhere. \returns what to resume there; where it ends, the awaiter goes on
  std::coroutine_handle<> posted_by(std::coroutine_handle<> awaiter) noexcept {
    auto& p = handle_.promise();
    p.awaiter = awaiter;
    (void)p.other_was_first();
    return handle_;
  }

  /// Runs to the end on this thread. Only for tasks that never suspend, as flows over blocking tiers do not.
  T run() && {
    handle_.resume();
    return handle_.promise().take();
  }

 private:
  handle handle_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
  return task<T>{std::coroutine_handle<task_promise>::from_promise(*this)};
}
inline task<void> detail::task_promise<void>::get_return_object() noexcept {
  return task<void>{std::coroutine_handle<task_promise>::from_promise(*this)};
}

namespace detail {
template <class T>
struct ready {
  T value;
  static constexpr bool await_ready() noexcept { return true; }
  static void await_suspend(std::coroutine_handle<>) noexcept {}
  T await_resume() noexcept(std::is_nothrow_move_constructible_v<T>) { return std::move(value); }
};

/// A function that is called when its result is awaited, which then stands nowhere else.
template <class F>
struct when_awaited {
  F call;
  static constexpr bool await_ready() noexcept { return true; }
  static void await_suspend(std::coroutine_handle<>) noexcept {}
  auto await_resume() { return call(); }
  auto run() && { return call(); }
};
}  // namespace detail

/// Makes what a tier's function gave awaitable: a plain result is there already.
template <class A>
decltype(auto) awaiting(A&& given) {
  if constexpr (requires { given.await_ready(); })
    return std::forward<A>(given);
  else
    return detail::ready<std::remove_cvref_t<A>>{std::forward<A>(given)};
}

}  // namespace strata
