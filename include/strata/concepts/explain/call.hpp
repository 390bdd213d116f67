// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/rung.hpp>
#include <strata/error.hpp>

#include <concepts>
#include <expected>
#include <type_traits>

// The advice for who gives a verb a function that it cannot call.
namespace strata {

namespace detail {

/// load() gives a T or a result<T>.
template <class F, class T>
concept loader_for = requires(F& load) { requires std::is_convertible_v<decltype(load()), result<T>>; };

/// f(value&) gives nothing, or whether to write.
template <class F, class T>
concept changer_for = std::is_copy_constructible_v<T> && requires(F& f, T& value) {
  requires std::is_void_v<decltype(f(value))> || std::is_constructible_v<bool, decltype(f(value))>;
};

/// f(value const&) gives anything.
template <class F, class T>
concept visitor_for = std::invocable<F&, T const&>;

}  // namespace detail

template <class F>
std::unexpected<error> explain_loader() {
  static_assert(
      fits_here<F>,
      "strata, get_or_load(key, load): load cannot be called as load() to give the value or a result of it. It "
      "is asked where nobody has the value, and what it gives is kept. Take no argument but capture the key, "
      "and return the cache's value_type or strata::result of it.");
  return failure(errc::unsupported);
}

template <class F, class T>
std::unexpected<error> explain_changer() {
  if constexpr (!std::is_copy_constructible_v<T>)
    static_assert(fits_here<T>,
                  "strata::cache, update(key, f): the value cannot be copied. Others read it while f changes it, so f "
                  "is given a copy. Call put with a new value, or put_if with what was read.");
  else
    static_assert(
        fits_here<F>,
        "strata::cache, update(key, f): f cannot be called as f(value&) to give nothing or a bool. It changes "
        "a copy of the value in place, and false gives up. Take 'value_type&', and return void or bool.");
  return failure(errc::unsupported);
}

template <class F>
std::unexpected<error> explain_visitor() {
  static_assert(
      fits_here<F>,
      "strata, visit(key, f): f cannot be called as f(value const&). It looks at the value in its place, where "
      "others do as well. Take 'value_type const&'; to change the value, put another.");
  return failure(errc::unsupported);
}

}  // namespace strata
