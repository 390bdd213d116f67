// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres.hpp>
#include <strata/context.hpp>
#include <strata/error.hpp>
#include <strata/record.hpp>

#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/result>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>

// Two value types as small as they can be, each with a codec by hand: one that lives in the table's columns, as the
// programs in the field have it, and one that is JSON and nothing else.
namespace cold_test {

struct note {
  std::string id = {};
  std::string kind = "template";
  std::string text = {};
  std::string metadata = "{}";  // JSON
  std::int32_t version = 0;
  bool operator==(note const&) const = default;
};

struct point {
  std::int64_t x = 0;
  std::int64_t version = 0;
  bool operator==(point const&) const = default;
};

inline std::string json_text(std::string_view text) {
  std::string json = "\"";
  for (char c : text)
    if (c == '"' || c == '\\')
      json.append(1, '\\').append(1, c);
    else if (static_cast<unsigned char>(c) < 0x20)
      json += std::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      json += c;
  return json += '"';
}

struct note_codec {
  using value_type = note;
  static constexpr std::string_view id = "note";
  static constexpr std::uint64_t fingerprint = 1;
  strata::result<void> encode(note const& n, std::string& out) const { return to_json(n, out); }
  strata::result<note> decode(std::string_view json) const { return from_json(json); }
  strata::result<void> to_json(note const& n, std::string& out) const {
    if (n.text.find('\0') != std::string::npos)
      return strata::failure(strata::errc::rejected, strata::tier::none, "text holds U+0000");
    out += std::format(R"({{"id":{},"asset_type":{},"data":{},"metadata":{},"version":{}}})", json_text(n.id),
                       json_text(n.kind), json_text(n.text), n.metadata, n.version);
    return {};
  }
  strata::result<note> from_json(std::string_view) const { return strata::failure(strata::errc::unsupported); }
};

struct point_codec {
  using value_type = point;
  static constexpr std::string_view id = "point";
  static constexpr std::uint64_t fingerprint = 2;
  strata::result<void> encode(point const& p, std::string& out) const { return to_json(p, out); }
  strata::result<point> decode(std::string_view json) const { return from_json(json); }
  strata::result<void> to_json(point const& p, std::string& out) const {
    out += std::format(R"({{"x":{},"version":{}}})", p.x, p.version);
    return {};
  }
  strata::result<point> from_json(std::string_view json) const {
    point p;
    if (std::sscanf(std::string{json}.c_str(), "{\"x\":%ld", &p.x) != 1)
      return strata::failure(strata::errc::corrupt, strata::tier::none, "no x");
    return p;
  }
};

struct nobody {};
template <class Codec>
using context = strata::context<std::chrono::steady_clock, nobody, Codec>;

template <class Codec>
struct world {
  std::chrono::steady_clock clock;
  nobody observer;
  Codec codec;
  context<Codec> handed_down{clock, observer, codec};
};

using strata::cold::postgres;
using notes = postgres::tier<std::string, note, context<note_codec>>;
using points = postgres::tier<std::string, point, context<point_codec>>;

/// A tier with all it needs.
template <class Tier, class Codec>
struct opened : world<Codec> {
  Tier tier;
  explicit opened(postgres::options const& o) : tier{o, this->handed_down} {}
};
using opened_notes = opened<notes, note_codec>;
using opened_points = opened<points, point_codec>;

inline std::string server() {
  auto const* where = std::getenv("STRATA_TEST_POSTGRES");
  if (where == nullptr) throw std::runtime_error{"STRATA_TEST_POSTGRES is not set: run through test/servers"};
  return where;
}

/// Another program on the same database.
class other {
 public:
  other() : connection_{server()} {
    connection_.set_notice_handler([](pqxx::zview) {});
  }
  template <class... Parameters>
  pqxx::result operator()(std::string_view sql, Parameters const&... parameters) {
    pqxx::nontransaction tx{connection_};
    if constexpr (sizeof...(parameters) == 0)
      return tx.exec(sql);
    else
      return tx.exec(sql, pqxx::params{parameters...});
  }
  pqxx::connection& connection() { return connection_; }

 private:
  pqxx::connection connection_;
};

/// Settings for calls that shall succeed however busy the machine and however slow its disk.
inline postgres::options patient(std::string connection) {
  return {.connection = std::move(connection),
          .connections = 4,
          .connect_timeout = std::chrono::seconds{30},
          .wait_at_open = std::chrono::seconds{30},
          .statement_timeout = std::chrono::minutes{2},
          .lock_timeout = std::chrono::minutes{2}};
}
/// The table of another name for each case, so that they do not see each other's rows.
inline postgres::options on(std::string table) {
  auto o = patient(server());
  o.table = std::move(table);
  return o;
}

/// Without the server's own housekeeping, whose transactions would hold back the log's place like anybody's, and whose work
/// on a table is a change of its size.
struct no_housekeeping {
  no_housekeeping() {
    other sql;
    sql("alter system set autovacuum = off");
    sql("select pg_reload_conf()");
  }
};

inline strata::deadline in(std::chrono::milliseconds time) { return std::chrono::steady_clock::now() + time; }
/// For calls that shall succeed, however busy the machine and slow its disk.
inline strata::deadline soon() { return in(std::chrono::minutes{2}); }

/// What to say when a result is an error.
template <class T>
std::string why(strata::result<T> const& r) {
  return r ? std::string{} : std::format("{}", r.error());
}

inline std::string fixture(std::string const& name) {
  std::ifstream file{std::string{STRATA_TEST_FIXTURES} + "/" + name};
  if (!file) throw std::runtime_error{"no fixture " + name};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace cold_test

template <>
struct strata::record<cold_test::note> : strata::default_record<cold_test::note> {
  static std::string const& kind(cold_test::note const& n) { return n.kind; }
  static std::string const& text(cold_test::note const& n) { return n.text; }
  static std::string const& metadata(cold_test::note const& n) { return n.metadata; }
  static strata::result<cold_test::note> restore(std::string_view key, std::string_view kind, std::string_view text,
                                                 std::string_view metadata, std::int64_t version) {
    if (metadata == "\"broken\"")
      return strata::failure(strata::errc::corrupt, strata::tier::none, "metadata is a text");
    return cold_test::note{std::string{key}, std::string{kind}, std::string{text}, std::string{metadata},
                           static_cast<std::int32_t>(version)};
  }
};
