// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/outcome.hpp>
#include <strata/flow/truth.hpp>
#include <strata/receipt.hpp>
#include <strata/record.hpp>
#include <strata/run/point.hpp>
#include <strata/run/task.hpp>

#include <new>
#include <span>
#include <string_view>
#include <utility>

// The write: cold, warm, hot. The lowest tier present is the truth and assigns the revision; nothing is acknowledged
// before it, and nothing after it makes the call fail (K6).
namespace strata::flow {

/// K3: where a write finds something in its way, that is a higher revision, or a message that has none. Over the latter goes
/// what cold has now: what the writer brings may have been overtaken by what that message covered. Whoever is faster, such as
/// the healer, has published something else there, which is looked at in turn.
template <class Core>
task<result<placed>> overrule(Core& core, std::string_view text, revision mine, moment until) {
  for (;;) {
    auto const seen =
        co_await core.warm.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(text, until); });
    if (!seen) co_return std::unexpected{seen.error()};
    auto const& f = seen->frame;
    if (f && f->key == text && whole(*f) && f->revision >= mine) co_return placed{seen->position};
    moment const asked = core.clock.now();
    auto const found =
        co_await core.cold.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(text, until); });
    if (!found) co_return std::unexpected{found.error()};
    auto const current = frame_of(core, text, mine, *found, asked);
    auto const stored = co_await place(core, current, seen->position, until);
    if (stored || stored.error() != errc::conflict) co_return stored;
  }
}

/// Publishing is also the broadcast (K8): says in the receipt how it went. A conflict is a higher revision that is there.
/// \param asked  before cold was
template <class Core>
task<void> publish(Core& core, std::string_view text, typename Core::value_type const& value, moment end, receipt& done,
                   moment asked, moment until) {
  done.degraded = true;
  auto const framed = seal(core.codec, text, done.revision, value, core.expires_ms(end));
  if (!framed) co_return;
  moment const budget = kernel::warm_write(asked, core.clock.now(), until);
  auto stored = co_await place(core, *framed, std::nullopt, budget);
  if (!stored && stored.error() == errc::conflict) stored = co_await overrule(core, text, done.revision, budget);
  done.degraded = !stored;
  if (stored && stored->whole) done.tiers |= tier_bit(tier::warm);
}

template <class Core>
task<outcome<typename Core::value_type>> write_through(Core& core, typename Core::hashed_key key,
                                                       typename Core::value_type&& value,
                                                       deferred<expectation, Core> expected, moment until,
                                                       life_of_value<Core> life, vector_of_value<Core> vector) {
  using outcome = flow::outcome<typename Core::value_type>;
  auto const text = core.text(key);
  if (auto fault = core.fault(text, value, life)) co_return outcome{std::unexpected{std::move(*fault)}, {}};

  auto const turn = core.gate.enter_alone(key.hash);
  auto const end = core.end_of(life, core.clock.now());
  co_await core.at(point::before_truth);
  [[maybe_unused]] moment const asked = core.clock.now();
  deferred<result<written>, Core> truth;
  try {
    truth = co_await store_truth(core, text, value, expected, until, life, vector);
  } catch (std::bad_alloc const&) {
    truth = exhausted<Core>();
  }
  if (!truth) {
    if (truth.error() == errc::unknown) core.doubt(key);  // K6: the next read asks cold
    co_return outcome{std::unexpected{truth.error()}, {}};
  }
  co_await core.at(point::after_truth);
  core.overtake(key, truth->revision);

  receipt done{.revision = truth->revision, .version = truth->version, .changed = truth->changed};
  done.tiers = Core::truth_bit;
  try {  // K6: whatever fails from here on leaves the floor raised, hot without an older copy, and the write committed
    if constexpr (Core::has_cold) Core::stamp(value, truth->version);
    if constexpr (Core::has_cold && Core::has_warm) co_await publish(core, text, value, end, done, asked, until);
    co_await core.at(point::before_hot);
    box<typename Core::value_type> kept{truth->revision, std::move(value), end};
    if (core.settle(turn, key, kept)) done.tiers |= tier_bit(tier::hot);
    if (done.degraded) core.degraded(done.revision);
    co_return outcome{done, {std::move(kept), Core::truth}};
  } catch (...) {
    done.degraded = true;
    core.degraded(done.revision);
    co_return outcome{done, hit<typename Core::value_type>::nothing(Core::truth)};
  }
}

template <class Core>
task<result<receipt>> erase_through(Core& core, typename Core::hashed_key key, moment until) {
  auto const text = core.text(key);
  if (auto fault = core.fault(text)) co_return std::unexpected{std::move(*fault)};

  co_await core.at(point::before_truth);
  [[maybe_unused]] moment const asked = core.clock.now();
  deferred<result<written>, Core> truth;
  try {
    truth = co_await erase_truth(core, text, until);
  } catch (std::bad_alloc const&) {
    truth = exhausted<Core>();
  }
  if (!truth) {
    if (truth.error() == errc::unknown) core.doubt(key);
    co_return std::unexpected{truth.error()};
  }
  co_await core.at(point::after_truth);
  receipt done{.revision = truth->revision, .version = truth->version, .changed = truth->changed};
  done.tiers = Core::erased_bits;
  core.overtake(key, truth->revision);
  if (!Core::has_cold && truth->revision == revision{})
    core.drop(key);  // there is nothing, and nothing to compare it with
  if constexpr (Core::has_cold && Core::has_warm) {
    if (truth->revision == revision{}) co_return done;  // nobody ever wrote it: there is nothing to announce
    try {                                               // K6, as for a write
      moment const budget = kernel::warm_write(asked, core.clock.now(), until);
      auto const told = co_await core.warm.ask(core, direction::writing, budget,
                                               [&](auto& tier) { return tier.erase(text, truth->revision, budget); });
      done.degraded = !core.stored_in(tier::warm, truth->revision, told) &&
                      (told.error() != errc::conflict || !co_await overrule(core, text, truth->revision, budget));
      if (!done.degraded) done.tiers |= tier_bit(tier::warm);
    } catch (...) {
      done.degraded = true;
    }
    if (done.degraded) core.degraded(done.revision);
  }
  co_return done;
}

/// A write wherever the truth is. The caller's value lives until the flow has ended: a copy in the flow's own frame would
/// be one more move, and where that throws Clang 19 looks into the frame after it is freed.
template <class Core>
task<outcome<typename Core::value_type>> write(Core& core, typename Core::hashed_key key,
                                               typename Core::value_type&& value, deferred<expectation, Core> expected,
                                               moment until, life_of_value<Core> life = {},
                                               vector_of_value<Core> vector = {}) {
  if constexpr (Core::truth > tier::hot) {
    co_return co_await write_through(core, key, std::move(value), expected, until, life, vector);
  } else {
    if (auto fault = core.fault(core.text(key), value, life)) co_return {std::unexpected{std::move(*fault)}, {}};
    co_return core.write_hot(key, std::move(value), expected, life);
  }
}

template <class Core>
task<result<receipt>> erase(Core& core, typename Core::hashed_key key, moment until) {
  if constexpr (Core::truth > tier::hot) {
    co_return co_await erase_through(core, key, until);
  } else {
    if (auto fault = core.fault(core.text(key))) co_return std::unexpected{std::move(*fault)};
    co_return core.erase_hot(key);
  }
}

}  // namespace strata::flow
