// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/query.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/run/task.hpp>
#include <strata/testing/simulation/calls.hpp>
#include <strata/testing/simulation/director.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The simulated warm and cold tiers, as policies: one of each for every instance, on one world.
namespace strata::testing {

namespace detail {

/// A call for many keys: nothing says that a tier does all of it at one moment, so others may go between any two.
template <class Answer, class Asked, class One>
task<std::vector<Answer>> one_by_one(std::span<Asked const> all, One one) {
  std::vector<Answer> answers;
  for (auto const& asked : all) answers.push_back(co_await one(asked));
  co_return answers;
}

}  // namespace detail

/// Where the feed of an instance delivers, while anybody listens.
struct listener {
  void* to = nullptr;
  void (*deliver)(void*, news const&) = nullptr;
  std::size_t heard = 0;                   ///< how much of the stream
  std::array<bool, most_subjects> owed{};  ///< something of a subject was held back
  bool connected = true;
};

struct simulated_options {
  director* on = nullptr;
  std::uint8_t instance = 0;
  listener* feed = nullptr;
};

struct simulated_warm {
  using options = simulated_options;
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) noexcept : o_{o} {}
    auto load(std::string_view key, deadline until) noexcept {
      return detail::warm_load_call{*o_.on, o_.instance, key, until};
    }
    task<std::vector<result<sighting>>> load_many(std::span<std::string_view const> keys, deadline until) {
      return detail::one_by_one<result<sighting>>(keys, [=, this](std::string_view key) { return load(key, until); });
    }
    task<std::vector<result<position>>> store_many(std::span<placement const> frames, deadline until) {
      return detail::one_by_one<result<position>>(
          frames, [=, this](placement const& p) { return store(*p.frame, p.at, until); });
    }
    auto store(frame const& f, std::optional<position> at, deadline until) {
      return detail::warm_write_call{*o_.on, o_.instance, f, at, until};
    }
    auto erase(std::string_view key, revision r, deadline until) {
      frame f{.key = std::string{key}, .revision = r, .operation = operation::erase};
      f.sum = checksum(f);
      return detail::warm_write_call{*o_.on, o_.instance, std::move(f), std::nullopt, until};
    }

    /// Of the first key others do not look where the caches do.
    static bool kept_elsewhere(std::string_view key) noexcept { return key_index(key) == 0; }
    task<result<std::size_t>> correct(std::span<placement const> frames, deadline until) {
      std::vector<frame> all;
      for (auto const& one : frames) all.push_back(*one.frame);
      auto const done = co_await detail::plain<std::size_t, call_kind::warm_write>(
          *o_.on, o_.instance, until, "correcting what others have", [all](world& w) -> result<std::size_t> {
            std::size_t replaced = 0;
            for (auto const& f : all) replaced += w.correct(key_index(f.key), f);
            return replaced;
          });
      if (!done) o_.on->world.left_as_it_was = true;
      co_return done;
    }

    template <class Sink>
    class subscription {
     public:
      subscription(simulated_options const& o, Sink sink) noexcept : o_{o}, sink_{sink} {
        o.feed->to = this;
        o.feed->deliver = [](void* to, news const& heard) { static_cast<subscription*>(to)->sink_(heard); };
        sink_({telling::resumed, {}, position{o.on->world.last_position()}});
      }
      subscription(subscription const&) = delete;
      subscription& operator=(subscription const&) = delete;
      ~subscription() { *o_.feed = {}; }
      /// The feed goes on at the end of what the stream has now.
      void renew() noexcept {
        if (!o_.feed->connected) return;
        sink_({telling::lost, {}, {}});
        if (std::exchange(o_.on->unaware_until[o_.instance], moment{}) != moment{}) {
          o_.feed->connected = false;
          return;
        }
        o_.feed->heard = o_.on->world.feed.size();
        o_.feed->owed = {};
        sink_({telling::resumed, {}, position{o_.on->world.last_position()}});
      }

     private:
      simulated_options o_;
      Sink sink_;
    };
    template <class Sink>
    auto follow(Sink sink) noexcept {
      return subscription<Sink>{o_, sink};
    }
    auto end(deadline until) {
      return detail::plain<position, call_kind::warm_load>(
          *o_.on, o_.instance, until, "the end of the stream",
          [](world& w) -> result<position> { return position{w.last_position()}; });
    }

   private:
    options o_;
  };
};

struct simulated_cold {
  using options = simulated_options;
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) noexcept : o_{o} {}
    auto load(std::string_view key, deadline until) noexcept {
      return detail::cold_load_call{*o_.on, o_.instance, key, until};
    }
    auto store(std::string_view key, mark const& value, expectation expected, deadline until,
               lifetime expires_in = {}) noexcept {
      return detail::cold_write_call{*o_.on, o_.instance, key, value, expected, until, expires_in};
    }
    task<std::vector<result<copy<mark>>>> load_many(std::span<std::string_view const> keys, deadline until) {
      return detail::one_by_one<result<copy<mark>>>(keys, [=, this](std::string_view key) { return load(key, until); });
    }
    /// Of several values for one key the last is stored, and answers for all.
    task<std::vector<result<written>>> store_many(std::span<keyed_value<mark> const> values, deadline until,
                                                  lifetime expires_in = {}) {
      std::vector<result<written>> answers(values.size());
      for (std::size_t i = values.size(); i-- > 0;) {
        std::size_t last = values.size() - 1;
        while (values[last].key != values[i].key) --last;
        answers[i] =
            last == i ? co_await store(values[i].key, *values[i].value, anything, until, expires_in) : answers[last];
      }
      co_return answers;
    }
    auto erase(std::string_view key, deadline until) noexcept {
      return detail::cold_write_call{*o_.on, o_.instance, key, std::nullopt, std::nullopt, until, {}};
    }

   private:
    options o_;
  };
};

/// The same, with a log of its changes and a horizon.
struct simulated_log {
  using options = simulated_options;
  template <class Key, class Value, class Context>
  class tier : public simulated_cold::tier<Key, Value, Context> {
   public:
    tier(options const& o, Context const& c) noexcept : simulated_cold::tier<Key, Value, Context>{o, c}, o_{o} {}
    auto changes_since(std::optional<cursor> from, std::size_t, deadline until) {
      return ask<changes, call_kind::cold_load>(
          until, "cold's log", [from](world& w) -> result<changes> { return w.changes_since(from, 2); });
    }
    auto all_after(std::string_view key, std::size_t, deadline until) {
      return ask<std::vector<logged>, call_kind::cold_load>(
          until, "all that cold has",
          [key = std::string{key}](world& w) -> result<std::vector<logged>> { return w.all_after(key, 1); });
    }
    auto read_horizon(deadline until) {
      return ask<horizon, call_kind::cold_load>(until, "the horizon",
                                                [](world& w) -> result<horizon> { return w.read_horizon(); });
    }
    auto hold_horizon(std::string_view me, std::chrono::milliseconds time, deadline until) {
      return ask<std::optional<horizon>, call_kind::cold_write>(
          until, "holding the horizon", [me = std::string{me}, time](world& w) -> result<std::optional<horizon>> {
            return w.hold_horizon(me, time);
          });
    }
    auto move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& to, deadline until) {
      return ask<void, call_kind::cold_write>(
          until, "moving the horizon",
          [me = std::string{me}, time, to](world& w) -> result<void> { return w.move_horizon(me, time, to); });
    }
    auto revisions(std::span<std::string_view const> keys, deadline until) {
      return ask<std::vector<revision>, call_kind::cold_load>(
          until, "comparing revisions",
          [all = std::vector<std::string>(keys.begin(), keys.end())](world& w) -> result<std::vector<revision>> {
            std::vector<revision> stand;
            for (auto const& key : all) stand.push_back(w.cold_load(key_index(key)).revision);
            return stand;
          });
    }
    /// What is there counts as used, the first key most.
    auto popular(std::size_t limit, std::chrono::hours, deadline until) {
      return ask<std::vector<key_usage>, call_kind::cold_load>(
          until, "what is used most", [limit](world& w) -> result<std::vector<key_usage>> {
            std::vector<key_usage> found;
            for (std::size_t k = 0; k < most_keys && found.size() < limit; ++k)
              if (w.cold_load(k).value) found.push_back({.key = std::string{key_names[k]}, .count = most_keys - k});
            return found;
          });
    }
    auto rising(std::size_t limit, std::chrono::hours window, deadline until) { return popular(limit, window, until); }
    auto failing(std::size_t limit, std::uint64_t, deadline until) { return popular(limit, {}, until); }
    auto unused(std::chrono::system_clock::time_point, std::size_t limit, deadline until) {
      return popular(limit, {}, until);
    }

   private:
    template <class Answer, call_kind Kind, class Act>
    auto ask(deadline until, std::string_view name, Act act) {
      return detail::plain<Answer, Kind>(*o_.on, o_.instance, until, name, std::move(act));
    }
    options o_;
  };
};

}  // namespace strata::testing
