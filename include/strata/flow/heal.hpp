// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/concepts/log.hpp>
#include <strata/error.hpp>
#include <strata/flow/company.hpp>
#include <strata/flow/healer.hpp>
#include <strata/flow/many.hpp>
#include <strata/flow/take_over.hpp>
#include <strata/flow/to_warm.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/task.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

// K7: cold is the log. One instance at a time reads what has been committed, whoever did it, and publishes what warm lacks;
// a writer's own publish is only the faster way. How far warm is in step stands in cold (the horizon), so another goes on
// where the last one ended. There is no queue of repairs that could be lost.
namespace strata::flow {

/// Whether warm still comes as far as that. Whoever is cut off from it may have yet to notice, while others go on with a store
/// that fell back.
template <class Core>
task<bool> reaches(Core& core, position at, moment until) {
  if constexpr (tells_end<typename Core::warm_channel::tier_type>) {
    auto const end =
        co_await core.warm.sound(core, direction::reading, until, [&](auto& tier) { return tier.end(until); });
    co_return end && *end >= at;
  } else {
    co_return true;
  }
}

/// Where programs without revisions have published, cold's copy goes over theirs: nobody can tell what that is worth (K3).
template <class Core>
task<void> gather(Core& core, healer<Core>& my, moment until) {
  if constexpr (Core::gathers) {
    if (core.clock.now() < my.strays_at) co_return;
    auto const keys = core.strays.take();
    if (keys.empty()) co_return;
    list<Core, std::string_view> const names{keys.begin(), keys.end()};
    auto const known = co_await core.cold.sound(core, direction::reading, until,
                                                [&](auto& tier) { return tier.revisions(names, until); });
    list<Core, logged> all;
    for (std::size_t i = 0; known && i < keys.size(); ++i)
      if ((*known)[i] != revision{}) all.push_back({.key = keys[i], .revision = (*known)[i]});
    if (!known || !co_await bring_to_warm(core, my, all, false, until)) try_later(core, my, keys);
  }
}

/// A page of cold's log; without a cursor where that ends now.
template <class Core>
task<result<changes>> look_at_log(Core& core, deferred<std::optional<cursor>, Core> from, std::size_t limit,
                                  moment until) {
  co_return co_await core.cold.sound(core, direction::reading, until,
                                     [&](auto& tier) { return tier.changes_since(from, limit, until); });
}

/// Where the log does not tell what has changed, all that cold has is held against what warm has; what changes meanwhile the
/// log tells. So it goes on where it broke off, if warm's feed has not begun anew and the log still goes back to then.
/// \returns as bring_to_warm
template <class Core>
task<std::optional<position>> sweep(Core& core, healer<Core>& my) {
  if constexpr (lists_all<typename Core::cold_channel::tier_type>) {
    auto& done = my.swept;
    moment const began = core.clock.now();
    moment until = began + my.patience;
    auto const back = co_await look_at_log(core, done.since, 0, until);
    if (!back) co_return std::nullopt;
    if (core.standing.since() >= done.began || back->gap) {
      auto const end = co_await look_at_log(core, std::nullopt, 0, until);
      if (!end) co_return std::nullopt;
      done = {.began = began, .since = end->settled};
    }
    for (;;) {
      until = core.clock.now() + my.patience;
      auto const held = co_await core.cold.sound(core, direction::writing, until, [&](auto& tier) {
        return tier.hold_horizon(my.me, healer<Core>::hold, until);
      });
      if (!held || !*held || core.life.closed()) co_return std::nullopt;
      auto const all = co_await core.cold.sound(core, direction::reading, until,
                                                [&](auto& tier) { return tier.all_after(done.last, my.page, until); });
      if (!all) co_return std::nullopt;
      if (all->empty()) break;
      auto const there = co_await bring_in_time(core, my, *all, true, until);
      if (!there) co_return std::nullopt;
      if (*there > done.high) done.high = *there;
      done.last = all->back().key;
    }
  }
  co_return my.swept.high;
}

/// One pass: does nothing while another instance does it.
template <class Core>
task<void> heal(Core& core, healer<Core>& my) {
  auto const losses = core.standing.losses();  // before it is asked since when the feed hears: later ones count
  auto const now = core.clock.now();
  moment until = now + my.patience;
  if (now < my.resting_until || !core.standing.hears()) {
    my.mine.reset();
    co_return;
  }
  if constexpr (tells_identity<typename Core::warm_channel::tier_type>)
    if (my.mine && my.me != signature(my.name, store_of(core))) my.mine.reset();  // the store is another one now
  auto const tenure = my.mine ? flow::tenure::held : co_await take_over(core, my, now, until);
  if (tenure == flow::tenure::none) co_return;
  bool const earlier = tenure == flow::tenure::held_of_an_earlier_cold;
  auto next = *my.mine;
  bool moved = false;
  if (earlier) core.doubt_all();
  if (earlier || core.standing.since() >= my.taken) {
    // K10: the feed began anew, so the server may have been away, and may have come back with less than it had. What the
    // log still has is brought again, and whoever follows begins anew; this instance just has. Where cold is an earlier
    // one nobody sees any more that it is once the horizon has been moved, so whoever follows has to be told in this way.
    ++next.era;
    next.at = {};
    next.reached = {};
    my.known = {};
    moved = true;
  }
  co_await gather(core, my, until);
  until = core.clock.now() + my.patience;
  auto const brought = my.mine->reached;
  my.note(brought, now);
  bool gap = my.taken == kernel::moment{};  // nobody ever finished, or not with this store
  bool told = next.reached == brought;      // whether the first page says if the log goes back to where it was
  moment const sent = core.clock.now();
  std::int64_t taken_us = 0;  // the first look's: later pages say nothing of what it had yet to see
  bool open = false;
  for (auto from = next.reached;;) {
    auto page = co_await look_at_log(core, from, my.page, until);
    if (!page) co_return give_up(core, my);
    if (!std::exchange(told, true)) {  // after the page: what that no longer had, this misses too
      auto const back = co_await look_at_log(core, brought, 0, until);
      if (!back) co_return give_up(core, my);
      gap = gap || back->gap;
    }
    if (page->gap && from != cursor{}) {
      gap = true;
      from = {};  // all that it has
      until = core.clock.now() + my.patience;
      continue;
    }
    if (std::exchange(gap, false)) {
      // What warm has nothing of is told to nobody, so whoever follows compares what memory has with cold.
      next.era = my.mine->era + 1;
      my.known = {};
      moved = true;
      core.doubt_all();
      auto const rest = co_await sweep(core, my);
      if (!rest) co_return give_up(core, my);
      if (*rest > next.at) next.at = *rest;
      until = core.clock.now() + my.patience;
    }
    std::erase_if(page->all, [&](auto const& one) { return my.knows(one); });
    auto const there = co_await bring_in_time(core, my, page->all, page->read <= my.past, until);
    if (!there) co_return give_up(core, my);
    until = core.clock.now() + my.patience;
    if (*there > next.at) next.at = *there;
    bool const due = core.clock.now() - my.signed_at >= healer<Core>::sign;
    // Of a pass that may have taken long, which tells at once when it was taken.
    bool const ends = !page->more && from != brought;
    bool const moves = moved || due || ends || !page->all.empty();
    if (moves && !co_await reaches(core, next.at, until)) {
      my.swept = {};
      co_return give_up(core, my);
    }
    if (core.standing.losses() != losses) co_return give_up(core, my);
    if (taken_us == 0) taken_us = page->taken_us;
    if (!open) next.reached = page->settled;  // what was open before a page's end is asked for again
    open = open || page->settled < page->read;
    if (!page->more) next.taken_us = taken_us;
    if (moves) {
      auto const done = co_await core.cold.sound(core, direction::writing, until, [&](auto& tier) {
        return tier.move_horizon(my.me, healer<Core>::hold, next, until);
      });
      if (!done) {
        if (done.error() == errc::conflict) my.take_less();  // or two would take it from each other for ever
        co_return my.mine.reset();
      }
      // Not before: until cold has it whoever looks there finds the era before, and would take that for a new one.
      (void)core.standing.enter(next.era);
      my.signed_at = core.clock.now();
      // Where this pass breaks off the next goes on, whoever goes on meanwhile: what takes more time than there is between
      // two bad moments would else never be done.
      my.began = sent;
      my.swept = {};
    }
    my.mine = next;
    if (open)
      for (auto const& one : page->all) my.learn(one);
    if (!page->more) {
      if (!open || (my.known.size() == healer<Core>::most_known && next.reached != brought)) my.known = {};
      my.taken = sent;
      my.page = healer<Core>::most;
      my.patience = healer<Core>::usual;
    }
    if (!page->more || core.life.closed()) co_return;
    from = page->read;
    until = core.clock.now() + my.patience;
  }
}

}  // namespace strata::flow
