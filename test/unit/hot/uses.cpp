// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hash.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace {

struct counting {
  static constexpr bool counts_usage = true;
};
struct not_counting {
  static constexpr bool counts_usage = false;
};
struct silent {};

template <class Context>
using tier = strata::hot::lru::tier<std::string, int, Context>;

constexpr auto ignore = [](auto const&...) {};

struct fixture {
  explicit fixture(std::size_t entries) : cache{{.capacity_entries = entries}, {}} {}
  void put(int i, std::uint64_t r = 1) { (void)cache.install(hash(name(i)), {strata::revision{r}, i}); }
  void use(int i, int times = 1) {
    for (; times > 0; --times) (void)cache.find(hash(name(i)), ignore);
  }
  std::map<std::string, std::uint64_t> drain() {
    std::map<std::string, std::uint64_t> all;
    cache.drain_uses([&](std::string_view key, std::uint64_t count) { all[std::string{key}] += count; });
    return all;
  }
  static std::string const& name(int i) {
    static std::map<int, std::string> names;
    auto& n = names[i];
    if (n.empty()) n = "key " + std::to_string(i) + std::string(static_cast<std::size_t>(i * 13 % 700), '.');
    return n;
  }
  strata::hasher<std::string> hash{1};
  tier<counting> cache;
};

template <class T>
concept drains = requires(T t) { t.drain_uses(ignore); };

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_uses)

BOOST_AUTO_TEST_CASE(only_where_wanted) {
  static_assert(drains<tier<counting>>);
  static_assert(!drains<tier<not_counting>>);
  static_assert(!drains<tier<silent>>);
  static_assert(sizeof(tier<not_counting>) < sizeof(tier<counting>));
}

BOOST_AUTO_TEST_CASE(of_entries_that_stay) {
  fixture t{100};
  for (int i = 0; i < 100; ++i) t.put(i);
  for (int i = 0; i < 100; ++i) t.use(i, i);
  auto const got = t.drain();
  BOOST_TEST(got.size() == 99U);
  for (int i = 1; i < 100; ++i) BOOST_TEST(got.at(fixture::name(i)) == static_cast<std::uint64_t>(i));
  BOOST_TEST(t.drain().empty());
}

BOOST_AUTO_TEST_CASE(of_entries_that_went_or_were_replaced) {
  fixture t{2};
  t.put(1), t.use(1, 3);
  t.put(1, 2), t.use(1, 4);  // replaced: counts on
  t.put(2), t.use(2, 5);
  (void)t.cache.erase(t.hash(fixture::name(2)), strata::revision{9});
  t.put(3), t.put(4), t.put(5);  // evicts 1
  std::map<std::string, std::uint64_t> const wanted{{fixture::name(1), 7}, {fixture::name(2), 5}};
  BOOST_TEST((t.drain() == wanted));
  BOOST_TEST(t.cache.stats().uses_lost == 0U);
}

BOOST_AUTO_TEST_CASE(peeks_and_misses_do_not_count) {
  fixture t{10};
  t.put(1);
  t.use(2);
  (void)t.cache.peek(t.hash(fixture::name(1)), ignore);
  BOOST_TEST(t.drain().empty());
}

// K12: what nobody drains is bounded; it says in time that it is due, and how much was lost after that.
BOOST_AUTO_TEST_CASE(overflow) {
  fixture t{1};
  BOOST_TEST(!t.cache.drain_due());
  for (int i = 0; i < 1000; ++i) {
    t.put(i), t.use(i);
    BOOST_TEST(t.cache.drain_due() == (i >= 128));
  }
  BOOST_TEST(t.cache.stats().uses_lost == 999U - 256U);
  auto const got = t.drain();
  BOOST_TEST(got.size() == 257U);
  BOOST_TEST(!t.cache.drain_due());
  BOOST_TEST(t.cache.valid());
}

BOOST_AUTO_TEST_CASE(a_receiver_that_throws_loses_nothing) {
  fixture t{200};
  for (int i = 0; i < 200; ++i) t.put(i), t.use(i, 2);
  std::map<std::string, std::uint64_t> got;
  for (int fails = 0; fails < 10; ++fails) {
    int calls = 0;
    try {
      t.cache.drain_uses([&](std::string_view key, std::uint64_t count) {
        if (++calls == 20) throw std::runtime_error{"x"};
        got[std::string{key}] += count;
      });
    } catch (std::runtime_error const&) {
    }
  }
  for (auto const& [key, count] : t.drain()) got[key] += count;
  BOOST_TEST(got.size() == 200U);
  for (auto const& [key, count] : got) BOOST_TEST(count == 2U);
  BOOST_TEST(t.cache.stats().uses_lost == 0U);
}

// Every read that found its key is handed out once, whoever drains meanwhile.
using counted = std::tuple<strata::hot::sieve, strata::hot::epoch_read<strata::hot::sieve>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(exact_with_threads, Policy, counted) {
  typename Policy::template tier<std::uint64_t, int, counting> cache{{.capacity_entries = 64}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  std::atomic<std::uint64_t> hits = 0;
  std::atomic<std::uint64_t> drained = 0;
  std::atomic<bool> over = false;
  auto const drain = [&] { cache.drain_uses([&](std::uint64_t, std::uint64_t n) { drained += n; }); };
  std::vector<std::thread> readers;
  for (std::uint64_t me = 0; me < 4; ++me)
    readers.emplace_back([&, me] {
      std::uint64_t mine = 0;
      for (std::uint64_t n = 0; n < 50'000; ++n) {
        std::uint64_t const key = n * (me + 3) * 7919 % 96;
        if (cache.find(hash(key), ignore))
          ++mine;
        else
          (void)cache.install(hash(key), {strata::revision{n}, 1});
      }
      hits += mine;
    });
  std::thread drainer{[&] {
    while (!over) drain();
  }};
  for (auto& r : readers) r.join();
  over = true;
  drainer.join();
  drain();
  BOOST_TEST(drained + cache.stats().uses_lost == hits);
  BOOST_TEST(cache.stats().hits == hits);
  BOOST_TEST(cache.valid());
}

BOOST_AUTO_TEST_SUITE_END()
