// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What the standard benchmarks of tiers below memory have in common: the keys, and who asks for which.
namespace strata::benchmarking {

inline constexpr std::size_t value_bytes = 1'024;

/// 1,000 keys. Each thread saves keys of its own, so that none waits for another's; any key may be loaded.
class tier_keys {
 public:
  static constexpr std::size_t count = 1'000;

  tier_keys() {
    for (std::size_t i = 0; i < count; ++i) keys_.push_back("template-" + std::to_string(100'000 + i));
  }
  [[nodiscard]] std::vector<std::string> const& keys() const noexcept { return keys_; }
  [[nodiscard]] std::string const& any(std::size_t n, std::size_t thread) const noexcept {
    return keys_[(n + thread * 331) * 7'919 % count];
  }
  [[nodiscard]] std::string const& own(std::size_t n, std::size_t thread) const noexcept {
    return keys_[(n * 7 % 50 * 20 + thread % 20) % count];
  }
  [[nodiscard]] std::array<std::string_view, 100> hundred(std::size_t n, std::size_t thread) const noexcept {
    std::array<std::string_view, 100> some;
    for (std::size_t i = 0; i < some.size(); ++i) some[i] = any(n + i, thread);
    return some;
  }
  /// What a cache does over a tier that takes no hundred keys at once.
  template <class One>
  static bool each_of_hundred(std::size_t n, One one) {
    bool good = true;
    for (std::size_t i = 0; i < 100; ++i) good = one(n + i) && good;
    return good;
  }
  static std::chrono::steady_clock::time_point soon() noexcept {
    return std::chrono::steady_clock::now() + std::chrono::seconds{10};
  }

 private:
  std::vector<std::string> keys_;
};

}  // namespace strata::benchmarking
