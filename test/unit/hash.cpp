// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hash.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <format>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct point {
  int x, y;
  bool operator==(point const&) const = default;
};

// Two keys that turn into text: one says itself which are equal, the other does not.
struct caseless {
  std::string text;
  operator std::string_view() const noexcept { return text; }
};
struct label {
  std::string text;
  operator std::string_view() const noexcept { return text; }
};

// As __int128 is an integer itself where extensions are on.
enum class wide : strata::detail::wide_product {};

// How far n hashes are from an even spread over 256 values of some bits: chi squared, 255 expected, deviation 23.
double unevenness(std::vector<std::uint64_t> const& hashes, unsigned shift) {
  std::array<double, 256> seen{};
  for (auto h : hashes) ++seen[(h >> shift) & 0xFFU];
  double const expected = static_cast<double>(hashes.size()) / 256;
  double chi = 0;
  for (double s : seen) chi += (s - expected) * (s - expected) / expected;
  return chi;
}

}  // namespace

template <>
struct std::hash<point> {
  std::size_t operator()(point const& p) const noexcept {
    return static_cast<std::size_t>(p.x) * 31 + static_cast<std::size_t>(p.y);
  }
};

template <>
struct std::hash<caseless> {
  std::size_t operator()(caseless const& key) const noexcept {
    std::size_t sum = 0;
    for (char const c : key.text) sum = sum * 31 + static_cast<std::size_t>(c | 0x20);
    return sum;
  }
};

BOOST_AUTO_TEST_SUITE(hash)

BOOST_AUTO_TEST_CASE(same_seed_same_hash) {
  strata::hasher<std::string> const a{7};
  strata::hasher<std::string> const b{7};
  strata::hasher<std::string> const c{8};
  strata::hasher<std::string> const random;
  for (auto const* text :
       {"", "a", "abc", "template", "template-000123", "a text that is longer than any register is wide"}) {
    BOOST_TEST(a(text).hash == b(text).hash);
    BOOST_TEST(a(text).hash != c(text).hash);
    BOOST_TEST(a(text).hash != random(text).hash);
    BOOST_TEST(a(text).key == text);
  }
}

BOOST_AUTO_TEST_CASE(what_turns_into_text) {
  strata::hasher<caseless> const by_its_own{7};
  BOOST_TEST(by_its_own(caseless{"Key"}).hash == by_its_own(caseless{"kEY"}).hash);
  BOOST_TEST(by_its_own(caseless{"Key"}).hash != by_its_own(caseless{"Kez"}).hash);
  strata::hasher<label> const by_text{7};
  BOOST_TEST(by_text(label{"key"}).hash == strata::hasher<std::string>{7}("key").hash);
}

// Pinned: a change of the function is noticed, and every machine computes the same.
BOOST_AUTO_TEST_CASE(golden) {
  strata::hasher<std::string> const text{1};
  strata::hasher<std::uint64_t> const number{1};
  BOOST_TEST(text("").hash == 0xE0DC07B932E0C51FU);
  BOOST_TEST(text("template-000123").hash == 0x2EA604D3F44B8E0U);
  BOOST_TEST(text("a text that is longer than any register is wide").hash == 0x4C0511533B9119FU);
  BOOST_TEST(number(42).hash == 0xE45EB2D29CFE4490U);
}

BOOST_AUTO_TEST_CASE(every_byte_counts) {
  strata::hasher<std::string> const h{3};
  for (std::size_t size = 1; size <= 80; ++size) {
    std::set<std::uint64_t> seen;
    std::string text(size, 'x');
    seen.insert(h(text).hash);
    for (std::size_t i = 0; i < size; ++i)
      for (int bit = 0; bit < 8; ++bit) {
        auto changed = text;
        changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
        seen.insert(h(changed).hash);
      }
    BOOST_TEST(seen.size() == size * 8 + 1);
  }
}

BOOST_AUTO_TEST_CASE(prefixes_differ) {
  strata::hasher<std::string> const h{3};
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size <= 512; ++size) seen.insert(h(std::string(size, '\0')).hash);
  BOOST_TEST(seen.size() == 513U);
}

BOOST_AUTO_TEST_CASE(even_spread) {
  constexpr int keys = 1 << 16;
  strata::hasher<std::string> const text{5};
  strata::hasher<std::uint64_t> const number{5};
  strata::hasher<point> const user{5};
  strata::hasher<wide> const both_halves{5};
  std::vector<std::vector<std::uint64_t>> sets(6);
  for (int i = 0; i < keys; ++i) {
    sets[0].push_back(text(std::format("template-{:06}", i)).hash);
    sets[1].push_back(number(static_cast<std::uint64_t>(i)).hash);
    sets[2].push_back(number(static_cast<std::uint64_t>(i) << 32U).hash);
    sets[3].push_back(user({i, 0}).hash);
    sets[4].push_back(both_halves(wide{static_cast<std::uint64_t>(i)}).hash);
    sets[5].push_back(both_halves(wide{static_cast<strata::detail::wide_product>(i) << 64U}).hash);
  }
  for (auto const& set : sets)
    for (unsigned shift : {0U, 8U, 20U, 50U, 56U}) BOOST_TEST(unevenness(set, shift) < 255 + 12 * 23);
}

// A flipped bit of the key flips each bit of the hash about half of the time.
BOOST_AUTO_TEST_CASE(avalanche) {
  strata::hasher<std::string> const h{9};
  for (std::size_t size : {4U, 8U, 15U, 20U, 40U}) {
    double flipped = 0;
    int trials = 0;
    for (int round = 0; round < 64; ++round) {
      std::string text = std::format("{:0>{}}", round * 7919, size);
      auto const before = h(text).hash;
      for (std::size_t bit = 0; bit < size * 8; ++bit, ++trials) {
        auto changed = text;
        changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
        flipped += std::popcount(before ^ h(changed).hash);
      }
    }
    BOOST_TEST(flipped / trials > 31.0);
    BOOST_TEST(flipped / trials < 33.0);
  }
}

BOOST_AUTO_TEST_SUITE_END()
