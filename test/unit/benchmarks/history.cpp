// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The checker of benchmarks/fleet on histories made by hand: sound ones, and ones with each kind of wrong in them.
#include "../../../benchmarks/fleet/history.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

using namespace fleet;
using namespace std::chrono_literals;

namespace {

constexpr std::uint32_t key = 7;
constexpr std::int64_t second = 1'000'000'000;

// Values are marked by their version, so that a version means the same value everywhere.
event write(std::int64_t begun, std::int64_t ended, std::uint64_t version) {
  return {.begun = begun,
          .ended = ended,
          .version = version,
          .key = key,
          .mark = {.key = key, .number = static_cast<std::uint32_t>(version), .writer = 1},
          .call = call::write,
          .state = state::answered};
}
event read(std::int64_t begun, std::int64_t ended, std::uint64_t version) {
  event e = write(begun, ended, version);
  e.call = call::read;
  return e;
}
event unanswered(event e, state how) {
  e.state = how;
  e.version = 0;
  return e;
}

// Histories of process 0, 1, ..., one thread each.
verdict judged(std::vector<std::vector<event>> const& processes, std::chrono::nanoseconds bound = 1s) {
  std::vector<history> all;
  for (auto const& events : processes) all.push_back({static_cast<std::uint32_t>(all.size()), events});
  return judge(all, bound);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(fleet_history)

BOOST_AUTO_TEST_CASE(nothing_is_nothing) { BOOST_TEST((judged({}) == verdict{})); }

BOOST_AUTO_TEST_CASE(sound_histories_pass) {
  auto const found = judged({{write(0, 10, 1), read(20, 30, 1), write(40, 50, 2), read(60, 70, 2)},
                             {read(45, 55, 1),                    // overlaps the second write
                              read(56, 60, 2), read(61, 62, 2)},  // and has seen it from then on
                             {read(50, 51, 1)}});                 // another process, within the bound
  BOOST_TEST((found == verdict{.reads = 6}));
}

BOOST_AUTO_TEST_CASE(a_version_superseded_for_longer_than_the_bound_is_stale) {
  auto const superseded = [](std::int64_t begun) {
    return judged({{write(0, 10, 1), write(20, 100, 2)}, {read(begun, begun + 5, 1)}}).stale;
  };
  BOOST_TEST(superseded(101) == 0u);
  BOOST_TEST(superseded(100 + second) == 0u);  // the bound itself is allowed
  BOOST_TEST(superseded(101 + second) == 1u);
  BOOST_TEST(judged({{write(0, 10, 1), write(20, 100, 2)}, {read(102, 103, 1)}}, 1ns).stale == 1u);
}

BOOST_AUTO_TEST_CASE(what_counts_is_when_a_read_began) {
  BOOST_TEST(judged({{write(0, 10, 1), write(20, 100, 2)}, {read(50, 90 * second, 1)}}).stale == 0u);
}

BOOST_AUTO_TEST_CASE(a_read_that_is_not_called_current_is_not_stale_but_may_go_backward) {
  auto old = read(5 * second, 5 * second + 1, 1);
  old.current = false;
  auto const found = judged({{write(0, 10, 1), write(20, 100, 2)}, {read(200, 201, 2), old}});
  BOOST_TEST((found == verdict{.reads = 2, .unverified = 1, .backward = 1}));
}

BOOST_AUTO_TEST_CASE(a_process_that_reads_older_than_before_goes_backward) {
  auto const found = judged({{write(0, 10, 1), write(20, 30, 2)}, {read(40, 50, 2), read(51, 60, 1), read(61, 70, 1)}});
  BOOST_TEST((found == verdict{.reads = 3, .backward = 2}));
}

BOOST_AUTO_TEST_CASE(a_process_that_reads_older_than_it_wrote_goes_backward) {
  BOOST_TEST(judged({{write(0, 10, 1), write(20, 30, 2), read(31, 40, 1)}}).backward == 1u);
}

BOOST_AUTO_TEST_CASE(threads_of_a_process_are_compared_by_time_and_processes_not_at_all) {
  std::vector<event> const writer{write(0, 10, 1), write(20, 30, 2)};
  std::vector<event> const first{read(40, 50, 2)};
  std::vector<event> const later{read(51, 60, 1)};
  std::vector<event> const meanwhile{read(45, 60, 1)};
  auto const with = [&](std::uint32_t process, std::vector<event> const& second_thread) {
    std::vector<history> const all{{0, writer}, {1, first}, {process, second_thread}};
    return judge(all, 1s).backward;
  };
  BOOST_TEST(with(1, later) == 1u);
  BOOST_TEST(with(1, meanwhile) == 0u);
  BOOST_TEST(with(2, later) == 0u);  // as after a restart
}

BOOST_AUTO_TEST_CASE(a_write_that_nobody_was_told_of_is_known_once_it_was_read) {
  for (auto const how : {state::open, state::failed}) {
    std::vector<event> const writer{write(0, 10, 1), unanswered(write(20, 30, 2), how)};
    // Nobody saw it: it may not have happened.
    BOOST_TEST((judged({writer, {read(5 * second, 5 * second + 1, 1)}}) == verdict{.reads = 1}));
    // Process 2 saw it, and from then on the bound runs.
    auto const saw = read(second, second + 1, 2);
    BOOST_TEST(judged({writer, {read(2 * second, 2 * second + 1, 1)}, {saw}}).stale == 0u);
    BOOST_TEST(judged({writer, {read(2 * second + 2, 2 * second + 3, 1)}, {saw}}).stale == 1u);
  }
}

BOOST_AUTO_TEST_CASE(failed_reads_are_not_judged) {
  BOOST_TEST((judged({{write(0, 10, 1), write(20, 30, 2),
                       unanswered(read(5 * second, 6 * second, 1), state::failed)}}) == verdict{}));
}

BOOST_AUTO_TEST_CASE(absence_of_what_is_there_is_the_oldest_version) {
  BOOST_TEST(
      (judged({{write(0, 10, 1), read(2 * second, 3 * second, 0)}}) == verdict{.reads = 1, .stale = 1, .backward = 1}));
  BOOST_TEST((judged({{write(0, 10, 1)}, {read(5, 12, 0)}}) == verdict{.reads = 1}));
}

BOOST_AUTO_TEST_CASE(a_value_that_nobody_wrote_to_that_key_is_wrong) {
  auto invented = read(20, 30, 1);
  invented.mark.number = 99;
  BOOST_TEST(judged({{write(0, 10, 1)}, {invented}}).wrong == 2u);  // nobody wrote it, and version 1 has a value

  auto mixed_up = read(20, 30, 2);  // of another key
  auto other = write(11, 12, 2);
  other.key = other.mark.key = key + 1;
  mixed_up.mark = other.mark;
  BOOST_TEST(judged({{write(0, 10, 1), other}, {mixed_up}}).wrong == 1u);

  BOOST_TEST(judged({{write(0, 10, 1), write(50, 60, 2)}, {read(20, 30, 2)}}).wrong == 1u);  // before it was written
}

BOOST_AUTO_TEST_CASE(one_version_with_two_values_is_wrong) {
  auto twice = write(20, 30, 1);
  twice.mark.number = 2;
  BOOST_TEST(judged({{write(0, 10, 1)}, {twice}}).wrong == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
