// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/warm/jetstream/text.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>

// The consumer behind a feed, as far as it can be decided without a server: what is asked for, what each of its messages is,
// and whether one is missing. nats.c has ordered consumers of its own; they mend a gap by themselves and without a word,
// keep the heartbeats to themselves, and cannot be told to give up when the connection is lost. Here a gap ends the
// consumer, because whoever lost messages may have lost the store as well; and the heartbeats are used.
namespace strata::warm::jetstream_detail {

/// Idle consumers say so five times a second.
inline constexpr std::chrono::milliseconds heartbeat_interval{200};
/// After so long without a word nothing is heard any more. Generous, since a machine may be busy.
inline constexpr std::chrono::milliseconds silence_limit{2000};

/// Ephemeral, in memory, on one server, gone five seconds after nobody listens.
/// \param first  the sequence to begin with
inline std::string consumer_request(std::string_view stream, std::string_view name, std::string_view filter,
                                    std::string_view inbox, std::uint64_t first) {
  return std::format(
      R"({{"stream_name":"{}","config":{{"name":"{}","deliver_policy":"by_start_sequence","opt_start_seq":{},)"
      R"("ack_policy":"none","max_deliver":1,"filter_subject":"{}","deliver_subject":"{}","headers_only":true,)"
      R"("flow_control":true,"idle_heartbeat":{},"inactive_threshold":5000000000,"num_replicas":1,)"
      R"("mem_storage":true}}}})",
      stream, name, first, filter, inbox, std::chrono::nanoseconds{heartbeat_interval}.count());
}

/// What comes to a consumer's inbox.
struct delivery {
  enum class kind : std::uint8_t {
    message,
    heartbeat,  ///< nothing else up to its place
    question,   ///< how far we have read: to be answered to the reply subject, or nothing more comes
    rubbish,
  };
  kind what = kind::rubbish;
  std::uint64_t count = 0;     ///< which message of this consumer it is, or is the last before it
  std::uint64_t sequence = 0;  ///< where in the stream
};

/// The reply subject says what a message is, since its headers may say anything: $JS.ACK, then (in accounts that import the
/// stream) a domain and an account, then stream, consumer, tries, sequence, count, time and what is left.
template <class Headers>
delivery delivery_of(Headers const& headers, std::string_view reply) {
  auto const number = [](std::string_view text) { return number_in<std::uint64_t>(text).value_or(0); };
  if (reply.starts_with("$JS.ACK.")) {
    std::array<std::string_view, 12> tokens;
    std::size_t n = 0;
    for (std::size_t at = 0; at != std::string_view::npos && n < tokens.size();) {
      std::size_t const dot = reply.find('.', at);
      tokens[n++] = reply.substr(at, dot == std::string_view::npos ? dot : dot - at);
      at = dot == std::string_view::npos ? dot : dot + 1;
    }
    if (n < 9) return {};
    std::size_t const first = n < 11 ? 5 : 7;
    return {delivery::kind::message, number(tokens[first + 1]), number(tokens[first])};
  }
  if (headers.get("Status") != "100") return {};
  if (!reply.empty()) return {.what = delivery::kind::question};
  return {delivery::kind::heartbeat, number(headers.get("Nats-Last-Consumer").value_or("")),
          number(headers.get("Nats-Last-Stream").value_or(""))};
}

/// Whether what a consumer delivers is all there is, in its order.
class succession {
 public:
  succession() = default;
  /// \param last  the sequence before the first that shall come
  explicit succession(std::uint64_t last) noexcept : sequence_{last} {}

  enum class verdict : std::uint8_t {
    next,     ///< it is the next message
    further,  ///< a heartbeat: nothing came in between, and this is further than before
    same,     ///< a heartbeat and nothing new
    broken,   ///< something is missing, or the stream went back
  };
  [[nodiscard]] verdict take(delivery const& d) noexcept {
    bool const message = d.what == delivery::kind::message;
    if (d.count != count_ + (message ? 1 : 0)) return verdict::broken;
    if (message ? d.sequence <= sequence_ : d.sequence < sequence_) return verdict::broken;
    count_ = d.count;
    if (d.sequence == sequence_) return verdict::same;
    sequence_ = d.sequence;
    return message ? verdict::next : verdict::further;
  }

 private:
  std::uint64_t count_ = 0;
  std::uint64_t sequence_ = 0;
};

}  // namespace strata::warm::jetstream_detail
