// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The cold tier on a real PostgreSQL beside the same client by hand (benchmarks/by_hand/postgres.hpp), on the same table
// with the same durability. 1,000 rows of 1 KiB, keys uniform with a fixed seed, made before the clock starts. Counters:
// p50_us and p99_us over all threads, and in the tier's own rows what the same costs by hand, in turns
// (benchmarks/turns.hpp); round_trips per call, counted on the wire; `/delay:500us` puts that much on each answer.
//   cold/postgres/...  the tier       cold/raw/...  by hand       cold/field/...  what the programs in the field send
#include "../test/support/tcp_proxy.hpp"
#include "apart.hpp"
#include "by_hand/postgres.hpp"
#include "turns.hpp"

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
  static void stamp(note& n, std::int64_t version) { n.version = version; }  // so that content is stamped, as by hand
};

namespace {

constexpr std::size_t rows = 1000;
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

std::vector<note> thousand() {
  std::vector<note> all;
  for (std::size_t i = 0; i < rows; ++i) all.push_back({.id = id_of(i), .text = text_of(next_number++)});
  return all;
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

// Everything that a benchmark's threads share; made once, closed before the server is.
struct world {
  opened ours{server(), turns::most_threads};
  strata_test::tcp_proxy wire{std::stoi(server().substr(server().find("port=") + 5))};
  std::string through_wire = std::format("host=127.0.0.1 port={} user=strata dbname=strata", wire.port());
  opened ours_through_wire{through_wire, 1};
  std::vector<std::unique_ptr<by_hand::postgres>> raw;
  std::unique_ptr<by_hand::postgres> raw_through_wire;
  std::vector<std::unique_ptr<by_hand::field>> field;

  world() {
    for (int i = 0; i < turns::most_threads; ++i)
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
    for (int i = 0; i < turns::most_threads; ++i) field.push_back(std::make_unique<by_hand::field>(server(), "field"));
    if (!save_many(*raw[0])) std::exit(1);
    pqxx::nontransaction{c}.exec(
        "insert into field (artifact_id, artifact_type, content_raw, content, metadata) "
        "select artifact_id, artifact_type, content_raw, content, metadata from knowledge_artifacts");
    pqxx::nontransaction{c}.exec("vacuum analyze");
  }
};
world* shared = nullptr;

strata::deadline soon() { return strata::monotonic_clock::now() + std::chrono::seconds{10}; }

bool load(tier& cold, std::uint32_t row) {
  auto found = cold.load(id_of(row), soon());
  benchmark::DoNotOptimize(found);
  return found && found->value;
}
bool save(tier& cold, std::uint32_t row, std::size_t thread) {
  // Each thread has rows of its own: what is measured is not the wait for a lock.
  note const n{.id = id_of(row / turns::most_threads * turns::most_threads + thread),
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
  note const n{.id = id_of(row / turns::most_threads * turns::most_threads + thread), .text = text_of(number)};
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

bool save_many(tier& cold) {
  auto const all = thousand();
  std::vector<strata::keyed_value<note>> given;
  for (auto const& n : all) given.push_back({n.id, &n});
  return std::ranges::all_of(cold.store_many(given, soon()), [](auto const& one) { return one && one->changed; });
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
  for (std::uint32_t i = 0; i < rows; ++i) good = save(store, i, i % turns::most_threads) && good;
  return good;
}

// The first of the ways names the row's iterations; the others take their turns beside it.
template <class... Ways>
auto* bench(std::string const& name, std::size_t length, Ways... ways) {
  return benchmark::RegisterBenchmark("cold/" + name,
                                      [=](benchmark::State& state) { turns::take(state, length, rows, ways...); })
      ->Unit(benchmark::kMicrosecond);
}

// Answers come half a millisecond later; how often the first way's calls waited for one is counted on the wire.
template <class... Ways>
void delayed(std::string const& name, auto first, Ways... others) {
  benchmark::RegisterBenchmark("cold/" + name + "/delay:500us",
                               [=](benchmark::State& state) {
                                 auto& wire = shared->wire;
                                 std::uint64_t trips = 0;
                                 turns::way const counted{first.name, [&](auto row, auto thread) {
                                                            auto const before = wire.round_trips();
                                                            bool const good = first.call(row, thread);
                                                            trips += wire.round_trips() - before;
                                                            return good;
                                                          }};
                                 wire.delay(std::chrono::microseconds{500});
                                 turns::take(state, 1, rows, counted, others...);
                                 wire.delay(std::chrono::microseconds{0});
                                 state.counters["round_trips"] =
                                     static_cast<double>(trips) / static_cast<double>(state.iterations());
                               })
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

void register_all() {
  auto& w = *shared;
  turns::way const ours_load{"ours", [&](auto row, auto) { return load(*w.ours.cold, row); }};
  turns::way const ours_save{"ours", [&](auto row, auto thread) { return save(*w.ours.cold, row, thread); }};
  turns::way const raw_load{"raw", [&](auto row, auto thread) { return load(*w.raw[thread], row); }};
  turns::way const raw_save{"raw", [&](auto row, auto thread) { return save(*w.raw[thread], row, thread); }};
  turns::way const field_load{"field",
                              [&](auto row, auto thread) { return w.field[thread]->load(id_of(row)).version > 0; }};
  turns::way const field_save{"field", [&](auto row, auto thread) {
                                note const n{.id = id_of(row / turns::most_threads * turns::most_threads + thread),
                                             .text = text_of(next_number.fetch_add(1, std::memory_order_relaxed))};
                                std::string json;
                                write_json(n.id, n.kind, n.text, n.metadata, json);
                                w.field[thread]->save(n.id, n.kind, n.text, json, n.metadata, 2);
                                return true;
                              }};
  for (int const threads : {1, turns::most_threads}) {
    bench("postgres/load", 64, ours_load, raw_load)->Threads(threads);
    bench("raw/load", 64, raw_load)->Threads(threads);
    bench("field/load", 64, field_load)->Threads(threads);
    bench("postgres/save", 16, ours_save, raw_save)->Threads(threads);
    bench("raw/save", 16, raw_save)->Threads(threads);
    bench("field/save", 16, field_save)->Threads(threads);
  }

  turns::way const ours_load_many{"ours", [&](auto row, auto) { return load_many(*w.ours.cold, row); }};
  turns::way const raw_load_many{"raw", [&](auto row, auto) { return load_many(*w.raw[0], row); }};
  turns::way const load_each{"singly", [&](auto row, auto) { return load_singly(*w.ours.cold, row); }};
  bench("postgres/load_many:100", 1, ours_load_many, raw_load_many, load_each);
  bench("raw/load_many:100", 1, raw_load_many);

  turns::way const ours_save_many{"ours", [&](auto, auto) { return save_many(*w.ours.cold); }};
  turns::way const raw_save_many{"raw", [&](auto, auto) { return save_many(*w.raw[0]); }};
  turns::way const save_each{"singly", [&](auto, auto) { return save_singly(*w.ours.cold); }};
  bench("postgres/save_many:1000", 1, ours_save_many, raw_save_many, save_each);
  bench("raw/save_many:1000", 1, raw_save_many);
  bench("postgres/revisions:1000", 1, turns::way{"ours", [&](auto, auto) { return revisions(*w.ours.cold); }});

  turns::way const ours_far{"ours", [&](auto row, auto) { return load_many(*w.ours_through_wire.cold, row); }};
  turns::way const raw_far{"raw", [&](auto row, auto) { return load_many(*w.raw_through_wire, row); }};
  turns::way const each_far{"singly", [&](auto row, auto) { return load_singly(*w.ours_through_wire.cold, row); }};
  delayed("postgres/load_many:100", ours_far, raw_far, each_far);
  delayed("raw/load_many:100", raw_far);
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
  if (char const* folder = std::getenv("STRATA_TEST_FOLDER"); folder != nullptr)
    apart::from({std::string{folder} + "/postgres/postmaster.pid"});
  world w;
  shared = &w;
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
