// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What crosses a process border: a copy of one key with all that is needed to judge it without decoding it.
namespace strata {

struct frame {
  std::string key{};
  strata::revision revision{};  ///< zero: written by a program that knows no revisions
  strata::operation operation = operation::put;
  std::string codec{};                 ///< id of the codec that made the payload; empty when the writer did not say
  std::uint32_t schema = 1;            ///< record<T>::schema of the writer
  std::uint64_t fingerprint = 0;       ///< of the writer's struct, for people; decides nothing
  std::int64_t created_ms = 0;         ///< writer's wall clock, milliseconds since 1970, for people; orders nothing
  std::int64_t expires_ms = 0;         ///< when it is no answer any more, by the same clock; zero: never
  std::optional<std::uint32_t> sum{};  ///< checksum(frame) as the writer computed it
  std::string payload{};               ///< the codec's bytes; empty for an erase and a notice
};

/// Where a tier keeps a key's copy: opaque, compared by that tier alone.
enum class position : std::uint64_t {};

/// A template, so that a program which only includes a cache compiles no optional of it.
template <class Frame>
struct sighting_of {
  std::optional<Frame> frame{};
  strata::position position{};
};
/// What a warm tier has for a key: a frame or a vacancy, both with the position to store at.
using sighting = sighting_of<frame>;

namespace detail {

// CRC-32 (IEEE 802.3, reflected), eight bytes a step: every language's zlib computes the same.
// Source: Kounavis, Berry: "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation", 2008.
// The tables are made at the first use: a compiler would need longer for them than for the rest of this header.
template <class Word>
auto crc_tables() noexcept {
  std::array<std::array<Word, 256>, 8> tables{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    Word c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1U) != 0 ? 0xEDB88320U ^ (c >> 1U) : c >> 1U;
    tables[0][i] = c;
  }
  for (std::uint32_t i = 0; i < 256; ++i)
    for (std::size_t t = 1; t < 8; ++t) tables[t][i] = (tables[t - 1][i] >> 8U) ^ tables[0][tables[t - 1][i] & 0xFFU];
  return tables;
}

template <class Word = std::uint32_t>
std::uint32_t crc32(std::uint32_t sum, std::string_view bytes) noexcept {
  static auto const table = crc_tables<Word>();
  sum = ~sum;
  auto const at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint32_t const low = sum ^ (at(i) | at(i + 1) << 8U | at(i + 2) << 16U | at(i + 3) << 24U);
    sum = table[7][low & 0xFFU] ^ table[6][(low >> 8U) & 0xFFU] ^ table[5][(low >> 16U) & 0xFFU] ^
          table[4][low >> 24U] ^ table[3][at(i + 4)] ^ table[2][at(i + 5)] ^ table[1][at(i + 6)] ^ table[0][at(i + 7)];
  }
  for (; i < bytes.size(); ++i) sum = (sum >> 8U) ^ table[0][(sum ^ at(i)) & 0xFFU];
  return ~sum;
}

}  // namespace detail

/// CRC-32 over "key \n revision \n operation \n codec \n schema \n payload" (numbers decimal, operation as to_string
/// gives it), with "expires \n" before the payload where it is not zero, so that a damaged header is found as surely as
/// a damaged payload.
template <std::same_as<frame> Frame>
std::uint32_t checksum(Frame const& f) {
  std::string head;
  head.reserve(f.key.size() + f.codec.size() + 48);
  head.append(f.key).append("\n").append(std::to_string(number(f.revision)));
  head.append("\n").append(to_string(f.operation)).append("\n").append(f.codec).append("\n");
  head.append(std::to_string(f.schema)).append("\n");
  if (f.expires_ms != 0) head.append(std::to_string(f.expires_ms)).append("\n");
  return detail::crc32(detail::crc32(0, head), f.payload);
}

}  // namespace strata
