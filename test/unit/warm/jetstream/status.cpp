// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/status.hpp>

#include <boost/test/unit_test.hpp>

#include <format>

using namespace strata::warm::jetstream_detail;
using strata::errc;

BOOST_AUTO_TEST_SUITE(status)

BOOST_AUTO_TEST_CASE(what_a_caller_does_next) {
  BOOST_TEST((meaning(NATS_TIMEOUT) == errc::timed_out));
  BOOST_TEST((meaning(NATS_MAX_PAYLOAD) == errc::rejected));
  BOOST_TEST((meaning(NATS_PROTOCOL_ERROR) == errc::corrupt));
  for (auto const s :
       {NATS_NO_RESPONDERS, NATS_NO_SERVER, NATS_CONNECTION_CLOSED, NATS_CONNECTION_DISCONNECTED, NATS_IO_ERROR,
        NATS_STALE_CONNECTION, NATS_CONNECTION_AUTH_FAILED, NATS_INSUFFICIENT_BUFFER, NATS_SSL_ERROR})
    BOOST_TEST((meaning(s) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(only_what_never_left_is_surely_not_sent) {
  BOOST_TEST(surely_not_sent(NATS_INSUFFICIENT_BUFFER));
  BOOST_TEST(surely_not_sent(NATS_MAX_PAYLOAD));
  BOOST_TEST(!surely_not_sent(NATS_TIMEOUT));
  BOOST_TEST(!surely_not_sent(NATS_IO_ERROR));
  BOOST_TEST(!surely_not_sent(NATS_CONNECTION_DISCONNECTED));
}

BOOST_AUTO_TEST_CASE(refusals_by_number) {
  BOOST_TEST((meaning_of_refusal(10071) == refusal::conflict));
  BOOST_TEST((meaning_of_refusal(10054) == refusal::too_big));
  BOOST_TEST((meaning_of_refusal(10059) == refusal::no_stream));
  BOOST_TEST((meaning_of_refusal(10008) == refusal::passing));
  BOOST_TEST((meaning_of_refusal(10077) == refusal::lasting));
  BOOST_TEST((meaning_of_refusal(-1) == refusal::lasting));
}

BOOST_AUTO_TEST_CASE(texts_are_for_people) {
  BOOST_TEST(std::format("{}", failed(NATS_TIMEOUT, "load")) == "warm: timed out: NATS: load: Timeout");
  BOOST_TEST(std::format("{}", refused(10071, "wrong last sequence: 5", "store")) ==
             "warm: conflict: JetStream: store: wrong last sequence: 5 (10071)");
}

BOOST_AUTO_TEST_SUITE_END()
