// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// The servers under fault. test/servers starts and stops them; here they are broken.
namespace faults {

using namespace std::chrono_literals;

inline std::string given(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set: run this through test/servers"};
  return value;
}
inline void run(std::string const& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error{"failed: " + command};
}
/// \returns what a command prints
inline std::string output_of(std::string const& command) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const pipe{::popen(command.c_str(), "r"), ::pclose};
  std::string all;
  for (int c; pipe && (c = std::fgetc(pipe.get())) != EOF;) all += static_cast<char>(c);
  return all;
}

/// A process with all of its children, stopped in the middle of whatever they do.
class frozen {
 public:
  explicit frozen(::pid_t first) : all_{first} {
    for (std::size_t n = 0; n < all_.size(); ++n) {
      ::kill(all_[n], SIGSTOP);
      std::ifstream children{std::format("/proc/{}/task/{}/children", all_[n], all_[n])};
      for (::pid_t child; children >> child;) all_.push_back(child);
    }
  }
  frozen(frozen const&) = delete;
  frozen& operator=(frozen const&) = delete;
  ~frozen() {
    for (auto const p : all_) ::kill(p, SIGCONT);
  }

 private:
  std::vector<::pid_t> all_;
};

class server {
 public:
  /// \param way  what comes before test/servers, if it runs elsewhere
  server(std::string kind, std::string folder, std::string host, int port, std::string lines = {}, std::string way = {})
      : kind_{std::move(kind)},
        folder_{std::move(folder)},
        host_{std::move(host)},
        port_{port},
        lines_{std::move(lines)},
        way_{std::move(way)} {}

  void start() const { run(std::format("{} {} {} start {} {} {}", way_, script(), kind_, folder_, port_, lines_)); }
  /// \param how  a signal for NATS; smart, fast or immediate for PostgreSQL
  void stop(std::string_view how) const { run(std::format("{} {} stop {} {}", script(), kind_, folder_, how)); }
  [[nodiscard]] ::pid_t process() const {
    return std::stoi(output_of(std::format("{} pid {} {}", script(), kind_, folder_)));
  }
  [[nodiscard]] std::string const& folder() const { return folder_; }
  [[nodiscard]] std::string store() const { return folder_ + "/store"; }
  [[nodiscard]] std::string url() const { return std::format("nats://{}:{}", host_, port_); }
  [[nodiscard]] std::string const& host() const { return host_; }
  [[nodiscard]] int port() const { return port_; }

 private:
  static std::string script() { return given("STRATA_TEST_SERVERS"); }

  std::string kind_, folder_, host_;
  int port_;
  std::string lines_, way_;
};

/// The two that test/servers has started for this run.
inline server nats_of_this_run() {
  auto const url = given("STRATA_TEST_NATS");
  return {"nats", given("STRATA_TEST_FOLDER") + "/nats", "127.0.0.1", std::stoi(url.substr(url.rfind(':') + 1))};
}
inline server postgres_of_this_run() {
  auto const line = given("STRATA_TEST_POSTGRES");
  return {"postgres", given("STRATA_TEST_FOLDER") + "/postgres", "127.0.0.1",
          std::stoi(line.substr(line.find("port=") + 5))};
}

/// Asks NATS what any client may ask, over a socket of its own: the protocol is lines of text.
/// \returns the answer's payload; empty when there was none within two seconds
inline std::string ask_nats(server const& where, std::string_view subject, std::string_view question = {}) {
  int const s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::sockaddr_in address{.sin_family = AF_INET,
                        .sin_port = htons(static_cast<std::uint16_t>(where.port())),
                        .sin_addr = {},
                        .sin_zero = {}};
  ::inet_pton(AF_INET, where.host().c_str(), &address.sin_addr);
  ::timeval const patience{.tv_sec = 2, .tv_usec = 0};
  ::setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string heard;
  if (::connect(s, reinterpret_cast<::sockaddr*>(&address), sizeof address) == 0) {
    std::string const words =
        std::format("CONNECT {{\"verbose\":false}}\r\nSUB answers 1\r\nPUB {} answers {}\r\n{}\r\n", subject,
                    question.size(), question);
    (void)::send(s, words.data(), words.size(), MSG_NOSIGNAL);
    char piece[65536];
    std::size_t message = std::string::npos;
    for (;;) {
      auto const n = ::recv(s, piece, sizeof piece, 0);
      if (n <= 0) break;
      heard.append(piece, static_cast<std::size_t>(n));
      if (message == std::string::npos) message = heard.find("MSG answers ");
      if (message == std::string::npos) continue;
      auto const line_end = heard.find("\r\n", message);
      if (line_end == std::string::npos) continue;
      auto const size = std::stoul(heard.substr(heard.rfind(' ', line_end) + 1));
      if (heard.size() < line_end + 2 + size) continue;
      ::close(s);
      return heard.substr(line_end + 2, size);
    }
  }
  ::close(s);
  return {};
}

}  // namespace faults
