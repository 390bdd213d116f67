// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/hit.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// What a worker leaves behind: one record of 64 bytes for each answer, and one before each write. They are written with
// write(2) to a file opened for appending, so that what was written stays when the process is killed in the middle of its
// next step, and records of several threads never mix. A read that was under way at a kill has changed nothing and told
// nobody anything, so reads are written once, after their answer.
namespace faults {

/// The machine's monotonic clock, the same for every process on it. Nanoseconds.
inline std::int64_t now() noexcept {
  ::timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}
inline constexpr std::int64_t millisecond = 1'000'000;

/// For how long this thread has been ready to run since it began while others ran: the kernel counts it. Nanoseconds; zero
/// where it does not.
inline std::int64_t waited() noexcept {
  struct file {
    int const number = ::open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
    file() = default;
    file(file const&) = delete;
    file& operator=(file const&) = delete;
    ~file() { ::close(number); }
  };
  thread_local file const of;
  char text[96];
  auto const length = ::pread(of.number, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = 0;
  long long ran = 0, ready = 0;
  return std::sscanf(text, "%lld %lld", &ran, &ready) == 2 ? ready : 0;
}

/// What was called, or what the worker noticed.
enum class verb : std::uint8_t {
  get,
  get_many,
  get_or_load,
  put,
  put_if,
  update,
  erase,
  starved,  ///< began..ended: no thread of the process ran, or not as soon as it should have
  sample,   ///< expected: kibibytes resident; revision: entries in hot; given: threads and descriptors
};
constexpr char const* to_string(verb v) noexcept {
  constexpr char const* names[] = {"get",    "get_many", "get_or_load", "put",   "put_if",
                                   "update", "erase",    "starved",     "sample"};
  return names[static_cast<std::size_t>(v)];
}

struct entry {
  enum flag : std::uint8_t {
    damaged = 1,    ///< what was read is not what anybody wrote to this key: wrong key, wrong sum
    unchanged = 2,  ///< the receipt says that nothing was written
    degraded = 4,   ///< the receipt says that a tier above cold could not be told
    sweep = 8,      ///< a read after the last write and the last fault: the final contents are due
    loaded = 16,    ///< get_or_load called the loader
    truth = 32,     ///< the read asked for cold's own answer
    flagged = 64,   ///< a thread of the instance's says how fresh memory is, and not the clock
  };

  std::int64_t began = 0;
  std::int64_t ended = 0;       ///< zero: under way
  std::uint64_t operation = 0;  ///< the call's own number; the value of a write carries it
  std::uint64_t given = 0;      ///< the number in the value that was read; of an update: in the value that it changed
  std::uint64_t expected = 0;   ///< of put_if: the revision that had to stand; of a read: the least to be seen
  std::uint64_t revision = 0;
  std::uint32_t key = 0;
  std::uint16_t instance = 0;
  std::uint16_t within_ms = 0;
  verb what = verb::get;
  std::uint8_t outcome = 0;  ///< zero: done; else the code of the error
  strata::freshness state = strata::freshness::fresh;
  strata::tier from = strata::tier::none;
  std::uint8_t flags = 0;
  std::uint16_t waited_ms = 0;  ///< its thread was ready to run for so long, and others ran

  [[nodiscard]] bool has(flag f) const noexcept { return (flags & f) != 0; }
  [[nodiscard]] bool done() const noexcept { return ended != 0 && outcome == 0; }
  [[nodiscard]] bool failed(strata::errc code) const noexcept {
    return ended != 0 && outcome == static_cast<int>(code);
  }
  [[nodiscard]] bool reads() const noexcept { return what <= verb::get_or_load; }
  [[nodiscard]] bool writes() const noexcept { return what >= verb::get_or_load && what <= verb::erase; }
};
static_assert(sizeof(entry) == 64);

/// The numbers of one instance's calls: never given twice, and they name the instance.
constexpr std::uint64_t first_operation(std::uint16_t instance) noexcept { return std::uint64_t{instance} << 40U; }
constexpr std::uint16_t instance_of(std::uint64_t operation) noexcept {
  return static_cast<std::uint16_t>(operation >> 40U);
}

/// What a process takes of the machine.
struct size_seen {
  std::uint64_t resident_kib = 0, threads = 0, descriptors = 0;
};
inline size_seen size_of_this_process() {
  size_seen s;
  std::ifstream status{"/proc/self/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) s.resident_kib = std::stoull(line.substr(6));
    if (line.starts_with("Threads:")) s.threads = std::stoull(line.substr(8));
  }
  if (::DIR* const all = ::opendir("/proc/self/fd")) {
    while (::readdir(all) != nullptr) ++s.descriptors;
    ::closedir(all);
  }
  return s;
}

class journal {
 public:
  explicit journal(std::string const& path)
      : file_{::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)} {
    if (file_ < 0) throw std::runtime_error{"cannot write " + path};
  }
  ~journal() { ::close(file_); }
  journal(journal const&) = delete;
  journal& operator=(journal const&) = delete;

  void write(entry const& e) const { write(&e, 1); }
  void write(entry const* first, std::size_t count) const {
    auto const size = count * sizeof(entry);
    if (::write(file_, first, size) != static_cast<ssize_t>(size)) ::_exit(9);  // no disk: nothing can be shown
  }

 private:
  int file_;
};

/// Reads what is there; a record that a kill cut in two is not.
inline void read_journal(std::string const& path, std::vector<entry>& into) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "rb"), std::fclose};
  if (!file) throw std::runtime_error{"cannot read " + path};
  for (entry e; std::fread(&e, sizeof e, 1, file.get()) == 1;) into.push_back(e);
}

}  // namespace faults
