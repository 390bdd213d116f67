// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// What the server's answers say.
namespace strata::warm::jetstream_detail {

/// What a subject holds: a frame, nothing, or something that cannot be read.
struct holding {
  std::uint64_t sequence = 0;
  std::optional<strata::frame> frame;
  std::optional<error> damage;
  std::string from;  ///< who published it, in which store, as far as it says so
};

/// What an answer of the server's interface says against the question; a number of zero: nothing.
struct objection {
  int number = 0;
  std::string_view why;  ///< in the answer
};

inline objection objection_in(std::string_view answer) {
  auto const fault = json::member(answer, "error");
  if (fault.empty()) return {};
  return {.number = number_in<int>(json::member(fault, "err_code")).value_or(-1),
          .why = json::member(fault, "description")};
}

/// What the stream said to a publish.
struct acknowledgement {
  std::uint64_t sequence = 0;
  int refused = 0;  ///< the number of its refusal, if it refused
  std::string why;
};

inline acknowledgement acknowledgement_in(std::string_view text) {
  if (auto const [number, why] = objection_in(text); number != 0) return {.refused = number, .why = std::string{why}};
  return {.sequence = number_in<std::uint64_t>(json::member(text, "seq")).value_or(0), .why = {}};
}

/// What a stored message says of a key.
template <class Headers>
holding holding_of(Headers const& headers, std::string_view key, std::string_view payload, std::uint64_t sequence) {
  holding h{.sequence = sequence, .frame = {}, .damage = {}, .from{headers.get(instance_header).value_or("")}};
  auto seen = sighting_of(headers, key, payload, sequence);
  if (seen)
    h.frame = std::move(seen->frame);
  else
    h.damage = std::move(seen).error();
  return h;
}

/// What an answer to a direct read says of a key. \errors unavailable: no answer to the question
inline result<holding> direct_answer(natsMsg* message, std::string_view key) {
  parsed_headers const headers{message};
  auto const sequence = headers.last("Nats-Sequence");  // the server's own comes after those of the message
  if (!sequence) {
    auto const status = headers.get("Status");
    if (status == "404") return holding{};
    return failure(errc::unavailable, tier::warm,
                   std::format("JetStream: load: {}", headers.get("Description").value_or("no answer that is known")));
  }
  return holding_of(headers, key, body(message), number_in<std::uint64_t>(*sequence).value_or(0));
}

/// The same of an answer by the stream's leader.
inline result<holding> leader_answer(std::string_view text, std::string_view key) {
  if (auto const [number, why] = objection_in(text); number != 0) {
    if (number == 10037) return holding{};
    return std::unexpected{refused(number, why, "load")};
  }
  auto const message = json::member(text, "message");
  auto const sequence = number_in<std::uint64_t>(json::member(message, "seq"));
  auto const headers = from_base64(json::member(message, "hdrs"));
  auto const data = from_base64(json::member(message, "data"));
  if (!sequence || !headers || !data)
    return failure(errc::unavailable, tier::warm, "JetStream: load: no answer that is known");
  return holding_of(header_block{*headers}, key, *data, *sequence);
}

}  // namespace strata::warm::jetstream_detail
