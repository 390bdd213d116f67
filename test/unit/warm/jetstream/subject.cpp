// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream/subject.hpp>

#include <strata/key.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_map>

using namespace strata::warm::jetstream_detail;

BOOST_AUTO_TEST_SUITE(subjects)

namespace {

std::string token(std::string_view key) {
  std::string t;
  append_token(key, t);
  return t;
}

bool harmless(std::string_view t) {
  return !t.empty() && t.size() <= max_token_bytes &&
         std::ranges::all_of(t, [](char c) { return plain_in_subject(c) || c == '='; });
}

void append_utf8(std::uint32_t c, std::string& out) {
  auto const put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6U), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12U), put(0x80 | (c >> 6U & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18U), put(0x80 | (c >> 12U & 0x3F)), put(0x80 | (c >> 6U & 0x3F)), put(0x80 | (c & 0x3F));
}

// Any text inside the rule, with a liking for what has a meaning in a subject, in a header or in an escape.
std::string hostile_key(std::mt19937_64& random) {
  static constexpr std::array<std::string_view, 16> pieces{".",   "*",  ">",       " ", "\r\n", "\t", "../", "=",
                                                           "=2E", "=h", "$JS.API", "a", "Z",    "9",  "-",   "_"};
  std::string key;
  std::size_t const size = 1 + random() % (random() % 8 == 0 ? 512 : 24);
  while (key.size() < size) {
    if (random() % 2 == 0) {
      key.append(pieces[random() % pieces.size()]);
    } else {
      std::uint32_t c = 1 + static_cast<std::uint32_t>(random() % 0x10FFFF);
      if (c >= 0xD800 && c < 0xE000) c = 0xE000;
      append_utf8(random() % 2 == 0 ? 1 + c % 0x7E : c, key);
    }
  }
  while (key.size() > strata::max_key_bytes || !strata::key_fault(key).empty()) key.pop_back();
  return key.empty() ? "x" : key;
}

}  // namespace

BOOST_AUTO_TEST_CASE(plain_keys_stay_as_they_are) {
  BOOST_TEST(token("rust-microservice") == "rust-microservice");
  BOOST_TEST(token("Az09_-") == "Az09_-");
}

BOOST_AUTO_TEST_CASE(every_other_byte_is_escaped) {
  BOOST_TEST(token("a.b") == "a=2Eb");
  BOOST_TEST(token("*") == "=2A");
  BOOST_TEST(token("=") == "=3D");
  BOOST_TEST(token("\r\n") == "=0D=0A");
  BOOST_TEST(token("\xC3\xA9") == "=C3=A9");
  for (int byte = 0; byte < 256; ++byte) BOOST_TEST(harmless(token(std::string(1, static_cast<char>(byte)))));
}

BOOST_AUTO_TEST_CASE(keys_that_others_keep_as_they_are) {
  for (auto const* key : {"a.b", "a/b", "=", "\xC3\xA9", "a*", "a.b>"}) BOOST_TEST(spelled_elsewhere(key), key);
  BOOST_TEST(spelled_elsewhere(std::string(201, 'a')));
  for (auto const* key : {"plain-1", "a b", "a\tb", "a\nb", "*", "a.*", ">", "a.>", ".a", "a.", "a..b", "."})
    BOOST_TEST(!spelled_elsewhere(key), key);
}

BOOST_AUTO_TEST_CASE(a_key_that_looks_like_the_token_of_another_has_no_other_place) {
  for (std::string const& key : {token("page "), token("a.b"), token("="), token(std::string(201, 'a'))})
    BOOST_TEST(!spelled_elsewhere(key), key);
  for (auto const* key : {"=2e", "=41", "=h00"}) BOOST_TEST(spelled_elsewhere(key), key);  // what is never made
}

BOOST_AUTO_TEST_CASE(long_keys_become_a_hash) {
  BOOST_TEST(token(std::string(200, 'a')) == std::string(200, 'a'));
  BOOST_TEST(token(std::string(201, 'a')) == "=h" + sha256(std::string(201, 'a')));
  BOOST_TEST(token(std::string(67, '.')) == "=h" + sha256(std::string(67, '.')));
  BOOST_TEST(!key_of_token(token(std::string(201, 'a'))));
}

BOOST_AUTO_TEST_CASE(no_two_keys_share_a_token_and_each_comes_back) {
  std::mt19937_64 random{20261};
  std::unordered_map<std::string, std::string> taken;
  std::size_t distinct = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string const key = hostile_key(random);
    std::string const t = token(key);
    if (!harmless(t)) BOOST_ERROR("a token holds what it must not: " << t);
    auto const [at, is_new] = taken.try_emplace(t, key);
    distinct += is_new ? 1U : 0U;
    if (at->second != key) BOOST_ERROR("two keys share the token " << t);
    if (!t.starts_with("=h") && key_of_token(t) != key) BOOST_ERROR("the key of " << t << " does not come back");
    std::string header;
    escape(key, plain_in_header, header);
    if (unescape(header, plain_in_header) != key) BOOST_ERROR("the key does not come back from its header " << header);
    if (!std::ranges::all_of(header, [](char c) { return c > ' ' && c <= '~'; }))
      BOOST_ERROR("a header holds what it must not: " << header);
  }
  BOOST_TEST(distinct > 90'000U);
}

BOOST_AUTO_TEST_CASE(what_is_never_made_is_no_key) {
  for (std::string_view const t : {"", "=", "=2", "=2g", "=2e", "=41", "a.b", "a*", "=h00", "a b"})
    BOOST_TEST(!key_of_token(t), t);
}

BOOST_AUTO_TEST_CASE(prefixes) {
  for (std::string_view const good : {"knowledge.cache", "a", "a.b.c-d_e"}) BOOST_TEST(good_prefix(good), good);
  for (std::string_view const bad : {"", ".", "a.", ".a", "a..b", "a.*", "a.>", "a b", "a=b", "\xC3\xA9"})
    BOOST_TEST(!good_prefix(bad), bad);
}

// FIPS 180-4's own examples, and the boundaries of a block.
BOOST_AUTO_TEST_CASE(sha256_vectors) {
  BOOST_TEST(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
             "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  BOOST_TEST(sha256(std::string(1'000'000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  BOOST_TEST(sha256(std::string(55, 'a')) == "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318");
  BOOST_TEST(sha256(std::string(56, 'a')) == "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a");
  BOOST_TEST(sha256(std::string(64, 'a')) == "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb");
}

BOOST_AUTO_TEST_SUITE_END()
