// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/testing/report.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <format>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The laws of warm tiers that no compiler checks, for any policy whose store can be reached with these options:
//   strata::testing::warm_laws<my_policy>(options, strata::testing::boost_report);
// Two tiers built from the same options are two instances on one store. The suite uses keys of its own and disturbs
// no others. Capabilities are tried where the tier has them.
namespace strata::testing {

namespace warm_law {
inline constexpr std::string_view found = "load gives the last frame stored under exactly that key";
inline constexpr std::string_view vacant = "a key that was never stored is a vacancy that can be stored at";
inline constexpr std::string_view placed = "a store at a position happens only if the key has not moved";
inline constexpr std::string_view positioned = "the position a store gives is where the key stands until it moves";
inline constexpr std::string_view upward = "a store without a position never replaces a higher revision";
inline constexpr std::string_view erased = "an erase leaves a frame that says so, with its revision";
inline constexpr std::string_view sized = "what is too big is rejected and harms nothing";
inline constexpr std::string_view timely = "no call outlives its deadline by more than 50 ms";
inline constexpr std::string_view many = "many at once is each as if it were alone, in the order asked";
inline constexpr std::string_view told =
    "the feed tells the last revision of every key that changed, and where it stands";
inline constexpr std::string_view ended = "a feed that has ended calls nobody";
inline constexpr std::string_view raced =
    "of racing stores at one position exactly one succeeds, and without one the highest revision stays";
inline constexpr std::string_view silent = "nothing but bad_alloc is thrown";
}  // namespace warm_law

/// What the suite has to know of a policy.
struct warm_traits {
  std::size_t too_big_bytes = 0;              ///< a payload of this size must be rejected; zero: there is no limit
  std::chrono::milliseconds patience{5'000};  ///< for the store to get ready, and for the feed
  std::size_t rounds = 300;                   ///< steps of the random story
};

template <class Policy, reporter Report>
class warm_suite {
  struct no_context {};
  using options = typename Policy::options;
  using tier = typename Policy::template tier<std::string, std::string, no_context>;
  using clock = std::chrono::steady_clock;
  static_assert(warm_tier<tier>);

 public:
  warm_suite(options const& settings, Report& report, warm_traits traits)
      : report_{report}, traits_{traits}, context_{}, one_{settings, context_}, two_{settings, context_} {}

  void run() {
    if constexpr (requires { one_.wait_ready(soon()); }) {
      check(warm_law::found, one_.wait_ready(soon()).has_value() && two_.wait_ready(soon()).has_value(),
            "the tier never got ready");
    }
    guarded([&] { finds(); });
    guarded([&] { is_vacant(); });
    guarded([&] { places(); });
    guarded([&] { goes_upward(); });
    guarded([&] { erases(); });
    guarded([&] { refuses_size(); });
    guarded([&] { is_timely(); });
    guarded([&] { races(); });
    if constexpr (loads_many<tier> && stores_frames<tier>) guarded([&] { takes_many(); });
    if constexpr (followable<tier>) guarded([&] { tells(); });
  }

 private:
  void check(std::string_view law, bool passed, std::string const& text) { report_({law, passed, text}); }
  template <class F>
  void guarded(F f) {
    try {
      f();
      check(warm_law::silent, true, "");
    } catch (std::bad_alloc const&) {
    } catch (std::exception const& e) {
      check(warm_law::silent, false, e.what());
    } catch (...) {
      check(warm_law::silent, false, "something that is no std::exception");
    }
  }
  deadline soon() const { return clock::now() + traits_.patience; }

  std::string key(std::string_view name) { return std::format("law-{}-{:x}-{}", run_, ++keys_, name); }
  frame made(std::string const& k, std::uint64_t r, std::string payload = "bytes") const {
    frame f;
    f.key = k;
    f.revision = revision{r};
    f.codec = "json";
    f.schema = 2;
    f.fingerprint = 0xFEDCBA9876543210;
    f.created_ms = 1'700'000'000'123;
    f.payload = std::move(payload);
    f.sum = checksum(f);
    return f;
  }
  static bool same(frame const& a, frame const& b) {
    return a.key == b.key && a.revision == b.revision && a.operation == b.operation && a.codec == b.codec &&
           a.schema == b.schema && a.fingerprint == b.fingerprint && a.created_ms == b.created_ms && a.sum == b.sum &&
           a.payload == b.payload;
  }
  static bool same(sighting const& seen, std::optional<frame> const& wanted) {
    return seen.frame.has_value() == wanted.has_value() && (!wanted || same(*seen.frame, *wanted));
  }
  bool holds(tier& t, std::string const& k, std::optional<frame> const& wanted) {
    auto const seen = t.load(k, soon());
    return seen && same(*seen, wanted);
  }

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

  // Three tries, since a machine may be busy; a tier that does not look at its deadline fails all of them.
  template <class Call>
  void in_time(std::chrono::milliseconds given, std::string_view what, Call call) {
    bool passed = false;
    for (int tries = 0; tries < 3 && !passed; ++tries) {
      auto const start = clock::now();
      call(start + given);
      passed = clock::now() - start <= std::max(given, std::chrono::milliseconds{0}) + std::chrono::milliseconds{50};
    }
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

  void races() {
    std::string const k = key("raced");
    (void)one_.store(made(k, 1), std::nullopt, soon());
    std::uint64_t r = 1;
    for (int round = 0; round < 20; ++round) {
      auto const seen = one_.load(k, soon());
      if (!seen) return check(warm_law::raced, false, "a load failed");
      std::atomic<int> winners = 0;
      in_parallel(4, [&](std::size_t i) {
        if ((i % 2 == 0 ? one_ : two_).store(made(k, r + 1 + i), seen->position, soon())) ++winners;
      });
      r += 10;
      check(warm_law::raced, winners == 1, std::format("{} of 4 succeeded", winners.load()));
    }
    for (int round = 0; round < 20; ++round) {
      std::mutex guard;
      std::uint64_t highest = 0;
      in_parallel(4, [&](std::size_t i) {
        std::uint64_t const mine = r + 1 + (i * 7 + static_cast<std::size_t>(round)) % 4;
        if (!(i % 2 == 0 ? one_ : two_).store(made(k, mine), std::nullopt, soon())) return;
        std::scoped_lock const lock{guard};
        highest = std::max(highest, mine);
      });
      r += 10;
      auto const seen = two_.load(k, soon());
      check(warm_law::raced, seen && seen->frame && seen->frame->revision == revision{highest},
            "a lower revision stayed");
    }
  }
  template <class F>
  static void in_parallel(std::size_t n, F f) {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < n; ++i) threads.emplace_back([&f, i] { f(i); });
  }

  void takes_many() {
    std::vector<frame> frames;
    for (std::uint64_t i = 0; i < 30; ++i) frames.push_back(made(key("many"), i + 1, std::string(i * 50, 'm')));
    std::vector<placement> places;
    for (auto const& f : frames) places.push_back({&f, std::nullopt});
    auto const stored = one_.store_many(places, soon());
    check(warm_law::many, stored.size() == frames.size(), "not one answer per frame");
    for (std::size_t i = 0; i < stored.size() && i < frames.size(); ++i) {
      check(warm_law::many, stored[i].has_value(), "a frame was not stored");
      auto const seen = two_.load(frames[i].key, soon());
      check(warm_law::many, seen && stored[i] && seen->position == *stored[i] && same(*seen, frames[i]),
            "a frame is not where its answer says");
    }
    std::string const none = key("none");
    std::vector<std::string_view> keys;
    for (std::size_t i = frames.size(); i-- > 0;) keys.push_back(frames[i].key);
    keys.push_back(none);
    keys.push_back(frames[3].key);
    auto const loaded = two_.load_many(keys, soon());
    check(warm_law::many, loaded.size() == keys.size(), "not one answer per key");
    for (std::size_t i = 0; i < loaded.size() && i < keys.size(); ++i) {
      auto const alone = one_.load(keys[i], soon());
      check(warm_law::many,
            loaded[i] && alone && same(*loaded[i], alone->frame) && loaded[i]->position == alone->position,
            std::format("answer {} is not that of its key", i));
    }

    frame const older = made(frames[5].key, 1);  // there is 6
    frame const newer = made(frames[6].key, 90);
    frame const placed = made(frames[7].key, 91);
    frame const misplaced = made(frames[8].key, 92);
    if (!stored[7]) return;
    std::vector<placement> const mixed{
        {&older, std::nullopt}, {&newer, std::nullopt}, {&placed, *stored[7]}, {&misplaced, position{}}};
    auto const answers = two_.store_many(mixed, soon());
    check(warm_law::many,
          answers.size() == 4 && !answers[0] && answers[0].error() == errc::conflict && answers[1] && answers[2] &&
              !answers[3] && answers[3].error() == errc::conflict,
          "an outcome is not that of its own frame");
    check(warm_law::many, holds(one_, frames[5].key, frames[5]) && holds(one_, frames[8].key, frames[8]),
          "a frame that was refused is there");

    frame const low = made(key("twice"), 1);
    frame const high = made(low.key, 2);
    std::vector<placement> const twice{{&high, std::nullopt}, {&low, std::nullopt}};
    (void)one_.store_many(twice, soon());
    check(warm_law::many, holds(two_, low.key, high), "of a key given twice the lower revision stayed");
    check(warm_law::many, one_.load_many({}, soon()).empty() && one_.store_many({}, soon()).empty(),
          "answers to nothing");
  }

  void tells() {
    struct heard {
      std::mutex guard;
      std::map<std::string, std::pair<change, position>> last;
      std::atomic<bool> ended = false;
      std::atomic<int> late = 0;
    };
    auto ear = std::make_shared<heard>();
    std::vector<std::string> keys;
    for (int i = 0; i < 8; ++i) keys.push_back(key("told \r\n.*"));
    std::map<std::string, std::pair<std::uint64_t, position>> last;
    {
      [[maybe_unused]] auto const feed = one_.follow([ear](change const& told, position at) {
        if (ear->ended) ++ear->late;
        std::scoped_lock const lock{ear->guard};
        auto& slot = ear->last[std::string{told.key}];
        if (slot.first.revision <= told.revision) slot = {change{{}, told.revision, told.operation}, at};
      });
      // A feed may begin late; what is told is told of what is stored from then on.
      auto const begun = eventually([&] {
        (void)two_.store(made(keys[0], ++revisions_), std::nullopt, soon());
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        std::scoped_lock const lock{ear->guard};
        return ear->last.contains(keys[0]);
      });
      check(warm_law::told, begun, "nothing is told");
      for (std::size_t i = 0; i < 40; ++i) {
        auto const& k = keys[i % keys.size()];
        auto const at = (i % 3 == 0 ? one_ : two_).store(made(k, ++revisions_), std::nullopt, soon());
        if (at) last[k] = {revisions_, *at};
      }
      auto const gone = two_.erase(keys[1], revision{++revisions_}, soon());
      if (gone) last[keys[1]] = {revisions_, *gone};
      auto const all = eventually([&] {
        std::scoped_lock const lock{ear->guard};
        return std::ranges::all_of(last, [&](auto const& one) {
          auto const found = ear->last.find(one.first);
          return found != ear->last.end() && found->second.first.revision == revision{one.second.first} &&
                 found->second.second == one.second.second;
        });
      });
      check(warm_law::told, all, "the last revision of some key was not told, or not where it stands");
      std::scoped_lock const lock{ear->guard};
      check(warm_law::told, ear->last[keys[1]].first.operation == operation::erase,
            "an erase was told as something else");
    }
    ear->ended = true;
    for (auto const& k : keys) (void)one_.store(made(k, ++revisions_), std::nullopt, soon());
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
    check(warm_law::ended, ear->late == 0, "it was called after its end");
  }
  template <class F>
  bool eventually(F f) {
    for (auto const until = soon(); clock::now() < until; std::this_thread::sleep_for(std::chrono::milliseconds{2}))
      if (f()) return true;
    return f();
  }

  Report& report_;
  warm_traits traits_;
  no_context context_;
  tier one_;
  tier two_;
  std::uint64_t run_ = std::random_device{}();
  std::uint64_t keys_ = 0;
  std::uint64_t revisions_ = 0;
};

/// Tries every law on a policy. \param settings  what reaches a store that may be written to
template <class Policy, reporter Report>
void warm_laws(typename Policy::options const& settings, Report&& report, warm_traits traits = {}) {
  warm_suite<Policy, std::remove_reference_t<Report>>{settings, report, traits}.run();
}

}  // namespace strata::testing
