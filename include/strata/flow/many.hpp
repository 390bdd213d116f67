// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/below.hpp>
#include <strata/run/task.hpp>

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

// Many keys in one round trip where the tier can; else one after the other.
namespace strata::flow {

/// A vector of which nothing is compiled before there is a cache: a program that only includes one pays for none.
template <class Core, class T>
using list = deferred<std::vector<T>, Core>;

/// One answer per key.
template <class Core, class Channel, class Answer, class Keys>
task<std::vector<result<Answer>>> load_each(Core& core, Channel& channel, Keys const& keys, moment until) {
  std::vector<result<Answer>> answers;
  if (keys.empty()) co_return answers;
  if constexpr (loads_many<std::remove_cvref_t<decltype(channel.tier())>>) {
    auto all = co_await channel.ask_many(core, direction::reading, until, keys.size(),
                                         [&](auto& tier) { return tier.load_many(keys, until); });
    co_return all;
  } else {
    answers.reserve(keys.size());
    for (auto const key : keys)
      answers.push_back(
          co_await channel.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(key, until); }));
    co_return answers;
  }
}

/// Many copies into warm, each where it has to find its key; of what is too big a notice.
template <class Core, class Placements>
task<list<Core, result<placed>>> place_many(Core& core, Placements const& frames, moment until) {
  list<Core, result<placed>> there;
  there.reserve(frames.size());
  if (frames.empty()) co_return there;
  if constexpr (stores_frames<std::remove_cvref_t<decltype(core.warm.tier())>>) {
    auto const stored = co_await core.warm.ask_many(core, direction::writing, until, frames.size(),
                                                    [&](auto& tier) { return tier.store_many(frames, until); });
    for (std::size_t i = 0; i < frames.size(); ++i) {
      auto const& f = *frames[i].frame;
      if (core.stored_in(tier::warm, f.revision, stored[i]))
        there.push_back(placed{*stored[i]});
      else if (stored[i].error() == errc::rejected)
        there.push_back(co_await place(core, f, frames[i].at, until));
      else
        there.push_back(std::unexpected{stored[i].error()});
    }
  } else {
    for (auto const& one : frames) there.push_back(co_await place(core, *one.frame, one.at, until));
  }
  co_return there;
}

}  // namespace strata::flow
