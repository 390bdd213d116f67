// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The verbs over memory alone: what they answer is the same with tiers below.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/testing/parallel.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>
#include <range/v3/view/istream.hpp>

#include <atomic>
#include <chrono>
#include <coroutine>
#include <cstddef>
#include <latch>
#include <limits>
#include <memory>
#include <optional>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <vector>

using namespace strata;
using testing::in_parallel;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::string, text), (int, version));
};
note make(std::string id, std::string text = "") { return {std::move(id), std::move(text), 0}; }

struct listener {
  std::atomic<int>* hits = nullptr;
  void hit(tier) const noexcept {
    if (hits != nullptr) ++*hits;
  }
};

using notes = cache<hot::lru, none, none, codec::none<note>, observer<listener>>;
using numbers = cache<hot::sieve, none, none, codec::none<int, std::int64_t>>;
using nowhere = cache<none, none, none, codec::none<note>>;

/// A tier that wants a thread, and gets none.
struct threadless {
  using options = hot::lru::options;
  template <class Key, class Value, class Context>
  struct tier : hot::lru::tier<Key, Value, Context> {
    tier(options const& settings, Context const& context) : hot::lru::tier<Key, Value, Context>{settings, context} {
      throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again), "a thread"};
    }
  };
};

static_assert(!std::is_polymorphic_v<notes> && !std::is_move_constructible_v<notes> &&
              !std::is_copy_constructible_v<notes>);

}  // namespace

BOOST_AUTO_TEST_SUITE(verbs)

BOOST_AUTO_TEST_CASE(put_get_peek_visit_erase) {
  auto opened = notes::open({.hot = {.capacity_entries = 10}});
  auto& cache = opened.value();
  BOOST_TEST(cache.get("a").absent());
  auto const put = cache.put(make("a", "one"));
  BOOST_TEST((put.has_value() && put->changed && !put->degraded && put->in(tier::hot) && !put->in(tier::cold)));
  auto const hit = cache.get("a");
  BOOST_TEST((hit && hit->text == "one" && hit.tier() == tier::hot && hit.freshness() == freshness::fresh));
  BOOST_TEST((hit.revision() == put->revision));
  BOOST_TEST((cache.peek("a") && cache.peek("b").absent()));

  auto const size = cache.visit("a", [](note const& n) { return n.text.size(); });
  BOOST_TEST((size.has_value() && *size == 3u));
  BOOST_TEST(!cache.visit("b", [](note const& n) { return n.text.size(); }).value().has_value());
  BOOST_TEST(cache.visit("a", [](note const&) {}).value());
  BOOST_TEST(!cache.visit("b", [](note const&) {}).value());

  auto const counted = cache.stats().hot;
  BOOST_TEST((counted.hits == 3U && counted.misses == 3U));  // each read once, and a peek not at all

  BOOST_TEST(cache.erase("a")->changed);
  BOOST_TEST(!cache.erase("a")->changed);
  BOOST_TEST(cache.get("a").absent());
  BOOST_TEST((*hit).text == "one");  // what was handed out stays
}

BOOST_AUTO_TEST_CASE(a_system_without_threads_is_an_error) {
  auto const opened = cache<threadless, none, none, codec::none<note>>::open({});
  BOOST_TEST((opened.error() == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(limits_in_time_are_more_than_zero) {
  auto const refused = [](limits const& given, std::string const& which) {
    auto const opened = notes::open({.limits = given});
    BOOST_TEST((opened.error() == errc::rejected));
    BOOST_TEST(opened.error().text() == "limits." + which + " must be more than zero");
  };
  for (auto const none : {0ms, -1ms}) {
    refused({.read_within = none}, "read_within");
    refused({.write_within = none}, "write_within");
    refused({.load_within = none}, "load_within");
    refused({.flush_every = none}, "flush_every");
  }
}

BOOST_AUTO_TEST_CASE(put_if_has_one_winner) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  auto const absent = cache.get("a");
  BOOST_TEST(cache.put_if(absent, make("a", "first")).has_value());
  BOOST_TEST((cache.put_if(absent, make("a", "second")).error() == errc::conflict));
  auto const read = cache.get("a");
  BOOST_TEST(cache.put_if(read, make("a", "third")).has_value());
  BOOST_TEST((cache.put_if(read.revision(), make("a", "fourth")).error() == errc::conflict));
  notes::answer const failed{error{errc::timed_out}};  // which says nothing of what is there
  BOOST_TEST((cache.put_if(failed, make("b")).error() == errc::timed_out && cache.get("b").absent()));
  BOOST_TEST(cache.get("a")->text == "third");

  std::atomic<int> winners{0};
  auto const current = cache.get("a");
  in_parallel(
      8, [&](std::size_t i) { winners += cache.put_if(current, make("a", std::to_string(i))).has_value() ? 1 : 0; });
  BOOST_TEST(winners == 1);
}

BOOST_AUTO_TEST_CASE(put_if_takes_the_key_of_a_value_that_knows_none) {
  auto opened = numbers::open({});
  auto& cache = opened.value();
  auto const absent = cache.get(1);
  BOOST_TEST(cache.put_if(1, absent, 10).has_value());
  BOOST_TEST((cache.put_if(1, absent, 11).error() == errc::conflict));
  BOOST_TEST((cache.put_if(1, absence, 12).error() == errc::conflict));
  auto const read = cache.get(1);
  BOOST_TEST(cache.put_if(1, read, 13, {.within = 5s}).has_value());
  BOOST_TEST((cache.put_if(1, read.revision(), 14).error() == errc::conflict));
  numbers::answer const failed{error{errc::timed_out}};
  BOOST_TEST((cache.put_if(2, failed, 20).error() == errc::timed_out && cache.get(2).absent()));
  auto const now = cache.get(1);
  BOOST_TEST(*now == 13);
}

BOOST_AUTO_TEST_CASE(update_changes_a_copy_until_it_wins) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  BOOST_TEST((cache.update("a", [](note&) {}).error() == errc::rejected));
  (void)cache.put(make("a"));
  auto const old = cache.get("a");
  in_parallel(4, [&](std::size_t) {
    for (int n = 0; n < 100; ++n)
      while (!cache.update("a", [](note& x) { ++x.version; })) {
      }
  });
  BOOST_TEST(cache.get("a")->version == 400);
  BOOST_TEST(old->version == 0);
  auto const given_up = cache.update("a", [](note&) { return false; });
  BOOST_TEST((given_up.has_value() && !given_up->changed));
  int rounds = 0;
  auto const beaten = cache.update("a", [&](note&) { (void)cache.put(make("a", std::to_string(++rounds))); });
  BOOST_TEST((!beaten && beaten.error() == errc::conflict));
  BOOST_TEST(rounds == 8);
}

BOOST_AUTO_TEST_CASE(keys_and_values_outside_the_rule_are_refused_with_a_sentence) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  auto const refused = [&](std::string const& id, std::string const& why) {
    auto const put = cache.put(make(id));
    BOOST_TEST((!put && put.error() == errc::rejected && put.error().text() == why));
    auto const got = cache.get(id);
    BOOST_TEST((got.failed() && got.error() == errc::rejected && got.error().text() == why));
    BOOST_TEST((cache.erase(id).error() == errc::rejected));
    BOOST_TEST((cache.get_or_load(id, [] { return note{}; }).error() == errc::rejected));
  };
  refused("", "the key is empty; a key has 1 to 512 bytes");
  refused(std::string(513, 'x'), "the key is longer than 512 bytes");
  refused("a\0b"s, "the key holds a NUL byte");
  refused("\xFF", "the key is not valid UTF-8");
  BOOST_TEST((cache.put(make("a", "\0"s)).error().text() == "text holds U+0000, which databases cannot store"));
  BOOST_TEST((cache.put("b", make("a")).error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE(integers_are_keys) {
  auto opened = numbers::open({});
  auto& cache = opened.value();
  BOOST_TEST(cache.put(-5, 25).has_value());
  BOOST_TEST(*cache.get(-5).operator->() == 25);
  BOOST_TEST(cache.get(5).absent());
}

BOOST_AUTO_TEST_CASE(with_no_tier_at_all_nothing_is_kept) {
  auto opened = nowhere::open({});
  auto& cache = opened.value();
  BOOST_TEST((cache.put(make("a")).error() == errc::unsupported));
  BOOST_TEST((cache.erase("a").error() == errc::unsupported));
  BOOST_TEST(cache.get("a").absent());
}

BOOST_AUTO_TEST_CASE(batches_answer_each_key_in_order) {
  std::atomic<int> heard{0};
  auto opened = notes::open({.observer = {&heard}});
  auto& cache = opened.value();
  std::vector<note> const some{make("a", "1"), make("", "bad"), make("b", "2"), make("a", "3")};
  auto const receipts = cache.put_many(some);
  BOOST_TEST(receipts.size() == 4u);
  BOOST_TEST((receipts[0] && !receipts[1] && receipts[2] && receipts[3]));
  BOOST_TEST((receipts[1].error() == errc::rejected));
  auto const found = cache.get_many(std::vector<std::string>{"b", "none", "a", "b", ""});
  BOOST_TEST(found.size() == 5u);
  BOOST_TEST((found[0].second->text == "2" && found[1].second.absent() && found[2].second->text == "3"));
  BOOST_TEST((found[3].first == "b" && found[3].second && found[4].second.failed()));
  BOOST_TEST(heard == 3);
  auto const pairs = cache.put_many(std::vector<std::pair<std::string, note>>{{"x", make("x")}, {"y", make("z")}});
  BOOST_TEST((pairs[0] && pairs[1].error() == errc::rejected));
  std::string const key = "v";
  note kept = make("v", "a text that is too long to be kept in place");
  auto const tuples = cache.put_many(std::vector<std::tuple<std::string const&, note&>>{{key, kept}});  // as zip gives
  BOOST_TEST((tuples[0] && cache.get("v") && kept.text.size() > 40));
  auto const gone = cache.erase_many(std::vector<std::string>{"a", "none"});
  BOOST_TEST((gone[0]->changed && !gone[1]->changed));
}

BOOST_AUTO_TEST_CASE(a_batch_takes_ranges_that_can_be_gone_through_only_once_or_not_while_constant) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  (void)cache.put_many(std::vector{make("a", "1"), make("bb", "2"), make("c", "3")});
  std::vector<std::string> const ids{"a", "bb", "c"};
  int asked = 0;
  auto const short_ones =
      cache.get_many(ids | std::views::filter([&](auto const& id) { return ++asked, id.size() == 1; }));
  BOOST_TEST((short_ones.size() == 2u && short_ones[0].second->text == "1" && short_ones[1].second->text == "3"));
  BOOST_TEST(asked == 3);
  std::istringstream words{"c none"};
  auto const read = cache.get_many(ranges::istream<std::string>(words));
  BOOST_TEST((read.size() == 2u && read[0].second->text == "3" && read[1].second.absent()));
}

BOOST_AUTO_TEST_CASE(a_call_from_inside_a_visitor_is_refused_and_never_hangs) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  (void)cache.put(make("a"));
  (void)cache.put(make("b"));
  auto const inner = cache.visit("a", [&](note const&) {
    return std::vector<errc>{cache.get("a").error().code(), cache.get("b").error().code(),
                             cache.put(make("c")).error().code(), cache.erase("a").error().code(),
                             cache.flush().error().code()};
  });
  for (auto const code : **inner) BOOST_TEST((code == errc::rejected));
  BOOST_TEST(cache.get("a").has_value());
}

BOOST_AUTO_TEST_CASE(a_closed_cache_refuses_what_memory_cannot_answer) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  (void)cache.put(make("a"));
  cache.close(1s);
  cache.close(1s);
  BOOST_TEST((cache.put(make("b")).error() == errc::closed));
  BOOST_TEST((cache.get("b").error() == errc::closed));
  BOOST_TEST((cache.flush().error() == errc::closed && cache.ready().error() == errc::closed));
}

BOOST_AUTO_TEST_CASE(what_was_read_outlives_the_cache) {
  std::optional<hit<note>> kept;
  {
    auto opened = notes::open({});
    (void)opened->put(make("a", "still here"));
    kept = opened->get("a");
  }
  BOOST_TEST((*kept)->text == "still here");
}

namespace {
// A coroutine that runs by itself, for awaiting co_ verbs.
struct detached {
  struct promise_type {
    detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

int threads_left = 0;
struct scarce : strata::detail::thread {
  template <class Job>
  explicit scarce(Job job) : thread{threads_left-- > 0 ? std::move(job) : throw std::bad_alloc{}} {}
};
}  // namespace

BOOST_AUTO_TEST_CASE(where_the_system_has_no_more_threads_those_there_are_have_to_do) {
  for (int const some : {0, 1}) {
    threads_left = some;
    std::atomic<int> done{0};
    {
      strata::detail::crew<scarce> few{4};
      for (int i = 0; i < 9; ++i)
        [](auto& on, auto& count) -> detached {
          co_await strata::detail::move_to{on};
          ++count;
        }(few, done);
      BOOST_TEST((some != 0 || done == 9));
    }
    BOOST_TEST(done == 9);
  }
}

BOOST_AUTO_TEST_CASE(the_co_verbs_are_the_same_flows) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  std::latch done{1};
  std::thread::id hit_thread;
  bool good = false;
  [](auto& c, auto& latch, auto& thread, bool& ok) -> detached {
    auto const put = co_await c.co_put(make("a", "x"));
    auto const miss = co_await c.co_get("b");
    auto const loaded = co_await c.co_get_or_load("d", [] { return make("d", "made"); });
    auto const erased = co_await c.co_erase("d");
    auto const before = std::this_thread::get_id();
    auto const hit = co_await c.co_get("a");  // a hot hit never suspends
    thread = std::this_thread::get_id();
    auto const updated = co_await c.co_update("a", [](note& n) { n.text += "y"; });
    auto const late = co_await c.co_put_if(hit, make("a", "late"));
    auto const first = co_await c.co_put_if(miss, make("b", "first"));
    auto const second = co_await c.co_put_if("b", miss, make("b", "second"));
    auto const third = co_await c.co_put_if("c", strata::absence, make("c", "third"));
    auto const ready = co_await c.co_ready();
    auto const flushed = co_await c.co_flush();
    ok = put && miss.absent() && loaded && loaded->text == "made" && erased->changed && hit && thread == before &&
         updated && c.get("a")->text == "xy" && !late && late.error() == strata::errc::conflict && first && !second &&
         second.error() == strata::errc::conflict && third && ready && flushed;
    latch.count_down();
  }(cache, done, hit_thread, good);
  done.wait();
  BOOST_TEST(good);
  BOOST_TEST((hit_thread != std::this_thread::get_id()));
}

namespace {
// GCC 14 breaks on a braced list within a coroutine.
std::vector<note> three() { return {make("a", "1"), make("", "bad"), make("b", "2")}; }
std::vector<std::string> names(auto... each) { return {each...}; }
}  // namespace

BOOST_AUTO_TEST_CASE(the_co_verbs_for_many_own_what_they_were_given) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  std::latch done{1};
  bool good = false;
  [](auto& c, auto& latch, bool& ok) -> detached {
    auto write = c.co_put_many(three());
    auto const receipts = co_await write;  // what it was given is gone
    auto const found = co_await c.co_get_many(names("b", "none", "a"));
    auto const gone = co_await c.co_erase_many(names("a", "none"));
    ok = receipts.size() == 3 && receipts[0] && receipts[1].error() == errc::rejected && receipts[2] &&
         found.size() == 3 && found[0].second->text == "2" && found[1].second.absent() && found[2].first == "a" &&
         gone.size() == 2 && gone[0]->changed && !gone[1]->changed;
    latch.count_down();
  }(cache, done, good);
  done.wait();
  BOOST_TEST(good);
}

BOOST_AUTO_TEST_CASE(values_without_a_key_are_put_under_one_by_coroutines_too) {
  auto opened = numbers::open({});
  auto& cache = opened.value();
  std::latch done{1};
  bool good = false;
  [](auto& c, auto& latch, bool& ok) -> detached {
    auto const put = co_await c.co_put(7, 49);
    auto const hit = co_await c.co_get(7);
    ok = put && hit && *hit == 49;
    latch.count_down();
  }(cache, done, good);
  done.wait();
  BOOST_TEST(good);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(loading)

static void load_together(limits const& most) {
  auto opened = notes::open({.limits = most});
  auto& cache = opened.value();
  std::atomic<int> runs{0};
  std::atomic<int> good{0};
  in_parallel(16, [&](std::size_t) {
    auto const hit = cache.get_or_load("a", [&] {
      ++runs;
      std::this_thread::sleep_for(20ms);
      return make("a", "made");
    });
    good += hit && hit->text == "made" ? 1 : 0;
  });
  BOOST_TEST(runs == 1);
  BOOST_TEST(good == 16);
  BOOST_TEST(cache.stats().loads == 1u);
}
BOOST_AUTO_TEST_CASE(one_loader_per_key_however_many_callers) {
  load_together({});
  load_together({.max_flights = std::numeric_limits<std::size_t>::max()});
}

BOOST_AUTO_TEST_CASE(a_failing_loader_fails_all_waiters_and_is_not_remembered) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  auto const thrown = cache.get_or_load("a", []() -> note { throw std::runtime_error{"no such plan"}; });
  BOOST_TEST((thrown.error() == errc::loader_failed && thrown.error().text() == "no such plan"));
  auto const given =
      cache.get_or_load("a", []() -> result<note> { return failure(errc::unavailable, tier::none, "down"); });
  BOOST_TEST((given.error() == errc::loader_failed && given.error().text() == "down"));
  auto const foreign = cache.get_or_load("a", [] { return make("b"); });
  BOOST_TEST((foreign.error() == errc::rejected));
  BOOST_TEST(cache.get_or_load("a", [] { return make("a"); }).has_value());
}

BOOST_AUTO_TEST_CASE(a_value_put_meanwhile_wins_over_the_loaded_one) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  auto const hit = cache.get_or_load("a", [&] {
    (void)cache.put(make("a", "put"));
    return make("a", "loaded");
  });
  BOOST_TEST(hit->text == "put");
  BOOST_TEST(cache.get("a")->text == "put");
}

BOOST_AUTO_TEST_CASE(a_loader_that_asks_for_its_own_key_is_told) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  errc inner{};
  auto const outer = cache.get_or_load("a", [&] {
    auto const again = cache.get_or_load("a", [] { return make("a"); });
    inner = again.error().code();
    return make("a", "outer");
  });
  BOOST_TEST((inner == errc::would_deadlock));
  BOOST_TEST(outer->text == "outer");
}

// Each loader of a ring asks for the next key once all are running: exactly one of them may be told, and all end.
static void ring(std::size_t size) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  std::latch running{static_cast<std::ptrdiff_t>(size)};
  std::atomic<int> told{0};
  std::atomic<std::size_t> good{0};
  in_parallel(size, [&](std::size_t i) {
    auto const hit = cache.get_or_load(std::to_string(i), [&, i] {
      running.arrive_and_wait();
      auto const next = std::to_string((i + 1) % size);
      auto const other = cache.get_or_load(next, [&] { return make(next); });
      if (other.failed() && other.error() == errc::would_deadlock) ++told;
      return make(std::to_string(i));
    });
    good += hit ? 1 : 0;
  });
  BOOST_TEST(told >= 1);
  BOOST_TEST(good == size);
}
BOOST_AUTO_TEST_CASE(two_loaders_that_wait_for_each_other_both_end) { ring(2); }
BOOST_AUTO_TEST_CASE(a_ring_of_three_ends) { ring(3); }

BOOST_AUTO_TEST_CASE(crossed_batches_end) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  for (int round = 0; round < 50; ++round) {
    auto const id = [&](int i) { return std::to_string(round) + "-" + std::to_string(i); };
    auto const load = [&](std::vector<int> order) {
      for (int const i : order) (void)cache.get_or_load(id(i), [&] { return make(id(i)); });
    };
    in_parallel(2, [&](std::size_t i) {
      load(i == 0 ? std::vector{0, 1, 2} : std::vector{2, 1, 0});
      (void)cache.get_many(i == 0 ? std::vector{id(2), id(0)} : std::vector{id(0), id(2)});
    });
  }
  BOOST_TEST(cache.stats().hot.entries == 150u);
}

BOOST_AUTO_TEST_CASE(a_loader_that_waits_for_another_thread_ends_by_its_deadline) {
  auto opened = notes::open({});
  auto& cache = opened.value();
  errc inner{};
  auto const outer = cache.get_or_load("a", [&] {
    in_parallel(1, [&](std::size_t) {
      inner = cache.get_or_load("a", [] { return make("a"); }, {.within = 50ms}).error().code();
    });
    return make("a", "outer");
  });
  BOOST_TEST((inner == errc::timed_out));
  BOOST_TEST(outer->text == "outer");
}

BOOST_AUTO_TEST_SUITE_END()
