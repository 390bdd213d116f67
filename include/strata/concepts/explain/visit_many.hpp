// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/rung.hpp>
#include <strata/key.hpp>
#include <strata/many_keys.hpp>

#include <concepts>
#include <type_traits>

// The advice for who looks at many values with what cannot be looked through, or with a function that cannot be called.
namespace strata {

/// \tparam Again  whether Range can be gone through more than once, so that what it gives stays while it goes on
/// \tparam Given  what it gives
template <class Range, bool Again, class Given, class Key, class Value, class F>
consteval bool explain_visit_many() {
  STRATA_RUNG(
      Range, Again,
      "strata, visit_many(keys, f): this range can be gone through only once, and keys are looked at where they stand. "
      "Give it a forward range, such as a container of keys, or call get_many, which copies them.")
  STRATA_RUNG(Range, (key_in_place<Given, Key>),
              "strata, visit_many(keys, f): what this range gives is no key, or one that is made for each look and "
              "gone after it. "
              "Give it keys that stand somewhere, or std::string_views of text, or call get_many, which copies them.")
  STRATA_RUNG(F, (std::invocable<F&, key_view<Key>, Value const&>),
              "strata, visit_many(keys, f): f cannot be called as f(key, value const&). It looks at each value in its "
              "place, where "
              "others do as well. Take the key (text as std::string_view, numbers by value) and 'value_type const&'.")
  return true;
}

}  // namespace strata
