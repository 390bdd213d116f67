// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>
#include <strata/record.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

// How a value fills the columns of a table, whichever database has it: as record<Value> says.
namespace strata::cold {

template <class Value>
concept has_text = requires(Value const& v) {
  { record<Value>::text(v) } -> std::convertible_to<std::string_view>;
};
template <class Value>
concept has_metadata = requires(Value const& v) {
  { record<Value>::metadata(v) } -> std::convertible_to<std::string_view>;
};
template <class Value>
concept has_restore = requires(std::string_view t, std::int64_t version) {
  { record<Value>::restore(t, t, t, t, version) } -> std::same_as<result<Value>>;
};
template <class Value>
concept has_stamp = requires(Value& v, std::int64_t version) { record<Value>::stamp(v, version); };

/// The columns of one value, ready to be bound: every text ends with a NUL that is not part of it.
struct columns {
  std::string kind = {}, text = {}, json = {}, metadata = {};

  [[nodiscard]] std::string const& raw() const noexcept { return text_is_json ? json : text; }
  [[nodiscard]] std::size_t bytes() const noexcept {
    return kind.size() + raw().size() + json.size() + metadata.size();
  }
  bool text_is_json = true;
};

namespace detail {
inline result<void> storable(std::string_view text, std::string_view path) {
  auto const fault = text_fault(text);
  if (fault.empty()) return {};
  return failure(errc::rejected, tier::cold, std::string{path} + " " + std::string{fault});
}
}  // namespace detail

/// \errors rejected: what the codec refuses, and text that databases cannot hold
template <class Value, class Codec>
result<columns> columns_of(Value const& value, Codec const& codec) {
  columns made;
  if (auto encoded = codec.to_json(value, made.json); !encoded) return std::unexpected{encoded.error()};
  made.kind = record<Value>::kind(value);
  if (auto fit = detail::storable(made.kind, "kind"); !fit) return std::unexpected{fit.error()};
  if (auto fit = detail::storable(made.json, "json"); !fit) return std::unexpected{fit.error()};
  if constexpr (has_text<Value>) {
    made.text = record<Value>::text(value);
    made.text_is_json = false;
    if (auto fit = detail::storable(made.text, "text"); !fit) return std::unexpected{fit.error()};
  }
  if constexpr (has_metadata<Value>) {
    made.metadata = record<Value>::metadata(value);
    if (auto fit = detail::storable(made.metadata, "metadata"); !fit) return std::unexpected{fit.error()};
  } else {
    made.metadata = "{}";
  }
  return made;
}

/// What a row's columns hold of a value, where they are.
struct held_columns {
  std::string_view kind, text, metadata;
};

/// Puts the value of the columns into a copy whose version is known, or makes an error of it.
/// \errors corrupt: no value can be made of them
template <class Value, class Codec>
void add_value(result<copy<Value>>& made, std::string_view key, held_columns const& from, Codec const& codec) {
  auto value = [&]() -> result<Value> {
    if constexpr (has_restore<Value>)
      return record<Value>::restore(key, from.kind, from.text, from.metadata, made->version);
    else
      return codec.from_json(from.text);
  }();
  if (!value) {
    made = failure(errc::corrupt, tier::cold, "the row does not decode: " + std::string{value.error().text()});
    return;
  }
  if constexpr (has_stamp<Value>) record<Value>::stamp(*value, made->version);
  made->value.emplace(std::move(*value));
}

}  // namespace strata::cold
