// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/mapping.hpp>
#include <strata/concepts/query.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// Values found by their words and by their vectors.
namespace strata::cold::pg {

inline constexpr std::size_t most_ranked = 2'000;
inline constexpr std::size_t most_query_bytes = 4'096;
inline constexpr std::size_t most_query_words = 100;

/// What people type, as to_tsquery has it: words are all wanted, "a phrase" as it stands, -not this, this or that, begin*.
/// It never has a syntax error: every operand is quoted, and an operator stands only between two of them.
/// \errors rejected: too long, or no text
inline result<std::string> tsquery_of(std::string_view typed) {
  if (typed.size() > most_query_bytes)
    return failure(errc::rejected, tier::cold, "a query is at most 4,096 bytes long");
  if (auto const fault = text_fault(typed); !fault.empty())
    return failure(errc::rejected, tier::cold, "the query " + std::string{fault});
  auto const space = [](char c) { return static_cast<unsigned char>(c) <= ' '; };
  auto const meant = [](std::string_view word) {
    return std::ranges::any_of(word, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             static_cast<unsigned char>(c) >= 0x80;
    });
  };
  // In a key these stand between its words, which a text may have for one: either is meant.
  auto const separates = [](char c) { return std::string_view{"/._-:"}.contains(c); };
  std::string query;
  std::size_t words = 0;
  bool either = false;
  while (!typed.empty() && words < most_query_words) {
    if (space(typed.front())) {
      typed.remove_prefix(1);
      continue;
    }
    bool const negated = typed.front() == '-';
    if (negated) typed.remove_prefix(1);
    bool const phrase = typed.starts_with('"');
    if (phrase) typed.remove_prefix(1);
    auto const end = static_cast<std::size_t>(
        std::ranges::find_if(typed, [&](char c) { return c == '"' || (!phrase && space(c)); }) - typed.begin());
    auto word = typed.substr(0, end);
    typed.remove_prefix(std::min(end + (phrase ? 1 : 0), typed.size()));
    if (!phrase && !negated && word.size() == 2 && (word[0] | 0x20) == 'o' && (word[1] | 0x20) == 'r') {
      either = !query.empty();
      continue;
    }
    bool const prefix = !phrase && word.ends_with('*');
    if (!meant(word)) continue;
    if (!query.empty()) query += either ? " | " : " & ";
    either = false;
    ++words;
    auto const operand = [&](bool parted) {
      query += '\'';
      for (char const c : word) {
        if (c == '\'' || c == '\\') query += c;
        if (c != '*') query += parted && separates(c) ? ' ' : c;
      }
      query += prefix ? "':*" : "'";
    };
    if (negated) query += '!';
    if (std::ranges::any_of(word, separates)) {
      query += '(', operand(false);
      query += " | ", operand(true);
      query += ')';
    } else {
      operand(false);
    }
  }
  return query;
}

/// An excerpt from what ts_headline gives, in which U+E000 and U+E001 stand around the words found and nowhere else.
inline excerpt excerpt_of(std::string_view marked) {
  static constexpr std::string_view open = "\xEE\x80\x80", close = "\xEE\x80\x81";
  excerpt made;
  made.text.reserve(marked.size());
  while (!marked.empty()) {
    auto const at = std::min(marked.find("\xEE\x80"), marked.size());
    made.text.append(marked.substr(0, at));
    marked.remove_prefix(at);
    if (marked.starts_with(open)) {
      made.marks.push_back({made.text.size(), made.text.size()});
    } else if (marked.starts_with(close)) {
      if (!made.marks.empty()) made.marks.back().last = made.text.size();
    } else if (!marked.empty()) {
      made.text += marked.front();
      marked.remove_prefix(1);
      continue;
    }
    marked.remove_prefix(std::min(open.size(), marked.size()));
  }
  return made;
}

/// Brings the words up to what was written, some values at a time: more as long as that is soon done, for what was done stays
/// however often there was no time for the rest. \returns whether they are, after half of the time there was
template <class Calls>
result<bool> index_words(Calls const& calls, deadline until) {
  using clock = std::chrono::steady_clock;
  auto now = clock::now();
  auto const half = now + (until - now) / 2;
  for (int values = 10;;) {
    auto const sent = now;
    auto rows = calls.read("strata_later_index_words", pqxx::params{values}, half);
    if (!rows && rows.error() == errc::timed_out) return false;
    if (!rows) return std::unexpected{std::move(rows.error())};
    auto const done = (*rows)[0][0];
    if (!done.is_null() && done.template as<bool>()) return true;
    now = clock::now();
    if (now - sent >= half - now) return false;
    if (done.is_null()) {  // another is at it
      std::this_thread::sleep_for(std::chrono::milliseconds{5});
      now = clock::now();
    } else if (4 * (now - sent) < half - now) {
      values = std::min(2 * values, 2'000);
    }
  }
}

/// Columns 0 to 4 as copy_of has them, then key and score. A row without a key says that there are more than were found.
template <class Value, class Codec>
findings<Value> findings_of(pqxx::result const& rows, Codec const& codec) {
  findings<Value> made;
  for (auto const& row : rows) {
    if (row[5].is_null()) made.incomplete = true;
    if (row[5].is_null() || row[4].is_null()) continue;
    auto key = row[5].template as<std::string>();
    if (!key_fault(key).empty()) continue;
    auto read = copy_of<Value>(key, row, codec);
    if (!read) continue;  // it does not decode: get says so
    made.all.push_back({.key = std::move(key), .copy = std::move(*read), .score = row[6].template as<double>()});
    if (row.size() > 7) {
      made.all.back().excerpt = excerpt_of(row[7].view());
      made.cut = row[8].template as<bool>();
    }
  }
  return made;
}

template <class Value, class Calls, class Codec>
result<findings<Value>> search_text(Calls const& calls, std::string_view typed, std::size_t limit,
                                    search_filter const& filter, Codec const& codec, deadline until) {
  auto const query = tsquery_of(typed);
  if (!query) return std::unexpected{query.error()};
  if (query->empty() || limit == 0) return findings<Value>{};
  if (!text_fault(filter.kind).empty() || !text_fault(filter.prefix).empty())
    return failure(errc::rejected, tier::cold, "the filter is no text");
  auto const current = index_words(calls, until);
  if (!current) return std::unexpected{current.error()};
  auto rows = calls.read("strata_later_search_text",
                         pqxx::params{pqxx::zview{*query}, std::min(limit, most_ranked), pqxx::zview{filter.kind},
                                      pqxx::zview{filter.prefix}},
                         until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  auto made = findings_of<Value>(*rows, codec);
  made.incomplete = !*current;
  return made;
}

/// A vector as PostgreSQL has real[]. \errors rejected: what has no direction
inline result<array> reals_of(std::span<float const> vector) {
  auto const refuse = [](std::string_view why) { return failure(errc::rejected, tier::cold, why); };
  if (vector.empty() || vector.size() > 16'000) return refuse("a vector has 1 to 16,000 numbers");
  array all{oid::real, vector.size(), vector.size() * 4};
  bool zero = true;
  for (float const x : vector) {
    if (!std::isfinite(x)) return refuse("the vector holds a number that is not finite");
    zero = zero && x == 0.0F;
    auto const bits = std::bit_cast<std::uint32_t>(x);
    char const bytes[] = {static_cast<char>(bits >> 24U), static_cast<char>(bits >> 16U), static_cast<char>(bits >> 8U),
                          static_cast<char>(bits)};
    all.add({bytes, sizeof bytes});
  }
  if (zero) return refuse("the vector is zero and points nowhere");
  return all;
}

/// \errors unsupported: the table has no column of pgvector's; rejected: the vector does not go into it
template <class Calls>
result<void> can_embed(Calls const& calls, array const& reals, deadline until) {
  auto rows =
      calls.read("strata_later_embed", pqxx::params{pqxx::zview{""}, reals.view()}, until);  // no row has this id
  if (!rows) return std::unexpected{std::move(rows.error())};
  return {};
}

template <class Calls>
result<void> embed(Calls const& calls, std::string const& key, std::span<float const> vector, deadline until) {
  auto const reals = reals_of(vector);
  if (!reals) return std::unexpected{reals.error()};
  auto rows = calls.write_again("strata_later_embed", pqxx::params{pqxx::zview{key}, reals->view()}, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  if (!(*rows)[0][0].template as<bool>())
    return failure(errc::rejected, tier::cold, "there is nothing under this key to keep a vector beside");
  return {};
}

/// Nearest to the vector, or else to the key's own.
template <class Value, class Calls, class Codec>
result<findings<Value>> nearest(Calls const& calls, std::optional<std::span<float const>> vector,
                                std::string const& key, std::size_t limit, search_filter const& filter,
                                Codec const& codec, deadline until) {
  if (!text_fault(filter.kind).empty() || !text_fault(filter.prefix).empty())
    return failure(errc::rejected, tier::cold, "the filter is no text");
  pqxx::params with;
  std::optional<array> reals;
  if (vector) {
    auto made = reals_of(*vector);
    if (!made) return std::unexpected{made.error()};
    reals.emplace(std::move(*made));
    with.append(reals->view());
  } else {
    with.append();
  }
  if (limit == 0) return findings<Value>{};
  with.append(pqxx::zview{key});
  with.append(pqxx::zview{filter.kind});
  with.append(pqxx::zview{filter.prefix});
  with.append(std::min<std::size_t>(limit, 10'000));
  auto rows = calls.read("strata_later_nearest", with, until);
  if (!rows) return std::unexpected{std::move(rows.error())};
  return findings_of<Value>(*rows, codec);
}

}  // namespace strata::cold::pg
