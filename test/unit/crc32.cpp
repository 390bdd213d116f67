// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/crc32.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace strata;

namespace {

// One bit at a time, as the standard has it.
std::uint32_t by_bits(std::string_view bytes) {
  std::uint32_t sum = ~std::uint32_t{0};
  for (char const byte : bytes) {
    sum ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) sum = (sum & 1U) != 0 ? 0xEDB88320U ^ (sum >> 1U) : sum >> 1U;
  }
  return ~sum;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(crc32)

// The check value of CRC-32 (IEEE 802.3), and sums as Python's zlib.crc32 gives them.
BOOST_AUTO_TEST_CASE(it_is_the_one_every_language_has) {
  BOOST_TEST(detail::crc32(0, "123456789") == 0xCBF43926u);
  BOOST_TEST(detail::crc32(0, "") == 0u);
  std::string const text = "The quick brown fox jumps over the lazy dog";
  BOOST_TEST(detail::crc32(0, text) == 0x414FA339u);
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    BOOST_TEST(detail::crc32(detail::crc32(0, text.substr(0, cut)), text.substr(cut)) == 0x414FA339u);
}

// Whatever a processor can do: every length up to more than two rounds of four lanes, at every place in a lane.
BOOST_AUTO_TEST_CASE(every_way_gives_the_same) {
  std::string text;
  for (std::uint32_t i = 0; i < 320; ++i) text.push_back(static_cast<char>(i * i * 2'654'435'761U >> 24U));
  for (std::size_t from = 0; from < 16; ++from)
    for (std::size_t size = 0; from + size <= text.size(); ++size) {
      auto const part = std::string_view{text}.substr(from, size);
      auto const sum = by_bits(part);
      BOOST_REQUIRE(detail::crc32(0, part) == sum);
      BOOST_REQUIRE(~detail::crc32_by_tables<std::uint32_t>(~std::uint32_t{0}, part) == sum);
    }
}

BOOST_AUTO_TEST_SUITE_END()
