// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/stepwise.hpp"

#include <strata/hot/engine/biased_lock.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

// The lock of a shard, every step of two or three threads in every order: nobody is inside beside a writer, whoever waits
// comes in, each use that a reader noted is told once and while nobody reads, and each that he counted is in the sum.
namespace {

using stepwise::inside;
using stepwise::mutant;
using strata::hot::engine::no_own_uses;

/// As engine::own_uses, for one entry; what it has room for is one use, and the entry takes the others.
struct own_uses {
  static constexpr bool kept = true;
  stepwise::machine::plain<std::uint32_t> count{0};

  void make(std::size_t) noexcept { count = 0; }
  void release() noexcept {}
  bool add(strata::hot::engine::slot) noexcept {
    if (count != 0) return false;
    count = 1;
    return true;
  }
  std::uint32_t take(strata::hot::engine::slot) noexcept {
    std::uint32_t const n = count;
    if (n != 0) count = 0;
    return n;
  }
};
/// What is wrong with counting, on purpose.
enum class miscount : std::uint8_t { none, taken_while_open, left_behind };

template <std::size_t Notes, class Uses>
struct shared {
  strata::hot::engine::biased_lock<Notes, stepwise::machine, Uses> lock;
  stepwise::machine::plain<std::uint32_t> left, right;  // what a writer changes, one after the other
  stepwise::machine::plain<std::uint32_t> told;         // what changes when notes are told
  stepwise::machine::plain<std::uint32_t> used;         // the entry's count, where one thread has it,
  stepwise::machine::atomic<std::uint32_t> also{0};     // and where several add to it; in the engine it is one number
};
template <std::size_t Notes, class Uses>
shared<Notes, Uses>* now = nullptr;
miscount wrong = miscount::none;

template <std::size_t Notes, class Uses>
constexpr auto tell = [](auto hits) {
  auto& s = *now<Notes, Uses>;
  for (std::uint32_t const hit : hits) s.told = s.told + hit;
};

// As shard::count_use and shard::add_up_uses do.
template <std::size_t Notes>
void count(auto& s, auto& cell) {
  if (s.lock.alone(cell)) {
    s.used = s.used + 1;
    return;
  }
  if (&cell != &s.lock.cells()[0] && cell.uses.add(0)) return;
  (void)std::uint32_t{s.used};  // so that adding to the number meets those who have it for themselves
  for (std::uint32_t seen = s.also.load(std::memory_order_relaxed);
       !s.also.compare_exchange_strong(seen, seen + 1, std::memory_order_relaxed, std::memory_order_relaxed);) {
  }
}
void add_up(auto& s) {
  s.lock.each_uses([&](auto& uses) { s.used = s.used + uses.take(0); });
}

// As tier::find does.
template <std::size_t Notes, class Uses>
void read() {
  auto& s = *now<Notes, Uses>;
  auto* cell = s.lock.try_read();
  if (cell == nullptr) cell = s.lock.try_read(tell<Notes, Uses>);
  if (cell == nullptr) cell = s.lock.wait_to_read(tell<Notes, Uses>, [] { return std::size_t{1}; });
  stepwise::now_inside(inside::reading);
  std::uint32_t const left = s.left;
  stepwise::require(left == s.right);
  if constexpr (Uses::kept) count<Notes>(s, *cell);
  if constexpr (Notes != 0) {
    stepwise::require(!cell->full());
    cell->note(1, s.told > 100);
  }
  stepwise::now_inside(inside::nothing);
  cell->lock.unlock();
}
template <std::size_t Notes, class Uses, int Times>
void read_again() {
  for (int i = 0; i < Times; ++i) read<Notes, Uses>();
}
// As tier::writing does; some give up when readers are inside, as visitors do.
template <std::size_t Notes, class Uses, bool GivesUp>
void write() {
  auto& s = *now<Notes, Uses>;
  if (!s.lock.word().try_lock()) s.lock.word().lock();
  if constexpr (Uses::kept)
    if (wrong == miscount::taken_while_open) add_up(s);
  if (s.lock.is_open()) {
    if (!s.lock.close()) {
      if constexpr (GivesUp) {
        s.lock.open();
        s.lock.word().unlock();
        return;
      }
      s.lock.wait_for_readers();
    }
    s.lock.take_notes(tell<Notes, Uses>);
  }
  s.lock.take_own_notes(tell<Notes, Uses>);
  s.lock.written();
  stepwise::now_inside(inside::writing);
  s.left = s.left + 1;
  if constexpr (Uses::kept) {
    if (wrong != miscount::left_behind) add_up(s);
    s.lock.unmake_uses();
  }
  s.right = s.right + 1;
  stepwise::now_inside(inside::nothing);
  s.lock.word().unlock();
}

struct play {
  char const* name;
  std::vector<void (*)()> threads;
  std::uint32_t reads;
};
// Counting takes many steps, and three threads that count and note would take minutes.
template <std::size_t Notes, class Uses>
std::vector<play> plays() {
  constexpr auto looks = read<Notes, Uses>;
  constexpr auto writes = write<Notes, Uses, false>;
  std::vector<play> all{
      {"a reader who comes again, a writer", {read_again<Notes, Uses, 2>, writes}, 2},
      {"a reader who comes again, another", {read_again<Notes, Uses, 2>, looks}, 3},
  };
  if constexpr (Notes == 0 || !Uses::kept) all.push_back({"two readers, a writer", {looks, looks, writes}, 2});
  if constexpr (!Uses::kept) {
    all.push_back({"a reader, two writers", {looks, writes, writes}, 1});
    all.push_back({"a reader, one who writes and one who gives up", {looks, writes, write<Notes, Uses, true>}, 1});
  }
  return all;
}

std::uint32_t reads = 0;
template <std::size_t Notes, class Uses>
void at_end() {
  auto& s = *now<Notes, Uses>;
  s.lock.take_notes(tell<Notes, Uses>);
  stepwise::require(s.left == s.right);
  stepwise::require(s.told == (Notes == 0 ? 0 : reads));
  if constexpr (Uses::kept) {
    add_up(s);
    stepwise::require(s.used + s.also.load(std::memory_order_relaxed) == reads);
  }
}

/// \param same_place  whether the first two threads share a reader's place
template <std::size_t Notes, class Uses>
stepwise::found explore(play const& p, bool open, bool same_place, mutant alive) {
  stepwise::detail::now.memory.clear();
  shared<Notes, Uses> s;
  now<Notes, Uses> = &s;
  if (open) s.lock.open();
  reads = p.reads;
  std::array<std::uint32_t, 3> const apart{1, 2, 3};
  std::array<std::uint32_t, 3> const together{1, 3, 2};
  std::vector<stepwise::explorer::thread> threads;
  for (std::size_t i = 0; i < p.threads.size(); ++i)
    threads.push_back({p.threads[i], same_place ? together[i] : apart[i]});
  return stepwise::explorer{threads, at_end<Notes, Uses>, alive}.explore();
}

template <std::size_t Notes, class Uses = no_own_uses>
void explore_all() {
  for (auto const& p : plays<Notes, Uses>())
    for (bool const open : {false, true})
      for (bool const same_place : {false, true}) {
        if (same_place && (p.threads[1] != read<Notes, Uses> || Uses::kept)) continue;  // a writer has none
        auto const found = explore<Notes, Uses>(p, open, same_place, mutant::none);
        std::printf("room for %zu notes%s, %s, %s%s: %zu states\n", Notes, Uses::kept ? ", uses counted" : "", p.name,
                    open ? "open" : "closed", same_place ? ", two in one place" : "", found.states);
        BOOST_TEST(found.fault == nullptr, found.fault);
      }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_lock)

BOOST_AUTO_TEST_CASE(without_notes) { explore_all<0>(); }
BOOST_AUTO_TEST_CASE(with_notes) { explore_all<1>(); }
BOOST_AUTO_TEST_CASE(with_uses) { explore_all<0, own_uses>(); }
BOOST_AUTO_TEST_CASE(with_both) { explore_all<1, own_uses>(); }

// What keeps it right must be missed when it is not there.
BOOST_AUTO_TEST_CASE(broken_on_purpose) {
  for (mutant const m : {mutant::unordered_close, mutant::unordered_take, mutant::no_second_look}) {
    char const* fault = nullptr;
    std::size_t states = 0;
    for (auto const& p : plays<0, no_own_uses>())
      for (bool const open : {false, true}) {
        if (fault != nullptr) continue;
        auto const found = explore<0, no_own_uses>(p, open, false, m);
        fault = found.fault;
        states += found.states;
      }
    std::printf("mutant %d: %s, after %zu states\n", static_cast<int>(m), fault == nullptr ? "alive" : fault, states);
    BOOST_TEST(fault != nullptr);
  }
}

BOOST_AUTO_TEST_CASE(miscounted_on_purpose) {
  for (miscount const m : {miscount::taken_while_open, miscount::left_behind}) {
    wrong = m;
    char const* fault = nullptr;
    std::size_t states = 0;
    for (auto const& p : plays<0, own_uses>())
      for (bool const open : {false, true}) {
        if (fault != nullptr) continue;
        auto const found = explore<0, own_uses>(p, open, false, mutant::none);
        fault = found.fault;
        states += found.states;
      }
    wrong = miscount::none;
    std::printf("miscount %d: %s, after %zu states\n", static_cast<int>(m), fault == nullptr ? "alive" : fault, states);
    BOOST_TEST(fault != nullptr);
  }
}

BOOST_AUTO_TEST_SUITE_END()
