// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/context.hpp>
#include <strata/error.hpp>
#include <strata/flow/askers.hpp>
#include <strata/hash.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/leavers.hpp>
#include <strata/key.hpp>
#include <strata/local/deck.hpp>
#include <strata/local/life.hpp>
#include <strata/local/options.hpp>
#include <strata/none.hpp>
#include <strata/run/mutex.hpp>
#include <strata/run/threads.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>

// What the verbs of a local_cache and its loaders work on: the engine of the hot tiers, with lives and with word of what
// leaves. A value is kept in a box that never changes and is shared with whoever has read it, so it may be of any type, and
// in their hands outlives its entry. Of what enters the same entry the higher revision stands. Puts number theirs in order;
// a loader's value has the number of the load, or the one after a put's that it found. Puts exceed both, so it never takes
// the place of a later one. No two values of a key have the same: who erases one that it has seen erases no other.
namespace strata::local {

template <class Parts>
struct core {
  using key_type = typename Parts::key_type;
  using value_type = typename Parts::value_type;
  using policy = typename Parts::hot_policy;
  using clock_type = typename Parts::clock_type;
  using observer_type = typename Parts::observer_type;
  using weigher_type = typename Parts::weigher_type;
  using key_view = strata::key_view<key_type>;
  using hashed_key = hashed<key_type>;
  using boxed = box<value_type>;
  using answer = hit<value_type>;
  using moment = kernel::moment;

  using codec_type = codec::none<value_type, key_type>;
  using context_type = hot_context<context<clock_type, observer_type, codec_type>, key_type>;
  using tier_type = typename policy::template tier<key_type, value_type, context_type>;
  using deck_type = deck<key_type, value_type>;
  using count = std::atomic<std::uint64_t>;

  static constexpr bool tells = hears_removed<observer_type, key_view, value_type>;
  using gone_type = std::conditional_t<tells, hot::engine::leavers<key_type, value_type>, hot::engine::nobody_asks>;

  template <class Options>
  explicit core(Options& settings)
      : observer{std::move(settings.observer)},
        weigh{std::move(settings.weigher)},
        clock{settings.clock != nullptr ? settings.clock : &own_clock},
        lives{settings.expires_after_write, settings.expires_after_access},
        hot{{.capacity_entries = settings.capacity_entries,
             .capacity_bytes = settings.capacity_weight,
             .eviction = settings.eviction,
             .pages = settings.pages},
            handed_down},
        flights{settings.max_flights} {}

  /// Of a box or a hit; where nothing expires no clock is asked.
  template <class Copy>
  [[nodiscard]] bool over(Copy const& kept) const noexcept {
    moment const end = kept.ends();
    return end != moment::max() && clock->now() >= end;
  }
  /// Whether the value answers a read, which puts off its end.
  [[nodiscard, gnu::always_inline]] bool alive(boxed const& kept) const noexcept {
    moment const end = kept.ends();
    return end == moment::max() || lives_on(kept, end);
  }

  // Apart, so that a read of what never ends stays short.
  [[nodiscard, gnu::noinline]] bool lives_on(boxed const& kept, moment end) const noexcept {
    moment const now = clock->now();
    if (now >= end) return false;
    if (lives.moves()) kept.extend(lives.after_access(now));
    return true;
  }

  /// Whether at most that much is left of the time after its write.
  [[nodiscard]] bool nearly_over(boxed const& kept, std::chrono::milliseconds ahead) const noexcept {
    moment const last = kept.ends_at_last();
    return last != moment::max() && std::chrono::ceil<std::chrono::milliseconds>(last - clock->now()) <= ahead;
  }

  /// Counts as a use. \returns null: not there
  [[nodiscard]] boxed look_up(hashed_key const& k) {
    if constexpr (held_inline<value_type>) {
      boxed kept;
      (void)hot.find(k, [&](boxed const& found) { kept = found; });
      return kept;
    } else {
      void const* kept = nullptr;  // plain: an object with a destructor would cost a hit its registers
      (void)hot.find(k, [&](boxed const& found) { kept = boxed{found}.release(); });
      return boxed::adopt(kept);
    }
  }
  /// Leaves no trace.
  [[nodiscard]] boxed peek(hashed_key const& k) const {
    boxed kept;
    (void)hot.peek(k, [&](boxed const& found) { kept = found; });
    return kept;
  }
  /// The answer of who found nothing.
  [[nodiscard]] answer nothing() const {
    if (!hot.visiting()) return answer::nothing(tier::hot);
    return answer{error{errc::rejected, tier::hot, "called from inside a visitor of this cache"}};
  }

  /// The key is written or erased from now on. \returns false, and has changed nothing, from inside a visitor: the flight's
  /// leader may wait for that one
  [[nodiscard]] bool overtake(hashed_key const& k) noexcept {
    if (!flights.busy(k.hash)) return true;
    if (hot.visiting()) return false;
    flights.overtake(k.hash);
    return true;
  }
  /// The same of all keys.
  [[nodiscard]] bool overtake_all() noexcept {
    if (hot.visiting()) return false;
    flights.overtake_all();
    return true;
  }

  [[nodiscard]] boxed box_up(revision r, value_type&& value) const {
    if (!lives.ends()) return {r, std::move(value)};
    auto const span = lives.from(clock->now());
    return {r, std::move(value), span.end, span.last};
  }
  [[nodiscard]] revision next_put() noexcept { return revision{puts.fetch_add(per_put, std::memory_order_relaxed)}; }
  /// \param load  which one it is \param found  of what was in memory before it ran
  [[nodiscard]] revision number_of_load(std::uint64_t load, revision found) noexcept {
    if (number(found) < first_put) return revision{load};
    std::uint64_t const next = number(found) + 1;
    if (next % per_put == 0) (void)next_put();  // so often loaded again that these are the numbers of the next put
    return revision{next};
  }
  /// Runs the user's code that an install wants.
  [[nodiscard]] auto prepare(hashed_key const& k, boxed b) const {
    if (!b) __builtin_unreachable();  // GCC 14 otherwise warns in users' code of what would happen then
    if constexpr (std::is_same_v<weigher_type, by_bytes>) {
      return hot.prepare(k, std::move(b));
    } else {
      std::uint64_t const weight = weigh(k.key, b.value());
      b.weigh(static_cast<std::uint32_t>(std::min<std::uint64_t>(weight, heaviest)));
      auto ready = hot.prepare(k, std::move(b));
      if (weight > heaviest) ready.weight = weight;  // the tier refuses it
      return ready;
    }
  }

  /// Erases what was found, and nothing that came after it.
  bool erase(hashed_key const& k, revision found, removal why) {
    return erase(k, found, revision{number(found) + 1}, why);
  }
  bool erase(hashed_key const& k, revision from, revision below, removal why) {
    gone_type gone;
    bool const went = hot.erase(k, from, below, gone);
    tell(k, gone, why);
    return went;
  }
  /// which(key, box) with nothing held. \returns how many went
  template <class Which>
  std::size_t erase_where(Which which, removal why) {
    std::size_t went = 0;
    hot.keys([&](key_view key) {
      auto const k = hash(key);
      boxed const found = peek(k);
      if (found && which(key, found)) went += erase(k, found.revision(), why);
    });
    return went;
  }

  /// Where this thread is in no visitor. \param weight  none: as it is
  void resize(std::size_t entries, std::optional<std::size_t> weight) {
    gone_type gone;
    auto const tell_of_all = [&] {
      if constexpr (tells)
        for (auto const& one : gone) tell(hot::engine::kept_key<key_type>::view(one.key), one.value, removal::evicted);
    };
    try {
      auto const held = resizing.hold();
      hot.resize(entries, weight ? *weight : hot.bounds().capacity_bytes, gone);
    } catch (...) {
      tell_of_all();
      throw;
    }
    tell_of_all();
  }

  /// Tells of what left for a call about k; with nothing held.
  void tell([[maybe_unused]] hashed_key const& k, [[maybe_unused]] gone_type const& gone,
            [[maybe_unused]] removal usual) {
    if constexpr (tells)
      for (auto const& one : gone)
        tell(one.asked ? k.key : hot::engine::kept_key<key_type>::view(one.key), one.value,
             one.replaced && usual != removal::erased ? removal::replaced : usual);
  }
  void tell(key_view key, boxed const& value, removal why) {
    observer.removed(key, value.value(), why != removal::erased && over(value) ? removal::expired : why);
  }
  static void add(count& c, std::uint64_t by = 1) noexcept { c.fetch_add(by, std::memory_order_relaxed); }

  static constexpr std::uint64_t first_put = std::uint64_t{1} << 56U, per_put = 1024;
  static constexpr std::uint64_t heaviest = (~std::uint32_t{} >> 1U) - 1;
  static inline codec_type const codec{};

  hasher<key_type> hash;
  [[no_unique_address]] observer_type observer;
  [[no_unique_address]] weigher_type weigh;
  [[no_unique_address]] clock_type own_clock{};
  clock_type const* clock;
  life lives;
  context_type handed_down{{*clock, observer, codec}, hash};
  tier_type hot;
  count puts{first_put};
  count expired{0}, loads{0}, failed_loads{0}, joined{0};
  strata::detail::mutex resizing;
  deck_type flights;
  flow::askers<threads> askers;  // their loaders use all of the above
};

}  // namespace strata::local
