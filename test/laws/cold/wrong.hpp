// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/memory_cold.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

// Cold policies, each wrong in one way, and the law that must say so.
namespace wrong {

namespace law = strata::testing::cold_law;
using namespace strata;
using memory = strata::testing::memory_cold;

template <class Key, class Value, class Context>
using right = memory::tier<Key, Value, Context>;

#define WRONG(name, law_broken, ...)                 \
  struct name {                                      \
    static constexpr auto breaks = law_broken;       \
    using options = memory::options;                 \
    using keeps_values = void;                       \
    template <class Key, class Value, class Context> \
    struct tier : right<Key, Value, Context> {       \
      using base = right<Key, Value, Context>;       \
      using base::base;                              \
      __VA_ARGS__                                    \
    };                                               \
  }

WRONG(
    forgets, law::found,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      std::uint64_t const n = ++calls;
      if (n % 17 == 0 && !e) return written{revision{1000000000 + n}, base::load(k, d)->version + 1, true};
      return base::store(k, v, e, d);
    } std::atomic<std::uint64_t>
        calls{0};);

WRONG(
    mixes_keys_up, law::found,
    result<copy<Value>> load(std::string_view k, deadline d) { return base::load(k == "key 3" ? "key 4" : k, d); });

WRONG(
    orders_by_version, law::higher,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      auto r = base::store(k, v, e, d);
      if (r && !e) r->revision = revision{static_cast<std::uint64_t>(r->version)};
      return r;
    });

WRONG(
    starts_again_after_an_erase, law::counted,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      bool const vacant = !base::load(k, d)->value;
      auto r = base::store(k, v, e, d);
      if (r && vacant) r->version = 1;
      return r;
    });

WRONG(
    keeps_the_callers_version, law::stamped, result<copy<Value>> load(std::string_view k, deadline d) {
      auto r = base::load(k, d);
      if (r->value) r->value->version = 1000;
      return r;
    });

WRONG(
    writes_what_is_there, law::unchanged,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      auto r = base::store(k, v, e, d);
      if (r && !r->changed) r->changed = true;
      return r;
    });

WRONG(
    expects_nothing, law::expected, result<written> store(std::string_view k, Value const& v, expectation, deadline d) {
      return base::store(k, v, anything, d);
    });

WRONG(
    looks_before_it_writes, law::winner,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      auto const now = base::load(k, d);
      if (e && *e != (now->value ? now->revision : revision{})) return failure(errc::conflict, strata::tier::cold);
      std::this_thread::sleep_for(std::chrono::microseconds{e ? 300 : 0});
      return base::store(k, v, anything, d);
    });

WRONG(
    erases_without_a_trace, law::tombstone, result<copy<Value>> load(std::string_view k, deadline d) {
      auto r = base::load(k, d);
      if (!r->value) r->revision = {};
      return r;
    });

WRONG(
    cannot_erase_nothing, law::vacant, result<written> erase(std::string_view k, deadline d) {
      auto r = base::erase(k, d);
      if (!r->changed) return failure(errc::rejected, strata::tier::cold, "nothing to erase");
      return r;
    });

WRONG(
    answers_in_the_order_of_keys, law::bulk,
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline d) {
      std::vector<std::string_view> sorted{keys.begin(), keys.end()};
      std::ranges::sort(sorted);
      return base::load_many(sorted, d);
    });

WRONG(
    keeps_the_first_of_two, law::repeated,
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline d) {
      std::vector<keyed_value<Value>> back{values.rbegin(), values.rend()};
      auto all = base::store_many(back, d);
      std::ranges::reverse(all);
      return all;
    });

WRONG(
    counts_as_a_save, law::usage,
    result<copy<Value>> load(std::string_view k, deadline d) {
      auto r = base::load(k, d);
      if (counted && r->value) r->revision = revision{number(r->revision) + 1};
      return r;
    } result<void>
        add_usage(std::span<uses const> counts, deadline d) {
          counted = true;
          return base::add_usage(counts, d);
        } bool counted = false;);

WRONG(
    remembers_versions_only, law::history,
    result<std::vector<past<Value>>> history(std::string_view k, std::size_t limit, deadline d) {
      auto all = base::history(k, limit, d);
      std::erase_if(*all, [](auto const& one) { return one.operation == operation::erase; });
      return all;
    });

WRONG(
    says_no_and_does_it, law::late,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      auto r = base::store(k, v, e, d);
      if (d < std::chrono::steady_clock::now()) return failure(errc::timed_out, strata::tier::cold);
      return r;
    });

WRONG(
    logs_no_erases, law::logged, result<changes> changes_since(std::optional<cursor> f, std::size_t n, deadline d) {
      auto r = base::changes_since(f, n, d);
      std::erase_if(r->all, [](logged const& one) { return one.operation == operation::erase; });
      return r;
    });

WRONG(
    waits_for_the_last_writer, law::withheld,
    result<changes> changes_since(std::optional<cursor> f, std::size_t n, deadline d) {
      auto r = base::changes_since(f, n, d);
      if (r->all.empty() || r->more) return r;
      r->all.pop_back();
      --r->read.transaction, --r->settled.transaction;
      return r;
    });

WRONG(
    settles_where_the_log_ends, law::settled,
    result<changes> changes_since(std::optional<cursor> f, std::size_t n, deadline d) {
      auto r = base::changes_since(f, n, d);
      if (auto const now = base::changes_since(std::nullopt, n, d)) r->settled = now->settled;
      return r;
    });

WRONG(
    counts_age_from_the_hold, law::horizon, result<horizon> read_horizon(deadline d) {
      auto r = base::read_horizon(d);
      if (r->age == r->age.max()) r->age = {};
      return r;
    });

WRONG(
    believes_a_moment_to_come, law::horizon, result<horizon> read_horizon(deadline d) {
      auto r = base::read_horizon(d);
      if (r->age == std::chrono::hours{1}) r->age = -r->age;
      return r;
    });

WRONG(
    names_who_held_first, law::horizon, result<horizon> read_horizon(deadline d) {
      auto r = base::read_horizon(d);
      if (!r) return r;
      if (first.empty()) first = r->holder;
      r->holder = first;
      return r;
    } std::string first;);

WRONG(
    lets_all_hold, law::held,
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds t, deadline d) {
      auto r = base::hold_horizon(me, t, d);
      if (!*r) return std::optional{*base::read_horizon(d)};
      return r;
    });

WRONG(
    never_lets_go, law::held,
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds, deadline d) {
      return base::hold_horizon(me, std::chrono::hours{1}, d);
    });

WRONG(
    moves_for_whoever_held_once, law::moved,
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds t, horizon const& to, deadline d) {
      if (auto r = base::move_horizon(me, t, to, d); r || me == "nobody") return r;
      return {};
    });

WRONG(
    compares_what_is_there, law::compared,
    result<std::vector<revision>> revisions(std::span<std::string_view const> keys, deadline d) {
      std::vector<revision> all;
      for (auto const k : keys)
        if (auto const r = base::load(k, d)) all.push_back(r->value ? r->revision : revision{});
      return all;
    });

WRONG(
    lists_what_is_there, law::listed,
    result<std::vector<logged>> all_after(std::string_view key, std::size_t limit, deadline d) {
      auto all = base::all_after(key, limit, d);
      if (all->size() > 1) std::erase_if(*all, [](logged const& one) { return one.operation == operation::erase; });
      return all;
    });

WRONG(
    keeps_a_life_for_ever, law::expiry,
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d, lifetime l = {}) {
      auto const before = base::load(k, d);
      return base::store(k, v, e, d, l ? l : before->expires_in);
    });

WRONG(
    calls_erased_what_has_expired, law::expiry, result<copy<Value>> load(std::string_view k, deadline d) {
      auto r = base::load(k, d);
      if (r) r->expired = false;
      return r;
    });

#undef WRONG

// The two laws about codecs need a tier that has one: the right one, encoding what it is given.
template <bool Hides, bool Takes>
struct encoding {
  using options = memory::options;
  template <class Key, class Value, class Context>
  struct tier : right<Key, Value, Context> {
    using base = right<Key, Value, Context>;
    tier(options const& o, Context const& c) : base{o, c}, codec{c.codec} {}
    result<void> fit(Value const& v) const {
      std::string json;
      return Takes ? result<void>{} : codec.to_json(v, json);
    }
    result<copy<Value>> seen(result<copy<Value>> r) const {
      if (!r || !r->value) return r;
      std::string json;
      if (!codec.to_json(*r->value, json)) return r;
      if (auto back = codec.from_json(json); back) return r;
      if (Hides) return copy<Value>{};
      return failure(errc::corrupt, strata::tier::cold);
    }
    result<copy<Value>> load(std::string_view k, deadline d) { return seen(base::load(k, d)); }
    result<written> store(std::string_view k, Value const& v, expectation e, deadline d) {
      if (auto f = fit(v); !f) return std::unexpected{f.error()};
      return base::store(k, v, e, d);
    }
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline d) {
      auto all = base::load_many(keys, d);
      for (auto& one : all) one = seen(std::move(one));
      return all;
    }
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline d) {
      auto all = base::store_many(values, d);
      for (std::size_t i = 0; i < all.size(); ++i)
        if (auto f = fit(*values[i].value); !f) all[i] = std::unexpected{f.error()};
      return all;
    }
    typename Context::codec_type const& codec;
  };
};
struct encodes : encoding<false, false> {};
struct hides_what_it_cannot_read : encoding<true, false> {
  static constexpr auto breaks = law::corrupt;
};
struct takes_what_it_cannot_write : encoding<false, true> {
  static constexpr auto breaks = law::refused;
};

}  // namespace wrong
