// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/observe/prometheus.hpp>
#include <strata/query/cold.hpp>
#include <strata/query/diff.hpp>
#include <strata/query/explain.hpp>
#include <strata/query/history.hpp>
#include <strata/query/search.hpp>
#include <strata/query/usage.hpp>

#include <boost/json.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <format>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "../commands/get.hpp"
#include "figures.hpp"
#include "http.hpp"

// What the page asks for besides the figures. Nothing here changes anything, nor counts as a use: an asset is looked at
// where it is kept. A question that this build's cold tier cannot answer leaves its section out of the page.
namespace knowledge_tool {

template <class Cache>
class questions {
 public:
  questions(Cache& cache, strata::observe::counters seen) : cache_{cache}, seen_{std::move(seen)} {}

  http_response operator()(http_request const& asked) {
    if (asked.path == "/metrics") return metrics();
    if (asked.path == "/api/lists") return lists();
    if (asked.path == "/api/asset") return one(asked["id"]);
    if (asked.path == "/api/search") return search(asked["q"]);
    if (asked.path == "/api/similar") return similar_to(asked["id"]);
    if (asked.path == "/api/diff") return differences(asked["id"], asked["from"], asked["to"]);
    if (asked.path == "/api/version") return version(asked["id"], asked["revision"]);
    return nothing_here();
  }

 private:
  using object = boost::json::object;
  using array = boost::json::array;

  static http_response json(boost::json::value const& v, unsigned status = 200) {
    return {status, "application/json", boost::json::serialize(v)};
  }
  static object told(strata::error const& why) {
    return {{"error", std::format("{}", why)}, {"code", strata::to_string(why.code())}};
  }
  static bool is_trouble(boost::json::value const& v) { return v.is_object() && v.as_object().contains("error"); }
  static http_response refused(strata::error const& why) {
    auto const status = outcome_of(why.code()) == outcome::unavailable ? 503U : 400U;
    return json(told(why), status);
  }
  static std::string stamp(std::chrono::system_clock::time_point t) {
    return std::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(t));
  }

  http_response metrics() {
    strata::observe::prometheus page;
    page.add(cache_, seen_);
    page.add_gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident_bytes());
    return {200, strata::observe::prometheus::content_type, page.text()};
  }

  // --- lists: asked for once in five seconds, however many pages want them, and rarer where that takes the database long:
  // by far where it answers, and not much where it does not, as it may be well again

  http_response lists() {
    std::lock_guard const held{guard_};
    auto const now = std::chrono::steady_clock::now();
    if (kept_lists_.empty() || now > lists_until_) {
      object all;
      constexpr std::size_t most = 10;
      if constexpr (strata::knows_popular<Cache>) {
        all["popular"] = listed(popular(cache_, most));
        all["rising"] = listed(rising(cache_, most));
        all["failing"] = listed(failing(cache_, most));
        all["unused"] = listed(unused(cache_, std::chrono::system_clock::now() - std::chrono::days{30}, most));
      }
      all["can"] = {{"diff", strata::knows_history<Cache>},
                    {"search", strata::knows_search<Cache>},
                    {"similar", strata::knows_nearest<Cache>}};
      kept_lists_ = boost::json::serialize(all);
      bool const whole = std::ranges::none_of(all, [](auto const& one) { return is_trouble(one.value()); });
      auto const done = std::chrono::steady_clock::now();
      lists_until_ = done + std::max<std::chrono::steady_clock::duration>(std::chrono::seconds{5},
                                                                          (whole ? 20 : 2) * (done - now));
    }
    return {200, "application/json", kept_lists_};
  }
  template <class Used>
  static object described(Used const& u) {
    object o{{"id", u.key}, {"count", u.count}};
    if constexpr (requires { u.successes; }) {
      o["before"] = u.before;
      o["successes"] = u.successes;
      o["failures"] = u.failures;
      if (u.last_used) o["last_used"] = stamp(*u.last_used);
    }
    return o;
  }
  template <class Answer>
  static boost::json::value listed(Answer const& given) {
    if (!given) return told(given.error());
    array all;
    for (auto const& one : *given) all.push_back(described(one));
    return all;
  }

  // --- one asset

  http_response one(std::string_view id) {
    object o{{"id", id}};
    auto const where = strata::explain(cache_, id);
    if (!where) return refused(where.error());
    o["floor"] = strata::number(where->floor);
    auto const copy = [](strata::explanation::copy const& c) -> object {
      if (c.fault) return told(*c.fault);
      return {{"present", c.present}, {"revision", strata::number(c.revision)}, {"text", c.text()}};
    };
    o["tiers"] = {{"hot", copy(where->hot)}, {"warm", copy(where->warm)}, {"cold", copy(where->cold)}};
    if (where->declined) o["declined"] = strata::to_string(*where->declined);
    bool found = false;
    if constexpr (requires { cache_.cold(); }) {  // not the newest of the history, which may be what a backup brought
      auto const row =
          strata::query::ask_cold(cache_, {}, [&](auto& cold, strata::deadline until) { return cold.load(id, until); });
      if (row && row->value) o["asset"] = json_of(*row->value), found = true;
      if (!row && row.error().code() == strata::errc::corrupt) o["error"] = row.error().text();
    }
    if constexpr (strata::knows_history<Cache>) {
      auto const past = strata::history(cache_, id, 50);
      if (!past) {
        o["history"] = told(past.error());
      } else {
        array versions;
        for (auto const& p : *past) {
          object v{{"revision", strata::number(p.revision)},
                   {"version", p.version},
                   {"written", stamp(p.written)},
                   {"erased", p.operation == strata::operation::erase}};
          if (p.value) v["bytes"] = p.value->data.size();
          if (p.fault) v["error"] = p.fault->text();
          versions.push_back(std::move(v));
        }
        o["history"] = std::move(versions);
        o["known"] = !past->empty();
      }
    }
    if (!found)
      if (auto const kept = cache_.peek(id)) o["asset"] = json_of(*kept), found = true;
    o["found"] = found;
    if constexpr (strata::knows_usage<Cache>)
      if (auto const used = usage(cache_, id); used && *used) o["usage"] = described(**used);
    if constexpr (strata::knows_usage_by<Cache>)
      if (found)
        o["over_time"] = {{"days", periods(usage_by(cache_, id, strata::period::day, 30))},
                          {"hours", periods(usage_by(cache_, id, strata::period::hour, 48))}};
    return json(o);
  }

  /// A row each: when it begins, and how many reads, successes and failures it had.
  template <class Answer>
  static boost::json::value periods(Answer const& given) {
    if (!given) return told(given.error());
    array all;
    for (auto const& one : *given) all.push_back(array{stamp(one.begin), one.count, one.successes, one.failures});
    return all;
  }

  http_response version(std::string_view id, std::string_view revision) {
    if constexpr (strata::knows_history<Cache>) {
      auto const at = number_of(revision);
      auto const copy = strata::get_at(cache_, id, at);
      if (!copy) return refused(copy.error());
      if (!copy->value) return json(object{{"error", "there is no such version"}}, 404);
      return json(json_of(*copy->value));
    } else {
      return refused(no_history(strata::configured_names));
    }
  }
  static strata::revision number_of(std::string_view text) {
    std::uint64_t n = 0;
    std::from_chars(text.data(), text.data() + text.size(), n);
    return strata::revision{n};
  }

  http_response differences(std::string_view id, std::string_view from, std::string_view to) {
    if constexpr (strata::knows_history<Cache>) {
      auto const older = strata::get_at(cache_, id, number_of(from));
      if (!older) return refused(older.error());
      auto const newer = strata::get_at(cache_, id, number_of(to));
      if (!newer) return refused(newer.error());
      if (!older->value || !newer->value) return json(object{{"error", "there is no such version"}}, 404);
      constexpr char const* marks[] = {"kept", "removed", "added"};
      array parts;
      for (auto const& part : diff(*older->value, *newer->value)) {
        array edits;
        for (auto const& e : part.edits)
          edits.push_back(array{marks[static_cast<std::size_t>(e.change)], std::string_view{e.line}});
        parts.push_back({{"name", part.name}, {"edits", std::move(edits)}});
      }
      return json(parts);
    } else {
      return nothing_here();
    }
  }

  // --- search

  static constexpr std::size_t most_found = 30;
  static http_response nothing_here() { return {404, "text/plain; charset=utf-8", "there is nothing here\n"}; }

  http_response search(std::string_view words) {
    if constexpr (strata::knows_search<Cache>)
      return found(search_text(cache_, words, most_found));
    else
      return nothing_here();
  }
  http_response similar_to(std::string_view id) {
    if constexpr (strata::knows_nearest<Cache>)
      return found(similar(cache_, id, 10));
    else
      return nothing_here();
  }
  template <class Answer>
  static http_response found(Answer const& given) {
    if (!given) return refused(given.error());
    array all;
    for (auto const& m : given->all) {
      // In pieces, so that the page makes nodes of them and never parses markup.
      array pieces;
      std::string_view const text = m.excerpt.text;
      std::size_t at = 0;
      auto const piece = [&](std::size_t to, bool marked) {
        if (to > at) pieces.push_back(array{text.substr(at, to - at), marked});
        at = std::max(at, to);
      };
      for (auto const& mark : m.excerpt.marks) {
        piece(std::min(mark.first, text.size()), false);
        piece(std::min(mark.last, text.size()), true);
      }
      piece(text.size(), false);
      all.push_back({{"id", m.key},
                     {"kind", m.value ? m.value->asset_type : std::string{}},
                     {"score", m.score},
                     {"excerpt", std::move(pieces)}});
    }
    return json(object{{"all", std::move(all)}, {"cut", given->cut}, {"incomplete", given->incomplete}});
  }

  Cache& cache_;
  strata::observe::counters seen_;
  std::mutex guard_;
  std::string kept_lists_;
  std::chrono::steady_clock::time_point lists_until_{};
};

}  // namespace knowledge_tool
