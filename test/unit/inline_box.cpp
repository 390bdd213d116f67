// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hit.hpp>
#include <strata/inline_box.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

using namespace strata;

static_assert(sizeof(box<std::uint64_t>) == 16 && sizeof(hit<std::uint64_t>) == 24);
static_assert(held_inline<void*> && !held_inline<std::array<int, 17>> && !held_inline<std::string>);
static_assert(!held_inline<std::unique_ptr<int>>);
static_assert(offsetof(detail::inline_parts<std::uint64_t>, word) == 0);  // beside the key in an entry

BOOST_AUTO_TEST_SUITE(inline_boxes)

BOOST_AUTO_TEST_CASE(plain_bits_stand_in_their_box) {
  box<std::uint64_t> first{revision{7}, 70U};
  hit<std::uint64_t> const found{first, tier::cold, freshness::unverified};
  auto copy = first;
  first = box<std::uint64_t>{revision{8}, 80U};
  BOOST_TEST((*found == 70U && copy.value() == 70U && first.value() == 80U));
  BOOST_TEST((number(found.revision()) == 7U && found.freshness() == freshness::unverified));
  BOOST_TEST((found.ends() == kernel::moment::max() && copy.ends_at_last() == kernel::moment::max()));
  copy.number(revision{9});
  BOOST_TEST((number(copy.revision()) == 9U && copy.value() == 70U && number(found.revision()) == 7U));
  auto const moved = std::move(copy);
  BOOST_TEST((!copy && moved && moved.value() == 70U));
  BOOST_TEST(!box<std::uint64_t>{});

  hit<std::uint64_t> answer{error{errc::timed_out, tier::cold, "too late"}};
  auto const failed = answer;
  BOOST_TEST((failed.failed() && failed.error().text() == "too late" && !failed.has_value()));
  answer = found;
  BOOST_TEST((answer && *answer == 70U && failed.error().text() == "too late"));
  answer = hit<std::uint64_t>::nothing(tier::warm);
  BOOST_TEST((answer.absent() && answer.tier() == tier::warm && number(answer.revision()) == 0U));
}

BOOST_AUTO_TEST_CASE(plain_bits_with_an_end_or_a_weight_stand_elsewhere) {
  auto const end = kernel::moment{} + std::chrono::hours{1};
  auto const last = end + std::chrono::hours{1};
  std::uint64_t const high = std::uint64_t{1} << 63U;
  box<std::uint64_t> ends{revision{high}, 70U, end, last};
  box<std::uint64_t> weighed{revision{7}, 71U};
  box<std::uint64_t> usual{revision{7}, 72U};
  box<std::uint64_t> late{revision{high}, 73U};
  hit<std::uint64_t> const found{ends, tier::hot};
  {
    auto const copy = ends;
    copy.extend(end + std::chrono::minutes{1});
  }
  BOOST_TEST((found.ends() == end + std::chrono::minutes{1} && ends.ends_at_last() == last && *found == 70U));
  for (auto* one : {&weighed, &usual}) BOOST_TEST(!one->weighed());
  BOOST_TEST((weighed.weigh(40) == 40U && usual.weigh(8) == 8U && ends.weigh(3) == 3U));
  for (auto* one : {&weighed, &usual, &ends}) {
    auto shared = *one;
    BOOST_TEST((shared.weighed() && shared.weigh(50) == one->weight()));  // the first to say so decides
  }
  BOOST_TEST((weighed.weight() == 40U && usual.weight() == 8U && weighed.value() == 71U));
  BOOST_TEST((number(weighed.revision()) == 7U && number(ends.revision()) == high && number(late.revision()) == high));
  weighed.number(revision{9});
  BOOST_TEST(number(weighed.revision()) == 9U);
  BOOST_TEST(late.value() == 73U);

  auto mine = box<std::uint64_t>::shared(5U, kernel::moment::max());
  auto const theirs = mine;
  mine.number(revision{6});
  BOOST_TEST((number(theirs.revision()) == 6U && theirs.value() == 5U));
}

BOOST_AUTO_TEST_SUITE_END()
