// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/error.hpp>
#include <strata/flow/channel.hpp>
#include <strata/kernel/moment.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <vector>

// K11: what a tier's answers say of it, and when it is not asked.
using namespace strata;
using namespace std::chrono_literals;
using flow::direction;

namespace {

struct core {
  struct {
    kernel::moment time{1h};
    [[nodiscard]] kernel::moment now() const noexcept { return time; }
  } clock;
  static void took(tier, direction, kernel::moment::duration) noexcept {}
};
struct nothing {};
struct asked_tier {
  asked_tier(nothing, nothing) noexcept {}
  int calls = 0;
};

/// Asks one tier, which answers what it is told to.
struct stage {
  core c;
  flow::channel<asked_tier> to{tier::cold, nothing{}, nothing{}};

  result<int> ask(result<int> answer, direction d = direction::reading, std::chrono::milliseconds within = 1s) {
    return to.ask(c, d, c.clock.time + within, [&](asked_tier& t) { return ++t.calls, answer; }).run();
  }
  result<int> sound(result<int> answer, std::chrono::milliseconds within = 1s) {
    return to.sound(c, direction::reading, c.clock.time + within, [&](asked_tier& t) { return ++t.calls, answer; })
        .run();
  }
  std::vector<result<int>> ask_many(std::vector<result<int>> answers, std::chrono::milliseconds within = 1s) {
    return to
        .ask_many(c, direction::reading, c.clock.time + within, answers.size(),
                  [&](asked_tier& t) { return ++t.calls, answers; })
        .run();
  }
  [[nodiscard]] int calls() const { return to.tier().calls; }
  [[nodiscard]] bool rests() const { return to.resting(direction::reading); }
};
result<int> fails(errc how) { return failure(how, tier::cold, "so it was told"); }

}  // namespace

BOOST_AUTO_TEST_SUITE(channels)

BOOST_AUTO_TEST_CASE(a_tier_that_fails_three_times_is_left_alone_for_a_while) {
  for (auto const how : {errc::unavailable, errc::timed_out}) {
    stage s;
    for (int i = 0; i < 3; ++i) BOOST_TEST((s.ask(fails(how)).error() == how));
    BOOST_TEST(s.rests());
    BOOST_TEST((s.ask(1).error() == errc::unavailable));
    auto const many = s.ask_many({1, 2});
    BOOST_TEST((many.size() == 2U && many[0].error() == errc::unavailable && many[1].error() == errc::unavailable));
    BOOST_TEST(s.calls() == 3);
    s.c.clock.time += 50ms;
    BOOST_TEST(s.ask(1).has_value());
    BOOST_TEST((s.calls() == 4 && !s.rests()));
  }
}

BOOST_AUTO_TEST_CASE(reads_and_writes_are_left_alone_apart) {
  stage s;
  for (int i = 0; i < 3; ++i) BOOST_TEST(!s.ask(fails(errc::unavailable), direction::writing));
  BOOST_TEST((s.to.resting(direction::writing) && !s.rests()));
  BOOST_TEST(s.ask(1).has_value());
}

BOOST_AUTO_TEST_CASE(what_a_tier_refuses_says_that_it_is_well) {
  stage s;
  for (auto const how : {errc::rejected, errc::conflict, errc::corrupt, errc::unknown, errc::rejected})
    BOOST_TEST(!s.ask(fails(how)));
  BOOST_TEST(!s.rests());
}

BOOST_AUTO_TEST_CASE(a_call_whose_time_is_over_asks_nobody_and_says_nothing) {
  stage s;
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST((s.ask(1, direction::reading, 0ms).error() == errc::timed_out));
    BOOST_TEST((s.sound(1, 0ms).error() == errc::timed_out));
    BOOST_TEST((s.ask_many({1, 2}, 0ms).at(1).error() == errc::timed_out));
  }
  BOOST_TEST((s.calls() == 0 && !s.rests()));
}

BOOST_AUTO_TEST_CASE(who_gives_up_at_once_says_nothing_but_who_is_refused_does) {
  stage s;
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(!s.ask(fails(errc::timed_out), direction::reading, 9ms));
    BOOST_TEST(!s.ask_many({fails(errc::timed_out), fails(errc::timed_out)}, 9ms).front());
  }
  BOOST_TEST(!s.rests());
  for (int i = 0; i < 3; ++i) BOOST_TEST(!s.ask(fails(errc::unavailable), direction::reading, 9ms));
  BOOST_TEST(s.rests());
}

BOOST_AUTO_TEST_CASE(a_batch_counts_as_one_call_and_fails_only_as_a_whole) {
  stage s;
  auto const bad = fails(errc::unavailable);
  for (int i = 0; i < 5; ++i) (void)s.ask_many({bad, 1, bad});
  for (int i = 0; i < 2; ++i) (void)s.ask_many({bad, bad, bad});
  BOOST_TEST(!s.rests());
  (void)s.ask_many({bad, bad, bad});
  BOOST_TEST(s.rests());
}

BOOST_AUTO_TEST_CASE(the_caches_own_questions_find_out_when_a_tier_is_back_and_blame_it_for_nothing) {
  stage s;
  for (int i = 0; i < 5; ++i) BOOST_TEST(!s.sound(fails(errc::timed_out)));
  BOOST_TEST(!s.rests());
  for (int i = 0; i < 3; ++i) BOOST_TEST(!s.ask(fails(errc::unavailable)));
  BOOST_TEST(!s.sound(fails(errc::unavailable)));
  BOOST_TEST(s.rests());
  BOOST_TEST(s.sound(1).has_value());
  BOOST_TEST(!s.rests());
  BOOST_TEST(s.ask(1).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
