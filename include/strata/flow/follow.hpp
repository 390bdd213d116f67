// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/key.hpp>

namespace strata::flow {

/// K8: what the feed says of a key. It only raises the floor, its own instance's messages too. A change without a
/// revision, by a program that knows none, leaves the word to cold; so does one that stands where nobody looks for it, since
/// its place orders nothing.
/// \threads   any; called by the feed's own thread
template <class Core>
void follow(Core& core, news const& heard) noexcept {
  auto const& told = heard.told;
  if (heard.what == telling::lost) {
    core.standing.lost();
    if constexpr (!Core::leased) core.doubt_all();  // no lease will end by itself
    return;
  }
  if (heard.what == telling::resumed) {
    if constexpr (!Core::has_cold) {  // positions are the revisions, and those of another stream begin anew
      if (heard.at < core.heard) core.gate.begin_anew();
      core.heard = heard.at;
    }
    core.doubt_all();
    return core.standing.resumed(heard.at, core.clock.now());
  }
  if constexpr (!Core::has_cold)
    if (heard.at > core.heard) core.heard = heard.at;
  if (heard.what == telling::passed) return core.standing.heard(heard.at);
  try {
    auto const parsed = key<typename Core::key_type>::parse(told.key);
    if (parsed) {  // else no key of this cache
      auto const k = core.hash(*parsed);
      bool const here = heard.what == telling::changed;
      revision const r = Core::has_cold ? told.revision : revision{here ? static_cast<std::uint64_t>(heard.at) : 0};
      r == revision{} ? core.doubt(k) : core.overtake(k, r);
      if (r == revision{}) core.strays.note(told.key);
    }
  } catch (...) {  // no memory for the key: nothing this cache holds may count as current
    core.doubt_all();
  }
  core.standing.heard(heard.at);  // after the floor: memory is as fresh as what it has taken over
}

}  // namespace strata::flow
