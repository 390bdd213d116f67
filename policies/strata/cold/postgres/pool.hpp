// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/fault.hpp>
#include <strata/cold/postgres/watchdog.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <pqxx/connection>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// A fixed number of connections, opened and replaced by one background thread; calls only wait for one, until their
// deadline, and in the order they came: a connection that comes back goes to who has waited longest. Were it whose who locks
// first, it would go to the thread that has just returned it, which runs while the others wake up. Once the server has
// been away for half a second and an attempt to connect has failed, calls fail at once, so that a restart is bridged and
// an outage costs a call nothing. Connections that another's loss makes doubtful are looked at before they are lent out:
// libpqxx says is_open() long after the backend was killed.
//
// Setup is what a fresh connection needs before it is lent out: `result<backend> operator()(pqxx::connection&, arm)`, where
// `arm(duration)` gives the next statements so long; and `void survey(pqxx::connection&)`, asked once, afterwards.
namespace strata::cold::pg {

/// A statement by its name, and its text, ready to be prepared by the protocol. Not before a connection is asked for it: a
/// fresh one is sooner of use.
struct prepared_later {
  std::string name, text;
};

/// What the names of those begin with, so that a call whose statement is none of them need not look for it.
inline constexpr std::string_view for_later = "strata_later_";

/// Which process of which life of the server a connection talks to; none behind a pooler, where it changes. And what a
/// connection prepares only when it is asked for it.
struct backend {
  int pid = 0;
  std::string started{};
  std::shared_ptr<std::vector<prepared_later> const> later = nullptr;
};

template <class Setup>
class pool {
  using clock = std::chrono::steady_clock;

  struct slot {
    std::optional<pqxx::connection> connection;
    backend who;
    std::vector<std::string> prepared;  // of those for later
    watched* eye = nullptr;
    clock::time_point last_lent{};
    std::uint64_t losses_seen = 0;
  };

 public:
  /// A connection lent out. Back in the pool when this ends, unless it was given up.
  class lease {
   public:
    lease(pool& from, slot& lent, deadline until) noexcept : pool_{&from}, slot_{&lent} {
      from.watchdog_.arm(*lent.eye, until);
    }
    lease(lease&& other) noexcept
        : pool_{std::exchange(other.pool_, nullptr)}, slot_{other.slot_}, broken_{other.broken_} {}
    lease& operator=(lease&&) = delete;
    ~lease() {
      if (pool_) settle();
    }
    pqxx::connection& operator*() const noexcept { return *slot_->connection; }
    [[nodiscard]] backend const& who() const noexcept { return slot_->who; }
    /// Prepares the statement, if that was left for later.
    void prepare(std::string_view name) {
      if (!name.starts_with(for_later) || std::ranges::contains(slot_->prepared, name)) return;
      for (auto const& one : *slot_->who.later)
        if (one.name == name) {
          slot_->connection->prepare(one.name, one.text);
          slot_->prepared.push_back(one.name);
        }
    }
    /// The connection is not to be used again.
    void give_up() noexcept { broken_ = true; }
    /// Ends the lease. \returns whether the deadline passed and the socket was shut
    bool settle() noexcept {
      bool const overdue = pool_->watchdog_.disarm(*slot_->eye);
      std::exchange(pool_, nullptr)->take_back(*slot_, broken_ || overdue);
      return overdue;
    }

   private:
    pool* pool_;
    slot* slot_;
    bool broken_ = false;
  };

  pool(conninfo info, std::size_t connections, std::chrono::milliseconds connect_timeout, Setup& setup)
      : info_{std::move(info)},
        connect_timeout_{connect_timeout},
        setup_{setup},
        eyes_(connections),
        slots_(connections),
        watchdog_{eyes_} {
    for (std::size_t i = 0; i < connections; ++i) slots_[i].eye = &eyes_[i];
    empty_.reserve(connections);
    for (auto& s : slots_) empty_.push_back(&s);
    idle_.reserve(connections);
    keeper_ = std::thread{[this] { keep(); }};
  }
  ~pool() { close(clock::now() + std::chrono::seconds{2}); }

  /// \errors closed; timed_out: all connections are busy, or it is too late; unavailable: there is none; what Setup refused
  result<lease> take(deadline until) {
    std::unique_lock lock{mutex_};
    place mine{*this};
    for (bool waited = false;; waited = true) {
      if (closing_) return failure(errc::closed, tier::cold, "the cold tier is closed");
      if (refused_) return std::unexpected{*refused_};
      auto const now = clock::now();
      // Who comes or wakes too late leaves it to the next: the watchdog would only end it.
      while (slot* const s = now >= until ? nullptr : mine.next()) {
        if (usable(*s, now)) return result<lease>{std::in_place, *this, *s, until};
        discard(*s);
      }
      bool const away = live_ == 0 && failed_since_away_;
      if (away && now >= away_since_ + patience) return std::unexpected{reason_};
      if (now >= until)
        return live_ == 0 ? std::unexpected{reason_}
                          : failure(errc::timed_out, tier::cold,
                                    waited ? "all connections of the pool were busy until the deadline"
                                           : "the deadline was over before a connection was asked for");
      mine.wait(lock, away ? std::min(until, away_since_ + patience) : until);
    }
  }

  /// Waits until Setup has agreed or refused, or the first attempt has failed.
  /// \returns an error only for what waiting will not mend
  result<void> first_answer(deadline until) {
    std::unique_lock lock{mutex_};
    known_.wait_until(lock, until, [&] { return closing_ || refused_ || live_ > 0 || failed_since_away_; });
    if (refused_) return std::unexpected{*refused_};
    return {};
  }
  /// Waits until calls can be answered. \errors what Setup refused; unavailable
  result<void> wait_ready(deadline until) {
    std::unique_lock lock{mutex_};
    known_.wait_until(lock, until, [&] { return closing_ || refused_ || live_ > 0; });
    if (refused_) return std::unexpected{*refused_};
    if (live_ > 0) return {};
    return std::unexpected{reason_};
  }

  /// \returns whether calls can be answered, and why not
  [[nodiscard]] std::pair<bool, std::string> state() const {
    std::lock_guard const lock{mutex_};
    if (refused_) return {false, std::string{refused_->text()}};
    return {live_ > 0, std::string{live_ > 0 ? "" : reason_.text()}};
  }
  [[nodiscard]] conninfo const& info() const noexcept { return info_; }

  /// Refuses new calls, waits for those in flight until the deadline, then ends them; joins the background threads.
  void close(deadline until) noexcept {
    {
      std::unique_lock lock{mutex_};
      closing_ = true;
      tell_waiting();
      known_.notify_all();
      wake_keeper_.notify_all();
      returned_.wait_until(lock, until, [&] { return busy() == 0; });
    }
    for (bool done = false; !done;) {  // again and again: one may have begun to wait a moment after
      watchdog_.shut_all();
      std::unique_lock lock{mutex_};
      done = returned_.wait_for(lock, std::chrono::milliseconds{5}, [&] { return busy() == 0 && keeper_gone_; });
    }
    if (keeper_.joinable()) keeper_.join();
    std::lock_guard const lock{mutex_};
    for (auto& s : slots_) s.connection.reset();
    idle_.clear();
    live_ = 0;
  }

 private:
  static constexpr std::chrono::milliseconds patience{500};
  static constexpr std::chrono::milliseconds first_pause{20};
  static constexpr std::chrono::milliseconds last_pause{2000};

  // A call's place in the queue of those that wait; all of it under the mutex.
  class place {
   public:
    explicit place(pool& of) noexcept : pool_{of} {}
    place(place const&) = delete;
    place& operator=(place const&) = delete;
    ~place() {
      std::erase(pool_.waiting_, this);
      if (given_ == nullptr) return;
      pool_.lend(*given_);  // closed or refused before this call woke
      pool_.returned_.notify_all();
    }
    /// What came for this call, or what is idle: then nobody waits.
    slot* next() noexcept {
      if (given_ != nullptr) return std::exchange(given_, nullptr);
      if (pool_.idle_.empty()) return nullptr;
      slot* const s = pool_.idle_.back();
      pool_.idle_.pop_back();
      return s;
    }
    void wait(std::unique_lock<std::mutex>& lock, deadline until) {
      if (!std::ranges::contains(pool_.waiting_, this)) pool_.waiting_.push_back(this);
      come_.wait_until(lock, until);
    }
    void give(slot& s) noexcept {
      given_ = &s;
      come_.notify_one();
    }
    void look_again() noexcept { come_.notify_one(); }

   private:
    pool& pool_;
    slot* given_ = nullptr;
    std::condition_variable come_;
  };

  [[nodiscard]] std::size_t busy() const noexcept { return live_ - idle_.size(); }
  static error unavailable(std::string_view why) noexcept { return error{errc::unavailable, tier::cold, why}; }

  // Under the mutex. A connection at rest has nothing to say; one that is gone has an end of file or a last message.
  bool usable(slot& s, clock::time_point now) noexcept {
    bool const lately = now - std::exchange(s.last_lent, now) < std::chrono::milliseconds{100};
    if (std::exchange(s.losses_seen, losses_) == losses_ && lately) return true;
    char first = 0;
    auto const got = ::recv(s.eye->socket.load(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
    return got < 0 ? errno == EAGAIN || errno == EWOULDBLOCK : got > 0 && first != 'E';
  }

  void discard(slot& s) noexcept {  // under the mutex
    ++losses_;
    --live_;
    if (live_ == 0) {
      away_since_ = clock::now();
      failed_since_away_ = false;
      reason_ = unavailable("the connection to the server was lost");
    }
    empty_.push_back(&s);
    wake_keeper_.notify_one();
  }

  void take_back(slot& s, bool broken) noexcept {
    if (broken) {
      ::shutdown(s.eye->socket.load(), SHUT_RDWR);  // so that closing never waits for a peer that does not read
      s.connection.reset();
    }
    {
      std::lock_guard const lock{mutex_};
      if (broken) {
        discard(s);
      } else {
        lend(s);
      }
      if (closing_) returned_.notify_all();
    }
  }

  // Under the mutex.
  void lend(slot& s) noexcept {
    if (waiting_.empty() || closing_) return idle_.push_back(&s);
    auto* const first = waiting_.front();
    waiting_.erase(waiting_.begin());
    first->give(s);
  }
  void tell_waiting() noexcept {
    for (auto* const one : waiting_) one->look_again();
  }

  // The background thread: fills empty slots, pausing longer and longer while that fails.
  void keep() noexcept {
    std::minstd_rand jitter{std::random_device{}()};
    auto pause = first_pause;
    bool surveyed = false;
    std::unique_lock lock{mutex_};
    while (!closing_) {
      if (empty_.empty()) {
        if (!std::exchange(surveyed, true)) survey(lock);
        wake_keeper_.wait(lock, [&] { return closing_ || !empty_.empty(); });
        continue;
      }
      slot& s = *empty_.back();
      empty_.pop_back();
      lock.unlock();
      s.connection.reset();
      auto made = try_to_open(s);
      lock.lock();
      if (made) {
        pause = first_pause;
        refused_.reset();
        s.last_lent = clock::now();
        s.losses_seen = losses_;
        ++live_;
        if (waiting_.empty())
          idle_.insert(idle_.begin(), &s);
        else
          lend(s);
        known_.notify_all();
        continue;
      }
      empty_.push_back(&s);
      failed_since_away_ = true;
      reason_ = unavailable(made.error().text());
      if (made.error() != errc::unavailable && made.error() != errc::timed_out) refused_ = made.error();
      tell_waiting();
      known_.notify_all();
      auto const length = pause.count() / 2 + static_cast<std::int64_t>(jitter()) % (pause.count() / 2 + 1);
      wake_keeper_.wait_for(lock, std::chrono::milliseconds{length}, [&] { return closing_; });
      pause = std::min(pause * 2, last_pause);
    }
    keeper_gone_ = true;
    returned_.notify_all();
  }

  void survey(std::unique_lock<std::mutex>& lock) noexcept {
    if (idle_.empty()) return;
    slot& s = *idle_.back();
    idle_.pop_back();
    lock.unlock();
    {
      lease lent{*this, s, clock::now() + std::chrono::seconds{10}};
      try {
        setup_.survey(*lent);
      } catch (std::exception const&) {
        lent.give_up();  // only a remark is lost
      }
    }
    lock.lock();
  }

  result<void> try_to_open(slot& s) noexcept try { return open(s); } catch (std::exception const&) {
    return std::unexpected{unavailable("there was no memory to say what is wrong")};
  }
  result<void> open(slot& s) try {
    auto const until = clock::now() + connect_timeout_;
    auto const text = info_.with_password(std::exchange(ran_out_, false) ? info_.in_any_order() : info_.text);
    if (!text) return std::unexpected{text.error()};
    pqxx::connecting attempt{pqxx::zview{*text}};
    while (!attempt.done()) {
      if (stopping()) return failure(errc::closed, tier::cold);
      if (clock::now() >= until) {
        ran_out_ = true;
        return failure(errc::unavailable, tier::cold, "the server did not answer the attempt to connect");
      }
      auto const events =
          static_cast<short>((attempt.wait_to_read() ? POLLIN : 0) | (attempt.wait_to_write() ? POLLOUT : 0));
      pollfd waiting{attempt.sock(), events, 0};
      if (::poll(&waiting, 1, 20) > 0) attempt.process();
    }
    s.connection.emplace(std::move(attempt).produce());
    s.prepared.clear();
    s.connection->set_notice_handler([](pqxx::zview) {});
    s.eye->socket.store(s.connection->sock());
    watchdog_.arm(*s.eye, until);
    auto who = setup_(*s.connection, [&](std::chrono::milliseconds more) {
      if (!stopping()) watchdog_.arm(*s.eye, clock::now() + more);
    });
    bool const overdue = watchdog_.disarm(*s.eye);
    if (who && !overdue) {
      s.who = std::move(*who);
      return {};
    }
    s.connection.reset();
    if (overdue)
      return failure(errc::unavailable, tier::cold, "the server did not answer while a connection was set up");
    return std::unexpected{who.error()};
  } catch (std::exception const& e) {
    (void)watchdog_.disarm(*s.eye);
    s.connection.reset();
    return failure(errc::unavailable, tier::cold, sentence(info_, e.what()));
  }

  bool stopping() const noexcept {
    std::lock_guard const lock{mutex_};
    return closing_;
  }

  conninfo info_;
  std::chrono::milliseconds connect_timeout_;
  Setup& setup_;
  std::vector<watched> eyes_;
  std::vector<slot> slots_;

  mutable std::mutex mutex_;
  std::condition_variable known_, wake_keeper_, returned_;
  std::vector<place*> waiting_;  // the one that waits longest first
  std::vector<slot*> idle_;      // the one used last is lent first: it is the warmest
  std::vector<slot*> empty_;     // for the keeper
  std::size_t live_ = 0;         // idle and lent
  std::uint64_t losses_ = 0;
  bool failed_since_away_ = false;
  clock::time_point away_since_ = clock::now();
  error reason_ = unavailable("no connection to the server yet");
  std::optional<error> refused_;
  bool closing_ = false;
  bool keeper_gone_ = false;
  bool ran_out_ = false;  // the keeper's: the last attempt to connect found nobody who answered

  pg::watchdog watchdog_;
  std::thread keeper_;
};

}  // namespace strata::cold::pg
