// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// How long it takes until a write is visible in every process. Eight processes with the usual configuration on one
// NATS and one PostgreSQL write 1,000 times a second together, at fixed times whatever a write takes, each to keys of its
// own; so the number in a value orders the values of its key as revisions do. Each process reads the keys of all.
//
// A write counts from the moment at which PostgreSQL has committed it. It is visible in a process when `get` of its key
// has returned that value or a later one. Asking all the time would measure the asking, so a process asks when the
// cache lets go of copies because it has heard of something newer, for several at once by `get_many`, and for all
// when it has heard nothing for ten milliseconds. It asks for no keys of its own: the lag is that of a pair of write and
// other process. A pair that is not seen within the grace after the last write counts as infinite, and is among `never`.
//
//   feed/lag/instances:8  all writes. The aims: p50 1 ms, p99 5 ms
//   feed/killed_writer    writes whose process is killed (kill -9) when PostgreSQL has committed and nobody was told: 1 s
//   feed/foreign_write    writes by a program that knows the table and nothing else, as those in the field write: 1 s
//   feed/server_back      writes committed while NATS was down (kill -9) or within two seconds after, from the moment at which
//                         it answers again, or their own if that is later: p99 500 ms, all within 2 s
//   feed/partition_healed the same where NATS, on a host of its own, was cut off for four, two and one seconds: nothing that one
//                         side sends arrives at the other, and nobody is told. Left out where networks cannot be made
//   feed/stopped          what processes in turn read first after they were stopped (SIGSTOP) for ten seconds: of `reads`, which
//                         are of all keys, `fresh` are called so, and `too_old` of these had been superseded for more than a
//                         second when they were asked for: none
//
// The thousand writes go on in all of them. Counters: p50_ms, p99_ms and max_ms of `pairs`, `never`, and how many `writes`
// there were. What a process had seen before NATS was back, by way of the database, is no pair of the two rows about that.
#include <strata/knowledge.hpp>
#include <strata/run/point.hpp>
#include <strata/run/threads.hpp>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <sys/socket.h>
#include <CLI/CLI.hpp>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/prepared_statement>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <format>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../test/support/networks.hpp"
#include "fleet/arguments.hpp"
#include "fleet/processes.hpp"

namespace {

using namespace fleet;
using namespace std::chrono_literals;

constexpr std::uint32_t keys_each = 16;
constexpr std::size_t writes_each_second = 1'000;

struct arguments {
  std::uint32_t instances = 8;
  double seconds = 60;
  std::int64_t grace_ms = 10'000;
};
arguments given_arguments;
std::uint32_t instances() { return given_arguments.instances; }
std::uint32_t keys() { return (instances() + 1) * keys_each; }  // the last ones are for whoever writes from outside
std::set<std::string> sound;                                    // rows that came out whole

/// A write, noted before it begins.
struct written {
  std::uint32_t key = 0;
  std::uint32_t number = 0;
  std::int64_t committed = 0;  ///< zero if it was not, as far as its writer knows
};
/// The first moment at which a process has read a number of a key.
struct seen {
  std::uint32_t key = 0;
  std::uint32_t number = 0;
  std::int64_t when = 0;
};
/// What a process reads first after it was stopped.
struct first_read {
  std::uint32_t key = 0;
  std::uint32_t number = 0;
  std::int64_t asked = 0;
  bool fresh = false;
};
using first_log = log_of<first_read, 1U << 16U>;
using written_log = log_of<written, 1U << 20U>;
using seen_log = log_of<seen, 1U << 24U>;

std::string prefix;  // of this row's keys
std::string nats;    // where it is in this row
std::string id_of(std::size_t key) { return prefix + std::to_string(key); }
std::string data_of(std::uint32_t number) { return std::format("{} {}", number, std::string(256, 'x')); }
std::uint32_t number_in(std::string_view text) {
  std::uint32_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The default executor, which notes when the write under way was committed, and may end the process there.
struct noting : strata::threads {
  static inline thread_local written* under_way = nullptr;
  bool deadly = false;

  std::suspend_never at(strata::point where) const {
    if (where == strata::point::after_truth && under_way != nullptr) {
      under_way->committed = now();
      if (deadly) ::raise(SIGKILL);
    }
    return {};
  }
};

/// Keys that this process's cache has heard of.
class heard_keys {
 public:
  void tell(std::uint32_t key) {
    {
      std::lock_guard const held{mutex_};
      if (!told_[key]) all_.push_back(key);
      told_[key] = true;
    }
    changed_.notify_one();
  }
  /// \returns what was told since; nothing after ten milliseconds
  std::vector<std::uint32_t> wait() {
    std::unique_lock held{mutex_};
    changed_.wait_for(held, 10ms, [&] { return !all_.empty(); });
    for (auto const key : all_) told_[key] = false;
    return std::exchange(all_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::uint32_t> all_;
  std::vector<bool> told_ = std::vector<bool>(keys());
};
heard_keys& heard() {
  static heard_keys one;
  return one;
}

/// The usual hot tier, which tells when the cache lets go of a copy.
struct telling_lru {
  using options = strata::hot::lru::options;
  template <class Key, class Value, class Context>
  class tier : public strata::hot::lru::tier<Key, Value, Context> {
    using lru = strata::hot::lru::tier<Key, Value, Context>;

   public:
    using lru::lru;
    bool erase(strata::hashed<Key> const& k, strata::revision below) noexcept {
      bool const gone = lru::erase(k, below);
      if (k.key.starts_with(prefix)) heard().tell(number_in(k.key.substr(prefix.size())));
      return gone;
    }
  };
};

using knowledge = strata::cache<telling_lru, strata::warm::jetstream, strata::cold::postgres,
                                strata::codec::json<strata::knowledge_asset>, strata::executor<noting>,
                                strata::staleness<strata::bounded>>;

knowledge::options settings(noting& executor) {
  return {.hot = {.capacity_entries = 1'000},
          .warm = {.servers = {nats}, .replicas = 1},
          .cold = {.connection = given("STRATA_TEST_POSTGRES")},
          .executor = &executor};
}

/// Notes and puts one value. It waits for a second at most: a write that NATS dies under is done without it by then, and the
/// next ones are the ones that an outage is about.
strata::result<strata::receipt> put(knowledge& cache, written_log& log, std::uint32_t key, std::uint32_t number,
                                    std::chrono::milliseconds within = 1s) {
  noting::under_way = log.append({.key = key, .number = number});
  if (noting::under_way == nullptr) throw std::runtime_error{"a log is full: make the time shorter"};
  return cache.put({.id = id_of(key), .asset_type = "template", .data = data_of(number)}, {.within = within});
}

struct board {
  std::atomic<std::uint32_t> ready;  ///< processes that have stored their keys, and then ones that have read all
  std::atomic<std::int64_t> start;
  std::atomic<bool> no_more_writes;
  std::atomic<bool> stop;
};

/// For how long a process is stopped.
ns stop_length() { return std::clamp<ns>(ns{static_cast<std::int64_t>(given_arguments.seconds * 5e8)}, 1500ms, 10s); }

/// One process: writes its own keys, and reads everybody's.
void live(std::uint32_t number, board& shared, written_log& wrote, seen_log& saw, first_log& first_reads) {
  noting executor;
  knowledge cache{settings(executor)};
  if (auto const up = cache.ready({.within = 30s}); !up) throw std::runtime_error{std::string{up.error().text()}};
  std::uint32_t const first = number * keys_each;
  auto const store = [&](std::uint32_t key) {
    if (auto const done = cache.put({.id = id_of(key), .asset_type = "template", .data = data_of(1)}, {.within = 20s});
        !done)
      throw std::runtime_error{std::string{done.error().text()}};
  };
  for (std::uint32_t key = first; key < first + keys_each; ++key) store(key);
  if (number == 0)
    for (std::uint32_t key = instances() * keys_each; key < keys(); ++key) store(key);
  ++shared.ready;
  while (shared.ready < instances()) std::this_thread::sleep_for(1ms);

  std::vector<std::uint32_t> highest(keys());
  auto last = now();
  auto const read_first_if_woken = [&] {
    auto const before = std::exchange(last, now());
    if (last - before < stop_length().count() / 2) return;
    for (std::uint32_t key = 0; key < keys(); ++key) {
      auto const asked = now();
      if (auto const found = cache.get(id_of(key)))
        first_reads.append({key, number_in(found->data), asked, found.freshness() == strata::freshness::fresh});
    }
    last = now();
  };
  auto const note = [&](std::uint32_t key, auto const& found) {
    if (!found) return;
    auto const n = number_in(found->data);
    if (n <= highest[key]) return;
    highest[key] = n;
    saw.append({.key = key, .number = n, .when = now()});
  };
  std::vector<std::string> ids;
  auto const look = [&](std::vector<std::uint32_t> const& which) {
    if (which.size() == 1) return note(which[0], cache.get(id_of(which[0])));
    ids.clear();
    for (auto const key : which) ids.push_back(id_of(key));
    auto const found = cache.get_many(ids);
    for (std::size_t i = 0; i < which.size(); ++i) note(which[i], found[i].second);
  };
  std::vector<std::uint32_t> others;  // a pair is of a write and another process
  for (std::uint32_t key = 0; key < keys(); ++key)
    if (key / keys_each != number) others.push_back(key);
  look(others);
  ++shared.ready;
  while (shared.start == 0) std::this_thread::sleep_for(1ms);

  std::jthread const writer{[&] {
    auto const period = ns{1s} * instances() / writes_each_second;
    auto next = std::chrono::steady_clock::time_point{ns{shared.start}} + period * number / instances();
    for (std::uint32_t n = 0; !shared.no_more_writes; ++n, next += period) {
      std::this_thread::sleep_until(next);
      (void)put(cache, wrote, first + n % keys_each, n / keys_each + 2);  // one that fails is not committed
    }
  }};
  while (!shared.stop) {
    auto told = heard().wait();
    read_first_if_woken();
    bool const nothing = told.empty();
    std::erase_if(told, [&](std::uint32_t key) { return key / keys_each == number; });
    if (nothing)
      look(others);
    else if (!told.empty())
      look(told);
  }
}

/// What happens beside the thousand writes. It returns when the time is over.
struct mishap {
  written_log& wrote;
  std::vector<process> const& processes;
  shared_memory<first_log> const& first;
  std::int64_t end;
  std::vector<std::pair<std::int64_t, std::int64_t>> outages = {};  ///< of NATS, and when each was over

  [[nodiscard]] bool over() const { return now() >= end; }
  /// A key that belongs to nobody, and the number for it.
  [[nodiscard]] static std::pair<std::uint32_t, std::uint32_t> turn(std::uint32_t n) {
    return {instances() * keys_each + n % keys_each, n / keys_each + 2};
  }
};

void nothing(mishap& m) { std::this_thread::sleep_for(ns{m.end - now()}); }

void kill_writers(mishap& m) {
  for (std::uint32_t n = 0; !m.over(); ++n) {
    process victim{[&m, n] {
      noting executor;
      executor.deadly = true;
      knowledge cache{settings(executor)};
      if (!cache.ready({.within = 30s})) throw std::runtime_error{"a writer did not become ready"};
      auto const [key, number] = mishap::turn(n);
      (void)put(cache, m.wrote, key, number, 20s);
    }};
    if (victim.join(60s)) throw std::runtime_error{"a writer that should have been killed ended"};
    std::this_thread::sleep_for(100ms);
  }
}

void write_elsewhere(mishap& m) {
  process stranger{[&m] {
    pqxx::connection connection{given("STRATA_TEST_POSTGRES")};
    connection.prepare("save", R"(
INSERT INTO knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, version)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (artifact_id) DO UPDATE
SET content_raw = EXCLUDED.content_raw, content = EXCLUDED.content, metadata = EXCLUDED.metadata, version = EXCLUDED.version, updated_at = NOW())");
    pqxx::nontransaction tx{connection};
    for (std::uint32_t n = 0; !m.over(); ++n) {
      auto const [key, number] = mishap::turn(n);
      written* const note = m.wrote.append({.key = key, .number = number});
      if (note == nullptr) throw std::runtime_error{"a log is full: make the time shorter"};
      auto const json = std::format(R"({{"id":"{}","asset_type":"template","data":"{}","metadata":{{}},"version":{}}})",
                                    id_of(key), data_of(number), number);
      tx.exec(pqxx::prepped{"save"}, pqxx::params{id_of(key), "template", data_of(number), json, "{}", number});
      note->committed = now();
      std::this_thread::sleep_for(20ms);
    }
  }};
  nothing(m);
  if (!stranger.join(60s)) throw std::runtime_error{"the program that writes elsewhere failed"};
}

/// Waits until NATS introduces itself, and has its streams.
void await_nats(std::uint16_t port) {
  for (auto const until = now() + ns{100s}.count(); now() < until; std::this_thread::sleep_for(1ms)) {
    int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(port);
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char text[1024] = {};
    bool const there = ::connect(socket, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0 &&
                       ::recv(socket, text, sizeof text - 1, 0) > 0 &&
                       std::string_view{text}.contains(R"("jetstream":true)");
    ::close(socket);
    if (there) return;
  }
  throw std::runtime_error{"NATS did not come back"};
}

/// NATS is away for a third of every such while.
/// \param away  takes it away for that long; returns when it was back
template <class F>
void take_away_nats(mishap& m, std::chrono::seconds every, F away) {
  auto const length = ns{m.end - now()};
  auto const rounds = std::max<std::int64_t>(length / every, 1);
  // However short the time is, it is away for long enough that somebody commits meanwhile on a busy machine.
  auto const time = std::max(length / rounds / 3, ns{1500ms});
  for (std::int64_t round = 0; round < rounds; ++round) {
    auto const begun = now();
    m.outages.emplace_back(begun, away(time));
    std::this_thread::sleep_for(ns{std::max<std::int64_t>(begun + length.count() / rounds - now(), 0)});
  }
}

void restart_nats(mishap& m) {
  auto const folder = given("STRATA_TEST_FOLDER") + "/nats";
  auto const port = nats.substr(nats.rfind(':') + 1);
  take_away_nats(m, 6s, [&](ns time) {
    servers("nats stop " + folder + " KILL");
    std::this_thread::sleep_for(time);
    process starting{[&] { servers("nats start " + folder + " " + port); }};
    await_nats(static_cast<std::uint16_t>(std::stoi(port)));
    auto const back = now();
    if (!starting.join(100s)) throw std::runtime_error{"NATS did not start again"};
    return back;
  });
}

/// NATS on a host of its own, for one row.
class far_nats {
 public:
  far_nats() {
    auto const slot = std::stoi(strata_test::networks("make 1"));
    strata_test::networks(
        std::format("on 1 {} nats start {} 4222 'listen: \"0.0.0.0:4222\"'", given("STRATA_TEST_SERVERS"), folder()));
    nats = std::format("nats://10.{}.1.2:4222", slot);
  }
  far_nats(far_nats const&) = delete;
  far_nats& operator=(far_nats const&) = delete;
  ~far_nats() try {
    servers("nats stop " + folder() + " KILL");
    strata_test::networks("drop");
  } catch (std::exception const& fault) {
    std::fprintf(stderr, "%s\n", fault.what());
  }

 private:
  static std::string folder() { return given("STRATA_TEST_FOLDER") + "/far-nats"; }
};

void cut_nats_off(mishap& m) {
  int times = 0;
  take_away_nats(m, 12s, [&](ns time) {
    {
      strata_test::cut const wire{1, 0};
      // Who hears nothing asks its peer for up to three seconds before it gives it up: longer than that, and shorter.
      std::this_thread::sleep_for(time / (1 << times++ % 3));
    }
    return now();
  });
}

void stop_processes(mishap& m) {
  for (std::size_t n = 0; now() + stop_length().count() < m.end || n == 0; ++n) {
    auto const which = n % m.processes.size();
    auto const read = [&] { return m.first[which].entries().size(); };
    auto const before = read();
    m.processes[which].signal(SIGSTOP);
    std::this_thread::sleep_for(stop_length());
    m.processes[which].signal(SIGCONT);
    for (auto const until = now() + ns{20s}.count(); read() == before && now() < until;)
      std::this_thread::sleep_for(10ms);
    std::this_thread::sleep_for(stop_length() / 10);
  }
}

/// Lags of all pairs, in milliseconds, ordered.
class lags {
 public:
  explicit lags(shared_memory<seen_log> const& saw) {
    for (std::size_t reader = 0; reader < instances(); ++reader) {
      by_key_[reader].resize(keys());
      for (auto const& one : saw[reader].entries()) by_key_[reader][one.key].push_back(one);
    }
  }
  /// \param writer  whose own sight does not count; none: instances()
  /// \param back    what was seen before that does not count either
  void add(written const& w, std::size_t writer, std::int64_t back = 0) {
    auto const since = std::max(w.committed, back);
    ++writes;
    for (std::size_t reader = 0; reader < instances(); ++reader) {
      if (reader == writer) continue;
      auto const& all = by_key_[reader][w.key];
      auto const found = std::ranges::lower_bound(all, w.number, {}, &seen::number);
      bool const is_seen = found != all.end();
      if (is_seen && found->when < back) continue;
      milliseconds.push_back(is_seen ? static_cast<double>(std::max<std::int64_t>(found->when - since, 0)) * 1e-6
                                     : std::numeric_limits<double>::infinity());
      never += is_seen ? 0 : 1;
    }
  }
  void settle() { std::ranges::sort(milliseconds); }
  [[nodiscard]] double quantile(double share) const {
    return milliseconds[static_cast<std::size_t>(share * static_cast<double>(milliseconds.size() - 1))];
  }

  std::vector<double> milliseconds;
  std::size_t writes = 0, never = 0;

 private:
  std::vector<std::vector<std::vector<seen>>> by_key_{instances()};
};

/// Of what was read first after a stop.
struct judged {
  std::size_t reads = 0, fresh = 0, too_old = 0;

  void add(first_read const& r, written_log const& of_its_writer) {
    ++reads;
    if (!r.fresh) return;
    ++fresh;
    auto const bound = ns{1s}.count();
    too_old += std::ranges::any_of(of_its_writer.entries(), [&](written const& w) {
      return w.key == r.key && w.number > r.number && w.committed != 0 && w.committed < r.asked - bound;
    });
  }
};

enum class counted { all, outside, outages, first_reads };

std::pair<lags, judged> run(void (*happens)(mishap&), counted what) {
  shared_memory<board> const shared{1};
  shared_memory<written_log> const wrote{instances() + 1};
  shared_memory<seen_log> const saw{instances()};
  shared_memory<first_log> const first{instances()};
  std::vector<process> processes;
  for (std::uint32_t number = 0; number < instances(); ++number)
    processes.emplace_back([&, number] { live(number, *shared, wrote[number], saw[number], first[number]); });
  for (auto const until = now() + ns{120s}.count(); shared->ready < 2 * instances(); std::this_thread::sleep_for(5ms))
    if (now() > until) throw std::runtime_error{"the processes did not become ready"};

  auto const start = now();
  shared->start = start;
  mishap m{.wrote = wrote[instances()],
           .processes = processes,
           .first = first,
           .end = start + static_cast<std::int64_t>(given_arguments.seconds * 1e9)};
  happens(m);
  shared->no_more_writes = true;

  auto const count = [&] {
    lags found{saw};
    if (what == counted::first_reads) return found;
    for (std::size_t writer = 0; writer <= instances(); ++writer)
      for (auto const& w : wrote[writer].entries()) {
        if (w.committed == 0 || (what == counted::outside && writer != instances())) continue;
        if (what != counted::outages) {
          found.add(w, writer);
          continue;
        }
        for (auto const& [died, back] : m.outages)
          if (w.committed >= died && w.committed < back + ns{2s}.count()) found.add(w, writer, back);
      }
    return found;
  };
  for (auto const until = now() + given_arguments.grace_ms * 1'000'000;;) {
    std::this_thread::sleep_for(200ms);
    if (now() > until || count().never == 0) break;
  }
  shared->stop = true;
  for (auto& one : processes)
    if (!one.join(60s)) throw std::runtime_error{"a process did not end well"};
  auto found = count();
  found.settle();
  judged firsts;
  for (std::uint32_t reader = 0; reader < instances(); ++reader)
    for (auto const& one : first[reader].entries()) firsts.add(one, wrote[one.key / keys_each]);
  return {std::move(found), firsts};
}

void add(std::string const& name, void (*happens)(mishap&), counted what) {
  benchmark::RegisterBenchmark("feed/" + name, [=](benchmark::State& state) {
    prefix = "feed/" + name + "/";
    nats = given("STRATA_TEST_NATS");
    for (auto _ : state) try {
        std::optional<far_nats> far;
        if (happens == cut_nats_off) far.emplace();
        auto const [found, firsts] = run(happens, what);
        auto& c = state.counters;
        if (what == counted::first_reads) {
          if (firsts.reads == 0) throw std::runtime_error{"nothing was read after a stop"};
          c["reads"] = static_cast<double>(firsts.reads);
          c["fresh"] = static_cast<double>(firsts.fresh);
          c["too_old"] = static_cast<double>(firsts.too_old);
          if (firsts.too_old == 0) sound.insert(name);
          continue;
        }
        if (found.milliseconds.empty()) throw std::runtime_error{"nothing was written"};
        c["p50_ms"] = found.quantile(0.5);
        c["p99_ms"] = found.quantile(0.99);
        c["max_ms"] = found.milliseconds.back();
        c["writes"] = static_cast<double>(found.writes);
        c["pairs"] = static_cast<double>(found.milliseconds.size());
        c["never"] = static_cast<double>(found.never);
        sound.insert(name);
      } catch (strata_test::no_networks const& reason) {
        state.SkipWithMessage(reason.what());
        sound.insert(name);
      } catch (std::exception const& fault) {
        state.SkipWithError(fault.what());
      }
  })->Unit(benchmark::kSecond);
}

}  // namespace

int main(int argc, char** argv) try {
  CLI::App app{"How long until a write is visible everywhere. Other arguments are Google Benchmark's."};
  app.allow_extras();
  app.add_option("--instances", given_arguments.instances, "How many processes there are")->capture_default_str();
  app.add_option("--seconds", given_arguments.seconds, "How long each row is measured")->capture_default_str();
  app.add_option("--grace-ms", given_arguments.grace_ms, "How long after the last write a pair may take")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (!fleet::initialize(argv[0], app.remaining())) return 1;

  add(std::format("lag/instances:{}", instances()), nothing, counted::all);
  add("killed_writer", kill_writers, counted::outside);
  add("foreign_write", write_elsewhere, counted::outside);
  add("server_back", restart_nats, counted::outages);
  add("partition_healed", cut_nats_off, counted::outages);
  add("stopped", stop_processes, counted::first_reads);
  auto const rows = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return rows != 0 && sound.size() == rows ? 0 : 1;
} catch (std::exception const& fault) {
  return std::fprintf(stderr, "bench_feed: %s\n", fault.what()), 1;
}
