// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/flow/askers.hpp>
#include <strata/run/point.hpp>

#include <array>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <utility>

// One thread plays all callers of all instances. A strand is one caller: a chain of coroutines of which the innermost is
// suspended, in a call of a tier, at an event, or simply because another one may go first. Nothing here decides anything:
// who goes next is asked of whoever drives the strands, so that a schedule is a list of numbers and can be played again.
// Time is virtual and moves only when the driver says so. Beside its callers each instance has one strand more, for a
// question whose asker does not wait for it any longer.
namespace strata::testing {

using moment = std::chrono::steady_clock::time_point;

/// A request under way to a simulated tier: the tier's part happens at a step of its own.
struct request {
  using server = void (*)(request&);
  explicit request(server s) noexcept : serve{s} {}
  server serve;
};

class scheduler {
 public:
  static constexpr std::size_t most_strands = 10;

  enum class state : std::uint8_t {
    idle,      ///< has nothing to go on with
    ready,     ///< may go on: its request reaches the tier, or its coroutine goes on
    sleeping,  ///< goes on at its time
    waiting,   ///< goes on at an event, or at its time
  };
  struct strand {
    state is = state::idle;
    std::coroutine_handle<> next;
    request* asked = nullptr;
    moment wake{};
  };

  scheduler() = default;
  scheduler(scheduler const&) = delete;
  scheduler& operator=(scheduler const&) = delete;

  /// The one that plays on this thread.
  static inline thread_local scheduler* current = nullptr;

  moment now{std::chrono::hours{1}};
  std::size_t running = 0;  ///< the strand whose step this is
  std::size_t callers = 2;  ///< strands of each instance; after those of all come the ones for questions
  std::size_t asides = 0;   ///< the first of them
  bool left = false;        ///< the running strand has left a question to the one beside it
  bool coarse = false;      ///< only calls of tiers and events are places where another strand may go first
  bool posted = false;      ///< the running strand goes on at once, as it would on an idle executor
  std::array<strand, most_strands> strands{};

  [[nodiscard]] bool can_go(std::size_t i) const noexcept {
    auto const& s = strands[i];
    return s.is == state::ready || (timed(s) && s.wake <= now);
  }
  [[nodiscard]] static bool timed(strand const& s) noexcept {
    return s.is == state::sleeping || s.is == state::waiting;
  }

  /// One step of a strand: a tier serves its request, or its coroutine goes on until it suspends again.
  void step(std::size_t i) {
    running = i;
    auto& s = strands[i];
    if (auto* const asked = std::exchange(s.asked, nullptr)) {
      s.is = state::ready;
      asked->serve(*asked);
      return;
    }
    s.is = state::idle;
    s.next.resume();
  }

  void go_on(std::coroutine_handle<> h) noexcept { go_on(running, h); }
  void go_on(std::size_t i, std::coroutine_handle<> h) noexcept {
    strands[i].next = h;
    strands[i].is = state::ready;
  }
  /// The running strand goes its way, and what it asked goes on beside it.
  void go_aside(std::coroutine_handle<> question) noexcept {
    left = true;
    go_on(asides + running / callers, question);
  }
  void ask(std::coroutine_handle<> h, request& what) noexcept {
    go_on(h);
    strands[running].asked = &what;
  }
  /// Called while serving: the answer comes at that time.
  void sleep(moment until) noexcept {
    strands[running].wake = until;
    strands[running].is = state::sleeping;
  }
  /// Called while serving: the request itself comes at that time.
  void ask_again(request& what, moment at) noexcept {
    sleep(at);
    strands[running].asked = &what;
  }
};

struct virtual_clock {
  using moment = testing::moment;
  [[nodiscard]] static moment now() noexcept { return scheduler::current->now; }
  /// As the clocks on the walls of all hosts show it.
  [[nodiscard]] static std::int64_t now_ms() noexcept { return wall_ms(now()); }
  [[nodiscard]] static std::int64_t wall_ms(moment t) noexcept {
    return 1'000'000 + std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count();
  }
  [[nodiscard]] static moment at_wall(std::int64_t ms) noexcept {
    return moment{std::chrono::milliseconds{ms - 1'000'000}};
  }
};

/// The cache's executor in a simulation: whatever waits suspends, and each point of a write is a step of its own.
struct by_schedule {
  class event {
   public:
    event() = default;
    event(event const&) = delete;
    event& operator=(event const&) = delete;

    void set() noexcept {
      happened_ = true;
      for (waiter* w = first_; w != nullptr; w = w->after) w->on->strands[w->strand].is = scheduler::state::ready;
    }
    auto wait(moment until) noexcept { return waiter{*this, until}; }

   private:
    struct waiter {
      event& of;
      moment until;
      scheduler* on = scheduler::current;
      std::size_t strand = on->running;
      waiter* after = nullptr;
      bool queued = false;

      waiter(event& e, moment at) noexcept : of{e}, until{at} {}
      waiter(waiter const&) = delete;
      waiter& operator=(waiter const&) = delete;
      ~waiter() {
        if (!queued) return;
        for (waiter** at = &of.first_; *at != nullptr; at = &(*at)->after)
          if (*at == this) {
            *at = after;
            return;
          }
      }
      [[nodiscard]] bool await_ready() const noexcept { return of.happened_; }
      void await_suspend(std::coroutine_handle<> h) noexcept {
        auto& s = on->strands[strand];
        s.next = h;
        s.wake = until;
        s.is = scheduler::state::waiting;
        after = of.first_;
        of.first_ = this;
        queued = true;
      }
      [[nodiscard]] bool await_resume() const noexcept { return of.happened_; }
    };

    waiter* first_ = nullptr;
    bool happened_ = false;
  };

  struct yield {
    static bool await_ready() noexcept { return scheduler::current->coarse; }
    static void await_suspend(std::coroutine_handle<> h) noexcept { scheduler::current->go_on(h); }
    static void await_resume() noexcept {}
  };

  static constexpr bool plays = true;  ///< the background's turns are steps too
  static yield at(point) noexcept { return {}; }
  static void post(std::coroutine_handle<> h) noexcept {
    scheduler::current->go_on(h);
    scheduler::current->posted = scheduler::current->coarse;
  }
  static void stop() noexcept {}
};

}  // namespace strata::testing

namespace strata::flow {

/// One question at a time, so that others find no room (K12).
template <>
class askers<testing::by_schedule> {
 public:
  explicit askers(testing::by_schedule&) noexcept {}
  askers(askers const&) = delete;
  askers& operator=(askers const&) = delete;

  [[nodiscard]] bool enter() noexcept { return !std::exchange(busy_, true); }
  void leave() noexcept {
    busy_ = false;
    whole_ = nullptr;
  }
  void post(std::coroutine_handle<> question) noexcept {
    whole_ = question;
    testing::scheduler::current->go_aside(question);
  }
  /// The process is killed.
  void abandon() noexcept {
    if (whole_) std::exchange(whole_, nullptr).destroy();
  }
  static void stop() noexcept {}

 private:
  bool busy_ = false;
  std::coroutine_handle<> whole_;
};

}  // namespace strata::flow
