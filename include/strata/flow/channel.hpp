// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/awaited.hpp>
#include <strata/deferred.hpp>
#include <strata/error.hpp>
#include <strata/kernel/breaker.hpp>
#include <strata/none.hpp>
#include <strata/run/mutex.hpp>
#include <strata/run/task.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

// The way to a tier below hot: the tier and its breakers, reads and writes apart (K11).
namespace strata::flow {

enum class direction : std::uint8_t { reading, writing };

/// What a call is told whose time is over: it asked nobody, so no tier stands for it.
inline error no_time_left() noexcept { return error{errc::timed_out, tier::none, "no time was left to ask"}; }

template <class Tier>
class channel {
  using moment = deferred<kernel::moment, Tier>;
  template <class Call>
  using given_by = decltype(std::declval<Call&>()(std::declval<Tier&>()));
  template <class Call>
  using answer_of = awaited_t<given_by<Call>>;
  template <class Call>
  static constexpr bool awaits = awaitable<given_by<Call>>;

 public:
  static constexpr bool present = true;
  using tier_type = Tier;

  template <class Options, class Context>
  channel(strata::tier where, Options const& options, Context const& context)
      : where_{where}, tier_{options, context} {}

  [[nodiscard]] Tier& tier() noexcept { return tier_; }
  [[nodiscard]] Tier const& tier() const noexcept { return tier_; }

  /// Asks the tier unless its breaker is open, and tells the breaker how it went. A call whose time is over asks nobody:
  /// its failure would say nothing of the tier. To be awaited; a tier that answers at once is asked there, without a frame.
  template <class Core, class Call>
  auto ask(Core& core, direction d, moment until, Call call) {
    if constexpr (awaits<Call>)
      return ask_awaiting(core, d, until, std::move(call));
    else
      return strata::detail::when_awaited{[this, &core, d, until, call = std::move(call)]() -> answer_of<Call> {
        auto const began = core.clock.now();
        if (auto const why = refusal(of(d), began, until)) return std::unexpected{*why};
        answer_of<Call> given = call(tier_);
        hear(core, d, began, until, given);
        return given;
      }};
  }

  /// The cache's own questions while nobody calls: few, with little time. They go past an open breaker and close it
  /// when they are answered; their failures say more of their haste than of the tier.
  template <class Core, class Call>
  auto sound(Core& core, direction d, moment until, Call call) -> task<answer_of<Call>> {
    if (core.clock.now() >= until) co_return std::unexpected{no_time_left()};
    answer_of<Call> given = co_await awaiting(call(tier_));
    if (!failed(given)) report(of(d), false, core.clock.now());
    co_return given;
  }

  /// As ask, for calls that answer `count` times; the breaker hears of the whole.
  template <class Core, class Call>
  auto ask_many(Core& core, direction d, moment until, std::size_t count, Call call) -> task<answer_of<Call>> {
    auto const began = core.clock.now();
    if (auto const why = refusal(of(d), began, until)) co_return answer_of<Call>(count, std::unexpected{*why});
    answer_of<Call> given = co_await awaiting(call(tier_));
    bool all_failed = !given.empty();
    for (auto const& one : given) all_failed = all_failed && failed(one);
    auto const ended = core.clock.now();
    if (!all_failed || !hurried(given.front(), until - began)) report(of(d), all_failed, ended);
    core.took(where_, d, ended - began);
    co_return given;
  }

  [[nodiscard]] bool resting(direction d) const noexcept {
    auto const held = guard_.hold();
    return (d == direction::reading ? reading_ : writing_).open();
  }

 private:
  using breaker = deferred<kernel::breaker<>, Tier>;

  template <class Core, class Call>
  auto ask_awaiting(Core& core, direction d, moment until, Call call) -> task<answer_of<Call>> {
    auto const began = core.clock.now();
    if (auto const why = refusal(of(d), began, until)) co_return std::unexpected{*why};
    answer_of<Call> given = co_await call(tier_);
    hear(core, d, began, until, given);
    co_return given;
  }
  template <class Core, class Answer>
  void hear(Core& core, direction d, moment began, moment until, Answer const& given) {
    auto const ended = core.clock.now();
    if (!hurried(given, until - began)) report(of(d), failed(given), ended);
    core.took(where_, d, ended - began);
  }

  [[nodiscard]] breaker& of(direction d) noexcept { return d == direction::reading ? reading_ : writing_; }

  /// A tier that is well may want so long: giving up before that says nothing of it.
  static constexpr std::chrono::milliseconds wanted{10};

  template <class Answer, class Duration>
  static bool hurried(Answer const& given, Duration had) noexcept {
    return had < wanted && !given && given.error() == errc::timed_out;
  }
  template <class Answer>
  static bool failed(Answer const& given) noexcept {
    return !given && (given.error() == errc::unavailable || given.error() == errc::timed_out);
  }
  deferred<std::optional<error>, Tier> refusal(breaker& of, moment now, moment until) noexcept {
    if (now >= until) return no_time_left();
    auto const held = guard_.hold();
    if (of.allows(now)) return std::nullopt;
    return error{errc::unavailable, where_, "resting after failures in a row"};
  }
  void report(breaker& of, bool failure, moment now) noexcept {
    auto const held = guard_.hold();
    failure ? of.failed(now) : of.succeeded();
  }

  strata::tier where_;
  mutable strata::detail::mutex guard_;
  breaker reading_;
  breaker writing_;
  Tier tier_;
};

/// The way to a tier that is not there.
struct no_channel {
  static constexpr bool present = false;
  using tier_type = none;
  template <class Options, class Context>
  no_channel(strata::tier, Options const&, Context const&) noexcept {}
};

template <class Policy, class Key, class Value, class Context>
struct channel_to {
  using type = channel<typename Policy::template tier<Key, Value, Context>>;
};
template <class Key, class Value, class Context>
struct channel_to<none, Key, Value, Context> {
  using type = no_channel;
};

}  // namespace strata::flow
