// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>

// 3. What the fleet knows of its values: usage with outcomes and rollups, an archive, words to search by, vectors.
namespace strata::cold::pg {

inline constexpr std::string_view migration_3 =
    // Usage. A flush is numbered by its sender, so that one whose answer was lost can be sent again without counting twice.
    // The statement that calls {count_usage} holds the rows of the table, locked in the order of their ids, as saves lock
    // them: whoever has such a lock is alone with the id's row of {usage}. It updates the table's own columns by itself,
    // because other programs' triggers there expect their search path. `uses` are never fewer than usage_count, to which
    // programs without Strata add, and outlive an erase. Archived ids have to be brought back first: then the one row of
    // the answer is null.
    //
    // Counts of an hour stand in {usage_hours} for two days and in {usage_days} for three months more; of each whole day
    // the 10,000 ids used most are kept. So what both hold is bounded by that, and by the ids used in two days.
    R"(
alter table {table} add column if not exists success_rate double precision;
alter table {usage} add column successes bigint not null default 0, add column failures bigint not null default 0,
  alter column last_used_at drop not null;
create index on {usage} (uses desc, artifact_id);
create table {usage_hours} (
  hour timestamptz not null, artifact_id text not null, uses bigint not null, successes bigint not null, failures bigint not null,
  primary key (hour, artifact_id)) with (fillfactor = 50);
create table {usage_days} (
  day timestamptz not null, artifact_id text not null, uses bigint not null, successes bigint not null, failures bigint not null,
  primary key (day, artifact_id));
create table {usage_senders} (sender uuid primary key, number bigint not null, at timestamptz not null default now())
  with (fillfactor = 50);

create function {microseconds}(t timestamptz) returns bigint language sql immutable parallel safe
  as 'select (extract(epoch from case when isfinite(t) then t end) * 1000000)::bigint';
create function {count_usage}(of_space text, by_sender uuid, by_number bigint, ids text[], reads bigint[], good bigint[], bad bigint[])
  returns table (artifact_id text, n bigint, used_at timestamptz, success_rate double precision)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
#variable_conflict use_column
begin
  if exists (select from {archive} a where a.artifact_id = any(ids)) then
    return query select null::text, null::bigint, null::timestamptz, null::double precision;
    return;
  end if;
  insert into {usage_senders} as s (sender, number) values (by_sender, by_number)
    on conflict (sender) do update set number = excluded.number, at = excluded.at where s.number < excluded.number;
  if not found then  -- counted already
    return;
  end if;
  return query
  with given as materialized (
    select d.id, d.n, d.good, d.bad, greatest(coalesce(u.uses, 0), coalesce(k.usage_count, 0)) + d.n as uses,
        case when d.n > 0 then now() else u.last_used_at end as used_at,
        coalesce(u.successes, 0) + d.good as successes, coalesce(u.failures, 0) + d.bad as failures
      from unnest(ids, reads, good, bad) d(id, n, good, bad) join {table} k on k.artifact_id = d.id
        left join {usage} u on u.artifact_id = d.id
      where k.strata_space = of_space),
  ever as (
    insert into {usage} as u (artifact_id, uses, last_used_at, successes, failures)
      select g.id, g.uses, g.used_at, g.successes, g.failures from given g order by g.id collate "C"
      on conflict (artifact_id) do update set uses = excluded.uses, last_used_at = excluded.last_used_at,
        successes = excluded.successes, failures = excluded.failures),
  this_hour as (
    insert into {usage_hours} as h (hour, artifact_id, uses, successes, failures)
      select date_trunc('hour', now(), 'UTC'), g.id, g.n, g.good, g.bad from given g order by g.id collate "C"
      on conflict (hour, artifact_id) do update set uses = h.uses + excluded.uses,
        successes = h.successes + excluded.successes, failures = h.failures + excluded.failures)
  select g.id, g.n, g.used_at,
      case when g.good + g.bad > 0 then g.successes::float8 / (g.successes + g.failures) end from given g;
end $strata$;
revoke all on function {count_usage}(text, uuid, bigint, text[], bigint[], bigint[], bigint[]) from public;

create function {tidy_usage}() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if not pg_try_advisory_xact_lock(hashtextextended('{usage_hours}', 7)) then
    return;
  end if;
  with old as (
    delete from {usage_hours} h where h.ctid in (
      select o.ctid from {usage_hours} o where o.hour < date_trunc('hour', now(), 'UTC') - interval '48 hours' limit 100000)
    returning h.*)
  insert into {usage_days} as d (day, artifact_id, uses, successes, failures)
    select date_trunc('day', o.hour, 'UTC'), o.artifact_id, sum(o.uses), sum(o.successes), sum(o.failures) from old o group by 1, 2
    on conflict (day, artifact_id) do update set uses = d.uses + excluded.uses,
      successes = d.successes + excluded.successes, failures = d.failures + excluded.failures;
  delete from {usage_days} d where d.ctid in (
    select o.ctid from {usage_days} o where o.day < now() - interval '92 days' limit 100000);
  delete from {usage_days} d using (
      select e.day, e.artifact_id, row_number() over (partition by e.day order by e.uses desc, e.artifact_id) as place
        from {usage_days} e where e.day < now() - interval '3 days' and e.day > now() - interval '10 days') ranked
    where ranked.place > 10000 and d.day = ranked.day and d.artifact_id = ranked.artifact_id;
  delete from {usage_senders} s where s.at < now() - interval '7 days';
end $strata$;
revoke all on function {tidy_usage}() from public;
)"
    // The archive. A row moves there with all its columns, also other programs', and keeps its revision, so nobody has to
    // hear of it: copies in warm and in memory stay right. The columns that values are made of stand there as in the table
    // and are read from both. What is written, erased, counted or given a vector comes back first, with the same revision.
    //
    // The triggers know a row on its way by its row in {archive}, which only the functions here can write: one that leaves
    // has the same revision there, one that comes back names the transaction that brings it.
    R"(
create table {archive} (
  artifact_id text primary key, strata_space text not null, strata_revision bigint not null, version bigint, artifact_type text,
  content_raw text, content jsonb, metadata jsonb, strata_operation uuid, updated_at timestamptz, rest jsonb not null,
  archived_at timestamptz not null default clock_timestamp(), coming_back xid8);

create or replace function {before}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if tg_op = 'INSERT' and
      (select a.coming_back = pg_current_xact_id() from {archive} a where a.artifact_id = new.artifact_id) then
    return new;
  end if;
  new.strata_revision := nextval('{revisions}');
  if tg_op = 'INSERT' then
    if new.version is not null then  -- not ours, or a row that somebody brings back
      new.strata_operation := null;
    elsif new.strata_operation is not null then  -- ours: goes on from where an erase, or the archive, left it
      new.version := coalesce(greatest((select e.version from {erased} e where e.artifact_id = new.artifact_id),
        (select a.version from {archive} a where a.artifact_id = new.artifact_id)), 0) + 1;
      if new.content -> 'version' = 'null' then
        new.content := jsonb_set(new.content, '{version}', to_jsonb(new.version));
      end if;
    end if;
  elsif new.strata_operation is not distinct from old.strata_operation then  -- not ours
    new.strata_operation := null;
  end if;
  return new;
end $strata$;

create or replace function {inserted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), n.strata_revision, 0, n.artifact_id, n.strata_space from come n;
  if not found then
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
  if exists (select from come n where
      (select a.coming_back is distinct from pg_current_xact_id() from {archive} a where a.artifact_id = n.artifact_id)) then
    with over as (
      delete from {archive} a where a.artifact_id in (select n.artifact_id from come n)
          and a.coming_back is distinct from pg_current_xact_id()
        returning a.*)
    insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
      select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
          o.strata_operation, o.updated_at
        from over o
      on conflict do nothing;
  end if;
  return null;
end $strata$;

create or replace function {deleted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
    select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
        o.strata_operation, o.updated_at
      from gone o
      where (select a.strata_revision from {archive} a where a.artifact_id = o.artifact_id) is distinct from o.strata_revision
    on conflict do nothing;
  with gone_ids as (
    insert into {erased} as e (artifact_id, space, revision, version)
      select o.artifact_id, o.strata_space, nextval('{revisions}'), coalesce(o.version, 0) from gone o
        where (select a.strata_revision from {archive} a where a.artifact_id = o.artifact_id) is distinct from o.strata_revision
      on conflict (artifact_id) do update set space = excluded.space, revision = excluded.revision,
        version = excluded.version, operation = null, erased_at = excluded.erased_at
      returning e.revision, e.artifact_id, e.space)
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), g.revision, 1, g.artifact_id, g.space from gone_ids g;
  return null;
end $strata$;

create function {put_away}(of_space text, unused_since timestamptz, most bigint)
  returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  ids text[];
  moved bigint;
begin
  select array_agg(w.artifact_id) into ids from (
    select k.artifact_id from {table} k
      where k.strata_space = of_space and greatest(k.last_used_at, k.updated_at) < unused_since
      order by greatest(k.last_used_at, k.updated_at), k.artifact_id limit most for update skip locked) w;
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
revoke all on function {put_away}(text, timestamptz, bigint) from public;

create function {bring_back}(of_space text, ids text[])
  returns bigint language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  back bigint;
  kept text;
begin
  update {archive} a set coming_back = pg_current_xact_id() where a.artifact_id = any(ids) and a.strata_space = of_space;
  get diagnostics back = row_count;
  if back = 0 then
    return 0;
  end if;
  select string_agg(quote_ident(a.attname), ', ') into kept from pg_attribute a
    where a.attrelid = '{table}'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  execute 'insert into {table} (' || kept || ') overriding system value select ' || kept || ' from (
      select r.* from {archive} a, jsonb_populate_record(null::{table}, a.rest || jsonb_build_object(
          ''artifact_id'', a.artifact_id, ''artifact_type'', a.artifact_type, ''content_raw'', a.content_raw,
          ''content'', a.content, ''metadata'', a.metadata)) r
        where a.artifact_id = any($1) and a.coming_back = pg_current_xact_id() order by a.artifact_id collate "C") r' using ids;
  delete from {archive} a where a.artifact_id = any(ids) and a.coming_back = pg_current_xact_id();
  return back;
end $strata$;
revoke all on function {bring_back}(text, text[]) from public;

create or replace function {erase}(wanted text, wanted_space text, by_operation uuid,
                                   out revision bigint, out version bigint, out changed boolean)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if exists (select from {archive} a where a.artifact_id = wanted) then
    perform {bring_back}(wanted_space, array[wanted]);
  end if;
  delete from {table} t where t.artifact_id = wanted and t.strata_space = wanted_space;
  changed := found;
  if changed then
    update {erased} e set operation = by_operation where e.artifact_id = wanted
      returning e.revision, e.version into revision, version;
  else
    select e.revision, e.version into revision, version from {erased} e
      where e.artifact_id = wanted and e.space = wanted_space;
  end if;
end $strata$;
)"
    // Words. Made of what the log says has changed, by whoever searches, before he does: a save pays nothing. {words_state}
    // tells how far that is: a place in the log, and before the first time, and after a log that was trimmed too soon,
    // how far a walk over the whole table has come. Half a megabyte of text and more still saves: words are taken of
    // its beginning.
    R"(
create table {words} (
  artifact_id text primary key, space text not null, kind text not null, revision bigint not null, words tsvector not null);
create index on {words} using gin (words);
create table {words_state} (
  space text primary key, language text not null default 'english', whole boolean not null default false,
  walked text not null default '', transaction xid8 not null default '0', revision bigint not null default 0)
  with (fillfactor = 50);

create function {words_of}(language regconfig, id text, metadata jsonb, content text)
  returns tsvector language plpgsql set search_path = pg_catalog, pg_temp as $strata$
begin
  return setweight(to_tsvector(language, translate(left(id, 600), '/._-:', '     ')), 'A')
    || setweight(to_tsvector(language, left(coalesce(metadata::text, ''), 10000)), 'B')
    || to_tsvector(language, left(content, 100000));
exception when program_limit_exceeded then
  return to_tsvector(language, left(id, 600));
end $strata$;

-- True: there is nothing more to do. Null: another is at it.
create function {index_words}(of_space text, most bigint)
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  s {words_state};
  low xid8 := pg_snapshot_xmin(pg_current_snapshot());
  ids text[];
  last_transaction xid8;
  last_revision bigint;
  locked boolean := false;
begin
  loop
    if not locked then
      select * into strict s from {words_state} w where w.space = of_space;
    end if;
    if s.whole and (s.transaction > pg_snapshot_xmax(pg_current_snapshot()) or  -- another server's, from which this was restored
        exists (select from {horizon} h where h.space = of_space and s.transaction < h.begins)) then
      s.whole := false;
      s.walked := '';
    end if;
    if s.whole then
      -- An erased id is to do as long as it has words, another as long as it has older ones or none.
      select array_agg(c.artifact_id), (array_agg(c.transaction order by c.transaction desc, c.revision desc))[1],
          (array_agg(c.revision order by c.transaction desc, c.revision desc))[1] into ids, last_transaction, last_revision
        from (select c.artifact_id, c.transaction, c.revision from {changes} c
                where (c.transaction, c.revision) > (s.transaction, s.revision) and c.space = of_space and
                  coalesce((select w.revision from {words} w where w.artifact_id = c.artifact_id),
                    case c.operation when 0 then 0 else c.revision end) < c.revision
                order by c.transaction, c.revision limit most) c;
      -- Without writing anything, as most searches find it.
      if ids is null and low::text::bigint - s.transaction::text::bigint < 200 then
        return true;
      end if;
    end if;
    exit when locked;
    select * into s from {words_state} w where w.space = of_space for update skip locked;
    if not found then
      return null;
    end if;
    locked := true;
  end loop;
  if not s.whole and s.walked = '' then
    s.transaction := low;
    s.revision := 0;
  end if;
  if not s.whole then
    select array_agg(k.artifact_id), max(k.artifact_id) into ids, s.walked
      from (select k.artifact_id from {table} k where k.strata_space = of_space and k.artifact_id > s.walked
              order by k.artifact_id limit most) k;
  end if;

  insert into {words} as w (artifact_id, space, kind, revision, words)
    select k.artifact_id, k.strata_space, k.artifact_type, k.strata_revision,
        {words_of}(s.language::regconfig, k.artifact_id, k.metadata, k.content_raw)
      from {table} k where k.artifact_id = any(ids) and k.strata_space = of_space
        and (select o.revision from {words} o where o.artifact_id = k.artifact_id) is distinct from k.strata_revision
    on conflict (artifact_id) do update set space = excluded.space, kind = excluded.kind, revision = excluded.revision,
      words = excluded.words;
  delete from {words} w where w.artifact_id = any(ids) and not exists (select from {table} k where k.artifact_id = w.artifact_id);

  if not s.whole then
    s.whole := coalesce(cardinality(ids), 0) < most;
    update {words_state} w set whole = s.whole, walked = coalesce(s.walked, ''), transaction = s.transaction, revision = s.revision
      where w.space = of_space;
    return false;  -- what was written meanwhile stands in the log
  end if;
  -- What is still going on has a number of at least `low`: only up to there has everything been seen.
  if coalesce(cardinality(ids), 0) < most or last_transaction >= low then
    if s.transaction < low then
      update {words_state} w set transaction = low, revision = 0 where w.space = of_space;
    end if;
    return coalesce(cardinality(ids), 0) < most;
  end if;
  update {words_state} w set transaction = last_transaction, revision = last_revision where w.space = of_space;
  return false;
end $strata$;
revoke all on function {index_words}(text, bigint) from public;
)"
    // What an export holds, put back by the table's owner. Values come the way that archived ones come back: with their
    // revisions and times. What is there stays as it is; the answer tells of values how many came, were there, and were
    // there with another revision.
    R"(
create function {restore}(of_space text, lines jsonb[])
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
  with rows as (
    select l ->> 'part' as part, l -> 'row' as r from unnest(lines) l where l ->> 'part' in ('asset', 'archived')),
  put as (
    insert into {archive} (artifact_id, strata_space, strata_revision, version, artifact_type, content_raw, content, metadata,
        strata_operation, updated_at, archived_at, rest)
      select r ->> 'artifact_id', of_space, (r ->> 'strata_revision')::bigint, (r ->> 'version')::bigint, r ->> 'artifact_type',
          r ->> 'content_raw', r -> 'content', nullif(r -> 'metadata', 'null'), (r ->> 'strata_operation')::uuid,
          (r ->> 'updated_at')::timestamptz, coalesce((r ->> 'archived_at')::timestamptz, now()),
          r - '{artifact_id,artifact_type,content_raw,content,metadata,archived_at}'::text[]
            || jsonb_build_object('strata_space', of_space)
            || case when serial is null then '{}' else jsonb_build_object('id', nextval(serial::regclass)) end
        from rows where not exists (select from {table} k where k.artifact_id = r ->> 'artifact_id')
      on conflict (artifact_id) do nothing returning artifact_id)
  select coalesce(array_agg(p.artifact_id), '{}') into ids from put p;
  perform {bring_back}(of_space, array(
    select l -> 'row' ->> 'artifact_id' from unnest(lines) l where l ->> 'part' = 'asset' and l -> 'row' ->> 'artifact_id' = any(ids)));

  insert into {history} select h.* from unnest(lines) l,
      jsonb_populate_record(null::{history}, l -> 'row' || jsonb_build_object('space', of_space)) h
    where l ->> 'part' = 'history' and not exists (
      select from {table} k where k.artifact_id = h.artifact_id and k.strata_revision = h.revision) on conflict do nothing;
  insert into {erased} select e.* from unnest(lines) l,
      jsonb_populate_record(null::{erased}, l -> 'row' || jsonb_build_object('space', of_space)) e
    where l ->> 'part' = 'erased' on conflict do nothing;
  insert into {usage} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage}, l -> 'row') u
    where l ->> 'part' = 'usage' on conflict do nothing;
  insert into {usage_hours} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage_hours}, l -> 'row') u
    where l ->> 'part' = 'hours' on conflict do nothing;
  insert into {usage_days} select u.* from unnest(lines) l, jsonb_populate_record(null::{usage_days}, l -> 'row') u
    where l ->> 'part' = 'days' on conflict do nothing;

  -- No revision is given twice.
  select max(coalesce((l -> 'row' ->> 'strata_revision')::bigint, (l -> 'row' ->> 'revision')::bigint)) into highest from unnest(lines) l;
  if highest > (select s.last_value from {revisions} s) then
    perform setval('{revisions}', highest);
  end if;

  select count(*), count(*) filter (where l -> 'row' ->> 'strata_revision' = coalesce(
      (select k.strata_revision::text from {table} k where k.artifact_id = l -> 'row' ->> 'artifact_id'),
      (select a.strata_revision::text from {archive} a where a.artifact_id = l -> 'row' ->> 'artifact_id')))
    into given, same from unnest(lines) l where l ->> 'part' in ('asset', 'archived');
  return query select cardinality(ids)::bigint, same - cardinality(ids), given - same;
end $strata$;
revoke all on function {restore}(text, jsonb[]) from public;
)"
    // Vectors, in the column that programs without Strata know, where there is one and pgvector is there. Everything that
    // names pgvector's types is put together when it is asked, so that without it everything else works. State ST001 says
    // that it is not there. An index is made only on a table that is small and has no vectors yet, because nobody reads
    // the table meanwhile: doctor gives the command for others.
    R"(
create function {pgvector}() returns text language plpgsql stable set search_path = pg_catalog, pg_temp as $strata$
declare
  home text;
begin
  select quote_ident(n.nspname) into home
    from pg_attribute a join pg_type t on t.oid = a.atttypid join pg_namespace n on n.oid = t.typnamespace
    where a.attrelid = '{table}'::regclass and a.attname = 'embedding' and not a.attisdropped and t.typname = 'vector';
  if not found then
    raise exception 'the table has no column embedding of pgvector''s type vector' using errcode = 'ST001';
  end if;
  return home;
end $strata$;

create function {embed}(wanted text, of_space text, given real[])
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  home text := {pgvector}();
  changed bigint;
begin
  if exists (select from {archive} a where a.artifact_id = wanted) then
    perform {bring_back}(of_space, array[wanted]);
  end if;
  execute 'update {table} set embedding = $3::' || home || '.vector where artifact_id = $1 and strata_space = $2'
    using wanted, of_space, given;
  get diagnostics changed = row_count;
  return changed > 0;
end $strata$;
revoke all on function {embed}(text, text, real[]) from public;

create function {nearest}(of_space text, given real[], like_id text, of_kind text, prefix text, most bigint)
  returns table (artifact_id text, score double precision)
  language plpgsql set search_path = pg_catalog, pg_temp as $strata$
declare
  home text := {pgvector}();
  condition text := ' from {table} k where k.embedding is not null and k.strata_space = $2 and k.artifact_id <> $3';
  found bigint;
  there bigint;
begin
  if given is null then
    execute 'select k.embedding::real[] from {table} k where k.artifact_id = $1 and k.strata_space = $2'
      into given using like_id, of_space;
    if given is null then
      return;
    end if;
  end if;
  if of_kind <> '' then
    condition := condition || ' and k.artifact_type = $4';
  end if;
  if prefix <> '' then
    condition := condition || ' and starts_with(k.artifact_id, $5)';
  end if;
  perform set_config('hnsw.ef_search', greatest(100, least(1000, most * 2))::text, true),
      set_config('ivfflat.probes', '10', true);
  perform set_config('hnsw.iterative_scan', 'strict_order', true), set_config('ivfflat.iterative_scan', 'relaxed_order', true)
    from pg_extension e where e.extname = 'vector' and string_to_array(e.extversion, '.')::int[] >= '{0,8}'::int[];
  return query execute 'select k.artifact_id::text, 1 - (k.embedding operator(' || home || '.<=>) $1::' || home || '.vector)' || condition
      || ' order by k.embedding operator(' || home || '.<=>) $1::' || home || '.vector limit $6'
    using given, of_space, like_id, of_kind, prefix, most;
  get diagnostics found = row_count;
  if found < most then
    execute 'select count(*) from (select 1' || condition || ' limit $6) t'
      into there using given, of_space, like_id, of_kind, prefix, found + 1;
    if there > found then  -- the index gave fewer than there are
      return query select null::text, null::double precision;
    end if;
  end if;
end $strata$;

do $strata$
begin
  if not exists (select from {table} offset 5000) and not exists (select from {table} where embedding is not null) and not exists (
      select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = '{table}'::regclass and a.attname = 'embedding') then
    create index on {table} using hnsw (embedding vector_cosine_ops);
  end if;
exception when others then
  null;  -- no such column, no pgvector, more dimensions than an index takes
end $strata$;
)";

}  // namespace strata::cold::pg
