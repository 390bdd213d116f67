// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "../../support/failing_memory.hpp"

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/error.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// T10 for cold tiers: after every call that had no memory left the tier goes on, what was reported is what stands, and
// what was not reported is as it was before or as it should have become.
namespace cold_test {

/// Two keys under calls that fail.
/// \param Made  a value of a text
template <class Tier, class Made>
class without_memory {
 public:
  without_memory(Tier& t, Made made, strata::deadline until) : tier_{t}, made_{made}, until_{until} {
    for (auto const& key : keys) put(key, "first");
  }

  void all() {
    reads();
    writes();
    bulk_writes();
    counts();
    log();
  }

 private:
  using value_type = std::remove_cvref_t<std::invoke_result_t<Made&, std::string_view, std::string_view>>;
  using copy = strata::copy<value_type>;
  static constexpr std::string_view keys[] = {"k", "l"};

  void reads() {
    std::optional<strata::result<copy>> one;
    strata_test::at_every_allocation(
        "load", [&](auto) { one = tier_.load("k", until_); },
        [&](auto, bool) {
          if (one && *one) BOOST_TEST((*one)->value->text == "first");
          one.reset();
          BOOST_TEST(text_of("k") == "first");
        });
    std::vector<std::string_view> const asked{"k", "nobody", "l"};
    std::vector<strata::result<copy>> many;
    strata_test::at_every_allocation(
        "load_many", [&](auto) { many = tier_.load_many(asked, until_); },
        [&](auto, bool) {
          for (std::size_t i = 0; i < many.size(); ++i)
            if (many[i]) BOOST_TEST((i == 1 ? !many[i]->value : many[i]->value && many[i]->value->text == "first"));
          many.clear();
          BOOST_TEST(text_of("l") == "first");
        });
  }

  void writes() {
    std::optional<strata::result<strata::written>> told;
    std::string before = "first";
    strata_test::at_every_allocation(
        "store",
        [&](std::uint64_t n) { told = tier_.store("k", made_("k", std::to_string(n)), strata::anything, until_); },
        [&](std::uint64_t n, bool) { before = settled("k", told, before, std::to_string(n)); });
    strata_test::at_every_allocation(
        "erase", [&](auto) { told = tier_.erase("k", until_); },
        [&](auto, bool) {
          if (settled("k", told, before, "").empty()) put("k", before);
        });
  }

  void bulk_writes() {
    std::vector<strata::result<strata::written>> told;
    std::optional<strata::result<strata::written>> of_one;
    std::string before[] = {put("k", "0"), put("l", "0")};
    strata_test::at_every_allocation(
        "store_many",
        [&](std::uint64_t n) {
          auto const k = made_("k", "overtaken"), l = made_("l", std::to_string(n)), again = made_("k", l.text);
          std::vector<strata::keyed_value<value_type>> const all{{"k", &k}, {"l", &l}, {"k", &again}};
          told = tier_.store_many(all, until_);
        },
        [&](std::uint64_t n, bool) {
          for (std::size_t i = 0; i < 2; ++i) {
            if (!told.empty()) of_one = told[i];
            before[i] = settled(keys[i], of_one, before[i], std::to_string(n));
          }
          told.clear();
        });
  }

  void counts() {
    std::vector<strata::uses> const once{{"k", 1, 1, 0}}, nobody{{"nobody", 1}};
    std::optional<strata::result<void>> told;
    std::uint64_t before = 0;
    strata_test::at_every_allocation(
        "add_usage", [&](auto) { told = tier_.add_usage(once, until_); },
        [&](auto, bool) {
          // What this one keeps of a flush before it, the next one sends.
          auto const next = tier_.add_usage(nobody, until_);
          BOOST_REQUIRE_MESSAGE(next, "another flush: " << fault_of(next));
          auto const seen = tier_.usage_of("k", until_);
          BOOST_REQUIRE(seen);
          std::uint64_t const now = *seen ? (*seen)->count : 0;
          BOOST_TEST(now <= before + 1);
          if (told && (*told || told->error() != strata::errc::unknown)) BOOST_TEST(now == before + (*told ? 1 : 0));
          told.reset();
          before = now;
        });
  }

  void log() {
    auto const begun = tier_.changes_since(std::nullopt, 0, until_);
    BOOST_REQUIRE(begun);
    for (auto const* text : {"one", "two"}) put("k", text);
    std::optional<strata::result<strata::changes>> told;
    strata_test::at_every_allocation(
        "changes_since", [&](auto) { told = tier_.changes_since(begun->settled, 10, until_); },
        [&](auto, bool) {
          if (told && *told) {
            BOOST_TEST(!(*told)->gap);
            BOOST_TEST((*told)->all.size() >= 2U);
            BOOST_TEST(((*told)->all.back().revision == tier_.load("k", until_)->revision));
          }
          told.reset();
          BOOST_TEST(text_of("k") == "two");
        });
  }

  template <class T>
  static std::string fault_of(strata::result<T> const& r) {
    return r ? std::string{} : std::string{r.error().text()};
  }
  std::string put(std::string_view key, std::string_view text) {
    auto const stored = tier_.store(key, made_(key, text), strata::anything, until_);
    BOOST_REQUIRE_MESSAGE(stored, "a store that has memory: " << fault_of(stored));
    return std::string{text};
  }
  /// \returns nothing for an absent key
  std::string text_of(std::string_view key) {
    auto const found = tier_.load(key, until_);
    BOOST_REQUIRE_MESSAGE(found, "a load that has memory: " << fault_of(found));
    return found->value ? found->value->text : std::string{};
  }
  /// Holds what a write reported against what stands. \returns what stands
  std::string settled(std::string_view key, std::optional<strata::result<strata::written>>& told,
                      std::string_view before, std::string_view wanted) {
    auto const now = text_of(key);
    if (told && *told)
      BOOST_TEST(now == wanted);
    else if (told && told->error() != strata::errc::unknown)
      BOOST_TEST(now == before);
    else
      BOOST_TEST((now == before || now == wanted));
    told.reset();
    return now;
  }

  Tier& tier_;
  Made made_;
  strata::deadline until_;
};

}  // namespace cold_test
