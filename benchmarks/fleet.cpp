// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A fleet of eight processes on the real corpus, with Strata and with what people write instead: how fast it is, how many
// reads were older than they should have been, and how many lines it took. One row per contender, fleet/<name>:
//
//   strata         the usual configuration: memory, JetStream, PostgreSQL
//   mutex_map      a map behind a mutex in each process, in front of PostgreSQL
//   redis_aside    the same, with copies in Valkey and publish/subscribe to tell of changes
//   postgres_only  PostgreSQL alone
//   nats_kv        a NATS key-value bucket as the only store, mirrored by a watch
//
// They use the same servers one after another, with files on disk and the servers' own settings; the database is emptied
// before each. The processes have two threads that call without a pause: templates by Zipf 0.99 in an order that a
// fixed seed made, 95 % reads, 5 % writes, each of which makes a new value. Meanwhile a process is killed, then NATS or
// Valkey (kill -9), then PostgreSQL (immediate stop); each comes back. What a contender does not use is not killed.
//
// Counters: `throughput` answered calls a second; `p50_us` and `p99_us` of answered reads, `write_p50_us` and
// `write_p99_us` of writes, and of the first quarter, before anything is killed, `calm_throughput`, `calm_write_p50_us` and
// `calm_write_p99_us`; `failed_reads` and `failed_writes`, mostly while something was down, when who fails at once
// fails more often; `stale`, `backward` and `wrong` as fleet/history.hpp defines them, of `reads`, `unverified` of which the
// contender itself called possibly old, so that they are not stale; `lines` of user code, without blank lines, comments
// and includes: the marked regions of the contender's files.
//
// What is equal: the fields stored; entries in memory, but for nats_kv, which keeps all; and durability, but for nats_kv
// again, whose server acknowledges what its disk does not have yet. Strata alone counts every read and keeps the history of
// every key.
#include <benchmark/benchmark.h>
#include <CLI/CLI.hpp>
#include <pqxx/connection>
#include <pqxx/nontransaction>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <format>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../examples/knowledge/corpus.hpp"
#include "../examples/knowledge/zipf.hpp"
#include "fleet/arguments.hpp"
#include "fleet/mutex_map.hpp"
#include "fleet/nats_kv.hpp"
#include "fleet/postgres_only.hpp"
#include "fleet/redis_aside.hpp"
#include "fleet/strata.hpp"
#include "fleet/watch.hpp"

namespace {

using namespace fleet;

struct arguments {
  double seconds = 60;
  std::size_t processes = 8;
  std::size_t templates = 1'000'000;
  std::string corpus = "/usr/share/vim-snippets";
  std::int64_t bound_ms = 1'000;
  std::int64_t map_expiry_ms = 1'000;
};
arguments given_arguments;
std::set<std::string> sound;  // rows that came out whole

/// Lines of code in the marked regions of these files of benchmarks/fleet.
std::size_t lines_of(std::initializer_list<char const*> files) {
  std::size_t count = 0;
  for (std::string const file : files) {
    std::ifstream in{STRATA_FLEET_SOURCES "/" + file};
    bool inside = false;
    std::size_t before = count;
    for (std::string line; std::getline(in, line);) {
      std::string_view text = line;
      text.remove_prefix(std::min(text.size(), text.find_first_not_of(' ')));
      if (text == "// [user code]" || text == "// [/user code]")
        inside = text == "// [user code]";
      else if (inside && !text.empty() && !text.starts_with("//"))
        ++count;
    }
    if (inside || count == before) throw std::runtime_error{file + " has no region of user code"};
  }
  return count;
}

workload const& work() {
  static workload const all = [] {
    workload w{.processes = given_arguments.processes};
    for (auto const& d : knowledge_tool::read_corpus({given_arguments.corpus}).documents) {
      if (w.documents.size() == given_arguments.templates) break;
      w.documents.push_back({d.id, knowledge_tool::text_of(d), d.metadata});
    }
    if (w.documents.empty()) throw std::runtime_error{given_arguments.corpus + ": there are no templates"};
    knowledge_tool::zipf draw{w.documents.size(), 0.99, 1};
    for (w.requests.resize(1U << 20U); auto& one : w.requests) one = static_cast<std::uint32_t>(draw.next());
    return w;
  }();
  return all;
}

/// The number behind the last such word.
int port_in(std::string_view where, std::string_view word) {
  return std::stoi(std::string{where.substr(where.rfind(word) + word.size())});
}

enum class broker { none, nats, valkey };
enum class table { none, own, by_hand };

/// An empty database on disk, and the table for those who do not make it themselves.
void prepare(std::string const& connection, bool with_table) {
  process child{[&] {
    {
      pqxx::connection c{connection};
      pqxx::nontransaction{c}.exec("drop schema public cascade; create schema public; checkpoint");
    }
    if (with_table) create_table(connection);
  }};
  if (!child.join(std::chrono::seconds{60})) throw std::runtime_error{"the database could not be prepared"};
}

/// Valkey, for as long as this lives.
class valkey {
 public:
  explicit valkey(server words) : words_{std::move(words)} { servers(words_.start); }
  valkey(valkey const&) = delete;
  valkey& operator=(valkey const&) = delete;
  ~valkey() try { servers(words_.kill); } catch (std::exception const& fault) {
    std::fprintf(stderr, "%s\n", fault.what());
  }

 private:
  server words_;
};

template <class Store, class Asset>
void add(std::string const& name, broker with, table under, std::size_t lines) {
  auto const run = [=](benchmark::State& state) {
    setting const s{.postgres = given("STRATA_TEST_POSTGRES"),
                    .nats = given("STRATA_TEST_NATS"),
                    .valkey_port = std::stoi(given("STRATA_TEST_PORT")),
                    .map_expiry = std::chrono::milliseconds{given_arguments.map_expiry_ms}};
    auto const words = [](std::string const& kind, int port, std::string_view how, std::string_view settings = {}) {
      auto const folder = given("STRATA_TEST_FOLDER") + "/" + kind;
      return server{.kill = std::format("{} stop {} {}", kind, folder, how),
                    .start = std::format("{} start {} {} {}", kind, folder, port, settings)};
    };
    surroundings around;
    if (with == broker::valkey) around.broker = words("valkey", s.valkey_port, "KILL");
    if (with == broker::nats) around.broker = words("nats", port_in(s.nats, ":"), "KILL");
    // It would otherwise begin by syncing each of its thousand files.
    if (under != table::none)
      around.postgres =
          words("postgres", port_in(s.postgres, "port="), "immediate", "recovery_init_sync_method=syncfs");
    for (auto _ : state) try {
        prepare(s.postgres, under == table::by_hand);
        std::optional<valkey> beside;
        if (with == broker::valkey) beside.emplace(around.broker);
        auto const f = watch<Store, Asset>(s, work(), around, std::chrono::duration<double>{given_arguments.seconds},
                                           std::chrono::milliseconds{given_arguments.bound_ms});
        auto const us = [](std::int64_t duration) { return static_cast<double>(duration) * 1e-3; };
        auto& c = state.counters;
        c["throughput"] = static_cast<double>(f.answered) / f.seconds;
        c["p50_us"] = us(f.p50);
        c["p99_us"] = us(f.p99);
        c["write_p50_us"] = us(f.write_p50);
        c["write_p99_us"] = us(f.write_p99);
        c["calm_throughput"] = f.calm_throughput;
        c["calm_write_p50_us"] = us(f.calm_write_p50);
        c["calm_write_p99_us"] = us(f.calm_write_p99);
        c["failed_reads"] = static_cast<double>(f.failed_reads);
        c["failed_writes"] = static_cast<double>(f.failed_writes);
        c["reads"] = static_cast<double>(f.checked.reads);
        c["unverified"] = static_cast<double>(f.checked.unverified);
        c["stale"] = static_cast<double>(f.checked.stale);
        c["backward"] = static_cast<double>(f.checked.backward);
        c["wrong"] = static_cast<double>(f.checked.wrong);
        c["lines"] = static_cast<double>(lines);
        if (f.checked.wrong != 0)
          state.SkipWithError("values were read that nobody had written there");
        else if (f.answered == 0 || f.checked.reads == 0 || f.p50 <= 0 || f.p99 < f.p50 || f.write_p99 < f.write_p50)
          state.SkipWithError("the figures make no sense");
        else
          sound.insert(name);
      } catch (std::exception const& fault) {
        state.SkipWithError(fault.what());
      }
  };
  benchmark::RegisterBenchmark("fleet/" + name, run)->Unit(benchmark::kSecond);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"A fleet of processes, with Strata and without. Other arguments are Google Benchmark's."};
  app.allow_extras();
  app.add_option("--seconds", given_arguments.seconds, "How long each contender runs")->capture_default_str();
  app.add_option("--processes", given_arguments.processes, "How many there are")->capture_default_str();
  app.add_option("--templates", given_arguments.templates, "How many of the corpus's templates, at most");
  app.add_option("--corpus", given_arguments.corpus, "Where the templates are")->capture_default_str();
  app.add_option("--bound-ms", given_arguments.bound_ms, "How old a current value may be")->capture_default_str();
  app.add_option("--map-expiry-ms", given_arguments.map_expiry_ms, "How long mutex_map keeps an entry")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!fleet::initialize(argv[0], app.remaining())) return 1;
  benchmark::AddCustomContext(
      "fleet", std::format("{} processes of {} threads, {} templates, Zipf 0.99, {} % writes, bound {} ms, "
                           "mutex_map keeps for {} ms",
                           work().processes, work().threads, work().documents.size(), work().writes_percent,
                           given_arguments.bound_ms, given_arguments.map_expiry_ms));

  add<strata_cache, strata::knowledge_asset>("strata", broker::nats, table::own, lines_of({"strata.hpp"}));
  add<mutex_map, asset>("mutex_map", broker::none, table::by_hand,
                        lines_of({"mutex_map.hpp", "local_map.hpp", "database.hpp", "asset.hpp"}));
  add<redis_aside, asset>("redis_aside", broker::valkey, table::by_hand,
                          lines_of({"redis_aside.hpp", "local_map.hpp", "database.hpp", "asset.hpp"}));
  add<postgres_only, asset>("postgres_only", broker::none, table::by_hand,
                            lines_of({"postgres_only.hpp", "database.hpp", "asset.hpp"}));
  add<nats_kv, asset>("nats_kv", broker::nats, table::none, lines_of({"nats_kv.hpp", "asset.hpp"}));
  auto const run = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return run != 0 && sound.size() == run ? 0 : 1;
} catch (std::exception const& fault) {
  return std::fprintf(stderr, "bench_fleet: %s\n", fault.what()), 1;
}
