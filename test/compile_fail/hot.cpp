// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

#include <span>

using namespace pieces;
using strata::none;

// first error: strata::cache, 1st parameter (Hot): this is no class.
COMPOSE(WRONG_OR_RIGHT(int, policy<hot>), none, none, memory);

// next error: strata::cache, 1st parameter (Hot): this is a codec.
COMPOSE(WRONG_OR_RIGHT(bytes, policy<hot>), none, none, memory);

// next error: strata::cache, 1st parameter (Hot): names no 'options'.
struct no_options : policy<hot> {
  WRONG(private : using policy<hot>::options;)
};
COMPOSE(no_options, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its 'options' cannot be made from nothing
struct stubborn : policy<hot> {
  struct options : policy<hot>::options {
    WRONG(explicit options(int);)
  };
  template <class Key, class Value, class Context>
  struct tier : hot<Key, Value> {
    tier(options const&, Context const&);
  };
};
COMPOSE(stubborn, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): names no 'tier' that takes
struct no_tier : policy<hot> {
  WRONG(class tier;)
};
COMPOSE(no_tier, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier cannot be constructed
struct unbuilt : policy<hot> {
  template <class Key, class Value, class Context>
  struct tier : hot<Key, Value> {
    tier(options const&, WRONG_OR_RIGHT(int, Context const&));
  };
};
COMPOSE(unbuilt, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): this is a warm tier.
COMPOSE(policy<WRONG_OR_RIGHT(warm, hot)>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): this is a cold tier.
COMPOSE(policy<WRONG_OR_RIGHT(cold, hot)>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no find(
template <class K, class V>
struct no_find : hot<K, V> {
  WRONG(void find();)
};
COMPOSE(policy<no_find>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): find of its tier does not return bool
template <class K, class V>
struct mute_find : hot<K, V> {
  WRONG(void find(strata::hashed<K> const&, auto&&);)
};
COMPOSE(policy<mute_find>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no peek(
template <class K, class V>
struct no_peek : hot<K, V> {
  WRONG(void peek();)
};
COMPOSE(policy<no_peek>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): peek of its tier does not return bool
template <class K, class V>
struct mute_peek : hot<K, V> {
  WRONG(int peek(strata::hashed<K> const&, auto&&);)
};
COMPOSE(policy<mute_peek>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no install(
template <class K, class V>
struct no_install : hot<K, V> {
  WRONG(void install();)
};
COMPOSE(policy<no_install>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): install of its tier does not return strata::installed
template <class K, class V>
struct mute_install : hot<K, V> {
  WRONG(bool install(strata::hashed<K> const&, strata::box<V>);)
};
COMPOSE(policy<mute_install>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has a prepare, but no install that takes what it gives
template <class K, class V>
struct lone_prepare : hot<K, V> {
  WRONG(int prepare(strata::hashed<K> const&, strata::box<V>) const;)
};
COMPOSE(policy<lone_prepare>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no erase(
template <class K, class V>
struct no_erase : hot<K, V> {
  WRONG(void erase();)
};
COMPOSE(policy<no_erase>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): erase of its tier does not return bool
template <class K, class V>
struct mute_erase : hot<K, V> {
  WRONG(void erase(strata::hashed<K> const&, strata::revision) noexcept;)
};
COMPOSE(policy<mute_erase>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): erase of its tier must be noexcept
template <class K, class V>
struct throwing_erase : hot<K, V> {
  WRONG(bool erase(strata::hashed<K> const&, strata::revision);)
};
COMPOSE(policy<throwing_erase>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no clear()
template <class K, class V>
struct no_clear : hot<K, V> {
  WRONG(void clear(int);)
};
COMPOSE(policy<no_clear>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): clear of its tier must be noexcept
template <class K, class V>
struct throwing_clear : hot<K, V> {
  WRONG(void clear();)
};
COMPOSE(policy<throwing_clear>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no entries()
template <class K, class V>
struct no_entries : hot<K, V> {
  WRONG(void entries() const;)
};
COMPOSE(policy<no_entries>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): entries of its tier must be noexcept
template <class K, class V>
struct throwing_entries : hot<K, V> {
  WRONG(std::size_t entries() const;)
};
COMPOSE(policy<throwing_entries>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no bytes()
template <class K, class V>
struct no_bytes : hot<K, V> {
  WRONG(std::size_t bytes();)
};
COMPOSE(policy<no_bytes>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): bytes of its tier must be noexcept
template <class K, class V>
struct throwing_bytes : hot<K, V> {
  WRONG(std::size_t bytes() const;)
};
COMPOSE(policy<throwing_bytes>, none, none, memory);

// next error: strata::cache, 1st parameter (Hot): its tier has no drain_uses(f)
template <class K, class V>
struct counting_cold : cold<K, V> {
  strata::result<void> add_usage(std::span<strata::uses const>, strata::deadline);
};
template <class K, class V>
struct uncounted : hot<K, V> {
  WRONG(void drain_uses();)
};
COMPOSE(policy<uncounted>, none, policy<counting_cold>, bytes, strata::single_writer);

// next error: strata::cache, 1st parameter (Hot): its tier is for one thread, and a cache with tiers below memory has
template <class K, class V>
struct lonely : hot<K, V> {
  static constexpr bool one_thread = WRONG_OR_RIGHT(true, false);
};
COMPOSE(policy<lonely>, none, policy<cold>, bytes, strata::single_writer);
COMPOSE(policy<lonely>, none, none, memory);
