// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/explain/call.hpp>
#include <strata/error.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/memory.hpp>
#include <strata/hot/lru.hpp>
#include <strata/key.hpp>
#include <strata/local/core.hpp>
#include <strata/local/explain.hpp>
#include <strata/local/load.hpp>
#include <strata/local/options.hpp>
#include <strata/many_keys.hpp>

#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

// The verbs of a cache in memory with nothing below it. Reads and writes are the engine's (core.hpp), what loads is a flight
// (load.hpp).
namespace strata {

/// A bounded, thread-safe map from Key to Value.
/// \tparam Key    of any type that copies, since the cache keeps its own, with == and std::hash
/// \tparam Value  of any type that moves
/// \tparam Hot    how it chooses what to let go: any policy of strata::hot
/// \tparam Options  strata::observer<T> hears what leaves, strata::weigher<T> says what an entry weighs, strata::clock<T> is
///                  whose time lives are told in; in any order
/// \threads all members may be called from any thread, but the destructor, which waits for loaders that still run
template <class Key, class Value, class Hot = hot::lru, class... Options>
class local_cache {
  using core_type =
      local::core<local::parts<local::explain<Key, Value, Hot, Options...>(), Key, Value, Hot, Options...>>;
  using boxed = typename core_type::boxed;

 public:
  using key_type = typename core_type::key_type;
  using value_type = typename core_type::value_type;
  using clock_type = typename core_type::clock_type;
  using observer_type = typename core_type::observer_type;
  using weigher_type = typename core_type::weigher_type;
  using key_view = strata::key_view<key_type>;  ///< text is taken as a view, numbers by value
  using answer = hit<value_type>;

  struct options {
    std::size_t capacity_entries = 1000;  ///< at least 1; some memory is proportional to it from the start
    /// Of all values, in bytes unless a weigher says so; zero: not bounded. From 8,192 entries on it may be divided, in up to
    /// 64 shares of 64 Mi or more, and a value that is heavier than a share is not kept.
    std::size_t capacity_weight = 0;
    std::chrono::milliseconds expires_after_write{0};   ///< zero: never
    std::chrono::milliseconds expires_after_access{0};  ///< since the last get, visit or write; zero: never
    std::size_t max_flights = 1 << 16;                  ///< keys loaded at once; more are not shared, and not kept
    decltype(core_type::policy::options::eviction) eviction{};  ///< where the algorithm has settings
    hot::engine::pages pages = hot::engine::pages::usual;
    observer_type observer{};
    weigher_type weigher{};
    clock_type const* clock = nullptr;  ///< null: one of its own
  };

  /// \throws open_error for a capacity of zero or beyond 268,435,199, and for a life of less than zero; bad_alloc
  explicit local_cache(options settings) : core_{settings} {}
  local_cache() : local_cache{options{}} {}
  local_cache(local_cache const&) = delete;
  local_cache& operator=(local_cache const&) = delete;
  ~local_cache() { core_.askers.stop(); }

  /// Reads one value, and counts as a use of it.
  /// \returns     the value, shared; or absent
  /// \errors      rejected: called from inside a visitor, and found nothing
  /// \complexity  O(1) expected, no allocation
  answer get(key_view key) {
    auto const k = core_.hash(key);
    if constexpr (held_inline<value_type>) {
      answer found;
      revision late{};
      bool expires = false;
      bool const there = core_.hot.find(k, [&](boxed const& kept) {
        expires = !core_.alive(kept);
        if (expires) [[unlikely]]
          late = kept.revision();
        else
          std::construct_at(&found, kept, tier::hot);  // where the caller wants it: each copy more is a nanosecond
      });
      if (!there) [[unlikely]]
        found = core_.nothing();
      if (expires) [[unlikely]]
        found = expired(k, late);
      return found;
    } else {
      typename answer::share kept;  // plain: an object with a destructor would cost a hit its registers
      revision late{};
      bool const there = core_.hot.find(k, [&](auto const& found) {
        if (core_.alive(found)) [[likely]]
          kept = answer::share_of(found);
        else
          late = found.revision();
      });
      if (kept.content != nullptr) [[likely]]
        return {kept, tier::hot};
      return there ? expired(k, late) : core_.nothing();
    }
  }

  /// Reads in place: f(value const&) under the entry's guard, without counting a reference. f must not call this cache:
  /// where it might wait for itself, such a call finds and changes nothing.
  /// \returns whether it was there \throws what f throws
  template <class F>
  bool visit(key_view key, F&& f) {
    auto const k = core_.hash(key);
    bool alive = true;
    bool const there = core_.hot.find(k, [&](boxed const& kept) {
      alive = core_.alive(kept);
      if (alive) f(kept.value());
    });
    if (!alive) core_.add(core_.expired);
    return there && alive;
  }

  /// Reads, and leaves order, counts and lives as they are. \returns the value or absent
  answer peek(key_view key) {
    auto kept = core_.peek(core_.hash(key));
    if (!kept || core_.over(kept)) return answer::nothing(tier::hot);
    return {std::move(kept), tier::hot};
  }

  /// As get, but makes the value where there is none: one loader per key, however many callers. Who puts or erases the key
  /// meanwhile is not undone: what the loader gives is then for those who waited, and not kept.
  /// \param load  gives Value or result<Value>; runs with nothing locked and may call the cache
  /// \errors      loader_failed: it threw or gave an error, which all who waited get; timed_out; would_deadlock: loaders
  ///              wait for each other; rejected as get
  /// \throws      as put; another caller then runs its own loader
  template <class F>
  answer get_or_load(key_view key, F load, load_options how = {}) {
    auto const k = core_.hash(key);
    auto kept = core_.look_up(k);
    if (kept && core_.alive(kept)) {
      if (how.refresh_ahead.count() != 0 && core_.nearly_over(kept, how.refresh_ahead) && !core_.hot.visiting())
        (void)local::load_aside(core_, k, load, local::in(how.within), kept.revision());
      return {std::move(kept), tier::hot};
    }
    if (kept) core_.add(core_.expired);
    if (auto none = core_.nothing(); none.failed()) return none;
    if (kept && how.soft_within.count() != 0) return local::load_softly(core_, k, load, how, std::move(kept));
    return local::load(core_, k, load, local::in(how.within), kept ? kept.revision() : revision{});
  }

  // For functions that a verb cannot call there is only advice.
  template <class F>
    requires(!strata::detail::loader_for<F, value_type>)
  answer get_or_load(key_view, F, load_options = {}) {
    return explain_loader<F>().error();
  }
  template <class F>
    requires(!strata::detail::visitor_for<F, value_type>)
  bool visit(key_view, F&&) {
    (void)explain_visitor<F>();
    return false;
  }

  /// Keeps the value, in the place of an older one.
  /// \returns  whether it does. False: it is heavier than a share of the capacity, or the policy finds it not worth the
  ///           room, and then the older one is gone too; or called from inside a visitor, and then nothing has changed
  /// \throws   bad_alloc, and what moving the value, copying and comparing keys and weighing throw; then nothing has changed.
  ///           Only with an observer some may have left for it: of these it has been told
  /// \complexity O(1) expected, and O(1) for each entry that has to go
  bool put(key_view key, value_type value) {
    auto const k = core_.hash(key);
    if (!core_.overtake(k)) return false;
    auto mine = core_.box_up(core_.next_put(), std::move(value));
    for (;;) {
      auto ready = core_.prepare(k, mine);
      typename core_type::gone_type gone;
      auto came = installed::refused;
      try {
        came = core_.hot.install(k, std::move(ready), gone);
      } catch (...) {
        core_.tell(k, gone, removal::evicted);
        throw;
      }
      core_.tell(k, gone, removal::evicted);
      if (came != installed::older) return came == installed::yes;
      mine.number(core_.next_put());  // somebody with a higher number was faster: this one comes after
    }
  }

  /// Erases. \returns whether there was an entry
  bool erase(key_view key) {
    auto const k = core_.hash(key);
    if (!core_.overtake(k)) return false;
    return core_.erase(k, revision{}, revision{~std::uint64_t{0}}, removal::erased);
  }

  /// Many keys at once, whose memory is asked for before the first is looked at. \param keys  a range; keys are moved out of
  /// a container of them that is given as an rvalue, and copied out of any other
  /// \returns one (key, answer) per key, in the order asked
  template <class Keys>
  std::vector<std::pair<key_type, answer>> get_many(Keys&& keys) {
    std::vector<std::pair<key_type, answer>> all;
    if constexpr (local::explain_keys<Keys, key_type>()) {
      // Elsewhere that would run the caller's code once more, as a filter's.
      if constexpr (std::ranges::contiguous_range<Keys>)
        if constexpr (std::is_same_v<std::ranges::range_value_t<Keys>, key_type>)
          for (key_type const& one : keys) core_.hash.prefetch(one);
      if constexpr (std::ranges::sized_range<Keys>) all.reserve(std::ranges::size(keys));
      for (auto&& one : keys)
        all.emplace_back(std::piecewise_construct,
                         std::forward_as_tuple(detail::taken<Keys, key_type, decltype(one)>(one)), std::tuple<>{});
      auto const asked = std::views::keys(all);
      auto its = all.begin();
      detail::in_pieces<key_type>(asked, core_.hash, [&](auto some) {
        core_.hot.find_many(some, [&] [[gnu::always_inline]] (std::size_t i, boxed const& kept) {
          std::construct_at(&its[static_cast<std::ptrdiff_t>(i)].second, kept, tier::hot,
                            core_.alive(kept) ? freshness::fresh : freshness::stale);
        });
        for (auto const& k : some) {
          answer& found = its++->second;
          if (found.absent()) found = core_.nothing();
          if (found.freshness() == freshness::stale) found = expired(k, found.revision());
        }
      });
    }
    return all;
  }
  /// Looks at many in place: f(key, value const&) for each that is there, in no certain order, up to 64 at once under the
  /// guards of their entries, for whom writers wait. f must not call this cache, as visit's.
  /// \param keys  a forward range of keys, or of std::string_views of text; none is copied
  /// \returns how many were shown, a key that is asked for twice twice
  /// \throws  what f throws; what was shown before was shown
  /// \complexity O(1) expected for each, no allocation
  template <class Keys, class F>
  std::size_t visit_many(Keys&& keys, F&& f) {
    std::size_t shown = 0;
    if constexpr (local::explain_visited<Keys, key_type, value_type, F>())
      detail::in_pieces<key_type>(keys, core_.hash, [&](auto some) { shown += visit_some(some, f); });
    return shown;
  }
  /// Puts each (key, value) of a range, in its order; values are moved out of a container given as an rvalue, and out of a
  /// view of rvalues.
  /// \returns how many are kept
  template <class Pairs>
  std::size_t put_many(Pairs&& pairs) {
    std::size_t kept = 0;
    if constexpr (local::explain_pairs<Pairs, key_type, value_type>()) {
      for (auto&& [key, value] : pairs)
        if constexpr (local::gives_values<Pairs> && !std::is_reference_v<decltype(value)>)
          kept += put(key, std::move(value));
        else
          kept += put(key, value);
    }
    return kept;
  }
  /// \returns how many entries there were
  template <class Keys>
  std::size_t erase_many(Keys&& keys) {
    std::size_t went = 0;
    if constexpr (local::explain_keys<Keys, key_type>())
      for (auto&& key : keys) {
        if constexpr (std::is_convertible_v<decltype((key)), key_view>)
          went += erase(key);
        else
          went += erase(key_type(key));
      }
    return went;
  }

  /// Erases what pred(key, value) is true of, which is asked with nothing held of every entry that stays meanwhile.
  /// \returns how many went \throws bad_alloc, what pred throws \complexity linear
  template <class Pred>
  std::size_t erase_if(Pred pred) {
    if (!core_.overtake_all()) return 0;
    return core_.erase_where([&](key_view key, boxed const& kept) { return pred(key, kept.value()); }, removal::erased);
  }
  /// Erases all that is there when it begins. \throws as erase_if \complexity linear
  void clear() {
    if constexpr (core_type::tells) {
      (void)erase_if([](auto const&...) { return true; });
    } else {
      if (core_.overtake_all()) core_.hot.clear();
    }
  }
  /// Lets go of values whose time is over and that nobody asks for; without it they stay until others need the room.
  /// \returns how many \throws bad_alloc \complexity linear
  std::size_t erase_expired() {
    return core_.erase_where([&](key_view, boxed const& kept) { return core_.over(kept); }, removal::expired);
  }

  /// Changes the bounds; what is too much for them goes, and the observer is told that it was evicted. Memory that entries
  /// no longer need stays the cache's. It is divided as it was when it was made: of up to 64 parts each keeps one entry at
  /// least, whatever the bound, and no value that is heavier than its share.
  /// \param capacity_weight  zero: not bounded; nothing: as it is
  /// \returns false from inside a visitor, and then nothing has changed
  /// \throws  open_error as the constructor, bad_alloc; then the old bounds hold, and some of what was too much for the new
  ///          ones may have gone
  /// \complexity linear in what goes; where the cache grows, in what it holds
  bool resize(std::size_t capacity_entries, std::optional<std::size_t> capacity_weight = std::nullopt) {
    if (core_.hot.visiting()) return false;
    core_.resize(capacity_entries, capacity_weight);
    return true;
  }

  [[nodiscard]] local_stats stats() const noexcept {
    auto const of = [](auto const& count) { return count.load(std::memory_order_relaxed); };
    auto const expired = of(core_.expired);  // before the hits that they are part of
    auto const hot = core_.hot.stats();
    return {.hits = hot.hits - expired,
            .misses = hot.misses + expired,
            .evictions = hot.evictions,
            .refused = hot.refused,
            .expired = expired,
            .loads = of(core_.loads),
            .failed_loads = of(core_.failed_loads),
            .joined = of(core_.joined),
            .entries = hot.entries,
            .weight = hot.bytes};
  }
  [[nodiscard]] std::size_t entries() const noexcept { return core_.hot.entries(); }
  [[nodiscard]] std::size_t weight() const noexcept { return core_.hot.bytes(); }
  /// Whether its structure is sound and within its bounds. For tests; with no call running.
  [[nodiscard]] bool valid() const { return core_.hot.valid(); }

 private:
  answer expired(typename core_type::hashed_key const& k, revision found) {
    core_.add(core_.expired);
    (void)core_.erase(k, found, removal::expired);
    return answer::nothing(tier::hot);
  }

  template <class F>
  std::size_t visit_some(std::span<typename core_type::hashed_key const> keys, F& f) {
    std::array<revision, detail::keys_at_once> found;  // of those that have expired
    std::uint64_t late = 0;
    std::size_t there = 0;
    try {
      there = core_.hot.find_many(keys, [&] [[gnu::always_inline]] (std::size_t i, boxed const& kept) {
        if (core_.alive(kept)) [[likely]]
          return void(f(keys[i].key, kept.value()));
        found[i] = kept.revision();
        late |= std::uint64_t{1} << i;
      });
    } catch (...) {
      core_.add(core_.expired, static_cast<std::uint64_t>(std::popcount(late)));
      throw;
    }
    for (; late != 0; late &= late - 1, --there) {
      auto const i = static_cast<std::size_t>(std::countr_zero(late));
      (void)expired(keys[i], found[i]);
    }
    return there;
  }

  core_type core_;
};

}  // namespace strata
