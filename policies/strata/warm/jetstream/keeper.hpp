// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/follow.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/signals.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/stream.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <format>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// The one thread that connects, finds or creates the stream and sees to the feeds, so that no call ever does. Losing a
// connection is left to the client, which comes back by itself; only one that it has closed for good (refused twice for
// its credentials) is made anew.
namespace strata::warm::jetstream_detail {

enum class knowledge : std::uint8_t { unknown, no };

/// A connection with its stream: what a call works with.
struct station {
  std::shared_ptr<jetstream_detail::link> link;
  stream_facts stream;
  /// Whether the server takes one question for many subjects: known once it has been asked.
  std::shared_ptr<std::atomic<knowledge>> knows_one_question =
      std::make_shared<std::atomic<knowledge>>(knowledge::unknown);
};

/// Whether a call may wait for a connection that is known to be down.
enum class patience : std::uint8_t { none, until_deadline };

class keeper {
 public:
  keeper(options settings, std::shared_ptr<seen_table> seen) : settings_{std::move(settings)}, seen_{std::move(seen)} {
    thread_ = std::thread{[this] { run(); }};
  }
  ~keeper() { close(); }
  keeper(keeper const&) = delete;
  keeper& operator=(keeper const&) = delete;

  /// Ends the thread and refuses calls from now on. Takes no longer than a connect that is under way.
  void close() {
    if (foreign()) return;
    {
      std::scoped_lock const lock{mutex_};
      if (closing_.exchange(true)) return;
    }
    changed_.notify_all();
    bell_->ring();
    if (thread_.joinable()) thread_.join();
    std::scoped_lock const lock{mutex_};
    station_ = nullptr;
    for (auto const& feed : feeds_) feed->detach();
    feeds_.clear();
  }

  /// Whether this process is a fork of the one that made it: there is no thread to join, and locks may be held for ever.
  /// Who holds it must then neither use it nor let it go.
  [[nodiscard]] bool foreign() const noexcept { return ::getpid() != owner_; }

  [[nodiscard]] options const& settings() const noexcept { return settings_; }

  /// \returns what to work with; at once, but for the very first connect and for patient callers
  /// \errors  unavailable with the reason, closed
  result<std::shared_ptr<station const>> ready(deadline until, patience how = patience::none) {
    std::unique_lock lock{mutex_};
    for (;;) {
      if (closing_) return failure(errc::closed, tier::warm, "the warm tier is closed");
      // Patient callers wait for the feeds too: what they write next then stays in hot.
      bool const heard = how == patience::none || std::ranges::all_of(feeds_, [](auto const& f) { return f->hears(); });
      if (heard && station_ && station_->link->connected()) return station_;
      bool const wait = !tried_ || how == patience::until_deadline;
      // A connection that comes back rings nobody here, hence the slices.
      auto const slice = std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds{20});
      if (!wait || std::chrono::steady_clock::now() >= until) return failure(errc::unavailable, tier::warm, reason());
      changed_.wait_until(lock, slice);
    }
  }

  /// A call had no responder: the stream may be gone.
  void doubt_stream() {
    doubted_ = true;
    bell_->ring();
  }

  [[nodiscard]] tier_health health() const {
    std::scoped_lock const lock{mutex_};
    tier_health h{.up = station_ && station_->link->connected(), .text = {}};
    auto const say = [&](std::string_view line) { h.text.append(h.text.empty() ? "" : "\n").append(line); };
    if (!h.up) say(reason());
    for (auto const& line : news_) say(line);
    if (station_) {
      for (auto const& line : station_->stream.warnings) say(line);
      for (auto const& line : station_->stream.differences) say(line);
    }
    return h;
  }

  void add(std::shared_ptr<feed> f) {
    {
      std::scoped_lock const lock{mutex_};
      feeds_.push_back(std::move(f));
    }
    bell_->ring();
  }
  void remove(std::shared_ptr<feed> const& f) {
    f->end();
    {
      std::scoped_lock const lock{mutex_};
      std::erase(feeds_, f);
    }
    f->detach();
  }

 private:
  [[nodiscard]] std::string reason() const {
    return !reason_.empty() ? reason_ : tried_ ? "NATS: the connection is lost and being restored" : "NATS: connecting";
  }

  void down(std::string why) {
    std::scoped_lock const lock{mutex_};
    reason_ = std::move(why);
    station_ = nullptr;
    tried_ = true;
    changed_.notify_all();
  }

  void run() {
    using namespace std::chrono_literals;
    std::shared_ptr<link> current;
    std::uint32_t breaks = 0;
    std::uint32_t feed_faults = 0;
    std::int64_t created_ns = 0;
    bool checked = false;
    std::chrono::steady_clock::time_point last_look{};
    auto pause = 100ms;
    auto const again = [&] {
      bell_->wait_for(pause);
      pause = std::min(pause * 2, 2000ms);
    };
    while (!closing_) {
      if (!current || current->closed()) {
        current = nullptr;
        checked = false;
        auto opened = link::open(settings_, bell_);
        if (!opened) {
          down(std::string{opened.error().text()});
          again();
          continue;
        }
        current = *std::move(opened);
        breaks = current->breaks();
      }
      if (!current->connected()) {
        if (breaks != current->breaks()) {
          breaks = current->breaks();
          checked = false;
          renew_feeds();  // nothing is heard from here on
        }
        bell_->wait_for(1000ms);
        continue;
      }
      if (breaks != std::exchange(breaks, current->breaks())) checked = false;
      if (doubted_.exchange(false) || !checked || feed_faults != current->feed_faults()) {
        last_look = std::chrono::steady_clock::now();
        current->ask_limits();
        auto found = find_or_create(current->context(), settings_);
        if (!found) {
          checked = false;
          down(std::string{found.error().text()});
          again();
          continue;
        }
        bool const another = created_ns != 0 && created_ns != found->created_ns;
        created_ns = found->created_ns;
        if (another) seen_->clear();
        up(current, *std::move(found), another);
        pause = 100ms;
        bool const deaf = feed_faults != std::exchange(feed_faults, current->feed_faults());
        if (!std::exchange(checked, true) || another || deaf) renew_feeds();
      }
      attach(current);
      current->tidy();
      bell_->wait_for(1000ms);
      // However many calls have doubts, the server is asked ten times a second at most.
      std::this_thread::sleep_until(std::min(last_look + 100ms, std::chrono::steady_clock::now() + 100ms));
    }
    nats_ReleaseThreadMemory();
  }

  void up(std::shared_ptr<link> over, stream_facts facts, bool another) {
    std::scoped_lock const lock{mutex_};
    if (another) tell(std::format("the stream {} vanished and is another one now", settings_.stream));
    if (!facts.note.empty()) tell(facts.note);
    station_ = std::make_shared<station const>(station{std::move(over), std::move(facts)});
    reason_.clear();
    tried_ = true;
    changed_.notify_all();
  }

  // The last few things worth telling, each once.
  void tell(std::string line) {
    std::erase(news_, line);
    news_.push_back(std::move(line));
    if (news_.size() > 8) news_.erase(news_.begin());
  }

  std::vector<std::shared_ptr<feed>> feeds() const {
    std::scoped_lock const lock{mutex_};
    return feeds_;
  }
  void renew_feeds() {
    for (auto const& f : feeds()) f->renew();
  }
  void attach(std::shared_ptr<link> const& over) {
    for (auto const& f : feeds()) f->attach(over);
  }

  ::pid_t owner_ = ::getpid();
  options settings_;
  std::shared_ptr<seen_table> seen_;
  std::shared_ptr<bell> bell_ = std::make_shared<bell>();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<station const> station_;
  std::vector<std::shared_ptr<feed>> feeds_;
  std::vector<std::string> news_;
  std::string reason_;
  bool tried_ = false;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> doubted_ = false;
  std::thread thread_;
};

}  // namespace strata::warm::jetstream_detail
