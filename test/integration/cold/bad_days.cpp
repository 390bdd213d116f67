// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/tcp_proxy.hpp"
#include "own_server.hpp"
#include "support.hpp"
#include "writers.hpp"

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <pqxx/transaction>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Servers that are away, slow, stopped, killed, read-only or unwilling. Whatever happens, what was acknowledged is there,
// what was denied is not, and the rest is `unknown`.

using namespace cold_test;
using namespace std::chrono_literals;
using strata::errc;
using strata::number;

BOOST_AUTO_TEST_CASE(a_server_that_is_away_is_no_error_and_is_found_when_it_comes) {
  own_server server;
  auto o = server.options();
  o.connection += " password=planted-secret";
  opened_notes cold{o};
  auto const unready = cold.tier.wait_ready(in(50ms));
  BOOST_TEST((!unready && unready.error() == errc::unavailable));
  auto const r = cold.tier.load("a", soon());
  BOOST_TEST((!r && r.error() == errc::unavailable), why(r));
  auto const started = now();  // by now it is known to be away: a call costs nothing
  for (int i = 0; i < 100; ++i) BOOST_TEST((cold.tier.load("a", in(2s)).error() == errc::unavailable));
  BOOST_TEST((now() - started < 20s));
  BOOST_TEST((cold.tier.store("a", {.id = "a"}, strata::anything, soon()).error() == errc::unavailable));
  BOOST_TEST(!cold.tier.health().up);
  BOOST_TEST(!cold.tier.health().text.contains("planted-secret"));
  server.start();
  auto const ready = cold.tier.wait_ready(soon());
  BOOST_TEST_REQUIRE(ready.has_value(), why(ready));
  BOOST_TEST(bool(cold.tier.store("a", {.id = "a"}, strata::anything, soon())));
  BOOST_TEST(cold.tier.health().up, cold.tier.health().text);
}

BOOST_AUTO_TEST_CASE(a_table_refused_after_opening_says_so_in_every_call) {
  own_server server;
  server.start();
  {
    pqxx::connection c{server.connection()};
    pqxx::nontransaction{c}.exec("create table knowledge_artifacts (id int)");
  }
  server.stop();
  opened_notes cold{server.options()};  // nobody there
  server.start();
  auto const ready = cold.tier.wait_ready(soon());
  BOOST_TEST_REQUIRE((!ready && ready.error() == errc::rejected), why(ready));
  auto const r = cold.tier.load("a", soon());
  BOOST_TEST((!r && r.error() == errc::rejected && r.error().text().contains("column artifact_id is missing")), why(r));
  BOOST_TEST(cold.tier.health().text.contains("column artifact_id is missing"));
}

BOOST_AUTO_TEST_CASE(a_wrong_password_is_told_without_telling_it) {
  own_server server;
  server.start();
  {
    pqxx::connection c{server.connection()};
    pqxx::nontransaction tx{c};
    tx.exec("create role guarded login superuser password 'right-secret'");
    std::ofstream{server.folder() + "/pg_hba.conf"}
        << "host all guarded 127.0.0.1/32 scram-sha-256\nhost all strata 127.0.0.1/32 trust\n";
    tx.exec("select pg_reload_conf()");
  }
  BOOST_REQUIRE(eventually([&] {  // until the server has read it
    try {
      pqxx::connection{server.connection() + " user=guarded"};
      return false;
    } catch (pqxx::broken_connection const&) {
      return true;
    }
  }));
  auto o = server.options();
  for (std::string const& text :
       {std::format("host=127.0.0.1 port={} user=guarded dbname=strata password='planted secret'", server.port()),
        std::format("postgresql://guarded:planted%20secret@127.0.0.1:{}/strata", server.port())}) {
    o.connection = text;
    opened_notes cold{o};
    std::string told;
    BOOST_TEST(eventually([&] {
                 auto const r = cold.tier.load("a", soon());
                 BOOST_REQUIRE((!r && r.error() == errc::unavailable));
                 told += std::format("{}{}", r.error(), cold.tier.health().text);
                 return r.error().text().contains("password authentication failed");
               }),
               told);
    BOOST_TEST(!told.contains("secret"));
  }
  o.connection = std::format("host=127.0.0.1 port={} user=guarded dbname=strata password=right-secret", server.port());
  opened_notes cold{o};
  BOOST_TEST(bool(cold.tier.wait_ready(soon())));
}

BOOST_AUTO_TEST_CASE(a_read_only_server_is_read) {
  own_server server;
  server.start();
  {
    opened_notes cold{server.options()};
    BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  }
  pqxx::connection c{server.connection()};
  pqxx::nontransaction{c}.exec("alter database strata set default_transaction_read_only = on");
  opened_notes cold{server.options()};
  auto const found = cold.tier.load("a", soon());
  BOOST_TEST_REQUIRE(found.has_value(), why(found));
  BOOST_TEST(found->value->text == "1");
  auto const r = cold.tier.store("a", {.id = "a", .text = "2"}, strata::anything, soon());
  BOOST_TEST((!r && r.error() == errc::unavailable), why(r));
  auto const e = cold.tier.erase("a", soon());
  BOOST_TEST((!e && e.error() == errc::unavailable), why(e));
}

BOOST_AUTO_TEST_CASE(connections_killed_in_the_middle_of_calls_lose_nothing) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connections = 6;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  std::atomic<int> read = 0, unread = 0;
  {
    std::jthread reader{[&](std::stop_token stop) {
      while (!stop.stop_requested()) ++(cold.tier.load("k0", in(2s)) ? read : unread);
    }};
    writers all{cold.tier, 5};
    pqxx::connection c{server.connection()};
    for (int i = 0; i < 60; ++i) {
      pqxx::nontransaction{c}.exec(
          "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = "
          "'client backend'");
      std::this_thread::sleep_for(std::chrono::milliseconds{5 + i % 40});
    }
    BOOST_TEST(eventually([&] { return all.acknowledged() > 0 && read > 0; }));  // a busy machine may need the peace
    all.judge(cold.tier);
  }
  BOOST_TEST_MESSAGE("read " << read << ", unread " << unread);
}

BOOST_AUTO_TEST_CASE(a_crash_of_the_server_loses_nothing_that_was_acknowledged) {
  own_server server;
  server.start();
  opened_notes cold{server.options()};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  writers all{cold.tier, 4};
  for (int round = 0; round < 3; ++round) {
    auto const before = all.acknowledged();
    BOOST_TEST(eventually([&] { return all.acknowledged() > before + 20; }));
    server.stop();
    server.start();
  }
  BOOST_TEST(bool(cold.tier.wait_ready(soon())));
  all.judge(cold.tier);
}

// A database may want its transactions serializable; then a write that another's came before is refused, and not done.
BOOST_AUTO_TEST_CASE(a_write_that_cannot_be_serialized_is_tried_again) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connection += " options='-c default_transaction_isolation=serializable'";
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  pqxx::connection theirs{o.connection}, watcher{server.connection()};
  strata::result<strata::written> r;
  {
    pqxx::work first{theirs};
    BOOST_TEST(first.query_value<std::string>("show transaction_isolation") == "serializable");
    first.exec("update knowledge_artifacts set content_raw = 'theirs' where artifact_id = 'a'");
    std::jthread const second{[&] { r = cold.tier.store("a", {.id = "a", .text = "2"}, strata::anything, soon()); }};
    BOOST_TEST(eventually([&] {
      return pqxx::nontransaction{watcher}.query_value<int>(
                 "select count(*) from pg_stat_activity where application_name = 'strata' and wait_event_type = "
                 "'Lock'") == 1;
    }));
    first.commit();
  }
  BOOST_TEST_REQUIRE(r.has_value(), why(r));
  BOOST_TEST(r->changed);
  BOOST_TEST(cold.tier.load("a", soon())->value->text == "2");
}

// The server commits, and its answer never comes.
BOOST_AUTO_TEST_CASE(an_answer_lost_after_the_commit_is_found_out) {
  own_server server;
  server.start();
  strata_test::tcp_proxy wire{server.port()};
  auto o = server.options();
  o.connection = std::format("host=127.0.0.1 port={} user=strata dbname=strata", wire.port());
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  auto const first = cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon());
  BOOST_REQUIRE(first);
  // As a statement's name stands in a message that executes it; what prepares it is let through.
  auto const again = [&](std::string call, int lost = 1) { wire.swallow(lost, std::string(1, '\0') + call); };

  again("strata_store");
  auto const second = cold.tier.store("a", {.id = "a", .text = "2"}, first->revision, soon());
  BOOST_TEST_REQUIRE(second.has_value(), why(second));
  BOOST_TEST(wire.still_to_swallow() == 0);
  BOOST_TEST(second->version == 2);  // once, not twice
  BOOST_TEST((cold.tier.load("a", soon())->revision == second->revision));

  again("strata_store");
  auto const same = cold.tier.store("a", {.id = "a", .text = "2"}, strata::anything, soon());
  BOOST_TEST_REQUIRE(same.has_value(), why(same));
  BOOST_TEST((!same->changed && same->revision == second->revision));

  note const one{.id = "b", .text = "b"}, two{.id = "a", .text = "3"}, three{.id = "c", .text = "c"};
  std::vector<strata::keyed_value<note>> const values{{"b", &one}, {"a", &two}, {"c", &three}};
  again("strata_store_many");
  auto const many = cold.tier.store_many(values, soon());
  for (auto const& r : many) BOOST_TEST((r && r->changed), why(r));
  BOOST_TEST((many[0]->version == 1 && many[1]->version == 3 && many[2]->version == 1));

  again("strata_erase");
  auto const erased = cold.tier.erase("a", soon());
  BOOST_TEST_REQUIRE(erased.has_value(), why(erased));
  BOOST_TEST(erased->changed);
  BOOST_TEST((cold.tier.load("a", soon())->revision == erased->revision));

  again("strata_load");
  BOOST_TEST(cold.tier.load("b", soon())->value->text == "b");

  std::vector<strata::uses> const counts{{"b", 4}};
  // Counts are numbered: asked again, they are counted once; so they are where nothing can be found out in time.
  again("strata_later_count_usage");
  auto const counted = cold.tier.add_usage(counts, soon());
  BOOST_TEST(counted.has_value(), why(counted));
  again("strata_later_count_usage", 1000);
  auto const kept = cold.tier.add_usage(counts, in(1s));
  wire.swallow(0, "");
  BOOST_TEST((!kept && kept.error() == errc::unknown), why(kept));
  auto more = cold.tier.add_usage(counts, soon());
  for (auto const end = soon(); !more && std::chrono::steady_clock::now() < end;) {
    std::this_thread::sleep_for(50ms);  // until there are connections again
    more = cold.tier.add_usage(counts, soon());
  }
  BOOST_TEST(more.has_value(), why(more));
  BOOST_TEST(cold.tier.usage_of("b", soon()).value()->count == 12U);

  // And when nothing can be found out in time, it is unknown.
  again("strata_", 1000);
  auto const unknown = cold.tier.store("b", {.id = "b", .text = "2"}, strata::anything, in(1s));
  wire.swallow(0, "");
  BOOST_TEST((!unknown && unknown.error() == errc::unknown), why(unknown));
  BOOST_TEST(cold.tier.load("b", soon())->value->text == "2");
}

BOOST_AUTO_TEST_CASE(no_call_outlives_its_deadline_when_the_server_stands_still) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connections = 2;
  auto cold = std::make_unique<opened_notes>(o);
  BOOST_REQUIRE(cold->tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  {
    pqxx::connection c{server.connection()};
    BOOST_TEST(eventually([&] {
      return pqxx::nontransaction{c}
                 .exec(
                     "select count(*) from pg_stat_activity where application_name = 'strata' and state = 'idle' and "
                     "state_change < clock_timestamp() - interval '500 ms'")  // what they are set up with is over
                 .one_field()
                 .as<int>() == 2;
    }));
  }
  server.freeze(SIGSTOP);
  std::vector<double> over;
  auto const timed = [&](auto call) {
    auto const until = in(200ms);
    auto const r = call(until);
    over.push_back(std::chrono::duration<double, std::milli>(now() - until).count());
    return r;
  };
  auto const read = timed([&](auto until) { return cold->tier.load("a", until); });
  BOOST_TEST((!read && read.error() == errc::timed_out), why(read));
  auto const write =
      timed([&](auto until) { return cold->tier.store("a", {.id = "a", .text = "2"}, strata::anything, until); });
  BOOST_TEST((!write && write.error() == errc::unknown), why(write));
  for (int i = 0; i < 8; ++i) {  // no connection is left: the server takes new ones and says nothing
    auto const r = timed([&](auto until) { return cold->tier.load("a", until); });
    BOOST_TEST((!r && r.error() == errc::unavailable), why(r));
  }
  std::ranges::sort(over);
  BOOST_TEST_MESSAGE("over the deadline: median " << over[over.size() / 2] << " ms, most " << over.back() << " ms");
  BOOST_TEST(over[over.size() / 2] < 500.0);  // who does not look at the deadline is late by seconds

  auto started = now();
  {
    opened_notes another{o};
    BOOST_TEST((another.tier.load("a", in(100ms)).error() == errc::unavailable));
  }
  BOOST_TEST((now() - started < 15s));
  server.freeze(SIGCONT);
  BOOST_TEST(bool(cold->tier.wait_ready(soon())));
  BOOST_TEST(eventually([&] { return cold->tier.load("a", in(2s)).has_value(); }));

  // Closing while a call hangs ends both.
  server.freeze(SIGSTOP);
  strata::result<strata::copy<note>> hung;
  std::jthread hanging{[&] { hung = cold->tier.load("a", in(60s)); }};
  std::this_thread::sleep_for(100ms);
  started = now();
  cold->tier.close(in(200ms));
  hanging.join();
  BOOST_TEST(!hung.has_value());
  BOOST_TEST((now() - started < 15s));
  BOOST_TEST((cold->tier.load("a", in(1s)).error() == errc::closed));
  cold.reset();
  server.freeze(SIGCONT);
}

BOOST_AUTO_TEST_CASE(a_full_pool_is_waited_for_until_the_deadline) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connections = 1;
  o.lock_timeout = 3s;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  pqxx::connection c{server.connection()};
  pqxx::work lock{c};
  lock.exec("select from knowledge_artifacts where artifact_id = 'a' for update");
  strata::result<strata::written> waited;
  std::jthread waiting{[&] { waited = cold.tier.store("a", {.id = "a", .text = "2"}, strata::anything, soon()); }};
  BOOST_REQUIRE(eventually(
      [&] { return lock.exec("select count(*) from pg_locks where not granted").one_field().as<int>() > 0; }));
  auto const r = cold.tier.load("b", in(200ms));
  BOOST_TEST((!r && r.error() == errc::timed_out && r.error().text().contains("busy")), why(r));
  waiting.join();
  BOOST_TEST((!waited && waited.error() == errc::timed_out), why(waited));  // lock_timeout
  BOOST_TEST(bool(cold.tier.load("b", soon())));
}

// Four threads and one connection: who has returned it does not have it again before those that wait, so others' calls end
// during each of its calls. Counted while all four are at it; where it was whose who locked first, 149 and 245 of 800 did.
BOOST_AUTO_TEST_CASE(a_connection_goes_to_who_has_waited_longest) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connections = 1;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  constexpr int threads = 4, calls = 200;
  std::atomic<int> begun = 0, done = 0, ended = 0, between = 0, failed = 0;
  {
    std::vector<std::jthread> running;
    for (int t = 0; t < threads; ++t)
      running.emplace_back([&] {
        for (int i = 0, counted = 0; done < threads && failed == 0; ++i) {
          bool const all = begun == threads;
          int const before = ended;
          if (!cold.tier.load("a", soon())) ++failed;
          bool const other = ended++ != before;
          if (i == 0) ++begun;
          if (!all || counted == calls) continue;
          if (other) ++between;
          if (++counted == calls) ++done;
        }
      });
  }
  BOOST_TEST(failed.load() == 0);
  BOOST_TEST_MESSAGE(between.load() << " of " << threads * calls << " calls saw another end");
  BOOST_TEST(between.load() > threads * calls * 4 / 5);
}

BOOST_AUTO_TEST_CASE(more_connections_than_the_server_has_are_done_without) {
  own_server server;
  server.start();
  auto o = server.options();
  o.connections = 60;
  o.statement_timeout = o.lock_timeout = 30s;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  writers all{cold.tier, 8, 30s};
  std::this_thread::sleep_for(1s);
  all.judge(cold.tier);
  BOOST_TEST(all.denied() == 0U);
  BOOST_TEST(cold.tier.health().up);
}
