// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../support/brief.hpp"
#include "../support/stepwise.hpp"

#include <strata/hot/sieve.hpp>
#include <strata/hot/single_thread.hpp>
#include <strata/local.hpp>
#include <strata/local/under_way.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;

namespace {

struct by_hand {
  using moment = std::chrono::steady_clock::time_point;
  std::atomic<moment> time{moment{} + 100h};
  [[nodiscard]] moment now() const noexcept { return time.load(); }
  void pass(std::chrono::milliseconds by) { time = time.load() + by; }
};

struct length {
  std::size_t operator()(std::string_view, std::string const& value) const { return value.size(); }
};
struct as_told {
  std::function<std::size_t(std::string_view)> tells;
  std::size_t operator()(std::string_view, std::string const& value) const { return tells(value); }
};

// Hears what leaves, and asks the cache that tells it: which must hold nothing meanwhile.
struct diary {
  struct line {
    std::string key, value;
    removal why;
    bool operator==(line const&) const = default;
  };
  std::mutex guard;
  std::vector<line> lines;
  std::function<void(std::string_view)> again;

  std::vector<line> taken() {
    std::lock_guard const held{guard};
    return std::exchange(lines, {});
  }
};
struct to_log {
  std::shared_ptr<diary> where;
  void removed(std::string_view key, std::string const& value, removal why) const {
    {
      std::lock_guard const held{where->guard};
      where->lines.push_back({std::string{key}, value, why});
    }
    if (where->again) where->again(key);
  }
};

struct place {
  std::string layer;
  int x = 0;
  bool operator==(place const&) const = default;
};
// Whoever compares it may call the cache, which must hold nothing meanwhile.
struct curious {
  int n = 0;
  std::function<void()> const* compared = nullptr;
  friend bool operator==(curious const& a, curious const& b) {
    for (auto const* one : {a.compared, b.compared})
      if (one != nullptr) (*one)();
    return a.n == b.n;
  }
};
struct name_tag {
  int n = 0;
  static inline int hashed = 0;
  bool operator==(name_tag const&) const = default;
};
// Its destructor calls the cache, which must hold nothing meanwhile.
struct handle {
  std::function<void()> closes;
  explicit handle(std::function<void()> f) : closes{std::move(f)} {}
  handle(handle&& other) noexcept : closes{std::exchange(other.closes, {})} {}
  ~handle() {
    if (closes) closes();
  }
};

using texts = local_cache<std::string, std::string>;
using timed = local_cache<std::string, std::string, hot::lru, strata::clock<by_hand>>;
using heard =
    local_cache<std::string, std::string, hot::lru, observer<to_log>, weigher<length>, strata::clock<by_hand>>;

template <class Condition>
bool comes_true(Condition condition) {
  for (auto const until = std::chrono::steady_clock::now() + 60s; std::chrono::steady_clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(1ms);
  }
  return condition();
}

// A loader that says when it runs and goes on when it may.
struct gate {
  std::atomic<bool> inside{false}, open{false};
  void pass() {
    inside = true;
    if (!comes_true([&] { return open.load(); })) throw std::runtime_error{"nobody opened"};
  }
};

// A writer and a loader, with what they share.
struct sharing {
  stepwise::machine::atomic<std::uint32_t> source{0}, seen{0}, overtaken{0};
  local::under_way<stepwise::machine::atomic> flights;
};
sharing* now = nullptr;
void change_and_erase() {
  now->source.store(1, std::memory_order_release);
  if (now->flights.any()) now->overtaken.store(1, std::memory_order_relaxed);
}
void load_from_source() {
  now->flights.set(1);
  now->seen.store(now->source.load(std::memory_order_acquire), std::memory_order_relaxed);
}
void neither_missed_the_other() {
  stepwise::require(now->seen.load(std::memory_order_relaxed) + now->overtaken.load(std::memory_order_relaxed) != 0);
}

// n callers of one flight: none returns before all are there. What each of them got.
template <class Cache, class Load>
auto all_at_once(Cache& cache, std::size_t n, Load load) {
  std::vector<typename Cache::answer> got(n);
  std::vector<std::thread> callers;
  auto const joined = cache.stats().joined;
  for (auto& mine : got)
    callers.emplace_back([&] {
      mine = cache.get_or_load("key", [&] {
        comes_true([&] { return cache.stats().joined == joined + n - 1; });
        return load();
      });
    });
  for (auto& one : callers) one.join();
  return got;
}

}  // namespace

template <>
struct std::hash<place> {
  std::size_t operator()(place const& p) const noexcept {
    return std::hash<std::string>{}(p.layer) + static_cast<std::size_t>(p.x);
  }
};
template <>
struct std::hash<name_tag> {
  std::size_t operator()(name_tag const& t) const noexcept { return ++name_tag::hashed, static_cast<std::size_t>(t.n); }
};
template <>
struct std::hash<curious> {
  std::size_t operator()(curious const& c) const noexcept { return static_cast<std::size_t>(c.n); }
};

BOOST_AUTO_TEST_SUITE(local_cache_)

BOOST_AUTO_TEST_CASE(keeps_what_it_is_given) {
  texts cache{{.capacity_entries = 10}};
  BOOST_TEST(cache.get("a").absent());
  BOOST_TEST(cache.put("a", "one"));
  auto const hit = cache.get("a");
  BOOST_REQUIRE(hit.has_value());
  BOOST_TEST(*hit == "one");
  BOOST_TEST(cache.put("a", "two"));
  BOOST_TEST(*hit == "one");  // what was read stays as it was
  BOOST_TEST(cache.entries() == 1U);
  std::size_t seen = 0;
  BOOST_TEST(cache.visit("a", [&](std::string const& value) { seen = value.size(); }));
  BOOST_TEST(seen == 3U);
  BOOST_TEST(!cache.visit("b", [&](std::string const&) { seen = 0; }));
  auto const looked = cache.peek("a");
  BOOST_TEST((looked && *looked == "two"));
  BOOST_TEST(cache.peek("b").absent());
  BOOST_TEST(cache.erase("a"));
  BOOST_TEST(!cache.erase("a"));
  BOOST_TEST(cache.get("a").absent());
  auto const s = cache.stats();
  BOOST_TEST(s.hits == 2U);
  BOOST_TEST(s.misses == 3U);
  BOOST_TEST(s.entries == 0U);
  BOOST_TEST(s.weight == 0U);
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_CASE(bounded_by_entries) {
  texts lru{{.capacity_entries = 3}};
  local_cache<std::string, std::string, hot::sieve> sieve{{.capacity_entries = 3}};
  for (auto const* key : {"a", "b", "c"}) lru.put(key, key), sieve.put(key, key);
  BOOST_TEST(lru.get("a").has_value());
  BOOST_TEST(sieve.get("a").has_value());
  lru.put("d", "d"), sieve.put("d", "d");
  for (auto const* key : {"a", "c", "d"}) {
    BOOST_TEST(lru.get(key).has_value());
    BOOST_TEST(sieve.get(key).has_value());
  }
  BOOST_TEST(lru.get("b").absent());
  BOOST_TEST(sieve.get("b").absent());
  BOOST_TEST(lru.stats().evictions == 1U);
  BOOST_TEST(lru.valid());
  BOOST_TEST(sieve.valid());
  BOOST_CHECK_THROW((texts{{.capacity_entries = 0}}), open_error);
}

BOOST_AUTO_TEST_CASE(a_life_of_less_than_nothing_is_refused) {
  BOOST_CHECK_THROW((texts{{.expires_after_write = -1ms}}), open_error);
  BOOST_CHECK_THROW((texts{{.expires_after_access = -1ms}}), open_error);
}

BOOST_AUTO_TEST_CASE(of_one_entry) {
  auto const told = std::make_shared<diary>();
  heard cache{{.capacity_entries = 1, .observer = {told}}};
  for (int i = 0; i < 100; ++i) {
    auto const key = std::to_string(i);
    BOOST_TEST(cache.put(key, key));
    BOOST_TEST(cache.get(key).has_value());
    BOOST_TEST(cache.entries() == 1U);
  }
  BOOST_TEST(told->taken().size() == 99U);
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_CASE(bounded_by_weight) {
  auto const told = std::make_shared<diary>();
  heard cache{{.capacity_weight = 10, .observer = {told}}};
  BOOST_TEST(cache.put("a", "aaaa"));
  BOOST_TEST(cache.put("b", "bbbb"));
  BOOST_TEST(cache.weight() == 8U);
  BOOST_TEST(cache.put("c", "ccccccc"));
  BOOST_TEST(cache.weight() == 7U);
  BOOST_TEST(cache.put("c", "cc"));
  BOOST_TEST(cache.weight() == 2U);
  for (char c = 'k'; c < 's'; ++c) BOOST_TEST(cache.put(std::string(1, c), std::string(1, c)));
  BOOST_TEST(told->taken().size() == 3U);
  BOOST_TEST(cache.put("large", "0123456789"));  // all others go for it
  BOOST_TEST(cache.entries() == 1U);
  auto const gone = told->taken();
  BOOST_TEST(gone.size() == 9U);
  BOOST_TEST(std::ranges::all_of(
      gone, [](auto const& one) { return one.why == removal::evicted && one.key[0] == one.value[0]; }));
  BOOST_TEST(!cache.put("large", "0123456789 and more"));  // heavier than all there is, and the older one is outdated
  BOOST_TEST(cache.get("large").absent());
  BOOST_TEST((told->taken() == std::vector<diary::line>{{"large", "0123456789", removal::replaced}}));
  BOOST_TEST(cache.stats().refused == 1U);
  BOOST_TEST(cache.valid());

  texts bytes{{.capacity_weight = 1000}};
  for (int i = 0; i < 10; ++i) bytes.put(std::to_string(i), std::string(300, 'x'));
  BOOST_TEST(bytes.weight() <= 1000U);
  BOOST_TEST((bytes.entries() >= 2U && bytes.entries() <= 3U));
}

BOOST_AUTO_TEST_CASE(too_heavy_to_be_counted) {
  auto const weight = [](std::string_view value) { return value == "large" ? std::size_t{5} << 29U : value.size(); };
  local_cache<std::string, std::string, hot::lru, weigher<as_told>> cache{{.weigher = {weight}}};
  BOOST_TEST(cache.put("other", "four"));
  BOOST_TEST(!cache.put("new", "large"));
  BOOST_TEST(cache.put("changed", "small"));
  BOOST_TEST(!cache.put("changed", "large"));  // and the older one is outdated
  BOOST_TEST((cache.get("changed").absent() && !cache.erase("changed") && cache.valid()));
  auto const loaded = cache.get_or_load("changed", [] { return std::string{"large"}; });
  BOOST_TEST((*loaded == "large" && cache.peek("changed").absent()));
  BOOST_TEST(cache.put("changed", "small"));
  BOOST_TEST((cache.weight() == 9U && cache.entries() == 2U && cache.stats().refused == 3U && cache.valid()));
}

BOOST_AUTO_TEST_CASE(heavier_than_a_share) {
  auto const weight = [](std::string_view value) { return value == "large" ? (std::size_t{1} << 26U) + 1 : 1; };
  for (std::size_t const shares : {1U, 2U}) {
    local_cache<std::string, std::string, hot::lru, weigher<as_told>> cache{
        {.capacity_entries = 4096 * shares, .capacity_weight = std::size_t{1} << 27U, .weigher = {weight}}};
    BOOST_TEST(cache.put("key", "small"));
    BOOST_TEST(cache.put("key", "large") == (shares == 1));
    BOOST_TEST((cache.get("key").has_value() == (shares == 1) && cache.valid()));
  }
}

template <class Cache>
void keep_huge_values(Cache& cache) {
  auto const mega = [](std::size_t n) { return std::string(n << 20U, static_cast<char>('a' + n % 26)); };
  BOOST_TEST(cache.put("a", mega(30)));
  BOOST_TEST(cache.put("b", mega(20)));
  BOOST_TEST(cache.put("a", mega(32)));
  auto const held = cache.get("a");
  BOOST_TEST(cache.put("c", mega(50)));  // the two others go for it
  BOOST_TEST((cache.entries() == 1U && cache.weight() >> 20U == 50U));
  BOOST_TEST(!cache.put("d", mega(65)));
  auto const loaded = cache.get_or_load("d", [&] { return mega(66); });
  auto const kept = cache.get("c");
  BOOST_TEST((*loaded == mega(66) && *held == mega(32) && *kept == mega(50)));
  BOOST_TEST((cache.entries() == 1U && cache.stats().refused == 2U && cache.stats().evictions == 2U && cache.valid()));
  BOOST_TEST((cache.erase("c") && cache.weight() == 0U));
}
BOOST_AUTO_TEST_CASE(huge_values) {
  local_cache<std::string, std::string, hot::lru, weigher<length>> weighed{{.capacity_weight = 64U << 20U}};
  keep_huge_values(weighed);
  texts bytes{{.capacity_weight = 64U << 20U}};
  keep_huge_values(bytes);
}

// A put that another overtakes weighs again.
BOOST_AUTO_TEST_CASE(weighs_what_it_said_first) {
  std::size_t calls = 0;
  std::function<void()> overtake;
  auto const next = [&](std::string_view) {
    if (auto const once = std::exchange(overtake, {})) once();
    return ++calls;
  };
  local_cache<std::string, std::string, hot::lru, weigher<as_told>> cache{{.weigher = {next}}};
  overtake = [&] { BOOST_TEST(cache.put("a", "faster")); };
  BOOST_TEST(cache.put("a", "later"));
  BOOST_TEST(calls == 3U);
  BOOST_TEST((cache.weight() == 2U && cache.valid()));
  BOOST_TEST((cache.erase("a") && cache.weight() == 0U));
}

BOOST_AUTO_TEST_CASE(expires_after_write) {
  by_hand clock;
  timed cache{{.expires_after_write = 10s, .clock = &clock}};
  cache.put("a", "one");
  clock.pass(6s);
  BOOST_TEST(cache.get("a").has_value());
  cache.put("b", "two");
  clock.pass(4s);
  BOOST_TEST(cache.peek("a").absent());
  BOOST_TEST(cache.entries() == 2U);
  BOOST_TEST(cache.get("a").absent());
  BOOST_TEST(cache.entries() == 1U);
  BOOST_TEST(cache.get("b").has_value());
  clock.pass(6s);
  BOOST_TEST(!cache.visit("b", [](std::string const&) { BOOST_ERROR("its time is over"); }));
  BOOST_TEST(cache.get_many(std::vector<std::string>{"b"})[0].second.absent());
  auto const s = cache.stats();
  BOOST_TEST(s.hits == 2U);
  BOOST_TEST(s.misses == 3U);
  BOOST_TEST(s.expired == 3U);
  cache.put("c", "three");
  clock.pass(5s);
  cache.put("d", "four");
  clock.pass(5s);
  BOOST_TEST(cache.erase_expired() == 1U);
  BOOST_TEST(cache.entries() == 1U);
}

// A batch answers and counts as one get for each key does, and runs the code of the caller's range once.
using shared_or_copied = std::tuple<std::string, int>;
BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_answers_as_gets_do, Value, shared_or_copied) {
  auto const of = [](int n) {
    if constexpr (std::is_same_v<Value, int>)
      return n;
    else
      return std::to_string(n);
  };
  by_hand clock;
  local_cache<std::string, Value, hot::lru, strata::clock<by_hand>> cache{
      {.expires_after_write = 10s, .clock = &clock}};
  cache.put("over", of(1));
  clock.pass(6s);
  cache.put("there", of(2));
  clock.pass(4s);
  std::vector<std::string> names{"there", "over", "none", "over", "there"};
  int asked = 0;
  auto const once = [&](std::string const& name) -> std::string const& {
    ++asked;
    return name;
  };
  auto const got = cache.get_many(names | std::views::transform(once));
  BOOST_TEST(asked == 5);
  BOOST_REQUIRE(got.size() == 5U);
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_TEST(got[i].first == names[i]);
    BOOST_TEST(got[i].second.has_value() == (names[i] == "there"));
    BOOST_TEST((got[i].second.freshness() == freshness::fresh && !got[i].second.failed()));
  }
  BOOST_TEST((*got[0].second == of(2)));
  BOOST_TEST(cache.entries() == 1U);
  BOOST_TEST(cache.get_many(std::span{names}.first(2))[0].second.has_value());
  auto const s = cache.stats();
  BOOST_TEST((s.hits == 3U && s.expired == 2U && s.misses == 4U));
}

BOOST_AUTO_TEST_CASE(expires_after_access) {
  by_hand clock;
  timed cache{{.expires_after_access = 10s, .clock = &clock}};
  cache.put("a", "one");
  cache.put("b", "two");
  for (int i = 0; i < 5; ++i) {
    clock.pass(6s);
    BOOST_TEST(cache.get("a").has_value());
    (void)cache.peek("b");
  }
  BOOST_TEST(cache.get("b").absent());
  clock.pass(9s);
  BOOST_TEST(cache.visit("a", [](std::string const&) {}));
  clock.pass(9s);
  BOOST_TEST(cache.get_many(std::vector<std::string>{"a"})[0].second.has_value());
  clock.pass(10s);
  BOOST_TEST(cache.get("a").absent());

  timed both{{.expires_after_write = 15s, .expires_after_access = 10s, .clock = &clock}};
  both.put("a", "one");
  clock.pass(9s);
  BOOST_TEST(both.get("a").has_value());
  clock.pass(5s);
  BOOST_TEST(both.get("a").has_value());
  clock.pass(1s);
  BOOST_TEST(both.get("a").absent());
}

// Values of plain bits stand in their entries, unless they have an end or a weight of their own.
BOOST_AUTO_TEST_CASE(numbers) {
  struct itself {
    std::size_t operator()(std::uint64_t, std::uint64_t value) const { return value; }
  };
  using cache_type = local_cache<std::uint64_t, std::uint64_t, hot::lru, strata::clock<by_hand>, weigher<itself>>;
  auto const of = [](cache_type::answer const& found) { return found ? *found : 0U; };
  by_hand clock;
  cache_type cache{{.capacity_weight = 100, .clock = &clock}};
  cache_type timed{{.capacity_weight = 100, .expires_after_write = 15s, .expires_after_access = 10s, .clock = &clock}};
  for (auto* one : {&cache, &timed}) {
    for (std::uint64_t const value : {8U, 40U}) BOOST_TEST(one->put(value, value));
    BOOST_TEST((one->weight() == 48U && one->valid()));
    BOOST_TEST(one->put(8, 30));
    BOOST_TEST((one->weight() == 70U && one->valid()));
    auto const held = one->get(40);
    BOOST_TEST(one->put(50, 50));  // 8 has to go, which was used before 40
    BOOST_TEST((one->weight() == 90U && one->get(8).absent() && one->valid()));
    BOOST_TEST(!one->put(101, 101));
    BOOST_TEST(of(one->get_or_load(3, [] { return std::uint64_t{3}; })) == 3U);
    BOOST_TEST(of(one->get_or_load(3, [] { return std::uint64_t{4}; })) == 3U);
    BOOST_TEST(one->erase(40));
    BOOST_TEST((*held == 40U && one->weight() == 53U && one->valid()));
  }
  clock.pass(9s);
  BOOST_TEST((of(timed.get(50)) == 50U && timed.visit(3, [](std::uint64_t) {})));
  clock.pass(5s);
  BOOST_TEST((of(timed.get(50)) == 50U && timed.get(3).has_value()));
  clock.pass(1s);
  BOOST_TEST((timed.get(50).absent() && of(cache.get(50)) == 50U));
  BOOST_TEST((timed.erase_expired() == 1U && timed.entries() == 0U && timed.valid()));
}

BOOST_AUTO_TEST_CASE(without_an_end) {
  by_hand clock;
  timed cache{{.expires_after_write = std::chrono::milliseconds::max(), .clock = &clock}};
  cache.put("a", "one");
  clock.pass(1000000h);
  BOOST_TEST(cache.get("a").has_value());
}

BOOST_AUTO_TEST_CASE(one_loader_for_all) {
  texts cache;
  auto got = all_at_once(cache, 8, [] { return std::string{"made"}; });
  BOOST_TEST(std::ranges::all_of(got, [&](auto const& one) { return one && &*one == &*got[0]; }));
  BOOST_TEST(*got[0] == "made");
  auto s = cache.stats();
  BOOST_TEST(s.loads == 1U);
  BOOST_TEST(s.joined == 7U);
  BOOST_TEST(cache.get_or_load("key", [] { return std::string{"again"}; })->size() == 4U);  // a hit runs none
  BOOST_TEST(cache.stats().loads == 1U);
  cache.clear();

  got =
      all_at_once(cache, 4, []() -> result<std::string> { return failure(errc::unavailable, tier::none, "no luck"); });
  BOOST_TEST(std::ranges::all_of(got, [](auto const& one) {
    return one.failed() && one.error() == errc::loader_failed && one.error().text() == "no luck";
  }));
  got = all_at_once(cache, 4, []() -> std::string { throw std::runtime_error{"thrown"}; });
  BOOST_TEST(std::ranges::all_of(got, [](auto const& one) {
    return one.failed() && one.error() == errc::loader_failed && one.error().text() == "thrown";
  }));
  s = cache.stats();
  BOOST_TEST(s.loads == 3U);
  BOOST_TEST(s.failed_loads == 2U);
  BOOST_TEST(cache.get("key").absent());  // nothing of a failure is kept

  BOOST_CHECK_THROW((void)cache.get_or_load("key", []() -> std::string { throw std::bad_alloc{}; }), std::bad_alloc);
  BOOST_TEST(*cache.get_or_load("key", [] { return std::string{"at last"}; }).operator->() == "at last");
}

BOOST_AUTO_TEST_CASE(what_overtakes_a_loader) {
  texts cache;
  auto const during = [&](auto meanwhile) {
    gate loader;
    texts::answer got;
    std::thread caller{[&] {
      got = cache.get_or_load("key", [&] {
        loader.pass();
        return std::string{"loaded"};
      });
    }};
    BOOST_TEST(comes_true([&] { return loader.inside.load(); }));
    meanwhile();
    loader.open = true;
    caller.join();
    return got;
  };
  auto got = during([&] { cache.erase("key"); });
  BOOST_TEST((got && *got == "loaded"));
  BOOST_TEST(cache.get("key").absent());
  got = during([&] { cache.clear(); });
  BOOST_TEST((got && *got == "loaded"));
  BOOST_TEST(cache.get("key").absent());
  got = during([&] { cache.put("key", "put"); });
  BOOST_TEST((got && *got == "put"));
  auto const kept = cache.get("key");
  BOOST_TEST((kept && *kept == "put"));
  BOOST_TEST(cache.valid());
}

// Every order of their steps, and of the moments at which what they wrote is there for the other.
BOOST_AUTO_TEST_CASE(overtakes_whoever_read_too_early) {
  stepwise::detail::now.memory.clear();
  sharing both;
  now = &both;
  std::vector<stepwise::explorer::thread> const threads{{change_and_erase, 1}, {load_from_source, 2}};
  auto const found = stepwise::explorer{threads, neither_missed_the_other}.explore();
  BOOST_TEST(found.fault == nullptr, found.fault);
  BOOST_TEST(found.states > 10U);
}

BOOST_AUTO_TEST_CASE(loaders_that_ask) {
  texts cache;
  auto const other = cache.get_or_load("a", [&]() -> result<std::string> {
    auto const b = cache.get_or_load("b", [] { return std::string{"b"}; });
    return b ? *b + "a" : std::string{};
  });
  BOOST_TEST((other && *other == "ba"));
  auto const itself = cache.get_or_load("c", [&]() -> result<std::string> {
    auto const c = cache.get_or_load("c", [] { return std::string{"never"}; });
    if (c.failed()) return std::unexpected{c.error()};
    return *c;
  });
  BOOST_TEST((itself.failed() && itself.error() == errc::would_deadlock));
}

BOOST_AUTO_TEST_CASE(patience) {
  texts cache;
  gate loader;
  std::thread caller{[&] { (void)cache.get_or_load("key", [&] { return loader.pass(), std::string{"late"}; }); }};
  BOOST_TEST(comes_true([&] { return loader.inside.load(); }));
  auto const tired = cache.get_or_load("key", [] { return std::string{"never"}; }, {.within = 5ms});
  BOOST_TEST((tired.failed() && tired.error() == errc::timed_out));
  loader.open = true;
  caller.join();
}

BOOST_AUTO_TEST_CASE(refreshed_ahead) {
  by_hand clock;
  gate loader;
  timed cache{{.expires_after_write = 10s, .clock = &clock}};
  auto const ask = [&] {
    return cache.get_or_load("key", [&] { return loader.pass(), std::string{"new"}; }, {.refresh_ahead = 3s});
  };
  cache.put("key", "old");
  clock.pass(6s);
  auto got = ask();
  BOOST_TEST((got && *got == "old"));
  BOOST_TEST(cache.stats().loads == 0U);
  clock.pass(1s);
  for (int i = 0; i < 5; ++i) {
    got = ask();
    BOOST_TEST((got && *got == "old" && got.freshness() == freshness::fresh));
  }
  BOOST_TEST(comes_true([&] { return loader.inside.load(); }));
  BOOST_TEST(cache.stats().loads == 1U);
  loader.open = true;
  BOOST_TEST(comes_true([&] {
    auto const now = cache.peek("key");
    return now && *now == "new";
  }));
  clock.pass(6s);
  got = ask();
  BOOST_TEST((got && *got == "new"));
  BOOST_TEST(cache.stats().loads == 1U);
  auto const always = std::chrono::milliseconds::max();
  got = cache.get_or_load("key", [] { return std::string{"newer"}; }, {.refresh_ahead = always});
  BOOST_TEST((got && *got == "new"));
  BOOST_TEST(comes_true([&] { return cache.stats().loads == 2U; }));
}

BOOST_AUTO_TEST_CASE(soft_deadline) {
  by_hand clock;
  gate loader;
  timed cache{{.expires_after_write = 10s, .clock = &clock}};
  cache.put("key", "old");
  clock.pass(10s);
  auto got = cache.get_or_load("key", [&] { return loader.pass(), std::string{"new"}; }, {.soft_within = 2ms});
  BOOST_TEST((got && *got == "old" && got.freshness() == freshness::stale));
  loader.open = true;
  BOOST_TEST(comes_true([&] { return cache.peek("key").has_value(); }));
  clock.pass(10s);
  got = cache.get_or_load("key", [] { return std::string{"newer"}; }, {.soft_within = 60s});
  BOOST_TEST((got && *got == "newer" && got.freshness() == freshness::fresh));
  BOOST_TEST(cache.stats().loads == 2U);
}

// However many loaders the cache's threads run, one that they wait for is run too.
BOOST_AUTO_TEST_CASE(loaders_aside_that_ask) {
  by_hand clock;
  timed cache{{.expires_after_write = 10s, .clock = &clock}};
  load_options const softly{.within = 60s, .soft_within = 1ms};
  std::vector<std::string> keys;
  for (int i = 0; i < 8; ++i) cache.put(keys.emplace_back(std::to_string(i)), "old");
  cache.put("common", "old");
  clock.pass(10s);
  gate loader;
  auto const common = [] { return std::string{"new"}; };
  for (auto const& key : keys) {
    auto const old = cache.get_or_load(
        key,
        [&]() -> result<std::string> {
          loader.pass();
          auto const got = cache.get_or_load("common", common, {.within = 5s});
          if (!got) return std::unexpected{got.error()};
          return *got;
        },
        softly);
    BOOST_TEST((old && old.freshness() == freshness::stale));
  }
  BOOST_TEST(comes_true([&] { return loader.inside.load(); }));
  (void)cache.get_or_load("common", common, softly);
  loader.open = true;
  BOOST_TEST(
      comes_true([&] { return std::ranges::all_of(keys, [&](auto const& k) { return cache.peek(k).has_value(); }); }));
  BOOST_TEST(cache.stats().failed_loads == 0U);
}

BOOST_AUTO_TEST_CASE(of_one_thread) {
  by_hand clock;
  local_cache<std::string, std::string, hot::single_thread<hot::lru>, strata::clock<by_hand>> cache{
      {.expires_after_write = 10s, .clock = &clock}};
  auto const here = std::this_thread::get_id();
  std::string made = "a";
  auto const ask = [&](load_options how) {
    auto const got = cache.get_or_load(
        "key",
        [&] {
          BOOST_TEST((std::this_thread::get_id() == here));
          return made;
        },
        how);
    BOOST_TEST((got && got.freshness() == freshness::fresh));
    return *got;
  };
  BOOST_TEST(ask({}) == "a");
  made = "b";
  BOOST_TEST(ask({.refresh_ahead = 10s}) == "a");
  BOOST_TEST(ask({}) == "b");
  clock.pass(10s);
  made = "c";
  BOOST_TEST(ask({.soft_within = 1ms}) == "c");
  BOOST_TEST((cache.stats().loads == 3U && cache.valid()));
}

BOOST_AUTO_TEST_CASE(told_of_what_leaves) {
  using lines = std::vector<diary::line>;
  by_hand clock;
  auto const told = std::make_shared<diary>();
  heard cache{{.capacity_entries = 3, .expires_after_write = 10s, .observer = {told}, .clock = &clock}};
  // Whoever is told calls the cache as he likes, and so do those that are told for it.
  told->again = [&](std::string_view key) {
    BOOST_TEST(!cache.get(key).failed());
    BOOST_TEST(!cache.erase("none"));
    (void)cache.get_or_load("none", []() -> result<std::string> { return failure(errc::unavailable); });
  };
  cache.put("a", "1");
  cache.put("a", "2");
  BOOST_TEST((told->taken() == lines{{"a", "1", removal::replaced}}));
  cache.put("b", "3"), cache.put("c", "4"), cache.put("d", "5");
  BOOST_TEST((told->taken() == lines{{"a", "2", removal::evicted}}));
  cache.erase("b");
  BOOST_TEST((told->taken() == lines{{"b", "3", removal::erased}}));
  clock.pass(10s);
  BOOST_TEST(cache.get("c").absent());
  BOOST_TEST((told->taken() == lines{{"c", "4", removal::expired}}));
  cache.put("d", "6");
  BOOST_TEST((told->taken() == lines{{"d", "5", removal::expired}}));
  (void)cache.get_or_load("e", [] { return std::string{"7"}; });
  cache.put("f", "8");
  (void)cache.get_or_load("g", [] { return std::string{"9"}; });
  BOOST_TEST((told->taken() == lines{{"d", "6", removal::evicted}}));
  BOOST_TEST(
      cache.erase_if([](std::string_view key, std::string const& value) { return key == "e" && value == "7"; }) == 1U);
  BOOST_TEST((told->taken() == lines{{"e", "7", removal::erased}}));
  cache.clear();
  BOOST_TEST(told->taken().size() == 2U);
  BOOST_TEST(cache.entries() == 0U);
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_CASE(resized) {
  using lines = std::vector<diary::line>;
  by_hand clock;
  auto const told = std::make_shared<diary>();
  heard cache{{.capacity_entries = 4, .expires_after_write = 10s, .observer = {told}, .clock = &clock}};
  told->again = [&](std::string_view key) {  // with nothing held
    BOOST_TEST(!cache.get(key).failed());
    BOOST_TEST(cache.resize(cache.entries() + 1));
  };
  cache.put("a", "1");
  clock.pass(6s);
  for (auto const* key : {"b", "c", "d"}) cache.put(key, "333");
  BOOST_TEST(cache.resize(2));
  BOOST_TEST((told->taken() == lines{{"a", "1", removal::evicted}, {"b", "333", removal::evicted}}));
  BOOST_TEST((cache.entries() == 2U && cache.weight() == 6U && cache.stats().evictions == 2U));
  told->again = {};
  BOOST_TEST(cache.resize(4));
  cache.put("e", "333"), cache.put("f", "333");
  BOOST_TEST((cache.entries() == 4U && told->taken().empty()));

  // By weight, which stays bounded where only the entries are named.
  BOOST_TEST(cache.resize(100, 9));
  BOOST_TEST((told->taken() == lines{{"c", "333", removal::evicted}} && cache.weight() == 9U));
  BOOST_TEST(cache.resize(50));
  cache.put("g", "4444");
  BOOST_TEST((told->taken() == lines{{"d", "333", removal::evicted}, {"e", "333", removal::evicted}}));
  BOOST_TEST(!cache.put("h", "0123456789"));
  BOOST_TEST(cache.resize(50, 0));
  BOOST_TEST(cache.put("h", "0123456789"));

  // What is there keeps its time, and what is over by then is told as that.
  clock.pass(10s);
  BOOST_TEST(cache.resize(1));
  BOOST_TEST((told->taken().size() == 2U && cache.entries() == 1U));
  BOOST_TEST((cache.get("h").absent() && told->taken() == lines{{"h", "0123456789", removal::expired}}));

  BOOST_CHECK_THROW(cache.resize(0), open_error);
  cache.put("h", "8");
  BOOST_TEST(cache.visit("h", [&](std::string const&) { BOOST_TEST(!cache.resize(10)); }));
  cache.put("i", "9");
  BOOST_TEST((cache.entries() == 1U && cache.valid()));
}

// Who erases what it has looked at erases nothing that came since.
BOOST_AUTO_TEST_CASE(erases_only_what_it_saw) {
  by_hand clock;
  timed cache{{.expires_after_write = 10s, .clock = &clock}};
  auto const load = [&] { (void)cache.get_or_load("key", [] { return std::string{"loaded"}; }); };
  auto const put = [&] { cache.put("key", "put"); };
  auto const load_often = [&] {
    put();
    for (int i = 0; i < 1024; ++i) clock.pass(10s), load();
  };
  auto const try_all = [&](auto first) {
    for (bool const puts : {false, true}) {
      first();
      BOOST_TEST(cache.erase_if([&](auto const&...) {
        cache.erase("key");
        puts ? put() : load();
        return true;
      }) == 0U);
      BOOST_TEST((cache.erase("key") && cache.valid()));
    }
  };
  try_all(load);
  try_all(load_often);
  load();
  clock.pass(10s);
  try_all(load);
}

BOOST_AUTO_TEST_CASE(takes_only_what_is_given_away) {
  texts cache;
  std::string const text(40, 'x');
  std::vector<std::pair<std::string, std::string>> mine{{"a", text}};
  BOOST_TEST(cache.put_many(std::span{mine}) == 1u);
  BOOST_TEST(mine[0].second == text);
  std::vector<std::pair<std::string, std::string&>> others{{"b", mine[0].second}};
  BOOST_TEST(cache.put_many(std::move(others)) == 1u);
  BOOST_TEST(mine[0].second == text);
  BOOST_TEST(cache.put_many(std::move(mine)) == 1u);
  auto const a = cache.get("a"), b = cache.get("b");
  BOOST_TEST((*a == text && *b == text));

  local_cache<std::string, std::unique_ptr<int>> owners;
  std::vector<std::pair<std::string, std::unique_ptr<int>>> some;
  some.emplace_back("a", std::make_unique<int>(1));
  BOOST_TEST(owners.put_many(some | std::views::transform([](auto& one) { return std::move(one); })) == 1u);
  auto const one = owners.get("a");
  BOOST_TEST(**one == 1);
}

BOOST_AUTO_TEST_CASE(shares_and_keeps_with_few_flights_and_with_any) {
  for (std::size_t const most : {std::size_t{1}, std::numeric_limits<std::size_t>::max()}) {
    texts cache{{.max_flights = most}};
    int loads = 0;
    for (int i = 0; i < 3; ++i) (void)cache.get_or_load("key", [&] { return std::to_string(++loads); });
    BOOST_TEST(loads == 1);
  }
}

BOOST_AUTO_TEST_CASE(counts_no_hit_too_few) {
  by_hand clock;
  timed cache{{.expires_after_write = 1s, .clock = &clock}};
  cache.put("key", "old");
  clock.pass(2s);
  std::atomic<bool> done{false};
  std::thread reader{[&] {
    while (!done) (void)cache.visit("key", [](auto const&) {});
  }};
  int wrong = 0;
  for (int i = 0; i < 50'000; ++i) wrong += cache.stats().hits > 1U << 30U ? 1 : 0;
  done = true;
  reader.join();
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(calls_from_inside_a_visitor) {
  texts cache;
  cache.put("a", "1");
  BOOST_TEST(cache.visit("a", [&](std::string const&) {
    auto const inside = cache.get("a");
    BOOST_TEST((inside.failed() && inside.error() == errc::rejected));
    BOOST_TEST(cache.get_or_load("b", [] { return std::string{}; }).failed());
    BOOST_TEST(!cache.put("a", "2"));
    BOOST_TEST(!cache.erase("a"));
    BOOST_TEST(!cache.visit("a", [](auto const&) {}));
    cache.clear();
  }));
  auto const kept = cache.get("a");
  BOOST_TEST((kept && *kept == "1"));
}

// A loader's value that goes into the visited shard waits for the visitor, who must wait for nothing that its leader holds.
BOOST_AUTO_TEST_CASE(calls_from_inside_a_visitor_while_loaders_end) {
  by_hand clock;
  std::atomic<int> loading{0}, made{0}, given{0};
  std::atomic<bool> inside{false};
  auto const weigh = [&](std::string_view value) {  // all that a leader does before it wants the locks
    if (value == "loaded") ++made;
    return value.size();
  };
  local_cache<std::string, std::string, hot::lru, weigher<as_told>, strata::clock<by_hand>> cache{
      {.capacity_entries = 1U << 13U, .expires_after_write = 10s, .weigher = {weigh}, .clock = &clock}};  // two shards
  std::vector<std::string> over, nearly_over, loaded;
  for (int i = 0; i < 300; ++i) cache.put(over.emplace_back("over " + std::to_string(i)), "old");
  clock.pass(5s);
  for (int i = 0; i < 300; ++i) cache.put(nearly_over.emplace_back("nearly over " + std::to_string(i)), "old");
  cache.put("visited", "old");
  clock.pass(6s);
  for (int i = 0; i < 8; ++i) loaded.push_back("loaded " + std::to_string(i));
  std::vector<std::thread> leaders;
  for (auto const& key : loaded)
    leaders.emplace_back([&] {
      auto const got = cache.get_or_load(key, [&] {
        ++loading;
        comes_true([&] { return inside.load(); });
        return std::string{"loaded"};
      });
      given += got.has_value();
    });
  BOOST_TEST(comes_true([&] { return loading == 8; }));
  auto const never = [] { return std::string{"never"}; };
  BOOST_TEST(cache.visit("visited", [&](std::string const&) {
    inside = true;
    BOOST_TEST(comes_true([&] { return made == 8; }));
    std::this_thread::sleep_for(50ms);
    for (auto const& key : loaded) (void)cache.erase(key), (void)cache.put(key, "put");
    BOOST_TEST(cache.erase_if([](auto const&...) { return true; }) == 0U);
    cache.clear();
    for (auto const& key : over) BOOST_TEST(cache.get_or_load(key, never).failed());
    for (auto const& key : nearly_over) (void)cache.get_or_load(key, never, {.refresh_ahead = 5s});
  }));
  for (auto& one : leaders) one.join();
  BOOST_TEST((given == 8 && cache.stats().loads == 8U && cache.valid()));
}

BOOST_AUTO_TEST_CASE(compares_with_nothing_held) {
  local_cache<curious, std::string> cache;
  gate loader;
  std::thread caller{[&] { (void)cache.get_or_load({7}, [&] { return loader.pass(), std::string{"loaded"}; }); }};
  BOOST_TEST(comes_true([&] { return loader.inside.load(); }));
  std::atomic<bool> kept{false};
  std::function<void()> const put = [&] {
    if (!kept) kept = cache.put({7}, "put");
  };
  std::string given;
  std::thread other{[&] {
    auto const got = cache.get_or_load({7, &put}, [] { return std::string{"other"}; });
    if (got) given = *got;
  }};
  BOOST_TEST(comes_true([&] { return cache.peek({7}).has_value(); }));
  loader.open = true;
  caller.join();
  other.join();
  BOOST_TEST((kept && given == "put" && cache.valid()));
}

BOOST_AUTO_TEST_CASE(any_key_and_value) {
  local_cache<place, std::unique_ptr<int>> cache{{.capacity_entries = 2}};
  cache.put({"roads", 1}, std::make_unique<int>(1));
  auto const made = cache.get_or_load({"roads", 2}, [] { return std::make_unique<int>(2); });
  BOOST_TEST((made && **made == 2));
  cache.put({"rivers", 1}, std::make_unique<int>(3));
  BOOST_TEST((cache.get({"roads", 1}).absent()));
  std::map<place, std::unique_ptr<int>, decltype([](auto const& a, auto const& b) { return a.x < b.x; })> some;
  some.emplace(place{"lakes", 5}, std::make_unique<int>(5));
  some.emplace(place{"lakes", 6}, std::make_unique<int>(6));
  BOOST_TEST(cache.put_many(std::move(some)) == 2U);
  auto const got = cache.get_many(std::vector<place>{{"lakes", 6}, {"none", 0}, {"lakes", 5}});
  BOOST_REQUIRE(got.size() == 3U);
  BOOST_TEST((got[0].first == place{"lakes", 6}));
  BOOST_TEST(**got[0].second == 6);
  BOOST_TEST(got[1].second.absent());
  BOOST_TEST(**got[2].second == 5);
  BOOST_TEST((cache.erase_many(std::vector<place>{{"lakes", 6}, {"none", 0}}) == 1U));
  BOOST_TEST(cache.stats().hits == 2U);
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_CASE(takes_what_keys_can_be_made_of_and_what_comes_apart) {
  struct entry {
    std::string key;
    int value;
    entry(std::string k, int v) : key{std::move(k)}, value{v} {}
  };
  struct named {
    std::string text;
    explicit operator std::string() const { return text; }
  };
  local_cache<std::string, int> cache;
  BOOST_TEST(cache.put_many(std::vector<entry>{{"a", 1}, {"b", 2}}) == 2U);
  std::vector<std::string> const keys{"b", "c"};
  std::vector<int> const values{3, 4};
  BOOST_TEST(cache.put_many(std::views::zip(keys, values)) == 2U);
  std::vector<named> const some{{"a"}, {"b"}};
  BOOST_TEST(*cache.get_many(some)[1].second == 3);
  BOOST_TEST(cache.erase_many(some) == 2U);
  BOOST_TEST(cache.entries() == 1U);
}

BOOST_AUTO_TEST_CASE(hashes_a_key_once) {
  local_cache<name_tag, std::string> cache{{.capacity_entries = 2}};
  auto const hashes = [&](auto call) {
    name_tag::hashed = 0;
    call();
    return name_tag::hashed;
  };
  name_tag const a{1}, b{2}, c{3};
  std::vector<name_tag> const all{a, b, c};
  auto const load = [] { return std::string{"loaded"}; };
  BOOST_TEST(hashes([&] { (void)cache.get(a); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.get_or_load(a, load); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.get_or_load(a, load); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.get(a); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.peek(a); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.visit(a, [](auto const&) {}); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.put(a, "again"); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.put(b, "new"); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.put(c, "evicts"); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.get_or_load(a, load); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.get_many(all); }) == 3);
  BOOST_TEST(hashes([&] { (void)cache.visit_many(all, [](auto const&...) {}); }) == 3);
  BOOST_TEST(hashes([&] { cache.resize(200); }) == 0);
  BOOST_TEST(hashes([&] { (void)cache.erase(a); }) == 1);
  BOOST_TEST(hashes([&] { (void)cache.erase_many(all); }) == 3);
  BOOST_TEST(cache.stats().evictions == 2U);
}

BOOST_AUTO_TEST_CASE(destroyed_with_nothing_held) {
  using handles = local_cache<int, handle>;
  int closed = 0;
  {
    handles cache{{.capacity_entries = 1}};
    auto const one = [&] {
      return handle{[&] {
        ++closed;
        BOOST_TEST(!cache.get(7).failed());
        BOOST_TEST(!cache.erase(7));
      }};
    };
    cache.put(1, one());
    cache.put(1, one());
    cache.put(2, one());
    (void)cache.get_or_load(3, one);
    cache.erase(3);
    BOOST_TEST(closed == 4);
  }
  BOOST_TEST(closed == 4);
}

// Whoever was put is told of once or still there, whatever threads do.
BOOST_AUTO_TEST_CASE(each_value_leaves_once) {
  struct counting {
    std::atomic<std::uint64_t>* gone;
    void removed(int, std::uint64_t const&, removal) const { ++*gone; }
  };
  std::atomic<std::uint64_t> gone{0}, came{0};
  local_cache<int, std::uint64_t, hot::lru, observer<counting>> cache{{.capacity_entries = 16, .observer = {&gone}}};
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, random = t + 1U]() mutable {
      for (int i = 0; i < 5000; ++i) {
        random = random * 1664525U + 1013904223U;
        int const key = static_cast<int>(random >> 16U) % 32;
        auto const value = static_cast<std::uint64_t>(key) << 32U | random;
        switch (random >> 8U & 7U) {
          case 0: cache.erase(key); break;
          case 1:
          case 2: came += cache.put(key, value); break;
          case 3: {
            auto const found = cache.get_or_load(key, [&] { return value; });
            if (!found || *found >> 32U != static_cast<unsigned>(key)) ++wrong;
            break;
          }
          default:
            if (auto const found = cache.get(key); found && *found >> 32U != static_cast<unsigned>(key)) ++wrong;
        }
      }
    });
  for (auto& one : threads) one.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(cache.valid());
  cache.clear();
  auto const s = cache.stats();
  BOOST_TEST(gone >= came);            // all that was put has left,
  BOOST_TEST(gone <= came + s.loads);  // and of what was loaded what was kept
  BOOST_TEST(cache.entries() == 0U);
}

// Whoever was put is told of once or still there, of 64 shards too, while their bound goes below one entry each and up again.
BOOST_AUTO_TEST_CASE(resized_while_threads_put) {
  struct counting {
    std::atomic<std::uint64_t>* gone;
    void removed(int, std::string const&, removal why) const { *gone += why == removal::evicted; }
  };
  constexpr int threads = 3, puts = strata_test::brief ? 4'000 : 20'000;
  std::atomic<std::uint64_t> gone{0}, refused{0};
  std::atomic<int> left{threads};
  local_cache<int, std::string, hot::lru, observer<counting>> cache{
      {.capacity_entries = 64 * 4'096, .observer = {&gone}}};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      for (int i = 0; i < puts; ++i) {
        refused += !cache.put(t * puts + i, std::to_string(i));
        (void)cache.get(t * puts + i / 2);
      }
      --left;
    });
  for (std::size_t round = 0; left != 0; ++round) {
    cache.resize(round % 2 == 0 ? 10 : 64 * 4'096);
    std::this_thread::sleep_for(1ms);
  }
  for (auto& one : all) one.join();
  BOOST_TEST(refused == 0U);
  BOOST_TEST(cache.entries() + gone == std::uint64_t{threads * puts});
  cache.resize(10);
  BOOST_TEST(cache.entries() <= 64U);
  BOOST_TEST(cache.entries() + gone == std::uint64_t{threads * puts});
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_SUITE_END()
