// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;

// The advice comes once for a type, so each verb has one of its own.
template <int>
struct number {
  int n = 0;
};
template <class T>
using of = strata::cache<pieces::policy<pieces::hot>, strata::none, strata::none, strata::codec::none<T>>;

// first error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write(of<int>& c) { return WRONG_OR_RIGHT(c.put(7), c.put("seven", 7)); }

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write(of<std::string>& c, std::string const& text) {
  return WRONG_OR_RIGHT(c.put(text, {.within = 1s}), c.put(text, {}));  // a key, and an empty value
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write(of<number<1>>& c) {
  return WRONG_OR_RIGHT(c.put({.n = 7}, {.within = 1s}), c.put("seven", {.n = 7}, {.within = 1s}));
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_if(of<number<2>>& c) {
  auto const read = c.get("seven");
  return WRONG_OR_RIGHT(c.put_if(read, {.n = 8}), c.put_if("seven", read, {.n = 8}));
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_if(of<number<3>>& c) {
  return WRONG_OR_RIGHT(c.put_if(strata::absence, {.n = 8}, {.within = 1s}),
                        c.put_if("seven", strata::absence, {.n = 8}, {.within = 1s}));
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_later(of<number<4>>& c) { return WRONG_OR_RIGHT(c.co_put({.n = 7}), c.co_put("seven", {.n = 7})); }

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_later(of<number<5>>& c) {
  return WRONG_OR_RIGHT(c.co_put(number<5>{7}, {.within = 1s}), c.co_put("seven", {.n = 7}, {.within = 1s}));
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_if_later(of<number<6>>& c) {
  auto const read = c.get("seven");
  return WRONG_OR_RIGHT(c.co_put_if(read, {.n = 8}), c.co_put_if("seven", read, {.n = 8}));
}

// next error: strata::cache: put(value), put_if(read, value) and their co_ forms ask the value for its key, and this type
auto write_if_later(of<long>& c) {
  return WRONG_OR_RIGHT(c.co_put_if(strata::absence, 8, {.within = 1s}),
                        c.co_put_if("seven", strata::absence, 8, {.within = 1s}));
}
