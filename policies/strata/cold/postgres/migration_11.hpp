// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>

namespace strata::cold::pg {

// 11. Whoever may connect has a table, a temporary one at least, and could let it fire the functions of our triggers, with the
// owner's rights: making a trigger takes no more than the right to execute its function. Firing one takes not even that.
//
// What comes back from the archive has the revision that it had, so it is news to nobody: it stands in no log, where rows never
// written since they were found, all of revision 1, could not stand together, and it is given its words as it comes. The
// tombstone of an erase before it may well have a higher version. Columns that it knows nothing of take their defaults, and
// so do those that may not be null.
//
// What is restored is news, and stands in the log by its revision: so what would be below a tombstone, or have the revision of
// another, gets a new one. Of what stands already nothing comes that is newer: it would be shown before what is there.
//
// What other tables refer to is not archived: they would lose their rows with it, or hold it. A row without any time is as old as
// can be.
//
// What was put and erased since has no row to take words of, and was to do all the same for as long as the log's place stood
// before it.
inline constexpr std::string_view migration_11 = R"(
revoke all on function {before}(), {inserted}(), {replaced}(), {deleted}(), {truncated}(), {keep_lately}() from public;

create or replace function {inserted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), n.strata_revision, 0, n.artifact_id, n.strata_space from come n
      where (select a.coming_back = pg_current_xact_id() from {archive} a where a.artifact_id = n.artifact_id) is not true;
  if not found then  -- none, or rows that come back: no statement brings others with them
    return null;
  end if;
  if exists (select from come n where n.strata_operation is not null and
      (select e.revision > n.strata_revision or e.version >= n.version from {erased} e where e.artifact_id = n.artifact_id)) then
    raise exception 'erased while being inserted' using errcode = '40001';
  end if;
  if exists (select from come n where n.strata_operation is null and
      (select e.revision > n.strata_revision from {erased} e where e.artifact_id = n.artifact_id)) then
    update {table} k set strata_revision = nextval('{revisions}') from come n
      where k.artifact_id = n.artifact_id and n.strata_operation is null and
        (select e.revision > n.strata_revision from {erased} e where e.artifact_id = n.artifact_id);
  end if;
  -- Over an archived row: that one is history.
  if exists (select from come n where exists (select from {archive} a where a.artifact_id = n.artifact_id)) then
    with over as (
      delete from {archive} a where a.artifact_id in (select n.artifact_id from come n) returning a.*)
    insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
      select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
          o.strata_operation, o.updated_at
        from over o
      on conflict do nothing;
  end if;
  return null;
end $strata$;

create or replace function {put_away}(of_space text, unused_since timestamptz, most bigint)
  returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  others text;
  ids text[];
  moved bigint;
begin
  select string_agg(distinct c.conrelid::regclass::text, ', ') into others from pg_constraint c
    where c.confrelid = '{table}'::regclass and c.contype = 'f';
  if others is not null then
    raise exception 'other tables refer to this one, so nothing is archived: %', others;
  end if;
  select array_agg(w.artifact_id) into ids from (
    select k.artifact_id from {table} k
      where k.strata_space = of_space and coalesce(greatest(k.last_used_at, k.updated_at), '-infinity') < unused_since
      order by coalesce(greatest(k.last_used_at, k.updated_at), '-infinity'), k.artifact_id limit most for update skip locked) w;
  insert into {archive} (artifact_id, strata_space, strata_revision, version, artifact_type, content_raw, content, metadata,
      strata_operation, updated_at, rest)
    select k.artifact_id, k.strata_space, k.strata_revision, k.version, k.artifact_type, k.content_raw, k.content, k.metadata,
        k.strata_operation, k.updated_at, to_jsonb(k) - '{artifact_id,artifact_type,content_raw,content,metadata}'::text[]
      from {table} k where k.artifact_id = any(ids);
  delete from {words} w where w.artifact_id = any(ids);
  delete from {table} k where k.artifact_id = any(ids);
  get diagnostics moved = row_count;
  return moved;
end $strata$;

create or replace function {bring_back}(of_space text, ids text[])
  returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  back bigint;
  kept text;
  taken text;
begin
  update {archive} a set coming_back = pg_current_xact_id() where a.artifact_id = any(ids) and a.strata_space = of_space;
  get diagnostics back = row_count;
  if back = 0 then
    return 0;
  end if;
  select string_agg(c.name, ', '), string_agg(case
      when c.made is null then 'r.' || c.name
      when c.needed then 'coalesce(r.' || c.name || ', ' || c.made || ')'
      else 'case when a.given ? ' || c.key || ' then r.' || c.name || ' else ' || c.made || ' end' end, ', ') into kept, taken
    from (
      select quote_ident(a.attname) as name, quote_literal(a.attname) as key, a.attnotnull as needed,
          '(' || coalesce(pg_get_expr(d.adbin, d.adrelid), 'nextval(' || quote_literal(pg_get_serial_sequence('{table}', a.attname)) || ')')
            || ')::' || format_type(a.atttypid, a.atttypmod) as made
        from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = '{table}'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') c;
  execute 'insert into {table} (' || kept || ') overriding system value select ' || taken || ' from (
      select a.rest || jsonb_build_object(
          ''artifact_id'', a.artifact_id, ''artifact_type'', a.artifact_type, ''content_raw'', a.content_raw,
          ''content'', a.content, ''metadata'', a.metadata) as given
        from {archive} a where a.artifact_id = any($1) and a.coming_back = pg_current_xact_id()) a,
      jsonb_populate_record(null::{table}, a.given) r order by r.artifact_id collate "C"' using ids;
  with here as (
    delete from {archive} a where a.artifact_id = any(ids) and a.coming_back = pg_current_xact_id() returning a.*)
  insert into {words} as w (artifact_id, space, kind, revision, words)
    select h.artifact_id, h.strata_space, h.artifact_type, h.strata_revision,
        {words_of}(s.language::regconfig, h.artifact_id, h.metadata, h.content_raw)
      from here h, {words_state} s where s.space = of_space
    on conflict (artifact_id) do update set space = excluded.space, kind = excluded.kind, revision = excluded.revision,
      words = excluded.words;
  return back;
end $strata$;

create or replace function {restore}(of_space text, lines jsonb[])
  returns table (added bigint, there bigint, other bigint)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  ids text[];
  serial text;
  highest bigint;
  given bigint;
  same bigint;
begin
  if exists (select from pg_attribute a where a.attrelid = '{table}'::regclass and a.attname = 'id' and not a.attisdropped) then
    serial := pg_get_serial_sequence('{table}', 'id');
  end if;
  if not exists (select from pg_attribute a where a.attrelid = '{table}'::regclass and a.attname = 'embedding' and not a.attisdropped)
      and exists (select from unnest(lines) l where l -> 'row' ->> 'embedding' is not null) then
    raise exception 'there are vectors to restore, and the table has no column embedding' using errcode = 'ST001';
  end if;

  -- No revision is given twice.
  select max(coalesce((l -> 'row' ->> 'strata_revision')::bigint, (l -> 'row' ->> 'revision')::bigint)) into highest from unnest(lines) l;
  if highest > (select s.last_value from {revisions} s) then
    perform setval('{revisions}', highest);
  end if;

  with rows as materialized (
    select r, r ->> 'artifact_id' as id, case
        when row_number() over (partition by r -> 'strata_revision') > 1 or (
          select e.revision >= (r ->> 'strata_revision')::bigint from {erased} e where e.artifact_id = r ->> 'artifact_id')
        then nextval('{revisions}') else (r ->> 'strata_revision')::bigint end as revision
      from (select l -> 'row' as r from unnest(lines) l where l ->> 'part' in ('asset', 'archived')) l
      where not exists (select from {table} k where k.artifact_id = r ->> 'artifact_id')
        and not exists (select from {archive} a where a.artifact_id = r ->> 'artifact_id')),
  put as (
    insert into {archive} (artifact_id, strata_space, strata_revision, version, artifact_type, content_raw, content, metadata,
        strata_operation, updated_at, archived_at, rest)
      select id, of_space, revision, (r ->> 'version')::bigint, r ->> 'artifact_type',
          r ->> 'content_raw', r -> 'content', nullif(r -> 'metadata', 'null'), (r ->> 'strata_operation')::uuid,
          (r ->> 'updated_at')::timestamptz, coalesce((r ->> 'archived_at')::timestamptz, now()),
          r - '{artifact_id,artifact_type,content_raw,content,metadata,archived_at}'::text[]
            || jsonb_build_object('strata_space', of_space, 'strata_revision', revision)
            || case when serial is null then '{}' else jsonb_build_object('id', nextval(serial::regclass)) end
        from rows
      on conflict (artifact_id) do nothing returning artifact_id, strata_revision),
  told as (
    insert into {changes} (transaction, revision, operation, artifact_id, space)
      select pg_current_xact_id(), p.strata_revision, 0, p.artifact_id, of_space from put p)
  select coalesce(array_agg(p.artifact_id), '{}') into ids from put p;
  perform {bring_back}(of_space, array(
    select l -> 'row' ->> 'artifact_id' from unnest(lines) l where l ->> 'part' = 'asset' and l -> 'row' ->> 'artifact_id' = any(ids)));
  if exists (select from {table} k where k.artifact_id = any(ids) and
      (select e.revision > k.strata_revision from {erased} e where e.artifact_id = k.artifact_id)) then
    raise exception 'erased while being restored' using errcode = '40001';
  end if;

  insert into {history} select h.* from unnest(lines) l,
      jsonb_populate_record(null::{history}, l -> 'row' || jsonb_build_object('space', of_space)) h
    where l ->> 'part' = 'history'
      and not exists (select from {table} k where k.artifact_id = h.artifact_id and k.strata_revision <= h.revision)
      and not exists (select from {archive} a where a.artifact_id = h.artifact_id and a.strata_revision <= h.revision)
    on conflict do nothing;
  insert into {erased} select e.* from unnest(lines) l,
      jsonb_populate_record(null::{erased}, l -> 'row' || jsonb_build_object('space', of_space)) e
    where l ->> 'part' = 'erased'
      and not exists (select from {table} k where k.artifact_id = e.artifact_id and k.strata_revision <= e.revision)
      and not exists (select from {archive} a where a.artifact_id = e.artifact_id and a.strata_revision <= e.revision)
    on conflict do nothing;
  insert into {usage} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage}, l -> 'row') u
    where l ->> 'part' = 'usage' on conflict do nothing;
  insert into {usage_hours} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage_hours}, l -> 'row') u
    where l ->> 'part' = 'hours' on conflict do nothing;
  insert into {usage_days} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage_days}, l -> 'row') u
    where l ->> 'part' = 'days' on conflict do nothing;

  select count(*), count(*) filter (where l -> 'row' ->> 'artifact_id' = any(ids) or l -> 'row' ->> 'strata_revision' = coalesce(
      (select k.strata_revision::text from {table} k where k.artifact_id = l -> 'row' ->> 'artifact_id'),
      (select a.strata_revision::text from {archive} a where a.artifact_id = l -> 'row' ->> 'artifact_id')))
    into given, same from unnest(lines) l where l ->> 'part' in ('asset', 'archived');
  return query select cardinality(ids)::bigint, same - cardinality(ids), given - same;
end $strata$;

do $strata$
begin
  execute replace(pg_get_functiondef('{index_words}(text, bigint)'::regprocedure), 'case c.operation when 0 then 0 else c.revision end',
    'case when exists (select from {table} k where k.artifact_id = c.artifact_id and k.strata_space = of_space) then 0 else c.revision end');
end $strata$;
)";

}  // namespace strata::cold::pg
