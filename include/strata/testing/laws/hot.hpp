// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/testing/laws/hot_bench.hpp>
#include <strata/testing/laws/hot_user_code.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>

// The laws of hot tiers that no compiler checks, for any policy:
//   strata::testing::hot_laws<my_policy>(strata::testing::boost_report);
// After each case a tier that has `bool valid() const` is asked whether its structure is sound.
namespace strata::testing {

/// The laws of a bounded map, and of what it may offer beyond one.
template <class Policy, reporter Report>
class hot_suite : hot_bench<Policy, Report> {
  using base = hot_bench<Policy, Report>;
  using base::bound, base::check, base::name, base::settle, base::came, base::traits_;
  using typename base::holder, typename base::options, typename base::tier;

 public:
  using base::base;

  void run() {
    finds();
    revisions();
    erases();
    stays();
    bounds();
    peeks();
    counts_uses();
    lists();
    resizes();
  }

 private:
  // A random story over few keys against a plain map: what is there must be what was put last.
  void finds() {
    for (std::size_t capacity : {1U, 2U, 7U, 64U, 500U}) {
      holder t{bound(capacity)};
      std::map<std::uint64_t, std::uint64_t> put;
      std::mt19937_64 random{capacity};
      for (std::uint64_t r = 1; r <= 5'000; ++r) {
        std::uint64_t const i = random() % (capacity * 2);
        std::string const wanted = put.contains(i) ? name(i) + "@" + std::to_string(put[i]) : "nothing";
        switch (random() % 8) {
          case 0: {
            installed const how = t.put(i, r);
            check(hot_law::found, came(how), "install of a new revision gave way to an older one");
            if (how == installed::yes) {
              put[i] = r;
              check(hot_law::found, t.look(i) == name(i) + "@" + std::to_string(r), "just installed, and not there");
            } else {
              put.erase(i);
              check(hot_law::found, t.look(i) == "nothing", "refused, and there");
            }
            break;
          }
          case 1:
            (void)t.erase(i, r + 1);
            put.erase(i);
            check(hot_law::erased, t.look(i) == "nothing", "just erased, and there");
            break;
          default: {
            std::string const seen = t.use(i);
            check(hot_law::found, seen == wanted || seen == "nothing",
                  [&] { return seen + " found where " + wanted + " was installed"; });
          }
        }
      }
      std::size_t there = 0;
      for (std::uint64_t i = 0; i < capacity * 2; ++i) there += t.look(i) != "nothing";
      check(hot_law::counted, t.kept.entries() == there,
            [&] { return std::to_string(t.kept.entries()) + " told, " + std::to_string(there) + " there"; });
      settle(t.kept, "a random story");
      t.kept.clear();
      there = 0;
      for (std::uint64_t i = 0; i < capacity * 2; ++i) there += t.look(i) != "nothing";
      check(hot_law::cleared, there == 0 && t.kept.entries() == 0 && t.kept.bytes() == 0,
            [&] { return std::to_string(there) + " still there"; });
      settle(t.kept, "clear");
    }
  }

  void revisions() {
    holder t{bound(10)};
    if (t.put(1, 5) != installed::yes) return;
    for (std::uint64_t r : {1U, 4U, 5U}) {
      check(hot_law::revision, t.put(1, r) == installed::older,
            [&] { return "revision " + std::to_string(r) + " over 5 was not called older"; });
      check(hot_law::revision, t.look(1) == name(1) + "@5", [&] { return "5 gave way to " + std::to_string(r); });
    }
    check(hot_law::revision, came(t.put(1, 6)), "6 over 5 was not installed");
    settle(t.kept, "installs of several revisions");
  }

  void erases() {
    holder t{bound(10)};
    if (t.put(1, 5) != installed::yes || t.put(2, 5) != installed::yes) return;
    check(hot_law::erased, !t.erase(1, 5) && t.look(1) != "nothing", "5 was erased as older than 5");
    check(hot_law::erased, !t.erase(1, 4) && t.look(1) != "nothing", "5 was erased as older than 4");
    check(hot_law::erased, t.erase(1, 6) && t.look(1) == "nothing", "5 was not erased as older than 6");
    check(hot_law::erased, t.look(2) != "nothing", "another key went too");
    check(hot_law::erased, !t.erase(1, 9), "what was not there was erased");
    settle(t.kept, "erases");
  }

  void stays() {
    for (std::size_t n : {1U, 2U, 3U, 11U, 12U, 13U, 100U, 999U, 1000U, 4096U}) {
      holder t{bound(n)};
      std::size_t there = 0;
      for (std::uint64_t i = 0; i < n; ++i) (void)t.put(i);
      for (std::uint64_t i = 0; i < n; ++i) there += t.look(i) != "nothing";
      if (traits_.admits_all)
        check(hot_law::roomy, there == n,
              [&] { return std::to_string(there) + " of " + std::to_string(n) + " stayed"; });
      settle(t.kept, "filling");
    }
  }

  void bounds() {
    for (std::size_t n : {1U, 3U, 100U, 5000U, 20000U}) {
      holder t{bound(n)};
      bool kept = true;
      for (std::uint64_t i = 0; i < 3 * n; ++i) {
        (void)t.put(i);
        kept = kept && t.kept.entries() <= n;
      }
      check(hot_law::bounded, kept, [&] { return "more entries than " + std::to_string(n); });
      settle(t.kept, "overfilling");
    }
    if constexpr (requires(options o) { o.capacity_bytes; }) {
      holder t{bound(1'000, 1'000)};
      std::mt19937_64 random{7};
      bool kept = true;
      for (std::uint64_t r = 1; r < 20'000; ++r) {
        std::uint64_t const i = random() % 300;
        std::size_t const weight = random() % 50 == 0 ? random() % 1'500 : random() % 30;
        installed const how = t.put(i, r, weight);
        if (weight > 1'000)
          check(hot_law::bounded, how == installed::refused, "a value heavier than the bound was kept");
        if (how == installed::refused)
          check(hot_law::bounded, t.look(i) == "nothing", "refused, and an older one is still there");
        kept = kept && t.kept.bytes() <= 1'000;
      }
      check(hot_law::bounded, kept, "more bytes than 1000");
      std::size_t weight = 0;
      for (std::uint64_t i = 0; i < 300; ++i)
        (void)t.kept.peek(t.hash(t.key = name(i)), [&](box<note> const& b) { weight += b.value().weight; });
      check(hot_law::counted, weight == t.kept.bytes(),
            [&] { return std::to_string(t.kept.bytes()) + " bytes told, " + std::to_string(weight) + " there"; });
      settle(t.kept, "values of many weights");
    }
  }

  // Two tiers live the same story; one is peeked at meanwhile.
  void peeks() {
    holder left{bound(50)};
    holder right{bound(50)};
    std::mt19937_64 random{3};
    for (std::uint64_t r = 1; r <= 5'000; ++r) {
      std::uint64_t const i = random() % 80;
      if (left.use(i) == "nothing") (void)left.put(i, r);
      if (right.use(i) == "nothing") (void)right.put(i, r);
      for (int look = 0; look < 3; ++look) (void)right.look(random() % 80);
    }
    bool same = true;
    for (std::uint64_t i = 0; i < 80; ++i) same = same && left.look(i) == right.look(i);
    check(hot_law::traceless, same, "a tier that was peeked at holds other entries than one that was not");
  }

  void counts_uses() {
    if constexpr (requires(tier& t) { t.drain_uses([](std::string_view, std::uint64_t) {}); }) {
      holder t{bound(20)};
      std::map<std::string, std::uint64_t> wanted;
      std::map<std::string, std::uint64_t> got;
      std::mt19937_64 random{11};
      auto const drain = [&] {
        t.kept.drain_uses([&](std::string_view k, std::uint64_t n) { got[std::string{k}] += n; });
      };
      for (std::uint64_t r = 1; r <= 20'000; ++r) {
        std::uint64_t const i = random() % 40;
        if (t.use(i) != "nothing")
          ++wanted[name(i)];
        else
          (void)t.put(i, r);
        if (r % 50 == 0) (void)t.put(random() % 40, r);
        if (r % 70 == 0) (void)t.erase(random() % 40, r);
        if (r % 100 == 0) drain();
      }
      drain();
      check(hot_law::used, got == wanted, "handed out other counts than there were reads");
      got.clear();
      drain();
      check(hot_law::used, got.empty(), "handed out twice");
      settle(t.kept, "draining");
    }
  }

  void lists() {
    if constexpr (requires(tier& t) { t.keys([](std::string_view) {}); }) {
      holder t{bound(300)};
      for (std::uint64_t i = 0; i < 500; ++i) (void)t.put(i);
      std::map<std::string, int> told;
      t.kept.keys([&](std::string_view k) { ++told[std::string{k}]; });
      bool right = told.size() == t.kept.entries();
      for (std::uint64_t i = 0; i < 500; ++i) {
        auto const at = told.find(name(i));
        right = right && (t.look(i) != "nothing") == (at != told.end()) && (at == told.end() || at->second == 1);
      }
      check(hot_law::listed, right,
            [&] { return "told " + std::to_string(told.size()) + " of " + std::to_string(t.kept.entries()); });
    }
  }

  void resizes() {
    if constexpr (requires(tier& t) { t.resize(std::size_t{1}); }) {
      holder t{bound(10)};
      for (std::uint64_t i = 0; i < 10; ++i) (void)t.put(i);
      t.kept.resize(40);
      std::size_t there = 0;
      for (std::uint64_t i = 0; i < 10; ++i) there += t.look(i) != "nothing";
      check(hot_law::resized, there == 10 || !traits_.admits_all, "entries went when the bound was raised");
      for (std::uint64_t i = 0; i < 40; ++i) (void)t.put(i, 2);
      check(hot_law::resized, t.kept.entries() == 40 || !traits_.admits_all, "the raised bound is not used");
      t.kept.resize(4);
      check(hot_law::resized, t.kept.entries() <= 4, "the lowered bound is not kept");
      for (std::uint64_t i = 0; i < 40; ++i) (void)t.put(i, 3);
      check(hot_law::resized, t.kept.entries() <= 4, "the lowered bound is not kept by installs");
      settle(t.kept, "resizing");
    }
  }
};

/// Tries every law on tiers that the policy makes. The policy's options have a capacity_entries and may have a
/// capacity_bytes; what the tier offers beyond the contract (keys, resize, drain_uses, visiting, valid) is tried too.
template <class Policy, reporter Report>
void hot_laws(Report&& report, hot_traits traits = {}) {
  hot_suite<Policy, std::remove_reference_t<Report>>{report, traits}.run();
  hot_user_code<Policy, std::remove_reference_t<Report>>{report, traits}.run();
}

}  // namespace strata::testing
