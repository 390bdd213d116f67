// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/query/archive.hpp>
#include <strata/query/usage.hpp>

#include <boost/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <iostream>
#include <string>
#include <type_traits>
#include <vector>

#include "../tool.hpp"
#include "search.hpp"

// What the fleet's uses tell: which templates are popular, rising, failing, unused; and what follows from the last.
namespace knowledge_tool {

struct popular_arguments {
  std::size_t top = 10;
  std::int64_t hours = 0;
  std::uint64_t outcomes = 10;
  std::int64_t unused_days = 0;
  bool rising = false, failing = false;
};

inline boost::json::object json_of(strata::key_usage const& u) {
  boost::json::object o{{"id", u.key}, {"uses", u.count}, {"successes", u.successes}, {"failures", u.failures}};
  if (auto const rate = u.success_rate()) o["success_rate"] = *rate;
  if (u.last_used) o["last_used"] = std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(*u.last_used));
  return o;
}

inline void print_usages(invocation& s, std::vector<strata::key_usage> const& all, bool rising) {
  boost::json::array objects;
  if (!s.json && !all.empty())
    std::cout << std::format("     uses{}  success  last used (UTC)       id\n", rising ? "    before" : "");
  for (auto const& u : all) {
    if (s.json) {
      objects.push_back(json_of(u));
      if (rising) objects.back().as_object()["before"] = u.before;
      continue;
    }
    auto const rate = u.success_rate();
    std::cout << std::format(
        "{:>9}{}  {:>7}  {:<20}  {}\n", grouped(u.count), rising ? std::format(" {:>9}", grouped(u.before)) : "",
        rate ? std::format("{:.1f} %", *rate * 100) : "unknown",
        u.last_used ? std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(*u.last_used)) : "never",
        shown(u.key));
  }
  if (s.json) std::cout << boost::json::serialize(objects) << '\n';
}

void run_popular(auto& s, popular_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_popular<std::remove_reference_t<decltype(cache)>>) {
      std::chrono::hours const window{given.hours};
      auto const all = given.rising
                           ? strata::rising(cache, given.top, given.hours > 0 ? window : std::chrono::hours{24})
                       : given.failing ? strata::failing(cache, given.top, given.outcomes)
                       : given.unused_days > 0
                           ? strata::unused(cache, strata::query::ago(std::chrono::days{given.unused_days}), given.top)
                           : strata::popular(cache, given.top, window);
      if (all)
        print_usages(s, *all, given.rising);
      else
        s.status = fail(s, "popular", all.error());
    } else {
      s.status = fail(s, "popular", no_query(s, "popular"));
    }
  });
}

void add_popular(CLI::App& app, auto& s) {
  add_command<popular_arguments>(
      app, s, "popular", "Lists templates by how they are used",
      "Examples:\n"
      "  knowledge popular --hours 24\n"
      "  knowledge popular --rising\n"
      "  knowledge popular --failing --outcomes 20 --json\n"
      "  knowledge popular --unused 365",
      [](CLI::App& command, popular_arguments& given) {
        command.add_option("--top", given.top, "How many to list")->capture_default_str();
        command.add_option("--hours", given.hours, "In the last so many hours; 0: ever")
            ->capture_default_str()
            ->check(CLI::NonNegativeNumber);
        command.add_option("--outcomes", given.outcomes, "With --failing: after so many outcomes")
            ->capture_default_str();
        auto* const rising =
            command.add_flag("--rising", given.rising, "Those that gained most over the time before (24 hours)");
        auto* const failing =
            command.add_flag("--failing", given.failing, "Those with the lowest success rate")->excludes(rising);
        command.add_option("--unused", given.unused_days, "Those neither read nor written for so many days")
            ->excludes(rising)
            ->excludes(failing)
            ->check(CLI::Range(1, 1'000'000));
      },
      [](auto& call, auto const& given) { run_popular(call, given); });
}

struct outcome_arguments {
  std::string id, what;
};

void run_outcome(auto& s, outcome_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_usage<std::remove_reference_t<decltype(cache)>>) {
      auto done = strata::record_outcome(cache, given.id, given.what == "success");
      if (done) done = cache.flush();
      auto const now = done ? strata::usage(cache, given.id) : std::unexpected{done.error()};
      if (!now) {
        s.status = fail(s, given.id, now.error());
      } else if (!*now) {
        s.status = outcome::absent;
        std::cerr << "knowledge: " << shown(given.id) << ": there is nothing under this id\n";
      } else {
        print_usages(s, {**now}, false);
      }
    } else {
      s.status = fail(s, "outcome", no_query(s, "outcome"));
    }
  });
}

void add_outcome(CLI::App& app, auto& s) {
  add_command<outcome_arguments>(
      app, s, "outcome", "Records how a use of a template went",
      "Examples:\n"
      "  knowledge outcome vim/c/main success\n"
      "  knowledge outcome vim/c/main failure --json",
      [](CLI::App& command, outcome_arguments& given) {
        command.add_option("ID", given.id, "What was used")->required();
        command.add_option("OUTCOME", given.what, "success or failure")
            ->required()
            ->check(CLI::IsMember({"success", "failure"}));
      },
      [](auto& call, auto const& given) { run_outcome(call, given); });
}

struct archive_arguments {
  std::int64_t days = 365;
  bool really = false;
};

void run_archive(auto& s, archive_arguments const& given) {
  with_cache(s, [&](auto& cache) {
    if constexpr (strata::knows_archive<std::remove_reference_t<decltype(cache)>>) {
      std::chrono::hours const unused_for = std::chrono::days{given.days};
      auto const done = given.really ? strata::archive(cache, unused_for) : strata::archivable(cache, unused_for);
      if (!done)
        s.status = fail(s, "archive", done.error());
      else if (s.json)
        std::cout << boost::json::value{{"templates", *done}, {"archived", given.really}} << '\n';
      else
        std::cout << std::format("{}{}, unused for {}{}\n", given.really ? "archived " : "", counted(*done, "template"),
                                 counted(static_cast<std::uint64_t>(given.days), "day"),
                                 given.really ? "" : ", would be archived (--really does it)");
    } else {
      s.status = fail(s, "archive", no_query(s, "archive"));
    }
  });
}

void add_archive(CLI::App& app, auto& s) {
  add_command<archive_arguments>(
      app, s, "archive", "Moves templates that nobody uses out of the way",
      "Without --really it only tells how many. An archived template still reads, and comes back when it is used or "
      "written;\n"
      "searches do not find it.\n\n"
      "Examples:\n"
      "  knowledge archive --days 180\n"
      "  knowledge archive --days 180 --really",
      [](CLI::App& command, archive_arguments& given) {
        command.add_option("--days", given.days, "Neither read nor written for so long")
            ->capture_default_str()
            ->check(CLI::Range(1, 1'000'000));
        command.add_flag("--really", given.really, "Move them");
      },
      [](auto& call, auto const& given) { run_archive(call, given); });
}

}  // namespace knowledge_tool
