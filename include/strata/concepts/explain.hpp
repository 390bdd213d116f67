// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

namespace strata {

template <class Hot, class Warm, class Cold, class Codec, class... Options>
consteval bool explain_cache() {
  return true;
}

namespace flow {
template <class Range>
struct batch;
}  // namespace flow

/// Whether the batch header has been included; says so where not.
template <class Range>
consteval bool explain_batch() {
  constexpr bool included = requires { sizeof(flow::batch<Range>); };
  static_assert(included, "strata::cache: get_many, put_many and erase_many are defined in another header, because they "
                          "need ranges. Add #include <strata/batch.hpp>.");
  return included;
}

}  // namespace strata
