// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/columns.hpp>
#include <strata/cold/postgres/statements.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/error.hpp>

#include <pqxx/field>
#include <pqxx/row>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

// A value's columns, and the value of a row's columns, as record<Value> has it.
namespace strata::cold::pg {

using cold::columns;
using cold::columns_of;

template <class Value, bool Expires = false>
inline constexpr shape shape_of{
    .restored = has_restore<Value>, .texted = has_text<Value>, .stamped = has_stamp<Value>, .expires = Expires};

/// Reads `%read%, version, revision` from the columns 0 to 4 of a row, and what is left of its life from a later one.
/// \errors corrupt: the row is there and no value can be made of it
template <class Value, class Codec>
result<copy<Value>> copy_of(std::string_view key, pqxx::row const& row, Codec const& codec,
                            std::optional<int> life = std::nullopt) {
  result<copy<Value>> made;
  auto column = row.begin();  // one that moves on: each row[i] would be one more holder of the rows
  auto const kind = column->view(), text = (++column)->view();
  bool const tombstone = column->is_null();
  auto const metadata = (++column)->view();
  made->version = (++column)->as<std::int64_t>(0);
  made->revision = revision{(++column)->as<std::uint64_t>()};
  if (tombstone) return made;
  if (life)
    if (pqxx::field const left = row[*life]; !left.is_null()) {
      made->expires_in = std::chrono::milliseconds{left.as<std::int64_t>()};
      made->expired = made->expires_in->count() <= 0;
      if (made->expired) return made;
    }
  // JSON is never an empty text.
  add_value(made, key, {.kind = kind, .text = text, .metadata = metadata.empty() ? std::string_view{"{}"} : metadata},
            codec);
  return made;
}

}  // namespace strata::cold::pg
