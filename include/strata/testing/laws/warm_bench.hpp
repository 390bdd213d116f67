// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/testing/report.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <format>
#include <new>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

// What the laws of warm tiers are tried on: their names, and two instances on one store with frames to put into it.
namespace strata::testing {

namespace warm_law {
inline constexpr std::string_view found = "load gives the last frame stored under exactly that key";
inline constexpr std::string_view vacant = "a key that was never stored is a vacancy that can be stored at";
inline constexpr std::string_view placed = "a store at a position happens only if the key has not moved";
inline constexpr std::string_view positioned = "the position a store gives is where the key stands until it moves";
inline constexpr std::string_view upward = "a store without a position never replaces a higher revision";
inline constexpr std::string_view erased = "an erase leaves a frame that says so, with its revision";
inline constexpr std::string_view sized = "what is too big is rejected and harms nothing";
inline constexpr std::string_view timely = "no call outlives its deadline by more than 50 ms";
inline constexpr std::string_view many = "many at once is each as if it were alone, in the order asked";
inline constexpr std::string_view told =
    "the feed tells the last revision of every key that changed, and where it stands";
inline constexpr std::string_view exact =
    "a feed says first from where on it tells everything, and then leaves nothing out";
inline constexpr std::string_view ordered = "the positions a feed tells grow until it begins anew";
inline constexpr std::string_view renewed = "a feed that is renewed is lost, then resumes";
inline constexpr std::string_view at_end = "the end stands at or above every position given before";
inline constexpr std::string_view reached = "a feed tells that it has come to the end";
inline constexpr std::string_view ended = "a feed that has ended calls nobody";
inline constexpr std::string_view raced =
    "of racing stores at one position exactly one succeeds, and without one the highest revision stays";
inline constexpr std::string_view silent = "nothing but bad_alloc is thrown";
}  // namespace warm_law

/// What the suite has to know of a policy.
struct warm_traits {
  std::size_t too_big_bytes = 0;              ///< a payload of this size must be rejected; zero: there is no limit
  std::chrono::milliseconds patience{5'000};  ///< for the store to get ready, and for the feed
  std::size_t rounds = 300;                   ///< steps of the random story
};

template <class Policy, reporter Report>
class warm_bench {
 public:
  warm_bench(typename Policy::options const& settings, Report& report, warm_traits traits)
      : report_{report}, traits_{traits}, context_{}, one_{settings, context_}, two_{settings, context_} {}

 protected:
  struct no_context {};
  using tier = typename Policy::template tier<std::string, std::string, no_context>;
  using clock = std::chrono::steady_clock;
  static_assert(warm_tier<tier>);

  void check(std::string_view law, bool passed, std::string const& text) { report_({law, passed, text}); }
  template <class F>
  void guarded(F f) {
    try {
      f();
      check(warm_law::silent, true, "");
    } catch (std::bad_alloc const&) {
    } catch (std::exception const& e) {
      check(warm_law::silent, false, e.what());
    } catch (...) {
      check(warm_law::silent, false, "something that is no std::exception");
    }
  }
  void get_ready() {
    if constexpr (requires { one_.wait_ready(soon()); })
      check(warm_law::found, one_.wait_ready(soon()).has_value() && two_.wait_ready(soon()).has_value(),
            "the tier never got ready");
  }
  deadline soon() const { return clock::now() + traits_.patience; }

  std::string key(std::string_view name) { return std::format("law-{}-{:x}-{}", run_, ++keys_, name); }
  frame made(std::string const& k, std::uint64_t r, std::string payload = "bytes") const {
    frame f;
    f.key = k;
    f.revision = revision{r};
    f.codec = "json";
    f.schema = 2;
    f.fingerprint = 0xFEDCBA9876543210;
    f.created_ms = 1'700'000'000'123;
    f.payload = std::move(payload);
    f.sum = checksum(f);
    return f;
  }
  static bool same(frame const& a, frame const& b) {
    return a.key == b.key && a.revision == b.revision && a.operation == b.operation && a.codec == b.codec &&
           a.schema == b.schema && a.fingerprint == b.fingerprint && a.created_ms == b.created_ms &&
           a.expires_ms == b.expires_ms && a.sum == b.sum && a.payload == b.payload;
  }
  static bool same(sighting const& seen, std::optional<frame> const& wanted) {
    return seen.frame.has_value() == wanted.has_value() && (!wanted || same(*seen.frame, *wanted));
  }
  bool holds(tier& t, std::string const& k, std::optional<frame> const& wanted) {
    auto const seen = t.load(k, soon());
    return seen && same(*seen, wanted);
  }

  Report& report_;
  warm_traits traits_;
  no_context context_;
  tier one_;
  tier two_;
  std::uint64_t run_ = std::random_device{}();
  std::uint64_t keys_ = 0;
};

}  // namespace strata::testing
