// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/biased_lock.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/guard.hpp>
#include <strata/hot/engine/index.hpp>
#include <strata/hot/engine/kept_key.hpp>
#include <strata/hot/engine/leavers.hpp>
#include <strata/hot/engine/memory.hpp>
#include <strata/hot/engine/slab.hpp>
#include <strata/hot/engine/stats.hpp>
#include <strata/hot/engine/uses.hpp>
#include <strata/key.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

// A shard: index, slab and eviction algorithm under one lock. Its functions want the lock to be held, those that look for
// reading and say by which cell, those that change anything for writing, with `burials` open outside it. They call no
// user code but the key's equality and find's visitor, and either throw before they change anything or do not throw.
namespace strata::hot::engine {

/// Put before a lock: values and keys that go while it is held are destroyed after it.
template <class Key, class Value>
struct burials {
  typename box<Value>::burial values{};
  [[no_unique_address]] typename kept_key<Key>::burial keys{};
};

/// How far an install came.
enum class step : std::uint8_t {
  yes,
  older,
  refused,
  no_key,   ///< the key cannot be copied here: make one with nothing held, then again
  no_room,  ///< for those that leave: make some with nothing held, then again
};

template <class Key, class Value, eviction Eviction, bool Counted, class Concurrency, class Hash>
class alignas(64) shard {
 public:
  using lock_type = typename Concurrency::template lock<Eviction::needs, Counted>;
  using cell = typename lock_type::cell;
  using kept = kept_key<Key>;
  using item = key_uses<Key>;
  using entry_type = entry<Key, Value, typename Eviction::node, Counted, Hash>;

  using settings = typename settings_of<Eviction>::type;

  /// What resize prepares with nothing held.
  struct space {
    space(std::size_t entries, settings const& given, pages kind, Hash const& hash)
        : slab{entries, kind, hash}, index{entries, kind}, order{make_eviction<Eviction>(given, entries)} {}
    engine::slab<entry_type, Hash> slab;
    slot_index index;
    [[no_unique_address]] Eviction order;
  };

  shard(std::size_t most_entries, std::uint64_t most_bytes, settings const& given, pages kind, Hash const& hash)
      : space_{most_entries, given, kind, hash}, most_entries_{most_entries}, most_bytes_{most_bytes} {}

  template <class F>
  [[gnu::always_inline]] bool find(cell& mine, hashed<Key> const& k, F& f) {
    slot at = no_slot;
    auto seen = look_near(k, at);
    if (seen == sight::unsure) [[unlikely]]
      seen = (at = look_far(k.key, k.hash)) != no_slot ? sight::there : sight::absent;
    if (seen == sight::there)
      use(mine, at, f);
    else
      mine.misses.add(1);
    return seen == sight::there;
  }

  /// As find, where look_near is enough. It calls nothing but f, so that a hit saves no registers for a call. False:
  /// not seen near, not counted.
  template <class F>
  [[gnu::always_inline]] bool glance(cell& mine, hashed<Key> const& k, F& f) {
    slot at = no_slot;
    if (look_near(k, at) != sight::there) return false;
    use(mine, at, f);
    return true;
  }

  template <class F>
  bool peek(hashed<Key> const& k, F& f) const {
    slot const at = look_up(k);
    if (at != no_slot) f(space_.slab[at].value);
    return at != no_slot;
  }

  // The steps by which many keys are found at once, each asking memory for what the next one reads.
  void prefetch_bucket(std::uint32_t hash) const noexcept { space_.index.prefetch(hash); }
  [[nodiscard]] slot prefetch_entry(std::uint32_t hash) const noexcept {
    slot first = no_slot;
    space_.index.guess(hash, [&](slot at) {
      if (first == no_slot) first = at;
      space_.slab.prefetch(at);
    });
    return first;
  }
  /// \param at  what prefetch_entry gave \returns the entry with the key's hash; no_slot: there is none
  [[nodiscard]] slot prefetch_content(hashed<Key> const& k, slot at) const noexcept {
    if (at != no_slot && !likely(at, k)) [[unlikely]]
      at = space_.index.find(kept_hash(k.hash), [&](slot i) { return likely(i, k); });
    if (at == no_slot) return at;
    kept::prefetch(space_.slab[at].key);
    space_.slab[at].value.prefetch();
    return at;
  }
  /// find, with what prefetch_content gave.
  template <class F>
  [[gnu::always_inline]] bool find(cell& mine, hashed<Key> const& k, slot at, F& f) {
    if (at == no_slot) {
      mine.misses.add(1);
      return false;
    }
    if (!kept::equal(space_.slab[at].key, k.key)) [[unlikely]]
      return find_another(mine, k, f);
    use(mine, at, f);
    return true;
  }

  /// What readers noted, told to the algorithm. First of all after the lock was taken for writing.
  void hear(std::span<slot const> hits) noexcept {
    for (slot const i : hits) touch(i);
  }

  /// Moves the box in. \param gone  takes what leaves
  template <class Gone>
  step install(hashed<Key> const& k, box<Value>& b, std::uint64_t weight, std::optional<typename kept::type>& own,
               Gone& gone) {
    slot const at = look_up(k);
    if (gone.full()) return step::no_room;
    if (at != no_slot) {
      entry_type& e = space_.slab[at];
      if (e.value.revision() >= b.revision()) return step::older;
      if (weight <= heaviest && bytes_ - e.value.weight() + weight <= most_bytes_) {
        bytes_.set(bytes_ - e.value.weight() + weight);
        if constexpr (requires { space_.order.on_weight(space_.slab.nodes(), at, std::uint32_t{}); })
          space_.order.on_weight(space_.slab.nodes(), at, static_cast<std::uint32_t>(weight));
        e.value.swap(b);
        gone.take_replaced(b);
        if (!idle(at)) touch(at);
        return step::yes;
      }
    }
    if (weight > most_bytes_ || weight > heaviest) {
      if (at != no_slot) replace(at, gone);
      refused_.add(1);
      return step::refused;
    }
    if (!own && !kept::assign(spare_, k.key)) return step::no_key;

    // From here on nothing throws. A value that outgrew its entry comes as a newcomer.
    newcomer const who{k.hash, static_cast<std::uint32_t>(weight)};
    if (at != no_slot) replace(at, gone);
    while (entries_ >= most_entries_ || bytes_ + weight > most_bytes_) {
      if (gone.full()) return step::no_room;
      if (!evict(who, gone)) {
        refused_.add(1);
        return step::refused;
      }
    }
    slot const i = space_.slab.take();
    entry_type& e = space_.slab[i];
    if (own) std::swap(spare_, *own);
    std::swap(e.key, spare_);  // the spare now has the memory of the slot's last key
    e.value.fill(b);
    if constexpr (keeps_hash) e.hash = kept_hash(k.hash);
    e.uses = {};
    space_.index.insert(kept_hash(k.hash), i);
    space_.order.on_insert(space_.slab.nodes(), i, k.hash, who.weight);
    entries_.add(1);
    bytes_.add(weight);
    return step::yes;
  }

  /// Where the key's equality throws, an equal hash is taken for an equal key: too much may go, never too little.
  template <class Gone>
  bool erase(hashed<Key> const& k, revision from, revision below, Gone& gone) noexcept {
    slot const at = space_.index.find(kept_hash(k.hash), [&](slot i) noexcept {
      if (!likely(i, k)) return false;
      try {
        return static_cast<bool>(kept::view(space_.slab[i].key) == k.key);
      } catch (...) {
        return true;
      }
    });
    if (at == no_slot) return false;
    revision const its = space_.slab[at].value.revision();
    if (its < from || its >= below) return false;
    remove(at, gone);
    return true;
  }

  void clear() noexcept {
    for (slot i = 0; i < space_.slab.touched(); ++i)
      if (space_.slab[i].value) remove(i, unasked);
  }

  /// Evicts what is too much and sets the bounds, as near to those as it gets before `gone` is full. \returns whether they
  /// are what they should be
  template <class Gone>
  bool limit(std::size_t most_entries, std::uint64_t most_bytes, Gone& gone) noexcept {
    bool room = true;
    while ((entries_ > most_entries || bytes_ > most_bytes) && (room = !gone.full()) && evict(nobody, gone)) {
    }
    most_entries_ = room ? most_entries : std::max<std::size_t>(most_entries, entries_);
    most_bytes_ = room ? most_bytes : std::max<std::uint64_t>(most_bytes, bytes_);
    return room;
  }

  /// Moves into a larger space, every entry keeping its slot; what is not used any more comes back.
  void move_to(space& larger) noexcept {
    if (larger.slab.size() <= space_.slab.size()) return;
    if constexpr (Counted) {
      for (slot i = 0; i < space_.slab.touched(); ++i) add_up_uses(i);
      lock.unmake_uses();  // there is one for each place of the slab that was
    }
    larger.slab.take_over(space_.slab);
    for (slot i = 0; i < larger.slab.touched(); ++i)
      if (larger.slab[i].value) larger.index.insert(larger.slab.hash(i), i);
    space_.slab.swap(larger.slab);
    std::swap(space_.index, larger.index);
    if constexpr (sized_eviction<Eviction>) {
      larger.order.take_over(space_.order);
      std::swap(space_.order, larger.order);
    }
  }
  [[nodiscard]] std::size_t room() const noexcept { return space_.slab.size(); }

  /// Copies keys from slot `from` on, of all entries or, taking the counts, of the used ones. \returns how many;
  /// `wanted` is set when the next key needs that many bytes in its place
  template <bool Used>
  std::size_t collect(slot& from, std::span<item> into, std::size_t& wanted) noexcept {
    std::size_t n = 0;
    for (wanted = 0; from < space_.slab.touched() && n < into.size(); ++from) {
      entry_type& e = space_.slab[from];
      if (!e.value) continue;
      if constexpr (Used) {
        add_up_uses(from);
        if (e.uses == 0) continue;
      }
      wanted = kept::share(e.key, into[n].key);
      if (wanted != 0) break;
      if constexpr (Used) into[n].count = std::exchange(e.uses, 0);
      ++n;
    }
    return n;
  }
  std::size_t collect_spilled(std::span<item> into) noexcept {
    std::size_t n = 0;
    while (n < into.size() && spill_.take(into[n])) ++n;
    return n;
  }
  void put_back(item& uses) noexcept {
    if (!spill_.add(uses.key, uses.count)) uses_lost_.add(uses.count);
  }
  [[nodiscard]] bool spill_half_full() const noexcept { return spill_.size() * 2 >= spill_.room; }

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }
  void add_to(hot_stats& sum) const noexcept {
    for (cell const& c : lock.cells()) {
      sum.hits += c.hits;
      sum.misses += c.misses;
    }
    sum.evictions += evictions_;
    sum.refused += refused_;
    sum.uses_lost += uses_lost_;
    sum.entries += entries_;
    sum.bytes += bytes_;
  }

  /// Whether index, slab, eviction and counts agree and keep the bounds. For tests. \complexity linear
  [[nodiscard]] bool valid() const {
    std::size_t live = 0;
    std::uint64_t weight = 0;
    for (slot i = 0; i < space_.slab.touched(); ++i) {
      entry_type const& e = space_.slab[i];
      if (!e.value) continue;
      ++live;
      weight += e.value.weight();
      if (space_.index.find(space_.slab.hash(i), [&](slot j) { return j == i; }) != i) return false;
    }
    bool sound = live == entries_ && weight == bytes_ && live <= most_entries_ && weight <= most_bytes_ &&
                 space_.index.count() == live && (live != 0 || space_.index.unpassed()) &&
                 space_.slab.dead() + live == space_.slab.touched();
    if constexpr (requires { space_.order.valid(space_.slab.nodes(), live); })
      sound = sound && space_.order.valid(space_.slab.nodes(), live);
    return sound;
  }

  mutable lock_type lock;
  static constexpr std::uint64_t heaviest = (~std::uint32_t{} >> 1U) - 1;

 private:
  enum class sight : std::uint8_t { there, absent, unsure };

  static constexpr bool keeps_hash = std::same_as<Hash, hash_in_entry>;

  // Whether the entry has the key's hash: it is all but certain to be the one, and without a hash it is.
  [[gnu::always_inline]] bool likely(slot i, hashed<Key> const& k) const noexcept {
    if constexpr (keeps_hash)
      return space_.slab[i].hash == kept_hash(k.hash);
    else
      return space_.slab[i].key == k.key;
  }
  // Looks for the hash, and compares the key of the first that has it.
  [[gnu::always_inline]] sight look_near(hashed<Key> const& k, slot& at) const {
    std::uint32_t const hash = kept_hash(k.hash);
    if (space_.index.find_near(hash, at, [&](slot i) { return likely(i, k); })) [[likely]]
      return kept::equal(space_.slab[at].key, k.key) ? sight::there : sight::unsure;
    return space_.index.all_near(hash) ? sight::absent : sight::unsure;
  }
  // Out of line: two of the same hash are rare.
  template <class F>
  [[gnu::noinline]] bool find_another(cell& mine, hashed<Key> const& k, F& f) {
    return find(mine, k, f);
  }
  [[gnu::noinline]] slot look_far(key_view<Key> key, std::uint64_t hash) const { return look_up({key, hash}); }
  slot look_up(hashed<Key> const& k) const {
    return space_.index.find(kept_hash(k.hash),
                             [&](slot i) { return likely(i, k) && kept::equal(space_.slab[i].key, k.key); });
  }

  template <class F>
  [[gnu::always_inline]] void use(cell& mine, slot at, F& f) {
    entry_type& e = space_.slab[at];
    f(std::as_const(e.value));
    if constexpr (Eviction::needs == hit_needs::exclusive)
      mine.note(at, idle(at));
    else
      touch(at);
    count_use(e, mine, at);
    mine.hits.add(1);
  }

  [[gnu::always_inline]] void touch(slot i) noexcept {
    if constexpr (Eviction::needs != hit_needs::nothing) space_.order.on_hit(space_.slab.nodes(), i);
  }
  [[nodiscard, gnu::always_inline]] bool idle([[maybe_unused]] slot i) noexcept {
    if constexpr (requires { space_.order.idle(space_.slab.nodes(), i); })
      return space_.order.idle(space_.slab.nodes(), i);
    else
      return false;
  }
  [[gnu::always_inline]] void count_use([[maybe_unused]] entry_type& e, [[maybe_unused]] cell& mine,
                                        [[maybe_unused]] slot at) noexcept {
    if constexpr (Counted) {
      if (lock.alone(mine)) return void(e.uses += e.uses < most_uses);
      if constexpr (requires { mine.uses.add(at); }) {
        if (mine.uses.add(at)) [[likely]]
          return;
        std::atomic_ref<std::uint32_t> const uses{e.uses};
        if (uses.load(std::memory_order_relaxed) < most_uses) uses.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
  // What readers counted apart comes to the entry.
  void add_up_uses([[maybe_unused]] slot i) noexcept {
    if constexpr (Counted) {
      std::uint64_t uses = space_.slab[i].uses;
      lock.each_uses([&](auto& own) { uses += own.take(i); });
      space_.slab[i].uses = static_cast<std::uint32_t>(std::min<std::uint64_t>(uses, most_uses));
    }
  }
  static constexpr std::uint32_t most_uses = ~std::uint32_t{} - 0xFFFF;  // so that many readers can add what they have

  template <class Gone>
  bool evict(newcomer const& who, Gone& gone) noexcept {
    slot const i = space_.order.victim(space_.slab.nodes(), who);
    if (i == no_slot) return false;
    remove(i, gone);
    evictions_.add(1);
    return true;
  }

  // The entry goes, and its value with it as one that another took the place of.
  template <class Gone>
  void replace(slot i, Gone& gone) noexcept {
    box<Value> last{space_.slab[i].value};
    remove(i, unasked);
    gone.take_replaced(last);
  }

  template <class Gone>
  void remove(slot i, Gone& gone) noexcept {
    entry_type& e = space_.slab[i];
    space_.index.erase(space_.slab.hash(i), i);
    space_.order.on_erase(space_.slab.nodes(), i);
    entries_.set(entries_ - 1);
    bytes_.set(bytes_ - e.value.weight());
    if constexpr (Counted) {
      add_up_uses(i);
      if (e.uses != 0 && !spill_.add(e.key, e.uses)) uses_lost_.add(e.uses);
    }
    box<Value> last = e.value.take();
    if (!last) __builtin_unreachable();  // every entry has a value: who lets it go need not ask
    gone.take(e.key, last);
    if constexpr (kept::foreign) e.key = {};  // else its memory serves the slot's next key
    space_.slab.give(i);
  }

  static inline nobody_asks unasked;

  space space_;
  typename kept::type spare_{};  // where the next key is copied before anything changes
  std::size_t most_entries_;
  std::uint64_t most_bytes_;
  counter entries_, bytes_, evictions_, refused_, uses_lost_;
  [[no_unique_address]] spill<Key, Counted> spill_;
};

}  // namespace strata::hot::engine
