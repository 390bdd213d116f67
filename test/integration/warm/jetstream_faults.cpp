// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/tcp_proxy.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <future>
#include <mutex>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

// Bad days: servers that are not there, go, freeze, forget, refuse.
using namespace warm_test;
using strata::errc;
using strata::position;
using strata::revision;

BOOST_AUTO_TEST_SUITE(bad_days)

BOOST_AUTO_TEST_CASE(a_server_that_comes_later_is_found) {
  server s{0};
  tier t{settings(s.url()), no_context{}};
  BOOST_TEST((t.load("k", soon()).error() == errc::unavailable));
  BOOST_TEST((t.store(made("k", 1), {}, soon()).error() == errc::unavailable));
  BOOST_TEST(!t.health().up);
  s.start();
  BOOST_TEST(t.wait_ready(soon()).has_value());
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(what_was_acknowledged_survives_restarts_and_kills) {
  server s{1};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::uint64_t r = 0;
  std::uint64_t acknowledged = 0;
  for (std::string const signal : {"TERM", "KILL", "KILL"}) {
    std::atomic<bool> stopping = false;
    std::jthread writing{[&] {
      while (!stopping)
        if (t.store(made("k", ++r), {}, soon())) acknowledged = r;
    }};
    std::this_thread::sleep_for(200ms);
    s.stop(signal);
    std::this_thread::sleep_for(50ms);
    s.start();
    std::this_thread::sleep_for(600ms);
    stopping = true;
    writing.join();
    BOOST_REQUIRE(t.wait_ready(soon()));
    auto const seen = t.load("k", soon());
    BOOST_REQUIRE((seen && seen->frame));
    BOOST_TEST(number(seen->frame->revision) >= acknowledged);
  }
  BOOST_TEST_MESSAGE(acknowledged << " of " << r << " stores were acknowledged");
}

BOOST_AUTO_TEST_CASE(a_store_waits_for_a_server_that_is_coming_back) {
  server s{2};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(t.store(made("k", 1), {}, soon()));
  s.freeze();
  std::jthread later{[&] {
    std::this_thread::sleep_for(300ms);
    s.stop("KILL");
    s.start();
  }};
  auto const stored =
      t.store(made("k", 2), {}, soon());  // sent to the frozen server, and again to the one that came back
  BOOST_TEST(stored.has_value());
  later.join();
  BOOST_REQUIRE(t.wait_ready(soon()));
  auto const seen = t.load("k", soon());
  BOOST_TEST((seen && seen->frame && seen->frame->revision == revision{2}));
}

BOOST_AUTO_TEST_CASE(of_two_that_demand_one_place_the_one_whose_message_was_lost_does_not_take_the_others_for_its_own) {
  std::string const url = from_environment("STRATA_TEST_NATS");
  using strata_test::tcp_proxy;
  tcp_proxy wire{std::stoi(url.substr(url.rfind(':') + 1))};
  tier near{settings(), no_context{}};
  tier far{settings("nats://127.0.0.1:" + std::to_string(wire.port())), no_context{}};
  BOOST_REQUIRE(near.wait_ready(soon()));
  for (auto const lost : {tcp_proxy::part::question, tcp_proxy::part::answer}) {
    BOOST_REQUIRE(far.wait_ready(soon()));
    std::string const key = std::format("lock-{}", static_cast<int>(lost));
    auto const same = made(key, 0, "held");
    std::promise<strata::result<position>> theirs;
    wire.swallow(1, "HPUB knowledge.cache.template." + key, lost, [&] {
      auto there = near.load(key, soon());
      // The answer may be one to an earlier question; what was stored is acknowledged after it, on a connection that is cut.
      if (lost == tcp_proxy::part::answer)
        (void)eventually([&] {
          if (!there || !there->frame) there = near.load(key, soon());
          return there && there->frame;
        });
      theirs.set_value(near.store(same, there ? there->position : position{}, soon()));
    });
    auto const mine = far.store(same, position{}, soon());
    auto const stored = theirs.get_future().get();
    BOOST_REQUIRE_MESSAGE(stored.has_value(), "theirs is not stored: " << (stored ? "" : stored.error().text()));
    BOOST_TEST((!mine && mine.error() == errc::timed_out));
  }
  // What nobody went over is known again.
  BOOST_REQUIRE(far.wait_ready(soon()));
  wire.swallow(1, "HPUB knowledge.cache.template.alone");
  BOOST_TEST(far.store(made("alone", 0), position{}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(no_more_is_on_its_way_than_a_window) {
  std::string const url = from_environment("STRATA_TEST_NATS");
  strata_test::tcp_proxy wire{std::stoi(url.substr(url.rfind(':') + 1))};
  auto o = settings("nats://127.0.0.1:" + std::to_string(wire.port()));
  o.stream = "S_window";
  o.prefix = "p.window";
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  other_program const they;
  struct {
    int messages, bytes, window;
  } const bulks[] = {{2'000, 10, 256}, {100, 100'000, 4 * 1024 * 1024 / 100'000}};
  for (auto const& bulk : bulks) {
    std::vector<strata::frame> frames;
    std::vector<strata::placement> places;
    for (int i = 0; i < bulk.messages; ++i)
      frames.push_back(
          made(std::format("{}-{}", bulk.bytes, i), 1, std::string(static_cast<std::size_t>(bulk.bytes), 'x')));
    for (auto const& f : frames) places.push_back({&f, std::nullopt});
    listener const passed{they, "p.window.>"};
    wire.hold_answers(true);
    auto stored = std::async(std::launch::async, [&] { return t.store_many(places, soon()); });
    BOOST_TEST(eventually([&] { return passed.count() >= bulk.window; }));
    std::this_thread::sleep_for(100ms);
    BOOST_TEST(passed.count() == bulk.window);
    wire.hold_answers(false);
    for (auto const& one : stored.get()) BOOST_TEST(one.has_value());
  }
}

BOOST_AUTO_TEST_CASE(no_call_outlives_its_deadline_when_the_server_is_frozen) {
  server s{3};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::vector<strata::frame> frames;
  std::vector<strata::placement> places;
  std::vector<std::string_view> keys;
  for (std::uint64_t i = 0; i < 200; ++i)
    frames.push_back(made("many-" + std::to_string(i), 1, std::string(100'000, 'x')));
  for (auto const& f : frames) {
    places.push_back({&f, std::nullopt});
    keys.push_back(f.key);
  }
  BOOST_REQUIRE(t.store(made("k", 1), {}, soon()));
  std::uint64_t r = 1;
  std::chrono::milliseconds worst{0};
  // The least of five, since this machine may be busy; what does not look at its deadline is late by seconds each time.
  constexpr std::chrono::milliseconds allowed{500};
  auto const late_by = [&](auto call) {
    std::chrono::milliseconds least = 1h;
    for (int tries = 0; tries < 5; ++tries) {
      auto const until = in(200ms);
      call(until);
      least = std::min(least, std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - until));
      if (least <= allowed) break;
    }
    worst = std::max(worst, least);
    return least;
  };
  for (int round = 0; round < 2; ++round) {
    s.freeze();
    auto const frozen = clock::now();
    while (clock::now() - frozen < 4s) {  // the connection is given up in between
      auto const large = made("k", ++r, std::string(900'000, 'x'));
      BOOST_TEST((late_by([&](auto until) { (void)t.load("k", until); }) <= allowed));
      BOOST_TEST((late_by([&](auto until) { (void)t.store(large, {}, until); }) <= allowed));
      BOOST_TEST((late_by([&](auto until) { (void)t.store(made("k", ++r), position{1}, until); }) <= allowed));
      BOOST_TEST((late_by([&](auto until) { (void)t.erase("k", revision{++r}, until); }) <= allowed));
      BOOST_TEST((late_by([&](auto until) { (void)t.store_many(places, until); }) <= allowed));
      BOOST_TEST((late_by([&](auto until) { (void)t.load_many(keys, until); }) <= allowed));
    }
    s.thaw();
    BOOST_TEST(t.wait_ready(soon()).has_value());
    BOOST_TEST(eventually([&] { return t.store(made("k", ++r), {}, in(5s)).has_value(); }));
  }
  BOOST_TEST_MESSAGE("latest by " << worst);
  // Of what was cut off, what is there is whole.
  for (auto const& seen : t.load_many(keys, soon()))
    BOOST_TEST((seen && (!seen->frame || checksum(*seen->frame) == seen->frame->sum)));
}

BOOST_AUTO_TEST_CASE(a_frozen_server_does_not_hold_up_the_end) {
  server s{4};
  s.start();
  auto const start = [&] {
    tier t{settings(s.url()), no_context{}};
    BOOST_REQUIRE(t.wait_ready(soon()));
    auto const feed = t.follow([](strata::news const&) {});
    std::this_thread::sleep_for(100ms);
    s.freeze();
    for (std::uint64_t i = 1; i <= 8; ++i) (void)t.store(made("k", i, std::string(1'000'000, 'x')), {}, in(50ms));
    return clock::now();
  }();
  BOOST_TEST((clock::now() - start < 15s));
  s.thaw();
}

BOOST_AUTO_TEST_CASE(a_stream_that_vanished_is_made_anew_and_said_so) {
  server s{5};
  s.start();
  other_program const they{s.url()};
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::atomic<int> gaps = 0;
  auto const feed =
      t.follow([&](strata::news const& heard) { gaps += heard.what != strata::telling::changed ? 1 : 0; });
  BOOST_TEST(eventually([&] { return gaps > 0; }));
  BOOST_REQUIRE(t.store(made("k", 5), {}, soon()));
  int const before = gaps;
  they.delete_stream("KNOWLEDGE_CACHE");
  BOOST_TEST(t.store(made("k", 6), {}, soon()).has_value());
  BOOST_TEST(eventually([&] { return t.health().text.contains("vanished"); }));
  BOOST_TEST(eventually([&] { return gaps > before; }));
  they.delete_stream("KNOWLEDGE_CACHE");
  BOOST_TEST(eventually([&] {
    auto const seen = t.load("k", in(5s));
    return seen && !seen->frame;
  }));
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(a_server_that_forgot_everything_is_noticed) {
  server s{6};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(t.store(made("k", 5), {}, soon()));
  s.stop("KILL");
  s.forget_everything();
  s.start();
  BOOST_TEST(eventually([&] { return t.store(made("k", 6), {}, in(5s)).has_value(); }));
  BOOST_TEST(eventually([&] { return t.health().text.contains("vanished"); }));
}

BOOST_AUTO_TEST_CASE(the_feed_survives_a_restart_and_says_that_it_may_have_missed_something) {
  server s{7};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::mutex guard;
  std::set<std::string> told;
  std::atomic<int> gaps = 0;
  auto const feed = t.follow([&](strata::news const& heard) {
    if (heard.what != strata::telling::changed) ++gaps;
    std::scoped_lock const lock{guard};
    told.insert(std::string{heard.told.key});
  });
  BOOST_TEST(eventually([&] { return gaps > 0; }));
  for (int round = 0; round < 3; ++round) {
    int const before = gaps;
    s.stop(round == 1 ? "KILL" : "TERM");
    BOOST_TEST(eventually([&] { return gaps > before; }));
    int const down = gaps;
    s.start();
    BOOST_TEST(eventually([&] { return gaps > down; }));
    std::string const key = "after-" + std::to_string(round);
    std::uint64_t r = 0;
    BOOST_TEST(eventually([&] {
      (void)t.store(made(key, ++r), {}, in(5s));
      std::scoped_lock const lock{guard};
      return told.contains(key);
    }));
  }
}

BOOST_AUTO_TEST_CASE(a_connection_for_which_memory_ran_out_is_made_anew) {
  server s{8};
  s.start();
  tier t{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  std::atomic<int> begun = 0;
  std::atomic<bool> failed = false;
  auto const feed = t.follow([&](strata::news const& heard) {
    if (heard.what == strata::telling::resumed) ++begun;
    if (heard.what == strata::telling::lost && !failed.exchange(true)) throw std::bad_alloc{};
  });
  BOOST_REQUIRE(eventually([&] { return begun == 1; }));
  s.stop();
  BOOST_TEST(eventually([&] { return failed.load(); }));
  s.start();
  BOOST_TEST(eventually([&] { return begun == 2; }), t.health().text);
  BOOST_TEST(t.store(made("k", 1), {}, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(a_call_without_a_thread_fails_and_the_next_one_works) {
  tier t{settings(), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()).has_value());
  auto const large = made("unthreaded", 1, std::string(200'000, 'x'));
  pthread_attr_t usual;
  BOOST_REQUIRE(::pthread_getattr_default_np(&usual) == 0);
  pthread_attr_t endless = usual;  // no thread gets a stack as large as all that a process can have
  BOOST_REQUIRE(::pthread_attr_setstacksize(&endless, std::size_t{1} << 47U) == 0);
  BOOST_REQUIRE(::pthread_setattr_default_np(&endless) == 0);
  auto const stored = t.store(large, std::nullopt, in(200ms));
  BOOST_REQUIRE(::pthread_setattr_default_np(&usual) == 0);
  BOOST_TEST((!stored && stored.error() == errc::unavailable));
  BOOST_TEST(t.store(large, std::nullopt, soon()).has_value());
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_and_reads_go_on) {
  server s{11,
           {"jetstream { store_dir: \"" + from_environment("STRATA_TEST_FOLDER") +
            "/nats-11/store\", max_file: 20000000 }"}};
  s.start();
  auto o = settings(s.url());
  o.max_bytes = -1;
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(t.store(made("k", 1), {}, soon()));
  std::optional<strata::error> full;
  for (int i = 0; i < 60 && !full; ++i) {
    auto const stored = t.store(made("fill-" + std::to_string(i), 1, std::string(900'000, 'x')), {}, soon());
    if (!stored) full = stored.error();
  }
  BOOST_REQUIRE(full.has_value());
  BOOST_TEST((*full == errc::unavailable), full->text());
  BOOST_TEST((t.load("k", soon()) && t.load("k", soon())->frame));
}

BOOST_AUTO_TEST_CASE(calls_after_the_end_of_the_connection_are_answered) {
  server s{0};
  s.start();
  std::vector<std::jthread> callers;
  std::atomic<int> answered = 0;
  {
    tier t{settings(s.url()), no_context{}};
    BOOST_REQUIRE(t.wait_ready(soon()));
    for (int n = 0; n < 4; ++n)
      callers.emplace_back([&, n] {
        for (std::uint64_t i = 1; i < 200; ++i)
          if (t.store(made("k-" + std::to_string(n), i), {}, soon())) ++answered;
      });
    callers.clear();
  }
  BOOST_TEST(answered == 4 * 199);
}

BOOST_AUTO_TEST_SUITE_END()
