// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/error.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/biased_lock.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/explain.hpp>
#include <strata/hot/engine/leavers.hpp>
#include <strata/hot/engine/limbo.hpp>
#include <strata/hot/engine/options.hpp>
#include <strata/hot/engine/readings.hpp>
#include <strata/hot/engine/shard.hpp>
#include <strata/hot/engine/shards.hpp>
#include <strata/hot/engine/stats.hpp>
#include <strata/hot/engine/uses.hpp>
#include <strata/hot/engine/weight.hpp>
#include <strata/key.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

// A hot tier is this engine and an eviction algorithm. The hash picks a shard; each shard has its lock. Few shards, since
// each evicts for itself: below 4,096 entries in each an uneven spread of the keys would cost hits, so up to that many
// distinct keys always fit one and the same shard. What a hit runs through is put in line by attribute, here and below:
// left to itself GCC stops somewhere on the way, elsewhere in every program, for up to 40 instructions a hit.
namespace strata::hot::engine {

template <class Eviction, class Key, class Value, class Context, class Concurrency = sharded>
class tier {
  static consteval bool counts() {
    if constexpr (requires { Context::counts_usage; })
      return Context::counts_usage;
    else
      return false;
  }

 public:
  using options = options_for<sound_eviction<Eviction>>;
  /// The same tier for other callers: see biased_lock.hpp and epoch.hpp.
  template <class Other>
  using called_by = tier<Eviction, Key, Value, Context, Other>;
  /// Whether the context wants reads counted: else nothing of it is there.
  static constexpr bool counts_uses = counts();
  /// Whether its callers take turns.
  static constexpr bool one_thread = Concurrency::one_thread;

  /// \throws open_error for a capacity of zero or beyond 268,435,199 (251,658,000 where readers take no lock); bad_alloc
  tier(options const& settings, Context const& context)
      : hash_{context},
        shards_{shards_for(settings),
                [&](std::size_t number, std::size_t i) {
                  return std::make_unique<shard_type>(part(settings.capacity_entries, i, number),
                                                      bytes_part(settings.capacity_bytes, i, number), settings.eviction,
                                                      settings.pages, hash_);
                }},
        bounds_{settings},
        entries_bound_{settings.capacity_entries},
        bytes_bound_{settings.capacity_bytes} {}
  tier(tier const&) = delete;

  /// Shows the key's box to f(lending_box<Value> const&), which is as good as a box<Value> const&, under the guard, and
  /// counts as a use of the entry.
  /// \returns whether it was there; false, and visiting() true, where waiting for the guard would never end
  /// \throws  what f and the key's equality throw; then nothing has changed
  /// \complexity O(1) expected, no allocation
  template <class F>
  [[gnu::always_inline]] bool find(hashed<Key> const& k, F&& f) {
    shard_type& s = shards_.of(k.hash);
    reading const lock{shards_, s};
    return lock && s.find(lock.cell(), k, f);
  }

  /// As find, as long as that takes no call out of line. False: nothing was counted or changed, and find may have it.
  template <class F>
  [[gnu::always_inline]] bool glance(hashed<Key> const& k, F&& f) {
    shard_type& s = shards_.of(k.hash);
    reading const lock{s};
    return lock && s.glance(lock.cell(), k, f);
  }

  /// find for many keys, as f(i, box) for those that are there, in no certain order and under the guards of several: memory
  /// is asked for what all of them need before the first is looked at. \returns how many were there \throws as find; what
  /// came before has happened
  template <class F>
  std::size_t find_many(std::span<hashed<Key> const> keys, F&& f) {
    std::size_t there = 0;
    for (std::size_t from = 0; from < keys.size(); from += ahead)
      there += find_some(keys.subspan(from, std::min(ahead, keys.size() - from)),
                         [&] [[gnu::always_inline]] (std::size_t i, box<Value> const& b) { f(from + i, b); });
    return there;
  }

  /// Like find, and leaves no trace.
  template <class F>
  bool peek(hashed<Key> const& k, F&& f) const {
    shard_type& s = shards_.of(k.hash);
    reading const lock{shards_, s};
    return lock && s.peek(lock.cell(), k, f);
  }

  /// A box on its way in: weighed, with a copy of the key where copying is the user's code.
  struct ready {
    box<Value> value;
    std::uint64_t weight;
    std::optional<typename kept_key<Key>::type> key{};
  };
  /// The part of an install that runs the user's code; with nothing held.
  /// \throws  what the weigher and copying the key throw, bad_alloc
  [[nodiscard]] ready prepare(hashed<Key> const& k, box<Value> b) const {
    std::uint64_t weight = b.weighed() ? b.weight() : weigh(b.value());
    if (!b.weighed() && weight <= shard_type::heaviest) weight = b.weigh(static_cast<std::uint32_t>(weight));
    ready r{std::move(b), weight};
    if constexpr (kept_key<Key>::foreign) r.key.emplace(kept_key<Key>::make(k.key));
    return r;
  }

  /// Keeps the box unless the entry's revision is the same or higher; counts as a use of an entry that was there.
  /// \returns see installed; refused also for a value that is heavier than its shard may hold, and from inside a visitor
  ///          that would wait for itself
  /// \throws  what the key's equality throws, bad_alloc; then nothing has changed
  /// \complexity O(1) expected and O(1) per eviction; allocates for a text key that no spare memory fits
  installed install(hashed<Key> const& k, ready r) {
    nobody_asks gone;
    return install(k, std::move(r), gone);
  }
  /// The same, and what leaves for it goes into `gone`: see leavers.hpp. Where that finds no memory, what has left
  /// stays gone.
  template <class Gone>
  installed install(hashed<Key> const& k, ready&& r, Gone& gone) {
    shard_type& s = shards_.of(k.hash);
    for (;;) {
      burials<Key, Value> const later;
      writing const lock{shards_, s};
      if (!lock) return installed::refused;
      step const came = s.install(k, r.value, r.weight, r.key, gone);
      s.settle_some();
      note_spill(s);
      switch (came) {
        case step::yes: return installed::yes;
        case step::older: return installed::older;
        case step::refused: return installed::refused;
        case step::no_key:
          lock.release();
          r.key.emplace(shard_type::kept::make(k.key));
          break;
        case step::no_room:
          lock.release();
          gone.make_room();
          break;
      }
    }
  }
  /// Both steps. \throws what either throws
  installed install(hashed<Key> const& k, box<Value> b) { return install(k, prepare(k, std::move(b))); }

  /// Removes the key's entry if its revision is lower. \returns whether one went; false from inside a visitor that would
  /// wait for itself
  bool erase(hashed<Key> const& k, revision below) noexcept {
    nobody_asks gone;
    return erase(k, revision{}, below, gone);
  }
  /// The same, unless its revision is lower than `from`; and the entry goes into `gone`, which has room for it.
  template <class Gone>
  bool erase(hashed<Key> const& k, revision from, revision below, Gone& gone) noexcept {
    shard_type& s = shards_.of(k.hash);
    burials<Key, Value> const later;
    writing const lock{shards_, s};
    bool const went = lock && s.erase(k, from, below, gone);
    if (!went) return false;
    s.settle();
    note_spill(s);
    return went;
  }

  /// Removes every entry, shard after shard. Drain the uses before, or most of them are lost. Does nothing from inside a
  /// visitor. \complexity linear
  void clear() noexcept {
    if (visiting()) return;
    for (auto& s : shards_) {
      burials<Key, Value> const later;
      writing const lock{shards_, *s};
      s->clear();
      s->settle();
      note_spill(*s);
    }
  }

  [[nodiscard]] std::size_t entries() const noexcept {
    return shards_.sum([](shard_type const& s) { return s.entries(); });
  }
  /// Of the values, as weighed. The entries themselves and their keys come on top, in proportion to the capacity.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return shards_.sum([](shard_type const& s) { return s.bytes(); });
  }
  [[nodiscard]] hot_stats stats() const noexcept {
    hot_stats all;
    for (auto const& s : shards_) s->add_to(all);
    return all;
  }
  [[nodiscard]] options bounds() const noexcept {
    auto now = bounds_;
    now.capacity_entries = entries_bound_.load(std::memory_order_relaxed);
    now.capacity_bytes = bytes_bound_.load(std::memory_order_relaxed);
    return now;
  }

  /// Whether this thread is inside a visitor (or a key's equality) that this tier called.
  /// \complexity one load per shard
  [[nodiscard]] bool visiting() const noexcept { return shards_.visiting(); }

  /// Changes the bound of entries. A shrunken tier keeps its memory until it goes, and its algorithm the ghosts, counts and
  /// shadows of the larger one. The number of shards stays, and each keeps one entry at least, so that none refuses its keys:
  /// the bound is never below that number. Does nothing from inside a visitor. One call at a time.
  /// \throws bad_alloc, open_error as the constructor does; then nothing has changed
  void resize(std::size_t capacity_entries) {
    nobody_asks gone;
    resize(capacity_entries, bytes_bound_.load(std::memory_order_relaxed), gone);
  }
  /// The same, and the bound of bytes, of which each shard has a share as before; and what leaves goes into `gone`. Where
  /// that finds no memory, what has left stays gone, and some shards keep what they were allowed before.
  /// \complexity linear in what leaves; where the tier grows, in what it holds
  template <class Gone>
  void resize(std::size_t capacity_entries, std::size_t capacity_bytes, Gone& gone) {
    if (visiting()) return;
    std::size_t const entries = std::max(checked(capacity_entries), shards_.size());
    std::size_t const bytes = capacity_bytes == 0 ? 0 : std::max(capacity_bytes, shards_.size());
    std::vector<std::optional<typename shard_type::space>> larger(shards_.size());
    for (std::size_t i = 0; i < shards_.size(); ++i)
      if (std::size_t const own = part(entries, i, larger.size()); own > shards_[i].room())
        larger[i].emplace(own, bounds_.eviction, bounds_.pages, hash_);
    for (std::size_t i = 0; i < shards_.size(); ++i) {
      shard_type& s = shards_[i];
      for (bool done = false; !done;) {
        {
          burials<Key, Value> const later;
          writing const lock{shards_, s};
          if (larger[i]) s.move_to(*larger[i]);
          done = s.limit(part(entries, i, larger.size()), bytes_part(bytes, i, larger.size()), gone);
          s.settle();
          note_spill(s);
        }
        if (!done) gone.make_room();
      }
    }
    entries_bound_.store(entries, std::memory_order_relaxed);
    bytes_bound_.store(bytes, std::memory_order_relaxed);
  }

  /// Calls f(key) for every entry, with nothing held: once for each that stays meanwhile. Does nothing from inside a
  /// visitor. \throws what f throws, bad_alloc
  template <class F>
  void keys(F&& f) const {
    if (visiting()) return;
    std::vector<item> some(64);
    for (auto& s : shards_)
      walk<false>(*s, some, [&](std::span<item> got) {
        for (item& one : got) f(shard_type::kept::view(one.key));
      });
  }

  /// Calls f(key, count) with nothing held, for every key read since the last call, and starts again from zero. A key may
  /// come more than once; its counts add up. Does nothing from inside a visitor.
  /// \throws what f throws, and keeps what was not handed out as far as there is room; bad_alloc
  template <class F>
    requires counts_uses
  void drain_uses(F&& f) {
    if (visiting()) return;
    due_.store(false, std::memory_order_relaxed);
    std::vector<item> some(64);
    for (auto& s : shards_) {
      auto const hand_out = [&](std::span<item> got) {
        std::size_t next = 0;
        try {
          for (; next < got.size(); ++next) f(shard_type::kept::view(got[next].key), std::uint64_t{got[next].count});
        } catch (...) {
          burials<Key, Value> const later;
          writing const lock{shards_, *s};
          for (; next < got.size(); ++next) s->put_back(got[next]);
          throw;
        }
      };
      walk<true>(*s, some, hand_out);
      // The spill comes last: an entry that went meanwhile has left its count there.
      for (std::size_t n = some.size(); n == some.size();) {
        {
          burials<Key, Value> const later;
          writing const lock{shards_, *s};
          s->settle();
          n = s->collect_spilled(some);
        }
        hand_out({some.data(), n});
        forget(some);
      }
    }
  }
  /// Whether a spill is half full: drain soon, or counts are lost (K12).
  [[nodiscard]] bool drain_due() const noexcept
    requires counts_uses
  {
    return due_.load(std::memory_order_relaxed);
  }

  /// Whether every shard's structure is sound and within bounds. For tests; with no call running.
  [[nodiscard]] bool valid() const {
    return std::ranges::all_of(shards_, [this](auto const& s) {
      burials<Key, Value> const later;
      writing const lock{shards_, *s};
      return s->valid();
    });
  }

 private:
  static consteval bool fits() {
    if constexpr (Concurrency::access::beside)
      return explain_beside_hits<sound_eviction<Eviction>>();
    else
      return true;
  }
  using concurrency = std::conditional_t<fits(), Concurrency, sharded>;  // the advice shall be the only error
  using eviction_type = typename eviction_for<sound_eviction<Eviction>, typename concurrency::access>::type;
  static constexpr bool beside = concurrency::access::beside;
  using hash_type = typename hash_place<Key, Context>::type;
  using shard_type = shard<Key, Value, eviction_type, counts_uses, concurrency, hash_type>;
  using item = typename shard_type::item;
  using reading = typename shards<shard_type>::reading;
  using writing = typename shards<shard_type>::writing;

  static std::size_t checked(std::size_t capacity_entries) {
    static_assert(most_slots == 268'435'199);
    if constexpr (beside) {  // places for what is in limbo come on top
      constexpr std::size_t most = most_slots - most_slots / 16;
      static_assert(most == 251'658'000 && limbo::places(most) <= most_slots);
      if (capacity_entries > most)
        throw open_error{error{errc::rejected, strata::tier::hot, "capacity_entries must be at most 251658000"}};
    }
    if (capacity_entries == 0 || capacity_entries > most_slots)
      throw open_error{error{errc::rejected, strata::tier::hot, "capacity_entries must be between 1 and 268435199"}};
    return capacity_entries;
  }

  static constexpr std::size_t least = 4096;                          // entries of a shard
  static constexpr std::size_t least_bytes = std::size_t{64} << 20U;  // and of its share, so that large values fit

  static constexpr std::size_t ahead = 64;  // keys of find_many at once: with 32 a million take an eighth longer

  template <class F>
  std::size_t find_some(std::span<hashed<Key> const> keys, F f) {
    struct asked {
      shard_type* in;
      typename shard_type::cell* by;
      std::uint32_t which;
      slot at;
    };
    std::array<asked, ahead> all;
    std::size_t taken = 0;
    std::size_t there = 0;
    std::uint64_t later = 0;  // those whose shard was taken, or has no room for another note
    auto const find_one = [&](std::size_t i) {
      return [&f, i] [[gnu::always_inline]] (box<Value> const& b) { f(i, b); };
    };
    {
      readings<shard_type, Concurrency::most_shards> locks;
      for (std::uint32_t i = 0; i < keys.size(); ++i) {
        std::size_t const number = shards_.number_of(keys[i].hash);
        shard_type& s = shards_[number];
        if (auto* const by = locks.take(number, s)) [[likely]] {
          s.prefetch_bucket(kept_hash(keys[i].hash));
          all[taken++] = {&s, by, i, no_slot};
        } else {
          later |= std::uint64_t{1} << i;
        }
      }
      std::span<asked> const some{all.data(), taken};
      for (asked& one : some) one.at = one.in->prefetch_entry(kept_hash(keys[one.which].hash));
      if constexpr (!shard_type::all_in_place)
        for (asked& one : some) one.in->prefetch_content(one.at = one.in->confirm(keys[one.which], one.at));
      for (asked const& one : some) {
        if (one.by->full()) {
          later |= std::uint64_t{1} << one.which;
          continue;
        }
        slot at = one.at;
        if constexpr (shard_type::all_in_place) at = one.in->confirm(keys[one.which], at);
        auto f_of_one = find_one(one.which);
        there += one.in->find(*one.by, keys[one.which], at, f_of_one);
      }
    }
    for (; later != 0; later &= later - 1) {
      auto const i = static_cast<std::size_t>(std::countr_zero(later));
      there += find(keys[i], find_one(i));
    }
    return there;
  }

  static std::size_t shards_for(options const& settings) {
    std::size_t wanted = checked(settings.capacity_entries) / least;
    if (settings.capacity_bytes != 0) wanted = std::min(wanted, settings.capacity_bytes / least_bytes);
    return std::bit_floor(std::clamp<std::size_t>(wanted, 1, Concurrency::most_shards));
  }
  // What of a bound is for shard i of so many.
  static std::size_t part(std::size_t whole, std::size_t i, std::size_t number) noexcept {
    return whole / number + (i < whole % number ? 1 : 0);
  }
  static std::uint64_t bytes_part(std::size_t whole, std::size_t i, std::size_t number) noexcept {
    return whole == 0 ? std::numeric_limits<std::uint64_t>::max() / 2 : part(whole, i, number);
  }

  void note_spill(shard_type const& s) noexcept {
    if constexpr (counts_uses)
      if (s.spill_half_full()) due_.store(true, std::memory_order_relaxed);
  }

  // Hands out copies of a shard's keys in portions, the lock held for copying only.
  template <bool Used, class F>
  void walk(shard_type& s, std::vector<item>& some, F&& f) const {
    std::size_t wanted = 0;
    slot from = 0;
    for (std::size_t n = some.size(); n == some.size() || wanted != 0;) {
      {
        burials<Key, Value> const later;
        writing const lock{shards_, s};
        n = s.template collect<Used>(from, some, wanted);
      }
      f(std::span{some.data(), n});
      forget(some);
      if (wanted != 0) shard_type::kept::prepare(some[0].key, wanted);
    }
  }
  static void forget(std::vector<item>& some) noexcept {
    if constexpr (shard_type::kept::foreign)
      for (item& one : some) one.key = {};
  }

  struct nothing {};
  [[no_unique_address]] hash_type hash_;
  shards<shard_type> shards_;
  options const bounds_;                                  // but for those
  std::atomic<std::size_t> entries_bound_, bytes_bound_;  // that a resize changes while others ask
  [[no_unique_address]] std::conditional_t<counts_uses, std::atomic<bool>, nothing> due_{};
};

}  // namespace strata::hot::engine
