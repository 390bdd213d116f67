// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "postgres.hpp"

#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/grants.hpp>
#include <strata/cold/postgres/migrations.hpp>
#include <strata/cold/postgres/names.hpp>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/result>
#include <pqxx/transaction>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../report.hpp"

namespace knowledge_tool::doctor {
namespace {

namespace pg = strata::cold::pg;

std::string first_line(std::string_view text) { return std::string{text.substr(0, text.find('\n'))}; }

std::string percent(double part, double whole) { return std::format("{:.1f} %", whole > 0 ? part / whole * 100 : 0.0); }

class examination {
 public:
  examination(pqxx::connection& c, pg::options const& settings, pg::names n, pg::conninfo info, findings& found)
      : connection_{c}, settings_{settings}, names_{std::move(n)}, info_{std::move(info)}, found_{found} {}

  std::optional<std::uint64_t> all() {
    look("the server", [&](auto& sql) { server(sql); });
    look("the sessions", [&](auto& sql) { sessions(sql); });
    bool there = false;
    look(table(), [&](auto& sql) { there = find_table(sql); });
    if (!there) return std::nullopt;
    bool ready = false;
    look(table(), [&](auto& sql) { ready = set_up(sql); });
    look(table(), [&](auto& sql) { vectors(sql); });
    look(table(), [&](auto& sql) { indexes(sql); });
    look(table(), [&](auto& sql) { numbers(sql); });
    look(table(), [&](auto& sql) { rows(sql); });
    if (kept_beside_) look("role", [&](auto& sql) { role(sql); });
    if (!ready) return std::nullopt;
    look("log of changes", [&](auto& sql) { lag(sql); });
    auto highest = std::numeric_limits<std::uint64_t>::max();
    look(table(), [&](auto& sql) {
      highest = sql.exec(names_.fill("select greatest(0, (select max(strata_revision) from {table}), (select "
                                     "max(strata_revision) from {archive}), (select max(revision) from {erased}))"))
                    .one_field()
                    .template as<std::uint64_t>();
    });
    return highest;
  }

 private:
  // Nothing is changed, and nothing that is set stays: behind a pooler the session is another's next.
  using transaction = pqxx::read_transaction;

  [[nodiscard]] std::string table() const { return "table " + names_.table; }
  [[nodiscard]] std::string shown_table() const { return names_.schema + "." + names_.table; }

  /// One look at something. What this role may not see, or what takes too long, is a finding too.
  template <class F>
  void look(std::string const& where, F f) {
    try {
      transaction sql{connection_};
      sql.exec("set local statement_timeout = '30s'");
      f(sql);
    } catch (pqxx::broken_connection const&) {
      throw;
    } catch (std::exception const& e) {
      found_.unknown(where, info_.scrub(first_line(e.what())));
    }
  }

  void server(transaction& sql) {
    auto const row =
        sql.exec(
               "select current_setting('server_version_num')::int, current_setting('server_version'), "
               "pg_is_in_recovery(), current_setting('fsync')::bool, "
               "current_setting('full_page_writes')::bool, current_setting('autovacuum')::bool, "
               "current_setting('synchronous_commit') <> 'off', current_setting('default_transaction_read_only')::bool")
            .one_row();
    // The newest of each major that mends a security fault, as far as is known here.
    static constexpr std::array<std::pair<int, int>, 5> mended{{{14, 25}, {15, 20}, {16, 16}, {17, 12}, {18, 7}}};
    int const major = row[0].as<int>() / 10000;
    int const minor = row[0].as<int>() % 10000;
    std::string const name = "PostgreSQL " + first_line(row[1].as<std::string>());
    if (major < mended.front().first)
      found_.mend("PostgreSQL", name + " gets no security fixes any more", "pg_upgrade");
    for (auto const& [of, newest] : mended)
      if (major == of && minor < newest)
        found_.mend("PostgreSQL", std::format("{}: security fixes of 2026 ask for {}.{} or newer", name, of, newest),
                    std::format("apt-get install --only-upgrade postgresql-{}", of));
    if (row[2].as<bool>() || row[7].as<bool>())
      found_.mend("PostgreSQL", "this server is read-only: writes have to go to its primary",
                  "add target_session_attrs=read-write to the connection, and name all servers in it");
    auto const must = [&](int column, std::string_view setting, std::string_view why) {
      if (!row[column].as<bool>())
        found_.mend("PostgreSQL", std::format("{} is off: {}", setting, why),
                    std::format("alter system set {} = on; select pg_reload_conf()", setting));
    };
    must(3, "fsync", "a crash of the machine may destroy the database");
    must(4, "full_page_writes", "a crash of the machine may destroy the database");
    must(5, "autovacuum", "each usage count leaves a dead row behind, and nobody takes them away");
    must(6, "synchronous_commit", "what was acknowledged may be lost in a crash");
  }

  // What kind of backend another role's is, is hidden from a role with few rights; that it has a role and a database is not.
  void sessions(transaction& sql) {
    auto const row = sql.exec(
                            "select current_setting('max_connections')::int - "
                            "current_setting('superuser_reserved_connections')::int, "
                            "(select count(*) from pg_stat_activity where usesysid is not null and datid is not null "
                            "and pid <> pg_backend_pid()), "
                            "pg_backend_pid()")
                         .one_row();
    auto const room = row[0].as<std::int64_t>() - row[1].as<std::int64_t>();
    auto const pool = static_cast<std::int64_t>(settings_.connections);
    if (room < pool)
      found_.mend("PostgreSQL",
                  std::format("max_connections leaves {} connections, and one pool is {}",
                              std::max<std::int64_t>(room, 0), pool),
                  std::format("alter system set max_connections = {}; then restart", row[0].as<std::int64_t>() * 2));
    else
      found_.note("PostgreSQL", std::format("max_connections leaves room for {} more instances with a pool of {}",
                                            room / pool, pool));
    if (row[2].as<int>() == connection_.backendpid() && settings_.time_outs == pg::time_outs::session) return;
    // Behind a pooler the role's settings are the only ones there are.
    std::string const who{sql.exec("select quote_ident(current_user)").one_field().view()};
    for (auto const& [name, value] : {std::pair{"statement_timeout", "5s"}, std::pair{"lock_timeout", "2s"},
                                      std::pair{"idle_in_transaction_session_timeout", "30s"}})
      if (sql.exec("select reset_val = '0' from pg_settings where name = $1", pqxx::params{name})
              .one_field()
              .as<bool>())
        found_.mend("role", std::format("{} has no {}, and sessions set none of their own here", who, name),
                    std::format("alter role {} set {} = '{}'", who, name, value));
  }

  bool find_table(transaction& sql) {
    auto const wanted = names_.schema.empty() ? "\"" + names_.table + "\"" : names_.qualified();
    auto const row = sql.exec(
        "select n.nspname, c.oid::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
        "where c.oid = to_regclass($1)",
        pqxx::params{wanted});
    if (row.empty()) {
      found_.mend(table(), "is not there; the first program that opens the cache makes it", "knowledge stats");
      return false;
    }
    names_.schema = row[0][0].as<std::string>();
    oid_ = row[0][1].as<std::string>();
    return true;
  }

  bool set_up(transaction& sql) {
    int done = 0;
    kept_beside_ = !sql.exec("select to_regclass($1) is null", pqxx::params{names_.qualified("migrations")})
                        .one_field()
                        .as<bool>();
    if (kept_beside_)
      done = sql.exec(names_.fill("select coalesce(max(number), 0) from {migrations}")).one_field().as<int>();
    int const newest = static_cast<int>(pg::migrations.size());
    if (done == newest) return true;
    if (done > newest)
      found_.mend(table(), std::format("was brought to step {} by a newer Strata; this one knows {}", done, newest),
                  "use the newer one");
    else
      found_.mend(table(),
                  done == 0
                      ? "is not set up: it has no revisions and no history, and other instances hear of no change of it"
                      : std::format("is at step {} of {}", done, newest),
                  "knowledge stats, with a role that owns the table");
    return false;
  }

  void vectors(transaction& sql) {
    auto const installed = sql.exec(
        "select e.extversion, a.default_version from pg_available_extensions a "
        "left join pg_extension e on e.extname = a.name where a.name = 'vector'");
    bool const column =
        sql.exec("select exists (select from pg_attribute where attrelid = $1::oid and attname = 'embedding')",
                 pqxx::params{oid_})
            .one_field()
            .as<bool>();
    if (installed.empty() || installed[0][0].is_null()) {
      found_.note("extension vector",
                  installed.empty() ? "is not installed: embeddings cannot be kept"
                                    : "is there and not created: embeddings cannot be kept",
                  installed.empty()
                      ? std::format("apt-get install postgresql-{}-pgvector", connection_.server_version() / 10000)
                      : std::string{"create extension vector"});
      return;
    }
    if (!column)
      found_.note(table(), "has no column for embeddings",
                  "alter table " + names_.qualified() + " add column embedding vector(1536)");
    auto const version = installed[0][0].as<std::string>();
    std::array<int, 3> is{};
    std::sscanf(version.c_str(), "%d.%d.%d", &is[0], &is[1], &is[2]);
    if (is < std::array{0, 8, 4})
      found_.mend(
          "extension vector",
          std::format("version {}: {}vacuuming an hnsw index may damage it before 0.8.4", version,
                      is < std::array{0, 8, 2} ? "building an index in parallel may overflow before 0.8.2 (until then "
                                                 "set max_parallel_maintenance_workers = 0), and "
                                               : ""),
          "alter extension vector update, once 0.8.4 or newer is installed");
  }

  void indexes(transaction& sql) {
    auto const counts = sql.exec(
        "select coalesce(n_tup_upd, 0), coalesce(n_tup_hot_upd, 0) from pg_stat_user_tables where relid = $1::oid",
        pqxx::params{oid_});
    auto const all = sql.exec(
        "select c.relname, am.amname, pg_size_pretty(pg_relation_size(c.oid)), i.indisvalid, "
        "(select string_agg(a.attname, ',' order by k.n) from unnest(i.indkey) with ordinality k(att, n) "
        "join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.att), coalesce(s.idx_scan, 0), "
        "not i.indisunique and i.indpred is null and i.indexprs is null and exists (select from pg_index u "
        "where u.indrelid = i.indrelid and u.indisunique and u.indisvalid and u.indpred is null and u.indexprs is null "
        "and (u.indnkeyatts, u.indkey::text, u.indclass::text, u.indcollation::text, u.indoption::text) "
        "= (i.indnkeyatts, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text)), "
        "format('%I.%I', n.nspname, c.relname) "
        "from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam "
        "join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_indexes s on s.indexrelid = c.oid "
        "where i.indrelid = $1::oid order by c.relname",
        pqxx::params{oid_});
    for (auto const& row : all) {
      std::string const where = "index " + row[0].as<std::string>();
      std::string const drop = "drop index concurrently " + row[7].as<std::string>();
      std::string const columns = "," + (row[4].is_null() ? "" : row[4].as<std::string>()) + ",";
      std::string const use = std::format("{}, used by {} scans", row[2].view(), grouped(row[5].as<std::uint64_t>()));
      bool counted = false;
      for (auto const* of : {"usage_count", "last_used_at"})
        if (columns.contains(std::format(",{},", of))) counted = true;
      if (!row[3].as<bool>())
        found_.mend(where, "is not valid: it costs each write, and no read uses it",
                    "reindex index concurrently " + row[7].as<std::string>());
      else if (counted)
        found_.mend(
            where,
            std::format(
                "({}) makes each usage count write to all indexes of the table: {} of {} updates were cheap ({})", use,
                grouped(counts.empty() ? 0 : counts[0][1].as<std::uint64_t>()),
                grouped(counts.empty() ? 0 : counts[0][0].as<std::uint64_t>()),
                counts.empty() ? percent(0, 0) : percent(counts[0][1].as<double>(), counts[0][0].as<double>())),
            drop);
      else if (row[6].as<bool>())
        found_.mend(where, std::format("({}) is a second one: a unique index has the same columns", use), drop);
      else if (row[1].view() == "ivfflat")
        ivfflat(sql, where, columns.substr(1, columns.size() - 2), row[7].as<std::string>());
    }
    if (!std::ranges::any_of(all,
                             [](auto const& row) { return row[1].view() == "hnsw" || row[1].view() == "ivfflat"; }))
      unindexed(sql);
  }

  // One is made with the table, or with a small one that is adopted without vectors; with many it takes its time.
  void unindexed(transaction& sql) {
    auto const column = sql.exec(
        "select exists (select from pg_attribute a join pg_type t on t.oid = a.atttypid where a.attrelid = $1::oid and "
        "a.attname = 'embedding' and not a.attisdropped and t.typname = 'vector')",
        pqxx::params{oid_});
    if (!column[0][0].as<bool>()) return;
    auto const there = sql.exec(names_.fill("select count(embedding) from {table}")).one_field().as<std::uint64_t>();
    if (there > 5'000)
      found_.mend(table(),
                  std::format("{} and no index to find the nearest by: each search looks at all of them",
                              counted(there, "embedding")),
                  "create index concurrently on " + shown_table() + " using hnsw (embedding vector_cosine_ops)");
  }

  // Its lists are made from the rows that are there when it is made. How well they fit those of now is measured.
  void ivfflat(transaction& sql, std::string const& where, std::string const& column, std::string const& name) {
    std::string const rebuild = "reindex index concurrently " + name;
    std::string const of = sql.conn().quote_name(column);
    auto const embedded =
        sql.exec(names_.fill("select count(" + of + ") from {table}")).one_field().as<std::uint64_t>();
    if (embedded == 0) {
      found_.mend(where,
                  "is of the kind ivfflat, and there is nothing to make its lists from: what comes later is not found "
                  "(0.14 of it in a trial)",
                  rebuild + ", once there are rows; below 5,000 of them no index is needed at all");
      return;
    }
    auto const op = sql.exec(
                           "select case when pg_get_indexdef($1::regclass) like '%vector_l2_ops%' then '<->' "
                           "when pg_get_indexdef($1::regclass) like '%vector_ip_ops%' then '<#>' else '<=>' end",
                           pqxx::params{name})
                        .one_field()
                        .as<std::string>();
    // The samples are asked for themselves. Of each the ten nearest are to be as near as those of a full scan: of several
    // that are equally near either may have any.
    auto const nearest = [&](std::string_view switched_off) {
      sql.exec(std::format("set local enable_seqscan = on; set local enable_indexscan = on; set local {} = off",
                           switched_off));
      return sql.exec(names_.fill(std::format(
          "select s.artifact_id, t.away from (select artifact_id, {0} e from {{table}} where {0} is not null "
          "order by hashtext(artifact_id), artifact_id limit 20) s cross join lateral (select {0} {1} s.e as away from "
          "{{table}} where {0} is not null order by {0} {1} s.e limit 10) t",
          of, op)));
    };
    std::map<std::string, double> furthest;
    std::uint64_t wanted = 0;
    for (auto const& row : nearest("enable_indexscan")) {
      auto& of_it = furthest.try_emplace(row[0].as<std::string>(), row[1].as<double>()).first->second;
      of_it = std::max(of_it, row[1].as<double>());
      ++wanted;
    }
    std::uint64_t hits = 0;
    for (auto const& row : nearest("enable_seqscan")) {
      auto const of_it = furthest.find(row[0].as<std::string>());
      hits += of_it != furthest.end() && row[1].as<double>() <= of_it->second ? 1U : 0U;
    }
    double const recall = static_cast<double>(hits) / static_cast<double>(std::max<std::uint64_t>(wanted, 1));
    std::string const text = std::format(
        "of the kind ivfflat: with ivfflat.probes as it is, it finds {:.2f} of the ten nearest of {} embeddings",
        recall, grouped(embedded));
    recall < 0.9 ? found_.mend(where, text, rebuild + ", and set ivfflat.probes higher where that is not enough")
                 : found_.note(where, text);
  }

  void numbers(transaction& sql) {
    auto const row = sql.exec(
        "select s.last_value, t.typname, format('%I.%I', s.schemaname, s.sequencename) from pg_attribute a join "
        "pg_type t on t.oid = a.atttypid, "
        "pg_get_serial_sequence($2, 'id') q join pg_sequences s on q = format('%I.%I', s.schemaname, s.sequencename) "
        "where a.attrelid = $1::oid and a.attname = 'id' and t.typname in ('int2', 'int4')",
        pqxx::params{oid_, names_.qualified()});
    if (row.empty()) return;
    double const last = row[0][1].view() == "int2" ? 32767 : 2147483647;
    double const used = row[0][0].is_null() ? 0 : row[0][0].as<double>();
    std::string const text = std::format(
        "its id ends at {}, and {} of its numbers are used ({}); other programs' saves take one each, over "
        "existing rows too",
        grouped(static_cast<std::uint64_t>(last)), grouped(static_cast<std::uint64_t>(used)), percent(used, last));
    std::string const widen = std::format(
        "alter sequence {} as bigint; alter table {} alter column id type bigint (which rewrites the table)",
        row[0][2].view(), shown_table());
    used > last / 2 ? found_.mend(table(), text, widen) : found_.note(table(), text, widen);
  }

  void rows(transaction& sql) {
    auto const ids =
        sql.exec(names_.fill("select count(*), min(left(artifact_id, 40)) from {table} where octet_length(artifact_id) "
                             "not between 1 and 512"))
            .one_row();
    if (ids[0].as<std::uint64_t>() > 0)
      found_.mend(table(),
                  std::format("{} with an id that nobody can ask for (empty or over 512 bytes), such as '{}...'",
                              counted(ids[0].as<std::uint64_t>(), "row"), shown(ids[1].as<std::string>())),
                  "update " + shown_table() + " set artifact_id = ... where octet_length(artifact_id) > 512");
    auto const apart = sql.exec(names_.fill("select count(*), min(left(artifact_id, 40)) from {table} "
                                            "where content ->> 'data' is distinct from content_raw"))
                           .one_row();
    if (apart[0].as<std::uint64_t>() > 0)
      found_.mend(table(),
                  std::format("{} whose content differs from content_raw, such as '{}'; Strata goes by content_raw",
                              counted(apart[0].as<std::uint64_t>(), "row"), shown(apart[1].as<std::string>())),
                  "update " + shown_table() +
                      " set content = jsonb_set(content, '{data}', to_jsonb(content_raw)) where content ->> 'data' "
                      "is distinct from content_raw");
  }

  /// How far behind the stream is, and what holds it up.
  void lag(transaction& sql) {
    static constexpr std::int64_t many = 100'000;
    std::string const where = "log of changes";
    auto const rows = sql.exec(
        names_.fill("select coalesce(h.held_until > clock_timestamp(), false), h.taken_us, "
                    "(extract(epoch from clock_timestamp()) * 1000000)::bigint - h.taken_us, "
                    "(select count(*) from (select from {changes} c where c.space = h.space and (c.transaction, "
                    "c.revision) > (h.transaction, h.revision) limit $1) x), "
                    "(select count(*) from (select from {changes} limit $1) x), "
                    "pg_size_pretty(pg_total_relation_size($2::regclass)) from {horizon} h where h.space = {space}"),
        pqxx::params{many, names_.qualified("changes")});
    if (rows.empty()) return found_.note(where, "no program has opened this space yet");
    auto const row = rows[0];
    auto const number = [](std::int64_t n) {
      return (n < many ? "" : "at least ") + counted(static_cast<std::uint64_t>(n), "change");
    };
    bool const held = row[0].as<bool>();
    auto const behind = row[3].as<std::int64_t>();
    std::string const size = std::format("{} in {}", number(row[4].as<std::int64_t>()), row[5].view());
    if (row[1].as<std::int64_t>() == 0) {
      found_.note(where, size + "; nobody has brought any of it to a stream yet");
    } else {
      std::chrono::microseconds const age{row[2].as<std::int64_t>()};
      std::string const text =
          std::format("{}; the stream had all of it {} ago, and {} came since", size, spell(age), number(behind));
      if (held && age > std::chrono::seconds{3})
        found_.mend(where, text + ": who keeps it in step does not get on", "knowledge stats, where that program runs");
      else
        found_.note(where, text + (held ? "" : "; no program is there to bring it, the next one will"));
    }
    auto const open = sql.exec(
        "select pid, application_name, extract(epoch from clock_timestamp() - xact_start)::bigint from "
        "pg_stat_activity where datname = current_database() and backend_xid is not null and xact_start < "
        "clock_timestamp() - interval '1 minute' order by xact_start limit 1");
    if (open.empty()) {
      auto const blind = sql.exec(
          "select quote_ident(current_user) where exists (select from pg_stat_activity where datname = "
          "current_database() and usesysid is not null and backend_type is null)");
      if (!blind.empty())
        found_.unknown(where, "other roles' sessions are hidden, and one of them may write in a long transaction",
                       std::format("grant pg_read_all_stats to {}", blind[0][0].view()));
      return;
    }
    found_.mend(
        where,
        std::format("'{}' has been writing in one transaction for {}: each look asks again for all that came since",
                    shown(open[0][1].as<std::string>()), spell(std::chrono::seconds{open[0][2].as<int>()})),
        std::format("select pg_terminate_backend({})", open[0][0].view()));
  }

  void role(transaction& sql) {
    auto const who = sql.exec(
                            "select current_user, r.rolsuper, pg_has_role(c.relowner, 'usage'), "
                            "has_table_privilege(c.oid, 'delete') or has_table_privilege(c.oid, 'truncate'), "
                            "has_schema_privilege(c.relnamespace, 'create') "
                            "from pg_roles r, pg_class c where r.rolname = current_user and c.oid = $1::oid",
                            pqxx::params{oid_})
                         .one_row();
    std::string const where = "role " + who[0].as<std::string>();
    std::string const grant =
        std::format("psql -v role={} -v table={} -f grants.sql, by the table's owner", who[0].view(), names_.table);
    auto const lacks = pg::lacking(sql, names_, who[0].as<std::string>());
    if (!lacks.empty()) found_.mend(where, "lacks what a running program needs: " + lacks, grant);
    std::string more;
    auto const has = [&](int column, std::string_view what) {
      if (who[column].as<bool>()) more.append(more.empty() ? "" : ", ").append(what);
    };
    if (who[1].as<bool>()) {
      more = "is a superuser";
    } else {
      has(2, "owns the table");
      if (!who[2].as<bool>()) has(3, "may delete rows");
      has(4, "may create in the table's schema");
    }
    if (!more.empty())
      found_.mend(where, more + ", which a running program does not need",
                  std::format("create role application login; psql -v role=application -v table={} -f grants.sql",
                              names_.table));
  }

  pqxx::connection& connection_;
  pg::options const& settings_;
  pg::names names_;
  pg::conninfo info_;
  findings& found_;
  std::string oid_;
  bool kept_beside_ = false;
};

}  // namespace

std::optional<std::uint64_t> examine_postgres(pg::options const& settings, findings& found) {
  auto const info = pg::read_conninfo(settings.connection);
  auto const names = pg::read_names(settings);
  for (auto const* fault : {info ? nullptr : &info.error(), names ? nullptr : &names.error()})
    if (fault != nullptr) return found.unknown("PostgreSQL", std::string{fault->text()}), std::nullopt;
  ::setenv("PGCONNECT_TIMEOUT", "3", 0);
  try {
    pqxx::connection connection{info->text};
    return examination{connection, settings, *names, *info, found}.all();
  } catch (std::exception const& e) {
    found.unknown("PostgreSQL", info->scrub(first_line(e.what())), "pg_isready");
    return std::nullopt;
  }
}

std::optional<std::chrono::nanoseconds> read_row(pg::options const& settings, std::string const& id) {
  auto const info = pg::read_conninfo(settings.connection);
  auto const names = pg::read_names(settings);
  if (!info || !names) return std::nullopt;
  try {
    pqxx::connection connection{info->text};
    auto const table = names->schema.empty() ? "\"" + names->table + "\"" : names->qualified();
    connection.prepare(
        "row", "select artifact_type, content_raw, metadata, version from " + table + " where artifact_id = $1");
    pqxx::nontransaction sql{connection};
    sql.exec(pqxx::prepped{"row"}, pqxx::params{""});
    auto const start = std::chrono::steady_clock::now();
    auto const row = sql.exec(pqxx::prepped{"row"}, pqxx::params{id});
    auto const took = std::chrono::steady_clock::now() - start;
    if (row.empty()) return std::nullopt;
    return took;
  } catch (std::exception const&) {
    return std::nullopt;
  }
}

}  // namespace knowledge_tool::doctor
