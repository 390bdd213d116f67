// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>
#include <strata/record.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

// What a frame of a shared tier is worth (K3): whatever is late, damaged, foreign or newer than this program is a miss
// with a reason. All checks come before the codec sees a byte.
namespace strata {

/// Why a tier's copy was not taken.
enum class miss : std::uint8_t {
  vacant,          ///< the tier has none
  behind,          ///< older than a revision known to exist
  foreign_key,     ///< written to another key
  foreign_codec,   ///< bytes of a codec that this cache does not have
  newer_schema,    ///< written by a newer program in a form that this one must not read
  damaged,         ///< the checksum does not match
  undecodable,     ///< the codec refused the bytes
  unversioned,     ///< written by a program that knows no revisions
  unreachable,     ///< the tier failed or its breaker is open
  doubtful,        ///< a write's outcome is unknown: only cold may answer
};
inline constexpr std::size_t miss_reasons = 10;

constexpr std::string_view to_string(miss m) noexcept {
  constexpr std::string_view names[miss_reasons] = {"vacant",       "behind",      "foreign key", "foreign codec", "newer schema",
                                                    "damaged",      "undecodable", "unversioned", "unreachable",   "doubtful"};
  return names[static_cast<std::size_t>(m)];
}

namespace flow {

struct verdict {
  bool good = false;
  miss why = miss::vacant;
  /// Promotion may overwrite the frame only with a higher revision than this; nullopt: never (a newer program's bytes).
  std::optional<strata::revision> overwritable_above = strata::revision{};
};

/// \param order  the revision that orders the frame: its own, or its position where warm is the truth
/// \param codec  the codec this cache reads
template <class Value>
verdict judge(frame const& f, revision order, std::string_view key, revision floor, std::string_view codec) {
  if (f.key != key) return {.why = miss::foreign_key};
  if (f.sum ? *f.sum != checksum(f) : f.revision != revision{}) return {.why = miss::damaged};
  if (f.schema > record<Value>::schema) return {.why = miss::newer_schema, .overwritable_above = std::nullopt};
  if (order == revision{}) return {.why = miss::unversioned};
  if (order < floor) return {.why = miss::behind, .overwritable_above = order};
  if (f.operation == operation::put && !f.codec.empty() && f.codec != codec)
    return {.why = miss::foreign_codec, .overwritable_above = order};
  return {.good = true, .overwritable_above = order};
}

}  // namespace flow
}  // namespace strata
