-- SPDX-License-Identifier: BSL-1.0
-- Copyright the Strata authors
--
-- What the role of a program that only runs needs, and no more: no deleting, no creating. By the table's owner, once the
-- table is set up, and again when a newer Strata has brought it up to date:
--
--   psql -d DATABASE -v role=ROLE [-v schema=public] [-v table=knowledge_artifacts] -f grants.sql
--
-- (Opening it as the owner with the option application_role does the same.) Give the program `setup = check`, and its role
-- nothing else: no membership, no ownership, and before PostgreSQL 15 `revoke create on schema public from public`.
\set ON_ERROR_STOP on
\if :{?schema}
\else
\set schema public
\endif
\if :{?table}
\else
\set table knowledge_artifacts
\endif
\set history :table _history
\set erased :table _erased
\set usage :table _usage
\set spaces :table _spaces
\set migrations :table _migrations
\set changes :table _changes
\set horizon :table _horizon
\set erase :table _erase
\set move_horizon :table _move_horizon
\set usage_hours :table _usage_hours
\set usage_days :table _usage_days
\set archive :table _archive
\set words :table _words
\set words_state :table _words_state
\set count_usage :table _count_usage
\set tidy_usage :table _tidy_usage
\set put_away :table _put_away
\set bring_back :table _bring_back
\set index_words :table _index_words
\set embed :table _embed
\set elsewhere :table _elsewhere
\set microseconds :table _microseconds
\set used_lately :table _used_lately
\set pgvector :table _pgvector
\set nearest :table _nearest
begin;

grant usage on schema :"schema" to :"role";
grant select on :"schema".:"table" to :"role";
grant select on :"schema".:"history" to :"role";
grant select on :"schema".:"erased" to :"role";
grant select on :"schema".:"usage" to :"role";
grant select on :"schema".:"spaces" to :"role";
grant select on :"schema".:"migrations" to :"role";
grant select on :"schema".:"changes" to :"role";
grant select on :"schema".:"horizon" to :"role";
grant select on :"schema".:"usage_hours" to :"role";
grant select on :"schema".:"usage_days" to :"role";
grant select on :"schema".:"archive" to :"role";
grant select on :"schema".:"words" to :"role";
grant select on :"schema".:"words_state" to :"role";
grant insert (artifact_id, artifact_type, content_raw, content, metadata, version, strata_operation, strata_space, strata_expires) on :"schema".:"table" to :"role";
grant update (artifact_type, content_raw, content, metadata, version, updated_at, strata_operation, strata_expires, usage_count, last_used_at, success_rate) on :"schema".:"table" to :"role";
grant update (holder, held_until) on :"schema".:"horizon" to :"role";
grant execute on function :"schema".:"erase"(text, text, uuid) to :"role";
grant execute on function :"schema".:"move_horizon"(text, text, bigint, xid8, bigint, bigint, bigint, bigint) to :"role";
grant execute on function :"schema".:"count_usage"(text, uuid, bigint, text[], bigint[], bigint[], bigint[]) to :"role";
grant execute on function :"schema".:"tidy_usage"() to :"role";
grant execute on function :"schema".:"put_away"(text, timestamptz, bigint) to :"role";
grant execute on function :"schema".:"bring_back"(text, text[]) to :"role";
grant execute on function :"schema".:"index_words"(text, bigint) to :"role";
grant execute on function :"schema".:"embed"(text, text, real[]) to :"role";
grant execute on function :"schema".:"elsewhere"(text, text) to :"role";
grant execute on function :"schema".:"microseconds"(timestamptz) to :"role";
grant execute on function :"schema".:"used_lately"(text, bigint, bigint) to :"role";
grant execute on function :"schema".:"pgvector"() to :"role";
grant execute on function :"schema".:"nearest"(text, real[], text, text, text, bigint) to :"role";

-- The sequences of the columns that take their values from one.
select format('grant usage on sequence %s to %I', s, :'role')
  from pg_attribute a,
    pg_get_serial_sequence(quote_ident(:'schema') || '.' || quote_ident(:'table'), a.attname::text) s
  where a.attrelid = (quote_ident(:'schema') || '.' || quote_ident(:'table'))::regclass and a.attnum > 0
    and not a.attisdropped and s is not null
\gexec

-- The column of vectors, where there is one.
select format('grant insert (embedding), update (embedding) on %s to %I', a.attrelid::regclass, :'role')
  from pg_attribute a
  where a.attrelid = (quote_ident(:'schema') || '.' || quote_ident(:'table'))::regclass and a.attname = 'embedding'
    and not a.attisdropped
\gexec
commit;

-- What each connection sets for itself, but behind a pooler. By a role that may change that role.
alter role :"role" in database :"DBNAME" set statement_timeout = '5000ms';
alter role :"role" in database :"DBNAME" set lock_timeout = '2000ms';
alter role :"role" in database :"DBNAME" set idle_in_transaction_session_timeout = '30s';
alter role :"role" in database :"DBNAME" set plan_cache_mode = force_generic_plan;
alter role :"role" in database :"DBNAME" set work_mem = '32MB';
