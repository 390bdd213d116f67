// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/benchmarking/tier_keys.hpp>
#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/context.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>
#include <strata/testing/laws/cold_bench.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The standard benchmarks of a cold tier: what a cache asks of it, with the value that its laws are tried on. Every save
// changes something.
namespace strata::benchmarking {

/// \threads load and save: any, each with a number of its own
template <class Policy>
class cold_bench : tier_keys {
  using value = testing::ledger;
  using around = context<monotonic_clock, no_observer, testing::ledger_codec>;
  using tier_type = typename Policy::template tier<std::string, value, around>;
  static_assert(cold_tier<tier_type, value>);

 public:
  static constexpr std::string_view tier = "cold";

  explicit cold_bench(typename Policy::options const& settings) : tier_{settings, around{clock_, observer_, codec_}} {
    if constexpr (requires { tier_.wait_ready(soon()); }) (void)tier_.wait_ready(soon());
    (void)save_many(0, 0);
  }

  bool load(std::size_t n, std::size_t thread) {
    auto const found = tier_.load(any(n, thread), soon());
    return found && found->value;
  }
  bool save(std::size_t n, std::size_t thread) {
    return tier_.store(own(n, thread), made(), anything, soon()).has_value();
  }
  bool load_many(std::size_t n, std::size_t thread) {
    if constexpr (loads_many<tier_type>)
      return std::ranges::all_of(tier_.load_many(hundred(n, thread), soon()),
                                 [](auto const& found) { return found && found->value; });
    else
      return each_of_hundred(n, [&](std::size_t i) { return load(i, thread); });
  }
  bool save_many(std::size_t, std::size_t) {
    std::vector<value> values;
    for (std::size_t i = 0; i < count; ++i) values.push_back(made());
    std::vector<keyed_value<value>> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back({keys()[i], &values[i]});
    auto const stored = [](auto const& r) { return r.has_value(); };
    if constexpr (stores_many<tier_type, value>)
      return std::ranges::all_of(tier_.store_many(all, soon()), stored);
    else
      return std::ranges::all_of(
          all, [&](auto const& one) { return stored(tier_.store(one.key, *one.value, anything, soon())); });
  }

 private:
  value made() {
    value v{.text = std::to_string(made_.fetch_add(1, std::memory_order_relaxed)) + ' '};
    v.text.resize(value_bytes, 'x');
    return v;
  }

  [[no_unique_address]] monotonic_clock clock_{};
  [[no_unique_address]] no_observer observer_{};
  [[no_unique_address]] testing::ledger_codec codec_{};
  // From the clock, for another run may find what this one stored, and what stands already is no change.
  std::atomic<std::uint64_t> made_{
      static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1})};
  tier_type tier_;
};

}  // namespace strata::benchmarking
