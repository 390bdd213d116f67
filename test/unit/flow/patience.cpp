// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/digits.hpp"

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/query/explain.hpp>
#include <strata/run/unattended.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// K4, P8: callers with different deadlines who miss the same key. Neither may cost the other an answer.
using namespace strata;
using namespace std::chrono_literals;
using strata_test::digits;

namespace {

/// The first load takes as long as it is told, or until it is let go; all others take no time.
struct sluggish {
  struct options {
    std::chrono::milliseconds first{0};
    std::atomic<bool> const* let_go = nullptr;
  };
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) : first_{o.first}, let_go_{o.let_go} {}
    result<copy<Value>> load(std::string_view, deadline until) {
      if (loads_++ == 0) {
        auto const end = std::chrono::steady_clock::now() + first_;
        while (std::chrono::steady_clock::now() < std::min(end, until) && !*let_go_) std::this_thread::sleep_for(1ms);
        if (std::chrono::steady_clock::now() >= until) return failure(errc::timed_out, strata::tier::cold);
      }
      return copy<Value>{.value = 7, .revision = revision{1}};
    }
    result<written> store(std::string_view, Value const&, expectation, deadline) { return written{}; }
    result<written> erase(std::string_view, deadline) { return written{}; }
    [[nodiscard]] int loads() const { return loads_; }

   private:
    std::chrono::milliseconds first_;
    std::atomic<bool> const* let_go_;
    std::atomic<int> loads_{0};
  };
};
using numbers = cache<none, none, sluggish, digits, single_writer>;

/// Two readers, the second while the first one's load is under way, which is let go when the second has its answer.
struct two {
  explicit two(std::chrono::milliseconds load, std::chrono::milliseconds patience_of_first,
               std::chrono::milliseconds patience_of_second)
      : c{{.cold = {.first = load, .let_go = &answered}}} {
    std::jthread const leader{[&] { first = c.get("k", {.within = patience_of_first}); }};
    while (c.cold().loads() == 0) std::this_thread::sleep_for(1ms);
    auto const began = std::chrono::steady_clock::now();
    second = c.get("k", {.within = patience_of_second});
    took = std::chrono::steady_clock::now() - began;
    answered = true;
  }
  std::atomic<bool> answered{false};
  numbers c;
  numbers::answer first, second;
  std::chrono::nanoseconds took{};
};

/// One number under every key, behind a gate.
struct guarded_number {
  struct state {
    std::mutex guard;
    std::condition_variable changed;
    std::map<std::string, copy<int>, std::less<>> rows;
    std::uint64_t last = 0;
    bool held = false;
    bool broken = false;
    bool throws = false;
    int overtaken = 0;  // so many stores find what is gone again when it is looked for
    int waiting = 0;
  };
  struct options {
    std::shared_ptr<state> shared;
  };
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) : state_{o.shared} {}
    result<copy<Value>> load(std::string_view key, deadline until) {
      std::unique_lock held{state_->guard};
      ++state_->waiting;
      bool const open = state_->changed.wait_until(held, until, [&] { return !state_->held; });
      --state_->waiting;
      if (!open) return failure(errc::timed_out, strata::tier::cold);
      if (state_->broken) return failure(errc::unavailable, strata::tier::cold);
      if (state_->throws) throw 7;  // as a user's type may, while it is copied
      auto const row = state_->rows.find(key);
      return row == state_->rows.end() ? copy<Value>{} : row->second;
    }
    result<written> store(std::string_view key, Value const& n, expectation, deadline) {
      if (std::lock_guard const held{state_->guard}; state_->overtaken > 0 && state_->overtaken-- > 0)
        return failure(errc::conflict, strata::tier::cold);
      return write(key, copy<Value>{.value = n});
    }
    result<written> erase(std::string_view key, deadline) { return write(key, copy<Value>{}); }

   private:
    result<written> write(std::string_view key, copy<Value> row) {
      std::lock_guard const held{state_->guard};
      row.revision = revision{++state_->last};
      state_->rows[std::string{key}] = row;
      return written{.revision = row.revision};
    }
    std::shared_ptr<state> state_;
  };
};
using guarded_cache = cache<hot::lru, none, guarded_number, digits, single_writer>;
struct guarded : guarded_cache {
  explicit guarded(std::shared_ptr<guarded_number::state> s = std::make_shared<guarded_number::state>())
      : guarded_cache{{.cold = {s}}}, state_{std::move(s)} {}
  ~guarded() { let_go(); }  // else closing would wait for the questions

  void hold() {
    set([&] { state_->held = true; });
  }
  void let_go() {
    set([&] { state_->held = false; });
  }
  void break_down() {
    set([&] { state_->broken = true; });
  }
  void let_throw() {
    set([&] { state_->throws = true; });
  }
  void overtake(int times) {
    set([&] { state_->overtaken = times; });
  }
  void change(int n) {
    set([&] { state_->rows["k"] = {.value = n, .revision = revision{++state_->last}}; });
  }
  int held() {
    auto const hit = get("k");
    return hit ? *hit : 0;
  }
  int waiting() {
    std::lock_guard const held{state_->guard};
    return state_->waiting;
  }

 private:
  template <class F>
  void set(F change) {
    std::lock_guard const held{state_->guard};
    change();
    state_->changed.notify_all();
  }
  std::shared_ptr<guarded_number::state> state_;
};

template <class F>
bool soon(F holds) {
  for (auto const until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(patience)

BOOST_AUTO_TEST_CASE(a_caller_in_a_hurry_does_not_wait_for_one_that_has_time) {
  two const t{1min, 1min, 20s};
  BOOST_TEST(t.second.has_value());
  BOOST_TEST((t.took < 20s));
  BOOST_TEST(t.first.has_value());
}

BOOST_AUTO_TEST_CASE(a_caller_that_has_time_is_not_failed_by_one_in_a_hurry) {
  two const t{1min, 1s, 20s};
  BOOST_TEST((t.first.failed() && t.first.error() == errc::timed_out));
  BOOST_TEST(t.second.has_value());
}

BOOST_AUTO_TEST_CASE(callers_with_as_much_time_share_one_load) {
  two const t{1s, 20s, 20s};
  BOOST_TEST((t.first.has_value() && t.second.has_value()));
  BOOST_TEST(t.c.cold().loads() == 1);
}

// K11: else three of them would make the tier rest for everybody.
BOOST_AUTO_TEST_CASE(callers_in_a_hurry_say_nothing_of_a_tier) {
  guarded c;
  c.hold();
  for (int i = 0; i < 10; ++i) BOOST_TEST((c.get("k", {.within = 5ms}).error() == errc::timed_out));
  c.let_go();
  BOOST_TEST(c.get("k", {.within = 20s}).absent());
}

// The soft deadline: how long a reader waits below who would take an older copy.

BOOST_AUTO_TEST_CASE(what_came_and_went_while_a_loader_ran_is_loaded_again) {
  guarded c;
  c.overtake(2);
  int made = 0;
  auto const hit = c.get_or_load("k", [&] { return ++made; });
  BOOST_TEST((hit && *hit == 3));
  BOOST_TEST(made == 3);
  c.overtake(1'000);
  BOOST_TEST(c.get_or_load("other", [&] { return ++made; }).absent());  // and not for ever
}

/// Tells how long it was given.
struct asked_warm {
  struct options {
    std::chrono::nanoseconds* given = nullptr;
  };
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) : given_{o.given} {}
    result<sighting> load(std::string_view, deadline until) {
      *given_ = until - std::chrono::steady_clock::now();
      return failure(errc::unavailable, strata::tier::warm);
    }
    result<position> store(frame const&, std::optional<position>, deadline) {
      return failure(errc::unavailable, strata::tier::warm);
    }
    result<position> erase(std::string_view, revision, deadline) {
      return failure(errc::unavailable, strata::tier::warm);
    }

   private:
    std::chrono::nanoseconds* given_;
  };
};

BOOST_AUTO_TEST_CASE(the_time_of_a_loader_is_not_for_warm) {  // K11
  std::chrono::nanoseconds given{0};
  cache<none, asked_warm, guarded_number, digits, single_writer> c{
      {.warm = {&given}, .cold = {std::make_shared<guarded_number::state>()}}};
  auto const made = c.get_or_load("k", [] { return 7; }, {.within = 10min});
  BOOST_TEST((made && *made == 7));
  BOOST_TEST((given > 0ns && given <= 500ms));
}

BOOST_AUTO_TEST_CASE(who_explains_leaves_cold_most_of_the_time) {  // K11
  std::chrono::nanoseconds given{0};
  cache<none, asked_warm, guarded_number, digits, single_writer> c{
      {.warm = {&given}, .cold = {std::make_shared<guarded_number::state>()}}};
  auto const told = explain(c, "k", {.within = 10s});
  BOOST_TEST((told && told->warm.fault && !told->cold.fault));
  BOOST_TEST((given > 0ns && given <= 2'500ms));
}

BOOST_AUTO_TEST_CASE(after_the_soft_deadline_memory_answers_and_the_question_goes_on) {
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.hold();
  c.change(2);  // by somebody of whom nobody hears
  auto const older = c.get("k", {.within = 1min, .mode = read_mode::cold, .soft_within = 20ms});
  BOOST_TEST((older && *older == 1 && older.freshness() == freshness::stale && older.tier() == tier::hot));
  BOOST_TEST(c.held() == 1);
  c.let_go();
  BOOST_TEST(soon([&] { return c.held() == 2; }));  // what was found is kept
}

BOOST_AUTO_TEST_CASE(an_answer_before_the_soft_deadline_is_the_answer) {
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.change(2);
  auto const newer = c.get("k", {.mode = read_mode::cold, .soft_within = 10s});
  BOOST_TEST((*newer == 2 && newer.freshness() == freshness::fresh && newer.tier() == tier::cold));
  BOOST_TEST(**c.visit("k", [](int n) { return n; }, {.mode = read_mode::cold, .soft_within = 10s}) == 2);
  c.break_down();
  BOOST_TEST((c.get("k", {.mode = read_mode::cold, .soft_within = 10s}).error() == errc::unavailable));
  BOOST_TEST((c.get("k", {.mode = read_mode::cold, .stale_if_error = true, .soft_within = 10s}).freshness() ==
              freshness::stale));
}

BOOST_AUTO_TEST_CASE(who_finds_nothing_in_memory_waits_until_the_end) {
  guarded c;
  c.change(2);
  c.hold();
  std::jthread const later{[&] {
    while (c.waiting() == 0) std::this_thread::sleep_for(1ms);
    std::this_thread::sleep_for(100ms);
    c.let_go();
  }};
  auto const found = c.get("k", {.within = 1min, .soft_within = 1ms});
  BOOST_TEST((*found == 2 && found.tier() == tier::cold));
  c.hold();
  BOOST_TEST((c.get("other", {.within = 50ms, .soft_within = 1ms}).error() == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(what_is_erased_while_somebody_waits_is_given_to_nobody) {  // P5
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.hold();
  std::jthread const eraser{[&] {
    while (c.waiting() == 0) std::this_thread::sleep_for(1ms);
    BOOST_TEST(c.erase("k").has_value());
    c.let_go();
  }};
  auto const gone = c.get("k", {.within = 1min, .mode = read_mode::cold, .soft_within = 10s});
  BOOST_TEST(gone.absent());
  BOOST_TEST(c.get("k", {.mode = read_mode::cold, .soft_within = 1ms}).absent());
}

BOOST_AUTO_TEST_CASE(a_batch_takes_what_memory_has_once_it_has_all_of_it) {
  guarded c;
  BOOST_REQUIRE((c.put("k", 1) && c.put("l", 2)));
  c.hold();
  auto const all =
      c.get_many(std::vector<std::string>{"k", "l"}, {.within = 1min, .mode = read_mode::cold, .soft_within = 20ms});
  BOOST_TEST((*all[0].second == 1 && *all[1].second == 2 && all[1].second.freshness() == freshness::stale));
  auto const one_lacks =
      c.get_many(std::vector<std::string>{"k", "m"}, {.within = 50ms, .mode = read_mode::cold, .soft_within = 20ms});
  BOOST_TEST((one_lacks[0].second.error() == errc::timed_out && one_lacks[1].second.error() == errc::timed_out));
}

BOOST_AUTO_TEST_CASE(beyond_so_many_questions_nothing_is_asked) {  // K12
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.hold();
  for (int i = 0; i < 64; ++i)
    BOOST_TEST((c.get("k", {.within = 1min, .mode = read_mode::cold, .soft_within = 1ms}).tier() == tier::hot));
  auto const at_once = c.get("k", {.within = 1min, .mode = read_mode::cold, .soft_within = 30s});
  BOOST_TEST((at_once.freshness() == freshness::stale && *at_once == 1));
}

BOOST_AUTO_TEST_CASE(what_is_thrown_at_a_question_ends_the_question) {
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.let_throw();
  BOOST_CHECK_THROW((void)c.get("k", {.mode = read_mode::cold}), int);
  auto const kept = c.get("k", {.mode = read_mode::cold, .soft_within = 10s});
  BOOST_TEST((kept && *kept == 1 && kept.freshness() == freshness::stale));
}

BOOST_AUTO_TEST_CASE(who_waits_for_ever_waits) {
  constexpr auto ever = std::chrono::milliseconds::max();
  guarded c;
  BOOST_REQUIRE(c.put("k", 1, {.within = ever}));
  c.change(2);
  auto const hard = c.get("k", {.within = ever, .mode = read_mode::cold});
  auto const soft = c.get("k", {.within = ever, .mode = read_mode::cold, .soft_within = ever});
  BOOST_TEST((*hard == 2 && *soft == 2));
  c.close(ever);
}

BOOST_AUTO_TEST_CASE(a_coroutine_may_have_a_soft_deadline_too) {
  constexpr int callers = 70;              // more than there are threads
  std::atomic<int> given{0}, answered{0};  // closing the cache waits for who writes to them
  guarded c;
  BOOST_REQUIRE(c.put("k", 1));
  c.hold();
  auto const ask = [](guarded& cache, std::atomic<int>& right, std::atomic<int>& all) -> strata::detail::unattended {
    auto const hit = co_await cache.co_get("k", {.within = 1min, .mode = read_mode::cold, .soft_within = 20ms});
    if (hit && hit.freshness() == freshness::stale && *hit == 1) ++right;
    ++all;
  };
  for (int i = 0; i < callers; ++i) ask(c, given, answered);
  BOOST_TEST(soon([&] { return answered == callers; }));
  BOOST_TEST(given == callers);
  c.let_go();
}

BOOST_AUTO_TEST_SUITE_END()
