// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/query.hpp>
#include <strata/error.hpp>
#include <strata/testing/laws/cold_bench.hpp>
#include <strata/testing/laws/cold_expiry.hpp>
#include <strata/testing/laws/cold_log.hpp>
#include <strata/testing/parallel.hpp>
#include <strata/testing/report.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// The laws of cold tiers that no compiler checks:
//   strata::testing::cold_laws<my_policy>(options_of_an_empty_store, strata::testing::boost_report);
// What a tier does not offer (bulk calls, usage, history, a log, a horizon) is not checked.
namespace strata::testing {

template <class Policy, reporter Report>
class cold_suite : cold_bench<Policy, Report> {
  using base = cold_bench<Policy, Report>;
  using base::check, base::good, base::soon, base::tier_;
  using typename base::tier_type;

 public:
  using base::base;

  void run() {
    random_calls();
    expectations();
    winners();
    failures();
    if constexpr (loads_many<tier_type> && stores_many<tier_type, ledger>) bulk();
    if constexpr (counts_usage<tier_type>) usage();
    if constexpr (keeps_history<tier_type, ledger>) history();
  }
  /// To be tried last: what its call leaves may be stored at any later moment.
  void late() {
    auto const past = std::chrono::steady_clock::now() - std::chrono::seconds{1};
    auto const stored = tier_.store("late", {.text = "late"}, anything, past);
    auto const now = tier_.load("late", soon());
    if (!good(cold_law::late, now, "load")) return;
    check(cold_law::late, stored ? now->value.has_value() : stored.error() == errc::unknown || !now->value,
          "an error, and yet it was stored");
    auto const read = tier_.load("late", past);
    check(cold_law::late, read || read.error() == errc::timed_out || read.error() == errc::unavailable,
          "not an error of a late call");
  }

 private:
  struct standing {
    std::optional<std::string> text;
    revision at{};
    std::int64_t version = 0;
  };

  void compare(std::string const& key, standing const& model, result<copy<ledger>> const& got, std::string_view place) {
    if (!good(cold_law::found, got, std::format("load {}", key))) return;
    check(cold_law::found,
          got->value.has_value() == model.text.has_value() && (!model.text || got->value->text == *model.text),
          std::format("{}: load {} gave another value", place, key));
    check(model.text ? cold_law::found : cold_law::tombstone, got->revision == model.at,
          std::format("{}: load {} gave revision {}, not {}", place, key, number(got->revision), number(model.at)));
    if (got->value)
      check(cold_law::stamped, got->value->version == model.version && got->version == model.version,
            std::format("{}: {} carries version {}, not {}", place, key, got->value->version, model.version));
  }

  // Against a model, one call at a time, over few keys so that they meet.
  void random_calls() {
    std::minstd_rand random{7};
    std::map<std::string, standing> model;
    for (int step = 0; step < 600; ++step) {
      auto const key = std::format("key {}", random() % 9);
      auto& m = model[key];
      auto const text = std::format("text {}", random() % 4);
      auto const call = std::format("step {}", step);
      switch (random() % 6) {
        case 0: erased(key, m, call); break;
        case 1: compare(key, m, tier_.load(key, soon()), call); break;
        case 2: {  // an expectation that is right or wrong
          bool const right = random() % 2 == 0;
          auto const now = m.text ? m.at : absence;
          stored(key, text, right ? now : revision{number(now) + 1}, right, m, call);
          break;
        }
        default: stored(key, text, anything, true, m, call);
      }
    }
    for (auto const& [key, m] : model) compare(key, m, tier_.load(key, soon()), "at the end");
  }

  void stored(std::string const& key, std::string const& text, expectation expected, bool met, standing& m,
              std::string_view call) {
    auto const r = tier_.store(key, {.text = text, .version = 1000}, expected, soon());
    if (!met) {
      check(cold_law::expected, !r && r.error() == errc::conflict,
            std::format("{}: a store of {} with a wrong expectation was no conflict", call, key));
      return;
    }
    if (!good(expected ? cold_law::expected : cold_law::found, r, std::format("{}: store {}", call, key))) return;
    if (m.text == text) {
      check(cold_law::unchanged, !r->changed && r->revision == m.at && r->version == m.version,
            std::format("{}: {} was stored again", call, key));
      return;
    }
    check(cold_law::unchanged, r->changed, std::format("{}: {} changed and the answer denies it", call, key));
    check(cold_law::higher, r->revision > m.at,
          std::format("{}: {} went from revision {} to {}", call, key, number(m.at), number(r->revision)));
    check(cold_law::counted, r->version == m.version + 1,
          std::format("{}: {} went from version {} to {}", call, key, m.version, r->version));
    m = {text, r->revision, r->version};
  }

  void erased(std::string const& key, standing& m, std::string_view call) {
    auto const r = tier_.erase(key, soon());
    if (!good(m.text ? cold_law::tombstone : cold_law::vacant, r, std::format("{}: erase {}", call, key))) return;
    if (!m.text) {
      check(cold_law::vacant, !r->changed && r->revision == m.at,
            std::format("{}: erasing {}, which is not there", call, key));
      return;
    }
    check(cold_law::tombstone, r->changed && r->revision > m.at,
          std::format("{}: erase of {} left revision {}", call, key, number(r->revision)));
    m.text.reset();
    m.at = r->revision;
  }

  void expectations() {
    auto const first = tier_.store("expect", {.text = "1"}, absence, soon());
    if (!good(cold_law::expected, first, "insert")) return;
    auto const is_conflict = [](auto const& r) { return !r && r.error() == errc::conflict; };
    check(cold_law::expected, is_conflict(tier_.store("expect", {.text = "2"}, absence, soon())),
          "absence expected of what is there");
    check(cold_law::expected, is_conflict(tier_.store("expect", {.text = "1"}, absence, soon())),
          "absence expected of the same value");
    check(cold_law::expected, is_conflict(tier_.store("nobody", {.text = "1"}, first->revision, soon())),
          "a revision expected of what is absent");
    check(
        cold_law::expected,
        is_conflict(tier_.store("expect", {.text = "2"}, revision{std::numeric_limits<std::uint64_t>::max()}, soon())),
        "a revision expected that nobody can have");
    auto const gone = tier_.erase("expect", soon());
    if (!good(cold_law::tombstone, gone, "erase")) return;
    check(cold_law::expected, is_conflict(tier_.store("expect", {.text = "3"}, first->revision, soon())),
          "a revision expected of what is erased");
    good(cold_law::expected, tier_.store("expect", {.text = "4"}, absence, soon()),
         "absence expected of what is erased");
  }

  void winners() {
    for (int round = 0; round < 20; ++round) {
      auto const now = tier_.load("contended", soon());
      if (!good(cold_law::winner, now, "load")) return;
      std::atomic<int> won = 0, failed = 0;
      in_parallel(8, [&](std::size_t t) {
        auto const r = tier_.store("contended", {.text = std::format("{} {}", round, t)},
                                   now->value ? now->revision : absence, soon());
        if (r)
          ++won;
        else if (r.error() != errc::conflict)
          ++failed;
      });
      check(cold_law::winner, won == 1 && failed == 0,
            std::format("{} of 8 happened, {} failed", won.load(), failed.load()));
    }
  }

  void failures() {
    auto const before = tier_.store("kept", {.text = "kept"}, anything, soon());
    auto const r = tier_.store("kept", {.text = "unwritable"}, anything, soon());
    if constexpr (encodes)
      check(cold_law::refused, !r && r.error() == errc::rejected, "a value that does not encode was taken");
    if (!r) compare("kept", {"kept", before->revision, before->version}, tier_.load("kept", soon()), "after a refusal");
    if constexpr (encodes) {
      good(cold_law::corrupt, tier_.store("spoilt", {.text = "unreadable"}, anything, soon()), "store");
      auto const spoilt = tier_.load("spoilt", soon());
      check(cold_law::corrupt, !spoilt && spoilt.error() == errc::corrupt, "what does not decode was given or hidden");
      if constexpr (loads_many<tier_type>) {
        std::string_view const keys[] = {"kept", "spoilt"};
        auto const both = tier_.load_many(keys, soon());
        check(cold_law::corrupt, both.size() == 2 && both[0] && !both[1] && both[1].error() == errc::corrupt,
              "one bad copy spoils a bulk load");
      }
      good(cold_law::corrupt, tier_.store("spoilt", {.text = "mended"}, anything, soon()), "store over a bad copy");
      good(cold_law::corrupt, tier_.load("spoilt", soon()), "load of what was mended");
    }
  }

  void bulk() {
    std::vector<std::string> names;
    std::vector<ledger> values;
    for (int i = 0; i < 1100; ++i) {
      names.push_back(std::format("bulk {}", (i * 37) % 1100));
      values.push_back({.text = std::format("value {}", i)});
    }
    std::vector<keyed_value<ledger>> given;
    std::vector<std::string_view> keys;
    for (std::size_t i = 0; i < names.size(); ++i) given.push_back({names[i], &values[i]}), keys.push_back(names[i]);
    auto const one = tier_.store(names[5], {.text = "before"}, anything, soon());
    auto const same = tier_.store(names[6], values[6], anything, soon());
    auto const gone = tier_.store(names[7], {.text = "gone"}, anything, soon());
    if (!one || !same || !gone || !tier_.erase(names[7], soon()))
      return void(check(cold_law::bulk, false, "single calls failed"));
    auto const stored = tier_.store_many(given, soon());
    if (!check(cold_law::bulk, stored.size() == given.size(), "not as many answers as values")) return;
    auto const found = tier_.load_many(keys, soon());
    if (!check(cold_law::bulk, found.size() == keys.size(), "not as many answers as keys")) return;
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < names.size(); ++i) {
      auto const version = i == 5 || i == 7 ? 2 : 1;
      wrong += !stored[i] || stored[i]->version != version || stored[i]->changed != (i != 6);
      wrong += !found[i] || !found[i]->value || found[i]->value->text != values[i].text || !stored[i] ||
               found[i]->revision != stored[i]->revision;
      if (i % 100 == 0)
        compare(names[i], {values[i].text, stored[i] ? stored[i]->revision : revision{}, version},
                tier_.load(names[i], soon()), "after a bulk store");
    }
    check(cold_law::bulk, wrong == 0, std::format("{} of {} answers are wrong", wrong, 2 * names.size()));
    auto const erase = tier_.erase(names[9], soon());
    std::string_view const asked[] = {"bulk of nobody", names[8], names[9], names[8]};
    auto const few = tier_.load_many(asked, soon());
    check(cold_law::bulk,
          few.size() == 4 && few[0] && !few[0]->value && few[0]->revision == revision{} && few[1] && few[1]->value &&
              few[2] && !few[2]->value && erase && few[2]->revision == erase->revision && few[3] && few[3]->value,
          "absent, erased and repeated keys");
    check(cold_law::bulk, tier_.load_many({}, soon()).empty() && tier_.store_many({}, soon()).empty(), "no keys");

    ledger const first{.text = "first"}, last{.text = "last"}, bad{.text = "unwritable"};
    std::vector<keyed_value<ledger>> const twice{{"twice", &first}, {"other", &first}, {"bad", &bad}, {"twice", &last}};
    auto const answers = tier_.store_many(twice, soon());
    auto const kept = tier_.load("twice", soon());
    check(cold_law::repeated,
          answers.size() == 4 && answers[0] && answers[3] && answers[0]->revision == answers[3]->revision && kept &&
              kept->value && kept->value->text == "last" && kept->revision == answers[3]->revision,
          "the last of two values was not the one stored");
    check(cold_law::bulk, answers.size() == 4 && answers[1] && answers[1]->changed,
          "a good value beside others was not stored");
    if constexpr (encodes)
      check(cold_law::refused, answers.size() == 4 && !answers[2] && answers[2].error() == errc::rejected,
            "a bad value in a bulk store was taken");
  }

  void usage() {
    auto const a = tier_.store("used", {.text = "a"}, anything, soon());
    auto const b = tier_.store("used less", {.text = "b"}, anything, soon());
    if (!good(cold_law::usage, a, "store") || !good(cold_law::usage, b, "store")) return;
    auto const start = std::chrono::system_clock::now() - std::chrono::minutes{1};
    std::vector<uses> const counts{
        {.key = "used less", .count = 2, .successes = 1}, {"used", 1000, 3, 1}, {"nobody at all", 5000}};
    good(cold_law::usage, tier_.add_usage(counts, soon()), "add_usage");
    good(cold_law::usage, tier_.add_usage(counts, soon()), "add_usage");
    auto const now = tier_.load("used", soon());
    check(cold_law::usage, now && now->value && now->revision == a->revision && now->version == a->version,
          "counting moved the revision or the version");
    if constexpr (reports_usage<tier_type>) {
      auto const u = tier_.usage_of("used", soon());
      check(cold_law::usage,
            u && *u && (*u)->key == "used" && (*u)->count == 2000 && (*u)->success_rate() == 0.75 &&
                (*u)->last_used > start,
            "2,000 uses with 6 successes and 2 failures are something else");
      auto const fresh = tier_.store("not used", {.text = "c"}, anything, soon());
      auto const none = tier_.usage_of("not used", soon());
      check(cold_law::usage, fresh && none && *none && (*none)->count == 0 && !(*none)->success_rate(),
            "a key that was never used has a success rate");
      auto const nobody = tier_.usage_of("nobody at all", soon());
      check(cold_law::usage, nobody && !*nobody, "a key that is not there has been used");
    }
    if constexpr (ranks_usage<tier_type>) {
      auto const are = [&](result<std::vector<key_usage>> const& given, std::vector<std::string_view> const& keys) {
        return given && std::ranges::equal(*given, keys, {}, &key_usage::key);
      };
      for (auto const hours : {0, 1, 72})
        check(cold_law::usage, are(tier_.popular(2, std::chrono::hours{hours}, soon()), {"used", "used less"}),
              "the most used keys are others");
      check(cold_law::usage, are(tier_.rising(1, std::chrono::hours{24}, soon()), {"used"}),
            "the fastest riser is another");
      check(cold_law::usage, are(tier_.failing(9, 8, soon()), {"used"}) && are(tier_.failing(9, 9, soon()), {}),
            "the keys that fail are others");
      check(cold_law::usage, are(tier_.unused(start, 9, soon()), {}), "a key that was written just now is unused");
    }
  }

  void history() {
    std::vector<written> steps;
    for (auto const* text : {"one", "two", "two"})
      if (auto const r = tier_.store("past", {.text = text}, anything, soon());
          good(cold_law::history, r, "store") && r->changed)
        steps.push_back(*r);
    if (auto const r = tier_.erase("past", soon()); good(cold_law::history, r, "erase")) steps.push_back(*r);
    if (auto const r = tier_.store("past", {.text = "three"}, anything, soon()); good(cold_law::history, r, "store"))
      steps.push_back(*r);
    auto const all = tier_.history("past", 10, soon());
    if (!good(cold_law::history, all, "history")) return;
    static constexpr std::string_view texts[] = {"one", "two", "", "three"};
    bool as_it_was = all->size() == 4 && steps.size() == 4;
    for (std::size_t i = 0; as_it_was && i < 4; ++i) {
      auto const& then = (*all)[3 - i];
      as_it_was =
          then.revision == steps[i].revision && then.version == steps[i].version && !then.fault &&
          (i == 2 ? !then.value && then.operation == operation::erase : then.value && then.value->text == texts[i]);
    }
    check(cold_law::history, as_it_was, "the list is not one, two, erased, three");
    if (steps.size() != 4) return;
    for (std::size_t i : {0U, 1U, 3U}) {
      auto const then = tier_.get_at("past", steps[i].revision, soon());
      check(cold_law::history,
            then && then->value && then->value->text == texts[i] && then->revision == steps[i].revision,
            "get_at gave another value");
      auto const same = tier_.get_at("past", steps[i].version, soon());
      check(cold_law::history, same && same->value && same->revision == steps[i].revision,
            "get_at gave another value for a version");
    }
    auto const short_list = tier_.history("past", 2, soon());
    check(cold_law::history, short_list && short_list->size() == 2 && (*short_list)[0].revision == steps[3].revision,
          "a limited list is not the newest");
    auto const beyond = tier_.get_at("past", revision{std::numeric_limits<std::uint64_t>::max()}, soon());
    check(cold_law::history, beyond && !beyond->value, "get_at of a revision that nobody can have is no vacancy");
    check(cold_law::history, !tier_.get_at("past", revision{number(steps[3].revision) + 1000}, soon())->value,
          "a revision that never was");
  }

  // A tier that keeps values as they are has nothing to encode or decode.
  static constexpr bool encodes = !requires { typename Policy::keeps_values; };
};

/// \param settings  of a store that holds nothing yet
template <class Policy, reporter Report>
void cold_laws(typename Policy::options const& settings, Report&& report) {
  cold_suite<Policy, std::remove_reference_t<Report>> calls{settings, report};
  calls.run();
  if constexpr (keeps_expiry<ledger_tier<Policy, true>, ledger>)
    cold_expiry_suite<Policy, std::remove_reference_t<Report>>{settings, report}.run();
  cold_log_suite<Policy, std::remove_reference_t<Report>>{settings, report}.run();
  calls.late();
}

}  // namespace strata::testing
