// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/explain/visit_many.hpp>
#include <strata/concepts/observer.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/lru.hpp>
#include <strata/key.hpp>
#include <strata/local/options.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>

#include <concepts>
#include <cstddef>
#include <functional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

// The advice for who composes a local_cache that cannot be: the first error says which parameter is wrong, why, and what
// mends it.
namespace strata::local {

template <class Hot>
concept engine_policy = requires(typename Hot::options o) {
  o.capacity_entries;
  o.capacity_bytes;
  o.eviction;
  o.pages;
};
template <class O>
concept option_of_ours =
    requires { typename O::option; } && (std::same_as<typename O::option, strata::detail::clock_option> ||
                                         std::same_as<typename O::option, strata::detail::observer_option> ||
                                         std::same_as<typename O::option, strata::detail::weigher_option>);
template <class Key>
concept hashes = std::integral<Key> || std::is_enum_v<Key> || requires(Key const& k) {
  { std::hash<Key>{}(k) } -> std::convertible_to<std::size_t>;
};

// T has been given for the option of that name.
template <class Key, class Value, class Tag, class T>
consteval bool explain_given() {
  STRATA_RUNG(T,
              (std::same_as<Tag, strata::detail::clock_option> ||
               (std::default_initializable<T> && std::move_constructible<T>)),
              "strata::local_cache, options: the T of strata::observer<T> or strata::weigher<T> cannot be made from "
              "nothing and moved. The cache keeps one of its own, moved out of its settings. Hold state that is shared "
              "by a pointer, and give T a constructor without arguments.")
  STRATA_RUNG(
      T, (!std::same_as<Tag, strata::detail::observer_option> || hears_removed<T, key_view<Key>, Value>),
      "strata::local_cache, options: strata::observer<T>: T has no 'removed' that can be called with the key (text as "
      "std::string_view), a Value const& and a strata::removal, so it would never hear of anything. Add "
      "'void removed(std::string_view key, Value const& value, strata::removal why)'.")
  STRATA_RUNG(
      T,
      (!std::same_as<Tag, strata::detail::weigher_option> ||
       requires(T const& w, key_view<Key> k, Value const& v) {
         { w(k, v) } -> std::convertible_to<std::size_t>;
       }),
      "strata::local_cache, options: strata::weigher<T>: T cannot be called, being const, with the key (text as "
      "std::string_view) and a Value const&, to give a std::size_t. Add "
      "'std::size_t operator()(std::string_view key, Value const& value) const'.")
  STRATA_RUNG(T,
              (!std::same_as<Tag, strata::detail::clock_option> ||
               requires(T const& c) {
                 { c.now() } noexcept -> std::same_as<monotonic_clock::moment>;
               }),
              "strata::local_cache, options: strata::clock<T>: T has no now() const noexcept that gives a time "
              "point of std::chrono::steady_clock. Add 'std::chrono::steady_clock::time_point now() const "
              "noexcept'.")
  return true;
}

template <class Key, class Value, class Option, class... Rest>
consteval bool explain_options() {
  STRATA_RUNG(Option, option_of_ours<Option>,
              "strata::local_cache, options (after the 3rd parameter): nothing in a local_cache uses this. "
              "Take it out; there are strata::observer<T>, strata::weigher<T> and strata::clock<T>.")
  if constexpr (!explain_given<Key, Value, typename Option::option, typename Option::type>())
    return false;
  else if constexpr (sizeof...(Rest) == 0)
    return true;
  else if constexpr (!explain_options<Key, Value, Rest...>())
    return false;
  else {
    STRATA_RUNG(Option, (strata::detail::times_given<typename Option::option, Option, Rest...> == 1),
                "strata::local_cache, options (after the 3rd parameter): the same option is given twice. Only one "
                "could be used, and which one would be a guess. Take one of them out.")
    return true;
  }
}

template <class Key, class Value, class Hot, class... Options>
consteval bool explain() {
  STRATA_RUNG(Key, (std::is_object_v<Key> && !std::is_const_v<Key> && std::copy_constructible<Key>),
              "strata::local_cache, 1st parameter (Key): this is no type of which the cache can keep a copy. "
              "Name a plain copyable type: std::string rather than a view or a reference.")
  STRATA_RUNG(
      Key, (!std::is_pointer_v<Key> && std::equality_comparable<Key> && hashes<Key>),
      "strata::local_cache, 1st parameter (Key): keys are compared and hashed, and this type cannot be (of pointers "
      "only the address would be). Give it 'bool operator==(Key const&) const' and specialise std::hash<Key>.")
  STRATA_RUNG(Value, (std::is_object_v<Value> && !std::is_const_v<Value> && std::move_constructible<Value>),
              "strata::local_cache, 2nd parameter (Value): this is no type that can be moved into the cache. "
              "Name the type itself, without const or reference, or a std::unique_ptr to what cannot be moved.")
  STRATA_RUNG(
      Hot, engine_policy<Hot>,
      "strata::local_cache, 3rd parameter (Hot): this is no eviction policy of strata::hot. Name one, such as "
      "strata::hot::lru or strata::hot::sieve, or one of your own over strata::hot::engine. Options come after it.")
  if constexpr (sizeof...(Options) != 0)
    return explain_options<Key, Value, Options...>();
  else
    return true;
}

template <class Range>
consteval bool explain_range() {
  STRATA_RUNG(
      Range, std::ranges::input_range<Range>,
      "strata::local_cache: get_many, visit_many and erase_many take a range of keys, put_many one of pairs (key, "
      "value). Give a range, or call get, visit, erase or put.")
  return true;
}

template <class Range, class Key>
consteval bool explain_keys() {
  if constexpr (!explain_range<Range>())
    return false;
  else {
    STRATA_RUNG(
        Range, (std::is_constructible_v<Key, std::ranges::range_reference_t<Range>&>),
        "strata::local_cache: get_many and erase_many take keys, and of what this range has no key can be made. "
        "Give it keys.")
    return true;
  }
}

template <class Range, class Key, class Value, class F>
consteval bool explain_visited() {
  if constexpr (!explain_range<Range>())
    return false;
  else
    return explain_visit_many<Range, std::ranges::forward_range<Range>, std::ranges::range_reference_t<Range>, Key,
                              Value, F>();
}

// Whether any other class does only the compiler knows.
template <class E>
concept comes_apart = requires { requires std::tuple_size<E>::value == 2; } || std::is_array_v<E> ||
                      (std::is_class_v<E> && !std::ranges::range<E>);

/// Whether put_many may move values out of the pairs of this range.
template <class Range>
inline constexpr bool gives_values =
    std::ranges::view<std::remove_cvref_t<Range>> ? !std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>>
                                                  : !std::is_lvalue_reference_v<Range>;
// Of a class without tuple_size what it comes apart into only the compiler knows.
template <class Pair, class Key, class Value, bool Gives>
inline constexpr bool becomes_entry = true;
template <class Pair, class Key, class Value, bool Gives>
  requires requires { std::tuple_size<Pair>::value; }
inline constexpr bool becomes_entry<Pair, Key, Value, Gives> = [] {
  using second = std::tuple_element_t<1, Pair>;
  return std::is_convertible_v<std::tuple_element_t<0, Pair>&, key_view<Key>> &&
         std::is_convertible_v<std::conditional_t<Gives && !std::is_reference_v<second>, second, second&>, Value>;
}();

template <class Range, class Key, class Value>
consteval bool explain_pairs() {
  if constexpr (!explain_range<Range>())
    return false;
  else {
    STRATA_RUNG(Range, comes_apart<std::ranges::range_value_t<Range>>,
                "strata::local_cache: put_many takes pairs of a key and a value, and this range has none. "
                "Give it such, as std::views::zip makes them of two ranges.")
    STRATA_RUNG(
        Range, (becomes_entry<std::ranges::range_value_t<Range>, Key, Value, gives_values<Range>>),
        "strata::local_cache: put_many: of what these pairs hold put(key, value) cannot be called. Give it keys, or "
        "text where keys are text, and what becomes a value; values that only move need std::move(range).")
    return true;
  }
}

/// What a local_cache is made of; something sound where the advice is given, so that it is the only error.
template <bool Sound, class Key, class Value, class Hot, class... Options>
struct parts {
  using key_type = Key;
  using value_type = Value;
  using hot_policy = Hot;
  using clock_type = option_t<strata::detail::clock_option, monotonic_clock, Options...>;
  using observer_type = option_t<strata::detail::observer_option, no_observer, Options...>;
  using weigher_type = option_t<strata::detail::weigher_option, by_bytes, Options...>;
};
template <class Key, class Value, class Hot, class... Options>
struct parts<false, Key, Value, Hot, Options...> : parts<true, int, int, hot::lru> {};

}  // namespace strata::local
