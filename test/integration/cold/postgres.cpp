// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/brief.hpp"
#include "../../support/hostile_keys.hpp"
#include "../../support/tcp_proxy.hpp"
#include "support.hpp"

#include <strata/concepts/cold.hpp>
#include <strata/concepts/query.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <format>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using namespace cold_test;
using strata::errc;
using strata::number;

BOOST_TEST_GLOBAL_FIXTURE(no_housekeeping);

static_assert(strata::cold_tier<notes, note>);
static_assert(strata::cold_tier<points, point>);
static_assert(strata::loads_many<notes> && strata::stores_many<notes, note>);
static_assert(strata::counts_usage<notes> && strata::ranks_usage<notes> && strata::keeps_history<notes, note>);
static_assert(strata::reports_health<notes>);

BOOST_AUTO_TEST_CASE(what_is_stored_is_loaded_and_what_it_was_is_kept) {
  opened_notes cold{on("basic")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  auto const nothing = cold.tier.load("a", soon());
  BOOST_REQUIRE_MESSAGE(nothing, why(nothing));
  BOOST_TEST(!nothing->value);
  BOOST_TEST(number(nothing->revision) == 0U);
  auto const first =
      cold.tier.store("a", {.id = "a", .text = "one", .metadata = R"({"k": "v"})"}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(first, why(first));
  BOOST_TEST(first->version == 1);
  BOOST_TEST(first->changed);
  auto const second = cold.tier.store("a", {.id = "a", .text = "two", .version = 77}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(second, why(second));
  BOOST_TEST(second->version == 2);
  BOOST_TEST(number(second->revision) > number(first->revision));
  auto const found = cold.tier.load("a", soon());
  BOOST_REQUIRE_MESSAGE(found, why(found));
  BOOST_TEST((*found->value == note{.id = "a", .text = "two", .version = 2}));
  BOOST_TEST((found->revision == second->revision));
  other sql;
  BOOST_TEST(sql("select content ->> 'version' from basic where artifact_id = 'a'").one_field().as<int>() == 2);

  auto const same = cold.tier.store("a", *found->value, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(same, why(same));
  BOOST_TEST(!same->changed);
  BOOST_TEST((same->revision == second->revision));
  BOOST_TEST(same->version == 2);

  auto const erased = cold.tier.erase("a", soon());
  BOOST_REQUIRE_MESSAGE(erased, why(erased));
  BOOST_TEST(erased->changed);
  BOOST_TEST(number(erased->revision) > number(second->revision));
  auto const gone = cold.tier.load("a", soon());
  BOOST_REQUIRE_MESSAGE(gone, why(gone));
  BOOST_TEST(!gone->value);
  BOOST_TEST((gone->revision == erased->revision));
  auto const twice = cold.tier.erase("a", soon());
  BOOST_REQUIRE_MESSAGE(twice, why(twice));
  BOOST_TEST(!twice->changed);
  BOOST_TEST((twice->revision == erased->revision));
  auto const never = cold.tier.erase("never", soon());
  BOOST_REQUIRE_MESSAGE(never, why(never));
  BOOST_TEST(!never->changed);

  auto const again = cold.tier.store("a", {.id = "a", .text = "three"}, strata::absence, soon());
  BOOST_REQUIRE_MESSAGE(again, why(again));
  BOOST_TEST(again->version == 3);
  BOOST_TEST(number(again->revision) > number(erased->revision));
  BOOST_TEST(sql("select content ->> 'version' from basic where artifact_id = 'a'").one_field().as<int>() == 3);

  auto const past = cold.tier.history("a", 10, soon());
  BOOST_REQUIRE_MESSAGE(past, why(past));
  BOOST_REQUIRE(past->size() == 4U);
  BOOST_TEST((*past)[0].value->text == "three");
  BOOST_TEST(((*past)[1].operation == strata::operation::erase));
  BOOST_TEST((*past)[2].value->text == "two");
  BOOST_TEST((*past)[3].value->text == "one");
  BOOST_TEST((*past)[3].value->metadata == R"({"k": "v"})");
  BOOST_TEST((std::chrono::system_clock::now() - (*past)[3].written < std::chrono::minutes{1}));
  auto const then = cold.tier.get_at("a", first->revision, soon());
  BOOST_REQUIRE_MESSAGE(then, why(then));
  BOOST_TEST(then->value->text == "one");
  BOOST_TEST(cold.tier.get_at("a", again->revision, soon())->value->text == "three");
  BOOST_TEST(!cold.tier.get_at("a", strata::revision{99999}, soon())->value);
  BOOST_TEST(!cold.tier.get_at("a", erased->revision, soon())->value);
}

namespace {

/// The server at the other end of a wire on which round trips are counted, and one connection over it.
struct wired {
  strata_test::tcp_proxy wire{port_of(server())};
  opened_notes cold;

  explicit wired(std::string table) : cold{over(wire, std::move(table))} {}
  /// What a call takes.
  template <class Call>
  std::uint64_t trips(Call call) {
    auto const before = wire.round_trips();
    auto const done = call(cold.tier);
    BOOST_TEST(bool(done), why(done));
    return wire.round_trips() - before;
  }

 private:
  static int port_of(std::string const& connection) {
    return std::stoi(connection.substr(connection.find("port=") + 5));
  }
  static postgres::options over(strata_test::tcp_proxy const& wire, std::string table) {
    auto o = on(std::move(table));
    o.connections = 1;
    o.connection += std::format(" port={}", wire.port());  // the last counts
    return o;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_load_is_one_round_trip_and_two_of_what_is_archived) {
  wired w{"trips"};
  auto& cold = w.cold;
  for (auto const* id : {"live", "erased", "archived"})
    BOOST_TEST(bool(cold.tier.store(id, {.id = id, .text = "text"}, strata::anything, soon())));
  auto const erased = cold.tier.erase("erased", soon());
  BOOST_REQUIRE_MESSAGE(erased, why(erased));
  other{}("update trips set updated_at = now() - interval '400 days' where artifact_id = 'archived'");
  BOOST_TEST(cold.tier.archive(std::chrono::system_clock::now() - std::chrono::years{1}, 9, soon()).value() == 1U);
  auto const trips = [&](std::string_view id, strata::copy<note>& found) {
    return w.trips([&](notes& t) {
      auto loaded = t.load(id, soon());
      if (loaded) found = *loaded;
      return loaded;
    });
  };
  strata::copy<note> found;
  BOOST_TEST(trips("live", found) == 1U);
  BOOST_TEST(found.value->text == "text");
  BOOST_TEST(trips("never", found) == 1U);
  BOOST_TEST((!found.value && found.revision == strata::revision{}));
  BOOST_TEST(trips("erased", found) == 1U);
  BOOST_TEST((!found.value && found.revision == erased->revision));
  BOOST_TEST(trips("archived", found) == 2U);
  BOOST_TEST(found.value->text == "text");
}

// What a call needs has been prepared with the connection; what is seldom asked for is prepared once, the first time.
BOOST_AUTO_TEST_CASE(every_call_is_one_round_trip_however_many_keys_it_has) {
  wired w{"trips_of_all"};
  (void)w.trips([](notes& t) { return t.load("k", soon()); });  // the connection is there
  std::vector<note> all;
  for (int i = 0; i < 100; ++i) all.push_back({.id = std::format("k{}", i)});
  for (std::string_view const round : {"first", "second"}) {
    std::uint64_t const seldom = round == "first" ? 1 : 0;
    auto const one = [&](std::string_view what, auto call, std::uint64_t prepared = 0) {
      BOOST_TEST(w.trips(call) == 1 + prepared, std::string{what} << ", the " << round << " time");
    };
    note const k{.id = "k", .text = std::string{round}};
    strata::written stands{};
    one("store", [&](notes& t) { return t.store("k", k, strata::anything, soon()); });
    one("store of what is there", [&](notes& t) {
      auto const done = t.store("k", k, strata::anything, soon());
      if (done) stands = *done;
      return done;
    });
    one("store of the one expected",
        [&](notes& t) { return t.store("k", {.id = "k", .text = "expected"}, stands.revision, soon()); });
    one("erase", [&](notes& t) { return t.erase("k", soon()); });
    std::vector<strata::keyed_value<note>> values;
    std::vector<std::string_view> keys;
    for (auto& n : all) {
      n.text = round;
      values.push_back({n.id, &n});
      keys.push_back(n.id);
    }
    auto const sum_of = [](auto const& answers) {
      strata::result<void> sum;
      for (auto const& answer : answers)
        if (!answer) sum = std::unexpected{answer.error()};
      return sum;
    };
    one("store_many", [&](notes& t) { return sum_of(t.store_many(values, soon())); });
    one("load_many", [&](notes& t) { return sum_of(t.load_many(keys, soon())); });
    std::vector<strata::uses> const used{{"k1", 1}, {"k2", 1}};
    one("add_usage", [&](notes& t) { return t.add_usage(used, soon()); }, seldom);
    one("get_at", [&](notes& t) { return t.get_at("k1", 1, soon()); }, seldom);
  }
}

// What pg_stat_activity shows of a connection is read by the server in each of its calls: it is one statement, not all.
BOOST_AUTO_TEST_CASE(the_server_knows_each_statement_by_a_text_of_its_own) {
  auto o = on("shown");
  o.connections = 1;
  opened_notes cold{o};
  other sql;
  auto const shown = [&](std::string_view name) {
    return !sql(std::format("select from pg_stat_activity where application_name = 'strata' and length(query) < 1000 "
                            "and query like 'prepare {}(text%) as %\"shown\"%'",
                            name))
                .empty();
  };
  auto const found = cold.tier.load("k", soon());
  BOOST_TEST(bool(found), why(found));
  BOOST_TEST(shown("strata_load"));
  std::string_view const key = "k";
  auto const all = cold.tier.load_many({&key, 1}, soon());
  BOOST_TEST(bool(all[0]), why(all[0]));
  BOOST_TEST(shown("strata_load_many"));
}

BOOST_AUTO_TEST_CASE(expectations_are_kept) {
  opened_notes cold{on("expect")};
  BOOST_TEST((cold.tier.store("a", {.id = "a"}, strata::revision{5}, soon()).error() == errc::conflict));
  auto const first = cold.tier.store("a", {.id = "a"}, strata::absence, soon());
  BOOST_REQUIRE_MESSAGE(first, why(first));
  BOOST_TEST((cold.tier.store("a", {.id = "a"}, strata::absence, soon()).error() == errc::conflict));
  BOOST_TEST((cold.tier.store("a", {.id = "a", .text = "x"}, strata::absence, soon()).error() == errc::conflict));
  auto const second = cold.tier.store("a", {.id = "a", .text = "x"}, first->revision, soon());
  BOOST_REQUIRE_MESSAGE(second, why(second));
  BOOST_TEST((cold.tier.store("a", {.id = "a", .text = "y"}, first->revision, soon()).error() == errc::conflict));
  auto const same = cold.tier.store("a", {.id = "a", .text = "x"}, second->revision, soon());
  BOOST_REQUIRE_MESSAGE(same, why(same));
  BOOST_TEST(!same->changed);
}

BOOST_AUTO_TEST_CASE(one_of_sixteen_wins_each_revision) {
  auto o = on("winners");
  o.connections = 16;
  opened_notes cold{o};
  auto standing = cold.tier.store("k", {.id = "k", .text = "start"}, strata::absence, soon());
  BOOST_REQUIRE_MESSAGE(standing, why(standing));
  for (int round = 0; round < 50; ++round) {
    std::atomic<int> won = 0, lost = 0, neither = 0;
    std::atomic<std::uint64_t> revision = 0;
    {
      std::vector<std::jthread> threads;
      for (int t = 0; t < 16; ++t)
        threads.emplace_back([&, t] {
          auto const r =
              cold.tier.store("k", {.id = "k", .text = std::format("{} {}", round, t)}, standing->revision, soon());
          if (r)
            ++won, revision = number(r->revision);
          else
            ++(r.error() == errc::conflict ? lost : neither);
        });
    }
    BOOST_TEST(won == 1);
    BOOST_TEST(lost == 15);
    BOOST_TEST(neither == 0);
    standing->revision = strata::revision{revision.load()};
  }
  // And of sixteen that all insert.
  std::atomic<int> won = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 16; ++t)
      threads.emplace_back([&, t] {
        if (cold.tier.store("new", {.id = "new", .text = std::to_string(t)}, strata::absence, soon())) ++won;
      });
  }
  BOOST_TEST(won == 1);
}

// Racing saves, erases and inserts of one key: every revision and every version is given once, and what comes later is
// higher.
BOOST_AUTO_TEST_CASE(revisions_never_go_back) {
  auto o = on("races");
  o.connections = 8;
  opened_notes cold{o};
  std::mutex mutex;
  std::set<std::uint64_t> revisions;
  std::set<std::int64_t> versions;
  std::string failed;  // why
  std::atomic<int> backward = 0, doubled = 0;
  std::atomic<std::uint64_t> seen = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 150; ++i) {
          auto const before = seen.load();
          auto const r = i % 3 == 2 ? cold.tier.erase("k", soon())
                                    : cold.tier.store("k", {.id = "k", .text = std::format("{} {}", t, i)},
                                                      strata::anything, soon());
          if (!r) {
            std::lock_guard const lock{mutex};
            failed = why(r);
            continue;
          }
          if (!r->changed) continue;
          if (number(r->revision) <= before) ++backward;
          for (auto high = seen.load();
               high < number(r->revision) && !seen.compare_exchange_weak(high, number(r->revision));) {
          }
          std::lock_guard const lock{mutex};
          if (!revisions.insert(number(r->revision)).second) ++doubled;
          if (i % 3 != 2 && !versions.insert(r->version).second) ++doubled;
        }
      });
  }
  BOOST_TEST(failed == "");
  BOOST_TEST(backward == 0);
  BOOST_TEST(doubled == 0);
}

// Whoever loses to others goes on until the deadline, however often that is.
BOOST_AUTO_TEST_CASE(a_writer_that_keeps_losing_goes_on) {
  opened_notes cold{on("losing")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  other sql;
  sql("create sequence lost;"
      "create function lose() returns trigger language plpgsql security definer as $$ begin"
      "  if nextval('lost') < 9 then raise exception 'another was faster' using errcode = '40001'; end if;"
      "  return new; end $$;"
      "create trigger lose before insert on losing for each row execute function lose()");
  auto const stored = cold.tier.store("a", {.id = "a"}, strata::anything, soon());
  BOOST_TEST(bool(stored), why(stored));
  sql("alter sequence lost minvalue -1000000 restart -1000000");
  auto const never = cold.tier.store("b", {.id = "b"}, strata::anything, in(std::chrono::milliseconds{200}));
  BOOST_TEST(!never);
}

BOOST_AUTO_TEST_CASE(values_that_are_json_alone) {
  opened_points cold{on("json_alone")};
  auto const first = cold.tier.store("p", {.x = 1, .version = 9}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(first, why(first));
  BOOST_TEST((*cold.tier.load("p", soon())->value == point{.x = 1, .version = 1}));
  BOOST_TEST(!cold.tier.store("p", {.x = 1, .version = 5}, strata::anything, soon())->changed);
  BOOST_TEST(cold.tier.store("p", {.x = 2}, strata::anything, soon())->version == 2);
  other sql;
  BOOST_TEST(sql("select artifact_type || ' ' || content::text from json_alone").one_field().as<std::string>() ==
             R"(point {"x": 2, "version": 2})");
}

BOOST_AUTO_TEST_CASE(many_at_once) {
  opened_notes cold{on("bulk")};
  constexpr std::size_t n = 2300;
  std::vector<note> all;
  for (std::size_t i = 0; i < n; ++i)
    all.push_back({.id = std::format("k{}", (i * 7919) % n), .text = std::format("a \"quoted\" \\ {} {{}}", i)});
  std::vector<strata::keyed_value<note>> given;
  for (auto const& one : all) given.push_back({one.id, &one});
  auto const stored = cold.tier.store_many(given, soon());
  BOOST_REQUIRE(stored.size() == n);
  std::size_t good = 0;
  for (auto const& r : stored) good += r && r->version == 1 && r->changed;
  BOOST_TEST(good == n);
  auto const again = cold.tier.store_many(given, soon());
  good = 0;
  for (std::size_t i = 0; i < n; ++i)
    good += again[i] && !again[i]->changed && again[i]->revision == stored[i]->revision;
  BOOST_TEST(good == n);

  std::vector<std::string_view> keys;
  for (auto const& one : all) keys.push_back(one.id);
  keys[3] = "absent";
  keys[4] = keys[5];
  keys[6] = "";
  BOOST_REQUIRE(cold.tier.erase(keys[7], soon()));
  auto const found = cold.tier.load_many(keys, soon());
  BOOST_REQUIRE(found.size() == n);
  good = 0;
  for (std::size_t i = 8; i < n; ++i)
    good += found[i] && found[i]->value && found[i]->value->text == all[i].text &&
            found[i]->revision == stored[i]->revision;
  BOOST_TEST(good == n - 8);
  BOOST_TEST((found[3] && !found[3]->value && number(found[3]->revision) == 0));
  BOOST_TEST((found[4] && found[4]->value->text == all[5].text));
  BOOST_TEST((found[6].error() == errc::rejected));
  BOOST_TEST((found[7] && !found[7]->value && number(found[7]->revision) > number(stored[7]->revision)));

  // Duplicates: the last wins, all have its answer. One bad value or key is an error for itself.
  note const one{.id = "d", .text = "first"}, two{.id = "d", .text = "last"},
      bad{.id = "bad", .text = std::string{"a\0b", 3}}, worse{.id = "worse", .metadata = "{\"x\": \"\\u0000\"}"},
      fine{.id = "fine", .text = "fine"};
  std::vector<strata::keyed_value<note>> const mixed{
      {"d", &one}, {"bad", &bad}, {"d", &two}, {"worse", &worse}, {"fine", &fine}, {std::string_view{"a\0", 2}, &fine}};
  auto const answers = cold.tier.store_many(mixed, soon());
  BOOST_TEST((answers[0] && answers[2] && answers[0]->revision == answers[2]->revision));
  BOOST_TEST((answers[1].error() == errc::rejected));
  BOOST_TEST((answers[3].error() == errc::rejected));
  BOOST_TEST((answers[4] && answers[4]->changed));
  BOOST_TEST((answers[5].error() == errc::rejected));
  BOOST_TEST(cold.tier.load("d", soon())->value->text == "last");
  BOOST_TEST(cold.tier.load("fine", soon())->value->text == "fine");
  BOOST_TEST((cold.tier.store("worse", worse, strata::anything, soon()).error() == errc::rejected));
  BOOST_TEST((cold.tier.store("bad", bad, strata::anything, soon()).error() == errc::rejected));

  // More than a statement's worth of bytes.
  std::vector<note> big(5, note{.text = std::string(3U << 20U, 'x')});
  given.clear();
  for (std::size_t i = 0; i < big.size(); ++i) {
    big[i].id = std::format("big{}", i);
    given.push_back({big[i].id, &big[i]});
  }
  for (auto const& r : cold.tier.store_many(given, soon())) BOOST_TEST(bool(r), why(r));
  BOOST_TEST(cold.tier.load_many(std::vector<std::string_view>{}, soon()).empty());
  BOOST_TEST(cold.tier.store_many({}, soon()).empty());
}

BOOST_AUTO_TEST_CASE(what_a_trigger_keeps_under_another_id_is_not_called_stored) {
  opened_notes cold{on("lowered")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  other sql;
  sql("create function lowers() returns trigger language plpgsql as "
      "'begin new.artifact_id := lower(new.artifact_id); return new; end'");
  sql("create trigger lowers before insert on lowered for each row execute function lowers()");
  note const n{.text = "x"};
  std::vector<strata::keyed_value<note>> const given{{"A", &n}, {"b", &n}};
  auto const stored = cold.tier.store_many(given, in(std::chrono::seconds{5}));
  BOOST_TEST(!stored[0]);
  BOOST_TEST(bool(stored[1]), why(stored[1]));
}

BOOST_AUTO_TEST_CASE(a_bulk_call_stops_at_its_deadline) {
  auto o = on("stopped");
  o.connections = 8;
  opened_notes cold{o};
  other sql;
  auto const served = [&] {
    std::set<int> all;
    for (auto const& row : sql("select pid from pg_stat_activity where application_name = 'strata' and state = 'idle'"))
      all.insert(row[0].as<int>());
    return all;
  };
  auto const all_there = [&] {
    for (auto const until = soon(); served().size() < o.connections;) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
    }
    return served();
  };
  auto const replaced = [&](std::set<int> const& before) {
    auto const after = all_there();
    return std::ranges::count_if(before, [&](int one) { return !after.contains(one); });
  };
  std::vector<std::string> ids;
  for (int i = 0; i < 20'000; ++i) ids.push_back(std::format("key {}", i));
  std::vector<std::string_view> const keys{ids.begin(), ids.end()};
  note const n{.text = "text"};
  std::vector<strata::keyed_value<note>> values;
  for (auto const key : keys) values.push_back({key, &n});

  auto before = all_there();
  for (auto const& one : cold.tier.load_many(keys, in({}))) BOOST_REQUIRE((!one && one.error() == errc::timed_out));
  for (auto const& one : cold.tier.store_many(values, in({}))) BOOST_REQUIRE((!one && one.error() == errc::timed_out));
  BOOST_TEST(replaced(before) == 0);

  before = all_there();
  (void)cold.tier.load_many(keys, in(std::chrono::milliseconds{5}));
  BOOST_TEST(replaced(before) <= 1);
  // The one that was given up may still be there for a moment.
  do {
    before = all_there();
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  } while (all_there() != before);
  auto const stored = cold.tier.store_many(values, in(std::chrono::milliseconds{30}));
  BOOST_TEST(std::ranges::count_if(stored, [](auto const& one) { return !one && one.error() == errc::unknown; }) <=
             1000);
  BOOST_TEST(replaced(before) <= 1);
}

// Overlapping bulk writes in different orders, with single ones and usage between them: nobody waits in a circle.
BOOST_AUTO_TEST_CASE(bulk_writes_do_not_deadlock) {
  other sql;
  sql("alter database strata set deadlock_timeout = '100ms'");
  auto o = on("circles");
  o.connections = 8;
  o.lock_timeout = std::chrono::seconds{20};
  o.statement_timeout = std::chrono::seconds{20};
  opened_notes cold{o};
  std::atomic<int> failed = 0;
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        for (unsigned round = 0; round < 15; ++round) {
          std::vector<note> all;
          for (unsigned i = 0; i < 60; ++i)
            all.push_back({.id = std::format("k{}", (i * (2 * t + 1) + round * 7) % 97),
                           .text = std::format("{} {} {}", t, round, i)});
          std::vector<strata::keyed_value<note>> given;
          std::vector<strata::uses> counts;
          for (auto const& one : all) given.push_back({one.id, &one}), counts.push_back({one.id, 1});
          for (auto const& r : cold.tier.store_many(given, in(std::chrono::seconds{20})))
            if (!r) ++failed;
          if (auto r = cold.tier.add_usage(counts, soon()); !r) ++failed;
          if (auto r = cold.tier.erase(all[t].id, soon()); !r) ++failed;
        }
      });
  }
  BOOST_TEST(failed == 0);
  BOOST_TEST(sql("select deadlocks from pg_stat_database where datname = current_database()").one_field().as<int>() ==
             0);
}

// They do not have the rows in our order.
BOOST_AUTO_TEST_CASE(a_circle_of_waits_with_another_program_is_tried_again) {
  auto o = on("dead");
  o.lock_timeout = postgres::options{}.lock_timeout;
  other sql, theirs;
  sql("alter database strata reset deadlock_timeout");
  opened_notes cold{o};
  note const n{.text = "ours"};
  std::vector<strata::keyed_value<note>> const values{{"a", &n}, {"b", &n}};
  for (auto const& one : cold.tier.store_many(values, soon())) BOOST_REQUIRE_MESSAGE(one, why(one));
  theirs("set deadlock_timeout = '1min'; begin");
  theirs("update dead set content_raw = 'theirs' where artifact_id = 'b'");
  note const m{.text = "ours again"};
  std::vector<strata::keyed_value<note>> const later{{"a", &m}, {"b", &m}};
  std::vector<strata::result<strata::written>> done;
  std::jthread ours{[&] { done = cold.tier.store_many(later, soon()); }};
  for (auto const until = soon(); sql("select count(*) from pg_locks where not granted").one_field().as<int>() == 0;) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  theirs("update dead set content_raw = 'theirs' where artifact_id = 'a'");
  theirs("commit");
  ours.join();
  for (auto const& one : done) BOOST_TEST((one && one->changed), why(one));
}

BOOST_AUTO_TEST_CASE(usage_is_counted_beside_the_revisions) {
  opened_notes cold{on("counted")};
  auto const stored = cold.tier.store("a", {.id = "a"}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(stored, why(stored));
  BOOST_REQUIRE(cold.tier.store("b", {.id = "b"}, strata::anything, soon()));
  std::vector<strata::uses> const counts{{"a", 5}, {"b", 2}, {"nobody", 3}};
  auto const added = cold.tier.add_usage(counts, soon());
  BOOST_REQUIRE_MESSAGE(added, why(added));
  BOOST_REQUIRE(cold.tier.add_usage(counts, soon()));
  auto const now = cold.tier.load("a", soon());
  BOOST_TEST((now->revision == stored->revision));
  BOOST_TEST(now->version == 1);
  BOOST_TEST(cold.tier.history("a", 10, soon())->size() == 1U);
  other sql;
  BOOST_TEST(sql("select usage_count from counted where artifact_id = 'a' and last_used_at is not null")
                 .one_field()
                 .as<int>() == 10);
  BOOST_TEST(sql("select sum(uses) from counted_usage").one_field().as<int>() == 14);
  auto const top = cold.tier.popular(10, {}, soon());
  BOOST_REQUIRE_MESSAGE(top, why(top));
  BOOST_REQUIRE(top->size() == 2U);
  BOOST_TEST((*top)[0].key == "a");
  BOOST_TEST((*top)[0].count == 10U);
}

BOOST_AUTO_TEST_CASE(spaces_share_a_table_and_nothing_else) {
  auto o = on("spaces");
  opened_notes mine{o};
  BOOST_REQUIRE(mine.tier.store("a", {.id = "a", .text = "mine"}, strata::anything, soon()));
  o.space = "theirs";
  opened_points theirs{o};
  BOOST_TEST(!theirs.tier.load("a", soon())->value);
  BOOST_TEST((theirs.tier.store("a", {.x = 1}, strata::anything, soon()).error() == errc::rejected));
  BOOST_TEST(!theirs.tier.erase("a", soon())->changed);
  BOOST_REQUIRE(theirs.tier.store("b", {.x = 1}, strata::anything, soon()));
  BOOST_TEST(!mine.tier.load("b", soon())->value);
  BOOST_TEST(mine.tier.load("a", soon())->value->text == "mine");
  point const p{.x = 3};
  std::vector<strata::keyed_value<point>> const both{{"a", &p}, {"b", &p}};
  auto const answers = theirs.tier.store_many(both, soon());
  BOOST_TEST((answers[0].error() == errc::rejected));
  BOOST_TEST(bool(answers[1]), why(answers[1]));

  o.space = "template";  // recorded for notes
  BOOST_CHECK_EXCEPTION(opened_points{o}, strata::open_error, [](strata::open_error const& e) {
    return e.why() == errc::rejected && e.why().text().contains("holds values of type note, not point");
  });
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_key_is_refused) {
  opened_notes cold{on("keys")};
  for (std::string const& key : {std::string{}, std::string(513, 'x'), std::string{"a\0b", 3}, std::string{"\xff"}}) {
    BOOST_TEST((cold.tier.load(key, soon()).error() == errc::rejected));
    BOOST_TEST((cold.tier.store(key, {}, strata::anything, soon()).error() == errc::rejected));
    BOOST_TEST((cold.tier.erase(key, soon()).error() == errc::rejected));
  }
  for (std::string const& key :
       {std::string(512, 'x'), std::string{"'; drop table keys; --"}, std::string{"a.b c\n\"\\{},$1%"},
        std::string{"\xf0\x9f\x8e\x88"}, std::string{"NULL"}}) {
    auto const stored = cold.tier.store(key, {.id = key, .text = key}, strata::anything, soon());
    BOOST_TEST(bool(stored), why(stored));
    BOOST_TEST(cold.tier.load(key, soon())->value->id == key);
    std::string_view const keys[] = {key};
    BOOST_TEST(cold.tier.load_many(keys, soon())[0]->value->text == key);
    note const n{.id = key, .text = "b"};
    strata::keyed_value<note> const one[] = {{key, &n}};
    BOOST_TEST(cold.tier.store_many(one, soon())[0]->version == 2);
    BOOST_TEST(cold.tier.erase(key, soon())->changed);
  }
}

BOOST_AUTO_TEST_CASE(hostile_keys_are_keys) {
  opened_notes cold{on("hostile")};
  auto const keys = strata_test::hostile_keys(strata_test::brief ? 10'000 : 100'000);
  std::vector<note> all;
  for (auto const& key : keys) all.push_back({.id = key, .text = key});
  std::vector<strata::keyed_value<note>> given;
  for (auto const& one : all) given.push_back({one.id, &one});
  constexpr std::size_t at_once = 5'000;
  std::size_t stored = 0, found = 0;
  for (auto rest = std::span{given}; !rest.empty(); rest = rest.subspan(at_once))
    for (auto const& r : cold.tier.store_many(rest.first(at_once), soon())) stored += r && r->version == 1;
  BOOST_TEST(stored == keys.size());
  std::vector<std::string_view> const names{keys.begin(), keys.end()};
  for (std::size_t from = 0; from < keys.size(); from += at_once) {
    auto const loaded = cold.tier.load_many(std::span{names}.subspan(from, at_once), soon());
    for (std::size_t i = 0; i < at_once; ++i) {
      auto const& key = keys[from + i];
      found += loaded[i] && loaded[i]->value && loaded[i]->value->id == key && loaded[i]->value->text == key;
    }
  }
  BOOST_TEST(found == keys.size());
  BOOST_TEST(other{}("select count(*) from hostile").one_field().as<std::size_t>() == keys.size());
}
