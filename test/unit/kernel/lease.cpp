// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/kernel/lease.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>

using strata::position;
using strata::kernel::moment;
using lease = strata::kernel::lease<>;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(leases)  // K9

moment const start{1h};

BOOST_AUTO_TEST_CASE(what_the_feed_has_passed_is_proven_at_once) {
  lease l;
  BOOST_TEST(!l.promise(start, position{0}, start));  // nothing is heard yet
  l.resumed(position{5}, start);
  BOOST_TEST(l.promise(start + 1ms, position{5}, start + 1ms));
  BOOST_TEST((l.proven() == start + 1ms));
}

BOOST_AUTO_TEST_CASE(what_it_has_yet_to_pass_is_proven_when_it_does) {
  lease l;
  l.resumed(position{5}, start);
  BOOST_TEST(!l.promise(start + 1ms, position{7}, start + 1ms));
  l.heard(position{6});
  BOOST_TEST((l.proven() == moment{}));
  l.heard(position{7});
  BOOST_TEST((l.proven() == start + 1ms));
}

BOOST_AUTO_TEST_CASE(a_feed_behind_every_promise_passes_the_first_of_them) {
  lease l;
  l.resumed(position{0}, start);
  for (unsigned i = 1; i <= 9; ++i) (void)l.promise(start + i * 1ms, position{i * 10}, start + i * 1ms);
  l.heard(position{10});
  BOOST_TEST((l.proven() == start + 1ms));
  l.heard(position{90});
  BOOST_TEST((l.proven() == start + 9ms));
}

BOOST_AUTO_TEST_CASE(nothing_from_before_the_feed_began_counts) {
  lease l;
  l.resumed(position{5}, start);
  BOOST_TEST(l.promise(start, position{5}, start));
  l.lost();
  BOOST_TEST(!l.promise(start + 1ms, position{5}, start + 1ms));
  l.resumed(position{3}, start + 1s);
  BOOST_TEST((l.proven() == moment{}));
  BOOST_TEST(!l.promise(start + 999ms, position{1}, start + 999ms));
  BOOST_TEST(l.promise(start + 1s, position{3}, start + 1s));
}

BOOST_AUTO_TEST_CASE(a_feed_that_was_lost_owes_nothing) {
  lease l;
  l.resumed(position{5}, start);
  (void)l.promise(start + 1ms, position{7}, start + 1ms);
  l.lost();
  BOOST_TEST((!l.stuck(start + 1h) && l.behind(start + 1h) == 0ms));
  l.heard(position{7});  // what it had yet to hand over
  BOOST_TEST((l.proven() == moment{}));
}

BOOST_AUTO_TEST_CASE(what_was_asked_before_the_feed_began_proves_nothing_when_it_is_answered_later) {
  lease l;
  l.prove(start);
  BOOST_TEST((l.proven() == start));
  l.resumed(position{3}, start + 2ms);
  l.prove(start + 1ms);
  BOOST_TEST((l.proven() == moment{}));
  l.prove(start + 2ms);
  BOOST_TEST((l.proven() == start + 2ms));
}

BOOST_AUTO_TEST_CASE(a_promise_that_never_comes_true_is_noticed_unless_a_later_one_does) {
  lease l;
  l.resumed(position{0}, start);
  (void)l.promise(start, position{9}, start);
  BOOST_TEST(!l.stuck(start + 2s));
  BOOST_TEST(l.stuck(start + 2s + 1ms));
  l.heard(position{4});
  (void)l.promise(start + 3s, position{4}, start + 3s);
  BOOST_TEST(!l.stuck(start + 10s));
}

BOOST_AUTO_TEST_CASE(a_feed_is_behind_from_when_it_was_promised_to_tell_however_old_that_is) {
  lease l;
  l.resumed(position{0}, start);
  BOOST_TEST(!l.promise(start + 7s, position{9}, start + 10s));
  BOOST_TEST((!l.stuck(start + 10s) && l.behind(start + 10s) == 0s));
  (void)l.promise(start + 11s, position{12}, start + 11s);
  BOOST_TEST((l.behind(start + 12s) == 2s && !l.stuck(start + 12s) && l.stuck(start + 13s)));
}

BOOST_AUTO_TEST_SUITE_END()
