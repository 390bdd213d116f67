// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <format>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

// A program that speaks NATS without a client. The server stores whatever a message has for headers, also what no client would
// write, nor read.
namespace strata_test {

/// Blocks of headers for which nats.c finds none, not even those that the server adds.
inline constexpr std::array<std::string_view, 3> unreadable_headers{"HTTP/1.1\r\nFoo: x\r\n\r\n", "garbage",
                                                                    "NATS/1.0\r\n y: 1\r\n\r\n"};

class bare_nats {
 public:
  explicit bare_nats(std::string const& url) : socket_{::socket(AF_INET, SOCK_STREAM, 0)} {
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1))));
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    timeval const patience{.tv_sec = 30, .tv_usec = 0};
    if (::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0 ||
        ::connect(socket_, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0)
      throw std::runtime_error{"cannot connect to " + url};
    send("CONNECT {\"verbose\":false,\"pedantic\":false,\"headers\":true}\r\nSUB stored 1\r\n");
  }
  ~bare_nats() { ::close(socket_); }
  bare_nats(bare_nats const&) = delete;
  bare_nats& operator=(bare_nats const&) = delete;

  /// Waits for the stream's acknowledgement.
  void publish(std::string_view subject, std::string_view headers, std::string_view payload) {
    send(std::format("HPUB {} stored {} {}\r\n{}{}\r\n", subject, headers.size(), headers.size() + payload.size(),
                     headers, payload));
    std::array<char, 4096> buffer{};
    for (std::string heard; !heard.contains("\"seq\":");) {
      auto const n = ::recv(socket_, buffer.data(), buffer.size(), 0);
      if (n <= 0) throw std::runtime_error{"no acknowledgement: " + heard};
      heard.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

 private:
  void send(std::string_view text) {
    if (std::cmp_not_equal(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL), text.size()))
      throw std::runtime_error{"the connection is gone"};
  }

  int socket_;
};

}  // namespace strata_test
