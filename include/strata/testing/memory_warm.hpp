// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A warm tier as a user would write one: a map behind a mutex, for tests and for the simulator. Caches given the same
// `shared` see each other's frames, as instances on one stream do.
namespace strata::testing {

struct memory_warm {
  using sink = std::function<void(news const&)>;

  /// What the tiers of several instances have in common. Sinks may write, end their feed and begin others.
  class shelf {
   public:
    using listener = std::shared_ptr<sink>;

    result<position> put(frame const& f, std::optional<position> at) {
      std::scoped_lock const order{telling_};  // changes are told in the order of their positions
      position now{};
      {
        std::scoped_lock const lock{mutex_};
        sighting& there = entries_[f.key];
        if (at && there.position != *at) return failure(errc::conflict, strata::tier::warm, "the key has moved");
        if (!at && there.frame && there.frame->revision > f.revision)
          return failure(errc::conflict, strata::tier::warm, "a higher revision is there");
        if (!at && there.frame && !there.frame->sum && f.revision != revision{})
          return failure(errc::conflict, strata::tier::warm, "what is there has no revision");
        there.frame = f;
        there.position = now = position{++last_};
      }
      tell([this, key = f.key, r = f.revision, what = f.operation, now] {
        told_ = now;
        tell_all({.told = {.key = key, .revision = r, .operation = what}, .at = now});
      });
      return now;
    }
    sighting get(std::string_view key) const {
      std::scoped_lock const lock{mutex_};
      auto const found = entries_.find(key);
      return found == entries_.end() ? sighting{} : found->second;
    }
    /// Loses everything, as a stream may.
    void lose() {
      std::scoped_lock const order{telling_};
      {
        std::scoped_lock const lock{mutex_};
        entries_.clear();
      }
      tell([this] { tell_all({telling::resumed, {}, told_}); });
    }
    /// Is another store from now on, as a stream that was deleted and made anew: its positions begin at one.
    void begin_anew() {
      std::scoped_lock const order{telling_};
      {
        std::scoped_lock const lock{mutex_};
        last_ = 0;
      }
      told_ = {};
      lose();
    }
    /// Loses one key, and tells nobody.
    void drop(std::string_view key) {
      std::scoped_lock const lock{mutex_};
      if (auto const found = entries_.find(key); found != entries_.end()) entries_.erase(found);
    }
    [[nodiscard]] position end() const {
      std::scoped_lock const lock{mutex_};
      return position{last_};
    }
    void follow(listener const& who) {
      std::scoped_lock const order{telling_};
      tell([this, who] {
        listeners_.push_back(who);
        if (!away_) (*who)({telling::resumed, {}, told_});
      });
    }
    void renew(listener const& who) {
      std::scoped_lock const order{telling_};
      if (away_) return;
      tell([this, who] {
        if (std::ranges::contains(listeners_, who)) (*who)({telling::lost, {}, {}});
        if (std::ranges::contains(listeners_, who)) (*who)({telling::resumed, {}, told_});
      });
    }
    void forget(listener const& who) {
      std::scoped_lock const order{telling_};
      std::erase(listeners_, who);
    }
    /// Nobody reaches it until mend(): calls fail, and who follows is told that nothing is heard.
    void cut() {
      std::scoped_lock const order{telling_};
      if (!away_.exchange(true)) tell([this] { tell_all({telling::lost, {}, {}}); });
    }
    void mend() {
      std::scoped_lock const order{telling_};
      if (away_.exchange(false)) tell([this] { tell_all({telling::resumed, {}, told_}); });
    }
    [[nodiscard]] bool away() const noexcept { return away_; }

   private:
    /// What a sink does is told when it has heard what it was being told.
    void tell(std::function<void()> what) {
      untold_.push_back(std::move(what));
      if (std::exchange(busy_, true)) return;
      for (; !untold_.empty(); untold_.pop_front()) untold_.front()();
      busy_ = false;
    }
    void tell_all(news const& what) {
      for (auto const& who : std::vector{listeners_})
        if (std::ranges::contains(listeners_, who)) (*who)(what);
    }

    mutable std::mutex mutex_;
    std::map<std::string, sighting, std::less<>> entries_;
    std::uint64_t last_ = 0;
    std::recursive_mutex telling_;
    std::vector<listener> listeners_;
    std::deque<std::function<void()>> untold_;
    bool busy_ = false;
    position told_{};
    std::atomic<bool> away_{false};
  };

  struct options {
    std::shared_ptr<shelf> shared = nullptr;  ///< nullptr: one of its own
    std::size_t max_payload_bytes = 1'048'576;
  };

  class subscription {
   public:
    subscription(std::shared_ptr<shelf> of, sink s)
        : shelf_{std::move(of)}, who_{std::make_shared<sink>(std::move(s))} {
      shelf_->follow(who_);
    }
    subscription(subscription const&) = delete;
    subscription& operator=(subscription const&) = delete;
    ~subscription() { shelf_->forget(who_); }
    void renew() { shelf_->renew(who_); }

   private:
    std::shared_ptr<shelf> shelf_;
    shelf::listener who_;
  };

  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& settings, Context const&)
        : shelf_{settings.shared ? settings.shared : std::make_shared<shelf>()},
          max_payload_bytes_{settings.max_payload_bytes} {}

    result<sighting> load(std::string_view key, deadline) const {
      if (shelf_->away()) return unreached();
      return shelf_->get(key);
    }

    result<position> store(frame const& f, std::optional<position> at, deadline) {
      if (shelf_->away()) return unreached();
      if (f.payload.size() > max_payload_bytes_)
        return failure(errc::rejected, strata::tier::warm, "the payload is too big for this tier");
      return shelf_->put(f, at);
    }

    result<position> erase(std::string_view key, revision r, deadline until) {
      frame gone;
      gone.key = key;
      gone.revision = r;
      gone.operation = operation::erase;
      gone.sum = checksum(gone);
      return store(gone, std::nullopt, until);
    }

    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
      std::vector<result<sighting>> all;
      for (auto const key : keys) all.push_back(load(key, until));
      return all;
    }
    std::vector<result<position>> store_many(std::span<placement const> frames, deadline until) {
      std::vector<result<position>> all;
      for (auto const& one : frames) all.push_back(store(*one.frame, one.at, until));
      return all;
    }

    [[nodiscard]] subscription follow(sink s) { return subscription{shelf_, std::move(s)}; }
    result<position> end(deadline) const {
      if (shelf_->away()) return unreached();
      return shelf_->end();
    }

   private:
    static auto unreached() { return failure(errc::unavailable, strata::tier::warm, "the shelf is cut off"); }

    std::shared_ptr<shelf> shelf_;
    std::size_t max_payload_bytes_;
  };
};

}  // namespace strata::testing
