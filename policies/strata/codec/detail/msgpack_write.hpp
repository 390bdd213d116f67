// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/codec/detail/build.hpp>
#include <strata/codec/detail/json_scan.hpp>
#include <strata/codec/detail/key_order.hpp>
#include <strata/codec/detail/msgpack_read.hpp>
#include <strata/codec/detail/shape.hpp>
#include <strata/codec/detail/trouble.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <msgpack/pack.hpp>

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

// A value as MessagePack, written straight into the output: structs as maps from member name to value, so that readers
// of other versions and languages find their way; the same order of entries as in JSON, so that equal values are equal
// bytes.
namespace strata::codec::detail {

class string_stream {
 public:
  explicit string_stream(std::string& out) noexcept : out_{out} {}
  void write(char const* bytes, std::size_t count) { out_.append(bytes, count); }

 private:
  std::string& out_;
};

class msgpack_writer {
 public:
  msgpack_writer(std::string& out, trouble& why) noexcept : stream_{out}, pack_{stream_}, why_{why} {}

  template <class T>
  bool write(T const& value, std::size_t depth) {
    constexpr kind k = kind_of<T>();
    if constexpr (k == kind::unsupported) {
      return false;  // the advice shall be the only error
    } else if constexpr (k == kind::boolean) {
      value ? pack_.pack_true() : pack_.pack_false();
      return true;
    } else if constexpr (k == kind::integer) {
      if constexpr (std::signed_integral<T>)
        pack_.pack_int64(value);
      else
        pack_.pack_uint64(value);
      return true;
    } else if constexpr (k == kind::real) {
      if (!std::isfinite(value)) return why_.say("not a finite number, which JSON cannot say");
      if constexpr (std::same_as<T, float>)
        pack_.pack_float(value);
      else
        pack_.pack_double(value);
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
      pack_.pack_nil();
      return true;
    } else if constexpr (k == kind::array || k == kind::set || k == kind::list) {
      return list(value, depth);
    } else if constexpr (k == kind::map) {
      return map(value, depth);
    } else if constexpr (k == kind::metadata) {
      return value.raw_json().empty() ? map(value, depth) : raw(value.raw_json(), depth);
    } else {
      return members_of(value, depth, std::make_index_sequence<members<T>::count>{});
    }
  }

 private:
  static constexpr std::size_t max_count = std::numeric_limits<std::uint32_t>::max();

  bool too_deep() { return why_.say("nested deeper than 128 levels"); }
  bool too_long() { return why_.say("longer than MessagePack can say"); }

  bool text(std::string_view value) {
    if (auto const fault = text_fault(value); !fault.empty()) return why_.say_text(fault);
    if (value.size() > max_count) return too_long();
    pack_.pack_str(static_cast<std::uint32_t>(value.size()));
    pack_.pack_str_body(value.data(), static_cast<std::uint32_t>(value.size()));
    return true;
  }

  bool raw(std::string_view json, std::size_t depth) {
    if (depth + scan_json(json).depth > max_depth) return too_deep();
    if (json.size() > max_count) return too_long();
    pack_.pack_ext(json.size(), json_extension);
    pack_.pack_ext_body(json.data(), static_cast<std::uint32_t>(json.size()));
    return true;
  }

  template <class List>
  bool list(List const& value, std::size_t depth) {
    if (depth == max_depth) return too_deep();
    auto const count = static_cast<std::size_t>(std::ranges::distance(value));
    if (count > max_count) return too_long();
    pack_.pack_array(static_cast<std::uint32_t>(count));
    std::size_t index = 0;
    return in_list_order(value, [&](auto const& element) {
      if (!write<typename List::value_type>(element, depth + 1)) return why_.within(index);
      ++index;
      return true;
    });
  }

  template <class Map>
  bool map(Map const& value, std::size_t depth) {
    if (depth == max_depth) return too_deep();
    if (value.size() > max_count) return too_long();
    pack_.pack_map(static_cast<std::uint32_t>(value.size()));
    return in_key_order(value, [&](auto const& entry) {
      if (!text(entry.first)) return why_.within("(a key)");
      return write(entry.second, depth + 1) || why_.within(entry.first);
    });
  }

  template <class T, std::size_t... I>
  bool members_of(T const& value, std::size_t depth, std::index_sequence<I...>) {
    if (depth == max_depth) return too_deep();
    pack_.pack_map(static_cast<std::uint32_t>(sizeof...(I)));
    return (member<T, I>(value, depth) && ...);
  }
  template <class T, std::size_t I>
  bool member(T const& value, std::size_t depth) {
    constexpr std::string_view name = members<T>::template name<I>();
    pack_.pack_str(static_cast<std::uint32_t>(name.size()));
    pack_.pack_str_body(name.data(), static_cast<std::uint32_t>(name.size()));
    return write(members<T>::template get<I>(value), depth + 1) || why_.within(name);
  }

  string_stream stream_;
  ::msgpack::packer<string_stream> pack_;
  trouble& why_;
};

}  // namespace strata::codec::detail
