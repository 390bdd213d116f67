// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <array>
#include <cstdint>
#include <string_view>

// What an SQLSTATE means for the caller and for the connection: one table, and no server needed to test it.
namespace strata::cold::pg {

/// What the tier does with an error before it reports it.
enum class remedy : std::uint8_t {
  report,     ///< nothing: the server has refused the statement and nothing happened
  retry,      ///< the statement was rolled back in favour of another: again, after a moment
  reconnect,  ///< the connection is lost or of no more use; whether a write happened has to be found out
};

struct verdict {
  errc code;
  remedy what;
};

namespace detail {
struct row {
  std::string_view state;  // five characters, or two for the rest of a class; the first that fits counts
  verdict means;
};
inline constexpr std::array judgements{
    row{"40001", {errc::unavailable, remedy::retry}},      // serialization failure
    row{"40P01", {errc::unavailable, remedy::retry}},      // deadlock
    row{"40003", {errc::unavailable, remedy::reconnect}},  // statement completion unknown
    row{"40", {errc::unavailable, remedy::retry}},         // other rollbacks
    row{"55P03", {errc::timed_out, remedy::report}},       // lock not available in time
    row{"55", {errc::unavailable, remedy::report}},        // object in use, not in the right state
    row{"57014", {errc::timed_out, remedy::report}},       // cancelled: the server's own time-out
    row{"57P05", {errc::unavailable, remedy::reconnect}},  // idle session time-out
    row{"57", {errc::unavailable, remedy::reconnect}},     // shutting down, starting up, crash of a neighbour
    row{"26000",
        {errc::unavailable, remedy::reconnect}},  // a prepared statement is gone (a pooler changed the backend)
    row{"42P05", {errc::unavailable, remedy::reconnect}},  // a prepared statement is there already: likewise
    row{"0A000", {errc::unavailable, remedy::reconnect}},  // the cached plan no longer fits an altered table
    row{"08", {errc::unavailable, remedy::reconnect}},     // connection
    row{"25006", {errc::unavailable, remedy::report}},     // read-only server: another may become writable
    row{"25", {errc::unavailable, remedy::reconnect}},     // a transaction in a state it cannot be in
    row{"53", {errc::unavailable, remedy::report}},        // disk full, out of memory, too many connections
    row{"54", {errc::rejected, remedy::report}},           // beyond a limit of the server
    row{"58", {errc::unavailable, remedy::report}},        // system error outside the server
    row{"XX", {errc::corrupt, remedy::report}},            // damaged page or index
    row{"22", {errc::rejected, remedy::report}},           // a value the columns cannot hold
    row{"23", {errc::rejected, remedy::report}},           // a constraint
    row{"28", {errc::unavailable, remedy::report}},        // who we are is not accepted
    row{"3D", {errc::unavailable, remedy::report}},        // no such database
    row{"42", {errc::rejected, remedy::report}},           // no right, or no such table or column
    row{"ST001", {errc::unsupported, remedy::report}},     // ours: no pgvector
    row{"P0", {errc::rejected, remedy::report}},           // raised by a trigger of somebody's
};
}  // namespace detail

/// \returns what to do about an error with this SQLSTATE; unknown ones are reported as rejected
constexpr verdict judge(std::string_view state) noexcept {
  for (auto const& row : detail::judgements)
    if (state.starts_with(row.state)) return row.means;
  return state.empty() ? verdict{errc::unavailable, remedy::reconnect} : verdict{errc::rejected, remedy::report};
}

}  // namespace strata::cold::pg
