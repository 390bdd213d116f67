// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "asset.hpp"

namespace fleet {

// The table by hand: one connection per thread, made when it is needed and again after anything went wrong on it;
// statements prepared once, each one round trip and its own transaction; the version counted by the statement that writes.
// A read that met a broken connection is tried once more, a write is not: it may have happened.
// [user code]
class database {
 public:
  explicit database(std::string where)
      : where_{std::move(where) + " connect_timeout=2 tcp_user_timeout=2000 options='-c statement_timeout=2s'"} {}

  std::optional<asset> load(std::string const& id) {
    auto const rows = [&] {
      try {
        return ask("load", id);
      } catch (pqxx::broken_connection const&) {
        return ask("load", id);
      }
    }();
    if (rows.empty()) return std::nullopt;
    auto const row = rows[0];
    return asset{.id = id,
                 .asset_type = row[0].as<std::string>(),
                 .data = row[1].as<std::string>(),
                 .metadata = nlohmann::json::parse(row[2].view()),
                 .version = row[3].as<std::int64_t>()};
  }

  /// \returns the version
  std::int64_t save(asset a) {
    a.version = 1;
    auto const rows =
        ask("save", a.id, a.asset_type, a.data, nlohmann::json(a).dump(), nlohmann::json(a.metadata).dump());
    return rows[0][0].as<std::int64_t>();
  }

 private:
  template <class... Parameters>
  pqxx::result ask(char const* statement, Parameters const&... given) {
    auto& connection = own_connection();
    try {
      if (!connection) connection = connect();
      pqxx::nontransaction tx{*connection};
      return tx.exec(pqxx::prepped{statement}, pqxx::params{given...});
    } catch (...) {
      connection.reset();
      throw;
    }
  }
  static std::unique_ptr<pqxx::connection>& own_connection() {
    static thread_local std::unique_ptr<pqxx::connection> one;
    return one;
  }
  /// After an attempt that failed nobody tries for a moment: a server that starts again is not helped by a crowd.
  std::unique_ptr<pqxx::connection> connect() {
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    if (now < rest_until_.load()) throw pqxx::broken_connection{"the database did not answer a moment ago"};
    std::unique_ptr<pqxx::connection> made;
    try {
      made = std::make_unique<pqxx::connection>(where_);
    } catch (...) {
      rest_until_ = now + std::chrono::milliseconds{100};
      throw;
    }
    made->prepare(
        "load", "select artifact_type, content_raw, metadata, version from knowledge_artifacts where artifact_id = $1");
    made->prepare("save", R"(
insert into knowledge_artifacts as k (artifact_id, artifact_type, content_raw, content, metadata, version)
values ($1, $2, $3, $4, $5, 1) on conflict (artifact_id) do update
set artifact_type = excluded.artifact_type, content_raw = excluded.content_raw, metadata = excluded.metadata,
    content = jsonb_set(excluded.content, '{version}', to_jsonb(k.version + 1)), version = k.version + 1, updated_at = now()
returning version)");
    return made;
  }

  std::string where_;
  std::atomic<std::chrono::steady_clock::duration> rest_until_{};
};
// [/user code]

/// The table of the field without its columns for embeddings, and without the two indexes that make every count of a use a
/// rewrite of index entries.
inline void create_table(std::string const& where) {
  pqxx::connection connection{where};
  pqxx::nontransaction{connection}.exec(R"(
create table knowledge_artifacts (
  id bigserial primary key, artifact_id text not null unique, artifact_type text not null, content_raw text not null,
  content jsonb not null, metadata jsonb, usage_count integer default 0, success_rate float default 0.0,
  last_used_at timestamptz, created_at timestamptz default now(), updated_at timestamptz default now(), version integer))");
}

}  // namespace fleet
