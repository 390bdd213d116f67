// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// A wire between a client and a server on this machine that can be slow, counts how often the client waited for an answer,
// and can be cut at the worst moment: after the server has done what it was asked, before the client hears of it.
namespace strata_test {

class tcp_proxy {
 public:
  explicit tcp_proxy(int server_port) : server_port_{server_port}, listener_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in here = at(0);
    socklen_t size = sizeof here;
    if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&here), size) != 0 ||
        ::listen(listener_, 64) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size) != 0)
      throw std::runtime_error{"no proxy"};
    port_ = ntohs(here.sin_port);
    acceptor_ = std::jthread{[this](std::stop_token stop) { accept(stop); }};
  }
  ~tcp_proxy() {
    acceptor_.request_stop();
    acceptor_.join();
    wires_.clear();
    ::close(listener_);
  }

  [[nodiscard]] int port() const noexcept { return port_; }
  /// How often an answer followed a question, over all connections.
  [[nodiscard]] std::uint64_t round_trips() const noexcept { return round_trips_; }
  /// How many connections the server has ended.
  [[nodiscard]] int ended_by_server() const noexcept { return ended_by_server_; }
  /// Added to each answer.
  void delay(std::chrono::microseconds each_way_and_back) noexcept { delay_us_ = each_way_and_back.count(); }
  /// As long as it does, no answer comes through, and what is asked still goes.
  void hold_answers(bool on) noexcept { holding_ = on; }
  enum class part : std::uint8_t { question, answer };
  /// The next `n` answers are swallowed and their connections cut, if the question holds the word; or the questions are. What
  /// comes next counts as the answer, though with NATS it may be one to an earlier question.
  /// \param meanwhile  done before each cut
  void swallow(int n, std::string_view word, part what = part::answer, std::function<void()> meanwhile = {}) {
    std::lock_guard const lock{mutex_};
    word_ = word;
    next_ = {what, std::move(meanwhile)};
    swallow_ = n;
  }
  [[nodiscard]] int still_to_swallow() const noexcept { return swallow_; }

 private:
  static sockaddr_in at(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  void accept(std::stop_token const& stop) {
    while (!stop.stop_requested()) {
      pollfd waiting{listener_, POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      int const client = ::accept(listener_, nullptr, nullptr);
      int const server = ::socket(AF_INET, SOCK_STREAM, 0);
      sockaddr_in there = at(server_port_);
      if (::connect(server, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0) {
        ::close(client), ::close(server);
        continue;
      }
      int const one = 1;
      for (int s : {client, server}) ::setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      wires_.emplace_back([this, client, server](std::stop_token const& end) { carry(end, client, server); });
    }
  }

  void carry(std::stop_token const& stop, int client, int server) {
    std::array<char, 65536> buffer{};
    bool asked = false;
    std::optional<fate> doomed;
    while (!stop.stop_requested()) {
      pollfd both[2] = {{client, POLLIN, 0}, {server, static_cast<short>(holding_ ? 0 : POLLIN), 0}};
      if (::poll(both, 2, 10) <= 0) continue;
      if (both[0].revents != 0) {
        auto const n = ::recv(client, buffer.data(), buffer.size(), 0);
        if (n <= 0) break;
        asked = true;
        if (!doomed) doomed = fate_of({buffer.data(), static_cast<std::size_t>(n)});
        if (doomed && doomed->what == part::question) break;
        if (!send_all(server, buffer.data(), n)) break;
      }
      if (both[1].revents != 0) {
        auto const n = ::recv(server, buffer.data(), buffer.size(), 0);
        if (n <= 0) ++ended_by_server_;
        if (n <= 0 || doomed) break;
        if (asked) {
          ++round_trips_;
          asked = false;
          if (delay_us_ > 0) std::this_thread::sleep_for(std::chrono::microseconds{delay_us_});
        }
        if (!send_all(client, buffer.data(), n)) break;
      }
    }
    if (doomed && doomed->meanwhile) doomed->meanwhile();
    ::close(client), ::close(server);
  }

  struct fate {
    part what = part::answer;
    std::function<void()> meanwhile{};
  };
  std::optional<fate> fate_of(std::string_view question) {
    if (swallow_ <= 0) return std::nullopt;
    std::lock_guard const lock{mutex_};
    if (swallow_ <= 0 || question.find(word_) == std::string_view::npos) return std::nullopt;
    --swallow_;
    return next_;
  }

  static bool send_all(int to, char const* from, ssize_t n) {
    for (ssize_t sent = 0; sent < n;) {
      auto const now = ::send(to, from + sent, static_cast<std::size_t>(n - sent), MSG_NOSIGNAL);
      if (now <= 0) return false;
      sent += now;
    }
    return true;
  }

  int server_port_;
  int listener_;
  int port_ = 0;
  std::atomic<std::uint64_t> round_trips_{0};
  std::atomic<std::int64_t> delay_us_{0};
  std::atomic<int> ended_by_server_{0};
  std::atomic<bool> holding_{false};
  std::atomic<int> swallow_{0};
  std::mutex mutex_;
  std::string word_;
  fate next_;
  std::vector<std::jthread> wires_;
  std::jthread acceptor_;
};

}  // namespace strata_test
