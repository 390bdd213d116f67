// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/hot/lru.hpp>
#include <strata/testing/laws/hot.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string_view>
#include <utility>

// Hot policies, each wrong in one way, and the law that must say so.
namespace wrong {

namespace law = strata::testing::hot_law;
using strata::box;
using strata::hashed;
using strata::installed;
using strata::revision;

template <class Key, class Value, class Context>
using right = strata::hot::lru::tier<Key, Value, Context>;

struct forgets {
  static constexpr auto breaks = law::found;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    installed install(hashed<Key> const& k, box<Value> b) {
      if (++calls % 7 == 0) return installed::yes;
      return right<Key, Value, Context>::install(k, std::move(b));
    }
    int calls = 0;
  };
};

struct mixes_keys_up {
  static constexpr auto breaks = law::found;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    template <class F>
    bool find(hashed<Key> const& k, F&& f) {
      if (right<Key, Value, Context>::find(k, f)) {
        (void)this->peek(k, [&](box<Value> const& b) { last = b; });
        return true;
      }
      if (last && k.hash % 64 == 0) return f(last), true;
      return false;
    }
    box<Value> last;
  };
};

struct takes_the_older {
  static constexpr auto breaks = law::revision;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    installed install(hashed<Key> const& k, box<Value> b) {
      this->erase(k, revision{~0ULL});
      return right<Key, Value, Context>::install(k, std::move(b));
    }
  };
};

struct erases_all_the_same {
  static constexpr auto breaks = law::erased;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    bool erase(hashed<Key> const& k, revision) noexcept { return right<Key, Value, Context>::erase(k, revision{~0ULL}); }
  };
};

struct keeps_half {
  static constexpr auto breaks = law::roomy;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    tier(options o, Context const& c) : right<Key, Value, Context>{halved(o), c} {}
    static options halved(options o) { return {o.capacity_entries / 2 + 1, o.capacity_bytes}; }
  };
};

struct keeps_too_much {
  static constexpr auto breaks = law::bounded;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    tier(options o, Context const& c) : right<Key, Value, Context>{{o.capacity_entries + 1, o.capacity_bytes}, c} {}
  };
};

struct weighs_too_little {
  static constexpr auto breaks = law::counted;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    std::size_t bytes() const noexcept { return right<Key, Value, Context>::bytes() / 2; }
  };
};

struct clears_the_count_only {
  static constexpr auto breaks = law::cleared;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    void clear() noexcept {}
  };
};

struct peeks_with_find {
  static constexpr auto breaks = law::traceless;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    template <class F>
    bool peek(hashed<Key> const& k, F&& f) const {
      return const_cast<tier*>(this)->find(k, f);
    }
  };
};

struct evicts_before_it_throws {
  static constexpr auto breaks = law::strong;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    installed install(hashed<Key> const& k, box<Value> b) {
      try {
        return right<Key, Value, Context>::install(k, std::move(b));
      } catch (...) {
        this->clear();
        throw;
      }
    }
  };
};

struct destroys_under_its_lock {
  static constexpr auto breaks = law::unheld;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using base = right<Key, Value, Context>;
    using base::base;
    installed install(hashed<Key> const& k, box<Value> b) {
      std::lock_guard const held{lock};
      return base::install(k, std::move(b));
    }
    template <class F>
    bool peek(hashed<Key> const& k, F&& f) const {
      std::lock_guard const held{lock};
      return base::peek(k, f);
    }
    mutable std::recursive_mutex lock;
  };
};

struct does_not_tell_that_it_visits {
  static constexpr auto breaks = law::reentered;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    [[nodiscard]] bool visiting() const noexcept { return false; }
  };
};

struct loses_uses {
  static constexpr auto breaks = law::used;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    template <class F>
    void drain_uses(F&& f) {
      int n = 0;
      right<Key, Value, Context>::drain_uses([&](auto const& k, std::uint64_t count) {
        if (++n % 16 != 0) f(k, count);
      });
    }
  };
};

struct lists_twice {
  static constexpr auto breaks = law::listed;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    template <class F>
    void keys(F&& f) const {
      right<Key, Value, Context>::keys([&](auto const& k) { f(k), f(k); });
    }
  };
};

struct ignores_resize {
  static constexpr auto breaks = law::resized;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    void resize(std::size_t) {}
  };
};

// An eviction algorithm whose circle misses a link after some hits.
class circle_with_a_gap : public strata::hot::lru_order {
 public:
  void on_hit(auto nodes, strata::hot::engine::slot i) noexcept {
    strata::hot::lru_order::on_hit(nodes, i);
    if (++hits_ % 1000 == 0) nodes[i].newer = i;
  }

 private:
  int hits_ = 0;
};
struct breaks_its_list {
  static constexpr auto breaks = law::sound;
  using options = strata::hot::engine::options;
  template <class Key, class Value, class Context>
  using tier = strata::hot::engine::tier<circle_with_a_gap, Key, Value, Context>;
};

}  // namespace wrong
