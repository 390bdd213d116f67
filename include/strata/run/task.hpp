// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <concepts>
#include <coroutine>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

// The coroutine type of all flows: lazy, one owner, one awaiter, resumed by symmetric transfer. Started by `co_await`
// from another task, or by run() at the bottom of a call.
namespace strata {

template <class T>
class [[nodiscard]] task;

namespace detail {

struct task_promise_base {
  std::coroutine_handle<> awaiter = std::noop_coroutine();
  std::exception_ptr thrown;

  struct hand_back {
    static constexpr bool await_ready() noexcept { return false; }
    template <class P>
    static std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) noexcept {
      return done.promise().awaiter;
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
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() { return handle_.promise().take(); }

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
