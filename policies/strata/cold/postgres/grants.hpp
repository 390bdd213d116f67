// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>

// What the role of a running program is given. grants.sql beside this file says the same for people who set databases up by
// hand; a test compares the two. Columns are named, so that revisions and spaces are the triggers' and the owner's alone.
namespace strata::cold::pg {

/// What it needs and no more: no deleting, no creating. (And usage of the sequences of columns that take values from one.)
inline constexpr std::string_view grants = R"(
grant usage on schema %schema% to %role%;
grant select on {table}, {history}, {erased}, {usage}, {spaces}, {migrations}, {changes}, {horizon}, {usage_hours}, {usage_days}, {archive}, {words}, {words_state} to %role%;
grant insert (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space, strata_expires) on {table}
  to %role%;
grant update (artifact_type, content_raw, content, metadata, version, updated_at, strata_operation, strata_expires, usage_count, last_used_at,
  success_rate) on {table} to %role%;
grant update (holder, held_until) on {horizon} to %role%;
grant execute on function {erase}(text, text, uuid) to %role%;
grant execute on function {move_horizon}(text, text, bigint, xid8, bigint, bigint, bigint, bigint) to %role%;
grant execute on function {count_usage}(text, uuid, bigint, text[], bigint[], bigint[], bigint[]) to %role%;
grant execute on function {tidy_usage}() to %role%;
grant execute on function {put_away}(text, timestamptz, bigint) to %role%;
grant execute on function {bring_back}(text, text[]) to %role%;
grant execute on function {index_words}(text, bigint) to %role%;
grant execute on function {embed}(text, text, real[]) to %role%;
grant execute on function {elsewhere}(text, text) to %role%;
grant execute on function {microseconds}(timestamptz) to %role%;
grant execute on function {used_lately}(text, bigint, bigint) to %role%;
grant execute on function {pgvector}() to %role%;
grant execute on function {nearest}(text, real[], text, text, text, bigint) to %role%;
)";

/// The settings of a session for which there are no sessions of one's own (time_outs::role).
inline constexpr std::string_view role_settings = R"(
alter role %role% in database %database% set statement_timeout = %statement_timeout%;
alter role %role% in database %database% set lock_timeout = %lock_timeout%;
alter role %role% in database %database% set idle_in_transaction_session_timeout = '30s';
alter role %role% in database %database% set plan_cache_mode = force_generic_plan;
alter role %role% in database %database% set work_mem = '32MB';
)";

}  // namespace strata::cold::pg
