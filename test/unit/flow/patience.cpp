// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/cache.hpp>

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <thread>

// K4, P8: callers with different deadlines who miss the same key. Neither may cost the other an answer.
using namespace strata;
using namespace std::chrono_literals;

namespace {

/// The first load takes as long as it is told, all others no time.
struct sluggish {
  struct options {
    std::chrono::milliseconds first{0};
  };
  template <class Key, class Value, class Context>
  class tier {
   public:
    tier(options const& o, Context const&) : first_{o.first} {}
    result<copy<Value>> load(std::string_view, deadline until) {
      if (loads_++ == 0) {
        auto const end = std::chrono::steady_clock::now() + first_;
        std::this_thread::sleep_until(end < until ? end : until);
        if (until <= end) return failure(errc::timed_out, strata::tier::cold);
      }
      return copy<Value>{.value = 7, .revision = revision{1}};
    }
    result<written> store(std::string_view, Value const&, expectation, deadline) { return written{}; }
    result<written> erase(std::string_view, deadline) { return written{}; }
    [[nodiscard]] int loads() const { return loads_; }

   private:
    std::chrono::milliseconds first_;
    std::atomic<int> loads_{0};
  };
};
struct digits {
  using value_type = int;
  static constexpr std::string_view id = "digits";
  static constexpr std::uint64_t fingerprint = 1;
  result<void> encode(int n, std::string& out) const { return out += std::to_string(n), result<void>{}; }
  result<int> decode(std::string_view text) const { return std::stoi(std::string{text}); }
};
using numbers = cache<none, none, sluggish, digits, single_writer>;

/// Two readers, the second while the first one's load is under way.
struct two {
  explicit two(std::chrono::milliseconds load, std::chrono::milliseconds patience_of_first,
               std::chrono::milliseconds patience_of_second)
      : c{{.cold = {.first = load}}} {
    std::jthread const leader{[&] { first = c.get("k", {.within = patience_of_first}); }};
    while (c.cold().loads() == 0) std::this_thread::sleep_for(1ms);
    auto const began = std::chrono::steady_clock::now();
    second = c.get("k", {.within = patience_of_second});
    took = std::chrono::steady_clock::now() - began;
  }
  numbers c;
  numbers::answer first, second;
  std::chrono::nanoseconds took{};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(patience)

BOOST_AUTO_TEST_CASE(a_caller_in_a_hurry_does_not_wait_for_one_that_has_time) {
  two const t{2s, 10s, 500ms};
  BOOST_TEST(t.second.has_value());
  BOOST_TEST((t.took < 500ms));
  BOOST_TEST(t.first.has_value());
}

BOOST_AUTO_TEST_CASE(a_caller_that_has_time_is_not_failed_by_one_in_a_hurry) {
  two const t{1min, 300ms, 10s};
  BOOST_TEST((t.first.failed() && t.first.error() == errc::timed_out));
  BOOST_TEST(t.second.has_value());
}

BOOST_AUTO_TEST_CASE(callers_with_as_much_time_share_one_load) {
  two const t{300ms, 10s, 10s};
  BOOST_TEST((t.first.has_value() && t.second.has_value()));
  BOOST_TEST(t.c.cold().loads() == 1);
}

BOOST_AUTO_TEST_SUITE_END()
