// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/feed.hpp>
#include <strata/concepts/log.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/healer.hpp>
#include <strata/flow/judge.hpp>
#include <strata/flow/many.hpp>
#include <strata/kernel/table.hpp>
#include <strata/key.hpp>
#include <strata/run/task.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// A page of what cold has, held against warm: copies go there of what it lacks, and what programs without revisions look for
// elsewhere is put right.
namespace strata::flow {

/// Whether programs that know nothing of this library look for a key where we do not.
template <class Core>
bool elsewhere(Core& core, std::string_view key) {
  if constexpr (corrects_others<typename Core::warm_channel::tier_type>)
    return core.warm.tier().kept_elsewhere(key);
  else
    return false;
}

/// Tries again later what could not be put right where programs without revisions look: our readers do not look there, so it
/// holds nobody up.
template <class Core, class Names>
void try_later(Core& core, healer<Core>& my, Names const& names) {
  for (auto const& name : names) core.strays.note(name);
  my.strays_at = core.clock.now() + healer<Core>::rest;
}

/// Of these frames, which are warm's now, those that other programs look for elsewhere, to there.
template <class Core>
task<void> correct(Core& core, healer<Core>& my, list<Core, frame const*> const& current, moment until) {
  if constexpr (corrects_others<typename Core::warm_channel::tier_type>) {
    list<Core, placement> places;
    list<Core, std::string_view> names;
    for (auto const* f : current) {
      if (!elsewhere(core, f->key)) continue;
      places.push_back({f, {}});
      names.emplace_back(f->key);
    }
    if (places.empty()) co_return;
    auto const done = co_await core.warm.sound(core, direction::writing, until,
                                               [&](auto& tier) { return tier.correct(places, until); });
    if (!done) try_later(core, my, names);
  }
}

/// Copies of what the log names into warm, and to where others look that keep some keys elsewhere. \returns the place by
/// which warm has all of it; nothing when it does not
/// \param again  all of it has been there, and is older than any call lasts: what is gone altogether makes nobody believe
///               anything older
template <class Core, class Changes>
task<std::optional<position>> bring_to_warm(Core& core, healer<Core>& my, Changes const& all, bool again,
                                            moment until) {
  // Of each key the last revision: a later transaction may have taken an earlier one.
  deferred<kernel::table<std::size_t>, Core> place;
  list<Core, logged const*> last;
  for (auto const& one : all) {
    if (!key_fault(one.key).empty()) continue;  // nobody can ask for it
    for (std::uint64_t at = my.hash(one.key).hash;; ++at) {
      auto const [found, fresh] = place.try_emplace(at);
      if (fresh) {
        *found = last.size();
        last.push_back(&one);
      } else if (last[*found]->key != one.key) {
        continue;
      } else if (last[*found]->revision < one.revision) {
        last[*found] = &one;
      }
      break;
    }
  }

  list<Core, std::string_view> names;
  for (auto const* one : last) names.push_back(one->key);
  auto const seen = co_await load_each<Core, typename Core::warm_channel, sighting>(core, core.warm, names, until);
  position high{};
  auto const note = [&](position at) {
    if (at > high) high = at;
  };
  list<Core, logged const*> lacking;
  list<Core, std::optional<position>> stands;  // of what cannot be read nobody can say where
  list<Core, frame const*> current;
  names.clear();
  for (std::size_t i = 0; i < last.size(); ++i) {
    if (!seen[i] && seen[i].error() != errc::corrupt) co_return std::nullopt;
    auto const* const f = seen[i] && seen[i]->frame ? &*seen[i]->frame : nullptr;
    if (seen[i] && !f && again && !elsewhere(core, last[i]->key)) continue;
    if (f && f->key == last[i]->key && whole(*f) && f->revision >= last[i]->revision) {
      note(seen[i]->position);
      current.push_back(f);
      continue;
    }
    lacking.push_back(last[i]);
    stands.push_back(seen[i] ? std::optional{seen[i]->position} : std::nullopt);
    names.push_back(last[i]->key);
  }

  using value_type = typename Core::value_type;
  moment const asked = core.clock.now();
  bool const by_name = !lacking.empty() && std::exchange(my.by_name, false);
  list<Core, result<copy<value_type>>> copies;
  if (!by_name)
    copies = co_await load_each<Core, typename Core::cold_channel, copy<value_type>>(core, core.cold, names, until);
  list<Core, frame> frames;
  list<Core, placement> places;
  frames.reserve(lacking.size());
  for (std::size_t i = 0; i < lacking.size(); ++i) {
    auto const* const found = by_name ? nullptr : &copies[i];
    if (found && !*found && found->error() != errc::corrupt) co_return std::nullopt;
    frames.push_back(
        frame_of(core, lacking[i]->key, lacking[i]->revision, found && *found ? **found : copy<value_type>{}, asked));
    places.push_back({&frames.back(), stands[i]});
  }
  auto const placed = co_await place_many(core, places, until);
  list<Core, logged> taken;  // readers who promote have been faster: what they stored is looked at in turn
  for (std::size_t i = 0; i < placed.size(); ++i) {
    if (!placed[i]) {
      if (placed[i].error() != errc::conflict) co_return std::nullopt;
      taken.push_back(*lacking[i]);
      continue;
    }
    core.counters.add(core.counters.healed);
    note(placed[i]->at);
    if (!placed[i]->whole) frames[i] = notice_of(frames[i]);
    current.push_back(&frames[i]);
  }
  co_await correct(core, my, current, until);
  if (!taken.empty()) {
    auto const rest = co_await bring_to_warm(core, my, taken, again, until);
    if (!rest) co_return std::nullopt;
    note(*rest);
  }
  co_return high;
}

/// The same, and minds where it had too little time, or time to spare.
template <class Core, class Changes>
task<std::optional<position>> bring_in_time(Core& core, healer<Core>& my, Changes const& all, bool again,
                                            moment until) {
  auto const there = co_await bring_to_warm(core, my, all, again, until);
  moment const now = core.clock.now();
  if (there && now + my.patience * 3 / 4 < until) my.speed_up();
  if (!there && now + my.patience / 2 > until) my.slow_down();
  co_return there;
}

}  // namespace strata::flow
