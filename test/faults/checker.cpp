// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A checker that finds nothing proves nothing: journals made by hand, one sound and one for each way to break a promise,
// which has to be named, and nothing else.
#include "checker.hpp"
#include "mark.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

using namespace faults;
using strata::errc;

namespace {

// Times in milliseconds; instances 1 and 2; key 7 unless told otherwise.
struct story {
  std::vector<entry> journal;
  circumstances c;
  std::uint64_t next = 0;

  static entry call(verb what, std::uint16_t instance, std::int64_t from, std::int64_t to) {
    return {.began = from * millisecond,
            .ended = to * millisecond,
            .key = 7,
            .instance = instance,
            .within_ms = 2'000,
            .what = what,
            .from = strata::tier::cold};
  }
  entry& add(entry e) {
    if (e.writes() && e.operation == 0) e.operation = first_operation(e.instance) + ++next;
    journal.push_back(e);
    return journal.back();
  }
  void committed(std::uint64_t revision, std::uint64_t operation, std::uint32_t key = 7) {
    c.truth.push_back({.key = key, .revision = revision, .operation = operation});
  }
  void erased(std::uint64_t revision) { c.truth.push_back({.key = 7, .revision = revision}); }

  /// A write as it should be: its two records and its row.
  entry& write(verb what, std::uint16_t instance, std::int64_t from, std::int64_t to, std::uint64_t revision) {
    auto e = call(what, instance, from, to);
    e.operation = first_operation(instance) + ++next;
    auto begun = e;
    begun.ended = 0;
    journal.push_back(begun);
    e.revision = revision;
    what == verb::erase ? erased(revision) : committed(revision, e.operation);
    journal.push_back(e);
    return journal.back();
  }
  entry& read(std::uint16_t instance, std::int64_t from, std::int64_t to, std::uint64_t revision) {
    auto e = call(verb::get, instance, from, to);
    e.revision = revision;
    for (auto const& t : c.truth)
      if (t.revision == revision) e.given = t.operation.value_or(0);
    return add(e);
  }
  tally judged() const { return checker{journal, c}(); }
};

// Two writes, an erase, reads around them; nothing wrong.
story sound() {
  story s;
  s.write(verb::put, 1, 0, 10, 5);
  s.read(1, 11, 12, 5);
  s.read(2, 11, 12, 5);
  s.write(verb::put_if, 2, 20, 30, 8).expected = 5;
  s.read(1, 40, 41, 5);  // within the bound
  s.read(1, 60, 61, 8);
  return s;
}

std::string broken(tally const& t) {
  std::string names;
  for (std::size_t p = 0; p < promises; ++p)
    if (t.of(static_cast<promise>(p)).violations > 0)
      names += (names.empty() ? "" : " ") + std::string{wording_of(static_cast<promise>(p)).name};
  return names;
}

}  // namespace

#define BREAKS(names, s) BOOST_TEST(broken((s).judged()) == names)

BOOST_AUTO_TEST_SUITE(checker_finds)

BOOST_AUTO_TEST_CASE(nothing_where_nothing_is_wrong) {
  auto s = sound();
  s.write(verb::erase, 1, 100, 110, 9);
  s.read(1, 120, 121, 0);
  s.read(2, 120, 121, 8);
  auto& loaded = s.write(verb::get_or_load, 2, 130, 140, 11);
  loaded.given = loaded.operation;
  s.read(1, 150, 151, 0);
  s.read(1, 160, 161, 11);
  auto& late = s.add(story::call(verb::put, 1, 200, 2'190));
  late.outcome = static_cast<int>(errc::timed_out);
  s.c.cold_away.push_back({150 * millisecond, 300 * millisecond});
  auto& lost = s.add(story::call(verb::put, 2, 200, 220));
  lost.outcome = static_cast<int>(errc::unknown);
  s.committed(12, lost.operation);
  s.add(story::call(verb::put, 1, 230, 0)).ended = 0;
  s.read(1, 4'000, 4'001, 12).flags = entry::sweep;
  BREAKS("", s);
  auto const all = s.judged();
  for (auto const p :
       {promise::durable, promise::monotonic, promise::own_writes, promise::bounded, promise::no_resurrection,
        promise::one_winner, promise::no_mix_up, promise::in_time, promise::honest, promise::same_end})
    BOOST_TEST(all.of(p).operations > 0u, wording_of(p).name);
}

BOOST_AUTO_TEST_CASE(an_acknowledged_write_that_is_not_there) {
  auto s = sound();
  auto& e = s.add(story::call(verb::put, 1, 70, 75));
  e.revision = 9;
  BREAKS("P1", s);
  e.revision = 8;  // there, as another's
  s.c.truth.push_back({.key = 7, .revision = 9, .operation = e.operation});
  BOOST_TEST(s.judged().of(promise::durable).violations == 1u);
}
BOOST_AUTO_TEST_CASE(an_acknowledged_erase_that_is_not_there) {
  auto s = sound();
  s.add(story::call(verb::erase, 1, 70, 75)).revision = 9;
  BREAKS("P1", s);
}
BOOST_AUTO_TEST_CASE(a_lost_write_that_says_that_it_changed_nothing) {
  auto s = sound();
  auto& e = s.add(story::call(verb::put, 1, 70, 75));
  e.revision = 8;
  e.flags = entry::unchanged;
  BREAKS("P1", s);
  s.committed(9, s.journal.back().operation);
  BREAKS("P10", s);
}
BOOST_AUTO_TEST_CASE(an_erase_that_found_nothing_where_something_stood) {
  auto s = sound();
  s.add(story::call(verb::erase, 1, 70, 75)).flags = entry::unchanged;
  BREAKS("P10", s);
  story late = s;
  s.write(verb::erase, 2, 72, 80, 9);
  BREAKS("", s);
  late.write(verb::erase, 2, 76, 80, 9);
  BREAKS("P10", late);
}
BOOST_AUTO_TEST_CASE(a_read_behind_an_earlier_one) {
  auto s = sound();
  s.read(1, 62, 63, 5);
  BREAKS("P2", s);
}
BOOST_AUTO_TEST_CASE(but_not_behind_one_that_had_not_ended) {
  auto s = sound();
  s.read(1, 60, 62, 5);
  BREAKS("", s);
}
BOOST_AUTO_TEST_CASE(an_absence_that_no_erase_explains) {
  auto s = sound();
  s.read(1, 70, 71, 0);
  BREAKS("P2", s);
}
BOOST_AUTO_TEST_CASE(a_read_behind_its_own_write) {
  auto s = sound();
  s.read(2, 31, 32, 5);
  BREAKS("P3", s);
}
BOOST_AUTO_TEST_CASE(a_superseded_copy_called_fresh_after_the_bound) {
  auto s = sound();
  s.read(2, 1'300, 1'301, 8);
  story own = s;
  s.read(3, 1'300, 1'301, 5);
  BREAKS("P4", s);
  s.journal.back().state = strata::freshness::unverified;
  BREAKS("", s);
  own.read(3, 1'270, 1'271, 5);  // acknowledged at 30, and the bound is 1,250
  BREAKS("", own);
}
BOOST_AUTO_TEST_CASE(what_is_old_called_the_truth) {
  auto s = sound();
  s.read(3, 50, 51, 5).flags = entry::truth;
  BREAKS("P4", s);
}
BOOST_AUTO_TEST_CASE(what_a_flag_says_before_its_thread_has_run_again) {
  auto s = sound();
  s.read(3, 1'300, 1'301, 5).flags = entry::flagged;
  BREAKS("P4", s);
  s.journal.push_back({.began = 600 * millisecond, .ended = 1'200 * millisecond, .instance = 3, .what = verb::starved});
  BREAKS("", s);
  BOOST_TEST(s.judged().of(promise::bounded).excused == 1u);
}
BOOST_AUTO_TEST_CASE(but_the_clock_is_right_at_the_first_read_after_a_stop) {
  auto s = sound();
  s.journal.push_back({.began = 600 * millisecond, .ended = 1'300 * millisecond, .instance = 3, .what = verb::starved});
  s.read(3, 1'300, 1'301, 5);
  BREAKS("P4", s);
  BOOST_TEST(s.judged().counted(checker::first_reads) == 1u);
  s.journal.back().state = strata::freshness::unverified;
  BREAKS("", s);
  BOOST_TEST(s.judged().counted(checker::first_reads) == 1u);
}
BOOST_AUTO_TEST_CASE(less_than_was_asked_for) {
  auto s = sound();
  s.read(3, 50, 51, 5).expected = 8;
  BREAKS("P3", s);
  s.write(verb::erase, 1, 100, 110, 9);
  s.read(2, 120, 121, 0).expected = 9;
  BREAKS("P3", s);
}
BOOST_AUTO_TEST_CASE(an_erased_key_called_there_after_the_bound) {
  auto s = sound();
  s.write(verb::erase, 1, 100, 110, 9);
  s.read(3, 2'000, 2'001, 8);
  BREAKS("P4", s);
}
BOOST_AUTO_TEST_CASE(something_older_after_an_erase) {
  auto s = sound();
  s.write(verb::erase, 1, 100, 110, 9);
  s.read(1, 120, 121, 8);
  BREAKS("P5", s);
}
BOOST_AUTO_TEST_CASE(two_winners) {
  auto s = sound();
  s.write(verb::put_if, 3, 25, 35, 9).expected = 5;
  BREAKS("P6", s);
}
BOOST_AUTO_TEST_CASE(a_condition_that_was_not_met_by_a_write_that_nobody_heard_of) {
  auto s = sound();
  auto& e = s.add(story::call(verb::put_if, 1, 50, 0));
  e.ended = 0;
  e.expected = 5;
  s.committed(9, e.operation);
  BREAKS("P6", s);
}
BOOST_AUTO_TEST_CASE(a_loader_that_replaced_something) {
  auto s = sound();
  auto& e = s.write(verb::get_or_load, 1, 50, 60, 9);
  e.given = e.operation;
  BREAKS("P6", s);
}
BOOST_AUTO_TEST_CASE(an_update_of_something_else) {
  auto s = sound();
  s.write(verb::update, 1, 50, 60, 9).given = s.c.truth.front().operation.value();
  BREAKS("P6", s);
}
BOOST_AUTO_TEST_CASE(writes_in_the_wrong_order) {
  auto s = sound();
  s.write(verb::put, 1, 50, 60, 7);
  BREAKS("P6", s);
}
BOOST_AUTO_TEST_CASE(a_damaged_value) {
  auto s = sound();
  s.read(1, 62, 63, 8).flags = entry::damaged;
  BREAKS("P7", s);
}
BOOST_AUTO_TEST_CASE(a_value_of_another_key) {
  auto s = sound();
  s.committed(9, s.c.truth.front().operation.value() + 100, 8);
  auto& e = s.add(story::call(verb::put, 1, 40, 45));
  e.key = 8;
  e.operation = s.c.truth.back().operation.value();
  e.revision = 9;
  s.read(1, 62, 63, 9);
  BREAKS("P7", s);
}
BOOST_AUTO_TEST_CASE(a_row_that_nobody_wrote) {
  auto s = sound();
  s.committed(9, 4'711);
  BREAKS("P7", s);
}
BOOST_AUTO_TEST_CASE(a_call_that_outlives_its_deadline) {
  auto s = sound();
  s.read(1, 100, 2'160, 8);
  BREAKS("P8", s);
  s.journal.back().ended -= 10 * millisecond;
  BREAKS("", s);
  s.journal.back().ended = 2'260 * millisecond;
  s.journal.back().waited_ms = 110;  // for a processor
  BREAKS("", s);
  s.journal.back().waited_ms = 0;
  s.journal.push_back({.began = 300 * millisecond, .ended = 500 * millisecond, .instance = 1, .what = verb::starved});
  BREAKS("", s);
  s.journal.back().instance = 2;
  BREAKS("P8", s);
  BOOST_TEST(s.judged().counted("ms beyond a deadline at most, stops apart") == 160u);
  s.c.stalls.push_back({2'000 * millisecond, 2'260 * millisecond});  // of the whole machine
  BREAKS("", s);
  BOOST_TEST(s.judged().counted("ms beyond a deadline at most, stops apart") == 0u);
}
BOOST_AUTO_TEST_CASE(a_failure_while_cold_is_up) {
  auto s = sound();
  s.c.cold_away.push_back({0, 99 * millisecond});
  s.add(story::call(verb::get, 1, 100, 110)).outcome = static_cast<int>(errc::unavailable);
  BREAKS("P8", s);
}
BOOST_AUTO_TEST_CASE(more_entries_than_the_bound) {
  auto s = sound();
  s.c.hot_capacity = 32;
  s.journal.push_back({.began = 1, .ended = 1, .revision = 33, .instance = 1, .what = verb::sample});
  BREAKS("P9", s);
}
BOOST_AUTO_TEST_CASE(more_of_the_machine_at_the_end_than_at_first) {
  auto s = sound();
  auto const sample = [&](std::int64_t at, std::uint64_t mib, std::uint64_t threads, std::uint64_t descriptors) {
    s.journal.push_back({.began = at * millisecond,
                         .ended = at * millisecond,
                         .given = threads << 32U | descriptors,
                         .expected = mib << 10U,
                         .instance = 1,
                         .what = verb::sample});
  };
  sample(2'900, 20, 17, 19);
  sample(3'100, 40, 30, 40);
  sample(9'000, 84, 25, 27);
  s.read(1, 9'100, 9'101, 8).flags = entry::sweep;
  BREAKS("", s);
  auto const at_end = [&](std::uint64_t mib, std::uint64_t threads, std::uint64_t descriptors) {
    sample(9'200, mib, threads, descriptors);
    BREAKS("P9", s);
    BOOST_TEST(s.judged().violations() == 1u);
    s.journal.pop_back();
  };
  at_end(85, 25, 27);
  at_end(84, 26, 27);
  at_end(84, 25, 28);
}
BOOST_AUTO_TEST_CASE(a_failure_that_was_committed) {
  auto s = sound();
  auto& e = s.add(story::call(verb::put, 1, 50, 55));
  e.outcome = static_cast<int>(errc::conflict);
  s.committed(9, e.operation);
  BREAKS("P10", s);
}
BOOST_AUTO_TEST_CASE(a_conflict_with_nobody) {
  auto s = sound();
  auto& e = s.add(story::call(verb::put_if, 1, 50, 55));
  e.outcome = static_cast<int>(errc::conflict);
  e.expected = 8;
  BREAKS("P10", s);
  e.expected = 5;
  BREAKS("", s);
}
BOOST_AUTO_TEST_CASE(an_erase_that_nobody_was_told_of) {
  auto s = sound();
  s.erased(9);
  BREAKS("P10", s);
  s.add(story::call(verb::erase, 1, 50, 55)).outcome = static_cast<int>(errc::unknown);
  s.c.cold_away.push_back({0, 99 * millisecond});
  BREAKS("", s);
}
BOOST_AUTO_TEST_CASE(an_instance_that_ends_on_other_contents) {
  auto s = sound();
  s.read(1, 1'000, 1'001, 8).flags = entry::sweep;
  s.read(3, 1'000, 1'001, 5).flags = entry::sweep;
  BREAKS("K7", s);
}

BOOST_AUTO_TEST_CASE(marks_that_do_not_fit) {
  auto const whole = marked("a|b", 0xabcdef, 40);
  BOOST_TEST((operation_in("a|b", whole) == 0xabcdefU));
  BOOST_TEST(!operation_in("a", whole));
  BOOST_TEST(!operation_in("a|c", whole));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    auto bad = whole;
    bad[n] ^= 1;
    BOOST_TEST(!operation_in("a|b", bad));
    BOOST_TEST(!operation_in("a|b", whole.substr(0, n)));
  }
}

BOOST_AUTO_TEST_SUITE_END()
