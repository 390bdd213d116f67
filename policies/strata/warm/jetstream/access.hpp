// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/keeper.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/subject.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <format>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// One key at a time: the last message of its subject read, or replaced. Reads ask any server where there is one, and the
// stream's leader where there are several: a follower lags, and one read in fifty right after a write is wrong.
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
  return {.refused = number_in<int>(json::member(fault, "err_code")).value_or(-1), .why = std::string{json::member(fault, "description")}};
}

/// What an answer to a direct read says of a key. \errors unavailable: no answer to the question
inline result<holding> direct_answer(natsMsg* message, std::string_view key) {
  parsed_headers const headers{message};
  auto const sequence = headers.last("Nats-Sequence");  // the server's own comes after those of the message
  if (!sequence) {
    auto const status = headers.get("Status");
    if (status == "404") return holding{};
    return failure(errc::unavailable, tier::warm, std::format("JetStream: load: {}", headers.get("Description").value_or("no answer that is known")));
  }
  holding h{.sequence = number_in<std::uint64_t>(*sequence).value_or(0), .frame = {}, .damage = {}};
  auto seen = sighting_of(headers, key, body(message), h.sequence);
  if (seen) h.frame = std::move(seen->frame);
  else h.damage = std::move(seen).error();
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
  if (!sequence || !headers || !data) return failure(errc::unavailable, tier::warm, "JetStream: load: no answer that is known");
  holding h{.sequence = *sequence, .frame = {}, .damage = {}};
  auto seen = sighting_of(header_block{*headers}, key, *data, *sequence);
  if (seen) h.frame = std::move(seen->frame);
  else h.damage = std::move(seen).error();
  return h;
}

class access {
 public:
  access(std::shared_ptr<keeper> k, std::shared_ptr<seen_table> seen)
      : keeper_{std::move(k)},
        seen_{std::move(seen)},
        instance_{random_name()},
        base_{std::format("{}.{}.", keeper_->settings().prefix, keeper_->settings().space)},
        direct_{std::format("$JS.API.DIRECT.GET.{}", keeper_->settings().stream)},
        leader_{std::format("$JS.API.STREAM.MSG.GET.{}", keeper_->settings().stream)} {}

  result<sighting> load(std::string_view key, deadline until) const {
    if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, tier::warm, fault);
    auto const at = keeper_->ready(until);
    if (!at) return std::unexpected{at.error()};
    auto held = read(**at, key, until);
    if (!held) return std::unexpected{std::move(held).error()};
    if (held->damage) return std::unexpected{*std::move(held->damage)};
    return sighting{.frame = std::move(held->frame), .position = position{held->sequence}};
  }

  result<position> store(frame const& f, std::optional<position> at, deadline until) const {
    if (auto const fault = key_fault(f.key); !fault.empty()) return failure(errc::rejected, tier::warm, fault);
    using namespace std::chrono;
    using step = storing::step;
    storing plan{f.revision, f.schema, at, at ? 0 : seen_->below(f.key, f.revision)};
    auto const how_it_ended = [&](error why) {
      return plan.maybe_stored() ? failure(errc::timed_out, tier::warm, std::format("it may have been stored: {}", why.text()))
                                 : std::unexpected{std::move(why)};
    };
    step next = step::publish;
    auto pause = milliseconds{25};
    for (bool first = true;; first = false) {
      auto const here = keeper_->ready(until, first ? patience::none : patience::until_deadline);
      if (!here) return how_it_ended(here.error());
      station const& where = **here;
      std::optional<error> passing;  // worth another try
      if (next == step::publish) {
        auto const headers = headers_of(f, instance_, plan.expected());
        if (auto fault = size_fault(where, headers.bytes() + f.payload.size())) return std::unexpected{*std::move(fault)};
        exchange call{where.link};
        natsStatus status = call.publish((base_ + token(f.key)).c_str(), headers, f.payload);
        if (status != NATS_OK) {
          if (!surely_not_sent(status)) plan.lost();
          if (meaning(status) == errc::rejected) return std::unexpected{failed(status, "store")};
          passing = failed(status, "store");
        } else {
          auto const answer = call.next(std::min(until, steady_clock::now() + seconds{2}));
          if (answer.status == NATS_NO_RESPONDERS) {
            keeper_->doubt_stream();
            passing = failed(answer.status, "store");
          } else if (answer.status != NATS_OK) {
            plan.lost();
            passing = failed(answer.status, "store");
          } else {
            auto const said = acknowledgement_in(body(answer.message.get()));
            if (said.refused == 0 && said.sequence != 0) {
              seen_->note(f.key, said.sequence, f.revision);
              return position{said.sequence};
            }
            switch (meaning_of_refusal(said.refused)) {
              case refusal::conflict: next = plan.refused(); break;
              case refusal::passing: passing = refused(said.refused, said.why, "store"); break;
              default: return how_it_ended(refused(said.refused, said.why, "store"));
            }
          }
        }
      } else {
        auto held = read(where, f.key, until);
        if (held) {
          bool const ours = held->frame && held->frame->revision == f.revision && held->frame->operation == f.operation &&
                            held->frame->payload == f.payload;
          next = plan.looked(held->frame ? &*held->frame : nullptr, held->sequence, ours);
          if (held->frame) seen_->note(f.key, held->sequence, held->frame->revision);
          if (next == step::stored) return position{held->sequence};
        } else {
          passing = std::move(held).error();
        }
      }
      if (next == step::conflict) return failure(errc::conflict, tier::warm, "JetStream: another write was first");
      if (!passing) {
        if (steady_clock::now() < until) continue;
        return how_it_ended(error{errc::timed_out, tier::warm, "JetStream: store: others keep writing this key"});
      }
      if (steady_clock::now() + pause >= until) return how_it_ended(*std::move(passing));
      std::this_thread::sleep_for(pause);
      pause = std::min(pause * 2, milliseconds{400});
    }
  }

  result<position> erase(std::string_view key, revision r, deadline until) const {
    frame f;
    f.key = key;
    f.revision = r;
    f.operation = operation::erase;
    f.created_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    return store(f, std::nullopt, until);
  }

 private:
  static std::string token(std::string_view key) {
    std::string t;
    append_token(key, t);
    return t;
  }

  /// A message too large is refused here; the server would close the connection over it.
  static std::optional<error> size_fault(station const& where, std::size_t bytes) {
    auto limit = where.link->max_message_bytes();
    if (where.stream.max_message_bytes >= 0) limit = std::min(limit, where.stream.max_message_bytes);
    if (std::cmp_less_equal(bytes, limit)) return std::nullopt;
    return error{errc::rejected, tier::warm,
                 std::format("JetStream: the message has {} bytes with its headers, and the server takes {}: it is not kept in warm", bytes, limit)};
  }

  result<holding> read(station const& where, std::string_view key, deadline until) const {
    exchange call{where.link};
    std::string const subject = base_ + token(key);
    natsStatus status = where.stream.direct ? call.ask(std::format("{}.{}", direct_, subject).c_str(), {})
                                            : call.ask(leader_.c_str(), std::format(R"({{"last_by_subj":"{}"}})", subject));
    if (status != NATS_OK) return std::unexpected{failed(status, "load")};
    auto const answer = call.next(until);
    if (answer.status == NATS_NO_RESPONDERS) keeper_->doubt_stream();
    if (answer.status != NATS_OK) return std::unexpected{failed(answer.status, "load")};
    auto held = where.stream.direct ? direct_answer(answer.message.get(), key) : leader_answer(body(answer.message.get()), key);
    if (!held && held.error() == errc::unavailable) keeper_->doubt_stream();
    return held;
  }

  std::shared_ptr<keeper> keeper_;
  std::shared_ptr<seen_table> seen_;
  std::string instance_;
  std::string base_;
  std::string direct_;
  std::string leader_;
};

}  // namespace strata::warm::jetstream_detail
