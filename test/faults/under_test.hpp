// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cache.hpp>
#include <strata/codec/json.hpp>
#include <strata/cold/postgres.hpp>
#include <strata/hot/lru.hpp>
#include <strata/knowledge/asset.hpp>
#include <strata/warm/jetstream.hpp>

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

// The usual configuration, with an executor and an observer that end the process where they are told to.
namespace faults {

/// Ends the process, as kill -9 would, when a write comes to a point for the n-th time.
class mortal : public strata::threads {
 public:
  void die(std::string_view where, int times) noexcept {
    left_ = times;
    where_ = where == "before_cold"  ? 0
             : where == "after_cold" ? 1
             : where == "before_hot" ? 2
             : where == "after_warm" ? 3
                                     : -1;
  }
  std::suspend_never at(strata::point p) noexcept {
    pass(static_cast<int>(p));
    return {};
  }
  void warm_has_it() noexcept { pass(3); }

 private:
  void pass(int point) noexcept {
    if (where_.load(std::memory_order_relaxed) != point || left_.fetch_sub(1) != 1) return;
    ::kill(::getpid(), SIGKILL);
    for (;;) ::pause();
  }
  std::atomic<int> where_{-1};
  std::atomic<int> left_{0};
};

struct witness {
  mortal* told = nullptr;
  void stored(strata::tier where, strata::revision) const noexcept {
    if (where == strata::tier::warm) told->warm_has_it();
  }
};

template <class Staleness>
using cache = strata::cache<strata::hot::lru, strata::warm::jetstream, strata::cold::postgres,
                            strata::codec::json<strata::knowledge_asset>, strata::staleness<Staleness>,
                            strata::executor<mortal>, strata::observer<witness>>;

struct settings {
  std::uint16_t instance = 1;
  std::string journal, round = "0";
  std::string latest;  ///< a file that all workers share: the highest revision acknowledged, key by key
  std::string staleness = "flagged";
  std::string nats, postgres;  ///< URLs with commas between; a connection string
  std::int64_t replicas = 1;
  std::uint32_t keys = 48, threads = 3, hot = 32, pace_us = 500, writes_per_mille = 250, churn = 0;
  double skew = 2;
  std::uint64_t seed = 1;
};

inline settings settings_of(int argc, char** argv) {
  settings s;
  auto const number = [](auto& into) {
    return [&into](std::string_view text) {
      if (std::from_chars(text.data(), text.data() + text.size(), into).ec != std::errc{})
        throw std::runtime_error{"no number: " + std::string{text}};
    };
  };
  auto const text = [](std::string& into) { return [&into](std::string_view given) { into = given; }; };
  std::map<std::string, std::function<void(std::string_view)>, std::less<>> const known{
      {"instance", number(s.instance)},
      {"journal", text(s.journal)},
      {"latest", text(s.latest)},
      {"staleness", text(s.staleness)},
      {"round", text(s.round)},
      {"nats", text(s.nats)},
      {"postgres", text(s.postgres)},
      {"replicas", number(s.replicas)},
      {"keys", number(s.keys)},
      {"threads", number(s.threads)},
      {"hot", number(s.hot)},
      {"pace_us", number(s.pace_us)},
      {"writes_per_mille", number(s.writes_per_mille)},
      {"churn", number(s.churn)},
      {"skew", number(s.skew)},
      {"seed", number(s.seed)}};
  for (std::string_view const argument : std::span{argv, static_cast<std::size_t>(argc)}.subspan(1)) {
    auto const equals = argument.find('=');
    auto const found = known.find(argument.substr(0, equals));
    if (equals == std::string_view::npos || found == known.end())
      throw std::runtime_error{"no such setting: " + std::string{argument}};
    found->second(argument.substr(equals + 1));
  }
  return s;
}

template <class Cache>
typename Cache::options options_of(settings const& s, mortal& executor) {
  typename Cache::options o{.hot = {.capacity_entries = s.hot},
                            .warm = {.replicas = s.replicas, .max_bytes = 256 << 20},
                            .cold = {.connection = s.postgres, .connections = 4},
                            .observer = {&executor},
                            .executor = &executor};
  o.warm.servers.clear();
  for (auto const url : s.nats | std::views::split(',')) o.warm.servers.emplace_back(url.begin(), url.end());
  return o;
}

}  // namespace faults
