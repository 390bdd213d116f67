// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/log.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/company.hpp>
#include <strata/flow/follow.hpp>
#include <strata/flow/standing.hpp>
#include <strata/kernel/lease.hpp>
#include <strata/kernel/moment.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

// K9: how memory is held against somebody who knows, several times in the length of a lease. The moment that counts is the
// one at which the question was sent, since all that had been committed by then is in the answer.
namespace strata::flow {

/// What one instance remembers from one look to the next.
template <class Core>
struct lookout {
  deferred<std::optional<cursor>, Core> upto{};  ///< memory knows every change before this
};

/// Takes over every change of cold's log since the last time. \returns whether all of them
template <class Core>
task<bool> read_log(Core& core, lookout<Core>& my, kernel::moment until) {
  if (!my.upto) {  // what was read before this moment may be overtaken by what nobody tells
    auto const end = co_await core.cold.sound(core, direction::reading, until,
                                              [&](auto& tier) { return tier.changes_since(std::nullopt, 0, until); });
    if (!end) co_return false;
    my.upto = end->settled;
    core.doubt_all();
  }
  auto from = *my.upto;
  bool open = false;  // what a page had before it still open is asked for again, whatever later pages say
  for (bool more = true; more;) {
    auto const page = co_await core.cold.sound(core, direction::reading, until,
                                               [&](auto& tier) { return tier.changes_since(from, 1'000, until); });
    if (!page) co_return false;
    if (page->gap) core.doubt_all();
    for (auto const& one : page->all)
      follow(core, {telling::changed, {one.key, one.revision, one.operation}, position{}});
    if (!open) my.upto = page->settled;
    open = open || page->settled < page->read;
    from = page->read;
    more = page->more;
  }
  co_return true;
}

/// The same where no copies come in that the log says nothing of: then memory is as fresh as the question.
template <class Core>
task<bool> catch_up(Core& core, lookout<Core>& my, kernel::moment until) {
  kernel::moment const sent = core.clock.now();
  bool const all = co_await read_log(core, my, until);
  if (all) core.standing.prove(sent);
  co_return all;
}

/// One look.
/// \param renew  makes the feed begin anew
template <class Core, class Renew>
task<void> watch(Core& core, lookout<Core>& my, kernel::moment until, Renew renew) {
  kernel::moment const sent = core.clock.now();
  if constexpr (Core::witness == witness::end) {
    auto const end =
        co_await core.warm.sound(core, direction::reading, until, [&](auto& tier) { return tier.end(until); });
    if (end) core.standing.promise(sent, *end, sent);
  } else if constexpr (Core::witness == witness::log) {
    (void)co_await catch_up(core, my, until);
  } else if constexpr (Core::witness == witness::horizon) {
    auto const seen =
        co_await core.cold.sound(core, direction::reading, until, [&](auto& tier) { return tier.read_horizon(until); });
    if (!seen) co_return;
    bool const back = seen->taken_us < core.standing.saw_taken(seen->taken_us);  // cold is an earlier one
    bool const anew = !core.standing.enter(seen->era);
    core.standing.saw_horizon(seen->taken_us == 0 ? kernel::moment::min() : sent - seen->age);
    if (back) {
      core.doubt_all();
      my.upto.reset();  // a place in a log that is another one's
    }
    if (back || anew) co_return renew();
    auto elsewhere = elsewhere_of(core, seen->holder);
    bool const apart = !elsewhere.empty();
    core.standing.saw_elsewhere(std::move(elsewhere));
    if (apart || !core.standing.hears()) {
      if (!my.upto && !apart) {  // what came before is in warm, and memory may have missed it
        my.upto = seen->reached;
        core.doubt_all();
      }
      co_return void(co_await catch_up(core, my, until));
    }
    if (seen->taken_us == 0) co_return;  // nobody has looked yet, so there is nothing to promise
    auto const now = core.clock.now();
    if (core.standing.promise(sent - seen->age, seen->at, now)) my.upto = seen->reached;
    if (core.standing.stuck(now)) renew();
    // K8: the feed may be cut off and have yet to notice, or have begun again and lack what nobody has brought to warm yet.
    if (my.upto && 2 * (now - core.standing.proven()) > kernel::lease<>::length)
      (void)co_await read_log(core, my, until);
  }
}

}  // namespace strata::flow
