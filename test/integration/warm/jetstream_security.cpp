// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// Who may connect, to whom, and what they may do there.
using namespace warm_test;
using strata::errc;
using strata::operation;
using strata::revision;
using strata::secret;

BOOST_AUTO_TEST_SUITE(security)

namespace {

std::string folder_of(std::string const& name) {
  std::string folder = from_environment("STRATA_TEST_FOLDER") + "/" + name;
  BOOST_REQUIRE(std::system(("mkdir -p " + folder).c_str()) == 0);
  return folder;
}
void write(std::string const& path, std::string_view text) {
  // Renamed into its place, as those do who change a secret under running programs.
  std::ofstream{path + ".new", std::ios::binary} << text;
  BOOST_REQUIRE(std::rename((path + ".new").c_str(), path.c_str()) == 0);
}
std::string contents(std::string const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

bool works(tier& t) {
  static std::uint64_t r = 0;
  return t.wait_ready(soon()) && t.store(made("k", ++r), {}, soon());
}
/// Why it does not get ready, which must say so much.
void refused(js::options const& o, std::string_view why) {
  tier t{o, no_context{}};
  BOOST_TEST(says(t, why), t.health().text);
  auto const ready = t.load("k", soon());
  BOOST_REQUIRE(!ready);
  BOOST_TEST((ready.error() == errc::unavailable));
  BOOST_TEST_MESSAGE(ready.error().text());
}

}  // namespace

BOOST_AUTO_TEST_CASE(wrong_credentials_are_told_without_the_secret_and_right_ones_work) {
  server s{8, {"authorization { user: strata, password: open-sesame }"}};
  s.start();
  auto o = settings(s.url());
  o.user = "strata";
  o.password = "guessed-wrong";
  {
    tier t{o, no_context{}};
    BOOST_TEST(says(t, "uthenticat"), t.health().text);
    BOOST_TEST((t.load("k", soon()).error() == errc::unavailable));
    BOOST_TEST(!t.health().text.contains("guessed-wrong"));
  }
  o.password = "open-sesame";
  tier t{o, no_context{}};
  BOOST_TEST(t.wait_ready(soon()).has_value());
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(credentials_that_change_on_the_server_are_tried_for_ever) {
  server s{9, {"authorization { token: first }"}};
  s.start();
  auto o = settings(s.url());
  o.token = "first";
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  s.stop();
  server other{9, {"authorization { token: second }"}};
  other.start();
  BOOST_TEST(eventually([&] { return !t.health().up; }));
  std::this_thread::sleep_for(1500ms);  // refused twice in a row: the client has closed for good
  BOOST_TEST((t.load("k", soon()).error() == errc::unavailable));
  other.stop();
  s.start();
  BOOST_TEST(t.wait_ready(soon()).has_value());
}

BOOST_AUTO_TEST_CASE(a_password_in_a_file_may_change) {
  std::string const folder = folder_of("secrets");
  std::string const file = folder + "/password";
  server s{9, {"authorization { user: strata, password: first }"}};
  s.start();
  auto o = settings(s.url());
  o.user = "strata";
  o.password = secret::in_file(folder);
  refused(o, folder);
  o.password = secret::in_file(file);
  tier t{o, no_context{}};
  BOOST_TEST(says(t, file), t.health().text);
  write(file, "first\n");
  BOOST_TEST(works(t));
  s.stop();
  server other{9, {"authorization { user: strata, password: \"second one\" }"}};
  other.start();
  BOOST_TEST(eventually([&] { return !t.health().up; }));
  write(file, "second one");
  BOOST_TEST(works(t));
  other.stop();
}

BOOST_AUTO_TEST_CASE(a_password_may_come_from_a_function) {
  server s{9, {"authorization { user: strata, password: spoken }"}};
  s.start();
  struct vault {
    std::atomic<int> asked = 0;
    static std::string open(void* it) {
      int const times = ++static_cast<vault*>(it)->asked;
      if (times == 1) throw std::runtime_error{"the vault says 12345"};
      return times == 2 ? "" : "spoken";
    }
  } safe;
  auto o = settings(s.url());
  o.user = "strata";
  o.password = secret::from(vault::open, &safe);
  tier t{o, no_context{}};
  BOOST_TEST(works(t));
  BOOST_TEST(safe.asked >= 3);
  s.stop();
}

BOOST_AUTO_TEST_CASE(a_credentials_file_and_an_nkey_open_an_account) {
  std::string const folder = folder_of("accounts");
  BOOST_REQUIRE(std::system((std::string{STRATA_TEST_ACCOUNTS} + " " + folder).c_str()) == 0);
  {
    server s{9, {contents(folder + "/server.conf")}};
    s.start();
    auto o = settings(s.url());
    refused(o, "uthenticat");
    o.credentials_file = folder + "/user.creds";
    tier t{o, no_context{}};
    BOOST_TEST(works(t));
    std::string forged = contents(o.credentials_file);
    auto const at = forged.find("------END NATS USER JWT") - 20;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    write(folder + "/forged.creds", forged);
    o.credentials_file = folder + "/forged.creds";
    refused(o, "uthenticat");
    o.credentials_file = folder + "/nowhere.creds";
    refused(o, "connect to");
  }
  server s{9, {"authorization { users: [ { nkey: " + contents(folder + "/user.pub") + " } ] }"}};
  s.start();
  auto o = settings(s.url());
  refused(o, "uthenticat");
  o.nkey = contents(folder + "/user.pub");
  o.nkey_seed_file = folder + "/user.seed";
  tier t{o, no_context{}};
  BOOST_TEST(works(t));
}

namespace {
/// An authority, one that is not trusted, and a server's certificates for several hosts.
class certificates {
 public:
  certificates() {
    for (std::string const name : {"ours", "theirs"})
      run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name +
          "-authority -keyout " + name + ".key -out " + name + ".pem");
    run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=server -keyout server.key "
        "-out server.csr");
    for (std::string const host : {"IP:127.0.0.1", "IP:192.0.2.1", "DNS:localhost", "DNS:elsewhere.example"})
      run("echo subjectAltName=" + host + " > names && openssl x509 -req -in server.csr -CA ours.pem -CAkey ours.key " +
          "-days 2 -extfile names -out " + host + ".pem");
    run("echo subjectAltName=IP:127.0.0.1 > names && openssl x509 -req -in server.csr -CA ours.pem -CAkey ours.key " +
        std::string{"-not_before 20200101000000Z -not_after 20200102000000Z -extfile names -out expired.pem"});
  }
  std::string authority(std::string const& name) const { return folder_ + "/" + name + ".pem"; }
  std::string key() const { return folder_ + "/server.key"; }
  /// \param more  further settings of the server's tls block
  std::vector<std::string> line(std::string const& certificate, std::string const& more = {}) const {
    return {"tls { cert_file: \"" + authority(certificate) + "\", key_file: \"" + key() + "\"" + more + " }"};
  }

 private:
  void run(std::string const& command) const {
    BOOST_REQUIRE_EQUAL(std::system(("cd " + folder_ + " && (" + command + ") 2> log").c_str()), 0);
  }
  std::string folder_ = folder_of("tls");
};

std::string at_localhost(server const& s) { return "tls://localhost" + s.url().substr(s.url().rfind(':')); }
}  // namespace

BOOST_AUTO_TEST_CASE(tls_is_verified_in_full) {
  certificates const all;
  for (std::string const kind : {"IP:127.0.0.1", "DNS:localhost"}) {
    server s{9, all.line(kind)};
    s.start();
    auto o = settings(kind.starts_with("IP") ? s.url() : at_localhost(s));
    o.tls_ca_file = all.authority("ours");
    {
      tier t{o, no_context{}};
      BOOST_TEST(works(t));
      BOOST_TEST(t.store(made("large", 1, std::string(300'000, 'x')), {}, soon()).has_value());
      BOOST_TEST(t.load("large", soon())->frame->payload.size() == 300'000U);
    }
    o.tls_ca_file = all.authority("theirs");
    refused(o, "SSL");
    o.tls_ca_file.clear();
    o.servers = {"tls" + s.url().substr(4)};
    refused(o, "SSL");
    o = settings(kind.starts_with("IP") ? at_localhost(s) : s.url());  // the same server by a name it does not prove
    o.tls_ca_file = all.authority("ours");
    refused(o, "SSL");
  }
  for (std::string const kind : {"IP:192.0.2.1", "DNS:elsewhere.example", "expired"}) {
    server impostor{9, all.line(kind)};
    impostor.start();
    for (auto const& url : {impostor.url(), at_localhost(impostor)}) {
      auto o = settings(url);
      o.tls_ca_file = all.authority("ours");
      refused(o, "SSL");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_server_may_ask_for_a_certificate_too) {
  certificates const all;
  server s{9, all.line("IP:127.0.0.1", ", verify: true, ca_file: \"" + all.authority("ours") + "\"")};
  s.start();
  auto o = settings(s.url());
  o.tls_ca_file = all.authority("ours");
  {
    tier t{o, no_context{}};
    BOOST_TEST(!t.load("k", soon()));
  }
  o.tls_certificate_file = all.authority("DNS:elsewhere.example");
  o.tls_key_file = all.key();
  tier t{o, no_context{}};
  BOOST_TEST(works(t));
}

BOOST_AUTO_TEST_CASE(a_server_that_speaks_plainly_is_refused_where_tls_is_wanted) {
  auto o = settings();
  o.servers = {"tls" + o.servers[0].substr(4)};
  tier t{o, no_context{}};
  BOOST_TEST(!t.load("k", soon()));
}

namespace {

/// What the process writes to standard output and standard error meanwhile.
class captured {
 public:
  explicit captured(std::string path) : path_{std::move(path)} {
    std::fflush(nullptr);
    int const file = ::open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    for (int fd : {1, 2}) kept_.push_back(::dup(fd)), ::dup2(file, fd);
    ::close(file);
  }
  std::string end() {
    std::fflush(nullptr);
    for (int fd : {1, 2})
      ::dup2(kept_[static_cast<std::size_t>(fd - 1)], fd), ::close(kept_[static_cast<std::size_t>(fd - 1)]);
    return contents(path_);
  }

 private:
  std::string path_;
  std::vector<int> kept_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(planted_secrets_are_found_nowhere) {
  std::string const folder = folder_of("planted");
  std::string const planted = "PLANTED";  // in each of them
  server s{9, {"authorization { user: strata, password: right }"}};
  s.start();
  write(folder + "/secret", "PLANTED-in-a-file");
  write(folder + "/user.creds", "-----BEGIN NATS USER JWT-----\nPLANTED\n------END NATS USER JWT------\n");
  write(folder + "/user.seed", "SUPLANTED");
  auto const host = s.url().substr(7);
  auto const with = [&](auto change) {
    auto o = settings(s.url());
    change(o);
    return o;
  };
  std::vector<js::options> const all{
      with([&](auto& o) { o.servers = {"nats://strata:PLANTED@" + host}; }),
      with([&](auto& o) { o.servers = {"nats://PLANTED@" + host}; }),
      with([&](auto& o) { o.servers = {"nats://strata:PLANTED@nowhere.invalid:4222"}; }),
      with([&](auto& o) { o.servers = {"nats://strata:PLANTED@127.0.0.1:1"}; }),
      with([&](auto& o) { o.servers = {"nats://strata:PLANTED@127.0.0.1:99999"}; }),
      with([&](auto& o) { o.servers = {"nats://strata:PLANTED@" + host + ":x"}; }),
      with([&](auto& o) { o.servers = {"tls://strata:PLANTED@" + host}; }),
      with([&](auto& o) { o.user = "strata", o.password = "PLANTED"; }),
      with([&](auto& o) { o.user = "strata", o.password = secret::in_file(folder + "/secret"); }),
      with([&](auto& o) { o.token = "PLANTED"; }),
      with([&](auto& o) { o.token = secret::from([](void*) -> std::string { throw std::runtime_error{"PLANTED"}; }); }),
      with([&](auto& o) { o.credentials_file = folder + "/user.creds"; }),
      with([&](auto& o) { o.nkey = "UPUBLIC", o.nkey_seed_file = folder + "/user.seed"; }),
  };
  captured output{folder + "/output"};
  std::string said;
  for (auto const& o : all) {
    try {
      tier t{o, no_context{}};
      auto const tried = t.load("k", soon());
      said += std::format("{}\n", tried ? std::string{"ready?"} : std::format("{}", tried.error()));
      said += t.health().text + "\n" + std::format("{}\n", t.wait_ready(in(20ms)).error());
      said += std::format("{}\n", t.store(made("k", 1), {}, in(50ms)).error());
    } catch (strata::open_error const& e) {
      said += std::format("{}\n", e.what());
    }
  }
  std::string const written = output.end();
  BOOST_TEST(!said.contains("ready?"));
  BOOST_TEST(!said.contains(planted), said);
  BOOST_TEST(written == "");
  BOOST_TEST_MESSAGE(said);
  s.stop();
}

namespace {

/// A client that may do what a user may, by hand, and hears of refusals.
class by_hand {
 public:
  explicit by_hand(std::string const& url) {
    natsOptions* raw = nullptr;
    natsOptions_Create(&raw);
    js::options_handle const options{raw};
    natsOptions_SetURL(raw, url.c_str());
    natsOptions_SetCustomInboxPrefix(raw, "_INBOX_STRATA");
    natsOptions_SetErrorHandler(raw, on_error, nullptr);
    natsConnection* c = nullptr;
    BOOST_REQUIRE(natsConnection_Connect(&c, raw) == NATS_OK);
    connection_.reset(c);
  }
  ~by_hand() { natsConnection_Close(connection_.get()); }
  by_hand(by_hand const&) = delete;
  by_hand& operator=(by_hand const&) = delete;

  bool may_publish(std::string const& subject, std::string_view text = {}) {
    natsConnection_Publish(connection_.get(), subject.c_str(), text.data(), static_cast<int>(text.size()));
    return !refused(subject);
  }
  bool may_listen(std::string const& subject) {
    natsSubscription* made = nullptr;
    natsConnection_SubscribeSync(&made, connection_.get(), subject.c_str());
    js::subscription_handle const kept{made};
    return !refused(subject);
  }

 private:
  // The client's threads may tell something when the connection is gone.
  static inline std::mutex guard_;
  static inline std::string texts_;
  static void on_error(natsConnection*, natsSubscription*, natsStatus, void*) {
    char const* const text = nats_GetLastError(nullptr);
    std::scoped_lock const lock{guard_};
    if (text != nullptr) texts_ += text;
  }
  /// Refusals are told in the order of what was asked: once that of a subject which nobody may use is heard, all before
  /// it have been.
  bool refused(std::string const& subject) {
    std::string const last = "refused.to.all." + std::to_string(++asked_);
    natsConnection_Publish(connection_.get(), last.c_str(), nullptr, 0);
    natsConnection_FlushTimeout(connection_.get(), 30'000);
    BOOST_REQUIRE(eventually([&] { return told(last); }));
    return told(subject);
  }
  static bool told(std::string const& subject) {
    std::scoped_lock const lock{guard_};
    return texts_.contains("\"" + subject + "\"");
  }

  js::connection_handle connection_;
  int asked_ = 0;
};

std::string as(std::string const& user, server const& s) { return "nats://" + user + ":secret@" + s.url().substr(7); }
js::options least(server const& s) {
  auto o = settings(as("cache", s));
  o.inbox_prefix = "_INBOX_STRATA";
  return o;
}
std::vector<std::string> users(std::string const& permissions) {
  return {
      "authorization { users: [ { user: admin, password: secret }, { user: cache, password: secret, permissions { " +
      permissions + " } } ] }"};
}
/// Includes are found beside the server's configuration.
std::string shipped(int number) {
  std::string const folder = folder_of("nats-" + std::to_string(number));
  BOOST_REQUIRE(std::system(("cp " STRATA_TEST_PERMISSIONS " " + folder).c_str()) == 0);
  return "include ./permissions.conf";
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_permissions_that_are_shipped_suffice_and_permit_nothing_else) {
  for (bool const direct : {true, false}) {
    server s{9, users(shipped(9))};
    s.forget_everything();
    s.start();
    other_program const admin{as("admin", s)};
    auto const o = least(s);
    std::string configuration = replaced(fixture("field/stream.json"), "\"num_replicas\": 3", "\"num_replicas\": 1");
    configuration = replaced(configuration, "10737418240", "268435456");
    if (direct) configuration = replaced(configuration, "}", ",\"allow_direct\":true,\"max_msgs_per_subject\":1}");
    BOOST_REQUIRE(admin.create_stream(o.stream, configuration).contains("\"created\""));
    {
      tier t{o, no_context{}};
      std::atomic<bool> hears = false;
      std::atomic<int> told = 0;
      auto const feed = t.follow([&](strata::news const& heard) {
        if (heard.what == strata::telling::resumed) hears = true;
        if (heard.what == strata::telling::changed) ++told;
      });
      BOOST_REQUIRE(t.wait_ready(soon()).has_value());
      BOOST_REQUIRE(eventually([&] { return hears.load(); }));
      BOOST_TEST(t.store(made("a b", 1), {}, soon()).has_value());
      BOOST_TEST(t.store(made("c", 2), {}, soon()).has_value());
      BOOST_TEST(eventually([&] { return told >= 2; }));  // before the next one takes its place in the stream
      BOOST_TEST(t.erase("c", revision{3}, soon()).has_value());
      BOOST_TEST(t.load("a b", soon())->frame->payload == "bytes");
      BOOST_TEST((t.load("c", soon())->frame->operation == operation::erase));
      std::vector<std::string_view> const keys{"a b", "c", "none"};
      for (auto const& seen : t.load_many(keys, soon())) BOOST_TEST(seen.has_value());
      auto const f = made("many", 1);
      std::vector<strata::placement> const places{{&f, std::nullopt}};
      BOOST_TEST(t.store_many(places, soon())[0].has_value());
      BOOST_TEST(t.end(soon()).has_value());
      BOOST_TEST(eventually([&] { return told >= 4; }));
      BOOST_TEST(!t.health().text.contains("refused"), t.health().text);
    }
    if (direct) continue;
    std::string const before = admin.ask("$JS.API.STREAM.INFO." + o.stream, "");
    by_hand hand{as("cache", s)};
    BOOST_TEST(hand.may_publish("$JS.API.STREAM.INFO." + o.stream));
    for (std::string const subject : {"$JS.API.STREAM.PURGE.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.DELETE.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.CREATE.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.UPDATE.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.MSG.DELETE.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.SNAPSHOT.KNOWLEDGE_CACHE",
                                      "$JS.API.STREAM.CREATE.ANOTHER",
                                      "$JS.API.STREAM.INFO.ANOTHER",
                                      "$JS.API.STREAM.NAMES",
                                      "$JS.API.INFO",
                                      "$JS.API.STREAM.MSG.GET.ANOTHER",
                                      "$JS.API.DIRECT.GET.ANOTHER",
                                      "$JS.API.DIRECT.GET.KNOWLEDGE_CACHE.knowledge.cache.private.k",
                                      "$JS.API.CONSUMER.CREATE.KNOWLEDGE_CACHE",
                                      "$JS.API.CONSUMER.CREATE.KNOWLEDGE_CACHE.c",
                                      "$JS.API.CONSUMER.CREATE.KNOWLEDGE_CACHE.c.knowledge.cache.private.>",
                                      "$JS.API.CONSUMER.DURABLE.CREATE.KNOWLEDGE_CACHE.c",
                                      "$JS.API.CONSUMER.DELETE.KNOWLEDGE_CACHE.c",
                                      "knowledge.cache.private.k",
                                      "knowledge.cache.k",
                                      "another.subject",
                                      "_INBOX.somebody"})
      BOOST_TEST(!hand.may_publish(subject), subject);
    for (std::string const subject : {">", "knowledge.cache.>", "_INBOX.>", "$JS.>", "$SYS.>"})
      BOOST_TEST(!hand.may_listen(subject), subject);
    std::string const after = admin.ask("$JS.API.STREAM.INFO." + o.stream, "");
    BOOST_TEST(js::json::member(after, "config") == js::json::member(before, "config"));
    BOOST_TEST(js::json::member(js::json::member(after, "state"), "last_seq") ==
               js::json::member(js::json::member(before, "state"), "last_seq"));
  }
}

BOOST_AUTO_TEST_CASE(what_is_not_permitted_is_said_at_once) {
  server s{9, users(shipped(9))};
  s.forget_everything();
  s.start();
  auto admin = settings(as("admin", s));
  {
    tier t{admin, no_context{}};
    BOOST_REQUIRE(t.wait_ready(soon()));
  }
  auto const quickly = [](auto call) {
    auto const began = clock::now();
    auto const answer = call();
    auto const took = clock::now() - began;
    BOOST_REQUIRE(!answer);
    BOOST_TEST((answer.error() == errc::unavailable));
    BOOST_TEST(answer.error().text().contains("does not permit"), answer.error().text());
    BOOST_TEST((took < 20s), answer.error().text());  // of thirty
    BOOST_TEST_MESSAGE(answer.error().text());
  };
  {
    auto o = least(s);
    o.space = "private";
    tier t{o, no_context{}};
    BOOST_REQUIRE(t.wait_ready(soon()));
    quickly([&] { return t.store(made("k", 1), {}, in(30s)); });
    quickly([&] { return t.erase("k", revision{2}, in(30s)); });
    quickly([&] { return t.load("k", in(30s)); });
    auto const f = made("k", 1);
    std::vector<strata::placement> const places{{&f, std::nullopt}, {&f, std::nullopt}};
    quickly([&] { return t.store_many(places, in(30s))[1]; });
    BOOST_TEST(t.health().text.contains("the server refused: "));
    auto const feed = t.follow([](strata::news const&) {});
    quickly([&] {
      while (!t.health().text.contains("follow the stream")) std::this_thread::sleep_for(5ms);
      return t.wait_ready(in(1ms));
    });
  }
  auto const never_ready = [&](auto change, std::string_view why) {
    auto o = least(s);
    change(o);
    tier t{o, no_context{}};
    quickly([&] {
      (void)eventually([&] { return t.health().text.contains("does not permit"); });
      return t.wait_ready(in(1ms));
    });
    BOOST_TEST(t.health().text.contains(why), t.health().text);
  };
  never_ready([](auto& o) { o.stream = "ANOTHER"; }, "look for the stream ANOTHER");
  never_ready([](auto& o) { o.inbox_prefix = "_INBOX"; }, "Subscription");
  other_program{admin.servers[0]}.delete_stream("KNOWLEDGE_CACHE");
  never_ready([](auto&) {}, "create the stream KNOWLEDGE_CACHE");
}

BOOST_AUTO_TEST_CASE(a_plain_connection_to_another_machine_is_told) {
  auto o = settings();
  auto const told = [&](std::string url) {
    o.servers = {std::move(url)};
    return js::warning_of(o).contains("not encrypted");
  };
  BOOST_TEST(told("nats://cache.example:4222"));
  BOOST_TEST(told("nats://name:secret@10.0.0.1:4222"));
  BOOST_TEST((told("nats://localhost.example.com:4222") && told("127.example.com") && told("nats://[::1:2]:4222")));
  BOOST_TEST(!told("tls://cache.example:4222"));
  for (auto const* url : {"nats://127.0.0.1:4222", "nats://name:secret@localhost:4222", "nats://[::1]:4222",
                          "localhost", "127.0.0.2:4222"})
    BOOST_TEST(!told(url), url);
}

BOOST_AUTO_TEST_SUITE_END()
