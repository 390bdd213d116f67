// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hash.hpp>

#include <cstddef>
#include <type_traits>

namespace peers {

/// Strata's own hash, so that maps are compared and not hashes.
template <class Key>
struct same_hash {
  using is_avalanching = std::true_type;
  std::size_t operator()(Key const& key) const noexcept { return hash(key).hash; }
  strata::hasher<Key> hash{1};
};

}  // namespace peers
