// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/laws/warm.hpp>
#include <strata/testing/memory_warm.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// Warm tiers, each wrong in one way, and the law that must say so.
namespace wrong {

namespace law = strata::testing::warm_law;
using strata::change;
using strata::deadline;
using strata::frame;
using strata::placement;
using strata::position;
using strata::result;
using strata::revision;
using strata::sighting;
using strata::testing::memory_warm;

template <class Key, class Value, class Context>
using right = memory_warm::tier<Key, Value, Context>;

struct loses_some {
  static constexpr auto breaks = law::found;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame const& f, std::optional<position> at, deadline until) {
      if (++calls % 11 == 0) return position{1};
      return right<Key, Value, Context>::store(f, at, until);
    }
    std::atomic<int> calls = 0;
  };
};

struct folds_case {
  static constexpr auto breaks = law::found;
  using options = memory_warm::options;
  static std::string folded(std::string_view k) {
    std::string s{k};
    std::ranges::transform(s, s.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return s;
  }
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<sighting> load(std::string_view key, deadline until) const {
      auto seen = right<Key, Value, Context>::load(folded(key), until);
      if (seen && seen->frame) seen->frame->key = key;
      return seen;
    }
    result<position> store(frame f, std::optional<position> at, deadline until) {
      f.key = folded(f.key);
      return right<Key, Value, Context>::store(f, at, until);
    }
  };
};

struct forgets_the_end {
  static constexpr auto breaks = law::found;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<sighting> load(std::string_view key, deadline until) const {
      auto seen = right<Key, Value, Context>::load(key, until);
      if (seen && seen->frame) seen->frame->expires_ms = 0;
      return seen;
    }
  };
};

struct cuts_payloads_at_zero {
  static constexpr auto breaks = law::found;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame f, std::optional<position> at, deadline until) {
      f.payload = f.payload.c_str();
      return right<Key, Value, Context>::store(f, at, until);
    }
  };
};

struct is_never_vacant {
  static constexpr auto breaks = law::vacant;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<sighting> load(std::string_view key, deadline until) const {
      auto seen = right<Key, Value, Context>::load(key, until);
      if (seen && !seen->frame) return sighting{frame{.key = std::string{key}}, {}};
      return seen;
    }
  };
};

struct ignores_positions {
  static constexpr auto breaks = law::placed;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame const& f, std::optional<position>, deadline until) {
      return right<Key, Value, Context>::store(f, std::nullopt, until);
    }
  };
};

struct gives_another_position {
  static constexpr auto breaks = law::positioned;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame const& f, std::optional<position> at, deadline until) {
      if (at) at = position{static_cast<std::uint64_t>(*at) / 2};
      auto stored = right<Key, Value, Context>::store(f, at, until);
      return stored ? result<position>{position{static_cast<std::uint64_t>(*stored) * 2}} : stored;
    }
  };
};

struct takes_the_older {
  static constexpr auto breaks = law::upward;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame const& f, std::optional<position> at, deadline until) {
      if (!at) at = this->load(f.key, until)->position;
      return right<Key, Value, Context>::store(f, at, until);
    }
  };
};

struct erases_without_a_trace {
  static constexpr auto breaks = law::erased;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<sighting> load(std::string_view key, deadline until) const {
      auto seen = right<Key, Value, Context>::load(key, until);
      if (seen && seen->frame && seen->frame->operation == strata::operation::erase) seen->frame.reset();
      return seen;
    }
  };
};

struct takes_any_size {
  static constexpr auto breaks = law::sized;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    tier(options settings, Context const& c)
        : right<Key, Value, Context>{(settings.max_payload_bytes = 1U << 30U, settings), c} {}
  };
};

struct oversleeps {
  static constexpr auto breaks = law::timely;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<sighting> load(std::string_view key, deadline until) const {
      if (until < std::chrono::steady_clock::now() + std::chrono::milliseconds{100})
        std::this_thread::sleep_for(std::chrono::milliseconds{150});
      return right<Key, Value, Context>::load(key, until);
    }
  };
};

struct answers_in_another_order {
  static constexpr auto breaks = law::many;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
      auto all = right<Key, Value, Context>::load_many(keys, until);
      std::ranges::reverse(all);
      return all;
    }
  };
};

struct stores_the_last_of_many {
  static constexpr auto breaks = law::many;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    std::vector<result<position>> store_many(std::span<placement const> frames, deadline until) {
      std::vector<result<position>> all;
      for (auto const& one : frames) {
        auto const at = one.at ? *one.at : this->load(one.frame->key, until)->position;
        all.push_back(this->store(*one.frame, at, until));
      }
      return all;
    }
  };
};

struct tells_no_erases {
  static constexpr auto breaks = law::told;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    memory_warm::subscription follow(memory_warm::sink s) {
      return right<Key, Value, Context>::follow([s](strata::news const& heard) {
        if (heard.told.operation == strata::operation::put) s(heard);
      });
    }
  };
};

struct never_stops_telling {
  static constexpr auto breaks = law::ended;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    struct deaf {
      static void renew() {}
    };
    deaf follow(memory_warm::sink s) {
      kept.emplace_back(new memory_warm::subscription(right<Key, Value, Context>::follow(std::move(s))));
      return {};
    }
    std::vector<std::unique_ptr<memory_warm::subscription>> kept;
  };
};

struct begins_at_zero {
  static constexpr auto breaks = law::exact;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    memory_warm::subscription follow(memory_warm::sink s) {
      return right<Key, Value, Context>::follow([s](strata::news heard) {
        if (heard.what == strata::telling::resumed) heard.at = {};
        s(heard);
      });
    }
  };
};

struct leaves_out_what_it_hears_first {
  static constexpr auto breaks = law::exact;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    memory_warm::subscription follow(memory_warm::sink s) {
      return right<Key, Value, Context>::follow([s, begun = false](strata::news const& heard) mutable {
        if (heard.what != strata::telling::changed || std::exchange(begun, true)) s(heard);
      });
    }
  };
};

struct tells_twice {
  static constexpr auto breaks = law::ordered;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    memory_warm::subscription follow(memory_warm::sink s) {
      return right<Key, Value, Context>::follow([s](strata::news const& heard) {
        s(heard);
        s(heard);
      });
    }
  };
};

struct ignores_renewal {
  static constexpr auto breaks = law::renewed;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    struct deaf {
      void renew() {}
      std::unique_ptr<memory_warm::subscription> real;
    };
    deaf follow(memory_warm::sink s) {
      return {std::unique_ptr<memory_warm::subscription>{
          new memory_warm::subscription(right<Key, Value, Context>::follow(std::move(s)))}};
    }
  };
};

struct resumes_without_a_loss {
  static constexpr auto breaks = law::renewed;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    memory_warm::subscription follow(memory_warm::sink s) {
      return right<Key, Value, Context>::follow([s](strata::news const& heard) {
        if (heard.what != strata::telling::lost) s(heard);
      });
    }
  };
};

struct ends_before_its_last {
  static constexpr auto breaks = law::at_end;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> end(deadline until) const {
      return position{static_cast<std::uint64_t>(*right<Key, Value, Context>::end(until)) - 1};
    }
  };
};

struct ends_after_its_last {
  static constexpr auto breaks = law::reached;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> end(deadline until) const {
      return position{static_cast<std::uint64_t>(*right<Key, Value, Context>::end(until)) + 1};
    }
  };
};

struct looks_then_stores {
  static constexpr auto breaks = law::raced;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> store(frame const& f, std::optional<position> at, deadline until) {
      auto const seen = this->load(f.key, until);
      if (at && seen->position != *at) return strata::failure(strata::errc::conflict);
      if (!at && seen->frame && seen->frame->revision > f.revision) return strata::failure(strata::errc::conflict);
      std::this_thread::sleep_for(std::chrono::microseconds{200});
      for (;;) {
        auto const now = this->load(f.key, until);
        auto stored = right<Key, Value, Context>::store(f, now->position, until);
        if (stored || stored.error() != strata::errc::conflict) return stored;
      }
    }
  };
};

struct throws {
  static constexpr auto breaks = law::silent;
  using options = memory_warm::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using right<Key, Value, Context>::right;
    result<position> erase(std::string_view, revision, deadline) { throw std::runtime_error{"not today"}; }
  };
};

}  // namespace wrong
