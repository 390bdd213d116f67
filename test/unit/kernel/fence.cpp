// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/fence.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using namespace strata;
using strata::kernel::moment;
using fence = strata::kernel::fence<>;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(fences)  // K4

BOOST_AUTO_TEST_CASE(a_write_in_between_refuses_older_finds) {
  fence f{100};
  moment const now{};
  auto const fill = f.begin(1);
  BOOST_TEST(f.admits(fill, revision{5}));
  f.raise(1, revision{6}, now);
  BOOST_TEST(!f.admits(fill, revision{5}));
  BOOST_TEST(f.admits(fill, revision{6}));
  f.raise(1, revision{4}, now);  // never down
  BOOST_TEST(number(f.floor(1)) == 6u);
}

BOOST_AUTO_TEST_CASE(a_fill_is_shared_only_by_those_who_know_nothing_newer) {
  fence f{100};
  auto const fill = f.begin(1);
  BOOST_TEST(f.current(fill));
  f.raise(1, revision{6}, {});
  BOOST_TEST(!f.current(fill));
  BOOST_TEST(f.current(f.begin(1)));
}

BOOST_AUTO_TEST_CASE(a_doubt_refuses_all_that_began_before_it) {
  fence f{100};
  auto const before = f.begin(1);
  f.doubt(1, {});
  auto const after = f.begin(1);
  BOOST_TEST((!before.doubtful && after.doubtful));
  BOOST_TEST((!f.admits(before, revision{9}) && !f.current(before)));
  BOOST_TEST((f.admits(after, revision{9}) && f.current(after)));
  f.settle(before);
  BOOST_TEST(f.doubtful(1));
  f.settle(after);
  BOOST_TEST(!f.doubtful(1));
}

BOOST_AUTO_TEST_CASE(an_epoch_refuses_every_fill_under_way) {
  fence f{100};
  auto const fill = f.begin(1);
  f.raise_epoch();
  BOOST_TEST(!f.admits(fill, revision{9}));
  BOOST_TEST(f.admits(f.begin(1), revision{9}));
}

BOOST_AUTO_TEST_CASE(floors_are_bounded_and_forgetting_one_refuses_who_could_need_it) {
  fence f{100};
  moment now{};
  auto const early = f.begin(1);
  f.raise(1, revision{5}, now);
  for (std::uint64_t k = 2; k < 1'000; ++k) f.raise(k, revision{k}, now);
  BOOST_TEST(f.floors() <= 100u);
  BOOST_TEST(number(f.floor(1)) == 0u);
  BOOST_TEST(!f.admits(early, revision{4}));
  BOOST_TEST(f.admits(f.begin(1), revision{5}));
}

BOOST_AUTO_TEST_CASE(a_floor_lasts_half_a_minute_since_it_was_last_raised) {
  fence f{100};
  moment const start{};
  f.raise(1, revision{5}, start);
  f.raise(2, revision{6}, start + 20s);
  f.raise(1, revision{7}, start + 29s);
  f.raise(3, revision{8}, start + 31s);
  BOOST_TEST(number(f.floor(1)) == 7u);
  f.raise(4, revision{9}, start + 61s);
  f.raise(4, revision{9}, start + 61s);
  BOOST_TEST(number(f.floor(1)) == 0u);
  BOOST_TEST(number(f.floor(2)) == 0u);
}

BOOST_AUTO_TEST_CASE(a_floor_that_is_forgotten_refuses_only_who_did_not_know_it) {
  fence f{100};
  moment const start{};
  auto const before = f.begin(1);
  f.raise(1, revision{5}, start);
  auto const after = f.begin(1);
  auto const other = f.begin(2);
  f.raise(3, revision{8}, start + 31s);
  BOOST_TEST(number(f.floor(1)) == 0u);
  BOOST_TEST((!f.admits(before, revision{9}) && !f.current(before)));
  BOOST_TEST((!f.admits(after, revision{4}) && f.admits(after, revision{5}) && f.current(after)));
  BOOST_TEST((f.admits(other, revision{1}) && f.current(other)));
  f.raise(1, revision{2}, start + 32s);  // told late of what was long overtaken
  BOOST_TEST((!f.admits(after, revision{4}) && f.admits(after, revision{5})));
}

BOOST_AUTO_TEST_CASE(where_revisions_begin_anew_no_floor_holds_and_no_fill_under_way_is_kept) {
  fence f{100};
  f.raise(1, revision{9}, {});
  auto const before = f.begin(2);
  f.begin_anew();
  BOOST_TEST((f.floor(1) == revision{} && f.floors() == 0u));
  BOOST_TEST(!f.admits(before, revision{9}));
  BOOST_TEST(!f.current(before));
  BOOST_TEST(f.admits(f.begin(1), revision{1}));
}

BOOST_AUTO_TEST_SUITE_END()
