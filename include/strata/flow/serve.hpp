// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/flow/load.hpp>
#include <strata/flow/many.hpp>
#include <strata/flow/read.hpp>
#include <strata/flow/write.hpp>
#include <strata/options.hpp>
#include <strata/receipt.hpp>
#include <strata/run/later.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

// From a caller's verb to a flow: default deadlines, refusal of calls that come too late, counting of use.
namespace strata::flow {

template <class Core>
moment until(Core& core, std::chrono::milliseconds within, std::chrono::milliseconds usual) {
  return kernel::after(core.clock.now(), within.count() != 0 ? within : usual);
}

/// Whether the reader takes no copy, or none that is not fresh, and there are none now; the truth is no copy.
template <class Core>
bool passes_copies(Core& core, read_options const& how) noexcept {
  if constexpr (Core::truth <= tier::hot)
    return false;
  else
    return how.mode == read_mode::cold || (how.mode == read_mode::verified && core.of_a_copy() != freshness::fresh);
}

/// Whether an answer does for the reader: there is one, as sure as he asked, and not below the revision he knows of.
template <class Core>
bool suffices(typename Core::answer const& found, read_options const& how) noexcept {
  bool const unsure =
      Core::truth > tier::hot && how.mode == read_mode::verified && found.freshness() != freshness::fresh;
  return !unsure && !found.failed() && found.revision() >= how.at_least;
}

/// Puts right one that does not.
template <class Core>
task<void> insist(Core& core, typename Core::hashed_key key, std::string_view text, read_options how,
                  typename Core::answer& found, moment until) {
  if (!found.failed()) {  // P3
    found = co_await read_truth(core, key, text, until);
    if (found && found.revision() < how.at_least)
      found = error{errc::unavailable, Core::truth, "the truth does not have the revision asked for"};
  }
  if (found.failed() && how.stale_if_error)
    if (auto kept = core.held(key)) found = std::move(kept).marked(freshness::stale);
}

/// A read that memory could not answer.
template <class Core, class Loader = no_loader>
task<typename Core::answer> serve_read(Core& core, typename Core::hashed_key key, read_options how, moment until,
                                       Loader load = {}) {
  using answer = typename Core::answer;
  auto const inside = core.enter();
  if (!inside) co_return answer{inside.error()};
  auto const text = core.text(key);
  if (auto why = core.fault(text)) co_return answer{std::move(*why)};
  auto found =
      passes_copies(core, how) ? co_await read_truth(core, key, text, until) : co_await read(core, key, until, load);
  if (!suffices<Core>(found, how)) co_await insist(core, key, text, how, found, until);
  if (found) core.used(text);
  co_return found;
}

template <class Core>
task<result<receipt>> serve_write(Core& core, typename Core::hashed_key key, typename Core::value_type&& value,
                                  deferred<expectation, Core> expected, moment until, life_of_value<Core> life = {},
                                  vector_of_value<Core> vector = {}) {
  auto const inside = core.enter();
  if (!inside) co_return std::unexpected{inside.error()};
  auto done = co_await write(core, key, std::move(value), expected, until, life, vector);
  co_return std::move(done.receipt);
}

template <class Core>
task<result<receipt>> serve_erase(Core& core, typename Core::hashed_key key, moment until) {
  auto const inside = core.enter();
  if (!inside) co_return std::unexpected{inside.error()};
  co_return co_await erase(core, key, until);
}

/// Reads, changes a copy and writes it if nobody was faster; 8 rounds.
template <class Core, class F>
task<result<receipt>> serve_update(Core& core, typename Core::hashed_key key, F& f, moment until,
                                   life_of_value<Core> life = {}, vector_of_value<Core> vector = {}) {
  auto const inside = core.enter();
  if (!inside) co_return std::unexpected{inside.error()};
  auto const text = core.text(key);
  if (auto why = core.fault(text)) co_return std::unexpected{std::move(*why)};
  auto seen = core.peek(key);
  if (seen.freshness() != freshness::fresh) seen = {};  // f may give up over it, and then nobody would ask further
  for (int round = 0; round < 8; ++round) {
    if (!seen) seen = co_await read_truth(core, key, text, until);
    if (seen.failed()) co_return std::unexpected{seen.error()};
    if (seen.absent()) co_return failure(errc::rejected, Core::truth, "there is nothing to update under this key");
    auto changed = *seen;
    if constexpr (std::is_void_v<decltype(f(changed))>)
      f(changed);
    else if (!f(changed))
      co_return receipt{.revision = seen.revision(), .changed = false};
    auto const done = co_await write(core, key, std::move(changed), seen.revision(), until, life, vector);
    if (done.receipt || done.receipt.error() != errc::conflict) co_return done.receipt;
    seen = {};
  }
  co_return failure(errc::conflict, Core::truth, "eight other writers in a row were faster");
}

// The co_ forms own what the caller may have let go by the time they run. They are handed it by pointer: where moving a
// parameter into a coroutine's frame throws, Clang 19 looks into the frame after it is freed.
template <class T>
using owned = std::unique_ptr<T>;

template <class Floats>
auto given_in(owned<Floats> const& vector) noexcept {
  using view = deferred<std::span<float const>, Floats>;
  return vector ? view{*vector} : view{};
}

template <class Core, class F>
task<typename Core::answer> own_load(Core& core, owned<typename Core::key_type> key, std::uint64_t hash, moment until,
                                     owned<F> load, life_of_value<Core> life = {}) {
  co_return co_await serve_read(core, typename Core::hashed_key{*key, hash}, {}, until, loader<F>{*load, life});
}
template <class Core>
task<result<receipt>> own_write(Core& core, owned<typename Core::key_type> key, std::uint64_t hash,
                                owned<typename Core::value_type> value, deferred<expectation, Core> expected,
                                moment until, life_of_value<Core> life = {}, owned<list<Core, float>> vector = {}) {
  co_return co_await serve_write(core, typename Core::hashed_key{*key, hash}, std::move(*value), expected, until, life,
                                 given_in(vector));
}
template <class Core, class F>
task<result<receipt>> own_update(Core& core, owned<typename Core::key_type> key, std::uint64_t hash, owned<F> f,
                                 moment until, life_of_value<Core> life, owned<list<Core, float>> vector) {
  co_return co_await serve_update(core, typename Core::hashed_key{*key, hash}, *f, until, life, given_in(vector));
}
template <class Core>
task<result<receipt>> own_erase(Core& core, owned<typename Core::key_type> key, std::uint64_t hash, moment until) {
  co_return co_await serve_erase(core, typename Core::hashed_key{*key, hash}, until);
}
template <class Range, class Verb>
auto own_batch(owned<Range> range, Verb verb) -> decltype(verb(*range)) {
  co_return co_await verb(*range);
}

namespace detail {
template <class R>
struct visit_result {
  using type = std::optional<std::remove_cvref_t<R>>;
};
template <>
struct visit_result<void> {
  using type = bool;
};
}  // namespace detail

/// What a visit found: an optional of what f gives, or whether f ran where it gives nothing.
template <class F, class Value>
using visit_result = typename detail::visit_result<std::invoke_result_t<F&, Value const&>>::type;
template <class F, class Value>
using visited = result<visit_result<F, Value>>;

template <class F, class Value, class Given>
constexpr void visit_one(F& f, Value const& value, Given& given) {
  if constexpr (std::is_same_v<Given, bool>) {
    f(value);
    given = true;
  } else {
    given.emplace(f(value));
  }
}
// By the value within: GCC copies a whole optional through memory.
template <class F, class Value>
constexpr visited<F, Value> given_by(visit_result<F, Value>& given) {
  if constexpr (std::is_same_v<visit_result<F, Value>, bool>)
    return true;
  else
    return visited<F, Value>{std::in_place, std::in_place, *std::move(given)};
}

}  // namespace strata::flow
