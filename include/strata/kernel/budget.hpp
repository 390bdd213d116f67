// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/kernel/moment.hpp>

#include <chrono>

// K11: what part of a call's time a tier may use that the call can do without. What remains is for the others.
namespace strata::kernel {

/// A warm that hangs must leave cold most of the time.
template <class Moment>
constexpr Moment warm_read(Moment now, Moment until) noexcept {
  return until <= now ? until : now + (until - now) / 4;
}

/// Nothing that cold said goes to warm later than this after cold was asked, however much time its caller has: who brings
/// warm what it has lost counts on it (K7), and brings the rest as well.
inline constexpr std::chrono::seconds publish_within{5};

/// After cold has committed, publishing may take half of what is left.
/// \param asked  before cold was
template <class Moment>
constexpr Moment warm_write(Moment asked, Moment now, Moment until) noexcept {
  Moment const half = until <= now ? until : now + (until - now) / 2;
  Moment const last = asked + publish_within;
  return half < last ? half : last;
}

}  // namespace strata::kernel
