// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/crc32.hpp>

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

/// CRC-32 over "key \n revision \n operation \n codec \n schema \n payload" (numbers decimal, operation as to_string
/// gives it), with "expires \n" before the payload where it is not zero, so that a damaged header is found as surely as
/// a damaged payload.
template <std::same_as<frame> Frame>
std::uint32_t checksum(Frame const& f) {
  std::string head;
  head.resize_and_overwrite(f.key.size() + f.codec.size() + 64, [&](char* const begin, std::size_t) {
    char* at = begin;
    auto const line = [&](std::string_view text) {
      at += text.copy(at, text.size());
      *at++ = '\n';
    };
    line(f.key);
    line(std::to_string(number(f.revision)));
    line(to_string(f.operation));
    line(f.codec);
    line(std::to_string(f.schema));
    if (f.expires_ms != 0) line(std::to_string(f.expires_ms));
    return at - begin;
  });
  return detail::crc32(detail::crc32(0, head), f.payload);
}

}  // namespace strata
