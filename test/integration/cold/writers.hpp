// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "own_server.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <format>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

// Writers that go on whatever happens, and a judge of what became of it.
namespace cold_test {

/// Saves one text after another from several threads, and keeps what the tier said of each.
class writers {
 public:
  writers(notes& tier, int threads, std::chrono::milliseconds within = 2000ms) {
    for (int t = 0; t < threads; ++t)
      threads_.emplace_back([this, &tier, t, within](std::stop_token stop) {
        for (int i = 0; !stop.stop_requested(); ++i) {
          auto const text = std::format("{}.{}", t, i);
          auto const key = std::format("k{}", i % 3);
          auto const until = in(within);
          auto const r = tier.store(key, {.id = key, .text = text}, strata::anything, until);
          auto const over = now() - until;
          std::lock_guard const lock{mutex_};
          longest_over_ = std::max(longest_over_, over);
          if (r)
            acknowledged_.insert(text);
          else if (r.error() == strata::errc::unknown)
            unknown_.insert(text);
          else
            denied_.insert(text),
                codes_.insert(std::string{to_string(r.error().code())} + " " + std::string{r.error().text()});
          if (!r && r.error() != strata::errc::unknown) std::this_thread::sleep_for(1ms);
        }
      });
  }
  void stop() { threads_.clear(); }

  /// Compares with what is stored.
  void judge(notes& tier) {
    stop();
    BOOST_TEST_REQUIRE(bool(tier.wait_ready(soon())));  // whatever happened may have left no connection
    std::set<std::string> kept;
    for (int k = 0; k < 3; ++k) {
      auto const all = tier.history(std::format("k{}", k), 1'000'000, soon());
      BOOST_TEST_REQUIRE(all.has_value(), why(all));
      for (auto const& one : *all)
        if (one.value) BOOST_TEST(kept.insert(one.value->text).second, one.value->text << " was stored twice");
    }
    std::size_t lost = 0, undead = 0;
    for (auto const& text : acknowledged_) lost += !kept.contains(text);
    for (auto const& text : denied_) undead += kept.contains(text);
    BOOST_TEST(lost == 0U);
    BOOST_TEST(undead == 0U);
    double const over_ms = std::chrono::duration<double, std::milli>(longest_over_).count();
    BOOST_TEST_MESSAGE("acknowledged " << acknowledged_.size() << ", denied " << denied_.size() << ", unknown "
                                       << unknown_.size() << ", longest over " << over_ms << " ms");
    for (auto const& code : codes_) BOOST_TEST_MESSAGE("  " << code);
  }
  [[nodiscard]] std::size_t acknowledged() const {
    std::lock_guard const lock{mutex_};
    return acknowledged_.size();
  }
  [[nodiscard]] std::size_t unknown() const { return unknown_.size(); }
  [[nodiscard]] std::size_t denied() const { return denied_.size(); }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> acknowledged_, denied_, unknown_, codes_;
  std::chrono::nanoseconds longest_over_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace cold_test
