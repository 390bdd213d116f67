// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/migration_11.hpp>
#include <strata/cold/postgres/migration_3.hpp>
#include <strata/cold/postgres/migration_7.hpp>

#include <array>
#include <string_view>

// What is added to a table, in numbered steps that are never changed once released. Each runs in the transaction that
// holds the table's locks; none rewrites the table: a column with a constant default costs the same for any number of rows.
namespace strata::cold::pg {

/// A table like the ones in the field, for a database that has none. No index on usage_count or last_used_at: either would
/// make each count a rewrite of index entries.
inline constexpr std::string_view create_table = R"(
create table {table} (
  id bigint generated always as identity primary key, artifact_id text not null unique, artifact_type text not null,
  content_raw text not null, content jsonb not null, metadata jsonb not null default '{}',
  usage_count bigint not null default 0, success_rate double precision default 0.0, last_used_at timestamptz,
  created_at timestamptz not null default now(), updated_at timestamptz not null default now(),
  version bigint not null default 1,
  check (octet_length(artifact_id) between 1 and 512)) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02))";

/// Where pgvector is to be had.
inline constexpr std::string_view add_embedding = "alter table {table} add column embedding vector(1536)";

// 1. Revisions, operations, spaces; history and tombstones, kept by triggers so that other programs' writes count too.
//
// A row's revision is taken inside the statement that holds the row (K1). Rows from before have revision 1. The one gap is
// an insert: its trigger runs before the row is there, so another may insert and erase the key in between; the trigger
// after the insert finds the tombstone, and has ours do it again (40001) and mends other programs' rows.
//
// The triggers name the columns they guard, so that counting usage does not run them, and sort last, so that they see what
// other triggers made of the row. They run with the rights of the migrating role: other programs' roles need no new ones.
inline constexpr std::string_view migration_1 = R"(
create sequence {revisions} as bigint minvalue 1 start with 2;
alter table {table}
  add column strata_revision bigint not null default 1,
  add column strata_operation uuid,
  add column strata_space text not null default {space};
create table {history} (
  artifact_id text not null, revision bigint not null, space text not null, version bigint, artifact_type text,
  content_raw text, content jsonb, metadata jsonb, operation uuid, written_at timestamptz,
  replaced_at timestamptz not null default clock_timestamp(), primary key (artifact_id, revision));
create table {erased} (
  artifact_id text primary key, space text not null, revision bigint not null, version bigint not null, operation uuid,
  erased_at timestamptz not null default clock_timestamp());
create table {usage} (
  artifact_id text primary key, uses bigint not null, last_used_at timestamptz not null) with (fillfactor = 50);
create table {spaces} (space text primary key, type text not null, since timestamptz not null default now());

create function {before}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  new.strata_revision := nextval('{revisions}');
  if tg_op = 'INSERT' then
    if new.version is not null then  -- not ours, or a row that somebody brings back
      new.strata_operation := null;
    elsif new.strata_operation is not null then  -- ours: goes on from where an erase left it
      new.version := coalesce((select e.version from {erased} e where e.artifact_id = new.artifact_id), 0) + 1;
      if new.content -> 'version' = 'null' then
        new.content := jsonb_set(new.content, '{version}', to_jsonb(new.version));
      end if;
    end if;
  elsif new.strata_operation is not distinct from old.strata_operation then  -- not ours
    new.strata_operation := null;
  end if;
  return new;
end $strata$;

create function {inserted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if exists (select from {erased} e where e.artifact_id = new.artifact_id and (e.revision > new.strata_revision
      or (new.strata_operation is not null and e.version >= new.version))) then
    if new.strata_operation is not null then
      raise exception 'erased while being inserted' using errcode = '40001';
    end if;
    update {table} set strata_revision = nextval('{revisions}') where artifact_id = new.artifact_id;
  end if;
  return null;
end $strata$;

create function {replaced}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
    select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
        o.strata_operation, o.updated_at
      from gone o where (o.artifact_id, o.strata_revision) not in (select n.artifact_id, n.strata_revision from come n)
    on conflict do nothing;
  insert into {erased} as e (artifact_id, space, revision, version)
    select o.artifact_id, o.strata_space, nextval('{revisions}'), coalesce(o.version, 0)
      from gone o where o.artifact_id not in (select n.artifact_id from come n)
    on conflict (artifact_id) do update set space = excluded.space, revision = excluded.revision,
      version = excluded.version, operation = null, erased_at = excluded.erased_at;
  return null;
end $strata$;

create function {deleted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
    select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
        o.strata_operation, o.updated_at
      from gone o
    on conflict do nothing;
  insert into {erased} as e (artifact_id, space, revision, version)
    select o.artifact_id, o.strata_space, nextval('{revisions}'), coalesce(o.version, 0) from gone o
    on conflict (artifact_id) do update set space = excluded.space, revision = excluded.revision,
      version = excluded.version, operation = null, erased_at = excluded.erased_at;
  return null;
end $strata$;

create trigger zz_strata_insert before insert on {table} for each row execute function {before}();
create trigger zz_strata_update before update of artifact_id, artifact_type, content_raw, content, metadata, version on {table}
  for each row when (row(old.version, old.artifact_id, old.artifact_type, old.metadata, old.content_raw, old.content)
    is distinct from row(new.version, new.artifact_id, new.artifact_type, new.metadata, new.content_raw, new.content))
  execute function {before}();
create trigger zz_strata_inserted after insert on {table} for each row execute function {inserted}();
create trigger zz_strata_updated after update on {table} referencing old table as gone new table as come
  for each statement execute function {replaced}();
create trigger zz_strata_deleted after delete on {table} referencing old table as gone
  for each statement execute function {deleted}();

create function {erase}(wanted text, wanted_space text, by_operation uuid,
                        out revision bigint, out version bigint, out changed boolean)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
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
revoke all on function {erase}(text, text, uuid) from public;
)";

// 2. The log of changes, from which warm is kept in step, and how far it is (K7).
//
// A transaction's changes stand in the log under its number, which orders them as no clock and no sequence could: whoever
// has seen a snapshot knows below which number nothing will be added. They are written by the triggers for each
// statement, in bulk. What was asked of each inserted row (an erase in between) is asked once for all of them; the
// question is a scalar one, so that the planner, who plans it once for one row and for thousands, can only go through
// the index.
//
// For the same reason nothing is compared with each of many: nested loops are off where rows that were are matched with rows
// that are, and a hash spills to disk where another program changes millions at once.
//
// A row of {horizon} is a space's: who holds it and until when, how far warm is, and where the log begins. No time stands in
// the log: `marked` is where the horizon was at `marked_at`, and when that is an hour ago the log begins there. Rows before
// it are deleted a thousand at a time; `swept` is how far that is.
inline constexpr std::string_view migration_2 = R"(
create table {changes} (
  transaction xid8 not null, revision bigint not null, operation smallint not null, artifact_id text not null,
  space text not null, primary key (transaction, revision));
create table {horizon} (
  space text primary key, holder text, held_until timestamptz not null default '-infinity',
  transaction xid8 not null default '0', revision bigint not null default 0, position bigint not null default 0,
  era bigint not null default 0, taken_us bigint not null default 0,
  begins xid8 not null default pg_snapshot_xmin(pg_current_snapshot()),
  marked xid8 not null default pg_snapshot_xmin(pg_current_snapshot()), marked_at timestamptz not null default now(),
  swept_transaction xid8 not null default pg_snapshot_xmin(pg_current_snapshot()), swept_revision bigint not null default 0)
  with (fillfactor = 50);
insert into {horizon} (space) select space from {spaces};

drop trigger zz_strata_inserted on {table};
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
  return null;
end $strata$;

create or replace function {replaced}() returns trigger language plpgsql security definer
  set search_path = pg_catalog, pg_temp set enable_nestloop = off as $strata$
begin
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), n.strata_revision, 0, n.artifact_id, n.strata_space from come n
      where not exists (select from gone o where o.strata_revision = n.strata_revision);
  if not found then  -- counted, or written as it was
    return null;
  end if;
  insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
    select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
        o.strata_operation, o.updated_at
      from gone o where not exists (
        select from come n where n.strata_revision = o.strata_revision and n.artifact_id = o.artifact_id)
    on conflict do nothing;
  with gone_ids as (
    insert into {erased} as e (artifact_id, space, revision, version)
      select o.artifact_id, o.strata_space, nextval('{revisions}'), coalesce(o.version, 0)
        from gone o where not exists (select from come n where n.artifact_id = o.artifact_id)
      on conflict (artifact_id) do update set space = excluded.space, revision = excluded.revision,
        version = excluded.version, operation = null, erased_at = excluded.erased_at
      returning e.revision, e.artifact_id, e.space)
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), g.revision, 1, g.artifact_id, g.space from gone_ids g;
  return null;
end $strata$;

create or replace function {deleted}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
    select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
        o.strata_operation, o.updated_at
      from gone o
    on conflict do nothing;
  with gone_ids as (
    insert into {erased} as e (artifact_id, space, revision, version)
      select o.artifact_id, o.strata_space, nextval('{revisions}'), coalesce(o.version, 0) from gone o
      on conflict (artifact_id) do update set space = excluded.space, revision = excluded.revision,
        version = excluded.version, operation = null, erased_at = excluded.erased_at
      returning e.revision, e.artifact_id, e.space)
  insert into {changes} (transaction, revision, operation, artifact_id, space)
    select pg_current_xact_id(), g.revision, 1, g.artifact_id, g.space from gone_ids g;
  return null;
end $strata$;

create function {truncated}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  delete from {table};  -- so that all that follows a delete follows
  return null;
end $strata$;

create trigger zz_strata_inserted after insert on {table} referencing new table as come
  for each statement execute function {inserted}();
create trigger zz_strata_truncated before truncate on {table} for each statement execute function {truncated}();

create function {move_horizon}(of_space text, me text, for_ms bigint, to_transaction xid8, to_revision bigint,
                               to_position bigint, to_era bigint, to_taken_us bigint)
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  h {horizon};
begin
  update {horizon} set held_until = clock_timestamp() + for_ms * interval '1 millisecond', transaction = to_transaction,
      revision = to_revision, position = to_position, era = to_era, taken_us = to_taken_us,
      begins = least(to_transaction, case when marked_at < now() - interval '1 hour' then marked else begins end),
      marked = least(to_transaction, case when marked_at < now() - interval '1 hour' then to_transaction else marked end),
      marked_at = case when marked_at < now() - interval '1 hour' then now() else marked_at end,
      swept_transaction = least(to_transaction, swept_transaction)
    where space = of_space and holder = me returning * into h;
  if not found then
    return false;
  end if;
  if h.swept_transaction < h.begins then
    with batch as materialized (
      select c.transaction, c.revision, c.space from {changes} c
        where (c.transaction, c.revision) > (h.swept_transaction, h.swept_revision) and c.transaction < h.begins
        order by c.transaction, c.revision limit 1000),
    trimmed as (
      delete from {changes} c using batch b
        where c.transaction = b.transaction and c.revision = b.revision and b.space = of_space)
    select b.transaction, b.revision into h.swept_transaction, h.swept_revision
      from batch b order by b.transaction desc, b.revision desc limit 1;
    update {horizon} set swept_transaction = coalesce(h.swept_transaction, h.begins), swept_revision = coalesce(h.swept_revision, 0)
      where space = of_space;
  end if;
  return true;
end $strata$;
revoke all on function {move_horizon}(text, text, bigint, xid8, bigint, bigint, bigint, bigint) from public;
)";

// 4. When a row expires, for who asks for it (strata::expiry): to them it is there no more, though nobody deletes it. A program that
// knows nothing of it writes what has no end.
inline constexpr std::string_view migration_4 = R"(
alter table {table} add column strata_expires timestamptz;

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
    if new.strata_expires is not distinct from old.strata_expires then
      new.strata_expires := null;
    end if;
  end if;
  return new;
end $strata$;
)";

// 5. A session keeps its plans. One made while there were no words, by statistics that say so, would read all words for each that
// it adds, until it takes longer than a statement may: no save and no search needs a table's rows in their order here.
inline constexpr std::string_view migration_5 = "alter function {index_words}(text, bigint) set enable_seqscan = off";

// 6. What each key was used in the hours that {usage_hours} keeps, in the order of that. No window of those hours can have more
// of a key, so who wants the most used of a window looks at the first few, and is done when the next has less here than the
// last of those wanted has in the window. So the answer is exact; where two thousand do not settle it, all are looked
// at as in windows of days. (The planner, who does not know how few it will be, would have it compiled.) Kept by
// triggers, so that whoever changes {usage_hours} need not know; with the ids in one order, so that two of them do not
// wait for each other.
inline constexpr std::string_view migration_6 = R"(
create table {usage_lately} (artifact_id text primary key, uses bigint not null) with (fillfactor = 50);
create index on {usage_lately} (uses desc, artifact_id);
insert into {usage_lately} select h.artifact_id, sum(h.uses) from {usage_hours} h group by h.artifact_id;

create function {keep_lately}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if tg_op = 'INSERT' then
    insert into {usage_lately} as l select c.artifact_id, sum(c.uses) from came c group by c.artifact_id order by c.artifact_id collate "C"
      on conflict (artifact_id) do update set uses = l.uses + excluded.uses;
  elsif tg_op = 'UPDATE' then
    insert into {usage_lately} as l select c.artifact_id, sum(c.uses)
      from (select artifact_id, uses from came union all select artifact_id, -uses from went) c
      group by c.artifact_id order by c.artifact_id collate "C"
      on conflict (artifact_id) do update set uses = l.uses + excluded.uses;
  else
    insert into {usage_lately} as l select w.artifact_id, -sum(w.uses) from went w group by w.artifact_id order by w.artifact_id collate "C"
      on conflict (artifact_id) do update set uses = l.uses + excluded.uses;
    delete from {usage_lately} l using went w where l.artifact_id = w.artifact_id and l.uses <= 0;
  end if;
  return null;
end $strata$;
create trigger strata_came after insert on {usage_hours} referencing new table as came for each statement execute function {keep_lately}();
create trigger strata_changed after update on {usage_hours} referencing old table as went new table as came for each statement
  execute function {keep_lately}();
create trigger strata_went after delete on {usage_hours} referencing old table as went for each statement execute function {keep_lately}();

create function {used_lately}(of_space text, hours bigint, most bigint)
  returns table (artifact_id text, uses bigint, successes bigint, failures bigint)
  language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off as $strata$
#variable_conflict use_column
declare
  since timestamptz := date_trunc('hour', now() - hours * interval '1 hour', 'UTC');
  looked bigint := 2 * most;
begin
  while hours <= 48 and looked <= 2000 loop
    return query
    with likely as materialized (
      select l.artifact_id, l.uses from {usage_lately} l cross join lateral (
          select from {table} k where k.artifact_id = l.artifact_id and k.strata_space = of_space offset 0) k
        order by l.uses desc, l.artifact_id limit looked + 1),
    best as materialized (
      select l.artifact_id, u.* from (select l.artifact_id from likely l limit looked) l cross join lateral (
          select sum(h.uses)::bigint as uses, sum(h.successes)::bigint, sum(h.failures)::bigint
            from generate_series(since, now(), interval '1 hour') p(hour) cross join lateral (
              select * from {usage_hours} h where h.hour = p.hour and h.artifact_id = l.artifact_id offset 0) h) u
        where u.uses > 0 order by u.uses desc, l.artifact_id limit most)
    select b.* from best b where not exists (select from likely offset looked) or exists (
      select from (select b.uses, b.artifact_id from best b offset most - 1) last, (select l.uses, l.artifact_id from likely l offset looked) next
        where last.uses > next.uses or last.uses = next.uses and last.artifact_id < next.artifact_id);
    if found then
      return;
    end if;
    looked := looked * 4;
  end loop;
  return query
  with used as (
    select w.artifact_id, sum(w.uses)::bigint as uses, sum(w.successes)::bigint as successes, sum(w.failures)::bigint as failures from (
      select * from {usage_hours} h where h.hour >= since
      union all
      select * from {usage_days} d where hours > 48 and d.day >= date_trunc('day', since, 'UTC')) w
    group by w.artifact_id)
  select u.artifact_id, u.uses, u.successes, u.failures
    from (select * from used u where u.uses > 0 order by u.uses desc, u.artifact_id) u cross join lateral (
      select from {table} k where k.artifact_id = u.artifact_id and k.strata_space = of_space offset 0) k
    order by u.uses desc, u.artifact_id limit most;
end $strata$;
)";

// 8. Walks go through {table} and the tables beside it at once, from one id to the next, so ids must have the same order in
// all of them, also where the column of the table that was found has another than the database.
inline constexpr std::string_view migration_8 = R"(
do $strata$
declare
  one record;
begin
  for one in
    select a.attrelid::regclass as name, t.attcollation::regcollation as collation from pg_attribute a, pg_attribute t
      where a.attrelid in ('{erased}'::regclass, '{archive}'::regclass) and a.attname = 'artifact_id'
        and t.attrelid = '{table}'::regclass and t.attname = 'artifact_id' and a.attcollation <> t.attcollation
  loop
    execute format('alter table %s alter column artifact_id type text collate %s', one.name, one.collation);
  end loop;
end $strata$;
)";

// 9. What is known of an id that has no row: 0 nothing, -1 the archive has it, else the revision of its erase. A load asks
// this in its own statement; PL/pgSQL, so that no plan of a load names more tables than one, and stable, so that both look
// at one moment.
inline constexpr std::string_view migration_9 = R"(
create function {elsewhere}(wanted text, of_space text)
  returns bigint language plpgsql stable set search_path = pg_catalog, pg_temp as $strata$
begin
  if exists (select from {archive} a where a.artifact_id = wanted and a.strata_space = of_space) then
    return -1;
  end if;
  return coalesce((select e.revision from {erased} e where e.artifact_id = wanted and e.space = of_space), 0);
end $strata$;
)";

// 10. Who waits for a row that is just being archived finds it neither in {table} nor, by his snapshot, in {archive}: so what
// was not found is looked for in both at one moment, and tried again where it is; not for ever, because another program's
// trigger may keep a row where it is. Before, an erase said that there was nothing to erase, and the value stayed.
inline constexpr std::string_view migration_10 = R"(
create or replace function {erase}(wanted text, wanted_space text, by_operation uuid,
                                   out revision bigint, out version bigint, out changed boolean)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  for attempt in 1..9 loop
    if exists (select from {archive} a where a.artifact_id = wanted and a.strata_space = wanted_space) then
      perform {bring_back}(wanted_space, array[wanted]);
    end if;
    delete from {table} t where t.artifact_id = wanted and t.strata_space = wanted_space;
    changed := found;
    exit when changed or not exists (
      select from {table} t where t.artifact_id = wanted and t.strata_space = wanted_space
      union all
      select from {archive} a where a.artifact_id = wanted and a.strata_space = wanted_space);
  end loop;
  if changed then
    update {erased} e set operation = by_operation where e.artifact_id = wanted
      returning e.revision, e.version into revision, version;
  else
    select e.revision, e.version into revision, version from {erased} e
      where e.artifact_id = wanted and e.space = wanted_space;
  end if;
end $strata$;

create or replace function {embed}(wanted text, of_space text, given real[])
  returns boolean language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
declare
  home text := {pgvector}();
  changed bigint;
begin
  for attempt in 1..9 loop
    if exists (select from {archive} a where a.artifact_id = wanted and a.strata_space = of_space) then
      perform {bring_back}(of_space, array[wanted]);
    end if;
    execute 'update {table} set embedding = $3::' || home || '.vector where artifact_id = $1 and strata_space = $2'
      using wanted, of_space, given;
    get diagnostics changed = row_count;
    exit when changed > 0 or not exists (
      select from {table} t where t.artifact_id = wanted and t.strata_space = of_space
      union all
      select from {archive} a where a.artifact_id = wanted and a.strata_space = of_space);
  end loop;
  return changed > 0;
end $strata$;
)";

// 12. What has expired is not among the nearest, and a vector of zeros is near to nothing: no index has it, so that it is missing
// there does not mean that the index gave fewer than there are.
//
// A row that was found may lack its kind or its text. It has no words then, and keeps nobody from searching.
//
// A row may be renamed to an id that was erased meanwhile, and comes after that; or to one that the archive has, whose row was
// there again once the renamed one was gone, and until then let it be neither counted nor erased.
inline constexpr std::string_view migration_12 = R"(
alter table {words} alter column kind drop not null, alter column words drop not null;

do $strata$
declare
  nearest text := pg_get_functiondef('{nearest}(text, real[], text, text, text, bigint)'::regprocedure);
begin
  nearest := replace(nearest, 'k.strata_space = $2', 'k.strata_space = $2 and coalesce(k.strata_expires > now(), true)');
  execute replace(nearest, '|| condition || '' limit $6) t''',
    '|| condition || '' and '' || home || ''.vector_norm(k.embedding) > 0 limit $6) t''');
  execute replace(pg_get_functiondef('{replaced}()'::regprocedure), 'from gone_ids g;', $renamed$from gone_ids g;
  if not found then  -- all ids stay
    return null;
  end if;
  -- As with what is inserted: an erase in between was before it, and what is archived under its id is history.
  if exists (select from come n where (select e.revision > n.strata_revision from {erased} e where e.artifact_id = n.artifact_id)) then
    update {table} k set strata_revision = nextval('{revisions}') from come n
      where k.artifact_id = n.artifact_id and
        (select e.revision > n.strata_revision from {erased} e where e.artifact_id = n.artifact_id);
  end if;
  if exists (select from come n where (select true from {archive} a where a.artifact_id = n.artifact_id)) then
    with over as (
      delete from {archive} a where a.artifact_id in (select n.artifact_id from come n) returning a.*)
    insert into {history} (artifact_id, revision, space, version, artifact_type, content_raw, content, metadata, operation, written_at)
      select o.artifact_id, o.strata_revision, o.strata_space, o.version, o.artifact_type, o.content_raw, o.content, o.metadata,
          o.strata_operation, o.updated_at
        from over o
      on conflict do nothing;
  end if;$renamed$);
end $strata$;
)";

inline constexpr std::array migrations{migration_1, migration_2, migration_3, migration_4,  migration_5,  migration_6,
                                       migration_7, migration_8, migration_9, migration_10, migration_11, migration_12};

}  // namespace strata::cold::pg
