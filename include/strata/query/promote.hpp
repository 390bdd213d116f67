// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/flow/bring.hpp>
#include <strata/flow/serve.hpp>
#include <strata/key.hpp>
#include <strata/options.hpp>
#include <strata/query/cold.hpp>

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

// What a question has found, brought to memory because the program expects to read it. The values are asked for anew:
// since the question was answered anybody may have written, and only a look whose turn was taken before it may be kept
// (K4).
namespace strata {

/// Brings what was found to memory: `promote(cache, search_text(cache, "read file", 10)->all)`. It counts as no use.
/// \param found   what search_text, nearest or similar have in `all`, what popular and its like give, or keys
/// \returns       how many of them memory has now; fewer than given are erased, not admitted, or written at this moment
/// \errors        unavailable, timed_out: none could be asked for; unsupported: no hot tier, or no cold one; closed, forked
/// \complexity    one round trip per 1,000 that memory does not have
template <class Cache, class Found>
result<std::size_t> promote(Cache& cache, Found const& found, call_options call = {}) {
  using key_type = typename Cache::key_type;
  auto& core = query::access::core(cache);
  auto const inside = core.enter();
  if (!inside) return std::unexpected{inside.error()};
  std::vector<key_type> keys;
  for (auto const& one : found) {
    if constexpr (requires { one.key; }) {
      if (auto parsed = key<key_type>::parse(one.key)) keys.emplace_back(std::move(*parsed));
    } else {
      keys.emplace_back(one);
    }
  }
  using core_type = std::remove_reference_t<decltype(core)>;
  if constexpr (core_type::has_hot && core_type::has_cold) {
    auto const until = flow::until(core, call.within, core.limits.read_within);
    std::vector<key_type> refused;
    return flow::bring(core, std::span{keys}, until, refused).run();
  } else {
    return failure(errc::unsupported, tier::none, "promoting takes a hot and a cold tier");
  }
}

}  // namespace strata
