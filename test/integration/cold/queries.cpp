// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/concepts/query.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <format>
#include <future>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// What the table knows beyond single values: usage in hours and days, words, vectors, the archive.
using namespace cold_test;
using namespace std::chrono_literals;
using strata::errc;
using strata::key_usage;
using strata::number;

static_assert(strata::reports_usage<notes> && strata::ranks_usage<notes> && strata::archives<notes>);
static_assert(strata::searches_text<notes, note> && strata::finds_nearest<notes, note>);
static_assert(strata::keeps_vectors<notes, note> && strata::charts_usage<notes>);

namespace {

template <class T>
std::string keys(strata::result<T> const& given) {
  if (!given) return why(given);
  std::string all;
  if constexpr (requires { given->all; })
    for (auto const& one : given->all) all.append(all.empty() ? "" : " ").append(one.key);
  else
    for (auto const& one : *given) all.append(all.empty() ? "" : " ").append(one.key);
  return all;
}

void save(notes& t, std::string const& id, std::string const& text, std::string const& kind = "template") {
  auto const done = t.store(id, {.id = id, .kind = kind, .text = text}, strata::anything, soon());
  BOOST_REQUIRE_MESSAGE(done, why(done));
}

std::vector<float> direction(std::size_t n, double angle) {
  std::vector<float> v(n);
  v[0] = static_cast<float>(std::cos(angle));
  v[1] = static_cast<float>(std::sin(angle));
  return v;
}

std::vector<std::string> all_of(notes& tier, std::size_t at_once = 100) {
  std::vector<std::string> all;
  for (strata::dump_place at; !at.end;) {
    auto const some = tier.dump(at, at_once, soon());
    BOOST_REQUIRE_MESSAGE(some, why(some));
    all.insert(all.end(), some->begin(), some->end());
  }
  return all;
}

strata::result<strata::restored> put_back(notes& tier, std::vector<std::string> const& lines) {
  return tier.restore(std::vector<std::string_view>{lines.begin(), lines.end()}, soon());
}

/// As rows stand in the field: written before there was Strata, and never since.
void lay_out_old_rows(other& sql) {
  sql("drop schema public cascade; create schema public; create extension vector");
  sql(fixture("field/schema.sql"));
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, updated_at) select "
      "'k' || i, 'template', 'word', '{}', '{}', now() - interval '400 days' from generate_series(1, 6) i");
}

}  // namespace

BOOST_AUTO_TEST_CASE(usage_is_rolled_up_by_hours_and_days) {
  opened_notes cold{on("rolled")};
  auto& t = cold.tier;
  for (auto const* id : {"new", "old", "steady", "never"}) save(t, id, "x");
  std::vector<strata::uses> const counts{{"new", 50}, {"old", 1}, {"steady", 20, 9, 1}};
  BOOST_REQUIRE(t.add_usage(counts, soon()));
  other sql;
  sql("insert into rolled_usage_hours select date_trunc('hour', now(), 'UTC') - ago * interval '1 hour', id, n, 0, 0 "
      "from (values "
      "(30, 'old', 500), (30, 'steady', 20), (100, 'old', 7), (100, 'steady', 3), (24 * 95, 'old', 90)) v(ago, id, n)");
  BOOST_TEST(keys(t.popular(9, {}, soon())) == "new steady old");
  BOOST_TEST(keys(t.popular(9, 3h, soon())) == "new steady old");
  BOOST_TEST(keys(t.popular(9, 48h, soon())) == "old new steady");
  auto const look = [&] {
    auto const week = t.popular(9, 168h, soon());
    BOOST_TEST(keys(week) == "old new steady");
    BOOST_TEST((*week)[0].count == 508U);
    BOOST_TEST((*week)[2].count == 43U);
    BOOST_TEST((*week)[2].successes == 9U);
  };
  // What days tell of the time before is no part of a window of hours.
  sql("insert into rolled_usage_days values (date_trunc('day', now() - interval '47 hours', 'UTC'), 'new', 60, 0, 0)");
  BOOST_TEST(t.popular(9, 48h, soon())->at(1).count == 50U);
  auto const rising = t.rising(9, 24h, soon());
  BOOST_TEST(keys(rising) == "new");
  BOOST_TEST((*rising)[0].before == 0U);
  sql("delete from rolled_usage_days where artifact_id = 'new'");
  BOOST_TEST(keys(t.failing(9, 10, soon())) == "steady");
  BOOST_TEST(std::abs(*t.failing(9, 10, soon())->front().success_rate() - 0.9) < 1e-9);
  BOOST_TEST(keys(t.unused(std::chrono::system_clock::now() + 1h, 9, soon())).starts_with("never "));

  // One key's, hour by hour and day by day, what is not over yet last.
  auto const hours = t.usage_by("steady", strata::period::hour, 40, soon());
  BOOST_REQUIRE_MESSAGE(hours, why(hours));
  BOOST_TEST(hours->size() == 40U);
  std::vector<strata::period_usage> used;
  for (std::size_t i = 0; i < hours->size(); ++i) {
    if (i > 0) BOOST_TEST(((*hours)[i].begin - (*hours)[i - 1].begin == 1h));
    if ((*hours)[i].count > 0) used.push_back((*hours)[i]);
  }
  BOOST_REQUIRE(used.size() == 2U);
  BOOST_TEST((used[0].count == 20U && used[0].failures == 0U && used[1].count == 20U && used[1].failures == 1U));
  BOOST_TEST((used[1].begin - used[0].begin >= 29h && used[1].begin - used[0].begin <= 30h));
  auto const by_days = [&] {
    auto const days = t.usage_by("steady", strata::period::day, 30, soon());
    BOOST_REQUIRE_MESSAGE(days, why(days));
    BOOST_TEST(days->size() == 30U);
    std::uint64_t count = 0, successes = 0;
    for (auto const& one : *days) count += one.count, successes += one.successes;
    BOOST_TEST((count == 43U && successes == 9U));
    BOOST_TEST((days->back().begin == std::chrono::floor<std::chrono::days>(days->back().begin)));
    BOOST_TEST((std::chrono::system_clock::now() - days->back().begin < 25h));
  };
  by_days();
  BOOST_TEST(t.usage_by("nobody", strata::period::day, 1'000, soon())->size() == 92U);

  // Tidied: hours older than two days are days, days older than three months are gone; nothing else changes.
  sql("select rolled_tidy_usage()");
  BOOST_TEST(
      sql("select count(*) from rolled_usage_hours where hour < now() - interval '50 hours'").one_field().as<int>() ==
      0);
  sql("select rolled_tidy_usage()");
  BOOST_TEST(sql("select count(*) from rolled_usage_days").one_field().as<int>() == 2);
  sql("insert into rolled_usage_days select date_trunc('day', now() - interval '8 days', 'UTC'), 'n' || i, i, 0, 0 "
      "from "
      "generate_series(1, 10500) i");
  sql("select rolled_tidy_usage()");
  BOOST_TEST(sql("select min(uses) from rolled_usage_days where artifact_id like 'n%'").one_field().as<int>() >= 499);
  BOOST_TEST(
      sql("select max(n) from (select count(*) n from rolled_usage_days group by day) d").one_field().as<int>() ==
      10000);
  sql("delete from rolled_usage_days where artifact_id like 'n%'");
  look();
  by_days();

  // The columns of the table say the same, and a count sent again under its number is not counted again.
  auto const row = sql("select usage_count, success_rate from rolled where artifact_id = 'steady'").one_row();
  BOOST_TEST(row[0].as<int>() == 20);
  BOOST_TEST(std::abs(row[1].as<double>() - 0.9) < 1e-9);
  for (int i = 0; i < 2; ++i)
    sql("select rolled_count_usage('template', '00000000-0000-0000-0000-000000000001', 1, '{never}', '{3}', '{0}', "
        "'{0}')");
  BOOST_TEST(t.usage_of("never", soon()).value()->count == 3U);
}

BOOST_AUTO_TEST_CASE(the_most_used_of_a_window_are_told_exactly) {
  opened_notes cold{on("windows")};
  auto& t = cold.tier;
  BOOST_REQUIRE(t.wait_ready(soon()));
  other sql;
  sql("insert into windows (artifact_id, artifact_type, content_raw, content) select 'k' || i, 't', '', '{}' from "
      "generate_series(1, 2500) i");
  auto const kept = [&] {
    return sql("select not exists (select from (select artifact_id, sum(uses) as uses from windows_usage_hours group "
               "by "
               "1) h full join windows_usage l using (artifact_id) where h.uses is distinct from l.lately)")
        .one_field()
        .as<bool>();
  };
  auto const hour = [&] { return sql("select date_trunc('hour', now())::text").one_field().as<std::string>(); };
  // Some used much, all used for an hour, all alike, all used more before the window than in it: then all are looked at.
  for (std::string_view const uses :
       {"2000 / i from generate_series(1, 400) i, generate_series(0, 44, 4) h",
        "1 + i % 100 from generate_series(1, 2500) i, generate_series(i % 20, i % 20) h",
        "1 from generate_series(1, 2500) i, generate_series(0, 1) h",
        "case h when 0 then 1 + i % 7 else 50 end from generate_series(1, 2500) i, generate_series(0, 30, 30) h"}) {
    sql("delete from windows_usage_hours");
    BOOST_TEST(sql("select count(lately) from windows_usage").one_field().as<int>() == 0);
    sql(
        std::format("insert into windows_usage_hours select date_trunc('hour', now(), 'UTC') - h * interval '1 hour', "
                    "'k' || i, uses, 1, 0 from (select i, h, {}) u(i, h, uses)",
                    uses));
    sql("update windows_usage_hours set uses = uses + 7 where artifact_id = 'k77'");
    BOOST_TEST(kept());
    for (int const window : {1, 7, 24, 48})
      for (std::size_t const n : {1U, 10U, 300U}) {
        std::string expected, found, before;
        do {
          before = hour();
          expected =
              sql(std::format("select coalesce(string_agg(artifact_id, ' ' order by uses desc, artifact_id), '') from "
                              "(select artifact_id, sum(uses) as uses from windows_usage_hours where hour >= "
                              "date_trunc('hour', now() - {} * interval '1 hour', 'UTC') group by 1 order by 2 desc, 1 "
                              "limit {}) w",
                              window, n))
                  .one_field()
                  .as<std::string>();
          found = keys(t.popular(n, std::chrono::hours{window}, soon()));
        } while (hour() != before);
        BOOST_TEST(found == expected, uses << ", of " << window << " hours the first " << n);
      }
  }
  sql("select windows_tidy_usage()");
  BOOST_TEST(kept());
}

BOOST_AUTO_TEST_CASE(flushes_of_many_add_up_exactly) {
  auto o = on("added");
  opened_notes first{o};
  BOOST_REQUIRE(first.tier.wait_ready(soon()));
  for (int i = 0; i < 40; ++i) save(first.tier, std::format("k{}", i), "x");
  {
    std::vector<std::jthread> all;
    for (unsigned p = 0; p < 4; ++p)
      all.emplace_back([&, p] {
        opened_notes mine{o};
        for (unsigned round = 0; round < 25; ++round) {
          std::vector<std::string> ids;
          for (unsigned i = 0; i < 30; ++i) ids.push_back(std::format("k{}", (i * 7 + p * 3 + round) % 40));
          std::vector<strata::uses> counts;
          for (auto const& id : ids) counts.push_back({id, 1'000, 2, 1});
          auto const done = mine.tier.add_usage(counts, soon());
          if (!done) BOOST_TEST_MESSAGE(why(done));
        }
      });
  }
  other sql;
  auto const sums = sql("select sum(uses), sum(successes), sum(failures) from added_usage").one_row();
  BOOST_TEST(sums[0].as<int>() == 4 * 25 * 30 * 1'000);
  BOOST_TEST(sums[1].as<int>() == 4 * 25 * 30 * 2);
  BOOST_TEST(sums[2].as<int>() == 4 * 25 * 30);
  BOOST_TEST(sql("select sum(usage_count) from added").one_field().as<int>() == 4 * 25 * 30 * 1'000);
  for (auto const* rolled : {"uses) from added_usage_hours", "lately) from added_usage"})
    BOOST_TEST(sql(std::format("select sum({}", rolled)).one_field().as<int>() == 4 * 25 * 30 * 1'000);
}

BOOST_AUTO_TEST_CASE(words_are_found) {
  opened_notes cold{on("texts")};
  auto& t = cold.tier;
  save(t, "http/server", "Starts a server that listens.\nHandles each request in a thread of its own.");
  save(t, "http/client", "A client sends requests; the server answers.");
  save(t, "sort/quick", "Sorts a range, quickly.", "pattern");
  save(t, "odd",
       "x'; drop table texts; -- \xEE\x80\x80"
       "bell\xEE\x80\x81 <b>bold</b>");
  auto const find = [&](std::string_view words, strata::search_filter const& filter = {}) {
    return keys(t.search_text(words, 10, filter, soon()));
  };
  BOOST_TEST(find("requests server") == "http/server http/client");
  BOOST_TEST(find("\"server answers\"") == "http/client");
  BOOST_TEST(find("server -client") == "http/server");
  BOOST_TEST(find("listen or quickly") != "");
  BOOST_TEST(find("quick or client") != "");
  BOOST_TEST(find("thr*") == "http/server");
  BOOST_TEST(find("sort") == "sort/quick");
  BOOST_TEST(find("server", {.kind = "pattern"}) == "");
  BOOST_TEST(find("range", {.kind = "pattern", .prefix = "sort/"}) == "sort/quick");
  BOOST_TEST(find("server", {.prefix = "http/c"}) == "http/client");
  save(t, "c.main_loop/read-file", "Turns; it is read-only, see example.com/turns at once");
  for (auto const* words : {"c.main_loop/read-file", "read-file", "main_loop", "read-fi*", "\"main_loop read-file\"",
                            "read-only", "example.com/turns", "turns -read-lines"})
    BOOST_TEST(find(words) == "c.main_loop/read-file", words);
  BOOST_TEST(find("turns -main_loop/read") == "");
  auto const one = t.search_text("listens", 10, {}, soon());
  BOOST_REQUIRE(one && one->all.size() == 1);
  auto const& [text, marks] = one->all[0].excerpt;
  BOOST_REQUIRE(marks.size() == 1U);
  BOOST_TEST(text.substr(marks[0].first, marks[0].last - marks[0].first) == "listens");
  BOOST_TEST((one->all[0].copy.value->id == "http/server" && number(one->all[0].copy.revision) > 0));
  auto const odd = t.search_text("bell bold", 10, {}, soon());
  BOOST_REQUIRE(odd && odd->all.size() == 1);
  BOOST_TEST(odd->all[0].excerpt.text.contains("bell"));
  BOOST_TEST(!odd->all[0].excerpt.text.contains("\xEE\x80"));

  for (std::string_view const hostile : {"",        " ",
                                         "'",       "\\",
                                         "a' | 'b", "!",
                                         "-",       "--",
                                         "- -",     "\"",
                                         "\"\"",    "& | ! <-> ( )",
                                         "or",      "or or",
                                         "a or",    "or a",
                                         "*",       "a* * **",
                                         "':*",     "a:*b",
                                         "\"un",    "-\"not this\"",
                                         "$1",      "%s",
                                         "{table}", "\xC3\xA4\xF0\x9F\x98\x80",
                                         "the",     "a <-> b",
                                         "\\'",     "''''"})
    BOOST_TEST(t.search_text(hostile, 10, {}, soon()).has_value(), hostile);
  BOOST_TEST(t.search_text(std::string(4'096, 'a'), 10, {}, soon()).has_value());
  std::string many;
  while (many.size() < 4'000) many += "-word or ";
  BOOST_TEST(t.search_text(many, 10, {}, soon()).has_value());
  for (auto const& refused : {std::string(4'097, 'a'), std::string{"a\0b", 3}, std::string{"\xFF"}})
    BOOST_TEST((t.search_text(refused, 10, {}, soon()).error() == errc::rejected));

  // Written, changed and erased by whomever, it is found as it is now.
  other sql;
  sql("update texts set content_raw = 'now about zebras' where artifact_id = 'sort/quick'");
  BOOST_TEST(find("zebra") == "sort/quick");
  BOOST_TEST(find("range") == "");
  BOOST_REQUIRE(t.erase("sort/quick", soon()));
  BOOST_TEST(find("zebra") == "");
  BOOST_TEST(sql("select count(*) from texts_words where artifact_id = 'sort/quick'").one_field().as<int>() == 0);

  // A text with more words than an index takes is saved, and found by its beginning.
  std::string big = "aardvark ";
  for (unsigned i = 0; big.size() < (3U << 20U); ++i) big += std::format("w{:x} ", i * 2654435761U);
  save(t, "big", big);
  BOOST_TEST(find("aardvark") == "big");

  // In another language, as whoever knows the texts has said.
  save(t, "berg", "Die Berge und ihre T\xC3\xA4ler");
  BOOST_TEST(find("bergen") == "");
  sql("update texts_words_state set language = 'german', whole = false, walked = ''; delete from texts_words");
  BOOST_TEST(find("bergen") == "berg");

  // A log that is older than what was indexed: everything is looked at again.
  sql("update texts set content_raw = 'lost from the log' where artifact_id = 'odd'; delete from texts_changes; "
      "update texts_horizon set begins = pg_current_xact_id()");
  BOOST_TEST(find("lost log") == "odd");
}

// Nobody searched for as long as the log goes back, so its place is lost, and with it the word of what was erased.
BOOST_AUTO_TEST_CASE(what_the_log_forgot_takes_the_place_of_nothing_found) {
  opened_notes cold{on("forgotten")};
  auto& t = cold.tier;
  for (int i = 0; i < 5; ++i) save(t, std::format("old{}", i), "zebra");
  save(t, "kept", "one zebra among many words that say something else");
  BOOST_TEST(keys(t.search_text("zebra", 2, {}, soon())) == "old0 old1");
  for (int i = 0; i < 5; ++i) BOOST_REQUIRE(t.erase(std::format("old{}", i), soon()));
  other sql;
  sql("delete from forgotten_changes; update forgotten_horizon set begins = pg_current_xact_id()");
  BOOST_TEST(keys(t.search_text("zebra", 2, {}, soon())) == "kept");
}

BOOST_AUTO_TEST_CASE(no_more_than_two_thousand_are_ranked) {
  opened_notes cold{on("ranked")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  other sql;
  sql("vacuum analyze ranked_words");  // so that plans are made for no words
  sql("insert into ranked (artifact_id, artifact_type, content_raw, content) select 'k' || i, 't', 'common ' || case "
      "when i <= 2000 "
      "then 'usual' else '' end, '{}' from generate_series(1, 4100) i");
  // The words that are there are not all read for each that is added.
  sql("set plan_cache_mode = force_generic_plan");
  for (int i = 0; i < 2; ++i) sql("select ranked_index_words('template', 2000)");
  sql("select pg_stat_force_next_flush()");
  auto const told =
      sql("select idx_scan, seq_tup_read from pg_stat_user_tables where relname = 'ranked_words'").one_row();
  BOOST_TEST(told[0].as<long>() >= 4'000);
  BOOST_TEST(told[1].as<long>() < 100'000);
  auto const all = cold.tier.search_text("common", 5, {}, soon());
  BOOST_REQUIRE_MESSAGE(all, why(all));
  BOOST_TEST(all->all.size() == 5U);
  BOOST_TEST(all->cut);
  BOOST_TEST(!all->incomplete);
  auto const usual = cold.tier.search_text("usual", 5, {}, soon());
  BOOST_TEST(!usual->cut);
}

BOOST_AUTO_TEST_CASE(words_that_take_longer_than_a_search_has_are_there_after_some_searches) {
  opened_notes cold{on("imported")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  other sql;
  sql("insert into imported (artifact_id, artifact_type, content_raw, content) select 'k' || i, 't', 'words', '{}' "
      "from generate_series(1, 60) i");
  sql("alter function imported_words_of rename to imported_words_at_once");
  sql("create function imported_words_of(regconfig, text, jsonb, text) returns tsvector begin atomic select "
      "imported_words_at_once($1, $2, $3, $4) from pg_sleep(0.02); end");
  int searches = 1;  // of a second each for what takes more, and long enough for some of it on a busy machine
  auto found = cold.tier.search_text("words", 99, {}, in(2s));
  BOOST_REQUIRE_MESSAGE(found, why(found));
  BOOST_TEST((found->incomplete && !found->all.empty()));
  for (; searches < 20 && !(found && !found->incomplete); ++searches)
    found = cold.tier.search_text("words", 99, {}, in(2s));
  BOOST_REQUIRE(searches < 20);
  BOOST_TEST(found->all.size() == 60U);
}

// What is still going on holds the log's place back, so all that comes after it is looked at again by each search.
BOOST_AUTO_TEST_CASE(what_was_erased_keeps_no_search_from_what_was_written) {
  opened_notes cold{on("wordy")};
  auto& t = cold.tier;
  save(t, "first", "zebra");
  BOOST_TEST(keys(t.search_text("zebra", 9, {}, soon())) == "first");
  other sql, longer;
  longer("begin");
  longer("select pg_current_xact_id()");
  sql("insert into wordy (artifact_id, artifact_type, content_raw, content) select 't' || i, 't', 'gone', '{}' from "
      "generate_series(1, 2500) i");
  sql("delete from wordy where artifact_id <> 'first'");
  save(t, "late", "giraffe");
  std::string found;
  for (int i = 0; i < 4 && found.empty(); ++i) found = keys(t.search_text("giraffe", 9, {}, in(2s)));
  BOOST_TEST(found == "late");
  longer("commit");
}

BOOST_AUTO_TEST_CASE(what_may_be_missing_is_said) {
  auto const o = on("missing");
  opened_notes cold{o};
  save(cold.tier, "old", "words of old");
  BOOST_TEST(!cold.tier.search_text("old", 9, {}, soon())->incomplete);
  // Somebody else is indexing, and does not come to an end.
  other sql;
  sql("begin; select from missing_words_state for update");
  save(cold.tier, "new", "words of now");
  auto const late = cold.tier.search_text("words", 9, {}, in(3s));
  BOOST_REQUIRE_MESSAGE(late, why(late));
  BOOST_TEST((late->incomplete && keys(late) == "old"));
  sql("commit");
  auto const all = cold.tier.search_text("words", 9, {}, soon());
  BOOST_TEST((!all->incomplete && all->all.size() == 2U));

  // An index that gives up before the filter has let enough through. It is used although the planner would rather read all.
  sql("alter role strata set hnsw.max_scan_tuples = 1");
  sql("insert into missing (artifact_id, artifact_type, content_raw, content, embedding) select 'v' || i, case when i "
      "< 140 "
      "then 'near' else 'far' end, 'x', '{}', (select array_agg(case g when 1 then cos(i * 0.005) when "
      "2 then sin(i * 0.005) else 0 end order by g) from generate_series(1, 1536) g)::real[] from generate_series(0, "
      "144) i");
  {
    opened_notes fresh{o};
    auto const some = fresh.tier.nearest(direction(1536, 0), 5, {.kind = "far"}, in(20s));
    BOOST_REQUIRE_MESSAGE(some, why(some));
    BOOST_TEST((some->incomplete && some->all.size() < 5));
    auto const near = fresh.tier.nearest(direction(1536, 0), 5, {.kind = "near"}, in(20s));
    BOOST_TEST((near && !near->incomplete && near->all.size() == 5U), why(near));
  }
  sql("alter role strata reset hnsw.max_scan_tuples");
  opened_notes fresh{o};
  auto const enough = fresh.tier.nearest(direction(1536, 0), 5, {.kind = "far"}, in(20s));
  BOOST_TEST((enough && !enough->incomplete && enough->all.size() == 5U), why(enough));
  BOOST_TEST(!fresh.tier.nearest(direction(1536, 0), 9, {.kind = "far"}, in(20s))->incomplete);
  // Or by an index of the other kind, where there is one.
  sql("drop index missing_embedding_idx; create index on missing using ivfflat (embedding vector_cosine_ops) with "
      "(lists = 2)");
  for (auto const* setting : {"enable_seqscan", "enable_sort"})
    sql(std::format("alter role strata set {} = off", setting));
  {
    opened_notes other_kind{o};
    auto const by_lists = other_kind.tier.nearest(direction(1536, 0.7), 2, {.kind = "far"}, in(20s));
    BOOST_TEST((by_lists && !by_lists->incomplete && keys(by_lists) == "v140 v141"), why(by_lists));
  }
  for (auto const* setting : {"enable_seqscan", "enable_sort"}) sql(std::format("alter role strata reset {}", setting));
}

BOOST_AUTO_TEST_CASE(the_nearest_vectors_are_found) {
  opened_notes cold{on("vectors")};
  auto& t = cold.tier;
  for (int i = 0; i < 20; ++i) save(t, std::format("v{}", i), "x", i % 2 == 0 ? "even" : "odd");
  for (int i = 0; i < 20; ++i) {
    auto const done = t.embed(std::format("v{}", i), direction(1536, 0.1 * i), soon());
    BOOST_REQUIRE_MESSAGE(done, why(done));
  }
  auto const near = t.nearest(direction(1536, 0.71), 3, {}, soon());
  BOOST_TEST(keys(near) == "v7 v8 v6");
  BOOST_TEST(std::abs(near->all[0].score - std::cos(0.01)) < 1e-5);
  BOOST_TEST(!near->incomplete);
  BOOST_TEST(keys(t.nearest(direction(1536, 0.71), 3, {.kind = "even"}, soon())) == "v8 v6 v10");
  BOOST_TEST(keys(t.nearest(direction(1536, 0.71), 9, {.prefix = "v19"}, soon())) == "v19");
  BOOST_TEST(keys(t.similar("v19", 2, {}, soon())) == "v18 v17");
  BOOST_TEST(keys(t.similar("nobody", 2, {}, soon())) == "");
  auto const before = t.load("v3", soon());
  BOOST_REQUIRE(t.embed("v3", direction(1536, 3.0), soon()));
  BOOST_TEST((t.load("v3", soon())->revision == before->revision));
  BOOST_TEST(!keys(t.nearest(direction(1536, 0.3), 3, {}, soon())).contains("v3"));
  auto nan = direction(1536, 1);
  nan[7] = std::numeric_limits<float>::quiet_NaN();
  for (auto const& refused : {direction(3, 1), std::vector<float>{}, std::vector<float>(1536), nan}) {
    BOOST_TEST((t.embed("v1", refused, soon()).error() == errc::rejected));
    BOOST_TEST((t.nearest(refused, 3, {}, soon()).error() == errc::rejected));
  }
  BOOST_TEST((t.embed("nobody", direction(1536, 1), soon()).error() == errc::rejected));
  // Given with a value it is kept in the same write: with one that is new, that changes, and that is there already.
  auto const put = [&](std::string const& id, std::string const& text, std::vector<float> const& v,
                       strata::expectation expected = strata::anything) {
    return t.store(id, {.id = id, .text = text}, expected, soon(), {}, v);
  };
  auto const added = put("both", "first", direction(1536, 2.21));
  BOOST_REQUIRE_MESSAGE(added, why(added));
  BOOST_TEST((added->changed && added->version == 1));
  BOOST_TEST(keys(t.nearest(direction(1536, 2.21), 1, {}, soon())) == "both");
  auto const changed = put("both", "second", direction(1536, 2.41), added->revision);
  BOOST_TEST((changed && changed->changed && changed->version == 2), why(changed));
  BOOST_TEST(keys(t.nearest(direction(1536, 2.41), 1, {}, soon())) == "both");
  auto const moved = put("both", "second", direction(1536, 2.61));
  BOOST_TEST((moved && !moved->changed && moved->revision == changed->revision), why(moved));
  BOOST_TEST(keys(t.nearest(direction(1536, 2.61), 1, {}, soon())) == "both");
  BOOST_TEST((put("both", "third", direction(1536, 2.81), added->revision).error() == errc::conflict));
  for (auto const& [refused, because] : {std::pair{direction(3, 1), "expected 1536 dimensions, not 3"},
                                         {std::vector<float>(1536), "zero"},
                                         {nan, "not finite"},
                                         {std::vector<float>(16'001, 1.0F), "16,000"}}) {
    auto const no = put("both", "never", refused);
    BOOST_TEST((no.error() == errc::rejected && no.error().text().contains(because)), why(no));
    BOOST_TEST((put("neither", "never", refused).error() == errc::rejected));
  }
  BOOST_TEST(t.load("both", soon())->value->text == "second");
  BOOST_TEST(!t.load("neither", soon())->value);
  BOOST_TEST(keys(t.nearest(direction(1536, 2.61), 1, {}, soon())) == "both");
  BOOST_REQUIRE(t.erase("both", soon()));

  // What has no direction is near to nothing, whether or not there is an index, which would not have it.
  other sql;
  sql("update vectors set embedding = array_fill(0, '{1536}')::real[]::vector where artifact_id = 'v9'");
  auto const all = t.nearest(direction(1536, 0), 99, {}, soon());
  BOOST_TEST((all && all->all.size() == 19U && !all->incomplete && all->all[0].key == "v0"), keys(all));
  sql("drop index vectors_embedding_idx");
  auto const unindexed = t.nearest(direction(1536, 0), 99, {}, soon());
  BOOST_TEST(keys(unindexed) == keys(all));
  BOOST_TEST(keys(t.similar("v9", 9, {}, soon())) == "");

  // A save leaves the vector as it is.
  save(t, "v5", "another text");
  BOOST_TEST(keys(t.nearest(direction(1536, 0.5), 1, {}, soon())) == "v5");

  // Without the column everything else works.
  sql("alter table vectors drop column embedding");
  BOOST_TEST((t.nearest(direction(1536, 0.5), 1, {}, soon()).error() == errc::unsupported));
  BOOST_TEST((t.embed("v1", direction(1536, 0.5), soon()).error() == errc::unsupported));
  auto const without = put("v5", "a third text", direction(1536, 0.5));
  BOOST_TEST((without.error() == errc::unsupported && without.error().text().contains("no column embedding")),
             why(without));
  save(t, "v5", "a third text");
  BOOST_TEST(keys(t.search_text("third", 1, {}, soon())) == "v5");
}

BOOST_AUTO_TEST_CASE(what_is_archived_still_reads_and_comes_back) {
  auto o = on("away");
  opened_notes cold{o};
  auto& t = cold.tier;
  other sql;
  std::vector<std::string> const ids{"read", "saved", "same", "erased", "embedded", "theirs", "bulk", "new"};
  for (auto const& id : ids) save(t, id, "first"), save(t, id, "second");
  BOOST_REQUIRE(t.embed("read", direction(1536, 1), soon()));
  BOOST_TEST(keys(t.search_text("second", 9, {}, soon())).contains("saved"));
  sql("alter table away add column more text default 'kept', add column made text generated always as (artifact_type "
      "|| '!') stored");
  sql("update away set updated_at = now() - interval '400 days', last_used_at = null where artifact_id <> 'new'");
  auto const a_year_ago = std::chrono::system_clock::now() - 24h * 365;
  auto const was = sql("select to_jsonb(k) from away k where artifact_id = 'read'").one_field().as<std::string>();
  auto const stood = t.load("read", soon());
  BOOST_TEST(t.archivable(a_year_ago, soon()).value() == 7U);
  BOOST_TEST(t.archive(a_year_ago, 3, soon()).value() == 3U);
  BOOST_TEST(t.archive(a_year_ago, 100, soon()).value() == 4U);
  BOOST_TEST(t.archive(a_year_ago, 100, soon()).value() == 0U);
  BOOST_TEST(sql("select string_agg(artifact_id, ' ') from away").one_field().as<std::string>() == "new");
  BOOST_TEST(sql("select count(*) from away_erased").one_field().as<int>() == 0);
  BOOST_TEST(keys(t.search_text("second", 9, {}, soon())) == "new");

  // It reads as before, in every way.
  std::vector<std::string_view> const views{ids.begin(), ids.end()};
  auto const revisions = t.revisions(views, soon());
  auto const many = t.load_many(views, soon());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto const one = t.load(ids[i], soon());
    BOOST_REQUIRE(one && one->value);
    BOOST_TEST(one->value->text == "second");
    BOOST_TEST(one->version == 2);
    BOOST_TEST((many[i] && many[i]->value && many[i]->revision == one->revision && (*revisions)[i] == one->revision));
    auto const past = t.history(ids[i], 9, soon());
    BOOST_REQUIRE(past && past->size() == 2U);
    BOOST_TEST(((*past)[0].revision == one->revision && (*past)[1].value->text == "first"));
    BOOST_TEST(t.get_at(ids[i], std::int64_t{2}, soon())->value->text == "second");
    BOOST_TEST(t.get_at(ids[i], one->revision, soon())->value->text == "second");
  }
  BOOST_TEST((t.load("read", soon())->revision == stood->revision));
  // Also for who holds all that there is against copies elsewhere.
  std::string listed;
  for (std::string last;; last = listed.substr(listed.rfind(' ') + 1)) {
    auto const page = t.all_after(last, 3, soon());
    if (keys(page).empty()) break;
    listed.append(" ").append(keys(page));
  }
  BOOST_TEST(listed == " bulk embedded erased new read same saved theirs");

  // Used, it comes back as it was.
  std::vector<strata::uses> const counts{{"read", 3}, {"new", 1}};
  auto const counted = t.add_usage(counts, soon());
  BOOST_TEST(counted.has_value(), why(counted));
  BOOST_TEST(t.usage_of("read", soon()).value()->count == 3U);
  sql("update away set usage_count = 0, last_used_at = null, success_rate = 0.0 where artifact_id = 'read'");
  BOOST_TEST(sql("select to_jsonb(k) from away k where artifact_id = 'read'").one_field().as<std::string>() == was);
  BOOST_TEST(keys(t.nearest(direction(1536, 1), 1, {}, soon())) == "read");
  BOOST_TEST(keys(t.search_text("second", 9, {}, soon())).contains("read"));

  // Written, it goes on from where it was; erased, it is gone, and was.
  auto const saved = t.store("saved", {.id = "saved", .text = "third"}, t.load("saved", soon())->revision, soon());
  BOOST_REQUIRE_MESSAGE(saved, why(saved));
  BOOST_TEST(saved->version == 3);
  BOOST_TEST(t.history("saved", 9, soon())->size() == 3U);
  auto const same = t.store("same", {.id = "same", .text = "second"}, strata::anything, soon());
  BOOST_TEST((same && !same->changed && same->version == 2));
  note const third{.id = "bulk", .text = "third"};
  std::vector<strata::keyed_value<note>> const values{{"bulk", &third}};
  auto const bulk = t.store_many(values, soon());
  BOOST_TEST((bulk[0] && bulk[0]->version == 3), why(bulk[0]));
  auto const erased = t.erase("erased", soon());
  BOOST_TEST((erased && erased->changed && erased->version == 2));
  BOOST_TEST(!t.load("erased", soon())->value);
  BOOST_TEST(t.history("erased", 9, soon())->size() == 3U);
  BOOST_REQUIRE(t.embed("embedded", direction(1536, 2), soon()));
  // Others insert as if it had never been; what it was is history.
  sql("insert into away (artifact_id, artifact_type, content_raw, content, version) values ('theirs', 't', 'theirs', "
      "'{}', 1)");
  BOOST_TEST(t.load("theirs", soon())->value->text == "theirs");
  auto const theirs = t.history("theirs", 9, soon());
  BOOST_TEST((theirs->size() == 3U && (*theirs)[1].value->text == "second" && (*theirs)[2].value->text == "first"));
  BOOST_TEST(sql("select count(*) from away_archive").one_field().as<int>() == 0);
  BOOST_TEST(sql("select count(*) from away").one_field().as<int>() == 7);
}

// The row that they wait for is in the archive when they may go on.
BOOST_AUTO_TEST_CASE(what_is_written_while_it_is_archived_is_written) {
  opened_notes cold{on("racing")};
  auto& t = cold.tier;
  other sql, archiver;
  auto const meanwhile = [&](auto const& write) {
    save(t, "k", "text");
    archiver("begin");
    archiver("select racing_put_away('template', 'infinity', 9)");
    auto done = std::async(std::launch::async, write);
    for (auto const until = soon();
         sql("select count(*) from pg_locks where not granted").one_field().as<int>() == 0;) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(1ms);
    }
    archiver("commit");
    return done.get();
  };
  auto const archived = [&] { return sql("select count(*) from racing_archive").one_field().as<int>(); };

  auto const erased = meanwhile([&] { return t.erase("k", soon()); });
  BOOST_TEST((erased && erased->changed && erased->version == 1), why(erased));
  BOOST_TEST(!t.load("k", soon())->value);
  BOOST_TEST(t.history("k", 9, soon())->size() == 2U);
  auto const embedded = meanwhile([&] { return t.embed("k", direction(1536, 1), soon()); });
  BOOST_TEST(embedded.has_value(), why(embedded));
  BOOST_TEST(keys(t.nearest(direction(1536, 1), 9, {}, soon())) == "k");
  auto const put = [&](std::string const& text, std::span<float const> vector) {
    return meanwhile([=, &t] { return t.store("k", {.id = "k", .text = text}, strata::anything, soon(), {}, vector); });
  };
  auto const up = direction(1536, 2);
  auto const same = put("text", up);
  BOOST_TEST((same && !same->changed), why(same));
  auto const found = t.nearest(up, 9, {}, soon());
  BOOST_TEST((keys(found) == "k" && found->all[0].score > 0.999), why(found));
  auto const changed = put("changed", {});
  BOOST_TEST((changed && changed->changed), why(changed));
  BOOST_TEST(t.load("k", soon())->value->text == "changed");
  auto const many = meanwhile([&] {
    note const n{.id = "k", .text = "again"};
    return t.store_many(std::vector<strata::keyed_value<note>>{{"k", &n}}, soon())[0];
  });
  BOOST_TEST((many && many->changed), why(many));
  BOOST_TEST(t.load("k", soon())->value->text == "again");
  auto const counted = meanwhile([&] { return t.add_usage(std::vector<strata::uses>{{"k", 3}}, soon()); });
  BOOST_TEST(counted.has_value(), why(counted));
  BOOST_TEST(t.usage_of("k", soon()).value()->count == 3U);
  BOOST_TEST(archived() == 0);
}

BOOST_AUTO_TEST_CASE(what_another_space_has_archived_holds_no_count_up) {
  auto const settings = on("shared_archive");
  auto others = settings;
  others.space = "others";
  opened_notes ours{settings}, theirs{others};
  save(ours.tier, "ours", "x");
  save(theirs.tier, "theirs", "x");
  BOOST_TEST(theirs.tier.archive(std::chrono::system_clock::now() + 1h, 9, soon()).value() == 1U);
  // Whoever tells an outcome may name any id.
  std::vector<strata::uses> const counts{{"ours", 3}, {"theirs", 0, 1, 0}};
  auto const counted = ours.tier.add_usage(counts, soon());
  BOOST_TEST(counted.has_value(), why(counted));
  BOOST_TEST(ours.tier.usage_of("ours", soon()).value()->count == 3U);
  BOOST_TEST(other{}("select count(*) from shared_archive_archive").one_field().as<int>() == 1);
}

BOOST_AUTO_TEST_CASE(a_dump_put_back_is_the_same_dump) {
  opened_notes from{on("dumped")};
  auto& t = from.tier;
  for (auto const* id : {"plain", "changed", "erased", "archived", "\xC3\xA4 \" \\ \n\t"})
    save(t, id, "first \" \\ line\n");
  save(t, "changed", "second");
  BOOST_REQUIRE(t.erase("erased", soon()));
  BOOST_REQUIRE(t.embed("plain", direction(1536, 0.3), soon()));
  std::vector<strata::uses> const counts{{"plain", 3, 2, 1}, {"changed", 1}};
  BOOST_REQUIRE(t.add_usage(counts, soon()));
  other sql;
  sql("update dumped set updated_at = now() - interval '400 days' where artifact_id = 'archived'");
  BOOST_TEST(t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 1U);
  sql("insert into dumped_usage_days values (date_trunc('day', now() - interval '9 days', 'UTC'), 'plain', 7, 0, 0)");

  auto const all = all_of(t);
  BOOST_TEST(all.size() == 3U + 1 + 1 + 1 + 2 + 2 + 1 + 1);
  for (std::size_t const at_once : {1U, 2U, 3U, 12U}) BOOST_TEST(all_of(t, at_once) == all);

  opened_notes to{on("restored")};
  std::vector<std::string_view> const lines{all.begin(), all.end()};
  auto const first = to.tier.restore(lines, soon());
  BOOST_REQUIRE_MESSAGE(first, why(first));
  BOOST_TEST(first->added == 4U);
  BOOST_TEST(all_of(to.tier) == all);
  auto const again = to.tier.restore(lines, soon());
  BOOST_TEST((again && again->added == 0 && again->there == 4 && again->other == 0));
  BOOST_TEST(keys(to.tier.popular(9, 24h, soon())) == "plain changed");
  BOOST_TEST(sql("select sum(lately) from restored_usage").one_field().as<int>() == 4);
  BOOST_TEST((to.tier.load("changed", soon())->revision == t.load("changed", soon())->revision));
  BOOST_TEST(keys(to.tier.nearest(direction(1536, 0.3), 1, {}, soon())) == "plain");
  BOOST_TEST(keys(to.tier.search_text("second", 9, {}, soon())) == "changed");
  // Nothing that was given is given again, and what is there stays.
  auto const next = to.tier.store("changed", {.id = "changed", .text = "third"}, strata::anything, soon());
  BOOST_TEST((next && next->version == 3 && next->revision > t.load("erased", soon())->revision));
  auto const over = to.tier.restore(lines, soon());
  BOOST_TEST((over && over->added == 0 && over->there == 3 && over->other == 1));
  BOOST_TEST(to.tier.load("changed", soon())->value->text == "third");
  BOOST_TEST((to.tier.store("erased", {.id = "erased"}, strata::anything, soon())->version == 2));
  for (std::string_view const wrong : {"", "{", "[]", "7", "null", "{\"part\": \"asset\", \"row\": {}}"})
    BOOST_TEST((!to.tier.restore({&wrong, 1}, soon()) || to.tier.restore({&wrong, 1}, soon())->added == 0), wrong);
}

BOOST_AUTO_TEST_CASE(of_what_stands_already_nothing_newer_is_restored) {
  opened_notes from{on("dumped_newer")};
  for (int i = 0; i < 4; ++i)
    for (auto const* id : {"kept", "erased"}) save(from.tier, id, std::format("{} of the dump", i));
  BOOST_REQUIRE(from.tier.erase("erased", soon()));
  auto const all = all_of(from.tier);

  opened_notes to{on("standing")};
  for (auto const* id : {"kept", "erased"}) save(to.tier, id, "written here");
  auto const done = put_back(to.tier, all);
  BOOST_REQUIRE_MESSAGE(done, why(done));
  BOOST_TEST((done->added == 0 && done->there == 0 && done->other == 1));
  for (auto const* id : {"kept", "erased"}) {
    auto const there = to.tier.load(id, soon());
    BOOST_REQUIRE_MESSAGE((there && there->value), why(there));
    BOOST_TEST(there->value->text == "written here");
    auto const past = to.tier.history(id, 99, soon());
    BOOST_REQUIRE_MESSAGE((past && !past->empty()), why(past));
    BOOST_TEST((past->front().revision == there->revision));
  }
  save(to.tier, "kept", "written again");
  auto const past = to.tier.history("kept", 99, soon());
  for (std::size_t i = 1; i < past->size(); ++i) BOOST_TEST((*past)[i].version < (*past)[i - 1].version);
}

BOOST_AUTO_TEST_CASE(what_is_archived_or_comes_back_meanwhile_is_in_the_dump) {
  opened_notes of{on("moving")};
  auto& t = of.tier;
  for (auto const* id : {"a", "b", "c"}) save(t, id, "text");
  other sql;
  auto const age = [&] {
    sql("update moving set updated_at = now() - interval '400 days', last_used_at = null where artifact_id = 'b'");
  };
  auto const archive = [&] {
    BOOST_TEST(t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 1U);
  };
  auto const use = [&] { BOOST_REQUIRE(t.add_usage(std::vector<strata::uses>{{"b", 1}}, soon())); };
  for (bool const comes_back : {true, false})
    for (int before = 0; before <= 3; ++before) {
      age();
      if (comes_back) archive();
      int found = 0, pages = 0;
      for (strata::dump_place at; !at.end; ++pages) {
        if (pages == before) comes_back ? use() : archive();
        auto const some = t.dump(at, 1, soon());
        BOOST_REQUIRE_MESSAGE(some, why(some));
        for (auto const& line : *some)
          found += line.contains(R"("artifact_id": "b")") &&
                   (line.contains(R"("part": "asset")") || line.contains(R"("part": "archived")"));
      }
      BOOST_TEST(found == 1, "found " << found << " times, moved after " << before);
      use();
    }
}

BOOST_AUTO_TEST_CASE(what_was_erased_since_the_dump_comes_back_from_it) {
  opened_notes cold{on("backed_up")};
  auto& t = cold.tier;
  other sql;
  for (auto const* id : {"a", "archived", "b"}) save(t, id, "first"), save(t, id, "second");
  sql("update backed_up set updated_at = now() - interval '400 days' where artifact_id = 'archived'");
  BOOST_TEST(t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 1U);
  auto const all = all_of(t);
  auto const b = t.load("b", soon())->revision;
  auto const end = t.changes_since(std::nullopt, 1, soon())->settled;
  std::map<std::string, strata::revision> erased;
  for (auto const* id : {"a", "archived"}) {
    BOOST_REQUIRE(t.erase(id, soon()));
    erased[id] = t.load(id, soon())->revision;
  }
  auto const done = put_back(t, all);
  BOOST_REQUIRE_MESSAGE(done, why(done));
  BOOST_TEST((done->added == 2 && done->there == 1 && done->other == 0));
  BOOST_TEST((t.load("b", soon())->revision == b));
  for (auto const& [id, tombstone] : erased) {
    auto const back = t.load(id, soon());
    BOOST_REQUIRE((back && back->value));
    BOOST_TEST(back->value->text == "second");
    BOOST_TEST(back->version == 2);
    BOOST_TEST((back->revision > tombstone));  // whoever has heard of the erase takes it
    auto const log = t.changes_since(end, 100, soon());
    BOOST_TEST(std::ranges::any_of(log->all,
                                   [&](auto const& one) { return one.key == id && one.revision == back->revision; }));
  }
  BOOST_TEST(sql("select string_agg(artifact_id, ' ') from backed_up_archive").one_field().as<std::string>() ==
             "archived");
  BOOST_TEST((t.store("a", {.id = "a", .text = "third"}, strata::anything, soon())->version == 3));
}

BOOST_AUTO_TEST_CASE(what_comes_back_may_have_a_version_below_that_of_an_earlier_erase) {
  opened_notes cold{on("stuck")};
  auto& t = cold.tier;
  other sql;
  for (auto const* id : {"counted", "erased", "stored"}) {
    for (auto const* text : {"1", "2", "3", "4", "5"}) save(t, id, text);
    BOOST_REQUIRE(t.erase(id, soon()));
    sql("insert into stuck (artifact_id, artifact_type, content_raw, content, version) values ($1, 't', 'theirs', "
        "'{}', 1)",
        id);
    save(t, id, "ours");
  }
  sql("update stuck set updated_at = now() - interval '400 days'");
  BOOST_TEST(t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 3U);
  auto const stored = t.store("stored", {.id = "stored", .text = "new"}, strata::anything, in(3s));
  BOOST_TEST((stored && stored->version == 3), why(stored));
  auto const erased = t.erase("erased", in(3s));
  BOOST_TEST((erased && erased->changed), why(erased));
  std::vector<strata::uses> const counts{{"counted", 1}};
  auto const counted = t.add_usage(counts, in(3s));
  BOOST_TEST(counted.has_value(), why(counted));
}

BOOST_AUTO_TEST_CASE(rows_never_written_since_they_were_found_come_back_together) {
  other sql;
  lay_out_old_rows(sql);
  sql("update knowledge_artifacts set updated_at = null where artifact_id = 'k6'");  // older than any time
  opened_notes cold{on("knowledge_artifacts")};
  auto& t = cold.tier;
  auto const a_year_ago = std::chrono::system_clock::now() - 24h * 365;
  BOOST_TEST(keys(t.unused(a_year_ago, 1, soon())) == "k6");
  BOOST_TEST(t.archivable(a_year_ago, soon()).value() == 6U);
  auto const words = t.search_text("word", 9, {}, soon());
  BOOST_TEST(words->all.size() == 6U);
  auto const lines = all_of(t);
  BOOST_TEST(t.archive(a_year_ago, 9, soon()).value() == 6U);
  save(t, "live", "text");
  auto const end = t.changes_since(std::nullopt, 1, soon())->settled;
  std::vector<strata::uses> const counts{{"k1", 1}, {"k2", 2}, {"live", 3}};
  auto const counted = t.add_usage(counts, soon());
  BOOST_REQUIRE_MESSAGE(counted, why(counted));
  for (auto const& [id, n] : std::map<std::string, std::uint64_t>{{"k1", 1}, {"k2", 2}, {"live", 3}})
    BOOST_TEST(t.usage_of(id, soon()).value()->count == n);
  BOOST_TEST(number(t.load("k1", soon())->revision) == 1U);
  BOOST_TEST(t.changes_since(end, 9, soon())->all.empty());  // copies elsewhere stay right
  auto const found = t.search_text("word", 9, {}, soon());
  BOOST_TEST((keys(found) == "k1 k2" || keys(found) == "k2 k1"), keys(found));

  // Likewise into another table, where each is news.
  opened_notes to{on("restored")};
  BOOST_REQUIRE(to.tier.wait_ready(soon()));
  auto const empty = to.tier.changes_since(std::nullopt, 1, soon())->settled;
  auto const first = put_back(to.tier, lines);
  BOOST_REQUIRE_MESSAGE(first, why(first));
  BOOST_TEST((first->added == 6 && first->there == 0 && first->other == 0));
  auto const log = to.tier.changes_since(empty, 99, soon());
  BOOST_TEST(log->all.size() == 6U);
  for (auto const& one : log->all) BOOST_TEST((to.tier.load(one.key, soon())->revision == one.revision));
  auto const again = put_back(to.tier, lines);
  BOOST_TEST((again && again->added == 0 && again->there + again->other == 6), why(again));
  BOOST_TEST(to.tier.search_text("word", 9, {}, soon())->all.size() == 6U);
}

BOOST_AUTO_TEST_CASE(what_comes_back_takes_the_defaults_of_columns_it_knows_nothing_of) {
  other sql;
  {
    opened_notes cold{on("grown")};
    auto& t = cold.tier;
    for (auto const* id : {"counted", "erased", "stored"}) save(t, id, "text");
    sql("update grown set updated_at = now() - interval '400 days'");
    BOOST_TEST(t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon()).value() == 3U);
    sql("alter table grown add column team text not null default 'nobody', add column place text default 7, "
        "add column number bigint generated by default as identity");
    auto const stored = t.store("stored", {.id = "stored", .text = "new"}, strata::anything, soon());
    BOOST_TEST((stored && stored->version == 2), why(stored));
    auto const erased = t.erase("erased", soon());
    BOOST_TEST((erased && erased->changed), why(erased));
    std::vector<strata::uses> const counts{{"counted", 1}};
    auto const counted = t.add_usage(counts, soon());
    BOOST_TEST(counted.has_value(), why(counted));
    BOOST_TEST(
        sql("select count(*) from grown where team = 'nobody' and place = '7' and number > 0").one_field().as<int>() ==
        2);
  }
  lay_out_old_rows(sql);
  sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, version, "
      "usage_count, success_rate, created_at, updated_at) values ('nulls', 'template', 'n', '{}', null, null, null, "
      "null, "
      "null, null)");
  std::vector<std::string> lines;
  {
    opened_notes cold{on("knowledge_artifacts")};
    lines = all_of(cold.tier);
  }
  opened_notes to{on("restored")};
  auto const done = put_back(to.tier, lines);
  BOOST_REQUIRE_MESSAGE(done, why(done));
  BOOST_TEST(done->added == 7U);
  BOOST_TEST(to.tier.load("nulls", soon())->value->text == "n");
  BOOST_TEST(sql("select success_rate is null from restored where artifact_id = 'nulls'").one_field().as<bool>());
}

BOOST_AUTO_TEST_CASE(what_takes_the_id_of_an_archived_row_stands_in_its_place) {
  opened_notes cold{on("renamed")};
  auto& t = cold.tier;
  other sql;
  auto const archive = [&] {
    sql("update renamed set updated_at = now() - interval '400 days'");
    auto const done = t.archive(std::chrono::system_clock::now() - 24h * 365, 9, soon());
    BOOST_TEST(bool(done), why(done));
  };
  for (auto const* id : {"counted", "erased", "deleted"}) {
    save(t, id, "archived");
    archive();
    save(t, "draft", "renamed");
    sql("update renamed set artifact_id = $1 where artifact_id = 'draft'", id);
    BOOST_TEST(t.load(id, soon())->value->text == "renamed");
  }
  auto const counted = t.add_usage(std::vector<strata::uses>{{"counted", 1}}, soon());
  BOOST_TEST(bool(counted), why(counted));
  auto const erased = t.erase("erased", soon());
  BOOST_TEST((erased && erased->changed), why(erased));
  sql("delete from renamed where artifact_id = 'deleted'");
  for (auto const* id : {"erased", "deleted"}) BOOST_TEST(!t.load(id, soon())->value);
  for (auto const* id : {"counted", "erased", "deleted"}) {
    auto const past = t.history(id, 9, soon());
    BOOST_REQUIRE_MESSAGE(past, why(past));
    BOOST_TEST(past->back().value->text == "archived");
  }
  archive();
}

BOOST_AUTO_TEST_CASE(what_takes_the_id_of_an_erased_row_is_newer_than_the_erase) {
  opened_notes cold{on("retaken")};
  auto& t = cold.tier;
  for (auto const* id : {"taken", "draft"}) save(t, id, id);
  other sql;
  sql("create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(1); return null; end'");
  sql("create trigger slowly after delete on retaken for each row execute function slowly()");
  auto erasing = std::async(std::launch::async, [&] { return t.erase("taken", soon()); });
  while (sql("select from pg_stat_activity where wait_event = 'PgSleep'").empty()) std::this_thread::sleep_for(10ms);
  sql("update retaken set artifact_id = 'taken' where artifact_id = 'draft'");
  auto const erased = erasing.get();
  BOOST_REQUIRE_MESSAGE(erased, why(erased));
  auto const renamed = t.load("taken", soon());
  BOOST_TEST((renamed && renamed->value && renamed->revision > erased->revision), why(renamed));
}

BOOST_AUTO_TEST_CASE(what_other_tables_refer_to_is_not_archived) {
  opened_notes cold{on("parent")};
  auto& t = cold.tier;
  for (auto const* id : {"a", "b", "c"}) save(t, id, "text");
  other sql;
  sql("create table tags (artifact_id text references parent (artifact_id) on delete cascade); insert into tags values "
      "('a'), ('b')");
  auto const refused = t.archive(std::chrono::system_clock::now() + 1h, 9, soon());
  BOOST_TEST((!refused && refused.error() == errc::rejected && refused.error().text().contains("tags")), why(refused));
  BOOST_TEST(sql("select count(*) from tags").one_field().as<int>() == 2);
  BOOST_TEST(sql("select count(*) from parent").one_field().as<int>() == 3);
  sql("drop table tags");
  BOOST_TEST(t.archive(std::chrono::system_clock::now() + 1h, 9, soon()).value() == 3U);
}

BOOST_AUTO_TEST_CASE(limits_and_times_beyond_what_can_be_told_are_the_last_that_can) {
  opened_notes cold{on("endless")};
  auto& t = cold.tier;
  save(t, "a", "text");
  std::vector<strata::uses> const counts{{"a", 1, 0, 1}};
  BOOST_REQUIRE(t.add_usage(counts, soon()));
  auto const all = std::numeric_limits<std::size_t>::max();
  auto const now = std::chrono::system_clock::now();
  BOOST_TEST(keys(t.popular(all, {}, soon())) == "a");
  BOOST_TEST(keys(t.popular(all, 3h, soon())) == "a");
  BOOST_TEST(keys(t.popular(all, 100h, soon())) == "a");
  BOOST_TEST(keys(t.rising(all, 3h, soon())) == "a");
  BOOST_TEST(keys(t.failing(all, 1, soon())) == "a");
  BOOST_TEST(keys(t.failing(all, std::numeric_limits<std::uint64_t>::max(), soon())) == "");
  BOOST_TEST(keys(t.unused(now + 1h, all, soon())) == "a");
  BOOST_TEST(t.history("a", all, soon()).value().size() == 1U);
  other sql;
  for (auto const* far : {"9999-12-31", "infinity"}) {
    sql("update endless set updated_at = $1::timestamptz", far);
    BOOST_TEST((t.history("a", 1, soon())->front().written > now + 24h * 365 * 100), far);
  }
  sql("update endless_usage set last_used_at = '9999-12-31'");
  BOOST_TEST((*t.usage_of("a", soon()).value()->last_used > now + 24h * 365 * 100));
  sql("update endless set updated_at = '0001-01-01', last_used_at = '0001-01-01'");
  BOOST_TEST((t.history("a", 1, soon())->front().written < now - 24h * 365 * 100));
  BOOST_TEST(t.archive(now, all, soon()).value() == 1U);
}

BOOST_AUTO_TEST_CASE(a_vector_may_be_kept_after_the_deadline_and_nobody_is_told_otherwise) {
  opened_notes cold{on("late_vector")};
  auto& t = cold.tier;
  save(t, "a", "text");
  other sql;
  sql("begin");
  sql("select from late_vector where artifact_id = 'a' for update");
  auto const late = t.embed("a", direction(1536, 1), in(300ms));
  BOOST_TEST((!late && late.error() == errc::unknown), why(late));
  sql("commit");
  BOOST_TEST((t.embed("a", direction(1536, 1), in(0ms)).error() == errc::timed_out));  // never sent
}
