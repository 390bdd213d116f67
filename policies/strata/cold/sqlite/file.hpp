// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/sqlite/connection.hpp>
#include <strata/cold/sqlite/fault.hpp>
#include <strata/cold/sqlite/migrations.hpp>
#include <strata/cold/sqlite/options.hpp>
#include <strata/cold/sqlite/statements.hpp>
#include <strata/cold/sqlite/turn.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>

#include <sqlite3.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <format>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

// The file with its connections: one that writes, and as many as are wanted at once that read.
namespace strata::cold::lite {

/// \threads all members from any thread
class file {
  using clock = std::chrono::steady_clock;

 public:
  /// \param type  the value type's name, recorded for the space
  /// \errors throws open_error for what waiting will not mend, or has not mended in time
  file(options const& given, shape columns, std::string_view type)
      : path_{checked(given).file}, readers_{given.readers}, script_{columns} {
    auto const until = clock::now() + given.open_timeout;
    auto done = edge(writing, [&]() -> result<void> {
      writer_.emplace(path_, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, script_, closed_);
      writer_->end_by(until);
      writer_->checkpoint_on_close(false);
      name_ = sqlite3_db_filename(writer_->get(), "main");
      turn_.emplace(name_ + "-lock");
      mine const held{*turn_, until};
      ::stat(name_.c_str(), &opened_);
      return prepare(given.space, type);
    });
    if (!done)
      throw open_error{error{done.error().code(), tier::cold, path_ + ": " + std::string{done.error().text()}}};
  }
  file(file const&) = delete;
  file& operator=(file const&) = delete;
  ~file() { close(clock::now() + std::chrono::seconds{2}); }

  /// Runs f(connection) -> result<T>. What several statements see is one state of the file if f begins a transaction.
  /// \errors what f returns; unavailable: the file was moved or deleted, so what it holds proves nothing
  /// \complexity no wait for writers
  template <class F>
  auto read(deadline until, F&& f) -> std::invoke_result_t<F&, connection&> {
    return edge(reading, [&]() -> std::invoke_result_t<F&, connection&> {
      auto lent = lend(until);
      if (!lent) return std::unexpected{std::move(lent.error())};
      is_in_place();
      (*lent)->end_by(until);
      return f(**lent);
    });
  }

  /// Runs f(connection) -> result<T> in a transaction of its own, and commits what f says is well.
  /// \errors what f returns; unknown: the disk failed in the middle of the commit
  template <class F>
  auto write(deadline until, F&& f) -> std::invoke_result_t<F&, connection&> {
    return edge(writing, [&]() -> std::invoke_result_t<F&, connection&> {
      one_writer const alone{*this, until};
      if (closed_) return closed();
      if (!alone.had)
        return failure(errc::timed_out, tier::cold, "other writers of this process were not done by the deadline");
      if (clock::now() >= until) return failure(errc::timed_out, tier::cold, "the deadline has passed");
      mine const held{*turn_, until, &closed_};
      writer_->end_by(until);
      is_in_place();
      transaction changing{*writer_, "begin immediate"};
      auto answer = f(*writer_);
      if (answer) changing.commit();
      return answer;
    });
  }

  /// \errors throws a fault: the file was moved or deleted, so what is written to it is lost, and others write to another
  void is_in_place() const {
    struct ::stat now{};
    if (::stat(name_.c_str(), &now) != 0 || now.st_dev != opened_.st_dev || now.st_ino != opened_.st_ino)
      throw fault{SQLITE_READONLY_DBMOVED, "it was moved or deleted while it was open"};
  }

  [[nodiscard]] tier_health health() const {
    std::scoped_lock const lock{guard_};
    if (closed_) return {false, "closed"};
    for (auto const& fault : faults_)
      if (!fault.empty()) return {false, fault};
    return {true, std::format("SQLite {}, {}", sqlite3_libversion(), path_)};
  }

  void close(deadline until) noexcept {
    closed_ = true;
    {
      std::unique_lock lock{guard_};
      next_.notify_all();
      back_.notify_all();
      auto const all_back = [&] { return lent_ == 0 && !writing_; };
      if (!back_.wait_until(lock, until, all_back)) {
        for (auto* one : busy_) one->interrupt();
        if (writer_) writer_->interrupt();
        back_.wait(lock, all_back);
      }
      idle_.clear();
    }
    if (!writer_) return;
    // The last one out brings everything into the file itself, and has the turn for that, if it is to be had.
    try {
      mine const held{*turn_, until};
      writer_->checkpoint_on_close(true);
      writer_.reset();
    } catch (...) {  // another has it, or there is no memory to say so
      writer_.reset();
    }
  }

 private:
  // This process has the turn as long as this is there.
  struct mine {
    mine(turn& of, deadline until, std::atomic<bool> const* stop = nullptr) : turn_{of} { turn_.take(until, stop); }
    mine(mine const&) = delete;
    mine& operator=(mine const&) = delete;
    ~mine() { turn_.give_back(); }
    turn& turn_;
  };

  // The writing connection is this thread's as long as this is there.
  struct one_writer {
    one_writer(file& of, deadline until) : file_{of} {
      std::unique_lock lock{of.guard_};
      had = of.next_.wait_until(lock, until, [&] { return of.closed_ || !of.writing_; }) && !of.closed_;
      if (had) of.writing_ = true;
    }
    one_writer(one_writer const&) = delete;
    one_writer& operator=(one_writer const&) = delete;
    ~one_writer() {
      if (!had) return;
      std::scoped_lock const lock{file_.guard_};
      file_.writing_ = false;
      file_.next_.notify_one();
      if (file_.closed_) file_.back_.notify_all();
    }
    bool had;

   private:
    file& file_;
  };

  // A connection lent out for reading.
  class loan {
   public:
    loan(file& of, std::unique_ptr<connection> lent) noexcept : file_{of}, lent_{std::move(lent)} {}
    loan(loan&&) = default;
    ~loan() {
      if (lent_) file_.take_back(std::move(lent_));
    }
    connection& operator*() noexcept { return *lent_; }
    connection* operator->() noexcept { return lent_.get(); }

   private:
    file& file_;
    std::unique_ptr<connection> lent_;
  };

  static options const& checked(options const& given) {
    auto const refuse = [](std::string_view why) { throw open_error{error{errc::rejected, tier::cold, why}}; };
    if (given.file.empty()) refuse("file: the name is empty");
    if (given.readers == 0 || given.readers > 1000) refuse("readers: from 1 to 1000");
    if (given.open_timeout.count() <= 0) refuse("open_timeout is not positive");
    if (given.space.empty()) refuse("space: the name is empty");
    if (sqlite3_threadsafe() == 0) refuse("this SQLite was built for programs of one thread");
    return given;
  }
  static std::unexpected<error> closed() { return failure(errc::closed, tier::cold, "the file is closed"); }

  enum direction : unsigned char { reading, writing };

  // Faults end here, and health tells the last one until the next call of its kind is well.
  template <class F>
  auto edge(direction kind, F&& f) -> std::invoke_result_t<F&> {
    try {
      auto answer = f();
      if (answer && faulty_[kind].load(std::memory_order_relaxed)) note(kind, {});
      return answer;
    } catch (fault const& said) {
      auto why = judge(said);
      if (closed_ && why == errc::timed_out) return closed();
      if (why == errc::unavailable || why == errc::corrupt || why == errc::unknown) note(kind, why.text());
      return std::unexpected{std::move(why)};
    }
  }
  void note(direction kind, std::string_view text) {
    std::scoped_lock const lock{guard_};
    faults_[kind] = text;
    faulty_[kind] = !text.empty();
  }

  result<loan> lend(deadline until) {
    {
      std::unique_lock lock{guard_};
      // Whoever is woken takes the connection, however late it is: no other is woken for it.
      bool const free = clock::now() < until &&
                        back_.wait_until(lock, until, [&] { return closed_ || !idle_.empty() || lent_ < readers_; });
      if (closed_) return closed();
      if (!free) return failure(errc::timed_out, tier::cold, "no connection was free by the deadline");
      busy_.reserve(readers_);
      idle_.reserve(readers_);
      ++lent_;
      if (!idle_.empty()) {
        busy_.push_back(idle_.back().get());
        loan given{*this, std::move(idle_.back())};
        idle_.pop_back();
        return given;
      }
    }
    try {
      auto fresh = std::make_unique<connection>(name_, SQLITE_OPEN_READWRITE, script_, closed_);
      is_in_place();  // else it is another file
      fresh->end_by(until);
      fresh->checkpoint_on_close(false);
      fresh->run("pragma query_only = 1; pragma wal_autocheckpoint = 0");
      std::scoped_lock const lock{guard_};
      busy_.push_back(fresh.get());
      return loan{*this, std::move(fresh)};
    } catch (...) {
      std::scoped_lock const lock{guard_};
      --lent_;
      back_.notify_all();
      throw;
    }
  }
  void take_back(std::unique_ptr<connection> lent) noexcept {
    bool const current = lent->undo();  // else it would read what the file was, for ever
    std::scoped_lock const lock{guard_};
    std::erase(busy_, lent.get());
    if (current) idle_.push_back(std::move(lent));  // room was made before it was lent
    --lent_;
    closed_ ? back_.notify_all() : back_.notify_one();
  }

  // Looks at what the file is before anything is written to it.
  result<void> prepare(std::string_view space, std::string_view type) {
    auto const refuse = [](std::string const& why) { return failure(errc::rejected, tier::cold, why); };
    auto& c = *writer_;
    if (sqlite3_db_readonly(c.get(), "main") != 0)
      return refuse("the file cannot be written: this program may only read it");
    auto const version = std::stoll(c.answer("pragma user_version"));
    auto const whose = std::stoll(c.answer("pragma application_id"));
    auto const tables = std::stoll(c.answer("select count(*) from sqlite_schema"));
    if (whose != application_id && (tables != 0 || whose != 0 || version != 0))
      return refuse("it is the database of another program");
    if (version > static_cast<long long>(migrations.size()))
      return refuse(
          std::format("it was brought up to date by a newer version of this library: its schema is number {}, "
                      "and this program knows {}",
                      version, migrations.size()));
    if (auto const mode = c.answer("pragma journal_mode = wal"); mode != "wal")
      return refuse("its journal is '" + mode + "' and cannot be a write-ahead log");
    c.run("pragma synchronous = full; pragma journal_size_limit = 67108864");
    return migrate(space, type);
  }

  result<void> migrate(std::string_view space, std::string_view type) {
    auto& c = *writer_;
    transaction changing{c, "begin immediate"};
    auto const from = static_cast<std::size_t>(std::stoll(c.answer("pragma user_version")));
    for (auto step = from; step < migrations.size(); ++step) c.run(migrations[step]);
    if (from < migrations.size())
      c.run(std::format("pragma application_id = {}; pragma user_version = {}", application_id, migrations.size())
                .c_str());
    auto const quoted = [](std::string_view text) {
      std::string made = "'";
      for (char const one : text) made.append(one == '\'' ? 2 : 1, one);
      return made + "'";
    };
    auto const s = quoted(space);
    c.run(std::format("insert or ignore into knowledge_artifacts_spaces (space, type) values ({}, {});"
                      "insert or ignore into knowledge_artifacts_horizon (space) values ({})",
                      s, quoted(type), s)
              .c_str());
    auto const recorded = c.answer("select type from knowledge_artifacts_spaces where space = " + s);
    if (recorded != type)
      return failure(errc::rejected, tier::cold,
                     std::format("space '{}' holds values of type {}, not {}", space, recorded, type));
    changing.commit();
    return {};
  }

  std::string const path_;
  std::size_t const readers_;
  script const script_;
  std::optional<turn> turn_;
  std::atomic<bool> closed_{false};

  std::optional<connection> writer_;
  std::string name_;        // the file's own, from the root on, since the program may go to another folder
  struct ::stat opened_{};  // the file that had it

  std::mutex mutable guard_;
  std::condition_variable back_, next_;  // for who waits for a connection to read, and to write
  bool writing_ = false;
  std::vector<std::unique_ptr<connection>> idle_;
  std::vector<connection*> busy_;
  std::size_t lent_ = 0;
  std::array<std::string, 2> faults_;
  std::array<std::atomic<bool>, 2> faulty_{};
};

}  // namespace strata::cold::lite
