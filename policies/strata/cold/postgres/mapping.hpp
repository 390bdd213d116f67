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
  pqxx::field const text = row[1], metadata = row[2], version = row[3];  // each counts itself: once is enough
  made->version = version.is_null() ? 0 : version.as<std::int64_t>();
  made->revision = revision{row[4].as<std::uint64_t>()};
  if (text.is_null()) return made;  // a tombstone
  if (life)
    if (pqxx::field const left = row[*life]; !left.is_null()) {
      made->expires_in = std::chrono::milliseconds{left.as<std::int64_t>()};
      made->expired = made->expires_in->count() <= 0;
      if (made->expired) return made;
    }
  add_value(made, key,
            {.kind = row[0].view(),
             .text = text.view(),
             .metadata = metadata.is_null() ? std::string_view{"{}"} : metadata.view()},
            codec);
  return made;
}

}  // namespace strata::cold::pg
