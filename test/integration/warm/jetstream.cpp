// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/bare_nats.hpp"
#include "support.hpp"

#include <strata/testing/laws/warm.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace warm_test;
using strata::errc;
using strata::operation;
using strata::position;
using strata::revision;

BOOST_AUTO_TEST_SUITE(jetstream)

namespace {

constexpr strata::testing::warm_traits traits{.too_big_bytes = 1'048'577, .patience = 30s};

void laws_hold(js::options const& o) {
  strata::testing::tally tally;
  strata::testing::warm_laws<strata::warm::jetstream>(
      o,
      [&](strata::testing::verdict const& v) {
        if (!v.passed) BOOST_TEST_MESSAGE(v.law << ": " << v.text);
        tally(v);
      },
      traits);
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(tally.checks() > 400U);
}

// A stream of the test's own, so that the cases do not see each other's messages.
js::options own(std::string_view name) {
  auto o = settings();
  o.stream = std::format("S_{}", name);
  o.prefix = std::format("p.{}", name);
  return o;
}
std::string field_stream(js::options const& o, std::string_view extra) {
  std::string json = replaced(fixture("field/stream.json"), "\"KNOWLEDGE_CACHE\"", "\"" + o.stream + "\"");
  json = replaced(json, "knowledge.cache.>", o.prefix + ".>");
  json = replaced(json, "\"num_replicas\": 3", "\"num_replicas\": 1");
  json = replaced(json, "10737418240", "268435456");
  return replaced(json, "}", std::string{extra} + "}");
}

}  // namespace

BOOST_AUTO_TEST_CASE(laws_hold_on_the_stream_we_create) { laws_hold(own("created")); }

BOOST_AUTO_TEST_CASE(laws_hold_on_the_stream_in_the_field) {
  auto const o = own("field");
  other_program const they;
  BOOST_TEST(they.create_stream(o.stream, field_stream(o, "")).contains("\"created\""));
  BOOST_REQUIRE(they.fill(o.prefix + ".template.", fixture("asset.json"), 100'000));
  laws_hold(o);
  // The stream takes no more than these: with each of ours one of theirs went, the oldest.
  std::string const state{js::json::member(they.ask("$JS.API.STREAM.INFO." + o.stream, ""), "state")};
  BOOST_TEST(js::json::member(state, "messages") == "100000");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  auto const seen = t.load("old-999", soon());
  BOOST_TEST((seen && seen->frame && seen->frame->payload == fixture("asset.json")));
}

BOOST_AUTO_TEST_CASE(an_old_reader_finds_an_empty_message_of_an_erased_id) {
  auto const o = own("erased");
  other_program const they;
  BOOST_TEST(they.create_stream(o.stream, field_stream(o, "")).contains("\"created\""));
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::string const asset = fixture("asset.json");
  BOOST_REQUIRE(they.publish("p.erased.template.k", asset));
  auto const found = t.load("k", soon());
  BOOST_REQUIRE((found && found->frame && found->frame->payload == asset));
  BOOST_REQUIRE(t.store(made("k", 6), found->position, soon()));
  BOOST_REQUIRE(t.erase("k", revision{7}, soon()));
  // What they do on a miss in memory: the last message of the subject, whose body they parse.
  natsMsg* raw = nullptr;
  js_GetLastMsg(&raw, they.context(), o.stream.c_str(), "p.erased.template.k", nullptr, nullptr);
  js::message_handle const message{raw};
  BOOST_REQUIRE(raw != nullptr);
  BOOST_TEST(js::body(raw) == "");
  BOOST_TEST(js::parsed_headers{raw}.get("Strata-Op").value() == "erase");
  BOOST_TEST(js::parsed_headers{raw}.get("Strata-Revision").value() == "7");
  // And what they wrote before is still in the stream, where nobody looks: the last message counts.
  BOOST_TEST((t.load("k", soon())->frame->operation == operation::erase));
  // Their own save of the id brings it back.
  BOOST_REQUIRE(they.publish("p.erased.template.k", asset));
  auto const again = t.load("k", soon());
  BOOST_TEST((again && again->frame && again->frame->payload == asset && again->frame->revision == revision{}));
}

BOOST_AUTO_TEST_CASE(laws_hold_on_a_stream_with_direct_reads_and_no_limit) {
  auto const o = own("direct");
  other_program const they;
  BOOST_TEST(they.create_stream(o.stream, field_stream(o, ",\"allow_direct\":true")).contains("\"created\""));
  laws_hold(o);
}

// Many keys are one question where the server knows it, which is one that says its version.
BOOST_AUTO_TEST_CASE(a_stream_that_is_kept_once_is_read_directly) {
  auto const o = own("questions");
  other_program const they;
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::vector<std::string_view> const keys{"a", "b", "c"};
  for (auto const key : keys) BOOST_REQUIRE(t.store(made(std::string{key}, 1), std::nullopt, soon()));
  (void)t.load_many(keys, soon());  // after which it knows what the server knows
  listener const singly{they, "$JS.API.DIRECT.GET." + o.stream + ".>"},
      together{they, "$JS.API.DIRECT.GET." + o.stream}, leader{they, "$JS.API.STREAM.MSG.GET." + o.stream};
  BOOST_TEST(t.load("a", soon()).value().frame.has_value());
  BOOST_TEST(singly.count() == 1);
  for (auto const& seen : t.load_many(keys, soon())) BOOST_TEST(seen.value().frame.has_value());
  bool const knows = they.stream_configuration(o.stream).contains("_nats.ver");
  BOOST_TEST(singly.count() == (knows ? 1 : 4));
  BOOST_TEST(together.count() == (knows ? 1 : 0));
  BOOST_TEST(leader.count() == 0);
}

BOOST_AUTO_TEST_CASE(laws_hold_on_a_stream_in_memory_that_takes_everything_below_another_prefix) {
  auto o = own("wide");
  other_program const they;
  o.prefix = "q.wide.deep";
  BOOST_TEST(they.create_stream(o.stream,
                                "{\"name\":\"" + o.stream +
                                    "\",\"subjects\":[\"q.wide.>\"],\"storage\":\"memory\",\"max_msgs_per_subject\":3}")
                 .contains("\"created\""));
  laws_hold(o);
}

BOOST_AUTO_TEST_CASE(the_stream_we_create_is_the_one_that_is_asked_for) {
  auto o = own("asked");
  o.max_messages = 77;
  o.max_age = std::chrono::hours{1};
  tier t{o, no_context{}};
  BOOST_TEST(t.wait_ready(soon()).has_value());
  std::string const is = other_program{}.stream_configuration(o.stream);
  using js::json::member;
  BOOST_TEST(member(is, "subjects") == R"(["p.asked.\u003e"])");
  BOOST_TEST(member(is, "retention") == "limits");
  BOOST_TEST(member(is, "storage") == "file");
  BOOST_TEST(member(is, "discard") == "old");
  BOOST_TEST(member(is, "max_msgs") == "77");
  BOOST_TEST(member(is, "max_bytes") == "268435456");
  BOOST_TEST(member(is, "max_age") == "3600000000000");
  BOOST_TEST(member(is, "max_msgs_per_subject") == "1");
  BOOST_TEST(member(is, "num_replicas") == "1");
  BOOST_TEST(member(is, "duplicate_window") == "120000000000");
  BOOST_TEST(member(is, "allow_direct") == "true");
  BOOST_TEST(t.health().up);
  BOOST_TEST(t.health().text.starts_with("the stream S_asked was created"));
}

BOOST_AUTO_TEST_CASE(a_stream_that_is_found_is_left_as_it_is_and_each_difference_is_told_once) {
  auto const o = own("found");
  other_program const they;
  they.create_stream(o.stream, field_stream(o, ""));
  std::string const before = they.stream_configuration(o.stream);
  tier t{o, no_context{}};
  BOOST_TEST(t.wait_ready(soon()).has_value());
  auto const health = t.health();
  BOOST_TEST(health.up);
  BOOST_TEST(health.text.ends_with(
      "max_msgs_per_subject is -1, ours would be 1: nats stream edit S_found --max-msgs-per-subject=1\n"
      "allow_direct is false, ours would be true: nats stream edit S_found --allow-direct"));
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
  BOOST_TEST(they.stream_configuration(o.stream) == before);
}

BOOST_AUTO_TEST_CASE(a_stream_that_cannot_hold_our_messages_is_refused_with_the_reason) {
  auto o = own("elsewhere");
  other_program const they;
  they.create_stream(o.stream, "{\"name\":\"" + o.stream + "\",\"subjects\":[\"quite.other.>\"]}");
  tier t{o, no_context{}};
  BOOST_TEST(says(t, "does not take p.elsewhere.template.*"), t.health().text);
  BOOST_TEST(!t.wait_ready(in(10ms)));
  BOOST_TEST(!t.health().up);
}

BOOST_AUTO_TEST_CASE(too_few_servers_are_reported_and_one_is_used_only_if_told_to) {
  auto o = own("replicas");
  o.replicas = 3;
  {
    tier t{o, no_context{}};
    BOOST_TEST(says(t, ".replicas = 1"), t.health().text);
    BOOST_TEST((t.wait_ready(in(10ms)).error() == errc::unavailable));
    BOOST_TEST((t.load("k", soon()).error() == errc::unavailable));
  }
  o.few_servers = js::few_servers::use_one;
  tier t{o, no_context{}};
  BOOST_TEST(t.wait_ready(soon()).has_value());
  BOOST_TEST(t.health().text.contains("with 1 replica instead of 3"));
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(more_than_the_disk_holds_is_reported) {
  auto o = own("disk");
  o.max_bytes = std::int64_t{1} << 60;
  tier t{o, no_context{}};
  BOOST_TEST(says(t, "resources"), t.health().text);
  BOOST_TEST(t.health().text.contains("create the stream S_disk"));
  BOOST_TEST(t.health().text.contains("give it less with .max_bytes"));
  BOOST_TEST(!t.wait_ready(in(10ms)));
}

BOOST_AUTO_TEST_CASE(the_payload_is_the_codecs_bytes_and_the_rest_stands_in_headers) {
  auto const o = own("plain");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::string const bytes{"{\"a\":1}\0\xFF", 9};
  BOOST_REQUIRE(t.store(made("rust-microservice", 7, bytes), {}, soon()));
  other_program const they;
  natsMsg* raw = nullptr;
  js_GetLastMsg(&raw, they.context(), o.stream.c_str(), "p.plain.template.rust-microservice", nullptr, nullptr);
  js::message_handle const message{raw};
  BOOST_REQUIRE(raw != nullptr);
  BOOST_TEST(js::body(raw) == bytes);
  js::parsed_headers const headers{raw};
  BOOST_TEST(headers.get("Strata-Key").value() == "rust-microservice");
  BOOST_TEST(headers.get("Strata-Revision").value() == "7");
  BOOST_TEST(headers.get("Strata-Op").value() == "put");
  BOOST_TEST(headers.get("Strata-Codec").value() == "json");
}

BOOST_AUTO_TEST_CASE(messages_of_other_programs_have_no_revision) {
  auto const o = own("foreign");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  other_program const they;
  std::string const asset = fixture("asset.json");
  BOOST_REQUIRE(they.publish("p.foreign.template.rust-microservice", asset));
  auto const seen = t.load("rust-microservice", soon());
  BOOST_REQUIRE((seen && seen->frame));
  BOOST_TEST(seen->frame->payload == asset);
  BOOST_TEST((seen->frame->revision == revision{}));
  BOOST_TEST(!seen->frame->sum);
  BOOST_TEST(seen->frame->codec == "");
  auto const blind = t.store(made("rust-microservice", 1), {}, soon());  // who knows what it was that they overwrote
  BOOST_TEST((!blind && blind.error() == strata::errc::conflict));
  BOOST_REQUIRE(they.publish("p.foreign.template.rust-microservice", asset));
  BOOST_TEST(t.store(made("rust-microservice", 2), t.load("rust-microservice", soon())->position, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(what_others_keep_under_a_key_as_it_is_is_corrected_and_nothing_else) {
  auto const o = own("plain");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  other_program const they;
  std::vector<std::string> const kept = {"x.y", "x/y", "\xC3\xBC", "q\"\\", "a\x01", "=", std::string(300, 'l')};
  for (auto const& key : kept) BOOST_REQUIRE(they.publish("p.plain.template." + key, "theirs"));
  BOOST_REQUIRE(they.publish("p.plain.template.plain", "theirs"));
  auto const correct = [&](std::uint64_t revision) {
    std::vector<strata::frame> frames;
    for (auto const& key : kept) frames.push_back(made(key, revision, "ours"));
    for (auto const* key : {"plain", "nobody.has.it", "a b", "a..b", ".a", "*", "a.>", "line\nbreak"})
      frames.push_back(made(key, revision, "ours"));
    std::vector<strata::placement> all;
    for (auto const& f : frames) all.push_back({&f, {}});
    auto const done = t.correct(all, soon());
    BOOST_TEST_REQUIRE(done.has_value(), (done ? "" : done.error().text()));
    return *done;
  };
  auto const last = [&](std::string const& key) {
    natsMsg* raw = nullptr;
    std::string const subject = "p.plain.template." + key;
    jsDirectGetMsgOptions of;
    jsDirectGetMsgOptions_Init(&of);
    of.LastBySubject = subject.c_str();
    js_DirectGetMsg(&raw, they.context(), o.stream.c_str(), nullptr, &of);
    js::message_handle const message{raw};
    return raw == nullptr ? std::string{}
                          : std::string{natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))};
  };
  BOOST_TEST(correct(5) == kept.size());
  BOOST_TEST(correct(5) == 0U);
  BOOST_TEST(correct(4) == 0U);
  BOOST_TEST(correct(6) == kept.size());
  for (auto const& key : kept) BOOST_TEST(last(key) == "ours", key);
  BOOST_TEST(last("plain") == "theirs");  // where we look ourselves is for store to decide
  BOOST_TEST(last("nobody.has.it").empty());
  BOOST_TEST(!t.load("x.y", soon())->frame);  // nor is anything put where we look
  BOOST_REQUIRE(they.publish("p.plain.template.x.y", "theirs again"));
  BOOST_TEST(correct(6) == 1U);

  // Where a key as it is would stand, another of ours does: that one is not older, it is another.
  BOOST_REQUIRE(t.store(made("page ", 5), std::nullopt, soon()));
  auto const alike = made("page=20", 9);
  strata::placement const place{&alike, {}};
  BOOST_TEST(t.correct({&place, 1}, soon()).value() == 0U);
  BOOST_TEST(t.load("page ", soon())->frame->key == "page ");
}

BOOST_AUTO_TEST_CASE(damaged_and_hostile_messages_are_errors_for_their_key_alone) {
  auto const o = own("damaged");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  other_program const they;
  using list = std::vector<std::pair<std::string, std::string>>;
  list const good{{"Strata-Key", "k"}, {"Strata-Revision", "5"}, {"Strata-Op", "put"}, {"Strata-Sum", "00000000"}};
  struct {
    std::size_t which;
    char const* value;
  } const spoiled[] = {{0, "k=zz"}, {0, "="}, {0, "k k"}, {1, "-1"},      {1, "5x"}, {1, "99999999999999999999"},
                       {2, "PUT"},  {2, "x"}, {3, "0"},   {3, "0000000g"}};
  for (auto const& one : spoiled) {
    list headers = good;
    headers[one.which].second = one.value;
    BOOST_REQUIRE(they.publish("p.damaged.template.k", "bytes", headers));
    auto const seen = t.load("k", soon());
    BOOST_TEST((!seen && seen.error() == errc::corrupt), one.value);
    BOOST_TEST(t.load("other", soon()).has_value());
  }
  for (std::size_t missing = 0; missing < good.size(); ++missing) {
    list headers = good;
    headers.erase(headers.begin() + static_cast<std::ptrdiff_t>(missing));
    BOOST_REQUIRE(they.publish("p.damaged.template.k", "bytes", headers));
    BOOST_TEST((t.load("k", soon()).error() == errc::corrupt));
  }
  BOOST_TEST(t.store(made("k", 6), {}, soon()).has_value());  // what cannot be read is written over

  // Headers that the server itself uses in its answers.
  BOOST_REQUIRE(they.publish("p.damaged.template.s", "bytes",
                             {{"Status", "404"}, {"Nats-Sequence", "1"}, {"Nats-Subject", "p.damaged.template.k"}}));
  auto const seen = t.load("s", soon());
  BOOST_REQUIRE((seen && seen->frame));
  BOOST_TEST(seen->frame->key == "s");
  BOOST_TEST(static_cast<std::uint64_t>(seen->position) > 1U);
  BOOST_REQUIRE(they.publish("p.damaged.template.n", "", {{"Status", "503"}}));
  BOOST_TEST(t.load("n", soon()).has_value());
  std::vector<std::string_view> const keys{"s", "n", "k", "none"};
  auto const many = t.load_many(keys, soon());
  BOOST_TEST((many[0] && many[0]->frame->key == "s" && many[0]->position == seen->position));
  BOOST_TEST((many[1] && many[1]->frame));
  BOOST_TEST((many[2] && many[2]->frame->revision == revision{6}));
  BOOST_TEST((many[3] && !many[3]->frame));

  // Headers that the client cannot read are another program's, whichever way they are asked for.
  strata_test::bare_nats bare{from_environment("STRATA_TEST_NATS")};
  std::vector<std::string> spoilt;
  for (auto const headers : strata_test::unreadable_headers) {
    auto const& key = spoilt.emplace_back(std::format("h{}", spoilt.size()));
    bare.publish("p.damaged.template." + key, headers, "bytes");
    auto const plain = t.load(key, in(20s));
    BOOST_TEST_REQUIRE((plain && plain->frame), headers);
    BOOST_TEST((plain->frame->payload == "bytes" && plain->frame->revision == revision{}));
  }
  std::vector<std::string_view> mixed{"k", "none"};
  mixed.insert(mixed.end(), spoilt.begin(), spoilt.end());
  auto const all = t.load_many(mixed, soon());
  BOOST_TEST((all[0] && all[0]->frame->revision == revision{6} && all[1] && !all[1]->frame));
  for (std::size_t i = 2; i < all.size(); ++i)
    BOOST_TEST((all[i] && all[i]->frame && all[i]->frame->payload == "bytes"));
  for (auto const& key : spoilt) {
    BOOST_TEST(
        (t.store(made(key, 7), std::nullopt, in(20s)).error() == errc::conflict));  // as over any other program's
    BOOST_TEST(t.store(made(key, 7), t.load(key, soon())->position, soon()).has_value());
  }

  // A message of another key, as nobody honest publishes it: it says so itself, and the caller sees it.
  BOOST_REQUIRE(
      they.publish("p.damaged.template.f", "bytes",
                   {{"Strata-Key", "g"}, {"Strata-Revision", "5"}, {"Strata-Op", "put"}, {"Strata-Sum", "00000000"}}));
  BOOST_TEST(t.load("f", soon())->frame->key == "g");
}

BOOST_AUTO_TEST_CASE(large_values_many_at_once) {
  auto const o = own("large");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::vector<strata::frame> frames;
  for (std::uint64_t i = 0; i < 40; ++i)
    frames.push_back(
        made("large-" + std::to_string(i), i + 1, std::string(1'000'000, static_cast<char>('a' + i % 26))));
  frames.push_back(made("too-large", 1, std::string(1'100'000, 'x')));
  frames.push_back(made("", 1));
  std::vector<strata::placement> places;
  std::vector<std::string_view> keys;
  for (auto const& f : frames) {
    places.push_back({&f, std::nullopt});
    keys.push_back(f.key);
  }
  auto const stored = t.store_many(places, soon());
  auto const loaded = t.load_many(keys, soon());
  for (std::size_t i = 0; i < 40; ++i) {
    BOOST_TEST(stored[i].has_value());
    BOOST_TEST((loaded[i] && loaded[i]->frame && loaded[i]->frame->payload == frames[i].payload));
  }
  BOOST_TEST((stored[40].error() == errc::rejected));
  BOOST_TEST((loaded[40] && !loaded[40]->frame));
  BOOST_TEST((stored[41].error() == errc::rejected));
  BOOST_TEST((loaded[41].error() == errc::rejected));
}

BOOST_AUTO_TEST_CASE(a_limit_of_the_stream_is_respected_before_sending) {
  auto const o = own("narrow");
  other_program const they;
  they.create_stream(o.stream, field_stream(o, ",\"max_msg_size\":2000"));
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_TEST((t.store(made("k", 1, std::string(2'000, 'x')), {}, soon()).error() == errc::rejected));
  BOOST_TEST(t.store(made("k", 1, std::string(1'500, 'x')), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(sixteen_threads_each_see_what_they_stored) {
  auto const o = own("threads");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int n = 0; n < 16; ++n)
      threads.emplace_back([&, n] {
        std::string const key = "thread-" + std::to_string(n);
        for (std::uint64_t r = 1; r <= 100; ++r) {
          auto const f = made(key, r, std::string(r * 97 % 4'000, static_cast<char>('a' + n)));
          if (!t.store(f, {}, soon())) ++wrong;
          auto const seen = t.load(key, soon());
          if (!seen || !seen->frame || seen->frame->payload != f.payload || seen->frame->revision != f.revision)
            ++wrong;
        }
      });
  }
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(the_feed_tells_what_others_publish) {
  auto const o = own("feed");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::mutex guard;
  std::map<std::string, strata::change> told;
  std::set<std::string> hinted;
  auto const feed = t.follow([&](strata::news const& heard) {
    std::scoped_lock const lock{guard};
    if (heard.what == strata::telling::hinted)
      hinted.emplace(heard.told.key);
    else if (heard.what != strata::telling::passed)
      told[std::string{heard.told.key}] = {{}, heard.told.revision, heard.told.operation};
  });
  auto const has = [&](std::string const& key) {
    std::scoped_lock const lock{guard};
    return told.contains(key);
  };
  BOOST_TEST(eventually([&] { return has(""); }));  // it began: what came before may have been missed
  other_program const they;
  BOOST_REQUIRE(they.publish("p.feed.template.a=2Eb", "bytes"));
  BOOST_REQUIRE(they.publish("p.feed.another.c", "bytes"));
  for (auto const* key : {"x.y", "x/y", "\xC3\xA9", "plain"})  // as programs write them that escape nothing
    BOOST_REQUIRE(they.publish(std::string{"p.feed.template."} + key, "bytes"));
  BOOST_REQUIRE(they.publish("p.feed.template.gone", "", {{"KV-Operation", "DEL"}}));
  BOOST_REQUIRE(t.store(made("own", 3), {}, soon()));
  BOOST_TEST(eventually([&] { return has("own"); }));
  std::scoped_lock const lock{guard};
  BOOST_TEST((told.at("a.b").revision == revision{}));
  BOOST_TEST((told.at("gone").operation == operation::erase));
  BOOST_TEST((told.at("own").revision == revision{3}));
  BOOST_TEST((told.at("plain").revision == revision{}));
  BOOST_TEST(told.size() == 5U);
  BOOST_TEST((hinted == std::set<std::string>{"a=2Eb", "x.y", "x/y", "\xC3\xA9"}));
}

BOOST_AUTO_TEST_CASE(writes_are_announced_to_those_who_do_not_follow) {
  auto o = own("announced");
  o.announce_subject = "cache.changed";
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  other_program const they;
  natsSubscription* raw = nullptr;
  natsConnection_SubscribeSync(&raw, they.connection(), "cache.changed");
  js::subscription_handle const listening{raw};
  natsConnection_Flush(they.connection());
  auto const next = [&](std::int64_t ms) {
    natsMsg* got = nullptr;
    natsSubscription_NextMsg(&got, raw, ms);
    js::message_handle const message{got};
    return got == nullptr ? std::string{"nothing"} : std::string{js::body(got)};
  };
  std::string const odd = "a b.*\r\n\xC3\xA9";
  BOOST_REQUIRE(t.store(made(odd, 5), {}, soon()));
  BOOST_TEST(next(30'000) == odd);
  BOOST_REQUIRE(t.erase(odd, revision{6}, soon()));
  BOOST_TEST(next(30'000) == odd);
  BOOST_TEST(!t.store(made(odd, 4), {}, soon()));
  std::vector<strata::frame> frames;
  for (std::uint64_t i = 0; i < 300; ++i) frames.push_back(made(std::format("many-{:03}", i), 1));
  std::vector<strata::placement> places;
  for (auto const& f : frames) places.push_back({&f, std::nullopt});
  for (auto const& stored : t.store_many(places, soon())) BOOST_TEST(stored.has_value());
  std::set<std::string> announced;
  for (std::size_t i = 0; i < frames.size(); ++i) announced.insert(next(30'000));
  BOOST_TEST(announced.size() == 300U);
  BOOST_TEST(*announced.begin() == "many-000");
  BOOST_TEST(next(100) == "nothing");
}

BOOST_AUTO_TEST_CASE(a_feed_may_end_from_within_its_sink_and_while_it_is_busy) {
  auto const o = own("ending");
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::optional<strata::warm::jetstream::subscription> feed;
  std::atomic<bool> ended = false;
  feed.emplace(t.follow([&](strata::news const& heard) {
    if (heard.told.key == "end") {
      feed.reset();
      ended = true;
    }
  }));
  BOOST_TEST(eventually([&] { return t.store(made("end", 1), {}, in(5s)) && ended.load(); }));
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> gone = false;
    std::atomic<int> late = 0;
    {
      auto const busy = t.follow([&](strata::news const&) {
        std::this_thread::sleep_for(1ms);
        if (gone) ++late;
      });
      for (std::uint64_t i = 0; i < 5; ++i)
        (void)t.store(made("busy", 1 + i + 5 * static_cast<std::uint64_t>(round)), {}, soon());
    }
    gone = true;
    (void)t.store(made("after", 1 + static_cast<std::uint64_t>(round)), {}, soon());
    BOOST_TEST(late == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_feed_may_end_from_within_its_sink_while_the_tier_goes) {
  for (auto const when : {strata::telling::lost, strata::telling::changed}) {
    std::optional<tier> t{std::in_place, own("going"), no_context{}};
    BOOST_REQUIRE(t->wait_ready(soon()));
    std::optional<strata::warm::jetstream::subscription> feed;
    std::atomic<bool> begun = false;
    std::atomic<bool> busy = false;
    feed.emplace(t->follow([&](strata::news const& heard) {
      begun = true;
      if (heard.what != when) return;
      busy = true;
      if (when == strata::telling::changed) std::this_thread::sleep_for(300ms);  // until the tier is going
      feed.reset();
    }));
    BOOST_REQUIRE(eventually([&] { return begun.load(); }));
    if (when == strata::telling::changed) {
      BOOST_REQUIRE(t->store(made("k", 1), {}, soon()));
      BOOST_REQUIRE(eventually([&] { return busy.load(); }));
    }
    t.reset();
    BOOST_TEST(!feed.has_value());
  }
}

BOOST_AUTO_TEST_SUITE_END()
