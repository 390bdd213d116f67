// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/shape.hpp>

#include <algorithm>
#include <charconv>
#include <compare>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <vector>

// The order in which the entries of a map are written: that of a JavaScript object whose keys were sorted before they
// were set. Keys that are array indices (0 to 4294967294 in plain decimal) come first, by number: an engine puts them
// there whatever was asked of it. The others follow by UTF-16 code units, JavaScript's default sort. Byte order differs
// only where U+E000..U+FFFF meets what lies above U+FFFF. The elements of a hash set are sorted as any others are.
// Source: ECMA-262, OrdinaryOwnPropertyKeys and Array.prototype.sort.
namespace strata::codec::detail {

/// \returns whether the key is an array index; sets it
inline bool array_index(std::string_view key, std::uint32_t& index) noexcept {
  if (key.empty() || key[0] < '0' || key[0] > '9' || key.size() > 10 || (key[0] == '0' && key.size() > 1)) return false;
  auto const [end, wrong] = std::from_chars(key.data(), key.data() + key.size(), index);
  return wrong == std::errc{} && end == key.data() + key.size() && index != UINT32_MAX;
}

inline bool utf16_less(std::string_view left, std::string_view right) noexcept {
  auto const [l, r] = std::mismatch(left.begin(), left.end(), right.begin(), right.end());
  if (l == left.end() || r == right.end()) return l == left.end() && r != right.end();
  auto const a = static_cast<unsigned char>(*l);
  auto const b = static_cast<unsigned char>(*r);
  // Lead bytes: EE and EF begin U+E000..U+FFFF, F0..F4 become surrogates, which are smaller code units.
  if (a >= 0xEE && b >= 0xEE && (a >= 0xF0) != (b >= 0xF0)) return a >= 0xF0;
  return a < b;
}

inline bool key_less(std::string_view left, std::string_view right) noexcept {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  bool const left_index = array_index(left, a);
  bool const right_index = array_index(right, b);
  if (left_index && right_index) return a < b;
  if (left_index != right_index) return left_index;
  return utf16_less(left, right);
}

/// Calls f(element) for each element in the order until it returns false; sorts only where the container's own differs.
template <class Container, class Less, class F>
bool in_order(Container const& all, Less less, F&& f) {
  if (std::ranges::is_sorted(all, less)) {
    for (auto const& element : all)
      if (!f(element)) return false;
    return true;
  }
  std::vector<typename Container::value_type const*> sorted;
  for (auto const& element : all) sorted.push_back(&element);
  std::ranges::sort(sorted, [&](auto const* a, auto const* b) { return less(*a, *b); });
  for (auto const* element : sorted)
    if (!f(*element)) return false;
  return true;
}

template <class Map, class F>
bool in_key_order(Map const& map, F&& f) {
  return in_order(map, [](auto const& a, auto const& b) { return key_less(a.first, b.first); }, f);
}

/// Two of them that are equal may have their elements in different orders.
template <class T>
concept hash_set = set_of_values<T> && requires { typename T::hasher; };

/// An order of what sets hold; of numbers that are none too, since it is asked before those are refused.
template <class T>
bool element_less(T const& left, T const& right) {
  if constexpr (kind_of<T>() == kind::real)
    return std::strong_order(left, right) < 0;
  else if constexpr (kind_of<T>() == kind::duration)
    return element_less(left.count(), right.count());
  else if constexpr (kind_of<T>() == kind::time_point)
    return element_less(left.time_since_epoch(), right.time_since_epoch());
  else
    return left < right;
}

/// Calls f(element) for each element of a list or a set until it returns false, in an order that equal ones share.
template <class List, class F>
bool in_list_order(List const& list, F&& f) {
  if constexpr (hash_set<List>) {
    return in_order(list, element_less<typename List::value_type>, f);
  } else {
    for (auto&& element : list)
      if (!f(element)) return false;
    return true;
  }
}

}  // namespace strata::codec::detail
