// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/warm/jetstream/handle.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

// How bytes leave without anybody waiting longer than they want to. The client writes to its socket under its own lock, in
// the caller's thread, and a server that has stopped reading blocks that write, and with it every other call, for
// seconds. A write can only block once the socket's buffers are full; so what is small, while little else is
// unanswered, is written by its caller, at no extra cost. Everything else is handed to a thread of ours, and its caller
// waits for that thread until its deadline and no longer; meanwhile nobody else touches the client.
namespace strata::warm::jetstream_detail {

class outlet {
 public:
  /// What any socket's buffers take at once.
  static constexpr std::uint64_t unanswered_bytes_limit = 64 * 1024;

  explicit outlet(natsConnection* connection) noexcept : connection_{connection} {}
  ~outlet() {
    {
      std::scoped_lock const lock{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  outlet(outlet const&) = delete;
  outlet& operator=(outlet const&) = delete;

  /// Runs a small call of the client that may write.
  /// \param call  gives natsStatus, and throws nothing
  /// \returns     what it gave, or NATS_INSUFFICIENT_BUFFER: the time was over before it could begin
  template <class Call>
  natsStatus small(std::size_t bytes, deadline until, Call&& call) {
    static_assert(noexcept(call()), "whoever does not leave keeps everybody else from sending what is large");
    if (!enter(until)) return NATS_INSUFFICIENT_BUFFER;
    sent_.fetch_add(bytes, std::memory_order_relaxed);
    natsStatus const status = call();
    leave();
    return status;
  }

  /// Whether so many bytes may be sent by small().
  [[nodiscard]] bool fits(std::size_t bytes) const noexcept {
    return sent_.load(std::memory_order_relaxed) - heard_.load(std::memory_order_relaxed) + bytes <=
           unanswered_bytes_limit;
  }

  /// Publishes messages in their order.
  /// \returns NATS_OK; NATS_TIMEOUT: they may leave later; NATS_INSUFFICIENT_BUFFER as above, or for want of a thread; else
  ///          the first failure, and how many had left by then
  std::pair<natsStatus, std::size_t> large(std::vector<message_handle> messages, std::size_t bytes, deadline until) {
    auto work = std::make_shared<job>();
    std::size_t const count = messages.size();
    work->messages = std::move(messages);
    std::unique_lock lock{mutex_};
    try {
      if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    } catch (std::system_error const&) {  // the system has no more threads to give
      return {NATS_INSUFFICIENT_BUFFER, 0};
    }
    if (!changed_.wait_until(lock, until, [&] { return !exclusive_.load(); })) return {NATS_INSUFFICIENT_BUFFER, 0};
    exclusive_ = true;
    sent_.fetch_add(bytes, std::memory_order_relaxed);
    job_ = work;
    changed_.notify_all();
    if (!changed_.wait_until(lock, until, [&] { return work->done; })) return {NATS_TIMEOUT, count};
    return {work->status, work->left};
  }

  /// A mark for all that was sent until now; hearing an answer to it means that the server has read so far.
  [[nodiscard]] std::uint64_t mark() const noexcept { return sent_.load(std::memory_order_relaxed); }
  void heard(std::uint64_t mark) noexcept {
    std::uint64_t known = heard_.load(std::memory_order_relaxed);
    while (known < mark && !heard_.compare_exchange_weak(known, mark, std::memory_order_relaxed)) {
    }
  }

 private:
  struct job {
    std::vector<message_handle> messages;
    natsStatus status = NATS_OK;
    std::size_t left = 0;
    bool done = false;
  };

  bool enter(deadline until) {
    for (;;) {
      small_calls_.fetch_add(1);
      if (!exclusive_.load()) return true;
      leave();
      std::unique_lock lock{mutex_};
      if (!changed_.wait_until(lock, until, [&] { return !exclusive_.load(); })) return false;
    }
  }
  void leave() {
    if (small_calls_.fetch_sub(1) == 1 && exclusive_.load()) {
      std::scoped_lock const lock{mutex_};
      changed_.notify_all();
    }
  }

  void run() {
    std::unique_lock lock{mutex_};
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || (job_ && small_calls_.load() == 0); });
      if (stopping_) break;
      auto const work = std::exchange(job_, nullptr);
      lock.unlock();
      for (auto const& message : work->messages) {
        work->status = natsConnection_PublishMsg(connection_, message.get());
        if (work->status != NATS_OK) break;
        ++work->left;
      }
      lock.lock();
      work->done = true;
      exclusive_ = false;
      changed_.notify_all();
    }
    lock.unlock();
    nats_ReleaseThreadMemory();
  }

  natsConnection* connection_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> heard_ = 0;
  std::atomic<std::size_t> small_calls_ = 0;
  std::atomic<bool> exclusive_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<job> job_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace strata::warm::jetstream_detail
