// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/outlet.hpp>
#include <strata/warm/jetstream/signals.hpp>
#include <strata/warm/jetstream/status.hpp>

#include <atomic>
#include <cstdint>
#include <format>
#include <memory>
#include <mutex>
#include <new>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// One connection, shared by all threads, and the inboxes on which its calls hear their answers.
namespace strata::warm::jetstream_detail {

/// Sixteen hexadecimal digits that nobody else has.
inline std::string random_name() {
  std::random_device source;
  std::uint64_t const bits = std::uint64_t{source()} << 32U | source();
  return std::format("{:016x}", bits);
}

/// An inbox that one caller reads at a time.
struct inbox {
  subscription_handle subscription;
  std::string base;  ///< the subject up to the number of the call, with a dot at its end
  std::uint64_t call = 0;
  done_messages done;
};

class link {
 public:
  /// Connects, which may take seconds; for the keeping thread.
  static result<std::shared_ptr<link>> open(options const& settings, std::shared_ptr<bell> wake) {
    auto made = client_options(settings);
    if (!made) return std::unexpected{std::move(made).error()};
    if (auto const given = give_secrets(settings, made->get()); !given) return std::unexpected{given.error()};
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
      return std::unexpected{failed_to_connect(status, doing)};
    }
    self->outlet_ = std::make_unique<jetstream_detail::outlet>(connection);
    self->ask_limits();
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
  [[nodiscard]] refusals const& refused() const noexcept { return signals_->refused; }
  [[nodiscard]] std::int64_t max_message_bytes() const noexcept { return max_message_bytes_; }
  /// Another server may have other limits.
  void ask_limits() { max_message_bytes_ = natsConnection_GetMaxPayload(connection_.get()); }
  /// Ends the inboxes that nobody may use again; it may block, so it is for the keeping thread.
  void tidy() {
    std::vector<std::unique_ptr<inbox>> old;
    std::scoped_lock const lock{mutex_};
    std::swap(old, spoilt_);
  }
  /// Publishes a few bytes that nobody answers, if the time suffices.
  void tell(std::string const& subject, std::string_view text, deadline until) {
    std::size_t const bytes = subject.size() + text.size() + 32;
    if (outlet_->fits(bytes)) {
      outlet_->small(bytes, until, [&]() noexcept {
        return natsConnection_Publish(connection(), subject.c_str(), text.data(), static_cast<int>(text.size()));
      });
      return;
    }
    natsMsg* raw = nullptr;
    natsMsg_Create(&raw, subject.c_str(), nullptr, text.data(), static_cast<int>(text.size()));
    std::vector<message_handle> one;
    one.push_back(message_handle{raw});
    if (raw != nullptr) outlet_->large(std::move(one), bytes, until);
  }
  [[nodiscard]] natsConnection* connection() const noexcept { return connection_.get(); }
  [[nodiscard]] jsCtx* context() const noexcept { return context_.get(); }

 private:
  friend class exchange;

  link(options const& settings, std::shared_ptr<bell> wake)
      : signals_{std::make_shared<signals>(std::move(wake))},
        id_{registry<signals>::enter(signals_)},
        inbox_base_{std::format("{}.{}.", settings.inbox_prefix, random_name())} {}

  /// What OpenSSL says of a certificate is worth repeating; what else the client says may quote a URL.
  static error failed_to_connect(natsStatus status, std::string_view doing) {
    error plain = failed(status, doing);
    char const* const more = status == NATS_SSL_ERROR || status == NATS_ERR ? nats_GetLastError(nullptr) : nullptr;
    return more == nullptr ? plain : error{plain.code(), tier::warm, std::format("{}: {}", plain.text(), more)};
  }

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
    natsStatus const status = outlet_->small(all.size(), until, [&]() noexcept {
      return natsConnection_SubscribeSync(&made, connection_.get(), all.c_str());
    });
    out->subscription.reset(made);
    if (status == NATS_OK) natsSubscription_SetPendingLimits(made, -1, -1);  // bounded by what its reader asks for
    return status;
  }
  /// Something may still come to an inbox whose call did not hear all its answers: nobody gets that one again.
  void give_back(std::unique_ptr<inbox> used, bool settled) noexcept {
    std::scoped_lock const lock{mutex_};
    try {
      (settled ? pool_ : spoilt_).push_back(std::move(used));
    } catch (std::bad_alloc const&) {  // there is no room to keep it, so it ends with this call
    }
  }

  std::shared_ptr<signals> signals_;
  void* id_;
  std::string inbox_base_;
  connection_handle connection_;
  context_handle context_;
  std::unique_ptr<jetstream_detail::outlet> outlet_;  // ends before the connection it writes to
  std::atomic<std::int64_t> max_message_bytes_ = 0;
  std::mutex mutex_;
  std::vector<std::unique_ptr<inbox>> pool_;
  std::vector<std::unique_ptr<inbox>> spoilt_;
  std::uint64_t inboxes_ = 0;
};

}  // namespace strata::warm::jetstream_detail
