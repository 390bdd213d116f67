// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What composition costs on a hot hit, in instructions: the cache against its own hot policy called directly, and against
// the same cache built with virtual functions. Each figure is (count of 200,000 calls - count of 100,000) / 100,000 as
// callgrind counts them; keys come from a table read at run time, and the functions compared are not inlined. Lower tiers
// and options that are off must add nothing: `cache` has none, `cache_below` has a warm and a cold tier that are never
// asked.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

using value = std::string;

struct plain {  // a codec for the cache with lower tiers; never called here
  using value_type = value;
  static constexpr std::string_view id = "plain";
  static constexpr std::uint64_t fingerprint = 1;
  strata::result<void> encode(value const& v, std::string& out) const {
    out.append(v);
    return {};
  }
  strata::result<value> decode(std::string_view bytes) const { return value{bytes}; }
  strata::result<void> to_json(value const& v, std::string& out) const { return encode(v, out); }
  strata::result<value> from_json(std::string_view bytes) const { return decode(bytes); }
};

using memory_only = strata::cache<strata::hot::lru, strata::none, strata::none, strata::codec::none<value>>;
using with_tiers = strata::cache<strata::hot::lru, strata::testing::memory_warm, strata::testing::memory_cold, plain, strata::single_writer>;
using context = strata::context<strata::monotonic_clock, strata::no_observer, strata::codec::none<value>>;
using policy = strata::hot::lru::tier<std::string, value, context>;

// The same composition as most people write it: tiers behind interfaces.
struct abstract_tier {
  virtual ~abstract_tier() = default;
  virtual bool find(strata::hashed<std::string> k, std::function<void(strata::box<value> const&)> const& f) = 0;
};
struct abstract_cache {
  virtual ~abstract_cache() = default;
  virtual bool visit(std::string_view key, std::function<void(value const&)> const& f) = 0;
  virtual strata::hit<value> get(std::string_view key) = 0;
};
struct lru_behind_interface final : abstract_tier {
  explicit lru_behind_interface(context const& c) : tier{{}, c} {}
  bool find(strata::hashed<std::string> k, std::function<void(strata::box<value> const&)> const& f) override { return tier.find(k, f); }
  policy tier;
};
struct cache_of_interfaces final : abstract_cache {
  explicit cache_of_interfaces(std::unique_ptr<abstract_tier> h) : hot{std::move(h)} {}
  bool visit(std::string_view key, std::function<void(value const&)> const& f) override {
    return hot->find(hash(key), [&](strata::box<value> const& b) { f(b.value()); });
  }
  strata::hit<value> get(std::string_view key) override {
    strata::hit<value> found;
    hot->find(hash(key), [&](strata::box<value> const& b) { found = strata::hit<value>{b, strata::tier::hot}; });
    return found;
  }
  strata::hasher<std::string> hash;
  std::unique_ptr<abstract_tier> hot;
};

template <class Cache>
[[gnu::noinline]] std::size_t cache_visit(Cache& c, std::string_view key) {
  auto const size = c.visit(key, [](value const& v) { return v.size(); });
  return size && *size ? **size : 0;
}
[[gnu::noinline]] std::size_t policy_visit(policy& p, strata::hasher<std::string> const& hash, std::string_view key) {
  std::size_t size = 0;
  return p.find(hash(key), [&](strata::box<value> const& b) { size = b.value().size(); }) ? size : 0;
}
[[gnu::noinline]] std::size_t virtual_visit(abstract_cache& c, std::string_view key) {
  std::size_t size = 0;
  return c.visit(key, [&](value const& v) { size = v.size(); }) ? size : 0;
}

template <class Cache>
[[gnu::noinline]] strata::hit<value> cache_get(Cache& c, std::string_view key) {
  return c.get(key);
}
[[gnu::noinline]] strata::box<value> policy_get(policy& p, strata::hasher<std::string> const& hash, std::string_view key) {
  void const* copy = nullptr;
  p.find(hash(key), [&](strata::box<value> const& b) { copy = strata::box<value>{b}.release(); });
  return strata::box<value>::adopt(copy);
}
[[gnu::noinline]] strata::hit<value> virtual_get(abstract_cache& c, std::string_view key) { return c.get(key); }

// The keys are made from numbers at run time, so that nothing about them is known to the compiler.
std::array<std::string, 1'000> const& keys() {
  static auto const table = [] {
    std::array<std::string, 1'000> t;
    for (std::size_t i = 0; i < t.size(); ++i) t[i] = "template-" + std::to_string(100'000 + i * static_cast<std::size_t>(getpid() > 0));
    return t;
  }();
  return table;
}

template <class Fill>
void fill(Fill put) {
  for (auto const& k : keys()) put(k);
}
template <class Call>
std::size_t repeat(std::size_t calls, Call call) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < calls; ++i) sum += call(keys()[i * 7 % 1'000]);
  return sum;
}

template <class Cache>
std::size_t run_cache(std::string_view what, std::size_t calls) {
  auto opened = Cache::open({.hot = {.capacity_entries = 1'000}});
  auto& c = opened.value();
  fill([&](std::string const& k) { (void)c.put(k, value(64, 'v')); });
  if (what == "visit") return repeat(calls, [&](std::string_view k) { return cache_visit(c, k); });
  return repeat(calls, [&](std::string_view k) { return cache_get(c, k)->size(); });
}

std::size_t run(std::string_view what, std::string_view who, std::size_t calls) {
  if (who == "cache") return run_cache<memory_only>(what, calls);
  if (who == "cache_below") return run_cache<with_tiers>(what, calls);
  strata::no_observer observer;
  strata::codec::none<value> codec;
  strata::monotonic_clock clock;
  context const c{clock, observer, codec};
  strata::hasher<std::string> hash;
  auto const boxed = [n = 0ULL]() mutable { return strata::box<value>{strata::revision{++n}, value(64, 'v')}; };
  if (who == "policy") {
    policy p{{.capacity_entries = 1'000}, c};
    fill([&, make = boxed](std::string const& k) mutable { p.install(hash(k), make()); });
    if (what == "visit") return repeat(calls, [&](std::string_view k) { return policy_visit(p, hash, k); });
    return repeat(calls, [&](std::string_view k) { return policy_get(p, hash, k).value().size(); });
  }
  auto tier = std::make_unique<lru_behind_interface>(c);
  auto& inner = tier->tier;
  cache_of_interfaces v{std::move(tier)};
  fill([&, make = boxed](std::string const& k) mutable { inner.install(v.hash(k), make()); });
  if (what == "visit") return repeat(calls, [&](std::string_view k) { return virtual_visit(v, k); });
  return repeat(calls, [&](std::string_view k) { return virtual_get(v, k)->size(); });
}

// Runs this program under callgrind, which ends with "Collected : n".
double instructions(std::string const& what, std::string const& who, char const* program, int calls) {
  std::string const command = "valgrind --tool=callgrind --callgrind-out-file=/dev/null " + std::string{program} + " --count " + what +
                              " " + who + " " + std::to_string(calls) + " 2>&1 >/dev/null";
  auto* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return -1;
  double count = -1;
  for (std::array<char, 256> line; std::fgets(line.data(), line.size(), pipe) != nullptr;)
    if (auto const* at = std::strstr(line.data(), "Collected : ")) count = std::atof(at + 12);
  return pclose(pipe) == 0 ? count : -1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view{argv[1]} == "--count") return run(argv[2], argv[3], std::strtoul(argv[4], nullptr, 10)) == 0;
  std::string const program = argv[0];
  for (std::string const what : {"visit", "get"})
    for (std::string const who : {"cache", "cache_below", "policy", "virtual"})
      benchmark::RegisterBenchmark(("compose/" + what + "/" + who).c_str(), [=](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(run(what, who, 100'000));
        auto const few = instructions(what, who, program.c_str(), 100'000);
        auto const many = instructions(what, who, program.c_str(), 200'000);
        if (few < 0 || many < 0) return state.SkipWithError("callgrind (Debian: valgrind) gave no count");
        state.counters["instructions"] = (many - few) / 100'000;
      })->Iterations(5)->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
