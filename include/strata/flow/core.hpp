// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/binding.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/hot.hpp>
#include <strata/concepts/observer.hpp>
#include <strata/deferred.hpp>
#include <strata/flow/askers.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/composition.hpp>
#include <strata/flow/ends.hpp>
#include <strata/flow/gate.hpp>
#include <strata/flow/life.hpp>
#include <strata/flow/outcome.hpp>
#include <strata/flow/reports.hpp>
#include <strata/flow/standing.hpp>
#include <strata/flow/strays.hpp>
#include <strata/flow/usage.hpp>
#include <strata/hash.hpp>
#include <strata/none.hpp>
#include <strata/options.hpp>
#include <strata/receipt.hpp>
#include <strata/record.hpp>
#include <strata/run/threads.hpp>
#include <strata/stats.hpp>
#include <strata/valid.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

// Everything a flow works on: the tiers, the gate between them, clock, codec, counters. The flows are functions over it. The
// tiers are three members with names and no tuple to be folded over: no flow does with one what it does with another.
namespace strata::flow {

namespace detail {

struct nobody_counts {
  explicit nobody_counts(std::size_t) noexcept {}
  static void add(std::string_view, std::uint64_t) noexcept {}
  static std::uint64_t dropped() noexcept { return 0; }
  static std::size_t keys() noexcept { return 0; }
};

}  // namespace detail

template <class Hot, class Warm, class Cold, class Codec, class... Options>
class core : public reports<observer_in<Options...>>, public ends<clock_in<Options...>, expiring<Options...>> {
  using reports_type = reports<observer_in<Options...>>;
  using ends_type = ends<clock_in<Options...>, expiring<Options...>>;

 public:
  using codec_type = Codec;
  using value_type = typename Codec::value_type;
  using key_type = key_in<Codec>;
  using hashed_key = hashed<key_type>;
  using answer = hit<value_type>;
  using clock_type = clock_in<Options...>;
  using observer_type = observer_in<Options...>;
  using executor_type = option_t<strata::detail::executor_option, threads, Options...>;
  using gate_type = flow::gate<key_type, value_type, typename executor_type::event>;
  using turn = typename gate_type::turn;
  using context_type = context_for<Codec, Options...>;
  using warm_channel = typename channel_to<Warm, key_type, value_type, context_type>::type;
  using cold_channel = typename channel_to<Cold, key_type, value_type, context_type>::type;

  static constexpr bool has_hot = !std::is_same_v<Hot, none>;
  static constexpr bool has_warm = warm_channel::present;
  static constexpr bool has_cold = cold_channel::present;
  static constexpr composition whole = composition_of<Hot, Warm, Cold>;
  static constexpr tier truth = whole.truth;
  static constexpr std::uint8_t tier_bits = whole.tiers;
  static constexpr std::uint8_t truth_bit = tier_bit(truth);
  static constexpr std::uint8_t erased_bits = has_hot ? truth_bit | tier_bit(tier::hot) : truth_bit;
  static constexpr bool counts_use = usage_wanted<Cold, Codec, Options...>();
  static constexpr bool expires = expiring<Options...>;
  static constexpr bool stores_many = strata::stores_many<typename cold_channel::tier_type, value_type>;
  static constexpr bool follows = followable<typename warm_channel::tier_type>;
  static constexpr flow::witness witness = [] {
    using enum flow::witness;
    using cold_tier = typename cold_channel::tier_type;
    constexpr bool tells = logs_changes<cold_tier>;
    if ((std::is_same_v<Options, single_writer> || ...)) return nobody;
    if (!has_warm) return tells ? log : nobody;
    if (!follows) return nobody;
    if (has_cold) return tells && keeps_horizon<cold_tier> ? horizon : feed;
    return tells_end<typename warm_channel::tier_type> ? end : feed;
  }();
  /// Whether memory's copies count as fresh for a while only, and somebody has to see to it (K9).
  static constexpr bool leased = witness > flow::witness::feed;
  using standing_type = std::conditional_t<
      leased, flow::standing<std::is_same_v<option_t<strata::detail::staleness_option, flagged, Options...>, bounded>>,
      flow::always_fresh>;
  using hot_context = hot_context_for<Cold, Codec, Options...>;
  using hot_tier = tier_in_memory<Hot, Cold, Codec, Options...>;
  using hot_options = typename Hot::options;
  /// Whether a doubt is settled by comparing revisions; else memory starts anew (K10).
  static constexpr bool revalidates = leased && has_hot && compares_revisions<typename cold_channel::tier_type> &&
                                      requires(hot_tier h) { h.keys([](auto const&) {}); };
  /// Whether it keeps warm in step also where programs without revisions have published (K7).
  static constexpr bool gathers =
      witness == flow::witness::horizon && compares_revisions<typename cold_channel::tier_type>;
  using warm_options = typename Warm::options;
  using cold_options = typename Cold::options;
  /// Whether a write may bring a vector for cold to keep beside the value.
  static constexpr bool embeds = strata::keeps_vectors<typename cold_channel::tier_type, value_type>;
  using write_options = strata::put_options<expires, false>;
  using put_options = strata::put_options<expires, embeds>;
  using usage_type = std::conditional_t<counts_use, usage_table<>, detail::nobody_counts>;

  using ends_type::clock;
  using ends_type::end_of;
  using ends_type::over;
  using reports_type::counters;
  using reports_type::missed_in;
  using reports_type::observer;

  template <class Settings>
  explicit core(Settings& s)
      : reports_type{std::move(s.observer)},
        ends_type{s.clock != nullptr ? *s.clock : default_clock()},
        executor{s.executor != nullptr ? *s.executor : own_executor()},
        askers{executor},
        limits{s.limits},
        hot{s.hot, hot_context{{clock, observer, codec}, hash_}},
        warm{tier::warm, s.warm, context_type{clock, observer, codec}},
        cold{tier::cold, s.cold, context_type{clock, observer, codec}},
        gate{limits.max_floors, limits.max_flights},
        usage{limits.max_used_keys} {
    if constexpr (requires { s.hot.capacity_entries; }) {
      if (limits.warm_up_entries > s.hot.capacity_entries) limits.warm_up_entries = s.hot.capacity_entries;
    }
    if (limits.warm_up_entries != 0 && !(has_hot && ranks_usage<typename cold_channel::tier_type>))
      throw open_error{
          error{errc::rejected, tier::none,
                "limits.warm_up_entries: it takes a hot tier, and a cold one that knows what is used most"}};
    if (!expires && limits.expires_in.count() != 0)
      throw open_error{error{errc::rejected, tier::none,
                             "limits.expires_in: values of this cache do not expire; add strata::expiry"}};
    if (limits.expires_in.count() < 0)
      throw open_error{error{errc::rejected, tier::none, "limits.expires_in must not be negative"}};
    more_than_zero(limits.read_within, "limits.read_within must be more than zero");
    more_than_zero(limits.write_within, "limits.write_within must be more than zero");
    more_than_zero(limits.load_within, "limits.load_within must be more than zero");
    more_than_zero(limits.flush_every, "limits.flush_every must be more than zero");
  }

  [[nodiscard]] static decltype(auto) text(hashed_key k) { return key<key_type>::text(k.key); }
  [[nodiscard, gnu::always_inline]] hashed_key hash(key_view<key_type> k) const noexcept { return hash_(k); }

  /// Says why a key, or a value under that key, cannot be stored.
  [[nodiscard]] static deferred<std::optional<error>, Codec> fault(std::string_view text) {
    if (auto const why = key_fault(text); !why.empty()) return error{errc::rejected, tier::none, why};
    return std::nullopt;
  }
  [[nodiscard]] static deferred<std::optional<error>, Codec> fault(
      std::string_view text, value_type const& value, [[maybe_unused]] deferred<lifetime, Codec> const& lasts) {
    if (auto why = fault(text)) return why;
    if constexpr (expires)
      if (lasts && lasts->count() < 0)
        return error{errc::rejected, tier::none, "expires_in must not be negative: the value would be over at once"};
    if (!owns(text, value))
      return error{errc::rejected, tier::none, "the value's own key is not the key it is put under"};
    if (auto const why = value_fault(value)) return error{errc::rejected, tier::none, *why};
    return std::nullopt;
  }
  /// P7: whether a value that knows its key was written to this one.
  [[nodiscard]] static bool owns(std::string_view text, value_type const& value) {
    if constexpr (keyed<value_type>) {
      using own = std::remove_cvref_t<decltype(record<value_type>::key(value))>;
      return std::string_view{key<own>::text(record<value_type>::key(value))} == text;
    } else {
      return true;
    }
  }
  static void stamp(value_type& value, std::int64_t version) {
    if constexpr (requires { record<value_type>::stamp(value, version); }) record<value_type>::stamp(value, version);
  }

  /// Lets a call in that hot alone did not settle, or says why not.
  [[nodiscard]] auto enter() noexcept {
    using stay = typename deferred<flow::life<>, Codec>::stay;
    if constexpr (has_hot && requires { hot.visiting(); })
      if (hot.visiting())
        return stay{error{errc::rejected, tier::hot, "a function given to visit called the cache that runs it"}};
    return life.enter(truth > tier::hot);
  }

  auto at(point p) { return executor.at(p); }

  /// What a copy from memory or from warm counts as now.
  [[nodiscard]] freshness of_a_copy() const noexcept {
    if constexpr (leased)
      return standing.fresh(clock) ? freshness::fresh : freshness::unverified;
    else if constexpr (has_cold)  // K11: whether cold, who could know better, answers
      return cold.resting(direction::reading) ? freshness::unverified : freshness::fresh;
    else
      return freshness::fresh;
  }
  /// Whether warm's copies may go into memory: not while nobody would tell that warm has lost newer ones (K10).
  [[nodiscard]] bool trusts_warm() const noexcept {
    if constexpr (witness == flow::witness::horizon)
      return standing.hears();
    else
      return true;
  }
  /// Whether nobody keeps this instance's warm in step, since the others have another (K7).
  [[nodiscard]] bool apart() const noexcept {
    if constexpr (witness == flow::witness::horizon)
      return standing.apart();
    else
      return false;
  }
  /// K11: whether nobody is left who could know better than memory.
  [[nodiscard]] bool alone() const noexcept {
    if constexpr (leased && has_warm && has_cold)
      return !standing.fresh(clock) && !standing.hears() && cold.resting(direction::reading);
    else
      return false;
  }
  /// Whether such a reader takes what memory has.
  [[nodiscard]] bool takes_copies(read_options const& how, freshness state) const noexcept {
    return how.mode != read_mode::cold && (how.mode != read_mode::verified || state == freshness::fresh) && !alone();
  }
  /// How long what a write brings shall live, the same in all tiers.
  template <class Call>
  [[nodiscard]] deferred<lifetime, Call> life_of([[maybe_unused]] Call const& call) const noexcept {
    if constexpr (expires) {
      auto const in = call.expires_in.count() != 0 ? call.expires_in : limits.expires_in;
      if (in.count() != 0 && in != std::chrono::milliseconds::max())
        return in < ends_type::longest_life ? in : ends_type::longest_life;
    }
    return std::nullopt;
  }
  [[nodiscard]] static deferred<std::span<float const>, Codec> vector_of(
      [[maybe_unused]] put_options const& call) noexcept {
    if constexpr (embeds)
      return call.embedding;
    else
      return {};
  }
  /// f(box) under the entry's guard, if hot has the key.
  template <class F>
  [[gnu::always_inline]] bool find(hashed_key k, F&& f) {
    if constexpr (has_hot)
      return hot.find(k, std::forward<F>(f));
    else
      return false;
  }
  /// The same, if hot can tell at a glance. False: ask find.
  template <class F>
  [[gnu::always_inline]] bool glance(hashed_key k, F&& f) {
    if constexpr (has_hot && requires { hot.glance(k, f); })
      return hot.glance(k, f);
    else
      return false;
  }
  /// What memory has, as far as the reader takes it; absent where he does not.
  [[nodiscard]] answer recall(hashed_key k, read_options const& how) {
    answer found;
    auto const state = of_a_copy();  // before the look: a copy dropped since is not there
    if (!takes_copies(how, state)) return found;
    bool expired = false;
    (void)find(k, [&](auto const& kept) {
      expired = this->over(kept);  // by name, or GCC 13 breaks down here
      if (kept.revision() >= how.at_least && !expired) found = answer{kept, tier::hot, state};
    });
    if (expired) missed_in(tier::hot, miss::expired);
    return found;
  }
  /// The same for many keys, which hot may fetch together: f(i, box, freshness) for each, under the guards of several.
  template <class F>
  void recall_many(std::span<hashed_key const> keys, read_options const& how, F f) {
    auto const state = of_a_copy();
    if (!takes_copies(how, state)) return;
    struct told {  // at the end, with nothing held, also where f throws
      core& of;
      std::size_t expired = 0;
      ~told() {
        for (; expired > 0; --expired) of.missed_in(tier::hot, miss::expired);
      }
    } late{*this};
    auto const take = [&](std::size_t i, auto const& kept) {
      if (this->over(kept))
        ++late.expired;
      else if (kept.revision() >= how.at_least)
        f(i, kept, state);
    };
    if constexpr (has_hot && requires { hot.find_many(keys, [](std::size_t, box<value_type> const&) {}); })
      hot.find_many(keys, [&](std::size_t i, box<value_type> const& kept) { take(i, kept); });
    else
      for (std::size_t i = 0; i < keys.size(); ++i) (void)find(keys[i], [&](auto const& kept) { take(i, kept); });
  }
  [[nodiscard]] answer peek(hashed_key k) {
    auto found = held(k);
    if constexpr (expires)
      if (found && found.freshness() == freshness::stale) found = {};
    return found;
  }
  /// What memory has, and be it expired: then it is stale.
  [[nodiscard]] answer held(hashed_key k) {
    answer found;
    if constexpr (has_hot) {
      auto const state = of_a_copy();
      (void)hot.peek(
          k, [&](auto const& kept) { found = answer{kept, tier::hot, this->over(kept) ? freshness::stale : state}; });
    }
    return found;
  }
  /// Keeps what a look below found, if nothing newer is known by now.
  [[nodiscard]] bool admit(turn const& t, hashed_key k, box<value_type> const& found) {
    auto const keep = [&](auto&& install) { return gate.admit(t, found.revision(), clock.now(), install); };
    if constexpr (has_hot) {
      auto ready = prepare(k, found);
      return keep([&] { (void)hot.install(k, std::move(ready)); });
    } else {
      return keep([] {});
    }
  }
  /// A revision is known to exist: nothing older is served from now on.
  void overtake(hashed_key k, revision r) noexcept {
    gate.overtake(k.hash, r, clock.now(), [&] { drop(k, r); });
  }
  /// Only the truth can tell what the key holds.
  void doubt(hashed_key k) noexcept {
    gate.doubt(k.hash, clock.now(), [&] { drop(k); });
  }
  /// Takes the key out of memory, but no copy above that revision.
  void drop([[maybe_unused]] hashed_key k, [[maybe_unused]] revision below = revision{~std::uint64_t{0}}) noexcept {
    if constexpr (has_hot) hot.erase(k, below);
  }
  /// Anything may have changed unseen (K10): no look below under way is kept, and what memory has is compared or goes.
  void doubt_all() noexcept {
    counters.add(counters.doubts);
    gate.doubt_all([&] {
      if constexpr (has_hot && !revalidates) hot.clear();
    });
    standing.doubt();  // after the epochs: who compares at once must not find a look under way that is kept later
    if constexpr (!revalidates) standing.settle(standing.doubted());
  }
  /// Keeps what was just written, unless something newer is known. \returns whether hot has that revision
  bool settle(turn const& t, hashed_key k, box<value_type> const& mine) {
    auto came = installed::refused;
    if constexpr (has_hot) {
      auto ready = prepare(k, mine);
      gate.settle(t, mine.revision(), [&] { came = hot.install(k, std::move(ready)); });
    }
    collect_if_due();
    if (came == installed::older) return held(k).revision() == mine.revision();  // written without a change
    return came == installed::yes;
  }

  /// A write whose truth is this memory.
  [[nodiscard]] outcome<value_type> write_hot(hashed_key k, value_type&& value, deferred<expectation, Codec> expected,
                                              deferred<lifetime, Codec> const& lasts) {
    if constexpr (!has_hot) {
      return {failure(errc::unsupported, tier::none, "this cache has no tier to write to"), {}};
    } else {
      auto mine = box<value_type>::shared(std::move(value), end_of(lasts, clock.now()));  // numbered once prepared
      auto ready = prepare(k, mine);
      return gate.alone(k.hash, [&]() -> outcome<value_type> {
        if (expected && peek(k).revision() != *expected)
          return {failure(errc::conflict, tier::hot, "another write was first"), {}};
        mine.number(next_revision());
        bool const kept = hot.install(k, std::move(ready)) == installed::yes;
        return {receipt{.revision = mine.revision(), .tiers = kept ? truth_bit : std::uint8_t{}}, {mine, tier::hot}};
      });
    }
  }
  [[nodiscard]] deferred<result<receipt>, Codec> erase_hot(hashed_key k) {
    if constexpr (!has_hot) {
      return failure(errc::unsupported, tier::none, "this cache has no tier to erase from");
    } else {
      return gate.alone(k.hash, [&] {
        revision const r = next_revision();
        bool const changed = hot.erase(k, r);
        return receipt{.revision = changed ? r : revision{}, .changed = changed, .tiers = truth_bit};
      });
    }
  }

  [[nodiscard]] strata::stats snapshot() const {
    auto s = counters.snapshot();
    if constexpr (has_hot) {
      s.hot.entries = hot.entries();
      s.hot.bytes = hot.bytes();
      if constexpr (requires { hot.stats(); }) {
        auto const h = hot.stats();
        s.hot.hits = h.hits > s.expired ? h.hits - s.expired : 0;  // which the tier had, and nobody was given
        s.hot.misses = h.misses + s.expired;
        s.hot.evictions = h.evictions;
        if constexpr (requires { h.refused; }) s.hot.refused = h.refused;
        if constexpr (requires { h.uses_lost; }) s.usage.lost = h.uses_lost;
      }
    }
    s.usage.lost += usage.dropped();
    s.now = gate.now();
    s.now.used_keys = usage.keys();
    return s;
  }

  /// After a call that may have evicted: takes the counts of evicted entries before hot has to drop some (K12).
  void collect_if_due() {
    if constexpr (has_hot && counts_use && requires { hot.drain_due(); })
      if (hot.drain_due()) collect_uses();
  }
  /// Ends the threads that this cache started; what is queued there is told that the cache is closed.
  void end_executor() noexcept {
    askers.stop();
    if constexpr (requires { own_executor_->stop(); })
      if (own_executor_) own_executor_->stop();
  }

  void collect_uses() {
    if constexpr (has_hot && counts_use)
      hot.drain_uses([&](auto const& k, std::uint64_t count) { usage.add(key<key_type>::text(k), count); });
  }

  void used([[maybe_unused]] std::string_view text) {
    if constexpr (counts_use) usage.add(text, 1);
  }

  [[no_unique_address]] codec_type codec{};
  hasher<key_type> hash_;
  std::optional<executor_type> own_executor_;
  executor_type& executor;
  flow::askers<executor_type> askers;
  strata::limits limits;
  [[no_unique_address]] hot_tier hot;
  [[no_unique_address]] warm_channel warm;
  [[no_unique_address]] cold_channel cold;
  gate_type gate;
  [[no_unique_address]] usage_type usage;
  deferred<flow::life<>, Codec> life;
  [[no_unique_address]] standing_type standing;
  [[no_unique_address]] std::conditional_t<gathers, flow::strays<>, no_strays> strays;
  position heard{};  ///< how far the feed has come, where warm is the truth: of the feed's thread

 private:
  static void more_than_zero(std::chrono::milliseconds given, std::string_view why) {
    if (given.count() <= 0) throw open_error{error{errc::rejected, tier::none, why}};
  }
  static clock_type const& default_clock() {
    static constexpr clock_type one{};
    return one;
  }
  /// K12: what an install needs of the user's code, run before the gate's lock.
  [[nodiscard]] auto prepare(hashed_key k, box<value_type> const& b) {
    return prepare_install<key_type, value_type>(std::as_const(hot), k, b);
  }

  executor_type& own_executor() {
    if constexpr (std::is_default_constructible_v<executor_type>)
      return own_executor_.emplace();
    else
      throw open_error{
          error{errc::rejected, tier::none, "strata::executor<...> was given without an instance: set .executor"}};
  }
  revision next_revision() noexcept { return revision{last_revision_.fetch_add(1, std::memory_order_relaxed) + 1}; }

  std::atomic<std::uint64_t> last_revision_{0};
};

}  // namespace strata::flow
