// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <coroutine>
#include <exception>

namespace strata::detail {

/// A coroutine that nobody waits for: begins at once, and takes its frame with it when it ends.
struct unattended {
  struct promise_type {
    static unattended get_return_object() noexcept { return {}; }
    static std::suspend_never initial_suspend() noexcept { return {}; }
    static std::suspend_never final_suspend() noexcept { return {}; }
    static void return_void() noexcept {}
    static void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Goes on where `askers` posts it.
template <class Askers>
struct move_to {
  Askers& askers;
  static constexpr bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> h) { askers.post(h); }
  static void await_resume() noexcept {}
};

}  // namespace strata::detail
