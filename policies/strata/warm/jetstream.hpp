// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/change.hpp>
#include <strata/concepts/capability.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/follow.hpp>
#include <strata/warm/jetstream/keeper.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/reading.hpp>
#include <strata/warm/jetstream/storing.hpp>
#include <strata/warm/jetstream/writing.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The warm tier on NATS JetStream: one stream, one subject per key, the last message of a subject is the key's copy. Any
// client in any language can read it, since the payload is the codec's bytes alone and the rest stands in headers.
// The key-value buckets of JetStream were the alternative: the same costs, but a fixed name for the stream, which other
// programs have named already.
namespace strata::warm {

struct jetstream {
  using options = jetstream_detail::options;
  template <class Key, class Value, class Context>
  class tier;

  /// Ends its feed when it goes away; then the sink is not running and will never be called again.
  class subscription {
   public:
    subscription() = default;
    subscription(subscription&&) = default;
    subscription& operator=(subscription&& other) noexcept {
      std::swap(keeper_, other.keeper_);
      std::swap(feed_, other.feed_);
      return *this;
    }
    ~subscription() {
      if (!feed_) return;
      if (keeper_->foreign())
        new auto(std::move(*this));  // nothing of it may be touched in a fork
      else
        keeper_->remove(feed_);
    }
    /// Begins anew: something may have been missed without notice.
    void renew() {
      if (!keeper_->foreign()) feed_->renew();
    }

   private:
    template <class Key, class Value, class Context>
    friend class jetstream::tier;
    subscription(std::shared_ptr<jetstream_detail::keeper> k, std::shared_ptr<jetstream_detail::feed> f)
        : keeper_{std::move(k)}, feed_{std::move(f)} {}

    std::shared_ptr<jetstream_detail::keeper> keeper_;
    std::shared_ptr<jetstream_detail::feed> feed_;
  };

  /// \threads every member is safe from any thread
  template <class Key, class Value, class Context>
  class tier {
   public:
    /// Connects in the background; a server that does not answer is no error here.
    /// \errors throws open_error for settings that no server can mend
    tier(options const& settings, Context const&)
        : keeper_{std::make_shared<jetstream_detail::keeper>(checked(settings), seen_)},
          reader_{keeper_},
          writer_{keeper_, seen_, reader_} {}
    ~tier() {
      if (keeper_->foreign())
        new auto(keeper_);  // nothing of it may be touched in a fork
      else
        keeper_->close();
    }
    tier(tier const&) = delete;
    tier& operator=(tier const&) = delete;

    /// \returns the last message of the key's subject, or a vacancy; both with its position
    /// \errors  unavailable, timed_out; corrupt: a message that cannot be read; rejected: no key
    /// \complexity one round trip
    result<sighting> load(std::string_view key, deadline until) const { return reader_.load(key, until); }

    /// Waits for the acknowledgement.
    /// \param at  where the key has to stand, if anywhere
    /// \errors    conflict; rejected: too large, nothing was sent; unavailable: surely not stored; timed_out: it may have been
    /// \complexity one round trip; three for a key that is in the stream and that this process has not seen there
    result<position> store(frame const& f, std::optional<position> at, deadline until) const {
      return writer_.store(f, at, until);
    }

    /// Publishes an empty message that says so. \errors as store
    result<position> erase(std::string_view key, revision r, deadline until) const {
      using namespace std::chrono;
      frame f;
      f.key = key;
      f.revision = r;
      f.operation = operation::erase;
      f.created_ms = duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
      return writer_.store(f, std::nullopt, until);
    }

    /// \returns what load would for each key, in the order asked; a key may be asked twice
    /// \complexity one round trip per 500 keys or 8 MiB where the server knows how (2.11); else one question per key,
    ///             of which 128 or about 16 MiB of answers at most are on their way at any time
    std::vector<result<sighting>> load_many(std::span<std::string_view const> keys, deadline until) const {
      return reader_.load_many(keys, until);
    }

    /// \returns what store would for each placement, in their order; of equal keys the highest revision stays
    /// \complexity at most 256 messages or 4 MiB are unacknowledged at any time
    std::vector<result<position>> store_many(std::span<placement const> frames, deadline until) const {
      return writer_.store_many(frames, until);
    }

    /// Whether programs that escape nothing keep the key elsewhere than this tier does.
    static bool kept_elsewhere(std::string_view key) { return jetstream_detail::spelled_elsewhere(key); }
    /// Replaces what they have there, as far as there is something and it is older.
    /// \returns how many it replaced  \errors as store  \complexity one round trip where nothing has to be replaced
    result<std::size_t> correct(std::span<placement const> frames, deadline until) const {
      return writer_.correct(frames, until);
    }

    /// Calls sink(news) on threads of the client and of this tier, one at a time, for every change of this space, this
    /// process's too, until the subscription given back is gone. It may end and renew its own feed.
    template <class Sink>
    [[nodiscard]] subscription follow(Sink sink) {
      return subscription{keeper_, keeper_->follow(std::move(sink))};
    }

    /// \returns where the stream's last message stands, of whatever space, as its leader says
    /// \errors  unavailable: also when it went back or is another one; timed_out
    /// \complexity one round trip, which stores nothing
    result<position> end(deadline until) const { return keeper_->end(until); }

    /// Waits until the stream can be used and the feeds hear it. \errors unavailable with the reason
    result<void> wait_ready(deadline until) const {
      auto const at = keeper_->ready(until, jetstream_detail::patience::until_heard);
      if (!at) return std::unexpected{at.error()};
      return {};
    }

    /// \returns the stream and the subjects in it, and when it was made, which tells it from one of the same name elsewhere
    [[nodiscard]] std::string identity() const { return keeper_->identity(); }

    [[nodiscard]] tier_health health() const { return keeper_->health(); }

   private:
    static options const& checked(options const& settings) {
      if (auto const fault = jetstream_detail::fault_of(settings); !fault.empty())
        throw open_error{error{errc::rejected, strata::tier::warm, fault}};
      if (auto const made = jetstream_detail::client_options(settings); !made) throw open_error{made.error()};
      return settings;
    }

    std::shared_ptr<jetstream_detail::seen_table> seen_ = std::make_shared<jetstream_detail::seen_table>();
    std::shared_ptr<jetstream_detail::keeper> keeper_;
    jetstream_detail::reader reader_;
    jetstream_detail::writer writer_;
  };
};

}  // namespace strata::warm
