// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/json_read.hpp>
#include <strata/codec/detail/json_write.hpp>
#include <strata/codec/detail/msgpack_read.hpp>
#include <strata/codec/detail/msgpack_write.hpp>
#include <strata/codec/detail/shape.hpp>
#include <strata/codec/explain.hpp>
#include <strata/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace strata::codec {

/// MessagePack for any struct described with Boost.Hana, and what such a struct may hold (see explain_stored): a map
/// from member names to values, otherwise by the rules of codec::json; metadata that is no map of text to text is its
/// JSON text in an extension of type 74. Links Boost.JSON, for to_json and from_json.
/// \threads stateless
template <class T>
struct msgpack {
  using value_type = T;
  static constexpr std::string_view id = "msgpack";
  /// A hash of T's shape: names and types of its members, nested.
  static constexpr std::uint64_t fingerprint = detail::fingerprint_of<T>();

  /// Appends the bytes of a value.
  /// \errors     rejected, with the member's path, for what codec::json rejects; then nothing is appended
  /// \complexity linear
  result<void> encode(T const& value, std::string& out) const {
    static_assert(explain_stored<T>());
    return detail::append_written<detail::msgpack_writer>(value, out);
  }

  /// \returns    the value; members nobody knows are ignored, missing ones keep their defaults, the last of equal keys
  ///             counts (of structs, the last of each member)
  /// \errors     corrupt, with the member's path: not MessagePack, another type than the member's, out of its range,
  ///             more than 128 levels, a list or map that claims more than the bytes can hold, a text with U+0000 or
  ///             invalid UTF-8
  /// \complexity linear; needs memory in proportion to the bytes
  result<T> decode(std::string_view bytes) const {
    static_assert(explain_stored<T>());
    return detail::made_by<T>(detail::read_msgpack, bytes);
  }

  /// The value as JSON: what a cold tier stores and queries. As codec::json encodes and decodes.
  result<void> to_json(T const& value, std::string& out) const {
    return detail::append_written<detail::json_writer>(value, out);
  }
  result<T> from_json(std::string_view text) const { return detail::made_by<T>(detail::read_json, text); }
};

}  // namespace strata::codec
