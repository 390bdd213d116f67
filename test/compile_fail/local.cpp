// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/local.hpp>

#include "pieces.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#define LOCAL(...) static_assert(sizeof(strata::local_cache<__VA_ARGS__>) != 0)

struct unhashed {
  bool operator==(unhashed const&) const = default;
};
struct deaf {
  void removed(WRONG_OR_RIGHT(int, std::string_view), std::string const&, strata::removal) const {}
};
struct bound {
  WRONG(explicit bound(int&);)
  void removed(std::string_view, std::string const&, strata::removal) const {}
};
struct unfair {
  WRONG_OR_RIGHT(void, std::size_t) operator()(std::string_view, std::string const&) const;
};
struct broken {
  WRONG_OR_RIGHT(long, std::chrono::steady_clock::time_point) now() const noexcept;
};

// first error: strata::local_cache, 1st parameter (Key): this is no type of which the cache can keep a copy.
LOCAL(WRONG_OR_RIGHT(std::unique_ptr<int>, int), int);

// next error: strata::local_cache, 1st parameter (Key): keys are compared and hashed
LOCAL(WRONG_OR_RIGHT(unhashed, std::string), int);

// next error: strata::local_cache, 2nd parameter (Value): this is no type that can be moved into the cache.
LOCAL(int, WRONG_OR_RIGHT(int const, int));

// next error: strata::local_cache, 3rd parameter (Hot): this is no eviction policy of strata::hot.
LOCAL(std::string, int, WRONG_OR_RIGHT(int, strata::hot::lru));

// next error: strata::local_cache, options (after the 3rd parameter): nothing in a local_cache uses this.
LOCAL(int, int, strata::hot::lru, WRONG_OR_RIGHT(strata::expiry, strata::clock<strata::monotonic_clock>));

// next error: strata::local_cache, options: the T of strata::observer<T> or strata::weigher<T> cannot be made from nothing and moved.
LOCAL(std::string, std::string, strata::hot::lru, strata::observer<bound>);

// next error: strata::local_cache, options: strata::observer<T>: T has no 'removed' that can be called
LOCAL(std::string, std::string, strata::hot::lru, strata::observer<deaf>);

// next error: strata::local_cache, options: strata::weigher<T>: T cannot be called
LOCAL(std::string, std::string, strata::hot::lru, strata::weigher<unfair>);

// next error: strata::local_cache, options: strata::clock<T>: T has no now()
LOCAL(int, int, strata::hot::lru, strata::clock<broken>);

// next error: strata::local_cache, options (after the 3rd parameter): the same option is given twice.
struct mourner {
  void removed(int, int, strata::removal) const {}
};
struct heir : mourner {};
LOCAL(int, int, strata::hot::lru, strata::observer<mourner>,
      strata::clock<strata::monotonic_clock> WRONG(, strata::observer<heir>));

// next error: strata::local_cache: get_many, visit_many and erase_many take a range of keys, put_many one of pairs (key, value).
std::size_t all(strata::local_cache<std::string, int>& c) { return WRONG_OR_RIGHT(c.erase_many(7), c.erase("7")); }

using entry = std::pair<std::string, int>;

// next error: strata::local_cache: get_many and erase_many take keys, and of what this range has no key can be made.
auto got(strata::local_cache<std::string, int>& c, std::vector<WRONG_OR_RIGHT(entry, std::string)> const& keys) {
  return c.get_many(keys);
}

// next error: strata::local_cache: put_many takes pairs of a key and a value, and this range has none.
auto put(strata::local_cache<std::string, int>& c, std::vector<WRONG_OR_RIGHT(int, entry)> const& all) {
  return c.put_many(all);
}

// next error: strata::local_cache: put_many: of what these pairs hold put(key, value) cannot be called.
using movable = std::vector<std::pair<std::string, std::unique_ptr<int>>>;
auto put(strata::local_cache<std::string, std::unique_ptr<int>>& c, movable& all) {
  return c.put_many(WRONG_OR_RIGHT(all, std::move(all)));
}
