// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/observe/counters.hpp>

#include <boost/json.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "../built.hpp"
#include "timed_hits.hpp"

// What the page shows of this process, once a second, however many pages are open: one row for the charts, the state of
// the tiers, and what is wrong in words. Reading it takes no lock that a hit in memory takes.
namespace knowledge_tool {

/// Bytes of memory that this process has from the system.
inline std::uint64_t resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  std::uint64_t all = 0, resident = 0;
  in >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

template <class Cache>
class figures {
 public:
  static constexpr std::size_t keeps = 300;  ///< rows: five minutes
  /// What a row holds, in this order; counts are since the start.
  static constexpr std::array columns{"time",     "hot",     "warm",     "cold",     "absent",   "failed",
                                      "hot_p50",  "hot_p99", "warm_p50", "warm_p99", "cold_p50", "cold_p99",
                                      "resident", "entries", "flights",  "pending",  "floors"};

  figures(Cache const& cache, strata::observe::counters seen, timed_hits& hits)
      : cache_{cache}, seen_{std::move(seen)}, hits_{hits} {}

  /// Takes the figures of now. \returns what a page is told that comes later, and what those are told that are open
  std::pair<std::string, std::string> take(std::size_t pages) {
    using boost::json::serialize;
    auto const s = cache_.stats();
    auto const h = cache_.health();
    auto const c = seen_.snapshot();
    recent_.push_back(c);
    if (recent_.size() > window) recent_.pop_front();
    auto const& before = recent_.front();
    recent_hits_.push_back(hits_.take());
    if (recent_hits_.size() >= window) recent_hits_.pop_front();
    histogram hits;
    for (auto const& some : recent_hits_) hits.add(some);

    boost::json::array row{
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count(),
        s.hot.hits,
        s.warm.hits,
        s.cold.hits,
        s.cold.absent,
        s.warm.failures + s.cold.failures};
    for (double const share : {0.5, 0.99})
      row.push_back(hits.count() == 0 ? boost::json::value(nullptr)
                                      : boost::json::value(static_cast<double>(hits.quantile(share).count()) / 1e3));
    for (auto const& spent : {c.warm.reads - before.warm.reads, c.cold.reads - before.cold.reads})
      for (double const share : {0.5, 0.99})
        row.push_back(spent.count() == 0 ? boost::json::value(nullptr)
                                         : boost::json::value(spent.quantile(share).count()));
    for (std::uint64_t const n : {resident_bytes(), s.hot.entries, s.now.flights, s.now.used_keys, s.now.floors})
      row.push_back(n);

    boost::json::object state{{"tiers", tiers(s, h, c)},
                              {"findings", findings(h)},
                              {"coherence", coherence(h)},
                              {"counts",
                               {{"promotions", s.warm.promotions},
                                {"evictions", s.hot.evictions},
                                {"rejected fills", s.fenced},
                                {"joined reads", s.joined},
                                {"degraded writes", s.degraded},
                                {"doubts", s.doubts},
                                {"copies brought to warm", s.healed},
                                {"usage flushes", s.usage.flushes},
                                {"usage flushes that failed", s.usage.failed_flushes},
                                {"uses lost", s.usage.lost}}},
                              {"value_bytes", s.hot.bytes},
                              {"pages", pages},
                              {"built_with", strata::configured_names}};
    if constexpr (requires(Cache const& k) { k.hot().bounds().capacity_entries; })
      state["capacity"] = cache_.hot().bounds().capacity_entries;
    rows_.push_back(row);
    if (rows_.size() > keeps) rows_.pop_front();

    boost::json::array names(columns.begin(), columns.end());
    boost::json::array rows(rows_.begin(), rows_.end());
    auto first =
        "event: first\ndata: " +
        serialize(boost::json::object{{"columns", std::move(names)}, {"rows", std::move(rows)}, {"state", state}}) +
        "\n\n";
    auto news =
        "data: " + serialize(boost::json::object{{"row", std::move(row)}, {"state", std::move(state)}}) + "\n\n";
    return {std::move(first), std::move(news)};
  }

 private:
  static constexpr std::size_t window = 11;  // percentiles are those of the last ten seconds

  static boost::json::object tiers(strata::stats const& s, strata::health const& h, strata::observe::counts const& c) {
    boost::json::object all;
    all["hot"] = {{"up", h.hot.up},
                  {"text", h.hot.text},
                  {"hits", s.hot.hits},
                  {"misses", s.hot.misses},
                  {"refused", s.hot.refused}};
    auto const below = [&](char const* name, strata::tier_health const& tier, strata::breakers const& rests,
                           strata::observe::tier_counts const& seen, std::uint64_t stores) {
      boost::json::object misses, errors;
      for (std::size_t i = 0; i < strata::miss_reasons; ++i)
        if (seen.misses[i] != 0) misses[strata::to_string(static_cast<strata::miss>(i))] = seen.misses[i];
      for (std::size_t i = 1; i < strata::observe::error_codes; ++i)
        if (seen.failures[i] != 0) errors[strata::to_string(static_cast<strata::errc>(i))] = seen.failures[i];
      all[name] = {{"up", tier.up},
                   {"text", tier.text},
                   {"hits", seen.hits},
                   {"misses", misses},
                   {"errors", errors},
                   {"stores", stores},
                   {"reads_rest", rests.reads},
                   {"writes_rest", rests.writes},
                   {"writes_p99", seen.writes.count() == 0 ? boost::json::value(nullptr)
                                                           : boost::json::value(seen.writes.quantile(0.99).count())}};
    };
    if constexpr (requires(Cache const& k) { k.warm(); }) below("warm", h.warm, h.warm_rests, c.warm, s.warm.stores);
    if constexpr (requires(Cache const& k) { k.cold(); }) below("cold", h.cold, h.cold_rests, c.cold, s.cold.stores);
    return all;
  }
  static boost::json::object coherence(strata::health const& h) {
    auto const& c = h.coherence;
    return {{"fresh", c.fresh},
            {"hears", c.hears},
            {"heals", c.heals},
            {"doubts", c.doubts},
            {"lease_ms", c.lease_age.count()},
            {"horizon_ms", c.horizon_age.count()},
            {"lag_ms", c.feed_lag.count()}};
  }

  /// What somebody should know, the worst first. Nothing: all is well.
  static boost::json::array findings(strata::health const& h) {
    boost::json::array all;
    auto const say = [&](char const* weight, std::string what, std::string_view detail = {}) {
      if (!detail.empty()) what.append(" (").append(detail).append(")");
      all.push_back({{"weight", weight}, {"text", what}});
    };
    if (!h.cold.up)
      say("bad",
          "The database does not answer: memory and the stream are served, and what neither has cannot be read; "
          "nothing can be written.",
          h.cold.text);
    if (!h.warm.up)
      say("bad",
          "The stream does not answer: what memory lacks is read from the database, and others' writes are heard of "
          "later.",
          h.warm.text);
    if (h.cold.up && (h.cold_rests.reads || h.cold_rests.writes))
      say("bad", std::string{"The database failed several times in a row: "} +
                     (h.cold_rests.reads ? "reads" : "writes") + " rest for up to a second.");
    if (h.warm.up && (h.warm_rests.reads || h.warm_rests.writes))
      say("warn", std::string{"The stream failed several times in a row: "} +
                      (h.warm_rests.reads ? "reads" : "writes") + " rest for up to a second.");
    auto const& c = h.coherence;
    if (!c.hears) say("warn", "The feed of others' writes is not heard; they are looked for in the database's log.");
    if (!c.elsewhere.empty())
      say("bad", "Other instances have another stream: what this one's has is not kept in step, and is not read.",
          c.elsewhere);
    if (c.doubts)
      say("warn", "Memory is being compared with the database, since a change may have been missed.");
    else if (!c.fresh)
      say("warn", "Hits in memory are unverified: nothing has proven for a second that they are current.");
    using namespace std::chrono_literals;
    if (c.feed_lag > 2s)
      say("warn", std::format("The feed is {:.1f} s behind what has been published.", seconds(c.feed_lag)));
    if (c.horizon_age >= 1h && h.cold.up && h.warm.up)
      say("warn", "No instance has brought the stream in step with the database yet.");
    else if (c.horizon_age > 10s && h.cold.up && h.warm.up)
      say("warn", std::format("No instance has brought the stream in step with the database for {:.0f} s.",
                              seconds(c.horizon_age)));
    if (h.cold.up && !h.cold.text.empty()) say("note", h.cold.text);
    if (h.warm.up && !h.warm.text.empty()) say("note", h.warm.text);
    return all;
  }

  Cache const& cache_;
  strata::observe::counters seen_;
  timed_hits& hits_;
  std::deque<strata::observe::counts> recent_;
  std::deque<histogram> recent_hits_;
  std::deque<boost::json::array> rows_;
};

}  // namespace knowledge_tool
