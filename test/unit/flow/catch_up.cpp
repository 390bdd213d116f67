// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "silent.hpp"

#include <strata/concepts/log.hpp>
#include <strata/error.hpp>
#include <strata/flow/channel.hpp>
#include <strata/flow/watch.hpp>
#include <strata/hash.hpp>
#include <strata/kernel/moment.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// K9 where there is no warm: memory follows cold's log, which a test tells page by page.
using namespace strata;
using namespace std::chrono_literals;

namespace {

struct asked_log {
  asked_log(int, int) noexcept {}
  std::deque<result<changes>> pages;
  std::vector<std::optional<cursor>> asked;
  result<changes> changes_since(std::optional<cursor> from, std::size_t, deadline) {
    asked.push_back(from);
    auto page = std::move(pages.front());
    pages.pop_front();
    return page;
  }
};

struct core {
  using key_type = std::string;
  static constexpr bool leased = true, has_cold = true;
  struct {
    mutable kernel::moment time{1h};
    [[nodiscard]] kernel::moment now() const noexcept { return time += 1ms, time; }  // as it passes
  } clock;
  struct : silent::standing {
    std::optional<kernel::moment> proven;
    void prove(kernel::moment as_of) { proven = as_of; }
  } standing;
  silent::strays strays;
  flow::channel<asked_log> cold{tier::cold, 0, 0};
  hasher<std::string> hash;
  int doubts = 0;
  std::vector<std::uint64_t> overtaken;
  void doubt_all() noexcept { ++doubts; }
  void overtake(auto const&, revision r) { overtaken.push_back(number(r)); }
  void doubt(auto const&) noexcept {}
};

cursor at(std::uint64_t n) { return {n, revision{}}; }
changes page(std::vector<std::uint64_t> const& revisions, std::uint64_t read, std::uint64_t settled,
             bool more = false) {
  changes p{.read = at(read), .settled = at(settled), .more = more};
  for (auto const r : revisions) p.all.push_back({"k", revision{r}, operation::put});
  return p;
}

struct stage {
  core c{};
  flow::lookout<core> my{.upto = at(1)};
  bool catches_up(std::vector<result<changes>> pages) {
    auto& log = c.cold.tier();
    log.pages.assign(pages.begin(), pages.end());
    log.asked.clear();
    c.standing.proven.reset();
    return flow::catch_up(c, my, c.clock.time + 1s).run();
  }
  auto const& asked() { return c.cold.tier().asked; }
};
using places = std::vector<std::optional<cursor>>;

}  // namespace

BOOST_AUTO_TEST_SUITE(catching_up)

BOOST_AUTO_TEST_CASE(it_begins_where_the_log_ends_and_what_was_read_before_is_doubted) {
  stage s{.my = {}};
  BOOST_TEST(s.catches_up({page({}, 7, 7), page({}, 7, 7)}));
  BOOST_TEST((s.asked() == places{std::nullopt, at(7)}));
  BOOST_TEST(s.c.doubts == 1);
  BOOST_TEST(s.catches_up({page({}, 7, 7)}));
  BOOST_TEST((s.asked() == places{at(7)}));
  BOOST_TEST(s.c.doubts == 1);
}

BOOST_AUTO_TEST_CASE(every_change_is_taken_over_page_by_page_and_memory_is_as_fresh_as_the_question) {
  stage s;
  auto const before = s.c.clock.time;
  BOOST_TEST(s.catches_up({page({2, 3}, 3, 3, true), page({5}, 6, 6)}));
  BOOST_TEST((s.asked() == places{at(1), at(3)}));
  BOOST_TEST((s.c.overtaken == std::vector<std::uint64_t>{2, 3, 5}));
  BOOST_TEST((s.c.standing.proven == before + 1ms));
  BOOST_TEST((s.my.upto == at(6) && s.c.doubts == 0));
}

BOOST_AUTO_TEST_CASE(what_was_open_before_a_page_is_asked_for_again_whatever_later_pages_say) {
  stage s;
  BOOST_TEST(s.catches_up({page({}, 3, 3, true), page({}, 9, 5, true), page({}, 12, 12)}));
  BOOST_TEST((s.asked() == places{at(1), at(3), at(9)}));
  BOOST_TEST((s.my.upto == at(5)));
}

BOOST_AUTO_TEST_CASE(a_log_that_does_not_go_back_so_far_leaves_everything_in_doubt) {
  stage s;
  auto torn = page({8}, 8, 8);
  torn.gap = true;
  BOOST_TEST(s.catches_up({torn}));
  BOOST_TEST(s.c.doubts == 1);
}

BOOST_AUTO_TEST_CASE(nothing_is_proven_before_all_has_been_read) {
  stage s;
  BOOST_TEST(!s.catches_up({page({2}, 3, 3, true), failure(errc::unavailable, tier::cold)}));
  BOOST_TEST(!s.c.standing.proven);
  BOOST_TEST((s.my.upto == at(3)));  // what was read need not be read again
  stage begun{.my = {}};
  BOOST_TEST(!begun.catches_up({failure(errc::unavailable, tier::cold)}));
  BOOST_TEST((!begun.my.upto && begun.c.doubts == 0));
}

BOOST_AUTO_TEST_SUITE_END()
