// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Instances that share their tiers below, with the threads that they have in a program: what one writes, what nobody
// publishes, what is lost, and what a read may ask for.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/flow/warm_up.hpp>
#include <strata/hot/lru.hpp>
#include <strata/query/explain.hpp>
#include <strata/query/usage.hpp>
#include <strata/testing/access.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;
using testing::memory_cold;
using testing::memory_warm;

namespace {

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::string, text), (int, version));
};

note make(std::string id, std::string text) { return {std::move(id), std::move(text), 0}; }

using notes = cache<hot::lru, memory_warm, memory_cold, codec::json<note>>;
using bounded_notes = cache<hot::lru, memory_warm, memory_cold, codec::json<note>, staleness<bounded>>;
using unwarmed = cache<hot::lru, none, memory_cold, codec::json<note>>;  // follows the log of cold

using every_kind = std::tuple<notes*, bounded_notes*, unwarmed*>;  // pointers: caches do not move
using with_warm = std::tuple<notes*, bounded_notes*>;
using with_and_without_warm = std::tuple<notes*, unwarmed*>;

// Somebody who reads is always a little faster than the first of many stores.
struct raced_warm {
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    std::vector<result<position>> store_many(std::span<placement const> frames, deadline until) {
      if (!frames.empty()) (void)this->store(*frames.front().frame, std::nullopt, until);
      return base::store_many(frames, until);
    }
  };
};
using raced_notes = cache<hot::lru, raced_warm, memory_cold, codec::json<note>>;

// As often as is said, somebody who knows no revisions publishes between a look and a store; nobody else does anything.
struct crowded_warm {
  static inline int others = 0;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    result<sighting> load(std::string_view key, deadline until) {
      auto const seen = base::load(key, until);
      if (others > 0) {
        --others;
        (void)this->store({.key = std::string{key}, .payload = "theirs"}, seen->position, until);
      }
      return seen;
    }
  };
};
struct by_itself : threads {
  static constexpr bool plays = true;  // no healer
};
using crowded_notes = cache<hot::lru, crowded_warm, memory_cold, codec::json<note>, strata::executor<by_itself>>;

// While many keys are looked at, something happens.
struct interrupted_warm {
  static inline std::function<void()> happens;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
      happens();
      return base::load_many(keys, until);
    }
  };
};
using interrupted_notes = cache<hot::lru, interrupted_warm, memory_cold, codec::json<note>>;

// Its feed may break alone.
struct unheard_warm {
  static inline memory_warm::sink told;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    [[nodiscard]] memory_warm::subscription follow(memory_warm::sink s) {
      told = s;
      return base::follow(std::move(s));
    }
  };
};
using unheard_notes = cache<hot::lru, unheard_warm, memory_cold, codec::json<note>>;

// What it is told may reach nobody.
struct deaf_warm {
  static inline std::atomic<bool> deaf{false};
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    [[nodiscard]] memory_warm::subscription follow(memory_warm::sink s) {
      deaf = false;
      return base::follow([told = std::move(s)](news const& heard) {
        if (!deaf) told(heard);
      });
    }
  };
};
using deaf_notes = cache<hot::lru, deaf_warm, memory_cold, codec::json<note>>;
using warm_is_truth = cache<hot::lru, deaf_warm, none, codec::json<note>>;
using warm_is_ours = cache<hot::lru, memory_warm, none, codec::json<note>, single_writer>;
using kinds_of_truth_in_warm = std::tuple<warm_is_truth*, warm_is_ours*>;

// A database that is busy when it is told of uses.
struct busy_cold {
  static inline std::atomic<bool> busy{false};
  static inline std::atomic<int> telling{0};
  using options = memory_cold::options;
  template <class Key, class Value, class Context>
  class tier : public memory_cold::tier<Key, Value, Context> {
    using base = memory_cold::tier<Key, Value, Context>;

   public:
    using base::base;
    result<void> add_usage(std::span<uses const> counts, deadline until) {
      ++telling;
      while (busy) std::this_thread::sleep_for(1ms);
      return base::add_usage(counts, until);
    }
  };
};
using busy_notes = cache<hot::lru, none, busy_cold, codec::json<note>>;

// Its reads and its writes may fail apart.
struct lame_warm {
  static inline std::atomic<bool> reads{true}, writes{true};
  static inline std::atomic<int> stores{0};
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  class tier : public memory_warm::tier<Key, Value, Context> {
    using base = memory_warm::tier<Key, Value, Context>;

   public:
    using base::base;
    result<sighting> load(std::string_view key, deadline until) const {
      if (!reads) return failure(errc::unavailable, strata::tier::warm);
      return base::load(key, until);
    }
    result<position> store(frame const& f, std::optional<position> at, deadline until) {
      ++stores;
      if (!writes) return failure(errc::unavailable, strata::tier::warm);
      return base::store(f, at, until);
    }
  };
};
struct lame_cold {
  static inline std::atomic<bool> reads{true}, writes{true};
  using options = memory_cold::options;
  template <class Key, class Value, class Context>
  class tier : public memory_cold::tier<Key, Value, Context> {
    using base = memory_cold::tier<Key, Value, Context>;

   public:
    using base::base;
    result<copy<Value>> load(std::string_view key, deadline until) {
      if (!reads) return failure(errc::unavailable, strata::tier::cold);
      return base::load(key, until);
    }
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline until) {
      if (!writes) return failure(errc::unavailable, strata::tier::cold);
      return base::store(key, value, expected, until);
    }
  };
};
using lame_notes = cache<hot::lru, lame_warm, lame_cold, codec::json<note>, single_writer>;

// Brings what memory is filled with slowly, and notes how far warm is in step by then.
struct slow_cold {
  static inline std::vector<std::int64_t> taken_us;
  using options = memory_cold::options;
  template <class Key, class Value, class Context>
  class tier : public memory_cold::tier<Key, Value, Context> {
    using base = memory_cold::tier<Key, Value, Context>;

   public:
    using base::base;
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline until) {
      if (keys.size() == flow::warming<Key>::piece) {
        std::this_thread::sleep_for(200ms);
        taken_us.push_back(this->read_horizon(until)->taken_us);
      }
      return base::load_many(keys, until);
    }
  };
};
using slow_notes = cache<hot::lru, memory_warm, slow_cold, codec::json<note>>;

// Notes what it is told of how memory stands.
struct told_coherence {
  struct notes {
    std::mutex guard;
    std::vector<strata::coherence> all;
  };
  std::shared_ptr<notes> kept = std::make_shared<notes>();
  void coherence(strata::coherence const& now) const {
    std::scoped_lock const held{kept->guard};
    kept->all.push_back(now);
  }
  /// Each state once, as long as it stays.
  [[nodiscard]] std::vector<bool> states(bool strata::coherence::* which) const {
    std::scoped_lock const held{kept->guard};
    std::vector<bool> all;
    for (auto const& one : kept->all)
      if (all.empty() || all.back() != one.*which) all.push_back(one.*which);
    return all;
  }
  [[nodiscard]] std::size_t times() const {
    std::scoped_lock const held{kept->guard};
    return kept->all.size();
  }
};
using told_notes = cache<hot::lru, memory_warm, memory_cold, codec::json<note>, observer<told_coherence>>;

// Keeps who tells that memory is fresh.
struct holds_the_teller {
  std::atomic<bool>* holds = nullptr;
  std::atomic<bool>* inside = nullptr;
  void coherence(strata::coherence const& now) const {
    if (!now.fresh) return;
    *inside = true;
    while (*holds) std::this_thread::sleep_for(1ms);
  }
};
using held_notes = cache<hot::lru, memory_warm, memory_cold, codec::json<note>, observer<holds_the_teller>>;

struct below {
  std::shared_ptr<memory_warm::shelf> warm = std::make_shared<memory_warm::shelf>();
  std::shared_ptr<memory_cold::shelf<note>> cold = std::make_shared<memory_cold::shelf<note>>();
};
template <class Cache>
typename Cache::options over(below const& b) {
  typename Cache::options o;
  if constexpr (requires { o.warm.shared; }) o.warm.shared = b.warm;
  if constexpr (requires { o.cold.shared; }) o.cold.shared = b.cold;
  return o;
}

/// Two instances that are in step.
template <class Cache>
struct two {
  below const shared;
  Cache one{over<Cache>(shared)};
  Cache other{over<Cache>(shared)};
  two() { BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s}))); }
};

template <class F>
bool soon(F holds) {
  for (auto const until = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(coherence)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_write_and_an_erase_reach_the_others, Pointer, every_kind) {
  using Cache = std::remove_pointer_t<Pointer>;
  two<Cache> both;
  auto& [shared, one, other] = both;
  BOOST_REQUIRE(one.put(make("k", "first")));
  BOOST_TEST((other.get("k")->text == "first"));
  BOOST_REQUIRE(one.put(make("k", "second")));
  BOOST_TEST(soon([&] { return other.get("k")->text == "second"; }));
  BOOST_REQUIRE(one.erase("k"));
  BOOST_TEST(soon([&] { return other.get("k").absent(); }));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_program_writes_that_publishes_nothing_reaches_memory, Pointer,
                              with_and_without_warm) {  // K7
  using Cache = std::remove_pointer_t<Pointer>;
  two<Cache> both;
  auto& [shared, one, other] = both;
  BOOST_REQUIRE(one.put(make("k", "ours")));
  BOOST_TEST((other.get("k")->text == "ours"));
  BOOST_REQUIRE(shared.cold->put("k", make("k", "theirs"), anything));
  BOOST_TEST(soon([&] { return one.get("k")->text == "theirs" && other.get("k")->text == "theirs"; }));
  if constexpr (requires { one.warm(); })
    BOOST_TEST(soon([&] {
      auto const there = shared.warm->get("k");
      return there.frame && there.frame->revision == one.get("k").revision();
    }));
}

BOOST_AUTO_TEST_CASE(readers_who_store_first_keep_nobody_from_bringing_the_rest) {  // K7
  below const shared;
  raced_notes one{over<raced_notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  std::jthread const theirs{[&](std::stop_token const& ends) {
    for (int n = 0; !ends.stop_requested(); ++n, std::this_thread::sleep_for(10ms))
      (void)shared.cold->put("k" + std::to_string(n), make("k" + std::to_string(n), "theirs"), anything);
  }};
  BOOST_TEST(soon([&] { return one.stats().healed >= 50 && one.health().coherence.fresh; }));
}

BOOST_AUTO_TEST_CASE(a_write_publishes_over_whatever_others_publish_meanwhile) {  // K3
  below const shared;
  crowded_notes one{over<crowded_notes>(shared)};
  auto const others_publish = [&](int meanwhile) {
    BOOST_REQUIRE(shared.warm->put({.key = "k", .payload = "theirs"}, shared.warm->get("k").position));
    crowded_warm::others = meanwhile;
  };
  auto const published = [&](revision r) { return shared.warm->get("k").frame->revision == r; };

  others_publish(3);
  auto const put = one.put(make("k", "ours"));
  BOOST_TEST((put && !put->degraded && published(put->revision)));
  BOOST_TEST(crowded_warm::others == 0);

  others_publish(3);
  auto const erased = one.erase("k");
  BOOST_TEST((erased && !erased->degraded && published(erased->revision)));
  BOOST_TEST(crowded_warm::others == 0);

  others_publish(std::numeric_limits<int>::max());  // and never ends, but for the caller's time
  auto const late = one.put(make("k", "ours again"), {.within = 500ms});
  crowded_warm::others = 0;
  BOOST_TEST((late && late->degraded && !published(late->revision)));
}

BOOST_AUTO_TEST_CASE(who_begins_anew_is_not_held_up_by_looking_meanwhile) {  // K10
  below const shared;
  for (int n = 0; n < 3; ++n)
    BOOST_REQUIRE(shared.cold->put(std::to_string(n), make(std::to_string(n), "x"), anything));
  interrupted_warm::happens = [] { std::this_thread::sleep_for(500ms); };  // longer than several looks for the lease
  for (int opened = 0; opened < 3; ++opened) {
    interrupted_notes one{over<interrupted_notes>(shared)};
    BOOST_TEST(one.ready({.within = 20s}).has_value());
  }
}

BOOST_AUTO_TEST_CASE(a_store_that_falls_back_while_others_messages_are_put_right_is_brought_anew) {  // K10
  below const shared;
  std::atomic<bool> due{false};
  std::atomic<int> looks{0};
  frame older;
  interrupted_warm::happens = [&] {
    ++looks;
    if (!due.exchange(false)) return;
    shared.warm->cut();
    shared.warm->lose();
    (void)shared.warm->put(older, std::nullopt);
    shared.warm->mend();
  };
  interrupted_notes one{over<interrupted_notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  for (auto const* id : {"set back", "covered"}) BOOST_REQUIRE(one.put(make(id, "first")));
  older = *shared.warm->get("set back").frame;
  auto const last = one.put(make("set back", "last"));
  BOOST_REQUIRE(last);
  looks = 0;
  BOOST_REQUIRE(
      soon([&] { return looks > 0; }));  // at all that was put, so that nothing but the loss is a reason to look again
  BOOST_REQUIRE(soon([&] { return one.health().coherence.heals && one.health().coherence.fresh; }));
  due = true;
  BOOST_REQUIRE(
      shared.warm->put({.key = "covered"}, shared.warm->get("covered").position));  // by who knows no revisions
  BOOST_TEST(soon([&] {
    auto const there = shared.warm->get("set back");
    return !due && there.frame && there.frame->revision == last->revision;
  }));
}

BOOST_AUTO_TEST_CASE(what_neither_log_nor_warm_tells_is_found_by_comparing) {  // K7
  below const shared;
  notes one{over<notes>(shared)};
  notes other{over<notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  BOOST_REQUIRE(other.ready({.within = 20s}));
  BOOST_REQUIRE(one.put(make("a", "first")));
  BOOST_REQUIRE(soon([&] { return one.get("a").tier() == tier::hot && other.get("a").tier() == tier::hot; }));
  BOOST_REQUIRE(soon([&] { return shared.cold->reached(0).reached != cursor{}; }));  // the log has been read to there
  shared.warm->drop("a");
  shared.cold->cut();
  BOOST_REQUIRE(shared.cold->put("a", make("a", "theirs"), anything));
  shared.cold->trim();
  shared.cold->mend();
  // Who heals reads last: what a reader brings to warm the other hears of.
  bool const ours = one.health().coherence.heals;
  for (auto* instance : {ours ? &other : &one, ours ? &one : &other})
    BOOST_TEST(soon([&] {
      auto const found = instance->get("a");
      return found && found->text == "theirs" && found.freshness() == freshness::fresh;
    }));
}

BOOST_AUTO_TEST_CASE(one_instance_keeps_warm_in_step_and_another_goes_on) {
  below const shared;
  notes stays{over<notes>(shared)};
  {
    notes goes{over<notes>(shared)};
    // One that was held up for long learns a moment later that another has taken its place.
    BOOST_TEST(soon([&] { return stays.health().coherence.heals != goes.health().coherence.heals; }));
  }
  BOOST_TEST(soon([&] { return stays.health().coherence.heals; }));
}

BOOST_AUTO_TEST_CASE(instances_that_doubt_at_one_moment_ask_at_moments_of_their_own) {  // K10
  below const shared;
  std::set<std::chrono::milliseconds> moments;
  for (int n = 0; n < 8; ++n) {
    notes one{over<notes>(shared)};
    moments.insert(testing::access::background(one).tend_first());
  }
  BOOST_TEST(moments.size() > 1U);
  BOOST_TEST((*moments.begin() >= 0ms && *moments.rbegin() < 100ms));
}

BOOST_AUTO_TEST_CASE(health_says_how_memory_stands_to_what_others_write) {
  below const shared;
  notes one{over<notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  BOOST_REQUIRE(one.put(make("k", "text")));
  BOOST_TEST(soon([&] {
    auto const now = one.health().coherence;
    return now.fresh && now.hears && now.floors >= 1 && now.lease_age < 1s && now.horizon_age < 1s &&
           now.feed_lag == 0ms;
  }));
  shared.warm->cut();
  shared.cold->cut();
  BOOST_TEST(soon([&] {
    auto const now = one.health().coherence;
    return !now.fresh && !now.hears && now.lease_age > 1s && now.horizon_age > 1s;
  }));
}

BOOST_AUTO_TEST_CASE(an_observer_is_told_when_the_feed_is_lost_and_when_it_is_back) {
  below const shared;
  told_coherence const seen;
  auto settings = over<told_notes>(shared);
  settings.observer = seen;
  told_notes one{settings};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  BOOST_REQUIRE(soon(
      [&] { return seen.states(&strata::coherence::heals).back() && seen.states(&strata::coherence::fresh).back(); }));
  auto const before = seen.states(&strata::coherence::hears);
  BOOST_TEST(before.back());
  shared.warm->cut();
  BOOST_TEST(soon([&] { return seen.states(&strata::coherence::hears).size() == before.size() + 1; }));
  BOOST_TEST(!seen.states(&strata::coherence::hears).back());
  shared.warm->mend();
  BOOST_TEST(soon(
      [&] { return seen.states(&strata::coherence::hears).back() && seen.states(&strata::coherence::fresh).back(); }));
  BOOST_TEST(seen.states(&strata::coherence::hears).size() == before.size() + 2);
  for (auto const& now = seen.kept->all; auto const i : std::views::iota(1U, seen.times()))
    BOOST_TEST((now[i].fresh != now[i - 1].fresh || now[i].hears != now[i - 1].hears ||
                now[i].heals != now[i - 1].heals || now[i].doubts != now[i - 1].doubts));
}

// A hit that reads a flag cannot know for how long the user's code keeps the thread that clears it.
BOOST_AUTO_TEST_CASE(who_is_told_for_long_keeps_nothing_fresh) {
  below const shared;
  std::atomic<bool> holds{true}, inside{false};
  auto settings = over<held_notes>(shared);
  settings.observer = {&holds, &inside};
  held_notes one{settings};
  BOOST_REQUIRE(soon([&] { return inside.load(); }));
  BOOST_TEST(!one.health().coherence.fresh);
  BOOST_REQUIRE(one.put(make("k", "text")));
  BOOST_TEST((one.get("k").freshness() == freshness::unverified));
  holds = false;
  BOOST_TEST(soon([&] { return one.get("k").freshness() == freshness::fresh; }));
}

BOOST_AUTO_TEST_CASE(health_says_whether_a_hit_asks_the_clock) {
  below const shared;
  BOOST_TEST(!notes{over<notes>(shared)}.health().coherence.bounded);
  BOOST_TEST(bounded_notes{over<bounded_notes>(shared)}.health().coherence.bounded);
}

BOOST_AUTO_TEST_CASE(health_says_for_how_long_the_feed_has_been_short_of_what_is_known_to_be_published) {
  below const shared;
  deaf_notes one{over<deaf_notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  BOOST_REQUIRE(one.put(make("k", "heard")));
  BOOST_REQUIRE(soon([&] { return one.health().coherence.fresh && one.health().coherence.feed_lag == 0ms; }));
  deaf_warm::deaf = true;
  BOOST_REQUIRE(one.put(make("k", "not heard")));
  // Warm is kept in step meanwhile, so its age is another one than memory's.
  BOOST_TEST(soon([&] {
    auto const now = one.health().coherence;
    return now.feed_lag > 1s && now.lease_age >= now.feed_lag && now.horizon_age < 1s && now.hears && !now.fresh;
  }));
  deaf_warm::deaf = false;
  BOOST_REQUIRE(one.put(make("k", "heard again")));
  BOOST_TEST(soon([&] { return one.health().coherence.fresh && one.health().coherence.feed_lag == 0ms; }));
}

BOOST_AUTO_TEST_CASE(where_there_is_no_feed_none_is_called_unheard) {
  below const shared;
  unwarmed one{over<unwarmed>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  BOOST_TEST(one.health().coherence.hears);
}

BOOST_AUTO_TEST_CASE(no_doubt_is_overwritten_by_who_looks_at_the_lease) {  // K10
  flow::standing<false> memory;
  memory.resumed(position{}, kernel::moment{});
  std::jthread const watcher{[&](std::stop_token const& end) {
    while (!end.stop_requested()) memory.tick(std::chrono::steady_clock::now());
  }};
  int overwritten = 0;
  for (auto const end = std::chrono::steady_clock::now() + 100ms; std::chrono::steady_clock::now() < end;) {
    memory.prove(std::chrono::steady_clock::now());
    memory.settle(memory.doubts());
    memory.doubt();
    for (int look = 0; look < 20; ++look) overwritten += memory.fresh(monotonic_clock{}) ? 1 : 0;
  }
  BOOST_TEST(overwritten == 0);
}

BOOST_AUTO_TEST_CASE(the_coarse_clock_is_the_other_as_of_a_little_before) {  // K9
  for (int i = 0; i < 1'000; ++i) BOOST_TEST((monotonic_clock::coarse() <= monotonic_clock::now()));
  BOOST_TEST(soon([then = monotonic_clock::now()] { return monotonic_clock::coarse() >= then; }));
  flow::standing<true> memory;
  auto const began = monotonic_clock::now();
  memory.resumed(position{}, began);
  memory.prove(began);
  BOOST_TEST(memory.fresh(monotonic_clock{}));
  BOOST_TEST(soon([&] { return !memory.fresh(monotonic_clock{}); }));
}

BOOST_AUTO_TEST_CASE(a_doubt_is_settled_by_comparing_and_what_is_equal_lives_on) {  // K10
  below const shared;
  notes one{over<notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  for (auto const* id : {"a", "b", "c"}) BOOST_REQUIRE(one.put(make(id, "kept")));
  auto const before = one.stats();
  shared.warm->lose();
  BOOST_TEST(soon([&] { return one.stats().doubts > before.doubts && one.health().coherence.fresh; }));
  for (auto const* id : {"a", "b", "c"}) {
    BOOST_TEST(one.peek(id).has_value());
    BOOST_TEST(soon([&] {
      auto const hit = one.get(id);
      return hit.tier() == tier::hot && hit.freshness() == freshness::fresh;
    }));
  }
}

BOOST_AUTO_TEST_CASE(a_read_says_how_sure_it_is_and_may_ask_for_more) {
  two<notes> both;
  auto& [shared, one, other] = both;
  auto const first = one.put(make("k", "first"));
  BOOST_REQUIRE(first);
  BOOST_TEST((other.get("k", {.at_least = first->revision})->text == "first"));  // P3
  BOOST_TEST((other.get("k", {.mode = read_mode::cold}).tier() == tier::cold));
  BOOST_TEST((other.get("k", {.mode = read_mode::verified}).freshness() == freshness::fresh));
  auto const beyond = revision{number(first->revision) + 1'000};
  BOOST_TEST((other.get("k", {.at_least = beyond}).error() == errc::unavailable));
  auto const stale = other.get("k", {.at_least = beyond, .stale_if_error = true});
  BOOST_TEST((stale && stale.freshness() == freshness::stale && stale->text == "first"));
  auto const many = other.get_many(std::vector<std::string>{"k", "nobody"}, {.mode = read_mode::cold});
  BOOST_TEST((many[0].second.tier() == tier::cold && many[1].second.absent()));
}

BOOST_AUTO_TEST_CASE(who_asks_for_what_is_verified_is_given_nothing_less) {  // K10
  below const shared;
  notes other{over<notes>(shared)};
  unheard_notes one{over<unheard_notes>(shared)};
  BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s})));
  std::vector<std::string> const ids{"a", "b", "c", "gone"};
  for (auto const& id : ids) BOOST_REQUIRE(other.put(make(id, "text")));
  BOOST_REQUIRE(other.erase("gone"));
  unheard_warm::told({telling::lost, {}, {}});  // the lease goes on, and warm answers
  BOOST_TEST((one.get("a", {.mode = read_mode::verified}).freshness() == freshness::fresh));
  BOOST_TEST((one.get("gone", {.mode = read_mode::verified}).freshness() == freshness::fresh));
  for (auto const& [id, found] : one.get_many(ids, {.mode = read_mode::verified}))
    BOOST_TEST((found.freshness() == freshness::fresh && found.has_value() == (id != "gone")));
  BOOST_TEST(soon([&] { return one.health().coherence.fresh; }));  // by cold's log
  BOOST_REQUIRE(other.put(make("d", "text")));
  BOOST_TEST((one.get("d").freshness() == freshness::unverified));
  BOOST_TEST((one.get("d", {.mode = read_mode::verified}).freshness() == freshness::fresh));
  BOOST_REQUIRE(other.erase("gone"));
  BOOST_TEST((one.get("gone").freshness() == freshness::unverified));
}

BOOST_AUTO_TEST_CASE(a_reader_may_take_what_memory_has_rather_than_the_error_of_a_dead_cold) {  // K11
  below const shared;
  unwarmed one{over<unwarmed>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  auto const put = one.put(make("k", "known"));
  BOOST_REQUIRE(put);
  shared.cold->cut();
  BOOST_TEST((one.get("k", {.mode = read_mode::cold}).error() == errc::unavailable));
  auto const stale = one.get("k", {.mode = read_mode::cold, .stale_if_error = true});
  BOOST_TEST((stale && stale->text == "known" && stale.freshness() == freshness::stale));
  BOOST_TEST((stale.tier() == tier::hot && stale.revision() == put->revision));
  BOOST_TEST((one.get("unknown", {.stale_if_error = true}).error() == errc::unavailable));
  auto const many =
      one.get_many(std::vector<std::string>{"k", "unknown"}, {.mode = read_mode::cold, .stale_if_error = true});
  BOOST_TEST((many[0].second.freshness() == freshness::stale && many[0].second->text == "known"));
  BOOST_TEST((many[1].second.error() == errc::unavailable));
  shared.cold->mend();
  BOOST_TEST(
      soon([&] { return one.get("k", {.mode = read_mode::cold, .stale_if_error = true}).tier() == tier::cold; }));
}

BOOST_AUTO_TEST_CASE(who_would_update_gives_up_over_nothing_that_may_be_old) {  // K9
  below const shared;
  notes one{over<notes>(shared)};
  BOOST_REQUIRE((one.ready({.within = 20s}) && one.put(make("k", "sold"))));
  shared.warm->cut();
  shared.cold->cut();
  BOOST_TEST(soon([&] { return !one.health().coherence.fresh; }));
  auto const sell = [](note& n) { return std::exchange(n.text, "sold") != "sold"; };
  BOOST_TEST((one.update("k", sell).error() == errc::unavailable));
  BOOST_REQUIRE(shared.cold->put("k", make("k", "to be had"), anything));
  shared.cold->mend();
  BOOST_TEST(soon([&] { return one.update("k", sell).has_value(); }));
  BOOST_TEST(shared.cold->get("k").value->text == "sold");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(with_both_tiers_away_memory_answers_and_all_comes_back_by_itself, Pointer,
                              with_warm) {  // K11
  using Cache = std::remove_pointer_t<Pointer>;
  two<Cache> both;
  auto& [shared, one, other] = both;
  BOOST_REQUIRE(one.put(make("k", "before")));
  shared.warm->cut();
  shared.cold->cut();

  auto const within_the_lease = one.get("k");
  BOOST_TEST((within_the_lease && within_the_lease.tier() == tier::hot));
  BOOST_TEST(soon([&] { return !one.health().coherence.fresh; }));
  BOOST_TEST((one.get("k").freshness() == freshness::unverified));  // nobody has asked cold, and been refused

  auto const began = std::chrono::steady_clock::now();
  for (int i = 0; i < 4; ++i) BOOST_TEST((one.get("unknown").error() == errc::unavailable));
  BOOST_TEST((one.get_or_load("unknown", [] { return make("unknown", "loaded"); }).error() == errc::unavailable));
  BOOST_TEST((one.put(make("k", "refused")).error() == errc::unavailable));
  BOOST_TEST((one.update("k", [](note& n) { n.text = "refused"; }).error() == errc::unavailable));
  BOOST_TEST((one.erase("k").error() == errc::unavailable));
  auto const failures = one.stats().warm.failures;
  BOOST_TEST((one.get_many(std::vector<std::string>{"unknown"})[0].second.error() == errc::unavailable));
  BOOST_TEST(one.stats().warm.failures > failures);
  BOOST_TEST((std::chrono::steady_clock::now() - began < 10s));  // no time-out each, as it would be by default

  BOOST_TEST(
      (one.get("k").error() == errc::unavailable));  // the lease is over, and nobody is left who could know better
  auto const asked_for = one.get("k", {.stale_if_error = true});
  BOOST_TEST((asked_for && asked_for->text == "before" && asked_for.freshness() == freshness::stale));

  shared.cold->mend();
  shared.warm->mend();
  BOOST_TEST(soon([&] { return one.get("k").freshness() == freshness::fresh && one.get("unknown").absent(); }));
  BOOST_TEST(soon([&] { return one.put(make("k", "after")).has_value(); }));
  BOOST_TEST(soon([&] { return other.get("k") && other.get("k")->text == "after"; }));
  BOOST_TEST(soon([&] { return other.get("k").freshness() == freshness::fresh; }));
}

BOOST_AUTO_TEST_CASE(a_tier_rests_in_the_direction_in_which_it_fails) {  // K11
  below const shared;
  auto settings = over<lame_notes>(shared);
  settings.limits.flush_every = 1h;  // what counts uses is a write as well
  BOOST_REQUIRE((lame_notes{settings}.put(make("below", "text"))));
  lame_notes one{settings};

  lame_warm::writes = false;
  auto const before = lame_warm::stores.load();
  for (int i = 0; i < 30; ++i) {
    auto const put = one.put(make("k", std::to_string(i)));
    BOOST_TEST((put && put->degraded));
  }
  BOOST_TEST(lame_warm::stores - before < 30);
  BOOST_TEST((one.health().warm_rests.writes && !one.health().warm_rests.reads));
  BOOST_TEST((one.get("below").tier() == tier::warm));
  lame_warm::writes = true;
  BOOST_TEST(soon([&] { return !one.put(make("k", "heard"))->degraded; }));
  BOOST_TEST(!one.health().warm_rests.writes);

  lame_warm::reads = lame_cold::reads = false;
  for (int i = 0; i < 3; ++i) BOOST_TEST((one.get("nobody").error() == errc::unavailable));
  auto const rests = one.health();
  BOOST_TEST(
      (rests.warm_rests.reads && !rests.warm_rests.writes && rests.cold_rests.reads && !rests.cold_rests.writes));
  auto const put = one.put(make("k", "written"));
  BOOST_TEST((put && !put->degraded && put->in(tier::warm) && put->in(tier::cold)));
  lame_warm::reads = lame_cold::reads = true;
  BOOST_TEST(soon([&] { return one.get("nobody").absent(); }));

  lame_cold::writes = false;
  for (int i = 0; i < 3; ++i) BOOST_TEST((one.put(make("k", "lost")).error() == errc::unavailable));
  BOOST_TEST((one.health().cold_rests.writes && !one.health().cold_rests.reads));
  BOOST_TEST((one.get("k", {.mode = read_mode::cold})->text == "written"));
  lame_cold::writes = true;
  BOOST_TEST(soon([&] { return one.put(make("k", "again")).has_value(); }));
}

BOOST_AUTO_TEST_CASE(when_cold_is_restored_and_warm_emptied_all_go_back) {  // K10, the exception of P2
  two<notes> both;
  auto& [shared, one, other] = both;
  BOOST_REQUIRE(one.put(make("k", "kept")));
  BOOST_REQUIRE(soon([&] { return shared.cold->reached(0).reached != cursor{}; }));
  auto const backup = shared.cold->save();
  for (auto const* id : {"k", "new"}) BOOST_REQUIRE(one.put(make(id, "lost")));
  BOOST_REQUIRE(soon([&] {
    return other.get("k")->text == "lost" && other.get("new").tier() == tier::hot &&
           shared.cold->reached(0).taken_us > std::get<4>(backup)->taken_us;
  }));
  shared.cold->restore(backup);
  shared.warm->lose();
  for (auto* instance : {&one, &other})
    BOOST_TEST(soon([&] {
      auto const back = instance->get("k");
      return back->text == "kept" && back.freshness() == freshness::fresh && instance->get("new").absent();
    }));
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(one.put(make("k", std::to_string(i))).has_value());  // above what is remembered
  for (auto* instance : {&one, &other}) BOOST_TEST(soon([&] { return instance->get("k")->text == "2"; }));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_was_used_most_is_in_memory_soon_after_a_restart, Pointer, with_and_without_warm) {
  using Cache = std::remove_pointer_t<Pointer>;
  below const shared;
  std::vector<key_usage> most;
  {
    Cache before{over<Cache>(shared)};
    BOOST_REQUIRE(before.ready({.within = 20s}));
    for (int i = 0; i < 50; ++i) {
      auto const id = std::to_string(i);
      BOOST_REQUIRE(before.put(make(id, "text")));
      for (int n = 0; n < i; ++n) BOOST_REQUIRE(before.get(id).has_value());
    }
    BOOST_REQUIRE(before.flush());
    most = *popular(before, 50);
  }
  BOOST_REQUIRE(most.size() == 49U);

  auto settings = over<Cache>(shared);
  settings.hot.capacity_entries = 20;
  settings.limits.warm_up_entries = 1'000;  // as many as fit
  shared.cold->cut();
  Cache after{settings};  // a server that does not answer delays nobody
  BOOST_TEST(after.peek("49").absent());
  shared.cold->mend();
  BOOST_TEST(soon([&] {
    for (std::size_t i = 0; i < 20; ++i)
      if (!after.peek(most[i].key)) return false;
    return true;
  }));
  BOOST_TEST(after.stats().hot.entries == 20U);
  BOOST_REQUIRE(after.flush());
  auto const still = *popular(after, 50);  // it counted as no use
  for (std::size_t i = 0; i < most.size(); ++i)
    BOOST_TEST((still[i].key == most[i].key && still[i].count == most[i].count));
}

BOOST_AUTO_TEST_CASE(warm_is_kept_in_step_while_memory_is_filled) {  // K7
  below const shared;
  std::vector<std::string> names;
  for (int i = 0; i < 1'000; ++i) names.push_back(std::to_string(i));
  std::vector<uses> counts;
  for (auto const& id : names) {
    BOOST_REQUIRE(shared.cold->put(id, make(id, "text"), anything));
    counts.push_back({id, 1, 0, 0});
  }
  shared.cold->count(counts);
  auto settings = over<slow_notes>(shared);
  settings.limits.warm_up_entries = names.size();
  slow_notes const one{settings};
  BOOST_TEST(soon([&] { return one.stats().hot.entries == names.size(); }));
  BOOST_REQUIRE(slow_cold::taken_us.size() == 4U);
  BOOST_TEST(slow_cold::taken_us.front() < slow_cold::taken_us.back());
}

BOOST_AUTO_TEST_CASE(a_cache_that_cannot_know_what_was_used_refuses_to_bring_it) {
  using memory = cache<hot::lru, none, none, codec::json<note>>;
  BOOST_TEST((memory::open({.limits = {.warm_up_entries = 1}}).error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE(where_warm_is_the_truth_it_is_asked_by_who_takes_no_copy) {
  below const shared;
  warm_is_truth one{over<warm_is_truth>(shared)};
  warm_is_truth other{over<warm_is_truth>(shared)};
  BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s})));
  BOOST_REQUIRE(one.put(make("k", "older")));
  BOOST_REQUIRE(one.get("k"));
  deaf_warm::deaf = true;
  BOOST_REQUIRE(other.put(make("k", "newer")));
  auto const is_newer = [](auto const& found) {
    return found && found->text == "newer" && found.freshness() == freshness::fresh && found.tier() == tier::warm;
  };
  BOOST_TEST(is_newer(one.get("k", {.mode = read_mode::cold})));
  BOOST_TEST(soon([&] { return !one.health().coherence.fresh; }));
  BOOST_TEST(is_newer(one.get("k", {.mode = read_mode::verified})));
  for (auto const mode : {read_mode::cold, read_mode::verified})
    BOOST_TEST(is_newer(one.get_many(std::vector<std::string>{"k"}, {.mode = mode})[0].second));
}

BOOST_AUTO_TEST_CASE(where_warm_is_the_truth_an_erase_that_finds_nothing_leaves_nothing) {
  below const shared;
  warm_is_truth one{over<warm_is_truth>(shared)};
  warm_is_truth other{over<warm_is_truth>(shared)};
  BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s})));
  BOOST_REQUIRE((one.put(make("erased", "text")) && one.put(make("lost", "text"))));
  deaf_warm::deaf = true;
  BOOST_REQUIRE(other.erase("erased"));
  shared.warm->drop("lost");
  for (auto const* id : {"erased", "lost"}) {
    BOOST_TEST((one.get(id).tier() == tier::hot));
    auto const gone = one.erase(id);
    BOOST_TEST((gone && !gone->changed));
    BOOST_TEST(one.get(id).absent());
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_stream_that_is_made_anew_is_the_truth_from_then_on, Pointer, kinds_of_truth_in_warm) {
  using Cache = std::remove_pointer_t<Pointer>;
  below const shared;
  Cache one{over<Cache>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  for (int n = 0; n < 20; ++n) BOOST_REQUIRE(one.put(make("k", "older")));
  shared.warm->begin_anew();
  BOOST_TEST(one.get("k").absent());
  BOOST_REQUIRE(one.put(make("k", "newer")));
  BOOST_TEST((one.get("k")->text == "newer"));
}

BOOST_AUTO_TEST_CASE(a_flush_is_not_done_while_another_carries_counts) {
  below const shared;
  auto settings = over<busy_notes>(shared);
  settings.limits.flush_every = 20ms;
  busy_notes one{settings};
  BOOST_REQUIRE(one.put(make("k", "text")));
  busy_cold::busy = true;
  BOOST_REQUIRE(one.get("k"));
  BOOST_REQUIRE(soon([] { return busy_cold::telling > 0; }));  // the cache's own
  BOOST_TEST((one.flush({.within = 50ms}).error() == errc::timed_out));
  busy_cold::busy = false;
  BOOST_TEST(one.flush({.within = 20s}).has_value());
  auto const told = shared.cold->usage_of("k");
  BOOST_TEST((told && told->count == 1U));
}

BOOST_AUTO_TEST_CASE(limits_may_be_as_large_as_numbers_are) {
  below const shared;
  auto settings = over<notes>(shared);
  settings.limits.max_floors = settings.limits.max_flights = std::numeric_limits<std::size_t>::max();
  notes one{settings};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  for (int n = 0; n < 200; ++n) BOOST_REQUIRE(one.put(make(std::to_string(n), "text")));
  BOOST_TEST(one.health().coherence.floors == 200U);
}

BOOST_AUTO_TEST_CASE(what_is_too_big_for_warm_is_told_by_its_revision) {
  below const shared;
  auto settings = over<notes>(shared);
  settings.warm.max_payload_bytes = 100;
  notes one{settings};
  notes other{settings};
  BOOST_REQUIRE((one.ready({.within = 20s}) && other.ready({.within = 20s})));
  BOOST_REQUIRE(one.put(make("k", "small")));
  BOOST_TEST((other.get("k")->text == "small"));
  auto const big = one.put(make("k", std::string(1'000, 'x')));
  BOOST_TEST((big && !big->degraded && !big->in(tier::warm)));
  BOOST_TEST(soon([&] { return other.get("k")->text.size() == 1'000; }));
  BOOST_TEST(other.stats().warm.misses[static_cast<std::size_t>(miss::too_big)] >= 1U);
}

BOOST_AUTO_TEST_CASE(a_cache_explains_what_each_tier_has) {
  below const shared;
  notes one{over<notes>(shared)};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  auto const nothing = explain(one, "k");
  BOOST_REQUIRE(nothing);
  BOOST_TEST((!nothing->hot.present && !nothing->warm.present && !nothing->cold.present));
  auto const put = one.put(make("k", "text"));
  BOOST_REQUIRE(put);
  auto const all = explain(one, "k");
  BOOST_REQUIRE(all);
  for (auto const* tier : {&all->hot, &all->warm, &all->cold})
    BOOST_TEST((tier->present && tier->revision == put->revision && !tier->fault));
  for (auto const* tier : {&all->hot, &all->warm, &all->cold}) BOOST_TEST((tier->age && *tier->age < 1min));
  BOOST_TEST((all->floor == put->revision && !all->declined && !all->alone && all->version == 1));
  BOOST_REQUIRE(one.erase("k"));
  auto const gone = explain(one, "k");
  BOOST_REQUIRE(gone);
  BOOST_TEST((!gone->hot.present && !gone->warm.present && gone->warm.revision == gone->cold.revision));
  BOOST_TEST(gone->text().contains("cold: erased at revision"));
  frame foreign{.key = "k", .payload = R"({"id":"k","text":"theirs","version":0})"};
  BOOST_REQUIRE(shared.warm->put(foreign, shared.warm->get("k").position));
  BOOST_TEST((explain(one, "k")->declined == miss::unversioned));
  BOOST_TEST((explain(one, "").error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE(a_cache_explains_why_it_would_not_take_what_warm_has) {
  below const shared;
  auto settings = over<notes>(shared);
  settings.warm.max_payload_bytes = 100;
  notes one{settings};
  BOOST_REQUIRE(one.ready({.within = 20s}));
  auto const big = one.put(make("big", std::string(1'000, 'x')));
  BOOST_REQUIRE(big);
  auto const notice = explain(one, "big");
  BOOST_TEST((notice->declined == miss::too_big && notice->warm.notice && !notice->warm.present));
  BOOST_TEST(notice->text().contains("warm: told of revision " + std::to_string(number(big->revision))));
  BOOST_TEST(notice->text().contains("not taken: too big"));

  auto const there = [&](std::string payload) {
    frame f{.key = "k", .revision = one.put(make("k", payload))->revision, .payload = std::move(payload)};
    f.sum = checksum(f);
    BOOST_REQUIRE(shared.warm->put(f, shared.warm->get("k").position));
    return explain(one, "k")->declined;
  };
  BOOST_TEST((there("{") == miss::undecodable));
  BOOST_TEST((there(R"({"id":"other","text":"","version":0})") == miss::foreign_key));

  BOOST_REQUIRE(one.put(make("k", "text")));
  BOOST_TEST(!explain(one, "k")->declined);
  BOOST_REQUIRE(shared.warm->put({.key = "k"}, shared.warm->get("k").position));  // by who knows no revisions
  BOOST_TEST(soon([&] { return explain(one, "k")->declined == miss::doubtful; }));
  BOOST_TEST((one.get("k").tier() == tier::cold));
  BOOST_TEST(!explain(one, "k")->declined);

  shared.cold->cut();
  auto const away = explain(one, "k");
  BOOST_TEST((away->cold.fault && *away->cold.fault == errc::unavailable && away->warm.age == away->hot.age));
  shared.warm->cut();
  BOOST_TEST(soon([&] { return explain(one, "k")->alone; }));
  BOOST_TEST(explain(one, "k")->text().contains("not taken: nobody could know better"));
}

BOOST_AUTO_TEST_SUITE_END()
