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
#include <optional>
#include <string>
#include <utility>
#include <vector>

// K9 and K10 where somebody keeps warm in step: what one look at the horizon, as a test tells it, makes of memory.
using namespace strata;
using namespace std::chrono_literals;

namespace {

struct told_horizon {
  told_horizon(int, int) noexcept {}
  result<horizon> seen{};
  result<horizon> read_horizon(deadline) const { return seen; }
  changes log{};
  int asked = 0;
  result<changes> changes_since(std::optional<cursor>, std::size_t, deadline) { return ++asked, log; }
};
struct anywhere {
  anywhere(int, int) noexcept {}
};

struct watcher {
  using key_type = std::string;
  using warm_channel = flow::channel<anywhere>;
  static constexpr auto witness = flow::witness::horizon;
  static constexpr bool leased = true, has_cold = true;
  struct {
    kernel::moment time{1h};
    [[nodiscard]] kernel::moment now() const noexcept { return time; }
  } clock;
  struct : silent::standing {
    std::uint64_t era = 0;
    bool is_stuck = false;
    bool passes = true;  // whether the feed has come as far as is promised
    int proofs = 0;
    std::vector<std::pair<kernel::moment, position>> promised;
    std::int64_t taken_us = 0;
    bool enter(std::uint64_t e) noexcept { return std::exchange(era, e) == e; }
    std::int64_t saw_taken(std::int64_t us) noexcept { return std::exchange(taken_us, us); }
    static void saw_horizon(kernel::moment) noexcept {}
    static void saw_elsewhere(std::string const&) noexcept {}
    static bool hears() noexcept { return true; }
    bool promise(kernel::moment as_of, position at, kernel::moment) {
      promised.emplace_back(as_of, at);
      if (passes) since_it_began = as_of;
      return passes;
    }
    kernel::moment since_it_began{};
    [[nodiscard]] kernel::moment proven() const noexcept { return since_it_began; }
    [[nodiscard]] bool stuck(kernel::moment) const noexcept { return is_stuck; }
    void prove(kernel::moment) noexcept { ++proofs; }
  } standing;
  silent::strays strays;
  flow::channel<told_horizon> cold{tier::cold, 0, 0};
  hasher<std::string> hash;
  int doubts = 0;
  void doubt_all() noexcept { ++doubts; }
  std::vector<std::uint64_t> overtaken;
  void overtake(auto const&, revision r) { overtaken.push_back(number(r)); }
  static void doubt(auto const&) noexcept {}
  static void took(tier, flow::direction, kernel::moment::duration) noexcept {}
};

struct post {
  watcher c{};
  flow::lookout<watcher> my{};
  int renewed = 0;
  void look(result<horizon> const& seen) {
    c.cold.tier().seen = seen;
    flow::watch(c, my, c.clock.time + 1s, [&] { ++renewed; }).run();
  }
};
horizon taken(std::int64_t us) { return {.reached = {9, revision{}}, .at = position{5}, .taken_us = us, .age = 10ms}; }

}  // namespace

BOOST_AUTO_TEST_SUITE(watching)

BOOST_AUTO_TEST_CASE(a_horizon_is_a_promise_as_of_when_it_was_taken) {
  post s;
  s.look(taken(100));
  BOOST_REQUIRE(s.c.standing.promised.size() == 1U);
  BOOST_TEST((s.c.standing.promised[0] == std::pair{s.c.clock.time - 10ms, position{5}}));
  BOOST_TEST((s.my.upto == cursor{9, revision{}}));
  BOOST_TEST((s.renewed == 0 && s.c.doubts == 0));
}

BOOST_AUTO_TEST_CASE(one_that_nobody_has_taken_yet_promises_nothing) {
  post s;
  s.look(taken(0));
  BOOST_TEST((s.c.standing.promised.empty() && !s.my.upto));
}

BOOST_AUTO_TEST_CASE(one_that_cannot_be_read_changes_nothing) {
  post s;
  s.look(taken(100));
  s.look(failure(errc::unavailable, tier::cold));
  BOOST_TEST((s.c.standing.promised.size() == 1U && s.my.upto && s.renewed == 0 && s.c.doubts == 0));
}

BOOST_AUTO_TEST_CASE(an_earlier_one_is_another_databases_and_leaves_all_in_doubt) {
  post s;
  s.look(taken(100));
  s.look(taken(50));
  BOOST_TEST((s.renewed == 1 && s.c.doubts == 1 && !s.my.upto));
  BOOST_TEST(s.c.standing.promised.size() == 1U);
  s.look(taken(60));  // and time goes on from there
  BOOST_TEST((s.renewed == 1 && s.c.doubts == 1 && s.my.upto));
}

BOOST_AUTO_TEST_CASE(in_another_era_the_feed_begins_anew) {
  post s;
  s.look(taken(100));
  auto anew = taken(200);
  anew.era = 1;
  s.look(anew);
  BOOST_TEST((s.renewed == 1 && s.c.doubts == 0 && s.c.standing.promised.size() == 1U));
  s.look(anew);
  BOOST_TEST((s.renewed == 1 && s.c.standing.promised.size() == 2U));
}

BOOST_AUTO_TEST_CASE(a_feed_that_should_have_come_further_long_ago_begins_anew) {
  post s;
  s.c.standing.is_stuck = true;
  s.look(taken(100));
  BOOST_TEST(s.renewed == 1);
}

BOOST_AUTO_TEST_CASE(a_feed_that_proves_nothing_for_half_a_lease_is_helped_by_the_log) {  // K8
  post s;
  auto& log = s.c.cold.tier();
  auto& standing = s.c.standing;
  standing.passes = false;
  s.look(taken(100));  // it began for the first time, and what came before was never in memory
  BOOST_TEST((log.asked == 0 && !s.my.upto));
  standing.passes = true;
  s.look(taken(200));
  BOOST_TEST((log.asked == 0 && s.my.upto));
  standing.passes = false;
  standing.since_it_began = s.c.clock.time - 500ms;
  s.look(taken(250));
  BOOST_TEST(log.asked == 0);
  standing.since_it_began = {};  // it began again
  log.log = {.all = {{"k", revision{7}, operation::put}}, .read = {12, revision{}}, .settled = {12, revision{}}};
  s.look(taken(300));
  BOOST_TEST((s.c.overtaken == std::vector<std::uint64_t>{7}));
  BOOST_TEST((s.my.upto == cursor{12, revision{}}));
  BOOST_TEST(standing.proofs == 0);  // warm may have fallen back, of which the log says nothing
  standing.passes = true;
  s.look(taken(400));
  BOOST_TEST((log.asked == 1 && s.my.upto == cursor{9, revision{}}));
}

BOOST_AUTO_TEST_SUITE_END()
