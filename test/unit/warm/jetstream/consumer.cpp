// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/consumer.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

using namespace strata::warm::jetstream_detail;
using kind = delivery::kind;
using verdict = succession::verdict;

BOOST_AUTO_TEST_SUITE(consumer)

namespace {
struct headers {
  std::map<std::string, std::string> all;
  [[nodiscard]] std::optional<std::string_view> get(char const* name) const {
    auto const found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional<std::string_view>{found->second};
  }
};
headers beat(std::string count, std::string sequence) {
  return {{{"Status", "100"}, {"Nats-Last-Consumer", std::move(count)}, {"Nats-Last-Stream", std::move(sequence)}}};
}
delivery message(std::uint64_t count, std::uint64_t sequence) { return {kind::message, count, sequence}; }
delivery heartbeat(std::uint64_t count, std::uint64_t sequence) { return {kind::heartbeat, count, sequence}; }
}  // namespace

BOOST_AUTO_TEST_CASE(the_request_is_json_that_names_where_to_begin) {
  auto const text = consumer_request("S", "n", "p.q.*", "_INBOX.x.1", 42);
  BOOST_TEST(json::member(text, "stream_name") == "S");
  auto const configuration = json::member(text, "config");
  BOOST_TEST(json::member(configuration, "opt_start_seq") == "42");
  BOOST_TEST(json::member(configuration, "filter_subject") == "p.q.*");
  BOOST_TEST(json::member(configuration, "deliver_subject") == "_INBOX.x.1");
  BOOST_TEST(json::member(configuration, "headers_only") == "true");
  BOOST_TEST(json::member(configuration, "idle_heartbeat") == "200000000");
  BOOST_TEST(text.ends_with("}}"));
}

BOOST_AUTO_TEST_CASE(messages_are_known_by_their_reply_subject) {
  for (std::string const reply :
       {"$JS.ACK.S.c.1.17.3.1795641068747877541.0", "$JS.ACK.hub.ACCOUNT.S.c.1.17.3.1795641068747877541.0",
        "$JS.ACK.hub.ACCOUNT.S.c.1.17.3.1795641068747877541.0.token"}) {
    auto const d = delivery_of(headers{}, reply);
    BOOST_TEST((d.what == kind::message));
    BOOST_TEST(d.count == 3U);
    BOOST_TEST(d.sequence == 17U);
    // Whatever a message says of itself, it is a message.
    BOOST_TEST((delivery_of(beat("9", "99"), reply).what == kind::message));
  }
  BOOST_TEST((delivery_of(headers{}, "$JS.ACK.S.c.1").what == kind::rubbish));
}

BOOST_AUTO_TEST_CASE(what_is_no_message_is_known_by_its_status) {
  auto const d = delivery_of(beat("4", "20"), "");
  BOOST_TEST((d.what == kind::heartbeat));
  BOOST_TEST(d.count == 4U);
  BOOST_TEST(d.sequence == 20U);
  BOOST_TEST((delivery_of(headers{{{"Status", "100"}}}, "$JS.FC.S.c.x").what == kind::question));
  BOOST_TEST((delivery_of(headers{{{"Status", "409"}}}, "").what == kind::rubbish));
  BOOST_TEST((delivery_of(headers{}, "").what == kind::rubbish));
  BOOST_TEST(delivery_of(beat("x", ""), "").count == 0U);
}

BOOST_AUTO_TEST_CASE(what_comes_in_order_is_taken) {
  succession s{10};
  BOOST_TEST((s.take(heartbeat(0, 10)) == verdict::same));
  BOOST_TEST((s.take(message(1, 11)) == verdict::next));
  BOOST_TEST((s.take(message(2, 15)) == verdict::next));  // others were replaced, or are of another space
  BOOST_TEST((s.take(heartbeat(2, 15)) == verdict::same));
  BOOST_TEST((s.take(heartbeat(2, 19)) == verdict::further));
  BOOST_TEST((s.take(message(3, 20)) == verdict::next));
}

BOOST_AUTO_TEST_CASE(what_is_missing_is_noticed) {
  auto const after = [](delivery const& d) {
    succession s{10};
    BOOST_TEST((s.take(message(1, 11)) == verdict::next));
    BOOST_TEST((s.take(message(2, 12)) == verdict::next));
    return s.take(d);
  };
  BOOST_TEST((after(message(4, 14)) == verdict::broken));    // one was dropped
  BOOST_TEST((after(heartbeat(3, 13)) == verdict::broken));  // the last was dropped
  BOOST_TEST((after(message(1, 13)) == verdict::broken));    // the consumer was begun anew
  BOOST_TEST((after(heartbeat(0, 12)) == verdict::broken));
  BOOST_TEST((after(message(3, 12)) == verdict::broken));  // the stream went back
  BOOST_TEST((after(heartbeat(2, 9)) == verdict::broken));
  BOOST_TEST((after(heartbeat(0, 0)) == verdict::broken));  // unreadable
  succession ahead{10};
  BOOST_TEST((ahead.take(heartbeat(0, 4)) == verdict::broken));  // the stream ends before we began
}

BOOST_AUTO_TEST_SUITE_END()
