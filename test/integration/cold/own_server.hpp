// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <signal.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

// Servers that a test starts, stops and freezes as it likes.
namespace cold_test {

using namespace std::chrono_literals;

inline std::string environment(char const* name) {
  auto const* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set: run through test/servers"};
  return value;
}

/// A server of this test's own, to be stopped at will.
class own_server {
 public:
  own_server()
      : folder_{environment("STRATA_TEST_FOLDER") + "/cold-" + std::to_string(++made_)},
        port_{std::stoi(environment("STRATA_TEST_PORT")) + made_ % 12} {}  // those of before have been stopped
  ~own_server() {
    freeze(SIGCONT);
    (void)run("stop", " immediate");
  }
  /// \param settings  NAME=VALUE, separated by spaces
  void start(std::string_view settings = "max_connections=40") {
    BOOST_REQUIRE(run("start", std::format(" {} {}", port_, settings)) == 0);
  }
  void stop() { (void)run("stop", " immediate"); }
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string const& folder() const { return folder_; }
  [[nodiscard]] std::string connection() const {
    return std::format("host=127.0.0.1 port={} user=strata dbname=strata", port_);
  }
  [[nodiscard]] postgres::options options() const { return {.connection = connection(), .connections = 4}; }

  /// Sends a signal to the server's every process.
  void freeze(int signal) const {
    std::ifstream file{folder_ + "/postmaster.pid"};
    pid_t parent = 0;
    if (!(file >> parent)) return;
    ::kill(parent, signal);
    for (auto const& entry : std::filesystem::directory_iterator{"/proc"}) {
      std::ifstream stat{entry.path() / "stat"};
      std::string line;
      if (!std::getline(stat, line)) continue;
      auto const after = line.rfind(')');
      if (after == std::string::npos) continue;
      char state = 0;
      pid_t of = 0;
      if (std::sscanf(line.c_str() + after + 1, " %c %d", &state, &of) == 2 && of == parent)
        ::kill(static_cast<pid_t>(std::stoi(entry.path().filename())), signal);
    }
  }

 private:
  int run(std::string_view verb, std::string_view rest) const {
    return std::system(
        std::format("{} postgres {} {}{}", environment("STRATA_TEST_SERVERS"), verb, folder_, rest).c_str());
  }
  static inline int made_ = 0;
  std::string folder_;
  int port_;
};

inline auto now() { return std::chrono::steady_clock::now(); }

template <class F>
bool eventually(F f, std::chrono::milliseconds within = 60s) {
  for (auto const until = in(within); now() < until; std::this_thread::sleep_for(10ms))
    if (f()) return true;
  return false;
}

}  // namespace cold_test
