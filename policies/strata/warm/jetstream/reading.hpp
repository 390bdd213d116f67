// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/exchange.hpp>
#include <strata/warm/jetstream/keeper.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/subject.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <format>
#include <memory>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The last message of each subject asked for. Any server may answer where the stream has one replica; where it has several,
// or direct reads are off, the stream's leader does: a follower lags, and one read in fifty right after a write is wrong.
// Many keys are one question to servers that know it (2.11 and newer) and a sliding window of single ones to others.
namespace strata::warm::jetstream_detail {

class reader {
 public:
  static constexpr std::size_t subjects_per_question = 500;  // the server refuses more than 1,024
  static constexpr std::int64_t bytes_per_question = 8 * 1024 * 1024;
  static constexpr std::size_t window_bytes = 16 * 1024 * 1024;  // of answers on their way, as far as can be guessed
  static constexpr std::size_t window_messages = 128;

  explicit reader(std::shared_ptr<keeper> k)
      : keeper_{std::move(k)},
        base_{std::format("{}.{}.", keeper_->settings().prefix, keeper_->settings().space)},
        direct_{std::format("$JS.API.DIRECT.GET.{}", keeper_->settings().stream)},
        leader_{std::format("$JS.API.STREAM.MSG.GET.{}", keeper_->settings().stream)} {}

  [[nodiscard]] std::string subject(std::string_view key, spelling how = spelling::token) const {
    std::string s;
    s.reserve(base_.size() + std::min(3 * key.size(), std::max(max_token_bytes, key.size())));
    s = base_;
    if (how == spelling::plain)
      s.append(key);
    else
      append_token(key, s);
    return s;
  }

  result<sighting> load(std::string_view key, deadline until) const {
    if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, tier::warm, fault);
    auto const at = keeper_->ready(until);
    if (!at) return std::unexpected{at.error()};
    result<holding> answer = holding{};
    read(**at, {&key, 1}, {&answer, 1}, until);
    return shown(std::move(answer));
  }

  std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
    std::vector<result<sighting>> all;
    all.reserve(keys.size());
    auto const at = keeper_->ready(until);
    auto answers =
        at ? read(**at, keys, until) : std::vector<result<holding>>(keys.size(), std::unexpected{at.error()});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto const fault = key_fault(keys[i]);
      all.push_back(fault.empty() ? shown(std::move(answers[i]))
                                  : result<sighting>{failure(errc::rejected, tier::warm, fault)});
    }
    return all;
  }

  /// \returns what each key's subject holds, in the order asked
  std::vector<result<holding>> read(station const& where, std::span<std::string_view const> keys, deadline until,
                                    spelling how = spelling::token) const {
    std::vector<result<holding>> answers(keys.size(), holding{});
    read(where, keys, answers, until, how);
    return answers;
  }

 private:
  /// Keys without an answer yet, by their place.
  using places = std::vector<std::size_t>;
  /// Why no other way of asking is worth a try.
  using leftover = std::optional<error>;
  enum class way : std::uint8_t { direct, leader };

  void read(station const& where, std::span<std::string_view const> keys, std::span<result<holding>> answers,
            deadline until, spelling spelt = spelling::token) const {
    places open(keys.size());
    std::iota(open.begin(), open.end(), std::size_t{0});
    leftover why;
    // Each way takes on what the one before could not: a server that does not know the question, a stream that has
    // switched direct reads off, a message that looks like a refusal, headers that the client cannot read.
    if (keys.size() > 1 && where.stream.direct && *where.knows_one_question != knowledge::no)
      why = read_together(where, keys, answers, open, until, spelt);
    if (!open.empty() && where.stream.direct && !why)
      why = read_singly(where, way::direct, keys, answers, open, until, spelt);
    if (!open.empty() && !why) why = read_singly(where, way::leader, keys, answers, open, until, spelt);
    if (open.empty()) return;
    if (!why) {
      keeper_->doubt_stream();
      why = failed(NATS_NO_RESPONDERS, "load");
    }
    for (std::size_t const i : open) answers[i] = std::unexpected{*why};
  }

  static result<sighting> shown(result<holding>&& held) {
    if (!held) return std::unexpected{std::move(held).error()};
    if (held->damage) return std::unexpected{*std::move(held->damage)};
    return sighting{.frame = std::move(held->frame), .position = position{held->sequence}};
  }

  /// One question per key, a window of them on their way at a time.
  /// What the leader says stands; a direct answer that cannot be read leaves its place open.
  /// \returns nothing when all were answered or nobody is there to answer
  leftover read_singly(station const& where, way how, std::span<std::string_view const> keys,
                       std::span<result<holding>> answers, places& open, deadline until, spelling spelt) const {
    exchange call{where.link, until};
    std::size_t asked = 0;
    std::size_t unanswered = 0;
    std::size_t largest = window_bytes / 32;  // until something is known
    std::size_t seen = 0;
    std::vector<bool> answered(keys.size());
    places unread;
    auto const end = [&](leftover why) {
      forget_answered(open, answered);
      open.insert(open.end(), unread.begin(), unread.end());
      return why;
    };
    while (asked < open.size() || unanswered > 0) {
      while (asked < open.size() && unanswered < std::clamp<std::size_t>(window_bytes / largest, 1, window_messages)) {
        std::size_t const i = open[asked];
        std::string const s = subject(keys[i], spelt);
        natsStatus const status =
            how == way::direct ? call.ask(std::format("{}.{}", direct_, s), {}, i) : call.ask(leader_, last_of(s), i);
        if (status != NATS_OK) return end(failed(status, "load"));
        ++asked;
        ++unanswered;
      }
      auto const answer = call.next(until);
      if (answer.status == NATS_NO_RESPONDERS) return end(std::nullopt);
      if (answer.status != NATS_OK) return end(call.fault(answer, "load"));
      std::size_t const i = answer.number;
      if (i >= keys.size() || answered[i]) continue;
      auto const bytes = body(answer.message);
      largest = std::max(seen++ == 0 ? std::size_t{1024} : largest, bytes.size());
      answers[i] = how == way::direct ? direct_answer(answer.message, keys[i]) : leader_answer(bytes, keys[i]);
      answered[i] = true;
      --unanswered;
      if (answers[i]) continue;
      if (how == way::direct)
        unread.push_back(i);
      else
        keeper_->doubt_stream();
    }
    call.settled();
    return end(std::nullopt);
  }
  static std::string last_of(std::string_view subject) {
    std::string question = R"({"last_by_subj":)";
    json::append_string(subject, question);
    return question.append("}");
  }
  static void forget_answered(places& open, std::vector<bool> const& answered) {
    std::erase_if(open, [&](std::size_t i) { return answered[i]; });
  }

  /// One question for many keys; the server answers with the messages there are, and then says that this was all, or how
  /// many it still has. \returns nothing when all have answers or the server does not know the question
  leftover read_together(station const& where, std::span<std::string_view const> keys,
                         std::span<result<holding>> answers, places& open, deadline until, spelling spelt) const {
    std::vector<std::pair<std::string, std::size_t>>
        left;  // subject and place, sorted, so that equal keys are neighbours
    left.reserve(open.size());
    for (std::size_t const i : open) left.emplace_back(subject(keys[i], spelt), i);
    std::ranges::sort(left);
    std::vector<bool> answered(keys.size());
    while (!left.empty()) {
      std::size_t const part = part_of(where, left);
      exchange call{where.link, until};
      std::string question = R"({"multi_last":[)";
      for (std::size_t n = 0; n < part; ++n)
        if (n == 0 || left[n].first != left[n - 1].first)
          json::append_string(left[n].first, question.append(n == 0 ? "" : ","));
      question.append(std::format(R"(],"max_bytes":{}}})", bytes_per_question));
      if (natsStatus const status = call.ask(direct_, question); status != NATS_OK)
        return forget_answered(open, answered), failed(status, "load");

      std::size_t came = 0;
      for (;;) {
        auto const answer = call.next(until);
        if (answer.status == NATS_NO_RESPONDERS) return forget_answered(open, answered), std::nullopt;
        if (answer.status != NATS_OK) return forget_answered(open, answered), call.fault(answer, "load");
        parsed_headers const headers{answer.message};
        if (!headers.last("Nats-Sequence")) {
          auto const said = headers.get("Status");
          if (said == "408") *where.knows_one_question = knowledge::no;
          if (said != "204" && said != "404") return forget_answered(open, answered), std::nullopt;
          call.settled();
          bool const all = number_in<std::uint64_t>(headers.get("Nats-Num-Pending").value_or("0")) == 0U;
          if (!all && came == 0) return forget_answered(open, answered), std::nullopt;
          for (std::size_t n = 0; all && n < part; ++n) {
            if (answered[left[n].second]) continue;
            answers[left[n].second] = holding{};
            answered[left[n].second] = true;
          }
          break;
        }
        std::string_view const of = headers.last("Nats-Subject").value_or("");
        for (auto const& [s, i] :
             std::ranges::equal_range(left, of, {}, [](auto const& one) -> std::string_view { return one.first; })) {
          answers[i] = direct_answer(answer.message, keys[i]);
          answered[i] = true;
          ++came;
        }
      }
      std::erase_if(left, [&](auto const& one) { return answered[one.second]; });
    }
    open.clear();
    return std::nullopt;
  }

  /// How many of the open subjects fit one question.
  static std::size_t part_of(station const& where, std::span<std::pair<std::string, std::size_t> const> open) {
    std::size_t const limit =
        static_cast<std::size_t>(std::max<std::int64_t>(where.link->max_message_bytes() - 128, 512));
    std::size_t bytes = 0;
    std::size_t part = 0;
    while (part < open.size() && part < subjects_per_question &&
           (part == 0 || bytes + open[part].first.size() + 3 <= limit))
      bytes += open[part++].first.size() + 3;
    return part;
  }

  std::shared_ptr<keeper> keeper_;
  std::string base_;
  std::string direct_;
  std::string leader_;
};

}  // namespace strata::warm::jetstream_detail
