// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"

#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/adaptive.hpp>
#include <strata/hot/engine/guard.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>
#include <strata/lending.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

// Readers that met, and have locks of their own from then on; and the writers that come to them.
namespace {

struct counting {
  static constexpr bool counts_usage = true;
  strata::hasher<std::uint64_t> const& hash;
};
constexpr auto ignore = [](auto const&...) {};

template <class Policy>
struct fixture {
  explicit fixture(std::size_t entries = 1'000) : cache{{.capacity_entries = entries}, {hash}} {
    for (std::uint64_t i = 0; i < entries; ++i) put(i, 1);
  }
  strata::installed put(std::uint64_t i, std::uint64_t r) {
    return cache.install(hash(i), {strata::revision{r}, std::to_string(i) + "@" + std::to_string(r)});
  }
  template <class F>
  bool find(std::uint64_t i, F f) {
    return cache.find(hash(i), f);
  }
  /// Lets threads meet in the part of key i until one reads it while another is inside. Each takes part once and stays
  /// alive, so that the next one is another: two may have the same place.
  bool open(std::uint64_t i = 1) {
    for (int n = 0; n < 100; ++n) (void)find(i, ignore);
    struct meeting {
      std::atomic<bool> inside = false, passed = false;
    };
    std::list<meeting> meetings;
    std::vector<std::thread> others;
    std::atomic<bool> over = false;
    bool met = false;
    while (!met && others.size() < 64) {
      meeting& now = meetings.emplace_back();
      others.emplace_back([&, i] {
        while (!now.inside) std::this_thread::yield();
        (void)find(i, ignore);
        now.passed = true;
        while (!over) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      });
      (void)find(i, [&](auto const&) {
        now.inside = true;
        for (std::size_t turn = 0; turn < 200 * others.size() && !now.passed; ++turn)  // longer on a busy machine
          std::this_thread::sleep_for(std::chrono::microseconds{50});
        met = now.passed;
      });
      while (!now.passed) std::this_thread::sleep_for(std::chrono::microseconds{50});  // who waited has opened by then
    }
    over = true;
    for (auto& other : others) other.join();
    return met;
  }
  strata::hasher<std::uint64_t> hash{1};
  typename Policy::template tier<std::uint64_t, std::string, counting> cache;
};

// What is alive of it is counted, and it knows whose it is.
struct tracked {
  inline static std::atomic<int> alive = 0;
  explicit tracked(std::uint64_t k) : key{k}, text{std::to_string(k)} { ++alive; }
  tracked(tracked&& other) noexcept : key{other.key}, text{std::move(other.text)} { ++alive; }
  ~tracked() { --alive; }
  [[nodiscard]] bool sound(std::uint64_t k) const { return key == k && text == std::to_string(k); }
  std::uint64_t key;
  std::string text;
};

namespace hot = strata::hot;
using policies = std::tuple<hot::lru_exact, hot::lru, hot::sieve, hot::s3fifo, hot::tinylfu, hot::gdsf, hot::adaptive>;
using all_policies =
    std::tuple<hot::lru_exact, hot::lru, hot::sieve, hot::s3fifo, hot::tinylfu, hot::gdsf, hot::adaptive,
               hot::epoch_read<hot::lru>, hot::epoch_read<hot::sieve>, hot::epoch_read<hot::s3fifo>>;

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_readers)

BOOST_AUTO_TEST_CASE_TEMPLATE(a_writer_waits_until_they_are_out, Policy, policies) {
  fixture<Policy> t;
  BOOST_TEST_REQUIRE(t.open());
  std::atomic<bool> inside = false;
  std::atomic<bool> wrote = false;
  bool overtaken = false;
  std::string seen;
  std::thread reader{[&] {
    (void)t.find(1, [&](strata::box<std::string> const& b) {
      inside = true;
      for (int i = 0; i < 20 && !wrote; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{1});
      overtaken = wrote;
      seen = b.value();
    });
  }};
  while (!inside) std::this_thread::yield();
  BOOST_TEST((t.put(1, 2) == strata::installed::yes));
  wrote = true;
  reader.join();
  BOOST_TEST(!overtaken);
  BOOST_TEST(seen == "1@1");
  (void)t.find(1, [](strata::box<std::string> const& b) { BOOST_TEST(b.value() == "1@2"); });
  BOOST_TEST(t.cache.valid());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_visitor_waits_for_nobody, Policy, policies) {
  fixture<Policy> t;
  BOOST_TEST_REQUIRE(t.open());
  bool const found = t.find(1, [&](auto const&) {
    BOOST_TEST(t.cache.visiting());
    BOOST_TEST(!t.find(2, ignore));
    BOOST_TEST((t.put(1, 9) == strata::installed::refused));
    BOOST_TEST((t.put(5000, 9) == strata::installed::refused));
    BOOST_TEST(!t.cache.erase(t.hash(1), strata::revision{9}));
    t.cache.clear();
    t.cache.resize(1);
    t.cache.keys(ignore);
    t.cache.drain_uses(ignore);
    BOOST_TEST(t.cache.entries() == 1000U);
  });
  BOOST_TEST(found);
  BOOST_TEST(!t.cache.visiting());
  BOOST_TEST((t.put(1, 9) == strata::installed::yes));
  BOOST_TEST(t.cache.valid());
}

// Two threads inside parts of which each wants to change the other's.
BOOST_AUTO_TEST_CASE_TEMPLATE(writers_that_are_readers_do_not_cross, Policy, policies) {
  fixture<Policy> t{100'000};
  std::uint64_t other = 1;
  (void)t.find(0, [&](auto const&) {
    while (!t.find(other, ignore)) ++other;
  });
  for (int round = 0; round < 5; ++round) {
    BOOST_TEST_REQUIRE(t.open(0));
    BOOST_TEST_REQUIRE(t.open(other));
    std::atomic<int> inside = 0;
    std::atomic<int> tried = 0;
    std::atomic<int> refused = 0;
    auto const cross = [&](std::uint64_t mine, std::uint64_t yours) {
      (void)t.find(mine, [&](auto const&) {
        for (++inside; inside != 2;) std::this_thread::yield();
        refused += t.put(yours, 9) == strata::installed::refused;
        for (++tried; tried != 2;) std::this_thread::yield();
      });
    };
    std::thread a{cross, 0, other};
    std::thread b{cross, other, 0};
    a.join();
    b.join();
    BOOST_TEST(refused == 2);
  }
  BOOST_TEST(t.cache.valid());
}

// What readers have counted in bytes of their own, side by side, is there when an entry goes, when the shard grows, and
// after both.
BOOST_AUTO_TEST_CASE_TEMPLATE(counts_outlive_what_they_were_made_for, Policy, all_policies) {
  fixture<Policy> t;
  std::uint64_t used = 0;
  auto const read_all = [&] {
    for (std::uint64_t i = 2; i < 900; ++i) (void)t.find(i, ignore);
    for (int i = 0; i < 1'000; ++i) (void)t.find(1, ignore);  // more than a byte holds
  };
  auto const read = [&] {
    BOOST_TEST_REQUIRE(t.open());
    std::thread other{read_all};
    read_all();
    other.join();
  };
  read();
  (void)t.cache.erase(t.hash(2), strata::revision{9});
  read();
  t.cache.resize(3'000);
  for (std::uint64_t i = 1'000; i < 3'000; ++i) t.put(i, 1);
  read();
  for (std::uint64_t i = 900; i < 3'000; ++i) (void)t.find(i, ignore);
  t.cache.drain_uses([&](std::uint64_t, std::uint64_t n) { used += n; });
  BOOST_TEST(used == t.cache.stats().hits);
  BOOST_TEST(t.cache.stats().uses_lost == 0U);
  BOOST_TEST(t.cache.valid());
}

// Nothing that readers count is lost, however they and the writers come and go.
BOOST_AUTO_TEST_CASE_TEMPLATE(every_hit_is_counted_once, Policy, all_policies) {
  constexpr std::uint64_t reads = strata_test::brief ? 3'000 : 200'000;
  fixture<Policy> t{500};
  std::atomic<std::uint64_t> hits = 0;
  std::atomic<std::uint64_t> wrong = 0;
  std::atomic<int> left = 4;
  std::barrier all{5};  // else one has read all that is his before the next one comes
  std::vector<std::thread> readers;
  for (std::uint64_t seed = 0; seed < 4; ++seed)
    readers.emplace_back([&, seed] {
      all.arrive_and_wait();
      std::uint64_t mine = 0;
      for (std::uint64_t n = 0; n < reads; ++n) {
        std::uint64_t const i = (n * 7 + seed * 131) % 520;
        if (n % 64 == 0) wrong += t.cache.bounds().capacity_entries < 400;
        mine += t.find(
            i, [&](strata::box<std::string> const& b) { wrong += !b.value().starts_with(std::to_string(i) + "@"); });
      }
      hits += mine;
      --left;
    });
  std::uint64_t r = 1;
  std::uint64_t used = 0;
  auto const drain = [&] { t.cache.drain_uses([&](std::uint64_t, std::uint64_t n) { used += n; }); };
  all.arrive_and_wait();
  for (; left != 0; std::this_thread::sleep_for(std::chrono::microseconds{200})) {
    ++r;
    (void)t.put(r % 600, r);
    if (r % 16 == 0) (void)t.cache.erase(t.hash(r % 500), strata::revision{r});
    if (r % 64 == 0) drain();
    if (r % 512 == 0) t.cache.resize(400 + r % 200);
  }
  for (auto& one : readers) one.join();
  drain();
  auto const told = t.cache.stats();
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(told.hits == hits);
  BOOST_TEST(told.hits + told.misses == 4 * reads);
  BOOST_TEST(used + told.uses_lost == hits);
  BOOST_TEST(t.cache.valid());
}

// Hits are held by the thousand, copied, handed to other threads, and dropped when their threads and the cache are gone,
// while what they show is evicted, replaced and erased. More threads live at once than there are pages for loans, and
// they come and go.
using lenders = std::tuple<hot::sieve, hot::epoch_read<hot::sieve>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(loans_end_in_any_order, Policy, lenders) {
  using tier = typename Policy::template tier<std::uint64_t, tracked, counting>;
  using held = std::pair<std::uint64_t, strata::hit<tracked>>;
  constexpr std::uint64_t reads = strata_test::brief ? 6'000 : 30'000;
  strata::hasher<std::uint64_t> const hash{1};
  auto cache = std::make_unique<tier>(typename tier::options{.capacity_entries = 60}, counting{hash});
  std::mutex meeting;
  std::vector<held> left;  // by threads that are gone, and for those that come
  std::atomic<std::uint64_t> wrong = 0;
  std::atomic<std::uint64_t> revisions = 1;

  auto const put = [&](std::uint64_t k) {
    auto const hashed = hash(k);
    (void)cache->install(hashed, cache->prepare(hashed, {strata::revision{++revisions}, tracked{k}}));
  };
  auto const live = [&](std::uint64_t seed) {
    std::vector<held> mine;
    for (std::uint64_t n = 0; n < reads; ++n) {
      std::uint64_t const x = (n + seed) * 0x9E3779B97F4A7C15U >> 32U;
      std::uint64_t const k = x % 80;
      strata::hit<tracked> found;
      (void)cache->find(hash(k), [&](auto const& b) { found = {b, strata::tier::hot}; });
      if (found) {
        wrong += !found->sound(k);
        if (x % 16 == 1) mine.emplace_back(k, found);
        if (x % 8 == 2) mine.emplace_back(k, std::move(found));
      } else {
        put(k);
      }
      if (x % 32 == 3) put(k);
      if (x % 64 == 4) (void)cache->erase(hash(k), strata::revision{~std::uint64_t{0}});
      if (x % 256 == 5) cache->clear();
      if (!mine.empty() && x % 16 == 7) {
        auto& any = mine[x / 256 % mine.size()];
        wrong += !any.second->sound(any.first);
        std::swap(any, mine.back());
        mine.pop_back();
      }
      if (x % 128 == 6) {
        std::lock_guard const lock{meeting};
        mine.swap(left);
      }
    }
    std::lock_guard const lock{meeting};
    for (auto& one : mine) left.push_back(std::move(one));
  };
  for (std::uint64_t round = 0; round < 2; ++round) {
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 20; ++i) threads.emplace_back(live, round * 20'000'000 + i * 1'000'000);
    for (auto& one : threads) one.join();
  }
  BOOST_TEST(cache->valid());
  cache.reset();
  BOOST_TEST(left.size() > 1'000U);
  for (auto const& [k, one] : left) wrong += !one->sound(k);
  left.clear();
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(tracked::alive == 0);
  BOOST_TEST(strata::detail::ledger.loans() == 0U);
}

// As many threads as there are numbers never share one while they live, however many came before them.
BOOST_AUTO_TEST_CASE(threads_that_live_have_different_numbers) {
  using strata::hot::engine::thread_number;
  constexpr std::size_t at_a_time = thread_number::most - 1;
  std::size_t const mine = thread_number::mine();
  for (int round = 0; round < 5; ++round) {
    std::mutex guard;
    std::set<std::size_t> numbers{mine};
    std::barrier all{at_a_time};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < at_a_time; ++i)
      threads.emplace_back([&] {
        {
          std::lock_guard const lock{guard};
          numbers.insert(thread_number::mine());
        }
        all.arrive_and_wait();
      });
    for (auto& one : threads) one.join();
    BOOST_TEST(numbers.size() == thread_number::most);
  }
  BOOST_TEST(thread_number::mine() == mine);
}

BOOST_AUTO_TEST_SUITE_END()
