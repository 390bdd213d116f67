// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/sqlite/fault.hpp>
#include <strata/concepts/warm.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <random>
#include <string>
#include <thread>

// One process at a time writes and checkpoints. SQLite's own lock would do for the writing, but until 3.51.3 one
// process that checkpoints while another begins to write may, very rarely, lose what was committed; so whoever does
// either has the turn. It is a lock on a file of its own (to close the database's file would let go of SQLite's locks
// on it), and ends with whoever has it.
namespace strata::cold::lite {

class turn {
 public:
  explicit turn(std::string const& file) : file_{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)} {
    if (file_ < 0) throw fault{SQLITE_CANTOPEN, file + ": " + std::strerror(errno)};
  }
  turn(turn const&) = delete;
  turn& operator=(turn const&) = delete;
  ~turn() { ::close(file_); }

  /// \param stop  ends the wait
  /// \errors throws a fault: busy, if it was not had by the deadline
  void take(deadline until, std::atomic<bool> const* stop = nullptr) {
    using clock = std::chrono::steady_clock;
    for (auto pause = std::chrono::microseconds{50}; ::flock(file_, LOCK_EX | LOCK_NB) != 0;) {
      if (errno != EWOULDBLOCK && errno != EINTR) throw fault{SQLITE_IOERR_LOCK, std::strerror(errno)};
      auto const left = until - clock::now();
      if (left <= clock::duration{} || (stop != nullptr && *stop)) throw fault{SQLITE_BUSY, "it writes without end"};
      std::this_thread::sleep_for(std::min<clock::duration>(pause, left));
      pause = std::min(pause * 2, std::chrono::microseconds{500 + jitter() % 500});
    }
  }
  void give_back() noexcept { ::flock(file_, LOCK_UN); }

 private:
  // Two that wait are not to ask in step.
  static unsigned jitter() {
    static thread_local std::minstd_rand random{std::random_device{}()};
    return static_cast<unsigned>(random());
  }

  int const file_;
};

}  // namespace strata::cold::lite
