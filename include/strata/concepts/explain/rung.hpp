// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <type_traits>

// What the ladders share. A ladder is a chain of rungs; the first that breaks says what is missing, why, and how to mend
// it, and the chain ends there with false. Each rung is a static_assert of its own because C++23 takes nothing but a
// literal for the text. Rejected: constraints on the class template, whose failures compilers tell in their own words,
// names of detail first.
namespace strata {

/// Never true: names the offending type in the compiler's line.
template <class T>
inline constexpr bool fits_here = false;

namespace detail {
// How many of the given options have that name.
template <class Tag, class... Options>
inline constexpr int times_given = (0 + ... + (std::is_same_v<typename Options::option, Tag> ? 1 : 0));
}  // namespace detail

}  // namespace strata

// It stays defined: there are ladders in headers of which any may be the last to be included.
#define STRATA_RUNG(type, condition, advice)        \
  if constexpr (!(condition)) {                     \
    static_assert(strata::fits_here<type>, advice); \
    return false;                                   \
  } else
