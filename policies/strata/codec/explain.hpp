// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/shape.hpp>

#include <concepts>
#include <cstddef>
#include <utility>

namespace strata::codec {

/// The advice for a value's type: what in it cannot be stored. One error for one mistake.
template <class T, class... Outer>
consteval bool explain_stored() {
  using detail::kind;
  using members = detail::members<T>;
  constexpr kind k = detail::kind_of<T>();
  static_assert(
      k != kind::unsupported,
      "strata::codec: a member (or the value itself) has a type that cannot be stored. Describe a struct with "
      "BOOST_HANA_DEFINE_STRUCT or BOOST_HANA_ADAPT_STRUCT; else use bool, integers, float, double, std::string, "
      "enumerations with an underlying type, chrono durations and time points counted in these, std::optional, arrays, "
      "lists, sets, maps with std::string keys, strata::metadata.");
  static_assert(sizeof...(Outer) != 0 || k == kind::unsupported || std::default_initializable<T>,
                "strata::codec: a struct that cannot be made from nothing cannot be stored: what is read is filled in, "
                "member by member. Give it a default constructor.");
  if constexpr (k == kind::optional) {
    using inner = typename T::value_type;
    static_assert(detail::kind_of<inner>() != kind::optional && detail::kind_of<inner>() != kind::metadata,
                  "strata::codec: an optional of an optional, or of metadata, cannot be stored: both write null for "
                  "different things. Drop the outer one.");
    return explain_stored<inner, Outer...>();
  } else if constexpr (k == kind::set) {
    static_assert(detail::is_scalar<typename T::value_type>(),
                  "strata::codec: a set of structs, lists or optionals cannot be stored: its elements cannot be filled "
                  "in place. Use a vector.");
    return explain_stored<typename T::value_type, Outer...>();
  } else if constexpr (k == kind::array || k == kind::list) {
    return explain_stored<typename T::value_type, Outer...>();
  } else if constexpr (k == kind::map) {
    return explain_stored<typename T::mapped_type, Outer...>();
  } else if constexpr (k == kind::structure && !(std::same_as<T, Outer> || ...)) {
    static_assert(
        !detail::is_described_by_base<T>(),
        "strata::codec: a struct that inherits its description cannot be stored: what it adds to the struct that "
        "is described would be lost. Describe it too, with BOOST_HANA_ADAPT_STRUCT and the members of both.");
    return []<std::size_t... I>(std::index_sequence<I...>) {
      return (explain_stored<typename members::template type<I>, T, Outer...>() && ...);
    }(std::make_index_sequence<members::count>{});
  } else {
    return true;
  }
}

}  // namespace strata::codec
