// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/many.hpp>
#include <strata/run/task.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

// Keys that somebody wants in memory, though nobody reads them now. From cold in one round trip, with a turn for each,
// so that nothing is kept that a write or the feed has overtaken (K4). It counts as no use.
namespace strata::flow {

/// \param keys     a range of the cache's keys
/// \param refused  takes those that could not be kept: they could not be asked for, or something newer might have been there
/// \returns how many memory has now; the first error of those that could not be asked for, where it has none
template <class Core, class Keys, class Refused>
task<result<std::size_t>> bring(Core& core, Keys keys, moment until, Refused& refused) {
  using key_type = typename Core::key_type;
  using value_type = typename Core::value_type;
  std::size_t there = 0;
  deferred<std::optional<error>, Core> fault;
  std::vector<key_type*> asked;
  std::vector<typename Core::turn> turns;
  std::vector<decltype(Core::text(core.hash(keys[0])))> texts;
  for (auto& one : keys) {
    auto const k = core.hash(one);
    if (core.peek(k)) {
      ++there;
      continue;
    }
    turns.push_back(core.gate.enter_alone(k.hash));
    texts.push_back(Core::text(k));
    asked.push_back(&one);
  }
  list<Core, std::string_view> const names{texts.begin(), texts.end()};
  moment const sent = core.clock.now();
  auto found = co_await load_each<Core, typename Core::cold_channel, copy<value_type>>(core, core.cold, names, until);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (!found[i] && !fault) fault = found[i].error();
    if (!found[i] && found[i].error() == errc::corrupt) continue;
    bool kept = false;
    if (found[i]) {
      if (!found[i]->value) continue;
      box<value_type> const copy{found[i]->revision, std::move(*found[i]->value),
                                 core.end_of(found[i]->expires_in, sent)};
      kept = core.admit(turns[i], core.hash(*asked[i]), copy);
    }
    if (kept)
      ++there;
    else
      refused.push_back(std::move(*asked[i]));
  }
  core.collect_if_due();
  if (there == 0 && fault) co_return std::unexpected{std::move(*fault)};
  co_return there;
}

}  // namespace strata::flow
