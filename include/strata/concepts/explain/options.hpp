// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/awaited.hpp>
#include <strata/concepts/explain/policy.hpp>
#include <strata/concepts/explain/rung.hpp>
#include <strata/concepts/observer.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>
#include <strata/run/point.hpp>

#include <concepts>
#include <coroutine>
#include <type_traits>

namespace strata {

namespace detail {

template <class O>
concept named_option = requires {
  typename O::option;
  typename O::type;
};
template <class O, class... Tags>
concept one_of = (std::same_as<typename O::option, Tags> || ...);
template <class O>
concept known_option =
    one_of<O, observer_option, clock_option, executor_option, single_writer_option, staleness_option, expiry_option>;

template <class E>
concept waits = requires(E e, typename E::event event, monotonic_clock::moment until) {
  event.set();
  { event.wait(until) } -> awaitable;
};
template <class E>
concept posts = requires(E e, std::coroutine_handle<> work, point p) {
  e.post(work);
  { e.at(p) } -> awaitable;
};

// Whether O has a member of that name, whatever it takes: the name is then ambiguous in a class that has another of it.
// A final class cannot be asked, and its events are trusted.
#define STRATA_NAMES(event)                 \
  struct own_##event {                      \
    int event;                              \
  };                                        \
  template <class O>                        \
  struct twice_##event : O, own_##event {}; \
  template <class O>                        \
  concept names_##event = std::is_class_v<O> && !std::is_final_v<O> && !requires { &twice_##event<O>::event; };
STRATA_NAMES(hit)
STRATA_NAMES(miss)
STRATA_NAMES(stored)
STRATA_NAMES(failed)
STRATA_NAMES(fenced)
STRATA_NAMES(degraded)
STRATA_NAMES(coherence)
STRATA_NAMES(read_took)
STRATA_NAMES(write_took)
STRATA_NAMES(removed)
#undef STRATA_NAMES

}  // namespace detail

#define STRATA_OPTIONS "strata::cache, options (after the 4th parameter): "

/// The first ladder of the options given: whether each is one.
template <class O, class... Rest>
consteval bool explain_options() {
  STRATA_RUNG(O, (!detail::policy_like<O> && !detail::names_value<O>),
              STRATA_OPTIONS
              "this is a policy. A cache has three tiers and a codec, and nothing would use it. "
              "Put it into its place: cache<Hot, Warm, Cold, Codec, Options...>.")
  STRATA_RUNG(O, detail::named_option<O>,
              STRATA_OPTIONS
              "this is no option, and nothing would use it. An option says what it is for: wrap the type, as "
              "in strata::observer<T>, strata::clock<T> or strata::executor<T>, or take it out.")
  STRATA_RUNG(
      O, detail::known_option<O>,
      STRATA_OPTIONS
      "nothing in this cache uses this option. What a reader sees in the type must be true of it. "
      "Take it out; there are strata::observer<T>, clock<T>, executor<T>, staleness<T>, single_writer and expiry.")
  if constexpr (sizeof...(Rest) != 0)
    return explain_options<Rest...>();
  else
    return true;
}

/// The second: whether each is given once.
template <class O, class... Rest>
consteval bool explain_repetition() {
  STRATA_RUNG(O, (detail::times_given<typename O::option, O, Rest...> == 1),
              STRATA_OPTIONS
              "the same option is given twice. Only one could be used, and which one would be a guess. "
              "Take one of them out.")
  if constexpr (sizeof...(Rest) != 0)
    return explain_repetition<Rest...>();
  else
    return true;
}

/// The third: what the options carry. No executor stands for the default one, which needs no advice.
template <class Clock, class Observer, class Executor, class Staleness>
consteval bool explain_carried() {
  STRATA_RUNG(Staleness, (std::is_same_v<Staleness, bounded> || std::is_same_v<Staleness, flagged>),
              STRATA_OPTIONS
              "strata::staleness<T>: T is neither strata::bounded (a hit asks the clock) nor strata::flagged (a hit "
              "reads a flag, the default). Name one of them.")
  STRATA_RUNG(Clock, (requires(Clock const& c) {
                { c.now() } noexcept -> std::same_as<monotonic_clock::moment>;
              }),
              STRATA_OPTIONS
              "strata::clock<T>: T has no now() const noexcept that gives a time point of "
              "std::chrono::steady_clock. Deadlines are told in it. Add "
              "'std::chrono::steady_clock::time_point now() const noexcept'.")
  STRATA_RUNG(Executor, (std::is_void_v<Executor> || detail::waits<Executor>),
              STRATA_OPTIONS
              "strata::executor<T>: T names no 'event' with set() and wait(time_point). A read that joins "
              "another waits for it. Add 'class event' to T; wait gives something to await.")
  STRATA_RUNG(Executor, (std::is_void_v<Executor> || detail::posts<Executor>),
              STRATA_OPTIONS
              "strata::executor<T>: T has no post(std::coroutine_handle<>) or no at(strata::point). The co_ "
              "calls run where they are posted, and writes tell how far they are. Add both; at gives "
              "something to await, such as std::suspend_never.")
  STRATA_RUNG(Observer,
              (std::is_class_v<Observer> && std::default_initializable<Observer> && std::move_constructible<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: T is no class that can be made from nothing and moved. The cache keeps "
              "one of its own, moved out of open()'s settings. Hold state that is shared by a pointer.")
  STRATA_RUNG(Observer, (hears_hit<Observer> || !detail::names_hit<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: 'hit' of T cannot be called with (strata::tier), so T would never hear of "
              "it. Make it 'void hit(strata::tier) noexcept', or give it another name.")
  STRATA_RUNG(
      Observer, (hears_miss<Observer> || !detail::names_miss<Observer>),
      STRATA_OPTIONS
      "strata::observer<T>: 'miss' of T cannot be called with (strata::tier, strata::miss), so T would never hear of "
      "it. Make it 'void miss(strata::tier, strata::miss) noexcept', or give it another name.")
  STRATA_RUNG(Observer, (hears_stored<Observer> || !detail::names_stored<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: 'stored' of T cannot be called with (strata::tier, strata::revision), so T would "
              "never hear of "
              "it. Make it 'void stored(strata::tier, strata::revision) noexcept', or give it another name.")
  STRATA_RUNG(Observer, (hears_failed<Observer> || !detail::names_failed<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: 'failed' of T cannot be called with (strata::tier, strata::error const&), so T "
              "would never hear of "
              "it. Make it 'void failed(strata::tier, strata::error const&) noexcept', or give it another name.")
  STRATA_RUNG(Observer, (hears_fenced<Observer> || !detail::names_fenced<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: 'fenced' of T cannot be called with (), so T would never hear of "
              "it. Make it 'void fenced() noexcept', or give it another name.")
  STRATA_RUNG(Observer, (hears_degraded<Observer> || !detail::names_degraded<Observer>),
              STRATA_OPTIONS
              "strata::observer<T>: 'degraded' of T cannot be called with (strata::revision), so T would never hear of "
              "it. Make it 'void degraded(strata::revision) noexcept', or give it another name.")
  STRATA_RUNG(
      Observer, (hears_coherence<Observer> || !detail::names_coherence<Observer>),
      STRATA_OPTIONS
      "strata::observer<T>: 'coherence' of T cannot be called with (strata::coherence const&), so T would never "
      "hear of "
      "it. Make it 'void coherence(strata::coherence const&) noexcept', or give it another name.")
  STRATA_RUNG(Observer,
              (hears_times<Observer> || (!detail::names_read_took<Observer> && !detail::names_write_took<Observer>)),
              STRATA_OPTIONS
              "strata::observer<T>: 'read_took' and 'write_took' of T cannot both be called with (strata::tier, "
              "std::chrono::nanoseconds), so T would hear of neither. Make them 'void read_took(strata::tier, "
              "std::chrono::nanoseconds) noexcept' and the same for write_took, or give them other names.")
  STRATA_RUNG(Observer, !detail::names_removed<Observer>,
              STRATA_OPTIONS
              "strata::observer<T>: T has 'removed', and strata::cache tells of no removals, so T would never hear of "
              "one. strata::local_cache tells of them. Take it out, or give it another name.")
  STRATA_RUNG(
      Observer, (hears_anything<Observer> || std::is_same_v<Observer, no_observer>),
      STRATA_OPTIONS
      "strata::observer<T>: T has no member for any event, so nothing would be told. There are hit, miss, "
      "stored, failed, fenced, degraded, coherence, read_took and write_took: see strata/concepts/observer.hpp.")
  return true;
}

#undef STRATA_OPTIONS

}  // namespace strata
