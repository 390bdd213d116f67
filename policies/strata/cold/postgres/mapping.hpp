// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/postgres/statements.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>
#include <strata/record.hpp>

#include <pqxx/row>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// A value's columns, and the value of a row's columns, as record<Value> has it.
namespace strata::cold::pg {

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

template <class Value, bool Expires = false>
inline constexpr shape shape_of{
    .restored = has_restore<Value>, .texted = has_text<Value>, .stamped = has_stamp<Value>, .expires = Expires};

/// The columns of one value, ready to be bound: every text ends with a NUL that is not part of it.
struct columns {
  std::string kind, text, json, metadata;

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

/// \errors rejected: what the codec refuses, and text that PostgreSQL cannot hold (libpqxx would cut it at a NUL)
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

/// Reads `%read%, version, revision` from the columns 0 to 4 of a row, and what is left of its life from a later one.
/// \errors corrupt: the row is there and no value can be made of it
template <class Value, class Codec>
result<copy<Value>> copy_of(std::string_view key, pqxx::row const& row, Codec const& codec,
                            std::optional<int> life = std::nullopt) {
  copy<Value> made;
  made.version = row[3].is_null() ? 0 : row[3].as<std::int64_t>();
  made.revision = revision{row[4].as<std::uint64_t>()};
  if (row[1].is_null()) return made;  // a tombstone
  if (life && !row[*life].is_null()) {
    made.expires_in = std::chrono::milliseconds{row[*life].as<std::int64_t>()};
    if (made.expires_in->count() <= 0) {
      made.expired = true;
      return made;
    }
  }
  auto value = [&]() -> result<Value> {
    if constexpr (has_restore<Value>)
      return record<Value>::restore(key, row[0].view(), row[1].view(),
                                    row[2].is_null() ? std::string_view{"{}"} : row[2].view(), made.version);
    else
      return codec.from_json(row[1].view());
  }();
  if (!value)
    return failure(errc::corrupt, tier::cold, "the row does not decode: " + std::string{value.error().text()});
  if constexpr (has_stamp<Value>) record<Value>::stamp(*value, made.version);
  made.value.emplace(std::move(*value));
  return made;
}

}  // namespace strata::cold::pg
