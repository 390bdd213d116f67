// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/testing/laws/cold_bench.hpp>
#include <strata/testing/report.hpp>

#include <chrono>
#include <string_view>
#include <thread>
#include <vector>

// The law of cold tiers whose values may have an end.
namespace strata::testing {

template <class Policy, reporter Report>
class cold_expiry_suite : cold_bench<Policy, Report, true> {
  using base = cold_bench<Policy, Report, true>;
  using base::check, base::good, base::soon, base::tier_;
  using typename base::tier_type;

 public:
  using base::base;

  void run() {
    using namespace std::chrono_literals;
    if constexpr (requires { tier_.wait_ready(soon()); }) (void)tier_.wait_ready(soon());
    auto const gone = [&](std::string_view key) {  // a machine may be busy, but not for so long
      auto const until = std::chrono::steady_clock::now() + 10s;
      auto now = tier_.load(key, soon());
      while (now && now->value && std::chrono::steady_clock::now() < until) {
        std::this_thread::sleep_for(5ms);
        now = tier_.load(key, soon());
      }
      return now;
    };
    auto const put = tier_.store("ends", {.text = "a"}, anything, soon(), 1h);
    auto const there = tier_.load("ends", soon());
    if (!good(cold_law::expiry, put, "store with a life") || !good(cold_law::expiry, there, "load")) return;
    check(
        cold_law::expiry,
        there->value && there->expires_in && *there->expires_in <= 1h && *there->expires_in > 50min && !there->expired,
        "load does not say what is left");
    auto const shorter = tier_.store("ends", {.text = "a"}, anything, soon(), 40ms);
    check(cold_law::expiry, shorter && shorter->changed && shorter->revision > put->revision,
          "the same content with another life is a change");
    auto const expired = gone("ends");
    check(cold_law::expiry,
          expired && !expired->value && expired->expired && shorter && expired->revision == shorter->revision,
          "what has expired is given, or not called so");
    auto const again = tier_.store("ends", {.text = "a"}, absence, soon());
    check(cold_law::expiry, again && again->changed && again->revision > shorter->revision && again->version == 3,
          "a store that expects absence of what has expired");
    auto const for_ever = tier_.load("ends", soon());
    check(cold_law::expiry, for_ever && for_ever->value && !for_ever->expires_in, "a store without a life gives one");
    (void)tier_.store("lives", {.text = "a"}, anything, soon(), 1h);
    (void)tier_.store("lives", {.text = "a"}, anything, soon());
    auto const on = tier_.load("lives", soon());
    check(cold_law::expiry, on && on->value && !on->expires_in, "a store without a life leaves the one before");
    check(cold_law::expiry, !tier_.store("ends", {.text = "b"}, absence, soon()), "absence expected of what lives");
    if constexpr (loads_many<tier_type> && stores_many<tier_type, ledger>) {
      ledger const one{.text = "one"}, two{.text = "two"};
      std::vector<keyed_value<ledger>> const both{{"ends 1", &one}, {"ends 2", &two}};
      auto const stored = tier_.store_many(both, soon(), 1h);
      std::string_view const keys[] = {"ends 1", "ends", "ends 2"};
      auto const found = tier_.load_many(keys, soon());
      check(cold_law::expiry,
            stored[0] && stored[1] && found[0] && found[0]->expires_in && found[1] && !found[1]->expires_in &&
                found[2] && found[2]->expires_in > 50min,
            "lives in bulk");
      (void)tier_.store_many(both, soon(), 1ms);
      (void)gone("ends 1");
      auto const over = tier_.load_many(keys, soon());
      check(cold_law::expiry, over[0] && over[0]->expired && !over[0]->value && over[1] && over[1]->value,
            "what has expired, in bulk");
    }
  }
};

}  // namespace strata::testing
