// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/query.hpp>
#include <strata/error.hpp>
#include <strata/record.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

// A cold tier as a user would write one: a map behind a mutex, for tests and for the simulator. Caches given the same shelf
// share one truth, as instances on one database do. It keeps values, not bytes, so it needs no codec; they are compared
// with == to see what is unchanged, and those that cannot be compared always count as changed. Its log is never trimmed
// unless trim() says so, and time is what the context's clock says.
namespace strata::testing {

struct memory_cold {
  using keeps_values = void;  ///< as they are, so that no codec can refuse them: the laws of codecs do not apply

  struct any_shelf {
    virtual ~any_shelf() = default;
  };

  /// What the tiers of several instances have in common.
  template <std::copyable Value>
  class shelf : public any_shelf {
   public:
    /// \param now_us  what time it is for values that expire
    copy<Value> get(std::string_view key, std::int64_t now_us = 0) const {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      if (found == entries_.end()) return {};
      auto const& e = found->second;
      if (!e.expires_us) return e.now;
      if (*e.expires_us <= now_us) return {.revision = e.now.revision, .version = e.now.version, .expired = true};
      auto ends = e.now;
      ends.expires_in =
          std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds{*e.expires_us - now_us});
      return ends;
    }

    result<written> put(std::string_view key, Value const& value, expectation expected, lifetime expires_in = {},
                        std::int64_t now_us = 0) {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      bool const there = found != entries_.end() && found->second.now.value;
      bool const expired = there && found->second.expires_us && *found->second.expires_us <= now_us;
      revision const standing = there ? found->second.now.revision : absence;
      if (expected && *expected != standing && !(expired && expected == absence))
        return failure(errc::conflict, strata::tier::cold, "another revision is stored than the one expected");
      if (there && same(*found->second.now.value, value) && !found->second.expires_us && !expires_in)
        return written{standing, found->second.now.version, false};
      auto& e = found != entries_.end() ? found->second : entries_.emplace(std::string{key}, entry{}).first->second;
      copy<Value> next{value, revision{++last_}, e.now.version + 1};
      if constexpr (requires { record<Value>::stamp(*next.value, next.version); })
        record<Value>::stamp(*next.value, next.version);
      auto const done = replace(key, e, std::move(next));
      if (expires_in) e.expires_us = now_us + std::chrono::microseconds{*expires_in}.count();
      return done;
    }

    written remove(std::string_view key) {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      if (found == entries_.end()) return {.changed = false};
      auto& e = found->second;
      if (!e.now.value) return {e.now.revision, e.now.version, false};
      return replace(key, e, {std::nullopt, revision{++last_}, e.now.version});
    }

    void count(std::span<uses const> counts) {
      std::scoped_lock const lock{mutex_};
      for (auto const& one : counts)
        if (auto const found = entries_.find(one.key); found != entries_.end() && found->second.now.value) {
          auto& u = found->second.usage;
          u.count += one.count;
          u.successes += one.successes;
          u.failures += one.failures;
          if (one.count > 0) u.last_used = std::chrono::system_clock::now();
        }
    }

    std::optional<key_usage> usage_of(std::string_view key) const {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      if (found == entries_.end() || !found->second.now.value) return std::nullopt;
      return told(*found);
    }

    /// \param chosen  which keys; \param before  in which order
    std::vector<key_usage> ranked(std::size_t limit, auto&& chosen, auto&& before) const {
      std::scoped_lock const lock{mutex_};
      std::vector<key_usage> all;
      for (auto const& one : entries_)
        if (one.second.now.value)
          if (auto u = told(one); chosen(u, one.second.all.back().written)) all.push_back(std::move(u));
      std::ranges::stable_sort(all, before);
      if (all.size() > limit) all.resize(limit);
      return all;
    }

    std::vector<past<Value>> history(std::string_view key, std::size_t limit) const {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      if (found == entries_.end()) return {};
      auto const& all = found->second.all;
      return {all.rbegin(), all.rbegin() + static_cast<std::ptrdiff_t>(std::min(limit, all.size()))};
    }

    changes since(std::optional<cursor> from, std::size_t limit, std::int64_t now_us) const {
      std::scoped_lock const lock{mutex_};
      changes page{.taken_us = now_us};
      std::size_t const first = from ? std::max(from->transaction, trimmed_) - trimmed_ : log_.size();
      std::size_t const last = std::min(log_.size(), first + std::min(limit, log_.size()));
      if (first < last) page.all.assign(log_.begin() + offset(first), log_.begin() + offset(last));
      page.more = last < log_.size();
      page.gap = from && (from->transaction < trimmed_ || from->transaction > trimmed_ + log_.size());
      page.read = page.settled = place(last);
      return page;
    }
    /// Forgets the log so far, as another does once it is old.
    void trim() {
      std::scoped_lock const lock{mutex_};
      trimmed_ += log_.size();
      log_.clear();
    }

    std::vector<logged> after(std::string_view key, std::size_t limit) const {
      std::scoped_lock const lock{mutex_};
      std::vector<logged> all;
      for (auto at = entries_.upper_bound(key); at != entries_.end() && all.size() < limit; ++at)
        all.push_back({at->first, at->second.now.revision, at->second.now.value ? operation::put : operation::erase});
      return all;
    }

    horizon reached(std::int64_t now_us) const {
      std::scoped_lock const lock{mutex_};
      return as_of(now_us);
    }
    std::optional<horizon> hold(std::string_view me, std::chrono::microseconds time, std::int64_t now_us) {
      std::scoped_lock const lock{mutex_};
      if (holder_ != me && now_us < held_until_us_) return std::nullopt;
      holder_ = me;
      held_until_us_ = now_us + time.count();
      return as_of(now_us);
    }
    bool move(std::string_view me, std::chrono::microseconds time, horizon const& moved, std::int64_t now_us) {
      std::scoped_lock const lock{mutex_};
      if (holder_ != me) return false;
      held_until_us_ = now_us + time.count();
      horizon_ = moved;
      return true;
    }

    /// All of it, and back to that: as a backup is made and restored.
    [[nodiscard]] auto save() const {
      std::scoped_lock const lock{mutex_};
      return std::tuple{entries_, last_, log_, trimmed_, horizon_};
    }
    void restore(auto const& saved) {
      std::scoped_lock const lock{mutex_};
      std::tie(entries_, last_, log_, trimmed_, horizon_) = saved;
    }

    /// Nobody reaches it until mend().
    void cut() noexcept { away_ = true; }
    void mend() noexcept { away_ = false; }
    [[nodiscard]] bool away() const noexcept { return away_; }

   private:
    struct entry {
      copy<Value> now;
      std::optional<std::int64_t> expires_us{};
      key_usage usage;
      std::vector<past<Value>> all;  // oldest first, the last is now
    };

    static key_usage told(auto const& one) {
      auto u = one.second.usage;
      u.key = one.first;
      return u;
    }

    static bool same(Value stored, Value given) {
      if constexpr (requires { record<Value>::stamp(stored, std::int64_t{}); }) {
        record<Value>::stamp(stored, 0);
        record<Value>::stamp(given, 0);
      }
      if constexpr (std::equality_comparable<Value>)
        return stored == given;
      else
        return false;
    }

    // A change's place is its number in the log.
    cursor place(std::size_t i) const { return {trimmed_ + i, revision{}}; }
    static std::ptrdiff_t offset(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

    horizon as_of(std::int64_t now_us) const {
      if (!horizon_) return {.age = std::chrono::microseconds::max(), .holder = holder_};
      auto then = *horizon_;
      then.holder = holder_;
      then.age = horizon::age_at(now_us, then.taken_us);
      return then;
    }

    written replace(std::string_view key, entry& e, copy<Value> next) {
      log_.push_back({std::string{key}, next.revision, next.value ? operation::put : operation::erase});
      e.all.push_back({.revision = next.revision,
                       .version = next.version,
                       .operation = next.value ? operation::put : operation::erase,
                       .written = std::chrono::system_clock::now(),
                       .value = next.value});
      e.now = std::move(next);
      e.expires_us.reset();
      return {e.now.revision, e.now.version, true};
    }

    mutable std::mutex mutex_;
    std::map<std::string, entry, std::less<>> entries_;
    std::uint64_t last_ = 0;
    std::vector<logged> log_;
    std::uint64_t trimmed_ = 0;
    std::optional<horizon> horizon_;
    std::string holder_;
    std::int64_t held_until_us_ = std::numeric_limits<std::int64_t>::min();
    std::atomic<bool> away_{false};
  };

  struct options {
    std::shared_ptr<any_shelf> shared = nullptr;  ///< a shelf<Value>; nullptr: one of its own
  };

  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& settings, Context const& context)
        : clock_{context.clock}, shelf_{std::dynamic_pointer_cast<shelf<Value>>(settings.shared)} {
      if (!shelf_ && settings.shared)
        throw open_error{error{errc::rejected, strata::tier::cold, "the shelf holds another type"}};
      if (!shelf_) shelf_ = std::make_shared<shelf<Value>>();
    }

    result<copy<Value>> load(std::string_view key, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->get(key, now_us());
    }
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline,
                          lifetime expires_in = {}) {
      if (shelf_->away()) return unreached();
      return shelf_->put(key, value, expected, expires_in, now_us());
    }
    result<written> erase(std::string_view key, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->remove(key);
    }

    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline) {
      if (shelf_->away()) return std::vector<result<copy<Value>>>(keys.size(), unreached());
      std::vector<result<copy<Value>>> all;
      for (auto const key : keys) all.push_back(shelf_->get(key, now_us()));
      return all;
    }
    /// Of several values for one key the last is stored, and answers for all.
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline,
                                            lifetime expires_in = {}) {
      if (shelf_->away()) return std::vector<result<written>>(values.size(), unreached());
      std::map<std::string_view, std::size_t> last;
      for (std::size_t i = 0; i < values.size(); ++i) last[values[i].key] = i;
      std::map<std::string_view, result<written>> done;
      for (auto const& [key, at] : last)
        done.emplace(key, shelf_->put(key, *values[at].value, anything, expires_in, now_us()));
      std::vector<result<written>> all;
      for (auto const& one : values) all.push_back(done.at(one.key));
      return all;
    }

    result<void> add_usage(std::span<uses const> counts, deadline) {
      if (shelf_->away()) return unreached();
      shelf_->count(counts);
      return {};
    }
    result<std::optional<key_usage>> usage_of(std::string_view key, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->usage_of(key);
    }
    // It keeps no hours: a window has everything in it, and nothing before it.
    result<std::vector<key_usage>> popular(std::size_t limit, std::chrono::hours, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->ranked(
          limit, [](auto const& u, auto) { return u.count > 0; },
          [](auto const& a, auto const& b) { return a.count > b.count; });
    }
    result<std::vector<key_usage>> rising(std::size_t limit, std::chrono::hours window, deadline until) {
      return popular(limit, window, until);
    }
    result<std::vector<key_usage>> failing(std::size_t limit, std::uint64_t outcomes, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->ranked(
          limit, [&](auto const& u, auto) { return u.failures > 0 && u.successes + u.failures >= outcomes; },
          [](auto const& a, auto const& b) { return a.success_rate() < b.success_rate(); });
    }
    result<std::vector<key_usage>> unused(std::chrono::system_clock::time_point since, std::size_t limit, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->ranked(
          limit, [&](auto const& u, auto written) { return written < since && u.last_used.value_or(written) < since; },
          [](auto const& a, auto const& b) { return a.last_used < b.last_used; });
    }

    result<std::vector<past<Value>>> history(std::string_view key, std::size_t limit, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->history(key, limit);
    }
    result<copy<Value>> get_at(std::string_view key, revision at, deadline) {
      if (shelf_->away()) return unreached();
      for (auto& one : shelf_->history(key, static_cast<std::size_t>(-1)))
        if (one.revision == at) return copy<Value>{std::move(one.value), at, one.version};
      return copy<Value>{};
    }
    result<copy<Value>> get_at(std::string_view key, std::int64_t version, deadline) {
      if (shelf_->away()) return unreached();
      for (auto& one : shelf_->history(key, static_cast<std::size_t>(-1)))
        if (one.version == version && one.value) return copy<Value>{std::move(one.value), one.revision, version};
      return copy<Value>{};
    }

    result<changes> changes_since(std::optional<cursor> from, std::size_t limit, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->since(from, limit, now_us());
    }

    result<std::vector<logged>> all_after(std::string_view key, std::size_t limit, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->after(key, limit);
    }

    result<horizon> read_horizon(deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->reached(now_us());
    }
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time, deadline) {
      if (shelf_->away()) return unreached();
      return shelf_->hold(me, time, now_us());
    }
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& moved, deadline) {
      if (shelf_->away()) return unreached();
      if (shelf_->move(me, time, moved, now_us())) return {};
      return failure(errc::conflict, strata::tier::cold, "another holds the horizon");
    }

    result<std::vector<revision>> revisions(std::span<std::string_view const> keys, deadline) {
      if (shelf_->away()) return unreached();
      std::vector<revision> all;
      for (auto const key : keys) all.push_back(shelf_->get(key).revision);
      return all;
    }

   private:
    static auto unreached() { return failure(errc::unavailable, strata::tier::cold, "the shelf is cut off"); }
    std::int64_t now_us() const {
      return std::chrono::duration_cast<std::chrono::microseconds>(clock_.now().time_since_epoch()).count();
    }

    typename Context::clock_type const& clock_;
    std::shared_ptr<shelf<Value>> shelf_;
  };
};

}  // namespace strata::testing
