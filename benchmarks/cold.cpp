// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The cold tier on a real PostgreSQL beside the same client by hand (benchmarks/by_hand/postgres.hpp), on the same table
// with the same durability. 1,000 rows of 1 KiB, keys uniform with a fixed seed, made before the clock starts. Counters:
// p50_us and p99_us over all threads; round_trips per call, counted on the wire; `/delay:500us` puts that much on each answer.
//   cold/postgres/...  the tier       cold/raw/...  by hand       cold/field/...  what the programs in the field send
#include "../test/support/tcp_proxy.hpp"
#include "by_hand/postgres.hpp"

#include <strata/cold/postgres.hpp>
#include <strata/context.hpp>
#include <strata/options.hpp>
#include <strata/record.hpp>
#include <strata/run/clock.hpp>

#include <benchmark/benchmark.h>
#include <unistd.h>
#include <pqxx/connection>
#include <pqxx/nontransaction>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <format>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct note {
  std::string id = {};
  std::string kind = "template";
  std::string text = {};
  std::string metadata = R"({"language": "rust"})";
  std::int64_t version = 0;
};

// One encoder for all: the same bytes are stored.
void write_json(std::string_view id, std::string_view kind, std::string_view text, std::string_view metadata,
                std::string& out) {
  out.reserve(out.size() + id.size() + kind.size() + text.size() + metadata.size() + 80);
  out.append(R"({"id":")").append(id).append(R"(","asset_type":")").append(kind).append(R"(","data":")").append(text);
  out.append(R"(","metadata":)").append(metadata).append(R"(,"version":0})");
}

struct codec {
  using value_type = note;
  static constexpr std::string_view id = "note";
  static constexpr std::uint64_t fingerprint = 1;
  strata::result<void> encode(note const& n, std::string& out) const { return to_json(n, out); }
  strata::result<note> decode(std::string_view) const { return strata::failure(strata::errc::unsupported); }
  strata::result<void> to_json(note const& n, std::string& out) const {
    write_json(n.id, n.kind, n.text, n.metadata, out);
    return {};
  }
  strata::result<note> from_json(std::string_view) const { return strata::failure(strata::errc::unsupported); }
};

}  // namespace

template <>
struct strata::record<note> : strata::default_record<note> {
  static std::string const& kind(note const& n) { return n.kind; }
  static std::string const& text(note const& n) { return n.text; }
  static std::string const& metadata(note const& n) { return n.metadata; }
  static strata::result<note> restore(std::string_view key, std::string_view kind, std::string_view text,
                                      std::string_view metadata, std::int64_t version) {
    return note{std::string{key}, std::string{kind}, std::string{text}, std::string{metadata}, version};
  }
};

namespace {

constexpr std::size_t rows = 1000;
constexpr int most_threads = 16;
using context = strata::context<strata::monotonic_clock, strata::no_observer, codec>;
using tier = strata::cold::postgres::tier<std::string, note, context>;

std::string server() { return std::getenv("STRATA_TEST_POSTGRES"); }
std::string id_of(std::size_t row) { return std::format("row-{:04}", row % rows); }
std::string text_of(std::uint64_t number) {
  auto text = std::format("{:020} ", number);
  text.resize(1024, 'x');
  return text;
}
std::string operation_of(std::uint64_t number) { return std::format("{:032x}", number); }
std::atomic<std::uint64_t> next_number{1};

struct opened {
  strata::monotonic_clock clock{};
  strata::no_observer observer{};
  ::codec codec{};
  context handed_down{clock, observer, codec};
  std::unique_ptr<tier> cold;
  explicit opened(std::string connection, std::size_t connections)
      : cold{std::make_unique<tier>(
            strata::cold::postgres::options{.connection = std::move(connection), .connections = connections},
            handed_down)} {
    if (auto ready = cold->wait_ready(strata::monotonic_clock::now() + std::chrono::seconds{20}); !ready) {
      std::fprintf(stderr, "%s\n", std::format("{}", ready.error()).c_str());
      std::exit(1);
    }
  }
};

// Everything that a benchmark's threads share; made once, closed before the server is.
struct world {
  opened ours{server(), most_threads};
  strata_test::tcp_proxy wire{std::stoi(server().substr(server().find("port=") + 5))};
  std::string through_wire = std::format("host=127.0.0.1 port={} user=strata dbname=strata", wire.port());
  opened ours_through_wire{through_wire, 1};
  std::vector<std::unique_ptr<by_hand::postgres>> raw;
  std::unique_ptr<by_hand::postgres> raw_through_wire;
  std::vector<std::unique_ptr<by_hand::field>> field;

  world() {
    for (int i = 0; i < most_threads; ++i)
      raw.push_back(std::make_unique<by_hand::postgres>(server(), "knowledge_artifacts"));
    raw_through_wire = std::make_unique<by_hand::postgres>(through_wire, "knowledge_artifacts");
    pqxx::connection c{server()};
    pqxx::nontransaction{c}.exec(
        "create table field (id serial primary key, artifact_id text not null unique, artifact_type text not null, "
        "content_raw text not null, "
        "content jsonb not null, metadata jsonb, usage_count integer default 0, success_rate float default 0.0, "
        "last_used_at timestamptz, "
        "created_at timestamptz default now(), updated_at timestamptz default now(), version integer default 1); "
        "create index on field(artifact_type); create index on field(artifact_id); create index on field(last_used_at "
        "desc); create index on field(usage_count desc)");
    for (int i = 0; i < most_threads; ++i) field.push_back(std::make_unique<by_hand::field>(server(), "field"));
    for (std::size_t i = 0; i < rows; ++i) {
      note const n{.id = id_of(i), .text = text_of(i)};
      std::string json;
      write_json(n.id, n.kind, n.text, n.metadata, json);
      field[0]->save(n.id, n.kind, n.text, json, n.metadata, 1);
      raw[0]->save(n.id, n.kind, n.text, json, n.metadata, operation_of(next_number++));
    }
    pqxx::nontransaction{c}.exec("vacuum analyze");
  }
};
world* shared = nullptr;

// Latencies of all threads of one run.
class samples {
 public:
  void add(benchmark::State& state, std::vector<std::uint32_t>&& mine) {
    std::lock_guard const lock{mutex_};
    all_.insert(all_.end(), mine.begin(), mine.end());
    if (++arrived_ < state.threads()) return;
    std::ranges::sort(all_);
    if (!all_.empty()) {
      state.counters["p50_us"] = all_[all_.size() / 2] / 1e3;
      state.counters["p99_us"] = all_[all_.size() * 99 / 100] / 1e3;
    }
    all_.clear();
    arrived_ = 0;
  }

 private:
  std::mutex mutex_;
  std::vector<std::uint32_t> all_;
  int arrived_ = 0;
};
samples collected;

template <class Call>
void measure(benchmark::State& state, Call&& call) {
  std::minstd_rand random{static_cast<unsigned>(state.thread_index()) + 1};
  std::vector<std::uint32_t> order(1U << 14U);
  for (auto& one : order) one = static_cast<std::uint32_t>(random() % rows);
  std::vector<std::uint32_t> latencies;
  latencies.reserve(1U << 16U);
  auto const trips = shared->wire.round_trips();
  std::size_t i = 0;
  for (auto _ : state) {
    auto const start = std::chrono::steady_clock::now();
    if (!call(order[i++ % order.size()], static_cast<std::size_t>(state.thread_index()))) {
      state.SkipWithError("a call failed");
      break;
    }
    latencies.push_back(static_cast<std::uint32_t>((std::chrono::steady_clock::now() - start).count()));
  }
  if (auto const now = shared->wire.round_trips(); now != trips && state.iterations() > 0)
    state.counters["round_trips"] = static_cast<double>(now - trips) / static_cast<double>(state.iterations());
  collected.add(state, std::move(latencies));
}

strata::deadline soon() { return strata::monotonic_clock::now() + std::chrono::seconds{10}; }

bool load(tier& cold, std::uint32_t row) {
  auto found = cold.load(id_of(row), soon());
  benchmark::DoNotOptimize(found);
  return found && found->value;
}
bool save(tier& cold, std::uint32_t row, std::size_t thread) {
  // Each thread has rows of its own: what is measured is not the wait for a lock.
  note const n{.id = id_of(row / most_threads * most_threads + thread),
               .text = text_of(next_number.fetch_add(1, std::memory_order_relaxed))};
  return cold.store(n.id, n, strata::anything, soon()).has_value();
}
bool load(by_hand::postgres& raw, std::uint32_t row) {
  auto found = raw.load(id_of(row));
  benchmark::DoNotOptimize(found);
  return found.version > 0;
}
bool save(by_hand::postgres& raw, std::uint32_t row, std::size_t thread) {
  auto const number = next_number.fetch_add(1, std::memory_order_relaxed);
  note const n{.id = id_of(row / most_threads * most_threads + thread), .text = text_of(number)};
  std::string json;
  write_json(n.id, n.kind, n.text, n.metadata, json);
  return raw.save(n.id, n.kind, n.text, json, n.metadata, operation_of(number)).version > 0;
}

std::vector<std::string> hundred(std::uint32_t from) {
  std::vector<std::string> ids;
  for (std::uint32_t i = 0; i < 100; ++i) ids.push_back(id_of(from + i * 7));
  return ids;
}
bool load_many(tier& cold, std::uint32_t row) {
  auto const ids = hundred(row);
  std::vector<std::string_view> const keys{ids.begin(), ids.end()};
  auto found = cold.load_many(keys, soon());
  benchmark::DoNotOptimize(found);
  return std::ranges::all_of(found, [](auto const& one) { return one && one->value; });
}
bool load_many(by_hand::postgres& raw, std::uint32_t row) {
  auto found = raw.load_many(hundred(row));
  benchmark::DoNotOptimize(found);
  return std::ranges::all_of(found, [](auto const& one) { return one.version > 0; });
}
template <class Store>
bool load_singly(Store& store, std::uint32_t row) {
  bool good = true;
  for (std::uint32_t i = 0; i < 100; ++i) good = load(store, row + i * 7) && good;
  return good;
}

std::vector<note> thousand() {
  std::vector<note> all;
  for (std::size_t i = 0; i < rows; ++i) all.push_back({.id = id_of(i), .text = text_of(next_number++)});
  return all;
}
bool save_many(tier& cold) {
  auto const all = thousand();
  std::vector<strata::keyed_value<note>> given;
  for (auto const& n : all) given.push_back({n.id, &n});
  return std::ranges::all_of(cold.store_many(given, soon()), [](auto const& one) { return one && one->changed; });
}
bool save_many(by_hand::postgres& raw) {
  auto const all = thousand();
  std::vector<std::string> json(all.size());
  std::vector<by_hand::entry> entries;
  for (std::size_t i = 0; i < all.size(); ++i) {
    write_json(all[i].id, all[i].kind, all[i].text, all[i].metadata, json[i]);
    entries.push_back({all[i].id, all[i].kind, all[i].text, json[i], all[i].metadata});
  }
  return std::ranges::all_of(raw.save_many(entries, operation_of(next_number++)),
                             [](auto const& one) { return one.version > 0; });
}
bool revisions(tier& cold) {
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < rows; ++i) ids.push_back(id_of((i * 7) % rows));
  std::vector<std::string_view> const keys{ids.begin(), ids.end()};
  auto const all = cold.revisions(keys, soon());
  return all && std::ranges::none_of(*all, [](auto one) { return one == strata::revision{}; });
}
template <class Store>
bool save_singly(Store& store) {
  bool good = true;
  for (std::uint32_t i = 0; i < rows; ++i) good = save(store, i, i % most_threads) && good;
  return good;
}

template <class Call>
auto* bench(std::string const& name, Call call) {
  return benchmark::RegisterBenchmark(name, [call](benchmark::State& state) { measure(state, call); })
      ->Unit(benchmark::kMicrosecond);
}

template <class Call>
void delayed(std::string const& name, Call call) {
  benchmark::RegisterBenchmark(name + "/delay:500us",
                               [call](benchmark::State& state) {
                                 shared->wire.delay(std::chrono::microseconds{500});
                                 measure(state, call);
                                 shared->wire.delay(std::chrono::microseconds{0});
                               })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

void register_all() {
  auto& w = *shared;
  // In turn, so that what disturbs one disturbs the other.
  for (int const threads : {1, most_threads}) {
    bench("cold/postgres/load", [&](auto row, auto) { return load(*w.ours.cold, row); })->Threads(threads);
    bench("cold/raw/load", [&](auto row, auto thread) { return load(*w.raw[thread], row); })->Threads(threads);
    bench("cold/postgres/save", [&](auto row, auto thread) {
      return save(*w.ours.cold, row, thread);
    })->Threads(threads);
    bench("cold/raw/save", [&](auto row, auto thread) { return save(*w.raw[thread], row, thread); })->Threads(threads);
    bench("cold/field/load", [&](auto row, auto thread) {
      return w.field[thread]->load(id_of(row)).version > 0;
    })->Threads(threads);
    bench("cold/field/save", [&](auto row, auto thread) {
      note const n{.id = id_of(row / most_threads * most_threads + thread),
                   .text = text_of(next_number.fetch_add(1, std::memory_order_relaxed))};
      std::string json;
      write_json(n.id, n.kind, n.text, n.metadata, json);
      w.field[thread]->save(n.id, n.kind, n.text, json, n.metadata, 2);
      return true;
    })->Threads(threads);
  }
  bench("cold/postgres/load_many:100", [&](auto row, auto) { return load_many(*w.ours.cold, row); });
  bench("cold/raw/load_many:100", [&](auto row, auto) { return load_many(*w.raw[0], row); });
  bench("cold/postgres/load_singly:100", [&](auto row, auto) { return load_singly(*w.ours.cold, row); });
  bench("cold/postgres/save_many:1000", [&](auto, auto) { return save_many(*w.ours.cold); });
  bench("cold/raw/save_many:1000", [&](auto, auto) { return save_many(*w.raw[0]); });
  bench("cold/postgres/save_singly:1000", [&](auto, auto) { return save_singly(*w.ours.cold); });
  bench("cold/postgres/revisions:1000", [&](auto, auto) { return revisions(*w.ours.cold); });
  delayed("cold/postgres/load_many:100", [&](auto row, auto) { return load_many(*w.ours_through_wire.cold, row); });
  delayed("cold/raw/load_many:100", [&](auto row, auto) { return load_many(*w.raw_through_wire, row); });
  delayed("cold/postgres/load_singly:100", [&](auto row, auto) { return load_singly(*w.ours_through_wire.cold, row); });
}

}  // namespace

int main(int argc, char** argv) {
  if (std::getenv("STRATA_TEST_POSTGRES") == nullptr) {  // by itself it brings its server
    std::vector<char*> words{const_cast<char*>(STRATA_SERVERS), const_cast<char*>("run")};
    words.insert(words.end(), argv, argv + argc);
    words.push_back(nullptr);
    ::execv(STRATA_SERVERS, words.data());
    std::perror(STRATA_SERVERS);
    return 1;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  world w;
  shared = &w;
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
