// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/follow.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/signals.hpp>
#include <strata/warm/jetstream/standing.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/stream.hpp>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <format>
#include <functional>
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
  std::string created;  ///< tells the stream from another of the same name
  /// Whether the server takes one question for many subjects: known once it has been asked.
  std::shared_ptr<std::atomic<knowledge>> knows_one_question =
      std::make_shared<std::atomic<knowledge>>(knowledge::unknown);
};

/// What a call may wait for.
enum class patience : std::uint8_t {
  none,
  until_deadline,  ///< for a connection that is known to be down
  until_heard,     ///< for the feeds too
};

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
    std::vector<std::shared_ptr<feed>> followed;
    std::vector<std::shared_ptr<feed>> ended;
    {
      std::scoped_lock const lock{mutex_};
      station_ = nullptr;
      followed.swap(feeds_);
      ended.swap(ended_);
    }
    for (auto const* list : {&followed, &ended})  // with nothing held: a sink that is told may end its feed
      for (auto const& f : *list) f->lose();
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
      bool const heard =
          how != patience::until_heard || std::ranges::all_of(feeds_, [](auto const& f) { return f->hears(); });
      if (heard && station_ && station_->link->connected()) return station_;
      bool const wait = !tried_ || how != patience::none;
      // A connection that comes back rings nobody here, hence the slices.
      auto const slice = std::min(until, std::chrono::steady_clock::now() + std::chrono::milliseconds{20});
      if (!wait || std::chrono::steady_clock::now() >= until) return failure(errc::unavailable, tier::warm, reason());
      changed_.wait_until(lock, slice);
    }
  }

  /// A call had no responder, or an answer that cannot be: the stream may be gone.
  void doubt_stream() {
    if (!doubted_.exchange(true)) bell_->ring();
  }
  /// The stream stored something where something else already stood.
  void went_back() {
    if (went_back_.exchange(true)) return;
    doubted_ = true;
    bell_->ring();
  }

  /// Where the stream stands. \errors unavailable: nobody can say, or it is not the stream that calls work with any more
  result<position> end(deadline until) {
    auto const at = ready(until);
    if (!at) return std::unexpected{at.error()};
    std::uint64_t const before = seen_->highest();
    auto const stands = ask_standing((*at)->link, settings_.stream, until);
    if (stands && stands->created == (*at)->created && stands->last >= before) return position{stands->last};
    doubt_stream();
    return stands ? failure(errc::unavailable, tier::warm, "JetStream: the stream is another one, or went back")
                  : std::unexpected{stands.error()};
  }

  /// The stream as it was seen last; empty until then.
  [[nodiscard]] std::string identity() const {
    std::scoped_lock const lock{mutex_};
    if (!station_) return {};
    return std::format("{} ({}.{}.*, made {})", settings_.stream, settings_.prefix, settings_.space, station_->created);
  }

  [[nodiscard]] tier_health health() const {
    std::scoped_lock const lock{mutex_};
    tier_health h{.up = station_ && station_->link->connected(), .text = {}};
    auto const say = [&](std::string_view line) { h.text.append(h.text.empty() ? "" : "\n").append(line); };
    if (!h.up) say(reason());
    if (h.up && !deaf_.empty()) say(deaf_);
    for (auto const& line : news_) say(line);
    if (auto const line = warning_of(settings_); !line.empty()) say(line);
    if (station_) {
      if (auto const refusal = station_->link->refused().last(); !refusal.empty())
        say("the server refused: " + refusal);
      for (auto const& line : station_->stream.warnings) say(line);
      for (auto const& line : station_->stream.differences) say(line);
    }
    return h;
  }

  std::shared_ptr<feed> follow(std::function<void(news const&)> sink) {
    auto made = std::make_shared<feed>(settings_, std::move(sink), seen_, bell_);
    {
      std::scoped_lock const lock{mutex_};
      ended_.reserve(ended_.size() + feeds_.size() + 1);  // to end one takes no memory
      feeds_.push_back(made);
    }
    bell_->ring();
    return made;
  }
  /// When it returns, the sink is not running, unless it is the sink that calls, and never will.
  void remove(std::shared_ptr<feed> const& f) {
    f->end();
    {
      std::scoped_lock const lock{mutex_};
      if (std::erase(feeds_, f) != 0) ended_.push_back(f);
    }
    bell_->ring();
  }

 private:
  [[nodiscard]] std::string reason() const {
    if (!reason_.empty()) return reason_;
    if (!tried_) return "NATS: connecting";
    if (!station_ || !station_->link->connected()) return "NATS: the connection is lost and being restored";
    return deaf_.empty() ? "NATS: the feed has not begun" : deaf_;
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
    using clock = std::chrono::steady_clock;
    std::shared_ptr<link> current;
    std::uint32_t breaks = 0;
    bool checked = false;
    auto not_before = clock::now();  // however many calls have doubts, the server is asked ten times a second at most
    constexpr auto shortest = 25ms;
    auto pause = shortest;
    auto const again = [&] { bell_->wait_for(std::exchange(pause, std::min(pause * 2, 500ms))); };
    auto const turn = [&] {
      if (!current || current->closed()) {
        lose_feeds();
        current = nullptr;
        checked = false;
        auto opened = link::open(settings_, bell_);
        if (!opened) {
          down(std::string{opened.error().text()});
          return again();
        }
        current = *std::move(opened);
        breaks = current->breaks();
      }
      if (auto const now = current->breaks(); now != breaks) {
        breaks = now;
        lose_feeds();
        checked = false;
        pause = shortest;
      }
      if (!current->connected()) return bell_->wait_for(1000ms);
      lose_if_deaf();
      if (clock::now() >= not_before && doubted_.exchange(false)) checked = false;
      if (!checked) {
        not_before = clock::now() + 100ms;
        auto found = look(current);
        if (!found) {
          down(std::string{found.error().text()});
          return again();
        }
        up(*std::move(found));
        checked = true;
      }
      lose_if_deaf();
      bool const heard = attach(current);
      current->tidy();
      if (!heard) return again();
      pause = shortest;
      bell_->wait_for(doubted_ ? 25ms : 250ms);
    };
    while (!closing_) {
      try {
        turn();
      } catch (std::exception const& why) {  // such as want of memory: nothing half done is built upon
        down(why.what());
        current = nullptr;
        again();
      }
    }
    nats_ReleaseThreadMemory();
  }

  /// Sees that the stream is there, and whether it is the one it was.
  result<station> look(std::shared_ptr<link> const& over) {
    over->ask_limits();
    auto facts = find_or_create(over, settings_, soon());
    if (!facts) return std::unexpected{std::move(facts).error()};
    std::uint64_t const before = seen_->highest();
    auto stands = ask_standing(over, settings_.stream, soon());
    if (!stands) return std::unexpected{std::move(stands).error()};
    auto const known = std::exchange(created_, stands->created);
    if (!known.empty() && known != created_)
      begin_anew(std::format("the stream {} vanished and is another one now", settings_.stream));
    else if (stands->last < before)
      went_back();
    return station{.link = over, .stream = *std::move(facts), .created = created_};
  }
  /// What was seen in the stream says nothing of it any more.
  void begin_anew(std::string why) {
    seen_->clear();
    lose_feeds();
    std::scoped_lock const lock{mutex_};
    tell(std::move(why));
  }

  void up(station found) {
    std::scoped_lock const lock{mutex_};
    if (!found.stream.note.empty()) tell(found.stream.note);
    station_ = std::make_shared<station const>(std::move(found));
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

  /// What a question of the keeping thread may take.
  static deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{2}; }

  std::vector<std::shared_ptr<feed>> feeds() const {
    std::scoped_lock const lock{mutex_};
    return feeds_;
  }
  /// Of the feeds, those that hear nothing; all, when what they heard is no stream's past any more.
  void lose_if_deaf() {
    if (went_back_.exchange(false)) return begin_anew(std::format("the stream {} went back", settings_.stream));
    for (auto const& f : feeds())
      if (f->deaf()) f->lose();
  }
  void lose_feeds() {
    for (auto const& f : feeds()) f->lose();
  }
  /// \returns whether all of them hear
  bool attach(std::shared_ptr<link> const& over) {
    std::vector<std::shared_ptr<feed>> ended;
    {
      std::scoped_lock const lock{mutex_};
      ended = ended_;
      ended_.clear();  // its room stays
    }
    for (auto const& f : ended) f->lose();
    std::string deaf;
    for (auto const& f : feeds())
      if (auto const made = f->attach(over, created_, soon()); !made) deaf = made.error().text();
    if (!deaf.empty()) doubted_ = true;
    std::scoped_lock const lock{mutex_};
    deaf_ = std::move(deaf);
    changed_.notify_all();
    return deaf_.empty();
  }

  ::pid_t owner_ = ::getpid();
  options settings_;
  std::shared_ptr<seen_table> seen_;
  std::shared_ptr<bell> bell_ = std::make_shared<bell>();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::shared_ptr<station const> station_;
  std::vector<std::shared_ptr<feed>> feeds_;
  std::vector<std::shared_ptr<feed>> ended_;
  std::vector<std::string> news_;
  std::string created_;  // of the stream seen last
  std::string reason_;
  std::string deaf_;  // why a feed hears nothing, if one does
  bool tried_ = false;
  std::atomic<bool> closing_ = false;
  std::atomic<bool> doubted_ = false;
  std::atomic<bool> went_back_ = false;
  std::thread thread_;
};

}  // namespace strata::warm::jetstream_detail
