// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>

// The statements about many values or all of them: use, the archive, words, dump and restore, vectors. As statements.hpp,
// which prepares them and fills their marks.
namespace strata::cold::pg::detail {

// The statements below give: id, count, successes, failures, last use in microseconds, and for risers the count before.
// {usage} is walked by its index in the order of use, and the table's row looked for one by one (offset 0): the planner,
// who does not know how few are wanted, would read the whole table.
inline constexpr std::string_view popular = R"(
select u.artifact_id, greatest(u.uses, k.usage_count), u.successes, u.failures, {microseconds}(greatest(k.last_used_at, u.last_used_at))
  from {usage} u cross join lateral (
    select k.usage_count, k.last_used_at from {table} k where k.artifact_id = u.artifact_id and k.strata_space = {space} offset 0) k
  where u.uses > 0 order by u.uses desc, u.artifact_id limit $1)";

inline constexpr std::string_view popular_lately = R"(
select w.artifact_id, w.uses, w.successes, w.failures, {microseconds}(k.last_used_at)
  from {used_lately}({space}, $2, $1) w join {table} k on k.artifact_id = w.artifact_id order by w.uses desc, w.artifact_id)";

// Days begin to be kept where hours end, two days ago: what they tell of a day that began before a window of hours is
// no part of it.
inline constexpr std::string_view rising = R"(
with bounds as materialized (
  select date_trunc('hour', t, 'UTC') as hour, date_trunc('hour', t, 'UTC') - w as hour_before,
      date_trunc('day', t, 'UTC') as day, date_trunc('day', t - w, 'UTC') as day_before
    from (select now() - $2 * interval '1 hour' as t, $2 * interval '1 hour' as w) given),
used as (
  select w.artifact_id, coalesce(sum(w.uses) filter (where w.now), 0) as uses, coalesce(sum(w.uses) filter (where not w.now), 0) as before,
      coalesce(sum(w.successes) filter (where w.now), 0) as successes, coalesce(sum(w.failures) filter (where w.now), 0) as failures
    from (
      select h.*, h.hour >= b.hour as now from {usage_hours} h, bounds b where h.hour >= b.hour_before
      union all
      select d.*, $2 > 48 and d.day >= b.day from {usage_days} d, bounds b where $2 > 24 and d.day >= b.day_before) w
    group by w.artifact_id)
select w.artifact_id, w.uses, w.successes, w.failures, {microseconds}(k.last_used_at), w.before
  from (select *, u.uses - u.before as gained from used u where u.uses > u.before order by gained desc, u.artifact_id) w cross join lateral (
    select k.last_used_at from {table} k where k.artifact_id = w.artifact_id and k.strata_space = {space} offset 0) k
  order by w.gained desc, w.artifact_id limit $1)";

inline constexpr std::string_view failing = R"(
select u.artifact_id, greatest(u.uses, k.usage_count), u.successes, u.failures, {microseconds}(greatest(k.last_used_at, u.last_used_at))
  from {usage} u join {table} k on k.artifact_id = u.artifact_id
  where k.strata_space = {space} and u.failures > 0 and u.successes + u.failures >= $2
  order by u.successes::float8 / (u.successes + u.failures), u.failures desc, u.artifact_id limit $1)";

inline constexpr std::string_view unused = R"(
select k.artifact_id, greatest(u.uses, k.usage_count, 0), coalesce(u.successes, 0), coalesce(u.failures, 0), {microseconds}(k.last_used_at)
  from {table} k left join {usage} u on u.artifact_id = k.artifact_id
  where k.strata_space = {space} and octet_length(k.artifact_id) between 1 and 512
    and coalesce(greatest(k.last_used_at, k.updated_at), '-infinity') < 'epoch'::timestamptz + $2 * interval '1 microsecond'
  order by coalesce(greatest(k.last_used_at, k.updated_at), '-infinity'), k.artifact_id limit $1)";

inline constexpr std::string_view usage_of = R"(
select k.artifact_id, greatest(u.uses, k.usage_count, 0), coalesce(u.successes, 0), coalesce(u.failures, 0),
    {microseconds}(greatest(k.last_used_at, u.last_used_at))
  from (
    select k.artifact_id, k.usage_count::bigint, k.last_used_at from {table} k where k.artifact_id = $1 and k.strata_space = {space}
    union all
    select a.artifact_id, (a.rest ->> 'usage_count')::bigint, (a.rest ->> 'last_used_at')::timestamptz
      from {archive} a where a.artifact_id = $1 and a.strata_space = {space}) k
    left join {usage} u on u.artifact_id = k.artifact_id)";

// One key's uses by hours or days (UTC). Each is looked for by itself (offset 0): the tables have their rows in the order of
// time, and the planner would read all of them. Hours become days after two days, or a while
// later where there are many.
inline constexpr std::string_view usage_by_hour = R"(
select {microseconds}(p.hour), coalesce(h.uses, 0), coalesce(h.successes, 0), coalesce(h.failures, 0)
  from (select date_trunc('hour', now(), 'UTC') - n * interval '1 hour' as hour from generate_series(0, $2 - 1) n) p
    left join lateral (select * from {usage_hours} h where h.hour = p.hour and h.artifact_id = $1 offset 0) h on true
  order by p.hour)";
inline constexpr std::string_view usage_by_day = R"(
with hours as materialized (
  select date_trunc('day', p.hour, 'UTC') as day, sum(h.uses) as uses, sum(h.successes) as successes, sum(h.failures) as failures
    from (select date_trunc('hour', now(), 'UTC') - n * interval '1 hour' as hour from generate_series(0, 199) n) p
      cross join lateral (select * from {usage_hours} h where h.hour = p.hour and h.artifact_id = $1 offset 0) h
    group by 1)
select {microseconds}(p.day), coalesce(h.uses, 0) + coalesce(d.uses, 0), coalesce(h.successes, 0) + coalesce(d.successes, 0),
    coalesce(h.failures, 0) + coalesce(d.failures, 0)
  from (select date_trunc('day', now(), 'UTC') - n * interval '24 hours' as day from generate_series(0, $2 - 1) n) p
    left join hours h on h.day = p.day
    left join lateral (select * from {usage_days} d where d.day = p.day and d.artifact_id = $1 offset 0) d on true
  order by p.day)";

inline constexpr std::string_view bring_back = "select {bring_back}({space}, $1)";
inline constexpr std::string_view put_away =
    "select {put_away}({space}, 'epoch'::timestamptz + $1 * interval '1 microsecond', $2)";
inline constexpr std::string_view archivable = R"(
select count(*) from {table} k where k.strata_space = {space}
  and coalesce(greatest(k.last_used_at, k.updated_at), '-infinity') < 'epoch'::timestamptz + $1 * interval '1 microsecond')";

inline constexpr std::string_view index_words = "select {index_words}({space}, $1)";

// The first 2,000 matches that come are ranked, one more tells that there are others. What it takes from the table it takes
// for those that are wanted: words may have outlived their row, where the log forgot its erase, and take nobody's place. Rows
// that may have ended are asked for theirs before. U+E000 and U+E001 mark the words found, and are taken out of the text before.
inline constexpr std::string_view search_text = R"(
with ask as materialized (
  select s.language::regconfig as language, to_tsquery(s.language::regconfig, $1) as query from {words_state} s where s.space = {space}),
candidates as materialized (
  select w.artifact_id, w.words from ask cross join {words} w%unended%
    where w.words @@ ask.query and w.space = {space} and ($3 = '' or w.kind = $3) and ($4 = '' or starts_with(w.artifact_id, $4))
    limit 2001),
ranked as materialized (
  select c.artifact_id, c.score from (
      select c.artifact_id, ts_rank(c.words, ask.query, 1) as score from (select * from candidates limit 2000) c cross join ask
        order by 2 desc, 1) c cross join lateral (
      select from {table} k where k.artifact_id = c.artifact_id and k.strata_space = {space} offset 0) k
    order by c.score desc, c.artifact_id limit $2)
select %read%, k.version, k.strata_revision, k.artifact_id, r.score,
    ts_headline(ask.language, translate(left(k.content_raw, 20000), E'\ue000\ue001', ''), ask.query,
      E'StartSel=\ue000, StopSel=\ue001, MaxFragments=2, MinWords=5, MaxWords=20, FragmentDelimiter=" ... "'),
    (select count(*) from candidates) > 2000
  from ranked r cross join ask join {table} k on k.artifact_id = r.artifact_id where k.strata_space = {space}
  order by r.score desc, k.artifact_id)";

// One part of everything at a time, from a place on. Values before what they were, so that what is written meanwhile is in
// one of both; archived ones with the others, so that what is archived or comes back meanwhile is.
inline constexpr std::string_view dump = R"(
(select v.artifact_id, 0::bigint, v.line from (
  (select k.artifact_id, jsonb_build_object('part', 'asset', 'row', to_jsonb(k) - 'id')::text as line from {table} k
    where $1 = 0 and k.strata_space = {space} and k.artifact_id > $2 order by k.artifact_id limit $4)
  union all
  (select a.artifact_id, jsonb_build_object('part', 'archived', 'row', a.rest - 'id' || jsonb_build_object(
        'artifact_id', a.artifact_id, 'artifact_type', a.artifact_type, 'content_raw', a.content_raw, 'content', a.content,
        'metadata', a.metadata, 'archived_at', a.archived_at))::text from {archive} a
    where $1 = 0 and a.strata_space = {space} and a.artifact_id > $2 order by a.artifact_id limit $4)) v
  order by v.artifact_id limit $4)
union all
(select h.artifact_id, h.revision, jsonb_build_object('part', 'history', 'row', to_jsonb(h))::text from {history} h
  where $1 = 1 and h.space = {space} and (h.artifact_id, h.revision) > ($2, $3) order by h.artifact_id, h.revision limit $4)
union all
(select e.artifact_id, 0, jsonb_build_object('part', 'erased', 'row', to_jsonb(e))::text from {erased} e
  where $1 = 2 and e.space = {space} and e.artifact_id > $2 order by e.artifact_id limit $4)
union all
(select u.artifact_id, 0, jsonb_build_object('part', 'usage', 'row', to_jsonb(u) - 'lately')::text from {usage} u
  where $1 = 3 and u.artifact_id > $2 and (exists (select from {table} k where k.artifact_id = u.artifact_id and k.strata_space = {space})
    or exists (select from {archive} a where a.artifact_id = u.artifact_id and a.strata_space = {space})) order by u.artifact_id limit $4)
union all
(select u.artifact_id, {microseconds}(u.hour), jsonb_build_object('part', 'hours', 'row', to_jsonb(u))::text from {usage_hours} u
  where $1 = 4 and (u.hour, u.artifact_id) > ('epoch'::timestamptz + $3 * interval '1 microsecond', $2) and (exists (select from {table} k where k.artifact_id = u.artifact_id and k.strata_space = {space})
    or exists (select from {archive} a where a.artifact_id = u.artifact_id and a.strata_space = {space}))
  order by u.hour, u.artifact_id limit $4)
union all
(select u.artifact_id, {microseconds}(u.day), jsonb_build_object('part', 'days', 'row', to_jsonb(u))::text from {usage_days} u
  where $1 = 5 and (u.day, u.artifact_id) > ('epoch'::timestamptz + $3 * interval '1 microsecond', $2) and (exists (select from {table} k where k.artifact_id = u.artifact_id and k.strata_space = {space})
    or exists (select from {archive} a where a.artifact_id = u.artifact_id and a.strata_space = {space}))
  order by u.day, u.artifact_id limit $4))";
inline constexpr std::string_view restore = "select added, there, other from {restore}({space}, $1)";

inline constexpr std::string_view embed = "select {embed}($1, {space}, $2)";

// An HNSW index is used where there is one. The planner, who leaves out that vectors are stored apart from their rows, takes
// reading all of ten thousand for cheaper than the index, and it takes a hundred times as long. (What is told depends on no
// row, so it is told before the first is looked for.) A vector of zeros is near to nothing, and its score, no number, would
// come first.
inline constexpr std::string_view nearest = R"(
with told as materialized (
  select set_config(s, 'off', true) from unnest('{enable_seqscan,enable_sort}'::text[]) s where exists (
    select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am a on a.oid = c.relam
      where i.indrelid = '{table}'::regclass and a.amname = 'hnsw'))
select %read%, k.version, k.strata_revision, n.artifact_id, n.score
  from {nearest}({space}, $1, $2, $3, $4, $5) n left join {table} k on k.artifact_id = n.artifact_id
  where (select count(*) from told) >= 0 and n.score is distinct from 'NaN' order by n.score desc, n.artifact_id)";

}  // namespace strata::cold::pg::detail
