// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/sqlite/fault.hpp>
#include <strata/cold/sqlite/statements.hpp>
#include <strata/concepts/warm.hpp>

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

// SQLite's connection and statement as objects. Both throw faults.
namespace strata::cold::lite {

/// A statement that is being run, and can be run again once this is gone. What is bound has to outlive it.
class query {
 public:
  template <class... T>
  query(sqlite3* db, sqlite3_stmt* statement, T const&... values) : db_{db}, statement_{statement} {
    int at = 0;
    (check(bind(++at, values)), ...);
  }
  query(query const&) = delete;
  query& operator=(query const&) = delete;
  ~query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }

  /// \returns whether there is another row, which is the current one then
  bool next() {
    int const code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) raise(sqlite3_extended_errcode(db_), db_);
    return false;
  }
  void run() {
    while (next()) {
    }
  }

  [[nodiscard]] bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] std::optional<std::int64_t> perhaps(int column) const {
    return null(column) ? std::nullopt : std::optional{integer(column)};
  }
  [[nodiscard]] std::string text(int column) const {
    auto const* bytes = reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
  }

 private:
  void check(int code) {
    if (code != SQLITE_OK) raise(code, db_);
  }
  int bind(int at, std::string_view text) {  // a text without bytes is no null
    return sqlite3_bind_text64(statement_, at, text.data() != nullptr ? text.data() : "", text.size(), SQLITE_STATIC,
                               SQLITE_UTF8);
  }
  int bind(int at, std::int64_t number) { return sqlite3_bind_int64(statement_, at, number); }
  int bind(int at, std::uint64_t number) { return bind(at, static_cast<std::int64_t>(number)); }
  int bind(int at, std::optional<std::int64_t> number) {
    return number ? bind(at, *number) : sqlite3_bind_null(statement_, at);
  }

  sqlite3* db_;
  sqlite3_stmt* statement_;
};

/// One connection. What it does ends by the deadline it was given last, as far as it waits or counts; the disk takes as
/// long as it takes.
/// \threads one at a time; interrupt() from any
class connection {
 public:
  /// \param stop  ends waits for locks of others
  connection(std::string const& file, int flags, script const& texts, std::atomic<bool> const& stop)
      : texts_{texts}, stop_{stop} {
    int const code = sqlite3_open_v2(file.c_str(), &db_, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
    if (code != SQLITE_OK) {
      try {
        raise(code, db_);
      } catch (...) {
        sqlite3_close(db_);
        throw;
      }
    }
    sqlite3_busy_handler(db_, [](void* me, int) { return static_cast<connection*>(me)->wait() ? 1 : 0; }, this);
    sqlite3_progress_handler(db_, 1'000, [](void* me) { return static_cast<connection*>(me)->late() ? 1 : 0; }, this);
  }
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection() {
    for (auto* statement : prepared_) sqlite3_finalize(statement);
    sqlite3_close(db_);
  }

  void end_by(deadline until) noexcept { until_ = until; }
  /// Whether the last connection to the file brings what is in the log into the file when it goes, which is its default.
  void checkpoint_on_close(bool on) noexcept {
    sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, on ? 0 : 1, nullptr);
  }
  void interrupt() noexcept { sqlite3_interrupt(db_); }
  /// Ends a transaction that was not committed. \returns whether none is left: to end one takes memory
  [[nodiscard]] bool undo() noexcept {
    return sqlite3_get_autocommit(db_) != 0 || sqlite3_exec(db_, "rollback", nullptr, nullptr, nullptr) == SQLITE_OK;
  }
  [[nodiscard]] sqlite3* get() const noexcept { return db_; }

  /// \returns the query, which has not been asked yet
  template <class... T>
  [[nodiscard]] query ask(sql which, T const&... values) {
    auto& statement = prepared_[static_cast<std::size_t>(which)];
    if (statement == nullptr) statement = prepare(texts_.of(which), SQLITE_PREPARE_PERSISTENT);
    return query{db_, statement, values...};
  }
  template <class... T>
  void run(sql which, T const&... values) {
    ask(which, values...).run();
  }
  /// Statements without parameters, of which this connection remembers nothing.
  void run(char const* text) {
    if (int const code = sqlite3_exec(db_, text, nullptr, nullptr, nullptr); code != SQLITE_OK) raise(code, db_);
  }
  /// The first column of the first row, as text.
  [[nodiscard]] std::string answer(std::string_view text) {
    struct once {
      sqlite3_stmt* statement;
      ~once() { sqlite3_finalize(statement); }
    } const mine{prepare(text, 0)};
    query q{db_, mine.statement};
    return q.next() ? q.text(0) : std::string{};
  }
  /// Whether the last statement changed a row.
  [[nodiscard]] bool changed() const noexcept { return sqlite3_changes(db_) > 0; }
  [[nodiscard]] std::uint64_t last_number() const noexcept {
    return static_cast<std::uint64_t>(sqlite3_last_insert_rowid(db_));
  }

 private:
  using clock = std::chrono::steady_clock;

  sqlite3_stmt* prepare(std::string_view text, unsigned flags) {
    sqlite3_stmt* statement = nullptr;
    int const code = sqlite3_prepare_v3(db_, text.data(), static_cast<int>(text.size()), flags, &statement, nullptr);
    if (code != SQLITE_OK) raise(code, db_);
    return statement;
  }
  bool late() const noexcept { return clock::now() >= until_; }
  bool wait() const noexcept {
    if (late() || stop_) return false;
    std::this_thread::sleep_for(std::min<clock::duration>(std::chrono::milliseconds{1}, until_ - clock::now()));
    return true;
  }

  script const& texts_;
  std::atomic<bool> const& stop_;
  sqlite3* db_ = nullptr;
  std::array<sqlite3_stmt*, script::size> prepared_{};
  deadline until_ = deadline::max();
};

/// A transaction that is undone unless it is committed.
class transaction {
 public:
  transaction(connection& of, char const* begin) : connection_{of} {
    try {
      if (!connection_.undo()) throw std::bad_alloc{};  // one before
      connection_.run(begin);
    } catch (...) {  // it may have begun all the same
      (void)connection_.undo();
      throw;
    }
  }
  transaction(transaction const&) = delete;
  transaction& operator=(transaction const&) = delete;
  ~transaction() {
    connection_.end_by(deadline::max());
    (void)connection_.undo();
  }
  void commit() {
    connection_.end_by(deadline::max());  // what is begun is ended: only the disk is waited for now
    try {
      connection_.run("commit");
    } catch (fault& f) {
      f.committing = true;
      throw;
    }
  }

 private:
  connection& connection_;
};

}  // namespace strata::cold::lite
