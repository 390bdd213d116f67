// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/key.hpp>
#include <strata/record.hpp>

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Texts that no database stores unharmed (U+0000, broken UTF-8) are refused before anything is written, in every
// configuration, and the error names the member.
namespace strata {

namespace detail {

template <class T>
concept texty = std::convertible_to<T const&, std::string_view>;
// Not what is made of itself, as a path is of paths, each its own only element: there is no end to that.
template <class T>
concept iterable = requires(T const& v) {
  v.begin() != v.end();
  requires !std::same_as<std::remove_cvref_t<decltype(*v.begin())>, T>;
};
template <class T>
concept pairish = requires(T const& v) {
  v.first;
  v.second;
};
template <class T>
concept maybe = requires(T const& v) {
  v.has_value();
  *v;
};

// Extends `path` to the first bad text and says what is wrong with it; leaves it as it was when there is none.
template <class T>
std::string_view find_text_fault(T const& value, std::string& path) {
  if constexpr (texty<T>) {
    if constexpr (std::is_pointer_v<T>)
      if (value == nullptr) return "is a null pointer, and no text";
    return text_fault(value);
  } else if constexpr (described<T>) {
    std::string_view fault;
    each_member(value, [&](std::string_view name, auto const& member) {
      if (!fault.empty()) return;
      auto const before = path.size();
      path.append(before == 0 ? "" : ".").append(name);
      fault = find_text_fault(member, path);
      if (fault.empty()) path.resize(before);
    });
    return fault;
  } else if constexpr (pairish<T>) {
    if (auto const fault = find_text_fault(value.first, path); !fault.empty()) return fault;
    auto const before = path.size();
    if constexpr (texty<decltype(value.first)>) path.append(before == 0 ? "" : ".").append(value.first);
    auto const fault = find_text_fault(value.second, path);
    if (fault.empty()) path.resize(before);
    return fault;
  } else if constexpr (maybe<T>) {
    return value.has_value() ? find_text_fault(*value, path) : std::string_view{};
  } else if constexpr (iterable<T>) {
    for (auto const& element : value)
      if (auto const fault = find_text_fault(element, path); !fault.empty()) return fault;
    return {};
  } else {
    return {};
  }
}

}  // namespace detail

/// \returns what is wrong with the first bad text of a value, with the member's path: "metadata.note holds U+0000, ..."
/// \complexity linear in the bytes of its texts
template <class T>
deferred<std::optional<std::string>, T> value_fault(T const& value) {
  std::string path;
  auto const fault = detail::find_text_fault(value, path);
  if (fault.empty()) return std::nullopt;
  if (path.empty()) path = "the value";
  return std::move(path.append(1, ' ').append(fault));
}

}  // namespace strata
