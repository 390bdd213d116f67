// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/run/task.hpp>
#include <strata/testing/simulation/calls.hpp>
#include <strata/testing/simulation/director.hpp>

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

    template <class Sink>
    class subscription {
     public:
      subscription(listener& l, Sink sink) noexcept : listener_{&l}, sink_{sink} {
        l = {this, [](void* to, news const& heard) { static_cast<subscription*>(to)->sink_(heard); }};
      }
      subscription(subscription const&) = delete;
      subscription& operator=(subscription const&) = delete;
      ~subscription() { *listener_ = {}; }
      void renew() noexcept { sink_({telling::resumed, {}, {}}); }

     private:
      listener* listener_;
      Sink sink_;
    };
    template <class Sink>
    auto follow(Sink sink) noexcept {
      return subscription<Sink>{*o_.feed, sink};
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
    auto store(std::string_view key, mark const& value, expectation expected, deadline until) noexcept {
      return detail::cold_write_call{*o_.on, o_.instance, key, value, expected, until};
    }
    task<std::vector<result<copy<mark>>>> load_many(std::span<std::string_view const> keys, deadline until) {
      return detail::one_by_one<result<copy<mark>>>(keys, [=, this](std::string_view key) { return load(key, until); });
    }
    /// Of several values for one key the last is stored, and answers for all.
    task<std::vector<result<written>>> store_many(std::span<keyed_value<mark> const> values, deadline until) {
      std::vector<result<written>> answers(values.size());
      for (std::size_t i = values.size(); i-- > 0;) {
        std::size_t last = values.size() - 1;
        while (values[last].key != values[i].key) --last;
        answers[i] = last == i ? co_await store(values[i].key, *values[i].value, anything, until) : answers[last];
      }
      co_return answers;
    }
    auto erase(std::string_view key, deadline until) noexcept {
      return detail::cold_write_call{*o_.on, o_.instance, key, std::nullopt, std::nullopt, until};
    }

   private:
    options o_;
  };
};

}  // namespace strata::testing
