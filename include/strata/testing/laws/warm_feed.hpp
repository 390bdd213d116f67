// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/testing/laws/warm_bench.hpp>
#include <strata/testing/parallel.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The laws of the feed, by which instances hear of each other's writes, and of the end, by which they know whether they
// have.
namespace strata::testing {

template <class Policy, reporter Report>
class warm_feed : warm_bench<Policy, Report> {
  using base = warm_bench<Policy, Report>;
  using base::check, base::get_ready, base::guarded, base::key, base::made, base::one_, base::soon, base::two_;
  using typename base::clock, typename base::tier;

 public:
  using base::base;

  void run() {
    get_ready();
    if constexpr (tells_end<tier>) guarded([&] { knows_its_end(); });
    if constexpr (followable<tier>) {
      guarded([&] { tells(); });
      guarded([&] { tells_everything(); });
      guarded([&] { begins_anew(); });
      if constexpr (tells_end<tier>) guarded([&] { comes_to_the_end(); });
    }
  }

 private:
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
      [[maybe_unused]] auto const feed = one_.follow([ear](news const& heard) {
        if (ear->ended) ++ear->late;
        if (heard.what != telling::changed) return;
        std::scoped_lock const lock{ear->guard};
        auto& slot = ear->last[std::string{heard.told.key}];
        if (slot.first.revision <= heard.told.revision)
          slot = {change{{}, heard.told.revision, heard.told.operation}, heard.at};
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

  /// All that a feed told, as it came.
  struct record {
    struct entry {
      telling what{};
      std::string key{};
      position at{};
    };
    void operator()(news const& heard) {
      std::scoped_lock const lock{guard};
      all.push_back({heard.what, std::string{heard.told.key}, heard.at});
    }
    [[nodiscard]] std::vector<entry> so_far() const {
      std::scoped_lock const lock{guard};
      return all;
    }
    [[nodiscard]] std::size_t count(telling what) const {
      auto const seen = so_far();
      return static_cast<std::size_t>(std::ranges::count(seen, what, &entry::what));
    }
    mutable std::mutex guard;
    std::vector<entry> all;
  };

  /// Feeds begin, and begin anew, while others write; each key is written once, so that nothing takes another's place.
  void tells_everything() {
    std::mutex guard;
    std::map<std::string, position> stored;
    std::atomic<bool> stopping = false;
    auto const write = [&](std::size_t i) {
      for (std::uint64_t n = 1; !stopping; ++n) {
        std::string const k = [&] {
          std::scoped_lock const lock{guard};
          return key("exact");
        }();
        auto const at = (i == 0 ? one_ : two_).store(made(k, n), std::nullopt, soon());
        std::scoped_lock const lock{guard};
        if (at) stored[k] = *at;
      }
    };
    auto const follow = [&](tier& by, std::shared_ptr<record> const& told) {
      return by.follow([told](news const& heard) { (*told)(heard); });
    };
    std::vector<std::shared_ptr<record>> records;
    for (int i = 0; i < 4; ++i) records.push_back(std::make_shared<record>());
    std::thread writing{[&] { in_parallel(2, write); }};
    // Until more is stored, however busy the machine: it is what a feed might leave out.
    auto const more = [&] {
      auto const count = [&] {
        std::scoped_lock const lock{guard};
        return stored.size();
      };
      auto const before = count();
      auto const until = clock::now() + std::chrono::seconds{5};
      do std::this_thread::sleep_for(std::chrono::milliseconds{10});
      while (count() < before + 2 && clock::now() < until);
    };
    more();
    [[maybe_unused]] auto const first = follow(one_, records[0]);
    more();
    [[maybe_unused]] auto const second = follow(two_, records[1]);
    [[maybe_unused]] auto third = follow(one_, records[2]);
    [[maybe_unused]] auto fourth = follow(two_, records[3]);
    auto const begun = eventually(
        [&] { return std::ranges::all_of(records, [](auto const& r) { return r->count(telling::resumed) > 0; }); });
    check(warm_law::exact, begun, "a feed never says from where on it tells everything");
    more();
    third.renew();
    fourth.renew();
    (void)eventually(
        [&] { return records[2]->count(telling::resumed) > 1 && records[3]->count(telling::resumed) > 1; });
    more();
    stopping = true;
    writing.join();
    for (auto const& told : records) {
      std::string missing;
      auto const complete = eventually([&] { return (missing = left_out(told->so_far(), stored)).empty(); });
      check(warm_law::exact, complete, missing);
      auto const all = told->so_far();
      check(warm_law::exact, !all.empty() && all.front().what == telling::resumed, "something else was told first");
      check(warm_law::ordered, grow(all), "a position is not above the one before");
    }
  }

  /// \returns which change after the last beginning was not told, or nothing
  static std::string left_out(std::vector<typename record::entry> const& told,
                              std::map<std::string, position> const& stored) {
    std::optional<position> from;
    std::map<std::string_view, position> heard;
    for (auto const& one : told) {
      if (one.what == telling::lost) from.reset(), heard.clear();
      if (one.what == telling::resumed) from = one.at, heard.clear();
      if (one.what == telling::changed) heard[one.key] = one.at;
    }
    if (!from) return "it does not say from where on it tells everything";
    for (auto const& [k, at] : stored)
      if (auto const found = heard.find(k); at > *from && (found == heard.end() || found->second != at))
        return std::format("{} at {} was not told, after {}", k, number(at), number(*from));
    return {};
  }
  static bool grow(std::vector<typename record::entry> const& told) {
    position last{};
    for (auto const& one : told) {
      if (one.what == telling::lost) continue;
      if (one.what == telling::changed && one.at <= last) return false;
      if (one.what == telling::passed && one.at < last) return false;
      last = one.at;
    }
    return true;
  }
  static std::uint64_t number(position p) noexcept { return static_cast<std::uint64_t>(p); }

  void begins_anew() {
    auto const told = std::make_shared<record>();
    std::string const trigger = key("trigger");
    std::function<void()> when_told;
    auto feed = one_.follow([told, trigger, &when_told](news const& heard) {
      (*told)(heard);
      if (heard.told.key == trigger) when_told();
    });
    when_told = [&] { feed.renew(); };
    auto const resumed = [&](std::size_t times) {
      return eventually([&] { return told->count(telling::resumed) >= times; });
    };
    check(warm_law::renewed, resumed(1), "it never began");
    feed.renew();
    check(warm_law::renewed, resumed(2), "it never resumed");
    (void)two_.store(made(trigger, 1), std::nullopt, soon());
    check(warm_law::renewed, resumed(3), "renewed from within its sink it never resumed");
    bool hears = false;
    std::size_t lost = 0;
    bool right = true;
    for (auto const& one : told->so_far()) {
      if (one.what == telling::lost) ++lost;
      right = right && (one.what == telling::resumed || hears);
      hears = one.what != telling::lost;
    }
    check(warm_law::renewed, lost >= 2, "it was not lost before");
    check(warm_law::renewed, right, "something was told between lost and resumed");
  }

  void knows_its_end() {
    check(warm_law::at_end, one_.end(soon()).has_value(), "it cannot say where its end is");
    for (std::uint64_t r = 1; r <= 10; ++r) {
      auto const at = r % 3 == 0 ? two_.erase(key("end"), revision{r}, soon())
                                 : one_.store(made(key("end"), r), std::nullopt, soon());
      for (tier* t : {&one_, &two_}) {
        auto const end = t->end(soon());
        check(warm_law::at_end, at && end && *end >= *at, "the end is below what was stored before");
      }
    }
  }

  void comes_to_the_end() {
    auto const told = std::make_shared<record>();
    [[maybe_unused]] auto const feed = one_.follow([told](news const& heard) { (*told)(heard); });
    for (std::uint64_t r = 1; r <= 5; ++r) {
      (void)two_.store(made(key("end"), r), std::nullopt, soon());
      auto const end = two_.end(soon());
      check(warm_law::reached, end && eventually([&] {
                                 auto const all = told->so_far();
                                 return !all.empty() && all.back().what != telling::lost && all.back().at >= *end;
                               }),
            "what it tells stays below the end");
    }
  }

  template <class F>
  bool eventually(F f) {
    for (auto const until = soon(); clock::now() < until; std::this_thread::sleep_for(std::chrono::milliseconds{2}))
      if (f()) return true;
    return f();
  }

  std::uint64_t revisions_ = 0;
};

}  // namespace strata::testing
