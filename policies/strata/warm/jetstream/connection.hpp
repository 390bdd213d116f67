// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/headers.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/outlet.hpp>
#include <strata/warm/jetstream/status.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <format>
#include <map>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// One connection, shared by all threads, and how a call gets its answer on it. The client's own request function wakes a
// thread that wakes the caller; here each caller leases an inbox with a subscription that it reads itself, which saves
// one of the two. An answer that comes too late finds a newer number on its inbox and is dropped.
namespace strata::warm::jetstream_detail {

/// Sixteen hexadecimal digits that nobody else has.
inline std::string random_name() {
  std::random_device source;
  std::uint64_t const bits = std::uint64_t{source()} << 32U | source();
  return std::format("{:016x}", bits);
}

/// Callbacks of the client may still run when the connection is destroyed. They carry a number, and what the number
/// stood for is found here as long as it lives; so nothing they could touch is ever gone.
template <class T>
class registry {
 public:
  static void* enter(std::weak_ptr<T> what) {
    std::scoped_lock const lock{self().mutex};
    auto const id = ++self().last;
    self().entries.emplace(id, std::move(what));
    return reinterpret_cast<void*>(id);
  }
  static void leave(void* id) noexcept {
    std::scoped_lock const lock{self().mutex};
    self().entries.erase(reinterpret_cast<std::uintptr_t>(id));
  }
  static std::shared_ptr<T> find(void* id) {
    std::scoped_lock const lock{self().mutex};
    auto const found = self().entries.find(reinterpret_cast<std::uintptr_t>(id));
    return found == self().entries.end() ? nullptr : found->second.lock();
  }

 private:
  struct state {
    std::mutex mutex;
    std::map<std::uintptr_t, std::weak_ptr<T>> entries;
    std::uintptr_t last = 0;
  };
  static state& self() {
    static auto& never_destroyed = *new state;  // the client's threads may outlive main
    return never_destroyed;
  }
};

/// Wakes the thread that keeps the connection.
class bell {
 public:
  void ring() {
    {
      std::scoped_lock const lock{mutex_};
      rung_ = true;
    }
    changed_.notify_all();
  }
  void wait_for(std::chrono::milliseconds time) {
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, time, [&] { return rung_; });
    rung_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool rung_ = false;
};

/// What the callbacks of one connection report.
struct signals {
  explicit signals(std::shared_ptr<bell> b) : wake{std::move(b)} {}
  std::atomic<bool> connected = false;
  std::atomic<bool> closed = false;
  std::atomic<std::uint32_t> breaks = 0;       ///< how often the connection was lost
  std::atomic<std::uint32_t> feed_faults = 0;  ///< how often a feed may have missed something
  std::shared_ptr<bell> wake;

  static void on_disconnected(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = false;
      ++self->breaks;
      self->wake->ring();
    }
  }
  static void on_reconnected(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = true;
      self->wake->ring();
    }
  }
  static void on_closed(natsConnection*, void* id) {
    if (auto const self = registry<signals>::find(id)) {
      self->connected = false;
      self->closed = true;
      self->wake->ring();
    }
  }
  static void on_error(natsConnection*, natsSubscription*, natsStatus status, void* id) {
    if (status != NATS_MISSED_HEARTBEAT && status != NATS_MISMATCH && status != NATS_SLOW_CONSUMER) return;
    if (auto const self = registry<signals>::find(id)) {
      ++self->feed_faults;
      self->wake->ring();
    }
  }
};

/// An inbox that one caller reads at a time.
struct inbox {
  subscription_handle subscription;
  std::string base;  ///< the subject up to the number of the call, with a dot at its end
  std::uint64_t call = 0;
};

class link {
 public:
  /// Connects, which may take seconds; for the keeping thread.
  static result<std::shared_ptr<link>> open(options const& settings, std::shared_ptr<bell> wake) {
    auto made = client_options(settings);
    if (!made) return std::unexpected{std::move(made).error()};
    auto self = std::shared_ptr<link>{new link{settings, std::move(wake)}};
    natsOptions* const o = made->get();
    natsOptions_SetDisconnectedCB(o, signals::on_disconnected, self->id_);
    natsOptions_SetReconnectedCB(o, signals::on_reconnected, self->id_);
    natsOptions_SetClosedCB(o, signals::on_closed, self->id_);
    natsOptions_SetErrorHandler(o, signals::on_error, self->id_);
    natsConnection* connection = nullptr;
    natsStatus status = natsConnection_Connect(&connection, o);
    self->connection_.reset(connection);
    if (status == NATS_OK) {
      jsOptions js;
      jsOptions_Init(&js);
      js.Wait = 2000;
      jsCtx* context = nullptr;
      status = natsConnection_JetStream(&context, connection, &js);
      self->context_.reset(context);
    }
    if (status != NATS_OK) {
      std::string doing = "connect to";
      for (auto const& url : settings.servers) doing.append(" ").append(without_secrets(url));
      return std::unexpected{failed(status, doing)};
    }
    self->outlet_ = std::make_unique<jetstream_detail::outlet>(connection);
    self->max_message_bytes_ = natsConnection_GetMaxPayload(connection);
    // A loss between the connect and this line has been counted; the next state decides.
    self->signals_->connected = natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
    return self;
  }

  ~link() {
    registry<signals>::leave(id_);
    pool_.clear();  // before the connection, which each of them names
    spoilt_.clear();
  }
  link(link const&) = delete;
  link& operator=(link const&) = delete;

  [[nodiscard]] bool connected() const noexcept { return signals_->connected.load(std::memory_order_acquire); }
  [[nodiscard]] bool closed() const noexcept { return signals_->closed.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint32_t breaks() const noexcept { return signals_->breaks.load(std::memory_order_acquire); }
  [[nodiscard]] std::uint32_t feed_faults() const noexcept { return signals_->feed_faults.load(std::memory_order_acquire); }
  [[nodiscard]] std::int64_t max_message_bytes() const noexcept { return max_message_bytes_; }
  /// Ends the inboxes that nobody may use again; it may block, so it is for the keeping thread.
  void tidy() {
    std::vector<std::unique_ptr<inbox>> old;
    std::scoped_lock const lock{mutex_};
    std::swap(old, spoilt_);
  }
  [[nodiscard]] natsConnection* connection() const noexcept { return connection_.get(); }
  [[nodiscard]] jsCtx* context() const noexcept { return context_.get(); }

 private:
  friend class exchange;

  link(options const& settings, std::shared_ptr<bell> wake)
      : signals_{std::make_shared<signals>(std::move(wake))},
        id_{registry<signals>::enter(signals_)},
        inbox_base_{std::format("{}.{}.", settings.inbox_prefix, random_name())} {}

  natsStatus lease(std::unique_ptr<inbox>& out, deadline until) {
    {
      std::scoped_lock const lock{mutex_};
      if (!pool_.empty()) {
        out = std::move(pool_.back());
        pool_.pop_back();
        return NATS_OK;
      }
      out = std::make_unique<inbox>();
      out->base = std::format("{}{}.", inbox_base_, ++inboxes_);
    }
    natsSubscription* made = nullptr;
    std::string const all = out->base + ">";
    natsStatus const status =
        outlet_->small(all.size(), until, [&] { return natsConnection_SubscribeSync(&made, connection_.get(), all.c_str()); });
    out->subscription.reset(made);
    if (status == NATS_OK) natsSubscription_SetPendingLimits(made, -1, -1);  // bounded by what its reader asks for
    return status;
  }
  /// Something may still come to an inbox whose call did not hear all its answers: nobody gets that one again.
  void give_back(std::unique_ptr<inbox> used, bool settled) {
    std::scoped_lock const lock{mutex_};
    (settled ? pool_ : spoilt_).push_back(std::move(used));
  }

  std::shared_ptr<signals> signals_;
  void* id_;
  std::string inbox_base_;
  connection_handle connection_;
  context_handle context_;
  std::unique_ptr<jetstream_detail::outlet> outlet_;  // ends before the connection it writes to
  std::int64_t max_message_bytes_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<inbox>> pool_;
  std::vector<std::unique_ptr<inbox>> spoilt_;
  std::uint64_t inboxes_ = 0;
};

/// One call on a connection: any number of requests, each with its number, and their answers in whatever order they come.
/// \threads one thread
class exchange {
 public:
  exchange(std::shared_ptr<link> over, deadline until) : link_{std::move(over)}, until_{until}, breaks_{link_->breaks()} {
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
    std::size_t const bytes = subject.size() + stem_bytes_ + question.size() + 32;
    if (!link_->outlet_->fits(bytes)) {
      add(subject, header_list::none(), question, number);
      return send().first;
    }
    natsStatus const status = link_->outlet_->small(bytes, until_, [&] {
      return natsConnection_PublishRequest(link_->connection(), subject.c_str(), reply_to(number), question.data(),
                                           static_cast<int>(question.size()));
    });
    return note_sent(status, 1);
  }

  /// Collects a message; send() sends what was collected.
  void add(std::string const& subject, header_list const& headers, std::string_view payload, std::size_t number = 0) {
    if (status_ != NATS_OK) return;
    natsMsg* raw = nullptr;
    natsStatus status = natsMsg_Create(&raw, subject.c_str(), reply_to(number), payload.data(), static_cast<int>(payload.size()));
    collected_.emplace_back(raw);
    for (auto const& [name, value] : headers)
      if (status == NATS_OK) status = natsMsgHeader_Set(raw, name, value.c_str());
    if (status != NATS_OK) throw std::bad_alloc{};  // nothing else can be wrong with them
    collected_bytes_ += subject.size() + stem_bytes_ + headers.bytes() + payload.size() + 32;
  }
  /// \returns what became of it, and how many messages have left or may leave
  std::pair<natsStatus, std::size_t> send() {
    if (status_ != NATS_OK) return {status_, 0};
    auto messages = std::exchange(collected_, {});
    std::size_t const bytes = std::exchange(collected_bytes_, 0);
    std::size_t const count = messages.size();
    if (link_->outlet_->fits(bytes)) {
      std::size_t left = 0;
      natsStatus const status = link_->outlet_->small(bytes, until_, [&] {
        for (auto const& message : messages) {
          natsStatus const one = natsConnection_PublishMsg(link_->connection(), message.get());
          if (one != NATS_OK) return one;
          ++left;
        }
        return NATS_OK;
      });
      return {note_sent(status, left), left};
    }
    auto const [status, left] = link_->outlet_->large(std::move(messages), bytes, until_);
    return {note_sent(status, left), std::min(left, count)};
  }

  /// All answers have come.
  void settled() noexcept { settled_ = true; }

  struct answer {
    natsStatus status = NATS_OK;
    message_handle message{};
    std::size_t number = 0;
  };
  /// Waits for the next answer. The wait is cut into slices to notice a lost connection, which wakes nobody.
  /// \returns NATS_TIMEOUT when the time is over, NATS_CONNECTION_DISCONNECTED when answers are lost, NATS_NO_RESPONDERS
  ///          when nobody takes one of the requests: the client does not say which, nor lets see whether a stored message
  ///          that says 503 came instead
  answer next(deadline until) {
    using namespace std::chrono;
    if (status_ != NATS_OK) return {.status = status_};
    for (;;) {
      auto const left = ceil<milliseconds>(until - steady_clock::now()).count();
      natsMsg* raw = nullptr;
      natsStatus const status =
          natsSubscription_NextMsg(&raw, inbox_->subscription.get(), std::clamp<std::int64_t>(left, left > 0 ? 1 : 0, 50));
      message_handle message{raw};
      if (status == NATS_TIMEOUT) {
        if (link_->breaks() != breaks_) return {.status = NATS_CONNECTION_DISCONNECTED};
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
      return {.status = NATS_OK, .message = std::move(message), .number = *number};
    }
  }

 private:
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

}  // namespace strata::warm::jetstream_detail
