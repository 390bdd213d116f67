// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/hot/sieve.hpp>
#include <strata/testing/laws/hot_values.hpp>
#include <strata/testing/memory_cold.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

// K12: a key and a value whose every operation calls the cache that uses them, for keys of every stripe and shard. Where
// one of them ran with a lock held the call would wait for itself.
namespace {

enum class part : std::uint8_t { key_copy, key_end, hash, weigher, value_move, value_end };
constexpr std::size_t parts = 6;

class caller {
 public:
  std::function<void()> call;  // what user code does

  void ran(part p) noexcept {
    if (!call || inside_) return;
    inside_ = true;
    ++times_[static_cast<std::size_t>(p)];
    call();
    inside_ = false;
  }
  [[nodiscard]] std::uint64_t times(part p) const noexcept { return times_[static_cast<std::size_t>(p)]; }

 private:
  bool inside_ = false;
  std::array<std::uint64_t, parts> times_{};
};
caller* user = nullptr;

void ran(part p) noexcept {
  if (user != nullptr) user->ran(p);
}

struct ident {
  int is;
  explicit ident(int n) noexcept : is{n} {}
  ident(ident const& other) noexcept : is{other.is} { ran(part::key_copy); }
  ident& operator=(ident const&) = default;
  ~ident() { ran(part::key_end); }
  friend bool operator==(ident const&, ident const&) = default;
};

struct thing {
  int is = 0;
  bool tells = true;  // a copy, as a cold tier keeps it under its own lock, does not
  explicit thing(int n) noexcept : is{n} {}
  thing(thing const& other) noexcept : is{other.is}, tells{false} {}
  thing(thing&& other) noexcept : is{other.is}, tells{std::exchange(other.tells, false)} {
    if (tells) ran(part::value_move);
  }
  thing& operator=(thing const& other) noexcept {
    is = other.is;
    return *this;
  }
  ~thing() {
    if (tells) ran(part::value_end);
  }
};

}  // namespace

template <>
struct strata::key<ident> {
  static std::string text(ident const& n) { return std::to_string(n.is); }
  static std::optional<ident> parse(std::string_view text) {
    int n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return ident{n};
  }
};
template <>
struct std::hash<ident> {
  std::size_t operator()(ident const& n) const noexcept {
    ran(part::hash);
    return static_cast<std::size_t>(n.is);
  }
};
template <>
struct strata::record<thing> : strata::default_record<thing> {
  static std::size_t bytes(thing const&) noexcept {
    ran(part::weigher);
    return 1;
  }
};

namespace {

struct codec {
  using value_type = thing;
  using key_type = ident;
  static constexpr std::string_view id = "thing";
  static constexpr std::uint64_t fingerprint = 1;
  static strata::result<void> encode(thing const& t, std::string& out) {
    out += std::to_string(t.is);
    return {};
  }
  static strata::result<thing> decode(std::string_view) { return thing{0}; }
};
using testing_cold = strata::testing::memory_cold;

template <class Cache>
void story(caller& told) {
  user = &told;
  {
    Cache cache{{.hot = {.capacity_entries = 16}}};
    int n = 0;
    told.call = [&] {
      auto const other = [](int i) {
        return ident{1000 + i % 100};
      };  // a key whose look below is under way would be waited for
      for (int i = 0; i < 100; ++i) (void)cache.get(other(i));
      ++n;
      (void)cache.put(other(n), thing{n});
      (void)cache.erase(other(n + 50));
    };
    for (int i = 0; i < 10; ++i) {
      (void)cache.put(ident{i}, thing{i});
      (void)cache.put(ident{i}, thing{i + 1});
      (void)cache.get(ident{i - 1});
      (void)cache.erase(ident{i - 5});
      (void)cache.get_or_load(ident{i + 20}, [&] { return thing{i}; });
      (void)cache.get_many(std::vector{ident{i}, ident{i + 1}});
      (void)cache.put_many(std::vector{std::pair{ident{i + 2}, thing{i}}, std::pair{ident{i + 3}, thing{i}}});
    }
    told.call = nullptr;
  }
  user = nullptr;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reentry)

using caches = std::tuple<strata::cache<strata::hot::lru, strata::none, strata::none, codec>,
                          strata::cache<strata::hot::sieve, strata::none, strata::none, codec>,
                          strata::cache<strata::hot::lru, strata::none, testing_cold, codec, strata::single_writer>>;

BOOST_AUTO_TEST_CASE_TEMPLATE(user_code_may_call_the_cache, Cache, caches) {
  auto const told = std::make_shared<caller>();
  BOOST_REQUIRE(strata::testing::comes_back([told] { story<Cache>(*told); }, std::chrono::minutes{3}));
  for (auto const p : {part::key_copy, part::key_end, part::hash, part::weigher, part::value_move, part::value_end})
    BOOST_TEST(told->times(p) > 0U, "part " << static_cast<int>(p) << " of the user's code never ran");
}

BOOST_AUTO_TEST_SUITE_END()
