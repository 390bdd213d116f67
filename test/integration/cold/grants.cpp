// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/cold/postgres/grants.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the role of a running program may do: what it needs, and nothing else.

using namespace cold_test;
using namespace std::chrono_literals;
namespace pg = strata::cold::pg;

namespace {

/// As grants.sql has it.
std::string for_psql(std::string_view text) {
  std::string sql;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '{') {
      sql += text[at];
      continue;
    }
    auto const end = text.find('}', at);
    sql.append(R"(:"schema".:")").append(text.substr(at + 1, end - at - 1)).append("\"");
    at = end;
  }
  for (auto const& [mark, by] : {std::pair{"%role%", R"(:"role")"},
                                 {"%schema%", R"(:"schema")"},
                                 {"%database%", R"(:"DBNAME")"},
                                 {"%statement_timeout%", "'5000ms'"},
                                 {"%lock_timeout%", "'2000ms'"}})
    pg::detail::replace(sql, mark, by);
  return sql;
}

void everything_works(postgres::options const& o) {
  opened_notes cold{o};
  auto const ready = cold.tier.wait_ready(soon());
  BOOST_TEST_REQUIRE(ready.has_value(), why(ready));
  BOOST_TEST(cold.tier.health().text == "");
  auto& t = cold.tier;
  auto const works = [](auto const& r) { BOOST_TEST(r.has_value(), why(r)); };
  for (auto const* text : {"1", "2"}) works(t.store("a", {.id = "a", .text = text}, strata::anything, soon()));
  note const n{.id = "b"}, m{.id = "a", .text = "3"};
  std::vector<strata::keyed_value<note>> const values{{"b", &n}, {"a", &m}};
  for (auto const& one : t.store_many(values, soon())) works(one);
  std::vector<strata::uses> const counts{{"a", 4}};
  for (int i = 0; i < 2; ++i) works(t.add_usage(counts, soon()));
  works(t.usage_of("a", soon()));
  for (int const window : {0, 24}) works(t.popular(3, std::chrono::hours{window}, soon()));
  works(t.rising(3, std::chrono::hours{24}, soon()));
  works(t.failing(3, 1, soon()));
  works(t.unused(std::chrono::system_clock::now(), 3, soon()));
  works(t.load("a", soon()));
  std::string_view const keys[] = {"a", "b", "c"};
  for (auto const& one : t.load_many(keys, soon())) works(one);
  works(t.revisions(keys, soon()));
  auto const all = t.history("a", 9, soon());
  works(all);
  works(t.get_at("a", all->back().revision, soon()));
  works(t.get_at("a", all->back().version, soon()));
  works(t.search_text("again", 3, {}, soon()));
  std::vector<float> const up(1536, 1);
  works(t.embed("a", up, soon()));
  for (auto const* text : {"inserted", "updated", "updated"})
    works(t.store("embedded", {.id = "embedded", .text = text}, strata::anything, soon(), {}, up));
  works(t.nearest(up, 3, {}, soon()));
  works(t.similar("a", 3, {}, soon()));
  works(t.archivable(std::chrono::system_clock::now(), soon()));
  for (int i = 0; i < 2; ++i) works(t.archive(std::chrono::system_clock::now(), 100, soon()));
  works(t.load("a", soon()));
  works(t.add_usage(counts, soon()));
  for (int i = 0; i < 2; ++i) works(t.erase("a", soon()));
  works(t.store("a", {.id = "a", .text = "again"}, strata::anything, soon()));
  works(t.changes_since(strata::cursor{}, 100, soon()));
  works(t.read_horizon(soon()));
  BOOST_TEST(t.hold_horizon("me", 1min, soon())->has_value());
  works(t.move_horizon("me", 1min, {}, soon()));
  strata::context<std::chrono::steady_clock, nobody, note_codec, true> const ending{cold.clock, cold.observer,
                                                                                    cold.codec};
  postgres::tier<std::string, note, decltype(ending)> ends{o, ending};
  works(ends.wait_ready(soon()));
  for (auto const* text : {"inserted", "updated"})
    works(ends.store("ends", {.id = "ends", .text = text}, strata::anything, soon(), 1h));
  BOOST_TEST(ends.load("ends", soon())->expires_in.has_value());
}

/// What the server says to it, as a SQLSTATE.
std::string state_after(pqxx::connection& c, std::string_view statement) {
  pqxx::nontransaction tx{c};
  try {
    tx.exec(statement);
  } catch (pqxx::sql_error const& e) {
    return std::string{pg::state_of(e)};
  }
  return "allowed";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_file_of_grants_says_what_setting_up_grants) {
  std::ifstream file{STRATA_TEST_GRANTS};
  std::string const text{std::istreambuf_iterator<char>{file}, {}};
  std::string all;
  for (auto const& one : pg::rights) all.append(for_psql(pg::grant_of(one)));
  BOOST_TEST(text.contains(all), all);
  BOOST_TEST(text.contains(for_psql(pg::role_settings)));
}

BOOST_AUTO_TEST_CASE(a_role_may_do_what_a_running_program_needs_and_nothing_else) {
  other sql;
  sql("create role owner login; create schema ours authorization owner; create role granted login; create role filed "
      "login");
  sql("create table secrets (word text); insert into secrets values ('planted-secret')");
  sql("alter default privileges for role owner revoke execute on functions from public");  // as careful owners do
  // One table as the field has it, with a serial id; its owner is no superuser, and sets it up for one role. The other has
  // the file's grants.
  sql("create extension if not exists vector; set role owner; set search_path = ours, public");
  sql(fixture("field/schema.sql"));
  sql("reset role; reset search_path");
  postgres::options o{.connection = server() + " user=owner", .connections = 2, .table = "ours.knowledge_artifacts"};
  o.application_role = "granted";
  {
    opened_notes cold{o};
    auto const ready = cold.tier.wait_ready(soon());
    BOOST_TEST_REQUIRE(ready.has_value(), why(ready));
  }
  BOOST_TEST(std::system(std::format("psql -q -d '{} user=strata' -v role=filed -v schema=ours -f {}", server(),
                                     STRATA_TEST_GRANTS)
                             .c_str()) == 0);
  for (std::string const role : {"granted", "filed"}) {
    BOOST_TEST_CONTEXT(role) {
      o.connection = server() + " user=" + role;
      o.setup = pg::setup::check;
      everything_works(o);

      pqxx::connection c{o.connection};
      for (std::string_view const refused : {
               "delete from ours.knowledge_artifacts",
               "truncate ours.knowledge_artifacts",
               "drop table ours.knowledge_artifacts",
               "alter table ours.knowledge_artifacts add column more text",
               "alter table ours.knowledge_artifacts disable trigger zz_strata_update",
               "create index on ours.knowledge_artifacts (version)",
               "create trigger mine after insert on ours.knowledge_artifacts execute function "
               "ours.knowledge_artifacts_inserted()",
               "create table ours.mine (id int)",
               "create table public.mine (id int)",
               "create schema mine",
               "create function ours.mine() returns int language sql as 'select 1'",
               "update ours.knowledge_artifacts set strata_revision = 1",
               "update ours.knowledge_artifacts set strata_space = 'mine'",
               "update ours.knowledge_artifacts set artifact_id = 'mine'",
               "insert into ours.knowledge_artifacts (artifact_id, strata_revision) values ('mine', 9)",
               "update ours.knowledge_artifacts_usage set uses = 9",
               "delete from ours.knowledge_artifacts_usage",
               "delete from ours.knowledge_artifacts_usage_hours",
               "insert into ours.knowledge_artifacts_archive (artifact_id, strata_space, strata_revision, rest) values "
               "('mine', 'template', 9, '{}')",
               "delete from ours.knowledge_artifacts_archive",
               "select * from ours.knowledge_artifacts_restore('template', '{}')",
               "update ours.knowledge_artifacts_words_state set language = 'simple'",
               "insert into ours.knowledge_artifacts_history (artifact_id, revision, space) values ('mine', 9, "
               "'template')",
               "update ours.knowledge_artifacts_history set content_raw = 'rewritten'",
               "delete from ours.knowledge_artifacts_history",
               "delete from ours.knowledge_artifacts_erased",
               "update ours.knowledge_artifacts_erased set revision = 1",
               "insert into ours.knowledge_artifacts_changes values ('1', 1, 0, 'mine', 'template')",
               "delete from ours.knowledge_artifacts_changes",
               "update ours.knowledge_artifacts_horizon set transaction = '1'",
               "insert into ours.knowledge_artifacts_horizon (space) values ('mine')",
               "insert into ours.knowledge_artifacts_spaces (space, type) values ('mine', 'mine')",
               "delete from ours.knowledge_artifacts_migrations",
               "select nextval('ours.knowledge_artifacts_revisions')",
               "select setval('ours.knowledge_artifacts_revisions', 1)",
               "select setval('ours.knowledge_artifacts_id_seq', 1)",
               "select word from public.secrets",
               "select * from pg_authid",
               "select pg_read_file('PG_VERSION')",
               "copy ours.knowledge_artifacts to program 'cat'",
               "set role owner",
               "set role strata",
               "set session authorization owner",
               "set session_replication_role = replica",
               "create role mine",
               "alter role owner password 'mine'",
           }) {
        auto const state = state_after(c, refused);
        BOOST_TEST(state == "42501", refused << ": " << state);
      }
    }
  }
  // A right that is taken away while the program runs.
  opened_notes cold{o};
  sql("revoke update (content_raw) on ours.knowledge_artifacts from filed");
  auto const denied = cold.tier.store("a", {.id = "a", .text = "denied"}, strata::anything, soon());
  BOOST_TEST(
      (!denied && denied.error() == strata::errc::rejected && denied.error().text().contains("permission denied")),
      why(denied));

  // The settings of a role, for connections that share sessions.
  pqxx::connection filed{o.connection};
  BOOST_TEST(pqxx::nontransaction{filed}.exec("show statement_timeout").one_field().as<std::string>() == "5s");
}

// Whoever may connect has a table: a temporary one. Nobody's defaults are changed here.
BOOST_AUTO_TEST_CASE(nobody_fires_our_triggers_from_a_table_of_his_own) {
  other sql;
  sql("create role runs login; create role stranger login");
  auto o = on("wiped");
  o.application_role = "runs";
  opened_notes cold{o};
  auto const stored = cold.tier.store("a", {.id = "a"}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(stored, why(stored));
  auto const triggers =
      sql("select p.oid::regprocedure::text from pg_proc p where p.prorettype = 'trigger'::regtype and "
          "starts_with(p.proname, 'wiped_')");
  BOOST_TEST(triggers.size() == 6);
  for (std::string const role : {"runs", "stranger"}) {
    for (auto const& one : triggers)
      BOOST_TEST(
          !sql("select has_function_privilege($1::name, $2, 'execute')", role, one[0].view()).one_field().as<bool>(),
          role << " may execute " << one[0].view());
    pqxx::connection c{server() + " user=" + role};
    for (std::string_view const refused : {
             "create temp table t (a int); create trigger t before truncate on t for each statement execute function "
             "public.wiped_truncated(); truncate t",
             "create temp table t (artifact_id text, strata_space text, strata_revision bigint, version bigint, "
             "artifact_type text, content_raw text, content jsonb, metadata jsonb, strata_operation uuid, updated_at "
             "timestamptz); create trigger t after delete on t referencing old table as gone for each statement "
             "execute function public.wiped_deleted(); insert into t values ('forged', 'template', 77, 9, 'template', "
             "'never written', '{}', '{}', null, now()); delete from t",
         }) {
      auto const state = state_after(c, refused);
      BOOST_TEST(state == "42501", role << ": " << refused << ": " << state);
    }
  }
  BOOST_TEST(cold.tier.load("a", soon())->value.has_value());
  BOOST_TEST(cold.tier.history("forged", 9, soon())->empty());
}

BOOST_AUTO_TEST_CASE(a_role_that_is_named_once_the_table_is_set_up_is_granted_the_same) {
  other sql;
  sql("create role late login; create extension if not exists vector");
  sql("alter default privileges for role strata revoke execute on functions from public");
  auto o = on("made_before");
  auto const told = [&]() -> std::string {
    try {
      opened_notes cold{o};
      auto const ready = cold.tier.wait_ready(soon());
      return ready ? cold.tier.health().text : why(ready);
    } catch (strata::open_error const& e) {
      return e.what();
    }
  };
  BOOST_TEST(told() == "");
  sql("alter default privileges for role strata grant execute on functions to public");
  o.application_role = "late";
  BOOST_TEST(told() == "");
  auto as_it = on("made_before");
  as_it.connection += " user=late";
  as_it.setup = pg::setup::check;
  everything_works(as_it);

  sql("revoke execute on function made_before_nearest from late; revoke select on made_before_history from late");
  sql("revoke update (holder) on made_before_horizon from late");
  o.connection = as_it.connection;
  BOOST_TEST(told() ==
             "role late lacks select on history, update on horizon, execute on nearest, and this one may not grant it: "
             "grants.sql, by the table's owner");
  o.connection = server();
  BOOST_TEST(told() == "");
  o.connection = as_it.connection;
  BOOST_TEST(told() == "");
  o.application_role = "nobody";
  BOOST_TEST(told().contains(R"(role "nobody" does not exist)"));
}
