// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/calls.hpp>
#include <strata/cold/postgres/mapping.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>

#include <pqxx/params>
#include <pqxx/result>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// Many keys in one statement, cut where one would become too large. Each key has its own answer: what is wrong with one is
// found before the statement is sent, or, if only the server can tell, by sending that part again one by one.
namespace strata::cold::pg {

inline constexpr std::size_t most_keys = 1000;
inline constexpr std::size_t most_bytes = std::size_t{8} << 20U;

/// What a row of strata_store or strata_trace says; nothing when the statement has to be asked again.
inline std::optional<result<written>> answer_of(pqxx::row const& row) {
  written const stands{revision{row[1].as<std::uint64_t>()}, row[2].is_null() ? 0 : row[2].as<std::int64_t>(),
                       row[0].as<int>() == 0};
  switch (row[0].as<int>()) {
    case 0:
    case 1: return stands;
    case 2: return failure(errc::conflict, tier::cold, "another revision is stored than the one expected");
    case 4: return failure(errc::rejected, tier::cold, "the id is taken by another space of the same table");
    default: return std::nullopt;
  }
}

inline void append_life(pqxx::params& to, lifetime expires_in) {
  expires_in ? to.append(expires_in->count()) : to.append();
}

template <class Value, bool Expires, class Codec, class Calls>
std::vector<result<copy<Value>>> load_many(Calls const& calls, std::span<std::string_view const> keys,
                                           Codec const& codec, deadline until) {
  std::vector<result<copy<Value>>> answers(keys.size());
  for (std::size_t from = 0; from < keys.size();) {
    std::size_t bytes = 0;
    std::size_t to = from;
    for (; to < keys.size() && to - from < most_keys && (to == from || bytes + keys[to].size() <= most_bytes); ++to)
      bytes += keys[to].size() + 4;
    array ids{oid::text, to - from, bytes};
    for (std::size_t i = from; i < to; ++i) {
      auto const fault = key_fault(keys[i]);
      if (!fault.empty()) answers[i] = failure(errc::rejected, tier::cold, fault);
      ids.add(fault.empty() ? keys[i] : std::string_view{});  // the empty id finds nothing
    }
    auto rows = calls.read("strata_load_many", pqxx::params{ids.view()}, until);
    if (!rows) {
      for (std::size_t i = from; i < to; ++i)
        if (answers[i]) answers[i] = std::unexpected{rows.error()};
    } else {
      for (auto const& row : *rows) {
        std::size_t const i = from + row[5].template as<std::size_t>() - 1;
        if (answers[i]) answers[i] = copy_of<Value>(keys[i], row, codec, Expires ? std::optional{6} : std::nullopt);
      }
    }
    from = to;
  }
  return answers;
}

/// \param one  stores one value by itself, for what a bulk statement refused
template <class Value, bool Expires, class Codec, class Calls, class One>
std::vector<result<written>> store_many(Calls const& calls, operations& names,
                                        std::span<keyed_value<Value> const> values, Codec const& codec, deadline until,
                                        lifetime expires_in, One&& one) {
  auto const undecided = failure(errc::unavailable, tier::cold, "no answer");
  std::vector<result<written>> answers(values.size(), result<written>{undecided});
  struct element {
    std::size_t at;
    columns value;
  };
  std::vector<element> part;  // distinct keys, the last value of each
  std::size_t part_bytes = 0;

  auto const send = [&] {
    // Twice at most: a second time for keys that others inserted meanwhile.
    for (int round = 0; !part.empty(); ++round) {
      std::vector<std::string_view> keys;
      keys.reserve(part.size());
      array kinds{oid::text, part.size(), part.size() * 16}, raws{oid::text, part.size(), part_bytes},
          jsons{oid::jsonb, part.size(), part_bytes}, metadata{oid::jsonb, part.size(), part.size() * 32};
      for (auto const& e : part) {
        keys.push_back(values[e.at].key);
        kinds.add(e.value.kind), raws.add(e.value.raw()), jsons.add(e.value.json), metadata.add(e.value.metadata);
      }
      auto const ids = array_of(keys);
      auto const operation = names.next();
      pqxx::params with{ids.view(), kinds.view(), raws.view(), jsons.view(), metadata.view(), operation};
      if constexpr (Expires) append_life(with, expires_in);
      auto rows = calls.write("strata_store_many", with, keys, operation, until);
      std::vector<bool> answered(part.size());
      if (!rows && (rows.error() != errc::rejected || part.size() == 1)) {
        for (auto const& e : part) answers[e.at] = std::unexpected{rows.error()};
        break;
      }
      if (rows) {
        std::unordered_map<std::string_view, std::size_t> place;
        place.reserve(part.size());
        for (std::size_t i = 0; i < part.size(); ++i) place.emplace(values[part[i].at].key, i);
        for (auto const& row : *rows) {
          auto const of = place.find(row[3].view());
          if (of == place.end()) continue;  // another program's trigger gave it another id
          auto const i = of->second;
          if (answered[i]) continue;  // what was written comes before the snapshot's view of it
          if (auto answer = answer_of(row)) {
            answers[part[i].at] = std::move(*answer);
            answered[i] = true;
          }
        }
      }
      std::vector<element> rest;
      for (std::size_t i = 0; i < part.size(); ++i)
        if (!answered[i]) rest.push_back(std::move(part[i]));
      part = std::move(rest);
      if (rows && round == 0) continue;
      for (auto const& e : part) answers[e.at] = one(values[e.at].key, e.value);
      break;
    }
    part.clear();
    part_bytes = 0;
  };

  std::unordered_map<std::string_view, std::size_t> last;
  last.reserve(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) last[values[i].key] = i;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (last[values[i].key] != i) continue;  // a later one of the same key wins and answers for both
    if (auto const fault = key_fault(values[i].key); !fault.empty()) {
      answers[i] = failure(errc::rejected, tier::cold, fault);
      continue;
    }
    auto value = columns_of(*values[i].value, codec);
    if (!value) {
      answers[i] = std::unexpected{value.error()};
      continue;
    }
    auto const bytes = value->bytes() + values[i].key.size();
    if (part.size() == most_keys || (!part.empty() && part_bytes + bytes > most_bytes)) send();
    part.push_back({i, std::move(*value)});
    part_bytes += bytes;
  }
  send();
  for (std::size_t i = 0; i < values.size(); ++i)
    if (auto const at = last[values[i].key]; at != i) answers[i] = answers[at];
  return answers;
}

}  // namespace strata::cold::pg
