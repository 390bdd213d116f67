// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/consumer.hpp>
#include <strata/warm/jetstream/exchange.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/signals.hpp>
#include <strata/warm/jetstream/standing.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/subject.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <functional>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <utility>

// The feed (K8): one headers-only consumer that delivers every change of the space after a sequence that the stream's leader
// named before, so that the sink can be told from where on it hears everything. It is made anew whenever something may
// have been missed: it is not resumed, since a store that was rolled back delivers nothing then and reports no gap.
namespace strata::warm::jetstream_detail {

/// What one message of the feed says of its key. No key: it cannot be told which.
template <class Headers>
change change_of(Headers const& headers, std::string_view token, std::string& key_storage) {
  change told;
  auto const own = headers.get(key_header);
  auto key = own ? unescape(*own, plain_in_header) : key_of_token(token);
  if (!key) return told;
  key_storage = *std::move(key);
  told.key = key_storage;
  auto const rev = headers.get(revision_header);
  auto const op = headers.get(operation_header);
  told.operation = op == "erase" || marks_removal(headers) ? operation::erase : operation::put;
  if (own && rev && (op == "put" || op == "erase" || op == "notice"))
    told.revision = revision{number_in<std::uint64_t>(*rev).value_or(0)};
  return told;
}

/// What stands between the client's threads and the sink. Listens to one consumer at a time, known by its turn; of others,
/// which may still deliver, it takes nothing. Outlives its feed; after close() the sink is not called any more.
class receiver {
 public:
  receiver(std::function<void(news const&)> sink, std::size_t prefix_bytes, std::shared_ptr<seen_table> seen,
           std::shared_ptr<bell> wake)
      : sink_{std::move(sink)}, prefix_bytes_{prefix_bytes}, seen_{std::move(seen)}, wake_{std::move(wake)} {}

  /// From now on to the consumer that delivers what comes after `last`.
  void listen(std::uint64_t turn, std::uint64_t last) {
    std::scoped_lock const lock{mutex_};  // recursive: the sink may end its own feed
    turn_ = turn;
    last_ = last;
    order_ = succession{last};
    heard_something();
  }
  /// That consumer is there.
  void begin(std::uint64_t turn) {
    std::scoped_lock const lock{mutex_};
    if (turn == turn_) begin();
  }
  /// To none.
  void lose() {
    std::scoped_lock const lock{mutex_};
    turn_ = 0;
    if (hears_.exchange(false)) tell({telling::lost, {}, {}});
  }
  /// To none, until the feed begins anew: something was missed.
  void miss() {
    lose();
    wake_->ring();
  }
  void close() {
    std::scoped_lock const lock{mutex_};
    open_ = false;
  }

  [[nodiscard]] bool hears() const noexcept { return hears_.load(std::memory_order_acquire); }
  /// Whether the consumer it listens to has been silent for too long.
  [[nodiscard]] bool deaf() const noexcept {
    return hears() && std::chrono::steady_clock::now() - heard_at_.load(std::memory_order_relaxed) > silence_limit;
  }

  /// What a consumer's inbox got.
  void take(std::uint64_t turn, natsMsg* message, delivery const& d) {
    std::scoped_lock const lock{mutex_};
    if (turn != turn_) return;
    heard_something();
    if (d.what == delivery::kind::rubbish || d.what == delivery::kind::question) return;
    begin();  // what it delivers may be faster than the answer that it is there
    switch (order_.take(d)) {
      case succession::verdict::same: return;
      case succession::verdict::further: return tell({telling::passed, {}, position{d.sequence}});
      case succession::verdict::broken: return miss();
      case succession::verdict::next: break;
    }
    std::string_view subject = natsMsg_GetSubject(message);
    subject.remove_prefix(std::min(subject.size(), prefix_bytes_));
    changed(parsed_headers{message}, subject, d.sequence);
  }

 private:
  /// \param name  what the subject says of the key: its token, or, of a program that escapes nothing, the key as it is
  template <class Headers>
  void changed(Headers const& headers, std::string_view name, std::uint64_t sequence) {
    std::string key;
    change const told = change_of(headers, name, key);
    bool const ours = headers.get(key_header).has_value();
    position const at{sequence};
    if (!told.key.empty() && stands_in(name, told.key)) {
      if (headers.get(revision_header))
        seen_->note(told.key, sequence, told.revision);
      else
        seen_->forget(told.key);
      tell({telling::changed, told, at});
    } else if (!told.key.empty()) {
      tell({telling::hinted, told, at});
    } else if (ours || name.starts_with("=h")) {
      // Of a key that cannot be told, all that is known is that something may be missed.
      tell({telling::resumed, {}, at});
    }
    if (!ours && told.key != name) tell({telling::hinted, {.key = name}, at});
  }
  static bool stands_in(std::string_view name, std::string_view key) {
    std::string token;
    append_token(key, token);
    return token == name;
  }
  void begin() {
    if (!hears_.exchange(true)) tell({telling::resumed, {}, position{last_}});
  }
  void tell(news const& heard) {
    if (open_) sink_(heard);
  }
  void heard_something() noexcept { heard_at_.store(std::chrono::steady_clock::now(), std::memory_order_relaxed); }

  std::recursive_mutex mutex_;
  bool open_ = true;
  std::uint64_t turn_ = 0;
  std::uint64_t last_ = 0;
  succession order_;
  std::atomic<bool> hears_ = false;
  std::atomic<std::chrono::steady_clock::time_point> heard_at_{};
  std::function<void(news const&)> sink_;
  std::size_t prefix_bytes_;
  std::shared_ptr<seen_table> seen_;
  std::shared_ptr<bell> wake_;
};

/// One consumer's inbox, while it is listened to.
struct ear {
  std::uint64_t turn;
  std::shared_ptr<receiver> to;
  done_messages done;

  static void on_message(natsConnection* connection, natsSubscription*, natsMsg* raw, void* id) {
    message_handle message{raw};
    auto const self = registry<ear>::find(id);
    if (!self) return;
    self->done.add(std::move(message));
    try {
      self->hear(connection, raw);
    } catch (std::bad_alloc const&) {  // nobody knows what it said, and the client is no place for it
      self->to->miss();
    }
  }

 private:
  void hear(natsConnection* connection, natsMsg* raw) const {
    char const* const reply = natsMsg_GetReply(raw);
    delivery const d = delivery_of(parsed_headers{raw}, reply == nullptr ? "" : reply);
    to->take(turn, raw, d);
    // Answered after what came before it has been told: that is what keeps a slow sink from being flooded.
    if (d.what == delivery::kind::question) natsConnection_PublishString(connection, reply, "");
    if (d.what == delivery::kind::heartbeat)
      if (auto const question = parsed_headers{raw}.get("Nats-Consumer-Stalled"))
        natsConnection_PublishString(connection, std::string{*question}.c_str(), "");
  }
};

/// One follower: its receiver, and the subscription as far as there is one.
/// \threads the keeping thread, where nothing else is said
class feed {
 public:
  feed(options const& settings, std::function<void(news const&)> sink, std::shared_ptr<seen_table> seen,
       std::shared_ptr<bell> wake)
      : stream_{settings.stream},
        filter_{settings.prefix + "." + settings.space + ".>"},
        inbox_base_{std::format("{}.{}.", settings.inbox_prefix, random_name())},
        wake_{wake},
        receiver_{std::make_shared<receiver>(std::move(sink), filter_.size() - 1, std::move(seen), std::move(wake))} {}
  ~feed() { forget(); }
  feed(feed const&) = delete;
  feed& operator=(feed const&) = delete;

  /// Makes a consumer if there is none, which takes two round trips.
  /// \param created  of the stream that calls work with
  /// \errors why it cannot; to be tried again
  result<void> attach(std::shared_ptr<link> const& over, std::string_view created, deadline until) {
    if (renewal_.exchange(false) || (ear_ && !receiver_->hears())) lose();
    if (ear_) return {};
    auto const stands = ask_standing(over, stream_, until);
    if (!stands) return std::unexpected{stands.error()};
    if (stands->created != created)
      return failure(errc::unavailable, tier::warm, "JetStream: follow the stream: it is another one");
    auto const made = listen(over, stands->last, until);
    if (made)
      receiver_->begin(turn_);
    else
      lose();
    return made;
  }
  /// \threads any; whether it is there, and has told from where on it tells everything
  [[nodiscard]] bool hears() const noexcept { return receiver_->hears(); }
  [[nodiscard]] bool deaf() const noexcept { return receiver_->deaf(); }
  /// Ends the consumer; the next attach makes another.
  void lose() {
    receiver_->lose();
    forget();
  }
  /// Makes the next attach begin anew, soon. \threads any, the sink's too; waits for nothing
  void renew() {
    renewal_ = true;
    wake_->ring();
  }
  /// Ends it for good. When it returns, the sink is not running, unless it is the sink that calls, and never will.
  /// \threads any
  void end() { receiver_->close(); }

 private:
  result<void> listen(std::shared_ptr<link> const& over, std::uint64_t last, deadline until) {
    constexpr std::string_view doing = "follow the stream";
    std::string const name = std::format("strata-{}", random_name());
    std::string const inbox = std::format("{}{}", inbox_base_, ++turn_);
    receiver_->listen(turn_, last);
    ear_ = std::make_shared<ear>(turn_, receiver_);
    id_ = registry<ear>::enter(ear_);
    link_ = over;
    natsSubscription* made = nullptr;
    natsStatus const status = natsConnection_Subscribe(&made, over->connection(), inbox.c_str(), ear::on_message, id_);
    subscription_.reset(made);
    if (status != NATS_OK) return std::unexpected{failed(status, doing)};
    auto const answer = ask_server(over, std::format("$JS.API.CONSUMER.CREATE.{}.{}.{}", stream_, name, filter_),
                                   consumer_request(stream_, name, filter_, inbox, last + 1), doing, until);
    if (!answer) return std::unexpected{answer.error()};
    if (auto const [number, why] = objection_in(*answer); number != 0)
      return std::unexpected{refused(number, why, doing)};
    return {};
  }
  void forget() {
    if (!ear_) return;
    registry<ear>::leave(id_);
    ear_ = nullptr;
    subscription_ = nullptr;  // the server forgets the consumer five seconds after
    link_ = nullptr;
  }

  std::string stream_;
  std::string filter_;
  std::string inbox_base_;
  std::shared_ptr<bell> wake_;
  std::shared_ptr<receiver> receiver_;
  std::uint64_t turn_ = 0;
  std::shared_ptr<ear> ear_;
  void* id_ = nullptr;
  std::shared_ptr<link> link_;
  subscription_handle subscription_;
  std::atomic<bool> renewal_ = false;
};

}  // namespace strata::warm::jetstream_detail
