// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>

// What a file is made of, in numbered steps that are never changed once released; `user_version` says how many it has had.
// Columns are named as in PostgreSQL's table and mean the same. Times are microseconds since 1970.
namespace strata::cold::lite {

/// In the file's header, so that nobody takes it for another program's: "Stra".
inline constexpr int application_id = 0x53747261;

// The number of a change in the log is the revision of the row that it made: autoincrement gives no number twice, even
// when the log has been trimmed, and one transaction writes at a time, so numbers become visible in their order.
inline constexpr char const* migration_1 = R"(
create table knowledge_artifacts (
  artifact_id text not null primary key, artifact_type text not null, content_raw text, content text,
  metadata text not null, version integer not null, created_at integer not null, updated_at integer not null,
  strata_revision integer not null, strata_space text not null, strata_expires integer);
create table knowledge_artifacts_history (
  revision integer primary key, artifact_id text not null, space text not null, version integer not null,
  artifact_type text not null, content_raw text, content text, metadata text not null,
  written_at integer not null, replaced_at integer not null);
create index knowledge_artifacts_history_of on knowledge_artifacts_history (artifact_id, revision);
create table knowledge_artifacts_erased (
  artifact_id text not null primary key, space text not null, revision integer not null, version integer not null,
  erased_at integer not null);
create table knowledge_artifacts_changes (
  revision integer primary key autoincrement, artifact_id text not null, space text not null,
  operation integer not null, at integer not null);
insert into sqlite_sequence (name, seq) values ('knowledge_artifacts_changes', 1);
create table knowledge_artifacts_usage (
  artifact_id text not null primary key, uses integer not null, successes integer not null, failures integer not null,
  last_used_at integer) without rowid;
create index knowledge_artifacts_usage_most on knowledge_artifacts_usage (uses desc, artifact_id);
create table knowledge_artifacts_usage_hours (
  hour integer not null, artifact_id text not null, uses integer not null, successes integer not null,
  failures integer not null, primary key (hour, artifact_id)) without rowid;
create table knowledge_artifacts_usage_days (
  day integer not null, artifact_id text not null, uses integer not null, successes integer not null,
  failures integer not null, primary key (day, artifact_id)) without rowid;
create table knowledge_artifacts_spaces (space text not null primary key, type text not null) without rowid;
create table knowledge_artifacts_horizon (
  space text not null primary key, holder text not null default '', held_until integer not null default 0,
  reached_transaction integer not null default 0, reached_revision integer not null default 0,
  position integer not null default 0, era integer not null default 0, taken_us integer not null default 0)
  without rowid;
)";

inline constexpr std::array migrations{migration_1};

}  // namespace strata::cold::lite
