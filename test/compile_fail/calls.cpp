// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/local.hpp>

#include "pieces.hpp"

#include <memory>
#include <string>

using namespace pieces;
using cache = strata::cache<policy<hot>, strata::none, strata::none, memory>;
using owners = strata::cache<policy<hot>, strata::none, strata::none, strata::codec::none<std::unique_ptr<int>>>;
using local = strata::local_cache<std::string, asset>;

// first error: strata, get_or_load(key, load): load cannot be called as load() to give the value or a result of it.
auto loaded(cache& c) {
  return c.get_or_load("a", [](WRONG(auto const& key)) { return asset{.id = WRONG_OR_RIGHT(key, "a")}; });
}

// next error: strata, get_or_load(key, load): load cannot be called as load() to give the value or a result of it.
auto loaded_later(cache& c) {
  return c.co_get_or_load("a", [] { return WRONG_OR_RIGHT(7, asset{.id = "a"}); }, {.within = {}});
}

// next error: strata, get_or_load(key, load): load cannot be called as load() to give the value or a result of it.
auto loaded(local& c) {
  return c.get_or_load("a", [](WRONG(std::string_view)) { return asset{.id = "a"}; });
}

// next error: strata::cache, update(key, f): f cannot be called as f(value&) to give nothing or a bool.
auto updated(cache& c) {
  return c.update("a", [](WRONG_OR_RIGHT(asset const& a, asset& a)) { return WRONG_OR_RIGHT(a, a.count != 0); });
}

// next error: strata::cache, update(key, f): f cannot be called as f(value&) to give nothing or a bool.
auto updated_later(cache& c) {
  return c.co_update("a", [](WRONG_OR_RIGHT(int&, asset&)) {});
}

// next error: strata::cache, update(key, f): the value cannot be copied.
auto updated(owners& c) {
  return WRONG_OR_RIGHT(c.update("a", [](auto& n) { *n = 8; }), c.put("a", std::make_unique<int>(8)));
}

// next error: strata, visit(key, f): f cannot be called as f(value const&).
bool visited(cache& c) {
  return c.visit("a", [](WRONG_OR_RIGHT(asset & a, asset const&)) { WRONG(++a.count;) }).has_value();
}

// next error: strata, visit(key, f): f cannot be called as f(value const&).
bool visited(local& c) {
  return c.visit("a", [](WRONG_OR_RIGHT(int, asset const&)) {});
}
