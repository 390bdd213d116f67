// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/testing/memory_warm.hpp>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Any warm tier over memory as one policy: the laws, which take a second to compile for each policy they are tried on, are
// compiled once for all of them.
class masked {
  using memory = strata::testing::memory_warm;
  using deadline = strata::deadline;
  template <class T>
  using result = strata::result<T>;
  using found = result<strata::sighting>;
  using stored = result<strata::position>;

  struct feed {
    virtual ~feed() = default;
    virtual void renew() = 0;
  };
  struct face {
    virtual ~face() = default;
    virtual found load(std::string_view, deadline) = 0;
    virtual stored store(strata::frame const&, std::optional<strata::position>, deadline) = 0;
    virtual stored erase(std::string_view, strata::revision, deadline) = 0;
    virtual std::vector<found> load_many(std::span<std::string_view const>, deadline) = 0;
    virtual std::vector<stored> store_many(std::span<strata::placement const>, deadline) = 0;
    virtual std::unique_ptr<feed> follow(memory::sink) = 0;
    virtual stored end(deadline) = 0;
  };

  template <class Tier>
  struct behind final : face {
    explicit behind(memory::options const& settings) : real{settings, nothing{}} {}
    found load(std::string_view key, deadline until) override { return real.load(key, until); }
    stored store(strata::frame const& f, std::optional<strata::position> at, deadline until) override {
      return real.store(f, at, until);
    }
    stored erase(std::string_view key, strata::revision r, deadline until) override {
      return real.erase(key, r, until);
    }
    std::vector<found> load_many(std::span<std::string_view const> keys, deadline until) override {
      return real.load_many(keys, until);
    }
    std::vector<stored> store_many(std::span<strata::placement const> frames, deadline until) override {
      return real.store_many(frames, until);
    }
    std::unique_ptr<feed> follow(memory::sink s) override {
      struct following final : feed {
        following(Tier& of, memory::sink to) : real{of.follow(std::move(to))} {}
        void renew() override { real.renew(); }
        decltype(std::declval<Tier&>().follow({})) real;
      };
      return std::make_unique<following>(real, std::move(s));
    }
    stored end(deadline until) override { return real.end(until); }

    Tier real;
  };

  struct nothing {};

 public:
  struct options {
    memory::options settings;
    std::unique_ptr<face> (*made)(memory::options const&);
  };

  template <class Policy>
  static options as(memory::options settings) {
    using tier = typename Policy::template tier<std::string, std::string, nothing>;
    return {std::move(settings),
            [](memory::options const& o) -> std::unique_ptr<face> { return std::make_unique<behind<tier>>(o); }};
  }

  struct subscription {
    void renew() { real->renew(); }
    std::unique_ptr<feed> real;
  };

  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) : real_{o.made(o.settings)} {}
    found load(std::string_view key, deadline until) const { return real_->load(key, until); }
    stored store(strata::frame const& f, std::optional<strata::position> at, deadline until) {
      return real_->store(f, at, until);
    }
    stored erase(std::string_view key, strata::revision r, deadline until) { return real_->erase(key, r, until); }
    std::vector<found> load_many(std::span<std::string_view const> keys, deadline until) const {
      return real_->load_many(keys, until);
    }
    std::vector<stored> store_many(std::span<strata::placement const> frames, deadline until) {
      return real_->store_many(frames, until);
    }
    [[nodiscard]] subscription follow(memory::sink s) { return {real_->follow(std::move(s))}; }
    stored end(deadline until) const { return real_->end(until); }

   private:
    std::unique_ptr<face> real_;
  };
};
