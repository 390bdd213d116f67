// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/names.hpp>
#include <strata/error.hpp>

#include <pqxx/params>
#include <pqxx/result>
#include <pqxx/transaction_base>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

// Whether a table that was found can be used as it stands. Nothing is changed here, and what is refused is refused with
// everything that is wrong with it, so that it is mended once.
namespace strata::cold::pg {

namespace detail {

struct needed_column {
  std::string_view name;
  std::array<std::string_view, 2> types;
};
// Only what the statements name. Others may be there, or not: embedding, success_rate, whatever else programs added.
inline constexpr std::array needed_columns{
    needed_column{"artifact_id", {"text", "character varying"}},
    needed_column{"artifact_type", {"text", "character varying"}},
    needed_column{"content_raw", {"text", "text"}},
    needed_column{"content", {"jsonb", "jsonb"}},
    needed_column{"metadata", {"jsonb", "jsonb"}},
    needed_column{"usage_count", {"integer", "bigint"}},
    needed_column{"last_used_at", {"timestamp with time zone", "timestamp with time zone"}},
    needed_column{"updated_at", {"timestamp with time zone", "timestamp with time zone"}},
    needed_column{"version", {"integer", "bigint"}}};

// Names are compared, never put together: the parameter is the table's oid.
inline constexpr auto columns_sql = R"(
select a.attname, format_type(a.atttypid, null), a.attnotnull and not a.atthasdef and a.attidentity = '', a.attgenerated <> ''
  from pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped)";
inline constexpr auto table_sql = R"(
select c.relkind = 'r', c.relpersistence = 'p',
  exists (select from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attname = 'artifact_id'
    where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null
      and i.indnkeyatts = 1 and i.indkey[0] = a.attnum),
  not exists (select from pg_attribute a join pg_collation l on l.oid = a.attcollation
    where a.attrelid = c.oid and a.attname = 'artifact_id' and not l.collisdeterministic)
  from pg_class c where c.oid = $1::oid)";

}  // namespace detail

/// \param table  the oid as text
/// \errors rejected, with all reasons
inline result<void> adoptable(pqxx::transaction_base& in, std::string const& table, names const& n) {
  std::string faults;
  auto const fault = [&](std::string_view what) { faults.append(faults.empty() ? "" : "; ").append(what); };

  auto const shape = in.exec(detail::table_sql, pqxx::params{table}).one_row();
  if (!shape[0].as<bool>()) fault("it is no plain table");
  if (!shape[1].as<bool>()) fault("it is unlogged or temporary and would be empty after a crash");
  if (!shape[2].as<bool>()) fault("artifact_id has no unique index of its own");
  if (!shape[3].as<bool>()) fault("artifact_id's collation takes different texts for equal");

  auto const columns = in.exec(detail::columns_sql, pqxx::params{table});
  for (auto const& need : detail::needed_columns) {
    auto const found = std::ranges::find_if(columns, [&](auto const& row) { return row[0].view() == need.name; });
    if (found == columns.end())
      fault("column " + std::string{need.name} + " is missing");
    else if (std::ranges::find(need.types, (*found)[1].view()) == need.types.end())
      fault("column " + std::string{need.name} + " is " + std::string{(*found)[1].view()} + ", not " +
            std::string{need.types[0]});
    else if ((*found)[3].template as<bool>())
      fault("column " + std::string{need.name} + " is generated");
  }
  for (auto const& row : columns) {
    std::string_view const name = row[0].view();
    bool const written =
        std::ranges::any_of(detail::needed_columns, [&](auto const& need) { return need.name == name; });
    if (row[2].template as<bool>() &&
        (!written || name == "usage_count" || name == "last_used_at" || name == "updated_at"))
      fault("column " + std::string{name} + " must be given a value and has no default");
    if (name.starts_with("strata_"))
      fault("it has a column " + std::string{name} + " already, but no record of who made it");
  }
  if (faults.empty()) return {};
  return failure(errc::rejected, tier::cold, "table " + n.qualified() + " cannot be used: " + faults);
}

}  // namespace strata::cold::pg
