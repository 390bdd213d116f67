// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/key.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace strata_test {

inline void append_utf8(std::uint32_t c, std::string& out) {
  auto const put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(static_cast<unsigned char>(byte))); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xC0 | c >> 6U), put(0x80 | (c & 0x3F));
  if (c < 0x10000) return put(0xE0 | c >> 12U), put(0x80 | (c >> 6U & 0x3F)), put(0x80 | (c & 0x3F));
  put(0xF0 | c >> 18U), put(0x80 | (c >> 12U & 0x3F)), put(0x80 | (c >> 6U & 0x3F)), put(0x80 | (c & 0x3F));
}

/// Keys inside the rule that mean something to NATS, to SQL, to headers or to our own escapes: all different, and the same
/// ones each time.
inline std::vector<std::string> hostile_keys(std::size_t count) {
  static constexpr std::array<std::string_view, 26> pieces{".",
                                                           "*",
                                                           ">",
                                                           " ",
                                                           "\r\n",
                                                           "\t",
                                                           "../",
                                                           "=",
                                                           "=2E",
                                                           "=h",
                                                           "\r\nPUB knowledge.cache.template.victim 3\r\nbad\r\n",
                                                           "$JS.API.STREAM.PURGE.KNOWLEDGE_CACHE",
                                                           "a",
                                                           "A",
                                                           "9",
                                                           "-",
                                                           "_",
                                                           "..",
                                                           ".*",
                                                           ".>",
                                                           "%00",
                                                           "\"",
                                                           "\\",
                                                           "Strata-Key: x\r\n",
                                                           "'; drop table hostile; --",
                                                           "{\"a\",NULL}"};
  std::mt19937_64 random{13};
  std::unordered_set<std::string> made;
  std::vector<std::string> keys;
  keys.reserve(count);
  while (keys.size() < count) {
    std::string key;
    std::size_t const size = 1 + random() % (random() % 16 == 0 ? 512 : 20);
    while (key.size() < size) {
      if (random() % 2 == 0) {
        key.append(pieces[random() % pieces.size()]);
        continue;
      }
      std::uint32_t c = 1 + static_cast<std::uint32_t>(random() % 0x10FFFF);
      if (c >= 0xD800 && c < 0xE000) c = 0xE000;
      append_utf8(random() % 2 == 0 ? 1 + c % 0x7E : c, key);
    }
    while (!key.empty() && (key.size() > strata::max_key_bytes || !strata::key_fault(key).empty())) key.pop_back();
    if (!key.empty() && made.insert(key).second) keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace strata_test
