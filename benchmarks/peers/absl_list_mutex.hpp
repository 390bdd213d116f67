// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "hand_lru_mutex.hpp"

#include <absl/container/flat_hash_map.h>

// The same program as hand_lru_mutex, with Abseil's map.
namespace peers {

template <class Key, class Value, class Hash>
using absl_map = absl::flat_hash_map<Key, Value, Hash>;
template <class Key>
using absl_list_mutex = lru_mutex<Key, absl_map>;

}  // namespace peers
