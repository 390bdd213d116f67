// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "failing_memory.hpp"

#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/sqlite.hpp>
#include <strata/hot/lru.hpp>
#include <strata/none.hpp>
#include <strata/testing/laws/cold_bench.hpp>

#include <boost/hana/define_struct.hpp>
#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// What the laws do not reach: several processes on one file, a process that is killed, a disk that is full, files that are
// not for us.
namespace {

using namespace std::chrono_literals;
using strata::errc;
using strata::testing::ledger;
namespace fs = std::filesystem;

using context = strata::context<strata::monotonic_clock, strata::no_observer, strata::testing::ledger_codec>;
using tier_type = strata::cold::sqlite::tier<std::string, ledger, context>;
using cache = strata::cache<strata::hot::lru, strata::none, strata::cold::sqlite, strata::testing::ledger_codec>;

struct opened {
  strata::monotonic_clock clock{};
  strata::no_observer observer{};
  strata::testing::ledger_codec codec{};
  context handed_down{clock, observer, codec};
  tier_type tier;
  explicit opened(strata::cold::sqlite::options const& o) : tier{o, handed_down} {}
  explicit opened(fs::path const& file) : opened{strata::cold::sqlite::options{.file = file.string()}} {}
};

strata::deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
strata::deadline soon() { return in(20s); }

/// A folder of its own for each case.
struct folder {
  fs::path path;
  folder() {
    std::string name = (fs::temp_directory_path() / "strata-sqlite-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~folder() { fs::remove_all(path); }
  fs::path file(char const* name = "store") const { return path / name; }
};

/// Another process, which runs f and what it says line by line.
class process {
 public:
  template <class F>
  explicit process(F f) {
    int ends[2];
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    id_ = ::fork();
    BOOST_REQUIRE(id_ >= 0);
    if (id_ == 0) {
      ::signal(SIGALRM, SIG_DFL);
      ::alarm(120);  // nobody waits longer for it
      try {
        f(ends[1]);
      } catch (...) {
        ::_exit(3);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    out_ = ::fdopen(ends[0], "r");
  }
  ~process() {
    if (out_ != nullptr) std::fclose(out_);
    end(SIGKILL);
  }
  std::string line() {
    char text[256];
    if (std::fgets(text, sizeof text, out_) == nullptr) return {};
    std::string said{text};
    if (said.ends_with('\n')) said.pop_back();
    return said;
  }
  void kill() { ::kill(id_, SIGKILL); }
  int end(int signal = 0) {
    if (id_ <= 0) return 0;
    if (signal != 0) ::kill(id_, signal);
    int status = 0;
    ::waitpid(std::exchange(id_, 0), &status, 0);
    return status;
  }

 private:
  pid_t id_ = 0;
  std::FILE* out_ = nullptr;
};

void say(int to, std::string text) {
  text += '\n';
  if (::write(to, text.data(), text.size()) < 0) ::_exit(4);
}

template <class Holds>
bool comes_to_hold(Holds holds) {
  for (auto const until = soon(); !holds();) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

std::string refusal(strata::cold::sqlite::options const& o) {
  try {
    opened const cold{o};
    return {};
  } catch (strata::open_error const& why) {
    return why.what();
  }
}
std::string refusal(fs::path const& file, std::chrono::milliseconds patience = 20s) {
  return refusal({.file = file.string(), .open_timeout = patience});
}

void as_another_program(fs::path const& file, char const* statements) {
  sqlite3* db = nullptr;
  BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  BOOST_TEST(sqlite3_exec(db, statements, nullptr, nullptr, nullptr) == SQLITE_OK, sqlite3_errmsg(db));
  sqlite3_close(db);
}
std::int64_t number_in(fs::path const& file, char const* query) {
  sqlite3* db = nullptr;
  sqlite3_stmt* asked = nullptr;
  BOOST_REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_prepare_v2(db, query, -1, &asked, nullptr) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_step(asked) == SQLITE_ROW);
  auto const number = sqlite3_column_int64(asked, 0);
  sqlite3_finalize(asked);
  sqlite3_close(db);
  return number;
}

/// SQLite's own files, of which it hears how often a write-ahead log is brought to the disk.
class log_syncs {
 public:
  log_syncs() {
    theirs_ = sqlite3_vfs_find(nullptr);
    ours_ = *theirs_;
    ours_.zName = "counts syncs";
    ours_.xOpen = open;
    BOOST_REQUIRE(sqlite3_vfs_register(&ours_, 1) == SQLITE_OK);
  }
  log_syncs(log_syncs const&) = delete;
  log_syncs& operator=(log_syncs const&) = delete;
  ~log_syncs() {
    sqlite3_vfs_register(theirs_, 1);
    sqlite3_vfs_unregister(&ours_);
  }
  /// Since it was asked last.
  int taken() { return count_.exchange(0); }

 private:
  static int open(sqlite3_vfs*, char const* name, sqlite3_file* file, int flags, int* opened) {
    int const code = theirs_->xOpen(theirs_, name, file, flags, opened);
    if (code != SQLITE_OK || (flags & SQLITE_OPEN_WAL) == 0) return code;
    sync_ = file->pMethods->xSync;
    counting_ = *file->pMethods;
    counting_.xSync = [](sqlite3_file* f, int how) {
      ++count_;
      return sync_(f, how);
    };
    file->pMethods = &counting_;
    return code;
  }

  static inline sqlite3_vfs* theirs_ = nullptr;
  static inline sqlite3_vfs ours_{};
  static inline sqlite3_io_methods counting_{};
  static inline int (*sync_)(sqlite3_file*, int) = nullptr;
  static inline std::atomic<int> count_{0};
};

/// SQLite's own allocations fail like ours.
struct failing_sqlite {
  static inline sqlite3_mem_methods real{};
  failing_sqlite() {
    BOOST_REQUIRE(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real) == SQLITE_OK);
    auto failing = real;
    failing.xMalloc = [](int bytes) {
      return strata_test::refuses(static_cast<std::size_t>(bytes)) ? nullptr : real.xMalloc(bytes);
    };
    failing.xRealloc = [](void* old, int bytes) {
      return strata_test::refuses(static_cast<std::size_t>(bytes)) ? nullptr : real.xRealloc(old, bytes);
    };
    BOOST_REQUIRE(sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) == SQLITE_OK);
  }
};
BOOST_TEST_GLOBAL_FIXTURE(failing_sqlite);

struct package {
  BOOST_HANA_DEFINE_STRUCT(package, (std::string, id), (std::string, version));
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_processes_follow_what_the_other_writes) {
  folder const f;
  auto const settings = [&] {
    cache::options o;
    o.cold.file = f.file().string();
    return o;
  };
  process other{[&](int out) {
    cache theirs{settings()};
    if (!theirs.put("theirs", {.text = "1"})) ::_exit(5);
    say(out, "there");
    // What it has in memory is replaced by what this process writes.
    if (!comes_to_hold([&] {
          auto const hit = theirs.get("ours");
          return hit && hit->text == "1";
        }))
      ::_exit(6);
    say(out, "read");
    if (!comes_to_hold([&] {
          auto const hit = theirs.get("ours");
          return hit && hit->text == "2";
        }))
      ::_exit(7);
    if (!theirs.put("theirs", {.text = "2"}) || !theirs.erase("ours")) ::_exit(8);
    say(out, "written");
  }};
  BOOST_TEST(other.line() == "there");
  cache ours{settings()};
  BOOST_TEST_REQUIRE(ours.put("ours", {.text = "1"}).has_value());
  auto const first = ours.get("theirs");
  BOOST_TEST_REQUIRE((first && first->text == "1"));
  BOOST_TEST(other.line() == "read");
  BOOST_TEST_REQUIRE(ours.put("ours", {.text = "2"}).has_value());
  BOOST_TEST(other.line() == "written");
  BOOST_TEST(comes_to_hold([&] {
    auto const hit = ours.get("theirs");
    return hit && hit->text == "2" && ours.get("ours").absent();
  }));
  BOOST_TEST(other.end() == 0);
}

// Two processes write to one file, of which one is killed again and again. What it was told is stored is there; what it was
// still waiting for is there whole or not at all; the other goes on.
BOOST_AUTO_TEST_CASE(a_killed_process_loses_nothing_that_it_was_told) {
  folder const f;
  opened mine{f.file()};
  static constexpr int keys = 7;
  auto const key = [](int n) { return std::format("k{}", n % keys); };
  auto const text = [](int n) {
    return std::format("{} {}", n, std::string(static_cast<std::size_t>(n * 131 % 9'000), 'x'));
  };
  std::minstd_rand random{17};
  std::map<std::string, int> stands;
  int told = 0, in_flight = 0;
  for (int round = 0; round < 8; ++round) {
    process writer{[&](int out) {
      opened cold{f.file()};
      for (int n = round * 100'000;; ++n) {
        say(out, std::format("+{}", n));
        if (cold.tier.store(key(n), {.text = text(n)}, strata::anything, soon())) say(out, std::format("={}", n));
      }
    }};
    int trying = -1;
    auto const hear = [&] {
      auto const line = writer.line();
      if (line.empty()) return false;
      int const n = std::stoi(line.substr(1));
      trying = line[0] == '+' ? n : -1;
      if (line[0] == '=') stands[key(n)] = n, ++told;
      return true;
    };
    for (auto patience = random() % 60 + 5; patience > 0 && hear(); --patience)
      if (patience % 5 == 0)
        BOOST_TEST(mine.tier
                       .store("mine", {.text = std::to_string(patience + 100U * static_cast<unsigned>(round))},
                              strata::anything, soon())
                       .has_value());
    writer.kill();
    while (hear()) {
    }  // what it was told just before counts too
    writer.end();
    in_flight += trying >= 0;
    for (int k = 0; k < keys; ++k) {
      auto const now = mine.tier.load(key(k), soon());
      BOOST_TEST_REQUIRE(now.has_value());
      int const n = now->value ? std::atoi(now->value->text.c_str()) : -1;
      bool const whole = !now->value || now->value->text == text(n);
      bool const as_told = stands.contains(key(k)) ? n == stands[key(k)] : n == -1;
      BOOST_TEST((whole && (as_told || (n == trying && trying % keys == k))), key(k) << " has " << n);
      if (now->value) stands[key(k)] = n;
    }
  }
  BOOST_TEST(told > 20);
  BOOST_TEST_MESSAGE("acknowledged " << told << ", in flight when killed " << in_flight << " of 8");
}

// A process that is killed leaves the system its pages: only these show what a machine that stops would leave.
BOOST_AUTO_TEST_CASE(what_a_write_returned_for_was_brought_to_the_disk) {
  folder const f;
  log_syncs syncs;
  opened cold{f.file()};
  (void)syncs.taken();
  for (int n = 0; n < 20; ++n) {
    BOOST_TEST_REQUIRE(cold.tier.store(std::format("k{}", n), {.text = "1"}, strata::anything, soon()).has_value());
    BOOST_TEST(syncs.taken() == 1);
  }
  BOOST_TEST(cold.tier.erase("k0", soon()).has_value());
  BOOST_TEST(syncs.taken() == 1);
  ledger const value{.text = "2"};
  std::vector<strata::keyed_value<ledger>> const many{{"k1", &value}, {"k2", &value}};
  for (auto const& one : cold.tier.store_many(many, soon())) BOOST_TEST(one.has_value());
  BOOST_TEST(syncs.taken() == 1);
  BOOST_TEST(cold.tier.add_usage(std::vector<strata::uses>{{"k1", 3}}, soon()).has_value());
  BOOST_TEST(syncs.taken() == 1);
  BOOST_TEST(cold.tier.load("k1", soon()).has_value());
  BOOST_TEST(syncs.taken() == 0);
  BOOST_TEST(number_in(f.file(), "select journal_mode = 'wal' from pragma_journal_mode") == 1);
}

BOOST_AUTO_TEST_CASE(what_is_not_for_us_is_refused_in_a_sentence) {
  folder const f;
  std::ofstream{f.file("text")} << std::string(5'000, 'x');
  BOOST_TEST(refusal(f.file("text")).contains("no database"));

  as_another_program(f.file("theirs"), "create table others (a)");
  BOOST_TEST(refusal(f.file("theirs")).contains("another program"));

  {
    opened const made{f.file("newer")};
  }
  as_another_program(f.file("newer"), "pragma user_version = 99");
  BOOST_TEST(refusal(f.file("newer")).contains("its schema is number 99"));

  {
    opened const made{f.file("kept")};
  }
  fs::permissions(f.file("kept"), fs::perms::owner_read);
  if (::access(f.file("kept").c_str(), W_OK) != 0)  // not where everything may be written
    BOOST_TEST(refusal(f.file("kept")).contains("cannot be written"));
  BOOST_TEST(refusal(f.file("no") / "folder").contains("No such file"));
  BOOST_TEST(refusal(fs::path{}).contains("the name is empty"));

  {
    opened const made{f.file("typed")};
  }
  as_another_program(f.file("typed"), "update knowledge_artifacts_spaces set type = 'other'");
  BOOST_TEST(refusal(f.file("typed")).contains("holds values of type other, not ledger"));
}

BOOST_AUTO_TEST_CASE(a_file_that_another_holds_is_waited_for_until_the_deadline) {
  folder const f;
  opened cold{f.file()};
  BOOST_TEST_REQUIRE(cold.tier.store("a", {.text = "1"}, strata::anything, soon()).has_value());
  sqlite3* other = nullptr;
  BOOST_REQUIRE(sqlite3_open(f.file().c_str(), &other) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr) == SQLITE_OK);
  auto const late = cold.tier.store("a", {.text = "2"}, strata::anything, in(50ms));
  BOOST_TEST((!late && late.error() == errc::timed_out));
  auto const read = cold.tier.load("a", soon());  // readers wait for nobody
  BOOST_TEST((read && read->value && read->value->text == "1"));
  BOOST_TEST(refusal(f.file(), 200ms).contains("locked"));
  std::thread letting_go{[&] {
    std::this_thread::sleep_for(50ms);
    sqlite3_exec(other, "commit", nullptr, nullptr, nullptr);
  }};
  BOOST_TEST(cold.tier.store("a", {.text = "2"}, strata::anything, soon()).has_value());
  letting_go.join();
  sqlite3_close(other);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_and_nothing_is_lost) {
  folder const f;
  opened cold{f.file()};
  BOOST_TEST_REQUIRE(cold.tier.store("first", {.text = "first"}, strata::anything, soon()).has_value());
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit const small{1 << 20, before.rlim_max};
  BOOST_REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  std::string const text(100'000, 'x');
  int stored = 0;
  strata::result<strata::written> r;
  for (; stored < 100; ++stored) {
    r = cold.tier.store(std::format("k{}", stored), {.text = std::format("{}{}", stored, text)}, strata::anything,
                        soon());
    if (!r) break;
  }
  bool const up = cold.tier.health().up;
  auto const refused = cold.tier.load(std::format("k{}", stored), soon());
  std::vector<bool> there;
  for (int i = 0; i < stored; ++i) {
    auto const one = cold.tier.load(std::format("k{}", i), soon());
    there.push_back(one && one->value && one->value->text == std::format("{}{}", i, text));
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  BOOST_TEST_REQUIRE(!r.has_value());
  BOOST_TEST((r.error() == errc::unavailable), std::format("{}", r.error()));
  BOOST_TEST(r.error().text().contains("nothing was stored"));
  BOOST_TEST(!up);
  BOOST_TEST(stored > 3);
  BOOST_TEST((refused && !refused->value));
  for (auto const one : there) BOOST_TEST(one);
  // With room again it goes on.
  auto const again = cold.tier.store("first", {.text = "second"}, strata::anything, soon());
  BOOST_TEST(again.has_value());
  BOOST_TEST(cold.tier.health().up, cold.tier.health().text);
  opened const another{f.file()};
}

BOOST_AUTO_TEST_CASE(the_log_keeps_an_hour_and_says_where_it_has_a_gap) {
  folder const f;
  opened cold{f.file()};
  for (int i = 0; i < 10; ++i)
    BOOST_TEST_REQUIRE(cold.tier.store("a", {.text = std::to_string(i)}, strata::anything, soon()).has_value());
  as_another_program(f.file(), "update knowledge_artifacts_changes set at = at - 7200000000");
  for (int i = 0; i < 10; ++i)
    BOOST_TEST_REQUIRE(cold.tier.store("b", {.text = std::to_string(i)}, strata::anything, soon()).has_value());
  auto const from_start = cold.tier.changes_since(strata::cursor{0, strata::revision{1}}, 100, soon());
  BOOST_TEST_REQUIRE(from_start.has_value());
  BOOST_TEST(from_start->gap);
  BOOST_TEST(from_start->all.size() == 10U);
  auto const from_there = cold.tier.changes_since(strata::cursor{0, strata::revision{11}}, 100, soon());
  BOOST_TEST((from_there && !from_there->gap && from_there->all.size() == 10));
  auto const beyond = cold.tier.changes_since(strata::cursor{0, strata::revision{100}}, 100, soon());
  BOOST_TEST((beyond && beyond->gap));
}

BOOST_AUTO_TEST_CASE(what_is_written_to_a_file_that_was_moved_away_is_not_called_stored) {
  folder const f;
  opened cold{f.file()};
  BOOST_TEST_REQUIRE(cold.tier.store("a", {.text = "1"}, strata::anything, soon()).has_value());
  BOOST_TEST_REQUIRE(cold.tier.load("a", soon()).has_value());
  for (bool const replaced : {false, true}) {
    fs::rename(f.file(), f.file("away"));
    if (replaced) std::ofstream{f.file()} << "another file";
    auto const refused = cold.tier.store("a", {.text = "2"}, strata::anything, soon());
    BOOST_TEST_REQUIRE(!refused.has_value());
    BOOST_TEST((refused.error() == errc::unavailable));
    BOOST_TEST(refused.error().text().contains("moved"), refused.error().text());
    BOOST_TEST(!cold.tier.health().up);
    auto const read = cold.tier.load("a", soon());  // what it says there nobody else may be able to read
    BOOST_TEST((!read && read.error() == errc::unavailable));
    BOOST_TEST(!cold.tier.changes_since(std::nullopt, 0, soon()).has_value());
    fs::rename(f.file("away"), f.file());
    BOOST_TEST(cold.tier.changes_since(std::nullopt, 0, soon()).has_value());
    BOOST_TEST(cold.tier.store("a", {.text = replaced ? "4" : "3"}, strata::anything, soon()).has_value());
    BOOST_TEST(cold.tier.health().up);
  }
  BOOST_TEST(opened{f.file()}.tier.load("a", soon())->value->text == "4");
}

// A reader whose deadline comes just when the connection does leaves it to the one behind.
BOOST_AUTO_TEST_CASE(no_reader_waits_beside_a_connection_that_is_free) {
  folder const f;
  strata::cold::lite::file file{{.file = f.file().string(), .readers = 1}, {}, "t"};
  using answer = strata::result<int>;
  auto const read = [&](strata::deadline until, auto during) {
    return file.read(until, [&](auto&) -> answer { return during(), 1; });
  };
  int failed = 0;
  for (int i = 0; i < 150; ++i) {
    auto const comes = in(8ms);
    std::thread has_it{[&] {
      (void)read(soon(), [&] { std::this_thread::sleep_until(comes + std::chrono::microseconds{i % 5 * 20}); });
    }};
    std::this_thread::sleep_for(1ms);
    std::thread has_no_time_left{[&] { (void)read(comes, [] {}); }};
    std::this_thread::sleep_for(1ms);
    std::thread behind{[&] { failed += !read(in(3s), [] {}).has_value(); }};
    has_it.join();
    has_no_time_left.join();
    behind.join();
  }
  BOOST_TEST(failed == 0);
}

BOOST_AUTO_TEST_CASE(closing_waits_for_no_lock_of_another_program) {
  folder const f;
  opened cold{f.file()};
  sqlite3* other = nullptr;
  BOOST_REQUIRE(sqlite3_open(f.file().c_str(), &other) == SQLITE_OK);
  BOOST_REQUIRE(sqlite3_exec(other, "begin immediate", nullptr, nullptr, nullptr) == SQLITE_OK);
  strata::result<strata::written> written;
  std::thread writer{[&] { written = cold.tier.store("a", {.text = "1"}, strata::anything, soon()); }};
  std::this_thread::sleep_for(100ms);
  auto const from = std::chrono::steady_clock::now();
  cold.tier.close(in(50ms));
  BOOST_TEST((std::chrono::steady_clock::now() - from < 5s));  // the writer has 20 s
  writer.join();
  BOOST_TEST((!written && written.error() == errc::closed));
  sqlite3_close(other);
}

BOOST_AUTO_TEST_CASE(programs_that_end_soon_put_old_hours_away_too) {
  folder const f;
  std::vector<strata::uses> const once{{.key = "a", .count = 1}};
  {
    opened cold{f.file()};
    BOOST_TEST_REQUIRE(cold.tier.store("a", {.text = "1"}, strata::anything, soon()).has_value());
    BOOST_TEST_REQUIRE(cold.tier.add_usage(once, soon()).has_value());
  }
  as_another_program(f.file(), "update knowledge_artifacts_usage_hours set hour = hour - 200");
  BOOST_TEST_REQUIRE(opened{f.file()}.tier.add_usage(once, soon()).has_value());
  BOOST_TEST(number_in(f.file(), "select count(*) from knowledge_artifacts_usage_hours") == 1);
  BOOST_TEST(number_in(f.file(), "select count(*) from knowledge_artifacts_usage_days") == 1);
}

BOOST_AUTO_TEST_CASE(no_key_has_more_outcomes_than_can_be_counted) {
  folder const f;
  opened cold{f.file()};
  BOOST_TEST_REQUIRE(cold.tier.store("a", {.text = "1"}, strata::anything, soon()).has_value());
  std::vector<strata::uses> const once{{"a", 0, 0, 3}};
  BOOST_TEST_REQUIRE(cold.tier.add_usage(once, soon()).has_value());
  BOOST_TEST(cold.tier.failing(9, 3, soon())->size() == 1U);
  BOOST_TEST(cold.tier.failing(9, std::numeric_limits<std::uint64_t>::max(), soon())->empty());
}

// One who writes has the turn under every name of the file.
BOOST_AUTO_TEST_CASE(the_lock_lies_beside_the_file_itself) {
  folder const f;
  opened const cold{f.file()};
  fs::create_symlink(f.file(), f.file("link"));
  opened const same{f.file("link")};
  BOOST_TEST(fs::exists(f.file("store-lock")));
  BOOST_TEST(!fs::exists(f.file("link-lock")));
}

BOOST_AUTO_TEST_CASE(a_version_that_is_a_text_is_the_values_own) {
  folder const f;
  strata::cache<strata::hot::lru, strata::none, strata::cold::sqlite, strata::codec::json<package>> packages{
      {.cold = {.file = f.file().string()}}};
  BOOST_TEST_REQUIRE(packages.put({"a", "1.2.3"}).has_value());
  auto const found = packages.get("a", {.mode = strata::read_mode::cold});
  BOOST_TEST((found && found->version == "1.2.3"));
  BOOST_TEST(!packages.put({"a", "1.2.3"})->changed);
}

BOOST_AUTO_TEST_CASE(a_program_may_go_to_another_folder) {
  folder const f;
  auto const before = fs::current_path();
  fs::current_path(f.path);
  opened cold{fs::path{"store"}};
  fs::current_path(before);
  BOOST_TEST(cold.tier.store("a", {.text = "1"}, strata::anything, soon()).has_value());
  auto const found = cold.tier.load("a", soon());
  BOOST_TEST((found && found->value), (found ? "" : found.error().text()));
}

BOOST_AUTO_TEST_CASE(a_closed_tier_says_so) {
  folder const f;
  opened cold{f.file()};
  cold.tier.close(soon());
  auto const r = cold.tier.load("a", soon());
  BOOST_TEST((!r && r.error() == errc::closed));
  auto const w = cold.tier.store("a", {}, strata::anything, soon());
  BOOST_TEST((!w && w.error() == errc::closed));
  BOOST_TEST(!fs::exists(f.file().string() + "-wal"));  // all of it is in the file itself
}

BOOST_AUTO_TEST_CASE(a_call_without_memory_loses_no_connection_and_nothing_that_is_stored) {
  folder const f;
  opened cold{strata::cold::sqlite::options{.file = f.file().string(), .readers = 1}};
  cold_test::without_memory{
      cold.tier, [](std::string_view, std::string_view text) { return ledger{.text = std::string{text}}; }, soon()}
      .all();
}

BOOST_AUTO_TEST_CASE(a_file_is_closed_without_memory) {
  folder const f;
  bool happened = true;
  for (std::uint64_t n = 1; happened; ++n) {
    opened cold{f.file()};
    BOOST_TEST(cold.tier.store("k", {.text = std::to_string(n)}, strata::anything, soon()).has_value());
    int const held = ::open((f.file().string() + "-lock").c_str(), O_RDWR | O_CLOEXEC);
    BOOST_REQUIRE((held >= 0 && ::flock(held, LOCK_EX) == 0));  // so that it has to give up waiting, and to say so
    strata_test::armed = {.left = n, .failures = strata_test::all_after};
    cold.tier.close(in(1ms));
    happened = std::exchange(strata_test::armed, {}).happened;
    ::close(held);
  }
  opened again{f.file()};
  BOOST_TEST(again.tier.load("k", soon())->value.has_value());
}
