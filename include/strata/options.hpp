// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>

#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

// What a user may set: types as named options in the template list, in any order; numbers in aggregates.
namespace strata {

namespace detail {
struct observer_option {};
struct clock_option {};
struct executor_option {};
struct single_writer_option {};
struct staleness_option {};
struct expiry_option {};
}  // namespace detail

/// Who hears of events: `strata::observer<Mine>`; an instance as `.observer`. What it may hear, by which member it has: of a
/// cache hit, miss, stored, failed and others (concepts/observer.hpp), of a local_cache removed (local/options.hpp).
template <class T>
struct observer {
  using option = detail::observer_option;
  using type = T;
};
/// Whose time counts: `strata::clock<Mine>`; the instance as `.clock = &mine`.
template <class T>
struct clock {
  using option = detail::clock_option;
  using type = T;
};
/// Where flows wait and co_* calls run: `strata::executor<Mine>`; the instance as `.executor = &mine`. By default each call
/// under way has a thread of the cache's, 64 at most; what comes beyond that begins when another has ended, and may be late.
/// An executor has to resume all that it was given before the cache ends.
template <class T>
struct executor {
  using option = detail::executor_option;
  using type = T;
};
/// A promise of the user's: no other process writes to the shared tiers, so no feed is needed (K8).
struct single_writer {
  using option = detail::single_writer_option;
  using type = single_writer;
};

/// How a hit in memory learns that it is fresh no more: `strata::staleness<strata::bounded>` asks the kernel's coarse clock,
/// and is right also in a process that was stopped for a while. By default a hit reads a flag that a thread of the cache
/// clears.
template <class T>
struct staleness {
  using option = detail::staleness_option;
  using type = T;
};
struct flagged {};
struct bounded {};

/// Values may expire: `.expires_in` of a put, and limits.expires_in for all. Whoever shares a space gives it, or nobody
/// does. A hit on a value without an end reads no clock.
struct expiry {
  using option = detail::expiry_option;
  using type = expiry;
};

/// Hears nothing.
struct no_observer {};

namespace detail {

// A fold, since there is at most one of a kind: what comes with Hana's find_if is compiled by whoever includes a cache.
template <class Option, class Default, class... Given>
consteval auto find_option() {
  return boost::hana::fold_left(boost::hana::tuple_t<Given...>, boost::hana::type_c<Default>,
                                [](auto found, auto next) {
                                  using given = typename decltype(next)::type;
                                  if constexpr (std::is_same_v<typename given::option, Option>)
                                    return boost::hana::type_c<typename given::type>;
                                  else
                                    return found;
                                });
}

}  // namespace detail

/// The type given for a named option, or the default.
template <class Option, class Default, class... Given>
using option_t = typename decltype(detail::find_option<Option, Default, Given...>())::type;

/// Bounds in time and number of one cache. The first three are how long a call may take that says nothing of it; what takes
/// longer is `timed_out`, and of a write perhaps `unknown`. They and flush_every are more than zero.
struct limits {
  std::chrono::milliseconds read_within{2'000};   ///< reads below memory, queries, ready()
  std::chrono::milliseconds write_within{5'000};  ///< writes and erases, and flush()
  std::chrono::milliseconds load_within{30'000};  ///< get_or_load, the loader's own time and its write with it
  std::size_t max_floors = 1 << 18;               ///< keys whose latest revision is remembered, for 30 s at most
  std::size_t max_flights = 1 << 16;              ///< keys looked up below at once; more are looked up without sharing
  std::size_t max_used_keys = 1 << 16;            ///< keys whose use is counted between two flushes
  std::chrono::milliseconds flush_every{5'000};   ///< usage counts; up to a minute apart where that takes long
  std::size_t warm_up_entries = 0;                ///< most used keys brought to memory after opening; zero: none
  std::chrono::milliseconds expires_in{0};        ///< of what a put says nothing of; zero: never. Needs strata::expiry
};

/// How long a value lives; nothing: for ever.
using lifetime = std::optional<std::chrono::milliseconds>;

/// Of one call: how long it may take from now on. Zero takes the default of limits; milliseconds::max() is a year. Less than
/// zero is no time at all, so that who passes on what is left of his own need not look: only memory is asked. (A write may
/// take more: put_options.)
struct call_options {
  std::chrono::milliseconds within{0};
};

namespace detail {
template <bool Expires, bool Vectors, class Vector = std::span<float const>>
struct options_of_put {
  using type = call_options;
};
template <class Vector>
struct options_of_put<true, false, Vector> {
  struct type {
    std::chrono::milliseconds within{0};
    std::chrono::milliseconds expires_in{0};
  };
};
template <class Vector>
struct options_of_put<false, true, Vector> {
  struct type {
    std::chrono::milliseconds within{0};
    Vector embedding{};
  };
};
template <class Vector>
struct options_of_put<true, true, Vector> {
  struct type {
    std::chrono::milliseconds within{0};
    std::chrono::milliseconds expires_in{0};
    Vector embedding{};
  };
};
}  // namespace detail

/// Of one write: as call_options. With strata::expiry also `.expires_in`, how long the value lives from now on, a
/// hundred years at most: zero takes the default of limits, milliseconds::max() is for ever, and less than zero is
/// `rejected`. Of one value, where the cold tier keeps vectors, also `.embedding`, which is kept beside the value in place
/// of the one there was, in the same write; none leaves that one.
template <bool Expires, bool Vectors>
using put_options = typename detail::options_of_put<Expires, Vectors>::type;

/// Which copies may answer a read.
enum class read_mode : std::uint8_t {
  hot_ok,    ///< memory's, whatever its freshness; the answer tells it
  verified,  ///< memory's and warm's if they are fresh, else cold's
  cold,      ///< the truth alone
};

/// Of one read. `within` is that of call_options.
struct read_options {
  std::chrono::milliseconds within{0};
  read_mode mode = read_mode::hot_ok;
  revision at_least{};  ///< of a write elsewhere that this read has to see: `unavailable` when not even cold has it
  bool stale_if_error = false;  ///< rather than an error, what memory has, marked `stale`
  /// The soft deadline: after it, what memory has, marked `stale`, while the question below goes on and what it finds is
  /// kept. Who finds nothing in memory waits for `within`. Zero: none; less than zero: over at once.
  std::chrono::milliseconds soft_within{0};
};

}  // namespace strata
