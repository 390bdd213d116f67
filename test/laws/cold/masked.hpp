// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/query.hpp>
#include <strata/context.hpp>
#include <strata/error.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>
#include <strata/testing/laws/cold_bench.hpp>
#include <strata/testing/memory_cold.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Any cold tier over memory as one policy: the laws, which take seconds to compile for each policy they are tried on, are
// compiled once for all of them.
class masked {
  using memory = strata::testing::memory_cold;
  using value = strata::testing::ledger;
  using plain_context = strata::context<strata::monotonic_clock, strata::no_observer, strata::testing::ledger_codec>;
  using ending_context =
      strata::context<strata::monotonic_clock, strata::no_observer, strata::testing::ledger_codec, true>;

  using deadline = strata::deadline;
  using life = strata::lifetime;
  using copy = strata::copy<value>;
  using written = strata::written;
  using usage = strata::key_usage;
  using horizon = strata::horizon;
  using keys = std::span<std::string_view const>;
  using values = std::span<strata::keyed_value<value> const>;
  template <class T>
  using result = strata::result<T>;
  using ranking = result<std::vector<usage>>;

  struct face {
    virtual ~face() = default;
    virtual result<copy> load(std::string_view key, deadline until) = 0;
    virtual result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until) = 0;
    virtual result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until,
                                  life l) = 0;
    virtual result<written> erase(std::string_view key, deadline until) = 0;
    virtual std::vector<result<copy>> load_many(keys all, deadline until) = 0;
    virtual std::vector<result<written>> store_many(values all, deadline until) = 0;
    virtual std::vector<result<written>> store_many(values all, deadline until, life l) = 0;
    virtual result<void> add_usage(std::span<strata::uses const> all, deadline until) = 0;
    virtual result<std::optional<usage>> usage_of(std::string_view key, deadline until) = 0;
    virtual ranking popular(std::size_t limit, std::chrono::hours window, deadline until) = 0;
    virtual ranking rising(std::size_t limit, std::chrono::hours window, deadline until) = 0;
    virtual ranking failing(std::size_t limit, std::uint64_t outcomes, deadline until) = 0;
    virtual ranking unused(std::chrono::system_clock::time_point since, std::size_t limit, deadline until) = 0;
    virtual result<std::vector<strata::past<value>>> history(std::string_view key, std::size_t limit,
                                                             deadline until) = 0;
    virtual result<copy> get_at(std::string_view key, strata::revision at, deadline until) = 0;
    virtual result<copy> get_at(std::string_view key, std::int64_t version, deadline until) = 0;
    virtual result<strata::changes> changes_since(std::optional<strata::cursor> from, std::size_t limit,
                                                  deadline until) = 0;
    virtual result<std::vector<strata::logged>> all_after(std::string_view key, std::size_t limit, deadline until) = 0;
    virtual result<horizon> read_horizon(deadline until) = 0;
    virtual result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time,
                                                        deadline until) = 0;
    virtual result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& to,
                                      deadline until) = 0;
    virtual result<std::vector<strata::revision>> revisions(keys all, deadline until) = 0;
  };

  // A tier whose own store takes no life leaves lives to the one it is made from.
  template <class Tier, class Context>
  struct behind final : face {
    using base = memory::tier<std::string, value, Context>;

    behind(memory::options const& settings, Context const& context) : real{settings, context} {}
    result<copy> load(std::string_view key, deadline until) override { return real.load(key, until); }
    result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until) override {
      return real.store(key, v, e, until);
    }
    result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until,
                          life l) override {
      if constexpr (requires { real.store(key, v, e, until, l); })
        return real.store(key, v, e, until, l);
      else
        return real.base::store(key, v, e, until, l);
    }
    result<written> erase(std::string_view key, deadline until) override { return real.erase(key, until); }
    std::vector<result<copy>> load_many(keys all, deadline until) override { return real.load_many(all, until); }
    std::vector<result<written>> store_many(values all, deadline until) override { return real.store_many(all, until); }
    std::vector<result<written>> store_many(values all, deadline until, life l) override {
      if constexpr (requires { real.store_many(all, until, l); })
        return real.store_many(all, until, l);
      else
        return real.base::store_many(all, until, l);
    }
    result<void> add_usage(std::span<strata::uses const> all, deadline until) override {
      return real.add_usage(all, until);
    }
    result<std::optional<usage>> usage_of(std::string_view key, deadline until) override {
      return real.usage_of(key, until);
    }
    ranking popular(std::size_t limit, std::chrono::hours window, deadline until) override {
      return real.popular(limit, window, until);
    }
    ranking rising(std::size_t limit, std::chrono::hours window, deadline until) override {
      return real.rising(limit, window, until);
    }
    ranking failing(std::size_t limit, std::uint64_t outcomes, deadline until) override {
      return real.failing(limit, outcomes, until);
    }
    ranking unused(std::chrono::system_clock::time_point since, std::size_t limit, deadline until) override {
      return real.unused(since, limit, until);
    }
    result<std::vector<strata::past<value>>> history(std::string_view key, std::size_t limit, deadline until) override {
      return real.history(key, limit, until);
    }
    result<copy> get_at(std::string_view key, strata::revision at, deadline until) override {
      return real.get_at(key, at, until);
    }
    result<copy> get_at(std::string_view key, std::int64_t version, deadline until) override {
      return real.get_at(key, version, until);
    }
    result<strata::changes> changes_since(std::optional<strata::cursor> from, std::size_t limit,
                                          deadline until) override {
      return real.changes_since(from, limit, until);
    }
    result<std::vector<strata::logged>> all_after(std::string_view key, std::size_t limit, deadline until) override {
      return real.all_after(key, limit, until);
    }
    result<horizon> read_horizon(deadline until) override { return real.read_horizon(until); }
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time,
                                                deadline until) override {
      return real.hold_horizon(me, time, until);
    }
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& to,
                              deadline until) override {
      return real.move_horizon(me, time, to, until);
    }
    result<std::vector<strata::revision>> revisions(keys all, deadline until) override {
      return real.revisions(all, until);
    }

    Tier real;
  };

 public:
  struct options {
    std::unique_ptr<face> (*plain)(plain_context const&);
    std::unique_ptr<face> (*ending)(ending_context const&);
  };

  template <class Policy>
  static options as() {
    return {made<Policy, plain_context>, made<Policy, ending_context>};
  }

  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, plain_context const& c) : real_{o.plain(c)} {}
    tier(options const& o, ending_context const& c) : real_{o.ending(c)} {}
    result<copy> load(std::string_view key, deadline until) { return real_->load(key, until); }
    result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until) {
      return real_->store(key, v, e, until);
    }
    result<written> store(std::string_view key, value const& v, strata::expectation e, deadline until, life l) {
      return real_->store(key, v, e, until, l);
    }
    result<written> erase(std::string_view key, deadline until) { return real_->erase(key, until); }
    std::vector<result<copy>> load_many(keys all, deadline until) { return real_->load_many(all, until); }
    std::vector<result<written>> store_many(values all, deadline until) { return real_->store_many(all, until); }
    std::vector<result<written>> store_many(values all, deadline until, life l) {
      return real_->store_many(all, until, l);
    }
    result<void> add_usage(std::span<strata::uses const> all, deadline until) { return real_->add_usage(all, until); }
    result<std::optional<usage>> usage_of(std::string_view key, deadline until) { return real_->usage_of(key, until); }
    ranking popular(std::size_t limit, std::chrono::hours window, deadline until) {
      return real_->popular(limit, window, until);
    }
    ranking rising(std::size_t limit, std::chrono::hours window, deadline until) {
      return real_->rising(limit, window, until);
    }
    ranking failing(std::size_t limit, std::uint64_t outcomes, deadline until) {
      return real_->failing(limit, outcomes, until);
    }
    ranking unused(std::chrono::system_clock::time_point since, std::size_t limit, deadline until) {
      return real_->unused(since, limit, until);
    }
    result<std::vector<strata::past<value>>> history(std::string_view key, std::size_t limit, deadline until) {
      return real_->history(key, limit, until);
    }
    result<copy> get_at(std::string_view key, strata::revision at, deadline until) {
      return real_->get_at(key, at, until);
    }
    result<copy> get_at(std::string_view key, std::int64_t version, deadline until) {
      return real_->get_at(key, version, until);
    }
    result<strata::changes> changes_since(std::optional<strata::cursor> from, std::size_t limit, deadline until) {
      return real_->changes_since(from, limit, until);
    }
    result<std::vector<strata::logged>> all_after(std::string_view key, std::size_t limit, deadline until) {
      return real_->all_after(key, limit, until);
    }
    result<horizon> read_horizon(deadline until) { return real_->read_horizon(until); }
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time, deadline until) {
      return real_->hold_horizon(me, time, until);
    }
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& to, deadline until) {
      return real_->move_horizon(me, time, to, until);
    }
    result<std::vector<strata::revision>> revisions(keys all, deadline until) { return real_->revisions(all, until); }

   private:
    std::unique_ptr<face> real_;
  };

 private:
  template <class Policy, class Context>
  static std::unique_ptr<face> made(Context const& context) {
    return std::make_unique<behind<typename Policy::template tier<std::string, value, Context>, Context>>(
        memory::options{}, context);
  }
};
struct masked_without_codec : masked {
  using keeps_values = void;
};
