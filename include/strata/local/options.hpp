// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

// What a user may say of a local_cache, and what it says of itself.
namespace strata {

namespace detail {
struct weigher_option {};
}  // namespace detail

/// What an entry of a local_cache weighs: `strata::weigher<Mine>`, called as mine(key, value), gives a number in the unit of
/// .capacity_weight; the instance as `.weigher`. By default the bytes of the value, as far as they can be seen.
template <class T>
struct weigher {
  using option = detail::weigher_option;
  using type = T;
};

namespace local {
struct by_bytes {};
}  // namespace local

/// Why a value is in a local_cache no more.
enum class removal : std::uint8_t {
  evicted,   ///< others needed the room
  expired,   ///< its time was over; told when somebody notices: a read, a write, erase_expired
  replaced,  ///< the key has another value now, by a put or a loader
  erased,    ///< by erase, erase_many, erase_if or clear
};

/// removed(key, value, why): a value was in the cache and is not any more. The observer of a local_cache has this one
/// member. It runs on the thread that caused it, with nothing held, and may call the cache; what it throws goes to who
/// called there.
template <class O, class KeyView, class Value>
concept hears_removed = requires(O& o, KeyView key, Value const& value) { o.removed(key, value, removal::evicted); };

/// Of one get_or_load. With any but the first, `load` may run on a thread of the cache's and after the call has returned:
/// let it own what it works on.
struct load_options {
  /// How long a caller waits for another's loader; zero or less: not at all. His own he waits for until it ends.
  std::chrono::milliseconds within{30'000};
  /// The soft deadline: how long a caller waits for whom memory has a value whose time is over. After that he takes it,
  /// marked stale, and the loader goes on. Zero: none.
  std::chrono::milliseconds soft_within{0};
  /// When this much or less is left of a value's life after its write, it is still served, and loaded anew meanwhile. Zero:
  /// never.
  std::chrono::milliseconds refresh_ahead{0};
};

/// What a local_cache did since it was made, and what it holds. Exact once no call runs.
struct local_stats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;        ///< reads that found nothing whose time was not over
  std::uint64_t evictions = 0;     ///< entries that went to make room
  std::uint64_t refused = 0;       ///< values not admitted
  std::uint64_t expired = 0;       ///< reads that found a value whose time was over
  std::uint64_t loads = 0;         ///< loaders run
  std::uint64_t failed_loads = 0;  ///< of these, those that gave no value
  std::uint64_t joined = 0;        ///< callers that waited for another's loader
  std::size_t entries = 0;         ///< those whose time is over are among them as long as nobody has noticed
  std::size_t weight = 0;
};

}  // namespace strata
