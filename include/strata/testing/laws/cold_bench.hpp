// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/context.hpp>
#include <strata/error.hpp>
#include <strata/options.hpp>
#include <strata/run/clock.hpp>
#include <strata/testing/report.hpp>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>

// What the suites for cold tiers have in common: the laws by name, and the value that they store.
namespace strata::testing {

namespace cold_law {
inline constexpr std::string_view found = "load gives what was stored last under exactly that key, and nothing else";
inline constexpr std::string_view higher = "a store has a higher revision than any store or erase of its key before it";
inline constexpr std::string_view counted =
    "a store's version is the stored one plus one, across erases, whatever the caller's object says";
inline constexpr std::string_view stamped = "the value that is kept carries its version";
inline constexpr std::string_view unchanged =
    "storing what is there already changes nothing, says so, and gives the revision that stands";
inline constexpr std::string_view expected =
    "a store with an expectation happens only if it is met, else it is a conflict";
inline constexpr std::string_view winner = "of many stores that expect the same, one happens";
inline constexpr std::string_view tombstone = "an erase leaves a higher revision behind, which load gives";
inline constexpr std::string_view vacant = "erasing nothing succeeds and changes nothing";
inline constexpr std::string_view refused = "a value that does not encode is rejected and leaves everything as it was";
inline constexpr std::string_view corrupt = "a copy that does not decode is an error for its key alone, never absence";
inline constexpr std::string_view bulk = "a bulk call answers each key in its place, as a single call would";
inline constexpr std::string_view repeated =
    "of several values for one key in a bulk store the last is stored, and all have its answer";
inline constexpr std::string_view usage = "usage is added up and moves no revision";
inline constexpr std::string_view history = "what was replaced or erased can be read back";
inline constexpr std::string_view expiry =
    "what has expired is there no more, says so, and gives way to who expects absence; a store ends the life before";
inline constexpr std::string_view late =
    "a call after its deadline answers, and an error means that nothing was stored";
inline constexpr std::string_view logged =
    "the log has each change after the place asked for, once, in order, with the revision its write had";
inline constexpr std::string_view withheld =
    "a look at the log has all that was committed before it began, whoever is still writing";
inline constexpr std::string_view settled =
    "the settled place is never beyond what was read, never goes back, and loses nothing to who asks from there";
inline constexpr std::string_view horizon = "the horizon is what it was moved to last, and its age is the clock's";
inline constexpr std::string_view held = "one at a time holds the horizon, until it lets its time run out";
inline constexpr std::string_view moved = "only who holds the horizon moves it";
inline constexpr std::string_view listed = "what stands is listed page by page, erased keys too, none left out";
inline constexpr std::string_view compared = "the revisions of many keys are those that load gives, in their places";
}  // namespace cold_law

/// A value whose codec can be told to fail.
struct ledger {
  std::string text = {};
  std::int64_t version = 0;
  bool operator==(ledger const&) const = default;
};

/// {"text":"...","version":n}; text "unwritable" does not encode, text "unreadable" does not decode.
struct ledger_codec {
  using value_type = ledger;
  static constexpr std::string_view id = "ledger";
  static constexpr std::uint64_t fingerprint = 1;

  result<void> to_json(ledger const& value, std::string& out) const {
    if (value.text == "unwritable") return failure(errc::rejected, tier::none, "text is unwritable");
    out += std::format("{{\"text\":\"{}\",\"version\":{}}}", value.text, value.version);
    return {};
  }
  result<ledger> from_json(std::string_view json) const {
    auto const between = [&](std::string_view before, char after) {
      auto const at = json.find(before);
      auto const rest = at == std::string_view::npos ? std::string_view{} : json.substr(at + before.size());
      return rest.substr(0, rest.find(after));
    };
    ledger value{.text = std::string{between("\"text\":\"", '"')}};
    auto const number = between("\"version\":", '}');
    std::from_chars(number.data(), number.data() + number.size(), value.version);
    if (value.text == "unreadable") return failure(errc::corrupt, tier::none, "text is unreadable");
    return value;
  }
  result<void> encode(ledger const& value, std::string& out) const { return to_json(value, out); }
  result<ledger> decode(std::string_view bytes) const { return from_json(bytes); }
};

template <bool Ends>
using ledger_context = context<monotonic_clock, no_observer, ledger_codec, Ends>;
/// \tparam Ends  whether what it keeps may have an end
template <class Policy, bool Ends>
using ledger_tier = typename Policy::template tier<std::string, ledger, ledger_context<Ends>>;

template <class Policy, reporter Report, bool Ends = false>
class cold_bench {
 public:
  cold_bench(typename Policy::options const& settings, Report& report) : report_{report}, tier_{settings, context_} {}

 protected:
  using tier_type = ledger_tier<Policy, Ends>;
  static_assert(cold_tier<tier_type, ledger>);

  static deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds{30}; }
  bool check(std::string_view law, bool passed, std::string_view text) {
    report_(verdict{law, passed, text});
    return passed;
  }
  template <class T>
  bool good(std::string_view law, result<T> const& r, std::string_view call) {
    return check(law, r.has_value(), r ? std::string{call} : std::format("{}: {}", call, r.error()));
  }

 private:
  Report& report_;
  monotonic_clock clock_{};
  no_observer observer_{};
  ledger_codec codec_{};
  ledger_context<Ends> context_{clock_, observer_, codec_};

 protected:
  tier_type tier_;
};

}  // namespace strata::testing
