// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

using namespace pieces;
using strata::none;

// first error: strata::cache, 3rd parameter (Cold): this is no class.
COMPOSE(none, policy<warm>, WRONG_OR_RIGHT(int, policy<cold>), bytes);

// next error: strata::cache, 3rd parameter (Cold): this is a codec.
COMPOSE(none, policy<warm>, WRONG_OR_RIGHT(bytes, policy<cold>), bytes);

// next error: strata::cache, 3rd parameter (Cold): names no 'options'.
struct no_options : policy<cold> {
  WRONG(private : using policy<cold>::options;)
};
COMPOSE(none, policy<warm>, no_options, bytes);

// next error: strata::cache, 3rd parameter (Cold): its 'options' cannot be made from nothing
struct stubborn : policy<cold> {
  struct options : policy<cold>::options {
    WRONG(explicit options(int);)
  };
  template <class Key, class Value, class Context>
  struct tier : cold<Key, Value> {
    tier(options const&, Context const&);
  };
};
COMPOSE(none, policy<warm>, stubborn, bytes);

// next error: strata::cache, 3rd parameter (Cold): names no 'tier' that takes
struct no_tier : policy<cold> {
  WRONG(class tier;)
};
COMPOSE(none, policy<warm>, no_tier, bytes);

// next error: strata::cache, 3rd parameter (Cold): its tier cannot be constructed
struct unbuilt : policy<cold> {
  template <class Key, class Value, class Context>
  struct tier : cold<Key, Value> {
    tier(options const&, WRONG_OR_RIGHT(int, Context const&));
  };
};
COMPOSE(none, policy<warm>, unbuilt, bytes);

// next error: strata::cache, 3rd parameter (Cold): this is a hot tier.
COMPOSE(none, policy<warm>, policy<WRONG_OR_RIGHT(hot, cold)>, bytes);

// next error: strata::cache, 3rd parameter (Cold): this is a warm tier.
COMPOSE(none, policy<warm>, policy<WRONG_OR_RIGHT(warm, cold)>, bytes);

// next error: strata::cache, 3rd parameter (Cold): its tier has no load(
template <class K, class V>
struct no_load : cold<K, V> {
  WRONG(void load();)
};
COMPOSE(none, policy<warm>, policy<no_load>, bytes);

// next error: strata::cache, 3rd parameter (Cold): load of its tier does not give result<copy<Value>>
template <class K, class V>
struct wrong_load : cold<K, V> {
  WRONG(strata::result<V> load(std::string_view, strata::deadline);)
};
COMPOSE(none, policy<warm>, policy<wrong_load>, bytes);

// next error: strata::cache, 3rd parameter (Cold): its tier has no store(
template <class K, class V>
struct no_store : cold<K, V> {
  WRONG(void store();)
};
COMPOSE(none, policy<warm>, policy<no_store>, bytes);

// next error: strata::cache, 3rd parameter (Cold): store of its tier does not give result<written>
template <class K, class V>
struct wrong_store : cold<K, V> {
  WRONG(strata::result<void> store(std::string_view, V const&, strata::expectation, strata::deadline);)
};
COMPOSE(none, policy<warm>, policy<wrong_store>, bytes);

// next error: strata::cache, 3rd parameter (Cold): its tier has no erase(
template <class K, class V>
struct no_erase : cold<K, V> {
  WRONG(void erase();)
};
COMPOSE(none, policy<warm>, policy<no_erase>, bytes);

// next error: strata::cache, 3rd parameter (Cold): erase of its tier does not give result<written>
template <class K, class V>
struct wrong_erase : cold<K, V> {
  WRONG(bool erase(std::string_view, strata::deadline);)
};
COMPOSE(none, policy<warm>, policy<wrong_erase>, bytes);

// next error: strata::cache, 3rd parameter (Cold): its store takes no lifetime
template <class K, class V>
struct keeps_for_ever : cold<K, V> {
  strata::result<strata::written> store(std::string_view, V const&, strata::expectation,
                                        strata::deadline WRONG_OR_RIGHT(, , strata::lifetime = {}));
};
COMPOSE(none, policy<warm>, policy<keeps_for_ever>, bytes, strata::expiry);

// next error: strata::cache, 3rd parameter (Cold): others may write to a cold tier
COMPOSE(none, WRONG_OR_RIGHT(none, policy<warm>), policy<cold>, bytes);

// next error: strata::cache, 4th parameter (Codec): it has no to_json and from_json
struct documents : policy<cold> {
  static constexpr bool keeps_json = true;
};
struct both_ways : bytes {
  WRONG_OR_RIGHT(void, strata::result<void>) to_json(asset const&, std::string&) const;
  strata::result<asset> from_json(std::string_view) const;
};
COMPOSE(none, policy<warm>, documents, both_ways);
