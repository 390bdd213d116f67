// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/serve.hpp>
#include <strata/hit.hpp>
#include <strata/options.hpp>
#include <strata/run/task.hpp>
#include <strata/run/unattended.hpp>

#include <memory>
#include <optional>
#include <utility>

// The soft deadline: a reader for whom memory's copy does not do asks below all the same, but waits only so long. After that
// it takes the copy, marked stale, while the question goes on and keeps what it finds. The question is asked on a thread of
// its own kind (askers), so only readers who set such a deadline, and for whom there is a copy, pay for it.
namespace strata::flow {

namespace detail {

/// Shared by the question and the one who asked it, either of whom may be gone first.
template <class T, class Event>
struct question {
  Event landed;
  std::optional<T> answer;  // set before `landed`; none when something was thrown
};

/// \param ask  gives the task that answers; owns what that works on
template <class Core, class T, class Ask, class Question>
strata::detail::unattended put_question(Core& core, std::unique_ptr<Ask> ask, std::shared_ptr<Question> to) {
  auto const inside = core.enter();  // so that close() waits for it
  try {
    if (inside) co_await strata::detail::move_to{core.askers};
    to->answer = co_await (*ask)();
  } catch (...) {  // no memory, no thread to be had, or what a user's type threw
  }
  core.askers.leave();
  to->landed.set();
}

/// \param older  what memory has instead, if it does
/// \param late   the error of who has waited until the end
template <class T, class Core, class Ask, class Older, class Late>
task<T> ask_softly(Core& core, deferred<moment, Core> soft, deferred<moment, Core> until, std::unique_ptr<Ask> ask,
                   Older older, Late late) {
  if constexpr (of_one_thread<typename Core::hot_tier>) co_return co_await (*ask)();
  using question = detail::question<T, typename Core::executor_type::event>;
  auto const asked = std::make_shared<question>();
  if (!core.askers.enter()) {  // K12: so many go on already that nothing is asked for this reader, if it can be helped
    if (auto kept = older()) co_return std::move(*kept);
    co_return co_await (*ask)();
  }
  try {
    put_question<Core, T>(core, std::move(ask), asked);
  } catch (...) {
    core.askers.leave();
    throw;
  }
  bool landed = co_await asked->landed.wait(soft < until ? soft : until);
  if (!landed || !asked->answer) {
    if (auto kept = older()) co_return std::move(*kept);
    if (!landed) landed = co_await asked->landed.wait(until);  // memory has lost it meanwhile
  }
  if (landed && asked->answer) co_return std::move(*asked->answer);
  co_return late();
}

}  // namespace detail

/// A read that memory could not answer, by a reader with a soft deadline.
template <class Core>
task<typename Core::answer> serve_soft(Core& core, typename Core::hashed_key key, read_options how, moment until) {
  using answer = typename Core::answer;
  auto const inside = core.enter();
  if (!inside) co_return answer{inside.error()};
  auto const older = [&]() -> std::optional<answer> {
    if (auto kept = core.held(key)) return std::move(kept).marked(freshness::stale);
    return std::nullopt;
  };
  if (!older()) co_return co_await serve_read(core, key, how, until);
  auto ask = [&core, own = std::make_unique<typename Core::key_type>(key.key), hash = key.hash, how, until] {
    return serve_read(core, typename Core::hashed_key{*own, hash}, how, until);
  };
  auto const late = [] { return answer{error{errc::timed_out, tier::none, "nobody below has answered yet"}}; };
  co_return co_await detail::ask_softly<answer>(core, kernel::after(core.clock.now(), how.soft_within), until,
                                                std::make_unique<decltype(ask)>(std::move(ask)), older, late);
}

/// A read of either kind that owns its key.
template <class Core>
task<typename Core::answer> own_read(Core& core, owned<typename Core::key_type> key, std::uint64_t hash,
                                     read_options how, moment until) {
  typename Core::hashed_key const k{*key, hash};
  if (how.soft_within.count() != 0) co_return co_await serve_soft(core, k, how, until);
  co_return co_await serve_read(core, k, how, until);
}

}  // namespace strata::flow
