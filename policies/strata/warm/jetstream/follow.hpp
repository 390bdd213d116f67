// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/feed.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/signals.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/subject.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

// The feed (K8): one ordered, headers-only consumer that delivers what is published from now on, ours included. It is made
// anew whenever something may have been missed, and the sink told so afterwards: what came before is in doubt, what
// comes after arrives. Whether the client's own resuming missed anything cannot be known (a store that was rolled back
// delivers nothing and reports no gap), so it is never relied on.
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
  if (own && rev && (op == "put" || op == "erase"))
    told.revision = revision{number_in<std::uint64_t>(*rev).value_or(0)};
  return told;
}

/// Where the client's thread delivers. Outlives its subscription; after close() the sink is not called any more.
class receiver {
 public:
  receiver(std::function<void(news const&)> sink, std::size_t prefix_bytes, std::shared_ptr<seen_table> seen)
      : sink_{std::move(sink)}, prefix_bytes_{prefix_bytes}, seen_{std::move(seen)} {}

  void tell(news const& heard) {
    std::scoped_lock const lock{mutex_};  // recursive: the sink may end its own feed
    if (open_) sink_(heard);
  }
  void close() {
    std::scoped_lock const lock{mutex_};
    open_ = false;
  }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* id) {
    message_handle const message{raw};
    auto const self = registry<receiver>::find(id);
    if (!self) return;
    std::string_view subject = natsMsg_GetSubject(raw);
    subject.remove_prefix(std::min(subject.size(), self->prefix_bytes_));
    std::string key;
    change const told = change_of(parsed_headers{raw}, subject, key);
    jsMsgMetaData* found = nullptr;
    natsMsg_GetMetaData(&found, raw);
    metadata_handle const metadata{found};
    std::uint64_t const sequence = metadata ? metadata->Sequence.Stream : 0;
    if (!told.key.empty()) {
      if (sequence != 0 && parsed_headers{raw}.get(revision_header))
        self->seen_->note(told.key, sequence, told.revision);
      else
        self->seen_->forget(told.key);
    }
    // Of a key that cannot be told, all that is known is that something may be missed.
    self->tell({told.key.empty() ? telling::resumed : telling::changed, told, position{sequence}});
  }

 private:
  std::recursive_mutex mutex_;
  bool open_ = true;
  std::function<void(news const&)> sink_;
  std::size_t prefix_bytes_;
  std::shared_ptr<seen_table> seen_;
};

/// One follower: its receiver, and the subscription as far as there is one.
class feed {
 public:
  feed(options const& settings, std::function<void(news const&)> sink, std::shared_ptr<seen_table> seen)
      : stream_{settings.stream},
        subject_{settings.prefix + "." + settings.space + ".*"},
        receiver_{std::make_shared<receiver>(std::move(sink), subject_.size() - 1, std::move(seen))},
        id_{registry<receiver>::enter(receiver_)} {}
  ~feed() {
    detach();
    registry<receiver>::leave(id_);
  }
  feed(feed const&) = delete;
  feed& operator=(feed const&) = delete;

  /// Subscribes unless it has; then changes may have been missed.
  void attach(std::shared_ptr<link> const& over) {
    {
      std::scoped_lock const lock{mutex_};
      if (subscription_ || ended_) return;
      jsSubOptions how;
      jsSubOptions_Init(&how);
      how.Stream = stream_.c_str();
      how.Ordered = true;
      how.Config.DeliverPolicy = js_DeliverNew;
      how.Config.HeadersOnly = true;
      how.Config.Heartbeat = 1'000'000'000;
      natsSubscription* made = nullptr;
      natsStatus const status =
          js_Subscribe(&made, over->context(), subject_.c_str(), receiver::on_message, id_, nullptr, &how, nullptr);
      if (status != NATS_OK) return;  // tried again at the next turn
      subscription_.reset(made);
      link_ = over;
    }
    receiver_->tell({telling::resumed, {}, {}});
    hears_.store(true, std::memory_order_release);
  }
  /// Whether it is subscribed, and has told that changes may have been missed before.
  [[nodiscard]] bool hears() const noexcept { return hears_.load(std::memory_order_acquire); }
  /// Ends the subscription; the next attach makes another.
  void detach() {
    subscription_handle last;
    std::shared_ptr<link> over;
    hears_.store(false, std::memory_order_release);
    std::scoped_lock const lock{mutex_};
    std::swap(last, subscription_);
    std::swap(over, link_);
    last.reset();  // the server forgets the consumer five seconds after
  }
  /// Changes may have been missed or will be.
  void renew() {
    detach();
    receiver_->tell({telling::lost, {}, {}});
  }
  /// Ends it for good. When it returns, the sink is not running, unless it is the sink that calls, and never will.
  void end() {
    {
      std::scoped_lock const lock{mutex_};
      ended_ = true;
    }
    receiver_->close();
  }

 private:
  std::string stream_;
  std::string subject_;
  std::shared_ptr<receiver> receiver_;
  void* id_;
  std::mutex mutex_;
  std::shared_ptr<link> link_;
  subscription_handle subscription_;
  std::atomic<bool> hears_{false};
  bool ended_ = false;
};

}  // namespace strata::warm::jetstream_detail
