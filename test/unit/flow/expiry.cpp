// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Values with an end, by a clock that the test moves: what has expired is given to nobody as fresh, from whatever tier, and
// who carries a copy up carries what is left of its life.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/single_thread.hpp>
#include <strata/query/explain.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;
using testing::memory_cold;
using testing::memory_warm;

namespace {

struct by_hand {
  using moment = std::chrono::steady_clock::time_point;
  moment time = moment{} + 100h;
  static inline thread_local int asked = 0;  // by each thread: a cache has one of its own, which looks at the clock too
  [[nodiscard]] moment now() const noexcept { return ++asked, time; }
  [[nodiscard]] std::int64_t now_ms() const noexcept {
    return 1'700'000'000'000 + (time.time_since_epoch() - 100h) / 1ms;
  }
};

/// Counts how often other threads than those of the test ask it.
struct by_few : by_hand {
  static inline thread_local bool one_of_ours = false;
  static inline std::atomic<int> by_others{0};
  [[nodiscard]] moment now() const noexcept { return by_others += one_of_ours ? 0 : 1, time; }
};

struct text {
  std::string id, content;
  bool operator==(text const&) const = default;
};
struct lines {
  using value_type = text;
  static constexpr std::string_view id = "lines";
  static constexpr std::uint64_t fingerprint = 1;
  static result<void> encode(text const& t, std::string& out) { return out = t.id + "\n" + t.content, result<void>{}; }
  static result<text> decode(std::string_view bytes) {
    auto const end = bytes.find('\n');
    return text{std::string{bytes.substr(0, end)}, std::string{bytes.substr(end + 1)}};
  }
};

using three = cache<hot::lru, memory_warm, memory_cold, lines, strata::clock<by_hand>, single_writer, expiry>;
using two = cache<hot::lru, none, memory_cold, lines, strata::clock<by_hand>, single_writer, expiry>;
using warm_alone = cache<hot::lru, memory_warm, none, lines, strata::clock<by_hand>, single_writer, expiry>;
using memory_alone = cache<hot::lru, none, none, lines, strata::clock<by_hand>, expiry>;
using for_ever = cache<hot::lru, none, none, lines>;

struct stage {
  by_hand clock;
  std::shared_ptr<memory_warm::shelf> warm = std::make_shared<memory_warm::shelf>();
  std::shared_ptr<memory_cold::shelf<text>> cold = std::make_shared<memory_cold::shelf<text>>();

  template <class Cache>
  typename Cache::options of() const {
    typename Cache::options o;
    o.clock = &clock;
    if constexpr (requires { o.warm.shared; }) o.warm.shared = warm;
    if constexpr (requires { o.cold.shared; }) o.cold.shared = cold;
    return o;
  }
};
constexpr auto at_most_early = 5ms;  // ends are told in milliseconds

using every_kind = std::tuple<three*, two*, warm_alone*, memory_alone*>;  // pointers: caches do not move

}  // namespace

BOOST_AUTO_TEST_SUITE(expiring)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_value_ends_and_is_absent, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  stage s;
  Cache c{s.of<Cache>()};
  BOOST_REQUIRE(c.put({"k", "a"}, {.expires_in = 10s}));
  BOOST_REQUIRE(c.put({"stays", "a"}));
  s.clock.time += 10s - at_most_early;
  BOOST_TEST((c.get("k").tier() == tier::hot && c.get("k").freshness() == freshness::fresh));
  BOOST_TEST(c.visit("k", [](text const& t) { return t.content; })->value() == "a");
  s.clock.time += at_most_early;
  BOOST_TEST(c.get("k").absent());
  BOOST_TEST(!c.visit("k", [](text const& t) { return t.content; })->has_value());
  BOOST_TEST((c.peek("k").absent() && c.get("stays") && c.stats().expired >= 2U));
  BOOST_TEST((c.get_many(std::vector<std::string>{"k", "stays"})[0].second.absent()));
  BOOST_TEST((c.update("k", [](text&) {}).error() == errc::rejected));
  BOOST_TEST(c.put_if(revision{}, {"k", "b"}).has_value());  // absence is met
  s.clock.time += 1'000h;
  BOOST_TEST(c.get("k")->content == "b");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_has_expired_is_no_hit_and_missed_once, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  stage s;
  Cache c{s.of<Cache>()};
  BOOST_REQUIRE(c.put({"k", "a"}, {.expires_in = 10s}));
  BOOST_REQUIRE(c.get("k"));
  s.clock.time += 10s;
  auto missed = [&, before = c.stats()]() mutable {
    auto const last = std::exchange(before, c.stats());
    return before.hot.hits == last.hot.hits && before.hot.misses == last.hot.misses + 1 &&
           before.expired == last.expired + 1;
  };
  BOOST_TEST((c.get("k").absent() && missed()));
  BOOST_TEST((!c.visit("k", [](text const& t) { return t.content; })->has_value() && missed()));
  BOOST_TEST((!*c.visit("k", [](text const&) {}) && missed()));
  BOOST_TEST((c.get("k", {.at_least = revision{1}}).absent() && missed()));
  BOOST_TEST((c.get_many(std::vector<std::string>{"k"})[0].second.absent() && missed()));
}
// As get, where hits have the value in them.
BOOST_AUTO_TEST_CASE(a_number_that_has_expired_is_no_hit_and_missed_once) {
  by_hand clock;
  cache<hot::lru, none, none, codec::none<int>, strata::clock<by_hand>, expiry> c{{.clock = &clock}};
  BOOST_REQUIRE(c.put("k", 1, {.expires_in = 10s}));
  auto const there = c.get("k");
  BOOST_TEST((*there == 1 && c.stats().hot.hits == 1U));
  clock.time += 10s;
  BOOST_TEST((c.get("k").absent() && c.stats().hot.hits == 1U && c.stats().hot.misses == 1U));
}

// A soft deadline leaves a question behind, which has to be answered in the call where memory is for one thread.
BOOST_AUTO_TEST_CASE(one_thread_asks_nothing_aside) {
  by_few::one_of_ours = true;
  by_few clock;
  cache<hot::single_thread<hot::lru>, none, none, lines, strata::clock<by_few>, expiry> c{{.clock = &clock}};
  BOOST_REQUIRE(c.put({"k", "a"}, {.expires_in = 10s}));
  clock.time += 10s;
  BOOST_TEST(c.get("k", {.soft_within = 10s}).absent());
  BOOST_TEST(c.get_many(std::vector<std::string>{"k"}, {.soft_within = 10s})[0].second.absent());
  BOOST_TEST(by_few::by_others == 0);
}

BOOST_AUTO_TEST_CASE(whoever_carries_a_copy_up_carries_what_is_left_of_its_life) {
  stage s;
  BOOST_REQUIRE((three{s.of<three>()}.put({"k", "a"}, {.expires_in = 10s})));
  s.warm->lose();
  s.clock.time += 4s;
  {
    three c{s.of<three>()};
    BOOST_TEST((c.get("k").tier() == tier::cold && c.get("k").tier() == tier::hot));
    BOOST_TEST(c.stats().warm.promotions == 1U);
  }
  s.clock.time += 3s;
  three c{s.of<three>()};
  BOOST_TEST((c.get("k").tier() == tier::warm));
  s.clock.time += 3s - at_most_early;
  BOOST_TEST((c.get("k").tier() == tier::hot));
  three other{s.of<three>()};
  s.clock.time += at_most_early;
  BOOST_TEST((c.get("k").absent() && other.get("k").absent()));
  BOOST_TEST(other.stats().warm.misses[static_cast<std::size_t>(miss::expired)] == 1U);
  auto const why = explain(c, "k");
  BOOST_TEST((why->hot.expired && why->declined == miss::expired && why->cold.expired && !why->cold.present));
}

BOOST_AUTO_TEST_CASE(what_a_put_says_nothing_of_is_for_the_cache_to_say) {
  stage s;
  auto settings = s.of<three>();
  settings.limits.expires_in = 1s;
  three c{settings};
  BOOST_REQUIRE((c.put({"usual", "a"}) && c.put({"longer", "a"}, {.expires_in = 1min})));
  BOOST_REQUIRE(c.put({"for ever", "a"}, {.expires_in = std::chrono::milliseconds::max()}));
  BOOST_REQUIRE(c.get_or_load("loaded", [] { return text{"loaded", "a"}; }));
  for (auto const& done : c.put_many(std::vector<text>{{"one", "a"}, {"two", "a"}})) BOOST_REQUIRE(done);
  s.clock.time += 1s;
  for (auto const* key : {"usual", "loaded", "one", "two"}) BOOST_TEST(c.get(key).absent());
  BOOST_TEST(c.get("longer").has_value());
  BOOST_TEST(c.get_or_load("loaded", [] { return text{"loaded", "anew"}; }, {.expires_in = 1h})->content == "anew");
  s.clock.time += 1min;
  BOOST_TEST((c.get("longer").absent() && c.get("for ever") && c.get("loaded")));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_life_beyond_what_clocks_count_is_a_long_one, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  stage s;
  Cache c{s.of<Cache>()};
  BOOST_REQUIRE(c.put({"k", "a"}, {.expires_in = std::chrono::milliseconds::max() / 2}));
  BOOST_REQUIRE(c.put({"other", "a"}, {.expires_in = std::chrono::years{60}}));
  s.clock.time += std::chrono::years{50};
  BOOST_TEST((c.get("k") && c.get("other")));
  BOOST_TEST((c.get("k", {.mode = read_mode::cold}) && c.get("other", {.mode = read_mode::cold})));
}

BOOST_AUTO_TEST_CASE(another_life_is_a_change_and_an_end_can_be_taken_away) {
  stage s;
  three c{s.of<three>()};
  auto const first = c.put({"k", "a"}, {.expires_in = 1s});
  auto const second = c.put({"k", "a"}, {.expires_in = 10s});
  BOOST_TEST((second->changed && second->revision > first->revision));
  s.clock.time += 2s;
  BOOST_TEST((c.get("k").tier() == tier::hot));
  auto const third = c.update("k", [](text& t) { t.content = "b"; });
  BOOST_TEST((third && third->revision > second->revision));
  s.clock.time += 1h;
  BOOST_TEST(c.get("k")->content == "b");
  BOOST_TEST(!c.put({"k", "b"})->changed);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_loader_runs_where_the_key_was_erased_or_is_over, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  stage s;
  Cache c{s.of<Cache>()};
  int runs = 0;
  auto const load = [&] { return text{"k", std::to_string(++runs)}; };
  BOOST_REQUIRE(c.put({"k", "a"}));
  BOOST_REQUIRE(c.erase("k"));
  BOOST_TEST((c.get_or_load("k", load)->content == "1"));
  BOOST_REQUIRE(c.put({"k", "b"}, {.expires_in = 1s}));
  s.clock.time += 2s;
  BOOST_TEST((c.get_or_load("k", load)->content == "2"));
  BOOST_TEST((c.get("k")->content == "2"));
}

BOOST_AUTO_TEST_CASE(who_would_take_a_stale_copy_may_have_what_has_expired) {
  stage s;
  two c{s.of<two>()};
  BOOST_REQUIRE(c.put({"k", "a"}, {.expires_in = 1s}));
  s.clock.time += 2s;
  s.cold->cut();
  BOOST_TEST((c.get("k").error() == errc::unavailable));
  auto const stale = c.get("k", {.stale_if_error = true});
  BOOST_TEST((stale && stale->content == "a" && stale.freshness() == freshness::stale));
}

BOOST_AUTO_TEST_CASE(a_hit_on_what_has_no_end_reads_no_clock) {
  stage s;
  three c{s.of<three>()};
  BOOST_REQUIRE((c.put({"stays", "a"}) && c.put({"ends", "a"}, {.expires_in = 1h})));
  int const before = by_hand::asked;
  for (int i = 0; i < 100; ++i) (void)c.get("stays"), (void)c.visit("stays", [](text const&) {});
  BOOST_TEST(by_hand::asked == before);
  (void)c.get("ends");
  BOOST_TEST(by_hand::asked == before + 1);
}

BOOST_AUTO_TEST_CASE(a_cache_whose_values_do_not_expire_refuses_to_be_told_when) {
  BOOST_TEST((for_ever::open({.limits = {.expires_in = 1s}}).error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_life_of_less_than_nothing_is_refused, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  stage s;
  auto settings = s.of<Cache>();
  settings.limits.expires_in = -1ms;
  BOOST_TEST((Cache::open(settings).error() == errc::rejected));
  Cache c{s.of<Cache>()};
  BOOST_REQUIRE(c.put({"k", "a"}));
  BOOST_TEST((c.put({"k", "b"}, {.expires_in = -1ms}).error() == errc::rejected));
  BOOST_TEST((c.put_many(std::vector<text>{{"k", "b"}}, {.expires_in = -1ms})[0].error() == errc::rejected));
  BOOST_TEST((c.update("k", [](text& t) { t.content = "b"; }, {.expires_in = -1ms}).error() == errc::rejected));
  auto const load = [] { return text{"new", "b"}; };
  BOOST_TEST((c.get_or_load("new", load, {.expires_in = -1ms}).error() == errc::rejected));
  BOOST_TEST((c.get("k")->content == "a" && c.get("new").absent()));
}

BOOST_AUTO_TEST_SUITE_END()
