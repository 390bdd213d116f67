// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/exchange.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/keeper.hpp>
#include <strata/warm/jetstream/reading.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/storing.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// Frames into the stream, one or many by the same steps: publish all with their conditions, a bounded window of them
// unacknowledged; look at those whose condition did not hold; try again what failed in passing, until the deadline.
namespace strata::warm::jetstream_detail {

class writer {
 public:
  static constexpr std::size_t window_messages = 256;
  static constexpr std::size_t window_bytes = 4 * 1024 * 1024;

  writer(std::shared_ptr<keeper> k, std::shared_ptr<seen_table> seen, reader const& r)
      : keeper_{std::move(k)}, seen_{std::move(seen)}, reader_{&r}, instance_{random_name()} {}

  result<position> store(frame const& f, std::optional<position> at, deadline until) const {
    placement const one{&f, at};
    result<position> outcome = position{};
    store_all({&one, 1}, {&outcome, 1}, until);
    return outcome;
  }
  std::vector<result<position>> store_many(std::span<placement const> frames, deadline until) const {
    std::vector<result<position>> outcomes(frames.size(), position{});
    store_all(frames, outcomes, until);
    return outcomes;
  }

  /// Replaces what stands where programs look for these keys that write them as they are, as far as it is older.
  /// \returns how many it replaced
  result<std::size_t> correct(std::span<placement const> frames, deadline until) const {
    std::vector<placement> open;
    for (auto const& one : frames)
      if (key_fault(one.frame->key).empty() && spelled_elsewhere(one.frame->key)) open.push_back(one);
    std::size_t replaced = 0;
    std::vector<std::string_view> keys;
    while (!open.empty()) {
      auto const here = keeper_->ready(until, patience::until_deadline);
      if (!here) return std::unexpected{here.error()};
      keys.clear();
      for (auto const& one : open) keys.push_back(one.frame->key);
      auto const held = reader_->read(**here, keys, until, spelling::plain);
      std::vector<placement> older;
      for (std::size_t i = 0; i < open.size(); ++i) {
        if (!held[i]) return std::unexpected{held[i].error()};
        auto const& there = held[i]->frame;
        bool const current =
            there && (there->revision >= open[i].frame->revision || there->schema > open[i].frame->schema);
        if ((there && !current) || held[i]->damage) older.push_back({open[i].frame, position{held[i]->sequence}});
      }
      std::vector<result<position>> outcomes(older.size(), position{});
      store_all(older, outcomes, until, spelling::plain);
      open.clear();
      for (std::size_t i = 0; i < older.size(); ++i) {
        if (outcomes[i])
          ++replaced;
        else if (outcomes[i].error() == errc::conflict)
          open.push_back(older[i]);  // somebody was faster; what is there now is looked at anew
        else
          return std::unexpected{outcomes[i].error()};
      }
    }
    return replaced;
  }

 private:
  using step = storing::step;

  struct item {
    placement what;
    result<position>* outcome;
    spelling how;
    storing plan;
    std::string from;  // tells it from any other store
    step next = step::publish;
    std::optional<error> passing{};  // why it has to be tried again
    bool done = false;

    void end(result<position> answer) {
      *outcome = std::move(answer);
      done = true;
    }
    /// Gives up; what may have been stored all the same says so.
    void give_up(error const& why) {
      end(plan.maybe_stored()
              ? failure(errc::timed_out, tier::warm, std::format("it may have been stored: {}", why.text()))
              : std::unexpected{why});
    }
  };

  void store_all(std::span<placement const> frames, std::span<result<position>> outcomes, deadline until,
                 spelling how = spelling::token) const {
    using namespace std::chrono;
    std::vector<item> open;
    open.reserve(frames.size());
    for (std::size_t i = 0; i < frames.size(); ++i) {
      frame const& f = *frames[i].frame;
      if (auto const fault = key_fault(f.key); !fault.empty())
        outcomes[i] = failure(errc::rejected, tier::warm, fault);
      else
        open.push_back({frames[i], &outcomes[i], how,
                        storing{f.revision, f.schema, frames[i].at, frames[i].at ? 0 : seen_->below(f.key, f.revision)},
                        std::format("{} {}", instance_, stores_.fetch_add(1, std::memory_order_relaxed))});
    }
    auto pause = milliseconds{25};
    for (bool first = true; !open.empty(); first = false) {
      auto const here = keeper_->ready(until, first ? patience::none : patience::until_deadline);
      if (!here) {
        for (auto& one : open) one.give_up(here.error());
        return;
      }
      publish(**here, open, until);
      look(**here, open, until);
      std::erase_if(open, [](item const& one) { return one.done; });
      bool const passing = std::ranges::any_of(open, [](item const& one) { return one.passing.has_value(); });
      auto const late = steady_clock::now() + (passing ? pause : milliseconds{0}) >= until;
      for (auto& one : open) {
        if (late)
          one.give_up(one.passing.value_or(
              error{errc::timed_out, tier::warm, "JetStream: store: others keep writing this key"}));
        one.passing.reset();
      }
      if (late) return;
      if (passing) {
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, milliseconds{400});
      }
    }
  }

  void publish(station const& where, std::span<item> open, deadline until) const {
    using namespace std::chrono;
    std::uint64_t const before = seen_->highest();
    exchange call{where.link, until};
    std::vector<std::size_t> unacknowledged(open.size());  // bytes, zero once it is
    std::size_t at = 0;
    std::size_t messages = 0;
    std::size_t bytes = 0;
    auto const stop = [&](error const& why) {  // whatever is unacknowledged may be stored
      for (std::size_t i = 0; i < open.size(); ++i) {
        if (unacknowledged[i] != 0) open[i].plan.lost();
        if (!open[i].done && open[i].next == step::publish && (unacknowledged[i] != 0 || i >= at))
          open[i].passing = why;
      }
    };
    std::vector<std::size_t> burst;
    while (at < open.size() || messages > 0) {
      // Half a window at a time, so that bursts stay bursts.
      if (messages <= window_messages / 2 && bytes <= window_bytes / 2) {
        burst.clear();
        for (; at < open.size() && messages < window_messages; ++at) {
          std::size_t const i = at;
          item& one = open[i];
          if (one.next != step::publish || one.done) continue;
          frame const& f = *one.what.frame;
          auto const headers = headers_of(f, one.from, one.plan.expected());
          std::size_t const size = headers.bytes() + f.payload.size();
          if (auto fault = size_fault(where, size)) {
            one.end(std::unexpected{*std::move(fault)});
            continue;
          }
          if (messages > 0 && bytes + size > window_bytes) break;
          call.add(reader_->subject(f.key, one.how), headers, f.payload, i);
          unacknowledged[i] = size;
          burst.push_back(i);
          ++messages;
          bytes += size;
        }
        if (!burst.empty()) {
          auto const [status, left] = call.send();
          if (status != NATS_OK) {
            // The first that did not leave may have left in part; those after it have not.
            for (std::size_t n = left; n < burst.size(); ++n)
              if (n > left || surely_not_sent(status)) {
                unacknowledged[burst[n]] = 0;
                open[burst[n]].passing = failed(status, "store");
              }
            return stop(failed(status, "store"));
          }
        }
      }
      if (messages == 0) continue;
      auto answer = call.next(std::min(until, steady_clock::now() + seconds{2}));
      if (answer.status == NATS_NO_RESPONDERS) {
        keeper_->doubt_stream();
        // It does not say to which message; of one alone it is certain that it was not stored.
        if (messages == 1) std::ranges::fill(unacknowledged, 0);
        for (std::size_t const i : burst)
          if (messages == 1 && !open[i].done) open[i].passing = failed(answer.status, "store");
        return stop(failed(answer.status, "store"));
      }
      if (answer.status == NATS_NOT_PERMITTED && answer.number < open.size()) {
        bytes -= std::exchange(unacknowledged[answer.number], 0);
        --messages;
        open[answer.number].give_up(call.fault(answer, "store"));
        continue;
      }
      if (answer.status != NATS_OK) return stop(call.fault(answer, "store"));
      if (answer.number >= open.size() || unacknowledged[answer.number] == 0) continue;
      bytes -= std::exchange(unacknowledged[answer.number], 0);
      --messages;
      acknowledge(where, open[answer.number], answer, before, until);
    }
    call.settled();
  }

  /// \param before  a sequence seen before it was sent
  void acknowledge(station const& where, item& one, exchange::answer const& answer, std::uint64_t before,
                   deadline until) const {
    auto const said = acknowledgement_in(body(answer.message));
    if (said.refused == 0 && said.sequence != 0) {
      if (said.sequence <= before) keeper_->went_back();  // K10
      note(one, said.sequence, one.what.frame->revision);
      return stored(where, one, said.sequence, until);
    }
    switch (meaning_of_refusal(said.refused)) {
      case refusal::conflict:
        one.next = one.plan.refused();
        if (one.next == step::conflict) one.end(conflict());
        return;
      case refusal::passing: one.passing = refused(said.refused, said.why, "store"); return;
      default: one.give_up(refused(said.refused, said.why, "store"));
    }
  }

  void look(station const& where, std::span<item> open, deadline until) const {
    std::vector<std::string_view> keys;
    std::vector<item*> of;
    for (auto& one : open) {
      if (one.done || one.next != step::look) continue;
      keys.push_back(one.what.frame->key);
      of.push_back(&one);
    }
    if (keys.empty()) return;
    auto const held = reader_->read(where, keys, until, of.front()->how);
    for (std::size_t n = 0; n < of.size(); ++n) {
      item& one = *of[n];
      if (!held[n]) {
        one.passing = held[n].error();
        continue;
      }
      auto const& there = held[n]->frame;
      bool const ours = there && held[n]->from == one.from;
      one.next = one.plan.looked(there ? &*there : nullptr, held[n]->sequence, ours);
      if (there && there->sum) note(one, held[n]->sequence, there->revision);
      if (one.next == step::stored) stored(where, one, held[n]->sequence, until);
      if (one.next == step::conflict) one.end(conflict());
      if (one.next == step::unknown) one.give_up(error{errc::timed_out, tier::warm, "JetStream: another write came"});
    }
  }

  /// Remembers where a key stands, of where we look ourselves.
  void note(item const& one, std::uint64_t sequence, revision r) const {
    if (one.how == spelling::token) seen_->note(one.what.frame->key, sequence, r);
  }

  void stored(station const& where, item& one, std::uint64_t sequence, deadline until) const {
    if (auto const& subject = keeper_->settings().announce_subject; !subject.empty())
      where.link->tell(subject, one.what.frame->key, until);
    one.end(position{sequence});
  }

  static std::unexpected<error> conflict() {
    return failure(errc::conflict, tier::warm, "JetStream: another write was first");
  }

  /// A message too large is refused here; the server would close the connection over it.
  static std::optional<error> size_fault(station const& where, std::size_t bytes) {
    auto limit = where.link->max_message_bytes();
    if (where.stream.max_message_bytes >= 0) limit = std::min(limit, where.stream.max_message_bytes);
    if (std::cmp_less_equal(bytes, limit)) return std::nullopt;
    return error{
        errc::rejected, tier::warm,
        std::format(
            "JetStream: the message has {} bytes with its headers, and the server takes {}: it is not kept in warm",
            bytes, limit)};
  }

  std::shared_ptr<keeper> keeper_;
  std::shared_ptr<seen_table> seen_;
  reader const* reader_;
  std::string instance_;
  mutable std::atomic<std::uint64_t> stores_ = 0;
};

}  // namespace strata::warm::jetstream_detail
