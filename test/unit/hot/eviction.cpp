// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../../benchmarks/hit_ratio/streams.hpp"
#include "../../support/brief.hpp"
#include "model.hpp"

#include <strata/hash.hpp>
#include <strata/hot/adaptive.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

// Every request of a random stream gets the same answer from the tier and from the model of its algorithm, and both hold
// the same keys. 10,000,000 requests over 64 keys for each algorithm, at capacities from one to more than all keys.
namespace {

struct quiet {};
template <class Key>
struct telling {  // so that numbers need not keep their hashes
  strata::hasher<Key> const& hash;
};

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__)
constexpr int requests = 1'000'000;
#else
constexpr int requests = 50'000;
#endif

template <class Policy, class Model>
struct pair {
  using policy = Policy;
  using model = Model;
};
using pairs = std::tuple<pair<strata::hot::lru_exact, model::lru>, pair<strata::hot::lru, model::generational_lru>,
                         pair<strata::hot::sieve, model::sieve>,
                         pair<strata::hot::epoch_read<strata::hot::lru>, model::generational_lru>,
                         pair<strata::hot::epoch_read<strata::hot::sieve>, model::sieve>>;

/// \returns the first request that the model answers otherwise; zero: none
template <class Pair, class Key>
int compare(std::size_t capacity, int count, std::vector<Key> const& names) {
  strata::hasher<Key> const hash{capacity};
  typename Pair::policy::template tier<Key, std::uint64_t, telling<Key>> tier{{.capacity_entries = capacity}, {hash}};
  typename Pair::model model{capacity};
  std::mt19937_64 random{capacity};
  int wrong = 0;
  for (int n = 1; n <= count; ++n) {
    std::uint64_t const word = random();
    std::uint64_t const i =
        (word >> 32U) % 8 < 5 ? word % 16 : word % names.size();  // some keys are asked for more often
    auto const k = hash(names[i]);
    auto const r = strata::revision{static_cast<std::uint64_t>(n)};
    switch ((word >> 40U) % 32) {
      case 0: wrong += tier.erase(k, r) != model.erase(i); break;
      case 1: wrong += tier.peek(k, [](auto const&) {}) != model.has(i); break;
      case 2:
      case 3:
        (void)tier.install(k, {r, i});
        model.put(i);
        break;
      default: {
        bool const hit = tier.find(k, [&](strata::box<std::uint64_t> const& b) { wrong += b.value() != i; });
        wrong += hit != model.use(i);
        if (hit) break;
        (void)tier.install(k, {r, i});
        model.put(i);
      }
    }
    if (n % 4096 == 0) {
      wrong += !tier.valid();
      for (std::uint64_t j = 0; j < names.size(); ++j)
        wrong += tier.peek(hash(names[j]), [](auto const&) {}) != model.has(j);
    }
    if (wrong != 0) return n;
  }
  return 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_eviction)

BOOST_AUTO_TEST_CASE_TEMPLATE(request_by_request, Pair, pairs) {
  std::vector<std::uint64_t> numbers;
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < 64; ++i) {
    numbers.push_back(i * 1'000'003);
    texts.push_back("template-" + std::to_string(i) + std::string(i % 20, '-'));
  }
  for (std::size_t capacity : {1U, 2U, 3U, 7U, 16U, 31U, 48U, 63U})
    BOOST_TEST(compare<Pair>(capacity, requests, numbers) == 0, capacity);
  for (std::size_t capacity : {5U, 80U}) BOOST_TEST(compare<Pair>(capacity, requests, texts) == 0, capacity);
}

// Passes over 600 keys, each beginning 100 keys later, with room for 1,000: at this pace CLOCK's hand meets the set
// again and again where it does harm.
template <class Policy>
double missed_of_a_moving_set(std::uint64_t seed) {
  constexpr std::uint64_t passes = 300;
  typename Policy::template tier<std::uint64_t, std::uint64_t, quiet> tier{{.capacity_entries = 1'000}, {}};
  strata::hasher<std::uint64_t> const hash{seed};
  std::uint64_t misses = 0;
  for (std::uint64_t pass = 0; pass < passes; ++pass)
    for (std::uint64_t key = pass * 100; key < pass * 100 + 600; ++key) {
      if (tier.find(hash(key), [](auto const&) {})) continue;
      (void)tier.install(hash(key), {strata::revision{1}, key});
      ++misses;
    }
  BOOST_TEST(tier.valid());
  return 100.0 * static_cast<double>(misses) / (passes * 600);
}
template <class Policy>
double answered(hit_ratio::trace const& asked, std::size_t capacity) {
  typename Policy::template tier<std::uint64_t, std::uint64_t, quiet> tier{{.capacity_entries = capacity}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  for (std::uint64_t const key : asked.requests)
    if (!tier.find(hash(key), [](auto const&) {})) (void)tier.install(hash(key), {strata::revision{1}, key});
  return 100.0 * static_cast<double>(tier.stats().hits) / static_cast<double>(asked.requests.size());
}
BOOST_AUTO_TEST_CASE(lru_answers_what_lru_exact_does) {
  for (auto const& [made, sizes] : hit_ratio::streams(strata_test::brief ? 20'000 : 200'000))
    for (std::size_t const capacity : sizes) {
      double const exact = answered<strata::hot::lru_exact>(made, capacity);
      BOOST_TEST(std::abs(answered<strata::hot::lru>(made, capacity) - exact) <= 0.2, made.name << " " << capacity);
    }
}

BOOST_AUTO_TEST_CASE(adaptive_follows_a_moving_set_as_lru_does) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed)
    BOOST_TEST(missed_of_a_moving_set<strata::hot::adaptive>(seed) <
               missed_of_a_moving_set<strata::hot::lru_exact>(seed) + 1);
}

BOOST_AUTO_TEST_CASE(lru_exact_keeps_its_order_when_it_grows) {
  strata::hot::lru_exact::tier<std::uint64_t, std::uint64_t, quiet> tier{{.capacity_entries = 8}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  auto const put = [&](std::uint64_t from, std::uint64_t to) {
    for (; from != to; ++from) (void)tier.install(hash(from), {strata::revision{1}, from});
  };
  auto const use = [&](std::uint64_t i) { (void)tier.find(hash(i), [](auto const&) {}); };
  put(0, 8);
  for (std::uint64_t const i : {0U, 3U, 7U}) use(i);
  tier.resize(100);
  BOOST_TEST(tier.valid());
  put(8, 100);
  use(5);
  std::uint64_t next = 100;
  for (std::uint64_t const gone : {1U, 2U, 4U, 6U, 0U, 3U, 7U, 8U}) {
    BOOST_TEST(tier.peek(hash(gone), [](auto const&) {}));
    put(next, next + 1);
    ++next;
    BOOST_TEST(!tier.peek(hash(gone), [](auto const&) {}));
  }
  BOOST_TEST(tier.valid());
}

// A larger shard takes fewer keys into its sample: who was in that of the smaller one is asked about no more.
BOOST_AUTO_TEST_CASE(adaptive_samples_anew_when_it_grows) {
  using order = strata::hot::adaptive_order;
  struct node_list {
    std::vector<order::node>* all;
    order::node& operator[](std::uint32_t i) const { return (*all)[i]; }
    static std::uint32_t hash(std::uint32_t i) { return i * 0x9E3779B1U; }
  };
  std::vector<order::node> all(4'000);
  node_list const nodes{&all};
  order small{{}, 8'000};
  for (std::uint32_t i = 0; i < all.size(); ++i) small.on_insert(nodes, i, nodes.hash(i), 1);
  order large{{}, 64'000};  // one key in 512 instead of one in 16
  large.take_over(small);
  auto const told = [&] {
    std::size_t n = 0;
    for (std::uint32_t i = 0; i < all.size(); ++i)
      if (!large.idle(nodes, i)) {
        ++n;
        large.on_hit(nodes, i);
      }
    return n;
  };
  BOOST_TEST(told() > 200U);
  BOOST_TEST(told() < 60U);
}

BOOST_AUTO_TEST_CASE(say_what_a_hit_needs) {
  using enum strata::hot::engine::hit_needs;
  static_assert(strata::hot::lru_exact_order::needs == exclusive);
  static_assert(strata::hot::sieve_order::needs == shared);
  static_assert(strata::hot::engine::eviction<strata::hot::lru_exact_order>);
  static_assert(strata::hot::engine::eviction<strata::hot::sieve_order>);
  static_assert(std::is_empty_v<strata::hot::lru_exact_order::node> && sizeof(strata::hot::sieve_order::node) == 8);
  static_assert(sizeof(strata::hot::lru_order::node) == 8 && sizeof(strata::hot::s3fifo_order::node) == 8);
  static_assert(sizeof(strata::hot::tinylfu_order::node) == 8 && sizeof(strata::hot::adaptive_order::node) == 12);
}

BOOST_AUTO_TEST_CASE(links_and_the_byte_beside_them_do_not_touch_each_other) {
  using strata::hot::engine::no_slot;
  strata::hot::engine::links one{};
  for (auto const older : {0U, 1U, 0x5A5A5A5U, no_slot})
    for (auto const newer : {no_slot, 0xA5A5A5AU, 1U, 0U})
      for (std::uint8_t const own : {std::uint8_t{0}, std::uint8_t{0xA5}, std::uint8_t{0xFF}}) {
        one.own = own;
        one.older(older);
        one.newer(newer);
        BOOST_TEST((one.older() == older && one.newer() == newer && one.own == own));
        one.older(newer);
        BOOST_TEST((one.older() == newer && one.newer() == newer && one.own == own));
      }
}

BOOST_AUTO_TEST_CASE(uses_never_reach_the_place_beside_them) {
  strata::hasher<std::uint64_t> const hash{1};
  struct none {};
  strata::hot::s3fifo::tier<std::uint64_t, std::uint64_t, none> tier{
      {.capacity_entries = 10, .eviction = {.most_uses = 255}}, {}};
  for (std::uint64_t i = 0; i < 10; ++i) (void)tier.install(hash(i), {strata::revision{1}, i});
  for (int n = 0; n < 300; ++n) BOOST_TEST(tier.find(hash(3), [](auto const&) {}));
  BOOST_TEST(tier.valid());
  for (std::uint64_t i = 10; i < 30; ++i) (void)tier.install(hash(i), {strata::revision{1}, i});
  BOOST_TEST(tier.valid());
  BOOST_TEST(tier.peek(hash(3), [](auto const&) {}));
}

// First in, first out, as a user would write it: a hit needs nothing, and nothing of it is called.
namespace {
class fifo_order {
 public:
  struct node {
    strata::hot::engine::slot newer = strata::hot::engine::no_slot, older = strata::hot::engine::no_slot;
  };
  static constexpr auto needs = strata::hot::engine::hit_needs::nothing;
  void on_hit(auto, strata::hot::engine::slot) noexcept { std::abort(); }
  void on_insert(auto nodes, strata::hot::engine::slot i, std::uint64_t, std::uint32_t) noexcept {
    nodes[i] = {strata::hot::engine::no_slot, newest_};
    (newest_ == strata::hot::engine::no_slot ? oldest_ : nodes[newest_].newer) = i;
    newest_ = i;
  }
  void on_erase(auto nodes, strata::hot::engine::slot i) noexcept {
    auto const [newer, older] = nodes[i];
    (newer == strata::hot::engine::no_slot ? newest_ : nodes[newer].older) = older;
    (older == strata::hot::engine::no_slot ? oldest_ : nodes[older].newer) = newer;
  }
  strata::hot::engine::slot victim(auto, strata::hot::engine::newcomer const&) const noexcept { return oldest_; }

 private:
  strata::hot::engine::slot newest_ = strata::hot::engine::no_slot;
  strata::hot::engine::slot oldest_ = strata::hot::engine::no_slot;
};
// Admits only what has an odd hash once the tier is full.
class picky_order : public fifo_order {
 public:
  strata::hot::engine::slot victim(auto nodes, strata::hot::engine::newcomer const& who) const noexcept {
    return who.hash % 2 == 0 && who.weight != 0 ? strata::hot::engine::no_slot : fifo_order::victim(nodes, who);
  }
};
// Keeps nothing about entries but their number: the highest slot goes.
class blind_order {
 public:
  struct node {};
  static constexpr auto needs = strata::hot::engine::hit_needs::nothing;
  void on_hit(auto, strata::hot::engine::slot) noexcept {}
  void on_insert(auto, strata::hot::engine::slot, std::uint64_t, std::uint32_t) noexcept { ++entries_; }
  void on_erase(auto, strata::hot::engine::slot) noexcept { --entries_; }
  strata::hot::engine::slot victim(auto, strata::hot::engine::newcomer const&) const noexcept { return entries_ - 1; }

 private:
  std::uint32_t entries_ = 0;
};
template <class Order>
using of_mine = strata::hot::engine::tier<Order, std::uint64_t, std::uint64_t, quiet>;
}  // namespace

BOOST_AUTO_TEST_CASE(a_users_own) {
  of_mine<fifo_order> tier{{.capacity_entries = 10}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  for (std::uint64_t i = 0; i < 25; ++i) {
    (void)tier.install(hash(i), {strata::revision{1}, i});
    (void)tier.find(hash(0), [](auto const&) {});  // does not save it
    BOOST_TEST(tier.entries() == std::min<std::uint64_t>(i + 1, 10));
  }
  for (std::uint64_t i = 0; i < 25; ++i) BOOST_TEST(tier.peek(hash(i), [](auto const&) {}) == (i >= 15));
  BOOST_TEST(tier.valid());
}

BOOST_AUTO_TEST_CASE(may_refuse_a_newcomer) {
  of_mine<picky_order> tier{{.capacity_entries = 10}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  std::uint64_t refused = 0;
  for (std::uint64_t i = 0; i < 200; ++i) {
    bool const full = tier.entries() == 10;
    auto const how = tier.install(hash(i), {strata::revision{1}, i});
    bool const unwanted = full && hash(i).hash % 2 == 0;
    refused += unwanted;
    BOOST_TEST((how == (unwanted ? strata::installed::refused : strata::installed::yes)));
    BOOST_TEST(tier.peek(hash(i), [](auto const&) {}) == !unwanted);
  }
  BOOST_TEST(refused > 50U);
  BOOST_TEST(tier.stats().refused == refused);
  tier.resize(4);
  BOOST_TEST(tier.entries() == 4U);
  BOOST_TEST(tier.valid());
}

// A bound below the number of shards leaves none without room: each keeps an entry, and none refuses its keys.
using shipped = std::tuple<strata::hot::lru, strata::hot::lru_exact, strata::hot::sieve, strata::hot::s3fifo,
                           strata::hot::tinylfu, strata::hot::adaptive, strata::hot::gdsf>;
BOOST_AUTO_TEST_CASE_TEMPLATE(shrinks_below_its_shards_and_grows_again, Policy, shipped) {
  constexpr std::size_t shards = 64, large = 4'096 * shards;
  typename Policy::template tier<std::uint64_t, std::uint64_t, quiet> tier{{.capacity_entries = large}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  std::uint64_t next = 0;
  auto const put = [&](std::uint64_t many) {
    std::uint64_t kept = 0;
    for (std::uint64_t const end = next + many; next < end; ++next) {
      kept += tier.install(hash(next), {strata::revision{1}, next}) == strata::installed::yes &&
              tier.peek(hash(next), [](auto const&) {});
      (void)tier.find(hash(next / 2), [](auto const&) {});
    }
    BOOST_TEST(kept == many);
    BOOST_TEST(tier.entries() + tier.stats().evictions == next);
    BOOST_TEST(tier.valid());
  };
  put(10'000);
  BOOST_TEST(tier.entries() == next);
  tier.resize(10);
  BOOST_TEST(tier.bounds().capacity_entries == shards);
  put(1'000);
  BOOST_TEST(tier.entries() == shards);
  tier.resize(10'000);
  put(20'000);
  BOOST_TEST((tier.entries() > 9'000U && tier.entries() <= 10'000U));
  tier.resize(2 * large);
  auto const gone = tier.stats().evictions;
  put(10'000);
  BOOST_TEST(tier.stats().evictions == gone);
  BOOST_TEST(tier.stats().refused == 0U);
}

BOOST_AUTO_TEST_CASE(an_empty_node_costs_nothing) {
  using strata::hot::lru_order, strata::hot::lru_exact_order, strata::hot::adaptive_order, strata::hot::engine::entry;
  static_assert(sizeof(entry<std::uint64_t, std::string, blind_order::node, false>) == 24);
  static_assert(sizeof(entry<std::uint64_t, std::string, lru_order::node, false>) == 32);
  static_assert(sizeof(entry<std::uint64_t, std::string, lru_order::node, true>) == 32);
  static_assert(sizeof(entry<std::string, std::string, lru_order::node, true>) == 64);
  static_assert(sizeof(entry<std::string, std::string, adaptive_order::node, true>) == 64);
  static_assert(sizeof(entry<std::uint64_t, std::uint64_t, blind_order::node, false>) == 32);  // the value in it
  static_assert(sizeof(entry<std::uint64_t, std::uint64_t, lru_order::node, true>) == 40);
  using numbers = strata::hot::engine::hash_from_key<std::uint64_t>;  // keep no hash
  static_assert(sizeof(entry<std::uint64_t, std::uint64_t, lru_exact_order::node, false, numbers>) == 24);
  static_assert(sizeof(entry<std::uint64_t, std::uint64_t, lru_order::node, false, numbers>) == 32);
  of_mine<blind_order> tier{{.capacity_entries = 5}, {}};
  strata::hasher<std::uint64_t> const hash{1};
  for (std::uint64_t i = 0; i < 9; ++i) (void)tier.install(hash(i), {strata::revision{1}, i});
  for (std::uint64_t i = 0; i < 9; ++i) BOOST_TEST(tier.peek(hash(i), [](auto const&) {}) == (i < 4 || i == 8));
}

BOOST_AUTO_TEST_SUITE_END()
