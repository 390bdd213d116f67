// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/columns.hpp>
#include <strata/cold/sqlite/connection.hpp>
#include <strata/cold/sqlite/file.hpp>
#include <strata/cold/sqlite/log.hpp>
#include <strata/cold/sqlite/options.hpp>
#include <strata/cold/sqlite/rows.hpp>
#include <strata/cold/sqlite/statements.hpp>
#include <strata/cold/sqlite/usage.hpp>
#include <strata/concepts/codec.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/concepts/log.hpp>
#include <strata/concepts/query.hpp>
#include <strata/error.hpp>
#include <strata/key.hpp>
#include <strata/options.hpp>
#include <strata/record.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

// The cold tier without a server: one file, which several processes of one machine may share. What a call wrote is on the
// disk when it returns. Rows mean what they mean in PostgreSQL's table, but a file is written through this library alone:
// nothing gives a revision to what other programs change in it.
namespace strata::cold {

struct sqlite {
  using options = lite::options;
  static constexpr bool keeps_json = true;  ///< rows can be queried

  /// \threads all members from any thread; reads wait for no writer, writes for one another
  template <class Key, class Value, class Context>
  class tier {
    using codec = typename Context::codec_type;
    static constexpr bool expires = Context::expires;
    static_assert(json_capable<codec>,
                  "strata::cache, 4th parameter (Codec): cold::sqlite keeps values as JSON that can be queried; add "
                  "to_json(value, out) and from_json(text).");

   public:
    /// \errors throws open_error: settings that cannot work; no database, another program's, a newer version's; a file that
    ///         cannot be made or written, or was locked for too long
    tier(options const& given, Context const& context)
        : codec_{context.codec},
          space_{given.space},
          file_{given, lite::shape_of<Value>, strata::detail::type_name<Value>()} {}

    /// \errors corrupt: the row does not decode; rejected: no key; timed_out, unavailable
    result<copy<Value>> load(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      auto found = file_.read(until, [&](lite::connection& c) -> result<lite::row> { return row_of(c, key); });
      if (!found) return std::unexpected{std::move(found.error())};
      return lite::copy_of<Value, expires>(key, *found, codec_);
    }

    /// \complexity one synced write to the disk
    /// \errors conflict: not as expected; rejected: what the codec refuses; unavailable (a full disk, for one), timed_out: not
    ///         stored; unknown: the disk failed in the middle of it
    result<written> store(std::string_view key, Value const& value, expectation expected, deadline until,
                          lifetime expires_in = {}) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      auto const columns = columns_of(value, codec_);
      if (!columns) return std::unexpected{columns.error()};
      return file_.write(until, [&](lite::connection& c) {
        return lite::changing{c, space_}.store(key, *columns, expected, expires, expires_in);
      });
    }

    /// \errors as store
    result<written> erase(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      return file_.write(until, [&](lite::connection& c) { return lite::changing{c, space_}.erase(key); });
    }

    /// One answer per key, in the order asked; all of one state of the file.
    std::vector<result<copy<Value>>> load_many(std::span<std::string_view const> keys, deadline until) {
      std::vector<lite::row> rows(keys.size());
      auto const done = file_.read(until, [&](lite::connection& c) -> result<void> {
        lite::transaction const one_state{c, "begin"};
        for (std::size_t i = 0; i < keys.size(); ++i)
          if (key_fault(keys[i]).empty()) rows[i] = row_of(c, keys[i]);
        return {};
      });
      std::vector<result<copy<Value>>> answers(keys.size());
      for (std::size_t i = 0; i < keys.size(); ++i) {
        if (auto const fault = key_fault(keys[i]); !fault.empty())
          answers[i] = failure(errc::rejected, strata::tier::cold, fault);
        else if (!done)
          answers[i] = std::unexpected{done.error()};
        else
          answers[i] = lite::copy_of<Value, expires>(keys[i], rows[i], codec_);
      }
      return answers;
    }

    /// One answer per element; of several with one key the last counts, and all have its answer.
    /// \complexity one synced write per 1,000 elements or 8 MiB; but for those that are refused, they are stored together or
    ///             not at all
    std::vector<result<written>> store_many(std::span<keyed_value<Value> const> values, deadline until,
                                            lifetime expires_in = {}) {
      std::vector<result<written>> answers(values.size());
      std::unordered_map<std::string_view, std::size_t> last;
      last.reserve(values.size());
      for (std::size_t i = 0; i < values.size(); ++i) last[values[i].key] = i;
      std::vector<std::pair<std::size_t, columns>> part;
      std::size_t bytes = 0;
      auto const send = [&] {
        auto const done = file_.write(until, [&](lite::connection& c) -> result<void> {
          lite::changing changing{c, space_};
          for (auto const& [at, value] : part)
            answers[at] =
                each_by_itself(c, [&] { return changing.store(values[at].key, value, anything, expires, expires_in); });
          return {};
        });
        if (!done)
          for (auto const& one : part) answers[one.first] = std::unexpected{done.error()};
        part.clear();
        bytes = 0;
      };
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (last[values[i].key] != i) continue;  // a later one of the same key wins and answers for both
        if (auto const fault = key_fault(values[i].key); !fault.empty()) {
          answers[i] = failure(errc::rejected, strata::tier::cold, fault);
          continue;
        }
        auto value = columns_of(*values[i].value, codec_);
        if (!value) {
          answers[i] = std::unexpected{value.error()};
          continue;
        }
        bytes += value->bytes();
        part.emplace_back(i, std::move(*value));
        if (part.size() == most_together || bytes > most_bytes) send();
      }
      if (!part.empty()) send();
      for (std::size_t i = 0; i < values.size(); ++i)
        if (auto const at = last[values[i].key]; at != i) answers[i] = answers[at];
      return answers;
    }

    /// Adds to the usage without moving a revision; keys that are not there are passed over. All of it or nothing.
    result<void> add_usage(std::span<uses const> counts, deadline until) {
      return counter_.add(file_, space_, counts, until);
    }
    result<std::optional<key_usage>> usage_of(std::string_view key, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      auto all = lite::usages(file_, until, lite::sql::usage_of, key, space_);
      if (!all) return std::unexpected{std::move(all.error())};
      return all->empty() ? std::nullopt : std::optional{std::move(all->front())};
    }
    /// \complexity ever: as much work as there are answers, else as keys used in the window
    result<std::vector<key_usage>> popular(std::size_t limit, std::chrono::hours window, deadline until) {
      if (window.count() <= 0) return lite::usages(file_, until, lite::sql::popular, space_, number_of(limit));
      return lite::usages(file_, until, lite::sql::popular_lately, space_, number_of(limit), lite::first_hour(window));
    }
    result<std::vector<key_usage>> rising(std::size_t limit, std::chrono::hours window, deadline until) {
      return lite::usages(file_, until, lite::sql::rising, space_, number_of(limit), lite::first_hour(window),
                          lite::first_hour(window, 2));
    }
    result<std::vector<key_usage>> failing(std::size_t limit, std::uint64_t outcomes, deadline until) {
      return lite::usages(file_, until, lite::sql::failing, space_, number_of(limit), number_of(outcomes));
    }
    /// \complexity looks at every row
    result<std::vector<key_usage>> unused(std::chrono::system_clock::time_point since, std::size_t limit,
                                          deadline until) {
      return lite::usages(file_, until, lite::sql::unused, space_, number_of(limit), lite::us_of(since));
    }

    /// What the key has been, newest first, beginning with what it is. What does not decode is a fault in its place.
    /// \errors rejected: no key; timed_out, unavailable
    result<std::vector<past<Value>>> history(std::string_view key, std::size_t limit, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      std::vector<lite::row> rows;
      std::vector<past<Value>> all;
      auto const done = file_.read(until, [&](lite::connection& c) -> result<void> {
        auto q = c.ask(lite::sql::history, key, space_, number_of(limit));
        while (q.next()) {
          rows.push_back(lite::row::of(q));
          all.push_back({.revision = revision{q.number(4)},
                         .version = q.integer(3),
                         .operation = q.integer(5) == 0 ? operation::put : operation::erase,
                         .written = lite::time_of(q.integer(6))});
        }
        return {};
      });
      if (!done) return std::unexpected{done.error()};
      for (std::size_t i = 0; i < all.size(); ++i) {
        auto found = lite::copy_of<Value, false>(key, rows[i], codec_);
        if (found)
          all[i].value = std::move(found->value);
        else
          all[i].fault = std::move(found.error());
      }
      return all;
    }
    /// The key's copy of exactly that revision; no revision when it never had it. \errors as load
    result<copy<Value>> get_at(std::string_view key, revision at, deadline until) {
      return copy_at(lite::sql::at_revision, key, static_cast<std::int64_t>(number(at)), until);
    }
    /// The key's newest copy that had the version.
    result<copy<Value>> get_at(std::string_view key, std::int64_t version, deadline until) {
      return copy_at(lite::sql::at_version, key, version, until);
    }

    /// What was changed in this space, by whichever process. The log goes back an hour or more.
    result<changes> changes_since(std::optional<cursor> from, std::size_t limit, deadline until) {
      return lite::changes_since(file_, space_, from, limit, until);
    }
    result<std::vector<logged>> all_after(std::string_view key, std::size_t limit, deadline until) {
      return lite::all_after(file_, space_, key, limit, until);
    }
    result<std::vector<revision>> revisions(std::span<std::string_view const> keys, deadline until) {
      return lite::revisions(file_, space_, keys, until);
    }

    result<horizon> read_horizon(deadline until) { return lite::read_horizon(file_, space_, until); }
    /// \param me  unique among all instances
    result<std::optional<horizon>> hold_horizon(std::string_view me, std::chrono::milliseconds time, deadline until) {
      return lite::hold_horizon(file_, space_, me, time, until);
    }
    /// \errors conflict: another holds it
    result<void> move_horizon(std::string_view me, std::chrono::milliseconds time, horizon const& moved,
                              deadline until) {
      return lite::move_horizon(file_, space_, me, time, moved, until);
    }

    [[nodiscard]] tier_health health() const { return file_.health(); }

    /// Refuses new calls, waits for those in flight until the deadline, ends them.
    void close(deadline until) noexcept { file_.close(until); }

   private:
    static constexpr std::size_t most_together = 1000;
    static constexpr std::size_t most_bytes = std::size_t{8} << 20U;

    static std::int64_t number_of(std::size_t limit) {
      return static_cast<std::int64_t>(std::min(limit, std::size_t{1} << 40U));
    }

    lite::row row_of(lite::connection& c, std::string_view key) const {
      auto q = c.ask(lite::sql::load, key, space_);
      if (!q.next()) return {};
      auto found = lite::row::of(q);
      found.expires = q.perhaps(5);
      return found;
    }

    result<copy<Value>> copy_at(lite::sql which, std::string_view key, std::int64_t at, deadline until) {
      if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, strata::tier::cold, fault);
      auto found = file_.read(until, [&](lite::connection& c) -> result<lite::row> {
        auto q = c.ask(which, key, space_, at);
        return q.next() ? lite::row::of(q) : lite::row{};
      });
      if (!found) return std::unexpected{std::move(found.error())};
      return lite::copy_of<Value, false>(key, *found, codec_);
    }

    // What SQLite refuses of one element leaves the others in the transaction.
    template <class F>
    static result<written> each_by_itself(lite::connection& c, F const& f) {
      c.run("savepoint one");
      try {
        auto done = f();
        c.run("release one");
        return done;
      } catch (lite::fault const& said) {
        auto why = lite::judge(said);
        if (why != errc::rejected) throw;
        c.run("rollback to one; release one");
        return std::unexpected{std::move(why)};
      }
    }

    codec const& codec_;
    std::string const space_;
    lite::file file_;
    lite::usage_counter counter_;
  };
};

}  // namespace strata::cold
