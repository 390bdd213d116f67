// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A small web server for one page and those who look at it: it reads and never writes. It knows nothing of caches.
// What it refuses: methods other than GET and HEAD, names of this host that it does not know (a foreign page whose name was
// pointed here), foreign origins, bodies, headers beyond 8 KiB, requests that take longer than ten seconds to arrive, and
// more than a bounded number of anything at once.
namespace knowledge_tool {

struct http_request {
  std::string path;
  std::vector<std::pair<std::string, std::string>> parameters;

  /// The first of that name, or nothing.
  [[nodiscard]] std::string_view operator[](std::string_view name) const {
    for (auto const& [key, value] : parameters)
      if (key == name) return value;
    return {};
  }
};

struct http_response {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string body{};
};

/// One of the page's files, which stay as long as the program.
struct http_file {
  std::string_view path, content_type, content;
};

class http_server {
 public:
  struct options {
    std::string address = "127.0.0.1";
    unsigned short port = 0;           ///< zero: any that is free
    std::vector<std::string> names{};  ///< by which browsers may call this host, besides the loopback's and the address
    std::vector<http_file> files{};
    std::string_view stream{};  ///< the path under which each page hears what publish() tells
    std::chrono::milliseconds request_within{10'000};
  };
  using handler = std::function<http_response(http_request const&)>;

  /// Begins to listen. `answer` is asked for what is no file, on few threads of the server's own.
  /// \throws std::system_error: the address cannot be used
  http_server(options settings, handler answer);
  http_server(http_server const&) = delete;
  ~http_server();

  [[nodiscard]] unsigned short port() const noexcept;
  [[nodiscard]] std::size_t pages() const noexcept;  ///< that listen to the stream

  /// Tells all pages the same, at once. \param first  what a page is told that comes later, before the next `news`
  void publish(std::string first, std::string news);

 private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace knowledge_tool
