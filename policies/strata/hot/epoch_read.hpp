// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/epoch.hpp>

// A hot policy whose readers take no lock: hot::epoch_read<hot::sieve>, or of lru or s3fifo. Hits go on while somebody
// writes, and a put waits for no visitor. For that a put makes an entry of its own for each new value, and what it replaces
// or evicts stays in memory, with its value, until nobody can look at it any more: up to 64 entries or a 32nd of each shard,
// whichever is more, until somebody writes again. A visitor that does not come back keeps one of them; only when all are
// waiting for readers that are on their way to an entry, or for the visitors of find_many, a writer waits for these. A
// resize that makes the tier larger waits for all visitors, and others wait for it. From the seventeenth thread on one that
// comes to a shard in which another with the same number reads takes its writers' lock instead.
namespace strata::hot {

/// \tparam Policy  lru, sieve, s3fifo, or one whose algorithm has what engine::eviction says of epoch_read
template <class Policy>
struct epoch_read {
  using options = typename Policy::options;
  template <class Key, class Value, class Context>
  using tier = typename Policy::template tier<Key, Value, Context>::template called_by<engine::epoch_read>;
};

}  // namespace strata::hot
