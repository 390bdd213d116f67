// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/cold.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/below.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/seal.hpp>
#include <strata/hit.hpp>
#include <strata/run/task.hpp>

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

// The lowest tier present is the truth: PostgreSQL's sequence, the stream's sequence or a counter in memory orders writes.
namespace strata::flow {

/// What a write may bring besides its value: how long that lives, and the vector to keep beside it.
template <class Core>
using life_of_value = deferred<lifetime, Core>;
template <class Core>
using vector_of_value = deferred<std::span<float const>, Core>;

/// What is known of a write during which memory ran out (K6).
template <class Core>
std::unexpected<error> exhausted() noexcept {
  return failure(errc::unknown, Core::truth, "memory ran out during the write");
}

/// What is known of a write in warm that failed, where warm is the truth: one that was not answered may have happened.
template <std::same_as<error> Error>
std::unexpected<error> failed_write(Error const& why) {
  return failure(why == errc::timed_out ? errc::unknown : why.code(), tier::warm, why.text());
}

template <class Core>
task<result<written>> store_truth(Core& core, std::string_view text, typename Core::value_type const& value,
                                  deferred<expectation, Core> expected, moment until, life_of_value<Core> life,
                                  vector_of_value<Core> vector) {
  if constexpr (Core::has_cold) {
    auto stored = co_await core.cold.ask(core, direction::writing, until, [&](auto& tier) {
      if constexpr (Core::embeds)
        return tier.store(text, value, expected, until, life, vector);
      else if constexpr (Core::expires)
        return tier.store(text, value, expected, until, life);
      else
        return tier.store(text, value, expected, until);
    });
    co_return core.stored_in(tier::cold, stored ? stored->revision : revision{}, stored);
  } else {
    auto framed = seal(core.codec, text, revision{}, value,  // the stream's sequence is the revision
                       core.expires_ms(core.end_of(life, core.clock.now())));
    if (!framed) co_return std::unexpected{framed.error()};
    auto at = co_await meet(core, text, expected, until);
    if (!at) co_return std::unexpected{at.error()};
    auto const stored = co_await core.warm.ask(core, direction::writing, until,
                                               [&](auto& tier) { return tier.store(*framed, *at, until); });
    if (!core.stored_in(tier::warm, revision{stored ? static_cast<std::uint64_t>(*stored) : 0}, stored))
      co_return failed_write(stored.error());
    co_return written{.revision = revision{static_cast<std::uint64_t>(*stored)}};
  }
}

template <class Core>
task<result<written>> erase_truth(Core& core, std::string_view text, moment until) {
  if constexpr (Core::has_cold) {
    auto erased =
        co_await core.cold.ask(core, direction::writing, until, [&](auto& tier) { return tier.erase(text, until); });
    co_return core.stored_in(tier::cold, erased ? erased->revision : revision{}, erased);
  } else {
    auto const seen =
        co_await core.warm.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(text, until); });
    if (!seen) co_return std::unexpected{seen.error()};
    if (!seen->frame) co_return written{.changed = false};
    if (seen->frame->operation == operation::erase && seen->frame->key == text && whole(*seen->frame))
      co_return written{.revision = revision{static_cast<std::uint64_t>(seen->position)}, .changed = false};
    auto const stored = co_await core.warm.ask(core, direction::writing, until,
                                               [&](auto& tier) { return tier.erase(text, revision{}, until); });
    if (!core.stored_in(tier::warm, revision{stored ? static_cast<std::uint64_t>(*stored) : 0}, stored))
      co_return failed_write(stored.error());
    co_return written{.revision = revision{static_cast<std::uint64_t>(*stored)}};
  }
}

/// Where a store in warm has to find the key for the expectation to hold, when warm is the truth.
template <class Core>
task<result<std::optional<position>>> meet(Core& core, std::string_view text, deferred<expectation, Core> expected,
                                           moment until) {
  if (!expected) co_return deferred<std::optional<position>, Core>{};
  auto const seen =
      co_await core.warm.ask(core, direction::reading, until, [&](auto& tier) { return tier.load(text, until); });
  if (!seen) co_return std::unexpected{seen.error()};
  if (seen->frame && (seen->frame->key != text || !whole(*seen->frame)))
    co_return failure(errc::corrupt, tier::warm, "what is stored is damaged");
  bool const there = seen->frame && seen->frame->operation == operation::put &&
                     (seen->frame->expires_ms == 0 || seen->frame->expires_ms > core.now_ms());
  revision const standing = there ? revision{static_cast<std::uint64_t>(seen->position)} : revision{};
  if (standing != *expected) co_return failure(errc::conflict, tier::warm, "another write was first");
  co_return std::optional{seen->position};
}

/// The truth's own answer, past every copy.
template <class Core>
task<typename Core::answer> read_truth(Core& core, typename Core::hashed_key key, std::string_view text, moment until) {
  using value_type = typename Core::value_type;
  auto const turn = core.gate.enter_alone(key.hash);
  if constexpr (Core::has_cold) {
    co_return co_await look_cold(core, key, text, turn, warm_view<value_type>{}, until);
  } else if constexpr (Core::has_warm) {
    auto const seen = co_await look_warm(core, key, text, turn, until);
    co_return seen.answer;
  } else {
    co_return core.peek(key);
  }
}

}  // namespace strata::flow
