// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/tier_keys.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/frame.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The standard benchmarks of a warm tier: what a cache asks of it, with frames as a cache makes them.
namespace strata::benchmarking {

/// \threads load and save: any, each with a number of its own
template <class Policy>
class warm_bench : tier_keys {
  struct no_context {};
  using tier_type = typename Policy::template tier<std::string, std::string, no_context>;
  static_assert(warm_tier<tier_type>);

 public:
  static constexpr std::string_view tier = "warm";

  explicit warm_bench(typename Policy::options const& settings) : tier_{settings, no_context{}} {
    if constexpr (requires { tier_.wait_ready(soon()); }) (void)tier_.wait_ready(soon());
    (void)save_many(0, 0);
  }

  bool load(std::size_t n, std::size_t thread) {
    auto const seen = tier_.load(any(n, thread), soon());
    return seen && seen->frame;
  }
  bool save(std::size_t n, std::size_t thread) {
    return tier_.store(made(own(n, thread)), std::nullopt, soon()).has_value();
  }
  bool load_many(std::size_t n, std::size_t thread) {
    if constexpr (loads_many<tier_type>)
      return std::ranges::all_of(tier_.load_many(hundred(n, thread), soon()),
                                 [](auto const& seen) { return seen && seen->frame; });
    else
      return each_of_hundred(n, [&](std::size_t i) { return load(i, thread); });
  }
  bool save_many(std::size_t, std::size_t) {
    std::vector<frame> frames;
    std::vector<placement> places;
    for (auto const& key : keys()) frames.push_back(made(key));
    for (auto const& one : frames) places.push_back({&one, std::nullopt});
    auto const stored = [](auto const& r) { return r.has_value(); };
    if constexpr (stores_frames<tier_type>)
      return std::ranges::all_of(tier_.store_many(places, soon()), stored);
    else
      return std::ranges::all_of(frames, [&](frame const& f) { return stored(tier_.store(f, std::nullopt, soon())); });
  }

 private:
  frame made(std::string const& key) {
    frame f{.key = key,
            .revision = revision{revisions_.fetch_add(1, std::memory_order_relaxed)},
            .codec = "text",
            .created_ms = 1'700'000'000'000,
            .payload = std::string(value_bytes, 'x')};
    f.sum = checksum(f);
    return f;
  }

  // From the clock, for another run may find what this one stored.
  std::atomic<std::uint64_t> revisions_{
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1})};
  tier_type tier_;
};

}  // namespace strata::benchmarking
