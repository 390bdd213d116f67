// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hot/engine/kept_text.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <string>
#include <utility>

// The text of a key in its entry: what fits stays in place, whatever was there before, and nothing is lost on the way.
BOOST_AUTO_TEST_SUITE(hot_text)

using strata::hot::engine::kept_text;

std::string text_of(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + (i * 7 + size) % 26);
  return text;
}
constexpr std::size_t sizes[] = {0, 1, 15, 34, 35, 36, 37, 64, 255, 256, 512, 4'000};

BOOST_AUTO_TEST_CASE(keeps_texts_of_all_sizes) {
  for (std::size_t const size : sizes) {
    kept_text const kept{text_of(size)};
    BOOST_TEST(kept.view() == text_of(size));
    BOOST_TEST((kept.elsewhere() == nullptr) == (size <= kept_text::in_place));
  }
}

BOOST_AUTO_TEST_CASE(moves_and_swaps_them) {
  for (std::size_t const one : sizes)
    for (std::size_t const other : sizes) {
      kept_text a{text_of(one)}, b{text_of(other)};
      using std::swap;
      swap(a, b);
      BOOST_TEST(a.view() == text_of(other));
      BOOST_TEST(b.view() == text_of(one));
      a = std::move(b);
      BOOST_TEST(a.view() == text_of(one));
      kept_text const c{std::move(a)};
      BOOST_TEST(c.view() == text_of(one));
    }
}

BOOST_AUTO_TEST_CASE(takes_over_what_there_is_room_for) {
  for (std::size_t const first : sizes)
    for (std::size_t const next : sizes) {
      std::size_t const room = first > kept_text::in_place ? first : kept_text::in_place;
      bool const much_larger = first > kept_text::in_place && room / 4 > next;
      kept_text kept{text_of(first)}, staying{text_of(first)};
      BOOST_TEST(kept.assign(text_of(next)) == (next <= room));
      BOOST_TEST(kept.view() == text_of(next <= room ? next : first));
      bool const stays = staying.settle(text_of(next));
      BOOST_TEST(stays == (next <= room && !(much_larger && next > kept_text::in_place)));
      BOOST_TEST(staying.view() == text_of(stays ? next : first));
      if (much_larger && stays) BOOST_TEST(staying.elsewhere() == nullptr);
      kept.reserve(next);
      BOOST_TEST(kept.assign(text_of(next)));
      BOOST_TEST(kept.view() == text_of(next));
    }
}

BOOST_AUTO_TEST_SUITE_END()
