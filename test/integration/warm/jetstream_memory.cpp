// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/failing_memory.hpp"
#include "support.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// T10 for the way to the stream: a call without memory fails, those after it go on, and what is read is what was stored.
using namespace warm_test;
using strata_test::at_every_allocation;

BOOST_AUTO_TEST_SUITE(memory)

namespace {

struct opened {
  tier t{settings(), no_context{}};
  static inline std::uint64_t revision = 0;  // the cases have one stream
  std::string const large = std::string(200'000, 'x');

  opened() {
    BOOST_REQUIRE(t.wait_ready(soon()).has_value());
    for (auto const* key : {"small", "other"}) put(key);
  }
  std::string put(std::string_view key) {
    auto text = std::to_string(++revision);
    BOOST_REQUIRE(t.store(made(std::string{key}, revision, text), std::nullopt, soon()).has_value());
    return text;
  }
  /// \returns nothing for what is erased
  std::string text_of(std::string_view key) {
    auto const seen = t.load(key, soon());
    BOOST_REQUIRE((seen && seen->frame));
    return seen->frame->payload;
  }
  /// Large ones leave by a thread of their own, which a failure must not keep from it.
  void goes_on() {
    auto const stored = t.store(made("large", ++revision, large), std::nullopt, soon());
    BOOST_REQUIRE_MESSAGE(stored.has_value(), "nothing large leaves any more");
  }
  /// Holds what a store reported against what stands. \returns what stands
  std::string settled(std::string_view key, std::optional<strata::result<strata::position>>& told,
                      std::string_view before, std::string_view wanted) {
    auto const now = text_of(key);
    if (told && *told)
      BOOST_TEST(now == wanted);
    else if (told && told->error() == strata::errc::unavailable)
      BOOST_TEST(now == before);
    else
      BOOST_TEST((now == before || now == wanted));
    told.reset();
    return now;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_read_without_memory_costs_the_next_ones_nothing) {
  opened o;
  auto const text = o.text_of("small");
  std::optional<strata::result<strata::sighting>> one;
  at_every_allocation(
      "load", [&](auto) { one = o.t.load("small", soon()); },
      [&](auto, bool) {
        if (one && *one) BOOST_TEST(((*one)->frame && (*one)->frame->payload == text));
        one.reset();
        o.goes_on();
      });
  std::vector<std::string_view> const keys{"small", "nobody", "small"};
  std::vector<strata::result<strata::sighting>> many;
  at_every_allocation(
      "load_many", [&](auto) { many = o.t.load_many(keys, soon()); },
      [&](auto, bool) {
        for (std::size_t i = 0; i < many.size(); ++i)
          if (many[i]) BOOST_TEST((i == 1 ? !many[i]->frame : many[i]->frame && many[i]->frame->payload == text));
        many.clear();
        o.goes_on();
      });
  BOOST_TEST(o.text_of("small") == text);
}

BOOST_AUTO_TEST_CASE(a_write_without_memory_is_there_or_is_not) {
  opened o;
  std::optional<strata::result<strata::position>> told;
  std::string before[] = {o.text_of("small"), o.text_of("other")};
  std::string wanted;
  strata::frame small, other;
  auto const prepare = [&] {
    wanted = std::to_string(++o.revision);
    small = made("small", o.revision, wanted);
    other = made("other", o.revision, wanted);
  };
  prepare();
  at_every_allocation(
      "store", [&](auto) { told = o.t.store(small, std::nullopt, soon()); },
      [&](auto, bool) {
        before[0] = o.settled("small", told, before[0], wanted);
        o.goes_on();
        prepare();
      });
  std::vector<strata::result<strata::position>> all;
  std::vector<strata::placement> const both{{&small, std::nullopt}, {&other, std::nullopt}};
  at_every_allocation(
      "store_many", [&](auto) { all = o.t.store_many(both, soon()); },
      [&](auto, bool) {
        for (std::size_t i = 0; i < 2; ++i) {
          if (!all.empty()) told = all[i];
          before[i] = o.settled(i == 0 ? "small" : "other", told, before[i], wanted);
        }
        all.clear();
        o.goes_on();
        prepare();
      });
  at_every_allocation(
      "erase", [&](auto) { told = o.t.erase("small", strata::revision{o.revision}, soon()); },
      [&](auto, bool) {
        if (o.settled("small", told, before[0], "").empty()) before[0] = o.put("small");
        o.goes_on();
        ++o.revision;
      });
}

BOOST_AUTO_TEST_CASE(a_feed_begins_and_ends_without_memory) {
  opened o;
  std::optional<strata::warm::jetstream::subscription> feed;
  std::atomic<int> told = 0;
  auto const sink = [&told](strata::news const& heard) {
    if (heard.what == strata::telling::changed) ++told;
  };
  at_every_allocation(
      "follow", [&](auto) { feed.emplace(o.t.follow(sink)); },
      [&](auto, bool threw) {
        BOOST_REQUIRE(o.t.wait_ready(soon()).has_value());  // of the feeds too
        int const before = told;
        (void)o.put("small");
        BOOST_TEST((threw || eventually([&] { return told > before; })));
        feed.reset();
      });
  at_every_allocation(
      "the end of a feed", [&](auto) { feed.reset(); },
      [&](auto, bool threw) {
        BOOST_TEST(!threw);
        feed.emplace(o.t.follow(sink));
      });
}

// What the client's thread has no memory for is missed, and the sink hears that.
BOOST_AUTO_TEST_CASE(a_change_that_there_is_no_memory_to_tell_is_not_passed_over) {
  opened o;
  std::string const first = "the first key, which is longer than a short text";
  std::string const second = "the second key, which is longer than a short text";
  bool happened = true;
  for (std::uint64_t n = 1; happened; ++n) {
    BOOST_REQUIRE(n < 100U);
    std::atomic<bool> failed = false, heard_second = false, lost = false;
    auto const feed = o.t.follow([&, n](strata::news const& heard) {
      failed = failed || strata_test::armed.happened;
      strata_test::armed = {};
      if (heard.what == strata::telling::lost) lost = true;
      if (heard.what != strata::telling::changed) return;
      if (heard.told.key == second) heard_second = true;
      if (heard.told.key == first) strata_test::armed = {.left = n};
    });
    BOOST_REQUIRE(o.t.wait_ready(soon()).has_value());
    (void)o.put(first);
    (void)o.put(second);
    BOOST_TEST(eventually([&] { return heard_second || lost; }), "after failure " << n << " nothing is told");
    happened = failed;
    BOOST_TEST((!happened || lost));
    BOOST_REQUIRE(o.t.wait_ready(soon()).has_value());  // it begins anew
  }
}

// The client's threads take no exception.
BOOST_AUTO_TEST_CASE(a_refusal_is_taken_down_as_far_as_there_is_memory) {
  BOOST_REQUIRE(nats_Open(-1) == NATS_OK);
  BOOST_REQUIRE(natsOptions_SetURL(nullptr, "") != NATS_OK);
  BOOST_REQUIRE(nats_GetLastError(nullptr) != nullptr);  // something to take down
  auto const one = std::make_shared<js::signals>(std::make_shared<js::bell>());
  void* const id = js::registry<js::signals>::enter(one);
  at_every_allocation(
      "a refusal", [&](auto) { js::signals::on_error(nullptr, nullptr, NATS_NOT_PERMITTED, id); },
      [&](auto, bool threw) { BOOST_TEST(!threw); });
  BOOST_TEST(one->refused.count() > 0U);
  js::registry<js::signals>::leave(id);
}

BOOST_AUTO_TEST_SUITE_END()
