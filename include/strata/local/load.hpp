// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/error.hpp>
#include <strata/flow/loading.hpp>
#include <strata/hit.hpp>
#include <strata/local/options.hpp>
#include <strata/run/clock.hpp>
#include <strata/run/unattended.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

// get_or_load where memory has no answer: following the key's flight, leading it, or having it led by a thread of the
// cache's while the caller takes what memory has. Waits are told in the monotonic clock, whatever clock tells lives. Flights,
// turns, and loaders that wait for each other are those of the flows. Their coroutines are not: what these say of tiers below,
// floors and leases has no meaning here, their keys are texts, and most of local.hpp's callers never load.
namespace strata::local {

inline kernel::moment in(std::chrono::milliseconds time) noexcept {
  return kernel::after(monotonic_clock::now(), time);
}

/// Waits for the leader. \returns its answer; nothing when this caller has to try itself
template <class Core>
std::optional<typename Core::answer> follow(Core& core, typename Core::deck_type::flight& shared,
                                            kernel::moment until) {
  using answer = typename Core::answer;
  flow::waiting const for_leader{core.flights, &shared};
  if (for_leader.for_ever()) return answer{for_leader.why_not()};
  core.add(core.joined);
  bool const landed = shared.landed.wait(until < shared.until ? until : shared.until).await_resume();
  if (landed && shared.answer && !core.over(*shared.answer)) return *shared.answer;
  if (monotonic_clock::now() >= until)
    return answer{error{errc::timed_out, tier::none, "another caller loads this key and has no answer yet"}};
  return std::nullopt;
}

/// Runs the loader and keeps its value, unless the key was written or erased meanwhile. \param seen  revision of the value
/// in memory that does not do
/// \returns what memory then has, or what the loader gave
template <class Core, class F>
typename Core::answer lead(Core& core, typename Core::hashed_key k, typename Core::deck_type::turn& turn, F& make,
                           revision seen) {
  using answer = typename Core::answer;
  auto const in_memory = [&](typename Core::boxed&& found) { return answer{std::move(found), tier::hot}; };
  auto there = core.peek(k);
  if (there && there.revision() != seen && core.alive(there)) {  // the flight before has just landed, or somebody put
    auto found = in_memory(std::move(there));
    turn.land(found);
    return found;
  }
  std::uint64_t const load = core.loads.fetch_add(1, std::memory_order_relaxed) + 1;
  auto made = flow::call_loader<typename Core::value_type>(core.flights, turn.led(), make);
  if (!made) {
    core.add(core.failed_loads);
    answer failed{made.error()};
    turn.land(failed);
    return failed;
  }
  auto const mine = core.box_up(core.number_of_load(load, there ? there.revision() : revision{}), std::move(*made));
  answer found{mine, tier::hot};
  auto ready = core.prepare(k, mine);
  typename Core::gone_type gone;
  auto kept = installed::refused;
  try {
    core.flights.admit(turn, [&] { kept = core.hot.install(k, std::move(ready), gone); });
  } catch (...) {
    (void)typename Core::deck_type::turn{std::move(turn)};  // the flight ends: the observer may ask for the same key
    core.tell(k, gone, removal::evicted);
    throw;
  }
  if (kept != installed::yes)
    if (auto now = core.peek(k); now && now.revision() != seen && core.alive(now)) found = in_memory(std::move(now));
  turn.land(found);
  core.tell(k, gone, removal::evicted);
  return found;
}

template <class Core, class F>
typename Core::answer load(Core& core, typename Core::hashed_key k, F& make, kernel::moment until, revision seen) {
  for (;;) {
    auto turn = core.flights.enter(k, monotonic_clock::now(), until);
    if (!turn.follows()) return lead(core, k, turn, make, seen);
    if (auto shared = follow(core, *turn.shared(), until)) return std::move(*shared);
  }
}

namespace detail {
/// A flight that a thread of the cache's leads.
template <class Core, class F>
strata::detail::unattended lead_aside(Core& core, typename Core::key_type key, std::uint64_t hash,
                                      typename Core::deck_type::turn turn, F make, revision seen) {
  try {
    co_await strata::detail::move_to{core.askers};
    (void)lead(core, typename Core::hashed_key{key, hash}, turn, make, seen);
  } catch (...) {  // no memory, no thread, or what a user's type threw: whoever waits for the flight tries itself
  }
  core.askers.leave();
}
}  // namespace detail

/// Has a value loaded that memory has one for already; by the caller where memory is for one thread.
/// \returns the flight, and whether it is this caller's; null: too much is under way
template <class Core, class F>
std::pair<std::shared_ptr<typename Core::deck_type::flight>, bool> load_aside(Core& core, typename Core::hashed_key k,
                                                                              F& make, kernel::moment until,
                                                                              revision seen) {
  auto turn = core.flights.enter(k, monotonic_clock::now(), until);
  auto under_way = turn.shared();
  if (turn.led() == nullptr) return {std::move(under_way), false};
  if constexpr (of_one_thread<typename Core::tier_type>) {
    (void)lead(core, k, turn, make, seen);
  } else {
    if (!core.askers.enter()) return {nullptr, false};
    try {
      detail::lead_aside(core, typename Core::key_type(k.key), k.hash, std::move(turn), std::move(make), seen);
    } catch (...) {
      core.askers.leave();
      throw;
    }
  }
  return {std::move(under_way), true};
}

/// The soft deadline. \param older  what memory has, and whose time is over
template <class Core, class F>
typename Core::answer load_softly(Core& core, typename Core::hashed_key k, F& make, load_options const& how,
                                  typename Core::boxed older) {
  auto const until = in(how.within), soft = in(how.soft_within);
  for (;;) {
    auto const [under_way, mine] = load_aside(core, k, make, until, older.revision());
    if (!under_way || !under_way->landed.wait(soft < until ? soft : until).await_resume() || !under_way->answer)
      return {std::move(older), tier::hot, freshness::stale};
    if (mine || !core.over(*under_way->answer)) return *under_way->answer;  // else it was the flight of what is over
  }
}

}  // namespace strata::local
