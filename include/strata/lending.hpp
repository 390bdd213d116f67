// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

// Who reads may borrow instead of counting. A count stands beside the value, and threads that read the same values would
// write to it in turns, each waiting for the other's line. So a reader writes what it borrowed on a page of its own, and
// strikes that note out when it is done; both are writes to a line that it alone fills. Who takes the value out of its map
// settles first: for each note of it he counts a holder and strikes the note out. A borrower that finds its note gone has
// been counted meanwhile, and gives that count back as any holder does.
//
// A note is written inside a look-up, which the map keeps apart from every change. So when somebody settles, all notes of
// the value are there to be seen, and no new one comes. Whether a note was struck out by its borrower or by him is decided
// by one exchange. It may go wrong in one way only, and that is none: where two maps hold the same value, a struck note's
// place may serve a second loan of it when the first looks. Then the first strikes out the second's note, the second finds
// it gone and gives back the count that was made for the first: they have swapped.
//
// The ledger belongs to the program and is never destroyed, as hits outlive their cache, and a thread's hits the thread. It
// must be one: who shares a cache with a library that was loaded with symbols of its own lends from two.
// Source: Vaner: arc-swap, whose readers owe in the same way; Anderson, Blelloch, Wei: "Concurrent Deferred Reference
// Counting with Constant-Time Overhead", PLDI 2021, where a hazard pointer stands for a count.
namespace strata::detail {

/// \tparam Machine  atomics, the size of the ledger and where a thread's page begins; who explores it brings another
template <class Machine>
class basic_ledger {
  template <class T>
  using atomic = typename Machine::template atomic<T>;

 public:
  using note = std::uint16_t;       ///< the number of the place where it stands; zero: nowhere
  using borrowed = std::uintptr_t;  ///< the address of what is lent; never zero
  using place = atomic<borrowed>;   ///< zero: free
  using count = atomic<std::uint32_t>;

  /// Notes that this thread borrows it. Wants the value's map kept from changing, and that before it may change again the
  /// value is marked as lent. \returns zero: no room; count instead
  [[nodiscard]] note borrow(borrowed what) noexcept {
    note const first = Machine::own_page(*this);
    if (first == 0) return 0;
    for (unsigned n = first; n < first + Machine::notes; ++n)
      if (write(notes_[n], what)) return static_cast<note>(n);
    return 0;
  }
  /// The same, where it is the thread's only loan, as it mostly is. False: borrow.
  [[nodiscard, gnu::always_inline]] bool borrow_at_once(borrowed what, note& n) noexcept {
    if (!write(Machine::first_place(*this), what)) return false;
    n = Machine::first();
    return true;
  }

  /// Ends the loan, on any thread. False: it has become a count, which the borrower now has to give back.
  [[nodiscard, gnu::always_inline]] bool strike(note n, borrowed what) noexcept {
    return place_of(n).compare_exchange_strong(what, 0, std::memory_order_release, std::memory_order_acquire);
  }

  /// Makes counts of all loans. Wants the value to be out of its map, where nobody finds it any more, and the map's own
  /// count to be still there.
  /// \param each  what a holder counts \complexity a line for each thread that ever had a page while so many lived
  [[gnu::noinline]] void settle(borrowed what, count& holders, std::uint32_t each) noexcept {
    for (std::uint32_t left = pages_.load(std::memory_order_relaxed) >> Machine::pages; left != 0; left &= left - 1) {
      note const first = begin_of(static_cast<unsigned>(std::countr_zero(left)));
      for (note n = first; n < first + Machine::notes; ++n) {
        place& at = place_of(n);
        if (at.load(std::memory_order_acquire) != what) continue;
        holders.fetch_add(each, std::memory_order_relaxed);  // first: the borrower may give it back at once
        borrowed found = what;
        if (!at.compare_exchange_strong(found, 0, std::memory_order_release, std::memory_order_acquire))
          holders.fetch_sub(each, std::memory_order_relaxed);
      }
    }
  }

  /// A page for this thread, on which the loans of one that has left may still stand. \returns where it begins; zero: none
  [[nodiscard]] note open_page() noexcept {
    std::uint32_t seen = pages_.load(std::memory_order_relaxed);
    for (;;) {
      auto const page = static_cast<unsigned>(std::countr_one(seen));
      if (page >= Machine::pages) return 0;
      std::uint32_t const opened = seen | (1U | 1U << Machine::pages) << page;
      if (pages_.compare_exchange_strong(seen, opened, std::memory_order_acquire, std::memory_order_relaxed))
        return begin_of(page);
    }
  }
  void close_page(note first) noexcept {
    std::uint32_t const mine = 1U << (first / Machine::notes - 1U);
    std::uint32_t seen = pages_.load(std::memory_order_relaxed);
    while (!pages_.compare_exchange_strong(seen, seen & ~mine, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

  /// Of a note; number zero is taken for ever.
  [[nodiscard, gnu::always_inline]] constexpr place& place_of(note n) noexcept { return notes_[n]; }

  /// How many stand. For tests.
  [[nodiscard]] std::size_t loans() const noexcept {
    std::size_t n = 0;
    for (std::size_t i = begin_of(0); i < notes_.size(); ++i) n += notes_[i].load(std::memory_order_relaxed) != 0;
    return n;
  }

 private:
  static constexpr note begin_of(unsigned page) noexcept { return static_cast<note>((page + 1) * Machine::notes); }

  // Only its thread fills a place, so that this needs no exchange. What the loan before read has been read by now.
  [[nodiscard, gnu::always_inline]] static bool write(place& at, borrowed what) noexcept {
    if (at.load(std::memory_order_acquire) != 0) [[unlikely]]
      return false;
    at.store(what, std::memory_order_release);
    return true;
  }

  // Page after page, behind one that is nobody's: its first note is taken, so that who has no page sees no room.
  alignas(64) std::array<place, (1 + Machine::pages) * Machine::notes> notes_{1};
  alignas(64) atomic<std::uint32_t> pages_{0};  // a bit for each that is open, and above them for each that ever was
};

struct lending_machine {
  template <class T>
  using atomic = std::atomic<T>;
  static constexpr unsigned pages = 16;
  static constexpr unsigned notes = 8;  // a line

  static std::uint16_t first() noexcept;
  static std::atomic<std::uintptr_t>& first_place(basic_ledger<lending_machine>& all) noexcept;
  static std::uint16_t own_page(basic_ledger<lending_machine>& all) noexcept;
};

using ledger_type = basic_ledger<lending_machine>;
[[gnu::visibility("default")]] inline constinit ledger_type ledger{};

struct lending_thread {
  ledger_type::place* place = &ledger.place_of(0);  // the first of its page; a hit has no time to work it out
  ledger_type::note first = 0;                      // the number of that; zero: it has no page yet
  bool left = false;
};
#if defined(__PIC__) && !defined(__PIE__)  // else there is a faster one, which GCC takes where none is named
[[gnu::tls_model("initial-exec")]]
#endif
inline constinit thread_local lending_thread this_lending_thread{};

[[gnu::always_inline]] inline std::uint16_t lending_machine::first() noexcept { return this_lending_thread.first; }
[[gnu::always_inline]] inline std::atomic<std::uintptr_t>& lending_machine::first_place(ledger_type&) noexcept {
  return *this_lending_thread.place;
}
inline std::uint16_t lending_machine::own_page(ledger_type& all) noexcept {
  struct closing {
    ledger_type* all;
    ~closing() {
      all->close_page(this_lending_thread.first);
      this_lending_thread = {.left = true};  // what the thread's other destructors read is counted
    }
  };
  if (this_lending_thread.first == 0 && !this_lending_thread.left) {
    this_lending_thread.first = all.open_page();
    this_lending_thread.place = &all.place_of(this_lending_thread.first);
    if (this_lending_thread.first != 0) static thread_local closing const at_end{&all};
  }
  return this_lending_thread.first;
}

}  // namespace strata::detail
