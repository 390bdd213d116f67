// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace strata {

/// Why a tier's copy was not taken.
enum class miss : std::uint8_t {
  vacant,         ///< the tier has none
  behind,         ///< older than a revision known to exist
  foreign_key,    ///< written to another key
  foreign_codec,  ///< bytes of a codec that this cache does not have
  newer_schema,   ///< written by a newer program in a form that this one must not read
  older_schema,   ///< written by an older program, which may have left out what it does not know of cold's value
  damaged,        ///< the checksum does not match
  undecodable,    ///< the codec refused the bytes
  unversioned,    ///< written by a program that knows no revisions
  unreachable,    ///< the tier failed or its breaker is open
  doubtful,       ///< a write's outcome is unknown, or the others use another store: only cold may answer
  too_big,        ///< the tier knows the revision, and has no room for the value
  expired,        ///< its time is over
};
inline constexpr std::size_t miss_reasons = 13;

constexpr std::string_view to_string(miss m) noexcept {
  constexpr std::string_view names[miss_reasons] = {
      "vacant",      "behind",      "foreign key", "foreign codec", "newer schema", "older schema", "damaged",
      "undecodable", "unversioned", "unreachable", "doubtful",      "too big",      "expired"};
  return names[static_cast<std::size_t>(m)];
}

}  // namespace strata
