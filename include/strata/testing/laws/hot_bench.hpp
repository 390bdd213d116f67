// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/hot.hpp>
#include <strata/hash.hpp>
#include <strata/testing/laws/hot_values.hpp>
#include <strata/testing/report.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// What the laws of hot tiers are tried on: their names, and tiers of both kinds of keys.
namespace strata::testing {

namespace hot_law {
inline constexpr std::string_view found = "a key finds what was installed under it last, and nothing else";
inline constexpr std::string_view revision = "install never replaces the same or a higher revision";
inline constexpr std::string_view erased = "erase takes away what is older than asked and nothing else";
inline constexpr std::string_view roomy = "n distinct keys put into capacity n all stay";
inline constexpr std::string_view bounded = "entries and bytes stay within the bounds";
inline constexpr std::string_view counted = "entries and bytes tell what is there";
inline constexpr std::string_view cleared = "clear leaves nothing";
inline constexpr std::string_view traceless = "peek leaves no trace";
inline constexpr std::string_view strong = "if anything throws, nothing has changed";
inline constexpr std::string_view outlived = "a value outlives its entry";
inline constexpr std::string_view unheld = "copies and destructors run with nothing held";
inline constexpr std::string_view prepared =
    "an install of what was prepared, and an erase, run no user code but equality";
inline constexpr std::string_view reentered = "a call from inside a visitor returns and harms nothing";
inline constexpr std::string_view used = "uses are handed out once each, also those of entries that went";
inline constexpr std::string_view listed = "keys gives every entry once";
inline constexpr std::string_view resized = "resize moves the bound and keeps what fits";
inline constexpr std::string_view sound = "the structure is sound";
}  // namespace hot_law

/// What the suite has to know of a policy.
struct hot_traits {
  bool admits_all = true;  ///< false: the policy may refuse a newcomer although it fits
};

template <class Policy, reporter Report>
class hot_bench {
 public:
  hot_bench(Report& report, hot_traits traits) : report_{report}, traits_{traits} {}

 protected:
  using context = bare_context<note, std::string>;
  using options = typename Policy::options;
  using tier = typename Policy::template tier<std::string, note, context>;
  using touchy_tier = typename Policy::template tier<touchy_key, note, bare_context<note, touchy_key>>;
  static_assert(hot_tier<tier, std::string, note>);

  static std::string name(std::uint64_t i) { return "key-" + std::to_string(i) + std::string(i % 37, '.'); }
  static options bound(std::size_t entries, std::size_t bytes = 0) {
    options o{};
    o.capacity_entries = entries;
    if constexpr (requires { o.capacity_bytes; }) o.capacity_bytes = bytes;
    return o;
  }
  struct holder {
    explicit holder(options o) : kept{o, context{hash}} {}
    installed put(std::uint64_t i, std::uint64_t r = 1, std::size_t weight = 1) {
      return kept.install(hash(key = name(i)), {strata::revision{r}, note{name(i) + "@" + std::to_string(r), weight}});
    }
    std::string look(std::uint64_t i) {
      std::string seen;
      if (!kept.peek(hash(key = name(i)), [&](box<note> const& b) { seen = b.value().text; })) return "nothing";
      return seen;
    }
    std::string use(std::uint64_t i) {
      std::string seen;
      if (!kept.find(hash(key = name(i)), [&](box<note> const& b) { seen = b.value().text; })) return "nothing";
      return seen;
    }
    bool erase(std::uint64_t i, std::uint64_t below) {
      return kept.erase(hash(key = name(i)), strata::revision{below});
    }

    hasher<std::string> hash{1};
    std::string key;
    tier kept;
  };

  void check(std::string_view law, bool passed, std::string_view text) { report_({law, passed, text}); }
  void check(std::string_view law, bool passed, std::invocable auto text) {  // made only to be told
    if (passed)
      report_({law, passed, {}});
    else
      check(law, passed, std::string_view{std::string{text()}});
  }
  template <class Tier>
  void settle(Tier const& kept, std::string const& after) {
    if constexpr (requires { kept.valid(); }) check(hot_law::sound, kept.valid(), "after " + after);
  }
  bool came(installed how) const { return how == installed::yes || (!traits_.admits_all && how == installed::refused); }

  Report& report_;
  hot_traits traits_;
};

}  // namespace strata::testing
