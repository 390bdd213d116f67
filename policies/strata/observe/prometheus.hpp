// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/observe/counters.hpp>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// What Prometheus scrapes, in its text format. It opens no port: whoever has a server answers with text(). Names and units
// are Prometheus' own: base units, `_total` on what only grows. Labels have few values each, and a key is never one.
// grafana.json and alerts.yaml beside this file are a dashboard and alerts over these metrics.
namespace strata::observe {

/// One page of metrics: `prometheus page; page.add(cache, seen); answer(page.text(), page.content_type)`.
class prometheus {
 public:
  static constexpr std::string_view content_type = "text/plain; version=0.0.4; charset=utf-8";

  /// All that a cache knows of itself: stats() and health(); it asks no server.
  /// \param name  becomes the label `cache`; for programs that have several, empty for one
  template <class Cache>
  void add(Cache const& cache, std::string_view name = {}) {
    constexpr bool warm = requires { cache.warm(); };
    constexpr bool cold = requires { cache.cold(); };
    cache_ = name;
    auto const s = cache.stats();
    auto const h = cache.health();

    auto const hits = counter("strata_hits_total", "Reads that a tier answered.");
    put(hits, {{"tier", "hot"}}, s.hot.hits);
    if constexpr (warm) put(hits, {{"tier", "warm"}}, s.warm.hits);
    if constexpr (cold) put(hits, {{"tier", "cold"}}, s.cold.hits);
    auto const misses = counter("strata_misses_total", "Reads that a tier was asked and could not answer, by reason.");
    put(misses, {{"tier", "hot"}, {"reason", "vacant"}}, s.hot.misses - s.expired);
    put(misses, {{"tier", "hot"}, {"reason", "expired"}}, s.expired);
    if constexpr (warm)
      for (std::size_t i = 0; i < miss_reasons; ++i)
        put(misses, {{"tier", "warm"}, {"reason", word(to_string(static_cast<miss>(i)))}}, s.warm.misses[i]);
    if constexpr (cold) put(misses, {{"tier", "cold"}, {"reason", "vacant"}}, s.cold.absent - s.cold.expired);
    if constexpr (cold) put(misses, {{"tier", "cold"}, {"reason", "expired"}}, s.cold.expired);
    auto const stores = counter("strata_stores_total", "Writes, erases and promotions that a tier took.");
    auto const failures =
        counter("strata_failures_total", "Calls that a tier failed, or that came while it rested after failures.");
    if constexpr (warm) {
      put(stores, {{"tier", "warm"}}, s.warm.stores);
      put(failures, {{"tier", "warm"}}, s.warm.failures);
      put(counter("strata_promotions_total", "Copies that a read brought up from a lower tier."), {{"tier", "warm"}},
          s.warm.promotions);
    }
    if constexpr (cold) {
      put(stores, {{"tier", "cold"}}, s.cold.stores);
      put(failures, {{"tier", "cold"}}, s.cold.failures);
    }
    put(counter("strata_evictions_total", "Entries that went to make room."), {{"tier", "hot"}}, s.hot.evictions);
    put(counter("strata_refused_entries_total", "Entries that memory did not admit."), {{"tier", "hot"}},
        s.hot.refused);
    put(gauge("strata_entries", "Entries in memory."), {{"tier", "hot"}}, s.hot.entries);
    put(gauge("strata_value_bytes", "Weight of the values in memory."), {{"tier", "hot"}}, s.hot.bytes);
    put(counter("strata_rejected_fills_total", "Copies that a read did not keep because something newer was known."),
        {}, s.fenced);
    put(counter("strata_degraded_writes_total", "Committed writes of which a tier above cold could not be told."), {},
        s.degraded);
    put(counter("strata_loads_total", "Loaders run."), {}, s.loads);
    put(counter("strata_joined_reads_total", "Reads that shared another's look below memory."), {}, s.joined);
    put(counter("strata_doubts_total", "How often memory had to be compared because something may have been missed."),
        {}, s.doubts);
    put(counter("strata_healed_total", "Copies that warm lacked and this instance brought."), {}, s.healed);
    put(counter("strata_usage_flushes_total", "Batches of usage counts made durable."), {}, s.usage.flushes);
    put(counter("strata_usage_flush_failures_total", "Batches of usage counts that stay for the next time."), {},
        s.usage.failed_flushes);
    put(counter("strata_usage_lost_total", "Counted reads that no limit left room for."), {}, s.usage.lost);
    put(gauge("strata_usage_pending_keys", "Keys whose use waits for a flush, besides those of entries in memory."), {},
        s.now.used_keys);
    put(gauge("strata_flights", "Keys that are being looked up below memory."), {}, s.now.flights);
    put(gauge("strata_floors", "Keys whose latest revision is remembered."), {}, s.now.floors);

    auto const up = gauge("strata_tier_up", "Whether a tier works (1) or not (0).");
    auto const open = gauge("strata_breaker_open", "Whether a tier rests after failures in a row (1).");
    put(up, {{"tier", "hot"}}, h.hot.up);
    auto const below = [&](std::string_view tier, bool works, auto const& rests) {
      put(up, {{"tier", tier}}, works);
      put(open, {{"tier", tier}, {"direction", "read"}}, rests.reads);
      put(open, {{"tier", tier}, {"direction", "write"}}, rests.writes);
    };
    if constexpr (warm) below("warm", h.warm.up, h.warm_rests);
    if constexpr (cold) below("cold", h.cold.up, h.cold_rests);
    auto const& c = h.coherence;
    put(gauge("strata_memory_fresh", "Whether a hit in memory counts as fresh (1)."), {}, c.fresh);
    put(gauge("strata_memory_doubted", "Whether memory is being compared with cold (1)."), {}, c.doubts);
    put(gauge("strata_feed_up", "Whether the feed of others' writes is heard (1)."), {}, c.hears);
    put(gauge("strata_feed_lag_seconds", "For how long the feed has been short of what is known to be published."), {},
        seconds(c.feed_lag));
    put(gauge("strata_lease_age_seconds", "Memory has everything that was committed so long ago."), {},
        seconds(c.lease_age));
    put(gauge("strata_horizon_age_seconds", "Warm has everything that was committed so long ago."), {},
        seconds(c.horizon_age));
    put(gauge("strata_store_elsewhere", "Whether whoever keeps warm in step has another store than this instance (1)."),
        {}, !c.elsewhere.empty());
    put(gauge("strata_heals", "Whether this instance keeps warm in step for all (1)."), {}, c.heals);
  }

  /// And what its observer counted.
  template <class Cache>
  void add(Cache const& cache, counters const& observer, std::string_view name = {}) {
    add(cache, name);
    auto const seen = observer.snapshot();
    auto const errors = counter("strata_errors_total", "Errors that a tier answered with, by code.");
    auto const times =
        family("strata_tier_latency_seconds", "Round trips to a tier below memory; a batch is one.", "histogram");
    auto const tier = [&](std::string_view which, tier_counts const& one) {
      for (std::size_t i = 1; i < error_codes; ++i)
        put(errors, {{"tier", which}, {"code", word(to_string(static_cast<errc>(i)))}}, one.failures[i]);
      put(times, {{"tier", which}, {"direction", "read"}}, one.reads);
      put(times, {{"tier", which}, {"direction", "write"}}, one.writes);
    };
    if constexpr (requires { cache.warm(); }) tier("warm", seen.warm);
    if constexpr (requires { cache.cold(); }) tier("cold", seen.cold);
  }

  /// A figure of the program's own, without labels.
  template <class Number>
  void add_gauge(std::string_view metric, std::string_view help, Number value) {
    cache_ = {};
    put(gauge(metric, help), {}, value);
  }

  [[nodiscard]] std::string text() const {
    std::string all;
    for (auto const& f : families_) {
      all.append("# HELP ").append(f.name).append(" ");
      append_escaped(all, f.help, "\\");
      all.append("\n# TYPE ").append(f.name).append(" ").append(f.type).append("\n").append(f.samples);
    }
    return all;
  }

 private:
  struct metric_family {
    std::string name, help, type, samples;
  };
  struct label {
    std::string_view name;
    std::string value;
    label(std::string_view n, std::string_view v) : name{n}, value{v} {}
  };
  using labels = std::initializer_list<label>;

  // Samples of one metric stand together, whichever cache they are of. Given by its place, since the list grows.
  std::size_t family(std::string_view name, std::string_view help, std::string_view type) {
    for (std::size_t i = 0; i < families_.size(); ++i)
      if (families_[i].name == name) return i;
    families_.push_back({std::string{name}, std::string{help}, std::string{type}, {}});
    return families_.size() - 1;
  }
  std::size_t counter(std::string_view name, std::string_view help) { return family(name, help, "counter"); }
  std::size_t gauge(std::string_view name, std::string_view help) { return family(name, help, "gauge"); }

  template <class Number>
  void put(std::size_t of, labels with, Number value) {
    sample(of, "", with, {}, spell(value));
  }
  void put(std::size_t of, labels with, timings const& all) {
    std::uint64_t so_far = 0;
    unsigned power = 6;  // 64 us: nothing that crosses a process border is faster
    for (std::size_t i = 0; i < timings::buckets; ++i) {
      so_far += all.counts[i];
      if (power > 24 || timings::upper(i) != std::chrono::microseconds{1LL << power}) continue;
      sample(of, "_bucket", with, spell(seconds(timings::upper(i))), spell(so_far));
      ++power;
    }
    sample(of, "_bucket", with, "+Inf", spell(so_far));
    sample(of, "_sum", with, {}, spell(seconds(all.sum)));
    sample(of, "_count", with, {}, spell(so_far));
  }

  void sample(std::size_t of, std::string_view suffix, labels with, std::string_view bound, std::string_view value) {
    auto& line = families_[of].samples;
    line.append(families_[of].name).append(suffix);
    char next = '{';
    auto const say = [&](std::string_view name, std::string_view text) {
      line.push_back(next);
      line.append(name).append("=\"");
      append_escaped(line, text, "\\\"");
      line.push_back('"');
      next = ',';
    };
    if (!cache_.empty()) say("cache", cache_);
    for (auto const& one : with) say(one.name, one.value);
    if (!bound.empty()) say("le", bound);
    if (next == ',') line.push_back('}');
    line.append(" ").append(value).append("\n");
  }

  static void append_escaped(std::string& to, std::string_view text, std::string_view escaped) {
    for (char const c : text)
      if (c == '\n')
        to.append("\\n");
      else if (escaped.contains(c))
        to.append({'\\', c});
      else
        to.push_back(c);
  }

  static double seconds(std::chrono::nanoseconds d) { return std::chrono::duration<double>(d).count(); }
  static std::string word(std::string_view text) {
    std::string one{text};
    for (char& c : one)
      if (c == ' ') c = '_';
    return one;
  }
  template <class Number>
  static std::string spell(Number value) {
    if constexpr (std::is_same_v<Number, bool>) {
      return value ? "1" : "0";
    } else {
      if (std::isnan(value)) return "NaN";  // else spelled with its sign, which readers do not know
      char digits[32];
      auto const end = std::to_chars(digits, digits + sizeof digits, value).ptr;
      return {digits, end};
    }
  }

  std::vector<metric_family> families_;
  std::string cache_;
};

}  // namespace strata::observe
