// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>

#include <cstdint>
#include <string_view>

namespace strata::testing {

/// What a cache shows to tests alone: its core, on which the flows run.
struct access {
  template <class Cache>
  static auto& core(Cache& c) noexcept {
    return c.core_;
  }
  template <class Cache>
  static auto& background(Cache& c) noexcept {
    return c.background_;
  }
  /// Takes a key out of hot, as an eviction does.
  template <class Cache>
  static void evict(Cache& c, std::string_view key) noexcept {
    auto& core = access::core(c);
    core.hot.erase(core.hash(key), revision{~std::uint64_t{0}});
  }
};

}  // namespace strata::testing
