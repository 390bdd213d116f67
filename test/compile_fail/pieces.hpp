// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Tiers and a codec that are as they should be, to be spoiled one by one. Nothing here is ever run.
namespace pieces {

struct asset {
  std::string id;
  int count = 0;
};

template <class K, class V>
struct hot {
  bool find(strata::hashed<K> const&, auto&&) { return false; }
  bool peek(strata::hashed<K> const&, auto&&) { return false; }
  strata::installed install(strata::hashed<K> const&, strata::box<V>);
  bool erase(strata::hashed<K> const&, strata::revision) noexcept;
  void clear() noexcept;
  std::size_t entries() const noexcept;
  std::size_t bytes() const noexcept;
  void drain_uses(auto&&) {}
};

template <class K, class V>
struct warm {
  strata::result<strata::sighting> load(std::string_view, strata::deadline);
  strata::result<strata::position> store(strata::frame const&, std::optional<strata::position>, strata::deadline);
  strata::result<strata::position> erase(std::string_view, strata::revision, strata::deadline);
  struct feed {
    void renew();
  };
  feed follow(auto&&);
};

template <class K, class V>
struct cold {
  strata::result<strata::copy<V>> load(std::string_view, strata::deadline);
  strata::result<strata::written> store(std::string_view, V const&, strata::expectation, strata::deadline);
  strata::result<strata::written> erase(std::string_view, strata::deadline);
};

/// The policy of a tier that is no different for any context.
template <template <class, class> class Tier>
struct policy {
  struct options {};
  template <class Key, class Value, class Context>
  struct tier : Tier<Key, Value> {
    tier(options const&, Context const&);
  };
};

template <class T>
struct codec {
  using value_type = T;
  static constexpr std::string_view id = "pieces";
  static constexpr std::uint64_t fingerprint = 0;
  strata::result<void> encode(T const&, std::string&) const;
  strata::result<T> decode(std::string_view) const;
};

using memory = strata::codec::none<asset>;
using bytes = codec<asset>;

}  // namespace pieces

#ifdef STRATA_MENDED
#define WRONG(...)
#define WRONG_OR_RIGHT(wrong, ...) __VA_ARGS__
#else
#define WRONG(...) __VA_ARGS__
#define WRONG_OR_RIGHT(wrong, ...) wrong
#endif

#define COMPOSE(...) static_assert(sizeof(strata::cache<__VA_ARGS__>) != 0)
