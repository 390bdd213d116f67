// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/storing.hpp>

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace strata::warm::jetstream_detail;
using strata::frame;
using strata::position;
using strata::revision;
using step = storing::step;

BOOST_AUTO_TEST_SUITE(storing_frames)

namespace {
frame of(std::uint64_t r, std::uint32_t schema = 1) {
  frame f;
  f.key = "k";
  f.revision = revision{r};
  f.schema = schema;
  f.sum = checksum(f);
  return f;
}
}  // namespace

BOOST_AUTO_TEST_CASE(an_unknown_subject_is_taken_for_a_vacant_one) {
  storing plan{revision{5}, 1, std::nullopt, 0};
  BOOST_TEST(plan.expected() == 0U);
  BOOST_TEST((plan.refused() == step::look));
}

BOOST_AUTO_TEST_CASE(a_lower_revision_there_is_replaced_where_it_stands) {
  storing plan{revision{5}, 1, std::nullopt, 3};
  BOOST_TEST(plan.expected() == 3U);
  auto const there = of(4);
  BOOST_TEST((plan.looked(&there, 9, false) == step::publish));
  BOOST_TEST(plan.expected() == 9U);
}

BOOST_AUTO_TEST_CASE(what_a_program_without_revisions_left_is_not_gone_over_blindly) {
  auto there = of(0);
  there.sum.reset();
  storing blind{revision{5}, 1, std::nullopt, 0};
  BOOST_TEST((blind.looked(&there, 9, false) == step::conflict));
  storing truth{revision{}, 1, std::nullopt, 0};  // where the stream itself orders the copies
  BOOST_TEST((truth.looked(&there, 9, false) == step::publish));
}

BOOST_AUTO_TEST_CASE(a_higher_revision_there_stays) {
  storing plan{revision{5}, 1, std::nullopt, 0};
  auto const there = of(6);
  BOOST_TEST((plan.looked(&there, 9, false) == step::conflict));
}

BOOST_AUTO_TEST_CASE(the_same_revision_in_a_newer_form_stays) {
  storing plan{revision{5}, 1, std::nullopt, 0};
  auto const newer = of(5, 2);
  auto const same = of(5, 1);
  BOOST_TEST((plan.looked(&newer, 9, false) == step::conflict));
  BOOST_TEST((plan.looked(&same, 9, false) == step::publish));
}

BOOST_AUTO_TEST_CASE(a_vacancy_is_filled_where_it_stands) {
  storing plan{revision{5}, 1, std::nullopt, 3};
  BOOST_TEST((plan.looked(nullptr, 0, false) == step::publish));
  BOOST_TEST(plan.expected() == 0U);
}

BOOST_AUTO_TEST_CASE(a_demanded_place_is_never_given_up) {
  storing plan{revision{5}, 1, position{4}, 0};
  BOOST_TEST(plan.expected() == 4U);
  BOOST_TEST((plan.refused() == step::conflict));
}

BOOST_AUTO_TEST_CASE(after_a_lost_answer_the_message_there_may_be_our_own) {
  storing plan{revision{5}, 1, position{4}, 0};
  plan.lost();
  BOOST_TEST((plan.refused() == step::look));
  auto const there = of(5);
  BOOST_TEST((plan.looked(&there, 5, true) == step::stored));
  BOOST_TEST((plan.looked(&there, 5, false) == step::conflict));
}

BOOST_AUTO_TEST_CASE(after_a_lost_answer_nobody_knows_of_a_write_that_has_no_revision_of_its_own) {
  storing plan{revision{}, 1, position{4}, 0};
  plan.lost();
  BOOST_TEST((plan.refused() == step::look));
  auto const there = of(0);
  BOOST_TEST((plan.looked(&there, 5, true) == step::stored));
  BOOST_TEST((plan.looked(&there, 6, false) == step::unknown));
  BOOST_TEST((plan.looked(nullptr, 6, false) == step::unknown));
}

BOOST_AUTO_TEST_CASE(a_message_like_ours_is_not_ours_without_a_lost_answer) {
  storing plan{revision{5}, 1, std::nullopt, 0};
  auto const there = of(5);
  BOOST_TEST((plan.looked(&there, 5, true) == step::publish));
}

BOOST_AUTO_TEST_CASE(the_table_remembers_places_of_lower_revisions) {
  seen_table seen;
  BOOST_TEST(seen.below("k", revision{9}) == 0U);
  seen.note("k", 7, revision{5});
  BOOST_TEST(seen.below("k", revision{6}) == 7U);
  BOOST_TEST(seen.below("k", revision{5}) == 0U);
  BOOST_TEST(seen.below("other", revision{6}) == 0U);
  seen.note("k", 8, revision{});
  BOOST_TEST(seen.below("k", revision{}) == 8U);
  seen.forget("k");
  BOOST_TEST(seen.below("k", revision{6}) == 0U);
  seen.note("k", 7, revision{5});
  seen.clear();
  BOOST_TEST(seen.below("k", revision{6}) == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
