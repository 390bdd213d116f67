// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/frame.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/subject.hpp>
#include <strata/warm/jetstream/text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

// A frame as a message: the payload is the codec's bytes and nothing else, all the rest stands in headers.
//   Strata-Key       the key; bytes outside printable ASCII, spaces and `=` as =HH
//   Strata-Revision  decimal
//   Strata-Op        put or erase
//   Strata-Codec     the codec's id, escaped like the key; absent when the writer did not say
//   Strata-Schema    decimal; then, after a space, the fingerprint in hexadecimal where there is one
//   Strata-Created   milliseconds since 1970, decimal
//   Strata-Expires   the same of its end; absent where it has none
//   Strata-Sum       checksum(frame), eight hexadecimal digits
//   Strata-Instance  who published it and the number of that store: by it a writer knows a message of its own again
// A message with none of key, revision, operation and sum was written by another program: a frame of revision zero. One
// with some of them and not all, or with one that cannot be read, is damaged. No header is ever empty: nats.c
// reads past the end of an empty one into the next.
namespace strata::warm::jetstream_detail {

inline constexpr char const* key_header = "Strata-Key";
inline constexpr char const* revision_header = "Strata-Revision";
inline constexpr char const* operation_header = "Strata-Op";
inline constexpr char const* codec_header = "Strata-Codec";
inline constexpr char const* schema_header = "Strata-Schema";
inline constexpr char const* created_header = "Strata-Created";
inline constexpr char const* expires_header = "Strata-Expires";
inline constexpr char const* sum_header = "Strata-Sum";
inline constexpr char const* instance_header = "Strata-Instance";
inline constexpr char const* expected_header = "Nats-Expected-Last-Subject-Sequence";

/// The headers of one message, in the order they are written.
class header_list {
 public:
  void add(char const* name, std::string value) {
    bytes_ += std::string_view{name}.size() + value.size() + 4;  // colon, space, line end
    list_[count_++] = {name, std::move(value)};
  }
  [[nodiscard]] auto begin() const noexcept { return list_.begin(); }
  [[nodiscard]] auto end() const noexcept { return list_.begin() + static_cast<std::ptrdiff_t>(count_); }
  /// What they take on the wire and count towards the server's limit.
  [[nodiscard]] std::size_t bytes() const noexcept { return count_ == 0 ? 0 : bytes_; }
  static header_list const& none() noexcept {
    static header_list const empty;
    return empty;
  }

 private:
  std::array<std::pair<char const*, std::string>, 10> list_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 12;  // NATS/1.0 and the empty line
};

/// \param from      who publishes it, in which store
/// \param expected  the sequence that the subject's last message must have, if any
inline header_list headers_of(frame const& f, std::string_view from, std::optional<std::uint64_t> expected) {
  header_list list;
  std::string text;
  escape(f.key, plain_in_header, text);
  list.add(key_header, std::move(text));
  list.add(revision_header, std::to_string(number(f.revision)));
  list.add(operation_header, std::string{to_string(f.operation)});
  if (!f.codec.empty()) {
    text.clear();
    escape(f.codec, plain_in_header, text);
    list.add(codec_header, std::move(text));
  }
  list.add(schema_header,
           f.fingerprint == 0 ? std::to_string(f.schema) : std::format("{} {:016x}", f.schema, f.fingerprint));
  list.add(created_header, std::to_string(f.created_ms));
  if (f.expires_ms != 0) list.add(expires_header, std::to_string(f.expires_ms));
  list.add(sum_header, std::format("{:08x}", f.sum ? *f.sum : checksum(f)));
  list.add(instance_header, std::string{from});
  if (expected) list.add(expected_header, std::to_string(*expected));
  return list;
}

/// Headers of a message as nats.c parsed them.
class parsed_headers {
 public:
  explicit parsed_headers(natsMsg* message) noexcept : message_{message} {}
  [[nodiscard]] std::optional<std::string_view> get(char const* name) const noexcept {
    char const* value = nullptr;
    if (natsMsgHeader_Get(message_, name, &value) != NATS_OK || value == nullptr) return std::nullopt;
    return std::string_view{value};
  }
  /// The last of several of the same name.
  [[nodiscard]] std::optional<std::string_view> last(char const* name) const noexcept {
    char const** values = nullptr;
    int count = 0;
    if (natsMsgHeader_Values(message_, name, &values, &count) != NATS_OK || count < 1) return std::nullopt;
    std::string_view const found{values[count - 1]};
    std::free(values);
    return found;
  }

 private:
  natsMsg* message_;
};

/// Headers as a block of bytes, which is how the stream's leader gives them.
class header_block {
 public:
  explicit header_block(std::string_view block) noexcept : block_{block} {}
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept {
    std::size_t line = block_.find("\r\n");
    while (line != std::string_view::npos) {
      line += 2;
      std::size_t const end = block_.find("\r\n", line);
      std::string_view const text = block_.substr(line, end == std::string_view::npos ? end : end - line);
      if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == ':') {
        std::string_view value = text.substr(name.size() + 1);
        while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
        while (!value.empty() && value.back() == ' ') value.remove_suffix(1);
        return value;
      }
      line = end;
    }
    return std::nullopt;
  }

 private:
  std::string_view block_;
};

inline std::unexpected<error> damaged(std::string_view what) {
  return failure(errc::corrupt, tier::warm, std::format("the message's header {} cannot be read", what));
}

/// Reads a message back into what it says of itself; whether that is to be believed is for the caller to judge (K3).
/// \param key  what was asked for, or read from the subject: the key of a message that does not say its own
/// \errors     corrupt: some of our headers, and not readable ones
template <class Headers>
result<frame> frame_of(Headers const& headers, std::string_view key, std::string_view payload) {
  frame f;
  f.payload = payload;
  auto const key_text = headers.get(key_header);
  auto const revision_text = headers.get(revision_header);
  auto const operation_text = headers.get(operation_header);
  auto const sum_text = headers.get(sum_header);
  if (!key_text && !revision_text && !operation_text && !sum_text) {
    f.key = key;
    return f;
  }
  auto own = key_text ? unescape(*key_text, plain_in_header) : std::nullopt;
  if (!own) return damaged(key_header);
  f.key = *std::move(own);
  auto const rev = revision_text ? number_in<std::uint64_t>(*revision_text) : std::nullopt;
  if (!rev) return damaged(revision_header);
  f.revision = revision{*rev};
  if (operation_text == "erase")
    f.operation = operation::erase;
  else if (operation_text == "notice")
    f.operation = operation::notice;
  else if (operation_text != "put")
    return damaged(operation_header);
  if (auto const text = headers.get(codec_header)) {
    auto codec = unescape(*text, plain_in_header);
    if (!codec) return damaged(codec_header);
    f.codec = *std::move(codec);
  }
  if (auto const text = headers.get(schema_header)) {
    std::size_t const space = text->find(' ');
    auto const schema = number_in<std::uint32_t>(text->substr(0, space));
    if (!schema) return damaged(schema_header);
    f.schema = *schema;
    if (space != std::string_view::npos)
      f.fingerprint = number_in<std::uint64_t>(text->substr(space + 1), 16).value_or(0);
  }
  if (auto const text = headers.get(created_header)) f.created_ms = number_in<std::int64_t>(*text).value_or(0);
  if (auto const text = headers.get(expires_header)) {
    auto const end = number_in<std::int64_t>(*text);
    if (!end || *end == 0) return damaged(expires_header);
    f.expires_ms = *end;
  }
  auto const sum = sum_text && sum_text->size() == 8 ? number_in<std::uint32_t>(*sum_text, 16) : std::nullopt;
  if (!sum) return damaged(sum_header);
  f.sum = *sum;
  return f;
}

/// Whether a message of another program only marks that its subject is gone.
template <class Headers>
bool marks_removal(Headers const& headers) {
  if (headers.get("Nats-Marker-Reason")) return true;
  auto const kv = headers.get("KV-Operation");
  return kv == "DEL" || kv == "PURGE";
}

/// What a stored message means to somebody who asked for a key.
template <class Headers>
result<sighting> sighting_of(Headers const& headers, std::string_view key, std::string_view payload,
                             std::uint64_t sequence) {
  sighting seen{.frame = std::nullopt, .position = position{sequence}};
  if (payload.empty() && marks_removal(headers)) return seen;
  auto f = frame_of(headers, key, payload);
  if (!f) return std::unexpected{std::move(f).error()};
  seen.frame = *std::move(f);
  return seen;
}

}  // namespace strata::warm::jetstream_detail
