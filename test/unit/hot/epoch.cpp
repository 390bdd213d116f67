// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/stepwise.hpp"

#include <strata/hot/engine/epoch.hpp>
#include <strata/hot/engine/limbo.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <vector>

// Readers without a lock, and a writer who takes entries out and uses their places again, every step in every order: nobody
// is at an entry while another is put in its place, nobody finds a half of one, and whoever waits goes on.
namespace {

using stepwise::mutant;
using strata::hot::engine::slot;

/// What is wrong, on purpose.
enum class mistake : std::uint8_t {
  none,
  epoch_begins_early,  ///< before what goes cannot be found any more
  kept_entries_go,     ///< also those that a reader has noted
  another_is_noted,    ///< than the reader is at
  stays_noted,         ///< the note of the last reader is there when the next one comes
  waits_for_none,      ///< places are used again at once
  opens_early,         ///< entries move before all readers are out
};
mistake wrong = mistake::none;

/// Two places for one entry, each of two halves; `found` is what the index is to the tier.
struct shared {
  strata::hot::engine::epoch_lock<stepwise::machine> lock;
  stepwise::machine::atomic<std::uint32_t> found{0};
  std::array<stepwise::machine::plain<std::uint32_t>, 2> left, right;
};
shared* now = nullptr;

void look_at(slot at) {
  std::uint32_t const left = now->left[at];
  stepwise::require(left == now->right[at]);
}
void fill(slot at, std::uint32_t with) {
  now->left[at] = with;
  now->right[at] = with;
}

// As tier::find does: it looks at what it finds, keeps to it and looks again.
void read() {
  auto& s = *now;
  auto* cell = s.lock.try_read();
  if (cell == nullptr) cell = s.lock.try_read(0);
  if (cell == nullptr) cell = s.lock.wait_to_read(0, 0);
  slot const at = s.found.load(std::memory_order_acquire);
  look_at(at);
  cell->keep_to(wrong == mistake::another_is_noted ? 1 - at : at);
  look_at(at);
  if (wrong == mistake::stays_noted)
    cell->lock.unlock();
  else
    cell->leave();
}
void read_again() {
  read();
  read();
}

// As tier::writing and shard::settle do, for each of some new values. It uses the other place, and goes without writing where
// a reader still looks at that, as one that has more places in limbo; or it waits, as one that has none.
template <int Times, bool Waits>
void write() {
  auto& s = *now;
  if (!s.lock.word().try_lock()) s.lock.word().lock();
  slot old = s.found.load(std::memory_order_relaxed);
  std::uint64_t early = 0;
  for (int i = 0; i < Times; ++i) {
    slot const next = 1 - old;
    if (i != 0) {  // what was taken out by the last turn
      std::uint64_t const epoch = wrong == mistake::epoch_begins_early ? early : s.lock.begin_epoch();
      for (;;) {
        bool held = false;
        bool past = s.lock.past(epoch, [&](slot at) { held = held || at == next; });
        if (wrong == mistake::kept_entries_go) held = false;
        if (wrong == mistake::waits_for_none) past = true, held = false;
        if (past && !held) break;
        if constexpr (!Waits) {
          s.lock.word().unlock();
          return;
        }
        if (!s.lock.cells()[2].lock.free()) stepwise::machine::wait(0);  // the only reader there is, in these plays
      }
    }
    fill(next, static_cast<std::uint32_t>(10 + i));
    if (wrong == mistake::epoch_begins_early) early = s.lock.begin_epoch();
    s.found.store(next, std::memory_order_release);
    old = next;
  }
  s.lock.word().unlock();
}
// As shard::move_to does.
void move_all() {
  auto& s = *now;
  if (!s.lock.word().try_lock()) s.lock.word().lock();
  if (wrong == mistake::opens_early)
    (void)s.lock.begin_epoch();
  else
    s.lock.close();
  fill(0, 20);
  fill(1, 21);
  s.lock.open();
  s.lock.word().unlock();
}

struct play {
  char const* name;
  std::vector<void (*)()> threads;
};
std::vector<play> const plays{
    {"a reader, a writer of three", {read, write<3, false>}},
    {"a reader, a writer of three who waits", {read, write<3, true>}},
    {"a reader who comes again, a writer of two", {read_again, write<2, false>}},
    {"a reader who comes again, a writer of three", {read_again, write<3, false>}},
    {"a reader who comes again, a writer of two who waits", {read_again, write<2, true>}},
    {"a reader who comes again, one who moves all", {read_again, move_all}},
    {"two readers, one who moves all", {read, read, move_all}},
    {"a reader, a writer of two, one who moves all", {read, write<2, false>, move_all}},
    {"a reader who comes again, another, a writer of two", {read_again, read, write<2, false>}},
};

void at_end() {
  slot const at = now->found.load(std::memory_order_relaxed);
  look_at(at);
  std::size_t n = 0;
  stepwise::require(now->lock.past(~std::uint32_t{}, [&](slot) { ++n; }) && n == 0);  // nobody is inside
  stepwise::require(now->lock.word().free());
}

/// \param same_place  whether the first two threads share a reader's place
stepwise::found explore(play const& p, bool same_place, mutant alive) {
  stepwise::detail::now.memory.clear();
  shared s;
  now = &s;
  fill(0, 1);
  fill(1, 2);
  std::array<std::uint32_t, 3> const apart{1, 2, 3};
  std::array<std::uint32_t, 3> const together{1, 3, 2};
  std::vector<stepwise::explorer::thread> threads;
  for (std::size_t i = 0; i < p.threads.size(); ++i)
    threads.push_back({p.threads[i], same_place ? together[i] : apart[i]});
  return stepwise::explorer{threads, at_end, alive}.explore();
}
stepwise::found explore_all(mutant alive) {
  stepwise::found all;
  for (auto const& p : plays)
    for (bool const same_place : {false, true}) {
      if (all.fault != nullptr || (same_place && p.threads[1] != read)) continue;
      auto const found = explore(p, same_place, alive);
      if (alive == mutant::none && wrong == mistake::none)
        std::printf("%s%s: %zu states\n", p.name, same_place ? ", two in one place" : "", found.states);
      all.states += found.states;
      all.fault = found.fault;
    }
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_epoch)

BOOST_AUTO_TEST_CASE(in_every_order) {
  auto const found = explore_all(mutant::none);
  std::printf("%zu states\n", found.states);
  BOOST_TEST(found.fault == nullptr, found.fault);
}

// What keeps it right must be missed when it is not there.
BOOST_AUTO_TEST_CASE(broken_on_purpose) {
  for (mutant const m : {mutant::unordered_close, mutant::unordered_take}) {
    auto const found = explore_all(m);
    std::printf("mutant %d: %s, after %zu states\n", static_cast<int>(m),
                found.fault == nullptr ? "alive" : found.fault, found.states);
    BOOST_TEST(found.fault != nullptr);
  }
  for (auto const m : {mistake::epoch_begins_early, mistake::kept_entries_go, mistake::another_is_noted,
                       mistake::stays_noted, mistake::waits_for_none, mistake::opens_early}) {
    wrong = m;
    auto const found = explore_all(mutant::none);
    wrong = mistake::none;
    std::printf("mistake %d: %s, after %zu states\n", static_cast<int>(m),
                found.fault == nullptr ? "alive" : found.fault, found.states);
    BOOST_TEST(found.fault != nullptr);
  }
}

// Those that somebody looks at stay, and wait with those that came meanwhile.
BOOST_AUTO_TEST_CASE(limbo_keeps_the_order) {
  strata::hot::engine::limbo limbo{100};
  BOOST_TEST((limbo.entries() == 100U && limbo.places(100) == 164U && !limbo.waits()));
  std::vector<slot> gone;
  auto const pass = [&](slot held) {
    gone.clear();
    limbo.pass([&](slot i) { return i == held; }, [&](slot i) { gone.push_back(i); });
  };
  for (slot i = 0; i < 4; ++i) limbo.add(i);
  limbo.wait_for(7);
  BOOST_TEST((limbo.waits() && limbo.epoch() == 7U));
  limbo.add(4);
  limbo.add(5);
  pass(2);
  BOOST_TEST(gone == (std::vector<slot>{0, 1, 3}), boost::test_tools::per_element());
  BOOST_TEST((limbo.size() == 3U && !limbo.waits()));
  limbo.wait_for(8);
  pass(99);
  BOOST_TEST(gone == (std::vector<slot>{2, 4, 5}), boost::test_tools::per_element());
  BOOST_TEST(limbo.size() == 0U);
  for (slot i = 0; i < 32; ++i) {
    BOOST_TEST(!limbo.due());
    limbo.add(i);
  }
  BOOST_TEST(limbo.due());
  limbo.put_off();
  BOOST_TEST(!limbo.due());
  for (slot i = 0; i < 16; ++i) limbo.add(i);
  BOOST_TEST(limbo.due());
}

BOOST_AUTO_TEST_SUITE_END()
