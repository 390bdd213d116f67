// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/secret.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace strata::cold::pg {

/// What may be done to the database before the first call.
enum class setup : std::uint8_t {
  create,  ///< create the table where there is none, adopt it where there is one, bring either up to date
  adopt,   ///< the table must be there (a mistyped name creates nothing); bring it up to date
  check,   ///< change nothing: everything must be there and up to date. For programs whose role may not create
};

/// Where the server's own time-outs come from.
enum class time_outs : std::uint8_t {
  session,  ///< set on each connection, but behind a pooler, which would drop or share a session's settings
  role,  ///< settings of the role (`alter role ... set statement_timeout = '5s'`); health() tells when there are none
};

struct options {
  /// libpq's, `keyword=value ...` or a URI. Over a network: `sslmode=verify-full sslrootcert=... channel_binding=require`.
  /// Secrets are better kept in a password file (`passfile=...`), which is read again for each connection, or given below.
  /// Several hosts: `host=a,b target_session_attrs=read-write`.
  std::string connection = {};
  /// Itself, secret::in_file(path) or secret::from(function, context), likewise; before any in the connection string.
  secret password = {};
  /// One statement runs per connection at a time: as many as threads that miss at once; never more are opened.
  std::size_t connections = 8;
  /// The table, with its schema if the search path does not lead to it. Adopted tables may have another name.
  std::string table = "knowledge_artifacts";
  /// Which of the table's rows are this cache's: several caches of different types can share a table.
  std::string space = "template";
  pg::setup setup = pg::setup::create;
  /// A role that is granted what a running program needs and no more, where it lacks any of it (not with setup::check).
  std::string application_role = {};
  /// How long one attempt to connect may take; attempts go on in the background for ever.
  std::chrono::milliseconds connect_timeout{3000};
  /// How long opening waits for the server's first answer, to fail for a table that cannot be used. One that does not
  /// answer by then is no error.
  std::chrono::milliseconds wait_at_open{1000};
  /// How long bringing the table up to date may wait for other programs to let go of it.
  std::chrono::milliseconds setup_timeout{60000};
  pg::time_outs time_outs = pg::time_outs::session;
  /// The server gives up a statement, and a wait for a lock, after this long, whatever became of the caller. A wait longer than
  /// the server's deadlock_timeout (1 s): what waits in a circle is found then, and tried again.
  std::chrono::milliseconds statement_timeout{5000};
  std::chrono::milliseconds lock_timeout{2000};
};

}  // namespace strata::cold::pg
