// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/deferred.hpp>
#include <strata/frame.hpp>
#include <strata/record.hpp>

#include <chrono>
#include <string>
#include <string_view>

namespace strata::flow {

/// The frame of a value for tiers that keep bytes. \errors rejected, with the codec's reason
template <class Codec, class Value>
deferred<result<frame>, Codec> seal(Codec const& codec, std::string_view key, revision r, Value const& value,
                                    std::int64_t expires_ms = 0) {
  deferred<frame, Codec> f;
  if (auto const encoded = codec.encode(value, f.payload); !encoded) return std::unexpected{encoded.error()};
  f.key = key;
  f.revision = r;
  f.codec = Codec::id;
  f.schema = record<Value>::schema;
  f.fingerprint = Codec::fingerprint;
  using clock = deferred<std::chrono::system_clock, Codec>;
  f.created_ms = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now().time_since_epoch()).count();
  f.expires_ms = expires_ms;
  f.sum = checksum(f);
  return f;
}

}  // namespace strata::flow
