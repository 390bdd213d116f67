// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/hit.hpp>
#include <strata/lending.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

using namespace strata;

static_assert(sizeof(hit<std::string>) == 2 * sizeof(void*));
static_assert(sizeof(box<std::string>) == sizeof(void*));
static_assert(sizeof(box<std::uint64_t>) == 16 && sizeof(hit<std::uint64_t>) == 24);
static_assert(held_inline<void*> && !held_inline<std::array<int, 17>> && !held_inline<std::string>);
static_assert(!held_inline<std::unique_ptr<int>>);
static_assert(std::is_nothrow_copy_constructible_v<hit<std::string>> &&
              std::is_nothrow_move_constructible_v<hit<std::string>>);
static_assert(std::is_same_v<decltype(*std::declval<hit<std::string>&>()), std::string const&>);

namespace {
struct counted {
  inline static int alive = 0;
  counted() { ++alive; }
  counted(counted const&) { ++alive; }
  counted(counted&&) noexcept { ++alive; }
  counted& operator=(counted const&) = default;
  ~counted() { --alive; }
};
}  // namespace

BOOST_AUTO_TEST_SUITE(hits)

BOOST_AUTO_TEST_CASE(a_hit_is_a_value_absent_or_an_error) {
  hit<std::string> const found{box<std::string>{revision{7}, "text"}, tier::cold, freshness::unverified};
  BOOST_TEST((found && !found.absent() && !found.failed()));
  BOOST_TEST(*found == "text");
  BOOST_TEST((found.tier() == tier::cold && found.freshness() == freshness::unverified));
  BOOST_TEST(number(found.revision()) == 7u);

  auto const absent = hit<std::string>::nothing(tier::warm);
  BOOST_TEST((!absent && absent.absent() && !absent.failed() && absent.tier() == tier::warm));
  BOOST_TEST(number(absent.revision()) == 0u);

  hit<std::string> const failed{error{errc::unavailable, tier::cold, "no server"}};
  BOOST_TEST((!failed && !failed.absent() && failed.failed()));
  BOOST_TEST((failed.error() == error{errc::unavailable, tier::cold, "no server"}));
}

BOOST_AUTO_TEST_CASE(a_value_lives_as_long_as_its_last_hit) {
  hit<counted> kept;
  {
    box<counted> const first{revision{1}, counted{}};
    kept = hit<counted>{first, tier::hot};
    BOOST_TEST(counted::alive == 1);
  }
  BOOST_TEST(counted::alive == 1);
  hit<counted> moved{std::move(kept)};
  BOOST_TEST((kept.absent() && moved));
  auto copy = moved;
  moved = {};
  BOOST_TEST(counted::alive == 1);
  copy = {};
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(a_hit_borrows_as_long_as_there_is_room_and_the_box_keeps_its_value) {
  std::vector<hit<counted>> held;
  {
    lending_box<counted> entry;
    box<counted> first{revision{1}, counted{}};
    entry.fill(first);
    BOOST_TEST(!first);
    hit<counted> brief{entry, tier::hot};
    BOOST_TEST(detail::ledger.loans() == 1U);
    auto const copy = brief;
    brief = {};
    BOOST_TEST((detail::ledger.loans() == 0U && copy));
    for (int i = 0; i < 12; ++i) held.emplace_back(entry, tier::hot);
    BOOST_TEST(detail::ledger.loans() == 8U);
    box<counted> second{revision{2}, counted{}};
    entry.swap(second);
    BOOST_TEST(detail::ledger.loans() == 0U);
    BOOST_TEST((number(second.revision()) == 1U && number(entry.revision()) == 2U));
    held.emplace_back(entry, tier::hot, freshness::stale);
    held.push_back(std::move(held.back()));
    BOOST_TEST((detail::ledger.loans() == 1U && held.back().freshness() == freshness::stale));
    lending_box<counted> const elsewhere{std::move(entry)};
    BOOST_TEST(detail::ledger.loans() == 1U);
  }
  BOOST_TEST(detail::ledger.loans() == 0U);
  BOOST_TEST(counted::alive == 2);
  held.clear();
  BOOST_TEST(counted::alive == 0);
}

BOOST_AUTO_TEST_CASE(errors_are_copied_and_dropped_with_their_hits) {
  hit<counted> failed{error{errc::rejected, tier::none, "a sentence of its own"}};
  auto copy = failed;
  failed = hit<counted>{box<counted>{revision{1}, counted{}}, tier::hot};
  BOOST_TEST(copy.error().text() == "a sentence of its own");
  std::swap(copy, failed);
  BOOST_TEST((failed.failed() && copy));
}

BOOST_AUTO_TEST_CASE(a_burial_puts_destructors_off_to_the_end_of_the_outermost) {
  box<counted> a{revision{1}, counted{}};
  box<counted> b{revision{2}, counted{}};
  auto const shared = b;
  {
    box<counted>::burial const later;
    a = {};
    b = {};
    BOOST_TEST(counted::alive == 2);
    {
      box<counted>::burial const inner;
      box<counted> const brief{revision{3}, counted{}};
    }
    BOOST_TEST(counted::alive == 3);
  }
  BOOST_TEST(counted::alive == 1);
  BOOST_TEST(number(shared.revision()) == 2u);
}

BOOST_AUTO_TEST_CASE(a_box_may_have_an_end_beside_its_weight) {
  auto const end = kernel::moment{} + std::chrono::hours{1};
  {
    box<counted> const ends{revision{7}, counted{}, end};
    box<counted> const stays{revision{7}, counted{}, kernel::moment::max()};
    BOOST_TEST((ends.ends() == end && stays.ends() == kernel::moment::max()));
    for (auto const* one : {&ends, &stays}) {
      BOOST_TEST((!one->weighed() && one->weigh(40) == 40U && one->weighed() && one->weight() == 40U));
      auto const shared = *one;
      BOOST_TEST(one->weigh(50) == 40U);  // the first to say so decides
    }
    hit<counted> const found{ends, tier::hot};
    BOOST_TEST((found.ends() == end && ends.ends() == end && hit<counted>{}.ends() == kernel::moment::max()));
    BOOST_TEST(counted::alive == 2);
  }
  BOOST_TEST(counted::alive == 0);
}

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
