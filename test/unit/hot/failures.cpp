// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/failing.hpp"

#include <strata/hash.hpp>
#include <strata/hot/adaptive.hpp>
#include <strata/hot/epoch_read.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/lru_exact.hpp>
#include <strata/hot/s3fifo.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/hot/tinylfu.hpp>
#include <strata/local.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

// T10 for the hot tier: the N-th allocation, and the N-th operation of a user's type, fails, for all N of a story that
// comes to every function. Whatever failed, nothing had changed.
namespace {

namespace hot = strata::hot;
using strata_test::failing, strata_test::faults, strata_test::id, strata_test::user_code, strata_test::value;

struct counting {
  static constexpr bool counts_usage = true;
};

template <class Tier, class Key>
class story {
 public:
  // Runs until something throws. \returns whether it came to the end
  bool run(std::vector<Key> const& names) {
    before_ = {};
    if (!attempt(
            [&] {
              tier_.reset();
              tier_ = std::make_unique<Tier>(typename Tier::options{.capacity_entries = 6, .capacity_bytes = 100},
                                             counting{});
            },
            names))
      return false;
    for (std::uint64_t n = 1; n <= 60; ++n) {
      Key const& name = names[n * 7 % names.size()];
      bool const ended = attempt(
          [&] {
            auto const k = hash_(name);
            switch (n % 10) {
              case 3: (void)tier_->find(k, [](auto const&) { user_code(); }); break;
              case 4: (void)tier_->peek(k, [](auto const&) { user_code(); }); break;
              case 5: (void)tier_->find(hash_(names[n % names.size()]), [](auto const&) {}); break;
              case 6:
                if (n > 30) tier_->resize(6 + n % 7);
                break;
              case 7: tier_->keys([](auto const&) { user_code(); }); break;
              case 8: tier_->drain_uses([](auto const&, std::uint64_t) { user_code(); }); break;
              default: (void)tier_->install(k, {strata::revision{n}, value{n}});
            }
          },
          names);
      if (!ended) return false;
    }
    return true;
  }

 private:
  // Faults are counted inside f alone.
  template <class F>
  bool attempt(F f, std::vector<Key> const& names) {
    std::swap(faults, armed_);
    bool thrown = false;
    try {
      f();
    } catch (std::bad_alloc const&) {
      thrown = true;
    } catch (std::runtime_error const&) {
      thrown = true;
    }
    std::swap(faults, armed_);
    auto const now = tier_ ? look(names) : there{};
    if (tier_) BOOST_TEST(tier_->valid());
    if (thrown) BOOST_TEST((now == before_));
    before_ = now;
    return !thrown;
  }

  using there = std::map<std::size_t, std::uint64_t>;
  there look(std::vector<Key> const& names) {
    there all;
    for (std::size_t i = 0; i < names.size(); ++i)
      (void)tier_->peek(hash_(names[i]), [&](strata::box<value> const& b) { all[i] = b.value().number; });
    return all;
  }

 public:
  failing armed_;

 private:
  strata::hasher<Key> hash_{1};
  std::unique_ptr<Tier> tier_;
  there before_;
};

template <class Policy, class Key>
void every_failure(std::vector<Key> const& names) {
  using tier = typename Policy::template tier<Key, value, counting>;
  std::uint64_t allocations = 1;
  for (;; ++allocations) {
    story<tier, Key> s;
    s.armed_.allocation_fails = allocations;
    if (s.run(names)) break;
  }
  std::uint64_t operations = 1;
  for (;; ++operations) {
    story<tier, Key> s;
    s.armed_.operation_fails = operations;
    if (s.run(names)) break;
  }
  BOOST_TEST_MESSAGE(allocations - 1 << " allocations and " << operations - 1 << " operations failed");
  BOOST_TEST(allocations > 30U);
  BOOST_TEST(operations > 30U);
}

std::string name(int i) { return std::string(static_cast<std::size_t>(10 + i % 3 * 20), 'k') + std::to_string(i); }

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_failures)

using policies = std::tuple<hot::lru, hot::lru_exact, hot::sieve, hot::s3fifo, hot::tinylfu, hot::gdsf, hot::adaptive,
                            hot::epoch_read<hot::sieve>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(text_keys, Policy, policies) {
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back(name(i));
  every_failure<Policy>(names);
}

using some_policies = std::tuple<hot::lru, hot::sieve, hot::adaptive, hot::epoch_read<hot::lru>>;
BOOST_AUTO_TEST_CASE_TEMPLATE(users_keys, Policy, some_policies) {
  std::vector<id> names;
  names.reserve(11);
  for (int i = 0; i < 11; ++i) names.emplace_back(name(i));
  every_failure<Policy>(names);
}

// An erase cannot throw: a key whose equality does goes all the same, with nothing but it.
BOOST_AUTO_TEST_CASE(erase_in_doubt) {
  hot::lru::tier<id, value, counting> tier{{}, {}};
  strata::hasher<id> const hash{1};
  id const a{"a"};
  id const b{"bb"};
  (void)tier.install(hash(a), {strata::revision{1}, value{1}});
  (void)tier.install(hash(b), {strata::revision{1}, value{1}});
  faults = {.operation_fails = 1};
  BOOST_TEST(tier.erase(hash(a), strata::revision{2}));
  faults = {};
  BOOST_TEST(!tier.peek(hash(a), [](auto const&) {}));
  BOOST_TEST(tier.peek(hash(b), [](auto const&) {}));
}

// Once filled, neither a read nor a put with text keys of up to 35 bytes, or all of one length, or with numbers, allocates
// beyond the value's box, and plain bits stand in theirs. A key of a user's type has a box of its own, also where it only
// replaces.
template <class Key>
std::vector<Key> thousand(std::size_t least, std::size_t spread) {
  std::vector<Key> names;
  names.reserve(1'000);
  for (std::size_t i = 0; i < 1'000; ++i)
    if constexpr (std::is_same_v<Key, std::uint64_t>)
      names.push_back(i * 1'000'003);
    else
      names.emplace_back(std::to_string(100'000 + i) + std::string(least + i % spread - 6, '-'));
  return names;
}
template <class Put, class Get>
void settles(std::size_t boxes, Put put_all, Get get_all) {
  for (int i = 0; i < 3; ++i) put_all();
  faults = {};
  put_all();
  BOOST_TEST(faults.allocations == boxes);
  faults = {};
  get_all();
  BOOST_TEST(faults.allocations == 0U);
}
template <class Policy, class Key, class Value>
void tier_settles(std::vector<Key> const& names, Value const& value, std::size_t boxes) {
  typename Policy::template tier<Key, Value, counting> tier{{.capacity_entries = 100}, {}};
  strata::hasher<Key> const hash{1};
  std::uint64_t r = 0;
  auto const put = [&](Key const& n) { (void)tier.install(hash(n), {strata::revision{++r}, value}); };
  settles(
      boxes,
      [&] {
        for (auto const& n : names) put(n), put(n);
      },
      [&] {
        for (auto const& n : names) (void)tier.find(hash(n), [](auto const&) {});
      });
  BOOST_TEST(tier.stats().evictions > 3'000U);
}
template <class Key, class Value>
void cache_settles(std::vector<Key> const& names, Value const& value, std::size_t boxes) {
  strata::local_cache<Key, Value> cache{{.capacity_entries = 100}};
  settles(
      boxes,
      [&] {
        for (auto const& n : names) (void)cache.put(n, value), (void)cache.put(n, value);
      },
      [&] {
        for (auto const& n : names) {
          (void)cache.get(n);
          (void)cache.visit(n, [](auto const&) {});
          if (cache.peek(n).has_value()) (void)cache.get_or_load(n, [&] { return value; });
        }
        for (auto const& n : names) (void)cache.erase(n);
      });
  BOOST_TEST(cache.entries() == 0U);
}
std::string const short_text{"short"};
constexpr std::uint64_t bits = 1;
BOOST_AUTO_TEST_CASE_TEMPLATE(steady_state, Policy, policies) {
  tier_settles<Policy>(thousand<std::string>(6, 30), bits, 0);
}
BOOST_AUTO_TEST_CASE(steady_state_of_other_keys_and_values) {
  tier_settles<hot::lru>(thousand<std::string>(6, 30), short_text, 2'000);
  tier_settles<hot::lru>(thousand<std::string>(60, 1), bits, 0);
  tier_settles<hot::lru>(thousand<std::uint64_t>(0, 1), bits, 0);
  tier_settles<hot::lru>(thousand<id>(6, 1), bits, 2'000);
}
BOOST_AUTO_TEST_CASE(steady_state_of_a_local_cache) {
  cache_settles(thousand<std::string>(6, 30), short_text, 2'000);
  cache_settles(thousand<std::uint64_t>(0, 1), bits, 0);
  cache_settles(thousand<id>(6, 1), bits, 2'000);
}

BOOST_AUTO_TEST_SUITE_END()
