// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/warm/jetstream.hpp>

#include <strata/change.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>

#include <boost/test/unit_test.hpp>

#include <nats/nats.h>

#include <signal.h>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// Servers, streams as others made them, and messages as others publish them.
namespace warm_test {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;
namespace js = strata::warm::jetstream_detail;

struct no_context {};
using tier = strata::warm::jetstream::tier<std::string, std::string, no_context>;

inline std::string from_environment(char const* name) {
  char const* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set; test/servers run sets it"};
  return value;
}

inline js::options settings(std::string url = from_environment("STRATA_TEST_NATS")) {
  js::options o;
  o.servers = {std::move(url)};
  o.replicas = 1;
  o.max_bytes = 256 * 1024 * 1024;
  return o;
}

inline strata::deadline in(std::chrono::milliseconds time) { return clock::now() + time; }
/// For calls that shall succeed, however busy the machine and slow its disk.
inline strata::deadline soon() { return in(2min); }

inline strata::frame made(std::string key, std::uint64_t revision, std::string payload = "bytes") {
  strata::frame f;
  f.key = std::move(key);
  f.revision = strata::revision{revision};
  f.codec = "json";
  f.payload = std::move(payload);
  f.sum = checksum(f);
  return f;
}

template <class F>
bool eventually(F f, std::chrono::milliseconds within = 60s) {
  for (auto const until = in(within); clock::now() < until; std::this_thread::sleep_for(5ms))
    if (f()) return true;
  return f();
}

/// Whether it comes to say so, whatever a busy machine lets fail before.
inline bool says(tier const& t, std::string_view text) {
  return eventually([&] { return t.health().text.contains(text); });
}

/// A server of the test's own, which may be stopped, killed and frozen.
class server {
 public:
  explicit server(int number, std::vector<std::string> lines = {})
      : script_{from_environment("STRATA_TEST_SERVERS")},
        folder_{from_environment("STRATA_TEST_FOLDER") + "/nats-" + std::to_string(number)},
        port_{std::stoi(from_environment("STRATA_TEST_PORT")) + number},
        lines_{std::move(lines)} {}
  ~server() {
    if (runs_) (void)try_run("nats stop", "KILL");
  }
  server(server const&) = delete;
  server& operator=(server const&) = delete;

  void start() {
    std::string arguments = std::to_string(port_);
    for (auto const& line : lines_) arguments.append(" '").append(line).append("'");
    run("nats start", arguments);
    runs_ = true;
  }
  void stop(std::string const& signal = "TERM") {
    run("nats stop", signal);
    runs_ = false;
  }
  void freeze() const {
    ::kill(pid(), SIGSTOP);
    std::this_thread::sleep_for(50ms);  // until each of its threads has stopped
  }
  void thaw() const { ::kill(pid(), SIGCONT); }
  void forget_everything() const { (void)std::system(("rm -rf " + folder_ + "/store").c_str()); }
  std::string const& folder() const { return folder_; }
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

 private:
  int try_run(std::string const& verb, std::string const& arguments) const {
    return std::system((script_ + " " + verb + " " + folder_ + " " + arguments).c_str());
  }
  void run(std::string const& verb, std::string const& arguments) const {
    if (try_run(verb, arguments) != 0) throw std::runtime_error{"test/servers " + verb + " failed"};
  }
  pid_t pid() const {
    std::ifstream file{folder_ + "/pid"};
    pid_t p = 0;
    file >> p;
    return p;
  }

  std::string script_;
  std::string folder_;
  int port_;
  std::vector<std::string> lines_;
  bool runs_ = false;
};

/// Another program on the same server.
class other_program {
 public:
  explicit other_program(std::string const& url = from_environment("STRATA_TEST_NATS")) {
    natsConnection* c = nullptr;
    if (natsConnection_ConnectTo(&c, url.c_str()) != NATS_OK) throw std::runtime_error{"cannot connect to " + url};
    connection_.reset(c);
    jsOptions o;
    jsOptions_Init(&o);
    o.Wait = 30'000;
    jsCtx* j = nullptr;
    natsConnection_JetStream(&j, c, &o);
    context_.reset(j);
  }
  natsConnection* connection() const { return connection_.get(); }
  jsCtx* context() const { return context_.get(); }

  /// Publishes as they do: without headers, or with those given, waiting for the acknowledgement.
  bool publish(std::string const& subject, std::string_view payload,
               std::vector<std::pair<std::string, std::string>> const& headers = {}) const {
    natsMsg* raw = nullptr;
    natsMsg_Create(&raw, subject.c_str(), nullptr, payload.data(), static_cast<int>(payload.size()));
    js::message_handle const message{raw};
    for (auto const& [name, value] : headers) natsMsgHeader_Set(raw, name.c_str(), value.c_str());
    return js_PublishMsg(nullptr, context(), raw, nullptr, nullptr) == NATS_OK;
  }
  /// Publishes so many messages on a thousand subjects. \returns whether all of them were acknowledged
  bool fill(std::string const& prefix, std::string_view payload, int messages) const {
    jsOptions o;
    jsOptions_Init(&o);
    o.PublishAsync.MaxPending = 4'000;
    o.PublishAsync.StallWait = 30'000;
    jsCtx* made = nullptr;
    if (natsConnection_JetStream(&made, connection(), &o) != NATS_OK) return false;
    js::context_handle const async{made};
    for (int i = 0; i < messages; ++i)
      if (js_PublishAsync(async.get(), std::format("{}old-{}", prefix, i % 1'000).c_str(), payload.data(),
                          static_cast<int>(payload.size()), nullptr) != NATS_OK)
        return false;
    jsPubOptions wait;
    jsPubOptions_Init(&wait);
    wait.MaxWait = 60'000;
    if (js_PublishAsyncComplete(async.get(), &wait) != NATS_OK) return false;
    natsMsgList failed{};
    return js_PublishAsyncGetPendingList(&failed, async.get()) == NATS_NOT_FOUND;
  }
  /// Creates a stream from the JSON that the server's interface takes. \returns the answer
  std::string create_stream(std::string const& name, std::string const& json) const {
    return ask("$JS.API.STREAM.CREATE." + name, json);
  }
  void delete_stream(std::string const& name) const { js_DeleteStream(context(), name.c_str(), nullptr, nullptr); }
  std::string stream_configuration(std::string const& name) const {
    std::string const answer = ask("$JS.API.STREAM.INFO." + name, "");
    return std::string{js::json::member(answer, "config")};
  }
  /// Deletes the stream and creates an empty one like it, again where the server refuses: it may still be about the old one, or
  /// in the middle of making it anew for somebody else. \returns whether it is there
  bool make_anew(std::string const& name) const {
    std::string const as_it_was = stream_configuration(name);
    delete_stream(name);
    return eventually([&] { return create_stream(name, as_it_was).contains("\"created\""); });
  }
  std::string ask(std::string const& subject, std::string const& question) const {
    natsMsg* raw = nullptr;
    natsConnection_Request(&raw, connection(), subject.c_str(), question.data(), static_cast<int>(question.size()),
                           30'000);
    js::message_handle const message{raw};
    return raw == nullptr ? std::string{} : std::string{js::body(raw)};
  }

 private:
  js::connection_handle connection_;
  js::context_handle context_;
};

/// Hears what others send to a subject.
class listener {
 public:
  listener(other_program const& there, std::string const& subject) : there_{there} {
    if (natsConnection_SubscribeSync(&heard_, there.connection(), subject.c_str()) != NATS_OK)
      throw std::runtime_error{"cannot listen to " + subject};
    natsConnection_Flush(there.connection());
  }
  ~listener() { natsSubscription_Destroy(heard_); }
  listener(listener const&) = delete;
  listener& operator=(listener const&) = delete;

  /// How many messages so far.
  int count() const {
    natsConnection_Flush(there_.connection());
    int messages = 0, bytes = 0;
    natsSubscription_GetPending(heard_, &messages, &bytes);
    return messages;
  }

 private:
  other_program const& there_;
  natsSubscription* heard_ = nullptr;
};

inline std::string fixture(std::string const& name) {
  std::ifstream file{std::string{STRATA_TEST_FIXTURES} + "/" + name, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{file}, {}};
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

inline std::string replaced(std::string text, std::string_view what, std::string_view with) {
  auto const at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error{"the fixture has changed: no " + std::string{what}};
  return text.replace(at, what.size(), with);
}

}  // namespace warm_test
