// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What an observer counts, what it costs a hit in memory, and how Prometheus is told. data.py goes on with what this wrote.
#include <strata/batch.hpp>
#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/hot/lru.hpp>
#include <strata/observe/counters.hpp>
#include <strata/observe/prometheus.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>
#include <strata/testing/parallel.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

using namespace strata;
using namespace std::chrono_literals;
using observe::counters;
using observe::histogram;
using observe::prometheus;
using observe::timings;
using testing::memory_cold;
using testing::memory_warm;

namespace {

struct note {
  BOOST_HANA_DEFINE_STRUCT(note, (std::string, id), (std::string, text), (int, version));
};

/// The clock of the tests below, which only moves when somebody reads it: a microsecond each time.
struct counted_clock {
  using moment = std::chrono::steady_clock::time_point;
  [[nodiscard]] static moment now() noexcept { return moment{std::chrono::microseconds{++reads}}; }
  static inline std::atomic<std::int64_t> reads{0};
};

/// One that the test moves while the cache's own thread reads it.
struct moved_clock {
  using moment = std::chrono::steady_clock::time_point;
  std::atomic<moment> time{moment{} + 100h};
  [[nodiscard]] moment now() const noexcept { return time; }
};

using notes = cache<hot::lru, memory_warm, memory_cold, codec::json<note>, observer<counters>>;
using in_memory = cache<hot::lru, none, none, codec::none<note>, observer<counters>, strata::clock<counted_clock>>;

static_assert(hears_hit<counters> && hears_miss<counters> && hears_stored<counters> && hears_failed<counters> &&
              hears_fenced<counters> && hears_degraded<counters> && hears_times<counters>);
static_assert(!hears_times<no_observer> && !std::is_polymorphic_v<counters> && !std::is_polymorphic_v<prometheus>);

/// The value of the one sample that begins like this; -1 when there is none.
double value_of(std::string const& page, std::string_view sample) {
  auto const at = page.find("\n" + std::string{sample} + " ");
  return at == std::string::npos ? -1 : std::stod(page.substr(at + sample.size() + 2));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(observing)

BOOST_AUTO_TEST_CASE(a_histogram_is_off_by_an_eighth_at_most_and_bounds_belong_to_their_bucket) {
  for (std::int64_t ns = 1; ns < 60'000'000'000; ns += ns / 7 + 1) {
    auto const i = timings::index(std::chrono::nanoseconds{ns});
    std::chrono::nanoseconds const upper = timings::upper(i);
    BOOST_REQUIRE(upper.count() >= ns);
    BOOST_REQUIRE(upper.count() <= ns + ns / 8 + 1'000);
    BOOST_REQUIRE(timings::index(upper) == i);
    BOOST_REQUIRE(timings::index(upper + 1ns) == i + 1);
  }
  BOOST_TEST(timings::index(-5ns) == 0u);
  BOOST_TEST(timings::index(24h) == timings::buckets - 1);

  histogram h;
  for (int i = 1; i <= 1000; ++i) h.add(std::chrono::microseconds{i});
  auto const before = h.snapshot();
  BOOST_TEST(before.count() == 1000u);
  BOOST_TEST((before.sum == 500'500us));
  BOOST_TEST((before.quantile(0.5) >= 500us && before.quantile(0.5) <= 563us));
  BOOST_TEST((before.quantile(1) >= 1000us && before.quantile(1) <= 1125us));
  BOOST_TEST((timings{}.quantile(0.5) == 0us));
  h.add(30ms);
  auto const since = h.snapshot() - before;
  BOOST_TEST((since.count() == 1 && since.sum == 30ms && since.quantile(0.5) >= 30ms));
}

BOOST_AUTO_TEST_CASE(no_count_of_many_threads_is_lost) {
  counters const seen;
  testing::in_parallel(4, [mine = seen](std::size_t) {
    for (int i = 0; i < 10'000; ++i) {
      mine.hit(tier::hot);
      mine.hit(tier::warm);
      mine.miss(tier::warm, miss::damaged);
      mine.miss(tier::hot, miss::expired);
      mine.read_took(tier::cold, 1ms);
    }
  });
  auto const all = seen.snapshot();
  BOOST_TEST(all.warm.hits == 40'000u);
  BOOST_TEST((all.cold.hits == 0 && all.cold.misses[static_cast<std::size_t>(miss::expired)] == 0));
  BOOST_TEST(all.warm.misses[static_cast<std::size_t>(miss::damaged)] == 40'000u);
  BOOST_TEST((all.cold.reads.count() == 40'000 && all.cold.reads.sum == 40s));
}

BOOST_AUTO_TEST_CASE(a_hit_in_memory_reads_no_clock) {
  counters const seen;
  in_memory cache{{.observer = seen}};
  BOOST_REQUIRE(cache.put({"a", "text", 0}));
  auto const before = counted_clock::reads.load();
  for (int i = 0; i < 100; ++i) BOOST_REQUIRE((cache.get("a").tier() == tier::hot));
  BOOST_TEST(counted_clock::reads.load() == before);
  BOOST_TEST(cache.stats().hot.hits == 100u);
}

BOOST_AUTO_TEST_CASE(what_happens_below_memory_is_counted_and_exported) {
  auto const warm = std::make_shared<memory_warm::shelf>();
  auto const cold = std::make_shared<memory_cold::shelf<note>>();
  counters const seen;
  notes cache{{.hot = {.capacity_entries = 2}, .warm = {.shared = warm}, .cold = {.shared = cold}, .observer = seen}};
  BOOST_REQUIRE(cache.ready({.within = 20s}));
  for (auto const* id : {"key-of-the-test", "b", "c"}) BOOST_REQUIRE(cache.put({id, "text", 0}));
  BOOST_REQUIRE((cache.get("key-of-the-test").tier() == tier::warm));
  BOOST_REQUIRE((cache.get("key-of-the-test").tier() == tier::hot));
  BOOST_REQUIRE(cache.get("nobody").absent());
  BOOST_REQUIRE(cache.flush());

  auto const all = seen.snapshot();
  BOOST_TEST(all.warm.hits == 1u);
  BOOST_TEST(all.warm.misses[static_cast<std::size_t>(miss::vacant)] == 1u);
  BOOST_TEST(all.cold.misses[static_cast<std::size_t>(miss::vacant)] == 1u);
  BOOST_TEST((all.warm.stores == 3 && all.cold.stores == 3));
  BOOST_TEST((all.warm.reads.count() == 2 && all.cold.reads.count() == 1));
  BOOST_TEST((all.cold.writes.count() >= 3 && all.cold.writes.sum > 0ns));
  auto const s = cache.stats();
  BOOST_TEST((s.warm.hits == all.warm.hits && s.cold.stores == all.cold.stores));
  BOOST_TEST((s.usage.flushes >= 1 && s.usage.failed_flushes == 0 && s.usage.lost == 0));
  BOOST_TEST((s.now.flights == 0 && s.now.floors >= 3));

  prometheus page;
  page.add(cache, seen);
  auto const text = page.text();
  BOOST_TEST(value_of(text, R"(strata_hits_total{tier="hot"})") == 1);
  BOOST_TEST(value_of(text, R"(strata_hits_total{tier="warm"})") == 1);
  BOOST_TEST(value_of(text, R"(strata_misses_total{tier="warm",reason="vacant"})") == 1);
  BOOST_TEST(value_of(text, R"(strata_misses_total{tier="warm",reason="foreign_key"})") == 0);
  BOOST_TEST(value_of(text, R"(strata_stores_total{tier="cold"})") == 3);
  BOOST_TEST(value_of(text, R"(strata_entries{tier="hot"})") == 2);
  BOOST_TEST(value_of(text, R"(strata_evictions_total{tier="hot"})") == 2);
  BOOST_TEST(value_of(text, R"(strata_tier_latency_seconds_count{tier="warm",direction="read"})") == 2);
  BOOST_TEST(value_of(text, R"(strata_tier_latency_seconds_bucket{tier="warm",direction="read",le="+Inf"})") == 2);
  BOOST_TEST(value_of(text, R"(strata_tier_latency_seconds_bucket{tier="warm",direction="read",le="16.777216"})") == 2);
  BOOST_TEST(value_of(text, R"(strata_breaker_open{tier="cold",direction="write"})") == 0);
  BOOST_TEST(value_of(text, "strata_memory_fresh") == 1);
  BOOST_TEST(value_of(text, "strata_feed_up") == 1);
  BOOST_TEST((value_of(text, "strata_lease_age_seconds") >= 0 && value_of(text, "strata_feed_lag_seconds") >= 0));
  std::ofstream{STRATA_TEST_METRICS} << text;
}

BOOST_AUTO_TEST_CASE(what_has_expired_is_told_apart_from_what_is_not_there_in_each_tier) {
  moved_clock clock;
  counters const seen;
  cache<hot::lru, none, memory_cold, codec::json<note>, observer<counters>, strata::clock<moved_clock>, single_writer,
        expiry>
      cache{{.observer = seen, .clock = &clock}};
  BOOST_REQUIRE(cache.put({"a", "text", 0}, {.expires_in = 1s}));
  clock.time = clock.now() + 2s;
  BOOST_TEST((cache.get("a").absent() && cache.get("nobody").absent() && cache.get("no other").absent()));
  BOOST_TEST((cache.stats().cold.absent == 3 && cache.stats().cold.expired == 1));
  prometheus page;
  page.add(cache, seen);
  auto const text = page.text();
  for (std::string const in : {"hot", "cold"}) {
    BOOST_TEST(value_of(text, "strata_misses_total{tier=\"" + in + "\",reason=\"vacant\"}") == 2);
    BOOST_TEST(value_of(text, "strata_misses_total{tier=\"" + in + "\",reason=\"expired\"}") == 1);
  }
}

BOOST_AUTO_TEST_CASE(how_old_what_is_known_has_become_is_exported) {
  auto const warm = std::make_shared<memory_warm::shelf>();
  auto const cold = std::make_shared<memory_cold::shelf<note>>();
  counters const seen;
  notes cache{{.warm = {.shared = warm}, .cold = {.shared = cold}, .observer = seen}};
  BOOST_REQUIRE(cache.ready({.within = 20s}));
  warm->cut();
  cold->cut();
  std::string text;
  auto const old = [&] {
    prometheus page;
    page.add(cache, seen);
    text = page.text();
    return value_of(text, "strata_lease_age_seconds") > 1 && value_of(text, "strata_horizon_age_seconds") > 1;
  };
  for (auto const until = std::chrono::steady_clock::now() + 20s; !old() && std::chrono::steady_clock::now() < until;)
    std::this_thread::sleep_for(10ms);
  BOOST_TEST(value_of(text, "strata_lease_age_seconds") > 1);
  BOOST_TEST(value_of(text, "strata_horizon_age_seconds") > 1);
  BOOST_TEST((value_of(text, "strata_memory_fresh") == 0 && value_of(text, "strata_feed_up") == 0));
}

BOOST_AUTO_TEST_CASE(an_erase_counts_as_a_write_does) {
  auto const cold = std::make_shared<memory_cold::shelf<note>>();
  counters const seen;
  cache<hot::lru, memory_warm, memory_cold, codec::json<note>, observer<counters>, single_writer> cache{
      {.cold = {.shared = cold}, .observer = seen}};
  BOOST_REQUIRE((cache.put({"a", "text", 0}) && cache.erase("a")));
  BOOST_TEST((seen.snapshot().cold.stores == 2 && seen.snapshot().warm.stores == 2));
  BOOST_TEST((cache.stats().cold.stores == 2 && cache.stats().warm.stores == 2));
  cold->cut();
  BOOST_TEST((cache.erase("a").error() == errc::unavailable));
  BOOST_TEST(seen.snapshot().cold.failures[static_cast<std::size_t>(errc::unavailable)] == 1u);
  BOOST_TEST(cache.stats().cold.failures == 1u);
}

BOOST_AUTO_TEST_CASE(a_lost_race_and_a_call_without_time_are_no_failures_of_a_tier) {
  counters const seen;
  cache<hot::lru, memory_warm, memory_cold, codec::json<note>, observer<counters>, single_writer> cache{
      {.observer = seen}};
  BOOST_REQUIRE(cache.put({"a", "text", 0}));
  BOOST_TEST((cache.put_if(revision{}, {"a", "other", 0}).error() == errc::conflict));
  BOOST_TEST((cache.get("nobody", {.within = -1ms}).error() == errc::timed_out));
  BOOST_TEST(
      (cache.get_many(std::vector<std::string>{"nobody"}, {.within = -1ms})[0].second.error() == errc::timed_out));
  BOOST_TEST((cache.put({"b", "text", 0}, {.within = -1ms}).error() == errc::timed_out));
  auto const all = seen.snapshot();
  for (auto const& one : {all.warm, all.cold}) {
    for (auto const count : one.failures) BOOST_TEST(count == 0u);
    for (auto const count : one.misses) BOOST_TEST(count == 0u);
  }
  BOOST_TEST((cache.stats().warm.failures == 0 && cache.stats().cold.failures == 0));
}

BOOST_AUTO_TEST_CASE(an_erase_counts_as_a_write_does_where_warm_is_the_truth) {
  cache<hot::lru, memory_warm, none, codec::json<note>> cache{{}};
  BOOST_REQUIRE((cache.put({"a", "text", 0}) && cache.erase("a") && cache.erase("nobody")));
  BOOST_TEST(cache.stats().warm.stores == 2u);
}

BOOST_AUTO_TEST_CASE(what_many_bring_up_counts_one_by_one) {
  auto const cold = std::make_shared<memory_cold::shelf<note>>();
  for (auto const* id : {"a", "b", "c"}) BOOST_REQUIRE(cold->put(id, {id, "text", 0}, anything));
  cache<none, memory_warm, memory_cold, codec::json<note>, single_writer> cache{{.cold = {.shared = cold}}};
  for (auto const& [id, found] : cache.get_many(std::vector<std::string>{"a", "b", "nobody"}))
    BOOST_TEST(!found.failed());
  BOOST_TEST(cache.stats().warm.promotions == 2u);
  BOOST_TEST((cache.get("c") && cache.stats().warm.promotions == 3));
}

BOOST_AUTO_TEST_CASE(several_caches_on_one_page) {
  counters const seen;
  in_memory one{{.observer = seen}};
  in_memory other{{.observer = seen}};
  (void)one.put({"a", "text", 0});
  (void)one.get("a");
  prometheus page;
  page.add(one, seen, "one");
  page.add(other, seen, "a \"strange\"\nname\\");
  page.add_gauge("process_resident_memory_bytes", "Resident memory.", 4096);
  page.add_gauge("hit_ratio", "Hits of\nall \\ reads.", -std::numeric_limits<double>::quiet_NaN());
  auto const text = page.text();
  BOOST_TEST(value_of(text, R"(strata_hits_total{cache="one",tier="hot"})") == 1);
  BOOST_TEST(value_of(text, R"(strata_hits_total{cache="a \"strange\"\nname\\",tier="hot"})") == 0);
  BOOST_TEST(value_of(text, "process_resident_memory_bytes") == 4096);
  BOOST_TEST(text.contains("# HELP hit_ratio Hits of\\nall \\\\ reads.\n# TYPE hit_ratio gauge\nhit_ratio NaN\n"));
  BOOST_TEST(text.find("tier=\"warm\"") == std::string::npos);  // there is none
  auto const help = text.find("# HELP strata_hits_total");
  BOOST_TEST((help != std::string::npos && text.find("# HELP strata_hits_total", help + 1) == std::string::npos));
}

BOOST_AUTO_TEST_SUITE_END()
