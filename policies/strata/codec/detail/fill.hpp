// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/shape.hpp>

#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// How decoded pieces reach the members of a struct: one table of functions per type, made at compile time. A place is
// an address and its type's table, so that the builder above walks into any struct with a stack of places and no
// recursion. Rejected: a handler class per type, nested in one another: it cannot hold a struct within itself, and its
// size grows with the type instead of the depth.
namespace strata::codec::detail {

/// A single value as any format hands it over.
struct scalar {
  enum class what : std::uint8_t { null, boolean, integer, natural, real, text };
  what is = what::null;
  union {
    bool boolean;
    std::int64_t integer;
    std::uint64_t natural;  // above the largest int64 only
    double real;
  };
  std::string_view text{};

  constexpr scalar() noexcept : integer{0} {}
  static constexpr scalar of(bool b) noexcept { return scalar{what::boolean, b}; }
  static constexpr scalar of(std::int64_t i) noexcept { return scalar{what::integer, i}; }
  static constexpr scalar of(std::uint64_t u) noexcept {
    if (u <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return of(static_cast<std::int64_t>(u));
    return scalar{what::natural, u};
  }
  static constexpr scalar of(double d) noexcept { return scalar{what::real, d}; }
  static constexpr scalar of(std::string_view s) noexcept {
    scalar made;
    made.is = what::text;
    made.text = s;
    return made;
  }

 private:
  constexpr scalar(what w, bool b) noexcept : is{w}, boolean{b} {}
  constexpr scalar(what w, std::int64_t i) noexcept : is{w}, integer{i} {}
  constexpr scalar(what w, std::uint64_t u) noexcept : is{w}, natural{u} {}
  constexpr scalar(what w, double d) noexcept : is{w}, real{d} {}
};

enum class fault : std::uint8_t {
  none,
  wrong_type,
  out_of_range,
  unknown_name,
  too_many,
  too_few,
  bad_text,
  bad_key,
  too_deep,
  too_large
};

struct table;

struct place {
  void* at = nullptr;
  table const* type = nullptr;
  std::string_view name{};  // of a map's entry: the key as the map holds it
  explicit operator bool() const noexcept { return type != nullptr; }
};

/// What can be done with a place of one type; a null pointer where it cannot.
struct table {
  kind is;
  std::string_view expects;
  fault (*set)(void* at, scalar const& s);
  place (*open_list)(void* at);  // empties it; an optional gives what it holds
  place (*open_map)(void* at);
  place (*element)(void* at, std::size_t index);                           // an empty place: the list is full
  place (*member)(void* at, std::string_view key, std::size_t& expected);  // an empty place: no such member
  fault (*close)(void* at, std::size_t count);
};

/// \returns the table of T; a function, because a type may hold itself and its table then names itself
template <class T>
table const* table_of() noexcept;

template <class T>
constexpr std::string_view expectation_of() {
  switch (kind_of<T>()) {
    case kind::boolean: return "true or false";
    case kind::integer:
    case kind::enumeration: return "a whole number";
    case kind::real: return "a number";
    case kind::text: return "a text";
    case kind::named_enumeration: return "one of the names";
    case kind::duration:
    case kind::time_point: return "a count of ticks";
    case kind::array:
    case kind::set:
    case kind::list: return "a list";
    case kind::map:
    case kind::metadata: return "a map";
    case kind::structure: return "an object";
    default: break;
  }
  if constexpr (is_optional<T>)
    return expectation_of<typename T::value_type>();
  else
    return "nothing";
}

template <class T>
T& as(void* at) noexcept {
  return *static_cast<T*>(at);
}

template <std::integral T>
fault set_integer(T& to, scalar const& s) noexcept {
  switch (s.is) {
    case scalar::what::integer:
      if (!std::in_range<T>(s.integer)) return fault::out_of_range;
      to = static_cast<T>(s.integer);
      return fault::none;
    case scalar::what::natural:
      if (!std::in_range<T>(s.natural)) return fault::out_of_range;
      to = static_cast<T>(s.natural);
      return fault::none;
    case scalar::what::real: {  // 1.0 and 1e3 are whole numbers; above 2^53 a double no longer says which
      constexpr double exact = 9007199254740992.0;
      if (!(std::abs(s.real) <= exact)) return fault::out_of_range;
      if (std::trunc(s.real) != s.real) return fault::wrong_type;
      return set_integer(to, scalar::of(static_cast<std::int64_t>(s.real)));
    }
    default: return fault::wrong_type;
  }
}

template <std::floating_point T>
fault set_real(T& to, scalar const& s) noexcept {
  double number = 0;
  if (s.is == scalar::what::real)
    number = s.real;
  else if (s.is == scalar::what::integer)
    number = static_cast<double>(s.integer);
  else if (s.is == scalar::what::natural)
    number = static_cast<double>(s.natural);
  else
    return fault::wrong_type;
  if (!(std::abs(number) <= static_cast<double>(std::numeric_limits<T>::max()))) return fault::out_of_range;
  to = static_cast<T>(number);
  return fault::none;
}

template <class T>
fault set_scalar(T& to, scalar const& s) {
  constexpr kind k = kind_of<T>();
  if constexpr (k == kind::boolean) {
    if (s.is != scalar::what::boolean) return fault::wrong_type;
    to = s.boolean;
    return fault::none;
  } else if constexpr (k == kind::integer) {
    return set_integer(to, s);
  } else if constexpr (k == kind::real) {
    return set_real(to, s);
  } else if constexpr (k == kind::text) {
    if (s.is != scalar::what::text) return fault::wrong_type;
    if (s.text.data() != to.data()) to.assign(s.text);  // else it has been put together in place
    return fault::none;
  } else if constexpr (k == kind::enumeration) {
    stored_number<T> number{};
    auto const f = set_scalar(number, s);
    if (f == fault::none) to = static_cast<T>(number);
    return f;
  } else if constexpr (k == kind::named_enumeration) {
    if (s.is != scalar::what::text) return fault::wrong_type;
    for (auto const& [value, name] : enum_names<T>::all)
      if (name == s.text) {
        to = value;
        return fault::none;
      }
    return fault::unknown_name;
  } else if constexpr (k == kind::duration) {
    typename T::rep count{};
    auto const f = set_scalar(count, s);
    if (f == fault::none) to = T{count};
    return f;
  } else if constexpr (k == kind::time_point) {
    typename T::duration since{};
    auto const f = set_scalar(since, s);
    if (f == fault::none) to = T{since};
    return f;
  } else {
    static_assert(k == kind::optional);
    if (s.is == scalar::what::null) {
      to.reset();
      return fault::none;
    }
    using inner = typename T::value_type;
    if constexpr (is_scalar<inner>())
      return set_scalar(to.emplace(), s);
    else
      return fault::wrong_type;
  }
}

// An element of what gives no lasting address to its elements: made aside, then inserted.
template <class List>
fault insert_scalar(void* at, scalar const& s) {
  typename List::value_type made{};
  auto const f = set_scalar(made, s);
  if (f != fault::none) return f;
  if constexpr (kind_of<List>() == kind::set)
    as<List>(at).insert(std::move(made));
  else
    as<List>(at).push_back(std::move(made));
  return fault::none;
}
template <class List>
inline constexpr table inserter_of{kind::unsupported,
                                   expectation_of<typename List::value_type>(),
                                   insert_scalar<List>,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr};

template <class List>
place list_element(void* at, std::size_t index) {
  using value = typename List::value_type;
  if constexpr (kind_of<List>() == kind::array) {
    if (index >= std::tuple_size_v<List>) return {};
    return {&as<List>(at)[index], table_of<value>()};
  } else if constexpr (kind_of<List>() == kind::set) {
    return {at, &inserter_of<List>};
  } else if constexpr (!std::is_lvalue_reference_v<decltype(as<List>(at).back())>) {  // vector<bool>
    return {at, &inserter_of<List>};
  } else {
    as<List>(at).emplace_back();
    return {&as<List>(at).back(), table_of<value>()};
  }
}

template <class Map>
place map_entry(void* at, std::string_view key, std::size_t&) {
  auto const [entry, fresh] = as<Map>(at).try_emplace(std::string{key});
  if (!fresh) entry->second = typename Map::mapped_type{};  // the last of equal keys counts
  return {&entry->second, table_of<typename Map::mapped_type>(), entry->first};
}

inline place metadata_entry(void* at, std::string_view key, std::size_t&) {
  auto& text = as<strata::metadata>(at)[key];
  text.clear();
  return {&text, table_of<std::string>(), as<strata::metadata>(at).find(key)->first};
}

template <class T>
struct structure {
  struct entry {
    std::string_view name;
    place (*open)(void* at);
  };
  template <std::size_t I>
  static place open(void* at) {
    using type = typename members<T>::template type<I>;
    return {&members<T>::template get<I>(as<T>(at)), table_of<type>(), members<T>::template name<I>()};
  }
  static constexpr auto entries = []<std::size_t... I>(std::index_sequence<I...>) {
    return std::array<entry, sizeof...(I)>{{{members<T>::template name<I>(), &structure::open<I>}...}};
  }(std::make_index_sequence<members<T>::count>{});

  // Members mostly come in the order in which they are declared: look at the expected one first.
  static place member(void* at, std::string_view key, std::size_t& expected) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
      auto const& candidate = entries[expected];
      expected = expected + 1 == entries.size() ? 0 : expected + 1;
      if (candidate.name == key) return candidate.open(at);
    }
    return {};
  }
};

template <class T>
constexpr table make_table() {
  constexpr kind k = kind_of<T>();
  table made{k, expectation_of<T>(), nullptr, nullptr, nullptr, nullptr, nullptr, nullptr};
  if constexpr (k <= kind::optional) made.set = [](void* at, scalar const& s) { return set_scalar(as<T>(at), s); };
  if constexpr (k == kind::optional) {
    using inner = typename T::value_type;
    if constexpr (!is_scalar<inner>()) {
      made.open_list = [](void* at) {
        auto const open = table_of<inner>()->open_list;
        return open != nullptr ? open(&as<T>(at).emplace()) : place{};
      };
      made.open_map = [](void* at) {
        auto const open = table_of<inner>()->open_map;
        return open != nullptr ? open(&as<T>(at).emplace()) : place{};
      };
    }
  } else if constexpr (k == kind::array) {
    made.open_list = [](void* at) { return place{at, table_of<T>()}; };
    made.element = list_element<T>;
    made.close = [](void*, std::size_t count) { return count < std::tuple_size_v<T> ? fault::too_few : fault::none; };
  } else if constexpr (k == kind::set || k == kind::list) {
    made.open_list = [](void* at) {
      as<T>(at).clear();
      return place{at, table_of<T>()};
    };
    made.element = list_element<T>;
  } else if constexpr (k == kind::map) {
    made.open_map = [](void* at) {
      as<T>(at).clear();
      return place{at, table_of<T>()};
    };
    made.member = map_entry<T>;
  } else if constexpr (k == kind::metadata) {
    made.open_map = [](void* at) {
      as<T>(at).clear();
      return place{at, table_of<T>()};
    };
    made.member = metadata_entry;
  } else if constexpr (k == kind::structure) {
    made.open_map = [](void* at) { return place{at, table_of<T>()}; };
    if constexpr (members<T>::count != 0)
      made.member = structure<T>::member;
    else
      made.member = [](void*, std::string_view, std::size_t&) { return place{}; };
  }
  return made;
}

template <class T>
table const* table_of() noexcept {
  static constexpr table made = make_table<T>();
  return &made;
}

}  // namespace strata::codec::detail
