// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/key.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/connection.hpp>
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

  [[nodiscard]] std::string subject(std::string_view key) const {
    std::string s;
    s.reserve(base_.size() + std::min(3 * key.size(), max_token_bytes));
    s = base_;
    append_token(key, s);
    return s;
  }

  result<sighting> load(std::string_view key, deadline until) const {
    if (auto const fault = key_fault(key); !fault.empty()) return failure(errc::rejected, tier::warm, fault);
    auto const at = keeper_->ready(until);
    if (!at) return std::unexpected{at.error()};
    result<holding> answer = unanswered();
    read_singly(**at, {&key, 1}, {&answer, 1}, until);
    return shown(std::move(answer));
  }

  std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
    std::vector<result<sighting>> all;
    all.reserve(keys.size());
    auto const at = keeper_->ready(until);
    auto answers = at ? read(**at, keys, until) : std::vector<result<holding>>(keys.size(), std::unexpected{at.error()});
    for (std::size_t i = 0; i < keys.size(); ++i) {
      auto const fault = key_fault(keys[i]);
      all.push_back(fault.empty() ? shown(std::move(answers[i])) : result<sighting>{failure(errc::rejected, tier::warm, fault)});
    }
    return all;
  }

  /// \returns what each key's subject holds, in the order asked
  std::vector<result<holding>> read(station const& where, std::span<std::string_view const> keys, deadline until) const {
    std::vector<result<holding>> answers(keys.size(), unanswered());
    if (keys.size() < 2 || !where.stream.direct || *where.knows_one_question == knowledge::no || !read_together(where, keys, answers, until))
      read_singly(where, keys, answers, until);
    return answers;
  }

 private:
  static result<holding> unanswered() { return std::unexpected{error{errc::timed_out, tier::warm, "NATS: load: no answer in time"}}; }
  static result<sighting> shown(result<holding>&& held) {
    if (!held) return std::unexpected{std::move(held).error()};
    if (held->damage) return std::unexpected{*std::move(held->damage)};
    return sighting{.frame = std::move(held->frame), .position = position{held->sequence}};
  }
  void suspect(result<holding> const& answer) const {
    if (!answer && answer.error() == errc::unavailable) keeper_->doubt_stream();
  }

  /// One question per key, a window of them on their way at a time.
  void read_singly(station const& where, std::span<std::string_view const> keys, std::span<result<holding>> answers, deadline until) const {
    exchange call{where.link, until};
    std::size_t asked = 0;
    std::size_t open = 0;
    std::size_t largest = 512 * 1024;  // until something is known
    std::size_t seen = 0;
    std::vector<bool> answered(keys.size());
    auto const fail_rest = [&](error const& why) {
      for (std::size_t i = 0; i < keys.size(); ++i)
        if (!answered[i]) answers[i] = std::unexpected{why};
    };
    while (asked < keys.size() || open > 0) {
      while (asked < keys.size() && open < std::clamp<std::size_t>(window_bytes / largest, 1, window_messages)) {
        std::string const s = subject(keys[asked]);
        natsStatus const status = where.stream.direct ? call.ask(std::format("{}.{}", direct_, s), {}, asked)
                                                      : call.ask(leader_, std::format(R"({{"last_by_subj":"{}"}})", s), asked);
        if (status != NATS_OK) return fail_rest(failed(status, "load"));
        ++asked;
        ++open;
      }
      auto const answer = call.next(until);
      bool const names_its_question = answer.status == NATS_OK || answer.status == NATS_NO_RESPONDERS;
      if (!names_its_question) return fail_rest(failed(answer.status, "load"));
      if (answer.number >= keys.size() || answered[answer.number]) continue;
      std::size_t const i = answer.number;
      answered[i] = true;
      --open;
      if (answer.status == NATS_NO_RESPONDERS) {
        answers[i] = std::unexpected{failed(answer.status, "load")};
      } else {
        auto const bytes = body(answer.message.get());
        largest = std::max(seen++ == 0 ? std::size_t{1024} : largest, bytes.size());
        answers[i] = where.stream.direct ? direct_answer(answer.message.get(), keys[i]) : leader_answer(bytes, keys[i]);
      }
      suspect(answers[i]);
    }
  }

  /// One question for many keys; the server answers with the messages there are, and then says that this was all, or how
  /// many it still has. \returns false when the server does not know the question
  bool read_together(station const& where, std::span<std::string_view const> keys, std::span<result<holding>> answers, deadline until) const {
    std::vector<std::pair<std::string, std::size_t>> open;  // subject and place, sorted, so that equal keys are neighbours
    open.reserve(keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) open.emplace_back(subject(keys[i]), i);
    std::ranges::sort(open);
    std::vector<bool> answered(keys.size());
    auto const fail_rest = [&](error const& why) {
      for (auto const& [s, i] : open)
        if (!answered[i]) answers[i] = std::unexpected{why};
    };
    while (!open.empty()) {
      std::size_t const part = part_of(where, open);
      exchange call{where.link, until};
      std::string question = R"({"multi_last":[)";
      for (std::size_t n = 0; n < part; ++n)
        if (n == 0 || open[n].first != open[n - 1].first) question.append(n == 0 ? "\"" : ",\"").append(open[n].first).append("\"");
      question.append(std::format(R"(],"max_bytes":{}}})", bytes_per_question));
      if (natsStatus const status = call.ask(direct_, question); status != NATS_OK) return fail_rest(failed(status, "load")), true;

      bool progress = false;
      std::uint64_t still = 0;
      for (bool more = true; more;) {
        auto const answer = call.next(until);
        if (answer.status != NATS_OK) {
          if (answer.status == NATS_NO_RESPONDERS) keeper_->doubt_stream();
          return fail_rest(failed(answer.status, "load")), true;
        }
        parsed_headers const headers{answer.message.get()};
        if (!headers.last("Nats-Sequence")) {
          auto const said = headers.get("Status");
          if (said == "408") {
            *where.knows_one_question = knowledge::no;
            return false;
          }
          if (said != "204" && said != "404")
            return fail_rest(error{errc::unavailable, tier::warm, std::format("JetStream: load: {}", headers.get("Description").value_or("refused"))}), true;
          still = number_in<std::uint64_t>(headers.get("Nats-Num-Pending").value_or("0")).value_or(0);
          more = false;
          continue;
        }
        std::string_view const of = headers.last("Nats-Subject").value_or("");
        auto const equal = std::ranges::equal_range(open, of, {}, [](auto const& pair) -> std::string_view { return pair.first; });
        for (auto const& [s, i] : equal) {
          answers[i] = direct_answer(answer.message.get(), keys[i]);
          answered[i] = true;
          progress = true;
        }
      }
      if (still != 0 && !progress) return fail_rest(error{errc::unavailable, tier::warm, "JetStream: load: the server sends nothing"}), true;
      auto const asked_end = open.begin() + static_cast<std::ptrdiff_t>(part);
      if (still == 0)
        for (auto it = open.begin(); it != asked_end; ++it)
          if (!answered[it->second]) {
            answers[it->second] = holding{};
            answered[it->second] = true;
          }
      std::erase_if(open, [&](auto const& one) { return answered[one.second]; });
    }
    return true;
  }

  /// How many of the open subjects fit one question.
  static std::size_t part_of(station const& where, std::span<std::pair<std::string, std::size_t> const> open) {
    std::size_t const limit = static_cast<std::size_t>(std::max<std::int64_t>(where.link->max_message_bytes() - 128, 512));
    std::size_t bytes = 0;
    std::size_t part = 0;
    while (part < open.size() && part < subjects_per_question && (part == 0 || bytes + open[part].first.size() + 3 <= limit))
      bytes += open[part++].first.size() + 3;
    return part;
  }

  std::shared_ptr<keeper> keeper_;
  std::string base_;
  std::string direct_;
  std::string leader_;
};

}  // namespace strata::warm::jetstream_detail
