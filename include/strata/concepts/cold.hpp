// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/awaited.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/deferred.hpp>
#include <strata/error.hpp>
#include <strata/options.hpp>

#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace strata {

/// What the cold tier has for a key. No value and a revision: erased at that revision. No value and none: never seen.
template <class T>
struct copy {
  std::optional<T> value{};
  strata::revision revision{};
  std::int64_t version = 0;
  deferred<lifetime, T> expires_in{};  ///< what is left of it, when it was looked at
  bool expired = false;                ///< there is no value because its time is over; the revision is what it had
};

/// What a write did: the revision and version now stored, and whether anything changed.
struct written {
  strata::revision revision{};
  std::int64_t version = 0;
  bool changed = true;
};

/// The source of truth.
/// Laws (testing/laws/cold.hpp):
///   store assigns a higher revision than any before it for that key, and version = stored version + 1 (an erased key
///   goes on from where it was), writes the version into the value it keeps, and keeps the former content as history;
///   storing what is there already (version aside) changes nothing, says so, and gives the revision that stands;
///   store with an expectation happens only if it is met, else conflict: exactly one winner per revision;
///   erase leaves a revision behind; erasing nothing succeeds with changed = false;
///   an answer lost after the commit was sent is resolved, or `unknown`, never anything else;
///   no call outlives its deadline by more than 50 ms; nothing but bad_alloc and what T throws is thrown.
template <class C, class Value>
concept cold_tier = requires(C c, std::string_view key, Value const& value, expectation expected, deadline until) {
  { c.load(key, until) } -> gives<result<copy<Value>>>;
  { c.store(key, value, expected, until) } -> gives<result<written>>;
  { c.erase(key, until) } -> gives<result<written>>;
};

}  // namespace strata
