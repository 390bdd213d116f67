// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Questions to a cache over a cold tier that answers them.
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/hot/lru.hpp>
#include <strata/query/archive.hpp>
#include <strata/query/diff.hpp>
#include <strata/query/history.hpp>
#include <strata/query/usage.hpp>
#include <strata/testing/memory_cold.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;

namespace {

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::string, text), (int, version));
  bool operator==(note const&) const = default;
};

}  // namespace

template <>
struct strata::record<note> : strata::default_record<note> {
  static std::string_view kind(note const&) { return "note"; }
  static std::string const& text(note const& n) { return n.text; }
  static std::string metadata(note const& n) {
    return R"({"size": )" + std::to_string(n.text.size()) + R"(, "a": "x,{"})";
  }
};

namespace {

using notes = cache<hot::lru, none, testing::memory_cold, codec::json<note>>;

}  // namespace

/// Tells how long an archiving is given.
struct archiving {
  struct options {
    std::chrono::nanoseconds* given = nullptr;
  };
  template <class Key, class Value, class Context>
  struct tier : testing::memory_cold::tier<Key, Value, Context> {
    tier(options const& o, Context const& c)
        : testing::memory_cold::tier<Key, Value, Context>{testing::memory_cold::options{}, c}, given{o.given} {}
    result<std::size_t> archivable(std::chrono::system_clock::time_point, deadline until) { return asked(until); }
    result<std::size_t> archive(std::chrono::system_clock::time_point, std::size_t, deadline until) {
      return asked(until);
    }
    result<std::size_t> asked(deadline until) { return *given = until - std::chrono::steady_clock::now(), 0; }
    std::chrono::nanoseconds* given;
  };
};

/// Counts slowly, fails the first time, and tells when it was asked to.
struct counting {
  static constexpr std::chrono::milliseconds takes{30};
  struct seen {
    std::array<std::chrono::steady_clock::time_point, 3> when;
    std::atomic<std::size_t> number = 0;
  };
  struct options {
    counting::seen* seen = nullptr;
  };
  template <class Key, class Value, class Context>
  struct tier : testing::memory_cold::tier<Key, Value, Context> {
    tier(options const& o, Context const& c)
        : testing::memory_cold::tier<Key, Value, Context>{testing::memory_cold::options{}, c}, seen{*o.seen} {}
    result<void> add_usage(std::span<uses const>, deadline) {
      if (seen.number < seen.when.size()) seen.when[seen.number] = std::chrono::steady_clock::now();
      std::this_thread::sleep_for(takes);
      if (++seen.number == 1) return failure(errc::unavailable, strata::tier::cold, "slow, and in vain");
      return {};
    }
    counting::seen& seen;
  };
};

/// Takes its time to look into history, and tells when that began and until when a store may go on.
struct leisurely {
  struct times {
    deadline began, store_ends;
  };
  struct options {
    leisurely::times* times = nullptr;
  };
  template <class Key, class Value, class Context>
  struct tier : testing::memory_cold::tier<Key, Value, Context> {
    using base = testing::memory_cold::tier<Key, Value, Context>;
    tier(options const& o, Context const& c) : base{testing::memory_cold::options{}, c}, seen{*o.times} {}
    result<copy<Value>> get_at(std::string_view key, std::int64_t version, deadline until) {
      seen.began = std::chrono::steady_clock::now();
      std::this_thread::sleep_for(10ms);
      return base::get_at(key, version, until);
    }
    result<copy<Value>> get_at(std::string_view key, revision at, deadline until) {
      return base::get_at(key, at, until);
    }
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline until) {
      return seen.store_ends = until, base::store(key, value, expected, until);
    }
    times& seen;
  };
};

BOOST_AUTO_TEST_CASE(what_changes_something_has_the_time_of_a_write) {
  std::chrono::nanoseconds given{0};
  cache<none, none, archiving, codec::json<note>> c{
      {.cold = {&given}, .limits = {.read_within = 1min, .write_within = 10min}}};
  BOOST_TEST(archivable(c).has_value());
  BOOST_TEST((given > 0ns && given <= 1min));
  BOOST_TEST(archive(c).has_value());
  BOOST_TEST((given > 1min && given <= 10min));
}

BOOST_AUTO_TEST_CASE(uses_and_outcomes_of_many_threads_and_instances_add_up) {
  auto const shelf = std::make_shared<testing::memory_cold::shelf<note>>();
  auto const open = [&] {
    return notes::open({.hot = {.capacity_entries = 8}, .cold = {.shared = shelf}, .limits = {.flush_every = 20ms}});
  };
  auto kept = open();
  auto& last = kept.value();
  for (int i = 0; i < 16; ++i) BOOST_REQUIRE(last.put({.id = std::to_string(i), .text = "x", .version = 0}));
  {
    auto opened = open();
    auto& first = opened.value();
    std::atomic<int> refused = 0;
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        auto& mine = t < 2 ? first : last;
        for (int i = 0; i < 5'000; ++i) {
          auto const id = std::to_string((i * 7 + t) % 16);
          (void)mine.get(id);
          if (i % 10 == 0 && !record_outcome(mine, id, i % 20 == 0)) ++refused;
        }
      });
    threads.clear();
    BOOST_TEST(refused == 0);
  }
  BOOST_REQUIRE(last.flush());
  std::uint64_t reads = 0, successes = 0, failures = 0;
  for (int i = 0; i < 16; ++i) {
    auto const u = usage(last, std::to_string(i));
    BOOST_REQUIRE((u && *u && (*u)->last_used));
    reads += (*u)->count, successes += (*u)->successes, failures += (*u)->failures;
  }
  BOOST_TEST(reads == 20'000U);
  BOOST_TEST(successes == 1'000U);
  BOOST_TEST(failures == 1'000U);
  BOOST_TEST(popular(last, 3)->size() == 3U);
  BOOST_TEST(rising(last, 99)->size() == 16U);
  BOOST_TEST(failing(last, 99, 2'001)->empty());
  BOOST_TEST(unused(last, std::chrono::system_clock::now() - 1h, 9)->empty());
  BOOST_TEST(!usage(last, "nobody").value());
  BOOST_TEST((record_outcome(last, "", true).error() == errc::rejected));
  BOOST_REQUIRE(last.put({.id = "new", .text = "", .version = 0}));
  BOOST_TEST(!usage(last, "new").value()->success_rate());
}

BOOST_AUTO_TEST_CASE(uses_go_down_in_parts_as_large_as_is_soon_done_and_each_key_once) {
  flow::usage_table<> counted{10'000};
  for (int i = 0; i < 6'000; ++i) counted.add(std::to_string(i), 2);
  auto const all = counted.take();
  BOOST_TEST(counted.take().empty());
  flow::flush_size<> size;
  std::set<std::string> told;
  std::vector<std::size_t> sizes;
  for (std::size_t done = 0; done < all.size(); done += sizes.back()) {
    auto const part = counted.part(all, done, size.keys());
    for (auto const& one : part) BOOST_TEST((one.count == 2U && told.emplace(one.key).second));
    sizes.push_back(part.size());
    size.took(done < 3'000 ? 1ms : done < 4'000 ? 10ms : 50ms);
  }
  std::vector<std::size_t> const expected{1,     2,     4,     8,     16,  32,  64,  128, 256, 512,
                                          1'000, 1'000, 1'000, 1'000, 500, 250, 125, 62,  31,  9};
  BOOST_TEST(sizes == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_longer_a_flush_takes_the_later_the_next_begins) {
  struct {
    strata::limits limits{.max_used_keys = 60'000};
  } core;
  auto const after = [&](kernel::moment::duration took, kernel::moment::duration gathered, std::size_t keys) {
    return flow::flush_after(core, took, gathered, keys);
  };
  BOOST_TEST((after(1ms, 5s, 100) == 5s));
  BOOST_TEST((after(250ms, 5s, 100) == 5s));
  BOOST_TEST((after(300ms, 5s, 100) == 6s));
  BOOST_TEST((after(3s, 5s, 100) == 60s));
  BOOST_TEST((after(1h, 5s, 100) == 60s));
  BOOST_TEST((after(3s, 5s, 10'000) == 15s));  // by then there are 30,000
  BOOST_TEST((after(3s, 15s, 30'000) == 15s));
  BOOST_TEST((after(3s, 5s, 60'000) == 5s));  // as often as asked for in any case
  BOOST_TEST((after(3s, 0s, 0) == 60s));
  core.limits.flush_every = 120s;
  BOOST_TEST((after(3s, 120s, 100) == 120s));
}

BOOST_AUTO_TEST_CASE(counting_has_a_twentieth_of_the_time_even_where_it_fails) {
  counting::seen seen;
  cache<hot::lru, none, counting, codec::json<note>> c{
      {.hot = {.capacity_entries = 8}, .cold = {&seen}, .limits = {.flush_every = 1ms}}};
  BOOST_REQUIRE(c.put({.id = "a", .text = "x", .version = 0}));
  while (seen.number < 3) BOOST_REQUIRE(c.get("a"));
  for (std::size_t i = 0; i < 2; ++i) BOOST_TEST((seen.when[i + 1] - seen.when[i] >= 20 * counting::takes));
}

BOOST_AUTO_TEST_CASE(what_was_read_most_goes_down_first) {
  flow::usage_table<> counted{1'000};
  for (int i = 0; i < 500; ++i)
    counted.add(std::to_string(i), i % 100 == 7 ? 1'000U << static_cast<unsigned>(i / 100) : 1U);
  auto all = counted.take();
  flow::most_read_first(all);
  BOOST_TEST(all.size() == 500U);
  for (std::size_t i = 0; i < 5; ++i) BOOST_TEST(all[i].count.reads == 16'000U >> i);
  std::set<std::string> keys;
  for (auto const& one : all) keys.insert(one.key);
  BOOST_TEST(keys.size() == 500U);
  std::vector<flow::keyed_tally> none;
  flow::most_read_first(none);
  BOOST_TEST(none.empty());
}

BOOST_AUTO_TEST_CASE(what_was_comes_back_as_a_new_version) {
  auto opened = notes::open({.hot = {.capacity_entries = 8}});
  auto& cache = opened.value();
  for (auto const* text : {"one", "two", "three"}) BOOST_REQUIRE(cache.put({.id = "a", .text = text, .version = 0}));
  auto const back = rollback(cache, "a", 1);
  BOOST_REQUIRE(back);
  BOOST_TEST(back->version == 4);
  BOOST_TEST((cache.get("a").revision() == back->revision));
  BOOST_TEST(get_at(cache, "a", std::int64_t{4})->value->text == "one");
  BOOST_TEST(!rollback(cache, "a", 4)->changed);
  auto const second = history(cache, "a", 9)->at(2).revision;
  BOOST_TEST(rollback(cache, "a", second)->version == 5);
  BOOST_TEST(get_at(cache, "a", std::int64_t{5})->value->text == "two");
  BOOST_TEST((rollback(cache, "a", 77).error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE(what_was_comes_back_where_values_expire_and_lives_as_long_as_what_is_put) {
  cache<hot::lru, none, testing::memory_cold, codec::json<note>, expiry> cache{{}};
  for (auto const* text : {"one", "two"})
    BOOST_REQUIRE(cache.put({.id = "a", .text = text, .version = 0}, {.expires_in = 1h}));
  BOOST_TEST(rollback(cache, "a", 1)->version == 3);
  auto const back = cache.get("a");
  BOOST_TEST((back->text == "one" && back.ends() == kernel::moment::max()));
}

BOOST_AUTO_TEST_CASE(what_comes_back_does_so_within_the_time_of_one_call) {
  leisurely::times seen;
  cache<none, none, leisurely, codec::json<note>> c{{.cold = {&seen}}};
  BOOST_REQUIRE(c.put({.id = "a", .text = "one", .version = 0}));
  BOOST_REQUIRE(rollback(c, "a", 1, {.within = 1min}));
  BOOST_TEST((seen.store_ends <= seen.began + 1min));
}

BOOST_AUTO_TEST_CASE(differences_are_the_fewest_that_lead_from_one_to_the_other) {
  using enum alteration;
  auto const all = diff(note{"a", "one\ntwo\nthree", 1}, note{"a", "one\n2\nthree\nfour", 2});
  BOOST_REQUIRE(all.size() == 2U);
  BOOST_TEST((all[0].name == "text"));
  BOOST_TEST((all[0].edits ==
              std::vector<edit>{{kept, "one"}, {removed, "two"}, {added, "2"}, {kept, "three"}, {added, "four"}}));
  BOOST_TEST((all[1].edits ==
              std::vector<edit>{{removed, "\"size\": 13"}, {added, "\"size\": 16"}, {kept, "\"a\": \"x,{\""}}));
  BOOST_TEST(diff(note{"a", "x", 1}, note{"a", "x", 2}).empty());

  std::minstd_rand draw{1};
  for (int round = 0; round < 500; ++round) {
    std::vector<std::string> words[2];
    for (auto& list : words)
      for (auto n = draw() % 12; n > 0; --n) list.emplace_back(1, static_cast<char>('a' + draw() % 3));
    strata::detail::lines const from{words[0].begin(), words[0].end()}, to{words[1].begin(), words[1].end()};
    std::vector<std::string> before, after;
    std::size_t common = 0;
    for (auto const& e : strata::detail::edits_between(from, to)) {
      if (e.change != added) before.push_back(e.line);
      if (e.change != removed) after.push_back(e.line);
      common += e.change == kept;
    }
    std::vector<std::vector<std::size_t>> longest(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
    for (std::size_t i = 1; i <= from.size(); ++i)
      for (std::size_t j = 1; j <= to.size(); ++j)
        longest[i][j] =
            from[i - 1] == to[j - 1] ? longest[i - 1][j - 1] + 1 : std::max(longest[i - 1][j], longest[i][j - 1]);
    BOOST_REQUIRE((before == words[0] && after == words[1] && common == longest.back().back()));
  }

  std::string left, right;
  for (int i = 0; i < 2'000; ++i) left += "l" + std::to_string(i) + "\n", right += "r" + std::to_string(i) + "\n";
  BOOST_TEST(diff(note{"a", left, 1}, note{"a", right, 1})[0].edits.size() == 4'000U);
}

BOOST_AUTO_TEST_CASE(what_is_longer_ago_than_clocks_tell_is_not_in_the_future) {
  auto const now = std::chrono::system_clock::now();
  BOOST_TEST((query::ago(1h) >= now - 1h && query::ago(1h) < now));
  for (auto const time : {std::chrono::hours{24 * 200'000}, std::chrono::hours::max() / 2, std::chrono::hours::max()})
    BOOST_TEST((query::ago(time) == std::chrono::system_clock::time_point{}));
}
