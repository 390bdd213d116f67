// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/exchange.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <cstdint>
#include <format>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

// Where the stream stands, as its leader says: one question, which stores nothing and costs the server next to nothing.
namespace strata::warm::jetstream_detail {

struct standing {
  std::uint64_t last = 0;    ///< sequence of the last message, whether or not it is still there
  std::string created = {};  ///< tells a stream from another of the same name; empty: there is none
};

/// \errors unavailable: with the server's reason; timed_out
inline result<standing> ask_standing(std::shared_ptr<link> over, std::string_view stream, deadline until) {
  std::string const doing = std::format("look for the stream {}", stream);
  auto const answer = ask_server(std::move(over), std::format("$JS.API.STREAM.INFO.{}", stream), {}, doing, until);
  if (!answer) return std::unexpected{answer.error()};
  if (auto const [number, why] = objection_in(*answer); number != 0) {
    if (meaning_of_refusal(number) == refusal::no_stream) return standing{};
    return std::unexpected{refused(number, why, doing)};
  }
  auto const last = number_in<std::uint64_t>(json::member(json::member(*answer, "state"), "last_seq"));
  auto const created = json::member(*answer, "created");
  if (!last || created.empty())
    return failure(errc::unavailable, tier::warm, std::format("JetStream: {}: no answer that is known", doing));
  return standing{.last = *last, .created = std::string{created}};
}

}  // namespace strata::warm::jetstream_detail
