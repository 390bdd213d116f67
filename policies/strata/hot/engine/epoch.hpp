// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/guard.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

// Readers that take no lock, and how a writer knows when nobody looks at what he took out any more. Each thread number has a
// cell, on a line that no other reader writes. Who reads takes it, notes the epoch that it is and looks for his entry; once
// he has found it he notes that entry instead, for he comes to no other. A writer lets the next epoch begin after what he
// took out cannot be found any more: whoever is out then, or noted that epoch or a later one, never finds it, and whoever
// noted an entry holds up that entry alone. So who looks long at one value keeps nobody from writing, and from being read.
// A cell is taken by an exchange, which comes to all before the look at the epoch does; without, the writer could miss a
// reader whom its own processor has not told of yet.
// Rejected: entries held up by an epoch alone, as RCU does, since one slow reader then holds up all that comes after him; and
// hazard pointers alone, since each entry that a search touches would have to be noted and then looked for once more.
// Source: Fraser: "Practical lock-freedom", 2004 (epochs); Michael: "Hazard Pointers", IEEE TPDS 2004 (the noted entry).
namespace strata::hot::engine {

/// What a reader holds.
template <class Machine>
struct alignas(64) epoch_cell {
  basic_spin_lock<Machine> lock;
  counter hits, misses;

  [[nodiscard]] static constexpr bool full() noexcept { return false; }
  /// From here on until he leaves he touches no other entry.
  [[gnu::always_inline]] void keep_to(slot i) noexcept {
    where_.store(std::uint64_t{i} << 1U | at_an_entry, std::memory_order_release);
  }
  [[gnu::always_inline]] void leave() noexcept {
    where_.store(0, std::memory_order_relaxed);  // else it would seem to be where the next one is
    lock.unlock();
  }

  [[gnu::always_inline]] void enter(std::uint64_t epoch) noexcept {
    where_.store(epoch << 1U, std::memory_order_release);
  }
  /// Whether nobody here comes to what was taken out before that epoch began, but to what is shown to keeps(slot).
  template <class Keeps>
  [[nodiscard]] bool past(std::uint64_t epoch, Keeps& keeps) const noexcept {
    if (lock.free()) return true;
    std::uint64_t const seen = where_.load(std::memory_order_acquire);
    if ((seen & at_an_entry) == 0) return seen >> 1U >= epoch;
    keeps(static_cast<slot>(seen >> 1U));
    return true;
  }

 private:
  static constexpr std::uint64_t at_an_entry = 1;

  typename Machine::template atomic<std::uint64_t> where_{
      0};  // twice the epoch, or twice the entry and one; zero: unknown
};

/// Where readers of a shard have cells, and its writers a word. Threads that share a number read under the word when they
/// meet, and then keep writers out.
template <class Machine = machine>
class epoch_lock {
 public:
  using word_type = basic_spin_lock<Machine>;
  using cell = epoch_cell<Machine>;
  static constexpr std::size_t most_readers = Machine::places;

  /// Does not wait. Null: another has the cell, this thread is inside already, or nobody may come in.
  [[nodiscard, gnu::always_inline]] cell* try_read() noexcept {
    cell& c = own();
    if (!c.lock.try_lock()) [[unlikely]]
      return nullptr;
    std::uint64_t const epoch = epoch_.load(std::memory_order_seq_cst);
    if (epoch == closed) [[unlikely]] {
      c.lock.unlock();
      return nullptr;
    }
    c.enter(epoch);
    return &c;
  }
  /// Does not wait either: by the word, where another has the cell.
  [[nodiscard]] cell* try_read(auto) noexcept { return reading() || !main().lock.try_lock() ? nullptr : &main(); }
  /// Waits, for writers too. The caller is not inside, and waits for nobody who may wait for him.
  [[nodiscard]] cell* wait_to_read(auto, auto) noexcept {
    main().lock.lock();
    return &main();
  }

  /// Who changes anything has the word.
  [[nodiscard]] word_type& word() noexcept { return main().lock; }
  /// After what was taken out cannot be found any more. \returns the epoch that has begun
  std::uint64_t begin_epoch() noexcept {
    std::uint64_t const next = begun_ + 1;
    begun_ = next;
    epoch_.store(next, std::memory_order_seq_cst);
    return next;
  }
  /// Whether nobody comes to what was taken out before that epoch began, but to what is shown to keeps(slot). Without an
  /// answer some have been shown all the same.
  template <class Keeps>
  [[nodiscard]] bool past(std::uint64_t epoch, Keeps keeps) const noexcept {
    for (cell const& c : readers())
      if (!c.past(epoch, keeps)) return false;
    return true;
  }
  /// Keeps readers out and waits until all are, for what moves entries.
  void close() noexcept {
    epoch_.store(closed, std::memory_order_seq_cst);
    for (cell const& c : readers()) c.lock.wait_until_free();
  }
  void open() noexcept { (void)begin_epoch(); }

  /// Whether this thread reads, or has the word.
  [[nodiscard]] bool mine() const noexcept { return cells_[0].lock.mine() || reading(); }
  [[nodiscard]] bool reading() const noexcept { return cells_[1 + Machine::place()].lock.mine(); }
  [[nodiscard]] std::span<cell const> cells() const noexcept { return cells_; }

  // There are no notes, and uses are counted in the entries.
  static void take_own_notes(auto) noexcept {}
  static void written() noexcept {}

 private:
  static constexpr std::uint64_t closed = 0;

  cell& main() noexcept { return cells_[0]; }
  cell& own() noexcept { return cells_[1 + Machine::place()]; }
  [[nodiscard]] std::span<cell const> readers() const noexcept { return std::span{cells_}.subspan(1); }

  typename Machine::template atomic<std::uint64_t> epoch_{1};
  typename Machine::template plain<std::uint64_t> begun_{1};
  std::array<cell, 1 + Machine::places> cells_;
};

/// Any number of threads, of which those that read take no lock. For algorithms whose hits may run beside a writer: they name
/// themselves `with<beside_hits>`, or ask nothing of a hit, and have on_move.
struct epoch_read {
  using access = beside_hits;
  static constexpr std::size_t most_shards = 64;
  static constexpr bool one_thread = false;
  template <hit_needs, bool>
  using lock = epoch_lock<>;
};

}  // namespace strata::hot::engine
