// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>

#include <chrono>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

// The usual configuration on the servers that the test was given.
namespace cache_test {

using knowledge = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres,
                                strata::codec::json<strata::knowledge_asset>>;

inline std::string given(char const* name) {
  char const* const value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error{std::string{name} + " is not set: run this through test/servers"};
  return value;
}

inline knowledge::options settings(std::size_t capacity = 1'000) {
  return {.hot = {.capacity_entries = capacity},
          .warm = {.servers = {given("STRATA_TEST_NATS")}, .replicas = 1, .max_bytes = 64 << 20},
          .cold = {.connection = given("STRATA_TEST_POSTGRES"),
                   .statement_timeout = std::chrono::minutes{1},
                   .lock_timeout = std::chrono::minutes{1}},
          // for calls that shall succeed, however busy the machine and slow its disk
          .limits = {.read_within = std::chrono::minutes{1}, .write_within = std::chrono::minutes{1}}};
}

/// With the usual limits, where servers go away.
inline knowledge::options in_a_hurry() {
  auto o = settings();
  o.limits = {};
  return o;
}

inline strata::knowledge_asset asset(std::string id, std::string data) {
  return {.id = std::move(id), .asset_type = "template", .data = std::move(data), .metadata = {{"language", "rust"}}};
}

/// Runs test/servers with these words. \returns its status
inline int servers(std::string const& words) {
  return std::system((given("STRATA_TEST_SERVERS") + " " + words).c_str());
}

/// Tries until it holds. \returns whether it did within a minute
template <class F>
bool soon(F holds) {
  for (auto const until = std::chrono::steady_clock::now() + std::chrono::seconds{60};
       std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  return false;
}

}  // namespace cache_test
