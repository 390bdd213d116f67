// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/testing/laws/warm_bench.hpp>
#include <strata/testing/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The laws of warm tiers for what happens together: callers that race, and many keys in one call.
namespace strata::testing {

template <class Policy, reporter Report>
class warm_together : warm_bench<Policy, Report> {
  using base = warm_bench<Policy, Report>;
  using base::check, base::get_ready, base::guarded, base::holds, base::key, base::made, base::one_, base::same,
      base::soon, base::two_;
  using typename base::clock, typename base::tier;

 public:
  using base::base;

  void run() {
    get_ready();
    guarded([&] { races(); });
    if constexpr (loads_many<tier> && stores_frames<tier>) guarded([&] { takes_many(); });
  }

 private:
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
};

}  // namespace strata::testing
