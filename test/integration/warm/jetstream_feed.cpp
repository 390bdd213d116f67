// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// What a feed tells when its server, its stream or its consumer is not what it was.
using namespace warm_test;
using strata::errc;
using strata::position;
using strata::telling;

BOOST_AUTO_TEST_SUITE(feeds)

namespace {

class listener {
 public:
  void operator()(strata::news const& heard) {
    std::scoped_lock const lock{guard_};
    all_.push_back({heard.what, std::string{heard.told.key}, heard.at, clock::now()});
  }
  struct entry {
    telling what;
    std::string key;
    position at;
    clock::time_point when;
  };
  std::vector<entry> so_far() const {
    std::scoped_lock const lock{guard_};
    return all_;
  }
  std::size_t count(telling what) const {
    auto const all = so_far();
    return static_cast<std::size_t>(std::ranges::count(all, what, &entry::what));
  }
  entry last(telling what) const {
    auto const all = so_far();
    auto const found = std::ranges::find_last(all, what, &entry::what);
    BOOST_REQUIRE(!found.empty());
    return found.front();
  }
  bool hears() const { return count(telling::resumed) > count(telling::lost); }
  bool told(std::string_view key) const {
    auto const all = so_far();
    return std::ranges::contains(all, key, &entry::key);
  }

 private:
  mutable std::mutex guard_;
  std::vector<entry> all_;
};

auto follow(tier& t, listener& ears) {
  return t.follow([&ears](strata::news const& heard) { ears(heard); });
}

/// A server of the test's own, and a tier on it whose feed is heard.
struct followed {
  server s;
  tier t;
  listener ears{};
  strata::warm::jetstream::subscription feed{};

  explicit followed(int number) : s{number}, t{(s.start(), settings(s.url())), no_context{}} {
    BOOST_REQUIRE(t.wait_ready(soon()));
    feed = follow(t, ears);
    BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
  }
};

long in_ms(clock::duration d) {
  return static_cast<long>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_feed_passes_what_is_not_its_own) {
  auto o = settings();
  o.stream = "SPACES";
  o.prefix = "spaces";
  tier t{o, no_context{}};
  o.space = "other";
  tier another{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(another.wait_ready(soon()));
  listener ears;
  auto const feed = follow(t, ears);
  BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
  auto const comes_to_the_end = [&] {
    auto const end = t.end(soon());
    BOOST_REQUIRE(end.has_value());
    return eventually([&] { return ears.so_far().back().at >= *end; });
  };
  for (std::uint64_t r = 1; r <= 3; ++r) {
    BOOST_REQUIRE(another.store(made("theirs", r), {}, soon()));
    BOOST_TEST(comes_to_the_end());
    BOOST_TEST((ears.so_far().back().what == telling::passed));
    BOOST_REQUIRE(t.store(made("ours", r), {}, soon()));
    BOOST_TEST(comes_to_the_end());
    BOOST_TEST((ears.so_far().back().what == telling::changed));
  }
  BOOST_TEST(ears.count(telling::lost) == 0U);
  BOOST_TEST(ears.count(telling::changed) == 3U);
  BOOST_TEST(!ears.told("theirs"));
}

BOOST_AUTO_TEST_CASE(a_feed_that_begins_says_where_the_stream_stood) {
  auto o = settings();
  o.stream = "BEGINS";
  o.prefix = "begins";
  tier t{o, no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  for (std::uint64_t r = 1; r <= 3; ++r) BOOST_REQUIRE(t.store(made("before", r), {}, soon()));
  listener ears;
  auto const feed = follow(t, ears);
  BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
  BOOST_TEST((ears.so_far().front().at == position{3}));
  BOOST_TEST((t.end(soon()).value() == position{3}));
  BOOST_TEST(!ears.told("before"));
}

BOOST_AUTO_TEST_CASE(a_stream_that_takes_no_dots_in_keys_is_followed) {
  auto o = settings();
  o.stream = "TOKENS";
  o.prefix = "tokens";
  other_program const they;
  BOOST_REQUIRE(
      they.create_stream(o.stream, R"({"name":"TOKENS","subjects":["tokens.template.*"]})").contains("\"created\""));
  tier t{o, no_context{}};
  listener ears;
  auto const feed = follow(t, ears);
  BOOST_TEST(eventually([&] { return ears.hears(); }), t.health().text);
  BOOST_REQUIRE(t.store(made("k", 1), {}, soon()));
  BOOST_TEST(eventually([&] { return ears.told("k"); }));
}

BOOST_AUTO_TEST_CASE(a_server_that_is_back_is_heard_soon) {
  followed there{0};
  auto& [s, t, ears, feed] = there;
  std::vector<long> deaf;
  std::vector<long> back;
  for (std::uint64_t round = 1; round <= 5; ++round) {
    BOOST_REQUIRE(t.store(made("k", round), {}, soon()));
    auto const stopped = clock::now();
    s.stop("KILL");
    BOOST_REQUIRE(eventually([&] { return !ears.hears(); }));
    deaf.push_back(in_ms(ears.last(telling::lost).when - stopped));
    BOOST_TEST((t.end(soon()).error() == errc::unavailable));
    std::this_thread::sleep_for(300ms);
    s.start();
    auto const started = clock::now();
    BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
    back.push_back(in_ms(ears.last(telling::resumed).when - started));
    BOOST_TEST((ears.last(telling::resumed).at == position{round}));
  }
  for (auto const* times : {&deaf, &back})
    for (long const ms : *times) BOOST_TEST(ms < 10'000);  // of a machine that may be busy
  auto const list = [](std::vector<long> const& times) {
    std::string text;
    for (long const ms : times) text += " " + std::to_string(ms);
    return text;
  };
  BOOST_TEST_MESSAGE("ms from the kill to lost:" << list(deaf) << "; from the start's end to resumed:" << list(back));
}

BOOST_AUTO_TEST_CASE(a_store_that_was_rolled_back_is_noticed) {
  followed there{1};
  auto& [s, t, ears, feed] = there;
  for (std::uint64_t r = 1; r <= 5; ++r) BOOST_REQUIRE(t.store(made("k", r), {}, soon()));
  auto const copy = [&](std::string const& from, std::string const& to) {
    return std::system(("cd " + s.folder() + " && rm -rf " + to + " && cp -a " + from + " " + to).c_str());
  };
  s.stop();
  BOOST_REQUIRE(eventually([&] { return !ears.hears(); }));
  BOOST_REQUIRE(copy("store", "backup") == 0);
  s.start();
  BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
  for (std::uint64_t r = 6; r <= 9; ++r) BOOST_REQUIRE(t.store(made("k", r), {}, soon()));
  BOOST_REQUIRE(eventually([&] { return ears.last(telling::changed).at == position{9}; }));
  s.stop();
  BOOST_REQUIRE(eventually([&] { return !ears.hears(); }));
  BOOST_REQUIRE(copy("backup", "store") == 0);
  s.start();
  BOOST_TEST(eventually([&] { return ears.hears() && ears.last(telling::resumed).at == position{5}; }));
  BOOST_TEST(eventually([&] { return t.health().text.contains("went back"); }), t.health().text);
  // What others write there is heard, and what we knew of keys is not believed any more.
  BOOST_TEST((t.end(soon()).value() == position{5}));
  BOOST_TEST((t.store(made("k", 10), {}, soon()).value() == position{6}));
  BOOST_TEST(eventually([&] { return ears.last(telling::changed).at == position{6}; }));
}

BOOST_AUTO_TEST_CASE(a_stream_made_anew_behind_our_back_is_noticed_by_its_acknowledgements) {
  followed there{2};
  auto& [s, t, ears, feed] = there;
  other_program const they{s.url()};
  auto const o = settings(s.url());
  for (std::uint64_t r = 1; r <= 5; ++r) BOOST_REQUIRE(t.store(made("k", r), {}, soon()));
  BOOST_REQUIRE(they.make_anew(o.stream));
  auto const made_anew = clock::now();
  BOOST_REQUIRE(t.store(made("another", 1), {}, soon()));
  BOOST_TEST(eventually([&] { return ears.count(telling::lost) > 0 && ears.hears(); }));
  BOOST_TEST(eventually([&] { return t.end(in(5s)) == position{1}; }));
  auto const lost = ears.last(telling::lost).when;
  BOOST_TEST_MESSAGE("lost after " << in_ms(lost - made_anew) << " ms");
  BOOST_TEST(t.health().text.contains("went back"));
  BOOST_TEST(eventually([&] { return t.health().text.contains("vanished"); }));
}

BOOST_AUTO_TEST_CASE(the_end_of_another_stream_is_not_ours) {
  followed there{3};
  auto& [s, t, ears, feed] = there;
  other_program const they{s.url()};
  auto const o = settings(s.url());
  BOOST_REQUIRE((t.end(soon()) == position{0}));
  BOOST_REQUIRE(they.make_anew(o.stream));
  BOOST_TEST((t.end(soon()).error() == errc::unavailable));
  BOOST_TEST(eventually([&] { return ears.count(telling::lost) == 1 && ears.hears(); }));
  BOOST_TEST((t.end(soon()) == position{0}));
  BOOST_TEST(t.health().text.contains("vanished"));
}

BOOST_AUTO_TEST_CASE(a_consumer_that_was_deleted_is_missed) {
  followed there{4};
  auto& [s, t, ears, feed] = there;
  other_program const they{s.url()};
  auto const o = settings(s.url());
  std::string const names = they.ask("$JS.API.CONSUMER.NAMES." + o.stream, "");
  auto const at = names.find("strata-");
  BOOST_REQUIRE(at != std::string::npos);
  auto const deleted = clock::now();
  they.ask("$JS.API.CONSUMER.DELETE." + o.stream + "." + names.substr(at, names.find('"', at) - at), "");
  BOOST_REQUIRE(t.store(made("untold", 1), {}, soon()));
  BOOST_TEST(eventually([&] { return ears.count(telling::lost) == 1 && ears.hears(); }));
  auto const lost = ears.last(telling::lost).when;
  BOOST_TEST_MESSAGE("lost after " << in_ms(lost - deleted) << " ms");
  BOOST_TEST((ears.last(telling::resumed).at == position{1}));
  BOOST_TEST(!ears.told("untold"));
  BOOST_REQUIRE(t.store(made("told", 1), {}, soon()));
  BOOST_TEST(eventually([&] { return ears.told("told"); }));
}

BOOST_AUTO_TEST_CASE(a_frozen_server_is_not_heard) {
  followed there{5};
  auto& [s, t, ears, feed] = there;
  s.freeze();
  auto const frozen = clock::now();
  BOOST_TEST(eventually([&] { return !ears.hears(); }));
  BOOST_TEST_MESSAGE("lost after " << in_ms(clock::now() - frozen) << " ms");
  s.thaw();
  auto const thawed = clock::now();
  BOOST_TEST(eventually([&] { return ears.hears(); }));
  BOOST_TEST_MESSAGE("resumed after " << in_ms(clock::now() - thawed) << " ms");
}

BOOST_AUTO_TEST_CASE(a_slow_sink_loses_nothing_and_holds_nobody_up) {
  server s{6};
  s.start();
  tier t{settings(s.url()), no_context{}};
  tier writing{settings(s.url()), no_context{}};
  BOOST_REQUIRE(t.wait_ready(soon()));
  BOOST_REQUIRE(writing.wait_ready(soon()));
  listener ears;
  auto const feed = t.follow([&ears](strata::news const& heard) {
    if (heard.what == telling::changed) std::this_thread::sleep_for(100us);
    ears(heard);
  });
  BOOST_REQUIRE(eventually([&] { return ears.hears(); }));
  std::vector<strata::frame> frames;
  for (std::uint64_t i = 0; i < 5000; ++i) frames.push_back(made("slow-" + std::to_string(i), 1));
  std::vector<strata::placement> places;
  for (auto const& f : frames) places.push_back({&f, std::nullopt});
  for (auto const& stored : writing.store_many(places, soon())) BOOST_TEST(stored.has_value());
  auto const end = writing.end(soon());
  BOOST_REQUIRE(end.has_value());
  BOOST_TEST(eventually([&] { return ears.so_far().back().at >= *end; }, 30s));
  BOOST_TEST(ears.count(telling::lost) == 0U);
  BOOST_TEST(ears.count(telling::changed) == 5000U);
}

BOOST_AUTO_TEST_SUITE_END()
