// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// co_ calls and who runs them: threads of the cache's or an executor of the user's, while calls hang and caches end.
#include "../../support/digits.hpp"

#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/run/unattended.hpp>
#include <strata/testing/memory_cold.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace strata;
using namespace std::chrono_literals;
using strata::detail::unattended;
using strata_test::digits;
using testing::memory_cold;

namespace {

/// Its loads may hang until their time is over.
struct hanging_cold {
  static inline std::atomic<bool> hangs{false};
  static inline std::atomic<int> hanging{0};
  using options = memory_cold::options;
  template <class Key, class Value, class Context>
  class tier : public memory_cold::tier<Key, Value, Context> {
    using base = memory_cold::tier<Key, Value, Context>;

   public:
    using base::base;
    result<copy<Value>> load(std::string_view key, deadline until) {
      for (++hanging; hangs && std::chrono::steady_clock::now() < until;) std::this_thread::sleep_for(1ms);
      --hanging;
      return base::load(key, until);
    }
  };
};
using hanging = cache<hot::lru, none, hanging_cold, digits>;

/// An executor of the user's, who runs it himself.
struct queue {
  using event = threads::event;
  static constexpr std::suspend_never at(point) noexcept { return {}; }
  void post(std::coroutine_handle<> work) {
    std::scoped_lock const lock{guard};
    posted.push_back(work);
  }
  void run() {
    for (std::unique_lock held{guard}; !posted.empty(); held.lock()) {
      auto const work = posted.front();
      posted.pop_front();
      held.unlock();
      work.resume();
    }
  }
  std::mutex guard;
  std::deque<std::coroutine_handle<>> posted;
};
using queued = cache<hot::lru, none, memory_cold, digits, single_writer, executor<queue>>;
using queued_in_memory = cache<hot::lru, none, none, digits, executor<queue>>;

struct outcome {
  std::atomic<errc> code{};
  std::atomic<bool> there{false};
};
template <class Cache>
unattended ask(Cache& c, std::string key, std::chrono::milliseconds within, outcome& told) {
  auto const found = co_await c.co_get(key, {.within = within});
  if (found.failed()) told.code = found.error().code();
  told.there = true;
}

template <class F>
bool soon(F holds) {
  for (auto const until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

template <class F>
std::chrono::nanoseconds time_of(F f) {
  auto const began = std::chrono::steady_clock::now();
  f();
  return std::chrono::steady_clock::now() - began;
}

/// Calls of coroutines that hang until it lets them go.
struct hung {
  hung(hanging& c, outcome& told) {
    hanging_cold::hangs = true;
    for (int i = 0; i < 8; ++i) ask(c, std::to_string(i), 1min, told);
    BOOST_REQUIRE(soon([] { return hanging_cold::hanging == 8; }));
  }
  ~hung() { hanging_cold::hangs = false; }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(co_calls)

BOOST_AUTO_TEST_CASE(calls_that_hang_make_no_other_late) {
  outcome mine, theirs;
  hanging c{{}};
  hung const others{c, theirs};
  ask(c, "mine", 50ms, mine);
  BOOST_TEST(soon([&] { return mine.there.load(); }));
  BOOST_TEST(!theirs.there);
}

BOOST_AUTO_TEST_CASE(calls_that_hang_neither_hold_up_closing_nor_cost_what_was_counted) {
  outcome theirs;
  auto const shelf = std::make_shared<memory_cold::shelf<int>>();
  hanging c{{.cold = {.shared = shelf}, .limits = {.flush_every = 1h}}};
  BOOST_REQUIRE(c.put("k", 1));
  for (int i = 0; i < 10; ++i) BOOST_REQUIRE(c.get("k"));
  hung const others{c, theirs};
  BOOST_TEST((time_of([&] { c.close(500ms); }) < 20s));
  auto const told = shelf->usage_of("k");
  BOOST_TEST((told && told->count == 10U));
}

BOOST_AUTO_TEST_CASE(a_cache_that_was_closed_on_a_thread_of_its_own_waits_for_that_thread) {
  std::atomic<bool> closed{false}, ended{false}, may_end{false};
  auto c = std::make_unique<hanging>(hanging::options{});
  [](hanging& of, auto& is_closed, auto& has_ended, auto& may) -> unattended {
    (void)co_await of.co_get("k");
    of.close(1s);
    is_closed = true;
    while (!may) std::this_thread::sleep_for(1ms);
    has_ended = true;
  }(*c, closed, ended, may_end);
  BOOST_REQUIRE(soon([&] { return closed.load(); }));
  std::jthread const later{[&] {
    std::this_thread::sleep_for(50ms);
    may_end = true;
  }};
  c.reset();
  BOOST_TEST(ended);
}

template <class Cache>
void posted_is_waited_for() {
  queue q;
  outcome told;
  std::atomic<bool> closed{false};
  typename Cache::options settings;
  settings.executor = &q;
  Cache c{settings};
  ask(c, "k", 1min, told);
  {
    std::jthread const closing{[&] {
      c.close(20s);
      closed = true;
    }};
    std::this_thread::sleep_for(50ms);
    BOOST_TEST(!closed);
    q.run();
  }
  BOOST_TEST((told.there && told.code == errc::closed));
  outcome late;
  ask(c, "k", 1min, late);  // at once and here
  BOOST_TEST((late.there && late.code == errc::closed && q.posted.empty()));
}
BOOST_AUTO_TEST_CASE(closing_waits_for_what_an_executor_has_yet_to_begin) {
  posted_is_waited_for<queued>();
  posted_is_waited_for<queued_in_memory>();
}

BOOST_AUTO_TEST_CASE(a_question_with_a_soft_deadline_is_asked_on_the_executor_that_was_given) {
  queue q;
  std::jthread const runs{[&](std::stop_token const& ends) {
    for (; !ends.stop_requested(); std::this_thread::sleep_for(1ms)) q.run();
  }};
  queued c{{.executor = &q}};
  BOOST_REQUIRE(c.put("k", 1));
  auto const asked = c.get("k", {.within = 20s, .mode = read_mode::cold, .soft_within = 5s});
  BOOST_TEST((asked && asked.tier() == tier::cold));
}

BOOST_AUTO_TEST_SUITE_END()
