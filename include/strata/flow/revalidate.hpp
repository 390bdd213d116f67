// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/many.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/task.hpp>

#include <cstddef>
#include <string_view>
#include <vector>

// K10: after a doubt nothing in memory counts as fresh until its revision has been compared with cold's, a thousand keys at
// a time. What is equal lives on.
namespace strata::flow {

/// \returns whether no doubt stands any more
template <class Core>
task<bool> revalidate(Core& core) {
  if constexpr (Core::revalidates) {
    auto const doubt = core.standing.doubted();
    if (doubt == 0) co_return true;
    std::vector<typename Core::key_type> keys;
    core.hot.keys([&](auto const& k) { keys.emplace_back(k); });
    constexpr std::size_t piece = 1'000;
    for (std::size_t from = 0; from < keys.size() && !core.life.closed(); from += piece) {
      std::size_t const count = keys.size() - from < piece ? keys.size() - from : piece;
      std::vector<decltype(Core::text(core.hash(keys[0])))> texts;
      for (std::size_t i = from; i < from + count; ++i) texts.push_back(Core::text(core.hash(keys[i])));
      list<Core, std::string_view> const names{texts.begin(), texts.end()};
      kernel::moment const until = kernel::after(core.clock.now(), core.limits.read_within);
      auto const standing = co_await core.cold.sound(core, direction::reading, until,
                                                     [&](auto& tier) { return tier.revisions(names, until); });
      if (!standing) co_return false;
      for (std::size_t i = 0; i < count; ++i) {
        auto const k = core.hash(keys[from + i]);
        auto const kept = core.peek(k).revision();
        if (kept == revision{}) continue;  // evicted
        if (kept > (*standing)[i])
          core.doubt(k);  // written since, or cold is an earlier one
        else
          core.overtake(k, (*standing)[i]);
      }
    }
    if (!core.life.closed()) core.standing.settle(doubt);
    co_return core.standing.doubted() == 0;
  } else {
    co_return true;
  }
}

}  // namespace strata::flow
