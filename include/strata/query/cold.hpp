// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/serve.hpp>
#include <strata/none.hpp>
#include <strata/options.hpp>

#include <type_traits>
#include <utility>

// How a question reaches the cold tier of a cache: with the cache's deadlines, breaker and end of life, as its own calls
// do. Questions are free functions, so that the cache has few members and a tier may answer what no cache has heard of.
namespace strata::query {

/// A cache lets this one in, for questions.
struct access {
  template <class Cache>
  static auto& core(Cache& cache) noexcept {
    return cache.core_;
  }
};

template <class Cache>
struct cold_of {
  using type = none;
};
template <class Cache>
  requires requires(Cache const& c) { c.cold(); }
struct cold_of<Cache> {
  using type = std::remove_cvref_t<decltype(std::declval<Cache const&>().cold())>;
};
/// The cold tier of a cache, or strata::none.
template <class Cache>
using cold_t = typename cold_of<std::remove_cvref_t<Cache>>::type;

/// \tparam Way      which of the cache's deadlines and breakers are meant
/// \param question  called with the tier and the moment by which it has to answer
template <flow::direction Way = flow::direction::reading, class Cache, class Question>
auto ask_cold(Cache& cache, call_options call, Question question)
    -> awaited_t<decltype(question(std::declval<cold_t<Cache>&>(), deadline{}))> {
  auto& core = access::core(cache);
  auto const inside = core.enter();
  if (!inside) return std::unexpected{inside.error()};
  bool constexpr writes = Way == flow::direction::writing;
  auto const until = flow::until(core, call.within, writes ? core.limits.write_within : core.limits.read_within);
  return core.cold.ask(core, Way, until, [&](auto& tier) { return question(tier, until); }).run();
}

/// One that changes something.
template <class Cache, class Question>
auto tell_cold(Cache& cache, call_options call, Question question) {
  return ask_cold<flow::direction::writing>(cache, call, question);
}

}  // namespace strata::query
