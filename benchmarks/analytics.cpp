// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What questions cost on 100,000 assets, asked through a cache, and whether counts add up.
//
//   analytics/popular:10        the most used of all
//   analytics/popular_day:10    the most used in a day in which every asset was used
//   analytics/popular_month:10  the most used in a month; as that of rising, a look at all that were used
//   analytics/rising:10         those that gained most in a day
//   analytics/flush             of the counts of 1,000 assets, drawn at random: p50_ms, p95_ms
//   analytics/search            500 queries of one to three words, drawn by how many assets have them (a third each under
//                               1 %, from 1 to 10 %, over 10 %): p50_ms, p95_ms, and how many were `cut` at 2,000
//   analytics/nearest:10        of 10,000 vectors of 1,536 dimensions in clusters: p50_ms, p95_ms, and `recall` against
//                               the exact answer
//   analytics/counted           reads from four processes, flushed and closed: `reads` and `missing`, which is to be 0
//   analytics/save              a save of a text of about a kilobyte, first with nothing that is searched for, then while
//                               somebody searches after every hundredth: before_us and after_us (p50), what the server
//                               logs for each (wal_before_bytes, wal_after_bytes, without images of whole pages), and how
//                               much longer a search takes for each save before it (indexing_us)
//   analytics/hit/<policy>      a hit in memory of a cache whose reads are counted, and of one whose are not, in turns:
//                               counted_ns, dearer_ns, and the throughput of two threads against one's, two_threads and
//                               two_threads_uncounted
//
// --assets, --vectors, --reads, --queries and --turns make it smaller. Counts that do not add up end it with a failure.
#include <strata/knowledge.hpp>
#include <strata/query/search.hpp>
#include <strata/testing/memory_cold.hpp>

#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/params>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <format>
#include <functional>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;
using asset = strata::knowledge_asset;
using assets = strata::cache<strata::hot::lru, strata::none, strata::cold::postgres, strata::codec::json<asset>>;

struct sizes {
  std::size_t assets = 100'000, vectors = 10'000, reads = 10'000'000, queries = 500, turns = 30;
};

std::string server() {
  auto const* where = std::getenv("STRATA_TEST_POSTGRES");
  if (where == nullptr) throw std::runtime_error{"STRATA_TEST_POSTGRES is not set"};
  return where;
}

template <class T>
T good(strata::result<T>&& given) {
  if (!given) throw std::runtime_error{std::format("{}", given.error())};
  if constexpr (!std::is_void_v<T>) return std::move(*given);
}

double ms(steady::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }
double quantile(std::vector<double> all, double q) {
  std::ranges::sort(all);
  return all.empty() ? 0 : all[std::min(all.size() - 1, static_cast<std::size_t>(q * static_cast<double>(all.size())))];
}

/// Assets whose words are as frequent as words are: the k-th with 1 / k.
class corpus {
 public:
  static constexpr std::size_t words = 20'000;
  explicit corpus(std::size_t n) : weights_(words) {
    for (std::size_t k = 0; k < words; ++k) weights_[k] = 1.0 / static_cast<double>(k + 1);
    std::discrete_distribution<std::size_t> draw{weights_.begin(), weights_.end()};
    frequency_.resize(words);
    for (std::size_t i = 0; i < n; ++i) {
      std::set<std::size_t> seen;
      asset a{.id = std::format("bench/{:06}", i), .asset_type = "template"};
      for (int w = 0; w < 120; ++w) {
        auto const k = draw(random_);
        if (seen.insert(k).second) ++frequency_[k];
        a.data += word(k) + (w % 12 == 11 ? '\n' : ' ');
      }
      all_.push_back(std::move(a));
    }
  }
  [[nodiscard]] std::vector<asset> const& all() const { return all_; }
  std::string query() {
    static constexpr std::pair<double, double> shares[] = {{0.0001, 0.01}, {0.01, 0.1}, {0.1, 1.0}};
    auto const [low, high] = shares[drawn_++ % 3];
    std::string text;
    for (auto n = 1 + random_() % 3; n > 0; --n) {
      std::size_t k = 0;
      for (double share = -1; share < low || share >= high;) {
        k = random_() % words;
        if (low >= 0.1) k %= 60;
        share = static_cast<double>(frequency_[k]) / static_cast<double>(all_.size());
      }
      text += (text.empty() ? "" : " ") + word(k);
    }
    return text;
  }

 private:
  static std::string word(std::size_t k) {
    std::string text = "w";
    for (k += 7; k > 0; k /= 20) text += "bcdfghjklmnpqrstvwxz"[k % 20], text += "aeiou"[k % 5];
    return text;
  }
  std::vector<double> weights_;
  std::vector<std::size_t> frequency_;
  std::vector<asset> all_;
  std::minstd_rand random_{1};
  std::size_t drawn_ = 0;
};

class bench {
 public:
  explicit bench(sizes const& n)
      : n_{n},
        corpus_{n.assets},
        cache_{{.hot = {.capacity_entries = 1'000},
                .cold = {.connection = server()},
                .limits = {.read_within = 60s, .write_within = 60s}}},  // late is a figure, and no failure
        sql_{server()} {
    sql_.set_notice_handler([](pqxx::zview) {});
    good(cache_.ready({.within = 20s}));
    std::size_t at = 0;
    while (at < n_.assets) {
      std::vector<asset> part;
      for (; part.size() < 1'000 && at < n_.assets; ++at) part.push_back(corpus_.all()[at]);
      for (auto& one : cache_.put_many(part, {.within = 60s})) (void)good(std::move(one));
    }
    run("insert into knowledge_artifacts_usage (artifact_id, uses, last_used_at) select artifact_id, 1 + (random() * "
        "1e6)::int, now() "
        "from knowledge_artifacts");
    run("insert into knowledge_artifacts_usage_hours select date_trunc('hour', now(), 'UTC') - (random() * 20)::int * "
        "interval '1 hour', "
        "artifact_id, 1 + (random() * 1e3)::int, 0, 0 from knowledge_artifacts");
    run("vacuum analyze");
  }

  void popular(benchmark::State& state, std::chrono::hours window) {
    for (auto _ : state) benchmark::DoNotOptimize(good(strata::popular(cache_, 10, window)));
  }

  void rising(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(good(strata::rising(cache_, 10)));
  }

  void flush(benchmark::State& state) {
    std::minstd_rand random{1};
    std::vector<double> times;
    for (auto _ : state)
      for (std::size_t turn = 0; turn < n_.turns; ++turn) {
        good(cache_.flush({.within = 60s}));
        std::set<std::string> names;
        while (names.size() < std::min<std::size_t>(1'000, n_.assets))
          names.insert(corpus_.all()[random() % n_.assets].id);
        for (auto const& name : names) (void)cache_.get(name, {.within = 60s});
        auto const start = steady::now();
        good(cache_.flush({.within = 60s}));
        times.push_back(ms(steady::now() - start));
      }
    state.counters["p50_ms"] = quantile(times, 0.5);
    state.counters["p95_ms"] = quantile(times, 0.95);
  }

  void search(benchmark::State& state) {
    while (good(strata::search_text(cache_, "nothing", 1, {}, {.within = 60s})).incomplete) {
    }
    run("vacuum analyze knowledge_artifacts_words");
    std::vector<double> times;
    std::size_t cut = 0, found = 0;
    for (auto _ : state)
      for (std::size_t i = 0; i < n_.queries; ++i) {
        auto const words = corpus_.query();
        auto const start = steady::now();
        auto const all = good(strata::search_text(cache_, words, 10));
        times.push_back(ms(steady::now() - start));
        cut += all.cut;
        found += all.all.size();
      }
    state.counters["p50_ms"] = quantile(times, 0.5);
    state.counters["p95_ms"] = quantile(times, 0.95);
    state.counters["cut"] = static_cast<double>(cut);
    state.counters["found"] = static_cast<double>(found) / static_cast<double>(times.size());
  }

  void nearest(benchmark::State& state) {
    static constexpr std::size_t dimensions = 1536;
    std::mt19937 random{1};
    std::normal_distribution<float> normal;
    auto const draw = [&](std::vector<float> const& around, float spread) {
      std::vector<float> v(dimensions);
      for (std::size_t i = 0; i < dimensions; ++i) v[i] = (around.empty() ? 0.0F : around[i]) + spread * normal(random);
      auto const length = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0F));
      for (auto& x : v) x /= length;
      return v;
    };
    // The index is made when the vectors are there, which is faster, by the command that made it before they were.
    auto const index = text(
        "select indexrelid::regclass || '\n' || pg_get_indexdef(indexrelid) from pg_index where indrelid "
        "= 'knowledge_artifacts'::regclass and pg_get_indexdef(indexrelid) like '%USING hnsw%'");
    run("drop index " + index.substr(0, index.find('\n')));
    std::vector<std::vector<float>> centres, all;
    for (int i = 0; i < 100; ++i) centres.push_back(draw({}, 1));
    for (std::size_t i = 0; i < n_.vectors; ++i) {
      all.push_back(draw(centres[random() % centres.size()], 0.03F));
      good(strata::embed(cache_, corpus_.all()[i].id, all.back(), {.within = 30s}));
    }
    run("set maintenance_work_mem = '512MB'");
    run(index.substr(index.find('\n')));
    run("vacuum analyze knowledge_artifacts");
    std::vector<double> times;
    std::size_t right = 0, wanted = 0;
    for (auto _ : state)
      for (int q = 0; q < 200; ++q) {
        auto const v = draw(centres[random() % centres.size()], 0.03F);
        auto const start = steady::now();
        auto const found = good(strata::nearest(cache_, v, 10));
        times.push_back(ms(steady::now() - start));
        std::vector<std::pair<float, std::size_t>> exact;
        for (std::size_t i = 0; i < all.size(); ++i)
          exact.emplace_back(-std::inner_product(v.begin(), v.end(), all[i].begin(), 0.0F), i);
        std::ranges::partial_sort(exact, exact.begin() + 10);
        for (int i = 0; i < 10; ++i, ++wanted)
          right += std::ranges::contains(found.all, corpus_.all()[exact[static_cast<std::size_t>(i)].second].id,
                                         &strata::match<asset>::key);
      }
    state.counters["p50_ms"] = quantile(times, 0.5);
    state.counters["p95_ms"] = quantile(times, 0.95);
    state.counters["recall"] = static_cast<double>(right) / static_cast<double>(wanted);
  }

  void counted(benchmark::State& state) {
    auto const sum = [&] { return one("select sum(uses) from knowledge_artifacts_usage"); };
    auto const before = sum();
    for (auto _ : state) {
      std::vector<pid_t> children;
      for (unsigned p = 0; p < 4; ++p) {
        auto const child = ::fork();
        if (child == 0) std::_Exit(read(p));
        children.push_back(child);
      }
      for (auto const child : children) {
        int status = 0;
        ::waitpid(child, &status, 0);
        if (status != 0) wrong_ = true;
      }
    }
    auto const reads = static_cast<double>(n_.reads / 4 * 4) * static_cast<double>(state.iterations());
    state.counters["reads"] = reads;
    auto const missing = reads - (sum() - before);
    state.counters["missing"] = missing;
    if (missing != 0) wrong_ = true;
  }

  [[nodiscard]] bool wrong() const { return wrong_; }

  void save(benchmark::State& state) {
    std::vector<double> plain, beside, indexing;
    std::size_t at = 0;
    auto const put = [&](std::vector<double>& times) {
      auto a = corpus_.all()[at++ % n_.assets];
      a.data += std::to_string(at);
      auto const start = steady::now();
      (void)good(cache_.put(a));
      times.push_back(1'000 * ms(steady::now() - start));
    };
    auto const search = [&](std::string const& words) {
      auto const start = steady::now();
      (void)good(strata::search_text(cache_, words, 10));
      return 1'000 * ms(steady::now() - start);
    };
    auto const logged = [&] { return one("select pg_current_wal_insert_lsn() - '0/0'"); };
    // An image of a page after a checkpoint says how long ago that was, not what a save costs.
    run("alter system set full_page_writes = off");
    run("select pg_reload_conf()");
    double before = 0, after = 0;
    for (auto _ : state) {
      search(corpus_.query());
      auto const from = logged();
      for (int i = 0; i < 1'000; ++i) put(plain);
      auto const between = logged();
      search(corpus_.query());  // indexes what was saved before
      auto const then = logged();
      for (int i = 0; i < 1'000; ++i) {
        put(beside);
        if (i % 100 != 99) continue;
        auto const words = corpus_.query();
        auto const first = search(words);
        indexing.push_back((first - search(words)) / 100);
      }
      before += between - from, after += logged() - then;
    }
    run("alter system reset full_page_writes");
    run("select pg_reload_conf()");
    state.counters["before_us"] = quantile(plain, 0.5);
    state.counters["after_us"] = quantile(beside, 0.5);
    state.counters["wal_before_bytes"] = before / static_cast<double>(plain.size());
    state.counters["wal_after_bytes"] = after / static_cast<double>(beside.size());
    state.counters["indexing_us"] = quantile(indexing, 0.5);
  }

 private:
  int read(unsigned process) {
    try {
      auto opened = assets::open({.hot = {.capacity_entries = 500}, .cold = {.connection = server()}});
      if (!opened) return 1;
      std::minstd_rand random{process + 1};
      for (std::size_t i = 0; i < n_.reads / 4; ++i)
        if (!opened->get(corpus_.all()[random() % 1'000 < 999 ? random() % 400 : random() % n_.assets].id)) return 2;
      opened->close(30s);
      return 0;
    } catch (...) {
      return 3;
    }
  }
  void run(std::string_view text) { pqxx::nontransaction{sql_}.exec(text); }
  std::string text(std::string_view query) { return pqxx::nontransaction{sql_}.exec(query).one_field().c_str(); }
  double one(std::string_view text) { return pqxx::nontransaction{sql_}.exec(text).one_field().as<double>(); }

  sizes n_;
  corpus corpus_;
  assets cache_;
  pqxx::connection sql_;
  bool wrong_ = false;
};

// The same cache twice, the second with a cold tier that does not want to know of reads.
struct uncounted {
  using options = strata::testing::memory_cold::options;
  template <class Key, class Value, class Context>
  struct tier : strata::testing::memory_cold::tier<Key, Value, Context> {
    using strata::testing::memory_cold::tier<Key, Value, Context>::tier;
    void add_usage() = delete;
  };
};
template <class Hot, class Cold>
using small_cache = strata::cache<Hot, strata::none, Cold, strata::codec::json<asset>, strata::single_writer>;

/// Hits by one thread and by two; the other one is always there.
template <class Hot, class Cold>
class hitting {
 public:
  static constexpr std::size_t keys = 1'000, hits = 500'000;

  hitting() {
    for (std::size_t i = 0; i < keys; ++i) {
      names_.push_back(std::format("bench/{:06}", i));
      (void)good(cache_.put({.id = names_.back(), .data = "text"}));
    }
    std::minstd_rand random{1};
    order_.resize(1U << 14U);
    for (auto& one : order_) one = static_cast<std::uint32_t>(random() % keys);
  }
  /// \returns nanoseconds of all, for so many threads that hit at once
  double take(unsigned threads) {
    both_ = threads == 2;
    together_.arrive_and_wait();
    auto const start = steady::now();
    hit(0);
    together_.arrive_and_wait();
    return std::chrono::duration<double, std::nano>(steady::now() - start).count();
  }

 private:
  void hit(std::size_t from) {
    std::size_t found = 0;
    for (std::size_t i = 0; i < hits; ++i)
      found += cache_.visit(names_[order_[(from + i) % order_.size()]], [](asset const& a) { return a.data.size(); })
                   .value()
                   .value_or(0);
    if (found != 4 * hits) std::terminate();
  }
  small_cache<Hot, Cold> cache_{{.hot = {.capacity_entries = 2 * keys}}};
  std::vector<std::string> names_;
  std::vector<std::uint32_t> order_;
  std::barrier<> together_{2};
  bool both_ = false;
  std::jthread other_{[this](std::stop_token const& stop) {
    for (;;) {
      together_.arrive_and_wait();
      if (stop.stop_requested()) return;
      if (both_) hit(5'000);
      together_.arrive_and_wait();
    }
  }};

 public:
  ~hitting() {
    other_.request_stop();
    together_.arrive_and_wait();
  }
};

template <class Hot>
void hit(benchmark::State& state, std::size_t turns) {
  hitting<Hot, strata::testing::memory_cold> counted;
  hitting<Hot, uncounted> plain;
  std::vector<double> one, dearer, two, two_plain;
  for (auto _ : state)
    for (std::size_t turn = 0; turn < turns; ++turn) {
      auto const each = static_cast<double>(counted.hits);
      auto const mine = counted.take(1), theirs = plain.take(1);
      one.push_back(mine / each);
      dearer.push_back((mine - theirs) / each);
      two.push_back(2 * mine / counted.take(2));
      two_plain.push_back(2 * theirs / plain.take(2));
    }
  state.counters["counted_ns"] = quantile(one, 0.5);
  state.counters["dearer_ns"] = quantile(dearer, 0.5);
  state.counters["two_threads"] = quantile(two, 0.5);
  state.counters["two_threads_uncounted"] = quantile(two_plain, 0.5);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  sizes n;
  CLI::App app;
  app.add_option("--assets", n.assets);
  app.add_option("--vectors", n.vectors);
  app.add_option("--reads", n.reads);
  app.add_option("--queries", n.queries);
  app.add_option("--turns", n.turns);
  CLI11_PARSE(app, argc, argv);
  n.vectors = std::min(n.vectors, n.assets);
  std::optional<bench> all;  // made for the first that wants it
  auto const add = [&](char const* name, auto f) {
    return benchmark::RegisterBenchmark(
               name, [&all, n, f](benchmark::State& state) { f(all ? *all : all.emplace(n), state); })
        ->Unit(benchmark::kMillisecond);
  };
  add("analytics/popular:10", [](bench& b, benchmark::State& s) { b.popular(s, 0h); });
  add("analytics/popular_day:10", [](bench& b, benchmark::State& s) { b.popular(s, 24h); });
  add("analytics/popular_month:10", [](bench& b, benchmark::State& s) { b.popular(s, 720h); });
  add("analytics/rising:10", [](bench& b, benchmark::State& s) { b.rising(s); });
  add("analytics/flush", [](bench& b, benchmark::State& s) { b.flush(s); })->Iterations(1);
  add("analytics/search", [](bench& b, benchmark::State& s) { b.search(s); })->Iterations(1);
  add("analytics/nearest:10", [](bench& b, benchmark::State& s) { b.nearest(s); })->Iterations(1);
  add("analytics/save", [](bench& b, benchmark::State& s) { b.save(s); })->Iterations(1);
  add("analytics/counted", [](bench& b, benchmark::State& s) { b.counted(s); })->Iterations(1);
  benchmark::RegisterBenchmark("analytics/hit/lru", hit<strata::hot::lru>, n.turns)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1);
  benchmark::RegisterBenchmark("analytics/hit/sieve", hit<strata::hot::sieve>, n.turns)
      ->Unit(benchmark::kMillisecond)
      ->Iterations(1);
  benchmark::RunSpecifiedBenchmarks();
  return all && all->wrong() ? 1 : 0;
}
