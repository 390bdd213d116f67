// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/counters.hpp>
#include <strata/flow/judge.hpp>
#include <strata/flow/seal.hpp>
#include <strata/hit.hpp>
#include <strata/kernel/budget.hpp>
#include <strata/kernel/fence.hpp>
#include <strata/miss.hpp>
#include <strata/run/task.hpp>

#include <concepts>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// The steps of a look below: warm, cold, and the way up again.
namespace strata::flow {

using moment = kernel::moment;

/// What warm had.
template <class Value>
struct warm_view {
  hit<Value> answer{};   ///< the answer when settled; else the best that may be served if cold has nothing
  bool settled = false;  ///< nobody else needs to be asked
  deferred<std::optional<position>, Value> at{};    ///< where a promotion may store
  revision overwritable_above = never_overwritten;  ///< and which revisions may: only higher ones
};

/// Keeps what a look below found, unless something newer is known by now.
template <class Core>
void keep(Core& core, typename Core::hashed_key key, typename Core::turn const& turn,
          box<typename Core::value_type> const& found) {
  bool admitted = false;
  try {
    admitted = core.admit(turn, key, found);
  } catch (std::bad_alloc const&) {  // no room to keep it: the answer stands all the same
  }
  core.collect_if_due();
  if (admitted) return;
  core.fenced();
  core.overtake(key, found.revision());  // it is served all the same, so nothing older may follow it
}

/// Why warm's copy was not taken. Where warm is the truth that is an error: what cannot be read there is not absent, unless
/// its time is over.
template <class Core>
void decline(Core& core, warm_view<typename Core::value_type>& view, miss why) {
  core.missed_in(tier::warm, why);
  if constexpr (!Core::has_cold) {
    view.settled = true;
    view.answer = error{why == miss::behind ? errc::unavailable : errc::corrupt, tier::warm, to_string(why)};
    if (Core::expires && why == miss::expired) view.answer = hit<typename Core::value_type>::nothing(tier::warm);
  }
}

/// What a frame says: a value, or that the key was erased. What is declined has a value where that is better than nothing.
template <class Value>
struct unsealed {
  revision order{};                                 ///< the frame's own, or its position where warm is the truth
  deferred<std::optional<miss>, Value> declined{};  ///< why a read does not take it
  deferred<std::optional<Value>, Value> value{};
  revision overwritable_above{};
};

/// Opens what warm has, and changes nothing: who explains a read asks it as well.
template <class Core, std::same_as<sighting> Sighting>
unsealed<typename Core::value_type> unseal(Core& core, std::string_view text, kernel::fill const& fill,
                                           Sighting const& seen) {
  using value_type = typename Core::value_type;
  auto const& f = *seen.frame;
  unsealed<value_type> told{.order = Core::has_cold ? f.revision : revision{static_cast<std::uint64_t>(seen.position)}};
  auto const found =
      judge<value_type>(f, told.order, Core::has_cold, text, fill.floor, Core::codec_type::id, core.now_ms());
  told.overwritable_above = found.overwritable_above;
  auto const because = [&](miss why) {
    told.declined = why;
    return std::move(told);
  };
  if (!found.good && !found.spare) return because(found.why);
  if (told.order != revision{} && Core::has_cold && (fill.doubtful || core.apart()))
    return because(miss::doubtful);  // K6, K7
  if (found.good && f.operation == operation::notice) return because(miss::too_big);
  if (found.good && f.operation == operation::erase) return told;
  auto value = core.codec.decode(f.payload);
  if (!value || !core.owns(text, *value)) {
    told.overwritable_above = revision{};
    return because(value ? miss::foreign_key : miss::undecodable);
  }
  told.value = std::move(*value);
  if (!found.good) told.declined = found.why;
  return told;
}

/// Turns a frame into an answer, or says why not.
template <class Core, std::same_as<sighting> Sighting>
warm_view<typename Core::value_type> weigh(Core& core, typename Core::hashed_key key, std::string_view text,
                                           typename Core::turn const& turn, Sighting const& seen) {
  using value_type = typename Core::value_type;
  warm_view<value_type> view{.at = seen.position, .overwritable_above = revision{}};
  if (!seen.frame) return core.missed_in(tier::warm, miss::vacant), view;
  auto told = unseal(core, text, turn.fill(), seen);
  view.overwritable_above = told.overwritable_above;
  if (told.declined == miss::too_big || told.declined == miss::expired) core.overtake(key, told.order);
  if (told.declined && !told.value) return decline(core, view, *told.declined), view;
  if (told.declined) {  // K3: only cold can tell what it is worth
    core.missed_in(tier::warm, *told.declined);
    view.answer = {box<value_type>{told.order, std::move(*told.value), core.end_of(*seen.frame)}, tier::warm,
                   freshness::unverified};
    return view;
  }
  bool const trusted = core.trusts_warm();
  auto const state = !Core::has_cold ? freshness::fresh  // the truth is no copy
                     : trusted       ? core.of_a_copy()
                                     : freshness::unverified;
  core.hit_in(tier::warm);
  view.settled = true;
  if (!told.value) {
    core.overtake(key, told.order);
    view.answer = hit<value_type>::nothing(tier::warm, state);
    return view;
  }
  box<value_type> copy{told.order, std::move(*told.value), core.end_of(*seen.frame)};
  if (trusted)
    keep(core, key, turn, copy);
  else
    core.overtake(key, told.order);
  view.answer = {std::move(copy), tier::warm, state};
  return view;
}

template <class Core>
task<warm_view<typename Core::value_type>> look_warm(Core& core, typename Core::hashed_key key, std::string_view text,
                                                     typename Core::turn const& turn, moment until) {
  warm_view<typename Core::value_type> view;
  if constexpr (Core::has_warm) {
    auto const now = core.clock.now();
    auto const usual = kernel::after(now, core.limits.read_within);  // a loader may have much more, which is for cold
    moment const budget = Core::has_cold ? kernel::warm_read(now, usual < until ? usual : until) : until;
    auto seen =
        co_await core.warm.ask(core, direction::reading, budget, [&](auto& tier) { return tier.load(text, budget); });
    if (seen) co_return weigh(core, key, text, turn, *seen);
    core.unreached_in(tier::warm, seen.error());
    if constexpr (!Core::has_cold) view = {.answer = hit<typename Core::value_type>{seen.error()}, .settled = true};
  }
  co_return view;
}

/// \param asked  when the question went out: what is left of a copy's life counts from there
template <class Core>
typename Core::answer weigh_cold(Core& core, typename Core::hashed_key key, typename Core::turn const& turn,
                                 warm_view<typename Core::value_type> const& seen,
                                 result<copy<typename Core::value_type>>&& found, moment asked) {
  using value_type = typename Core::value_type;
  auto const spare = [&] {
    core.overtake(key, seen.answer.revision());
    return seen.answer;
  };
  if (!found) {
    core.failed_in(tier::cold, found.error());
    bool const unreachable = found.error() == errc::unavailable || found.error() == errc::timed_out;
    return unreachable && seen.answer ? spare() : hit<value_type>{found.error()};
  }
  core.gate.resolve(turn);
  if (!found->value) {
    core.missed_in(tier::cold, found->expired ? miss::expired : miss::vacant);
    if (found->revision == revision{}) return seen.answer ? spare() : hit<value_type>::nothing(tier::cold);
    core.overtake(key, found->revision);
    return hit<value_type>::nothing(tier::cold);
  }
  core.hit_in(tier::cold);
  box<value_type> copy{found->revision, std::move(*found->value), core.end_of(found->expires_in, asked)};
  keep(core, key, turn, copy);
  return {std::move(copy), tier::cold};
}

/// Cold's answer, or the best there is without it.
template <class Core>
task<typename Core::answer> look_cold(Core& core, typename Core::hashed_key key, std::string_view text,
                                      typename Core::turn const& turn, warm_view<typename Core::value_type> const& seen,
                                      moment until) {
  using value_type = typename Core::value_type;
  if constexpr (!Core::has_cold) {
    co_return Core::has_warm ? seen.answer : hit<value_type>::nothing(tier::none);
  } else {
    moment const asked = core.clock.now();
    auto found =
        co_await core.cold.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(text, until); });
    co_return weigh_cold(core, key, turn, seen, std::move(found), asked);
  }
}

/// Where a copy stands in warm, and whether all of it: of a value that is too big there is a notice alone.
struct placed {
  position at{};
  bool whole = true;
};

/// What warm is told of a value that is too big for it: the revision, so that nobody keeps an older one (K8).
template <std::same_as<frame> Frame>
Frame notice_of(Frame const& f) {
  Frame n{.key = f.key,
          .revision = f.revision,
          .operation = operation::notice,
          .schema = f.schema,
          .created_ms = f.created_ms};
  n.sum = checksum(n);
  return n;
}

/// What warm is told when cold has this copy, and a revision is known to exist. Where the copy is older than that, or there
/// is none, or it cannot be encoded, warm is told that the key has changed, and everybody asks cold. What has expired
/// is told as erased.
/// \param asked  when cold was asked
template <class Core>
deferred<frame, Core> frame_of(Core& core, std::string_view text, revision known,
                               copy<typename Core::value_type> const& found, moment asked) {
  deferred<frame, Core> f{.key = std::string{text}, .revision = known, .operation = operation::notice};
  if (found.revision >= known && found.revision != revision{}) {
    f.revision = found.revision;
    if (!found.value)
      f.operation = operation::erase;
    else if (auto framed = seal(core.codec, text, f.revision, *found.value,
                                core.expires_ms(core.end_of(found.expires_in, asked))))
      return std::move(*framed);
  }
  f.sum = checksum(f);
  return f;
}

/// One copy into warm, or else a notice of it.
/// \param at  where the key has to stand, if anywhere
template <class Core>
task<result<placed>> place(Core& core, deferred<frame, Core> const& f, deferred<std::optional<position>, Core> at,
                           moment until) {
  auto const store = [&](auto const& one) {
    return core.warm.ask(core, direction::writing, until, [&](auto& tier) { return tier.store(one, at, until); });
  };
  auto const stored = co_await store(f);
  if (core.stored_in(tier::warm, f.revision, stored)) co_return placed{*stored};
  if (stored.error() != errc::rejected || f.operation != operation::put) co_return std::unexpected{stored.error()};
  auto const notice = notice_of(f);
  auto const told = co_await store(notice);
  if (!core.stored_in(tier::warm, f.revision, told)) co_return std::unexpected{told.error()};
  co_return placed{*told, false};
}

/// K5: whether warm lacks what cold gave, and may be told.
template <class Value>
bool promotable(warm_view<Value> const& seen, hit<Value> const& answer) noexcept {
  return answer && answer.tier() == tier::cold && seen.at && answer.revision() > seen.overwritable_above;
}

/// K5: into warm only where it stood at the miss, and only upward.
/// \param asked  before cold was
template <class Core>
task<void> promote(Core& core, std::string_view text, warm_view<typename Core::value_type> const& seen,
                   typename Core::answer const& answer, moment asked, moment until) {
  if constexpr (Core::has_warm && Core::has_cold) {
    if (!promotable(seen, answer)) co_return;
    auto const framed = seal(core.codec, text, answer.revision(), *answer, core.expires_ms(answer.ends()));
    if (!framed) co_return;
    moment const budget = kernel::warm_write(asked, core.clock.now(), until);
    auto const stored = co_await place(core, *framed, seen.at, budget);
    if (stored && stored->whole) core.counters.add(core.counters.warm_promotions);
  }
}

}  // namespace strata::flow
