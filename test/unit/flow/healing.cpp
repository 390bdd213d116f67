// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// K7: who keeps warm in step, a turn at a time and by a clock that the test moves, over a cold that takes its time.
#include "../../support/digits.hpp"

#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/kernel/budget.hpp>
#include <strata/testing/access.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;
using strata_test::digits;
using testing::access;
using testing::memory_cold;
using testing::memory_warm;

namespace {

struct by_hand {
  std::chrono::steady_clock::time_point time{100h};
  [[nodiscard]] auto now() const noexcept { return time; }
  [[nodiscard]] std::int64_t now_ms() const noexcept {
    return 1'700'000'000'000 + (time.time_since_epoch() - 100h) / 1ms;
  }
};
struct by_turns : threads {
  static constexpr bool plays = true;  // the test does
};
/// Takes so long for so many copies, and no longer than it is given.
struct slow_cold {
  struct pace {
    by_hand clock{};
    std::function<std::chrono::milliseconds(std::size_t)> takes{};
    int calls = 0;
    std::size_t most = 0;                // copies asked for at once
    std::chrono::nanoseconds longest{};  // for them
    int listed = 0;                      // pages of all that it has
    std::function<bool()> lists{};       // whether the next of them comes
    std::optional<cursor> settled{};     // what comes after it may still have something before it
    std::string open{};                  // a key whose transaction commits once a page of the log has been read
  };
  struct options : memory_cold::options {
    pace* its = nullptr;
  };
  template <class Key, class Value, class Context>
  class tier : public memory_cold::tier<Key, Value, Context> {
    using base = memory_cold::tier<Key, Value, Context>;

   public:
    tier(options const& o, Context const& c) : base{o, c}, its_{o.its} {}
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline until) {
      auto const given = until - its_->clock.time;
      auto const time = its_->takes(keys.size());
      ++its_->calls;
      its_->most = std::max(its_->most, keys.size());
      its_->longest = std::max<std::chrono::nanoseconds>(its_->longest, given);
      its_->clock.time += std::min<std::chrono::nanoseconds>(time, given);
      if (time < given) return base::load_many(keys, until);
      return std::vector<result<copy<Value>>>(keys.size(), failure(errc::timed_out, strata::tier::cold));
    }

    result<std::vector<logged>> all_after(std::string_view key, std::size_t limit, deadline until) {
      ++its_->listed;
      if (its_->lists && !its_->lists()) return failure(errc::unavailable, strata::tier::cold);
      return base::all_after(key, limit, until);
    }

    result<changes> changes_since(std::optional<cursor> from, std::size_t limit, deadline until) {
      auto page = base::changes_since(from, limit, until);
      if (page && its_->settled) page->settled = std::min(page->settled, *its_->settled);
      auto const hidden = page ? std::ranges::find(page->all, its_->open, &logged::key) : decltype(page->all.begin()){};
      if (!page || hidden == page->all.end()) return page;
      page->settled.transaction -= static_cast<std::uint64_t>(page->all.end() - hidden);
      page->all.erase(hidden);
      its_->open.clear();
      return page;
    }

   private:
    pace* its_;
  };
};
/// Says which store it is.
struct named_warm {
  struct its {
    std::string name{};
    bool fell_back = false;
    std::function<void(std::size_t)> reads{};  // before so many copies are read
  };
  struct options : memory_warm::options {
    its const* store = nullptr;
  };
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
   public:
    tier(options const& o, Context const& c) : memory_warm::tier<Key, Value, Context>{o, c}, its_{o.store} {}
    [[nodiscard]] std::string identity() const { return its_->name; }
    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
      if (its_->reads) its_->reads(keys.size());
      return memory_warm::tier<Key, Value, Context>::load_many(keys, until);
    }
    result<position> end(deadline until) const {
      return its_->fell_back ? position{} : memory_warm::tier<Key, Value, Context>::end(until);
    }

   private:
    its const* its_;
  };
};
using healed = cache<hot::lru, named_warm, slow_cold, digits, strata::clock<by_hand>, strata::executor<by_turns>,
                     staleness<bounded>>;

struct stage {
  std::shared_ptr<memory_warm::shelf> warm = std::make_shared<memory_warm::shelf>();
  std::shared_ptr<memory_cold::shelf<int>> cold = std::make_shared<memory_cold::shelf<int>>();
  slow_cold::pace its;
  named_warm::its store{"one"};
  healed one{{.warm = {{.shared = warm}, &store}, .cold = {{cold}, &its}, .clock = &its.clock}};

  explicit stage(std::function<std::chrono::milliseconds(std::size_t)> takes) { its.takes = std::move(takes); }

  /// By a program that publishes nothing.
  void write(int count, int value) {
    for (int i = 0; i < count; ++i) BOOST_REQUIRE(cold->put(std::to_string(i), value, anything));
  }
  bool in_step() const {
    auto const now = cold->since(cursor{}, 10'000, 0);
    return std::ranges::all_of(now.all, [&](auto const& change) {
      auto const there = warm->get(change.key);
      return there.frame && there.frame->revision >= change.revision;
    });
  }
  bool in_step(std::string_view key) const { return warm->get(key).frame->revision >= cold->get(key).revision; }
  /// In step, and then the log forgets what changed, so all is held against warm; which breaks off after the first page.
  /// \returns what warm had
  std::optional<frame> break_off() {
    write(2'500, 1);
    BOOST_TEST(turns_until_in_step() > 0);
    turn();
    auto before = warm->get("0").frame;
    write(2'500, 2);
    cold->trim();
    its.listed = 0;
    its.lists = [this] { return its.listed != 2; };
    turn();
    BOOST_TEST(its.listed == 2);
    BOOST_TEST(in_step("0"));
    BOOST_TEST(!in_step("999"));
    return before;
  }
  void fall_back(frame const& to) { BOOST_REQUIRE(warm->put(to, warm->get(to.key).position)); }
  void turns() {
    for (int i = 0; i < 5; ++i) turn();
  }
  /// One turn, a while later.
  void turn() {
    its.clock.time += 2s;
    access::background(one).tend().run();
  }
  /// \returns the turns that it took; -1: more than any cache should want
  int turns_until_in_step() {
    its.calls = 0;
    its.most = 0;
    its.longest = {};
    for (int turn = 1; turn < 500; ++turn, its.clock.time += 100ms) {
      access::background(one).tend().run();
      if (in_step() && one.health().coherence.heals) return turn;
    }
    return -1;
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(healing)

BOOST_AUTO_TEST_CASE(a_page_that_takes_too_long_is_asked_for_in_smaller_ones) {
  stage s{[](std::size_t copies) { return copies > 100 ? 1min : 10ms; }};
  s.write(300, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);  // all that cold has is compared: nobody ever did
  s.write(300, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);  // by the log
  BOOST_TEST(s.its.most == 300U);           // after a pass that is complete a page is a whole one again
}

BOOST_AUTO_TEST_CASE(after_a_bad_moment_pages_grow_before_the_pass_is_complete) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(300, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  int bad = 5;  // calls: from a page of all to one of a single change
  s.its.takes = [&](std::size_t) { return bad-- > 0 ? 1min : 0ms; };
  s.write(300, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST(bad < 0);
  BOOST_TEST(s.its.calls < 20);
}

BOOST_AUTO_TEST_CASE(so_they_do_where_all_that_cold_has_is_compared) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(300, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.write(300, 2);
  s.cold->trim();
  int bad = 5;
  s.its.takes = [&](std::size_t) { return bad-- > 0 ? 1min : 0ms; };
  for (int i = 0; i < 8; ++i) s.turn();
  BOOST_TEST(bad < 0);
  BOOST_TEST((s.in_step("0") && s.in_step("99")));
  BOOST_TEST(s.its.listed < 20);
}

BOOST_AUTO_TEST_CASE(who_loses_the_horizon_during_a_page_asks_for_a_smaller_one) {
  stage s{[](std::size_t) { return 0s; }};
  s.store.reads = [&](std::size_t copies) {
    if (copies < 100) return;
    s.its.clock.time += 450ms;  // another may take it by then, and fares no better
    auto const now = s.its.clock.time.time_since_epoch();
    BOOST_TEST(
        s.cold->hold("another", 400ms, std::chrono::duration_cast<std::chrono::microseconds>(now).count()).has_value());
    s.its.clock.time += 150ms;
  };
  s.write(300, 1);
  for (int turn = 0; turn < 9; ++turn) s.turn();
  BOOST_TEST(s.in_step());
  BOOST_TEST((s.cold->reached(0).reached == s.cold->since(std::nullopt, 0, 0).settled));
}

BOOST_AUTO_TEST_CASE(a_comparison_of_all_that_breaks_off_goes_on_where_it_ended) {
  stage s{[](std::size_t) { return 0s; }};
  (void)s.break_off();
  s.its.lists = [&] { return s.its.listed % 2 == 0; };  // a page at a time
  s.write(1, 3);                                        // the log tells
  s.turns();
  BOOST_TEST((s.in_step("0") && s.in_step("999")));
  BOOST_TEST(s.its.listed == 8);
  s.turn();
  BOOST_TEST(s.its.listed == 8);
}

BOOST_AUTO_TEST_CASE(it_begins_anew_where_the_feed_does) {
  stage s{[](std::size_t) { return 0s; }};
  auto const before = s.break_off();
  s.warm->cut();
  s.fall_back(*before);
  s.warm->mend();
  s.turns();
  BOOST_TEST((s.in_step("0") && s.in_step("999")));
}

BOOST_AUTO_TEST_CASE(it_begins_anew_where_the_log_forgot_what_changed_meanwhile) {
  stage s{[](std::size_t) { return 0s; }};
  (void)s.break_off();
  s.write(1, 3);
  s.cold->trim();
  s.turns();
  BOOST_TEST((s.in_step("0") && s.in_step("999")));
}

BOOST_AUTO_TEST_CASE(it_begins_anew_where_warm_does_not_come_as_far) {
  stage s{[](std::size_t) { return 0s; }};
  auto const before = s.break_off();
  s.fall_back(*before);
  s.store.fell_back = true;
  s.turn();
  BOOST_TEST(s.its.listed == 5);  // that was all
  s.store.fell_back = false;
  s.turns();
  BOOST_TEST(s.in_step("0"));
}

BOOST_AUTO_TEST_CASE(what_changed_meanwhile_is_read_where_the_log_is_another_one) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(2'500, 1);
  auto then = s.cold->save();
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.write(2'500, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.turn();
  auto const now = s.cold->save();  // restored, but the horizon and the revisions are of now
  std::get<1>(then) = std::get<1>(now);
  std::get<4>(then) = std::get<4>(now);
  s.cold->restore(then);
  s.its.listed = 0;
  s.its.lists = [&] { return s.its.listed != 2; };
  s.turn();
  BOOST_TEST(s.its.listed == 2);
  s.write(1, 3);
  s.turns();
  BOOST_TEST(s.in_step("0"));
}

BOOST_AUTO_TEST_CASE(what_was_open_before_a_page_is_read_again_whatever_later_pages_say) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(2'500, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.turn();  // the log is read on from there
  s.write(2'500, 2);
  s.its.open = "7";
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST(s.its.open.empty());
}

BOOST_AUTO_TEST_CASE(a_horizon_is_as_old_as_the_first_look_of_its_pass) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(1, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.write(2'500, 2);
  s.store.reads = [&](std::size_t) { s.its.clock.time += 100ms; };
  auto const first = s.its.clock.time + 2s;
  s.turn();
  BOOST_TEST(s.in_step());
  // What is committed after that may stand before what later looks see.
  BOOST_TEST((std::chrono::microseconds{s.cold->reached(0).taken_us} == first.time_since_epoch()));
}

BOOST_AUTO_TEST_CASE(what_was_brought_and_is_read_again_since_something_before_it_is_open_is_asked_for_once) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(5, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.its.settled = s.cold->since(std::nullopt, 0, 0).settled;
  std::size_t read = 0;
  s.store.reads = [&](std::size_t copies) { read += copies; };
  s.write(5'000, 2);
  s.turn();
  BOOST_TEST((s.in_step() && read == 5'000U));
  for (int i = 0; i < 9; ++i) s.turn();
  BOOST_TEST(read == 5'000U);
  BOOST_TEST((s.cold->reached(0).reached == *s.its.settled));
  s.write(1, 3);
  s.turn();
  BOOST_TEST((s.in_step() && read == 5'001U));
  s.warm->cut();  // and may have lost something
  s.warm->mend();
  s.turn();
  BOOST_TEST(read > 10'000U);
}

BOOST_AUTO_TEST_CASE(what_others_published_over_and_could_not_be_put_right_is_looked_at_again) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(2, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.turn();
  BOOST_REQUIRE(s.warm->put({.key = "0", .payload = "9"}, s.warm->get("0").position));
  s.cold->cut();
  s.turn();
  s.cold->mend();
  BOOST_TEST(s.turns_until_in_step() > 0);
}

BOOST_AUTO_TEST_CASE(who_takes_over_from_another_store_begins_anew) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(3, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.turn();
  {
    auto const there = std::make_shared<memory_warm::shelf>();
    named_warm::its const other_store{"other"};
    healed other{{.warm = {{.shared = there}, &other_store}, .cold = {{s.cold}, &s.its}, .clock = &s.its.clock}};
    auto const tend = [&](healed& who) { access::background(who).tend().run(); };
    for (int turn = 0; turn < 9; ++turn, s.its.clock.time += 1s) tend(other);
    tend(s.one);  // and finds that it is not the one any more
    s.write(3, 2);
    for (int turn = 0; turn < 9; ++turn, s.its.clock.time += 1s) tend(other);
    BOOST_TEST((there->get("2").frame && other.health().coherence.heals));
  }
  BOOST_TEST(!s.in_step());
  BOOST_TEST(s.turns_until_in_step() > 0);
}

BOOST_AUTO_TEST_CASE(who_has_another_store_now_begins_anew) {
  stage s{[](std::size_t) { return 0s; }};
  s.write(3, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  auto const before = s.warm->get("0").frame;
  s.write(3, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);
  s.turn();
  s.cold->trim();
  named_warm::its const other_store{"other"};
  {
    healed other{{.warm = {{.shared = std::make_shared<memory_warm::shelf>()}, &other_store},
                  .cold = {{s.cold}, &s.its},
                  .clock = &s.its.clock}};
    s.its.clock.time += 2s;
    access::background(other).tend().run();  // takes over, and comes no further
  }
  s.warm->cut();
  s.store = other_store;
  s.fall_back(*before);
  s.warm->mend();
  s.turns();
  BOOST_TEST(s.in_step("0"));
}

BOOST_AUTO_TEST_CASE(who_heals_a_restored_database_before_others_look_tells_them) {  // K10
  stage s{[](std::size_t) { return 0s; }};
  healed other{{.warm = {{.shared = s.warm}, &s.store}, .cold = {{s.cold}, &s.its}, .clock = &s.its.clock}};
  auto const go_on = [&](int times) {
    for (int i = 0; i < times; ++i, s.its.clock.time += 100ms)
      for (auto* who : {&s.one, &other}) {
        access::background(*who).watch().run();
        access::background(*who).tend().run();
      }
  };
  auto const all_have = [&](int of_0, int of_1) {
    for (auto* who : {&s.one, &other})
      for (auto const& [key, value] : {std::pair{"0", of_0}, std::pair{"1", of_1}}) {
        auto const has = who->get(key);
        BOOST_TEST((has && *has == value && has.freshness() == freshness::fresh));
      }
  };
  go_on(5);
  s.write(2, 1);
  go_on(5);
  auto const backup = s.cold->save();
  for (int value : {2, 3}) s.write(1, value);
  for (int i = 0; i < 3; ++i, go_on(5)) s.its.clock.time += 11s;  // nobody still publishes any of it
  all_have(3, 1);
  s.cold->cut();
  go_on(3);
  s.its.clock.time += 2s;
  s.cold->restore(backup);
  s.cold->mend();
  access::background(s.one).tend().run();
  for (auto const* key : {"0", "1"}) s.warm->drop(key);
  go_on(9);
  all_have(1, 1);
  s.write(2, 4);  // what was known to be old before has numbers as these
  go_on(9);
  all_have(4, 4);
}

BOOST_AUTO_TEST_CASE(what_takes_long_by_itself_is_given_more_time) {
  stage s{[](std::size_t) { return 3s; }};
  s.write(3, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST((s.its.longest > 3s && s.its.longest < kernel::publish_within));
  BOOST_TEST((s.warm->get("1").frame->operation == operation::put));
  s.its.takes = [](std::size_t) { return 0s; };
  s.write(3, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST((s.its.longest <= 1s));  // after a pass that is complete the usual
}

BOOST_AUTO_TEST_CASE(what_takes_longer_than_anything_may_is_told_by_its_revision_and_holds_nobody_up) {
  stage s{[](std::size_t) { return 1min; }};
  s.write(2, 1);
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST((s.its.longest < kernel::publish_within));
  for (auto const* key : {"0", "1"}) BOOST_TEST((s.warm->get(key).frame->operation == operation::notice));
  s.its.takes = [](std::size_t) { return 0s; };
  s.write(2, 2);
  BOOST_TEST(s.turns_until_in_step() > 0);
  BOOST_TEST((s.warm->get("1").frame->operation == operation::put));
}

BOOST_AUTO_TEST_SUITE_END()
