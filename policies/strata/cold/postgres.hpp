// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/bulk.hpp>
#include <strata/cold/postgres/calls.hpp>
#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/dump.hpp>
#include <strata/cold/postgres/log.hpp>
#include <strata/cold/postgres/mapping.hpp>
#include <strata/cold/postgres/migrate.hpp>
#include <strata/cold/postgres/names.hpp>
#include <strata/cold/postgres/options.hpp>
#include <strata/cold/postgres/pool.hpp>
#include <strata/cold/postgres/search.hpp>
#include <strata/cold/postgres/statements.hpp>
#include <strata/cold/postgres/usage.hpp>
#include <strata/concepts/codec.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/query.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>
#include <strata/record.hpp>

#include <pqxx/params>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The cold tier on PostgreSQL: the source of truth in a table that other programs may share. The server orders the copies
// (a trigger takes each revision inside the row's own statement, whoever writes) and every call is one statement.
namespace strata::cold {

struct postgres {
  using options = pg::options;
  static constexpr bool keeps_json = true;  ///< rows can be queried

  /// \complexity as its members say; what a connection is seldom asked for (usage, searches, dumps, the archive, a version) is
  ///             prepared in it the first time, which is a round trip more
  /// \threads all members from any thread
  template <class Key, class Value, class Context>
  class tier {
    using codec = typename Context::codec_type;
    static constexpr bool expires = Context::expires;
    static_assert(json_capable<codec>,
                  "strata::cache, 4th parameter (Codec): cold::postgres keeps values as JSON that can be queried; add "
                  "to_json(value, out) and from_json(text).");

   public:
    /// Needs no server: connecting goes on in the background.
    /// \errors throws open_error for what waiting will not mend: settings that cannot work, a table that cannot be used
    tier(options const& given, Context const& context)
        : codec_{context.codec},
          schema_{checked(given), info_, wanted_, detail_type(),
                  [](pg::names const& n) { return pg::statements(n, pg::shape_of<Value, expires>); }},
          pool_{info_, given.connections, given.connect_timeout, schema_} {
      if (auto usable = pool_.first_answer(std::chrono::steady_clock::now() + given.wait_at_open); !usable)
        throw open_error{usable.error()};
    }

    /// \complexity one round trip; two for a key in the archive
    /// \errors unavailable, timed_out; corrupt: the row does not decode; rejected: no key
    result<copy<Value>> load(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      pqxx::params const with{pqxx::zview{id}};
      constexpr int elsewhere = expires ? 6 : 5;
      constexpr std::optional<int> life = expires ? std::optional{5} : std::nullopt;
      auto rows = calls_.read("strata_load", with, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      auto const row = (*rows)[0];
      if (row[elsewhere].is_null()) return pg::copy_of<Value>(key, row, codec_, life);
      if (auto const known = row[elsewhere].template as<std::int64_t>(); known >= 0)
        return copy<Value>{.revision = revision{static_cast<std::uint64_t>(known)}};
      rows = calls_.read("strata_load_anywhere", with, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      return first_copy(key, *rows, life);
    }

    /// \param vector  kept beside the value, whether or not that is there already; empty: the one there stays
    /// \complexity one round trip; more only for a key in the archive, or if another inserts it at the same moment
    /// \errors conflict: not as expected; rejected: what PostgreSQL cannot hold; unknown; unavailable, timed_out: not stored
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline until,
                          lifetime expires_in = {}, std::span<float const> vector = {}) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      auto columns = pg::columns_of(value, codec_);
      if (!columns) return std::unexpected{std::move(columns.error())};
      return store_columns(key, *columns, expected, until, expires_in, vector);
    }

    /// \complexity one round trip
    /// \errors as store
    result<written> erase(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      auto const operation = operations_.next();
      auto rows = calls_.write("strata_erase", pqxx::params{pqxx::zview{id}, operation}, {&key, 1}, operation, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      auto const row = (*rows)[0];
      if (rows->columns() == 4) return *pg::answer_of(row);  // from the trace
      return written{revision{row[0].is_null() ? 0 : row[0].template as<std::uint64_t>()},
                     row[1].is_null() ? 0 : row[1].template as<std::int64_t>(), row[2].template as<bool>()};
    }

    /// One answer per key, in the order asked.
    /// \complexity one round trip per 1,000 keys
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline until) {
      return pg::load_many<Value, expires>(calls_, keys, codec_, until);
    }

    /// One answer per element; of several with one key the last counts, and all have its answer. Not atomic.
    /// \complexity one round trip per 1,000 elements or 8 MiB, and another for what others insert at the same moment; what
    ///             is in the archive is stored singly, and so is all that was sent with what the server refuses
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline until,
                                            lifetime expires_in = {}) {
      return pg::store_many<Value, expires>(calls_, operations_, values, codec_, until, expires_in,
                                            [&](std::string_view key, pg::columns const& value) {
                                              return store_columns(key, value, anything, until, expires_in);
                                            });
    }

    /// Adds to the usage columns without moving a revision; keys that are not there are passed over.
    /// \complexity one round trip per 1,000 keys
    /// \errors unknown: what was sent last is kept here, and sent again by the next call, so that it is counted once; after
    ///         any other it is not counted. What was to follow is not, either way
    result<void> add_usage(std::span<uses const> counts, deadline until) { return sender_.add(calls_, counts, until); }

    /// \complexity one round trip
    result<std::optional<key_usage>> usage_of(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      auto all = pg::usages(calls_, "strata_later_usage_of", pqxx::params{pqxx::zview{id}}, until);
      if (!all) return std::unexpected{std::move(all.error())};
      return all->empty() ? std::nullopt : std::optional{std::move(all->front())};
    }
    /// Of hours 48 are kept, of days 92; who asks for more has no more.
    /// \complexity one round trip; the server looks at the hours and days there are
    result<std::vector<period_usage>> usage_by(std::string_view key, period each, std::size_t periods, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      return pg::usage_by(calls_, std::string{key}, each, periods, until);
    }
    /// \complexity one round trip; ever: as much work as there are answers, else as keys used in the window
    result<std::vector<key_usage>> popular(std::size_t limit, std::chrono::hours window, deadline until) {
      if (window.count() <= 0)
        return pg::usages(calls_, "strata_later_popular", pqxx::params{pg::count_of(limit)}, until);
      return pg::usages(calls_, "strata_later_popular_lately", pqxx::params{pg::count_of(limit), pg::hours_of(window)},
                        until);
    }
    result<std::vector<key_usage>> rising(std::size_t limit, std::chrono::hours window, deadline until) {
      return pg::usages(calls_, "strata_later_rising", pqxx::params{pg::count_of(limit), pg::hours_of(window)}, until);
    }
    result<std::vector<key_usage>> failing(std::size_t limit, std::uint64_t outcomes, deadline until) {
      return pg::usages(calls_, "strata_later_failing", pqxx::params{pg::count_of(limit), pg::count_of(outcomes)},
                        until);
    }
    /// \complexity one round trip; the server looks at every row
    result<std::vector<key_usage>> unused(std::chrono::system_clock::time_point since, std::size_t limit,
                                          deadline until) {
      return pg::usages(calls_, "strata_later_unused", pqxx::params{pg::count_of(limit), pg::detail::us_of(since)},
                        until);
    }

    /// What the key has been, newest first, beginning with what it is. What does not decode is a fault in its place.
    /// \complexity one round trip
    /// \errors rejected: no key; unavailable, timed_out
    result<std::vector<past<Value>>> history(std::string_view key, std::size_t limit, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      auto rows = calls_.read("strata_history", pqxx::params{pqxx::zview{id}, pg::count_of(limit)}, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      std::vector<past<Value>> all;
      for (auto const& row : *rows) {
        using seconds = std::chrono::duration<double>;
        auto const age = row[6].is_null() ? seconds{} : seconds{row[6].template as<double>()};
        past<Value> one{.revision = revision{row[4].template as<std::uint64_t>()},
                        .version = row[3].is_null() ? 0 : row[3].template as<std::int64_t>(),
                        .operation = row[5].template as<int>() == 0 ? operation::put : operation::erase,
                        .written = pg::detail::time_at(age)};
        auto found = pg::copy_of<Value>(key, row, codec_);
        if (found)
          one.value = std::move(found->value);
        else
          one.fault = std::move(found.error());
        all.push_back(std::move(one));
      }
      return all;
    }

    /// The key's copy of exactly that revision; no revision when it never had it.
    /// \complexity one round trip
    /// \errors as load
    result<copy<Value>> get_at(std::string_view key, revision at, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      auto rows = calls_.read("strata_at_revision", pqxx::params{pqxx::zview{id}, bounded(at)}, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      return first_copy(key, *rows);
    }

    /// The key's newest copy that had the version.
    /// \complexity one round trip
    /// \errors as load
    result<copy<Value>> get_at(std::string_view key, std::int64_t version, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::string const id{key};
      auto rows = calls_.read("strata_later_at_version", pqxx::params{pqxx::zview{id}, version}, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      return first_copy(key, *rows);
    }

    /// \complexity two round trips, and the indexing of what was written since the last search: half of the time at most
    result<findings<Value>> search_text(std::string_view words, std::size_t limit, search_filter const& filter,
                                        deadline until) {
      return pg::search_text<Value>(calls_, words, limit, filter, codec_, until);
    }
    /// \errors unsupported: the table has no column of pgvector's
    result<void> embed(std::string_view key, std::span<float const> vector, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      return pg::embed(calls_, std::string{key}, vector, until);
    }
    result<findings<Value>> nearest(std::span<float const> vector, std::size_t limit, search_filter const& filter,
                                    deadline until) {
      return pg::nearest<Value>(calls_, vector, {}, limit, filter, codec_, until);
    }
    result<findings<Value>> similar(std::string_view key, std::size_t limit, search_filter const& filter,
                                    deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      return pg::nearest<Value>(calls_, std::nullopt, std::string{key}, limit, filter, codec_, until);
    }

    /// \complexity one round trip; the server looks at every row
    result<std::size_t> archivable(std::chrono::system_clock::time_point since, deadline until) {
      auto rows = calls_.read("strata_later_archivable", pqxx::params{pg::detail::us_of(since)}, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      return (*rows)[0][0].template as<std::size_t>();
    }
    /// \errors unknown: perhaps moved; asked again, it moves others
    result<std::size_t> archive(std::chrono::system_clock::time_point since, std::size_t limit, deadline until) {
      auto rows = calls_.write_once("strata_later_put_away",
                                    pqxx::params{pg::detail::us_of(since), pg::count_of(limit)}, until);
      if (!rows) return std::unexpected{std::move(rows.error())};
      return (*rows)[0][0].template as<std::size_t>();
    }

    /// Values, archived ones, history, tombstones, usage and its rollups, in this order; vectors are among the values.
    result<std::vector<std::string>> dump(dump_place& at, std::size_t limit, deadline until) {
      return pg::dump(calls_, at, limit, until);
    }
    /// \errors rejected: no lines of a dump, or the role may not; unsupported: there are vectors, and no column for them
    result<restored> restore(std::span<std::string_view const> lines, deadline until) {
      return pg::restore(calls_, lines, until);
    }

    /// What was changed in this space, by whomever. The log goes back an hour or more.
    /// \complexity one round trip
    result<changes> changes_since(std::optional<cursor> from, std::size_t limit, deadline until) {
      return pg::changes_since(calls_, from, limit, until);
    }

    /// \complexity one round trip
    result<std::vector<logged>> all_after(std::string_view key, std::size_t limit, deadline until) {
      return pg::all_after(calls_, key, limit, until);
    }

    /// \complexity one round trip each
    result<horizon> read_horizon(deadline until) { return pg::read_horizon(calls_, until); }
    /// \param me  unique among all instances
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time, deadline until) {
      return pg::hold_horizon(calls_, me, time, until);
    }
    /// Trims the log, too.
    /// \errors conflict: another holds it
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& moved,
                              deadline until) {
      return pg::move_horizon(calls_, me, time, moved, until);
    }

    /// \complexity one round trip per 1,000 keys
    result<std::vector<revision>> revisions(std::span<std::string_view const> keys, deadline until) {
      return pg::revisions(calls_, keys, until);
    }

    /// Waits until calls can be answered. \errors unavailable: not by the deadline; else why the table cannot be used
    result<void> wait_ready(deadline until) { return pool_.wait_ready(until); }

    [[nodiscard]] tier_health health() const {
      auto [up, text] = pool_.state();
      if (auto const remarks = schema_.remarks(); !remarks.empty())
        text.append(text.empty() ? "" : "; ").append(remarks);
      return {up, std::move(text)};
    }

    /// Refuses new calls, waits for those in flight until the deadline, ends them; joins the background threads.
    void close(deadline until) noexcept { pool_.close(until); }

   private:
    static constexpr std::string_view detail_type() { return strata::detail::type_name<Value>(); }

    options const& checked(options const& given) {
      auto const refuse = [](error why) { throw open_error{std::move(why)}; };
      if (given.connections == 0 || given.connections > 1000)
        refuse(error{errc::rejected, strata::tier::cold, "connections: from 1 to 1000"});
      for (auto const time : {given.connect_timeout, given.setup_timeout, given.statement_timeout, given.lock_timeout})
        if (time.count() <= 0) refuse(error{errc::rejected, strata::tier::cold, "a time-out is not positive"});
      auto info = pg::read_conninfo(given.connection);
      if (!info) refuse(info.error());
      info_ = std::move(*info);
      info_.password = given.password;
      auto names = pg::read_names(given);
      if (!names) refuse(names.error());
      wanted_ = std::move(*names);
      return given;
    }

    result<copy<Value>> first_copy(std::string_view key, pqxx::result const& rows,
                                   std::optional<int> life = std::nullopt) const {
      if (rows.empty()) return copy<Value>{};
      return pg::copy_of<Value>(key, rows[0], codec_, life);  // the live row comes before the tombstone
    }

    /// As far as the server counts: none has the last of these.
    static std::int64_t bounded(revision r) {
      return static_cast<std::int64_t>(std::min<std::uint64_t>(number(r), std::numeric_limits<std::int64_t>::max()));
    }

    result<written> store_columns(std::string_view key, pg::columns const& value, expectation expected, deadline until,
                                  [[maybe_unused]] lifetime expires_in, std::span<float const> vector = {}) {
      std::string const id{key};
      auto const operation = operations_.next();
      pqxx::params with{pqxx::zview{id},         pqxx::zview{value.kind},     pqxx::zview{value.raw()},
                        pqxx::zview{value.json}, pqxx::zview{value.metadata}, pqxx::zview{operation}};
      std::string const standing = expected ? std::to_string(bounded(*expected)) : std::string{};
      if (expected)
        with.append(pqxx::zview{standing});
      else
        with.append();
      if constexpr (expires) pg::append_life(with, expires_in);
      std::optional<pg::array> reals;
      if (!vector.empty()) {
        auto made = pg::reals_of(vector);
        if (!made) return std::unexpected{made.error()};
        with.append(reals.emplace(std::move(*made)).view());
      }
      for (;;) {
        auto rows =
            calls_.write(reals ? "strata_later_store_embedded" : "strata_store", with, {&key, 1}, operation, until);
        if (!rows && reals && rows.error() == errc::rejected)  // for want of the column?
          if (auto const able = pg::can_embed(calls_, *reals, until); !able) return std::unexpected{able.error()};
        if (!rows) return std::unexpected{std::move(rows.error())};
        if (rows->empty()) {
          if (expected && *expected != absence) return failure(errc::conflict, strata::tier::cold, "the key is absent");
        } else if (auto answer = pg::answer_of((*rows)[0])) {
          return std::move(*answer);
        } else if ((*rows)[0][0].template as<int>() == 5) {
          // Brought back twice is brought back once.
          auto const back = calls_.read("strata_later_bring_back", pqxx::params{pg::array_of({&key, 1}).view()}, until);
          if (!back) return std::unexpected{back.error()};
        }
        if (std::chrono::steady_clock::now() >= until)
          return failure(errc::timed_out, strata::tier::cold,
                         "other writers of the key were faster until the deadline");
      }
    }

    codec const& codec_;
    pg::conninfo info_;
    pg::names wanted_;
    pg::operations operations_;
    pg::usage_sender sender_{operations_.next()};
    pg::schema schema_;
    pg::pool<pg::schema> pool_;
    pg::calls<pg::pool<pg::schema>> calls_{pool_};
  };
};

}  // namespace strata::cold
