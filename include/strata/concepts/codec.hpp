// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace strata {

/// Turns values into bytes and back; stateless, default-constructible, safe from any thread.
/// Laws (testing/laws/codec.hpp):
///   decode(encode(v)) equals v; encode appends nothing when it fails;
///   decode never throws but bad_alloc, never reads outside its bytes, needs memory in proportion to them;
///   unknown members are ignored, missing ones keep their defaults, wrong types are `corrupt` with the member's path;
///   text with U+0000 or invalid UTF-8 is `rejected` by encode with the member's path.
template <class C>
concept value_codec = std::default_initializable<C> && requires(C const& c, typename C::value_type const& value,
                                                                std::string& out, std::string_view bytes) {
  { C::id } -> std::convertible_to<std::string_view>;
  { C::fingerprint } -> std::convertible_to<std::uint64_t>;
  { c.encode(value, out) } -> std::same_as<result<void>>;
  { c.decode(bytes) } -> std::same_as<result<typename C::value_type>>;
};

/// A codec whose values a cold tier can query: JSON text both ways.
template <class C>
concept json_capable = value_codec<C> && requires(C const& c, typename C::value_type const& value, std::string& out,
                                                  std::string_view json) {
  { c.to_json(value, out) } -> std::same_as<result<void>>;
  { c.from_json(json) } -> std::same_as<result<typename C::value_type>>;
};

}  // namespace strata
