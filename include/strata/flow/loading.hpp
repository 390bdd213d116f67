// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/kernel/flight.hpp>
#include <strata/run/mutex.hpp>

#include <exception>
#include <new>

// Loaders of the user's, and which flight waits for which: a loader may ask its cache for other keys, and of those who would
// wait for each other in a circle the last is told so.
namespace strata::flow {

/// What whoever holds flights knows of their loaders.
template <class Flight>
class loaders {
 public:
  /// Says that the loader of `mine` waits for `target`, unless that would never end.
  [[nodiscard]] bool wait_allowed(Flight& mine, Flight* target) noexcept {
    auto const held = graph_.hold();
    if (kernel::closes_circle(mine, target)) return false;
    mine.waits_for = target;
    return true;
  }
  void wait_over(Flight& mine) noexcept {
    auto const held = graph_.hold();
    mine.waits_for = nullptr;
  }

 private:
  strata::detail::mutex graph_;
};

namespace detail {
// The flight whose loader runs on this thread, and the gate it belongs to.
struct loading_flight {
  void const* gate = nullptr;
  void* flight = nullptr;
};
inline thread_local loading_flight loading;
}  // namespace detail

/// The flight of that gate whose loader runs on this thread, if any.
template <class Gate>
typename Gate::flight* loading_in(Gate& gate) noexcept {
  return detail::loading.gate == &gate ? static_cast<typename Gate::flight*>(detail::loading.flight) : nullptr;
}

/// As long as it is there, the loader that runs on this thread, if any, waits for `target`, if there is one.
template <class Gate>
class waiting {
 public:
  using flight = typename Gate::flight;
  waiting(Gate& gate, flight* target) noexcept : gate_{gate}, mine_{target != nullptr ? loading_in(gate) : nullptr} {
    if (mine_ == nullptr || gate.wait_allowed(*mine_, target)) return;
    mine_ = nullptr;
    for_ever_ = true;
  }
  waiting(waiting const&) = delete;
  waiting& operator=(waiting const&) = delete;
  ~waiting() {
    if (mine_ != nullptr) gate_.wait_over(*mine_);
  }

  /// Whether it would never end, and so must not begin.
  [[nodiscard]] bool for_ever() const noexcept { return for_ever_; }
  static error why_not() {
    return error{errc::would_deadlock, tier::none, "this key is being loaded by a caller that waits for this one"};
  }

 private:
  Gate& gate_;
  flight* mine_;
  bool for_ever_ = false;
};

namespace detail {

// Marks the flight as the one that this thread loads for, and the one it loaded for before as waiting for it.
template <class Gate>
class loading_scope {
 public:
  using flight = typename Gate::flight;
  loading_scope(Gate& gate, flight* mine) noexcept : parent_{gate, mine}, before_{loading} {
    if (mine != nullptr) loading = {&gate, mine};
  }
  loading_scope(loading_scope const&) = delete;
  loading_scope& operator=(loading_scope const&) = delete;
  ~loading_scope() { loading = before_; }

 private:
  waiting<Gate> parent_;
  loading_flight before_;
};

}  // namespace detail

/// Runs a loader, with nothing held. \param mine  the flight that it runs for, if it leads one
/// \errors loader_failed: it threw or gave an error; would_deadlock, as it gave it \throws bad_alloc
template <class Value, class Gate, class F>
result<Value> call_loader(Gate& gate, typename Gate::flight* mine, F& make) {
  detail::loading_scope<Gate> const scope{gate, mine};
  try {
    result<Value> made = make();
    if (made || made.error() == errc::would_deadlock) return made;
    return failure(errc::loader_failed, tier::none, made.error().text());
  } catch (std::bad_alloc const&) {
    throw;
  } catch (std::exception const& thrown) {
    return failure(errc::loader_failed, tier::none, thrown.what());
  } catch (...) {
    return failure(errc::loader_failed, tier::none, "the loader threw something that is no std::exception");
  }
}

}  // namespace strata::flow
