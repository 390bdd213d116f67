// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "journal.hpp"
#include "servers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <format>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Workers as child processes: two pipes, and signals.
namespace faults {

class child {
 public:
  child(std::string const& program, std::vector<std::string> const& arguments) {
    std::array<int, 2> in{}, out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error{"no pipe"};
    std::vector<char*> words{const_cast<char*>(program.c_str())};
    for (auto const& a : arguments) words.push_back(const_cast<char*>(a.c_str()));
    words.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::signal(SIGPIPE, SIG_DFL);
      ::dup2(in[0], 0), ::dup2(out[1], 1);
      ::execv(program.c_str(), words.data());
      ::_exit(127);
    }
    ::close(in[0]), ::close(out[1]);
    to_ = in[1], from_ = out[0];
    if (process_ < 0) throw std::runtime_error{"no process"};
  }
  child(child const&) = delete;
  child& operator=(child const&) = delete;
  ~child() {
    if (!status_) {
      ::kill(process_, SIGKILL);
      (void)wait();
    }
    ::close(to_), ::close(from_);
  }

  [[nodiscard]] ::pid_t process() const { return process_; }
  void say(std::string_view line) const {
    std::string const all = std::string{line} + '\n';
    (void)::write(to_, all.data(), all.size());  // who is dead hears nothing
  }
  /// \returns a line; empty when the child has ended, or said nothing in that time
  std::string hear(std::chrono::milliseconds within) {
    auto const until = now() + within.count() * millisecond;
    for (;;) {
      if (auto const end = heard_.find('\n'); end != std::string::npos) {
        std::string line = heard_.substr(0, end);
        heard_.erase(0, end + 1);
        return line;
      }
      ::pollfd waiting{from_, POLLIN, 0};
      auto const left = (until - now()) / millisecond;
      if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) <= 0) return {};
      char piece[4096];
      auto const n = ::read(from_, piece, sizeof piece);
      if (n <= 0) return {};
      heard_.append(piece, static_cast<std::size_t>(n));
    }
  }
  void kill() const { ::kill(process_, SIGKILL); }
  /// \returns the status of its end, once it has ended by itself or by a signal
  int wait() {
    while (!status_) {
      int status = 0;
      if (::waitpid(process_, &status, 0) == process_) status_ = status;
    }
    return *status_;
  }
  [[nodiscard]] bool ended() {
    int status = 0;
    if (!status_ && ::waitpid(process_, &status, WNOHANG) == process_) status_ = status;
    return status_.has_value();
  }
  [[nodiscard]] bool killed() { return ended() && WIFSIGNALED(*status_) && WTERMSIG(*status_) == SIGKILL; }

 private:
  ::pid_t process_ = 0;
  int to_ = -1, from_ = -1;
  std::string heard_;
  std::optional<int> status_;
};

}  // namespace faults
