// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

namespace strata {

namespace detail {
template <class T, class... On>
struct deferred_type {
  using type = T;
};
}  // namespace detail

/// T, said so that it depends on the parameters of a template. A compiler looks into what a template says of a plain type
/// where the template is written; into this one only where it is used. So a program that includes a cache and makes none
/// compiles, say, no optional and no table for it.
template <class T, class... On>
using deferred = typename detail::deferred_type<T, On...>::type;

}  // namespace strata
