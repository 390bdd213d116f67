// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// How a call gets its answer. The client's own request function wakes a thread that wakes the caller; here each caller
// leases an inbox with a subscription that it reads itself, which saves one of the two. An answer that comes too late finds
// a newer number on its inbox, or nobody, and is dropped.
namespace strata::warm::jetstream_detail {

/// One call on a connection: any number of requests, each with its number, and their answers in whatever order they come.
/// \threads one thread
class exchange {
 public:
  exchange(std::shared_ptr<link> over, deadline until)
      : link_{std::move(over)}, until_{until}, breaks_{link_->breaks()}, refusals_{link_->refused().count()} {
    status_ = link_->lease(inbox_, until_);
    if (status_ != NATS_OK) return;
    reply_ = std::format("{}{}.", inbox_->base, ++inbox_->call);
    stem_bytes_ = reply_.size();
  }
  ~exchange() {
    if (inbox_ && inbox_->subscription) link_->give_back(std::move(inbox_), settled_);
  }
  exchange(exchange const&) = delete;
  exchange& operator=(exchange const&) = delete;

  /// Sends one question without headers; the answers to it will carry the number.
  natsStatus ask(std::string const& subject, std::string_view question, std::size_t number = 0) {
    if (status_ != NATS_OK) return status_;
    asked_.emplace_back(number, subject);
    std::size_t const bytes = subject.size() + stem_bytes_ + question.size() + 32;
    if (!link_->outlet_->fits(bytes)) {
      collect(subject, header_list::none(), question, number);
      return send().first;
    }
    char const* const reply = reply_to(number);
    natsStatus const status = link_->outlet_->small(bytes, until_, [&]() noexcept {
      return natsConnection_PublishRequest(link_->connection(), subject.c_str(), reply, question.data(),
                                           static_cast<int>(question.size()));
    });
    return note_sent(status, 1);
  }

  /// Collects a message; send() sends what was collected.
  void add(std::string const& subject, header_list const& headers, std::string_view payload, std::size_t number = 0) {
    if (status_ != NATS_OK) return;
    asked_.emplace_back(number, subject);
    collect(subject, headers, payload, number);
  }
  /// \returns what became of it, and how many messages have left or may leave
  std::pair<natsStatus, std::size_t> send() {
    if (status_ != NATS_OK) return {status_, 0};
    auto messages = std::exchange(collected_, {});
    std::size_t const bytes = std::exchange(collected_bytes_, 0);
    std::size_t const count = messages.size();
    if (link_->outlet_->fits(bytes)) {
      std::size_t left = 0;
      natsStatus const status = link_->outlet_->small(bytes, until_, [&]() noexcept {
        for (auto const& message : messages) {
          natsStatus const one = natsConnection_PublishMsg(link_->connection(), message.get());
          if (one != NATS_OK) return one;
          ++left;
        }
        return NATS_OK;
      });
      for (auto& message : messages) inbox_->done.add(std::move(message));
      return {note_sent(status, left), left};
    }
    auto const [status, left] = link_->outlet_->large(std::move(messages), bytes, until_);
    return {note_sent(status, left), std::min(left, count)};
  }

  /// All answers have come.
  void settled() noexcept { settled_ = true; }

  struct answer {
    natsStatus status = NATS_OK;
    natsMsg* message = nullptr;  ///< valid until the next answer is waited for, and no longer than the call
    std::size_t number = 0;
  };
  /// Of a refusal that concerns the whole call: nothing will be answered.
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  /// Waits for the next answer. The wait is cut into slices to notice a lost connection, which wakes nobody.
  /// \returns NATS_TIMEOUT when the time is over, NATS_CONNECTION_DISCONNECTED when answers are lost, NATS_NO_RESPONDERS
  ///          when nobody takes one of the requests: the client does not say which, nor lets see whether a stored message
  ///          that says 503 came instead; NATS_NOT_PERMITTED when the request of that number may not be made
  answer next(deadline until) {
    using namespace std::chrono;
    if (status_ != NATS_OK) return {.status = status_};
    for (;;) {
      auto const left = ceil<milliseconds>(until - steady_clock::now()).count();
      natsMsg* raw = nullptr;
      natsStatus const status = natsSubscription_NextMsg(&raw, inbox_->subscription.get(),
                                                         std::clamp<std::int64_t>(left, left > 0 ? 1 : 0, 50));
      if (raw != nullptr) inbox_->done.add(message_handle{raw});
      if (status == NATS_TIMEOUT) {
        if (link_->breaks() != breaks_) return {.status = NATS_CONNECTION_DISCONNECTED};
        if (link_->refused().count() != refusals_)
          if (auto const number = refused()) return {.status = NATS_NOT_PERMITTED, .number = *number};
        if (left <= 0) return {.status = NATS_TIMEOUT};
        continue;
      }
      if (status == NATS_SLOW_CONSUMER) continue;
      if (status != NATS_OK) return {.status = status};
      std::string_view const subject = natsMsg_GetSubject(raw);
      if (!subject.starts_with(std::string_view{reply_}.substr(0, stem_bytes_))) continue;  // of an earlier call
      auto const number = number_in<std::size_t>(subject.substr(stem_bytes_));
      if (!number) continue;
      link_->outlet_->heard(unanswered_ <= 1 ? last_mark_ : first_mark_);
      if (unanswered_ > 0) --unanswered_;
      return {.status = NATS_OK, .message = raw, .number = *number};
    }
  }

  /// What an answer that is none means. \param doing  what was tried
  [[nodiscard]] error fault(answer const& a, std::string_view doing) const {
    return a.status == NATS_NOT_PERMITTED ? not_permitted(refusal_, doing) : failed(a.status, doing);
  }

 private:
  void collect(std::string const& subject, header_list const& headers, std::string_view payload, std::size_t number) {
    natsMsg* raw = nullptr;
    natsStatus status =
        natsMsg_Create(&raw, subject.c_str(), reply_to(number), payload.data(), static_cast<int>(payload.size()));
    collected_.push_back(message_handle{raw});
    for (auto const& [name, value] : headers)
      if (status == NATS_OK) status = natsMsgHeader_Set(raw, name, value.c_str());
    if (status != NATS_OK) throw std::bad_alloc{};  // nothing else can be wrong with them
    collected_bytes_ += subject.size() + stem_bytes_ + headers.bytes() + payload.size() + 32;
  }

  /// \returns the number of a request that the server refused, each once
  std::optional<std::size_t> refused() {
    refusal_ = link_->refused().of(inbox_->base + ">", refusals_);
    if (!refusal_.empty()) return all;
    for (auto one = asked_.begin(); one != asked_.end(); ++one) {
      refusal_ = link_->refused().of(one->second, refusals_);
      if (refusal_.empty()) continue;
      std::size_t const number = one->first;
      asked_.erase(one);
      return number;
    }
    return std::nullopt;
  }

  char const* reply_to(std::size_t number) {
    reply_.resize(stem_bytes_);
    reply_.append(std::to_string(number));
    return reply_.c_str();
  }
  natsStatus note_sent(natsStatus status, std::size_t count) {
    last_mark_ = link_->outlet_->mark();
    if (first_mark_ == 0) first_mark_ = last_mark_;
    unanswered_ += count;
    return status;
  }

  std::shared_ptr<link> link_;
  deadline until_;
  std::unique_ptr<inbox> inbox_;
  std::uint32_t breaks_;
  std::uint64_t refusals_;
  std::string refusal_;
  std::vector<std::pair<std::size_t, std::string>> asked_;  // numbers and subjects
  natsStatus status_ = NATS_OK;
  std::string reply_;
  std::size_t stem_bytes_ = 0;
  std::vector<message_handle> collected_;
  std::size_t collected_bytes_ = 0;
  std::uint64_t first_mark_ = 0;
  std::uint64_t last_mark_ = 0;
  std::size_t unanswered_ = 0;
  bool settled_ = false;
};

/// Asks the server's interface one question. \param doing  what for
/// \returns the answer, whatever it says
inline result<std::string> ask_server(std::shared_ptr<link> over, std::string const& subject, std::string_view question,
                                      std::string_view doing, deadline until) {
  exchange call{std::move(over), until};
  if (auto const sent = call.ask(subject, question); sent != NATS_OK) return std::unexpected{failed(sent, doing)};
  auto const answer = call.next(until);
  if (answer.status != NATS_OK) return std::unexpected{call.fault(answer, doing)};
  call.settled();
  return std::string{body(answer.message)};
}

}  // namespace strata::warm::jetstream_detail
