// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "http.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <exception>
#include <optional>
#include <system_error>
#include <thread>

namespace knowledge_tool {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t most_connections = 256;
constexpr std::size_t most_pages = 128;
constexpr std::size_t most_questions = 64;  // that wait for the two threads which ask
constexpr std::uint32_t most_header_bytes = 8 << 10;
constexpr auto idle_within = 60s;
constexpr auto write_within = 10s;

// Nothing from elsewhere, nothing in line, nobody's frame: what an asset holds is text, whatever it says.
constexpr char const* policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'";

std::optional<std::string> decoded(std::string_view text, bool form) {
  auto const digit = [](char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
  };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0) return std::nullopt;
      plain.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      plain.push_back(form && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return plain;
}

std::optional<http_request> parsed(std::string_view target) {
  auto const mark = target.find('?');
  auto path = decoded(target.substr(0, mark), false);
  if (!path || !path->starts_with('/')) return std::nullopt;
  http_request one{std::move(*path), {}};
  for (auto end = mark; end != std::string_view::npos && one.parameters.size() < 16;) {
    target.remove_prefix(end + 1);
    end = target.find('&');
    auto const pair = target.substr(0, end);
    auto const equals = pair.find('=');
    auto name = decoded(pair.substr(0, equals), true);
    auto value = decoded(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!name || !value) return std::nullopt;
    one.parameters.emplace_back(std::move(*name), std::move(*value));
  }
  return one;
}

}  // namespace

struct http_server::inside {
  using request_type = http::request<http::empty_body>;
  using response_type = http::response<http::string_body>;

  options settings;
  handler answer;
  std::size_t connections = 0, questions = 0;
  std::atomic<std::size_t> pages{0};
  asio::io_context context{1};  // after what its coroutines look at when they end
  asio::thread_pool askers{2};
  tcp::acceptor acceptor{context};
  std::shared_ptr<std::string const> first = std::make_shared<std::string const>();
  std::shared_ptr<std::string const> news = first;
  std::uint64_t told = 0;
  asio::steady_timer bell{context, asio::steady_timer::time_point::max()};  // rung by cancelling it
  std::thread thread;

  inside(options s, handler a) : settings{std::move(s)}, answer{std::move(a)} {
    tcp::endpoint const place{asio::ip::make_address(settings.address), settings.port};
    acceptor.open(place.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address{true});
    acceptor.bind(place);
    acceptor.listen();
    auto const own = place.address().is_v6() ? "[" + settings.address + "]" : settings.address;
    settings.names.insert(settings.names.end(), {"localhost", "127.0.0.1", "[::1]", own});
    asio::co_spawn(context, accept(), asio::detached);
    thread = std::thread{[this] { context.run(); }};
  }
  ~inside() {
    context.stop();
    askers.stop();  // whose turn has not come yet gets no answer any more
    thread.join();
    askers.join();
  }

  asio::awaitable<void> accept() {
    for (;;) {
      beast::error_code failed;
      auto socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
      if (failed) {  // out of descriptors, most likely: those who have one go on
        asio::steady_timer pause{context, 100ms};
        co_await pause.async_wait(asio::use_awaitable);
        continue;
      }
      if (connections >= most_connections) continue;
      ++connections;
      asio::co_spawn(context, serve(beast::tcp_stream{std::move(socket)}), [this](std::exception_ptr const&) {
        --connections;  // whatever ended it: the other side is gone or was too slow
      });
    }
  }

  asio::awaitable<void> serve(beast::tcp_stream stream) {
    beast::flat_buffer buffer{most_header_bytes + 1024};
    for (bool first_request = true;; first_request = false) {
      http::request_parser<http::empty_body> parser;
      parser.header_limit(most_header_bytes);
      beast::error_code failed;
      // The whole of a request has to arrive within this, not each of its bytes.
      stream.expires_after(first_request ? settings.request_within
                                         : std::chrono::milliseconds{std::min<std::chrono::milliseconds>(
                                               idle_within, settings.request_within * 6)});
      co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, failed));
      if (failed == http::error::end_of_stream || failed == beast::error::timeout) break;
      if (failed) {
        bool const large = failed == http::error::header_limit || failed == http::error::buffer_overflow;
        bool const body = failed == http::error::unexpected_body;
        auto const status = large  ? http::status::request_header_fields_too_large
                            : body ? http::status::payload_too_large
                                   : http::status::bad_request;
        co_await send(stream, refusal(status, 11, failed.message()));
        break;
      }
      auto const request = parser.release();
      bool const head = request.method() == http::verb::head;
      if (auto refused = objection(request)) {
        refused->keep_alive(false);
        co_await send(stream, std::move(*refused), head);
        break;
      }
      auto asked = parsed(request.target());
      if (!asked) {
        co_await send(stream, refusal(http::status::bad_request, request.version(), "not a path"), head);
        break;
      }
      if (asked->path == settings.stream && !head) co_return co_await listen(std::move(stream), request.version());
      auto response = co_await respond(*asked, request.version());
      response.keep_alive(request.keep_alive());
      bool const stays = response.keep_alive();
      co_await send(stream, std::move(response), head);
      if (!stays) break;
    }
    beast::error_code ignored;
    stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
  }

  asio::awaitable<response_type> respond(http_request const& asked, unsigned version) {
    if (asked.path == settings.stream) co_return response(http::status::ok, version, "text/event-stream", {});
    for (auto const& file : settings.files)
      if (file.path == asked.path)
        co_return response(http::status::ok, version, file.content_type, std::string{file.content});
    if (questions >= most_questions)
      co_return refusal(http::status::service_unavailable, version, "too many questions at once");
    ++questions;
    // A question may wait for a server; meanwhile the others are served. (A coroutine of its own on the other threads would
    // stand in their queue a second time, with its answer, behind all who wait for their turn.)
    http_response given{.status = 500};
    auto const ask = [&](auto answered) {
      asio::post(askers, [&, answered = std::move(answered)]() mutable {
        try {
          given = answer(asked);
        } catch (std::exception const&) {  // told as what it is, without its text
        }
        asio::post(std::move(answered));
      });
    };
    co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(ask, asio::use_awaitable);
    --questions;
    if (given.status == 500)
      co_return refusal(http::status::internal_server_error, version, "this could not be answered");
    co_return response(static_cast<http::status>(given.status), version, given.content_type, std::move(given.body));
  }

  /// Tells one page what publish() tells, until it goes.
  asio::awaitable<void> listen(beast::tcp_stream stream, unsigned version) {
    if (pages >= most_pages)
      co_return co_await send(stream, refusal(http::status::service_unavailable, version, "too many pages are open"));
    ++pages;
    struct leaving {
      std::atomic<std::size_t>& pages;
      ~leaving() { --pages; }
    } const goes{pages};
    auto head = response(http::status::ok, version, "text/event-stream", {});
    head.keep_alive(false);
    head.erase(http::field::content_length);
    http::response<http::empty_body> begin{std::move(head.base())};
    http::response_serializer<http::empty_body> serializer{begin};
    stream.expires_after(write_within);
    co_await http::async_write_header(stream, serializer, asio::use_awaitable);
    auto seen = told;
    for (auto text = first;; text = news) {
      stream.expires_after(write_within);
      co_await asio::async_write(stream, asio::buffer(*text), asio::use_awaitable);
      while (seen == told) {
        beast::error_code rung;
        co_await bell.async_wait(asio::redirect_error(asio::use_awaitable, rung));
      }
      seen = told;
    }
  }

  /// Why a request is not answered, if so.
  [[nodiscard]] std::optional<response_type> objection(request_type const& r) const {
    if (r.method() != http::verb::get && r.method() != http::verb::head) {
      auto one = refusal(http::status::method_not_allowed, r.version(), "this server only reads");
      one.set(http::field::allow, "GET, HEAD");
      return one;
    }
    std::string_view const host = r[http::field::host];
    auto const port = host.find(':', host.starts_with('[') ? host.find(']') : 0);
    auto const name = host.substr(0, port);
    if (r.count(http::field::host) != 1 || std::ranges::find(settings.names, name) == settings.names.end())
      return refusal(http::status::misdirected_request, r.version(), "this server does not go by that name");
    std::string_view const origin = r[http::field::origin];
    bool const ours =
        origin.empty() || origin == "http://" + std::string{host} || origin == "https://" + std::string{host};
    std::string_view const from = r["Sec-Fetch-Site"];
    // Whoever follows a link to the page itself may come from anywhere.
    bool const link = r.target() == "/" && r["Sec-Fetch-Mode"] == "navigate";
    if (!ours || !(from.empty() || from == "same-origin" || from == "none" || link))
      return refusal(http::status::forbidden, r.version(), "pages of other origins are not answered");
    return std::nullopt;
  }

  static response_type response(http::status status, unsigned version, std::string_view type, std::string body) {
    response_type r{status, version};
    r.set(http::field::server, "knowledge");
    r.set(http::field::content_type, type);
    r.set(http::field::cache_control, "no-store");
    r.set("Content-Security-Policy", policy);
    r.set("X-Content-Type-Options", "nosniff");
    r.set("Referrer-Policy", "no-referrer");
    r.set("Cross-Origin-Resource-Policy", "same-origin");
    r.set("Cross-Origin-Opener-Policy", "same-origin");
    r.body() = std::move(body);
    r.prepare_payload();
    return r;
  }
  static response_type refusal(http::status status, unsigned version, std::string_view why) {
    auto r = response(status, version, "text/plain; charset=utf-8", std::string{why} + "\n");
    r.keep_alive(false);
    return r;
  }

  static asio::awaitable<void> send(beast::tcp_stream& stream, response_type response, bool head = false) {
    stream.expires_after(write_within);
    if (!head) {
      co_await http::async_write(stream, response, asio::use_awaitable);
      co_return;
    }
    http::response<http::empty_body> bare{std::move(response.base())};
    http::response_serializer<http::empty_body> serializer{bare};
    co_await http::async_write_header(stream, serializer, asio::use_awaitable);
  }
};

http_server::http_server(options settings, handler answer) try
    : inside_{std::make_unique<inside>(std::move(settings), std::move(answer))} {
} catch (boost::system::system_error const& why) {  // which is none of the standard's
  throw std::system_error{std::error_code{why.code()}};
}
http_server::~http_server() = default;

unsigned short http_server::port() const noexcept {
  beast::error_code ignored;
  return inside_->acceptor.local_endpoint(ignored).port();
}
std::size_t http_server::pages() const noexcept { return inside_->pages; }

void http_server::publish(std::string first, std::string news) {
  asio::post(inside_->context, [in = inside_.get(), first = std::make_shared<std::string const>(std::move(first)),
                                news = std::make_shared<std::string const>(std::move(news))] {
    in->first = first;
    in->news = news;
    ++in->told;
    in->bell.cancel();
  });
}

}  // namespace knowledge_tool
