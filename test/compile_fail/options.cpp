// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "pieces.hpp"

using namespace pieces;
using strata::none;

// first error: strata::cache, options (after the 4th parameter): this is a policy.
struct listener {
  void hit(strata::tier) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, WRONG_OR_RIGHT(policy<warm>, strata::observer<listener>));

// next error: strata::cache, options (after the 4th parameter): this is no option
COMPOSE(policy<hot>, none, none, memory, WRONG_OR_RIGHT(listener, strata::observer<listener>));

// next error: strata::cache, options (after the 4th parameter): nothing in this cache uses this option.
struct colour {
  struct option {};
  using type = int;
};
COMPOSE(policy<hot>, none, none, memory WRONG(, colour));

// next error: strata::cache, options (after the 4th parameter): the same option is given twice.
COMPOSE(policy<hot>, none, none, memory,
        strata::observer<listener> WRONG(, strata::clock<strata::monotonic_clock>,
                                         strata::observer<strata::no_observer>));

// next error: strata::cache, options (after the 4th parameter): strata::clock<T>: T has no now()
struct sundial {
  std::chrono::steady_clock::time_point now() const WRONG_OR_RIGHT(, noexcept);
};
COMPOSE(policy<hot>, none, none, memory, strata::clock<sundial>);

// next error: strata::cache, options (after the 4th parameter): strata::executor<T>: T names no 'event'
struct idle : strata::threads {
  WRONG(class event;)
};
COMPOSE(policy<hot>, none, none, memory, strata::executor<idle>);

// next error: strata::cache, options (after the 4th parameter): strata::executor<T>: T has no post(
struct deaf : strata::threads {
  WRONG(void post();)
};
COMPOSE(policy<hot>, none, none, memory, strata::executor<deaf>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: T is no class
COMPOSE(policy<hot>, none, none, memory, strata::observer<WRONG_OR_RIGHT(int&, listener)>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'hit' of T cannot be called with
struct mishears_hit {
  void hit(WRONG_OR_RIGHT(int*, strata::tier)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_hit>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'miss' of T cannot be called with
struct mishears_miss {
  void miss(WRONG_OR_RIGHT(strata::tier, strata::tier, strata::miss)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_miss>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'stored' of T cannot be called with
struct mishears_stored {
  void stored(WRONG_OR_RIGHT(strata::revision, strata::tier, strata::revision)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_stored>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'failed' of T cannot be called with
struct mishears_failed {
  void failed(WRONG_OR_RIGHT(strata::errc, strata::tier, strata::error const&)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_failed>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'fenced' of T cannot be called with
struct mishears_fenced {
  void fenced(WRONG_OR_RIGHT(strata::tier, )) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_fenced>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'degraded' of T cannot be called with
struct mishears_degraded {
  void degraded(WRONG_OR_RIGHT(, strata::revision)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_degraded>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'coherence' of T cannot be called with
struct mishears_coherence {
  void coherence(WRONG_OR_RIGHT(int*, strata::coherence const&)) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mishears_coherence>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: 'read_took' and 'write_took' of T cannot
struct hears_half {
  void hit(strata::tier) noexcept;
  void read_took(strata::tier, std::chrono::nanoseconds) noexcept;
  void write_took(WRONG_OR_RIGHT(int*, strata::tier), std::chrono::nanoseconds) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<hears_half>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: T has 'removed', and strata::cache
struct mourner {
  void hit(strata::tier) noexcept;
  WRONG(void removed(std::string_view, asset const&, int);)
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<mourner>);

// next error: strata::cache, options (after the 4th parameter): strata::observer<T>: T has no member for any event
struct dreamer {
  void WRONG_OR_RIGHT(hits, hit)(strata::tier) noexcept;
};
COMPOSE(policy<hot>, none, none, memory, strata::observer<dreamer>);

// next error: strata::cache, options (after the 4th parameter): single_writer is a promise about tiers that are shared
COMPOSE(policy<hot>, none, none, memory WRONG(, strata::single_writer));

// next error: strata::cache, options (after the 4th parameter): strata::staleness<T>: T is neither strata::bounded
COMPOSE(policy<hot>, policy<warm>, none, bytes, strata::staleness<WRONG_OR_RIGHT(int, strata::bounded)>);

// next error: strata::cache, options (after the 4th parameter): staleness says how copies in memory are held against what
COMPOSE(policy<hot>, none, none, memory WRONG(, strata::staleness<strata::bounded>));
