// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hit.hpp>
#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/biased_lock.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/guard.hpp>
#include <strata/hot/engine/index.hpp>
#include <strata/hot/engine/kept_key.hpp>
#include <strata/hot/engine/leavers.hpp>
#include <strata/hot/engine/limbo.hpp>
#include <strata/hot/engine/memory.hpp>
#include <strata/hot/engine/slab.hpp>
#include <strata/hot/engine/stats.hpp>
#include <strata/hot/engine/uses.hpp>
#include <strata/key.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

// A shard: index, slab and eviction algorithm under one lock. Its functions want the lock to be held, those that look for
// reading and say by which cell, those that change anything for writing, with `burials` open outside it. They call no
// user code but the key's equality and find's visitor, and either throw before they change anything or do not throw.
// Where hits run beside writers (see epoch.hpp), an entry is filled before it can be found and never changed while it can; what
// goes or is replaced lies in limbo until nobody looks at it any more.
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

/// Whether a reader comes to no other entry once he has found his.
enum class stays : bool { no, yes };

template <class Key, class Value, eviction Eviction, bool Counted, class Concurrency, class Hash>
class alignas(64) shard {
 public:
  using access = typename Concurrency::access;
  using lock_type = typename Concurrency::template lock<Eviction::needs, Counted>;
  using cell = typename lock_type::cell;
  using kept = kept_key<Key>;
  using item = key_uses<Key>;
  using entry_type = entry<Key, Value, typename Eviction::node, Counted, Hash>;

  using settings = typename settings_of<Eviction>::type;
  static constexpr bool keeps_hash = std::same_as<Hash, hash_in_entry>;

  using limbo_type = std::conditional_t<access::beside, engine::limbo, no_limbo>;

  /// What resize prepares with nothing held.
  struct space {
    space(std::size_t entries, settings const& given, pages kind, Hash const& hash)
        : slab{limbo_type::places(entries), kind, hash},
          index{entries, kind},
          order{make_eviction<Eviction>(given, entries)},
          limbo{entries} {}
    engine::slab<entry_type, Hash, access> slab;
    basic_slot_index<access> index;
    [[no_unique_address]] alignas(std::max(access::apart, alignof(Eviction))) Eviction order;
    [[no_unique_address]] limbo_type limbo;
  };

  shard(std::size_t most_entries, std::uint64_t most_bytes, settings const& given, pages kind, Hash const& hash)
      : space_{most_entries, given, kind, hash}, most_entries_{most_entries}, most_bytes_{most_bytes} {}

  template <stays Stays = stays::yes, class F>
  [[gnu::always_inline]] bool find(cell& mine, hashed<Key> const& k, F& f) {
    slot at = no_slot;
    auto seen = look_near(k, at);
    if (seen == sight::unsure) [[unlikely]]
      seen = (at = look_far(k.key, k.hash)) != no_slot ? sight::there : sight::absent;
    if (seen == sight::there)
      use<Stays>(mine, at, f);
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
    use<stays::yes>(mine, at, f);
    return true;
  }

  template <class F>
  bool peek(cell& mine, hashed<Key> const& k, F& f) const {
    slot const at = look_up(k);
    if (at == no_slot) return false;
    if constexpr (access::beside) mine.keep_to(at);
    f(space_.slab[at].value);
    return true;
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
  [[nodiscard, gnu::always_inline]] slot confirm(hashed<Key> const& k, slot at) const noexcept {
    if (at != no_slot && !likely(at, k)) [[unlikely]]
      at = space_.index.find(kept_hash(k.hash), [&](slot i) { return likely(i, k); });
    return at;
  }
  /// Whether keys and values stand in their entries, so that confirm may come last.
  static constexpr bool all_in_place = !keeps_hash && held_inline<Value>;
  /// \param at  what confirm gave
  void prefetch_content(slot at) const noexcept {
    if (at == no_slot) return;
    kept::prefetch(space_.slab[at].key);
    space_.slab[at].value.prefetch();
  }
  /// find, with what confirm gave.
  template <class F>
  [[gnu::always_inline]] bool find(cell& mine, hashed<Key> const& k, slot at, F& f) {
    if (at == no_slot) {
      mine.misses.add(1);
      return false;
    }
    if constexpr (keeps_hash)
      if (!kept::equal(space_.slab[at].key, k.key)) [[unlikely]]
        return find_another(mine, k, f);
    use<stays::no>(mine, at, f);
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
        slot now = at;
        if constexpr (access::beside) {
          if (!own && !kept::assign(spare_, k.key)) return step::no_key;
          now = fill(k, b, own);
        }
        bytes_.set(bytes_ - e.value.weight() + weight);
        if constexpr (access::beside) space_.order.on_move(space_.slab.nodes(), at, now);
        if constexpr (requires { space_.order.on_weight(space_.slab.nodes(), now, std::uint32_t{}); })
          space_.order.on_weight(space_.slab.nodes(), now, static_cast<std::uint32_t>(weight));
        if constexpr (access::beside) {
          space_.index.replace(kept_hash(k.hash), at, now);
          outlive(at, now, gone);
        } else {
          e.value.swap(b);
          gone.take_replaced(b);
        }
        if (!idle(now)) touch(now);
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
      step const went = evict(who, gone);
      if (went == step::refused) refused_.add(1);
      if (went != step::yes) return went;
    }
    slot const i = fill(k, b, own);
    space_.order.on_insert(space_.slab.nodes(), i, k.hash, who.weight);
    space_.index.insert(kept_hash(k.hash), i);
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
    if constexpr (access::beside) {
      box<Value> last{space_.slab[at].value};
      remove(at, unasked);
      gone.take_asked(last);
    } else {
      remove(at, gone);
    }
    return true;
  }

  void clear() noexcept {
    for (slot i = 0; i < space_.slab.touched(); ++i)
      if (lives(i)) remove(i, unasked);
  }

  /// Evicts what is too much and sets the bounds, as near to those as it gets before `gone` is full. \returns whether they
  /// are what they should be
  template <class Gone>
  bool limit(std::size_t most_entries, std::uint64_t most_bytes, Gone& gone) noexcept {
    bool room = true;
    for (step went = step::yes; (entries_ > most_entries || bytes_ > most_bytes) && went == step::yes;) {
      went = gone.full() ? step::no_room : evict(nobody, gone);
      room = went != step::no_room;
    }
    most_entries_ = room ? most_entries : std::max<std::size_t>(most_entries, entries_);
    most_bytes_ = room ? most_bytes : std::max<std::uint64_t>(most_bytes, bytes_);
    return room;
  }

  /// Moves into a larger space, every entry keeping its slot; what is not used any more comes back.
  void move_to(space& larger) noexcept {
    if (larger.slab.size() <= space_.slab.size()) return;
    if constexpr (access::beside) {
      lock.close();
      space_.limbo.wait_for(0);
      space_.limbo.pass([](slot) { return false; }, [&](slot i) { let_go(i, unasked); });
    }
    if constexpr (Counted && !access::beside) {
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
    if constexpr (access::beside) {
      std::swap(space_.limbo, larger.limbo);
      lock.open();
    }
  }
  /// How many entries the shard has room for.
  [[nodiscard]] std::size_t room() const noexcept {
    if constexpr (access::beside)
      return space_.limbo.entries();
    else
      return space_.slab.size();
  }

  /// Lets go of what is in limbo and nobody looks at any more.
  void settle() noexcept {
    if constexpr (access::beside) {
      auto& limbo = space_.limbo;
      for (bool first = false; !first && limbo.size() != 0;) {
        first = !limbo.waits();
        if (first) limbo.wait_for(lock.begin_epoch());
        std::array<slot, lock_type::most_readers> held;
        std::size_t n = 0;
        if (!lock.past(limbo.epoch(), [&](slot i) { held[n++] = i; })) break;
        limbo.pass([&](slot i) { return std::ranges::contains(std::span{held}.first(n), i); },
                   [&](slot i) { let_go(i, unasked); });
      }
      limbo.put_off();
    }
  }
  /// The same once it is worth it, for who has changed one entry.
  void settle_some() noexcept {
    if constexpr (access::beside)
      if (space_.limbo.due()) settle();
  }
  /// Whether a place for one more entry has to be waited for.
  [[nodiscard]] bool full() const noexcept { return space_.slab.full(); }

  /// Copies keys from slot `from` on, of all entries or, taking the counts, of the used ones. \returns how many;
  /// `wanted` is set when the next key needs that many bytes in its place
  template <bool Used>
  std::size_t collect(slot& from, std::span<item> into, std::size_t& wanted) noexcept {
    std::size_t n = 0;
    for (wanted = 0; from < space_.slab.touched() && n < into.size(); ++from) {
      if (!lives(from)) continue;
      entry_type& e = space_.slab[from];
      if constexpr (Used) {
        add_up_uses(from);
        if (used(e) == 0) continue;
      }
      wanted = kept::share(e.key, into[n].key);
      if (wanted != 0) break;
      if constexpr (Used) into[n].count = take_uses(e);
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
      if (!lives(i)) continue;
      entry_type const& e = space_.slab[i];
      ++live;
      weight += e.value.weight();
      if (space_.index.find(space_.slab.hash(i), [&](slot j) { return j == i; }) != i) return false;
    }
    bool sound = live == entries_ && weight == bytes_ && live <= most_entries_ && weight <= most_bytes_ &&
                 space_.index.count() == live && (live != 0 || space_.index.unpassed()) &&
                 space_.slab.dead() + live + space_.limbo.size() == space_.slab.touched();
    if constexpr (requires { space_.order.valid(space_.slab.nodes(), live); })
      sound = sound && space_.order.valid(space_.slab.nodes(), live);
    return sound;
  }

  mutable lock_type lock;
  static constexpr std::uint64_t heaviest = (~std::uint32_t{} >> 1U) - 1;

 private:
  enum class sight : std::uint8_t { there, absent, unsure };

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
    return find<stays::no>(mine, k, f);
  }
  [[gnu::noinline]] slot look_far(key_view<Key> key, std::uint64_t hash) const { return look_up({key, hash}); }
  slot look_up(hashed<Key> const& k) const {
    return space_.index.find(kept_hash(k.hash),
                             [&](slot i) { return likely(i, k) && kept::equal(space_.slab[i].key, k.key); });
  }

  template <stays Stays, class F>
  [[gnu::always_inline]] void use(cell& mine, slot at, F& f) {
    entry_type& e = space_.slab[at];
    if constexpr (access::beside && Stays == stays::yes) mine.keep_to(at);
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
      if constexpr (!access::beside)
        if (lock.alone(mine)) return void(e.uses += e.uses < most_uses);
      if constexpr (requires { mine.uses.add(at); })
        if (mine.uses.add(at)) [[likely]]
          return;
      if constexpr (access::beside || requires { mine.uses.add(at); }) {
        std::atomic_ref<std::uint32_t> const uses{e.uses};
        if (uses.load(std::memory_order_relaxed) < most_uses) uses.fetch_add(1, std::memory_order_relaxed);
      }
    }
  }
  [[nodiscard]] static std::uint32_t used(entry_type& e) noexcept { return access::get(e.uses); }
  static std::uint32_t take_uses(entry_type& e) noexcept {
    if constexpr (access::beside)
      return std::atomic_ref{e.uses}.exchange(0, std::memory_order_relaxed);
    else
      return std::exchange(e.uses, 0);
  }
  // What readers counted apart comes to the entry.
  void add_up_uses([[maybe_unused]] slot i) noexcept {
    if constexpr (Counted && !access::beside) {
      std::uint64_t uses = space_.slab[i].uses;
      lock.each_uses([&](auto& own) { uses += own.take(i); });
      space_.slab[i].uses = static_cast<std::uint32_t>(std::min<std::uint64_t>(uses, most_uses));
    }
  }
  static constexpr std::uint32_t most_uses = ~std::uint32_t{} - 0xFFFF;  // so that many readers can add what they have

  // A dead entry comes to life, but nobody finds it yet.
  [[gnu::always_inline]] slot fill(hashed<Key> const& k, box<Value>& b,
                                   std::optional<typename kept::type>& own) noexcept {
    slot const i = space_.slab.take();
    entry_type& e = space_.slab[i];
    if (own) std::swap(spare_, *own);
    std::swap(e.key, spare_);  // the spare now has the memory of the slot's last key
    e.value.fill(b);
    if constexpr (keeps_hash) e.hash = kept_hash(k.hash);
    e.uses = {};
    return i;
  }

  template <class Gone>
  step evict(newcomer const& who, Gone& gone) noexcept {
    slot const i = space_.order.victim(space_.slab.nodes(), who);
    if (i == no_slot) return step::refused;
    if constexpr (access::beside)
      if (!gone.fits(space_.slab[i].key)) return step::no_room;
    remove(i, gone);
    evictions_.add(1);
    return step::yes;
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
    if constexpr (access::beside) {
      gone.take_copy(e.key, e.value);
      space_.limbo.add(i);
    } else {
      let_go(i, gone);
    }
  }
  // The entry has been replaced by another, as whose value its own goes.
  template <class Gone>
  void outlive(slot old, slot now, Gone& gone) noexcept {
    entry_type& e = space_.slab[old];
    if constexpr (Counted) std::atomic_ref{space_.slab[now].uses}.fetch_add(take_uses(e), std::memory_order_relaxed);
    if constexpr (Gone::asks) {
      box<Value> last{e.value};
      gone.take_replaced(last);
    }
    space_.limbo.add(old);
  }
  // Nobody can look at it any more.
  template <class Gone>
  [[gnu::always_inline]] void let_go(slot i, Gone& gone) noexcept {
    entry_type& e = space_.slab[i];
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

  // Whether it is an entry; what is dead has no value, what is in limbo has one and is not found.
  [[nodiscard]] bool lives(slot i) const noexcept {
    if (!space_.slab[i].value) return false;
    if constexpr (access::beside)
      return space_.index.find(space_.slab.hash(i), [i](slot j) noexcept { return j == i; }) == i;
    else
      return true;
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
