// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"
#include "counted.hpp"
#include "shapes.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// T9 for codecs: whatever happens to the bytes, decode gives a value or an error, never throws, reads nothing beside
// them, and needs memory in proportion to them; and what it gives can be stored again, and is then read as itself.
namespace {

std::size_t tried = 0;
std::size_t decoded = 0;

template <class T, template <class> class Codec>
void survives(std::string_view bytes) {
  auto const exact = std::make_unique_for_overwrite<char[]>(bytes.size());  // a sanitizer sees a step beyond
  std::memcpy(exact.get(), bytes.data(), bytes.size());
  ++tried;
  auto const before = counted::bytes();
  auto const read = Codec<T>{}.decode({exact.get(), bytes.size()});
  auto const used = counted::bytes() - before;
  if (used > 65536 + 1024 * bytes.size()) BOOST_ERROR(used << " bytes allocated for " << bytes.size());
  if (!read) {
    if (!(read.error() == strata::errc::corrupt)) BOOST_ERROR("not corrupt: " << read.error().text());
    return;
  }
  ++decoded;
  std::string again;
  auto const encoded = Codec<T>{}.encode(*read, again);
  if (!encoded)
    BOOST_ERROR("decoded, but not fit to be encoded: " << encoded.error().text());
  else if (Codec<T>{}.decode(again) != *read)
    BOOST_ERROR("decoded, encoded, and another value: " << again);
}

template <class T, template <class> class Codec>
void survives_all_damage(std::string const& golden) {
  tried = decoded = 0;
  for (std::size_t cut = 0; cut < golden.size(); ++cut) survives<T, Codec>(std::string_view{golden}.substr(0, cut));
  BOOST_TEST(decoded == 0U);  // each truncation is noticed
  for (std::size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    auto flipped = golden;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    survives<T, Codec>(flipped);
  }
  BOOST_TEST(tried == 9 * golden.size());
  BOOST_TEST_MESSAGE(golden.size() << " bytes: " << tried << " damaged copies, " << decoded << " still a value");
}

strata::knowledge_asset odd_asset() {
  return strata::codec::json<strata::knowledge_asset>{}
      .decode(R"({"id":"odd","metadata":{"n": 1.50, "l":[null, "\u00e9\/", {"a":"]"}]},"version":-1})")
      .value();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(damage)

BOOST_AUTO_TEST_CASE(every_truncation_and_every_flipped_bit_of_json) {
  using strata::codec::json;
  survives_all_damage<strata::knowledge_asset, json>(shapes::fixture_asset());
  survives_all_damage<strata::knowledge_asset, json>(shapes::encoded(odd_asset()));
  survives_all_damage<shapes::everything, json>(shapes::encoded(shapes::full()));
  survives_all_damage<shapes::everything, json>(shapes::encoded(shapes::everything{}));
}

BOOST_AUTO_TEST_CASE(every_truncation_and_every_flipped_bit_of_messagepack) {
  using strata::codec::msgpack;
  auto const asset = strata::codec::json<strata::knowledge_asset>{}.decode(shapes::fixture_asset()).value();
  survives_all_damage<strata::knowledge_asset, msgpack>(shapes::encoded<strata::knowledge_asset, msgpack>(asset));
  survives_all_damage<strata::knowledge_asset, msgpack>(shapes::encoded<strata::knowledge_asset, msgpack>(odd_asset()));
  survives_all_damage<shapes::everything, msgpack>(shapes::encoded<shapes::everything, msgpack>(shapes::full()));
  survives_all_damage<shapes::everything, msgpack>(shapes::encoded<shapes::everything, msgpack>(shapes::everything{}));
}

// Those of the other programs, which say what they say in other words than ours.
BOOST_AUTO_TEST_CASE(every_truncation_and_every_flipped_bit_of_the_goldens) {
  std::size_t const step = strata_test::brief ? 20 : 1;
  auto const assets = shapes::golden("assets.txt");
  for (std::size_t i = 0; i < assets.size(); i += step)
    survives_all_damage<strata::knowledge_asset, strata::codec::json>(assets[i].first);
  auto const packed = shapes::golden("msgpack.txt");
  for (std::size_t i = 0; i < packed.size(); i += step)
    survives_all_damage<strata::knowledge_asset, strata::codec::msgpack>(shapes::from_hex(packed[i].second));
}

BOOST_AUTO_TEST_CASE(rubbish) {
  std::mt19937_64 random{20240607};
  for (int i = 0; i < 50'000; ++i) {
    std::string bytes(random() % 100, '\0');
    for (auto& b : bytes) b = static_cast<char>(random());
    survives<shapes::everything, strata::codec::json>(bytes);
    survives<shapes::everything, strata::codec::msgpack>(bytes);
  }
}

// Pieces of good bytes in a bad order reach further than noise.
BOOST_AUTO_TEST_CASE(spliced) {
  std::mt19937_64 random{7};
  auto const splice = [&](std::string const& golden) {
    std::string bytes = golden.substr(0, random() % golden.size());
    for (auto pieces = random() % 4 + 1; pieces > 0; --pieces) {
      bytes += golden.substr(random() % golden.size(), random() % 60);
      if (!bytes.empty() && random() % 2 == 0) bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    return bytes;
  };
  auto const json = shapes::encoded(shapes::full());
  auto const packed = shapes::encoded<shapes::everything, strata::codec::msgpack>(shapes::full());
  for (int i = 0; i < 20'000; ++i) {
    survives<shapes::everything, strata::codec::json>(splice(json));
    survives<shapes::everything, strata::codec::msgpack>(splice(packed));
  }
}

BOOST_AUTO_TEST_CASE(the_nth_allocation_fails) {
  auto const each = []<template <class> class Codec>(auto const& bytes_of) {
    Codec<shapes::everything> const codec{};
    auto const value = shapes::full();
    std::string const bytes = bytes_of(value);
    std::size_t failed = 0;
    for (std::size_t n = 0;; ++n, ++failed) {
      std::string out = "before";
      counted::fail_after(n);
      try {
        auto const done = codec.encode(value, out);
        counted::never_fail();
        BOOST_TEST(done.has_value());
        break;
      } catch (std::bad_alloc const&) {
        counted::never_fail();
        BOOST_TEST(out == "before");
      }
    }
    for (std::size_t n = 0;; ++n, ++failed) {
      counted::fail_after(n);
      try {
        auto const read = codec.decode(bytes);
        counted::never_fail();
        BOOST_TEST((read == value));
        break;
      } catch (std::bad_alloc const&) {
        counted::never_fail();
      }
    }
    BOOST_TEST(failed > 20U);
  };
  each.operator()<strata::codec::json>([](auto const& v) { return shapes::encoded(v); });
  each.operator()<strata::codec::msgpack>(
      [](auto const& v) { return shapes::encoded<shapes::everything, strata::codec::msgpack>(v); });
}

BOOST_AUTO_TEST_SUITE_END()
