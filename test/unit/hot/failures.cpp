// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hash.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

// T10 for the hot tier: the N-th allocation, and the N-th operation of a user's type, fails, for all N of a story that
// comes to every function. Whatever failed, nothing had changed.
namespace {

struct failing {
  std::uint64_t allocations = 0;
  std::uint64_t allocation_fails = 0;  // zero: none
  std::uint64_t operations = 0;
  std::uint64_t operation_fails = 0;
};
failing faults;  // one thread

void* allocate(std::size_t size, std::size_t alignment) {
  if (++faults.allocations == faults.allocation_fails) throw std::bad_alloc{};
  void* const memory = alignment == 0 ? std::malloc(size)
                                      : std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

void user_code() {
  if (++faults.operations == faults.operation_fails) throw std::runtime_error{"told to"};
}

struct id {
  std::string text;
  explicit id(std::string t) : text{std::move(t)} {}
  id(id const& other) : text{(user_code(), other.text)} {}
  id& operator=(id const&) = delete;
  friend bool operator==(id const& left, id const& right) {
    user_code();
    return left.text == right.text;
  }
};
struct value {
  std::uint64_t number = 0;
  explicit value(std::uint64_t n) : number{n} {}
  value(value&& other) : number{other.number} { user_code(); }
  value& operator=(value&&) = delete;
};

struct counting {
  static constexpr bool counts_usage = true;
};

}  // namespace

// Not inlined: compilers take a malloc behind new for a mistake where they see both.
[[gnu::noinline]] void* operator new(std::size_t size) { return allocate(size, 0); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

template <>
struct std::hash<id> {
  std::size_t operator()(id const& i) const noexcept { return i.text.size(); }  // collides, so that equality is asked
};
template <>
struct strata::record<value> : strata::default_record<value> {
  static std::size_t bytes(value const& v) {
    user_code();
    return v.number % 40;
  }
};

namespace {

template <class Tier, class Key>
class story {
 public:
  // Runs until something throws. \returns whether it came to the end
  bool run(std::vector<Key> const& names) {
    before_ = {};
    if (!attempt(
            [&] {
              tier_.reset();
              tier_ = std::make_unique<Tier>(strata::hot::engine::options{6, 100}, counting{});
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

using policies = std::tuple<strata::hot::lru, strata::hot::sieve>;

BOOST_AUTO_TEST_CASE_TEMPLATE(text_keys, Policy, policies) {
  std::vector<std::string> names;
  for (int i = 0; i < 11; ++i) names.push_back(name(i));
  every_failure<Policy>(names);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(users_keys, Policy, policies) {
  std::vector<id> names;
  names.reserve(11);
  for (int i = 0; i < 11; ++i) names.emplace_back(name(i));
  every_failure<Policy>(names);
}

// An erase cannot throw: a key whose equality does goes all the same, with nothing but it.
BOOST_AUTO_TEST_CASE(erase_in_doubt) {
  strata::hot::lru::tier<id, value, counting> tier{{}, {}};
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

// Once filled, neither a read nor a put with keys of the usual size allocates beyond the value's box, and plain bits stand
// in theirs.
BOOST_AUTO_TEST_CASE(steady_state) {
  auto const beyond = []<class Value>(Value const& value, std::size_t boxes) {
    strata::hot::lru::tier<std::string, Value, counting> tier{{.capacity_entries = 100}, {}};
    strata::hasher<std::string> const hash{1};
    std::vector<std::string> names;
    for (int i = 0; i < 1000; ++i) names.push_back("template-with-a-name-" + std::to_string(100'000 + i));
    std::uint64_t r = 0;
    auto const put_all = [&] {
      for (auto const& n : names) (void)tier.install(hash(n), {strata::revision{++r}, value});
    };
    put_all();
    faults = {};
    put_all();
    BOOST_TEST(faults.allocations == boxes);
    put_all();
    faults = {};
    for (auto const& n : names) (void)tier.find(hash(n), [](auto const&) {});
    BOOST_TEST(faults.allocations == 0U);
  };
  beyond(std::string{"short"}, 1000);
  beyond(std::uint64_t{1}, 0);
}

BOOST_AUTO_TEST_SUITE_END()
