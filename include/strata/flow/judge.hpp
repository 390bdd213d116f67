// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/frame.hpp>
#include <strata/miss.hpp>
#include <strata/record.hpp>

#include <concepts>
#include <cstdint>
#include <string_view>

// What a frame of a shared tier is worth (K3): whatever is late, damaged, foreign, or of a newer or an older program is a
// miss with a reason. All checks come before the codec sees a byte.
namespace strata::flow {

/// Above which nothing is overwritten: there is no higher one.
inline constexpr revision never_overwritten{~std::uint64_t{0}};

struct verdict {
  bool good = false;
  miss why = miss::vacant;
  revision overwritable_above{};  ///< promotion may overwrite the frame only with a higher one
  bool spare = false;             ///< not good, and yet better than nothing while cold does not say
};

/// Whether a frame is what its writer sent, as far as it can be told.
template <std::same_as<frame> Frame>
bool whole(Frame const& f) {
  return f.sum ? *f.sum == checksum(f) : f.revision == revision{};
}

/// \param order  the revision that orders the frame: its own, or its position where warm is the truth
/// \param cold   whether it is a copy of what cold has: an older program reads cold's value as far as it knows it, and what
///               it then tells warm of that revision lacks the rest. Of two programs the newer one's copy stays
/// \param codec  the codec this cache reads
/// \param now_ms  what time it is for frames that expire
template <class Value, std::same_as<frame> Frame>
verdict judge(Frame const& f, revision order, bool cold, std::string_view key, revision floor, std::string_view codec,
              std::int64_t now_ms) {
  if (f.key != key) return {.why = miss::foreign_key};
  if (!whole(f)) return {.why = miss::damaged};
  if (f.schema > record<Value>::schema) return {.why = miss::newer_schema, .overwritable_above = never_overwritten};
  if (order == revision{}) return {.why = miss::unversioned, .spare = true};
  if (order < floor) return {.why = miss::behind, .overwritable_above = order};
  if (f.expires_ms != 0 && f.expires_ms <= now_ms) return {.why = miss::expired, .overwritable_above = order};
  if (f.operation == operation::put && !f.codec.empty() && f.codec != codec)
    return {.why = miss::foreign_codec, .overwritable_above = order};
  if (cold && f.operation == operation::put && f.schema < record<Value>::schema)
    return {.why = miss::older_schema, .overwritable_above = revision{number(order) - 1}, .spare = true};
  return {.good = true, .overwritable_above = order};
}

}  // namespace strata::flow
