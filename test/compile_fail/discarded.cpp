// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <strata/batch.hpp>

#include <vector>

#pragma GCC diagnostic error "-Wunused-result"
#ifdef STRATA_MENDED
#define CALL (void)
#else
#define CALL
#endif

using namespace pieces;
using cache = strata::cache<policy<hot>, strata::none, strata::none, memory>;

// Whoever does not look at an outcome has to say so.
void discard(cache& c, std::vector<std::string> keys, std::vector<asset> values) {
  // first error: nodiscard
  CALL cache::open({});
  // next error: nodiscard
  CALL c.get("a");
  // next error: nodiscard
  CALL c.co_get("a");
  // next error: nodiscard
  CALL c.visit("a", [](asset const&) {});
  // next error: nodiscard
  CALL c.peek("a");
  // next error: nodiscard
  CALL c.put({.id = "a"});
  // next error: nodiscard
  CALL c.put("a", {});
  // next error: nodiscard
  CALL c.co_put({.id = "a"});
  // next error: nodiscard
  CALL c.put_if(strata::revision{}, {.id = "a"});
  // next error: nodiscard
  CALL c.co_put_if(strata::revision{}, {.id = "a"});
  // next error: nodiscard
  CALL c.update("a", [](asset&) {});
  // next error: nodiscard
  CALL c.co_update("a", [](asset&) {});
  // next error: nodiscard
  CALL c.erase("a");
  // next error: nodiscard
  CALL c.co_erase("a");
  // next error: nodiscard
  CALL c.get_or_load("a", [] { return asset{}; });
  // next error: nodiscard
  CALL c.get_many(keys);
  // next error: nodiscard
  CALL c.visit_many(keys, [](auto, asset const&) {});
  // next error: nodiscard
  CALL c.put_many(values);
  // next error: nodiscard
  CALL c.erase_many(keys);
  // next error: nodiscard
  CALL c.co_get_many(keys);
  // next error: nodiscard
  CALL c.co_put_many(values);
  // next error: nodiscard
  CALL c.co_erase_many(keys);
  // next error: nodiscard
  CALL c.ready();
  // next error: nodiscard
  CALL c.co_ready();
  // next error: nodiscard
  CALL c.flush();
  // next error: nodiscard
  CALL c.co_flush();
  // next error: nodiscard
  CALL c.stats();
  // next error: nodiscard
  CALL c.health();
}
