// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hot/engine/index.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

using strata::hot::engine::no_slot;
using strata::hot::engine::slot;
using strata::hot::engine::slot_index;

BOOST_AUTO_TEST_SUITE(hot_index)

// Whatever the hashes: all alike, alike in their high bits, alike in their tags, or random.
BOOST_AUTO_TEST_CASE(against_a_map) {
  std::mt19937_64 random{1};
  std::vector<std::uint32_t (*)(std::uint32_t)> const kinds{
      [](std::uint32_t) -> std::uint32_t { return 0; },
      [](std::uint32_t) -> std::uint32_t { return ~0U; },
      [](std::uint32_t r) { return r << 8U; },
      [](std::uint32_t r) { return r & 0xFFU; },
      [](std::uint32_t r) { return r; },
  };
  for (auto const kind : kinds)
    for (std::size_t capacity : {1U, 8U, 9U, 100U, 1000U}) {
      slot_index index{capacity};
      std::map<slot, std::uint32_t> there;
      for (int step = 0; step < 4'000; ++step) {
        auto const i = static_cast<slot>(random() % capacity);
        if (auto const at = there.find(i); at != there.end()) {
          BOOST_REQUIRE(index.find(at->second, [&](slot s) { return s == i; }) == i);
          index.erase(at->second, i);
          there.erase(at);
        } else {
          std::uint32_t const hash = kind(static_cast<std::uint32_t>(random()));
          BOOST_REQUIRE(index.find(hash, [&](slot s) { return s == i; }) == no_slot);
          index.insert(hash, i);
          there.emplace(i, hash);
        }
      }
      BOOST_TEST(index.count() == there.size());
      for (auto const& [i, hash] : there) {
        BOOST_TEST(index.find(hash, [&](slot s) { return s == i; }) == i);
        std::size_t shown = 0;
        index.guess(hash, [&](slot s) { shown += there.contains(s); });
        BOOST_TEST(shown != 0U);  // in whichever bucket it is
      }
      for (auto const& [i, hash] : there) index.erase(hash, i);
      for (auto const& [i, hash] : there)
        index.guess(hash, [](slot s) { BOOST_ERROR("shows " << s << " of an empty index"); });
    }
}

// Nothing is left behind: after everything went, a miss looks at one bucket.
BOOST_AUTO_TEST_CASE(no_tombstones) {
  slot_index index{1000};
  for (int round = 0; round < 50; ++round) {
    for (slot i = 0; i < 1000; ++i) index.insert(i, i);
    BOOST_REQUIRE(!index.unpassed());
    for (slot i = 0; i < 1000; ++i) index.erase(i, i);
  }
  BOOST_TEST(index.count() == 0U);
  BOOST_TEST(index.unpassed());
}

// The way of machines without SSE2.
BOOST_AUTO_TEST_CASE(equal_bytes_by_words) {
  std::mt19937 random{2};
  for (int round = 0; round < 20'000; ++round) {
    std::array<std::uint8_t, 12> bytes{};
    for (auto& b : bytes) b = static_cast<std::uint8_t>(random() % 4 * 85 + random() % 2);
    for (unsigned wanted : {0U, 1U, 85U, 127U, 128U, 255U}) {
      unsigned expected = 0;
      for (unsigned i = 0; i < 12; ++i) expected |= static_cast<unsigned>(bytes[i] == wanted) << i;
      BOOST_REQUIRE(strata::hot::engine::detail::equal_bytes(bytes.data(), static_cast<std::uint8_t>(wanted)) ==
                    expected);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
