// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include "checker.hpp"
#include "mark.hpp"
#include "servers.hpp"
#include "tally.hpp"

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <cstdint>
#include <format>
#include <string>
#include <unordered_map>
#include <vector>

// What the database committed, in the order of revisions, kept by triggers of the test's own beside the library's.
namespace faults {

class oracle {
 public:
  /// After the table has been made.
  oracle() {
    ask(R"(
set client_min_messages = warning;
create table if not exists faults_truth (artifact_id text, revision bigint, data text, primary key (artifact_id, revision));
create table if not exists faults_watch (one int primary key, n int default 0);
create or replace function faults_written() returns trigger language plpgsql as $$ begin
  insert into public.faults_truth values (new.artifact_id, new.strata_revision, new.content_raw);
  return null;
end $$;
create or replace function faults_erased() returns trigger language plpgsql as $$ begin
  insert into public.faults_truth values (new.artifact_id, new.revision, null);
  return null;
end $$;
create or replace trigger faults_inserted after insert on knowledge_artifacts for each row execute function faults_written();
create or replace trigger faults_updated after update on knowledge_artifacts for each row
  when (old.strata_revision is distinct from new.strata_revision) execute function faults_written();
create or replace trigger faults_inserted after insert on knowledge_artifacts_erased for each row execute function faults_erased();
create or replace trigger faults_updated after update on knowledge_artifacts_erased for each row
  when (old.revision is distinct from new.revision) execute function faults_erased();)");
  }

  /// Every revision of this round's keys. A value that is not what anybody wrote to its key is broken at once.
  static std::vector<standing> truth(std::string const& round, std::uint32_t keys, tally& into) {
    std::unordered_map<std::string, std::uint32_t> number;
    std::string names;
    for (std::uint32_t n = 0; n < keys; ++n) {
      number.emplace(key_of(round, n), n);
      names += std::format("{}'{}'", n == 0 ? "" : ",", key_of(round, n));
    }
    std::vector<standing> all;
    for (auto const& row :
         ask(std::format("select artifact_id, revision, data from faults_truth where artifact_id in ({})", names))) {
      auto const key = row[0].as<std::string>();
      standing s{.key = number.at(key), .revision = row[1].as<std::uint64_t>()};
      if (!row[2].is_null()) {
        s.operation = operation_in(key, row[2].as<std::string>());
        if (!s.operation) {
          into.broken(
              promise::no_mix_up,
              std::format("key {}, revision {}: what stands in the database was never written", s.key, s.revision));
          continue;
        }
      }
      all.push_back(s);
    }
    // The table itself, which the library and other programs read, has to agree with what the triggers saw.
    auto const differ = ask(std::format(R"(
select count(*) from (select distinct on (artifact_id) * from faults_truth where artifact_id in ({}) order by artifact_id, revision desc) t
  left join knowledge_artifacts k using (artifact_id)
  where (t.revision, t.data) is distinct from (case when k.id is null then t.revision else k.strata_revision end, k.content_raw))",
                                        names));
    into.judge(promise::durable, keys);
    if (auto const n = differ[0][0].as<int>(); n != 0)
      into.broken(promise::durable, std::format("{} rows of the table are not what was committed last", n));
    return all;
  }

 private:
  static pqxx::result ask(std::string const& sql) {
    pqxx::connection c{given("STRATA_TEST_POSTGRES")};
    return pqxx::nontransaction{c}.exec(sql);
  }
};

}  // namespace faults
