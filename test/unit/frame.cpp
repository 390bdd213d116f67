// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/frame.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace strata;

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(whatever_changes_in_a_frame_changes_its_sum) {
  frame const f{.key = "key", .revision = revision{12}, .codec = "json", .payload = R"({"id":"key"})"};
  auto const sum = checksum(f);
  std::vector<frame> others(6, f);
  others[0].key = "kez";
  others[1].revision = revision{13};
  others[2].operation = operation::erase;
  others[3].codec = "msgpack";
  others[4].schema = 2;
  others[5].payload = R"({"id":"kez"})";
  for (auto const& other : others) BOOST_TEST(checksum(other) != sum);
  for (std::size_t bit = 0; bit < f.payload.size() * 8; ++bit) {
    auto flipped = f;
    flipped.payload[bit / 8] = static_cast<char>(flipped.payload[bit / 8] ^ (1 << (bit % 8)));
    BOOST_TEST(checksum(flipped) != sum);
  }
}

BOOST_AUTO_TEST_SUITE_END()
