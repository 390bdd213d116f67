// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

// The statements. Whatever needs several runs them in one transaction, and since one transaction writes at a time, they can
// look before they write.
namespace strata::cold::lite {

enum class sql : unsigned char {
  load,
  find,
  log,
  keep,
  update,
  insert,
  remove,
  stone,
  stone_of,
  trim,
  history,
  at_revision,
  at_version,
  count,
  count_hour,
  tidy_move,
  tidy_hours,
  tidy_days,
  tidy_top,
  usage_of,
  popular,
  popular_lately,
  rising,
  failing,
  unused,
  log_ends,
  changes,
  all_after,
  revision,
  read_horizon,
  hold_horizon,
  move_horizon,
};

/// How a value type uses the table's columns; decides what is read and what "unchanged" means.
struct shape {
  bool restored = false;  ///< the value is made of kind, text, metadata, and `content` is null; else decoded from it
  bool texted = false;    ///< content_raw is the record's text; else it is null
  bool stamped = false;   ///< the JSON has the version as its member `version`
};

/// The texts of all statements for one way to use the columns.
class script {
 public:
  static constexpr std::size_t size = static_cast<std::size_t>(sql::move_horizon) + 1;

  explicit script(shape s) {
    auto const add = [&](sql which, std::string_view text) { texts_[static_cast<std::size_t>(which)] = fill(text, s); };
    // The live row, where there is one, comes before the tombstone.
    add(sql::load, R"(
select %read%, k.version, k.strata_revision, k.strata_expires from knowledge_artifacts k
  where k.artifact_id = ?1 and k.strata_space = ?2
union all
select null, null, null, e.version, e.revision, null from knowledge_artifacts_erased e
  where e.artifact_id = ?1 and e.space = ?2)");

    // A write: what stands, the next revision and its place in the log, what is replaced, the row.
    add(sql::find, R"(
select k.strata_revision, k.version, k.strata_space = ?2, k.strata_expires, %same%
  from knowledge_artifacts k where k.artifact_id = ?1)");
    add(sql::log,
        "insert into knowledge_artifacts_changes (artifact_id, space, operation, at) values (?1, ?2, ?3, ?4)");
    add(sql::keep, R"(
insert into knowledge_artifacts_history
    (revision, artifact_id, space, version, artifact_type, content_raw, content, metadata, written_at, replaced_at)
  select k.strata_revision, k.artifact_id, k.strata_space, k.version, k.artifact_type, k.content_raw, k.content,
      k.metadata, k.updated_at, ?2
    from knowledge_artifacts k where k.artifact_id = ?1)");
    add(sql::update, R"(
update knowledge_artifacts set artifact_type = ?2, content_raw = %raw%, content = %stamp%, metadata = ?5, version = ?6,
    strata_revision = ?7, strata_expires = ?8, updated_at = ?9
  where artifact_id = ?1)");
    add(sql::insert, R"(
insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content, metadata, version, strata_revision,
    strata_expires, updated_at, created_at, strata_space)
  values (?1, ?2, %raw%, %stamp%, ?5, ?6, ?7, ?8, ?9, ?9, ?10))");
    add(sql::remove, "delete from knowledge_artifacts where artifact_id = ?1");
    add(sql::stone, R"(
insert or replace into knowledge_artifacts_erased (artifact_id, space, revision, version, erased_at)
  values (?1, ?2, ?3, ?4, ?5))");
    add(sql::stone_of, "select revision, version, space = ?2 from knowledge_artifacts_erased where artifact_id = ?1");
    // Each change takes two away that are old, so that the log is as long as what changes in that time.
    add(sql::trim, R"(
delete from knowledge_artifacts_changes
  where revision in (select revision from knowledge_artifacts_changes order by revision limit 2) and at < ?1)");

    add(sql::history, R"(
select %read%, k.version, k.strata_revision, 0, k.updated_at from knowledge_artifacts k
  where k.artifact_id = ?1 and k.strata_space = ?2
union all
select null, null, null, e.version, e.revision, 1, e.erased_at from knowledge_artifacts_erased e
  where e.artifact_id = ?1 and e.space = ?2
union all
select %read%, k.version, k.revision, 0, k.written_at from knowledge_artifacts_history k
  where k.artifact_id = ?1 and k.space = ?2
order by 5 desc limit ?3)");
    add(sql::at_revision, R"(
select %read%, k.version, k.strata_revision from knowledge_artifacts k
  where k.artifact_id = ?1 and k.strata_space = ?2 and k.strata_revision = ?3
union all
select %read%, k.version, k.revision from knowledge_artifacts_history k
  where k.artifact_id = ?1 and k.space = ?2 and k.revision = ?3
union all
select null, null, null, e.version, e.revision from knowledge_artifacts_erased e
  where e.artifact_id = ?1 and e.space = ?2 and e.revision = ?3)");
    add(sql::at_version, R"(
select %read%, k.version, k.strata_revision from knowledge_artifacts k
  where k.artifact_id = ?1 and k.strata_space = ?2 and k.version = ?3
union all
select %read%, k.version, k.revision from knowledge_artifacts_history k
  where k.artifact_id = ?1 and k.space = ?2 and k.version = ?3
order by 5 desc limit 1)");

    // Usage stands in narrow tables of its own, so that counting rewrites no value. What is counted of a key outlives an
    // erase. Hours are kept for two days, and then as days for three months, of each the 10,000 keys used most.
    add(sql::count, R"(
insert into knowledge_artifacts_usage as u (artifact_id, uses, successes, failures, last_used_at)
  select k.artifact_id, ?3, ?4, ?5, case when ?3 > 0 then ?6 end
    from knowledge_artifacts k where k.artifact_id = ?1 and k.strata_space = ?2
  on conflict (artifact_id) do update set uses = u.uses + excluded.uses, successes = u.successes + excluded.successes,
    failures = u.failures + excluded.failures, last_used_at = coalesce(excluded.last_used_at, u.last_used_at))");
    add(sql::count_hour, R"(
insert into knowledge_artifacts_usage_hours as h (hour, artifact_id, uses, successes, failures)
  values (?1, ?2, ?3, ?4, ?5)
  on conflict (hour, artifact_id) do update set uses = h.uses + excluded.uses,
    successes = h.successes + excluded.successes, failures = h.failures + excluded.failures)");
    add(sql::tidy_move, R"(
insert into knowledge_artifacts_usage_days as d (day, artifact_id, uses, successes, failures)
  select h.hour / 24, h.artifact_id, sum(h.uses), sum(h.successes), sum(h.failures)
    from knowledge_artifacts_usage_hours h where h.hour < ?1 group by 1, 2
  on conflict (day, artifact_id) do update set uses = d.uses + excluded.uses,
    successes = d.successes + excluded.successes, failures = d.failures + excluded.failures)");
    add(sql::tidy_hours, "delete from knowledge_artifacts_usage_hours where hour < ?1");
    add(sql::tidy_days, "delete from knowledge_artifacts_usage_days where day < ?1");
    add(sql::tidy_top, R"(
delete from knowledge_artifacts_usage_days where day = ?1 and artifact_id in (
  select d.artifact_id from knowledge_artifacts_usage_days d where d.day = ?1
    order by d.uses desc, d.artifact_id limit -1 offset 10000))");

    // The statements below give: id, count, successes, failures, last use, and for risers the count before.
    add(sql::usage_of, R"(
select k.artifact_id, coalesce(u.uses, 0), coalesce(u.successes, 0), coalesce(u.failures, 0), u.last_used_at
  from knowledge_artifacts k left join knowledge_artifacts_usage u on u.artifact_id = k.artifact_id
  where k.artifact_id = ?1 and k.strata_space = ?2)");
    add(sql::popular, R"(
select u.artifact_id, u.uses, u.successes, u.failures, u.last_used_at
  from knowledge_artifacts_usage u cross join knowledge_artifacts k on k.artifact_id = u.artifact_id
  where k.strata_space = ?1 and u.uses > 0 order by u.uses desc, u.artifact_id limit ?2)");
    add(sql::popular_lately, R"(
with used as (
  select artifact_id, sum(uses) as uses, sum(successes) as successes, sum(failures) as failures from (
    select artifact_id, uses, successes, failures from knowledge_artifacts_usage_hours where hour >= ?3
    union all
    select artifact_id, uses, successes, failures from knowledge_artifacts_usage_days where day >= ?3 / 24)
  group by artifact_id)
select w.artifact_id, w.uses, w.successes, w.failures, u.last_used_at
  from used w join knowledge_artifacts k on k.artifact_id = w.artifact_id
    left join knowledge_artifacts_usage u on u.artifact_id = w.artifact_id
  where k.strata_space = ?1 and w.uses > 0 order by w.uses desc, w.artifact_id limit ?2)");
    add(sql::rising, R"(
with used as (
  select artifact_id, sum(iif(lately, uses, 0)) as uses, sum(iif(lately, 0, uses)) as before,
      sum(iif(lately, successes, 0)) as successes, sum(iif(lately, failures, 0)) as failures from (
    select *, hour >= ?3 as lately from knowledge_artifacts_usage_hours where hour >= ?4
    union all
    select *, day >= ?3 / 24 from knowledge_artifacts_usage_days where day >= ?4 / 24)
  group by artifact_id)
select w.artifact_id, w.uses, w.successes, w.failures, u.last_used_at, w.before
  from used w join knowledge_artifacts k on k.artifact_id = w.artifact_id
    left join knowledge_artifacts_usage u on u.artifact_id = w.artifact_id
  where k.strata_space = ?1 and w.uses > w.before order by w.uses - w.before desc, w.artifact_id limit ?2)");
    add(sql::failing, R"(
select u.artifact_id, u.uses, u.successes, u.failures, u.last_used_at
  from knowledge_artifacts_usage u join knowledge_artifacts k on k.artifact_id = u.artifact_id
  where k.strata_space = ?1 and u.failures > 0 and u.successes + u.failures >= ?3
  order by cast(u.successes as real) / (u.successes + u.failures), u.failures desc, u.artifact_id limit ?2)");
    add(sql::unused, R"(
select k.artifact_id, coalesce(u.uses, 0), coalesce(u.successes, 0), coalesce(u.failures, 0), u.last_used_at
  from knowledge_artifacts k left join knowledge_artifacts_usage u on u.artifact_id = k.artifact_id
  where k.strata_space = ?1 and max(coalesce(u.last_used_at, 0), k.updated_at) < ?3
  order by max(coalesce(u.last_used_at, 0), k.updated_at), k.artifact_id limit ?2)");

    // Where the log ends, and the last revision that it does not have any more.
    add(sql::log_ends, R"(
select s.seq, coalesce((select min(revision) from knowledge_artifacts_changes) - 1, s.seq)
  from sqlite_sequence s where s.name = 'knowledge_artifacts_changes')");
    add(sql::changes, R"(
select revision, operation, artifact_id from knowledge_artifacts_changes
  where revision > ?2 and space = ?1 order by revision limit ?3)");
    // An id that was erased once and is there again comes twice, as what it is before what it was.
    add(sql::all_after, R"(
select artifact_id, revision, operation from (
  select * from (select artifact_id, strata_revision as revision, 0 as operation from knowledge_artifacts
    where artifact_id > ?2 and strata_space = ?1 order by artifact_id limit ?3)
  union all
  select * from (select artifact_id, revision, 1 from knowledge_artifacts_erased
    where artifact_id > ?2 and space = ?1 order by artifact_id limit ?3))
  order by artifact_id, revision desc limit ?3)");
    add(sql::revision, R"(
select k.strata_revision from knowledge_artifacts k where k.artifact_id = ?1 and k.strata_space = ?2
union all
select e.revision from knowledge_artifacts_erased e where e.artifact_id = ?1 and e.space = ?2)");
    add(sql::read_horizon, R"(
select reached_transaction, reached_revision, position, era, taken_us, holder, held_until
  from knowledge_artifacts_horizon where space = ?1)");
    add(sql::hold_horizon, R"(
update knowledge_artifacts_horizon set holder = ?2, held_until = ?3 where space = ?1)");
    add(sql::move_horizon, R"(
update knowledge_artifacts_horizon
  set held_until = ?3, reached_transaction = ?4, reached_revision = ?5, position = ?6, era = ?7, taken_us = ?8
  where space = ?1 and holder = ?2)");
  }

  [[nodiscard]] std::string_view of(sql which) const noexcept { return texts_[static_cast<std::size_t>(which)]; }

 private:
  // Parameters of a value: ?2 its type, ?3 its text, ?4 its JSON, ?5 its metadata, ?6 its version. The JSON is compared
  // without the version that its writer saw, and not at all where the columns beside it say everything.
  static std::string fill(std::string_view text, shape s) {
    std::string body{text};
    replace(body, "%read%", s.restored ? "k.artifact_type, k.content_raw, k.metadata" : "null, k.content, null");
    replace(body, "%raw%", s.restored || s.texted ? "?3" : "null");
    replace(body, "%stamp%", s.restored ? "null" : s.stamped ? "json_replace(?4, '$.version', ?6)" : "?4");
    std::string same = "k.artifact_type = ?3 and k.metadata = ?6";
    if (s.restored || s.texted) same += " and k.content_raw = ?4";
    if (!s.restored)
      same += s.stamped ? " and iif(json_valid(k.content), json_remove(k.content, '$.version'), '') = json_remove(?5, "
                          "'$.version')"
                        : " and k.content = ?5";
    replace(body, "%same%", same);
    return body;
  }
  static void replace(std::string& text, std::string_view mark, std::string_view by) {
    for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + by.size()))
      text.replace(at, mark.size(), by);
  }

  std::array<std::string, size> texts_;
};

}  // namespace strata::cold::lite
