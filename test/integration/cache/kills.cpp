// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// T5: a process that writes is killed in the middle of calls, at random times and at each named point of a write. Every
// write that it was told of as committed must be there afterwards (P1), nothing may be there that it did not write (P7),
// and no copy may be older than what was acknowledged (P5).
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

using namespace strata;
using namespace cache_test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t writers = 4;

// An executor that ends the process, as kill -9 would, when a write comes to a point for the n-th time.
struct deadly : threads {
  std::optional<point> where;
  std::atomic<int> left{0};

  std::suspend_never at(point p) {
    if (where == p && left.fetch_sub(1) == 1) {
      ::kill(::getpid(), SIGKILL);
      std::this_thread::sleep_for(1h);
    }
    return {};
  }
};
using mortal = cache<hot::lru, warm::jetstream, cold::postgres, codec::json<knowledge_asset>, executor<deadly>>;

struct record_of {
  std::uint32_t key;
  std::uint32_t number;
  std::uint8_t acknowledged;
};
std::string id_of(std::uint32_t key) { return "kill/" + std::to_string(key); }

// What the doomed process does: each thread writes ever higher numbers under a key of its own, and says through the pipe
// what it is about to write and what was acknowledged.
[[noreturn]] void doomed(int pipe, std::uint32_t first, std::optional<point> where, int times) {
  deadly executor;
  executor.where = where;
  executor.left = times;
  auto s = settings();
  mortal::options const options{.hot = s.hot, .warm = s.warm, .cold = s.cold, .executor = &executor};
  auto opened = mortal::open(options);
  if (!opened || !opened->ready({.within = 10s})) ::_exit(2);
  auto const say = [&](record_of const& r) {
    if (::write(pipe, &r, sizeof r) != sizeof r) ::_exit(3);
  };
  std::vector<std::jthread> crew;
  for (std::size_t w = 0; w < writers; ++w)
    crew.emplace_back([&, w] {
      auto const key = static_cast<std::uint32_t>(w);
      for (std::uint32_t n = first;; ++n) {
        say({key, n, 0});
        auto const done = opened->put(asset(id_of(key), std::to_string(n)));
        if (done) say({key, n, 1});
      }
    });
  crew.clear();
  ::_exit(0);
}

struct seen {
  std::array<std::uint32_t, writers> begun{}, acknowledged{};
  std::size_t total = 0, in_flight = 0;
};

seen kill_one(std::uint32_t first, std::optional<point> where, std::chrono::milliseconds after, int times) {
  std::array<int, 2> ends{};
  BOOST_REQUIRE(::pipe(ends.data()) == 0);
  auto const child = ::fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    ::close(ends[0]);
    doomed(ends[1], first, where, times);
  }
  ::close(ends[1]);
  std::jthread const killer{[&] {
    if (where) return;
    std::this_thread::sleep_for(after);
    ::kill(child, SIGKILL);
  }};
  seen s;
  s.begun.fill(0);
  for (record_of r{}; ::read(ends[0], &r, sizeof r) == sizeof r;) {
    (r.acknowledged != 0 ? s.acknowledged : s.begun)[r.key] = r.number;
    s.total += r.acknowledged;
  }
  ::close(ends[0]);
  int status = 0;
  BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
  BOOST_TEST((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  for (std::size_t w = 0; w < writers; ++w) s.in_flight += s.begun[w] > s.acknowledged[w] ? 1U : 0U;
  return s;
}

std::uint32_t number_in(knowledge_asset const& a) {
  std::uint32_t n = 0;
  std::from_chars(a.data.data(), a.data.data() + a.data.size(), n);
  return n;
}

}  // namespace

BOOST_AUTO_TEST_CASE(twenty_kills_lose_nothing_acknowledged) {
  std::mt19937 random{20261123};
  std::array<std::uint32_t, writers> floor{};
  std::size_t acknowledged = 0;
  std::size_t in_flight = 0;
  for (int round = 0; round < 20; ++round) {
    auto const first = static_cast<std::uint32_t>(round + 1) * 1'000'000;
    std::optional<point> where;
    if (round % 5 > 1) where = static_cast<point>(round % 5 - 2);
    auto const times = static_cast<int>(random() % 100) + 1;
    auto const s = kill_one(first, where, 300ms + std::chrono::milliseconds{random() % 300}, times);
    acknowledged += s.total;
    in_flight += s.in_flight;

    auto fresh = knowledge::open(settings());
    BOOST_REQUIRE(fresh->ready({.within = 10s}).has_value());
    for (std::uint32_t key = 0; key < writers; ++key) {
      floor[key] = std::max(floor[key], s.acknowledged[key]);
      auto const hit = fresh->get(id_of(key));
      if (floor[key] == 0 && hit.absent()) continue;
      BOOST_REQUIRE(hit.has_value());
      auto const n = number_in(*hit);
      BOOST_TEST(n >= floor[key]);
      BOOST_TEST(n <= std::max(floor[key], s.begun[key]));
      floor[key] = n;
    }
  }
  std::cout << "20 kills, " << acknowledged << " acknowledged writes, " << in_flight
            << " calls in flight at the kill, 0 lost\n";
  BOOST_TEST(acknowledged > 0u);
  BOOST_TEST(in_flight > 20u);
}
