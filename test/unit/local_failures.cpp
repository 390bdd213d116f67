// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../support/failing.hpp"

#include <strata/hot/adaptive.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/local.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// T10 for local_cache: the N-th allocation, and the N-th operation of a user's type or function, fails, for all N of a story
// that comes to every verb. Whatever failed, nothing had changed, but for keys whose turn in a batch was over; an observer is
// told once of whatever left, also where it left for a call that failed; and the next call finds no flight in its way.
namespace {

using namespace strata;
using strata_test::failing, strata_test::faults, strata_test::id, strata_test::user_code, strata_test::value;

struct to_list {
  std::vector<std::uint64_t>* told;
  void removed(auto const&, value const& v, removal) const { told->push_back(v.number); }
};

template <class Cache>
class story {
 public:
  using key = typename Cache::key_type;
  static constexpr bool tells = !std::is_same_v<typename Cache::observer_type, no_observer>;

  explicit story(std::vector<key> const& names) : names_{names} { told_.reserve(10'000); }

  // Until something fails.
  void run() {
    bool ended = attempt([&] {
      typename Cache::options settings{.capacity_entries = 20, .capacity_weight = 45};
      if constexpr (tells) settings.observer = {&told_};
      cache_ = std::make_unique<Cache>(settings);
      return true;
    });
    for (std::uint64_t n = 1; ended && n <= 36; ++n) ended = call(n);
    if (!cache_) return;
    for (auto const& name : names_) {
      BOOST_TEST(cache_->get_or_load(name, [&] { return value{fresh(1)}; }).has_value());
      BOOST_TEST(cache_->put(name, value{fresh(1)}));
    }
    (void)attempt([] { return true; });
  }

  failing armed;

 private:
  // No two alike, and of that weight.
  std::uint64_t fresh(std::uint64_t weight) { return ++made_ * 40 + weight; }
  bool call(std::uint64_t n) {
    key const& name = names_[n * 7 % names_.size()];
    std::vector<std::pair<key, value>> pairs;
    pairs.reserve(8);
    for (std::uint64_t i = 0; i < 8; ++i) pairs.emplace_back(names_[(n * 5 + i * 3) % names_.size()], value{fresh(5)});
    switch (n % 12) {
      case 1: return attempt([&] { return !cache_->get(name).failed(); });
      case 2: return attempt([&] { return cache_->visit(name, [](auto const&) { user_code(); }), true; });
      case 3: return attempt([&] { return !cache_->peek(name).failed(); });
      case 4: return attempt([&] { return cache_->erase(name), true; });
      case 5:
        if (n / 12 % 2 == 1)
          return attempt([&] { return cache_->visit_many(names_, [](auto const&...) { user_code(); }), true; });
        return attempt([&] { return cache_->get_many(names_).size() == names_.size(); });
      case 6: return attempt([&] { return cache_->put_many(std::move(pairs)) != 0; }, true);
      case 7: return attempt([&] { return cache_->erase_many(std::vector<key>(1, name)), true; });
      case 8:
        return attempt([&] { return cache_->erase_if([&](auto const&...) { return user_code(), false; }), true; });
      case 9: return attempt([&] { return cache_->resize(n / 12 % 2 == 0 ? 20 : 3), true; }, true);
      default:
        if (n % 2 == 0) return attempt([&] { return cache_->put(name, value{fresh(n % 3 == 0 ? 39 : 3)}), true; });
        return attempt([&] {
          return !cache_->get_or_load(name, [&] { return user_code(), value{fresh(n % 24 == 11 ? 38 : 5)}; }).failed();
        });
    }
  }

  // Faults are counted inside f alone. \returns whether it came to its end
  template <class F>
  bool attempt(F f, bool batch = false) {
    std::swap(faults, armed);
    bool ended = false;
    try {
      ended = f();
    } catch (std::bad_alloc const&) {
    } catch (std::runtime_error const&) {
    }
    std::swap(faults, armed);
    if (!cache_) return ended;
    std::map<std::string, std::uint64_t> now;
    for (auto const& name : names_)
      if (auto const found = cache_->peek(name)) now[text(name)] = found->number;
    BOOST_TEST(cache_->valid());
    std::set<std::uint64_t> const left(told_.begin(), told_.end());
    BOOST_TEST(left.size() == told_.size());
    for (auto const& [name, number] : before_) {
      bool const there = now.contains(name) && now[name] == number;
      BOOST_TEST((there || (tells ? left.contains(number) : ended || batch)), number << " left and nobody knows");
    }
    for (auto const& [name, number] : now) {
      BOOST_TEST(!left.contains(number));
      if (!ended && !batch)
        BOOST_TEST((before_.contains(name) && before_[name] == number), number << " came all the same");
    }
    before_ = std::move(now);
    return ended;
  }
  static std::string const& text(std::string const& name) { return name; }
  static std::string const& text(id const& name) { return name.text; }

  std::vector<key> const& names_;
  std::unique_ptr<Cache> cache_;
  std::map<std::string, std::uint64_t> before_;
  std::vector<std::uint64_t> told_;
  std::uint64_t made_ = 0;
};

using caches =
    std::tuple<local_cache<std::string, value>, local_cache<std::string, value, hot::adaptive, observer<to_list>>,
               local_cache<id, value, hot::gdsf, observer<to_list>>>;

}  // namespace

BOOST_AUTO_TEST_SUITE(local_failures)

BOOST_AUTO_TEST_CASE_TEMPLATE(of_every_verb, Cache, caches) {
  using key = typename Cache::key_type;
  std::vector<key> names;
  names.reserve(11);
  for (std::size_t i = 0; i < 11; ++i) names.emplace_back(std::string(10 + i % 3 * 20, 'k') + std::to_string(i));
  std::uint64_t n = 1;
  auto const all = [&](std::uint64_t failing::* count, std::uint64_t failing::* fails) {
    for (n = 1;; ++n) {
      story<Cache> one{names};
      one.armed.*fails = n;
      one.run();
      if (one.armed.*count < n) break;
    }
    BOOST_TEST(n > 50U);
  };
  all(&failing::allocations, &failing::allocation_fails);
  all(&failing::operations, &failing::operation_fails);
}

// The old bounds hold then, and whoever has gone has been told of.
BOOST_AUTO_TEST_CASE(of_a_resize) {
  struct counting {
    std::uint64_t* gone;
    void removed(int, std::string const&, removal) const { ++*gone; }
  };
  for (std::size_t const to : {4U, 400U}) {
    std::uint64_t n = 0;
    for (bool threw = true; threw;) {
      std::uint64_t gone = 0, put = 0;
      local_cache<int, std::string, hot::lru, observer<counting>> cache{{.capacity_entries = 40, .observer = {&gone}}};
      for (; put < 40; ++put) BOOST_TEST(cache.put(static_cast<int>(put), "value"));
      faults = {.allocation_fails = ++n};
      threw = false;
      try {
        (void)cache.resize(to);
      } catch (std::bad_alloc const&) {
        threw = true;
      }
      faults = {};
      BOOST_TEST((cache.entries() + gone == put && cache.valid()));
      for (; put < 500; ++put) BOOST_TEST(cache.put(static_cast<int>(put), "value"));
      BOOST_TEST(cache.entries() <= (threw ? 40 : to));
      BOOST_TEST((cache.entries() + gone == put && cache.valid()));
    }
    BOOST_TEST(n > 3U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
