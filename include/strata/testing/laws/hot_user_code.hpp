// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hash.hpp>
#include <strata/testing/laws/hot_bench.hpp>
#include <strata/testing/laws/hot_values.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// The laws of hot tiers for code of the user's: keys that throw, destructors and copies that want to get at the tier,
// visitors that call it.
namespace strata::testing {

template <class Policy, reporter Report>
class hot_user_code : hot_bench<Policy, Report> {
  using base = hot_bench<Policy, Report>;
  using base::bound, base::check, base::name, base::settle;
  using typename base::holder, typename base::touchy_tier;

 public:
  using base::base;

  void run() {
    throws();
    outlives();
    holds_nothing();
    prepares();
    reenters();
  }

 private:
  // Every operation of a key that a story calls fails once; whatever was there before the call is there after it.
  void throws() {
    for (std::uint64_t fail = 1;; ++fail) {
      std::uint64_t spent = 0;
      touchy_key::script script;
      hasher<touchy_key> const hash{1};
      touchy_tier kept{bound(4), bare_context<note, touchy_key>{hash}};
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

  // While a destructor or a copy runs, another thread must get at the same key; where callers take turns, this one.
  class bystander {
   public:
    ~bystander() {
      for (auto& thread : threads_) thread.join();
    }
    /// \returns whether f came back on another thread within two seconds
    template <class F>
    bool gets_through(F f) {
      if constexpr (of_one_thread<typename base::tier>) return f();
      auto through = std::make_shared<std::atomic<bool>>(false);
      threads_.emplace_back([f, through] { through->store(f()); });
      auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{2};
      while (!through->load() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
      return through->load();
    }

   private:
    std::vector<std::thread> threads_;
  };

  static bool outside(auto const& kept) noexcept {
    if constexpr (requires { kept.visiting(); }) return !kept.visiting();
    return true;
  }

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
          return outside(t.kept);
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
      hasher<touchy_key> const hash{1};
      touchy_tier kept{bound(2), bare_context<note, touchy_key>{hash}};
      bystander other;
      std::function<void()> const on_copy = [&] {
        free = free && other.gets_through([&] {
          touchy_key const k{1, others};
          (void)kept.peek(hash(k), [](auto const&) {});
          return outside(kept);
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
    hasher<touchy_key> const hash{1};
    touchy_tier kept{bound(2), bare_context<note, touchy_key>{hash}};
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
};

}  // namespace strata::testing
