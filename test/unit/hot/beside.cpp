// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"

#include <strata/cache.hpp>
#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/local.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

// Readers that take no lock: nobody waits for a visitor, nor for who writes, and what they look at stays as it is.
namespace {

namespace hot = strata::hot;
using strata::installed, strata::revision;
using policies = std::tuple<hot::sieve, hot::lru, hot::s3fifo>;

// What is alive of it is counted.
struct tracked {
  inline static std::atomic<int> alive = 0;
  explicit tracked(std::string t) : text{std::move(t)} { ++alive; }
  tracked(tracked&& other) noexcept : text{std::move(other.text)} { ++alive; }
  ~tracked() { --alive; }
  std::string text;
};

constexpr auto ignore = [](auto const&...) {};

template <class Policy>
struct fixture {
  struct context {
    static constexpr bool counts_usage = true;
    strata::hasher<std::uint64_t> const& hash;
  };
  explicit fixture(std::size_t entries = 1'000) : cache{{.capacity_entries = entries}, {hash}} {
    for (std::uint64_t i = 0; i < entries; ++i) put(i, 1);
  }
  ~fixture() { BOOST_TEST(cache.valid()); }
  installed put(std::uint64_t i, std::uint64_t r) {
    return cache.install(hash(i), {revision{r}, tracked{std::to_string(i) + "@" + std::to_string(r)}});
  }
  std::string value(std::uint64_t i) {
    std::string text = "(none)";
    (void)cache.find(hash(i), [&](strata::box<tracked> const& b) { text = b.value().text; });
    return text;
  }
  strata::hasher<std::uint64_t> hash{1};
  typename hot::epoch_read<Policy>::template tier<std::uint64_t, tracked, context> cache;
};

// A thread that is inside a visitor from the beginning to the end of its life.
template <class F>
class visit {
 public:
  explicit visit(F find) {
    thread_ = std::thread{[this, find] {
      find([this](auto const&...) {
        inside_ = true;
        while (!over_) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      });
    }};
    while (!inside_) std::this_thread::yield();
  }
  ~visit() { end(); }
  void end() {
    over_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  std::atomic<bool> inside_ = false, over_ = false;
  std::thread thread_;
};

// Its equality lets somebody wait, as long as he likes.
struct slow_key {
  inline static std::atomic<std::thread::id> stops{};
  inline static std::atomic<bool> stopped = false, goes_on = false;
  std::string text;
  bool operator==(slow_key const& other) const {
    if (stops.load() == std::this_thread::get_id()) {
      stopped = true;
      while (!goes_on) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return text == other.text;
  }
};

}  // namespace

template <>
struct std::hash<slow_key> {
  std::size_t operator()(slow_key const& k) const noexcept { return std::hash<std::string>{}(k.text); }
};

BOOST_AUTO_TEST_SUITE(hot_beside)

// As many changes as there are places, many times over, while a visitor sleeps on a value that is replaced at once.
BOOST_AUTO_TEST_CASE_TEMPLATE(no_writer_waits_for_a_visitor, Policy, policies) {
  fixture<Policy> t;
  strata::box<tracked> const* kept = nullptr;
  std::string seen_at_last;
  visit slow{[&](auto wait) {
    (void)t.cache.find(t.hash(7), [&](strata::box<tracked> const& b) {
      kept = &b;
      wait(b);
      seen_at_last = b.value().text;
    });
  }};
  visit peeks{[&](auto wait) { (void)t.cache.peek(t.hash(8), wait); }};
  for (std::uint64_t r = 2; r < 5'000; ++r) {
    BOOST_TEST((t.put(7, r) == installed::yes));
    BOOST_TEST((t.put(r % 1'500 + 8, r) == installed::yes));
    BOOST_TEST(t.value(7) == "7@" + std::to_string(r));
    if (r % 100 == 0) BOOST_TEST(t.cache.erase(t.hash(r % 1'500 + 8), revision{r + 1}));
    if (r == 3'000) t.cache.clear();
    if (r == 3'500) t.cache.resize(500);
  }
  BOOST_TEST(kept->value().text == "7@1");
  slow.end();
  peeks.end();
  BOOST_TEST(seen_at_last == "7@1");
}

BOOST_AUTO_TEST_CASE(no_reader_waits_for_a_writer) {
  struct quiet {};
  hot::epoch_read<hot::sieve>::tier<slow_key, int, quiet> cache{{.capacity_entries = 100}, {}};
  strata::hasher<slow_key> const hash{1};
  slow_key const a{"a"}, b{"b"};
  (void)cache.install(hash(a), {revision{1}, 1});
  (void)cache.install(hash(b), {revision{1}, 2});
  slow_key::stopped = slow_key::goes_on = false;
  std::thread writer{[&] {
    slow_key::stops = std::this_thread::get_id();
    (void)cache.install(hash(a), {revision{2}, 3});
  }};
  while (!slow_key::stopped) std::this_thread::yield();
  int seen = 0;
  BOOST_TEST(cache.find(hash(a), [&](strata::box<int> const& v) { seen = v.value(); }));
  BOOST_TEST(seen == 1);
  BOOST_TEST(cache.find(hash(b), ignore));
  slow_key::goes_on = true;
  writer.join();
  slow_key::stops = std::thread::id{};
  BOOST_TEST(cache.find(hash(a), [&](strata::box<int> const& v) { seen = v.value(); }));
  BOOST_TEST(seen == 3);
}

// Only who visits many at once keeps all that goes meanwhile, and in the end writers wait for him; a resize that makes the
// tier larger waits for any.
BOOST_AUTO_TEST_CASE_TEMPLATE(who_waits, Policy, policies) {
  fixture<Policy> t;
  std::atomic<std::uint64_t> puts = 0;
  std::vector<std::uint64_t> const keys{1, 2, 3};
  std::vector<strata::hashed<std::uint64_t>> asked;
  for (auto const& k : keys) asked.push_back(t.hash(k));
  {
    visit many{[&](auto wait) {
      (void)t.cache.find_many(asked, [&](std::size_t i, auto const&) { i == 0 ? wait() : ignore(); });
    }};
    std::thread writer{[&] {
      for (std::uint64_t r = 2; r < 1'000; ++r, ++puts) (void)t.put(r, r);
    }};
    while (puts < 64) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    BOOST_TEST(puts == 64U);  // and no more
    BOOST_TEST(t.value(5) == "5@5");
    many.end();
    writer.join();
    BOOST_TEST(puts == 998U);
  }
  std::atomic<bool> resized = false;
  visit one{[&](auto wait) { (void)t.cache.find(t.hash(1), wait); }};
  std::thread grows{[&] {
    t.cache.resize(3'000);
    resized = true;
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{30});
  BOOST_TEST(!resized);
  one.end();
  grows.join();
  BOOST_TEST(t.value(999) == "999@999");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_visitor_waits_for_nobody, Policy, policies) {
  for (std::size_t const entries : {1'000U, 100'000U}) {
    fixture<Policy> t{entries};
    bool const found = t.cache.find(t.hash(1), [&](auto const&) {
      BOOST_TEST(t.cache.visiting());
      BOOST_TEST(!t.cache.find(t.hash(1), ignore));
      BOOST_TEST(!t.cache.peek(t.hash(1), ignore));
      BOOST_TEST((t.put(1, 9) == installed::refused));
      BOOST_TEST(!t.cache.erase(t.hash(1), revision{9}));
      t.cache.clear();
      t.cache.resize(1);
      t.cache.keys(ignore);
      t.cache.drain_uses(ignore);
      BOOST_TEST(t.cache.entries() > entries * 9 / 10);
      std::thread{[&] { BOOST_TEST(!t.cache.visiting()); }}.join();
    });
    BOOST_TEST(found);
    BOOST_TEST(!t.cache.visiting());
    BOOST_TEST((t.put(1, 9) == installed::yes));
  }
}

// Two threads inside each other's parts, which both change: neither waits.
BOOST_AUTO_TEST_CASE(crossed_writers) {
  fixture<hot::lru> t{100'000};
  std::uint64_t other = 1;
  (void)t.cache.find(t.hash(0), [&](auto const&) {
    while (!t.cache.find(t.hash(other), ignore)) ++other;
  });
  for (std::uint64_t round = 2; round < 200; ++round) {
    std::atomic<int> inside = 0, tried = 0, done = 0;
    auto const cross = [&](std::uint64_t mine, std::uint64_t yours) {
      (void)t.cache.find(t.hash(mine), [&](auto const&) {
        for (++inside; inside != 2;) std::this_thread::yield();
        done += t.put(yours, round) == installed::yes;
        for (++tried; tried != 2;) std::this_thread::yield();
      });
    };
    std::thread a{cross, 0, other}, b{cross, other, 0};
    a.join();
    b.join();
    BOOST_TEST(done == 2);
  }
}

// More threads than there are numbers, all inside at once.
BOOST_AUTO_TEST_CASE(more_readers_than_cells) {
  fixture<hot::sieve> t;
  std::atomic<int> inside = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 15; ++i)
    readers.emplace_back([&] {
      (void)t.cache.find(t.hash(1), [&](auto const&) {
        ++inside;
        while (!over) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      });
    });
  while (inside != 15) std::this_thread::yield();
  std::atomic<int> read = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < 8; ++i)
    others.emplace_back([&] {
      for (std::uint64_t n = 0; n < 1'000; ++n) read += t.value(n) == std::to_string(n) + "@1";
    });
  for (auto& one : others) one.join();
  BOOST_TEST(read == 8'000);
  BOOST_TEST((t.put(1, 2) == installed::yes));
  over = true;
  for (auto& one : readers) one.join();
}

// What goes is destroyed once nobody looks at it, and at the latest by an erase, or after as many changes as may lie about.
BOOST_AUTO_TEST_CASE_TEMPLATE(lets_go_of_what_went, Policy, policies) {
  int const before = tracked::alive;
  {
    fixture<Policy> t{100};
    for (std::uint64_t r = 2; r < 1'000; ++r) {
      t.put(r % 150, r);
      BOOST_TEST(tracked::alive - before <= 100 + 64);
    }
    (void)t.cache.erase(t.hash(999 % 150), revision{~std::uint64_t{0}});
    BOOST_TEST(tracked::alive - before == 99);
    t.cache.clear();
    BOOST_TEST(tracked::alive == before);
  }
  BOOST_TEST(tracked::alive == before);
}

// Reads of a value that was replaced while it was read count, those before and those after.
BOOST_AUTO_TEST_CASE_TEMPLATE(every_use_is_told, Policy, policies) {
  fixture<Policy> t{10};
  std::uint64_t told = 0;
  auto const drain = [&] { t.cache.drain_uses([&](std::uint64_t, std::uint64_t n) { told += n; }); };
  (void)t.value(1);
  {
    visit slow{[&](auto wait) { (void)t.cache.find(t.hash(1), wait); }};
    t.put(1, 2);
    (void)t.value(1);
    drain();
    BOOST_TEST(told == 2U);
  }
  drain();
  BOOST_TEST(told == 3U);
}

// The same answers and the same keys at every request as without epochs, where one thread asks.
BOOST_AUTO_TEST_CASE_TEMPLATE(victims_are_the_same, Policy, policies) {
  struct telling {
    strata::hasher<std::uint64_t> const& hash;
  };
  strata::hasher<std::uint64_t> const hash{1};
  for (std::size_t const capacity : {1U, 2U, 3U, 7U, 31U, 63U, 200U}) {
    typename Policy::template tier<std::uint64_t, std::uint64_t, telling> one{{.capacity_entries = capacity}, {hash}};
    typename hot::epoch_read<Policy>::template tier<std::uint64_t, std::uint64_t, telling> other{
        {.capacity_entries = capacity}, {hash}};
    std::mt19937_64 random{capacity};
    int wrong = 0;
    for (std::uint64_t n = 1; n < (strata_test::brief ? 3'000U : 60'000U) && wrong == 0; ++n) {
      std::uint64_t const word = random();
      auto const k = hash(word % (1 + (word >> 32U) % (2 * capacity + 1)));
      auto const both = [&](auto f) { wrong += f(one) != f(other); };
      switch ((word >> 40U) % 16) {
        case 0: both([&](auto& t) { return t.erase(k, revision{n}); }); break;
        case 1:
        case 2: both([&](auto& t) { return t.install(k, {revision{n}, n}); }); break;
        default:
          both([&](auto& t) { return t.find(k, ignore); });
          both([&](auto& t) { return t.install(k, {revision{1}, n}); });
      }
      if (n % 64 == 0)
        for (std::uint64_t i = 0; i < 2 * capacity + 1; ++i) both([&](auto& t) { return t.peek(hash(i), ignore); });
    }
    BOOST_TEST(wrong == 0, "capacity " << capacity);
    BOOST_TEST((one.valid() && other.valid()));
    BOOST_TEST(one.stats().evictions == other.stats().evictions);
  }
}

// An observer hears of all that went, by keys of any length, while others may still look at it.
BOOST_AUTO_TEST_CASE(tells_of_what_went) {
  struct heard {
    std::vector<std::pair<std::string, strata::removal>>* all;
    void removed(std::string_view key, int, strata::removal why) const { all->emplace_back(key, why); }
  };
  std::vector<std::pair<std::string, strata::removal>> all;
  strata::local_cache<std::string, int, hot::epoch_read<hot::sieve>, strata::observer<heard>> cache{
      {.capacity_entries = 3, .observer = heard{&all}}};
  auto const name = [](int i) { return std::to_string(i) + std::string(static_cast<std::size_t>(i % 2 * 90), '-'); };
  for (int i = 0; i < 6; ++i) (void)cache.put(name(i), i);
  (void)cache.put(name(5), 50);
  BOOST_TEST(cache.erase(name(4)));
  using strata::removal;
  std::vector<std::pair<std::string, removal>> const wanted{{name(0), removal::evicted},
                                                            {name(1), removal::evicted},
                                                            {name(2), removal::evicted},
                                                            {name(5), removal::replaced},
                                                            {name(4), removal::erased}};
  BOOST_TEST((all == wanted));
  BOOST_TEST(cache.entries() == 2U);
}

BOOST_AUTO_TEST_CASE(under_a_local_cache) {
  strata::local_cache<std::string, std::string, hot::epoch_read<hot::lru>> cache{{.capacity_entries = 100}};
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int me = 0; me < 4; ++me)
    threads.emplace_back([&, me] {
      for (int n = 0; n < (strata_test::brief ? 2'000 : 20'000); ++n) {
        std::string const key = std::to_string((n * 7 + me) % 150);
        auto const got = cache.get_or_load(key, [&] { return "value of " + key; });
        wrong += !got || *got != "value of " + key;
        if (n % 16 == 0) (void)cache.put(key, "value of " + key);
        if (n % 64 == 0) (void)cache.erase(key);
      }
    });
  for (auto& one : threads) one.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(cache.entries() <= 100U);
}

BOOST_AUTO_TEST_CASE(under_a_cache) {
  using cache_type = strata::cache<hot::epoch_read<hot::s3fifo>, strata::none, strata::none,
                                   strata::codec::none<std::string, std::string>>;
  cache_type cache{{.hot = {.capacity_entries = 50}}};
  BOOST_TEST(cache.put("a", "one").has_value());
  auto const held = cache.get("a");
  for (int i = 0; i < 500; ++i)
    BOOST_TEST(cache.put(i % 3 == 0 ? "a" : std::to_string(i), std::to_string(i)).has_value());
  BOOST_TEST(*held == "one");
  auto const last = cache.get("a");
  BOOST_TEST(*last == "498");
  auto const seen = cache.visit("a", [&](auto const& v) {
    BOOST_TEST(v == "498");
    BOOST_TEST(!cache.put("a", "no").has_value());
  });
  BOOST_TEST((seen && *seen));
  auto const still = cache.get("a");
  BOOST_TEST(*still == "498");
}

BOOST_AUTO_TEST_SUITE_END()
