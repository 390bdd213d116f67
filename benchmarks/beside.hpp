// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/hot.hpp>
#include <strata/hash.hpp>
#include <strata/hit.hpp>

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

// Who reads beside who writes: 1,000 entries, all there.
//   hot/<policy>/<string|u64>/beside        one thread hits (Zipf 0.99), another replaces; hit_ns, put_ns
//   hot/<policy>/<string|u64>/slow_visitor  one thread replaces while another visits for 10 ms; longest_put_us
namespace beside {

using namespace strata::benchmarking;
using clock = std::chrono::steady_clock;

template <class Policy, class Key>
class stage {
  struct context {
    strata::hasher<Key> const& hash;
  };

 public:
  stage() {
    for (std::size_t i = 0; i < hot_capacity; ++i) put(i);
  }
  void put(std::size_t i) {
    (void)tier_.install(hash_(all_.keys[i % hot_capacity]), {strata::revision{++revision_}, payload{}});
  }
  template <class F>
  bool find(std::size_t n, F f) {
    return tier_.find(hash_(all_.keys[all_.zipf_hot[n % all_.asked]]), f);
  }

 private:
  hot_keys<Key> const& all_ = hot_keys<Key>::made();
  strata::hasher<Key> hash_{1};
  typename Policy::template tier<Key, payload, context> tier_{{.capacity_entries = hot_capacity}, {hash_}};
  std::uint64_t revision_ = 0;
};

inline double nanoseconds(clock::duration took, std::uint64_t calls) {
  return std::chrono::duration<double, std::nano>{took}.count() /
         static_cast<double>(std::max<std::uint64_t>(calls, 1));
}

template <class Policy, class Key>
void hits_and_puts(benchmark::State& state) {
  stage<Policy, Key> s;
  for (auto _ : state) {
    std::atomic<int> ready = 0;
    std::atomic<bool> over = false;
    std::uint64_t puts = 0, hits = 0, sum = 0;
    std::thread writer{[&] {
      for (++ready; ready != 2;) std::this_thread::yield();
      for (; !over.load(std::memory_order_relaxed); ++puts) s.put(puts * 7'919);
    }};
    for (++ready; ready != 2;) std::this_thread::yield();
    auto const began = clock::now();
    clock::time_point now = began;
    for (std::uint64_t n = 0; now - began < std::chrono::milliseconds{200}; now = clock::now())
      for (std::uint64_t const end = n + 4'096; n < end; ++n)
        hits += s.find(n, [&](strata::box<payload> const& b) { sum += b.value().words[0]; });
    over = true;
    writer.join();
    benchmark::DoNotOptimize(sum);
    state.counters["hit_ns"] = nanoseconds(now - began, hits);
    state.counters["put_ns"] = nanoseconds(now - began, puts);
  }
}

template <class Policy, class Key>
void slow_visitor(benchmark::State& state) {
  stage<Policy, Key> s;
  for (auto _ : state) {
    std::atomic<bool> inside = false, over = false;
    std::thread visitor{[&] {
      (void)s.find(0, [&](auto const&) {
        inside = true;
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
      });
      over = true;
    }};
    while (!inside) std::this_thread::yield();
    clock::duration longest{};
    for (std::size_t n = 0; !over; ++n) {
      auto const began = clock::now();
      s.put(n * 7'919);
      longest = std::max(longest, clock::now() - began);
    }
    visitor.join();
    state.counters["longest_put_us"] = nanoseconds(longest, 1'000);
  }
}

template <class Policy>
void rows(std::string_view policy) {
  auto const each = [&]<class Key>(std::string_view key) {
    std::string const at = "hot/" + std::string{policy} + "/" + std::string{key};
    benchmark::RegisterBenchmark(at + "/beside", hits_and_puts<Policy, Key>)->Iterations(1);
    benchmark::RegisterBenchmark(at + "/slow_visitor", slow_visitor<Policy, Key>)->Iterations(1);
  };
  each.template operator()<std::string>("string");
  each.template operator()<std::uint64_t>("u64");
}

}  // namespace beside
