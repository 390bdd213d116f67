// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/concepts/hot.hpp>
#include <strata/hash.hpp>
#include <strata/hot/adaptive.hpp>
#include <strata/hot/engine/memory.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/single_thread.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <sys/mman.h>

namespace {

using strata::installed;
using strata::revision;

struct quiet {};

struct plain_text {
  using key = std::string;
  static key name(int i) { return "key " + std::to_string(i) + std::string(static_cast<std::size_t>(i % 40), '.'); }
};
struct number {
  using key = std::uint64_t;
  static key name(int i) { return static_cast<key>(i); }
};
struct id {  // a user's type: no default, no plain bits
  std::string text;
  explicit id(std::string t) : text{std::move(t)} {}
  bool operator==(id const&) const = default;
};
struct alike {  // keys whose hashes are all the same
  int number;
  bool operator==(alike const&) const = default;
};
struct users_own {
  using key = id;
  static key name(int i) { return id{std::to_string(i)}; }
};

template <class Key>
struct telling {  // so that numbers need not keep their hashes
  strata::hasher<Key> const& hash;
};

template <class Policy, class Keys>
struct fixture {
  using key = typename Keys::key;
  using tier = typename Policy::template tier<key, std::string, telling<key>>;

  explicit fixture(typename Policy::options o) : cache{o, {hash}} {}
  ~fixture() { BOOST_TEST(cache.valid()); }

  installed put(int i, std::uint64_t r = 1, std::string value = "v") {
    return cache.install(hash(Keys::name(i)), {revision{r}, std::move(value)});
  }
  bool has(int i) {
    return cache.peek(hash(Keys::name(i)), [](auto const&) {});
  }
  bool use(int i) {
    return cache.find(hash(Keys::name(i)), [](auto const&) {});
  }
  std::string value(int i) {
    std::string got = "(none)";
    auto const k = Keys::name(i);
    cache.find(hash(k), [&](strata::box<std::string> const& b) { got = b.value(); });
    return got;
  }
  bool erase(int i, std::uint64_t below) { return cache.erase(hash(Keys::name(i)), revision{below}); }

  strata::hasher<key> hash{1};
  tier cache;
};

using shapes = std::tuple<std::tuple<strata::hot::lru, plain_text>, std::tuple<strata::hot::lru, number>,
                          std::tuple<strata::hot::lru, users_own>, std::tuple<strata::hot::sieve, plain_text>,
                          std::tuple<strata::hot::sieve, number>, std::tuple<strata::hot::sieve, users_own>,
                          std::tuple<strata::hot::single_thread<strata::hot::lru>, plain_text>,
                          std::tuple<strata::hot::epoch_read<strata::hot::lru>, plain_text>,
                          std::tuple<strata::hot::epoch_read<strata::hot::sieve>, number>,
                          std::tuple<strata::hot::epoch_read<strata::hot::s3fifo>, users_own>>;
template <class Shape>
using fixture_of = fixture<std::tuple_element_t<0, Shape>, std::tuple_element_t<1, Shape>>;

// Whether the memory there has been advised to come in huge pages.
bool advised(void const* at) {
  auto const address = reinterpret_cast<std::uintptr_t>(at);
  std::ifstream maps{"/proc/self/smaps"};
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    if (std::sscanf(line.c_str(), "%zx-%zx ", &begin, &end) == 2) inside = begin <= address && address < end;
    if (inside && line.starts_with("VmFlags:")) return line.contains(" hg");
  }
  return false;
}

}  // namespace

template <>
struct std::hash<id> {
  std::size_t operator()(id const& i) const noexcept { return std::hash<std::string>{}(i.text); }
};

template <>
struct std::hash<alike> {
  std::size_t operator()(alike const&) const noexcept { return 7; }
};

BOOST_AUTO_TEST_SUITE(hot_tier)

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_and_replaces, Shape, shapes) {
  using f = fixture_of<Shape>;
  static_assert(strata::hot_tier<typename f::tier, typename f::key, std::string>);
  f t{{.capacity_entries = 100}};
  BOOST_TEST((t.put(1, 5, "five") == installed::yes));
  BOOST_TEST(t.value(1) == "five");
  BOOST_TEST((t.put(1, 4, "four") == installed::older));
  BOOST_TEST((t.put(1, 5, "another five") == installed::older));
  BOOST_TEST(t.value(1) == "five");
  BOOST_TEST((t.put(1, 6, "six") == installed::yes));
  BOOST_TEST(t.value(1) == "six");
  BOOST_TEST(t.cache.entries() == 1U);
  BOOST_TEST(!t.has(2));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(sees_at_a_glance_what_find_finds, Shape, shapes) {
  fixture_of<Shape> t{{.capacity_entries = 1'000}};
  for (int i = 0; i < 1'000; ++i) t.put(i, 1, std::to_string(i));
  int seen = 0;
  int found = 0;
  for (int i = 0; i < 2'000; ++i) {
    auto const k = std::tuple_element_t<1, Shape>::name(i);
    std::string got;
    bool const there = t.cache.glance(t.hash(k), [&](strata::box<std::string> const& b) {
      got = b.value();
      BOOST_TEST(!t.cache.glance(t.hash(k), [](auto const&) {}));  // the guard is taken: nobody waits
    });
    if (there) BOOST_TEST(got == std::to_string(i));
    seen += there;
    if (!there) (void)t.cache.find(t.hash(k), [&](auto const&) { ++found; });  // where there is no room for notes
  }
  BOOST_TEST(seen > 900);
  BOOST_TEST(seen + found == 1'000);
  BOOST_TEST(t.cache.stats().hits == 1'000U);
  BOOST_TEST(t.cache.stats().misses == 1'000U);
}

// Many at once are found as one by one: each that is there, once, and counted.
BOOST_AUTO_TEST_CASE_TEMPLATE(finds_many, Shape, shapes) {
  using keys = std::tuple_element_t<1, Shape>;
  using f = fixture_of<Shape>;
  f t{{.capacity_entries = 20'000, .pages = strata::hot::engine::pages::huge}};
  for (int i = 0; i < 20'000; i += 2) t.put(i, 1, std::to_string(i));
  for (std::size_t count : {0U, 1U, 64U, 65U, 1'000U}) {
    std::vector<typename f::key> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(keys::name(static_cast<int>(i * 7919 % 20'000)));
    std::vector<strata::hashed<typename f::key>> asked;
    for (auto const& name : names) asked.push_back(t.hash(name));
    auto const before = t.cache.stats();
    std::vector<std::size_t> seen;
    std::size_t const there = t.cache.find_many(asked, [&](std::size_t at, strata::box<std::string> const& b) {
      BOOST_TEST(b.value() == std::to_string(at * 7919 % 20'000));
      seen.push_back(at);
    });
    std::vector<std::size_t> wanted;
    for (std::size_t i = 0; i < count; ++i)
      if (t.has(static_cast<int>(i * 7919 % 20'000))) wanted.push_back(i);
    std::ranges::sort(seen);
    BOOST_TEST(seen == wanted, boost::test_tools::per_element());
    BOOST_TEST(there == wanted.size());
    BOOST_TEST(t.cache.stats().hits - before.hits == there);
    BOOST_TEST(t.cache.stats().misses - before.misses == count - there);
  }
}

BOOST_AUTO_TEST_CASE(asks_for_huge_pages) {
  using namespace strata::hot::engine;
  void* const own = ::mmap(nullptr, huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  BOOST_REQUIRE(own != MAP_FAILED);
  (void)::madvise(own, huge_page, MADV_HUGEPAGE);
  bool const can = advised(own);  // else the system has none to give
  (void)::munmap(own, huge_page);
  {
    std::unique_ptr<char, release> const array{static_cast<char*>(allocate(2 * huge_page, pages::huge))};
    BOOST_TEST(advised(array.get() + huge_page) == can);
  }
  fixture<strata::hot::single_thread<strata::hot::lru>, number> t{
      {.capacity_entries = 200'000, .pages = pages::huge}};  // one shard, whose arrays are as large
  for (int i = 0; i < 200'000; i += 2) t.put(i);
  std::size_t there = 0;
  for (int i = 0; i < 200'000; ++i) there += t.use(i);
  BOOST_TEST(there == 100'000U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(erases_what_is_older, Shape, shapes) {
  fixture_of<Shape> t{{.capacity_entries = 100}};
  t.put(1, 5);
  BOOST_TEST(!t.erase(2, 9));
  BOOST_TEST(!t.erase(1, 5));
  BOOST_TEST(t.has(1));
  BOOST_TEST(t.erase(1, 6));
  BOOST_TEST(!t.has(1));
  BOOST_TEST(t.cache.entries() == 0U);
  BOOST_TEST(t.cache.bytes() == 0U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(keeps_the_bound_of_entries, Shape, shapes) {
  fixture_of<Shape> t{{.capacity_entries = 50}};
  for (int i = 0; i < 1000; ++i) {
    t.put(i);
    BOOST_TEST(t.cache.entries() == static_cast<std::size_t>(std::min(i + 1, 50)));
    BOOST_TEST(t.has(i));
    if (i % 97 == 0) BOOST_TEST(t.cache.valid());
  }
  BOOST_TEST(t.cache.stats().evictions == 950U);
  t.cache.clear();
  BOOST_TEST(t.cache.entries() == 0U);
  BOOST_TEST(!t.has(999));
}

// All keys in one bucket, and all of one tag.
BOOST_AUTO_TEST_CASE(keys_that_collide) {
  using tier = strata::hot::lru::tier<alike, int, quiet>;
  tier cache{{.capacity_entries = 300}, quiet{}};
  strata::hasher<alike> const hash{1};
  std::vector<alike> keys;
  for (int i = 0; i < 400; ++i) keys.push_back({i});
  for (int i = 0; i < 400; ++i) (void)cache.install(hash(keys[static_cast<std::size_t>(i)]), {revision{1}, i});
  int there = 0;
  for (auto const& k : keys)
    there += cache.find(hash(k), [&](strata::box<int> const& b) { BOOST_TEST(b.value() == k.number); });
  BOOST_TEST(there == 300);
  std::vector<strata::hashed<alike>> asked;
  for (auto const& k : keys) asked.push_back(hash(k));
  std::size_t const found = cache.find_many(
      asked, [&](std::size_t i, strata::box<int> const& b) { BOOST_TEST(b.value() == static_cast<int>(i)); });
  BOOST_TEST(found == 300U);
  BOOST_TEST((cache.stats().hits == 600U && cache.stats().misses == 200U));
  for (auto const& k : keys) (void)cache.erase(hash(k), revision{2});
  BOOST_TEST(cache.entries() == 0U);
  BOOST_TEST(cache.valid());
}

using large = std::tuple<strata::hot::sieve, strata::hot::adaptive, strata::hot::epoch_read<strata::hot::sieve>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(a_million_entries, Policy, large) {
  constexpr std::uint64_t many = 1U << 20U;
  typename Policy::template tier<std::uint64_t, std::uint64_t, quiet> cache{{.capacity_entries = many}, quiet{}};
  strata::hasher<std::uint64_t> const hash{1};
  for (std::uint64_t i = 0; i < many + many / 8; ++i) (void)cache.install(hash(i), {revision{1}, i});
  BOOST_TEST(cache.entries() <= many);
  BOOST_TEST(cache.entries() > many - many / 50);
  std::uint64_t wrong = 0;
  for (std::uint64_t i = 0; i < many; ++i)
    (void)cache.find(hash(i), [&](strata::box<std::uint64_t> const& b) { wrong += b.value() != i; });
  BOOST_TEST(wrong == 0U);
  // As many at once, also those that stand in other buckets than their own.
  std::vector<strata::hashed<std::uint64_t>> asked;
  for (std::uint64_t i = 0; i < many; ++i) asked.push_back(hash(i));
  std::uint64_t const there = cache.stats().hits;
  BOOST_TEST(cache.find_many(
                 asked, [&](std::size_t i, strata::box<std::uint64_t> const& b) { wrong += b.value() != i; }) == there);
  BOOST_TEST(wrong == 0U);
  BOOST_TEST((cache.stats().hits == 2 * there && cache.stats().misses == 2 * (many - there)));
  BOOST_TEST(cache.valid());
}

// Who keeps what he read keeps it, whatever becomes of the entries.
BOOST_AUTO_TEST_CASE_TEMPLATE(hits_outlive_their_entries, Shape, shapes) {
  using keys = std::tuple_element_t<1, Shape>;
  std::vector<strata::box<std::string>> held;
  {
    fixture_of<Shape> t{{.capacity_entries = 3'000}};
    for (int i = 0; i < 3'000; ++i) t.put(i, 1, std::to_string(i));
    for (int i = 0; i < 3'000; ++i)
      t.cache.find(t.hash(keys::name(i)), [&](strata::box<std::string> const& b) { held.push_back(b); });
    BOOST_TEST(held.size() == 3'000U);
    for (int i = 3'000; i < 9'000; ++i) t.put(i);
    BOOST_TEST(!t.has(0));
    t.cache.clear();
  }
  for (std::size_t i = 0; i < held.size(); ++i) BOOST_TEST(held[i].value() == std::to_string(i));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(tells_its_keys, Shape, shapes) {
  fixture_of<Shape> t{{.capacity_entries = 200}};
  for (int i = 0; i < 200; ++i) t.put(i);
  int told = 0;
  t.cache.keys([&](auto const& k) {
    BOOST_TEST(t.cache.peek(t.hash(k), [](auto const&) {}));
    ++told;
  });
  BOOST_TEST(told == 200);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(resizes, Shape, shapes) {
  fixture_of<Shape> t{{.capacity_entries = 10}};
  for (int i = 0; i < 10; ++i) t.put(i);
  t.cache.resize(100);
  for (int i = 10; i < 100; ++i) t.put(i);
  for (int i = 0; i < 100; ++i) BOOST_TEST(t.has(i));
  BOOST_TEST(t.cache.valid());
  t.cache.resize(3);
  BOOST_TEST(t.cache.entries() == 3U);
  for (int i = 97; i < 100; ++i) BOOST_TEST(t.has(i));
  t.put(5);
  BOOST_TEST(t.cache.entries() == 3U);
  BOOST_CHECK_THROW(t.cache.resize(0), strata::open_error);
  BOOST_CHECK_THROW(t.cache.resize(strata::hot::engine::most_slots + std::size_t{1}), strata::open_error);
  BOOST_TEST(t.cache.entries() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
