// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/log.hpp>
#include <strata/error.hpp>
#include <strata/testing/laws/cold_bench.hpp>
#include <strata/testing/parallel.hpp>
#include <strata/testing/report.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The laws of cold tiers that keep warm in step: the log of changes, the horizon, revisions in bulk.
namespace strata::testing {

template <class Policy, reporter Report>
class cold_log_suite : cold_bench<Policy, Report> {
  using base = cold_bench<Policy, Report>;
  using base::check, base::good, base::soon, base::tier_;
  using typename base::tier_type;

 public:
  using base::base;

  void run() {
    if constexpr (logs_changes<tier_type>) {
      one_by_one();
      together();
    }
    if constexpr (keeps_horizon<tier_type>) moves();
    if constexpr (compares_revisions<tier_type>) compares();
    if constexpr (lists_all<tier_type> && compares_revisions<tier_type>) lists();
  }

 private:
  std::optional<cursor> end() {
    auto const now = tier_.changes_since(std::nullopt, 10, soon());
    if (!good(cold_law::logged, now, "the end of the log")) return std::nullopt;
    check(cold_law::logged, now->all.empty() && !now->more && !now->gap, "changes without a place to begin from");
    check(cold_law::settled, now->settled <= now->read, "the end of the log is not settled");
    return now->settled;
  }

  // All there is now, page by page. Moves the place to where the next look begins.
  std::vector<logged> look(cursor& place, std::size_t limit) {
    std::vector<logged> all;
    std::optional<cursor> next;
    for (auto at = place;;) {
      auto page = tier_.changes_since(at, limit, soon());
      if (!good(cold_law::logged, page, "changes_since")) return all;
      check(cold_law::logged, !page->gap && page->all.size() <= limit, "a gap, or more than was asked for");
      check(cold_law::settled, page->settled <= page->read, "settled beyond what was read");
      all.insert(all.end(), page->all.begin(), page->all.end());
      if (!next && page->settled < page->read) next = page->settled;
      bool const on = page->more && page->read > at;
      check(cold_law::logged, on == page->more, "there is more, and no way to it");
      at = page->read;
      if (on) continue;
      auto const then = next.value_or(page->settled);
      check(cold_law::settled, then >= place, "the settled place went back");
      place = std::max(place, then);
      return all;
    }
  }

  void one_by_one() {
    auto place = end();
    if (!place) return;
    auto const start = *place;
    std::minstd_rand random{11};
    std::vector<logged> made;
    for (int step = 0; step < 120; ++step) {
      auto const key = std::format("logged {}", random() % 7);
      bool const erase = random() % 4 == 0;
      auto const r = erase ? tier_.erase(key, soon())
                           : tier_.store(key, {.text = std::format("text {}", random() % 3)}, anything, soon());
      if (!good(cold_law::logged, r, "a write")) return;
      if (r->changed) made.push_back({key, r->revision, erase ? operation::erase : operation::put});
    }
    auto const same = [](std::vector<logged> const& a, std::vector<logged> const& b) {
      return std::ranges::equal(a, b, [](logged const& x, logged const& y) {
        return x.key == y.key && x.revision == y.revision && x.operation == y.operation;
      });
    };
    check(cold_law::logged, same(look(*place, 1000), made), "not what was written");
    check(cold_law::logged, look(*place, 1000).empty(), "the same again from the settled place");
    auto again = start;
    check(cold_law::logged, same(look(again, 7), made), "not what was written, in pages of seven");
    check(cold_law::settled, again == *place, "pages of seven end elsewhere");
    if constexpr (stores_many<tier_type, ledger>) bulk(*place);
  }

  void bulk(cursor place) {
    std::vector<std::string> names;
    for (int i = 0; i < 30; ++i) names.push_back(std::format("logged together {}", i));
    ledger const value{.text = "together"};
    std::vector<keyed_value<ledger>> given;
    for (auto const& name : names) given.push_back({name, &value});
    auto const stored = tier_.store_many(given, soon());
    std::map<std::string, revision> in_log;
    for (auto const& one : look(place, 8)) in_log[one.key] = one.revision;
    bool all = in_log.size() == names.size() && stored.size() == names.size();
    for (std::size_t i = 0; all && i < names.size(); ++i) all = stored[i] && in_log[names[i]] == stored[i]->revision;
    check(cold_law::logged, all, "not what a bulk store wrote");
  }

  // Writers of which each says what it has written, and one who follows the log.
  void together() {
    static constexpr std::size_t writers = 4;
    auto place = end();
    if (!place) return;
    std::mutex guard;
    std::vector<revision> answered;
    std::atomic<std::size_t> writing = writers;
    std::set<revision> seen;
    std::size_t withheld = 0;
    std::thread racing{[&] {
      in_parallel(writers, [&](std::size_t w) {
        for (int i = 0; i < 60; ++i) {
          auto const key = std::format("raced {} {}", w, i % 5);
          auto const r = i % 9 == 8 ? tier_.erase(key, soon())
                                    : tier_.store(key, {.text = std::format("{}", i)}, anything, soon());
          if (!r || !r->changed) continue;
          std::scoped_lock const lock{guard};
          answered.push_back(r->revision);
        }
        --writing;
      });
    }};
    for (bool on = true; on;) {
      on = writing > 0;
      std::size_t before = 0;
      {
        std::scoped_lock const lock{guard};
        before = answered.size();
      }
      for (auto const& one : look(*place, 16)) seen.insert(one.revision);
      std::scoped_lock const lock{guard};
      for (std::size_t i = 0; i < before; ++i) withheld += !seen.contains(answered[i]);
    }
    racing.join();
    check(cold_law::withheld, withheld == 0, std::format("{} changes were missing from looks after them", withheld));
    check(cold_law::settled, seen.size() == answered.size(),
          std::format("{} changes were seen of {}", seen.size(), answered.size()));
  }

  void moves() {
    using namespace std::chrono_literals;
    auto const never = tier_.read_horizon(soon());
    if (!good(cold_law::horizon, never, "read_horizon")) return;
    check(cold_law::horizon, never->reached == cursor{} && never->era == 0 && never->age == never->age.max(),
          "a horizon that was never moved is somewhere");
    check(cold_law::moved, is_conflict(tier_.move_horizon("nobody", 1min, {}, soon())),
          "moved by one who holds nothing");
    auto const held = tier_.hold_horizon("one", 1min, soon());
    if (!good(cold_law::held, held, "hold_horizon")) return;
    check(cold_law::held, held->has_value(), "it cannot be held, and nobody holds it");
    check(cold_law::held, denied("two"), "two hold it");
    check(cold_law::horizon, signed_by("one"), "nobody can tell who holds it");
    auto const again = tier_.hold_horizon("one", 1min, soon());
    check(cold_law::held, again && *again, "who holds it cannot go on");

    horizon to{.reached = {7, revision{8}}, .at = position{9}, .era = 3, .taken_us = now_us()};
    good(cold_law::moved, tier_.move_horizon("one", 1min, to, soon()), "move_horizon");
    check(cold_law::horizon, stands(to), "it is not where it was moved to");
    check(cold_law::held, denied("two"), "a move let it go");
    check(cold_law::moved, is_conflict(tier_.move_horizon("two", 1min, {}, soon())), "another moved it");
    check(cold_law::horizon, stands(to), "a move that failed moved it");
    if (auto const then = tier_.hold_horizon("one", 1min, soon()))
      check(cold_law::horizon, *then && same(**then, to), "hold_horizon says another");

    good(cold_law::held, tier_.hold_horizon("one", 1ms, soon()), "hold_horizon");
    bool taken = false;
    auto const patience = std::chrono::steady_clock::now() + 2s;
    for (int i = 0; !taken && (i < 20 || std::chrono::steady_clock::now() < patience); ++i) {
      std::this_thread::sleep_for(2ms);
      auto const mine = tier_.hold_horizon("two", 1min, soon());
      taken = mine && *mine;
    }
    check(cold_law::held, taken, "its time ran out, and it cannot be had");
    to.at = position{10};
    check(cold_law::moved, is_conflict(tier_.move_horizon("one", 1min, to, soon())), "who lost it moved it");
    check(cold_law::held, denied("one"), "two hold it after one lost it");
    to.at = position{11};
    to.reached.revision = revision{12};
    good(cold_law::moved, tier_.move_horizon("two", 1min, to, soon()), "move_horizon");
    check(cold_law::horizon, signed_by("two"), "it is told of one who lost it");
    check(cold_law::horizon, stands(to), "it is not where the second holder moved it to");
    to.taken_us = now_us() + std::chrono::microseconds{1h}.count();  // by a clock that went back since
    good(cold_law::moved, tier_.move_horizon("two", 1min, to, soon()), "move_horizon");
    auto const early = tier_.read_horizon(soon());
    check(cold_law::horizon, early && early->age >= 1h, "one from a moment yet to come is called young");
  }

  // By the tier's own clock, if it tells.
  std::int64_t now_us() {
    if constexpr (logs_changes<tier_type>)
      if (auto const now = tier_.changes_since(std::nullopt, 1, soon())) return now->taken_us;
    return 1;
  }
  bool denied(std::string_view who) {
    auto const r = tier_.hold_horizon(who, std::chrono::minutes{1}, soon());
    return r && !*r;
  }
  static bool is_conflict(result<void> const& r) { return !r && r.error() == errc::conflict; }
  static bool same(horizon const& a, horizon const& b) {
    return a.reached == b.reached && a.at == b.at && a.era == b.era && a.taken_us == b.taken_us &&
           a.age >= std::chrono::microseconds{} && (!logs_changes<tier_type> || a.age < std::chrono::minutes{1});
  }
  bool stands(horizon const& h) {
    auto const now = tier_.read_horizon(soon());
    return now && same(*now, h);
  }
  bool signed_by(std::string_view who) {
    auto const now = tier_.read_horizon(soon());
    return now && now->holder == who;
  }

  void compares() {
    std::vector<std::string> names;
    std::vector<std::string_view> keys;
    for (int i = 0; i < 40; ++i) names.push_back(std::format("compared {}", i % 30));  // some twice
    for (int i = 0; i < 25; ++i) {
      (void)tier_.store(names[static_cast<std::size_t>(i)], {.text = "1"}, anything, soon());
      if (i % 3 == 0) (void)tier_.erase(names[static_cast<std::size_t>(i)], soon());
      if (i % 6 == 0) (void)tier_.store(names[static_cast<std::size_t>(i)], {.text = "2"}, anything, soon());
    }
    for (auto const& name : names) keys.push_back(name);
    auto const all = tier_.revisions(keys, soon());
    if (!good(cold_law::compared, all, "revisions")) return;
    if (!check(cold_law::compared, all->size() == keys.size(), "not one revision per key")) return;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto const now = tier_.load(keys[i], soon());
      check(cold_law::compared, now && now->revision == (*all)[i], std::format("{} has another", keys[i]));
    }
    auto const none = tier_.revisions({}, soon());
    check(cold_law::compared, none && none->empty(), "revisions of no keys");
  }

  // Page by page, what revisions says of each key.
  void lists() {
    for (auto const* key : {"listed a", "listed b", "listed c"})
      (void)tier_.store(key, {.text = "1"}, anything, soon());
    for (auto const* key : {"listed b", "listed c"}) (void)tier_.erase(key, soon());
    (void)tier_.store("listed c", {.text = "2"}, anything, soon());
    std::map<std::string, revision> stands;
    for (std::string last;;) {
      auto const page = tier_.all_after(last, 2, soon());
      if (!good(cold_law::listed, page, "all_after") || page->empty()) break;
      if (!check(cold_law::listed, page->size() <= 2 && page->back().key != last, "the same again")) return;
      for (auto const& one : *page) stands[one.key] = std::max(stands[one.key], one.revision);
      last = page->back().key;
    }
    std::vector<std::string_view> keys;
    for (auto const& [key, r] : stands) keys.push_back(key);
    auto const all = tier_.revisions(keys, soon());
    if (!good(cold_law::compared, all, "revisions")) return;
    bool same = true;
    for (std::size_t i = 0; i < keys.size(); ++i) same = same && stands.find(std::string{keys[i]})->second == (*all)[i];
    check(cold_law::listed, same, "a key has another revision in the list");
    check(cold_law::listed, stands.contains("listed a") && stands.contains("listed b") && stands.contains("listed c"),
          "a key is not in the list");
  }
};

}  // namespace strata::testing
