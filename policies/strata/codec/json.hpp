// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/json_read.hpp>
#include <strata/codec/detail/json_write.hpp>
#include <strata/codec/detail/shape.hpp>
#include <strata/codec/explain.hpp>
#include <strata/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::codec {

/// JSON for any struct described with Boost.Hana, and what such a struct may hold (see explain_stored). Writes what
/// JavaScript's JSON.stringify writes for the same object: members in the order declared, map entries and the elements
/// of hash sets sorted, enumerations as their numbers (or names: enum_names), durations and time points as counts of
/// their own ticks, an empty optional as null. Links Boost.JSON.
/// \threads stateless
template <class T>
struct json {
  using value_type = T;
  static constexpr std::string_view id = "json";
  /// A hash of T's shape: names and types of its members, nested.
  static constexpr std::uint64_t fingerprint = detail::fingerprint_of<T>();

  /// Appends the JSON of a value.
  /// \errors     rejected, with the member's path: a text with U+0000 or invalid UTF-8, a number that is not finite, an
  ///             enumerator without a name, more than 128 levels; then nothing is appended
  /// \complexity linear in the text; allocates for `out` only, for maps that are not sorted as JavaScript does, and for
  ///             hash sets
  result<void> encode(T const& value, std::string& out) const {
    static_assert(explain_stored<T>());
    return detail::append_written<detail::json_writer>(value, out);
  }

  /// \returns    the value; members nobody knows are ignored, missing ones keep their defaults, the last of equal keys
  ///             counts (of structs, the last of each member)
  /// \errors     corrupt, with the member's path: not JSON, another type than the member's, out of its range, more than
  ///             128 levels, a text with U+0000
  /// \complexity linear; needs memory in proportion to the bytes, and no more stack than for 128 levels
  result<T> decode(std::string_view bytes) const {
    static_assert(explain_stored<T>());
    return detail::made_by<T>(detail::read_json, bytes);
  }

  /// The same: what a cold tier stores and queries.
  result<void> to_json(T const& value, std::string& out) const { return encode(value, out); }
  result<T> from_json(std::string_view text) const { return decode(text); }
};

}  // namespace strata::codec
