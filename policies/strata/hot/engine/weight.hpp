// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/record.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <type_traits>
#include <utility>

// What a value weighs: what record<T>::bytes says, else its size and what it has on the heap, as far as it can be seen:
// strings, ranges, optionals, pairs and the members of described structs. Nodes of maps count four words each. What a
// range of its own kind holds is not looked into: each may be its own only element, as a number in a JSON document is, and
// there is no end to that.
namespace strata::hot::engine {

template <class T>
[[nodiscard]] std::size_t heap_bytes(T const& value) {
  if constexpr (std::is_trivially_copyable_v<T>) {
    return 0;
  } else if constexpr (std::same_as<T, std::string>) {
    return value.capacity() > std::string{}.capacity() ? value.capacity() + 1 : 0;
  } else if constexpr (described<T>) {
    std::size_t sum = 0;
    strata::detail::each_member(value, [&](auto, auto const& member) { sum += heap_bytes(member); });
    return sum;
  } else if constexpr (requires {
                         value.first;
                         value.second;
                       }) {
    return heap_bytes(value.first) + heap_bytes(value.second);
  } else if constexpr (std::ranges::sized_range<T const>) {
    using element = std::ranges::range_value_t<T const>;
    std::size_t each = sizeof(element);
    if constexpr (!std::ranges::random_access_range<T const>) each += 4 * sizeof(void*);
    std::size_t sum = std::ranges::size(value) * each;
    if constexpr (requires { value.capacity(); }) sum = static_cast<std::size_t>(value.capacity()) * each;
    if constexpr (!std::same_as<element, T>)
      for (auto const& one : value) sum += heap_bytes(static_cast<element const&>(one));
    return sum;
  } else if constexpr (requires {
                         value.has_value();
                         *value;
                       }) {
    return value.has_value() ? heap_bytes(*value) : 0;
  } else {
    return 0;
  }
}

/// In bytes. \complexity linear in the parts of the value; user code, so called with nothing held
template <class Value>
[[nodiscard]] std::size_t weigh(Value const& value) {
  if constexpr (requires {
                  { record<Value>::bytes(value) } -> std::convertible_to<std::size_t>;
                })
    return static_cast<std::size_t>(record<Value>::bytes(value));
  else
    return sizeof(Value) + heap_bytes(value);
}

}  // namespace strata::hot::engine
