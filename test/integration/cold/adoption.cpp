// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/concepts/capability.hpp>
#include <strata/concepts/query.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <format>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// The table as it stands in the field, with everything that stands in it.

using namespace cold_test;
using strata::errc;
using strata::number;

namespace {

// Their statements, as the fixture has them.
struct their_statements {
  std::string save, load, count;
  their_statements() {
    std::string text = fixture("field/statements.sql"), sql;
    for (std::size_t from = 0; from < text.size();) {  // without the comments
      auto const end = std::min(text.find('\n', from), text.size());
      if (auto const line = std::string_view{text}.substr(from, end - from); !line.starts_with("--"))
        sql.append(line).append("\n");
      from = end + 1;
    }
    for (auto* one : {&save, &load, &count}) {
      auto const end = sql.find(';');
      *one = sql.substr(0, end);
      sql.erase(0, end + 1);
    }
  }
};

void lay_out(other& sql) {
  sql("drop schema public cascade; create schema public");
  sql("create extension vector");
  sql(fixture("field/schema.sql"));
}

std::string fingerprint(other& sql, std::string_view where = "true") {
  return sql(std::format("select md5(string_agg(concat_ws('|', id, artifact_id, artifact_type, content_raw, content, "
                         "metadata, embedding, usage_count, "
                         "success_rate, last_used_at, created_at, updated_at, version), '#' order by id)) from "
                         "knowledge_artifacts where {}",
                         where))
      .one_field()
      .as<std::string>("");
}

postgres::options field() { return on("knowledge_artifacts"); }

}  // namespace

BOOST_AUTO_TEST_CASE(a_table_with_everything_odd_in_it_is_adopted) {
  other sql;
  lay_out(sql);
  sql("alter table knowledge_artifacts add column owner_team text not null default 'nobody'");
  sql("create view recent as select * from knowledge_artifacts where version > 0");
  sql("create table audit (what text); create function audit() returns trigger language plpgsql as "
      "$$ begin insert into audit values (tg_op); return new; end $$; "
      "create trigger a_touch before update on knowledge_artifacts for each row execute function audit()");
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, version, "
      "usage_count, created_at, updated_at, success_rate) values "
      "('nulls', 'template', 'n', '{\"data\": \"n\"}', null, null, null, null, null, null), "
      "('zero', 'template', 'z', '{\"data\": \"z\", \"version\": 0}', '{}', 0, 0, now(), now(), 0), "
      "('last', 'template', 'l', '{\"data\": \"l\"}', '{}', 2147483647, 2147483646, now(), now(), 1), "
      "('not strings', 'pattern', 'm', '{}', '{\"n\": 1, \"list\": [1, {\"deep\": null}], \"b\": true}', 3, 1, now(), "
      "now(), 0.5), "
      "('differs', 'template', 'raw', '{\"data\": \"something else\", \"version\": 12}', '{\"a\": \"b\"}', 4, 1, "
      "now(), now(), 0.5), "
      "('dots.and spaces in.it', 'template', 'd', '{}', '{}', 1, 1, now(), now(), 0), "
      "('broken', 'template', 'd', '{}', '\"broken\"', 1, 1, now(), now(), 0)");
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content) values (repeat('x', 2000), "
      "'template', 'x', '{}')");
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata) "
      "select 'row ' || i, 'template', 'text ' || i, '{\"data\": 1}', '{}' from generate_series(1, 100000) i");
  sql("analyze knowledge_artifacts");
  auto const before = fingerprint(sql);
  auto const files =
      sql("select pg_relation_filenode('knowledge_artifacts') || ' ' || pg_total_relation_size('knowledge_artifacts')")
          .one_field()
          .as<std::string>();
  auto const indexes =
      sql("select string_agg(indexdef, ';' order by indexdef) from pg_indexes where tablename = 'knowledge_artifacts'")
          .one_field()
          .as<std::string>();

  // Old programs read on, and none of their reads waits for long.
  their_statements const theirs;
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0, failures = 0;
  std::jthread reader{[&] {
    other program;
    program("set statement_timeout = '2s'");
    while (!stop) try {
        program(theirs.load, "row 77"), ++reads;
      } catch (std::exception const&) {
        ++failures;
      }
  }};
  while (reads < 10) std::this_thread::sleep_for(std::chrono::milliseconds{5});
  // One of them holds the table for a while, so that ours has to wait for it, and others must not wait for ours.
  std::jthread holder{[&] {
    other program;
    program("begin");
    program(theirs.load, "row 1");
    std::this_thread::sleep_for(std::chrono::seconds{3});
    program("commit");
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{50});
  opened_notes cold{field()};
  auto const ready = cold.tier.wait_ready(in(std::chrono::seconds{60}));
  BOOST_REQUIRE_MESSAGE(ready, why(ready));
  stop = true;
  reader.join(), holder.join();
  BOOST_TEST(failures == 0);
  BOOST_TEST(reads > 50);

  // Nothing lost, nothing rewritten, no index added or taken.
  BOOST_TEST(fingerprint(sql) == before);
  BOOST_TEST(
      sql("select pg_relation_filenode('knowledge_artifacts') || ' ' || pg_total_relation_size('knowledge_artifacts')")
          .one_field()
          .as<std::string>() == files);
  BOOST_TEST(
      sql("select string_agg(indexdef, ';' order by indexdef) from pg_indexes where tablename = 'knowledge_artifacts'")
          .one_field()
          .as<std::string>() == indexes);
  BOOST_TEST(sql("select count(*) from recent").one_field().as<int>() == 100006);

  auto const load = [&](std::string_view key) {
    auto r = cold.tier.load(key, soon());
    BOOST_TEST_REQUIRE(r.has_value(), std::string{key} << ": " << why(r));
    BOOST_TEST_REQUIRE(r->value.has_value(), std::string{key} << " is absent");
    BOOST_TEST(number(r->revision) >= 1U);
    return *r;
  };
  BOOST_TEST((*load("nulls").value == note{.id = "nulls", .text = "n", .metadata = "{}", .version = 0}));
  BOOST_TEST(load("zero").version == 0);
  BOOST_TEST(load("last").version == 2147483647);
  BOOST_TEST(load("not strings").value->metadata == R"({"b": true, "n": 1, "list": [1, {"deep": null}]})");
  BOOST_TEST(load("differs").value->text == "raw");
  BOOST_TEST(load("dots.and spaces in.it").value->text == "d");
  BOOST_TEST(load("row 99999").value->text == "text 99999");
  BOOST_TEST((cold.tier.load("broken", soon()).error() == errc::corrupt));
  std::string_view const keys[] = {"broken", "zero"};
  auto const both = cold.tier.load_many(keys, soon());
  BOOST_TEST((both[0].error() == errc::corrupt && both[1] && both[1]->value));

  // Putting back what was read writes nothing, however odd it is.
  for (auto const* key : {"nulls", "zero", "last", "not strings", "differs", "row 1"}) {
    auto const was = load(key);
    auto const r = cold.tier.store(key, *was.value, strata::anything, soon());
    BOOST_TEST((r && !r->changed && r->revision == was.revision), std::string{key} << ": " << why(r));
  }
  BOOST_TEST(fingerprint(sql) == before);

  // Changing it writes, and keeps what it was.
  for (auto const* key : {"nulls", "zero", "not strings", "differs", "broken"}) {
    auto const was = cold.tier.load(key, soon());
    auto const r = cold.tier.store(key, {.id = key, .text = "new"}, strata::anything, soon());
    BOOST_TEST(bool(r), std::string{key} << ": " << why(r));
    BOOST_TEST(r->changed);
    if (was) BOOST_TEST(r->version == was->version + 1);
    BOOST_TEST(load(key).value->text == "new");
    BOOST_TEST(cold.tier.history(key, 9, soon())->size() == 2U);
  }
  auto const over = cold.tier.store("last", {.id = "last", .text = "new"}, strata::anything, soon());
  BOOST_TEST((over.error() == errc::rejected), why(over));  // their column ends there
  BOOST_TEST(load("last").value->text == "l");
  note const fine{.id = "zero", .text = "newer"}, none{.id = "last", .text = "new"};
  std::vector<strata::keyed_value<note>> const mixed{{"last", &none}, {"zero", &fine}};
  auto const answers = cold.tier.store_many(mixed, soon());
  BOOST_TEST((answers[0].error() == errc::rejected));
  BOOST_TEST((answers[1] && answers[1]->version == 2));
  std::vector<strata::uses> const counts{{"last", 10}, {"nulls", 2}};
  auto const counted = cold.tier.add_usage(counts, soon());  // stays within their column
  BOOST_TEST(bool(counted), why(counted));
  BOOST_TEST(sql("select usage_count from knowledge_artifacts where artifact_id = 'last'").one_field().as<int>() ==
             2147483647);

  // Our saves over existing rows use no values of their id's sequence.
  auto const id = sql("select last_value from knowledge_artifacts_id_seq").one_field().as<int>();
  for (int i = 0; i < 50; ++i)
    BOOST_REQUIRE(cold.tier.store("row 5", {.id = "row 5", .text = std::to_string(i)}, strata::anything, soon()));
  BOOST_TEST(sql("select last_value from knowledge_artifacts_id_seq").one_field().as<int>() == id);

  // The one id that cannot be asked for is reported.
  for (int i = 0; i < 600 && !cold.tier.health().text.contains("1 rows have an id"); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  BOOST_TEST(cold.tier.health().text.contains("1 rows have an id that no key can be"), cold.tier.health().text);
  BOOST_TEST(cold.tier.health().up);

  // A second opening changes nothing more.
  auto const after = fingerprint(sql);
  opened_notes again{field()};
  BOOST_REQUIRE(again.tier.wait_ready(soon()));
  BOOST_TEST(fingerprint(sql) == after);
}

BOOST_AUTO_TEST_CASE(a_row_that_nobody_can_ask_for_is_in_a_dump) {
  other sql;
  lay_out(sql);
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content) values ('a', 'template', "
      "'text of a', '{}'), (repeat('x', 2000), 'template', 'text of x', '{}')");
  opened_notes cold{field()};
  strata::dump_place at;
  bool found = false;
  while (!at.end) {
    auto const lines = cold.tier.dump(at, 1, soon());
    BOOST_REQUIRE_MESSAGE(lines, why(lines));
    for (auto const& line : *lines)
      found = found || (line.contains(std::string(2000, 'x')) && line.contains("text of x"));
  }
  BOOST_TEST(found);
}

BOOST_AUTO_TEST_CASE(rows_without_a_kind_or_a_text_keep_nobody_from_searching) {
  other sql;
  sql("create table bare (artifact_id text unique, artifact_type text, content_raw text, content jsonb, metadata "
      "jsonb, "
      "usage_count int, last_used_at timestamptz, updated_at timestamptz, version int)");
  sql("insert into bare (artifact_id, artifact_type, content_raw) values ('a', 'kind', 'zebra'), ('b', null, 'zebra'), "
      "('c', 'kind', null)");
  opened_notes cold{on("bare")};
  auto& t = cold.tier;
  auto const look = [&] {
    auto const found = t.search_text("zebra", 9, {}, soon());
    BOOST_REQUIRE_MESSAGE(found, why(found));
    BOOST_TEST((found->all.size() == 2U && !found->incomplete));
  };
  look();
  // Nor do they stay in the archive.
  BOOST_TEST(t.archive(std::chrono::system_clock::now(), 9, soon()).value() == 3U);
  auto const counted = t.add_usage(std::vector<strata::uses>{{"a", 1}, {"b", 1}, {"c", 1}}, soon());
  BOOST_TEST(bool(counted), why(counted));
  look();
}

BOOST_AUTO_TEST_CASE(other_programs_writes_have_revisions_and_history) {
  other sql;
  lay_out(sql);
  their_statements const theirs;
  sql(theirs.save, "a", "template", "one", R"({"id":"a","data":"one","version":1})", "{}", 1);
  opened_notes cold{field()};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  auto const first = cold.tier.load("a", soon());
  BOOST_REQUIRE_MESSAGE(first, why(first));

  sql(theirs.save, "a", "template", "two", R"({"id":"a","data":"two","version":2})", "{}", 2);
  auto const second = cold.tier.load("a", soon());
  BOOST_TEST(number(second->revision) > number(first->revision));
  BOOST_TEST(second->version == 2);
  BOOST_TEST(second->value->text == "two");
  BOOST_TEST((cold.tier.store("a", {.id = "a", .text = "late"}, first->revision, soon()).error() == errc::conflict));

  // Their version may stand still or go back: the history keeps all the same.
  sql(theirs.save, "a", "template", "three", R"({"id":"a","data":"three","version":2})", "{}", 2);
  sql(theirs.save, "a", "template", "four", R"({"id":"a","data":"four","version":1})", "{}", 1);
  auto const all = cold.tier.history("a", 9, soon());
  BOOST_REQUIRE_MESSAGE(all, why(all));
  BOOST_REQUIRE(all->size() == 4U);
  BOOST_TEST((*all)[0].value->text == "four");
  BOOST_TEST((*all)[1].value->text == "three");
  BOOST_TEST((*all)[2].value->text == "two");
  BOOST_TEST((*all)[3].value->text == "one");

  // Counting is no change, nor is saving what is there.
  auto const now = cold.tier.load("a", soon());
  sql(theirs.load, "a");
  sql(theirs.count, "a");
  sql(theirs.save, "a", "template", "four", R"({"id":"a","data":"four","version":1})", "{}", 1);
  BOOST_TEST((cold.tier.load("a", soon())->revision == now->revision));
  BOOST_TEST(cold.tier.history("a", 9, soon())->size() == 4U);
  std::vector<strata::uses> const counts{{"a", 4}};
  BOOST_REQUIRE(cold.tier.add_usage(counts, soon()));
  BOOST_TEST(sql("select usage_count from knowledge_artifacts where artifact_id = 'a'").one_field().as<int>() == 5);

  // Ours goes on from theirs, and theirs over ours.
  auto const ours = cold.tier.store("a", {.id = "a", .text = "five"}, strata::anything, soon());
  BOOST_TEST(ours->version == 2);
  auto const row = sql(theirs.load, "a").one_row();
  BOOST_TEST(row[2].as<std::string>() == "five");
  BOOST_TEST(row[4].as<int>() == 2);
  sql(theirs.save, "a", "template", "six", R"({"id":"a","data":"six","version":9})", "{}", 9);
  BOOST_TEST(number(cold.tier.load("a", soon())->revision) > number(ours->revision));

  // Their deletes leave a tombstone; their new row is newer than it.
  sql("delete from knowledge_artifacts where artifact_id = 'a'");
  auto const gone = cold.tier.load("a", soon());
  BOOST_TEST((!gone->value && number(gone->revision) > number(ours->revision)));
  sql(theirs.save, "a", "template", "seven", R"({"id":"a","data":"seven","version":1})", "{}", 1);
  BOOST_TEST(number(cold.tier.load("a", soon())->revision) > number(gone->revision));
  sql("update knowledge_artifacts set artifact_id = 'b' where artifact_id = 'a'");
  BOOST_TEST(!cold.tier.load("a", soon())->value);
  BOOST_TEST(cold.tier.load("b", soon())->value->text == "seven");

  // A row that somebody brings back as it was, operation and all, is a new revision too.
  sql("create table backup as select * from knowledge_artifacts where artifact_id = 'b'");
  BOOST_REQUIRE(cold.tier.erase("b", soon()));
  auto const erased = cold.tier.load("b", soon());
  sql("insert into knowledge_artifacts select * from backup");
  BOOST_TEST(number(cold.tier.load("b", soon())->revision) > number(erased->revision));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_adopted_is_refused_with_all_reasons) {
  other sql;
  sql("drop schema public cascade; create schema public");
  auto const reason = [&](postgres::options o) -> std::string {
    try {
      opened_notes cold{o};
      return "opened";
    } catch (strata::open_error const& e) {
      return std::format("{}", e.why());
    }
  };
  auto const says = [&](postgres::options const& o, std::string_view text) {
    auto const got = reason(o);
    BOOST_TEST(got.contains(text), got << " does not say " << text);
  };
  std::string const good =
      "id serial primary key, artifact_id text not null unique, artifact_type text not null, content_raw text not "
      "null, "
      "content jsonb not null, metadata jsonb, usage_count int, last_used_at timestamptz, updated_at timestamptz, "
      "version int";
  auto const replaced = [&](std::string_view what, std::string_view by) {
    auto text = good;
    return text.replace(text.find(what), what.size(), by);
  };
  sql(std::format("create table missing ({})", replaced(", metadata jsonb", "")));
  says(on("missing"), "column metadata is missing");
  sql(std::format("create table several ({})",
                  replaced("content jsonb not null, metadata jsonb", "content json, metadata text")));
  says(on("several"), "column content is json, not jsonb; column metadata is text, not jsonb");
  sql(std::format("create table loose ({})", replaced(" unique", "")));
  says(on("loose"), "no unique index");
  sql(std::format("create table needy ({}, team text not null)", good));
  says(on("needy"), "column team must be given a value and has no default");
  sql(std::format("create unlogged table fleeting ({})", good));
  says(on("fleeting"), "unlogged");
  sql("create collation blind (provider = icu, locale = 'und-u-ks-level1', deterministic = false)");
  sql(std::format("create table blurred ({})", replaced("artifact_id text", "artifact_id text collate blind")));
  says(on("blurred"), "takes different texts for equal");
  sql("create view window_on as select 1 as artifact_id");
  says(on("window_on"), "no plain table");
  sql(std::format("create table taken ({}, strata_revision bigint)", good));
  says(on("taken"), "has a column strata_revision already");
  BOOST_TEST(sql("select count(*) from pg_tables where schemaname = 'public'").one_field().as<int>() ==
             7);  // nothing was left behind

  auto o = on("nowhere");
  o.setup = strata::cold::pg::setup::adopt;
  says(o, "there is no table");
  o.setup = strata::cold::pg::setup::check;
  says(o, "has to open it once");
  o = on("elsewhere.table");
  says(o, "schema");
  o = on("made");
  BOOST_TEST(reason(o) == "opened");
  sql("insert into made_migrations values (1000)");
  says(o, "by a newer Strata");
  sql("delete from made_migrations where number = 1000");
  o.setup = strata::cold::pg::setup::check;
  BOOST_TEST(reason(o) == "opened");
  o.space = "another";
  says(o, "not set up for space 'another'");

  for (auto const* table : {"", "a b", "x; drop table y", "\"quoted\"", "a.b.c"})
    says(on(table), "the table's name is not");
  o = on("fine");
  o.space = "it's";
  says(o, "the space is not");
  o = on("fine");
  o.connections = 0;
  says(o, "connections");
  for (auto const* text :
       {"host=here password", "user = 'open", "postgresql://u:pa/ss@here/db", "postgresql://u:p@q@here"}) {
    o = on("fine");
    o.connection = text;
    says(o, "rejected: the connection string");
    BOOST_TEST(!reason(o).contains("pa/ss"));
  }
}

BOOST_AUTO_TEST_CASE(a_table_whose_ids_have_an_order_of_their_own_is_walked_whole) {
  other sql;
  lay_out(sql);
  sql("alter table knowledge_artifacts alter column artifact_id type text collate \"und-x-icu\"");
  opened_notes cold{field()};
  auto& t = cold.tier;
  for (auto const* id : {"a", "B", "c", "D", "e"}) BOOST_REQUIRE(t.store(id, {.id = id}, strata::anything, soon()));
  for (auto const* id : {"B", "D"}) BOOST_REQUIRE(t.erase(id, soon()));
  std::string walked, dumped;
  for (std::string last;;) {
    auto const page = t.all_after(last, 1, soon());
    BOOST_REQUIRE_MESSAGE(page, why(page));
    if (page->empty()) break;
    walked += last = page->front().key;
  }
  BOOST_TEST(walked == "aBcDe");

  sql("update knowledge_artifacts set updated_at = now() - interval '400 days' where artifact_id in ('a', 'e')");
  BOOST_REQUIRE(t.store("B", {.id = "B"}, strata::anything, soon()));
  BOOST_TEST(t.archive(std::chrono::system_clock::now() - std::chrono::hours{24 * 365}, 9, soon()).value() == 2U);
  for (strata::dump_place at; !at.end;) {
    auto const some = t.dump(at, 1, soon());
    BOOST_REQUIRE_MESSAGE(some, why(some));
    if (at.part == 0 && !some->empty()) dumped += at.key;
  }
  BOOST_TEST(dumped == "aBce");
}

BOOST_AUTO_TEST_CASE(any_number_of_processes_set_up_one_table_at_once) {
  for (bool const found : {false, true}) {
    {
      other sql;
      sql("drop schema public cascade; create schema public");
      if (found) sql("create extension vector"), sql(fixture("field/schema.sql"));
    }
    std::vector<pid_t> children;
    for (int child = 0; child < 12; ++child) {
      auto const pid = ::fork();
      BOOST_REQUIRE(pid >= 0);
      if (pid == 0) {
        int status = 1;
        try {
          auto o = field();
          o.connections = 1;
          opened_notes cold{o};
          auto const key = std::format("of {}", child);
          if (cold.tier.wait_ready(in(std::chrono::seconds{20})) &&
              cold.tier.store(key, {.id = key}, strata::anything, in(std::chrono::seconds{20})))
            status = 0;
        } catch (...) {
        }
        ::_exit(status);
      }
      children.push_back(pid);
    }
    int good = 0;
    for (auto const pid : children) {
      int status = 1;
      ::waitpid(pid, &status, 0);
      good += status == 0;
    }
    BOOST_TEST(good == 12);
    other sql;
    BOOST_TEST(sql("select count(*) from knowledge_artifacts").one_field().as<int>() == 12);
    BOOST_TEST(sql("select count(*) from knowledge_artifacts_migrations").one_field().as<int>() ==
               static_cast<int>(strata::cold::pg::migrations.size()));
  }
}

BOOST_AUTO_TEST_CASE(tables_set_up_at_once_in_a_fresh_database_all_have_vectors) {
  other sql;
  for (int round = 0; round < 5; ++round) {
    sql("drop extension if exists vector cascade");
    std::string const names[] = {std::format("one_{}", round), std::format("two_{}", round)};
    {
      std::vector<std::jthread> programs;
      for (auto const& name : names)
        programs.emplace_back([&name] {
          opened_notes cold{on(name)};
          (void)cold.tier.wait_ready(soon());
        });
    }
    for (auto const& name : names)
      BOOST_TEST(sql("select count(*) from pg_attribute where attrelid = $1::regclass and attname = 'embedding'", name)
                         .one_field()
                         .as<int>() == 1,
                 name);
  }
}

// While the table is brought up to date nobody reads it, and an index of vectors takes longer than anybody waits.
BOOST_AUTO_TEST_CASE(an_index_is_made_only_where_there_are_no_vectors_yet) {
  other sql;
  for (bool const any : {false, true}) {
    lay_out(sql);
    sql("drop index idx_embedding");
    sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content) "
        "select 'row ' || i, 'template', 'text', '{}' from generate_series(1, 50) i");
    if (any)
      sql("update knowledge_artifacts set embedding = array_fill(1.0, '{1536}')::vector where artifact_id = 'row 50'");
    opened_notes cold{field()};
    auto const ready = cold.tier.wait_ready(soon());
    BOOST_REQUIRE_MESSAGE(ready, why(ready));
    BOOST_TEST(sql("select count(*) from pg_indexes where tablename = 'knowledge_artifacts' and indexdef like '%hnsw%'")
                   .one_field()
                   .as<int>() == (any ? 0 : 1));
  }
}

BOOST_AUTO_TEST_CASE(a_role_without_rights_to_create_or_delete_is_enough_to_run) {
  other sql;
  sql("drop schema public cascade; create schema public");
  sql("create role application login");
  auto o = field();
  o.application_role = "application";
  {
    opened_notes setup{o};
    BOOST_REQUIRE(setup.tier.wait_ready(soon()));
  }
  o = field();
  o.connection += " user=application";
  o.setup = strata::cold::pg::setup::check;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  auto const second = cold.tier.store("a", {.id = "a", .text = "2"}, strata::anything, soon());
  BOOST_TEST(bool(second), why(second));
  note const n{.id = "b"};
  std::vector<strata::keyed_value<note>> const values{{"b", &n}};
  auto const many = cold.tier.store_many(values, soon());
  BOOST_TEST(bool(many[0]), why(many[0]));
  std::vector<strata::uses> const counts{{"a", 4}};
  auto const counted = cold.tier.add_usage(counts, soon());
  BOOST_TEST(bool(counted), why(counted));
  BOOST_TEST(cold.tier.history("a", 9, soon())->size() == 2U);
  auto const erased = cold.tier.erase("a", soon());
  BOOST_TEST(bool(erased), why(erased));
  pqxx::connection direct{o.connection};
  pqxx::nontransaction tx{direct};
  BOOST_CHECK_THROW(tx.exec("delete from knowledge_artifacts"), pqxx::insufficient_privilege);
  BOOST_CHECK_THROW(tx.exec("delete from knowledge_artifacts_history"), pqxx::insufficient_privilege);
  BOOST_CHECK_THROW(tx.exec("drop table knowledge_artifacts"), pqxx::insufficient_privilege);

  // A role that may not even that.
  sql("create role stranger login");
  o.connection = server() + " user=stranger";
  BOOST_CHECK_THROW(opened_notes{o}, strata::open_error);
}
