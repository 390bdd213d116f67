// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/stepwise.hpp"

#include <strata/hot/engine/biased_lock.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <vector>

// The lock of a shard, every step of two or three threads in every order: nobody is inside beside a writer, whoever waits
// comes in, each use that a reader noted is told once and while nobody reads.
namespace {

using stepwise::inside;
using stepwise::mutant;

template <std::size_t Notes>
struct shared {
  strata::hot::engine::biased_lock<Notes, stepwise::machine> lock;
  stepwise::machine::plain<std::uint32_t> left, right;  // what a writer changes, one after the other
  stepwise::machine::plain<std::uint32_t> told;         // what changes when notes are told
};
template <std::size_t Notes>
shared<Notes>* now = nullptr;

template <std::size_t Notes>
constexpr auto tell = [](auto hits) {
  auto& s = *now<Notes>;
  for (std::uint32_t const hit : hits) s.told = s.told + hit;
};

// As tier::find does.
template <std::size_t Notes>
void read() {
  auto& s = *now<Notes>;
  auto* cell = s.lock.try_read();
  if (cell == nullptr) cell = s.lock.try_read(tell<Notes>);
  if (cell == nullptr) cell = s.lock.wait_to_read(tell<Notes>);
  stepwise::now_inside(inside::reading);
  std::uint32_t const left = s.left;
  stepwise::require(left == s.right);
  (void)s.lock.alone(*cell);
  if constexpr (Notes != 0) cell->note(1, s.told > 100);
  stepwise::now_inside(inside::nothing);
  cell->lock.unlock();
}
template <std::size_t Notes>
void read_twice() {
  read<Notes>();
  read<Notes>();
}
// As tier::writing does; some give up when readers are inside, as visitors do.
template <std::size_t Notes, bool GivesUp>
void write() {
  auto& s = *now<Notes>;
  if (!s.lock.word().try_lock()) s.lock.word().lock();
  if (s.lock.is_open()) {
    if (!s.lock.close()) {
      if constexpr (GivesUp) {
        s.lock.open();
        s.lock.word().unlock();
        return;
      }
      s.lock.wait_for_readers();
    }
    s.lock.take_notes(tell<Notes>);
  }
  s.lock.take_own_notes(tell<Notes>);
  s.lock.written();
  stepwise::now_inside(inside::writing);
  s.left = s.left + 1;
  s.right = s.right + 1;
  stepwise::now_inside(inside::nothing);
  s.lock.word().unlock();
}

struct play {
  char const* name;
  std::vector<void (*)()> threads;
  std::uint32_t reads;
};
template <std::size_t Notes>
std::vector<play> plays() {
  return {
      {"two readers, a writer", {read<Notes>, read<Notes>, write<Notes, false>}, 2},
      {"a reader, two writers", {read<Notes>, write<Notes, false>, write<Notes, false>}, 1},
      {"a reader, one who writes and one who gives up", {read<Notes>, write<Notes, false>, write<Notes, true>}, 1},
      {"a reader who comes again, a writer", {read_twice<Notes>, write<Notes, false>}, 2},
  };
}

std::uint32_t reads = 0;
template <std::size_t Notes>
void at_end() {
  auto& s = *now<Notes>;
  s.lock.take_notes(tell<Notes>);
  stepwise::require(s.left == s.right);
  stepwise::require(s.told == (Notes == 0 ? 0 : reads));
}

/// \param same_place  whether the first two threads share a reader's place
template <std::size_t Notes>
stepwise::found explore(play const& p, bool open, bool same_place, mutant alive) {
  stepwise::detail::now.memory.clear();
  shared<Notes> s;
  now<Notes> = &s;
  if (open) s.lock.open();
  reads = p.reads;
  std::array<std::uint32_t, 3> const apart{1U << 12U, 2U << 12U, 3U << 12U};
  std::array<std::uint32_t, 3> const together{1U << 12U, 3U << 12U, 2U << 12U};
  std::vector<stepwise::explorer::thread> threads;
  for (std::size_t i = 0; i < p.threads.size(); ++i)
    threads.push_back({p.threads[i], same_place ? together[i] : apart[i]});
  return stepwise::explorer{threads, at_end<Notes>, alive}.explore();
}

template <std::size_t Notes>
void explore_all() {
  for (auto const& p : plays<Notes>())
    for (bool const open : {false, true})
      for (bool const same_place : {false, true}) {
        if (same_place && p.threads[1] != read<Notes>) continue;  // a writer has none
        auto const found = explore<Notes>(p, open, same_place, mutant::none);
        std::printf("room for %zu notes, %s, %s%s: %zu states\n", Notes, p.name, open ? "open" : "closed",
                    same_place ? ", two in one place" : "", found.states);
        BOOST_TEST(found.fault == nullptr, found.fault);
      }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hot_lock)

BOOST_AUTO_TEST_CASE(without_notes) { explore_all<0>(); }
BOOST_AUTO_TEST_CASE(with_notes) { explore_all<1>(); }

// What keeps it right must be missed when it is not there.
BOOST_AUTO_TEST_CASE(broken_on_purpose) {
  for (mutant const m : {mutant::unordered_close, mutant::unordered_take, mutant::no_second_look}) {
    char const* fault = nullptr;
    std::size_t states = 0;
    for (auto const& p : plays<0>())
      for (bool const open : {false, true}) {
        if (fault != nullptr) continue;
        auto const found = explore<0>(p, open, false, m);
        fault = found.fault;
        states += found.states;
      }
    std::printf("mutant %d: %s, after %zu states\n", static_cast<int>(m), fault == nullptr ? "alive" : fault, states);
    BOOST_TEST(fault != nullptr);
  }
}

BOOST_AUTO_TEST_SUITE_END()
