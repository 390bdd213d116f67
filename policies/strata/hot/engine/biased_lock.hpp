// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/engine/eviction.hpp>
#include <strata/hot/engine/guard.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

// The lock of a shard. As long as threads do not meet it is one word, for readers and writers. When readers have met and
// nobody has written for a while it opens: each reader then has a lock of its own, on a line that no other thread writes,
// and a writer closes it again and waits until they are out. What a read counts stands on the line that it writes anyhow.
// An algorithm whose hits need the shard for itself has them noted there, and is told before anything else changes.
// Rejected: epochs, which make a hit no cheaper than the exchange here and need memory for what cannot be freed yet.
// Source: Dice, Kogan: "BRAVO - Biased Locking for Reader-Writer Locks", USENIX ATC 2019.
namespace strata::hot::engine {

/// What a reader holds.
template <class Word, std::size_t Notes>
struct alignas(64) cell {
  Word lock;
  counter hits, misses;
  std::uint32_t noted = 0;
  std::array<slot, Notes> notes;

  [[nodiscard]] bool full() const noexcept { return Notes != 0 && noted == Notes; }
  void note(slot i) noexcept { notes[noted++] = i; }
};

/// \tparam Notes  hits that a cell has room for; zero where hits of several threads do not disturb each other
template <std::size_t Notes>
class biased_lock {
 public:
  using cell = engine::cell<spin_lock, Notes>;

  /// Does not wait. Null: somebody else has it, or wait_to_read has something to do first.
  [[nodiscard, gnu::always_inline]] cell* try_read() noexcept {
    // Either this sees that it has been closed or opened since, or who does that sees that the cell is taken.
    if (!open_.load(std::memory_order_seq_cst)) [[likely]] {
      if (!main().lock.try_lock()) return nullptr;
      if (Notes == 0 || !open_.load(std::memory_order_seq_cst)) [[likely]]
        return &main();
      main().lock.unlock();
      return nullptr;
    }
    cell& c = own();
    if (!c.lock.try_lock()) return nullptr;
    if (open_.load(std::memory_order_seq_cst) && !c.full()) return &c;
    c.lock.unlock();
    return nullptr;
  }
  /// Waits, and opens where that is worth it. The caller waits for nobody who may wait for him.
  /// \param tell  is given the notes of a cell, with the lock closed
  template <class Tell>
  [[nodiscard]] cell* wait_to_read(Tell tell) noexcept {
    main().lock.lock();
    bool const was_open = is_open();
    bool const opens = was_open || looks() - looks_at_write_ >= calm;
    if constexpr (Notes == 0) {
      if (!was_open && opens) open();
    } else if (opens) {  // whoever has the word may read it alone only while it is closed
      own().lock.lock();
      if (own().full()) {
        own().lock.unlock();
        if (!close()) wait_for_readers();
        take_notes(tell);
        own().lock.lock();
      }
      if (!is_open()) open();
      main().lock.unlock();
      return &own();
    }
    return &main();
  }

  /// A write takes the word first,
  [[nodiscard]] spin_lock& word() noexcept { return main().lock; }
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
  /// hears what the readers noted.
  template <class Tell>
  void take_notes(Tell tell) noexcept {
    if constexpr (Notes != 0)
      for (cell& c : others())
        if (c.noted != 0) {
          tell(std::span<slot const>{c.notes.data(), c.noted});
          c.noted = 0;
        }
  }
  /// Reads are counted anew until it may open again.
  void written() noexcept { looks_at_write_ = looks(); }

  /// Whether the reader who has that cell is the only one.
  [[nodiscard, gnu::always_inline]] bool alone(cell const& c) const noexcept {
    return &c == &cells_[0] && (Notes != 0 || !open_.load(std::memory_order_relaxed));
  }
  /// Whether this thread reads, or has the word.
  [[nodiscard]] bool mine() const noexcept { return cells_[0].lock.mine() || reading(); }
  [[nodiscard]] bool reading() const noexcept { return cells_[1 + place()].lock.mine(); }
  [[nodiscard]] std::span<cell const> cells() const noexcept { return cells_; }

 private:
  static constexpr std::size_t readers = 16;
  static constexpr std::uint64_t calm = 64;  // reads since the last write after which it may open

  // Stacks lie at even distances, so that multiplying spreads threads over all places.
  [[gnu::always_inline]] static std::size_t place() noexcept {
    return (static_cast<std::uint32_t>(this_thread() >> 12U) * 0x9E3779B1U) >> 28U;
  }
  cell& main() noexcept { return cells_[0]; }
  cell& own() noexcept { return cells_[1 + place()]; }
  std::span<cell> others() noexcept { return std::span{cells_}.subspan(1); }
  [[nodiscard]] std::uint64_t looks() const noexcept { return cells_[0].hits + cells_[0].misses; }

  std::atomic<bool> open_{false};
  std::uint64_t looks_at_write_ = 0;
  std::array<cell, 1 + readers> cells_;
};

/// The same for one thread: it only sees that a visitor calls again.
class unshared_lock {
  class flag {
   public:
    [[nodiscard]] bool try_lock() noexcept { return taken_ ? false : (taken_ = true); }
    void lock() noexcept { taken_ = true; }
    void unlock() noexcept { taken_ = false; }
    [[nodiscard]] bool mine() const noexcept { return taken_; }

   private:
    bool taken_ = false;
  };

 public:
  using cell = engine::cell<flag, 0>;

  [[nodiscard, gnu::always_inline]] cell* try_read() noexcept { return cell_.lock.try_lock() ? &cell_ : nullptr; }
  [[nodiscard]] cell* wait_to_read(auto) noexcept { return try_read(); }
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

/// Who may call a tier.
struct sharded {  ///< any number of threads; each part of the hash has its own lock, index, memory and order
  static constexpr std::size_t most_shards = 64;
  template <hit_needs Needs>
  using lock = biased_lock<Needs == hit_needs::exclusive ? 57 : 0>;
};
struct single_thread {  ///< one thread at a time: one order for all entries, no atomic operation
  static constexpr std::size_t most_shards = 1;
  template <hit_needs>
  using lock = unshared_lock;
};

}  // namespace strata::hot::engine
