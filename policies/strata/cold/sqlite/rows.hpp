// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/cold/columns.hpp>
#include <strata/cold/sqlite/connection.hpp>
#include <strata/cold/sqlite/statements.hpp>
#include <strata/concepts/cold.hpp>
#include <strata/error.hpp>
#include <strata/options.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// What a row says, and what a write makes of it.
namespace strata::cold::lite {

/// Microseconds since 1970, which is how the file has times.
using moment = std::int64_t;
inline moment now() {
  using namespace std::chrono;
  return duration_cast<microseconds>(system_clock::now().time_since_epoch()).count();
}
inline std::chrono::system_clock::time_point time_of(moment us) {
  return std::chrono::system_clock::time_point{std::chrono::microseconds{us}};
}
inline moment us_of(std::chrono::system_clock::time_point when) {
  return std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
}

template <class Value>
inline constexpr shape shape_of{.restored = has_restore<Value>, .texted = has_text<Value>, .stamped = has_stamp<Value>};

/// A row as it stands, copied out of SQLite, so that values are made of it with no connection held. Columns 0 to 4 of an
/// answer; a default one stands for no row.
struct row {
  std::string kind, text, metadata;
  std::int64_t version = 0;
  std::uint64_t revision = 0;
  bool there = false;  ///< else a tombstone, or nothing
  std::optional<moment> expires = {};

  static row of(query const& q) {
    return {.kind = q.text(0),
            .text = q.text(1),
            .metadata = q.text(2),
            .version = q.integer(3),
            .revision = q.number(4),
            .there = !q.null(1)};
  }
};

/// \errors corrupt: the row is there and no value can be made of it
template <class Value, bool Expires, class Codec>
result<copy<Value>> copy_of(std::string_view key, row const& found, Codec const& codec) {
  result<copy<Value>> made;
  made->version = found.version;
  made->revision = revision{found.revision};
  if (!found.there) return made;
  if constexpr (Expires)
    if (found.expires) {
      // Rounded up: what is left is nothing only when the end has come for a store too.
      made->expires_in =
          std::chrono::ceil<std::chrono::milliseconds>(std::chrono::microseconds{*found.expires - now()});
      made->expired = made->expires_in->count() <= 0;
      if (made->expired) return made;
    }
  add_value(made, key, {.kind = found.kind, .text = found.text, .metadata = found.metadata}, codec);
  return made;
}

/// What is done to one key, in a transaction that is going on: whoever writes is alone, and so may look first.
class changing {
 public:
  changing(connection& with, std::string_view space) noexcept : c_{with}, space_{space} {}

  /// \param ends  whether a row's end is minded
  result<written> store(std::string_view key, columns const& value, expectation expected, bool ends,
                        lifetime expires_in) {
    auto const stands = find(key, value);
    if (stands.there && !stands.ours)
      return failure(errc::rejected, tier::cold, "the id is taken by another space of the same file");
    bool const over = ends && stands.expires && *stands.expires <= at_;
    revision const at{stands.there ? stands.revision : 0};
    if (expected && *expected != at && !(over && expected == absence))
      return failure(errc::conflict, tier::cold, "another revision is stored than the one expected");
    // What has an end, or shall have one, is never what is there already: its copies have to hear of it.
    if (stands.same && !(ends && (stands.expires || expires_in))) return written{at, stands.version, false};

    auto const next = log(key, operation::put);
    std::optional<moment> expires;
    if (expires_in) expires = at_ + std::chrono::microseconds{*expires_in}.count();
    if (stands.there) {
      c_.run(sql::keep, key, at_);
      c_.run(sql::update, key, value.kind, value.raw(), value.json, value.metadata, stands.version + 1, next, expires,
             at_);
      return written{revision{next}, stands.version + 1, true};
    }
    auto const stone = erased(key);
    auto const version = (stone ? stone->version : 0) + 1;
    c_.run(sql::insert, key, value.kind, value.raw(), value.json, value.metadata, version, next, expires, at_, space_);
    return written{revision{next}, version, true};
  }

  result<written> erase(std::string_view key) {
    auto const stands = find(key, {.json = "{}"});
    if (!stands.there || !stands.ours) {
      auto const stone = erased(key);
      if (!stone || !stone->ours) return written{.changed = false};
      return written{revision{stone->revision}, stone->version, false};
    }
    auto const next = log(key, operation::erase);
    c_.run(sql::keep, key, at_);
    c_.run(sql::remove, key);
    c_.run(sql::stone, key, space_, next, stands.version, at_);
    return written{revision{next}, stands.version, true};
  }

 private:
  static constexpr moment log_kept = 3'600'000'000;  // an hour, in microseconds

  struct standing {
    std::uint64_t revision = 0;
    std::int64_t version = 0;
    bool ours = false;  // of this space
    bool there = false;
    std::optional<moment> expires = {};
    bool same = false;
  };
  standing find(std::string_view key, columns const& value) {
    auto q = c_.ask(sql::find, key, space_, value.kind, value.raw(), value.json, value.metadata);
    if (!q.next()) return {};
    return {q.number(0), q.integer(1), q.integer(2) != 0, true, q.perhaps(3), q.integer(4) != 0};
  }
  std::optional<standing> erased(std::string_view key) {
    auto q = c_.ask(sql::stone_of, key, space_);
    if (!q.next()) return std::nullopt;
    return standing{.revision = q.number(0), .version = q.integer(1), .ours = q.integer(2) != 0};
  }
  /// \returns the revision
  std::uint64_t log(std::string_view key, operation what) {
    c_.run(sql::log, key, space_, std::int64_t{what == operation::erase}, at_);
    auto const number = c_.last_number();
    c_.run(sql::trim, at_ - log_kept);
    return number;
  }

  connection& c_;
  std::string_view space_;
  moment const at_ = now();
};

}  // namespace strata::cold::lite
