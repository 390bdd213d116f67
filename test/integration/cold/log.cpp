// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/concepts/capability.hpp>
#include <strata/concepts/log.hpp>
#include <strata/testing/parallel.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The log of changes and the horizon, with other programs on the same table.

using namespace cold_test;
using strata::changes;
using strata::cursor;
using strata::errc;
using strata::number;
using strata::operation;
using strata::revision;

static_assert(strata::logs_changes<notes> && strata::keeps_horizon<notes> && strata::compares_revisions<notes>);

namespace {

using seen_change = std::pair<std::string, operation>;

cursor end_of_log(notes& tier) {
  auto const page = tier.changes_since(std::nullopt, 10, soon());
  BOOST_TEST_REQUIRE(page.has_value(), why(page));
  BOOST_TEST((page->all.empty() && !page->more && !page->gap && page->read == page->settled));
  return page->settled;
}

/// One look, as short pages or in one.
std::vector<strata::logged> look(notes& tier, cursor& place, std::size_t limit = 1000) {
  std::vector<strata::logged> all;
  std::optional<cursor> next;
  for (auto at = place;;) {
    auto page = tier.changes_since(at, limit, soon());
    BOOST_TEST_REQUIRE(page.has_value(), why(page));
    BOOST_TEST(!page->gap);
    BOOST_TEST((page->settled <= page->read && page->all.size() <= limit));
    all.insert(all.end(), page->all.begin(), page->all.end());
    at = page->read;
    if (!next && page->settled < page->read) next = page->settled;
    if (page->more) continue;
    place = next.value_or(page->settled);
    return all;
  }
}

std::vector<seen_change> without_revisions(std::vector<strata::logged> const& all) {
  std::vector<seen_change> some;
  for (auto const& one : all) some.emplace_back(one.key, one.operation);
  return some;
}

}  // namespace

BOOST_AUTO_TEST_CASE(whatever_changes_a_row_is_in_the_log_and_nothing_else_is) {
  other sql;
  opened_notes cold{on("logged")};
  auto const other_space = [] {
    auto o = on("logged");
    o.space = "points";
    return o;
  }();
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  opened_points points{other_space};
  BOOST_REQUIRE(points.tier.wait_ready(soon()));
  auto place = end_of_log(cold.tier);
  std::vector<seen_change> const nothing;

  auto const expect = [&](std::string_view what, std::vector<seen_change> wanted) {
    auto got = without_revisions(look(cold.tier, place));
    std::ranges::sort(got), std::ranges::sort(wanted);
    BOOST_TEST((got == wanted), what << ": " << got.size() << " entries, not the " << wanted.size() << " expected");
  };
  auto const run = [&](std::string_view statement, std::vector<seen_change> wanted) {
    sql(statement);
    expect(statement, std::move(wanted));
  };

  auto const first = cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon());
  auto page = look(cold.tier, place);
  BOOST_TEST_REQUIRE(page.size() == 1U);
  BOOST_TEST((page[0].key == "a" && page[0].revision == first->revision && page[0].operation == operation::put));
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  expect("what was there already", nothing);
  auto const gone = cold.tier.erase("a", soon());
  page = look(cold.tier, place);
  BOOST_TEST_REQUIRE(page.size() == 1U);
  BOOST_TEST((page[0].key == "a" && page[0].revision == gone->revision && page[0].operation == operation::erase));
  BOOST_REQUIRE(cold.tier.erase("a", soon()));
  expect("erasing nothing", nothing);

  std::vector<note> values;
  std::vector<std::string> ids;
  for (int i = 0; i < 1200; ++i) ids.push_back(std::format("many {:04}", i)), values.push_back({.id = ids.back()});
  std::vector<strata::keyed_value<note>> many;
  for (std::size_t i = 0; i < ids.size(); ++i) many.push_back({ids[i], &values[i]});
  for (auto const* text : {"one", "two"}) {  // inserted, then replaced
    for (auto& v : values) v.text = text;
    auto const stored = cold.tier.store_many(many, soon());
    auto const all = look(cold.tier, place, 100);
    BOOST_TEST_REQUIRE(all.size() == ids.size());
    std::map<std::string, revision> by_key;
    for (auto const& one : all) by_key[one.key] = one.revision;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (!stored[i] || by_key[ids[i]] != stored[i]->revision)
        BOOST_REQUIRE_MESSAGE(false, ids[i] << " has another revision in the log");
  }
  BOOST_REQUIRE(points.tier.store("p", {.x = 1}, strata::anything, soon()));
  expect("another space", nothing);
  std::vector<strata::uses> const counts{{ids[0], 3}, {ids[1], 5}};
  BOOST_REQUIRE(cold.tier.add_usage(counts, soon()));
  expect("counting", nothing);

  std::string const row = "(artifact_id, artifact_type, content_raw, content) values ";
  run("delete from logged where artifact_id like 'many%' and artifact_id > 'many 0001'", [&] {
    std::vector<seen_change> all;
    for (std::size_t i = 2; i < ids.size(); ++i) all.emplace_back(ids[i], operation::erase);
    return all;
  }());
  run("insert into logged " + row + "('b', 't', 'x', '{}'), ('c', 't', 'y', '{}')",
      {{"b", operation::put}, {"c", operation::put}});
  run("insert into logged " + row +
          "('b', 't', 'z', '{}'), ('d', 't', 'y', '{}') on conflict (artifact_id) do update "
          "set content_raw = excluded.content_raw",
      {{"b", operation::put}, {"d", operation::put}});
  run("insert into logged " + row + "('b', 't', 'z', '{}') on conflict do nothing", nothing);
  run("update logged set usage_count = usage_count + 1", nothing);
  run("update logged set content_raw = content_raw", nothing);
  run("update logged set content_raw = 'same for all' where artifact_id in ('b', 'c')",
      {{"b", operation::put}, {"c", operation::put}});
  run("update logged set artifact_id = 'e' where artifact_id = 'b'", {{"b", operation::erase}, {"e", operation::put}});
  run("begin; update logged set content_raw = 'never' where artifact_id = 'c'; rollback", nothing);
  run("begin; update logged set content_raw = '1' where artifact_id = 'c'; savepoint s; "
      "update logged set content_raw = '2' where artifact_id = 'd'; rollback to s; "
      "update logged set content_raw = '3' where artifact_id = 'c'; commit",
      {{"c", operation::put}, {"c", operation::put}});
  run("truncate logged", {{"c", operation::erase},
                          {"d", operation::erase},
                          {"e", operation::erase},
                          {ids[0], operation::erase},
                          {ids[1], operation::erase}});
  auto const truncated = cold.tier.load("c", soon());
  BOOST_TEST((truncated && !truncated->value && number(truncated->revision) > 0));
  sql("insert into logged " + row + "('c', 't', 'back', '{}')");  // above its tombstone
  page = look(cold.tier, place);
  BOOST_TEST_REQUIRE(!page.empty());
  BOOST_TEST((cold.tier.load("c", soon())->revision == page.back().revision));
  BOOST_TEST((page.back().revision > truncated->revision));
}

// Eight programs change rows, each in transactions of its own length, some much longer than others.
BOOST_AUTO_TEST_CASE(nothing_committed_is_lost_or_withheld_whatever_is_still_going_on) {
  opened_notes cold{on("raced")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  BOOST_REQUIRE(cold.tier.store("first", {.id = "first"}, strata::anything, soon()));
  auto place = end_of_log(cold.tier);
  auto const start = other{}("select last_value from raced_revisions").one_field().as<std::uint64_t>();

  static constexpr std::size_t writers = 8;
  std::mutex guard;
  std::map<std::uint64_t, std::string> committed;  // by revision
  std::atomic<std::size_t> writing = writers;
  std::set<std::uint64_t> followed, polled;
  std::size_t withheld = 0, looks = 0, back = 0;
  strata::testing::in_parallel(writers + 1, [&](std::size_t w) {
    other sql;
    if (w == writers) {  // the follower, and beside it a poll for whatever has a higher revision than the last
      std::uint64_t last = start;
      for (bool more = true; more; ++looks) {
        more = writing > 0;
        std::vector<std::uint64_t> before;
        {
          std::scoped_lock const lock{guard};
          for (auto const& [r, key] : committed)
            if (!followed.contains(r)) before.push_back(r);
        }
        auto const was = place;
        for (auto const& one : look(cold.tier, place, 64)) followed.insert(number(one.revision));
        back += place < was;
        for (auto const r : before) withheld += !followed.contains(r);
        for (auto const& row : sql("select revision from raced_changes where revision > $1 order by revision", last))
          polled.insert(last = row[0].as<std::uint64_t>());
      }
      return;
    }
    std::minstd_rand random{static_cast<unsigned>(w)};
    for (int t = 0; t < 120; ++t) {
      std::vector<std::pair<std::uint64_t, std::string>> mine;
      sql("begin");
      for (unsigned i = 0; i < 1 + random() % 4; ++i) {
        auto const key = std::format("key {} {}", w, random() % 20);
        auto const r =
            sql("insert into raced as k (artifact_id, artifact_type, content_raw, content) values "
                "($1, 't', $2, '{}') on conflict (artifact_id) do update set content_raw = excluded.content_raw "
                "returning strata_revision",
                key, std::format("{} {}", t, i))
                .one_field()
                .as<std::uint64_t>();
        mine.emplace_back(r, key);
        if (random() % 3 == 0) std::this_thread::sleep_for(std::chrono::microseconds{random() % 2000});
      }
      if (w < 2 && t % 30 == 7) std::this_thread::sleep_for(std::chrono::milliseconds{120});
      sql("commit");
      std::scoped_lock const lock{guard};
      committed.insert(mine.begin(), mine.end());
    }
    --writing;
  });
  std::size_t lost = 0, missed = 0;
  for (auto const& [r, key] : committed) lost += !followed.contains(r), missed += !polled.contains(r);
  BOOST_TEST_MESSAGE(committed.size() << " changes, " << looks << " looks; lost " << lost << ", withheld " << withheld
                                      << "; a poll by revision would have lost " << missed);
  BOOST_TEST(lost == 0U);
  BOOST_TEST(withheld == 0U);
  BOOST_TEST(back == 0U);
  BOOST_TEST(followed.size() == committed.size());
  BOOST_TEST(missed > 0U);  // else this test raced nothing
  BOOST_TEST(looks > 20U);
}

BOOST_AUTO_TEST_CASE(an_open_transaction_holds_the_place_but_nothing_back) {
  other sql;
  opened_notes cold{on("held_open")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a", .text = "1"}, strata::anything, soon()));
  auto const start = end_of_log(cold.tier);
  sql("begin; update held_open set content_raw = '2' where artifact_id = 'a'");
  for (auto const* id : {"b", "c"}) BOOST_REQUIRE(cold.tier.store(id, {.id = id}, strata::anything, soon()));
  auto place = start;
  BOOST_TEST((without_revisions(look(cold.tier, place)) ==
              std::vector<seen_change>{{"b", operation::put}, {"c", operation::put}}));
  auto const again = look(cold.tier, place);  // from before the open one: it may still put something there
  BOOST_TEST(again.size() == 2U);
  sql("commit");
  BOOST_TEST((without_revisions(look(cold.tier, place)) ==
              std::vector<seen_change>{{"a", operation::put}, {"b", operation::put}, {"c", operation::put}}));
  BOOST_TEST(look(cold.tier, place).empty());
  // The clock is the server's, and read before the look.
  auto const page = cold.tier.changes_since(place, 1, soon());
  auto const now =
      sql("select (extract(epoch from clock_timestamp()) * 1000000)::bigint").one_field().as<std::int64_t>();
  BOOST_TEST((page->taken_us <= now && page->taken_us > now - 60'000'000));
}

BOOST_AUTO_TEST_CASE(the_log_is_trimmed_behind_the_horizon_and_says_so_to_those_who_come_later) {
  using namespace std::chrono_literals;
  other sql;
  opened_notes cold{on("trimmed")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  auto other_space = on("trimmed");
  other_space.space = "points";
  opened_points points{other_space};
  BOOST_REQUIRE(points.tier.wait_ready(soon()));
  auto const start = end_of_log(cold.tier);
  auto const insert =
      "insert into trimmed (artifact_id, artifact_type, content_raw, content, strata_space) "
      "select '{} ' || i, 't', 'x', '{{}}', '{}' from generate_series(1, {}) i";
  sql(std::vformat(insert, std::make_format_args("old", "template", "1500")));
  sql(std::vformat(insert, std::make_format_args("point", "points", "1200")));
  sql(std::vformat(insert, std::make_format_args("older", "template", "1500")));
  auto place = start;
  BOOST_TEST(look(cold.tier, place).size() == 3000U);
  BOOST_REQUIRE(*cold.tier.hold_horizon("me", 1min, soon()));
  auto const entries = [&](std::string_view space) {
    return sql("select count(*) from trimmed_changes where space = $1", std::string{space}).one_field().as<int>();
  };
  auto const move = [&] {
    auto const moved =
        cold.tier.move_horizon("me", 1min, {.reached = place, .at = {}, .era = 1, .taken_us = 1}, soon());
    BOOST_TEST(moved.has_value(), why(moved));
  };
  auto const an_hour_passes = [&] { sql("update trimmed_horizon set marked_at = marked_at - interval '61 minutes'"); };
  move();
  BOOST_TEST(entries("template") == 3000);  // not an hour old
  an_hour_passes();
  move();  // nothing is known to be an hour old but what was before the log began
  BOOST_TEST(entries("template") == 3000);
  BOOST_TEST(!cold.tier.changes_since(start, 1, soon())->gap);
  an_hour_passes();
  move();
  BOOST_TEST(entries("template") < 3000);
  BOOST_TEST(entries("template") >= 2000);  // a part at a time
  BOOST_TEST(cold.tier.changes_since(start, 1, soon())->gap);
  for (int i = 0; i < 6; ++i) move();
  BOOST_TEST(entries("template") == 0);
  BOOST_TEST(entries("points") == 1200);
  BOOST_TEST(!cold.tier.changes_since(place, 1, soon())->gap);
  BOOST_TEST(!points.tier.changes_since(start, 1, soon())->gap);
  BOOST_TEST(points.tier.changes_since(start, 2000, soon())->all.size() == 1200U);
  BOOST_TEST(look(cold.tier, place).empty());
  BOOST_REQUIRE(cold.tier.store("new", {.id = "new"}, strata::anything, soon()));
  BOOST_TEST(look(cold.tier, place).size() == 1U);

  // A place of another server's numbers, as after the table was restored elsewhere, is behind no gap but a gap itself.
  BOOST_TEST(cold.tier.changes_since(cursor{place.transaction + 1'000'000, {}}, 1, soon())->gap);
  sql("insert into trimmed_changes values ('9000000000', 1, 0, 'of another server', 'template')");
  BOOST_TEST(look(cold.tier, place).empty());
}
