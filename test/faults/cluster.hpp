// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "networks.hpp"
#include "scenarios.hpp"
#include "servers.hpp"
#include "stage.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <format>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

// Three servers that keep the stream three times, each on a host of its own: a network namespace, whose wires to the others
// and to us are cut by dropping what arrives, as a broken switch would. Host n + 1 has node n, and host 0 is where we are.
namespace faults {

using strata_test::cut;
using strata_test::networks;
using strata_test::no_networks;

class cluster {
 public:
  static constexpr std::size_t size = 3;

  cluster() {
    auto const slot = std::stoi(networks("make 3"));
    std::string routes;
    for (std::size_t n = 0; n < size; ++n) routes += std::format("nats://{}:6222, ", address(slot, n));
    for (std::size_t n = 0; n < size; ++n) {
      auto const lines = std::format(
          "'server_name: node-{}' 'listen: \"0.0.0.0:4222\"' 'ping_interval: \"1s\"' 'ping_max: 2' 'write_deadline: "
          "\"2s\"' "
          "'cluster {{ name: three, listen: \"0.0.0.0:6222\", routes: [{}] }}'",
          n, routes);
      nodes_.emplace_back("nats", std::format("{}/nats-{}", given("STRATA_TEST_FOLDER"), n), address(slot, n), 4222,
                          lines, std::format("{} on {}", strata_test::networks_script(), n + 1));
    }
    form();
  }
  cluster(cluster const&) = delete;
  cluster& operator=(cluster const&) = delete;
  ~cluster() {
    for (auto const& n : nodes_) stop_if_there(n);
    try {
      networks("drop");
    } catch (std::exception const&) {  // they end with the call of ./dev
    }
  }

  [[nodiscard]] std::string urls() const {
    std::string all;
    for (auto const& n : nodes_) all += (all.empty() ? "" : ",") + n.url();
    return all;
  }
  [[nodiscard]] server const& node(std::size_t n) const { return nodes_[n]; }

  /// Who leads the stream, once somebody does.
  [[nodiscard]] std::size_t leader() const {
    for (auto const until = now() + 30'000 * millisecond; now() < until; std::this_thread::sleep_for(100ms))
      for (auto const& n : nodes_) {
        auto const info = ask_nats(n, "$JS.API.STREAM.INFO.KNOWLEDGE_CACHE");
        auto const at = info.find("\"leader\":\"node-");
        if (at != std::string::npos) return static_cast<std::size_t>(info[at + 15] - '0');
      }
    throw std::runtime_error{"the stream has had no leader for 30 s"};
  }

 private:
  static std::string address(int slot, std::size_t node) { return std::format("10.{}.{}.2", slot, node + 1); }
  static void stop_if_there(server const& n) {
    if (std::filesystem::exists(n.folder() + "/pid")) n.stop("KILL");
  }
  void start() const {
    std::vector<std::jthread> starting;
    for (auto const& n : nodes_) starting.emplace_back([&n] { n.start(); });
  }
  // Some old servers form two of three now and then, and stay so; then they are started anew.
  void form() const {
    for (int tries = 0; tries < 3; ++tries) {
      start();
      for (auto const until = now() + 10'000 * millisecond; now() < until; std::this_thread::sleep_for(100ms)) {
        auto const made = ask_nats(nodes_[0], "$JS.API.STREAM.CREATE.PROBE",
                                   R"({"name":"PROBE","subjects":["probe"],"num_replicas":3,"storage":"memory"})");
        if (made.empty() || made.contains("\"error\"")) continue;
        (void)ask_nats(nodes_[0], "$JS.API.STREAM.DELETE.PROBE");
        return;
      }
      for (auto const& n : nodes_) {
        stop_if_there(n);
        std::filesystem::remove_all(n.store());
      }
    }
    throw std::runtime_error{"three servers did not become a cluster"};
  }

  std::vector<server> nodes_;
};

/// T7. Nodes die and stop, wires break, between the nodes and between a node and everybody.
inline void break_cluster(stage& s, cluster const& c, std::uint32_t count, std::chrono::milliseconds longest_stop) {
  how_long const stopped{1'000ms, longest_stop};
  how_long const apart{longest_stop, 2 * longest_stop};  // long enough for the others to elect another leader
  auto const others = [&](std::size_t node) { return std::array{(node + 1) % 3, (node + 2) % 3}; };
  auto const leader = [&] { return c.leader(); };
  auto const alone = [&](std::size_t node) {
    return std::pair<cut, cut>{std::piecewise_construct, std::tuple{node + 1, others(node)[0] + 1},
                               std::tuple{node + 1, others(node)[1] + 1}};
  };
  one_after_another(
      s,
      {{"the leader is killed", during::cold_answers,
        [&] {
          auto const& node = c.node(leader());
          node.stop("KILL");
          std::this_thread::sleep_for(stopped(s.random()));
          node.start();
        }},
       {"the leader is frozen", during::cold_answers,
        [&] {
          frozen const all{c.node(leader()).process()};
          std::this_thread::sleep_for(stopped(s.random()));
        }},
       {"the leader is cut off from the others", during::cold_answers,  // but not from us: whoever asks it hears it
        [&] {
          auto const cuts = alone(leader());
          std::this_thread::sleep_for(apart(s.random()));
        }},
       {"the leader is cut off from everybody", during::cold_answers,
        [&] {
          auto const node = leader();
          auto const cuts = alone(node);
          cut const us{node + 1, 0};
          std::this_thread::sleep_for(apart(s.random()));
        }},
       {"the wires of the leader are bad", during::cold_answers,  // most is lost on the way, and comes late
        [&] {
          auto const node = leader();
          for (auto const until = now() + stopped(s.random()).count() * millisecond; now() < until;) {
            {
              cut const one{node + 1, others(node)[0] + 1};
              cut const us{node + 1, 0};
            }
            std::this_thread::sleep_for(how_long{5ms, 60ms}(s.random()));
          }
        }},
       {"we are cut off from one that follows", during::cold_answers,
        [&] {
          cut const us{others(leader())[0] + 1, 0};
          std::this_thread::sleep_for(stopped(s.random()));
        }}},
      count, {1'000ms, 1'500ms});
  (void)leader();
  std::this_thread::sleep_for(1s);
}

}  // namespace faults
