// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/warm/jetstream.hpp>

#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace strata::warm::jetstream_detail;
using strata::errc;

BOOST_AUTO_TEST_SUITE(settings)

namespace {
struct no_context {};
using tier = strata::warm::jetstream::tier<std::string, int, no_context>;
static_assert(strata::warm_tier<tier>);
static_assert(strata::followable<tier>);
static_assert(strata::reports_health<tier>);
}  // namespace

BOOST_AUTO_TEST_CASE(what_no_server_can_mend_is_refused_at_once) {
  BOOST_TEST(fault_of({}) == "");
  auto const refused = [](std::function<void(options&)> const& spoil) {
    options o;
    spoil(o);
    BOOST_TEST(!fault_of(o).empty());
    BOOST_CHECK_EXCEPTION((tier{o, no_context{}}), strata::open_error,
                          [](auto const& e) { return e.why() == errc::rejected; });
  };
  refused([](options& o) { o.servers.clear(); });
  refused([](options& o) { o.servers = {"nats://a:1,nats://b:2"}; });
  refused([](options& o) { o.stream = "a.b"; });
  refused([](options& o) { o.stream = ""; });
  refused([](options& o) { o.prefix = "a.>"; });
  refused([](options& o) { o.space = "a.b"; });
  refused([](options& o) { o.space = ""; });
  refused([](options& o) { o.inbox_prefix = "*"; });
  refused([](options& o) { o.stream = "a\"b"; });
  refused([](options& o) { o.announce_subject = "a b"; });
  refused([](options& o) { o.announce_subject = "knowledge.cache.changed"; });
  refused([](options& o) { o.announce_subject = "knowledge.cache"; });
  refused([](options& o) { o.replicas = 0; });
  refused([](options& o) { o.nkey = "U"; });
  refused([](options& o) { o.tls_key_file = "f"; });
}

// The stream of the programs that are there already, and what makes it one that keeps each key once and is read directly.
BOOST_AUTO_TEST_CASE(the_stream_that_is_created_is_theirs_and_little_more) {
  std::ifstream file{STRATA_TEST_FIXTURES "/field/stream.json"};
  std::string const theirs{std::istreambuf_iterator<char>{file}, {}};
  std::string const ours = stream_request(options{}, options{}.replicas);
  for (auto const* member :
       {"name", "subjects", "retention", "max_msgs", "max_bytes", "max_age", "storage", "num_replicas"}) {
    BOOST_TEST(json::member(ours, member) == json::member(theirs, member), member);
    BOOST_TEST(!json::member(theirs, member).empty(), member);
  }
  std::pair<char const*, char const*> const more[] = {{"discard", "old"},
                                                      {"max_msgs_per_subject", "1"},
                                                      {"allow_direct", "true"},
                                                      {"duplicate_window", "120000000000"}};
  for (auto const& [member, value] : more) {
    BOOST_TEST(json::member(ours, member) == value, member);
    BOOST_TEST(json::member(theirs, member).empty(), member);
  }
  // Neither has another member.
  BOOST_TEST(std::ranges::count(theirs, ':') == 8);
  BOOST_TEST(std::ranges::count(ours, ':') == 12);
}

BOOST_AUTO_TEST_CASE(a_stream_is_of_use_if_its_subjects_take_ours) {
  auto const takes = [](char const* subject) {
    char const* all[] = {"other", subject};
    jsStreamConfig found{};
    found.Subjects = all;
    found.SubjectsLen = 2;
    return stream_fault(found, {}).empty();
  };
  for (auto const* subject : {">", "knowledge.>", "knowledge.cache.>", "knowledge.cache.template.>", "*.>",
                              "*.cache.*.*", "knowledge.*.template.*", "knowledge.cache.template.*"})
    BOOST_TEST(takes(subject), subject);
  for (auto const* subject : {"knowledge", "knowledge.cache", "knowledge.cache.*", "knowledge.cache.*.*.>", "*.*.*",
                              "knowledge.cache.template", "knowledge.cache.prompt.>", "knowledge.cach.>", "*.*.*.x"})
    BOOST_TEST(!takes(subject), subject);
}

BOOST_AUTO_TEST_CASE(files_that_cannot_be_read_are_refused_at_once) {
  BOOST_CHECK_THROW((tier{{.tls_ca_file = "/nowhere"}, no_context{}}), strata::open_error);
}

BOOST_AUTO_TEST_CASE(secrets_do_not_show) {
  BOOST_TEST(without_secrets("nats://me:secret@host:4222") == "nats://host:4222");
  BOOST_TEST(without_secrets("nats://token@host") == "nats://host");
  BOOST_TEST(without_secrets("nats://host:4222") == "nats://host:4222");
  BOOST_TEST(without_secrets("me:p@ss@host") == "host");
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_there_costs_one_short_failure) {
  using namespace std::chrono;
  tier nobody{{.servers = {"nats://me:secret@127.0.0.1:1"}}, no_context{}};
  auto const start = steady_clock::now();
  auto const first = nobody.load("k", start + 5s);
  BOOST_REQUIRE(!first);
  BOOST_TEST((first.error() == errc::unavailable));
  BOOST_TEST((nobody.wait_ready(steady_clock::now() + 50ms).error() == errc::unavailable));
  auto const health = nobody.health();
  BOOST_TEST(!health.up);
  BOOST_TEST(health.text.contains("127.0.0.1:1"));
  BOOST_TEST(!health.text.contains("secret"));
}

BOOST_AUTO_TEST_CASE(old_servers_are_warned_of) {
  for (char const* good : {"2.11.16", "2.12.7", "2.14.0", "2.15.1", "2.15.1-beta.1", "3.0.0"})
    BOOST_TEST(warnings(good, 3).empty(), good);
  for (char const* old : {"2.11.15", "2.12.6", "2.13.9"}) BOOST_TEST(warnings(old, 3).size() == 1U, old);
  BOOST_TEST(warnings("", 1).size() == 1U);
  BOOST_TEST(warnings("", 3).size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_fork_lets_go_of_it_without_waiting_for_anybody) {
  using namespace std::chrono;
  tier of_the_parent{{.servers = {"nats://127.0.0.1:1"}}, no_context{}};
  ::pid_t const child = ::fork();
  if (child == 0) {
    of_the_parent.~tier();
    ::_exit(7);
  }
  BOOST_REQUIRE(child > 0);
  int status = 0;
  auto const until = steady_clock::now() + 10s;
  while (::waitpid(child, &status, WNOHANG) == 0 && steady_clock::now() < until) std::this_thread::sleep_for(5ms);
  if (!WIFEXITED(status)) ::kill(child, SIGKILL);
  BOOST_TEST(WIFEXITED(status));
  BOOST_TEST(WEXITSTATUS(status) == 7);
}

BOOST_AUTO_TEST_SUITE_END()
