// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

using namespace pieces;
using strata::none;

// first error: strata::cache, 2nd parameter (Warm): this is no class.
COMPOSE(none, WRONG_OR_RIGHT(int, policy<warm>), none, bytes);

// next error: strata::cache, 2nd parameter (Warm): this is a codec.
COMPOSE(none, WRONG_OR_RIGHT(bytes, policy<warm>), none, bytes);

// next error: strata::cache, 2nd parameter (Warm): names no 'options'.
struct no_options : policy<warm> {
  WRONG(private : using policy<warm>::options;)
};
COMPOSE(none, no_options, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its 'options' cannot be made from nothing
struct stubborn : policy<warm> {
  struct options : policy<warm>::options {
    WRONG(explicit options(int);)
  };
  template <class Key, class Value, class Context>
  struct tier : warm<Key, Value> {
    tier(options const&, Context const&);
  };
};
COMPOSE(none, stubborn, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): names no 'tier' that takes
struct no_tier : policy<warm> {
  WRONG(class tier;)
};
COMPOSE(none, no_tier, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its tier cannot be constructed
struct unbuilt : policy<warm> {
  template <class Key, class Value, class Context>
  struct tier : warm<Key, Value> {
    tier(options const&, WRONG_OR_RIGHT(int, Context const&));
  };
};
COMPOSE(none, unbuilt, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): this is a hot tier.
COMPOSE(none, policy<WRONG_OR_RIGHT(hot, warm)>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): this is a cold tier.
COMPOSE(none, policy<WRONG_OR_RIGHT(cold, warm)>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its tier has no load(
template <class K, class V>
struct no_load : warm<K, V> {
  WRONG(void load();)
};
COMPOSE(none, policy<no_load>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): load of its tier does not give result<sighting>
template <class K, class V>
struct wrong_load : warm<K, V> {
  WRONG(strata::result<strata::frame> load(std::string_view, strata::deadline);)
};
COMPOSE(none, policy<wrong_load>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its tier has no store(
template <class K, class V>
struct no_store : warm<K, V> {
  WRONG(void store();)
};
COMPOSE(none, policy<no_store>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): store of its tier does not give result<position>
template <class K, class V>
struct wrong_store : warm<K, V> {
  WRONG(strata::result<void> store(strata::frame const&, std::optional<strata::position>, strata::deadline);)
};
COMPOSE(none, policy<wrong_store>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its tier has no erase(
template <class K, class V>
struct no_erase : warm<K, V> {
  WRONG(void erase();)
};
COMPOSE(none, policy<no_erase>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): erase of its tier does not give result<position>
template <class K, class V>
struct wrong_erase : warm<K, V> {
  WRONG(bool erase(std::string_view, strata::revision, strata::deadline);)
};
COMPOSE(none, policy<wrong_erase>, none, bytes);

// next error: strata::cache, 2nd parameter (Warm): its tier has no follow(sink), and others may write
template <class K, class V>
struct no_follow : warm<K, V> {
  WRONG(void follow();)
};
COMPOSE(none, policy<no_follow>, none, bytes);
