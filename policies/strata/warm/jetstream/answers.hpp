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
};

/// What the stream said to a publish.
struct acknowledgement {
  std::uint64_t sequence = 0;
  int refused = 0;  ///< the number of its refusal, if it refused
  std::string why;
};

inline acknowledgement acknowledgement_in(std::string_view text) {
  auto const fault = json::member(text, "error");
  if (fault.empty()) return {.sequence = number_in<std::uint64_t>(json::member(text, "seq")).value_or(0), .why = {}};
  return {.refused = number_in<int>(json::member(fault, "err_code")).value_or(-1),
          .why = std::string{json::member(fault, "description")}};
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
  holding h{.sequence = number_in<std::uint64_t>(*sequence).value_or(0), .frame = {}, .damage = {}};
  auto seen = sighting_of(headers, key, body(message), h.sequence);
  if (seen)
    h.frame = std::move(seen->frame);
  else
    h.damage = std::move(seen).error();
  return h;
}

/// The same of an answer by the stream's leader.
inline result<holding> leader_answer(std::string_view text, std::string_view key) {
  if (auto const fault = json::member(text, "error"); !fault.empty()) {
    int const number = number_in<int>(json::member(fault, "err_code")).value_or(-1);
    if (number == 10037) return holding{};
    return std::unexpected{refused(number, json::member(fault, "description"), "load")};
  }
  auto const message = json::member(text, "message");
  auto const sequence = number_in<std::uint64_t>(json::member(message, "seq"));
  auto const headers = from_base64(json::member(message, "hdrs"));
  auto const data = from_base64(json::member(message, "data"));
  if (!sequence || !headers || !data)
    return failure(errc::unavailable, tier::warm, "JetStream: load: no answer that is known");
  holding h{.sequence = *sequence, .frame = {}, .damage = {}};
  auto seen = sighting_of(header_block{*headers}, key, *data, *sequence);
  if (seen)
    h.frame = std::move(seen->frame);
  else
    h.damage = std::move(seen).error();
  return h;
}

}  // namespace strata::warm::jetstream_detail
