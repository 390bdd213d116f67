// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/headers.hpp>

#include <strata/change.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/follow.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

using namespace strata::warm::jetstream_detail;
using strata::errc;
using strata::frame;
using strata::operation;
using strata::revision;

BOOST_AUTO_TEST_SUITE(headers)

namespace {

frame golden() {
  frame f;
  f.key = "a b=\r\n\xC3\xA9.*";
  f.revision = revision{42};
  f.codec = "json";
  f.schema = 3;
  f.fingerprint = 0xAB;
  f.created_ms = 1'700'000'000'000;
  f.payload = R"({"id":"x"})";
  f.sum = checksum(f);
  return f;
}

frame ending() {
  frame f = golden();
  f.expires_ms = 1'700'000'003'600;
  f.sum = checksum(f);
  return f;
}

std::string block_of(frame const& f, std::optional<std::uint64_t> expected = std::nullopt) {
  std::string block = "NATS/1.0\r\n";
  for (auto const& [name, value] : headers_of(f, "0123456789abcdef", expected))
    block.append(name).append(": ").append(value).append("\r\n");
  return block + "\r\n";
}

bool same(frame const& a, frame const& b) {
  return a.key == b.key && a.revision == b.revision && a.operation == b.operation && a.codec == b.codec &&
         a.schema == b.schema && a.fingerprint == b.fingerprint && a.created_ms == b.created_ms &&
         a.expires_ms == b.expires_ms && a.sum == b.sum && a.payload == b.payload;
}

// What a reader may conclude from a message: the frame as it was, or a reason not to take it. A frame without a revision
// counts as foreign, which is served by nobody who can ask cold.
bool honest(strata::result<frame> const& read, frame const& was) {
  if (!read) return read.error() == errc::corrupt;
  if (read->revision == revision{} && !read->sum) return true;
  if (read->key != was.key || !read->sum || *read->sum != checksum(*read)) return true;
  return read->payload == was.payload && read->revision == was.revision && read->operation == was.operation &&
         read->schema == was.schema && read->expires_ms == was.expires_ms;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_frame_comes_back_from_its_headers) {
  for (frame const& f : {golden(), ending()}) {
    auto const back = frame_of(header_block{block_of(f)}, f.key, f.payload);
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST(same(*back, f));
  }
}

BOOST_AUTO_TEST_CASE(the_bytes_of_the_headers_are_pinned) {
  BOOST_TEST(block_of(golden(), 7) ==
             "NATS/1.0\r\nStrata-Key: a=20b=3D=0D=0A=C3=A9.*\r\nStrata-Revision: 42\r\nStrata-Op: put\r\nStrata-Codec: "
             "json\r\n"
             "Strata-Schema: 3 00000000000000ab\r\nStrata-Created: 1700000000000\r\nStrata-Sum: " +
                 std::format("{:08x}", *golden().sum) +
                 "\r\nStrata-Instance: 0123456789abcdef\r\nNats-Expected-Last-Subject-Sequence: 7\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(their_size_is_what_the_wire_carries) {
  auto const list = headers_of(golden(), "0123456789abcdef", 7);
  BOOST_TEST(list.bytes() == block_of(golden(), 7).size());
}

BOOST_AUTO_TEST_CASE(a_missing_sum_is_computed) {
  frame f = golden();
  f.sum.reset();
  auto const back = frame_of(header_block{block_of(f)}, f.key, f.payload);
  BOOST_TEST((back->sum == golden().sum));
}

BOOST_AUTO_TEST_CASE(an_erase_comes_back) {
  frame f = golden();
  f.operation = operation::erase;
  f.payload.clear();
  auto const back = frame_of(header_block{block_of(f)}, f.key, "");
  BOOST_TEST((back->operation == operation::erase));
  BOOST_TEST((back->revision == revision{42}));
}

BOOST_AUTO_TEST_CASE(a_message_without_our_headers_has_no_revision) {
  for (std::string_view const block : {"", "NATS/1.0\r\n\r\n", "NATS/1.0\r\nTrace: 1\r\n\r\n"}) {
    auto const back = frame_of(header_block{block}, "k", "bytes");
    BOOST_REQUIRE(back.has_value());
    BOOST_TEST(back->key == "k");
    BOOST_TEST((back->revision == revision{}));
    BOOST_TEST(!back->sum);
    BOOST_TEST(back->payload == "bytes");
  }
}

BOOST_AUTO_TEST_CASE(some_of_our_headers_and_not_all_is_damage) {
  std::string const whole = block_of(golden());
  for (char const* name : {key_header, revision_header, operation_header, sum_header}) {
    std::string broken = whole;
    broken[broken.find(name) + 3] = '?';
    auto const read = frame_of(header_block{broken}, golden().key, golden().payload);
    BOOST_TEST(!read, name);
  }
}

BOOST_AUTO_TEST_CASE(a_foreign_key_is_shown_as_it_is) {
  auto const back = frame_of(header_block{block_of(golden())}, "another", golden().payload);
  BOOST_TEST(back->key == golden().key);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_and_every_truncation_is_noticed) {
  frame const f = ending();
  std::string const block = block_of(f, 7);
  std::size_t tried = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit, ++tried) {
      std::string flipped = block;
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      if (!honest(frame_of(header_block{flipped}, f.key, f.payload), f))
        BOOST_ERROR("bit " << bit << " of header byte " << i);
      (void)change_of(header_block{flipped}, "token", flipped);
    }
    ++tried;
    if (!honest(frame_of(header_block{block.substr(0, i)}, f.key, f.payload), f)) BOOST_ERROR("headers cut at " << i);
  }
  for (std::size_t i = 0; i < f.payload.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit, ++tried) {
      std::string flipped = f.payload;
      flipped[i] = static_cast<char>(flipped[i] ^ 1 << bit);
      if (!honest(frame_of(header_block{block}, f.key, flipped), f))
        BOOST_ERROR("bit " << bit << " of payload byte " << i);
    }
    ++tried;
    if (!honest(frame_of(header_block{block}, f.key, f.payload.substr(0, i)), f)) BOOST_ERROR("payload cut at " << i);
  }
  BOOST_TEST(tried > 2'000U);
}

BOOST_AUTO_TEST_CASE(markers_of_others_are_vacancies_with_a_place) {
  for (std::string_view const marker : {"KV-Operation: DEL", "KV-Operation: PURGE", "Nats-Marker-Reason: MaxAge"}) {
    std::string const block = std::string{"NATS/1.0\r\n"}.append(marker).append("\r\n\r\n");
    auto const seen = sighting_of(header_block{block}, "k", "", 9);
    BOOST_REQUIRE(seen.has_value());
    BOOST_TEST(!seen->frame);
    BOOST_TEST(static_cast<std::uint64_t>(seen->position) == 9U);
  }
}

BOOST_AUTO_TEST_CASE(the_feed_reads_the_same_headers) {
  std::string key;
  auto const told = change_of(header_block{block_of(golden())}, "token", key);
  BOOST_TEST(told.key == golden().key);
  BOOST_TEST((told.revision == revision{42}));
  auto const foreign = change_of(header_block{"NATS/1.0\r\n\r\n"}, "a=2Eb", key);
  BOOST_TEST(foreign.key == "a.b");
  BOOST_TEST((foreign.revision == revision{}));
  BOOST_TEST(change_of(header_block{""}, "=h00", key).key == "");
  auto const marker = change_of(header_block{"NATS/1.0\r\nNats-Marker-Reason: MaxAge\r\n\r\n"}, "a", key);
  BOOST_TEST((marker.operation == operation::erase));
}

BOOST_AUTO_TEST_CASE(answers_of_the_leader) {
  auto const held = leader_answer(R"({"type":"t","message":{"subject":"s","seq":4,"data":"aGk=","time":"2026"}})", "k");
  BOOST_REQUIRE(held.has_value());
  BOOST_TEST(held->sequence == 4U);
  BOOST_TEST(held->frame->payload == "hi");
  auto const none = leader_answer(R"({"error":{"code":404,"err_code":10037,"description":"no message found"}})", "k");
  BOOST_TEST((none && none->sequence == 0 && !none->frame));
  BOOST_TEST(
      (leader_answer(R"({"error":{"code":404,"err_code":10059,"description":"stream not found"}})", "k").error() ==
       errc::unavailable));
  for (std::string_view const bad :
       {"", "{}", "[]", R"({"message":{"seq":"x"}})", R"({"message":{"seq":1,"data":"?"}})"})
    BOOST_TEST((leader_answer(bad, "k").error() == errc::unavailable), bad);
}

BOOST_AUTO_TEST_CASE(acknowledgements) {
  BOOST_TEST(acknowledgement_in(R"({"stream":"S","seq":5})").sequence == 5U);
  auto const no = acknowledgement_in(
      R"({"error":{"code":400,"err_code":10071,"description":"wrong last sequence: 5"},"stream":"S","seq":0})");
  BOOST_TEST(no.refused == 10071);
  BOOST_TEST(no.why == "wrong last sequence: 5");
  BOOST_TEST(acknowledgement_in("rubbish").sequence == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
