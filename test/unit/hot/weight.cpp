// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/weight.hpp>
#include <strata/hot/gdsf.hpp>
#include <strata/hot/lru.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

struct inner {
  BOOST_HANA_DEFINE_STRUCT(inner, (std::string, name), (int, n));
};
struct outer {
  BOOST_HANA_DEFINE_STRUCT(outer, (std::string, id), (std::vector<inner>, parts),
                           (std::map<std::string, std::string>, metadata), (std::optional<std::string>, note),
                           (std::int64_t, version));
};
struct weighed {
  std::string text;
};
struct opaque {
  std::string text;
};
struct claiming {
  std::size_t bytes;
};
struct alone {  // its own only element
  std::string text;

  [[nodiscard]] alone const* begin() const noexcept { return this; }
  [[nodiscard]] alone const* end() const noexcept { return this + 1; }
  [[nodiscard]] static std::size_t size() noexcept { return 1; }
};

std::string const longer(100, 'x');
std::size_t const on_heap = longer.capacity() + 1;

}  // namespace

template <>
struct strata::record<weighed> : strata::default_record<weighed> {
  static std::size_t bytes(weighed const& w) noexcept { return w.text.size(); }
};
template <>
struct strata::record<claiming> : strata::default_record<claiming> {
  static std::size_t bytes(claiming const& c) noexcept { return c.bytes; }
};

BOOST_AUTO_TEST_SUITE(hot_weight)

using strata::hot::engine::weigh;

BOOST_AUTO_TEST_CASE(plain) {
  BOOST_TEST(weigh(7) == sizeof(int));
  BOOST_TEST(weigh(std::array<char, 64>{}) == 64U);
  BOOST_TEST(weigh(std::string{"short"}) == sizeof(std::string));
  BOOST_TEST(weigh(longer) == sizeof(std::string) + on_heap);
}

BOOST_AUTO_TEST_CASE(what_the_user_says) { BOOST_TEST(weigh(weighed{"12345"}) == 5U); }

BOOST_AUTO_TEST_CASE(what_takes_anothers_place_is_worth_what_it_weighs) {
  struct nothing {};
  strata::hasher<std::string> const hash;
  for (std::size_t const now : {1U, 9'000U}) {
    strata::hot::gdsf::tier<std::string, weighed, nothing> tier{{.capacity_entries = 30}, {}};
    std::uint64_t revision = 0;
    auto const put = [&](std::string const& key, std::size_t bytes) {
      (void)tier.install(hash(key),
                         strata::box<weighed>{strata::revision{++revision}, weighed{std::string(bytes, 'x')}});
      BOOST_TEST(tier.valid());
    };
    for (std::size_t i = 0; i < 29; ++i) put(std::to_string(i), 1'000 + i);
    put("changed", 1'500);
    put("changed", now);
    put("new", 10);
    // Used twice, it stays but for a weight of more than twice the heaviest.
    BOOST_TEST(tier.peek(hash("changed"), [](auto const&) {}) == (now == 1));
    BOOST_TEST(tier.peek(hash("28"), [](auto const&) {}) == (now != 1));
  }
}

BOOST_AUTO_TEST_CASE(too_heavy_to_be_counted) {
  struct nothing {};
  using strata::installed;
  std::size_t const heaviest = (std::size_t{1} << 31U) - 2;
  strata::hasher<std::string> const hash;
  for (std::size_t const large : {heaviest + 1, std::size_t{5} << 29U, ~std::size_t{0}}) {
    strata::hot::lru::tier<std::string, claiming, nothing> tier{{.capacity_entries = 3}, {}};
    std::uint64_t revision = 0;
    auto const put = [&](std::string const& key, std::size_t bytes) {
      auto const came = tier.install(hash(key), strata::box<claiming>{strata::revision{++revision}, claiming{bytes}});
      BOOST_TEST(tier.valid());
      return came;
    };
    BOOST_TEST((put("other", 10) == installed::yes));
    BOOST_TEST((put("new", large) == installed::refused));
    BOOST_TEST((put("changed", 20) == installed::yes));
    BOOST_TEST((put("changed", heaviest) == installed::yes));
    BOOST_TEST(tier.bytes() == 10 + heaviest);
    BOOST_TEST((put("changed", large) == installed::refused));  // and the older one is outdated
    BOOST_TEST(!tier.peek(hash("changed"), [](auto const&) {}));
    BOOST_TEST(!tier.erase(hash("changed"), strata::revision{++revision}));
    BOOST_TEST((put("changed", 30) == installed::yes));
    BOOST_TEST((tier.bytes() == 40U && tier.entries() == 2U && tier.stats().evictions == 0U));
    BOOST_TEST(tier.stats().refused == 2U);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_be_seen) { BOOST_TEST(weigh(opaque{longer}) == sizeof(opaque)); }

BOOST_AUTO_TEST_CASE(what_is_made_of_itself) {
  BOOST_TEST(weigh(alone{longer}) == 2 * sizeof(alone));
  BOOST_TEST(weigh(std::vector<alone>{{longer}}) == sizeof(std::vector<alone>) + 2 * sizeof(alone));
}

BOOST_AUTO_TEST_CASE(described_structs) {
  outer o{};
  BOOST_TEST(weigh(o) == sizeof(outer));
  o.id = longer;
  BOOST_TEST(weigh(o) == sizeof(outer) + on_heap);
  o.note = longer;
  BOOST_TEST(weigh(o) == sizeof(outer) + 2 * on_heap);
  o.parts.reserve(3);
  o.parts.push_back({longer, 1});
  BOOST_TEST(weigh(o) == sizeof(outer) + 3 * on_heap + 3 * sizeof(inner));
  o.metadata = {{"language", longer}};
  BOOST_TEST(weigh(o) == sizeof(outer) + 4 * on_heap + 3 * sizeof(inner) +
                             sizeof(std::pair<std::string const, std::string>) + 4 * sizeof(void*));
}

BOOST_AUTO_TEST_SUITE_END()
