// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

// A whole program over a composition that cannot be: what follows the advice must not drown it.
template <class K, class V>
struct forgetful : pieces::hot<K, V> {
  WRONG(void erase(strata::hashed<K> const&);)
};
struct mine : pieces::policy<forgetful> {
  struct options {
    std::size_t capacity = 10;
  };
  template <class Key, class Value, class Context>
  struct tier : forgetful<Key, Value> {
    tier(options const&, Context const&);
  };
};
using cache = strata::cache<mine, strata::none, strata::none, pieces::memory>;

// first error: strata::cache, 1st parameter (Hot): its tier has no erase(hashed<Key> const&, revision) that can be called.
int use() {
  auto opened = cache::open({.hot = {.capacity = 20}});
  if (!opened) return 1;
  cache& c = *opened;
  if (auto const done = c.put({.id = "a", .count = 1}); !done) return 2;
  if (auto const done = c.update("a", [](pieces::asset& a) { ++a.count; }); !done) return 3;
  auto const read = c.get("a");
  return read ? read->count : 4;
}
