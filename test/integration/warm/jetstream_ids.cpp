// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"
#include "../../support/hostile_keys.hpp"
#include "../../support/tcp_proxy.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

// 100,000 keys that mean something to NATS, to headers or to our own escapes, with a spy on everything that is published.
using namespace warm_test;

BOOST_AUTO_TEST_SUITE(hostile_ids)

namespace {

struct spied {
  std::atomic<std::size_t> ours = 0;
  std::atomic<std::size_t> outside = 0;
};

// Answers, acknowledgements and questions to the stream belong to the protocol; all else is a publication.
void on_publication(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  js::message_handle const message{raw};
  std::string_view const subject = natsMsg_GetSubject(raw);
  auto& seen = *static_cast<spied*>(closure);
  constexpr std::string_view prefix = "knowledge.cache.template.";
  if (subject.starts_with(prefix) &&
      subject.substr(prefix.size()).find_first_of(".*> \t\r\n") == std::string_view::npos) {
    ++seen.ours;
  } else if (!subject.starts_with("_INBOX.") && !subject.starts_with("$JS.API.DIRECT.GET.KNOWLEDGE_CACHE") &&
             !subject.starts_with("$JS.API.STREAM.INFO.KNOWLEDGE_CACHE") &&
             !subject.starts_with("$JS.API.STREAM.CREATE.KNOWLEDGE_CACHE") &&
             !subject.starts_with("$JS.API.STREAM.MSG.GET.KNOWLEDGE_CACHE") && !subject.starts_with("$JS.EVENT.")) {
    ++seen.outside;
    BOOST_TEST_MESSAGE("outside: " << subject);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(nothing_leaves_its_place) {
  spied seen;
  other_program const spy;
  natsSubscription* raw = nullptr;
  BOOST_REQUIRE(natsConnection_Subscribe(&raw, spy.connection(), ">", on_publication, &seen) == NATS_OK);
  natsSubscription_SetPendingLimits(raw, -1, -1);
  natsConnection_Flush(spy.connection());

  // What a server cannot read makes it end the connection.
  auto const direct = from_environment("STRATA_TEST_NATS");
  strata_test::tcp_proxy const wire{std::stoi(direct.substr(direct.rfind(':') + 1))};
  auto o = settings(std::format("nats://127.0.0.1:{}", wire.port()));
  o.max_messages = 200'000;
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));

  // The rule is ours; whether the newer server reads subjects as this one does is seen by fewer.
  bool const newer = std::getenv("STRATA_NATS_SERVER") != nullptr;
  std::size_t const count = strata_test::brief || newer ? 10'000 : 100'000;
  auto const keys = strata_test::hostile_keys(count);
  std::size_t refused = 0;
  std::size_t mistaken = 0;
  constexpr std::size_t step = 1'000;
  for (std::size_t from = 0; from < keys.size(); from += step) {
    std::vector<strata::frame> frames;
    std::vector<strata::placement> places;
    std::vector<std::string_view> names;
    for (std::size_t i = from; i < from + step; ++i) frames.push_back(made(keys[i], i + 1, std::to_string(i)));
    for (auto const& f : frames) {
      places.push_back({&f, std::nullopt});
      names.push_back(f.key);
    }
    BOOST_REQUIRE(t.wait_ready(soon()));  // a busy machine may let a connection starve
    for (auto const& stored : t.store_many(places, soon())) refused += stored ? 0U : 1U;
  }
  // A busy machine may let a connection starve; then the question is asked again. A wrong answer stays wrong.
  auto const holds = [&](std::string const& key, std::string const& payload, strata::result<strata::sighting> answer) {
    for (int tries = 0; !answer && tries < 10; ++tries) {
      (void)t.wait_ready(soon());
      answer = t.load(key, soon());
    }
    return answer && answer->frame && answer->frame->key == key && answer->frame->payload == payload;
  };
  // Read only when all are stored: a key that shares another's place would show the other's value.
  for (std::size_t from = 0; from < keys.size(); from += step) {
    std::vector<std::string_view> const names{keys.begin() + static_cast<std::ptrdiff_t>(from),
                                              keys.begin() + static_cast<std::ptrdiff_t>(from + step)};
    auto loaded = t.load_many(names, soon());
    for (std::size_t i = 0; i < step; ++i)
      mistaken += holds(keys[from + i], std::to_string(from + i), std::move(loaded[i])) ? 0U : 1U;
  }
  // And a share of them one by one, the other way in and out.
  for (std::size_t i = 0; i < keys.size(); i += 50) {
    auto stored = t.store(made(keys[i], 1'000'000 + i, "alone"), std::nullopt, soon());
    if (!stored && t.wait_ready(soon())) stored = t.store(made(keys[i], 1'000'000 + i, "alone"), std::nullopt, soon());
    refused += stored ? 0U : 1U;
    mistaken += holds(keys[i], "alone", t.load(keys[i], soon())) ? 0U : 1U;
  }
  BOOST_TEST(refused == 0U);
  BOOST_TEST(mistaken == 0U);
  BOOST_TEST(eventually([&] { return seen.ours >= count + count / 50; }, 60s));
  BOOST_TEST_MESSAGE(seen.ours << " publications, those refused for a wrong place included");
  BOOST_TEST(seen.outside == 0U);
  BOOST_TEST(wire.ended_by_server() == 0);

  std::string const info = spy.ask("$JS.API.STREAM.INFO.KNOWLEDGE_CACHE", "");
  BOOST_TEST(js::json::member(js::json::member(info, "state"), "messages") == std::to_string(count));
  natsSubscription_Destroy(raw);

  // Whatever the server could not read, it has written down before it closed the connection over it.
  std::ifstream file{from_environment("STRATA_TEST_FOLDER") + "/nats/log"};
  std::string const log{std::istreambuf_iterator<char>{file}, {}};
  BOOST_TEST(!log.empty());
  for (std::string_view const complaint : {"arser", "iolation", "control line", "Invalid", "[FTL]"})
    BOOST_TEST(!log.contains(complaint), complaint);
}

BOOST_AUTO_TEST_CASE(what_is_outside_the_rule_is_refused_and_harms_nothing) {
  tier t{settings(), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  for (std::string const& bad :
       {std::string{}, std::string(513, 'a'), std::string("a\0b", 3), std::string{"\xFF"}, std::string{"\xC3"}}) {
    BOOST_TEST((t.load(bad, soon()).error() == strata::errc::rejected));
    BOOST_TEST((t.store(made(bad, 1), {}, soon()).error() == strata::errc::rejected));
    BOOST_TEST((t.erase(bad, strata::revision{1}, soon()).error() == strata::errc::rejected));
  }
  BOOST_TEST(t.store(made("good", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
