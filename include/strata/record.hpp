// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/error.hpp>

#include <boost/hana/accessors.hpp>
#include <boost/hana/concept/struct.hpp>
#include <boost/hana/first.hpp>
#include <boost/hana/second.hpp>
#include <boost/hana/unpack.hpp>

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

// What a tier may ask of a value, through one trait that users may specialise member by member.
namespace strata {

/// Whether a type is described with BOOST_HANA_DEFINE_STRUCT or BOOST_HANA_ADAPT_STRUCT.
template <class T>
concept described = boost::hana::Struct<T>::value;

namespace detail {

template <class T>
consteval std::string_view compilers_name() {
  std::string_view name = __PRETTY_FUNCTION__;
  name.remove_prefix(name.find("T = ") + 4);
  return name.substr(0, name.find_first_of(";]"));
}

// In words that compilers and their libraries share, and without its own namespaces. A template, so that a program which only
// includes a cache compiles none of it.
template <class Text>
constexpr Text plain_name(Text name) {
  constexpr deferred<std::string_view, Text> words[][2] = {{"{anonymous}::", ""},
                                                           {"(anonymous namespace)::", ""},
                                                           {"std::__cxx11::", "std::"},
                                                           {"std::__1::", "std::"},
                                                           {"std::basic_string<char>", "std::string"},
                                                           {"short unsigned int", "unsigned short"},
                                                           {"long long unsigned int", "unsigned long long"},
                                                           {"long unsigned int", "unsigned long"},
                                                           {"short int", "short"},
                                                           {"long int", "long"},
                                                           {" >", ">"}};
  for (auto const& [theirs, ours] : words)
    for (auto at = name.find(theirs); at != name.npos; at = name.find(theirs, at))
      name.replace(at, theirs.size(), ours);
  auto const colon = name.rfind("::", name.find('<'));
  return colon == name.npos ? name : name.substr(colon + 2);
}

template <class T>
inline constexpr auto name_of = [] {
  using text = deferred<std::string, T>;
  std::array<char, plain_name(text{compilers_name<T>()}).size()> letters{};
  plain_name(text{compilers_name<T>()}).copy(letters.data(), letters.size());
  return letters;
}();

/// The type's name, which stores keep, so that programs of several compilers may open them.
template <class T>
consteval std::string_view type_name() {
  return {name_of<T>.data(), name_of<T>.size()};
}

// Calls f(name, member) for each described member, in order.
template <class T, class F>
constexpr void each_member(T&& value, F&& f) {
  using plain = std::remove_cvref_t<T>;
  boost::hana::unpack(boost::hana::accessors<plain>(), [&](auto const&... pair) {
    (f(std::string_view{boost::hana::first(pair).c_str()}, boost::hana::second(pair)(value)), ...);
  });
}

}  // namespace detail

/// What any value type offers until the user says otherwise. A specialisation of record<T> derives from this one and
/// redeclares what differs:
///   key(value)            the member `id`, where there is one
///   stamp(value, version) writes the version into the member `version`, where there is one that is a whole number of 32
///                         bits or more; another is the value's own
///   kind(value)           what sort of value it is, for the cold tier's type column: the type's name
///   schema                raise it whenever the members change: what a program with a lower one leaves in warm lacks what it
///                         does not know, so cold's copy goes over it, and it takes nothing of a higher one from warm. Rows
///                         in cold carry none: each program reads of them what it knows
/// and may add, where the cold tier's columns have something of their own to say:
///   text(value)           the searchable text; else the value's JSON
///   metadata(value)       a JSON text; else {}
///   restore(key, kind, text, metadata, version)   -> result<T>: the value of those columns; else decoded from the JSON
template <class T>
struct default_record {
  static constexpr std::uint32_t schema = 1;
  static std::string_view kind(T const&) noexcept { return detail::type_name<T>(); }
  static auto const& key(T const& value)
    requires requires { value.id; }
  {
    return value.id;
  }
  static void stamp(T& value, std::int64_t version)
    requires requires {
      value.version = {};
      requires std::integral<std::remove_cvref_t<decltype(value.version)>> && sizeof(value.version) >= 4;
    }
  {
    value.version = static_cast<std::remove_cvref_t<decltype(value.version)>>(version);
  }
};

template <class T>
struct record : default_record<T> {};

/// Whether put(value) can know its key.
template <class T>
concept keyed = requires(T const& value) { record<T>::key(value); };

}  // namespace strata
