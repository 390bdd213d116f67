// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>
#include <utility>

namespace strata {

template <class E>
using named = std::pair<E, std::string_view>;

/// How an enumeration is stored: as its number, unless this is specialised with its names, which then are stored:
///   template <>
///   struct strata::enum_names<color> {
///     static constexpr strata::named<color> all[] = {{color::red, "red"}, {color::green, "green"}};
///   };
/// A value without a name is `rejected` by encode, a name without a value is `corrupt` for decode.
template <class E>
struct enum_names {};

}  // namespace strata
