// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>
#include <utility>

namespace strata {

/// How an enumeration is stored: as its number, unless this is specialised with its names, which then are stored
/// instead:
///   template <> constexpr auto strata::enum_names<color> = std::to_array<strata::named<color>>({{color::red, "red"}});
/// A value without a name is `rejected` by encode, a name without a value is `corrupt` for decode.
template <class E>
constexpr auto enum_names = nullptr;

template <class E>
using named = std::pair<E, std::string_view>;

}  // namespace strata
