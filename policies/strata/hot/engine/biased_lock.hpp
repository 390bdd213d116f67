// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/access.hpp>
#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/guard.hpp>
#include <strata/hot/engine/own_uses.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

// The lock of a shard. As long as threads do not meet it is one word, for readers and writers. When readers have met and
// nobody has written for a while it opens: each reader then has a lock of its own, on a line that no other thread writes,
// and a writer closes it again and waits until they are out. What a read counts stands on the line that it writes anyhow,
// or in bytes of its own, where uses of each entry are counted.
// An algorithm whose hits need the shard for itself has them noted there, and is told before anything else changes, or when
// there is no more room: told at once, each hit would pay for a call that most algorithms do not need.
// Rejected: epochs, which make a hit no cheaper than the exchange here and need memory for what cannot be freed yet.
// Source: Dice, Kogan: "BRAVO - Biased Locking for Reader-Writer Locks", USENIX ATC 2019.
namespace strata::hot::engine {

/// What a reader holds.
/// \tparam Uses  what counts uses for him while others read too: see own_uses.hpp
template <class Word, std::size_t Notes, class Uses = no_own_uses>
struct alignas(64) cell {
  template <class T>
  using plain = typename Word::machine::template plain<T>;

  Word lock;
  counter hits, misses;
  plain<std::uint32_t> noted{};
  struct nothing {};
  [[no_unique_address]] std::conditional_t<Uses::kept, plain<std::uint32_t>, nothing>
      room{};  // zero until `uses` is made
  [[no_unique_address]] Uses uses{};
  std::array<plain<slot>, Notes> notes;

  /// Whether it has to ask before it reads.
  [[nodiscard]] bool full() const noexcept {
    if constexpr (Uses::kept)
      return noted == room;
    else
      return Notes != 0 && noted == Notes;
  }
  /// There must be room. Most hits of an algorithm that has idle ones are idle.
  [[gnu::always_inline]] void note(slot i, bool idle) noexcept {
    if (idle) return;
    std::uint32_t const n = noted;
    notes[n] = i;
    noted = n + 1;
  }
  [[gnu::always_inline]] void leave() noexcept { lock.unlock(); }
  template <class Tell>
  void take_notes(Tell& tell) noexcept {
    if (Notes == 0 || noted == 0) return;
    tell(std::span<plain<slot> const>{notes.data(), noted});
    noted = 0;
  }
};

/// \tparam Notes  hits that a cell has room for; zero where hits of several threads do not disturb each other
/// \tparam Uses   what each reader counts in: it is made when he first comes while others read, and the word is his
template <std::size_t Notes, class Machine = machine, class Uses = no_own_uses>
class biased_lock {
 public:
  using word_type = basic_spin_lock<Machine>;
  using cell = engine::cell<word_type, Notes, Uses>;

  biased_lock() noexcept {
    if constexpr (Uses::kept) main().room = room;
  }

  /// Does not wait. Null: somebody else has it, or its notes are full.
  [[nodiscard, gnu::always_inline]] cell* try_read() noexcept {
    if (!open_.load(std::memory_order_seq_cst)) [[likely]] {
      if (!main().lock.try_lock()) return nullptr;
      if (!main().full()) [[likely]]
        return &main();  // who has the word keeps writers out, open or not
      main().lock.unlock();
      return nullptr;
    }
    cell& c = own();
    if (!c.lock.try_lock()) return nullptr;
    // Either this sees that it has been closed since, or who does that sees that the cell is taken.
    if (open_.load(std::memory_order_seq_cst) && !c.full()) return &c;
    c.lock.unlock();
    return nullptr;
  }
  /// Does not wait either. Null: full notes are not what is in the way, or readers are.
  template <class Tell>
  [[nodiscard]] cell* try_read(Tell tell) noexcept {
    if (Notes == 0 || is_open() || !main().lock.try_lock()) return nullptr;
    if (is_open()) {  // then others may be inside
      main().lock.unlock();
      return nullptr;
    }
    main().take_notes(tell);
    return &main();
  }
  /// Waits, and opens where that is worth it. The caller waits for nobody who may wait for him.
  /// \param tell     is given the notes of a cell, with the lock closed
  /// \param entries  says how many there may be
  template <class Tell, class Entries>
  [[nodiscard]] cell* wait_to_read(Tell tell, Entries entries) noexcept {
    main().lock.lock();
    bool const was_open = is_open();
    bool const opens = was_open || looks() - looks_at_write_ >= Machine::calm;
    if constexpr (Notes != 0 || Uses::kept) {
      if (was_open) {  // what this thread has noted in its own cell comes before what it will note
        own().lock.lock();
        if constexpr (Uses::kept)
          if (own().room == 0) make_room(entries());
        if (own().full()) {
          own().lock.unlock();
          if (!close()) wait_for_readers();
          take_notes(tell);
          own().lock.lock();  // before another who has the same cell comes in, and fills it again
          open();
        }
        main().lock.unlock();
        return &own();
      }
    }
    if constexpr (Notes != 0)
      if (main().full()) main().take_notes(tell);
    if (!was_open && opens) open();
    return &main();
  }

  /// A write takes the word first,
  [[nodiscard]] word_type& word() noexcept { return main().lock; }
  [[nodiscard]] bool is_open() const noexcept { return open_.load(std::memory_order_relaxed); }
  /// then, where it is open, closes. False: readers are still inside; wait_for_readers, or open and give up. And
  [[nodiscard]] bool close() noexcept {
    open_.store(false, std::memory_order_seq_cst);
    bool empty = true;
    for (cell& c : others()) empty = empty && c.lock.free();
    return empty;
  }
  void wait_for_readers() noexcept {
    for (cell& c : others()) c.lock.wait_until_free();
  }
  void open() noexcept { open_.store(true, std::memory_order_seq_cst); }
  /// hears what the readers noted: first of the word, since who has a lock of his own had the word before.
  template <class Tell>
  void take_notes(Tell tell) noexcept {
    for (cell& c : cells_) c.take_notes(tell);
  }
  /// The same where it was not open.
  template <class Tell>
  void take_own_notes(Tell tell) noexcept {
    main().take_notes(tell);
  }
  /// Shows what readers counted in, to who has the lock for writing.
  template <class F>
  void each_uses(F f) noexcept {
    each_made([&](cell& c) { f(c.uses); });
  }
  /// For him too, once all has been taken from there: when they come next, readers get room for more entries.
  void unmake_uses() noexcept {
    each_made([](cell& c) {
      c.uses.release();
      c.room = 0;
    });
    made_ = 0;
  }
  /// Reads are counted anew until it may open again.
  void written() noexcept { looks_at_write_ = looks(); }

  /// Whether the reader who has that cell is the only one.
  [[nodiscard, gnu::always_inline]] bool alone(cell const& c) const noexcept {
    return &c == &cells_[0] && !open_.load(std::memory_order_relaxed);
  }
  /// Whether this thread reads, or has the word.
  [[nodiscard]] bool mine() const noexcept { return cells_[0].lock.mine() || reading(); }
  [[nodiscard]] bool reading() const noexcept { return cells_[1 + Machine::place()].lock.mine(); }
  [[nodiscard]] std::span<cell const> cells() const noexcept { return cells_; }

 private:
  static constexpr std::uint32_t room = Notes == 0 ? 1 : Notes;  // without notes it says that it is made, and no more

  void make_room(std::size_t entries) noexcept {
    own().uses.make(entries);
    own().room = room;
    made_ = made_ | std::uint32_t{1} << Machine::place();
  }
  template <class F>
  void each_made(F f) noexcept {
    if constexpr (Uses::kept)
      for (std::uint32_t left = made_; left != 0; left &= left - 1)
        f(cells_[1 + static_cast<std::size_t>(std::countr_zero(left))]);
  }
  cell& main() noexcept { return cells_[0]; }
  cell& own() noexcept { return cells_[1 + Machine::place()]; }
  std::span<cell> others() noexcept { return std::span{cells_}.subspan(1); }
  [[nodiscard]] std::uint64_t looks() const noexcept { return cells_[0].hits + cells_[0].misses; }

  typename Machine::template atomic<bool> open_{false};
  typename Machine::template plain<std::uint64_t> looks_at_write_{0};
  typename Machine::template plain<std::uint32_t> made_{0};  // a bit for each place whose cell has room
  std::array<cell, 1 + Machine::places> cells_;
};

/// The same for one thread: it only sees that a visitor calls again.
template <std::size_t Notes>
class unshared_lock {
  class flag {
   public:
    using machine = engine::machine;

    [[nodiscard]] bool try_lock() noexcept { return taken_ ? false : (taken_ = true); }
    void lock() noexcept { taken_ = true; }
    void unlock() noexcept { taken_ = false; }
    [[nodiscard]] bool mine() const noexcept { return taken_; }

   private:
    bool taken_ = false;
  };

 public:
  using cell = engine::cell<flag, Notes>;

  [[nodiscard, gnu::always_inline]] cell* try_read() noexcept {
    if (cell_.full() || !cell_.lock.try_lock()) return nullptr;
    return &cell_;
  }
  [[nodiscard]] cell* try_read(auto tell) noexcept {
    if (!cell_.lock.try_lock()) return nullptr;
    cell_.take_notes(tell);
    return &cell_;
  }
  [[nodiscard]] cell* wait_to_read(auto tell, auto) noexcept { return try_read(tell); }
  void take_own_notes(auto tell) noexcept { cell_.take_notes(tell); }
  static void each_uses(auto) noexcept {}
  static void unmake_uses() noexcept {}
  [[nodiscard]] flag& word() noexcept { return cell_.lock; }
  [[nodiscard]] static bool is_open() noexcept { return false; }
  static void written() noexcept {}
  [[nodiscard]] static bool alone(cell const&) noexcept { return true; }
  [[nodiscard]] bool mine() const noexcept { return cell_.lock.mine(); }
  [[nodiscard]] static bool reading() noexcept { return false; }
  [[nodiscard]] std::span<cell const> cells() const noexcept { return {&cell_, 1}; }

 private:
  cell cell_;
};

/// With that many a cell is eight lines. Who takes the notes of all writes to entries that others have at hand: two threads that
/// hit take a ninth longer with half as many, and with twice as many some algorithms do.
template <hit_needs Needs, bool Counted>
inline constexpr std::size_t room_for_notes = Needs != hit_needs::exclusive ? 0
                                              : Counted                     ? 114
                                                                            : 120;

/// Who may call a tier; see also epoch.hpp.
struct sharded {  ///< any number of threads; each part of the hash has its own lock, index, memory and order
  using access = behind_lock;
  static constexpr std::size_t most_shards = 64;
  static constexpr bool one_thread = false;
  template <hit_needs Needs, bool Counted>
  using lock = biased_lock<room_for_notes<Needs, Counted>, machine, std::conditional_t<Counted, own_uses, no_own_uses>>;
};
struct single_thread {  ///< one thread at a time: one order for all entries, no atomic operation
  using access = behind_lock;
  static constexpr std::size_t most_shards = 1;
  static constexpr bool one_thread = true;
  template <hit_needs Needs, bool>
  using lock = unshared_lock<room_for_notes<Needs, false>>;
};

}  // namespace strata::hot::engine
