// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/testing/laws/warm_bench.hpp>
#include <strata/testing/laws/warm_feed.hpp>
#include <strata/testing/laws/warm_together.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// The laws of warm tiers that no compiler checks, for any policy whose store can be reached with these options:
//   strata::testing::warm_laws<my_policy>(options, strata::testing::boost_report);
// Two tiers built from the same options are two instances on one store. The suite uses keys of its own and disturbs
// no others. Capabilities are tried where the tier has them.
namespace strata::testing {

/// The laws of one call at a time.
template <class Policy, reporter Report>
class warm_suite : warm_bench<Policy, Report> {
  using base = warm_bench<Policy, Report>;
  using base::check, base::get_ready, base::guarded, base::holds, base::key, base::made, base::one_, base::same,
      base::soon, base::traits_, base::two_;
  using typename base::clock, typename base::tier;

 public:
  using base::base;

  void run() {
    get_ready();
    guarded([&] { finds(); });
    guarded([&] { finds_the_rarer(); });
    guarded([&] { is_vacant(); });
    guarded([&] { places(); });
    guarded([&] { goes_upward(); });
    guarded([&] { erases(); });
    guarded([&] { refuses_size(); });
    guarded([&] { is_timely(); });
  }

 private:
  // Keys that a tier may be tempted to fold, split, trim or read as a pattern.
  void finds() {
    std::string const stem = key("x");
    std::vector<std::string> keys;
    for (std::string_view const end : {"",
                                       "a",
                                       "A",
                                       ".",
                                       ".a",
                                       "a.b",
                                       "a=2Eb",
                                       "a b",
                                       " a",
                                       "a ",
                                       "*",
                                       ">",
                                       ".*",
                                       "/../b",
                                       "\r\n",
                                       "\n",
                                       "\t",
                                       "%2E",
                                       "=",
                                       "=h",
                                       "\xC3\xA9",
                                       "e\xCC\x81",
                                       "\xF0\x9F\x98\x80",
                                       "\"",
                                       "\\",
                                       "'",
                                       ";",
                                       ":",
                                       "{}",
                                       "$JS.API"})
      keys.push_back(stem + std::string{end});
    keys.push_back(stem + std::string(512 - stem.size(), 'k'));
    keys.push_back(stem + std::string(511 - stem.size(), 'k'));
    keys.push_back(stem + std::string(512 - stem.size(), '.'));
    std::map<std::string, frame> stored;
    std::uint64_t r = 0;
    for (auto const& k : keys) {
      frame const f = made(k, ++r, "value of " + k + std::string("\0\xFF\r\n", 4));
      check(warm_law::found, one_.store(f, std::nullopt, soon()).has_value(), "a first store failed: " + k);
      stored[k] = f;
    }
    for (auto const& [k, f] : stored)
      check(warm_law::found, holds(one_, k, f) && holds(two_, k, f), "another frame, or none, under " + k);

    std::mt19937_64 random{20'260};
    for (std::size_t i = 0; i < traits_.rounds; ++i) {
      auto const& k = keys[random() % keys.size()];
      tier& t = random() % 2 == 0 ? one_ : two_;
      if (random() % 3 == 0) {
        frame const f =
            made(k, ++r, std::string(random() % 3 == 0 ? 0 : random() % 5'000, static_cast<char>(random() % 256)));
        check(warm_law::found, t.store(f, std::nullopt, soon()).has_value(),
              "a store of a higher revision failed: " + k);
        stored[k] = f;
      } else {
        check(warm_law::found, holds(t, k, stored[k]), "not the last frame of " + k);
      }
    }
  }

  // What is there for a while only, and what says that a value is not here.
  void finds_the_rarer() {
    frame ending = made(key("ending"), 1);
    ending.expires_ms = 4'102'444'800'123;
    ending.sum = checksum(ending);
    frame notice = made(key("notice"), 1, "");
    notice.operation = operation::notice;
    notice.sum = checksum(notice);
    for (frame const& f : {ending, notice})
      check(warm_law::found, one_.store(f, std::nullopt, soon()).has_value() && holds(two_, f.key, f),
            "another frame, or none, under " + f.key);
  }

  void is_vacant() {
    std::string const k = key("vacant");
    auto const seen = one_.load(k, soon());
    check(warm_law::vacant, seen && !seen->frame, "something was there");
    if (!seen) return;
    check(warm_law::vacant, one_.store(made(k, 1), seen->position, soon()).has_value(), "it could not be stored at");
    check(warm_law::vacant, holds(two_, k, made(k, 1)), "it was not stored");
  }

  void places() {
    std::string const k = key("placed");
    auto const nowhere = one_.load(k, soon());
    auto const first = one_.store(made(k, 1), std::nullopt, soon());
    if (!nowhere || !first) return check(warm_law::placed, false, "load or store failed");
    auto const late = two_.store(made(k, 9), nowhere->position, soon());
    check(warm_law::placed, !late && late.error() == errc::conflict,
          "a store where nothing is, on a key that is there");
    check(warm_law::placed, holds(one_, k, made(k, 1)), "a store that was refused changed what is there");
    auto const seen = two_.load(k, soon());
    check(warm_law::positioned, seen && seen->position == *first, "load gives another position than the store gave");
    auto const second = two_.store(made(k, 2), *first, soon());
    check(warm_law::placed, second.has_value(), "a store where the key stands was refused");
    if (!second) return;
    check(warm_law::positioned, *second != *first, "the key moved and its position did not");
    auto const again = one_.store(made(k, 3), *first, soon());
    check(warm_law::placed, !again && again.error() == errc::conflict, "a store where the key stood before");
    check(warm_law::placed, holds(one_, k, made(k, 2)), "not the frame that was stored in its place");
    check(warm_law::placed, one_.store(made(k, 1), *second, soon()).has_value(),
          "the position alone decides, and it was right");
  }

  void goes_upward() {
    std::string const k = key("upward");
    check(warm_law::upward, one_.store(made(k, 5), std::nullopt, soon()).has_value(), "a first store failed");
    for (tier* t : {&one_, &two_}) {
      auto const older = t->store(made(k, 4), std::nullopt, soon());
      check(warm_law::upward, !older && older.error() == errc::conflict, "a lower revision was not refused");
      check(warm_law::upward, holds(one_, k, made(k, 5)), "a lower revision replaced a higher one");
    }
    check(warm_law::upward, two_.store(made(k, 7), std::nullopt, soon()).has_value(), "a higher revision was refused");
    auto const older = one_.store(made(k, 6), std::nullopt, soon());
    check(warm_law::upward, !older && older.error() == errc::conflict, "a revision between was not refused");
    check(warm_law::upward, one_.store(made(k, 8), std::nullopt, soon()).has_value(), "a higher revision was refused");
    check(warm_law::upward, holds(two_, k, made(k, 8)), "not the highest revision");
    check(warm_law::upward, one_.store(made(k, 8), std::nullopt, soon()).has_value(), "the same revision was refused");

    frame foreign = made(key("foreign"), 0);  // as a program leaves it that knows no revisions
    foreign.sum.reset();
    check(warm_law::upward, one_.store(foreign, std::nullopt, soon()).has_value(), "a foreign message was refused");
    auto const left = one_.load(foreign.key, soon());
    if (!left || !left->frame || left->frame->sum) return;  // nothing foreign can be left through this tier
    auto const blind = two_.store(made(foreign.key, 3), std::nullopt, soon());
    check(warm_law::upward, !blind && blind.error() == errc::conflict, "a foreign message was overwritten blindly");
    auto const seen = two_.load(foreign.key, soon());
    check(warm_law::upward, seen && two_.store(made(foreign.key, 3), seen->position, soon()).has_value(),
          "a foreign message could not be overwritten where it stood");
  }

  void erases() {
    std::string const k = key("erased");
    (void)one_.store(made(k, 5), std::nullopt, soon());
    auto const older = two_.erase(k, revision{4}, soon());
    check(warm_law::upward, !older && older.error() == errc::conflict, "an erase of a lower revision was not refused");
    auto const gone = two_.erase(k, revision{6}, soon());
    check(warm_law::erased, gone.has_value(), "the erase failed");
    auto const seen = one_.load(k, soon());
    check(warm_law::erased,
          seen && seen->frame && seen->frame->operation == operation::erase && seen->frame->revision == revision{6} &&
              seen->frame->key == k && seen->frame->payload.empty(),
          "no frame of the erase is there");
    check(warm_law::positioned, gone && seen && seen->position == *gone,
          "load gives another position than the erase gave");
    auto const late = one_.store(made(k, 5), std::nullopt, soon());
    check(warm_law::upward, !late && late.error() == errc::conflict, "what was erased came back");
    check(warm_law::erased, one_.store(made(k, 7), std::nullopt, soon()).has_value() && holds(two_, k, made(k, 7)),
          "it could not be written again");
    check(warm_law::erased, one_.erase(key("never"), revision{1}, soon()).has_value(),
          "an erase of what is not there failed");
  }

  void refuses_size() {
    if (traits_.too_big_bytes == 0) return;
    std::string const k = key("sized");
    (void)one_.store(made(k, 1), std::nullopt, soon());
    auto const big = one_.store(made(k, 2, std::string(traits_.too_big_bytes, 'b')), std::nullopt, soon());
    check(warm_law::sized, !big && big.error() == errc::rejected, "it was not rejected");
    check(warm_law::sized, holds(one_, k, made(k, 1)), "what was there is gone");
    check(warm_law::sized,
          one_.store(made(k, 3, std::string(traits_.too_big_bytes / 2, 'b')), std::nullopt, soon()).has_value(),
          "half of it is refused too");
  }

  // Tried until the patience is at its end, since a machine may be busy; a tier that does not look at its deadline fails
  // each time.
  template <class Call>
  void in_time(std::chrono::milliseconds given, std::string_view what, Call call) {
    auto const late = [&] {
      auto const start = clock::now();
      call(start + given);
      return clock::now() - start > std::max(given, std::chrono::milliseconds{0}) + std::chrono::milliseconds{50};
    };
    bool passed = !late();
    for (auto const over = soon(); !passed && clock::now() < over;) passed = !late();
    check(warm_law::timely, passed, std::format("{} given {}", what, given));
  }
  void is_timely() {
    using namespace std::chrono_literals;
    std::string const k = key("timely");
    std::uint64_t r = 0;
    for (auto const given : {-5ms, 0ms, 1ms, 20ms}) {
      in_time(given, "load", [&](deadline until) { (void)one_.load(k, until); });
      in_time(given, "store", [&](deadline until) { (void)one_.store(made(k, ++r), std::nullopt, until); });
      in_time(given, "store at a position", [&](deadline until) { (void)one_.store(made(k, ++r), position{}, until); });
      in_time(given, "erase", [&](deadline until) { (void)one_.erase(k, revision{++r}, until); });
    }
  }
};

/// Tries every law on a policy. \param settings  what reaches a store that may be written to
template <class Policy, reporter Report>
void warm_laws(typename Policy::options const& settings, Report&& report, warm_traits traits = {}) {
  warm_suite<Policy, std::remove_reference_t<Report>>{settings, report, traits}.run();
  warm_together<Policy, std::remove_reference_t<Report>>{settings, report, traits}.run();
  warm_feed<Policy, std::remove_reference_t<Report>>{settings, report, traits}.run();
}

}  // namespace strata::testing
