// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/biased_lock.hpp>

// Any hot policy of the engine, for a cache that one thread at a time calls: hot::single_thread<hot::lru>. No atomic
// operation, and one order for all entries whatever the capacity, so that the victims are the algorithm's own. A visitor
// that calls its cache is seen all the same. What such a cache would ask or load aside, while its caller goes on, happens in
// the call. Not over other tiers: with these a cache has threads of its own, which change memory as well.
namespace strata::hot {

template <class Policy>
struct single_thread {
  using options = typename Policy::options;
  template <class Key, class Value, class Context>
  using tier = typename Policy::template tier<Key, Value, Context>::template called_by<engine::single_thread>;
};

}  // namespace strata::hot
