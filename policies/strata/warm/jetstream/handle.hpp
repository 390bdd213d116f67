// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <nats/nats.h>

#include <array>
#include <cstddef>
#include <memory>
#include <random>
#include <string_view>
#include <utility>

// An owner for each kind of thing that nats.c hands out.
namespace strata::warm::jetstream_detail {

template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* handle) const noexcept {
    Destroy(handle);
  }
};

using options_handle = std::unique_ptr<natsOptions, destroyer<natsOptions_Destroy>>;
using connection_handle = std::unique_ptr<natsConnection, destroyer<natsConnection_Destroy>>;
using context_handle = std::unique_ptr<jsCtx, destroyer<jsCtx_Destroy>>;
using message_handle = std::unique_ptr<natsMsg, destroyer<natsMsg_Destroy>>;
using subscription_handle = std::unique_ptr<natsSubscription, destroyer<natsSubscription_Destroy>>;
using metadata_handle = std::unique_ptr<jsMsgMetaData, destroyer<jsMsgMetaData_Destroy>>;
using stream_info_handle = std::unique_ptr<jsStreamInfo, destroyer<jsStreamInfo_Destroy>>;

/// \returns the message's body, valid as long as the message
inline std::string_view body(natsMsg const* message) noexcept {
  char const* data = natsMsg_GetData(message);
  int const size = natsMsg_GetDataLength(message);
  return data == nullptr || size <= 0 ? std::string_view{} : std::string_view{data, static_cast<std::size_t>(size)};
}

/// Messages that are done with. The client frees each on a thread of its own that sleeps until there is one: a context switch
/// for every message, often in the middle of what its reader does. A few small ones together cost hardly more.
/// What is kept is 32 messages and 64 KiB at most, and one that is larger. How many the first time is left to chance: readers
/// that hear equally much, threads of one process or processes that follow one stream, would otherwise all let go in the same
/// moment, and wait for each other.
/// \threads one
class done_messages {
 public:
  done_messages() : due_{1 + std::random_device{}() % most_messages} {}

  /// It stays valid until the next is added.
  void add(message_handle one) noexcept {
    std::size_t const more = body(one.get()).size();
    if (count_ == due_ || bytes_ + more > most_bytes) clear();
    bytes_ += more;
    kept_[count_++] = std::move(one);
  }

 private:
  static constexpr std::size_t most_messages = 32;
  static constexpr std::size_t most_bytes = 64 * 1024;

  void clear() noexcept {
    while (count_ > 0) kept_[--count_] = nullptr;
    bytes_ = 0;
    due_ = most_messages;
  }

  std::array<message_handle, most_messages> kept_;
  std::size_t due_;  // how many are let go together
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace strata::warm::jetstream_detail
