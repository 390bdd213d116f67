// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

// What the client's threads tell, and how they do it without touching anything that may be gone.
namespace strata::warm::jetstream_detail {

/// Callbacks of the client may still run when the connection is destroyed. They carry a number, and what the number
/// stood for is found here as long as it lives; so nothing they could touch is ever gone.
template <class T>
class registry {
 public:
  static void* enter(std::weak_ptr<T> what) {
    std::scoped_lock const lock{self().mutex};
    auto const id = ++self().last;
    self().entries.emplace(id, std::move(what));
    return reinterpret_cast<void*>(id);
  }
  static void leave(void* id) noexcept {
    std::scoped_lock const lock{self().mutex};
    self().entries.erase(reinterpret_cast<std::uintptr_t>(id));
  }
  static std::shared_ptr<T> find(void* id) {
    std::scoped_lock const lock{self().mutex};
    auto const found = self().entries.find(reinterpret_cast<std::uintptr_t>(id));
    return found == self().entries.end() ? nullptr : found->second.lock();
  }

 private:
  struct state {
    std::mutex mutex;
    std::map<std::uintptr_t, std::weak_ptr<T>> entries;
    std::uintptr_t last = 0;
  };
  static state& self() {
    static auto& never_destroyed = *new state;  // the client's threads may outlive main
    return never_destroyed;
  }
};

/// Wakes the thread that keeps the connection.
class bell {
 public:
  void ring() {
    {
      std::scoped_lock const lock{mutex_};
      rung_ = true;
    }
    changed_.notify_all();
  }
  void wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, time, [&] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

/// What the server refused for want of a permission. It tells nobody whose request it was: the request stays without an
/// answer, and this names its subject.
class refusals {
 public:
  static constexpr std::size_t remembered = 512;  // of a burst

  /// \param text  like: Permissions Violation for Publish to "subject"; cut off where it is long
  void note(std::string_view text) {
    std::scoped_lock const lock{mutex_};
    all_.emplace_back(text);
    if (all_.size() > remembered) all_.pop_front();
    count_.fetch_add(1, std::memory_order_release);
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_.load(std::memory_order_acquire); }
  /// \returns the refusal of that subject after the first `before` of all, or nothing
  [[nodiscard]] std::string of(std::string_view subject, std::uint64_t before) const {
    std::scoped_lock const lock{mutex_};
    std::uint64_t const newer = std::min<std::uint64_t>(count_ - before, all_.size());
    for (auto at = all_.end() - static_cast<std::ptrdiff_t>(newer); at != all_.end(); ++at)
      if (names(*at, subject)) return *at;
    return {};
  }
  [[nodiscard]] std::string last() const {
    std::scoped_lock const lock{mutex_};
    return all_.empty() ? std::string{} : all_.back();
  }

 private:
  static bool names(std::string_view text, std::string_view subject) {
    std::size_t const begin = text.find('"');
    if (begin == std::string_view::npos) return false;
    text.remove_prefix(begin + 1);
    std::size_t const end = text.find('"');
    return end == std::string_view::npos ? subject.starts_with(text) : subject == text.substr(0, end);
  }

  mutable std::mutex mutex_;
  std::deque<std::string> all_;
  std::atomic<std::uint64_t> count_ = 0;
};

/// What the callbacks of one connection report.
struct signals {
  explicit signals(std::shared_ptr<bell> b) : wake{std::move(b)} {}
  std::atomic<bool> connected = false;
  std::atomic<bool> closed = false;
  std::atomic<std::uint32_t> breaks = 0;  ///< how often the connection was lost
  refusals refused;
  std::shared_ptr<bell> wake;

  static void on_disconnected(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = false;
      ++self->breaks;
      self->wake->ring();
    }
  }
  static void on_reconnected(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = true;
      self->wake->ring();
    }
  }
  static void on_closed(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = false;
      self->closed = true;
      self->wake->ring();
    }
  }
  /// What else goes wrong is seen where it matters; without this the client would write it to standard error.
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* id) {
    if (status != NATS_NOT_PERMITTED) return;
    char const* const text = nats_GetLastError(nullptr);
    auto const self = registry<signals>::find(id);
    if (!self || text == nullptr) return;
    try {
      self->refused.note(text);
    } catch (std::bad_alloc const&) {  // the request stays without an answer until its deadline
    }
  }
};

}  // namespace strata::warm::jetstream_detail
