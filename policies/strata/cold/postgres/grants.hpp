// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/names.hpp>

#include <pqxx/params>
#include <pqxx/transaction_base>

#include <array>
#include <string>
#include <string_view>

// What the role of a running program is given. grants.sql beside this file says the same for people who set databases up by
// hand; a test compares the two. Columns are named, so that revisions and spaces are the triggers' and the owner's alone.
namespace strata::cold::pg {

struct right {
  std::string_view privilege;
  std::string_view on;            ///< a table, or a function with the types of its parameters
  std::string_view columns = {};  ///< of a table; none: all of it
};

/// What it needs and no more: no deleting, no creating. (And usage of the schema, and of the sequences of columns that take
/// values from one.)
inline constexpr std::array rights{
    right{"select", "{table}"},
    right{"select", "{history}"},
    right{"select", "{erased}"},
    right{"select", "{usage}"},
    right{"select", "{spaces}"},
    right{"select", "{migrations}"},
    right{"select", "{changes}"},
    right{"select", "{horizon}"},
    right{"select", "{usage_hours}"},
    right{"select", "{usage_days}"},
    right{"select", "{archive}"},
    right{"select", "{words}"},
    right{"select", "{words_state}"},
    right{"insert", "{table}",
          "artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space, "
          "strata_expires"},
    right{"update", "{table}",
          "artifact_type, content_raw, content, metadata, version, updated_at, strata_operation, strata_expires, "
          "usage_count, last_used_at, success_rate"},
    right{"update", "{horizon}", "holder, held_until"},
    right{"execute", "{erase}(text, text, uuid)"},
    right{"execute", "{move_horizon}(text, text, bigint, xid8, bigint, bigint, bigint, bigint)"},
    right{"execute", "{count_usage}(text, uuid, bigint, text[], bigint[], bigint[], bigint[])"},
    right{"execute", "{tidy_usage}()"},
    right{"execute", "{put_away}(text, timestamptz, bigint)"},
    right{"execute", "{bring_back}(text, text[])"},
    right{"execute", "{index_words}(text, bigint)"},
    right{"execute", "{embed}(text, text, real[])"},
    right{"execute", "{elsewhere}(text, text)"},
    right{"execute", "{microseconds}(timestamptz)"},
    right{"execute", "{used_lately}(text, bigint, bigint)"},
    right{"execute", "{pgvector}()"},
    right{"execute", "{nearest}(text, real[], text, text, text, bigint)"}};
/// Where there is such a column.
inline constexpr std::array vector_rights{right{"insert", "{table}", "embedding"},
                                          right{"update", "{table}", "embedding"}};

/// The statement that gives it, with marks.
inline std::string grant_of(right const& one) {
  std::string sql{"grant "};
  sql.append(one.privilege);
  if (!one.columns.empty()) sql.append(" (").append(one.columns).append(")");
  return sql.append(one.privilege == "execute" ? " on function " : " on ").append(one.on).append(" to %role%;\n");
}

namespace detail {
inline constexpr std::string_view lacking = R"(
select coalesce(string_agg(what || ' on ' || name, ', '), '') from (
  select 'usage' as what, 'the schema' as name, has_schema_privilege($1::name, n.oid, 'usage') as has
    from pg_namespace n where n.nspname = $2
  union all
  select w.what, w.name, case
      when w.what = 'execute' then has_function_privilege($1::name, to_regprocedure(w.thing)::oid, w.what)
      when w.columns = '' then has_table_privilege($1::name, to_regclass(w.thing)::oid, w.what)
      else (select bool_and(has_column_privilege($1::name, a.attrelid, a.attnum, w.what)) from pg_attribute a
        where a.attrelid = to_regclass(w.thing) and a.attname = any(string_to_array(w.columns, ', '))) end
    from w
  union all
  select 'usage', 'the sequence of ' || a.attname, has_sequence_privilege($1::name, q, 'usage')
    from pg_attribute a cross join pg_get_serial_sequence('{table}', a.attname) q
    where a.attrelid = '{table}'::regclass and a.attnum > 0 and not a.attisdropped) asked where not has)";
}  // namespace detail

/// \returns what a role lacks, in words: "select on usage, execute on erase". What is not there nobody lacks.
inline std::string lacking(pqxx::transaction_base& in, names const& n, std::string const& role) {
  std::string wanted = "with w(what, thing, columns, name) as (values ";
  auto const want = [&](right const& one, std::string_view name) {
    wanted.append(wanted.ends_with(' ') ? "('" : ", ('").append(one.privilege).append("', '").append(one.on);
    wanted.append("', '").append(one.columns).append("', '").append(name).append("')");
  };
  for (auto const& one : rights) want(one, one.on.substr(1, one.on.find('}') - 1));
  for (auto const& one : vector_rights) want(one, one.columns);
  return in.exec(n.fill(wanted.append(")").append(detail::lacking)), pqxx::params{role, n.schema})
      .one_field()
      .as<std::string>();
}

/// The settings of a session for which there are no sessions of one's own (time_outs::role).
inline constexpr std::string_view role_settings = R"(
alter role %role% in database %database% set statement_timeout = %statement_timeout%;
alter role %role% in database %database% set lock_timeout = %lock_timeout%;
alter role %role% in database %database% set idle_in_transaction_session_timeout = '30s';
alter role %role% in database %database% set plan_cache_mode = force_generic_plan;
alter role %role% in database %database% set work_mem = '32MB';
)";

}  // namespace strata::cold::pg
