// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/names.hpp>
#include <strata/cold/postgres/questions.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// The statements, each one round trip and each its own transaction.
namespace strata::cold::pg {

/// How a value type uses the table's columns; decides what is read and what "unchanged" means.
struct shape {
  bool restored = false;  ///< the value is made of kind, text, metadata; else decoded from JSON
  bool texted = false;    ///< content_raw is the record's text; else it is the JSON
  bool stamped = false;   ///< the JSON has the version as its member `version`
  bool expires = false;   ///< rows may have an end; else nobody looks for it
};

/// One prepared statement.
struct statement {
  std::string name;
  std::string types;  ///< of its parameters, as PREPARE has them: "text, bigint"
  std::string text;
};

/// One text that prepares them all in one round trip, and belongs to the server's session. Each is executed by itself: the
/// server keeps with a statement the whole text that it came in, and reads it twice in each call to show it in
/// pg_stat_activity, which with all of them in one took 0.8 us of a load's 35. A fresh connection is ready 0.8 ms later for it.
inline std::string script(std::vector<statement> const& all) {
  std::string text = "do $strata$ begin\n";
  for (auto const& one : all) {
    text.append("execute $each$prepare ").append(one.name);
    if (!one.types.empty()) text.append("(").append(one.types).append(")");
    text.append(" as ").append(one.text).append("$each$;\n");
  }
  return text.append("end $strata$;\n");
}

/// The text for the protocol's own way to prepare, which a pooler between us and the server understands and repeats on
/// each session that it gives us. There types are said by casts.
inline std::string with_casts(statement const& one) {
  std::vector<std::string_view> types;
  for (std::string_view rest = one.types; !rest.empty();) {
    auto const end = std::min(rest.find(','), rest.size());
    types.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
  }
  std::string text;
  for (std::size_t i = 0; i < one.text.size(); ++i) {
    text += one.text[i];
    if (one.text[i] != '$') continue;
    auto const number = static_cast<std::size_t>(one.text[++i] - '1');
    text.append(1, one.text[i]).append("::").append(types.at(number));
  }
  return text;
}

namespace detail {

inline void replace(std::string& text, std::string_view mark, std::string_view by) {
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
    text.replace(at, mark.size(), by);
}

// One row always, and last in it, where the table has none, what is known elsewhere. Archive and tombstones in the statement
// itself would cost the server a seventh of its time, though it never looked into them: it opens and closes each table
// that a plan names.
inline constexpr std::string_view load = R"(
select %read%, k.version, k.strata_revision%left%, case when k.artifact_id is null then {elsewhere}($1, {space}) end
from (values (1)) always left join {table} k on k.artifact_id = $1 and k.strata_space = {space})";

// Asked when the archive has it. Of one moment, so what comes back from it in between is not missed.
// The live row, where there is one by now, is newer than an archived one, and that than a tombstone.
inline constexpr std::string_view load_anywhere = R"(
select %read%, k.version, k.strata_revision%left% from {table} k where k.artifact_id = $1 and k.strata_space = {space}
union all
select %read%, k.version, k.strata_revision%archived_left% from {archive} k where k.artifact_id = $1 and k.strata_space = {space}
union all
select null, null, null, e.version, e.revision%none_left% from {erased} e where e.artifact_id = $1 and e.space = {space}
limit 1)";

// Of each key the same, in that order: where the table has it, nobody looks further.
inline constexpr std::string_view load_many = R"(
select found.* from unnest($1) with ordinality d(a, n) cross join lateral (
  select %read%, k.version, k.strata_revision, d.n::int%left% from {table} k where k.artifact_id = d.a and k.strata_space = {space}
  union all
  select %read%, k.version, k.strata_revision, d.n::int%archived_left% from {archive} k where k.artifact_id = d.a and k.strata_space = {space}
  union all
  select null, null, null, e.version, e.revision, d.n::int%none_left% from {erased} e where e.artifact_id = d.a and e.space = {space}
  limit 1) found)";

// The row is updated where it is there, inserted where it is not (an insert that turns into an update would use up a value
// of the id's sequence each time). Updated and inserted by nobody: the third part says why, as of the statement's
// snapshot: 1 unchanged, 2 not as expected, 4 of another space, 5 archived: bring it back and ask again, 3 or no row:
// somebody was faster, ask again.
inline constexpr std::string_view store = R"(
with updated as (
  update {table} k set artifact_type = $2, content_raw = $3, content = %stamp%, metadata = $5,
      version = coalesce(k.version, 0) + 1, updated_at = now(), strata_operation = $6%set_end%%set_vector%
    where k.artifact_id = $1 and k.strata_space = {space} and ($7 is null or k.strata_revision = $7%or_over%) and not (%same%)
    returning k.strata_revision, k.version),
inserted as (
  insert into {table} (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space%end_column%%vector_column%)
    select $1, $2, $3, %unstamped%, $5, null, $6, {space}%end%%vector%
    where ($7 is null or $7 = 0) and not exists (select from {table} k where k.artifact_id = $1)
      and not exists (select from {archive} a where a.artifact_id = $1)
    on conflict (artifact_id) do nothing returning strata_revision, version)%embedded%
select 0, u.strata_revision, u.version from updated u
union all
select 0, i.strata_revision, i.version from inserted i
union all
select case when k.strata_space <> {space} then 4 when k.strata_revision <> $7%and_not_over% then 2 when %same%%and_embedded% then 1 else 3 end,
    k.strata_revision, coalesce(k.version, 0)
  from {table} k where k.artifact_id = $1 and not exists (select from updated)
union all
select case when a.strata_space <> {space} then 4 else 5 end, a.strata_revision, coalesce(a.version, 0)
  from {archive} a where a.artifact_id = $1)";

// Two of these cannot wait for each other: each inserts first, in the order of the ids, and locks what is there after that,
// in that order too. (The other way round they can: an insert also waits for whoever has just locked a row that came to be
// after the snapshot, and that one may wait for our locks.) Ids are distinct; answers come by id, and the snapshot's view of
// the rows only where not all were written. An id without an answer was inserted or erased by another: ask again.
//
// No two of the parts are joined with each other: the planner takes an array for ten elements and would compare each with
// each. Nor is anything as wide as a value kept between them: whether an insert is needed, and the locks, are found by the
// ids alone, and each part that needs the values unpacks them by itself, if the count before it lets it run at all.
inline constexpr std::string_view store_many = R"(
with inserted as (
  insert into {table} as k (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space%end_column%)
    select d.artifact_id, d.artifact_type, d.content_raw, %unstamped%, d.metadata, null, $6, {space}%end%
      from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
      where exists (select from unnest($1) a(id) where not exists (select from {table} k where k.artifact_id = a.id))
        and not exists (select from {table} k where k.artifact_id = d.artifact_id)
        and not exists (select from {archive} a where a.artifact_id = d.artifact_id) order by d.artifact_id collate "C"
    on conflict (artifact_id) do nothing returning k.artifact_id, k.strata_revision, k.version),
locked as materialized (
  select from unnest($1) d(artifact_id) join {table} k on k.artifact_id = d.artifact_id
    where (select count(*) from inserted) < cardinality($1) order by k.artifact_id collate "C" for no key update of k),
updated as (
  update {table} k set artifact_type = d.artifact_type, content_raw = d.content_raw, content = %stamp%, metadata = d.metadata,
      version = coalesce(k.version, 0) + 1, updated_at = now(), strata_operation = $6%set_end%
    from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
    where (select count(*) from locked) > 0 and k.artifact_id = d.artifact_id and k.strata_space = {space} and not (%same%)
    returning k.artifact_id, k.strata_revision, k.version)
select 0, i.strata_revision, i.version, i.artifact_id from inserted i
union all
select 0, u.strata_revision, u.version, u.artifact_id from updated u
union all
select case when k.strata_space <> {space} then 4 when %same% then 1 else 3 end, k.strata_revision, coalesce(k.version, 0), k.artifact_id
  from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
    join {table} k on k.artifact_id = d.artifact_id
  where (select count(*) from inserted) + (select count(*) from updated) < cardinality($1))";

// With a vector, that is kept also where the rest is there already; it moves no revision. By then another may have changed
// or archived the row that the snapshot has.
inline constexpr std::string_view embedded = R"(,
embedded as (
  update {table} k set embedding = %embedding% where k.artifact_id = $1 and k.strata_space = {space}
    and ($7 is null or k.strata_revision = $7%or_over%) and %same%
    returning 1))";
inline constexpr std::string_view and_embedded = " and exists (select from embedded)";

inline constexpr std::string_view erase = "select revision, version, changed from {erase}($1, {space}, $2)";

// What an operation did to a key, wherever its trace is now.
inline constexpr std::string_view trace = R"(
select 0, k.strata_revision, k.version, k.artifact_id from {table} k where k.artifact_id = any($1) and k.strata_operation = $2
union all
select 0, k.strata_revision, k.version, k.artifact_id from {archive} k where k.artifact_id = any($1) and k.strata_operation = $2
union all
select 0, h.revision, h.version, h.artifact_id from {history} h where h.artifact_id = any($1) and h.operation = $2
union all
select 0, e.revision, e.version, e.artifact_id from {erased} e where e.artifact_id = any($1) and e.operation = $2)";

// Ends the process behind a lost connection; a row as long as it is there.
inline constexpr std::string_view end_backend =
    "select pg_terminate_backend(a.pid) from pg_stat_activity a where a.pid = $1 and a.backend_start = $2";

// The planner takes the function for a thousand rows, and would read the whole table for them, but for the second any($3).
//
// Whoever saves one of these rows waits until this is committed, but not for the disk: a server that crashes may forget the
// counts of its last moments, with the number that they were sent under.
inline constexpr std::string_view count_usage = R"(
with locked as materialized (
  select from {table} k where k.artifact_id = any($3) and k.strata_space = {space}
    order by k.artifact_id collate "C" for no key update of k),
counted as materialized (
  select * from {count_usage}({space}, $1, $2, $3, $4, $5, $6) where (select count(*) from locked) >= 0),
told as (
  update {table} k set last_used_at = greatest(k.last_used_at, c.used_at), success_rate = coalesce(c.success_rate, k.success_rate),
      usage_count = least(coalesce(k.usage_count, 0) + c.n,
        case when pg_typeof(k.usage_count) = 'integer'::regtype then 2147483647 else 9223372036854775807 end)
    from counted c where k.artifact_id = any($3) and k.artifact_id = c.artifact_id)
select exists (select from counted c where c.artifact_id is null), set_config('synchronous_commit', 'off', true))";
inline constexpr std::string_view tidy_usage = "select {tidy_usage}()";

// Newest first: the row, archived or not, or the tombstone that stands, then what was replaced.
inline constexpr std::string_view history = R"(
select %read%, k.version, k.strata_revision, 0, extract(epoch from k.updated_at) from {table} k
  where k.artifact_id = $1 and k.strata_space = {space}
union all
select %read%, k.version, k.strata_revision, 0, extract(epoch from k.updated_at) from {archive} k
  where k.artifact_id = $1 and k.strata_space = {space}
union all
select null, null, null, e.version, e.revision, 1, extract(epoch from e.erased_at) from {erased} e
  where e.artifact_id = $1 and e.space = {space}
union all
select %read%, k.version, k.revision, 0, extract(epoch from k.written_at) from {history} k
  where k.artifact_id = $1 and k.space = {space}
order by 5 desc limit $2)";

inline constexpr std::string_view at_revision = R"(
select %read%, k.version, k.strata_revision from {table} k where k.artifact_id = $1 and k.strata_space = {space} and k.strata_revision = $2
union all
select %read%, k.version, k.strata_revision from {archive} k where k.artifact_id = $1 and k.strata_space = {space} and k.strata_revision = $2
union all
select %read%, k.version, k.revision from {history} k where k.artifact_id = $1 and k.space = {space} and k.revision = $2
union all
select null, null, null, e.version, e.revision from {erased} e where e.artifact_id = $1 and e.space = {space} and e.revision = $2)";

inline constexpr std::string_view at_version = R"(
select %read%, k.version, k.strata_revision from {table} k where k.artifact_id = $1 and k.strata_space = {space} and k.version = $2
union all
select %read%, k.version, k.strata_revision from {archive} k where k.artifact_id = $1 and k.strata_space = {space} and k.version = $2
union all
select %read%, k.version, k.revision from {history} k where k.artifact_id = $1 and k.space = {space} and k.version = $2
order by 5 desc limit 1)";

// What the statement's snapshot sees is given, whatever else is still going on; what is still going on has a number of at
// least the snapshot's xmin. Numbers beyond the snapshot are another server's, from which the table was restored. The time
// is the transaction's, which begins before the snapshot is taken; the statement's own begins after.
inline constexpr std::string_view changes_since = R"(
with look as materialized (
  select pg_snapshot_xmin(s) as low, pg_snapshot_xmax(s) as high, (extract(epoch from now()) * 1000000)::bigint as taken_us
    from pg_current_snapshot() s)
select l.low, l.taken_us, coalesce($1 < h.begins or $1 > l.high, true), c.transaction, c.revision, c.operation, c.artifact_id
  from look l left join {horizon} h on h.space = {space}
    left join (select c.* from {changes} c
      where (c.transaction, c.revision) > ($1, $2) and c.transaction < (select high from look) and c.space = {space}
      order by c.transaction, c.revision limit $3) c on true
  order by c.transaction, c.revision)";

inline constexpr std::string_view read_horizon = R"(
select h.transaction, h.revision, h.position, h.era, h.taken_us,
    (extract(epoch from clock_timestamp()) * 1000000)::bigint - h.taken_us, coalesce(h.holder, '')
  from {horizon} h where h.space = {space})";

// A lease rather than an advisory lock of the session: a pooler gives the session to others after each transaction.
inline constexpr std::string_view hold_horizon = R"(
update {horizon} h set holder = $1, held_until = clock_timestamp() + $2 * interval '1 millisecond'
  where h.space = {space} and (h.holder = $1 or h.held_until < clock_timestamp())
  returning h.transaction, h.revision, h.position, h.era, h.taken_us,
    (extract(epoch from clock_timestamp()) * 1000000)::bigint - h.taken_us)";

inline constexpr std::string_view move_horizon = "select {move_horizon}({space}, $1, $2, $3, $4, $5, $6, $7)";

// An id that was erased once and is there again comes twice, as what it is before what it was: so no page ends with the
// latter. Archived ones are among them: warm may have something older of them too.
inline constexpr std::string_view all_after = R"(
select artifact_id, revision, operation from (
  (select k.artifact_id, k.strata_revision as revision, 0 as operation from {table} k
    where k.artifact_id > $1 and k.strata_space = {space} order by k.artifact_id limit $2)
  union all
  (select k.artifact_id, k.strata_revision, 0 from {archive} k
    where k.artifact_id > $1 and k.strata_space = {space} order by k.artifact_id limit $2)
  union all
  (select e.artifact_id, e.revision, 1 from {erased} e
    where e.artifact_id > $1 and e.space = {space} order by e.artifact_id limit $2)) a
  order by artifact_id, revision desc limit $2)";

inline constexpr std::string_view revisions = R"(
select d.n::int, k.strata_revision from unnest($1) with ordinality d(a, n)
  join {table} k on k.artifact_id = d.a where k.strata_space = {space}
union all
select d.n::int, k.strata_revision from unnest($1) with ordinality d(a, n)
  join {archive} k on k.artifact_id = d.a where k.strata_space = {space}
union all
select d.n::int, e.revision from unnest($1) with ordinality d(a, n)
  join {erased} e on e.artifact_id = d.a where e.space = {space})";

}  // namespace detail

/// \returns all statements for one table and one way to use its columns
inline std::vector<statement> statements(names const& n, shape s) {
  // The two columns beside content_raw are not sent when nothing is made of them.
  std::string const read = s.restored ? "k.artifact_type, k.content_raw, k.metadata::text"
                           : s.texted ? "null::text, k.content::text, null::text"
                                      : "null::text, k.content_raw, null::text";
  // `content` is compared without the version, and not at all where the columns beside it say everything: a row found with
  // a content that differs from them is not rewritten because it was read and put back.
  auto const same = [&](std::string_view type, std::string_view raw, std::string_view json, std::string_view metadata,
                        std::string_view life) {
    std::string text = "coalesce(k.artifact_type = " + std::string{type} +
                       " and coalesce(k.metadata, '{}') = " + std::string{metadata};
    if (s.restored || s.texted) text.append(" and k.content_raw = ").append(raw);
    if (!s.restored)
      text.append(s.stamped ? " and k.content - 'version' = " : " and k.content = ")
          .append(json)
          .append(s.stamped ? " - 'version'" : "");
    text.append(", false)");
    // What has an end, or shall have one, is never what is there already: its copies have to hear of it.
    if (s.expires) text.append(" and k.strata_expires is null and ").append(life).append(" is null");
    return text;
  };
  auto const stamp = [&](std::string const& json) {
    return s.stamped ? "jsonb_set(" + json + ", '{version}', to_jsonb(coalesce(k.version, 0) + 1), false)" : json;
  };
  auto const unstamped = [&](std::string const& json) {
    return s.stamped ? "jsonb_set(" + json + ", '{version}', 'null', false)" : json;
  };

  std::vector<statement> all;
  auto const add = [&](std::string_view name, std::string_view types, std::string_view text, bool many = false,
                       bool embeds = false) {
    std::string body{text};
    auto const embedding = [&](std::string_view mark, std::string_view by) {
      detail::replace(body, mark, embeds ? by : std::string_view{});
    };
    embedding("%embedded%", detail::embedded);
    embedding("%and_embedded%", detail::and_embedded);
    embedding("%set_vector%", ", embedding = %embedding%");
    embedding("%vector_column%", ", embedding");
    embedding("%vector%", ", %embedding%");
    embedding("%embedding%", s.expires ? "$9" : "$8");
    detail::replace(body, "%read%", read);
    detail::replace(body, "%same%",
                    many ? same("d.artifact_type", "d.content_raw", "d.content", "d.metadata", "$7")
                         : same("$2", "$3", "$4", "$5", "$8"));
    auto const ending = [&](std::string_view mark, std::string_view by) {
      detail::replace(body, mark, s.expires ? by : std::string_view{});
    };
    // Rounded up: what is left is nothing only when the end has come for a store too.
    ending("%left%", ", ceil(extract(epoch from k.strata_expires - clock_timestamp()) * 1000)::bigint");
    ending("%none_left%", ", null::bigint");
    ending("%archived_left%",
           ", ceil(extract(epoch from (k.rest ->> 'strata_expires')::timestamptz - clock_timestamp()) * 1000)::bigint");
    std::string const end = std::string{"now() + "} + (many ? "$7" : "$8") + " * interval '1 millisecond'";
    ending("%set_end%", ", strata_expires = " + end);
    ending("%end_column%", ", strata_expires");
    ending("%end%", ", " + end);
    ending(
        "%unended%",
        " cross join lateral (select from {table} k where k.artifact_id = w.artifact_id and k.strata_space = {space} "
        "and coalesce(k.strata_expires > now(), true) offset 0) k");
    ending("%or_over%", " or ($7 = 0 and k.strata_expires <= now())");
    ending("%and_not_over%", " and not ($7 = 0 and coalesce(k.strata_expires <= now(), false))");
    detail::replace(body, "%stamp%", stamp(many ? "d.content" : "$4"));
    detail::replace(body, "%unstamped%", unstamped(many ? "d.content" : "$4"));
    all.push_back({std::string{name}, std::string{types}, n.fill(body)});
  };
  add("strata_load", "text", detail::load);
  add("strata_load_anywhere", "text", detail::load_anywhere);
  add("strata_load_many", "text[]", detail::load_many);
  std::string const stored =
      std::string{"text, text, text, jsonb, jsonb, uuid, bigint"} + (s.expires ? ", bigint" : "");
  add("strata_store", stored, detail::store);
  add("strata_later_store_embedded", stored + ", real[]", detail::store, false, true);
  add("strata_store_many",
      s.expires ? "text[], text[], text[], jsonb[], jsonb[], uuid, bigint"
                : "text[], text[], text[], jsonb[], jsonb[], uuid",
      detail::store_many, true);
  add("strata_erase", "text, uuid", detail::erase);
  add("strata_trace", "text[], uuid", detail::trace);
  add("strata_end_backend", "int, timestamptz", detail::end_backend);
  add("strata_later_count_usage", "uuid, bigint, text[], bigint[], bigint[], bigint[]", detail::count_usage);
  add("strata_later_tidy_usage", "", detail::tidy_usage);
  add("strata_later_usage_of", "text", detail::usage_of);
  add("strata_later_usage_by_hour", "text, bigint", detail::usage_by_hour);
  add("strata_later_usage_by_day", "text, bigint", detail::usage_by_day);
  add("strata_later_popular", "bigint", detail::popular);
  add("strata_later_popular_lately", "bigint, bigint", detail::popular_lately);
  add("strata_later_rising", "bigint, bigint", detail::rising);
  add("strata_later_failing", "bigint, bigint", detail::failing);
  add("strata_later_unused", "bigint, bigint", detail::unused);
  add("strata_later_index_words", "bigint", detail::index_words);
  add("strata_later_search_text", "text, bigint, text, text", detail::search_text);
  add("strata_later_dump", "bigint, text, bigint, bigint", detail::dump);
  add("strata_later_restore", "jsonb[]", detail::restore);
  add("strata_later_embed", "text, real[]", detail::embed);
  add("strata_later_nearest", "real[], text, text, text, bigint", detail::nearest);
  add("strata_later_bring_back", "text[]", detail::bring_back);
  add("strata_later_put_away", "bigint, bigint", detail::put_away);
  add("strata_later_archivable", "bigint", detail::archivable);
  add("strata_history", "text, bigint", detail::history);
  add("strata_at_revision", "text, bigint", detail::at_revision);
  add("strata_later_at_version", "text, bigint", detail::at_version);
  add("strata_changes_since", "xid8, bigint, bigint", detail::changes_since);
  add("strata_all_after", "text, bigint", detail::all_after);
  add("strata_read_horizon", "", detail::read_horizon);
  add("strata_hold_horizon", "text, bigint", detail::hold_horizon);
  add("strata_move_horizon", "text, bigint, xid8, bigint, bigint, bigint, bigint", detail::move_horizon);
  add("strata_revisions", "text[]", detail::revisions);
  return all;
}

}  // namespace strata::cold::pg
