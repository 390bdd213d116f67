// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/build.hpp>
#include <strata/codec/detail/json_scan.hpp>
#include <strata/codec/detail/json_text.hpp>
#include <strata/codec/detail/key_order.hpp>
#include <strata/codec/detail/shape.hpp>
#include <strata/codec/detail/trouble.hpp>
#include <strata/error.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// A value as JSON text, written straight into the output: what JSON.stringify gives for the same object, members in the
// order declared, map entries in the order of key_order.hpp. Each function returns whether it could; why not is in
// trouble.
namespace strata::codec::detail {

class json_writer {
 public:
  json_writer(std::string& out, trouble& why) noexcept : out_{out}, why_{why} {}

  template <class T>
  bool write(T const& value, std::size_t depth) {
    constexpr kind k = kind_of<T>();
    if constexpr (k == kind::unsupported) {
      return false;  // the advice shall be the only error
    } else if constexpr (k == kind::boolean) {
      out_.append(value ? "true" : "false");
      return true;
    } else if constexpr (k == kind::integer) {
      return integer(value);
    } else if constexpr (k == kind::real) {
      if (!std::isfinite(value)) return why_.say("not a finite number, which JSON cannot say");
      append_number(out_, static_cast<double>(value));
      return true;
    } else if constexpr (k == kind::text) {
      return text(value);
    } else if constexpr (k == kind::enumeration) {
      return write(static_cast<stored_number<T>>(value), depth);
    } else if constexpr (k == kind::named_enumeration) {
      for (auto const& [named_value, name] : enum_names<T>::all)
        if (named_value == value) return text(name);
      return why_.say("a value without a name");
    } else if constexpr (k == kind::duration) {
      return write(value.count(), depth);
    } else if constexpr (k == kind::time_point) {
      return write(value.time_since_epoch().count(), depth);
    } else if constexpr (k == kind::optional) {
      if (value) return write(*value, depth);
      out_.append("null");
      return true;
    } else if constexpr (k == kind::array || k == kind::set || k == kind::list) {
      return list(value, depth);
    } else if constexpr (k == kind::map) {
      return map(value, depth);
    } else if constexpr (k == kind::metadata) {
      if (value.raw_json().empty()) return map(value, depth);
      if (depth + scan_json(value.raw_json()).depth > max_depth) return too_deep();
      out_.append(value.raw_json());
      return true;
    } else {
      return members_of(value, depth, std::make_index_sequence<members<T>::count>{});
    }
  }

 private:
  bool too_deep() { return why_.say("nested deeper than 128 levels"); }

  bool text(std::string_view value) {
    auto const fault = append_quoted(out_, value);
    return fault.empty() || why_.say_text(fault);
  }

  template <std::integral I>
  bool integer(I value) {
    std::array<char, 24> digits;
    out_.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
    return true;
  }

  template <class List>
  bool list(List const& value, std::size_t depth) {
    if (depth == max_depth) return too_deep();
    out_ += '[';
    std::size_t index = 0;
    bool const fine = in_list_order(value, [&](auto const& element) {
      if (index != 0) out_ += ',';
      if (!write<typename List::value_type>(element, depth + 1)) return why_.within(index);
      ++index;
      return true;
    });
    out_ += ']';
    return fine;
  }

  template <class Map>
  bool map(Map const& value, std::size_t depth) {
    if (depth == max_depth) return too_deep();
    out_ += '{';
    bool first = true;
    bool const fine = in_key_order(value, [&](auto const& entry) {
      if (!std::exchange(first, false)) out_ += ',';
      if (!text(entry.first)) return why_.within("(a key)");
      out_ += ':';
      return write(entry.second, depth + 1) || why_.within(entry.first);
    });
    out_ += '}';
    return fine;
  }

  // `,"name":` for each member, made at compile time; the first goes without its comma.
  template <class T, std::size_t I>
  static constexpr auto label_of = [] {
    constexpr std::string_view name = members<T>::template name<I>();
    std::array<char, name.size() + 4> made{',', '"'};
    std::ranges::copy(name, made.begin() + 2);
    made[name.size() + 2] = '"';
    made[name.size() + 3] = ':';
    return made;
  }();

  template <class T, std::size_t... I>
  bool members_of(T const& value, std::size_t depth, std::index_sequence<I...>) {
    if (depth == max_depth) return too_deep();
    out_ += '{';
    bool const fine = (member<T, I>(value, depth) && ...);
    out_ += '}';
    return fine;
  }
  template <class T, std::size_t I>
  bool member(T const& value, std::size_t depth) {
    constexpr auto const& label = label_of<T, I>;
    out_.append(label.data() + (I == 0), label.size() - (I == 0));
    return write(members<T>::template get<I>(value), depth + 1) || why_.within(members<T>::template name<I>());
  }

  std::string& out_;
  trouble& why_;
};

}  // namespace strata::codec::detail
