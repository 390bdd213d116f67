// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/enum_names.hpp>
#include <strata/codec/metadata.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/at.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/core/to.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/length.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/string.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// What a stored type looks like to every codec: which kind of thing it is, which members it has, and its fingerprint.
namespace strata::codec::detail {

enum class kind : std::uint8_t {
  boolean,
  integer,
  real,
  text,
  enumeration,
  named_enumeration,
  duration,
  time_point,
  optional,
  array,
  set,
  list,
  map,
  metadata,
  structure,
  unsupported
};

template <class T>
constexpr bool is_duration = false;
template <class Rep, class Period>
constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
constexpr bool is_time_point = false;
template <class Clock, class Duration>
constexpr bool is_time_point<std::chrono::time_point<Clock, Duration>> = true;
template <class T>
constexpr bool is_optional = false;
template <class T>
constexpr bool is_optional<std::optional<T>> = true;
template <class T>
constexpr bool is_array = false;
template <class T, std::size_t N>
constexpr bool is_array<std::array<T, N>> = true;
template <class T>
constexpr bool is_character = false;
template <>
inline constexpr bool is_character<char> = true;
template <>
inline constexpr bool is_character<wchar_t> = true;
template <>
inline constexpr bool is_character<char8_t> = true;
template <>
inline constexpr bool is_character<char16_t> = true;
template <>
inline constexpr bool is_character<char32_t> = true;

template <class T>
concept map_of_text = std::same_as<typename T::key_type, std::string> && requires(T t, std::string key) {
  typename T::mapped_type;
  t.try_emplace(std::move(key));
  t.clear();
};
template <class T>
concept set_of_values =
    std::same_as<typename T::key_type, typename T::value_type> && requires(T t, typename T::value_type v) {
      t.insert(std::move(v));
      t.clear();
    };
// Not what is a list of itself, as the JSON document of another library: there is no end to that.
template <class T>
concept growing_list = requires(T t) {
  requires !std::same_as<typename T::value_type, T>;
  t.emplace_back();
  t.back();
  t.clear();
  t.size();
};
// An enumeration without a fixed underlying type cannot hold every number; E{0} does not compile for it.
template <class E>
concept holds_any_number = requires { E{0}; };

template <class T>
consteval kind kind_of();
// What ticks are counted in.
template <class Rep>
consteval bool is_count() {
  return kind_of<Rep>() == kind::integer || kind_of<Rep>() == kind::real;
}

template <class T>
consteval kind kind_of() {
  if constexpr (std::same_as<T, bool>)
    return kind::boolean;
  else if constexpr (is_character<T>)
    return kind::unsupported;
  else if constexpr (std::integral<T> && sizeof(T) <= 8)
    return kind::integer;
  else if constexpr (std::same_as<T, float> || std::same_as<T, double>)
    return kind::real;
  else if constexpr (std::same_as<T, std::string>)
    return kind::text;
  else if constexpr (std::is_enum_v<T>) {
    if constexpr (requires { enum_names<T>::all; })
      return kind::named_enumeration;
    else
      return holds_any_number<T> ? kind::enumeration : kind::unsupported;
  } else if constexpr (is_duration<T>)
    return is_count<typename T::rep>() ? kind::duration : kind::unsupported;
  else if constexpr (is_time_point<T>)
    return is_count<typename T::rep>() ? kind::time_point : kind::unsupported;
  else if constexpr (is_optional<T>)
    return kind::optional;
  else if constexpr (is_array<T>)
    return kind::array;
  else if constexpr (std::same_as<T, strata::metadata>)
    return kind::metadata;
  else if constexpr (boost::hana::Struct<T>::value)
    return kind::structure;
  else if constexpr (map_of_text<T>)
    return kind::map;
  else if constexpr (set_of_values<T>)
    return kind::set;
  else if constexpr (growing_list<T>)
    return kind::list;
  else
    return kind::unsupported;
}

// The number an enumeration is stored as. An underlying char is a number here.
template <class E>
struct stored_number_of {
  using type = std::underlying_type_t<E>;
};
template <class E>
  requires is_character<std::underlying_type_t<E>>
struct stored_number_of<E> {
  using plain = std::underlying_type_t<E>;
  using type =
      typename std::conditional_t<std::is_signed_v<plain>, std::make_signed<plain>, std::make_unsigned<plain>>::type;
};
template <class E>
using stored_number = typename stored_number_of<E>::type;

template <class T>
consteval bool is_scalar() {
  return kind_of<T>() < kind::optional;
}

// The described members of T: their names, and each of them in turn.
template <class T>
struct members {
  static constexpr auto all = boost::hana::accessors<T>();
  static constexpr std::size_t count = decltype(boost::hana::length(all))::value;

  template <std::size_t I>
  static constexpr std::string_view name() {
    return boost::hana::to<char const*>(boost::hana::first(boost::hana::at_c<I>(all)));
  }
  template <std::size_t I, class Object>
  static constexpr auto& get(Object& object) {
    return boost::hana::second(boost::hana::at_c<I>(all))(object);
  }
  template <std::size_t I>
  using type = std::remove_cvref_t<decltype(get<I>(std::declval<T&>()))>;
};

// The class whose member one of Hana's accessors gives.
template <class Accessor>
struct owner_of {};
template <template <class Pointer, Pointer> class Accessor, class Member, class Owner, Member Owner::* Pointer>
struct owner_of<Accessor<Member Owner::*, Pointer>> {
  using type = Owner;
};

// Whether T has no description but what it inherits from a smaller struct: nobody then knows of the members it adds.
template <class T>
consteval bool is_described_by_base() {
  if constexpr (requires {
                  requires std::derived_from<boost::hana::accessors_impl<T>, typename T::hana_accessors_impl>;
                  requires members<T>::count != 0;
                }) {
    using first = std::remove_cvref_t<decltype(boost::hana::second(boost::hana::at_c<0>(members<T>::all)))>;
    return sizeof(typename owner_of<first>::type) != sizeof(T);
  } else {
    return false;
  }
}

// FNV-1a over a text that spells the shape: member names and types, nested. The names of structs are not part of it,
// for they are not part of what is stored.
class shape_hash {
 public:
  constexpr void add(std::string_view text) {
    for (char const c : text) sum_ = (sum_ ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  constexpr void add(std::uintmax_t number) {
    do {
      char const digit = static_cast<char>('0' + number % 10);
      add({&digit, 1});
      number /= 10;
    } while (number != 0);
  }
  [[nodiscard]] constexpr std::uint64_t sum() const { return sum_; }

 private:
  std::uint64_t sum_ = 14695981039346656037ULL;
};

template <class T, class... Outer>
constexpr void add_shape(shape_hash& hash) {
  constexpr kind k = kind_of<T>();
  if constexpr ((std::same_as<T, Outer> || ...)) {
    hash.add("again");  // a struct within itself
  } else if constexpr (k == kind::boolean)
    hash.add("bool");
  else if constexpr (k == kind::integer) {
    hash.add(std::is_signed_v<T> ? "int" : "uint");
    hash.add(sizeof(T) * 8);
  } else if constexpr (k == kind::real) {
    hash.add("float");
    hash.add(sizeof(T) * 8);
  } else if constexpr (k == kind::text)
    hash.add("text");
  else if constexpr (k == kind::enumeration) {
    hash.add("enum ");
    add_shape<stored_number<T>>(hash);
  } else if constexpr (k == kind::named_enumeration) {
    hash.add("enum{");
    for (auto const& [value, name] : enum_names<T>::all) hash.add(name), hash.add(",");
    hash.add("}");
  } else if constexpr (k == kind::duration) {
    hash.add("time ");
    hash.add(static_cast<std::uintmax_t>(T::period::num));
    hash.add("/");
    hash.add(static_cast<std::uintmax_t>(T::period::den));
    hash.add(" ");
    add_shape<typename T::rep>(hash);
  } else if constexpr (k == kind::time_point) {
    hash.add("since ");
    add_shape<typename T::duration>(hash);
  } else if constexpr (k == kind::optional) {
    hash.add("?");
    add_shape<typename T::value_type, Outer...>(hash);
  } else if constexpr (k == kind::array) {
    hash.add("[");
    hash.add(std::tuple_size_v<T>);
    hash.add("]");
    add_shape<typename T::value_type, Outer...>(hash);
  } else if constexpr (k == kind::set || k == kind::list) {
    hash.add(k == kind::set ? "set " : "list ");
    add_shape<typename T::value_type, Outer...>(hash);
  } else if constexpr (k == kind::map) {
    hash.add("map ");
    add_shape<typename T::mapped_type, Outer...>(hash);
  } else if constexpr (k == kind::metadata)
    hash.add("metadata");
  else if constexpr (k == kind::structure) {
    hash.add("{");
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((hash.add(members<T>::template name<I>()), hash.add(":"),
        add_shape<typename members<T>::template type<I>, T, Outer...>(hash), hash.add(",")),
       ...);
    }(std::make_index_sequence<members<T>::count>{});
    hash.add("}");
  }
}

template <class T>
consteval std::uint64_t fingerprint_of() {
  shape_hash hash;
  add_shape<T>(hash);
  return hash.sum();
}

}  // namespace strata::codec::detail
