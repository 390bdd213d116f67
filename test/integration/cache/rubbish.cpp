// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// K3: what other programs, older and newer ones, damage and mistakes leave in the stream and in the table. It is a miss
// with a reason or an error for that key alone, and nothing that a newer program wrote is overwritten.
#include "../../support/bare_nats.hpp"
#include "support.hpp"

#include <strata/batch.hpp>

#include <boost/test/unit_test.hpp>

#include <nats/nats.h>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/result>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

using namespace strata;
using namespace cache_test;
using namespace std::chrono_literals;

namespace {

// A program that knows NATS and nothing of this library.
class other_program {
 public:
  other_program() {
    if (natsConnection_ConnectTo(&connection_, given("STRATA_TEST_NATS").c_str()) != NATS_OK ||
        natsConnection_JetStream(&context_, connection_, nullptr) != NATS_OK)
      throw std::runtime_error{"no NATS"};
  }
  ~other_program() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }
  other_program(other_program const&) = delete;
  other_program& operator=(other_program const&) = delete;

  void publish(std::string const& id, std::string const& body, std::map<std::string, std::string> const& headers = {}) {
    natsMsg* message = nullptr;
    auto const subject = "knowledge.cache.template." + id;
    BOOST_REQUIRE(natsMsg_Create(&message, subject.c_str(), nullptr, body.data(), static_cast<int>(body.size())) ==
                  NATS_OK);
    for (auto const& [name, value] : headers) natsMsgHeader_Set(message, name.c_str(), value.c_str());
    auto const status = js_PublishMsg(nullptr, context_, message, nullptr, nullptr);
    natsMsg_Destroy(message);
    BOOST_REQUIRE(status == NATS_OK);
  }
  std::pair<std::string, std::string> last(std::string const& id) {  // body and revision
    natsMsg* message = nullptr;
    auto const subject = "knowledge.cache.template." + id;
    if (js_GetLastMsg(&message, context_, "KNOWLEDGE_CACHE", subject.c_str(), nullptr, nullptr) != NATS_OK) return {};
    char const* revision = nullptr;
    (void)natsMsgHeader_Get(message, "Strata-Revision", &revision);
    std::pair<std::string, std::string> found{
        std::string{natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))},
        revision != nullptr ? revision : ""};
    natsMsg_Destroy(message);
    return found;
  }

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
};

std::string body(std::string const& id, std::string const& data) {
  return R"({"id":")" + id + R"(","asset_type":"template","data":")" + data + R"(","metadata":{},"version":1})";
}

std::map<std::string, std::string> headers(frame const& f) {
  return {{"Strata-Key", f.key},
          {"Strata-Revision", std::to_string(number(f.revision))},
          {"Strata-Op", f.operation == operation::put ? "put" : "erase"},
          {"Strata-Codec", f.codec},
          {"Strata-Schema", std::to_string(f.schema)},
          {"Strata-Created", "1"},
          {"Strata-Sum", std::format("{:08x}", f.sum ? *f.sum : checksum(f))}};
}

frame framed(std::string const& id, std::uint64_t revision, std::string payload) {
  return {.key = id, .revision = strata::revision{revision}, .codec = "json", .payload = std::move(payload)};
}

std::size_t missed(knowledge& cache, miss why) { return cache.stats().warm.misses[static_cast<std::size_t>(why)]; }

}  // namespace

BOOST_AUTO_TEST_SUITE(rubbish)

BOOST_AUTO_TEST_CASE(a_message_without_headers_counts_only_while_cold_has_no_row) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  other_program other;
  other.publish("plain", body("plain", "theirs"));
  auto const served = cache->get("plain");
  BOOST_TEST((served && served->data == "theirs" && served.tier() == tier::warm &&
              served.freshness() == freshness::unverified));
  BOOST_TEST(number(served.revision()) == 0u);

  auto const put = cache->put(asset("plain", "ours"));
  BOOST_REQUIRE(put.has_value());
  other.publish("plain", body("plain", "stale words"));
  BOOST_TEST(soon([&] { return !cache->peek("plain"); }));  // the feed says that somebody changed it
  auto const truth = cache->get("plain");
  BOOST_TEST((truth && truth->data == "ours" && truth.tier() == tier::cold));
  auto second = knowledge::open(settings());
  BOOST_REQUIRE(second->ready({.within = 60s}).has_value());
  BOOST_TEST(second->get("plain")->data == "ours");
  BOOST_TEST(
      soon([&] { return other.last("plain").second == std::to_string(number(put->revision)); }));  // published over it
}

BOOST_AUTO_TEST_CASE(every_kind_of_bad_message_is_a_miss_with_its_reason) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  other_program other;
  std::uint64_t const high = 1'000'000'000;
  auto const check = [&](std::string const& id, frame const& f, std::map<std::string, std::string> const& with,
                         miss why) {
    auto const before = missed(*cache, why);
    other.publish(id, f.payload, with);
    auto const answer = cache->get(id);
    BOOST_TEST(answer.absent(), id);
    BOOST_TEST(missed(*cache, why) == before + 1, id << ": " << to_string(why));
  };
  auto f = framed("bad-key", high, body("bad-key", "x"));
  f.key = "another";
  check("bad-key", f, headers(f), miss::foreign_key);

  f = framed("bad-codec", high, "\x81");
  f.codec = "protobuf";
  check("bad-codec", f, headers(f), miss::foreign_codec);

  f = framed("bad-schema", high, body("bad-schema", "x"));
  f.schema = 99;
  check("bad-schema", f, headers(f), miss::newer_schema);

  f = framed("bad-bytes", high, "{\"id\": 7");
  check("bad-bytes", f, headers(f), miss::undecodable);

  f = framed("bad-sum", high, body("bad-sum", "x"));
  f.sum = checksum(f) ^ 1U;
  check("bad-sum", f, headers(f), miss::damaged);

  f = framed("bad-inside", high, body("another", "x"));  // the value says that it is another's
  check("bad-inside", f, headers(f), miss::foreign_key);

  check("bad-plain", framed("bad-plain", 0, "no json at all"), {}, miss::undecodable);
  BOOST_TEST(cache->put(asset("bad-bytes", "mended")).has_value());
  BOOST_TEST(cache->get("bad-bytes")->data == "mended");
}

// The headers of some are ours, and not all are there.
BOOST_AUTO_TEST_CASE(a_message_that_cannot_be_read_does_not_hold_the_healer_up) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  BOOST_REQUIRE(cache->put(asset("half", "first")).has_value());
  other_program other;
  other.publish("half", body("half", "x"), {{"Strata-Key", "half"}});
  pqxx::connection raw{given("STRATA_TEST_POSTGRES")};
  pqxx::nontransaction sql{raw};
  sql.exec("update knowledge_artifacts set content_raw = 'second' where artifact_id = 'half'");
  BOOST_TEST(soon([&] { return !other.last("half").second.empty(); }));  // published over it
  auto second = knowledge::open(settings());
  BOOST_TEST(soon([&] {
    auto const now = second->get("half");
    return now && now->data == "second" && now.freshness() == freshness::fresh;
  }));
}

BOOST_AUTO_TEST_CASE(headers_that_the_client_cannot_read_do_not_hold_the_healer_up) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  strata_test::bare_nats bare{given("STRATA_TEST_NATS")};
  other_program other;
  for (auto const headers : strata_test::unreadable_headers) {
    BOOST_REQUIRE(cache->put(asset("spoilt", "first")).has_value());
    bare.publish("knowledge.cache.template.spoilt", headers, "bytes");
    auto const put = cache->put(asset("spoilt", "second"), {.within = 20s});
    BOOST_TEST((put && !put->degraded), headers);
    BOOST_TEST(soon([&] { return other.last("spoilt").second == std::to_string(number(put->revision)); }));
    bare.publish("knowledge.cache.template.spoilt", headers, "bytes");
    BOOST_TEST(soon([&] { return other.last("spoilt").second == std::to_string(number(put->revision)); }), headers);
    BOOST_TEST(soon([&] {
      auto const now = cache->get("spoilt");
      return now && now->data == "second" && now.freshness() == freshness::fresh;
    }));
  }
}

BOOST_AUTO_TEST_CASE(what_a_newer_program_wrote_is_not_overwritten) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  other_program other;
  auto const put = cache->put(asset("newer", "cold"));
  auto f = framed("newer", number(put->revision) + 1, "a form of the future");
  f.schema = 99;
  other.publish("newer", f.payload, headers(f));
  auto second = knowledge::open(settings());
  BOOST_REQUIRE(second->ready({.within = 60s}).has_value());
  BOOST_TEST(second->get("newer")->data == "cold");
  BOOST_TEST(other.last("newer").first == "a form of the future");
}

BOOST_AUTO_TEST_CASE(what_an_older_program_wrote_is_read) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  other_program other;
  auto const read = [&](std::string const& id, std::uint32_t schema, std::string const& members) {
    auto f = framed(id, 1'000'000'000, R"({"id":")" + id + R"(","data":"as it was")" + members + "}");
    f.schema = schema;
    other.publish(id, f.payload, headers(f));
    auto const found = cache->get(id);
    BOOST_TEST((found && found->data == "as it was" && found.tier() == tier::warm), id);
  };
  read("older", 0, "");                                              // before the other members came
  read("wider", 1, R"(,"asset_type":"template","colour":["red"])");  // of a program that has one more

  // What it left out of a copy of cold's row is not lost.
  auto const put = cache->put(asset("promoted", "as it is"));
  BOOST_REQUIRE(put.has_value());
  auto f = framed("promoted", number(put->revision), R"({"id":"promoted","data":"as it is"})");
  f.schema = 0;
  other.publish("promoted", f.payload, headers(f));
  auto second = knowledge::open(settings());
  BOOST_REQUIRE(second->ready({.within = 60s}).has_value());
  auto const whole = second->get("promoted");
  BOOST_TEST((whole && whole->asset_type == "template" && whole.tier() == tier::cold));
  BOOST_TEST(missed(*second, miss::older_schema) == 1u);
  BOOST_TEST(other.last("promoted").first.contains(R"("asset_type":"template")"));
}

// T9: a golden message with any bit of its body flipped, or cut anywhere, is never taken for what it was not.
BOOST_AUTO_TEST_CASE(every_flip_and_cut_of_a_message_is_found) {
  auto cache = knowledge::open(settings(1));
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  other_program other;
  auto const good = framed("golden", 1'000'000'000, body("golden", "text"));
  auto const with = headers(good);
  std::size_t wrong = 0;
  for (std::size_t bit = 0; bit < good.payload.size() * 8; ++bit) {
    auto flipped = good.payload;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    other.publish("golden", flipped, with);
    wrong += cache->get("golden").absent() ? 0U : 1U;
  }
  for (std::size_t cut = 0; cut < good.payload.size(); ++cut) {
    other.publish("golden", good.payload.substr(0, cut), with);
    wrong += cache->get("golden").absent() ? 0U : 1U;
  }
  BOOST_TEST(wrong == 0u);
  other.publish("golden", good.payload, with);
  BOOST_TEST(cache->get("golden")->data == "text");
}

BOOST_AUTO_TEST_CASE(a_bad_row_is_an_error_for_its_key_alone) {
  auto cache = knowledge::open(settings());
  BOOST_REQUIRE(cache->ready({.within = 60s}).has_value());
  pqxx::connection raw{given("STRATA_TEST_POSTGRES")};
  pqxx::nontransaction sql{raw};
  (void)cache->put(asset("good-row", "text"));
  // As another program writes it: metadata that is no map of strings is kept as it is.
  sql.exec(
      "insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, version) values"
      " ('odd-row', 'template', 'text', '{}', '{\"tags\": [1, {\"deep\": null}], \"n\": 5}', 7)");
  auto const odd = cache->get("odd-row");
  BOOST_REQUIRE(odd.has_value());
  BOOST_TEST((odd->data == "text" && odd->version == 7));
  auto changed = *odd;
  changed.data = "changed";
  BOOST_TEST(cache->put_if(odd, changed).has_value());
  BOOST_TEST(
      sql.query_value<bool>("select metadata = '{\"tags\": [1, {\"deep\": null}], \"n\": 5}' from knowledge_artifacts"
                            " where artifact_id = 'odd-row'"));

  // Deeper than anything that is decoded.
  sql.exec(
      "insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata) values"
      " ('bad-row', 'template', 'text', '{}', (repeat('[', 200) || repeat(']', 200))::jsonb)");
  auto const bad = cache->get("bad-row");
  BOOST_TEST((bad.failed() && bad.error() == errc::corrupt && bad.error().text().contains("metadata: nested deeper")));
  auto const both = cache->get_many(std::vector<std::string>{"bad-row", "good-row"});
  BOOST_TEST((both[0].second.failed() && both[0].second.error() == errc::corrupt));
  BOOST_TEST((both[1].second && both[1].second->data == "text"));
  BOOST_TEST(cache->put(asset("bad-row", "mended")).has_value());
  BOOST_TEST(cache->get("bad-row")->data == "mended");
}

BOOST_AUTO_TEST_SUITE_END()
