// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <nats/nats.h>

#include <memory>
#include <string_view>

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

}  // namespace strata::warm::jetstream_detail
