// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hash.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/single_thread.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

// A call from inside a visitor never waits for itself, nor two threads for each other across shards.
namespace {

struct counting {
  static constexpr bool counts_usage = true;
};
using tier = strata::hot::lru::tier<std::uint64_t, std::string, counting>;

struct fixture {
  explicit fixture(std::size_t entries) : cache{{.capacity_entries = entries}, {}} {
    for (std::uint64_t i = 0; i < 1000; ++i) put(i, 1);
  }
  strata::installed put(std::uint64_t i, std::uint64_t r) {
    return cache.install(hash(i), {strata::revision{r}, std::to_string(i)});
  }
  strata::hasher<std::uint64_t> hash{1};
  tier cache;
};

constexpr auto ignore = [](auto const&...) {};

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_reentry)

BOOST_AUTO_TEST_CASE(one_shard) {
  fixture t{1000};
  BOOST_TEST(!t.cache.visiting());
  bool found = t.cache.find(t.hash(1), [&](strata::box<std::string> const& b) {
    BOOST_TEST(t.cache.visiting());
    BOOST_TEST(!t.cache.find(t.hash(2), ignore));
    BOOST_TEST(!t.cache.peek(t.hash(1), ignore));
    BOOST_TEST((t.put(1, 9) == strata::installed::refused));
    BOOST_TEST((t.put(5000, 9) == strata::installed::refused));
    BOOST_TEST(!t.cache.erase(t.hash(1), strata::revision{9}));
    t.cache.clear();
    t.cache.resize(1);
    t.cache.keys(ignore);
    t.cache.drain_uses(ignore);
    BOOST_TEST(t.cache.entries() == 1000U);
    BOOST_TEST(b.value() == "1");
    // Another thread is no visitor.
    std::thread{[&] { BOOST_TEST(!t.cache.visiting()); }}.join();
  });
  BOOST_TEST(found);
  BOOST_TEST(!t.cache.visiting());
  BOOST_TEST(t.cache.find(t.hash(2), ignore));
  BOOST_TEST(t.cache.valid());
}

// One thread alone: nothing to wait for, and a call from inside a visitor would find the entry being read.
BOOST_AUTO_TEST_CASE(one_thread) {
  using alone = strata::hot::single_thread<strata::hot::lru>::tier<std::uint64_t, std::string, counting>;
  alone cache{{.capacity_entries = 100'000}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  auto const put = [&](std::uint64_t i, std::uint64_t r) {
    return cache.install(hash(i), {strata::revision{r}, std::to_string(i)});
  };
  for (std::uint64_t i = 0; i < 100'000; ++i) (void)put(i, 1);
  bool const found = cache.find(hash(0), [&](strata::box<std::string> const& b) {
    BOOST_TEST(cache.visiting());
    BOOST_TEST(!cache.find(hash(1), ignore));
    BOOST_TEST((put(0, 9) == strata::installed::refused));
    BOOST_TEST(!cache.erase(hash(0), strata::revision{9}));
    cache.clear();
    cache.drain_uses(ignore);
    BOOST_TEST(b.value() == "0");
  });
  BOOST_TEST(found);
  BOOST_TEST(!cache.visiting());
  BOOST_TEST(cache.entries() == 100'000U);  // one order: all of them fit
  BOOST_TEST((put(100'000, 1) == strata::installed::yes));
  BOOST_TEST(cache.peek(hash(0), ignore));
  BOOST_TEST(!cache.peek(hash(1), ignore));
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_CASE(peek_is_a_visit_too) {
  fixture t{1000};
  t.cache.peek(t.hash(1), [&](auto const&) { BOOST_TEST(t.cache.visiting()); });
  BOOST_TEST(!t.cache.visiting());
}

BOOST_AUTO_TEST_CASE(a_visitor_that_throws_lets_go) {
  fixture t{1000};
  BOOST_CHECK_THROW(t.cache.find(t.hash(1), [](auto const&) { throw std::runtime_error{"x"}; }), std::runtime_error);
  BOOST_TEST(!t.cache.visiting());
  BOOST_TEST(t.cache.stats().hits == 0U);
  BOOST_TEST(t.cache.find(t.hash(1), ignore));
}

BOOST_AUTO_TEST_CASE(another_cache_is_another_matter) {
  fixture outer{1000};
  fixture inner{1000};
  outer.cache.find(outer.hash(1), [&](auto const&) {
    BOOST_TEST(!inner.cache.visiting());
    BOOST_TEST(inner.cache.find(inner.hash(1), ignore));
  });
}

// Two threads that are inside each other's shards and want to go on to the other: neither waits.
BOOST_AUTO_TEST_CASE(crossed_visits) {
  fixture t{100'000};
  std::uint64_t other = 1;  // a key of another shard than key 0: reachable from a visitor of that
  (void)t.cache.find(t.hash(0), [&](auto const&) {
    while (!t.cache.find(t.hash(other), ignore)) ++other;
  });
  for (int round = 0; round < 200; ++round) {
    std::atomic<int> inside = 0;
    std::atomic<int> tried = 0;
    std::atomic<int> refused = 0;
    std::atomic<int> told = 0;
    auto const cross = [&](std::uint64_t mine, std::uint64_t yours) {
      t.cache.find(t.hash(mine), [&](auto const&) {
        for (++inside; inside != 2;) std::this_thread::yield();
        refused += !t.cache.find(t.hash(yours), ignore);
        told += t.cache.visiting();
        for (++tried; tried != 2;) std::this_thread::yield();
      });
    };
    std::thread a{cross, 0, other};
    std::thread b{cross, other, 0};
    a.join();
    b.join();
    BOOST_TEST(refused == 2);
    BOOST_TEST(told == 2);
  }
  BOOST_TEST(t.cache.find(t.hash(0), ignore));
  BOOST_TEST(t.cache.valid());
}

BOOST_AUTO_TEST_SUITE_END()
