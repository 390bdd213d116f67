// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../support/stepwise.hpp"

#include <strata/hot/engine/guard.hpp>
#include <strata/lending.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <utility>
#include <vector>

// Loans, every step of two or three threads in every order: nobody reads a value that is destroyed, who is last destroys
// it, and in the end nothing is noted or counted any more.
namespace {

/// What is wrong on purpose.
enum class slip : std::uint8_t {
  none,
  not_settled,     ///< a map gives its value up and asks nobody
  settled_late,    ///< it gives up its count first
  not_marked,      ///< who borrows does not say so
  outside,         ///< who borrows has left the map
  not_given_back,  ///< a loan that became a count is forgotten
  struck_unasked,  ///< a note is struck out by a look and a store
  page_of_two,     ///< a thread that has given its page back goes on writing on it
};
slip wrong = slip::none;

std::uint16_t first_of_this_thread();
void page_opened(std::uint32_t first);

// As lending_machine, with room for one loan a thread.
struct model : stepwise::machine {
  template <class T>
  struct atomic : stepwise::machine::atomic<T> {
    using stepwise::machine::atomic<T>::atomic;

    bool compare_exchange_strong(T& expected, T to, std::memory_order good, std::memory_order bad) noexcept {
      if (sizeof(T) != sizeof(std::uintptr_t) || wrong != slip::struck_unasked)
        return stepwise::machine::atomic<T>::compare_exchange_strong(expected, to, good, bad);
      T const seen = this->load(bad);
      if (seen == expected) this->store(to, good);
      return seen == std::exchange(expected, seen);
    }
  };
  static constexpr unsigned pages = 2;
  static constexpr unsigned notes = 1;

  static std::uint16_t first() noexcept { return first_of_this_thread(); }
  static auto& first_place(auto& ledger) noexcept { return ledger.place_of(first()); }
  static std::uint16_t own_page(auto& ledger) noexcept {
    if (first() == 0) page_opened(ledger.open_page());
    return first();
  }
};
using ledger_type = strata::detail::basic_ledger<model>;
constexpr std::uintptr_t what = 5;
constexpr std::uint32_t one = 2;  // as in box
constexpr std::uint32_t lent = 1;

struct map {
  strata::hot::engine::basic_spin_lock<stepwise::machine> lock;
  stepwise::machine::plain<std::uint32_t> has;
};
struct world {
  ledger_type ledger;
  ledger_type::count holders{0};
  stepwise::machine::plain<std::uint32_t> value{1};  // zero: destroyed
  std::array<map, 2> maps;
  std::array<stepwise::machine::plain<std::uint32_t>, 4> first;
  stepwise::machine::atomic<std::uint32_t> passed{0};  // a hit on its way to another thread
};
world* now = nullptr;

std::uint16_t first_of_this_thread() { return static_cast<std::uint16_t>(now->first[stepwise::machine::self()]); }
void page_opened(std::uint32_t first) { now->first[stepwise::machine::self()] = first; }

void give_back() {
  if (now->holders.fetch_sub(one, std::memory_order_acq_rel) > (one | lent)) return;
  stepwise::require(now->value == 1);
  now->value = 0;
}

// As hit does.
struct hit {
  bool any = false;
  ledger_type::note note = 0;
};
hit borrow(std::size_t from) {
  auto& m = now->maps[from];
  m.lock.lock();
  hit h;
  if (wrong == slip::outside) m.lock.unlock();
  if (m.has == 1) {
    h.any = true;
    if (!now->ledger.borrow_at_once(what, h.note)) h.note = now->ledger.borrow(what);
    if (h.note == 0)
      now->holders.fetch_add(one, std::memory_order_relaxed);
    else if ((now->holders.load(std::memory_order_relaxed) & lent) == 0 && wrong != slip::not_marked)
      now->holders.fetch_or(lent, std::memory_order_relaxed);
  }
  if (wrong != slip::outside) m.lock.unlock();
  return h;
}
void drop(hit h) {
  if (!h.any) return;
  stepwise::require(now->value == 1);
  if (h.note != 0 && (now->ledger.strike(h.note, what) || wrong == slip::not_given_back)) return;
  give_back();
}
void pass_on(hit h) { now->passed.store(h.any ? 2U + h.note : 1U, std::memory_order_release); }
hit receive() {
  std::uint32_t seen = 0;
  while ((seen = now->passed.load(std::memory_order_acquire)) == 0) stepwise::machine::wait(0);
  return {seen > 1, static_cast<ledger_type::note>(seen > 1 ? seen - 2 : 0)};
}
void leave() {
  auto const first = first_of_this_thread();
  if (wrong != slip::page_of_two) page_opened(0);
  if (first != 0) now->ledger.close_page(first);
}

template <std::size_t From>
void read() {
  drop(borrow(From));
}
// As lending_box does, and the map around it.
template <std::size_t From>
void remove() {
  auto& m = now->maps[From];
  m.lock.lock();
  bool const has = m.has == 1;
  if (has) {
    m.has = 0;
    if (wrong == slip::settled_late) give_back();
    if (wrong != slip::not_settled && (now->holders.load(std::memory_order_relaxed) & lent) != 0)
      now->ledger.settle(what, now->holders, one);
  }
  m.lock.unlock();
  if (has && wrong != slip::settled_late) give_back();
}
void pass() { pass_on(borrow(0)); }
void pass_and_read_the_other() {
  pass();
  read<1>();
}
void pass_and_leave() {
  pass();
  leave();
}
void pass_leave_and_read() {
  pass_and_leave();
  read<1>();
}
void take() { drop(receive()); }
void take_then_read() {
  take();
  read<0>();
}
void take_and_read() {
  hit const theirs = receive();
  read<0>();
  drop(theirs);
}

struct play {
  char const* name;
  std::vector<void (*)()> threads;
  std::uint32_t maps;  // that have the value
};
std::vector<play> const plays{
    {"a reader, one who removes", {read<0>, remove<0>}, 1},
    {"two readers, one who removes", {read<0>, read<0>, remove<0>}, 1},
    {"readers of two maps, one who removes", {read<0>, read<1>, remove<0>}, 2},
    {"a reader, two who remove", {read<0>, remove<0>, remove<1>}, 2},
    {"a hit dropped by another thread", {pass, take, remove<0>}, 1},
    {"the same while its place serves another loan", {pass_and_read_the_other, take, remove<0>}, 2},
    {"a hit that outlives its thread", {pass_and_leave, take_and_read, remove<0>}, 1},
    {"a thread that comes again, one in its place", {pass_leave_and_read, take_then_read}, 2},
};

void at_end() {
  remove<0>();
  remove<1>();
  stepwise::require(now->value == 0);
  stepwise::require((now->holders.load(std::memory_order_relaxed) & ~lent) == 0);
  stepwise::require(now->ledger.loans() == 0);
}

stepwise::found explore(play const& p) {
  stepwise::detail::now.memory.clear();
  world w;
  now = &w;
  w.holders.fetch_add(one * p.maps, std::memory_order_relaxed);
  for (std::uint32_t i = 0; i < p.maps; ++i) w.maps[i].has = 1;
  std::vector<stepwise::explorer::thread> threads;
  for (auto* const program : p.threads) threads.push_back({program, static_cast<std::uint32_t>(threads.size()) + 1});
  return stepwise::explorer{threads, at_end}.explore();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(lending)

BOOST_AUTO_TEST_CASE(every_order) {
  for (auto const& p : plays) {
    auto const found = explore(p);
    std::printf("%s: %zu states\n", p.name, found.states);
    BOOST_TEST(found.fault == nullptr, p.name << ": " << found.fault);
  }
}

// What keeps it right must be missed when it is not there.
BOOST_AUTO_TEST_CASE(broken_on_purpose) {
  for (slip const s : {slip::not_settled, slip::settled_late, slip::not_marked, slip::outside, slip::not_given_back,
                       slip::struck_unasked, slip::page_of_two}) {
    wrong = s;
    char const* fault = nullptr;
    std::size_t states = 0;
    for (auto const& p : plays) {
      if (fault != nullptr) break;
      auto const found = explore(p);
      fault = found.fault;
      states += found.states;
    }
    wrong = slip::none;
    std::printf("slip %d: %s, after %zu states\n", static_cast<int>(s), fault == nullptr ? "alive" : fault, states);
    BOOST_TEST(fault != nullptr);
  }
}

BOOST_AUTO_TEST_SUITE_END()
