// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/frame.hpp>
#include <strata/testing/simulation/faults.hpp>
#include <strata/testing/simulation/mark.hpp>
#include <strata/testing/simulation/scheduler.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What all instances share: a database, a stream and its feed. Both stores keep everything that ever was in them, so that
// the checker can ask and the stream can answer with the past.
namespace strata::testing {

inline constexpr std::size_t most_keys = 2;
inline constexpr std::array<std::string_view, most_keys> key_names{"k0", "k1"};

/// Where programs that know nothing of the library look for a key, when that is not where the caches do.
constexpr std::size_t elsewhere(std::size_t key) noexcept { return most_keys + key; }
inline constexpr std::size_t most_subjects = 2 * most_keys;

inline std::size_t key_index(std::string_view key) noexcept { return key == key_names[0] ? 0 : 1; }

/// One change of the truth.
struct commit {
  strata::revision revision{};
  strata::operation operation = operation::put;
  mark value;
  std::uint16_t by = 0;  ///< number of the operation
  moment when{};
  moment ends = moment::max();

  /// Whether its value can be read at that time.
  [[nodiscard]] bool lives(moment at) const noexcept { return operation == operation::put && at < ends; }
};

class world {
 public:
  struct message {
    strata::frame frame;
    strata::position position{};
    std::uint16_t by = 0;
  };
  /// A request that arrives although its caller has given up.
  struct ghost {
    moment at;
    std::function<void()> happen;
  };

  /// \param warm_is_truth  there is no database; the stream's positions are the revisions
  void reset(bool warm_is_truth) {
    warm_is_truth_ = warm_is_truth;
    for (auto& c : commits) c.clear();
    for (auto& s : subjects) s = {};
    for (auto& t : told) t = {};
    feed.clear();
    left_as_it_was = fell_back = false;
    log.clear();
    log_ages = log_begins = 0;
    horizon = {};
    holder.clear();
    held_until = {};
    unsettled = {};
    ghosts.clear();
    last_revision_ = 0;
    last_position_ = 0;
  }

  // --- the truth -----------------------------------------------------------------------------------------------------
  [[nodiscard]] commit const* last(std::size_t key) const noexcept {
    return commits[key].empty() ? nullptr : &commits[key].back();
  }
  [[nodiscard]] commit const* at(std::size_t key, revision r) const noexcept {
    for (auto const& c : commits[key])
      if (c.revision == r) return &c;
    return nullptr;
  }
  [[nodiscard]] commit const* before(std::size_t key, revision r) const noexcept {
    commit const* found = nullptr;
    for (auto const& c : commits[key])
      if (c.revision < r) found = &c;
    return found;
  }
  [[nodiscard]] commit const* by(std::uint16_t number) const noexcept {
    for (auto const& key : commits)
      for (auto const& c : key)
        if (c.by == number) return &c;
    return nullptr;
  }

  // --- the database --------------------------------------------------------------------------------------------------
  [[nodiscard]] copy<mark> cold_load(std::size_t key) const {
    auto const* row = last(key);
    if (row == nullptr) return {};
    copy<mark> c{.value = {}, .revision = row->revision, .version = static_cast<std::int64_t>(commits[key].size())};
    moment const now = scheduler::current->now;
    c.expired = row->operation == operation::put && !row->lives(now);
    if (row->lives(now)) c.value = row->value;
    if (c.value && row->ends != moment::max())
      c.expires_in = std::chrono::floor<std::chrono::milliseconds>(row->ends - now);
    return c;
  }
  [[nodiscard]] result<written> cold_store(std::size_t key, mark const& value, expectation expected, std::uint16_t by,
                                           lifetime expires_in = {}) {
    if (held(key)) return failure(errc::unavailable, tier::cold, "another writes it");
    auto const* row = last(key);
    moment const now = scheduler::current->now;
    bool const there = row != nullptr && row->operation == operation::put;
    bool const met =
        !expected || *expected == (there ? row->revision : revision{}) || (*expected == revision{} && !row->lives(now));
    if (!met) return failure(errc::conflict, tier::cold, "another write was first");
    auto const version = static_cast<std::int64_t>(commits[key].size());
    if (there && row->value == value && row->ends == moment::max() && !expires_in)
      return written{row->revision, version, false};
    moment const ends = expires_in ? now + *expires_in : moment::max();
    commit_row(key, {revision{++last_revision_}, operation::put, value, by, {}, ends});
    return written{revision{last_revision_}, version + 1, true};
  }
  [[nodiscard]] result<written> cold_erase(std::size_t key, std::uint16_t by) {
    if (held(key)) return failure(errc::unavailable, tier::cold, "another writes it");
    auto const* row = last(key);
    auto const version = static_cast<std::int64_t>(commits[key].size());
    if (row == nullptr) return written{.changed = false};
    if (row->operation == operation::erase) return written{row->revision, version, false};
    commit_row(key, {revision{++last_revision_}, operation::erase, {}, by});
    return written{revision{last_revision_}, version, true};
  }
  /// A transaction writes a key: it has a revision and a place in the log, and nobody sees it before it is committed.
  /// \returns its place; nothing where another holds the key
  [[nodiscard]] std::optional<std::size_t> begin(std::size_t key) {
    if (held(key)) return std::nullopt;
    log.push_back({static_cast<std::uint8_t>(key), revision{++last_revision_}, operation::put, true});
    return log.size() - 1;
  }
  void end(std::size_t place, mark const& value, std::uint16_t by) {
    auto& one = log[place];
    one.open = false;
    commits[one.key].push_back({one.revision, one.operation, value, by, scheduler::current->now});
  }

  // --- its log and its horizon ---------------------------------------------------------------------------------------
  struct logged_commit {
    std::uint8_t key;
    strata::revision revision;
    strata::operation operation;
    bool open = false;  ///< it has yet to be committed
  };
  std::vector<logged_commit> log;
  std::size_t log_ages = 0;    ///< what comes before is older than any call that is under way
  std::size_t log_begins = 0;  ///< what comes before has been forgotten
  strata::horizon horizon;
  std::string holder;
  moment held_until{};

  [[nodiscard]] static std::int64_t clock_us() noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(scheduler::current->now.time_since_epoch()).count();
  }
  [[nodiscard]] changes changes_since(std::optional<cursor> from, std::size_t limit) const {
    changes found{.taken_us = clock_us()};
    auto const open = static_cast<std::uint64_t>(std::ranges::find(log, true, &logged_commit::open) - log.begin());
    found.read = found.settled = {open, {}};
    if (!from) return found;
    found.gap = from->transaction < log_begins;
    std::size_t i = std::max<std::size_t>(from->transaction, log_begins);
    for (; i < log.size() && found.all.size() < limit; ++i)
      if (!log[i].open) found.all.push_back({std::string{key_names[log[i].key]}, log[i].revision, log[i].operation});
    found.read = {i, {}};
    found.settled = {std::min<std::uint64_t>(i, open), {}};
    found.more = i < log.size();
    return found;
  }
  [[nodiscard]] std::vector<logged> all_after(std::string_view key, std::size_t limit) const {
    std::vector<logged> found;
    for (std::size_t k = key.empty() ? 0 : key_index(key) + 1; k < most_keys && found.size() < limit; ++k)
      if (auto const* row = last(k)) found.push_back({std::string{key_names[k]}, row->revision, row->operation});
    return found;
  }
  [[nodiscard]] strata::horizon read_horizon() const {
    auto h = horizon;
    h.age = std::chrono::microseconds{clock_us() - h.taken_us};
    h.holder = holder;
    return h;
  }
  [[nodiscard]] std::optional<strata::horizon> hold_horizon(std::string_view me, std::chrono::milliseconds time) {
    if (holder != me && scheduler::current->now < held_until) return std::nullopt;
    holder = me;
    held_until = scheduler::current->now + time;
    return read_horizon();
  }
  [[nodiscard]] result<void> move_horizon(std::string_view me, std::chrono::milliseconds time,
                                          strata::horizon const& to) {
    if (holder != me || scheduler::current->now >= held_until)
      return failure(errc::conflict, tier::cold, "another holds the horizon");
    held_until = scheduler::current->now + time;
    horizon = to;
    return {};
  }

  // --- the stream ----------------------------------------------------------------------------------------------------
  struct subject {
    std::vector<message> messages;  ///< all there ever were
    std::size_t kept = 0;           ///< how many of them are still there: fewer after a fall back
    [[nodiscard]] message const* last() const noexcept { return kept == 0 ? nullptr : &messages[kept - 1]; }
  };

  [[nodiscard]] static sighting seen(message const* m) {
    return m == nullptr ? sighting{} : sighting{m->frame, m->position};
  }
  [[nodiscard]] result<position> warm_store(std::size_t key, frame f, std::optional<position> at, std::uint16_t by) {
    auto& s = subjects[key];
    auto const* standing = s.last();
    if (at && *at != (standing == nullptr ? position{} : standing->position))
      return failure(errc::conflict, tier::warm, "the key moved");
    if (!at && standing != nullptr && standing->frame.revision > f.revision)
      return failure(errc::conflict, tier::warm, "a higher revision is there");
    if (!at && standing != nullptr && !standing->frame.sum && f.revision != revision{})
      return failure(errc::conflict, tier::warm, "what is there has no revision");
    return publish(key, std::move(f), by);
  }
  /// What programs without revisions have elsewhere goes when it is older.
  std::size_t correct(std::size_t key, frame const& f) {
    auto const* standing = subjects[elsewhere(key)].last();
    if (standing == nullptr || standing->frame.revision >= f.revision) return 0;
    publish(elsewhere(key), f, 0);
    return 1;
  }
  position publish(std::size_t key, frame f, std::uint16_t by) {
    auto& s = subjects[key];
    position const p{++last_position_};
    if (warm_is_truth_) {
      commit c{revision{last_position_}, f.operation, {}, by};
      if (f.operation == operation::put) {
        c.value = *mark_codec::decode(f.payload);
        c.by = c.value.number;
        if (f.expires_ms != 0) c.ends = virtual_clock::at_wall(f.expires_ms);
      }
      commit_row(key, c);
      told[key] = c.revision;
    } else if (key < most_keys && f.revision > told[key]) {
      told[key] = f.revision;
    }
    s.messages.resize(s.kept);
    s.messages.push_back({std::move(f), p, by});
    s.kept = s.messages.size();
    feed.push_back(
        {static_cast<std::uint8_t>(key), s.messages.back().frame.revision, s.messages.back().frame.operation, p});
    return p;
  }

  // --- the feed ------------------------------------------------------------------------------------------------------
  struct notice {
    std::uint8_t key = 0;  ///< its subject
    strata::revision revision{};
    strata::operation operation = operation::put;
    strata::position position{};
  };

  std::array<std::vector<commit>, most_keys> commits;
  std::array<subject, most_subjects> subjects;  ///< of each key, and then of each where others look
  std::vector<notice> feed;                     ///< what the stream has, in its order
  bool fell_back = false;                       ///< the stream did
  bool left_as_it_was = false;                  ///< something could not be put right where others look
  std::array<bool, most_keys> unsettled;        ///< one subject fell back without a trace, which no position tells
  std::array<revision, most_keys> told;  ///< the highest revision the stream has had since it last lost something
  std::vector<ghost> ghosts;

  /// Whether some of its last messages tell of what cold's log has forgotten.
  [[nodiscard]] bool forgotten(std::size_t messages) const noexcept {
    return std::ranges::any_of(
        feed.end() - static_cast<std::ptrdiff_t>(std::min(messages, feed.size())), feed.end(), [&](notice const& n) {
          return n.revision != revision{} && static_cast<std::uint64_t>(n.revision) <= log_begins;
        });
  }
  /// The whole stream falls back by its last messages: what comes next takes their positions.
  void fall_back(std::size_t messages) {
    fell_back = true;
    scheduler::current->now += std::chrono::milliseconds{1};  // nobody hears of two stores at one moment
    for (; messages > 0 && !feed.empty(); --messages) {
      auto& s = subjects[feed.back().key];
      last_position_ = static_cast<std::uint64_t>(feed.back().position) - 1;
      if (s.kept > 0 && s.last()->position == feed.back().position) --s.kept;
      feed.pop_back();
    }
    for (std::size_t k = 0; k < most_keys; ++k) told[k] = {};
  }

  [[nodiscard]] bool warm_is_truth() const noexcept { return warm_is_truth_; }
  [[nodiscard]] std::uint64_t last_position() const noexcept { return last_position_; }

 private:
  void commit_row(std::size_t key, commit c) {
    c.when = scheduler::current->now;
    commits[key].push_back(c);
    log.push_back({static_cast<std::uint8_t>(key), c.revision, c.operation});
  }

  /// Whether a transaction has written it that is still open.
  [[nodiscard]] bool held(std::size_t key) const noexcept {
    return std::ranges::any_of(log, [&](logged_commit const& one) { return one.open && one.key == key; });
  }

  bool warm_is_truth_ = false;
  std::uint64_t last_revision_ = 0;
  std::uint64_t last_position_ = 0;
};

}  // namespace strata::testing
