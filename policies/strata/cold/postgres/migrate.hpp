// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/adopt.hpp>
#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/fault.hpp>
#include <strata/cold/postgres/grants.hpp>
#include <strata/cold/postgres/migrations.hpp>
#include <strata/cold/postgres/names.hpp>
#include <strata/cold/postgres/options.hpp>
#include <strata/cold/postgres/pool.hpp>
#include <strata/cold/postgres/sqlstate.hpp>
#include <strata/cold/postgres/statements.hpp>
#include <strata/error.hpp>

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/subtransaction>
#include <pqxx/transaction>

#include <chrono>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// What a fresh connection goes through: the table is found or made, brought up to date, and recorded as this type's; then
// the statements are prepared, in one round trip, or one for each through a pooler. Steps are taken under an advisory
// lock of the transaction, by one process at a time. The table itself is locked with a short time-out, again and again,
// because whoever waits for a lock makes all readers behind it wait too: old programs never wait longer than that for
// their reads.
namespace strata::cold::pg {

class schema {
 public:
  using maker = std::vector<statement> (*)(names const&);

  /// \param type  the value type's name, recorded for the space
  /// \param make  gives the statements
  schema(options const& given, conninfo const& info, names const& n, std::string_view type, maker make)
      : options_{given}, info_{info}, names_{n}, type_{type}, make_{make} {}

  template <class Arm>
  result<backend> operator()(pqxx::connection& connection, Arm&& arm) try {
    if (auto found = up_to_date(connection, arm); !found) return std::unexpected{found.error()};
    arm(options_.connect_timeout);
    if (statements_.empty()) {
      statements_ = make_(*resolved_);
      auto later = std::make_shared<std::vector<prepared_later>>();
      for (auto const& one : statements_)
        if (one.name.starts_with(for_later)) later->push_back({one.name, with_casts(one)});
      std::erase_if(statements_, [](statement const& one) { return one.name.starts_with(for_later); });
      later_ = std::move(later);
    }
    auto const process =
        pqxx::nontransaction{connection}
            .exec("select a.pid, a.backend_start::text from pg_stat_activity a where a.pid = pg_backend_pid()")
            .one_row();
    backend who{process[0].as<int>(), process[1].as<std::string>(), later_};
    // A pooler tells us a number of its own for the process that we talk to: behind it that is another one each time, and
    // neither what is set for a session nor what is prepared in it stays ours.
    bool const pooled = who.pid != connection.backendpid();
    if (pooled) {
      who = {.later = later_};
      for (auto const& one : statements_) connection.prepare(one.name, with_casts(one));
    }
    auto const has_time_out = pqxx::nontransaction{connection}
                                  .exec((pooled ? std::string{} : settings() + script(statements_)) +
                                        "select current_setting('statement_timeout') <> '0'")
                                  .one_field();
    if (!has_time_out.as<bool>())
      remark(no_time_out_,
             "the role has no statement_timeout: a statement whose caller is gone runs on; "
             "alter role ... set statement_timeout = '5s', lock_timeout = '2s'");
    return who;
  } catch (pqxx::sql_error const& e) {
    return refuse(judge(state_of(e)).code, sentence(info_, e.what()));
  }

  /// Looks for what does not stop us but somebody should know.
  void survey(pqxx::connection& connection) {
    pqxx::nontransaction tx{connection};
    auto const long_ids =
        tx.exec(resolved_->fill("select count(*) from {table} where octet_length(artifact_id) not between 1 and 512"))
            .one_field()
            .as<std::size_t>();
    if (long_ids > 0)
      remark(long_ids_, std::to_string(long_ids) + " rows have an id that no key can be (empty or over 512 bytes)");
    auto const serial = tx.exec(resolved_->fill(
        "select s.last_value::float8 / s.max_value from pg_sequences s, pg_get_serial_sequence('{table}', 'id') q "
        "where exists (select from pg_attribute a where a.attrelid = '{table}'::regclass and a.attname = 'id') "
        "and q = quote_ident(s.schemaname) || '.' || quote_ident(s.sequencename)"));
    if (!serial.empty() && !serial[0][0].is_null() && serial[0][0].as<double>() > 0.5)
      remark(serial_, "the sequence of column id has used " +
                          std::to_string(static_cast<int>(serial[0][0].as<double>() * 100)) +
                          " % of its values; programs that insert over existing rows use one each time");
  }

  /// \returns what was found that somebody should know, for health()
  [[nodiscard]] std::string remarks() const {
    std::lock_guard const lock{mutex_};
    std::string all;
    for (auto const* one : {&long_ids_, &serial_, &no_time_out_, &not_granted_})
      if (!one->empty()) all.append(all.empty() ? "" : "; ").append(*one);
    return all;
  }

 private:
  using ms = std::chrono::milliseconds;
  static constexpr int newest = static_cast<int>(migrations.size());
  static constexpr std::string_view short_lock = "set local lock_timeout = '250ms'";

  static std::string in_ms(ms d) { return "'" + std::to_string(d.count()) + "ms'"; }

  [[nodiscard]] std::string settings() const {
    if (options_.time_outs == time_outs::role) return {};
    return "set statement_timeout = " + in_ms(options_.statement_timeout) +
           "; set lock_timeout = " + in_ms(options_.lock_timeout) +
           "; set idle_in_transaction_session_timeout = '30s'; set plan_cache_mode = force_generic_plan; set work_mem "
           "= '32MB'; "
           // Values and their history are compressed in half the time where the server was built with it.
           "select set_config(name, 'lz4', false) from pg_settings where name = 'default_toast_compression' and 'lz4' "
           "= any(enumvals); ";
  }

  // Finds the table's schema, and whether everything is there. Cheap: done for each connection, because a database may have
  // been restored or brought further by somebody else since the last.
  enum class state { ready, to_do };
  result<state> look(pqxx::transaction_base& tx) {
    auto const wanted = names_.schema.empty() ? "\"" + names_.table + "\"" : names_.qualified();
    auto const server =
        tx.exec(
              "select current_setting('server_encoding'), current_setting('server_version_num')::int, "
              "coalesce($2, (select n.nspname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace "
              "where c.oid = to_regclass($1)), current_schema()::text)",
              pqxx::params{wanted, names_.schema.empty() ? std::optional<std::string>{} : names_.schema})
            .one_row();
    if (server[0].view() != "UTF8")
      return refuse(errc::unsupported, "the database's encoding is " + server[0].as<std::string>() + ", not UTF8");
    if (server[1].as<int>() < 130000) return refuse(errc::unsupported, "the server is older than PostgreSQL 13");
    if (server[2].is_null())
      return refuse(errc::rejected, "the search path leads to no schema: name one in the table's name");
    auto home = names_;
    home.schema = server[2].as<std::string>();
    if (home.schema.find_first_of("\"'\\{}") != std::string::npos)
      return refuse(errc::rejected, "the schema's name holds a quote or a brace");
    if (!resolved_ || resolved_->schema != home.schema) {
      resolved_ = home;
      statements_.clear();
    }
    if (tx.exec("select to_regclass($1) is null", pqxx::params{home.qualified("migrations")}).one_field().as<bool>())
      return state::to_do;
    auto const number = tx.exec(home.fill("select coalesce(max(number), 0) from {migrations}")).one_field().as<int>();
    if (number > newest)
      return refuse(errc::unsupported, "table " + home.qualified() + " was brought to step " + std::to_string(number) +
                                           " by a newer Strata; this one knows " + std::to_string(newest));
    if (number < newest) return state::to_do;
    auto const type = tx.exec(home.fill("select type from {spaces} where space = {space}"));
    if (type.empty()) return state::to_do;
    if (type[0][0].view() != type_)
      return refuse(errc::rejected, "space '" + home.space + "' of table " + home.qualified() +
                                        " holds values of type " + type[0][0].as<std::string>() + ", not " +
                                        std::string{type_});
    return state::ready;
  }

  template <class Arm>
  result<void> up_to_date(pqxx::connection& connection, Arm&& arm) {
    auto const until = std::chrono::steady_clock::now() + options_.setup_timeout;
    std::minstd_rand jitter{std::random_device{}()};
    for (;;) {
      arm(options_.connect_timeout + ms{2000});
      bool ready = false;
      try {
        pqxx::nontransaction tx{connection};
        auto const found = look(tx);
        if (!found) return std::unexpected{found.error()};
        ready = *found == state::ready;
        if (ready && (asked_ || (asked_ = granted(tx)))) return {};
      } catch (pqxx::sql_error const& e) {
        if (state_of(e) != "42P01") throw;  // a table that went away between two looks
      }
      if (options_.setup == setup::check)
        return refuse(errc::rejected, "table " + resolved_->qualified() + " is not set up for space '" + names_.space +
                                          "': a role that may create has to open it once");
      try {
        arm(options_.setup_timeout);
        pqxx::work tx{connection};
        auto done = migrate(tx);
        if (!done) return done;
        tx.commit();
        asked_ = true;
        return {};
      } catch (pqxx::sql_error const& e) {
        auto const code = state_of(e);
        bool const others = code == "55P03" || code == "57014" || code.starts_with("40") || code == "23505" ||
                            code == "42P07" || code == "42710";
        if (ready && (code == "42501" || code == "25006")) {
          asked_ = true;
          return {};
        }
        if (code == "42501")
          return refuse(errc::rejected, "this role may not set the table up: " + sentence(info_, e.what()));
        if (!others) throw;
        if (std::chrono::steady_clock::now() >= until)
          return failure(
              errc::unavailable, tier::cold,
              "other programs did not let go of table " + resolved_->qualified() + ": " + sentence(info_, e.what()));
      }
      std::this_thread::sleep_for(ms{20 + jitter() % 100});
    }
  }

  result<void> migrate(pqxx::work& tx) {
    auto const& n = *resolved_;
    tx.exec("set local lock_timeout = '1s'; set local statement_timeout = 0");
    tx.exec("select pg_advisory_xact_lock(hashtextextended($1, 7))", pqxx::params{"strata " + n.qualified()});
    auto again = look(tx);
    if (!again) return std::unexpected{again.error()};
    if (*again == state::ready && granted(tx)) return {};
    auto table = tx.exec("select to_regclass($1)::oid::text", pqxx::params{n.qualified()}).one_field();
    bool const recorded =
        !tx.exec("select to_regclass($1) is null", pqxx::params{n.qualified("migrations")}).one_field().as<bool>();
    if (table.is_null() && options_.setup == setup::adopt)
      return refuse(errc::rejected, "there is no table " + n.qualified());
    if (table.is_null()) {
      if (recorded)
        return refuse(errc::rejected,
                      "table " + n.qualified() + " is gone, though what Strata keeps beside it is there");
      create(tx);
    } else if (!recorded) {
      if (auto fit = adoptable(tx, table.as<std::string>(), n); !fit) return fit;
    }
    if (!recorded)
      tx.exec(n.fill(
          "create table {migrations} (number integer primary key, applied_at timestamptz not null default now())"));
    int const done = tx.exec(n.fill("select coalesce(max(number), 0) from {migrations}")).one_field().as<int>();
    if (done < newest) {
      tx.exec(short_lock);
      tx.exec(n.fill("lock table {table} in access exclusive mode"));
      for (int step = done; step < newest; ++step) {
        tx.exec(n.fill(migrations[static_cast<std::size_t>(step)]));
        tx.exec(n.fill("insert into {migrations} (number) values ($1)"), pqxx::params{step + 1});
      }
    }
    tx.exec(n.fill("insert into {spaces} (space, type) values ({space}, $1) on conflict do nothing"),
            pqxx::params{std::string{type_}});
    tx.exec(n.fill("insert into {horizon} (space) values ({space}) on conflict do nothing"));
    tx.exec(n.fill("insert into {words_state} (space) values ({space}) on conflict do nothing"));
    if (!options_.application_role.empty()) grant(tx), granted(tx);
    again = look(tx);
    if (!again) return std::unexpected{again.error()};
    return {};
  }

  void create(pqxx::work& tx) {
    tx.exec(resolved_->fill(create_table));
    try {
      pqxx::subtransaction attempt{tx};
      attempt.exec("create extension if not exists vector");
      attempt.exec(resolved_->fill(add_embedding));
      attempt.commit();
    } catch (pqxx::sql_error const& e) {
      // Who sets another table up at the same moment has installed it by the next attempt.
      if (auto const code = state_of(e); code == "23505" || code == "55P03" || code.starts_with("40")) throw;
      // pgvector is not installed, or not ours to install: the column is other programs' and ours to do without
    }
  }

  // Asked also where the table is up to date: the role may be named later. What is not ours to give keeps nobody from
  // opening.
  bool granted(pqxx::transaction_base& tx) {
    if (options_.application_role.empty() || options_.setup == setup::check) return true;
    auto const lacks = lacking(tx, *resolved_, options_.application_role);
    remark(not_granted_, lacks.empty() ? lacks
                                       : "role " + options_.application_role + " lacks " + lacks +
                                             ", and this one may not grant it: grants.sql, by the table's owner");
    return lacks.empty();
  }

  void grant(pqxx::work& tx) {
    auto const fill = [&](std::string_view text) {
      std::string sql = resolved_->fill(text);
      for (auto const& [mark, by] : {std::pair{"%role%", tx.quote_name(options_.application_role)},
                                     {"%schema%", tx.quote_name(resolved_->schema)},
                                     {"%database%", tx.quote_name(tx.conn().dbname())},
                                     {"%statement_timeout%", in_ms(options_.statement_timeout)},
                                     {"%lock_timeout%", in_ms(options_.lock_timeout)}})
        detail::replace(sql, mark, by);
      return sql;
    };
    std::string all = "grant usage on schema %schema% to %role%;\n";
    for (auto const& one : rights) all.append(grant_of(one));
    tx.exec(fill(all));
    if (options_.time_outs == time_outs::role) try {
        pqxx::subtransaction attempt{tx};
        attempt.exec(fill(role_settings));
        attempt.commit();
      } catch (pqxx::sql_error const&) {
        // another role's settings are not ours to make: health() says when they are missing
      }
    auto const serial =
        tx.exec(resolved_->fill("select pg_get_serial_sequence('{table}', a.attname) from pg_attribute a "
                                "where a.attrelid = '{table}'::regclass and a.attnum > 0 and not a.attisdropped"));
    for (auto const& row : serial)
      if (!row[0].is_null())
        tx.exec("grant usage on sequence " + row[0].as<std::string>() + " to " +
                tx.quote_name(options_.application_role));
    auto const vectors = tx.exec(
        resolved_->fill("select from pg_attribute a where a.attrelid = '{table}'::regclass and a.attname = 'embedding' "
                        "and not a.attisdropped"));
    if (!vectors.empty())
      for (auto const& one : vector_rights) tx.exec(fill(grant_of(one)));
  }

  static std::unexpected<error> refuse(errc code, std::string_view why) { return failure(code, tier::cold, why); }
  void remark(std::string& place, std::string text) {
    std::lock_guard const lock{mutex_};
    place = std::move(text);
  }

  options const options_;
  conninfo const& info_;
  names const names_;
  std::string_view const type_;
  maker const make_;
  std::optional<names> resolved_;      // the keeper's alone
  std::vector<statement> statements_;  // likewise
  std::shared_ptr<std::vector<prepared_later> const> later_;
  bool asked_ = false;  // likewise: whether the application's role has what it needs

  mutable std::mutex mutex_;
  std::string long_ids_, serial_, no_time_out_, not_granted_;
};

}  // namespace strata::cold::pg
