// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/advice.hpp>
#include <strata/flow/background.hpp>
#include <strata/flow/composed.hpp>
#include <strata/flow/read.hpp>
#include <strata/flow/serve.hpp>
#include <strata/flow/soft.hpp>
#include <strata/flow/upkeep.hpp>
#include <strata/flow/write.hpp>
#include <strata/health.hpp>
#include <strata/options.hpp>
#include <strata/receipt.hpp>
#include <strata/run/later.hpp>
#include <strata/stats.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <system_error>
#include <type_traits>
#include <utility>

// The verbs. A hot hit is decided here and enters no coroutine; everything else is a flow (flow/), run to its end on this
// thread, or on the executor for the co_ form.
namespace strata {

namespace query {
struct access;
}
namespace testing {
struct access;
}

/// A cache of three tiers, composed at compile time. Any tier may be strata::none; options come in any order:
/// strata::observer<O>, strata::clock<C>, strata::executor<E>, strata::staleness<S>, strata::single_writer, strata::expiry.
/// \threads all members may be called from any thread, but the destructor: it waits for the threads that co_ calls run on
template <class Hot, class Warm, class Cold, class Codec, class... Options>
class cache : flow::advice<flow::core_of<Hot, Warm, Cold, Codec, Options...>> {
  using core_type = flow::core_of<Hot, Warm, Cold, Codec, Options...>;
  using advice = flow::advice<core_type>;
  // Deferred, so that a program which only includes this compiles none of them.
  template <class T>
  using result = deferred<strata::result<T>, core_type>;
  using expectation = deferred<strata::expectation, core_type>;
  using hashed_key = typename core_type::hashed_key;

 public:
  using key_type = typename core_type::key_type;
  using value_type = typename core_type::value_type;
  using key_view = strata::key_view<key_type>;
  using answer = hit<value_type>;
  using write_options = typename core_type::write_options;  ///< of many values, or a loader's
  using put_options =
      typename core_type::put_options;  ///< of one value: the same, and .embedding where cold keeps vectors
  template <class T>
  using later = strata::later<core_type, T>;

  /// Settings of the tiers and of the whole; every member has a default.
  struct options {
    typename core_type::hot_options hot{};
    typename core_type::warm_options warm{};
    typename core_type::cold_options cold{};
    typename core_type::observer_type observer{};
    typename core_type::clock_type const* clock = nullptr;
    typename core_type::executor_type* executor = nullptr;
    strata::limits limits{};
  };

  /// Opens the tiers. A server that does not answer is no error: calls say `unavailable` until it does.
  /// \errors rejected, unsupported: settings, a table or a stream that waiting will not mend; unavailable: no thread to be had
  [[nodiscard]] static result<cache> open(options settings) {
    try {
      return result<cache>{std::in_place, std::move(settings)};
    } catch (open_error const& fault) {
      return result<cache>{std::unexpect, fault.why()};
    } catch (std::system_error const& fault) {  // the system has no more threads to give
      return result<cache>{std::unexpect, error{errc::unavailable, tier::none, fault.what()}};
    }
  }
  /// As open(), but throws open_error, or std::system_error without threads.
  explicit cache(options settings) : core_{settings} {}
  cache(cache const&) = delete;
  cache& operator=(cache const&) = delete;
  ~cache() {
    close(std::chrono::seconds{2});
    core_.end_executor();
  }

  /// Reads one value: hot, warm, cold, and keeps it in the tiers above the one that had it.
  /// \returns     a value, a clear absent, or an error
  /// \errors      unavailable, timed_out, corrupt, rejected (the key), closed, forked; a failing warm is none of them
  /// \complexity  hot hit: O(1), no allocation; else at most one round trip per tier and one to promote
  [[gnu::always_inline]] answer get(key_view key, read_options how = {}) {  // so that a hit stays in registers
    if constexpr (held_inline<value_type>) {
      return get_copy(key, how);
    } else {
      auto const k = core_.hash(key);
      typename answer::share kept;
      bool const usual = plain(how);
      bool const there = usual && core_.standing.fresh(core_.clock) && core_.glance(k, taker(kept));
      if (there && took(kept)) [[likely]] {
        core_.tell_hit(tier::hot);
        return {kept, tier::hot};
      }
      if constexpr (core_type::expires)
        if (there) return answer{bare_past(again(k.key), k.hash, how.within.count())};
      if (usual) return answer{bare_further(again(k.key), k.hash, how.within.count())};
      return answer{bare_with(k, read_options{how})};  // a copy, for what has its address taken lives in memory
    }
  }
  [[nodiscard]] later<answer> co_get(key_view key, read_options how = {}) {
    auto const k = core_.hash(key);
    if (auto kept = recall(k, how)) return later<answer>{std::move(kept)};
    return {core_, flow::own_read(core_, std::make_unique<key_type>(key), k.hash, how, read_until(how.within))};
  }

  /// Reads in place: f(value) under the entry's guard on a hot hit, without counting a reference.
  /// f must not call this cache: such a call answers `rejected`.
  /// \returns  what f returned, nothing when absent, or an error as get's; for a void f whether it was there. A result is
  ///           true where nothing failed, so look into it: `auto r = cache.visit(...); if (r && *r)`
  template <class F>
  [[nodiscard, gnu::always_inline]] auto visit(key_view key, F&& f, read_options how = {})
      -> flow::visited<F, value_type> {
    auto const k = core_.hash(key);
    flow::visit_result<F, value_type> given{};
    [[maybe_unused]] bool expired = false;
    bool const usual = plain(how);
    if (usual && core_.standing.fresh(core_.clock) &&
        core_.glance(k,
                     [&](box<value_type> const& kept) {
                       if constexpr (core_type::expires)
                         if (core_.over(kept)) return void(expired = true);
                       flow::visit_one(f, kept.value(), given);
                     }) &&
        !(core_type::expires && expired)) [[likely]] {
      core_.tell_hit(tier::hot);
      return flow::given_by<F, value_type>(given);
    }
    flow::visited<F, value_type> late{};
    visit_late<F> const target{&f, &late};
    if (core_type::expires && expired)
      visit_past(again(k.key), k.hash, how.within.count(), target, true);
    else if (usual)
      visit_further(again(k.key), k.hash, how.within.count(), target);
    else
      visit_with(k, read_options{how}, target);
    return std::exchange(late, {});  // by hand, as in get
  }

  /// Reads from memory alone, and leaves order and counts as they are. \returns a value, or absent: memory has none
  answer peek(key_view key) { return core_.peek(core_.hash(key)); }

  /// Writes through cold, warm and hot, in this order.
  /// \returns a receipt once the lowest tier has it; `degraded` when one above could not be told
  /// \errors  unavailable, timed_out: not written; unknown: perhaps written; rejected: key or value; closed, forked
  [[nodiscard]] result<receipt> put(value_type value, put_options call = {})
    requires keyed<value_type>
  {
    return put_if(anything, std::move(value), call);
  }
  [[nodiscard]] result<receipt> put(key_view key, value_type value, put_options call = {}) {
    return write_now(key, std::move(value), anything, call);
  }
  [[nodiscard]] later<result<receipt>> co_put(value_type value, put_options call = {})
    requires keyed<value_type>
  {
    return co_put_if(anything, std::move(value), call);
  }
  [[nodiscard]] later<result<receipt>> co_put(key_view key, value_type value, put_options call = {}) {
    return write_later(std::make_unique<key_type>(key), std::move(value), anything, call);
  }

  /// Writes only if what was read under the key is still current; an absent hit, or revision zero, asks for absence.
  /// \errors conflict: another write was first; corrupt: warm is the truth, and what stands there cannot be read; that of
  ///         a read that failed; else as put
  [[nodiscard]] result<receipt> put_if(answer const& read, value_type value, put_options call = {})
    requires keyed<value_type>
  {
    if (read.failed()) return std::unexpected{read.error()};
    return put_if(expectation{read.revision()}, std::move(value), call);
  }
  [[nodiscard]] result<receipt> put_if(revision current, value_type value, put_options call = {})
    requires keyed<value_type>
  {
    return put_if(expectation{current}, std::move(value), call);
  }
  [[nodiscard]] later<result<receipt>> co_put_if(answer const& read, value_type value, put_options call = {})
    requires keyed<value_type>
  {
    if (read.failed()) return later<result<receipt>>{std::unexpected{read.error()}};
    return co_put_if(expectation{read.revision()}, std::move(value), call);
  }
  [[nodiscard]] later<result<receipt>> co_put_if(expectation current, value_type value, put_options call = {})
    requires keyed<value_type>
  {
    return write_later(std::make_unique<key_type>(record<value_type>::key(value)), std::move(value), current, call);
  }
  [[nodiscard]] result<receipt> put_if(key_view key, answer const& read, value_type value, put_options call = {}) {
    if (read.failed()) return std::unexpected{read.error()};
    return write_now(key, std::move(value), read.revision(), call);
  }
  [[nodiscard]] result<receipt> put_if(key_view key, revision current, value_type value, put_options call = {}) {
    return write_now(key, std::move(value), current, call);
  }
  [[nodiscard]] later<result<receipt>> co_put_if(key_view key, answer const& read, value_type value,
                                                 put_options call = {}) {
    if (read.failed()) return later<result<receipt>>{std::unexpected{read.error()}};
    return co_put_if(key, read.revision(), std::move(value), call);
  }
  [[nodiscard]] later<result<receipt>> co_put_if(key_view key, revision current, value_type value,
                                                 put_options call = {}) {
    return write_later(std::make_unique<key_type>(key), std::move(value), current, call);
  }

  // Calls that cannot be served are told why by overloads of these verbs.
  using advice::co_get_or_load, advice::co_put, advice::co_put_if, advice::co_update;
  using advice::get_or_load, advice::put, advice::put_if, advice::update, advice::visit;

  /// Reads, lets f change a copy, and writes it if nobody else wrote meanwhile; else again, 8 times at most. What it writes
  /// lives as long as what is put: nothing is kept of the life that was left.
  /// \param f  void or bool f(value&); false gives up: nothing is written and the receipt says changed = false
  /// \errors   rejected: absent; conflict: 8 others were faster; else as get and put
  template <class F>
  [[nodiscard]] result<receipt> update(key_view key, F f, put_options call = {}) {
    return flow::serve_update(core_, core_.hash(key), f, write_until(call), core_.life_of(call), core_.vector_of(call))
        .run();
  }
  template <class F>
  [[nodiscard]] later<result<receipt>> co_update(key_view key, F f, put_options call = {}) {
    return {core_, flow::own_update(core_, std::make_unique<key_type>(key), core_.hash(key).hash,
                                    std::make_unique<F>(std::move(f)), write_until(call), core_.life_of(call),
                                    own_vector(call))};
  }

  /// Erases everywhere; erasing what is not there succeeds with changed = false, so look into the receipt for that.
  /// \errors as put
  [[nodiscard]] result<receipt> erase(key_view key, call_options call = {}) {
    return flow::serve_erase(core_, core_.hash(key), write_until(call)).run();
  }
  [[nodiscard]] later<result<receipt>> co_erase(key_view key, call_options call = {}) {
    return {core_, flow::own_erase(core_, std::make_unique<key_type>(key), core_.hash(key).hash, write_until(call))};
  }

  /// As get, but makes the value where nobody has it: one loader per key, however many callers.
  /// \param load  gives T or result<T>; runs with nothing locked; its value is stored unless another's is there by then
  /// \param call  its span holds for loading and storing together (unless given: limits.load_within). A loader is not
  ///              interrupted; what it gives after that is not kept, and the answer is timed_out
  /// \errors      loader_failed, would_deadlock (loaders that wait for each other); else as get and put
  template <class F>
  answer get_or_load(key_view key, F load, write_options call = {}) {
    auto const k = core_.hash(key);
    if (auto kept = recall(k, {})) return kept;
    return flow::serve_read(core_, k, {}, load_until(call), flow::loader<F>{load, core_.life_of(call)}).run();
  }
  template <class F>
  [[nodiscard]] later<answer> co_get_or_load(key_view key, F load, write_options call = {}) {
    auto const k = core_.hash(key);
    if (auto kept = recall(k, {})) return later<answer>{std::move(kept)};
    return {core_, flow::own_load(core_, std::make_unique<key_type>(key), k.hash, load_until(call),
                                  std::make_unique<F>(std::move(load)), core_.life_of(call))};
  }

  // Batches need <strata/batch.hpp>.
  /// Many keys with one round trip per tier; one answer per key, in the order asked. Keys are copied into the answers, and
  /// moved out of a container of them that is given as an rvalue.
  template <class Keys>
  [[nodiscard]] auto get_many(Keys&& keys, read_options how = {}) {
    if constexpr (explain_batch<Keys>()) return flow::batch<Keys>::get(core_, keys, how, read_until(how.within)).run();
  }
  /// Looks at many in place: f(key, value) for each that is there, in no certain order; what memory has comes first, up to 64
  /// at once under the guards of their entries, for whom writers wait; the rest is read as get_many reads it.
  /// f must not call this cache: such a call answers `rejected`.
  /// \param keys  a forward range of keys, or of std::string_views of text; none is copied
  /// \returns     how many were shown, a key that is asked for twice twice
  /// \errors      that of the first key that could not be read, as get's: all others have been shown nonetheless
  /// \throws      what f throws; what was shown before was shown. bad_alloc, for keys that memory has not
  /// \complexity  as get_many, but hits allocate nothing
  template <class Keys, class F>
  [[nodiscard]] result<std::size_t> visit_many(Keys&& keys, F&& f, read_options how = {}) {
    if constexpr (explain_batch<Keys>())
      return flow::batch<Keys>::visit(core_, keys, f, how, read_until(how.within));
    else
      return failure(errc::unsupported);
  }
  /// Many values, or pairs of key and value, with one round trip per tier; one receipt for each, in their order. Of several
  /// for one key the last is written, and its receipt is that of all. Each stands or fails by itself.
  template <class Values>
  [[nodiscard]] auto put_many(Values&& values, write_options call = {}) {
    if constexpr (explain_batch<Values>())
      return flow::batch<Values>::put(core_, values, write_until(call), core_.life_of(call)).run();
  }
  /// One key after the other, within one span of time; one receipt for each, in their order.
  template <class Keys>
  [[nodiscard]] auto erase_many(Keys&& keys, call_options call = {}) {
    if constexpr (explain_batch<Keys>()) return flow::batch<Keys>::erase(core_, keys, write_until(call)).run();
  }
  // The co_ forms take the range to them; what a view looks at is the caller's to keep. (GCC 14 fails inside itself at a list
  // in braces within co_await: name the range first.)
  template <class Keys>
  [[nodiscard]] auto co_get_many(Keys keys, read_options how = {}) {
    if constexpr (explain_batch<Keys>())
      return all_later(std::move(keys), [this, how, until = read_until(how.within)](Keys& all) {
        return flow::batch<Keys>::get(core_, all, how, until);
      });
  }
  template <class Values>
  [[nodiscard]] auto co_put_many(Values values, write_options call = {}) {
    if constexpr (explain_batch<Values>())
      return all_later(std::move(values), [this, until = write_until(call), life = core_.life_of(call)](Values& all) {
        return flow::batch<Values>::put(core_, all, until, life);
      });
  }
  template <class Keys>
  [[nodiscard]] auto co_erase_many(Keys keys, call_options call = {}) {
    if constexpr (explain_batch<Keys>())
      return all_later(std::move(keys), [this, until = write_until(call)](Keys& all) {
        return flow::batch<Keys>::erase(core_, all, until);
      });
  }

  /// What the cache did since it was opened.
  [[nodiscard]] strata::stats stats() const { return core_.snapshot(); }
  /// What each tier says of itself, without asking its server.
  [[nodiscard]] strata::health health() const { return flow::health_of(core_); }
  /// Waits until every tier answers, and memory follows what others write.
  /// \errors unavailable: naming the first tier that does not; rejected, unsupported: it never will; closed, forked
  [[nodiscard]] result<void> ready(call_options call = {}) {
    return flow::serve_ready(core_, read_until(call.within)).run();
  }
  [[nodiscard]] later<result<void>> co_ready(call_options call = {}) {
    return {core_, flow::serve_ready(core_, read_until(call.within))};
  }
  /// Makes usage counts durable. \errors as the cold tier's; closed, forked
  [[nodiscard]] result<void> flush(call_options call = {}) { return flow::serve_flush(core_, write_until(call)).run(); }
  [[nodiscard]] later<result<void>> co_flush(call_options call = {}) {
    return {core_, flow::serve_flush(core_, write_until(call))};
  }
  /// Refuses new calls, but for hits in memory; waits for those under way and flushes, each as far as the time allows. The
  /// tiers end with the cache. A second call does nothing.
  void close(std::chrono::milliseconds within) noexcept { flow::close(core_, within); }

  /// The tiers, to look at (K4: nothing goes round the floors).
  [[nodiscard]] auto const& hot() const noexcept { return core_.hot; }
  [[nodiscard]] auto const& warm() const noexcept
    requires core_type::has_warm
  {
    return core_.warm.tier();
  }
  [[nodiscard]] auto const& cold() const noexcept
    requires core_type::has_cold
  {
    return core_.cold.tier();
  }

 private:
  // Everything but a hit at first glance stays out of line, behind arguments that fit into registers, and asks hot
  // anew: a hit then keeps nothing for it. With a stack frame for the miss it cost 14 instructions more. The key's view
  // is made again, since GCC writes one that it passes on as it came to memory first, also on a hit.
  static key_view again(key_view key) noexcept {
    if constexpr (std::same_as<key_view, std::string_view>)
      return {key.data(), key.size()};
    else
      return key;
  }
  [[gnu::noinline]] void look_further(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within,
                                      answer& late) {
    look_with({key, hash}, {.within = std::chrono::milliseconds{within}}, late);
  }
  [[gnu::noinline]] void look_with(hashed_key k, read_options const& how, answer& late) {
    late = recall(k, how);
    if (!late) look_below(k, how, late);
  }
  // Memory has been asked, and would count whoever asks it again.
  [[gnu::noinline]] void look_below(hashed_key k, read_options const& how, answer& late) {
    auto const until = read_until(how.within);
    late =
        (how.soft_within.count() != 0 ? flow::serve_soft(core_, k, how, until) : flow::serve_read(core_, k, how, until))
            .run();
  }
  // The same, in registers: for an answer in memory each hit would keep a place.
  [[gnu::noinline]] auto bare_further(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within) {
    return bare_with({key, hash}, {.within = std::chrono::milliseconds{within}});
  }
  [[gnu::noinline]] auto bare_with(hashed_key k, read_options const& how) {
    answer late;
    look_with(k, how, late);
    return std::move(late).release();
  }
  // Of what was there, and has expired.
  [[gnu::noinline]] void look_past(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within,
                                   answer& late) {
    core_.missed_in(tier::hot, miss::expired);
    look_below({key, hash}, {.within = std::chrono::milliseconds{within}}, late);
  }
  [[gnu::noinline]] auto bare_past(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within) {
    answer late;
    look_past(key, hash, within, late);
    return std::move(late).release();
  }
  answer recall(hashed_key k, read_options const& how) {
    auto kept = core_.recall(k, how);
    if (kept) core_.tell_hit(tier::hot);
    return kept;
  }
  template <class F>
  struct visit_late {
    std::remove_reference_t<F>* f;
    flow::visited<F, value_type>* given;
  };
  template <class F>
  [[gnu::noinline]] void visit_further(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within,
                                       visit_late<F> const& target) {
    hashed_key const k{key, hash};
    if (!core_.standing.fresh(core_.clock)) return visit_with(k, {.within = std::chrono::milliseconds{within}}, target);
    [[maybe_unused]] bool expired = false;
    auto const visit = [&](box<value_type> const& kept) {
      if constexpr (core_type::expires)
        if (core_.over(kept)) return void(expired = true);
      flow::visit_one(*target.f, kept.value(), **target.given);
    };
    if (core_.find(k, visit) && !(core_type::expires && expired)) return core_.tell_hit(tier::hot);
    visit_past(key, hash, within, target, expired);
  }
  template <class F>
  [[gnu::noinline]] void visit_past(key_view key, std::uint64_t hash, std::chrono::milliseconds::rep within,
                                    visit_late<F> const& target, bool expired) {
    answer found;
    if (expired)
      look_past(key, hash, within, found);
    else
      look_below({key, hash}, {.within = std::chrono::milliseconds{within}}, found);
    show(found, target);
  }
  template <class F>
  [[gnu::noinline]] void visit_with(hashed_key k, read_options const& how, visit_late<F> const& target) {
    answer found;
    look_with(k, how, found);
    show(found, target);
  }
  template <class F>
  static void show(answer const& found, visit_late<F> const& target) {
    if (found.failed())
      *target.given = std::unexpected{found.error()};
    else if (found)
      flow::visit_one(*target.f, *found, **target.given);
  }
  // As get, where hits have the value in them: copied once, from the entry to where the caller wants it.
  [[gnu::always_inline]] answer get_copy(key_view key, read_options const& how) {
    auto const k = core_.hash(key);
    answer found;
    bool const usual = plain(how);
    auto const copy = [&](box<value_type> const& kept) {
      if constexpr (core_type::expires)
        if (core_.over(kept)) return;
      std::construct_at(&found, kept, tier::hot);
    };
    bool const there = usual && core_.standing.fresh(core_.clock) && core_.glance(k, copy);
    if (there && found) [[likely]]
      core_.tell_hit(tier::hot);
    else if (core_type::expires && there)
      look_past(again(k.key), k.hash, how.within.count(), found);
    else if (usual)
      look_further(again(k.key), k.hash, how.within.count(), found);
    else
      look_with(k, read_options{how}, found);
    return found;
  }
  // Plain numbers carry the hit out of the guard: an object with a destructor there cost 40 instructions. Nothing of what
  // has expired.
  template <class Share>
  [[gnu::always_inline]] auto taker(Share& kept) noexcept {
    return [&] [[gnu::always_inline]] (auto const& b) {
      if constexpr (core_type::expires)
        if (this->core_.over(b)) return;
      kept = answer::share_of(b);
    };
  }
  template <class Share>
  [[gnu::always_inline]] static bool took([[maybe_unused]] Share const& kept) noexcept {
    return !core_type::expires || kept.content != nullptr;
  }
  [[gnu::always_inline]] static constexpr bool plain(read_options const& how) noexcept {
    return how.mode == read_mode::hot_ok && how.at_least == revision{} && !how.stale_if_error &&
           how.soft_within.count() == 0;
  }
  auto read_until(std::chrono::milliseconds within) { return flow::until(core_, within, core_.limits.read_within); }
  auto write_until(auto const& call) { return flow::until(core_, call.within, core_.limits.write_within); }
  auto load_until(write_options const& call) { return flow::until(core_, call.within, core_.limits.load_within); }

  // For a write that may run when the caller's is gone.
  static auto own_vector(put_options const& call) {
    auto const given = core_type::vector_of(call);
    using own = flow::list<core_type, float>;
    return given.empty() ? flow::owned<own>{} : std::make_unique<own>(given.begin(), given.end());
  }

  result<receipt> put_if(expectation expected, value_type value, put_options const& call)
    requires keyed<value_type>
  {
    auto const own = record<value_type>::key(value);  // a copy: the value moves on
    return write_now(own, std::move(value), expected, call);
  }

  result<receipt> write_now(key_view key, value_type&& value, expectation expected, put_options const& call) {
    return flow::serve_write(core_, core_.hash(key), std::move(value), expected, write_until(call), core_.life_of(call),
                             core_.vector_of(call))
        .run();
  }
  later<result<receipt>> write_later(flow::owned<key_type> key, value_type&& value, expectation expected,
                                     put_options const& call) {
    auto const hash = core_.hash(*key).hash;
    return {core_, flow::own_write(core_, std::move(key), hash, std::make_unique<value_type>(std::move(value)),
                                   expected, write_until(call), core_.life_of(call), own_vector(call))};
  }
  template <class Range, class Verb>
  auto all_later(Range&& range, Verb verb) {
    return strata::later{core_, flow::own_batch(std::make_unique<Range>(std::move(range)), verb)};
  }

  friend struct query::access;
  friend struct testing::access;
  core_type core_;
  [[no_unique_address]] flow::background<core_type> background_{core_};  // works on the core, so it ends first
};

}  // namespace strata
