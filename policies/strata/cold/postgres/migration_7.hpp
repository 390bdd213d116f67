// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <string_view>

// 7. What migration 6 keeps in a table of its own stands in {usage}, whose row a flush writes anyway: that costs it a third less.
// Null: nothing lately. A trigger still follows whatever else changes {usage_hours} (strata.counting tells it of a
// flush, which has counted already), also for a key that {usage} does not know yet.
// What another space has archived holds no counts up: nobody here could bring it back, and whoever tells an outcome names any id.
namespace strata::cold::pg {

inline constexpr std::string_view migration_7 = R"(
alter table {usage} add column lately bigint;
lock table {usage_hours} in share row exclusive mode;
insert into {usage} as u (artifact_id, uses, lately) select h.artifact_id, sum(h.uses), sum(h.uses) from {usage_hours} h group by h.artifact_id
  on conflict (artifact_id) do update set lately = excluded.lately;
create index on {usage} (lately desc, artifact_id) where lately > 0;

create or replace function {keep_lately}() returns trigger language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if current_setting('strata.counting', true) = 'on' then
    return null;
  end if;
  if tg_op = 'INSERT' then
    insert into {usage} as u (artifact_id, uses, lately)
      select c.artifact_id, sum(c.uses), sum(c.uses) from came c group by c.artifact_id order by c.artifact_id collate "C"
      on conflict (artifact_id) do update set lately = coalesce(u.lately, 0) + excluded.lately;
  elsif tg_op = 'UPDATE' then
    insert into {usage} as u (artifact_id, uses, lately)
      select c.artifact_id, greatest(sum(c.uses), 0), sum(c.uses)
        from (select artifact_id, uses from came union all select artifact_id, -uses from went) c
        group by c.artifact_id order by c.artifact_id collate "C"
      on conflict (artifact_id) do update set lately = coalesce(u.lately, 0) + excluded.lately;
  else
    insert into {usage} as u (artifact_id, uses, lately)
      select w.artifact_id, 0, -sum(w.uses) from went w group by w.artifact_id order by w.artifact_id collate "C"
      on conflict (artifact_id) do update set lately = nullif(coalesce(u.lately, 0) + excluded.lately, 0);
  end if;
  return null;
end $strata$;

create or replace function {count_usage}(of_space text, by_sender uuid, by_number bigint, ids text[], reads bigint[], good bigint[], bad bigint[])
  returns table (artifact_id text, n bigint, used_at timestamptz, success_rate double precision)
  language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
#variable_conflict use_column
begin
  if exists (select from {archive} a where a.artifact_id = any(ids) and a.strata_space = of_space) then
    return query select null::text, null::bigint, null::timestamptz, null::double precision;
    return;
  end if;
  insert into {usage_senders} as s (sender, number) values (by_sender, by_number)
    on conflict (sender) do update set number = excluded.number, at = excluded.at where s.number < excluded.number;
  if not found then  -- counted already
    return;
  end if;
  perform set_config('strata.counting', 'on', true);
  return query
  with given as materialized (
    select d.id, d.n, d.good, d.bad, greatest(coalesce(u.uses, 0), coalesce(k.usage_count, 0)) + d.n as uses,
        case when d.n > 0 then now() else u.last_used_at end as used_at,
        coalesce(u.successes, 0) + d.good as successes, coalesce(u.failures, 0) + d.bad as failures
      from unnest(ids, reads, good, bad) d(id, n, good, bad) join {table} k on k.artifact_id = d.id
        left join {usage} u on u.artifact_id = d.id
      where k.strata_space = of_space),
  ever as (
    insert into {usage} as u (artifact_id, uses, last_used_at, successes, failures, lately)
      select g.id, g.uses, g.used_at, g.successes, g.failures, g.n from given g order by g.id collate "C"
      on conflict (artifact_id) do update set uses = excluded.uses, last_used_at = excluded.last_used_at,
        successes = excluded.successes, failures = excluded.failures, lately = coalesce(u.lately, 0) + excluded.lately),
  this_hour as (
    insert into {usage_hours} as h (hour, artifact_id, uses, successes, failures)
      select date_trunc('hour', now(), 'UTC'), g.id, g.n, g.good, g.bad from given g order by g.id collate "C"
      on conflict (hour, artifact_id) do update set uses = h.uses + excluded.uses,
        successes = h.successes + excluded.successes, failures = h.failures + excluded.failures)
  select g.id, g.n, g.used_at,
      case when g.good + g.bad > 0 then g.successes::float8 / (g.successes + g.failures) end from given g;
  perform set_config('strata.counting', '', true);
end $strata$;

create or replace function {used_lately}(of_space text, hours bigint, most bigint)
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
      select l.artifact_id, l.lately from {usage} l cross join lateral (
          select from {table} k where k.artifact_id = l.artifact_id and k.strata_space = of_space offset 0) k
        where l.lately > 0 order by l.lately desc, l.artifact_id limit looked + 1),
    best as materialized (
      select l.artifact_id, u.* from (select l.artifact_id from likely l limit looked) l cross join lateral (
          select sum(h.uses)::bigint as uses, sum(h.successes)::bigint, sum(h.failures)::bigint
            from generate_series(since, now(), interval '1 hour') p(hour) cross join lateral (
              select * from {usage_hours} h where h.hour = p.hour and h.artifact_id = l.artifact_id offset 0) h) u
        where u.uses > 0 order by u.uses desc, l.artifact_id limit most)
    select b.* from best b where not exists (select from likely offset looked) or exists (
      select from (select b.uses, b.artifact_id from best b offset most - 1) last,
          (select l.lately, l.artifact_id from likely l offset looked) next
        where last.uses > next.lately or last.uses = next.lately and last.artifact_id < next.artifact_id);
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

-- As before, but fewer rows at a time: each now moves one of {usage}.
create or replace function {tidy_usage}() returns void language plpgsql security definer set search_path = pg_catalog, pg_temp as $strata$
begin
  if not pg_try_advisory_xact_lock(hashtextextended('{usage_hours}', 7)) then
    return;
  end if;
  with old as (
    delete from {usage_hours} h where h.ctid in (
      select o.ctid from {usage_hours} o where o.hour < date_trunc('hour', now(), 'UTC') - interval '48 hours' limit 40000)
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

drop table {usage_lately};
)";

}  // namespace strata::cold::pg
