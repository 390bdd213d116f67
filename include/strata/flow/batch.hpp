// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/load.hpp>
#include <strata/flow/many.hpp>
#include <strata/flow/serve.hpp>
#include <strata/flow/soft.hpp>
#include <strata/flow/write.hpp>
#include <strata/receipt.hpp>
#include <strata/run/point.hpp>
#include <strata/run/task.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The flows for many keys at once: the same steps and the same rules, one round trip per tier. Not atomic; every key has
// an outcome of its own.
namespace strata::flow {

inline constexpr std::size_t most_at_once = 1'000;  ///< keys or values that a tier is given with one call

/// K5, for many: into warm only where each stood at its miss, and only upward.
template <class Core, class Asked>
task<void> promote_many(Core& core, std::span<Asked* const> found, std::span<typename Core::answer const> answers,
                        moment asked, moment until) {
  if constexpr (Core::has_warm && Core::has_cold) {
    std::vector<frame> frames;
    std::vector<placement> places;
    frames.reserve(found.size());
    for (Asked* one : found) {
      auto const& answer = answers[one->at];
      if (!promotable(one->seen, answer)) continue;
      auto framed = seal(core.codec, one->text, answer.revision(), *answer, core.expires_ms(answer.ends()));
      if (!framed) continue;
      frames.push_back(std::move(*framed));
      places.push_back({&frames.back(), one->seen.at});
    }
    auto const stored = co_await place_many(core, places, kernel::warm_write(asked, core.clock.now(), until));
    for (auto const& one : stored)
      if (one && one->whole) core.counters.add(core.counters.warm_promotions);
  }
}

/// Reads keys that hot did not have. \returns one answer per key, in order
template <class Core>
task<std::vector<typename Core::answer>> read_many(Core& core, std::span<typename Core::hashed_key const> keys,
                                                   read_options how, moment until) {
  using answer = typename Core::answer;
  using value_type = typename Core::value_type;
  using turn = typename Core::turn;
  struct asked {
    std::size_t at;  // in `keys`
    decltype(core.text(keys[0])) text;
    turn mine;
    warm_view<value_type> seen{};
  };
  bool const past_copies = passes_copies(core, how);
  std::vector<answer> answers(keys.size());
  std::vector<asked> led;
  std::vector<asked> followed;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto text = core.text(keys[i]);
    if (auto why = core.fault(text)) {
      answers[i] = answer{std::move(*why)};
      continue;
    }
    auto mine = past_copies ? core.gate.enter_alone(keys[i].hash)
                            : core.gate.enter(keys[i].hash, text, core.clock.now(), until, false);  // K4
    auto& part = mine.follows() ? followed : led;
    part.push_back({i, std::move(text), std::move(mine)});
  }
  auto const settle = [&](asked& one, answer const& found) {
    answers[one.at] = found;
    one.mine.land(found);
  };

  std::vector<std::string_view> names;
  std::vector<asked*> open;
  auto const name = [&](asked& one) {
    open.push_back(&one);
    names.push_back(one.text);
  };
  if constexpr (Core::has_warm) {
    if (!past_copies || !Core::has_cold)
      for (auto& one : led) name(one);
    moment const budget = Core::has_cold ? kernel::warm_read(core.clock.now(), until) : until;
    auto seen = co_await load_each<Core, typename Core::warm_channel, sighting>(core, core.warm, names, budget);
    for (std::size_t i = 0; i < open.size(); ++i) {
      auto& one = *open[i];
      if (seen[i]) {
        one.seen = weigh(core, keys[one.at], one.text, one.mine, *seen[i]);
        continue;
      }
      core.unreached_in(tier::warm, seen[i].error());
      if constexpr (!Core::has_cold) one.seen = {.answer = answer{seen[i].error()}, .settled = true};
    }
  }
  open.clear();
  names.clear();
  for (auto& one : led) {
    if (one.seen.settled)
      settle(one, one.seen.answer);
    else
      name(one);
  }
  if constexpr (Core::has_cold) {
    moment const asked_at = core.clock.now();
    auto found = co_await load_each<Core, typename Core::cold_channel, copy<value_type>>(core, core.cold, names, until);
    for (std::size_t i = 0; i < open.size(); ++i)
      settle(*open[i],
             weigh_cold(core, keys[open[i]->at], open[i]->mine, open[i]->seen, std::move(found[i]), asked_at));
    co_await promote_many<Core, asked>(core, open, answers, asked_at, until);
  } else {
    for (auto* one : open) settle(*one, Core::has_warm ? one->seen.answer : answer::nothing(tier::none));
  }
  // All that this caller leads has landed: now it may wait for others without closing a circle.
  for (auto& one : followed) {
    auto shared = co_await follow_leader(core, one.mine, until, false);
    answers[one.at] = shared ? std::move(*shared) : co_await read(core, keys[one.at], until);
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    auto const& text = core.text(keys[i]);
    if (!suffices<Core>(answers[i], how)) co_await insist(core, keys[i], text, how, answers[i], until);
    if (answers[i]) core.used(text);
  }
  co_return answers;
}

/// The same by a reader with a soft deadline, who takes what memory has once it has something for every key.
template <class Core>
task<std::vector<typename Core::answer>> read_many_softly(Core& core, std::span<typename Core::hashed_key const> keys,
                                                          read_options how, moment soft, moment until) {
  using answers = std::vector<typename Core::answer>;
  struct question {
    Core& core;
    read_options how;
    moment until;
    std::vector<typename Core::key_type> own{};
    std::vector<typename Core::hashed_key> keys{};
    auto operator()() { return read_many(core, std::span<typename Core::hashed_key const>{keys}, how, until); }
  };
  auto const older = [&]() -> std::optional<answers> {
    answers kept;
    kept.reserve(keys.size());
    for (auto const& k : keys) {
      kept.push_back(core.held(k).marked(freshness::stale));
      if (!kept.back()) return std::nullopt;
    }
    return kept;
  };
  if (!older()) co_return co_await read_many(core, keys, how, until);
  auto ask = std::make_unique<question>(core, how, until);
  for (auto const& k : keys) ask->own.emplace_back(k.key);
  for (std::size_t i = 0; i < keys.size(); ++i) ask->keys.push_back({ask->own[i], keys[i].hash});
  auto const late = [&] {
    return answers(keys.size(), error{errc::timed_out, tier::none, "nobody below has answered yet"});
  };
  co_return co_await detail::ask_softly<answers>(core, soft, until, std::move(ask), older, late);
}

/// Reads what memory did not have, a thousand keys at a time, so that no tier is asked for more at once: give(i, answer) for
/// each, in their order.
template <class Core, class Give>
task<void> read_below(Core& core, std::span<typename Core::hashed_key const> keys, read_options how, moment until,
                      Give give) {
  using answer = typename Core::answer;
  auto const inside = core.enter();
  if (!inside) {
    for (std::size_t i = 0; i < keys.size(); ++i) give(i, answer{inside.error()});
    co_return;
  }
  moment const soft = kernel::after(core.clock.now(), how.soft_within);
  for (std::size_t from = 0; from < keys.size(); from += most_at_once) {
    auto const part = keys.subspan(from, std::min(most_at_once, keys.size() - from));
    auto found = how.soft_within.count() != 0 ? co_await read_many_softly(core, part, how, soft, until)
                                              : co_await read_many(core, part, how, until);
    for (std::size_t i = 0; i < part.size(); ++i) give(from + i, std::move(found[i]));
  }
}

/// Shows f what memory has of at most keys_at_once, as f(key, value) under the guards of several. \returns a bit for each shown
template <class Core, class F>
std::uint64_t show_many(Core& core, std::span<typename Core::hashed_key const> keys, read_options const& how, F& f) {
  struct told {  // with nothing held, also where f throws
    Core& core;
    std::uint64_t shown = 0;
    ~told() {
      for (int n = std::popcount(shown); n > 0; --n) core.tell_hit(tier::hot);
    }
  } all{core};
  core.recall_many(keys, how, [&](std::size_t i, box<typename Core::value_type> const& kept, freshness) {
    f(keys[i].key, kept.value());
    all.shown |= std::uint64_t{1} << i;
  });
  return all.shown;
}

/// The receipts of a batch of writes. There is room for them before the first write, so that nothing that fails later can
/// lose one: once something has been tried, what is thrown ends the batch and is the error of those that were not (K6).
struct batch_outcome {
  std::vector<result<receipt>> receipts;
  bool tried = false;

  explicit batch_outcome(std::size_t count)
      : receipts(count, failure(errc::unavailable, tier::none, "not tried: an exception ended the batch before")) {}
  void set(std::size_t i, result<receipt>&& r) noexcept {
    receipts[i] = std::move(r);
    tried = true;
  }
};

/// Of several values for one key the last is written, and its receipt is that of all: an older one must not get its
/// revision (P7). \returns for each of those given the place of the last with the same text
template <class Texts>
std::vector<std::size_t> last_of_each(std::span<std::size_t const> given, Texts const& texts) {
  std::vector<std::size_t> heirs(texts.size());
  std::vector<std::size_t> sorted(given.begin(), given.end());
  std::ranges::sort(sorted,
                    [&](std::size_t a, std::size_t b) { return texts[a] != texts[b] ? texts[a] < texts[b] : a > b; });
  for (std::size_t n = 0; n < sorted.size(); ++n)
    heirs[sorted[n]] = n > 0 && texts[sorted[n]] == texts[sorted[n - 1]] ? heirs[sorted[n - 1]] : sorted[n];
  return heirs;
}

/// Publishes what cold has taken, in one burst where warm can; each receipt says whether warm has it.
template <class Core, class Texts>
task<void> publish_many(Core& core,
                        std::span<std::pair<typename Core::hashed_key, typename Core::value_type> const> values,
                        Texts const& texts, std::span<result<receipt>> receipts, moment end, moment asked,
                        moment until) {
  std::vector<frame> frames;
  std::vector<placement> places;
  std::vector<std::size_t> told;
  frames.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!receipts[i]) continue;
    receipts[i]->degraded = true;  // until warm has it
    auto framed = seal(core.codec, texts[i], receipts[i]->revision, values[i].second, core.expires_ms(end));
    if (!framed) continue;
    frames.push_back(std::move(*framed));
    places.push_back({&frames.back(), std::nullopt});
    told.push_back(i);
  }
  auto const published = co_await place_many(core, places, kernel::warm_write(asked, core.clock.now(), until));
  for (std::size_t n = 0; n < told.size(); ++n) {
    auto put = published[n];
    if (!put && put.error() == errc::conflict)
      put = co_await overrule(core, texts[told[n]], receipts[told[n]]->revision,
                              kernel::warm_write(asked, core.clock.now(), until));
    if (!put) continue;
    receipts[told[n]]->degraded = false;
    if (put->whole) receipts[told[n]]->tiers |= tier_bit(tier::warm);
  }
}

/// Writes values in one statement where cold can, and publishes them in one burst where warm can.
/// \param first  the place of the first value's receipt in `done`
template <class Core>
task<void> write_many(Core& core, std::span<std::pair<typename Core::hashed_key, typename Core::value_type>> values,
                      std::size_t first, batch_outcome& done, moment until, lifetime life) {
  using value_type = typename Core::value_type;
  if constexpr (!Core::stores_many) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      auto one = co_await write(core, values[i].first, std::move(values[i].second), anything, until, life);
      done.set(first + i, std::move(one.receipt));
    }
  } else {
    auto const receipts = std::span{done.receipts}.subspan(first, values.size());
    std::vector<decltype(core.text(values[0].first))> texts;
    std::vector<std::size_t> good;
    std::vector<typename Core::turn> turns;
    texts.reserve(values.size());
    turns.reserve(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      turns.push_back(core.gate.enter_alone(values[i].first.hash));
      texts.push_back(core.text(values[i].first));
      if (auto why = core.fault(texts[i], values[i].second, life)) {
        receipts[i] = std::unexpected{std::move(*why)};
        continue;
      }
      good.push_back(i);
    }
    auto const heirs = last_of_each(good, texts);
    std::vector<keyed_value<value_type>> rows;
    std::vector<std::size_t> at;
    for (auto const i : good) {
      if (heirs[i] != i) continue;
      rows.push_back({texts[i], &values[i].second});
      at.push_back(i);
    }
    auto const end = core.end_of(life, core.clock.now());
    co_await core.at(point::before_truth);
    [[maybe_unused]] moment const asked = core.clock.now();
    std::vector<result<written>> stored(rows.size(), exhausted<Core>());
    try {
      stored = co_await core.cold.ask_many(core, direction::writing, until, rows.size(), [&](auto& tier) {
        std::span<keyed_value<value_type> const> const all{rows};
        if constexpr (Core::expires)
          return tier.store_many(all, until, life);
        else
          return tier.store_many(all, until);
      });
    } catch (std::bad_alloc const&) {  // as each says already
    }
    done.tried = true;
    co_await core.at(point::after_truth);
    for (std::size_t n = 0; n < at.size(); ++n) {
      std::size_t const i = at[n];
      if (!core.stored_in(tier::cold, stored[n] ? stored[n]->revision : revision{}, stored[n])) {
        if (stored[n].error() == errc::unknown) core.doubt(values[i].first);
        receipts[i] = std::unexpected{stored[n].error()};
        continue;
      }
      core.overtake(values[i].first, stored[n]->revision);
      receipts[i] = receipt{.revision = stored[n]->revision,
                            .version = stored[n]->version,
                            .changed = stored[n]->changed,
                            .tiers = Core::truth_bit};
    }
    try {  // K6: committed is committed
      for (std::size_t i = 0; i < values.size(); ++i)
        if (receipts[i]) Core::stamp(values[i].second, receipts[i]->version);
      if constexpr (Core::has_warm) co_await publish_many(core, values, texts, receipts, end, asked, until);
      co_await core.at(point::before_hot);
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (!receipts[i]) continue;
        if (receipts[i]->degraded) core.degraded(receipts[i]->revision);
        box<value_type> const kept{receipts[i]->revision, std::move(values[i].second), end};
        if (core.settle(turns[i], values[i].first, kept)) receipts[i]->tiers |= tier_bit(tier::hot);
      }
    } catch (...) {
      for (auto& one : receipts)
        if (one && !one->in(tier::hot)) one->degraded = true;
    }
    for (auto const i : good) receipts[i] = receipts[heirs[i]];
  }
}

}  // namespace strata::flow
