// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/memory.hpp>

#include <cstddef>

namespace strata::hot::engine {

/// Bounds of a hot tier, kept at every moment, and the settings of algorithms that have some.
template <class Settings>
struct options_with {
  std::size_t capacity_entries = 1000;  ///< at least 1; memory for the entries themselves is proportional to it
  /// Of the values, as weighed; zero: not bounded. Each shard has an equal share, of 64 MiB or more where there are several:
  /// a value that is heavier than a share, or of 2 GiB, is never kept.
  std::size_t capacity_bytes = 0;
  [[no_unique_address]] Settings eviction{};
  engine::pages pages = engine::pages::usual;
};
using options = options_with<no_settings>;
template <class Eviction>
using options_for = options_with<typename settings_of<Eviction>::type>;

}  // namespace strata::hot::engine
