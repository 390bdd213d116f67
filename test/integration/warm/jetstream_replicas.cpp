// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <strata/testing/laws/warm.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Three servers that keep the stream three times: reads go through its leader, and a leader may be lost.
using namespace warm_test;

BOOST_AUTO_TEST_SUITE(replicas)

namespace {

class cluster {
 public:
  cluster() {
    std::string const folder = from_environment("STRATA_TEST_FOLDER");
    int const port = std::stoi(from_environment("STRATA_TEST_PORT"));
    std::string routes;
    for (int n = 0; n < 3; ++n) routes += std::format("nats://127.0.0.1:{}, ", port + 6 + n);
    for (int n = 0; n < 3; ++n)
      nodes_[static_cast<std::size_t>(n)] = std::make_unique<server>(
          n, std::vector<std::string>{std::format("server_name: node-{}", n),
                                      std::format("cluster {{ name: three, listen: \"127.0.0.1:{}\", routes: [{}] }}",
                                                  port + 6 + n, routes)});
  }
  void start() {
    std::vector<std::jthread> starting;
    for (auto& node : nodes_) starting.emplace_back([&node] { node->start(); });
  }
  void start_over() {
    for (auto& node : nodes_) {
      node->stop("KILL");
      node->forget_everything();
    }
    start();
  }
  js::options settings() const {
    auto o = warm_test::settings();
    o.servers = {nodes_[0]->url(), nodes_[1]->url(), nodes_[2]->url()};
    o.replicas = 3;
    return o;
  }
  server& node(std::size_t n) { return *nodes_[n]; }

 private:
  std::array<std::unique_ptr<server>, 3> nodes_;
};

// Some old servers form two of three now and then, and stay so; then they are started anew.
cluster& three() {
  static cluster c;
  static bool const formed = [] {
    c.start();
    for (int tries = 0; tries < 3; ++tries) {
      if (tries > 0) c.start_over();
      tier probe{c.settings(), no_context{}};
      if (probe.wait_ready(in(20s))) return true;
    }
    return false;
  }();
  BOOST_REQUIRE(formed);
  return c;
}

}  // namespace

BOOST_AUTO_TEST_CASE(laws_hold_on_three_replicas) {
  auto const o = three().settings();
  strata::testing::tally tally;
  strata::testing::warm_laws<strata::warm::jetstream>(
      o,
      [&](strata::testing::verdict const& v) {
        if (!v.passed) BOOST_TEST_MESSAGE(v.law << ": " << v.text);
        tally(v);
      },
      {.too_big_bytes = 1'048'577, .patience = std::chrono::milliseconds{30'000}});
  BOOST_TEST(tally.broken() == std::vector<std::string>{}, boost::test_tools::per_element());
  BOOST_TEST(js::json::member(other_program{o.servers[0]}.stream_configuration(o.stream), "num_replicas") == "3");
}

// Another server may not have heard of a write that was acknowledged.
BOOST_AUTO_TEST_CASE(the_leader_alone_is_asked) {
  auto const o = three().settings();
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::vector<std::string_view> const keys{"asked-1", "asked-2"};
  for (auto const key : keys) BOOST_REQUIRE(t.store(made(std::string{key}, 1), std::nullopt, soon()));
  other_program const they{o.servers[0]};
  listener const direct{they, "$JS.API.DIRECT.>"}, leader{they, "$JS.API.STREAM.MSG.GET." + o.stream};
  BOOST_TEST(
      eventually([&] {  // again, as long as the server that this tier is connected to has yet to hear of the listeners
        BOOST_TEST(t.load("asked-1", soon()).value().frame.has_value());
        for (auto const& seen : t.load_many(keys, soon())) BOOST_TEST(seen.value().frame.has_value());
        return leader.count() >= 3;
      }));
  BOOST_TEST(direct.count() == 0);
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_is_there_when_the_leader_is_lost) {
  auto& c = three();
  tier t{c.settings(), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(t.store(made("k", 1), {}, soon()));
  std::atomic<std::uint64_t> told = 0;
  auto const feed = t.follow([&](strata::news const& heard) { told = static_cast<std::uint64_t>(heard.at); });
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::optional<std::size_t> leader;
  for (std::size_t n = 0; n < 3 && !leader; ++n) {
    std::string const info =
        other_program{c.settings().servers[n]}.ask("$JS.API.STREAM.INFO." + c.settings().stream, "");
    std::string_view const name = js::json::member(js::json::member(info, "cluster"), "leader");
    if (name.starts_with("node-")) leader = static_cast<std::size_t>(name.back() - '0');
  }
  BOOST_REQUIRE(leader.has_value());
  c.node(*leader).stop("KILL");
  auto const began = clock::now();
  auto const stored = t.store(made("k", 2), {}, soon());  // an election takes seconds; the store waits for it
  BOOST_TEST(stored.has_value());
  BOOST_TEST_MESSAGE(
      "stored after " << std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began).count() << " ms");
  std::uint64_t acknowledged = 2;
  for (std::uint64_t r = 3; r < 50; ++r)
    if (t.store(made("k", r), {}, soon())) acknowledged = r;
  c.node(*leader).start();
  BOOST_TEST(eventually(
      [&] {
        auto const seen = t.load("k", in(5s));
        return seen && seen->frame && number(seen->frame->revision) == acknowledged;
      },
      60s));
  // Whoever leads now, the feed comes to the end that it names.
  BOOST_TEST(eventually(
      [&] {
        auto const end = t.end(in(5s));
        return end && told >= static_cast<std::uint64_t>(*end);
      },
      60s));
}

BOOST_AUTO_TEST_SUITE_END()
