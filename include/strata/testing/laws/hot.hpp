// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hash.hpp>
#include <strata/testing/laws/hot_values.hpp>
#include <strata/testing/report.hpp>

#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <type_traits>
#include <vector>

// The laws of hot tiers that no compiler checks, for any policy:
//   strata::testing::hot_laws<my_policy>(strata::testing::boost_report);
// After each case a tier that has `bool valid() const` is asked whether its structure is sound.
namespace strata::testing {

namespace hot_law {
inline constexpr std::string_view found = "a key finds what was installed under it last, and nothing else";
inline constexpr std::string_view revision = "install never replaces the same or a higher revision";
inline constexpr std::string_view erased = "erase takes away what is older than asked and nothing else";
inline constexpr std::string_view roomy = "n distinct keys put into capacity n all stay";
inline constexpr std::string_view bounded = "entries and bytes stay within the bounds";
inline constexpr std::string_view counted = "entries and bytes tell what is there";
inline constexpr std::string_view cleared = "clear leaves nothing";
inline constexpr std::string_view traceless = "peek leaves no trace";
inline constexpr std::string_view strong = "if anything throws, nothing has changed";
inline constexpr std::string_view outlived = "a value outlives its entry";
inline constexpr std::string_view unheld = "copies and destructors run with nothing held";
inline constexpr std::string_view prepared =
    "an install of what was prepared, and an erase, run no user code but equality";
inline constexpr std::string_view reentered = "a call from inside a visitor returns and harms nothing";
inline constexpr std::string_view used = "uses are handed out once each, also those of entries that went";
inline constexpr std::string_view listed = "keys gives every entry once";
inline constexpr std::string_view resized = "resize moves the bound and keeps what fits";
inline constexpr std::string_view sound = "the structure is sound";
}  // namespace hot_law

/// What the suite has to know of a policy.
struct hot_traits {
  bool admits_all = true;  ///< false: the policy may refuse a newcomer although it fits
};

template <class Policy, reporter Report>
class hot_suite {
  using context = bare_context<note, std::string>;
  using options = typename Policy::options;
  using tier = typename Policy::template tier<std::string, note, context>;
  using touchy_tier = typename Policy::template tier<touchy_key, note, bare_context<note, touchy_key>>;
  static_assert(hot_tier<tier, std::string, note>);

 public:
  hot_suite(Report& report, hot_traits traits) : report_{report}, traits_{traits} {}

  void run() {
    finds();
    revisions();
    erases();
    stays();
    bounds();
    peeks();
    throws();
    outlives();
    holds_nothing();
    prepares();
    reenters();
    counts_uses();
    lists();
    resizes();
  }

 private:
  static std::string name(std::uint64_t i) { return "key-" + std::to_string(i) + std::string(i % 37, '.'); }
  static options bound(std::size_t entries, std::size_t bytes = 0) {
    options o{};
    o.capacity_entries = entries;
    if constexpr (requires { o.capacity_bytes; }) o.capacity_bytes = bytes;
    return o;
  }
  struct holder {
    explicit holder(options o) : kept{o, context{}} {}
    installed put(std::uint64_t i, std::uint64_t r = 1, std::size_t weight = 1) {
      return kept.install(hash(key = name(i)), {strata::revision{r}, note{name(i) + "@" + std::to_string(r), weight}});
    }
    std::string look(std::uint64_t i) {
      std::string seen;
      if (!kept.peek(hash(key = name(i)), [&](box<note> const& b) { seen = b.value().text; })) return "nothing";
      return seen;
    }
    std::string use(std::uint64_t i) {
      std::string seen;
      if (!kept.find(hash(key = name(i)), [&](box<note> const& b) { seen = b.value().text; })) return "nothing";
      return seen;
    }
    bool erase(std::uint64_t i, std::uint64_t below) {
      return kept.erase(hash(key = name(i)), strata::revision{below});
    }

    hasher<std::string> hash{1};
    std::string key;
    tier kept;
  };

  void check(std::string_view law, bool passed, std::string_view text) { report_({law, passed, text}); }
  void check(std::string_view law, bool passed, std::invocable auto text) {  // made only to be told
    if (passed)
      report_({law, passed, {}});
    else
      check(law, passed, std::string_view{std::string{text()}});
  }
  template <class Tier>
  void settle(Tier const& kept, std::string const& after) {
    if constexpr (requires { kept.valid(); }) check(hot_law::sound, kept.valid(), "after " + after);
  }
  bool came(installed how) const { return how == installed::yes || (!traits_.admits_all && how == installed::refused); }

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

  // Every operation of a key that a story calls fails once; whatever was there before the call is there after it.
  void throws() {
    for (std::uint64_t fail = 1;; ++fail) {
      std::uint64_t spent = 0;
      touchy_key::script script;
      touchy_tier kept{bound(4), bare_context<note, touchy_key>{}};
      hasher<touchy_key> const hash{1};
      auto const snapshot = [&] {
        std::map<std::uint64_t, std::uint64_t> there;
        for (std::uint64_t i = 0; i < 8; ++i)
          (void)kept.peek(hash(touchy_key{i, script}), [&](box<note> const& b) { there[i] = number(b.revision()); });
        return there;
      };
      bool failed = false;
      for (std::uint64_t r = 1; r <= 24 && !failed; ++r) {
        auto const before = snapshot();
        touchy_key const k{r * 5 % 7, script};
        std::uint64_t const ahead = script.operations;
        script.fail_at = ahead + (fail - spent);
        try {
          if (r % 3 != 0)
            (void)kept.install(hash(k), {strata::revision{r}, note{"n"}});
          else
            (void)kept.find(hash(k), [&](auto const&) { script.step(); });
        } catch (std::runtime_error const&) {
          failed = true;
        }
        script.fail_at = 0;
        spent += script.operations - ahead;
        if (failed)
          check(hot_law::strong, snapshot() == before,
                [&] { return "operation " + std::to_string(fail) + " of the key threw, and the entries changed"; });
      }
      settle(kept, "an operation that threw");
      if (!failed) return;
    }
  }

  void outlives() {
    std::optional<box<note>> mine;
    {
      holder t{bound(1)};
      (void)t.put(1);
      (void)t.kept.find(t.hash(t.key = name(1)), [&](box<note> const& b) { mine = b; });
      (void)t.put(2);
      t.kept.clear();
    }
    if (mine) check(hot_law::outlived, mine->value().text == name(1) + "@1", "the value changed");
  }

  // While a destructor or a copy runs, another thread must get at the same key.
  class bystander {
   public:
    ~bystander() {
      for (auto& thread : threads_) thread.join();
    }
    /// \returns whether f came back on another thread within two seconds
    template <class F>
    bool gets_through(F f) {
      auto through = std::make_shared<std::atomic<bool>>(false);
      threads_.emplace_back([f, through] { f(), through->store(true); });
      auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{2};
      while (!through->load() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
      return through->load();
    }

   private:
    std::vector<std::thread> threads_;
  };

  void holds_nothing() {
    std::uint64_t destroyed = 0;
    bool free = true;
    bool over = false;
    std::function<void()> last_words;
    {
      holder t{bound(2)};
      bystander other;
      last_words = [&] {
        if (over) return;
        ++destroyed;
        free = free && other.gets_through([&t] {
          std::string const k = name(1);
          (void)t.kept.peek(t.hash(k), [](auto const&) {});
        });
      };
      auto const put = [&](std::uint64_t r) {
        (void)t.kept.install(t.hash(t.key = name(1)), {strata::revision{r}, note{"n", 1, &last_words}});
      };
      put(1);
      put(2);               // replaces
      (void)t.erase(1, 9);  // erases
      put(3);
      for (std::uint64_t i = 5; i < 9; ++i) (void)t.put(i);  // evicts
      put(4);
      t.kept.clear();
      over = true;
    }
    check(hot_law::unheld, free, "a value's destructor ran while its key could not be reached");
    check(hot_law::outlived, destroyed == 4, [&] { return std::to_string(destroyed) + " of 4 values were destroyed"; });

    touchy_key::script script;
    touchy_key::script others;
    free = true;
    {
      touchy_tier kept{bound(2), bare_context<note, touchy_key>{}};
      hasher<touchy_key> const hash{1};
      bystander other;
      std::function<void()> const on_copy = [&] {
        free = free && other.gets_through([&] {
          touchy_key const k{1, others};
          (void)kept.peek(hash(k), [](auto const&) {});
        });
      };
      script.on_copy = &on_copy;
      for (std::uint64_t i = 1; i < 6; ++i) {
        touchy_key const k{i % 3, script};
        (void)kept.install(hash(k), {strata::revision{i}, note{"n"}});
      }
    }
    check(hot_law::unheld, free, "a key was copied while it could not be reached");
  }

  // As the cache does it: what the user's code has to do comes first, then the rest under a lock.
  void prepares() {
    touchy_key::script script;
    std::uint64_t ends = 0;
    std::function<void()> const last_words = [&] { ++ends; };
    touchy_tier kept{bound(2), bare_context<note, touchy_key>{}};
    hasher<touchy_key> const hash{1};
    bool quiet = true;
    for (std::uint64_t r = 1; r < 20; ++r) {
      touchy_key const k{r % 5, script};
      box<note> const b{strata::revision{r}, note{"n", 1, &last_words}};
      auto ready = prepare_install<touchy_key, note>(kept, hash(k), b);
      typename box<note>::burial const values;
      typename box<touchy_key>::burial const keys;
      auto const ran = [&] { return note::weighed + script.copies + script.ends + ends; };
      auto const before = ran();
      (void)kept.install(hash(k), std::move(ready));
      if (r % 3 == 0) (void)kept.erase(hash(k), strata::revision{r + 1});
      quiet = quiet && ran() == before;
    }
    check(hot_law::prepared, quiet, "a weigher, a copy of a key or a destructor ran");
    settle(kept, "installs of what was prepared");
  }

  void reenters() {
    auto t = std::make_shared<holder>(bound(10));
    for (std::uint64_t i = 0; i < 10; ++i) (void)t->put(i);
    auto calls = std::make_shared<int>(0);
    bool const back = comes_back([t, calls] {
      hasher<std::string> const hash{1};
      std::string const own = name(1);
      std::string const other = name(2);
      (void)t->kept.find(hash(own), [&](auto const&) {
        for (auto const& k : {own, other}) {
          (void)t->kept.find(hash(k), [](auto const&) {});
          (void)t->kept.peek(hash(k), [](auto const&) {});
          (void)t->kept.install(hash(k), {strata::revision{9}, note{"n"}});
          (void)t->kept.erase(hash(k), strata::revision{1});
          (void)t->kept.entries();
        }
        if constexpr (requires { t->kept.visiting(); }) *calls += t->kept.visiting() ? 1 : -100;
        ++*calls;
      });
      if constexpr (requires { t->kept.visiting(); }) *calls += t->kept.visiting() ? -100 : 1;
    });
    check(hot_law::reentered, back, "a call of the same tier from inside find's visitor never returned");
    if (!back) return;
    check(hot_law::reentered, *calls > 0, "visiting() does not tell");
    settle(t->kept, "calls from inside a visitor");
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

  Report& report_;
  hot_traits traits_;
};

/// Tries every law on tiers that the policy makes. The policy's options have a capacity_entries and may have a
/// capacity_bytes; what the tier offers beyond the contract (keys, resize, drain_uses, visiting, valid) is tried too.
template <class Policy, reporter Report>
void hot_laws(Report&& report, hot_traits traits = {}) {
  hot_suite<Policy, std::remove_reference_t<Report>>{report, traits}.run();
}

}  // namespace strata::testing
