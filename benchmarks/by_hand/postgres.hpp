// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>
#include <pqxx/transaction>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// What a good programmer writes for one table with libpqxx and nothing else: the same statements, prepared once, each one
// round trip and its own transaction; the same bytes stored with the same durability; the result copied once. No pool, no
// deadline, no retry, no check: one connection per thread, and an exception ends it.
namespace by_hand {

struct row {
  std::string type, text, metadata;
  std::int64_t version = 0;
  std::uint64_t revision = 0;
};

struct saved {
  std::uint64_t revision = 0;
  std::int64_t version = 0;
};

struct entry {
  std::string_view id, type, text, json, metadata;
};

// {t} stands for the table, {same} for "the row has these contents".
inline std::string filled(std::string text, std::string_view table, std::string_view same = {}) {
  for (auto const& [mark, value] : {std::pair<std::string_view, std::string_view>{"{same}", same}, {"{t}", table}})
    for (std::size_t at = 0; (at = text.find(mark, at)) != text.npos; at += value.size())
      text.replace(at, mark.size(), value);
  return text;
}

inline constexpr std::string_view session = R"(
set statement_timeout = '5s'; set lock_timeout = '2s'; set plan_cache_mode = force_generic_plan; set work_mem = '32MB';
set default_toast_compression = 'lz4')";

inline constexpr char const* load_one = R"(
prepare load(text) as
select k.artifact_type, k.content_raw, k.metadata::text, k.version, k.strata_revision,
    case when k.artifact_id is null then {t}_elsewhere($1, 'template') end
  from (values (1)) always left join {t} k on k.artifact_id = $1 and k.strata_space = 'template')";

inline constexpr char const* load_all = R"(
prepare load_many(text[]) as
select found.* from unnest($1) with ordinality d(a, n) cross join lateral (
  select k.artifact_type, k.content_raw, k.metadata::text, k.version, k.strata_revision, d.n::int
    from {t} k where k.artifact_id = d.a and k.strata_space = 'template'
  union all
  select k.artifact_type, k.content_raw, k.metadata::text, k.version, k.strata_revision, d.n::int
    from {t}_archive k where k.artifact_id = d.a and k.strata_space = 'template'
  union all
  select null, null, null, e.version, e.revision, d.n::int from {t}_erased e where e.artifact_id = d.a and e.space = 'template'
  limit 1) found)";

inline constexpr std::string_view same_row =
    "coalesce(k.artifact_type = $2 and coalesce(k.metadata, '{}') = $5 and k.content_raw = $3, false)";
inline constexpr char const* save_one = R"(
prepare save(text, text, text, jsonb, jsonb, uuid, bigint) as
with updated as (
  update {t} k set artifact_type = $2, content_raw = $3, metadata = $5, version = coalesce(k.version, 0) + 1,
      content = jsonb_set($4, '{version}', to_jsonb(coalesce(k.version, 0) + 1), false), updated_at = now(), strata_operation = $6
    where k.artifact_id = $1 and k.strata_space = 'template' and ($7 is null or k.strata_revision = $7) and not ({same})
    returning k.strata_revision, k.version),
inserted as (
  insert into {t} (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space)
    select $1, $2, $3, jsonb_set($4, '{version}', 'null', false), $5, null, $6, 'template'
      where ($7 is null or $7 = 0) and not exists (select from {t} k where k.artifact_id = $1)
        and not exists (select from {t}_archive a where a.artifact_id = $1)
    on conflict (artifact_id) do nothing returning strata_revision, version)
select 0, u.strata_revision, u.version from updated u
union all
select 0, i.strata_revision, i.version from inserted i
union all
select case when k.strata_space <> 'template' then 4 when k.strata_revision <> $7 then 2 when {same} then 1 else 3 end,
    k.strata_revision, coalesce(k.version, 0)
  from {t} k where k.artifact_id = $1 and not exists (select from updated)
union all
select case when a.strata_space <> 'template' then 4 else 5 end, a.strata_revision, coalesce(a.version, 0)
  from {t}_archive a where a.artifact_id = $1)";

inline constexpr std::string_view same_rows =
    "coalesce(k.artifact_type = d.artifact_type and coalesce(k.metadata, '{}') = d.metadata and k.content_raw = "
    "d.content_raw, false)";
inline constexpr char const* save_all = R"(
prepare save_many(text[], text[], text[], jsonb[], jsonb[], uuid) as
with inserted as (
  insert into {t} as k (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space)
    select d.artifact_id, d.artifact_type, d.content_raw, jsonb_set(d.content, '{version}', 'null', false), d.metadata, null, $6, 'template'
      from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
      where exists (select from unnest($1) a(id) where not exists (select from {t} k where k.artifact_id = a.id))
        and not exists (select from {t} k where k.artifact_id = d.artifact_id)
        and not exists (select from {t}_archive a where a.artifact_id = d.artifact_id)
      order by d.artifact_id collate "C"
    on conflict (artifact_id) do nothing returning k.artifact_id, k.strata_revision, k.version),
locked as materialized (
  select from unnest($1) d(artifact_id) join {t} k on k.artifact_id = d.artifact_id
    where (select count(*) from inserted) < cardinality($1) order by k.artifact_id collate "C" for no key update of k),
updated as (
  update {t} k set artifact_type = d.artifact_type, content_raw = d.content_raw, metadata = d.metadata,
      content = jsonb_set(d.content, '{version}', to_jsonb(coalesce(k.version, 0) + 1), false),
      version = coalesce(k.version, 0) + 1, updated_at = now(), strata_operation = $6
    from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
    where (select count(*) from locked) > 0 and k.artifact_id = d.artifact_id and k.strata_space = 'template' and not ({same})
    returning k.artifact_id, k.strata_revision, k.version)
select 0, i.strata_revision, i.version, i.artifact_id from inserted i
union all
select 0, u.strata_revision, u.version, u.artifact_id from updated u
union all
select case when k.strata_space <> 'template' then 4 when {same} then 1 else 3 end, k.strata_revision, coalesce(k.version, 0), k.artifact_id
  from unnest($1, $2, $3, $4, $5) d(artifact_id, artifact_type, content_raw, content, metadata)
  join {t} k on k.artifact_id = d.artifact_id
  where (select count(*) from inserted) + (select count(*) from updated) < cardinality($1))";

class postgres {
 public:
  postgres(std::string const& connection, std::string const& table) : connection_{connection} {
    pqxx::nontransaction tx{connection_};
    tx.exec(session);
    for (char const* const load : {load_one, load_all}) tx.exec(filled(load, table));
    tx.exec(filled(save_one, table, same_row));
    tx.exec(filled(save_all, table, same_rows));
  }

  row load(std::string const& id) {
    pqxx::nontransaction tx{connection_};
    auto const found = tx.exec(pqxx::prepped{"load"}, pqxx::params{pqxx::zview{id}});
    return copy(found[0]);
  }

  std::vector<row> load_many(std::span<std::string const> ids) {
    pqxx::nontransaction tx{connection_};
    auto const found = tx.exec(pqxx::prepped{"load_many"},
                               pqxx::params{array(25, ids, [](auto const& id) -> std::string_view { return id; })});
    std::vector<row> all(ids.size());
    for (auto const& one : found) all[one[5].as<std::size_t>() - 1] = copy(one);
    return all;
  }

  saved save(std::string const& id, std::string const& type, std::string const& text, std::string const& json,
             std::string const& metadata, std::string const& operation) {
    pqxx::nontransaction tx{connection_};
    auto const done = tx.exec(pqxx::prepped{"save"},
                              pqxx::params{pqxx::zview{id}, pqxx::zview{type}, pqxx::zview{text}, pqxx::zview{json},
                                           pqxx::zview{metadata}, pqxx::zview{operation}, nullptr});
    return {done[0][1].as<std::uint64_t>(), done[0][2].as<std::int64_t>()};
  }

  std::vector<saved> save_many(std::span<entry const> entries, std::string const& operation) {
    pqxx::nontransaction tx{connection_};
    auto const column = [&](auto member, std::uint32_t type) {
      return array(type, entries, [member](entry const& e) { return e.*member; });
    };
    auto const done = tx.exec(pqxx::prepped{"save_many"},
                              pqxx::params{column(&entry::id, 25), column(&entry::type, 25), column(&entry::text, 25),
                                           column(&entry::json, 3802), column(&entry::metadata, 3802), operation});
    std::unordered_map<std::string_view, std::size_t> place;
    place.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) place.emplace(entries[i].id, i);
    std::vector<saved> all(entries.size());
    for (auto const& one : done) all[place.at(one[3].view())] = {one[1].as<std::uint64_t>(), one[2].as<std::int64_t>()};
    return all;
  }

 private:
  static row copy(pqxx::row const& r) {
    return {std::string{r[0].view()}, std::string{r[1].view()}, std::string{r[2].view()}, r[3].as<std::int64_t>(),
            r[4].as<std::uint64_t>()};
  }

  // An array in PostgreSQL's binary form; `type` is 25 for text and 3802 for jsonb, whose elements begin with a version.
  template <class Range, class F>
  static pqxx::bytes array(std::uint32_t type, Range const& range, F&& text) {
    bool const json = type == 3802;
    std::size_t bytes = 20;
    for (auto const& one : range) bytes += text(one).size() + 5;
    pqxx::bytes all;
    all.reserve(bytes);
    auto const word = [&](std::size_t n) {
      for (int shift = 24; shift >= 0; shift -= 8) all.push_back(static_cast<std::byte>(n >> shift & 255U));
    };
    word(1), word(0), word(type), word(range.size()), word(1);
    for (auto const& one : range) {
      std::string_view const value = text(one);
      word(value.size() + (json ? 1 : 0));
      if (json) all.push_back(std::byte{1});
      all.append(reinterpret_cast<std::byte const*>(value.data()), value.size());
    }
    return all;
  }

  pqxx::connection connection_;
};

// What the programs in the field send, prepared: a load is two statements, a save knows no revision and keeps no history.
class field {
 public:
  field(std::string const& connection, std::string const& table) : connection_{connection} {
    connection_.prepare("load", filled(R"(
select artifact_id, artifact_type, content_raw, metadata, version from {t} where artifact_id = $1)",
                                       table));
    connection_.prepare("count", filled(R"(
update {t} set usage_count = usage_count + 1, last_used_at = now() where artifact_id = $1)",
                                        table));
    connection_.prepare("save", filled(R"(
insert into {t} (artifact_id, artifact_type, content_raw, content, metadata, version) values ($1, $2, $3, $4, $5, $6)
  on conflict (artifact_id) do update set content_raw = excluded.content_raw, content = excluded.content,
    metadata = excluded.metadata, version = excluded.version, updated_at = now())",
                                       table));
  }

  row load(std::string const& id) {
    pqxx::nontransaction tx{connection_};
    auto const found = tx.exec(pqxx::prepped{"load"}, pqxx::params{pqxx::zview{id}});
    tx.exec(pqxx::prepped{"count"}, pqxx::params{pqxx::zview{id}});
    auto const& r = found[0];
    return {std::string{r[1].view()}, std::string{r[2].view()}, std::string{r[3].view()}, r[4].as<std::int64_t>(), 0};
  }
  void save(std::string const& id, std::string const& type, std::string const& text, std::string const& json,
            std::string const& metadata, int version) {
    pqxx::nontransaction tx{connection_};
    tx.exec(pqxx::prepped{"save"}, pqxx::params{pqxx::zview{id}, pqxx::zview{type}, pqxx::zview{text},
                                                pqxx::zview{json}, pqxx::zview{metadata}, version});
  }

 private:
  pqxx::connection connection_;
};

}  // namespace by_hand
