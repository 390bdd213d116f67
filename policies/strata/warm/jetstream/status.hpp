// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>

#include <nats/nats.h>

#include <cstdint>
#include <string>
#include <string_view>

// What the client's and the server's refusals mean to a caller. Everything that is not listed is `unavailable`: warm is
// left out of the call, and the answer is still right from cold.
namespace strata::warm::jetstream_detail {

/// What a failed call of the client means.
constexpr errc meaning(natsStatus status) noexcept {
  switch (status) {
    case NATS_TIMEOUT: return errc::timed_out;
    case NATS_MAX_PAYLOAD:
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_ARG: return errc::rejected;
    case NATS_PROTOCOL_ERROR: return errc::corrupt;
    case NATS_NO_SERVER_SUPPORT: return errc::unsupported;
    case NATS_DRAINING: return errc::closed;
    default: return errc::unavailable;
  }
}

/// Whether a publish that failed like this has surely not reached the server.
constexpr bool surely_not_sent(natsStatus status) noexcept {
  switch (status) {
    case NATS_INSUFFICIENT_BUFFER:  // reconnecting, and nothing is kept for later
    case NATS_NOT_YET_CONNECTED:
    case NATS_CONNECTION_CLOSED:
    case NATS_DRAINING:
    case NATS_MAX_PAYLOAD:
    case NATS_INVALID_SUBJECT:
    case NATS_INVALID_ARG:
    case NATS_INVALID_SUBSCRIPTION:
    case NATS_NO_SERVER_SUPPORT:
    case NATS_NO_MEMORY: return true;
    default: return false;
  }
}

/// What to do about a refusal by the stream, known by its number.
enum class refusal : std::uint8_t {
  conflict,   ///< the subject has moved
  too_big,    ///< larger than the stream takes
  no_stream,  ///< the stream is not there
  passing,    ///< a leader is being elected, a server is starting: try again
  lasting,    ///< full, sealed, not allowed: trying again does not help
};

constexpr refusal meaning_of_refusal(int number) noexcept {
  switch (number) {
    case 10071:                            // wrong last sequence
    case 10164: return refusal::conflict;  // the same, without saying which
    case 10054:                            // message
    case 10097: return refusal::too_big;   // header
    case 10059: return refusal::no_stream;
    case 10007:                           // not assigned to this server
    case 10008:                           // temporarily unavailable
    case 10009:                           // not leader
    case 10041:                           // raft
    case 10076:                           // not enabled (yet)
    case 10118: return refusal::passing;  // offline
    default: return refusal::lasting;
  }
}

/// \param doing  what was tried: "load", "connect to nats://..."
inline error failed(natsStatus status, std::string_view doing) {
  std::string text{"NATS: "};
  text.append(doing).append(": ").append(natsStatus_GetText(status));
  return error{meaning(status), tier::warm, text};
}

/// \param refusal  what the server said
inline error not_permitted(std::string_view refusal, std::string_view doing) {
  std::string text{"NATS: "};
  text.append(doing).append(": the server does not permit it: ").append(refusal);
  return error{errc::unavailable, tier::warm, text};
}

inline error refused(int number, std::string_view description, std::string_view doing) {
  std::string text{"JetStream: "};
  text.append(doing).append(": ").append(description).append(" (").append(std::to_string(number)).append(")");
  refusal const kind = meaning_of_refusal(number);
  return error{kind == refusal::conflict  ? errc::conflict
               : kind == refusal::too_big ? errc::rejected
                                          : errc::unavailable,
               tier::warm, text};
}

}  // namespace strata::warm::jetstream_detail
