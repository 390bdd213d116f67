// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// What composition costs on a hot hit, in instructions: the cache against its own hot policy called directly, and
// against the same cache built with virtual functions. Each figure is (count of 200,000 calls - count of 100,000) /
// 100,000 as callgrind counts them, loop and all; `over_policy` is what it has more than the policy's. Keys come from a
// table read at run time, every hash has the same seed, and one loop calls all of them through a pointer. A get is
// compared with a visit that copies the same pointer. Lower tiers and options that are off must add nothing: `cache`
// has none; `cache_below` has a warm and a cold tier that are never asked and an observer that hears of failures alone;
// `cache_counting` has a cold tier that wants reads counted, which is work that the others do not do. Where `cache` or
// `cache_below` has more over the policy than it may add, that is an error.
#include <strata/cache.hpp>
#include <strata/hot/lru.hpp>
#include <strata/testing/memory_cold.hpp>
#include <strata/testing/memory_warm.hpp>

#include <benchmark/benchmark.h>

#include <unistd.h>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

// What the hashes take their seed from: the same for all, so that all find their keys in the same places.
extern "C" int getentropy(void* into, std::size_t size) {
  std::memset(into, 7, size);
  return 0;
}

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
struct cold_that_counts_nothing {
  using options = strata::testing::memory_cold::options;
  template <class Key, class Value, class Context>
  struct tier : strata::testing::memory_cold::tier<Key, Value, Context> {
    using strata::testing::memory_cold::tier<Key, Value, Context>::tier;
    void add_usage() = delete;
  };
};
struct hears_failures {
  void failed(strata::tier, strata::error const&) noexcept {}
};
template <class Cold>
using over = strata::cache<strata::hot::lru, strata::testing::memory_warm, Cold, plain, strata::single_writer,
                           strata::observer<hears_failures>>;
using below = over<cold_that_counts_nothing>;
using counting = over<strata::testing::memory_cold>;
using context = strata::context<strata::monotonic_clock, strata::no_observer, strata::codec::none<value>>;
using policy = strata::hot::lru::tier<std::string, value, context>;

struct policy_alone {
  explicit policy_alone(context const& c) : tier{{.capacity_entries = 1'000}, c} {}
  strata::hasher<std::string> hash;
  policy tier;
};

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
  bool find(strata::hashed<std::string> k, std::function<void(strata::box<value> const&)> const& f) override {
    return tier.find(k, f);
  }
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

// What is compared: one call each, behind a pointer that the loop below cannot see through.
using one_call = std::size_t (*)(void* on, std::string_view key);

template <class Cache>
std::size_t cache_visit(void* on, std::string_view key) {
  auto const size = static_cast<Cache*>(on)->visit(key, [](value const& v) { return v.size(); });
  return size && *size ? **size : 0;
}
std::size_t policy_visit(void* on, std::string_view key) {
  auto& p = *static_cast<policy_alone*>(on);
  std::size_t size = 0;
  return p.tier.find(p.hash(key), [&](strata::box<value> const& b) { size = b.value().size(); }) ? size : 0;
}
std::size_t virtual_visit(void* on, std::string_view key) {
  std::size_t size = 0;
  return static_cast<abstract_cache*>(on)->visit(key, [&](value const& v) { size = v.size(); }) ? size : 0;
}

template <class Cache>
std::size_t cache_get(void* on, std::string_view key) {
  auto const found = static_cast<Cache*>(on)->get(key);
  return found ? found->size() : 0;
}
std::size_t policy_get(void* on, std::string_view key) {
  auto& p = *static_cast<policy_alone*>(on);
  void const* copy = nullptr;  // as the cache does: an object with a destructor in there costs more
  p.tier.find(p.hash(key), [&](strata::box<value> const& b) { copy = strata::box<value>{b}.release(); });
  auto const found = strata::box<value>::adopt(copy);
  return found ? found.value().size() : 0;
}
std::size_t virtual_get(void* on, std::string_view key) {
  auto const found = static_cast<abstract_cache*>(on)->get(key);
  return found ? found->size() : 0;
}

// The keys are made from numbers at run time, so that nothing about them is known to the compiler.
std::array<std::string, 1'000> const& keys() {
  static auto const table = [] {
    std::array<std::string, 1'000> t;
    for (std::size_t i = 0; i < t.size(); ++i)
      t[i] = "template-" + std::to_string(100'000 + i * static_cast<std::size_t>(getpid() > 0));
    return t;
  }();
  return table;
}

[[gnu::noinline]] std::size_t repeat(std::size_t calls, one_call call, void* on) {
  benchmark::DoNotOptimize(call);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < calls; ++i) sum += call(on, keys()[i * 7 % 1'000]);
  return sum;
}

template <class Cache>
std::size_t run_cache(bool visit, std::size_t calls) {
  Cache c{{.hot = {.capacity_entries = 1'000}}};
  for (auto const& k : keys()) (void)c.put(k, value(64, 'v'));
  return repeat(calls, visit ? cache_visit<Cache> : cache_get<Cache>, &c);
}

std::size_t run(std::string_view what, std::string_view who, std::size_t calls) {
  bool const visit = what == "visit";
  if (who == "cache") return run_cache<memory_only>(visit, calls);
  if (who == "cache_below") return run_cache<below>(visit, calls);
  if (who == "cache_counting") return run_cache<counting>(visit, calls);
  strata::no_observer observer;
  strata::codec::none<value> codec;
  strata::monotonic_clock clock;
  context const c{clock, observer, codec};
  auto const fill = [](auto& hash, policy& p) {
    std::uint64_t n = 0;
    for (auto const& k : keys()) p.install(hash(k), strata::box<value>{strata::revision{++n}, value(64, 'v')});
  };
  if (who == "policy") {
    policy_alone p{c};
    fill(p.hash, p.tier);
    return repeat(calls, visit ? policy_visit : policy_get, &p);
  }
  auto tier = std::make_unique<lru_behind_interface>(c);
  auto& inner = tier->tier;
  cache_of_interfaces v{std::move(tier)};
  fill(v.hash, inner);
  return repeat(calls, visit ? virtual_visit : virtual_get, static_cast<abstract_cache*>(&v));
}

// Runs this program under callgrind, which ends with "Collected : n".
double collected(std::string const& what, std::string const& who, char const* program, int calls) {
  std::string const command = "valgrind --tool=callgrind --callgrind-out-file=/dev/null " + std::string{program} +
                              " --count " + what + " " + who + " " + std::to_string(calls) + " 2>&1 >/dev/null";
  auto* const pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return -1;
  double count = -1;
  for (std::array<char, 256> line; std::fgets(line.data(), line.size(), pipe) != nullptr;)
    if (auto const* at = std::strstr(line.data(), "Collected : ")) count = std::atof(at + 12);
  return pclose(pipe) == 0 ? count : -1;
}

// Of one call; each measured once. Below zero: callgrind gave no count.
double instructions(std::string const& what, std::string const& who, std::string const& program) {
  static std::map<std::string, double> known;
  auto const [at, fresh] = known.try_emplace(what + "/" + who, -1);
  if (fresh) {
    auto const few = collected(what, who, program.c_str(), 100'000);
    auto const many = collected(what, who, program.c_str(), 200'000);
    if (few >= 0 && many >= 0) at->second = (many - few) / 100'000;
  }
  return at->second;
}

// A visit adds nothing, and a get makes its answer of what was found. Tiers below add nothing to either: less than one, as
// what a thread does once is in the count.
constexpr double visit_may_add = 0, get_may_add = 4, below_may_add = 1;

}  // namespace

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view{argv[1]} == "--count")
    return run(argv[2], argv[3], std::strtoul(argv[4], nullptr, 10)) == 0;
  std::string const program = argv[0];
  for (std::string const what : {"visit", "get"})
    for (std::string const who : {"policy", "cache", "cache_below", "cache_counting", "virtual"})
      benchmark::RegisterBenchmark(("compose/" + what + "/" + who).c_str(), [=](benchmark::State& state) {
        for (auto _ : state) benchmark::DoNotOptimize(run(what, who, 100'000));
        auto const own = instructions(what, who, program);
        auto const bare = instructions(what, "policy", program);
        auto const alone = instructions(what, "cache", program);
        if (own < 0 || bare < 0 || alone < 0) return state.SkipWithError("callgrind (Debian: valgrind) gave no count");
        state.counters["instructions"] = own;
        state.counters["over_policy"] = own - bare;
        bool const bounded = who == "cache" || who == "cache_below";
        if (bounded && own - bare > (what == "visit" ? visit_may_add : get_may_add))
          state.SkipWithError("more over the policy than it may add");
        if (who == "cache_below" && own - alone >= below_may_add) state.SkipWithError("tiers below add to a hit");
      })->Unit(benchmark::kMillisecond);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
