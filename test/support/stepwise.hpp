// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <atomic>
#include <csetjmp>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>
#include <vector>

// Every interleaving of a few threads that run real code over atomics which a template parameter named, with the store
// buffers of x86: a store waits in its thread's buffer, in order, and comes to memory at any later moment; a seq_cst store
// and every read-modify-write let the buffer run empty first. What a thread does next follows from what its accesses gave
// it so far. So the code runs with the results it is given, up to the first access that has none, which jumps out and says
// what it is: nothing but these histories, memory and buffers is a state, none is visited twice, and no thread, fibre or
// second version of the code is needed. Plain variables are accesses as well, and two that meet are a race.
namespace stepwise {

enum class kind : std::uint8_t { load, store, ordered_store, compare, add, wait, done };
struct access {
  kind what = kind::done;
  bool plain = false;
  std::uint8_t where = 0;
  std::uint32_t value = 0, expected = 0;  // of a wait: the value that has to change
};
/// What a thread is doing where its next access stands.
enum class inside : std::uint8_t { nothing, reading, writing };
/// What is broken on purpose.
enum class mutant : std::uint8_t {
  none,
  unordered_close,  ///< a seq_cst store waits in the buffer like any other
  unordered_take,   ///< a lock is taken by a store that waits in the buffer
  no_second_look,   ///< a flag that is read again after a lock was taken is what it was before
};

namespace detail {
// The one thread whose code runs at the moment.
struct runner {
  std::vector<std::uint32_t> results{};
  std::size_t given = 0;
  bool direct = true;  // at set-up: accesses go to memory
  std::vector<std::uint32_t> memory{};
  std::uint32_t self = 0;
  access next{}, last{};
  std::uint32_t last_flag = 0;
  bool just_took = false;
  stepwise::inside inside = inside::nothing;
  bool wrong = false;
  mutant alive = mutant::none;
  void (*program)() = nullptr;
  std::jmp_buf out{};
};
inline runner now;

inline std::uint32_t perform(access a) noexcept {
  if (now.direct) {
    auto& cell = now.memory[a.where];
    if (a.what == kind::load) return cell;
    if (a.what == kind::compare && cell != a.expected) return cell << 1U;
    if (a.what == kind::add) return std::exchange(cell, cell + a.value);
    cell = a.value;
    return 1;
  }
  if (now.given == now.results.size()) {
    now.next = a;
    std::longjmp(now.out, 1);
  }
  std::uint32_t const result = now.results[now.given++];
  now.last = a;
  if (a.what == kind::load) now.last.expected = result;
  if (a.what == kind::compare) now.last.expected = result >> 1U;
  now.just_took = a.what == kind::compare && (result & 1U) != 0;
  return result;
}
inline std::uint8_t place_in_memory(std::uint32_t initial) {
  now.memory.push_back(initial);
  return static_cast<std::uint8_t>(now.memory.size() - 1);
}
}  // namespace detail

/// What the code under test takes for its atomics and variables.
struct machine {
  template <class T>
  class atomic {
   public:
    atomic(T initial = {}) : where_{detail::place_in_memory(static_cast<std::uint32_t>(initial))} {}
    T load(std::memory_order order) const noexcept {
      bool const again = std::is_same_v<T, bool> && order == std::memory_order_seq_cst;
      if (again && detail::now.just_took && detail::now.alive == mutant::no_second_look)
        return static_cast<T>(detail::now.last_flag);
      auto const seen = detail::perform({.what = kind::load, .where = where_});
      if (again) detail::now.last_flag = seen;
      return static_cast<T>(seen);
    }
    void store(T to, std::memory_order order) noexcept {
      bool const ordered = order == std::memory_order_seq_cst && detail::now.alive != mutant::unordered_close;
      (void)detail::perform({.what = ordered ? kind::ordered_store : kind::store,
                             .where = where_,
                             .value = static_cast<std::uint32_t>(to)});
    }
    bool compare_exchange_strong(T& expected, T to, std::memory_order, std::memory_order) noexcept {
      if (detail::now.alive == mutant::unordered_take) {
        auto const seen = load(std::memory_order_relaxed);
        if (seen == expected) store(to, std::memory_order_relaxed);
        return seen == std::exchange(expected, seen);
      }
      auto const result = detail::perform({.what = kind::compare,
                                           .where = where_,
                                           .value = static_cast<std::uint32_t>(to),
                                           .expected = static_cast<std::uint32_t>(expected)});
      if ((result & 1U) == 0) expected = static_cast<T>(result >> 1U);
      return (result & 1U) != 0;
    }
    T exchange(T to, std::memory_order order) noexcept {
      T seen = load(order);
      while (!compare_exchange_strong(seen, to, order, order)) {
      }
      return seen;
    }
    T fetch_add(T more, std::memory_order) noexcept {
      return static_cast<T>(
          detail::perform({.what = kind::add, .where = where_, .value = static_cast<std::uint32_t>(more)}));
    }
    T fetch_sub(T less, std::memory_order order) noexcept { return fetch_add(T{} - less, order); }
    T fetch_or(T bits, std::memory_order order) noexcept {
      T seen = load(order);
      while (!compare_exchange_strong(seen, seen | bits, order, order)) {
      }
      return seen;
    }

   private:
    std::uint8_t where_;
  };

  template <class T>
  class plain {
   public:
    plain(T initial = {}) : where_{detail::place_in_memory(static_cast<std::uint32_t>(initial))} {}
    operator T() const noexcept {
      return static_cast<T>(detail::perform({.what = kind::load, .plain = true, .where = where_}));
    }
    plain& operator=(T to) noexcept {
      (void)detail::perform(
          {.what = kind::store, .plain = true, .where = where_, .value = static_cast<std::uint32_t>(to)});
      return *this;
    }

   private:
    std::uint8_t where_;
  };

  static constexpr unsigned places = 2;
  static constexpr std::uint64_t calm = 0;
  static std::uintptr_t self() noexcept { return detail::now.self; }
  static std::size_t place() noexcept { return detail::now.self % places; }
  /// Until what was read last has changed: to look more often would find nothing else.
  static void wait(unsigned) noexcept {
    (void)detail::perform({.what = kind::wait, .where = detail::now.last.where, .value = detail::now.last.expected});
  }
};

// For the programs.
inline void now_inside(inside what) noexcept { detail::now.inside = what; }
inline void require(bool right) noexcept { detail::now.wrong = detail::now.wrong || !right; }

struct found {
  std::size_t states = 0;
  char const* fault = nullptr;  ///< null: none
};

/// Explores what the programs do together, from what `set_up` left in memory; `at_end` is asked of every last state.
/// Programs are functions of objects that outlive the call and keep nothing outside the machine's variables.
class explorer {
 public:
  struct thread {
    void (*program)();
    std::uint32_t self;
  };

  explorer(std::span<thread const> threads, void (*at_end)(), mutant alive = mutant::none) : at_end_{at_end} {
    detail::now.alive = alive;
    for (thread const& t : threads) {
      threads_.push_back({t, {}});
      look(threads_.back(), {});
    }
  }

  found explore() {
    state first;
    first.at.assign(threads_.size(), 0);
    first.buffers.resize(threads_.size());
    first.memory = detail::now.memory;
    found all;
    std::vector<state> open{first};
    std::unordered_set<std::string> seen{first.key()};
    while (!open.empty() && all.fault == nullptr) {
      state const s = std::move(open.back());
      open.pop_back();
      all.fault = fault_of(s);
      bool moved = false;
      for (std::size_t t = 0; t < threads_.size(); ++t)
        for (bool const flush : {false, true}) {
          state after = s;
          if (!(flush ? flushed(after, t) : stepped(after, t))) continue;
          moved = true;
          if (seen.insert(after.key()).second) open.push_back(std::move(after));
        }
      if (!moved && all.fault == nullptr) all.fault = last(s);
    }
    all.states = seen.size();
    return all;
  }

 private:
  struct store {
    std::uint8_t where;
    std::uint32_t value;
  };
  struct state {
    std::vector<std::uint32_t> at;  // for each thread, its history
    std::vector<std::uint32_t> memory;
    std::vector<std::vector<store>> buffers;

    [[nodiscard]] std::string key() const {
      std::string k;
      auto const add = [&](std::uint32_t word) { k.append(reinterpret_cast<char const*>(&word), sizeof word); };
      for (auto const n : at) add(n);
      for (auto const n : memory) add(n);
      for (auto const& b : buffers) {
        add(static_cast<std::uint32_t>(b.size()));
        for (store const& one : b) add(one.where), add(one.value);
      }
      return k;
    }
  };
  // A history of one thread, and what comes after it.
  struct moment {
    std::vector<std::uint32_t> results;
    access next;
    stepwise::inside inside = inside::nothing;
    bool wrong = false;
    std::map<std::uint32_t, std::uint32_t> after{};
  };
  struct explored {
    thread t;
    std::vector<moment> moments;
  };

  static void run() {
    if (setjmp(detail::now.out) == 0) {
      detail::now.program();
      detail::now.next = {};
    }
  }
  static std::uint32_t look(explored& e, std::vector<std::uint32_t> results) {
    auto& now = detail::now;
    now.direct = false;
    now.results = std::move(results);
    now.given = 0;
    now.self = e.t.self;
    now.last = {};
    now.just_took = now.wrong = false;
    now.inside = inside::nothing;
    now.program = e.t.program;
    run();
    now.direct = true;
    e.moments.push_back({now.results, now.next, now.inside, now.wrong});
    return static_cast<std::uint32_t>(e.moments.size() - 1);
  }
  [[nodiscard]] moment const& at(state const& s, std::size_t t) const { return threads_[t].moments[s.at[t]]; }
  void go_on(state& s, std::size_t t, std::uint32_t result) {
    auto& e = threads_[t];
    if (auto const known = e.moments[s.at[t]].after.find(result); known != e.moments[s.at[t]].after.end()) {
      s.at[t] = known->second;
      return;
    }
    auto results = e.moments[s.at[t]].results;
    results.push_back(result);
    auto const next = look(e, std::move(results));
    e.moments[s.at[t]].after.emplace(result, next);
    s.at[t] = next;
  }

  static std::uint32_t seen_by(state const& s, std::size_t t, std::uint8_t where) {
    for (auto i = s.buffers[t].rbegin(); i != s.buffers[t].rend(); ++i)
      if (i->where == where) return i->value;
    return s.memory[where];
  }
  static bool flushed(state& s, std::size_t t) {
    if (s.buffers[t].empty()) return false;
    s.memory[s.buffers[t].front().where] = s.buffers[t].front().value;
    s.buffers[t].erase(s.buffers[t].begin());
    return true;
  }
  bool stepped(state& s, std::size_t t) {
    access const a = at(s, t).next;
    auto& buffer = s.buffers[t];
    switch (a.what) {
      case kind::load: go_on(s, t, seen_by(s, t, a.where)); return true;
      case kind::store:
        buffer.push_back({a.where, a.value});
        go_on(s, t, 0);
        return true;
      case kind::ordered_store:
        if (!buffer.empty()) return false;
        s.memory[a.where] = a.value;
        go_on(s, t, 0);
        return true;
      case kind::compare: {
        if (!buffer.empty()) return false;
        bool const equal = s.memory[a.where] == a.expected;
        std::uint32_t const result = equal ? 1 : s.memory[a.where] << 1U;
        if (equal) s.memory[a.where] = a.value;
        go_on(s, t, result);
        return true;
      }
      case kind::add: {
        if (!buffer.empty()) return false;
        auto& cell = s.memory[a.where];
        go_on(s, t, std::exchange(cell, cell + a.value));
        return true;
      }
      case kind::wait:
        if (seen_by(s, t, a.where) == a.value) return false;
        go_on(s, t, 0);
        return true;
      case kind::done: return false;
    }
    return false;
  }

  [[nodiscard]] char const* fault_of(state const& s) const {
    for (std::size_t t = 0; t < threads_.size(); ++t) {
      moment const& mine = at(s, t);
      if (mine.wrong) return "a thread saw what it must not see";
      for (std::size_t u = t + 1; u < threads_.size(); ++u) {
        moment const& other = at(s, u);
        bool const both = mine.inside != inside::nothing && other.inside != inside::nothing;
        if (both && (mine.inside == inside::writing || other.inside == inside::writing)) return "a writer is not alone";
        bool const meet = mine.next.what != kind::done && other.next.what != kind::done && mine.next.plain &&
                          other.next.plain && mine.next.where == other.next.where;
        if (meet && (mine.next.what == kind::store || other.next.what == kind::store)) return "a race";
      }
    }
    return nullptr;
  }
  // Of a state in which nothing moves.
  [[nodiscard]] char const* last(state const& s) const {
    for (std::size_t t = 0; t < threads_.size(); ++t)
      if (at(s, t).next.what != kind::done) return "a thread waits for ever";
    auto const kept = std::exchange(detail::now.memory, s.memory);
    detail::now.wrong = false;
    at_end_();
    detail::now.memory = kept;
    return detail::now.wrong ? "the end is not what it should be" : nullptr;
  }

  std::vector<explored> threads_;
  void (*at_end_)();
};

}  // namespace stepwise
