// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <sqlite3.h>

#include <cstring>
#include <new>
#include <string>

// What SQLite says when something fails, and what it means for a caller.
namespace strata::cold::lite {

/// On its way to the edge of the tier, and never further: there it becomes an error.
struct fault {
  int code = SQLITE_OK;  ///< extended
  std::string text = {};
  bool committing = false;
};

/// \errors throws bad_alloc when that is what SQLite says
[[noreturn]] inline void raise(int code, sqlite3* db) {
  if ((code & 0xff) == SQLITE_NOMEM) throw std::bad_alloc{};
  fault f{code, db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code)};
  int const system = db != nullptr && ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN)
                         ? sqlite3_system_errno(db)
                         : 0;
  if (system != 0) f.text.append(": ").append(std::strerror(system));
  throw f;
}

/// What of a failed commit stands in the file can be told only where the write itself failed: then its mark is not there.
inline error judge(fault const& f) {
  auto const told = [&](errc code, std::string sentence) {
    return error{code, tier::cold, sentence.append(": ").append(f.text)};
  };
  switch (f.code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return told(errc::timed_out, "another process has locked the file");
    case SQLITE_INTERRUPT: return told(errc::timed_out, "not done by the deadline");
    case SQLITE_CANTOPEN: return told(errc::unavailable, "the file cannot be opened");
    case SQLITE_FULL: return told(errc::unavailable, "the disk is full, and nothing was stored");
    case SQLITE_READONLY:
      return told(errc::unavailable,
                  f.code == SQLITE_READONLY_DBMOVED ? "the file is not where it was" : "the file cannot be written");
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return told(errc::corrupt, "the file is damaged, or no database");
    case SQLITE_TOOBIG:
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR: return told(errc::rejected, "SQLite refuses it");
    case SQLITE_IOERR:
      if (f.committing && f.code != SQLITE_IOERR_WRITE) return told(errc::unknown, "the disk failed during a commit");
      return told(errc::unavailable, "the disk failed, and nothing was stored");
    default: return told(errc::unavailable, "SQLite cannot do it");
  }
}

}  // namespace strata::cold::lite
