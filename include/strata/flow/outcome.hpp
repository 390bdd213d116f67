// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/hit.hpp>
#include <strata/receipt.hpp>

namespace strata::flow {

/// A write's receipt, and the value as it was kept.
template <class Value>
struct outcome {
  deferred<result<strata::receipt>, Value> receipt;
  hit<Value> kept;
};

}  // namespace strata::flow
