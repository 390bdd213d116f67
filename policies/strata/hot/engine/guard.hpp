// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <sched.h>

// A lock of one word that names its holder. The name costs nothing where the lock is free (the word has to be written
// anyhow) and lets a thread see, before it would wait, that it waits for itself. std::mutex was rejected: a third of the
// price of a hit. Who waits looks less and less often, since each look takes the word's line from the holder: he does many
// calls meanwhile, with all he needs at hand, and two threads that write get through about half as much again. After
// some microseconds waiting yields, since on few cores the holder may be off its core.
// Source: Anderson: "The Performance of Spin Lock Alternatives for Shared-Memory Multiprocessors", IEEE TPDS 1990.
namespace strata::hot::engine {

/// Differs between any two living threads and is never zero; one instruction, no thread-local storage to set up.
inline std::uintptr_t this_thread() noexcept { return reinterpret_cast<std::uintptr_t>(__builtin_thread_pointer()); }

// What a thread calls once. With the usual call in its way Clang gives every hit a frame, to have registers over it.
#if defined(__clang__) && defined(__x86_64__)
#define STRATA_CALLED_ONCE __attribute__((noinline, preserve_most))
#else
#define STRATA_CALLED_ONCE [[gnu::noinline]]
#endif

/// Numbers of threads, so that as many that live at a time have different ones. Who comes then shares one.
class thread_number {
 public:
  static constexpr unsigned most = 16;

  [[gnu::always_inline]] static std::size_t mine() noexcept {
    if (mine_ == 0) [[unlikely]]
      take();
    return mine_ - 1;
  }

 private:
  struct loan {
    std::uint32_t bit;
    ~loan() { taken_.fetch_and(~bit, std::memory_order_relaxed); }
  };
  STRATA_CALLED_ONCE static void take() noexcept { mine_ = free() + 1; }
  static std::uint32_t free() noexcept {
    for (std::uint32_t seen = taken_.load(std::memory_order_relaxed);;) {
      auto const number = static_cast<unsigned>(std::countr_one(seen));
      if (number >= most) return late_.fetch_add(1, std::memory_order_relaxed) % most;
      std::uint32_t const bit = std::uint32_t{1} << number;
      if (!taken_.compare_exchange_weak(seen, seen | bit, std::memory_order_relaxed)) continue;
      static thread_local loan const until_the_thread_ends{bit};
      return number;
    }
  }

  [[gnu::tls_model("initial-exec")]] static inline constinit thread_local std::uint32_t mine_ = 0;  // plus one
  static inline constinit std::atomic<std::uint32_t> taken_ = 0;  // a bit for each number
  static inline constinit std::atomic<std::uint32_t> late_ = 0;   // those who found none
};
#undef STRATA_CALLED_ONCE

inline void pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("isb" ::: "memory");
#endif
}

/// What locks are made of. Who explores them step by step brings another.
struct machine {
  template <class T>
  using atomic = std::atomic<T>;
  template <class T>
  using plain = T;
  static constexpr unsigned places = thread_number::most;  // readers that have a lock of their own
  static constexpr std::uint64_t calm = 64;  // reads since the last write after which readers that meet get one

  static std::uintptr_t self() noexcept { return this_thread(); }
  [[gnu::always_inline]] static std::size_t place() noexcept { return thread_number::mine(); }
  static void wait(unsigned round) noexcept {
    if (round >= 7) return void(sched_yield());
    for (unsigned left = 4U << round; left != 0; --left) pause();
  }
};

template <class Machine>
class basic_spin_lock {
 public:
  using machine = Machine;

  /// False also when this thread has it already.
  [[nodiscard]] bool try_lock() noexcept {
    std::uintptr_t free = 0;
    return holder_.compare_exchange_strong(free, Machine::self(), std::memory_order_seq_cst, std::memory_order_relaxed);
  }
  /// Waits. The caller knows that this thread has no lock that the holder could be waiting for.
  void lock() noexcept {
    for (unsigned round = 0; holder_.load(std::memory_order_relaxed) != 0 || !try_lock(); ++round) Machine::wait(round);
  }
  /// Whether nobody has it, and all that its last holder did is seen.
  [[nodiscard]] bool free() const noexcept { return holder_.load(std::memory_order_seq_cst) == 0; }
  void wait_until_free() const noexcept {
    for (unsigned round = 0; !free(); ++round) Machine::wait(round);
  }
  void unlock() noexcept { holder_.store(0, std::memory_order_release); }
  [[nodiscard]] bool mine() const noexcept { return holder_.load(std::memory_order_relaxed) == Machine::self(); }

 private:
  typename Machine::template atomic<std::uintptr_t> holder_{0};
};
using spin_lock = basic_spin_lock<machine>;

/// A number that one thread at a time writes, under its shard's lock, and any thread reads without.
class counter {
 public:
  [[gnu::always_inline]] void add(std::uint64_t n) noexcept { value_.store(*this + n, std::memory_order_relaxed); }
  void set(std::uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  operator std::uint64_t() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace strata::hot::engine
