// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// Many keys at once, looked at where they stand: visit_many of both kinds of cache, and what get_many takes out of a container
// that is given away.
#include "../support/asked_new.hpp"

#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/single_thread.hpp>
#include <strata/local.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <map>
#include <memory>
#include <ranges>
#include <span>
#include <stdexcept>
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

thread_local std::size_t allocations = 0;

struct by_hand {
  using moment = std::chrono::steady_clock::time_point;
  std::atomic<moment> time{moment{} + 100h};
  [[nodiscard]] moment now() const noexcept { return time.load(); }
  [[nodiscard]] std::int64_t now_ms() const noexcept {
    return 1'700'000'000'000 + (time.load().time_since_epoch() - 100h) / 1ms;
  }
  void pass(std::chrono::milliseconds by) { time = time.load() + by; }
};

struct place {
  std::string layer;
  int x = 0;
  bool operator==(place const&) const = default;
};
struct marked : place {};

struct to_all {
  std::function<void(std::string_view, removal)>* tell;
  void removed(std::string_view key, std::string const&, removal why) const { (*tell)(key, why); }
};

std::string text(int n) { return "a key of more than fifteen bytes, number " + std::to_string(n); }
std::vector<std::string> texts(int from, int until) {
  std::vector<std::string> all;
  for (; from < until; ++from) all.push_back(text(from));
  return all;
}

/// What was shown, under each key how often.
struct shown {
  std::map<std::string, int, std::less<>> times;
  template <class Value>
  void operator()(std::string_view key, Value const& value) {
    if constexpr (std::is_same_v<Value, std::string>)
      BOOST_TEST(value == "of " + std::string{key});
    else
      BOOST_TEST(value == key.size());
    ++times[std::string{key}];
  }
};

struct note {
  std::string id, content;
  bool operator==(note const&) const = default;
};
struct lines {
  using value_type = note;
  static constexpr std::string_view id = "lines";
  static constexpr std::uint64_t fingerprint = 1;
  static result<void> encode(note const& n, std::string& out) { return out = n.id + "\n" + n.content, result<void>{}; }
  static result<note> decode(std::string_view bytes) {
    auto const end = bytes.find('\n');
    return note{std::string{bytes.substr(0, end)}, std::string{bytes.substr(end + 1)}};
  }
};
struct heard {
  std::array<std::atomic<int>, 4>* hits;
  std::atomic<int>* expired;
  void hit(tier where) const noexcept { ++(*hits)[static_cast<std::size_t>(where)]; }
  void miss(tier, strata::miss why) const noexcept { *expired += why == strata::miss::expired ? 1 : 0; }
};
using three =
    cache<hot::lru, memory_warm, memory_cold, lines, observer<heard>, single_writer, expiry, strata::clock<by_hand>>;

/// Tiers that two caches share, and the caches.
struct stage {
  by_hand clock;
  std::shared_ptr<memory_warm::shelf> warm = std::make_shared<memory_warm::shelf>();
  std::shared_ptr<memory_cold::shelf<note>> cold = std::make_shared<memory_cold::shelf<note>>();
  std::array<std::atomic<int>, 4> hits{};
  std::atomic<int> expired{0};

  three::options of() {
    return {.hot = {.capacity_entries = 20'000},
            .warm = {.shared = warm},
            .cold = {.shared = cold},
            .observer = {&hits, &expired},
            .clock = &clock};
  }
  [[nodiscard]] int hit(tier where) const { return hits[static_cast<std::size_t>(where)]; }
};

}  // namespace

bool strata_test::refuses(std::size_t) noexcept { return ++allocations, false; }

template <>
struct std::hash<place> {
  std::size_t operator()(place const& p) const noexcept {
    return std::hash<std::string>{}(p.layer) + static_cast<std::size_t>(p.x);
  }
};

BOOST_AUTO_TEST_SUITE(local_cache_)

using kinds =
    std::tuple<local_cache<std::string, std::string>, local_cache<std::string, std::size_t>,
               local_cache<std::string, std::string, hot::lru_exact>, local_cache<std::string, std::size_t, hot::sieve>,
               local_cache<std::string, std::string, hot::single_thread<hot::lru>>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(shows_each_that_is_there, Cache, kinds) {
  Cache cache{{.capacity_entries = 20'000}};
  auto const put = [&](std::string const& key) {
    if constexpr (std::is_same_v<typename Cache::value_type, std::string>)
      BOOST_TEST(cache.put(key, "of " + key));
    else
      BOOST_TEST(cache.put(key, key.size()));
  };
  for (int i = 0; i < 10'000; i += 2) put(text(i));
  shown seen;
  BOOST_TEST(cache.visit_many(std::vector<std::string>{}, seen) == 0U);
  BOOST_TEST(cache.visit_many(texts(10'000, 10'100), seen) == 0U);
  BOOST_TEST(seen.times.empty());
  BOOST_TEST(cache.visit_many(std::vector{text(2), text(1), text(2), text(4)}, seen) == 3U);
  BOOST_TEST((seen.times == std::map<std::string, int, std::less<>>{{text(2), 2}, {text(4), 1}}));
  BOOST_TEST((cache.stats().hits == 3U && cache.stats().misses == 101U));
  seen.times.clear();
  BOOST_TEST(cache.visit_many(texts(0, 10'000), seen) == 5'000U);
  BOOST_TEST(seen.times.size() == 5'000U);
  for (int i = 0; i < 10'000; i += 2) BOOST_REQUIRE(seen.times[text(i)] == 1);
  BOOST_TEST((cache.stats().hits == 5'003U && cache.stats().misses == 5'101U));
}

// They and their values stand in their entries, which keep no hash: of two with one tag the number itself tells.
BOOST_AUTO_TEST_CASE(numbers_with_one_tag_are_told_apart) {
  local_cache<std::uint64_t, std::uint64_t> cache{{.capacity_entries = 100'000}};
  std::vector<std::uint64_t> keys;
  for (std::uint64_t k = 0; k < 20'000; ++k) keys.push_back(k);
  for (auto const k : keys)
    if (k % 2 == 0) BOOST_REQUIRE(cache.put(k, k + 1));
  std::vector<int> times(keys.size());
  int wrong = 0;
  BOOST_TEST(cache.visit_many(keys, [&](std::uint64_t k, std::uint64_t value) {
    ++times[k];
    wrong += value != k + 1;
  }) == 10'000U);
  for (auto const k : keys) wrong += times[k] != (k % 2 == 0 ? 1 : 0);
  for (auto const& [k, found] : cache.get_many(keys)) wrong += found ? k % 2 != 0 || *found != k + 1 : k % 2 == 0;
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(takes_keys_where_they_stand) {
  local_cache<std::string, int> cache;
  for (int i = 0; i < 100; ++i) BOOST_TEST(cache.put(text(i), i));
  auto const keys = texts(0, 100);
  int sum = 0;
  auto const add = [&](std::string_view key, int n) {
    BOOST_TEST(key == text(n));
    sum += n;
  };
  auto const all = [&](auto&& range) {
    return std::exchange(sum, 0), cache.visit_many(range, add) == 100U && sum == 4'950;
  };
  BOOST_TEST(all(keys));
  BOOST_TEST(all(std::span{keys}));
  BOOST_TEST(all(std::vector<std::string_view>(keys.begin(), keys.end())));
  BOOST_TEST(all(std::forward_list<std::string>(keys.begin(), keys.end())));
  BOOST_TEST(all(keys | std::views::transform([](auto const& k) -> std::string_view { return k; })));
  BOOST_TEST(all(keys | std::views::transform([](auto const& k) { return k.c_str(); })));
  std::map<std::string, int> of_pairs;
  for (auto const& key : keys) of_pairs[key] = 1;
  BOOST_TEST(all(of_pairs | std::views::keys));
  std::array<char const*, 2> const plain{keys[1].c_str(), "none"};
  BOOST_TEST((cache.visit_many(plain, add) == 1U));
  int looked = 0;  // each key of a range is made once
  auto odd = keys | std::views::filter([&](auto const& k) { return ++looked, (k.back() - '0') % 2 == 1; });
  BOOST_TEST((cache.visit_many(odd, add) == 50U && looked == 100));

  local_cache<std::uint64_t, int> numbers;
  for (std::uint64_t i = 0; i < 100; i += 4) BOOST_TEST(numbers.put(i, static_cast<int>(i)));
  std::uint64_t same = 0;
  BOOST_TEST(numbers.visit_many(std::views::iota(0, 100), [&](std::uint64_t k, int n) {
    same += k - static_cast<std::uint64_t>(n) == 0;
  }) == 25U);
  BOOST_TEST(same == 25U);

  local_cache<place, std::unique_ptr<int>> places;
  BOOST_TEST(places.put({"lakes", 1}, std::make_unique<int>(7)));
  std::vector<place> const asked(70, {"lakes", 1});
  int sevens = 0;
  auto const count = [&](place const& p, std::unique_ptr<int> const& n) {
    sevens += p.layer == "lakes" && *n == 7 ? 1 : 0;
  };
  BOOST_TEST((places.visit_many(asked, count) == 70U && sevens == 70));
  std::vector<marked> const some{{{"lakes", 1}}, {{"roads", 1}}};
  BOOST_TEST(places.visit_many(some, count) == 1U);
  static_assert(key_in_place<std::string&, std::string> && key_in_place<std::string&&, std::string> &&
                key_in_place<std::string_view, std::string> && key_in_place<int, long> &&
                !key_in_place<std::string, std::string> && !key_in_place<place, place> &&
                !key_in_place<std::string&, place> && !key_in_place<char, std::string>);
}

// T9: what memory has is shown without one allocation, of whatever length keys and range are.
BOOST_AUTO_TEST_CASE(allocates_nothing) {
  local_cache<std::string, std::string> cache{{.capacity_entries = 2'000}};
  auto const keys = texts(0, 1'000);
  for (auto const& key : keys) BOOST_TEST(cache.put(key, "of " + key));
  std::size_t bytes = 0;
  auto const add = [&](std::string_view key, std::string const& value) { bytes += key.size() + value.size(); };
  BOOST_TEST(cache.visit_many(keys, add) == 1'000U);
  allocations = 0;
  std::size_t const there = cache.visit_many(keys, add) + cache.visit_many(std::span{keys}.first(7), add);
  std::size_t const asked_for = allocations;
  BOOST_TEST((there == 1'007U && bytes != 0U));
  BOOST_TEST(asked_for == 0U);
}

BOOST_AUTO_TEST_CASE(what_has_expired_is_not_shown_and_leaves) {
  by_hand clock;
  std::vector<std::string> told;
  std::function<void(std::string_view, removal)> tell;
  local_cache<std::string, std::string, hot::lru, observer<to_all>, strata::clock<by_hand>> cache{
      {.expires_after_write = 10s, .expires_after_access = 8s, .observer = {&tell}, .clock = &clock}};
  tell = [&](std::string_view key, removal why) {
    if (why != removal::expired) return;
    BOOST_TEST(!cache.get("anything").failed());  // nothing is held
    told.emplace_back(key);
  };
  cache.put("over", "of over");
  cache.put("there", "of there");
  cache.put("unused", "of unused");
  clock.pass(5s);
  std::vector<std::string> const names{"there", "over", "none", "over"};
  shown seen;
  BOOST_TEST(cache.visit_many(names, seen) == 3U);
  clock.pass(4s);
  cache.put("there", "of there");
  clock.pass(1s);
  told.clear();
  auto const before = cache.stats();
  seen.times.clear();
  BOOST_TEST(cache.visit_many(names, seen) == 1U);
  BOOST_TEST((seen.times.size() == 1U && seen.times["there"] == 1));
  BOOST_TEST((told == std::vector<std::string>{"over"}));
  auto const after = cache.stats();
  BOOST_TEST((after.hits - before.hits == 1U && after.misses - before.misses == 4U));  // one is the observer's own
  BOOST_TEST((after.expired - before.expired == 2U && cache.entries() == 2U));
  BOOST_TEST((cache.visit_many(std::vector<std::string>{"unused"}, seen) == 0U && cache.entries() == 1U));
  clock.pass(7s);
  BOOST_TEST(cache.visit_many(names, seen) == 1U);  // which puts off the end of its second life
  clock.pass(1s);
  BOOST_TEST(cache.visit("there", [](auto const&) {}));
}

BOOST_AUTO_TEST_CASE(what_a_visitor_throws_comes_out) {
  by_hand clock;
  local_cache<std::string, int, hot::lru, strata::clock<by_hand>> cache{{.expires_after_write = 10s, .clock = &clock}};
  cache.put("over", 0);
  clock.pass(10s);
  for (int i = 0; i < 100; ++i) cache.put(text(i), i);
  auto keys = texts(0, 100);
  keys.insert(keys.begin(), "over");
  int calls = 0;
  auto const third = [&](std::string_view, int) {
    if (++calls == 3) throw std::runtime_error{"enough"};
  };
  BOOST_CHECK_THROW((void)cache.visit_many(keys, third), std::runtime_error);
  BOOST_TEST(calls == 3);
  auto const s = cache.stats();
  BOOST_TEST((s.hits == 2U && s.expired == 1U && s.misses == 1U));
  BOOST_TEST(cache.valid());
  BOOST_TEST(cache.visit_many(keys, [](auto, int) {}) == 100U);
  BOOST_TEST(cache.put(text(0), 1));  // nothing is held
}

BOOST_AUTO_TEST_CASE(a_visitor_that_calls_the_cache_changes_nothing_and_never_hangs) {
  local_cache<std::string, std::string> cache{{.capacity_entries = 100'000}};  // several shards
  for (int i = 0; i < 200; ++i) cache.put(text(i), "of " + text(i));
  int inside = 0;
  auto const keys = texts(0, 200);
  BOOST_TEST(cache.visit_many(keys, [&](std::string_view key, std::string const&) {
    ++inside;
    BOOST_TEST(!cache.erase(key));
    BOOST_TEST(!cache.put(key, "another"));
    (void)cache.visit_many(keys, [](auto, auto const&) {});
    cache.clear();
  }) == 200U);
  BOOST_TEST(inside == 200);
  shown seen;
  BOOST_TEST((cache.visit_many(keys, seen) == 200U && cache.valid()));
}

BOOST_AUTO_TEST_CASE(beside_writers) {
  local_cache<std::string, std::string> cache{{.capacity_entries = 10'000}};
  auto const keys = texts(0, 300);
  for (auto const& key : keys) cache.put(key, "of " + key);
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    for (std::size_t i = 0; i < 60'000; ++i) {
      auto const& key = keys[i * 7 % 300];
      if ((i + i / 300) % 3 == 0)  // each key every third round
        (void)cache.erase(key);
      else
        (void)cache.put(key, "of " + key);
    }
    done = true;
  }};
  std::size_t wrong = 0, right = 0;
  do
    (void)cache.visit_many(keys, [&](std::string_view key, std::string const& value) {
      ++(value.size() == key.size() + 3 && value.ends_with(key) ? right : wrong);
    });
  while (!done);
  writer.join();
  BOOST_TEST((wrong == 0U && right != 0U && cache.valid()));
  BOOST_TEST(cache.entries() == 200U);
}

BOOST_AUTO_TEST_CASE(get_many_takes_keys_that_are_given_away_and_no_others) {
  local_cache<std::string, int> cache;
  cache.put(text(1), 1);
  auto mine = texts(0, 3);
  auto const got = cache.get_many(mine);
  BOOST_TEST((got.size() == 3U && got[1].second && mine == texts(0, 3)));
  BOOST_TEST((cache.get_many(std::span{mine}).size() == 3U && mine == texts(0, 3)));
  BOOST_TEST((cache.get_many(std::as_const(mine)).size() == 3U && mine == texts(0, 3)));
  BOOST_TEST((cache.get_many(std::ranges::subrange{mine}).size() == 3U && mine == texts(0, 3)));
  BOOST_TEST((cache.get_many(mine | std::views::reverse).size() == 3U && mine == texts(0, 3)));
  auto const* const where = mine[2].data();
  auto const taken = cache.get_many(std::move(mine));
  BOOST_TEST((taken[2].first == text(2) && taken[2].first.data() == where && taken[1].second));
  auto const made = cache.get_many(std::views::iota(0, 3) | std::views::transform(text));
  BOOST_TEST((made[1].first == text(1) && made[1].second && made[2].second.absent()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cache_)

BOOST_AUTO_TEST_CASE(shows_what_each_tier_has) {
  stage s;
  three writer{s.of()}, reader{s.of()};
  for (auto const* id : {"a", "b", "gone"}) BOOST_REQUIRE(writer.put({id, std::string{"of "} + id}));
  BOOST_REQUIRE(writer.put({"over", "of over"}, {.expires_in = 10s}));
  BOOST_REQUIRE(reader.get("a"));
  BOOST_REQUIRE(reader.get("over"));
  BOOST_REQUIRE(writer.erase("gone"));
  BOOST_REQUIRE(s.cold->put("c", {"c", "of c"}, anything));
  s.clock.pass(10s);
  for (auto& one : s.hits) one = 0;
  s.expired = 0;
  auto const before = reader.stats().hot;
  std::map<std::string, int, std::less<>> times;
  auto const see = [&](std::string_view key, note const& n) {
    BOOST_TEST((n.id == key && n.content == "of " + n.id));
    ++times[n.id];
  };
  std::vector<std::string> const ids{"c", "a", "gone", "b", "none", "over", "a", "b"};
  auto const seen = reader.visit_many(ids, see);
  BOOST_REQUIRE(seen);
  BOOST_TEST(*seen == 5U);
  BOOST_TEST((times == std::map<std::string, int, std::less<>>{{"a", 2}, {"b", 2}, {"c", 1}}));
  BOOST_TEST((s.hit(tier::hot) == 2 && s.hit(tier::warm) >= 1 && s.hit(tier::cold) == 1));
  BOOST_TEST(s.expired >= 1);
  auto const after = reader.stats().hot;
  BOOST_TEST((after.hits - before.hits == 2U && after.misses - before.misses == 6U));
  // What came from below is in memory now, as a get keeps it.
  times.clear();
  allocations = 0;
  auto const again =
      reader.visit_many(std::array<std::string_view, 3>{"c", "a", "b"}, [&](std::string_view, note const& n) {
        if (n.content.empty()) throw std::runtime_error{"nothing in it"};
      });
  std::size_t const asked_for = allocations;
  BOOST_TEST((again && *again == 3U && s.hit(tier::hot) == 5));
  BOOST_TEST(asked_for == 0U);
  BOOST_REQUIRE(reader.flush());
  BOOST_TEST(s.cold->usage_of("a")->count == 4U);  // the first get, two of the batch and one of the last
  BOOST_TEST(s.cold->usage_of("c")->count == 2U);
}

BOOST_AUTO_TEST_CASE(says_the_first_error_and_shows_the_others) {
  stage s;
  three writer{s.of()}, reader{s.of()};
  for (auto const* id : {"a", "b"}) BOOST_REQUIRE(writer.put({id, std::string{"of "} + id}));
  BOOST_REQUIRE(reader.get("a"));
  int calls = 0;
  auto const count = [&](std::string_view, note const&) { ++calls; };
  auto const bad = reader.visit_many(std::vector<std::string>{"b", "", "a", "a\xFF"}, count);
  BOOST_TEST(
      (!bad && bad.error() == errc::rejected && bad.error().text() == "the key is empty; a key has 1 to 512 bytes"));
  BOOST_TEST(calls == 2);
  BOOST_TEST(reader.visit_many(std::vector<std::string>{"nobody"}, count).value() == 0U);  // to be absent is none
  s.cold->cut();
  calls = 0;
  auto const cut = reader.visit_many(std::vector<std::string>{"unknown", "", "a", "b"}, count);
  BOOST_TEST((!cut && cut.error() == errc::unavailable && calls == 2));
  auto const stale = reader.visit_many(std::vector<std::string>{"b", "unknown"}, count,
                                       {.mode = read_mode::cold, .stale_if_error = true});
  BOOST_TEST((!stale && stale.error() == errc::unavailable && calls == 3));
  reader.close(0ms);
  BOOST_TEST(reader.visit_many(std::vector<std::string>{"a", "b"}, count).value() == 2U);  // memory answers
  BOOST_TEST((reader.visit_many(std::vector<std::string>{"a", "new"}, count).error() == errc::closed));
  BOOST_TEST(calls == 6);
}

BOOST_AUTO_TEST_CASE(is_given_no_less_than_it_asks_for) {
  stage s;
  three writer{s.of()}, reader{s.of()};
  auto const put = writer.put({"k", "old"});
  BOOST_REQUIRE((put && reader.get("k")));
  BOOST_REQUIRE(s.cold->put("k", {"k", "new"}, anything));
  std::string content;
  auto const look = [&](std::string_view, note const& n) { content = n.content; };
  std::vector<std::string> const k{"k"};
  BOOST_TEST((reader.visit_many(k, look).value() == 1U && content == "old"));
  BOOST_TEST((reader.visit_many(k, look, {.at_least = revision{number(put->revision) + 1}}).value() == 1U));
  BOOST_TEST(content == "new");
  BOOST_REQUIRE(s.cold->put("k", {"k", "newer"}, anything));
  BOOST_TEST((reader.visit_many(k, look, {.mode = read_mode::cold, .soft_within = 20s}).value() == 1U));
  BOOST_TEST(content == "newer");
}

BOOST_AUTO_TEST_CASE(many_more_than_one_round_trip_takes) {
  stage s;
  three writer{s.of()}, reader{s.of()};
  for (int i = 0; i < 2'500; ++i) BOOST_REQUIRE(s.cold->put(text(i), {text(i), "of"}, anything));
  std::map<std::string, int, std::less<>> times;
  auto const see = [&](std::string_view key, note const& n) { times[std::string{key}] += n.id == key ? 1 : 2; };
  BOOST_TEST(reader.visit_many(texts(0, 1'000), see).value() == 1'000U);
  BOOST_TEST(reader.visit_many(texts(0, 3'000), see).value() == 2'500U);
  BOOST_TEST(times.size() == 2'500U);
  for (int i = 0; i < 2'500; ++i) BOOST_REQUIRE(times[text(i)] == (i < 1'000 ? 2 : 1));
}

BOOST_AUTO_TEST_CASE(what_a_visitor_throws_comes_out_from_wherever_the_value_is) {
  stage s;
  three writer{s.of()}, reader{s.of()};
  for (auto const* id : {"a", "b", "c"}) BOOST_REQUIRE(writer.put({id, "of"}));
  BOOST_REQUIRE(reader.get("a"));
  BOOST_REQUIRE(reader.get("b"));
  for (auto& one : s.hits) one = 0;
  for (std::string const thrower : {"b", "c"}) {
    auto const look = [&](std::string_view key, note const&) {
      if (key == thrower) throw std::runtime_error{"enough"};
    };
    BOOST_CHECK_THROW((void)reader.visit_many(std::vector<std::string>{"a", "b", "c"}, look), std::runtime_error);
  }
  BOOST_TEST(s.hit(tier::hot) == 3);  // one of the first batch and two of the second: told of those that were shown
  BOOST_REQUIRE(reader.put({"a", "other"}));  // nothing is held, and nobody waits
  BOOST_TEST(reader.visit_many(std::vector<std::string>{"a", "b", "c"}, [](auto, auto const&) {}).value() == 3U);
}

BOOST_AUTO_TEST_CASE(a_visitor_that_calls_the_cache_is_refused) {
  cache<hot::lru, none, none, codec::none<note>> cache{{}};
  BOOST_REQUIRE((cache.put("a", {"a", "of"}) && cache.put("b", {"b", "of"})));
  int refused = 0;
  auto const seen = cache.visit_many(std::vector<std::string>{"a", "b"}, [&](std::string_view, note const&) {
    refused += cache.get("a").error() == errc::rejected ? 1 : 0;
    refused += cache.put("a", {"a", "other"}).error() == errc::rejected ? 1 : 0;
    refused +=
        cache.visit_many(std::vector<std::string>{"b"}, [](auto, auto const&) {}).error() == errc::rejected ? 1 : 0;
  });
  BOOST_TEST((seen && *seen == 2U && refused == 6));
}

BOOST_AUTO_TEST_CASE(get_many_takes_keys_that_are_given_away_and_no_others) {
  cache<hot::lru, none, none, codec::none<int>> cache{{}};
  BOOST_REQUIRE(cache.put(text(1), 1));
  auto mine = texts(0, 3);
  auto const got = cache.get_many(mine);
  BOOST_TEST((got[1].second && mine == texts(0, 3)));
  BOOST_TEST((cache.get_many(std::span{mine}).size() == 3U && mine == texts(0, 3)));
  auto const* const where = mine[2].data();
  auto const taken = cache.get_many(std::move(mine));
  BOOST_TEST((taken[2].first == text(2) && taken[2].first.data() == where && taken[1].second));
}

BOOST_AUTO_TEST_SUITE_END()
