// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>
#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/connection.hpp>
#include <strata/warm/jetstream/exchange.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/standing.hpp>
#include <strata/warm/jetstream/status.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <format>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

// The stream: created as the settings say, or taken as it is found. Other programs live on it, so what differs is told to a
// person with the command that would change it, and never changed by us.
namespace strata::warm::jetstream_detail {

inline constexpr std::int64_t duplicate_window_ns = 120'000'000'000;

/// What the tier has to know of its stream.
struct stream_facts {
  bool direct = false;  ///< reads may ask any server at once; else they go through the leader
  std::int64_t replicas = 1;
  std::int64_t max_message_bytes = -1;  ///< -1: the server's limit alone
  std::vector<std::string> warnings;
  std::vector<std::string> differences;
  std::string note;  ///< what was done about it: created, created with fewer replicas
};

/// What differs between a stream and the one we would create, and how to change it.
inline std::vector<std::string> differences(jsStreamConfig const& is, options const& o) {
  std::vector<std::string> all;
  auto const differs = [&](std::string_view what, auto found, auto ours, std::string_view flag) {
    if (found == ours) return;
    if (flag.empty())
      all.push_back(std::format("{} is {}, ours would be {}: only a new stream can change that", what, found, ours));
    else
      all.push_back(
          std::format("{} is {}, ours would be {}: nats stream edit {} {}", what, found, ours, o.stream, flag));
  };
  auto const limit = [](std::int64_t n) { return n <= 0 ? std::int64_t{-1} : n; };
  using namespace std::string_view_literals;
  differs("storage", is.Storage == js_FileStorage ? "file"sv : "memory"sv, "file"sv, "");
  differs("retention", is.Retention == js_LimitsPolicy ? "limits"sv : "another"sv, "limits"sv, "");
  differs("discard", is.Discard == js_DiscardOld ? "old"sv : "new"sv, "old"sv, "--discard=old");
  differs("max_msgs", limit(is.MaxMsgs), limit(o.max_messages), std::format("--max-msgs={}", o.max_messages));
  differs("max_bytes", limit(is.MaxBytes), limit(o.max_bytes), std::format("--max-bytes={}", o.max_bytes));
  differs("max_age", is.MaxAge / 1'000'000'000, std::int64_t{o.max_age.count()},
          std::format("--max-age={}s", o.max_age.count()));
  differs("max_msgs_per_subject", limit(is.MaxMsgsPerSubject), std::int64_t{1}, "--max-msgs-per-subject=1");
  differs("allow_direct", is.AllowDirect, true, "--allow-direct");
  differs("num_replicas", is.Replicas, o.replicas, std::format("--replicas={}", o.replicas));
  differs("duplicate_window", is.Duplicates, duplicate_window_ns, "--dupe-window=2m");
  return all;
}

/// Whether a stream's subject, wildcards included, takes whatever the other one does.
constexpr bool covers(std::string_view subject, std::string_view other) noexcept {
  for (;;) {
    auto const token = subject.substr(0, subject.find('.'));
    auto const theirs = other.substr(0, other.find('.'));
    if (token == ">") return true;
    if (token != theirs && (token != "*" || theirs == ">")) return false;
    bool const last = token.size() == subject.size();
    if (last || theirs.size() == other.size()) return last && theirs.size() == other.size();
    subject.remove_prefix(token.size() + 1);
    other.remove_prefix(theirs.size() + 1);
  }
}

/// \returns why a stream that was found cannot hold our messages, or nothing
inline std::string stream_fault(jsStreamConfig const& is, options const& o) {
  std::string const ours = o.prefix + "." + o.space + ".";
  bool takes = false;
  for (int i = 0; i < is.SubjectsLen; ++i) takes = takes || covers(is.Subjects[i], ours + "*");
  if (!takes)
    return std::format("the stream {} does not take {}*: nats stream edit {} --subjects='{}.>'", o.stream, ours,
                       o.stream, o.prefix);
  if (is.NoAck) return std::format("the stream {} acknowledges nothing: nats stream edit {} --ack", o.stream, o.stream);
  if (is.Sealed) return std::format("the stream {} is sealed; only a new one can take messages", o.stream);
  return {};
}

/// "2.11.4" as numbers; what is not there is zero.
constexpr std::array<int, 3> version_in(std::string_view text) noexcept {
  std::array<int, 3> parts{};
  char const* at = text.data();
  char const* const end = at + text.size();
  for (int& part : parts) {
    auto const [after, fault] = std::from_chars(at, end, part);
    if (fault != std::errc{} || after == end || *after != '.') break;
    at = after + 1;
  }
  return parts;
}

/// What an operator should know of the server. \param version  empty before 2.11, which does not say
inline std::vector<std::string> warnings(std::string_view version, std::int64_t replicas) {
  std::vector<std::string> all;
  auto const is = version_in(version);
  std::string const name = version.empty() ? "nats-server before 2.11" : std::format("nats-server {}", version);
  bool const mended = is >= std::array{2, 14, 0} || (is[1] == 12 && is[2] >= 7) || (is[1] == 11 && is[2] >= 16);
  if (!mended) all.push_back(name + ": security advisories of 2026 ask for 2.11.16, 2.12.7, 2.14.0 or newer");
  if (replicas > 1 && is < std::array{2, 11, 0})
    all.push_back(name + ": with several replicas it lets several racing writers win; 2.11.0 mended that");
  return all;
}

inline stream_facts facts_of(jsStreamInfo const& info, options const& o) {
  jsStreamConfig const& is = *info.Config;
  stream_facts facts{.direct = is.AllowDirect && is.Replicas <= 1,
                     .replicas = is.Replicas,
                     .max_message_bytes = is.MaxMsgSize > 0 ? is.MaxMsgSize : -1,
                     .warnings = {},
                     .differences = differences(is, o),
                     .note = {}};
  std::string_view version;
  for (int i = 0; i + 1 < is.Metadata.Count * 2; i += 2)
    if (std::string_view{is.Metadata.List[i]} == "_nats.ver") version = is.Metadata.List[i + 1];
  facts.warnings = warnings(version, is.Replicas);
  return facts;
}

inline std::string stream_request(options const& o, std::int64_t replicas) {
  return std::format(
      R"({{"name":"{}","subjects":["{}.>"],"storage":"file","retention":"limits","discard":"old","max_msgs":{},)"
      R"("max_bytes":{},"max_age":{},"max_msgs_per_subject":1,"allow_direct":true,"num_replicas":{},)"
      R"("duplicate_window":{}}})",
      o.stream, o.prefix, o.max_messages, o.max_bytes, std::chrono::nanoseconds{o.max_age}.count(), replicas,
      duplicate_window_ns);
}

/// \returns the number of the server's refusal, zero for none, and what it says
inline result<std::pair<int, std::string>> create(std::shared_ptr<link> const& over, options const& o,
                                                  std::int64_t replicas, deadline until) {
  auto const answer = ask_server(over, std::format("$JS.API.STREAM.CREATE.{}", o.stream), stream_request(o, replicas),
                                 std::format("create the stream {}", o.stream), until);
  if (!answer) return std::unexpected{answer.error()};
  auto const [number, why] = objection_in(*answer);
  return std::pair{number, std::string{why}};
}

/// Finds the stream, or creates it. Takes some round trips; for the keeping thread.
/// \errors unavailable: not there and not to be had, with the reason; rejected: there, and of no use to us
inline result<stream_facts> find_or_create(std::shared_ptr<link> const& over, options const& o, deadline until) {
  auto const look = [&]() -> result<stream_facts> {
    jsErrCode number{};
    jsStreamInfo* raw = nullptr;
    natsStatus const status = js_GetStreamInfo(&raw, over->context(), o.stream.c_str(), nullptr, &number);
    stream_info_handle const info{raw};
    std::string const doing = std::format("look for the stream {}", o.stream);
    if (status != NATS_OK) {
      // Of a stream that is not there, or not yet where it is asked for, the client has no text.
      char const* const why = nats_GetLastError(nullptr);
      return std::unexpected{number != 0 ? refused(number, why != nullptr ? why : "not found", doing)
                                         : failed(status, doing)};
    }
    if (auto const fault = stream_fault(*info->Config, o); !fault.empty())
      return failure(errc::rejected, tier::warm, "JetStream: " + fault);
    return facts_of(*info, o);
  };
  std::string note;
  if (auto const there = ask_standing(over, o.stream, until); !there) {
    return std::unexpected{there.error()};
  } else if (there->created.empty()) {
    note = std::format("the stream {} was created", o.stream);
    auto made = create(over, o, o.replicas, until);
    auto const too_few = [&] { return made && (made->first == 10074 || made->first == 10005); };  // cluster, peers
    bool const needs_more = too_few();
    if (needs_more && o.few_servers == few_servers::use_one && o.replicas > 1) {
      note.append(std::format(" with 1 replica instead of {}: {}", o.replicas, made->second));
      made = create(over, o, 1, until);
    }
    if (!made) return std::unexpected{made.error()};
    if (made->first == 10058) {  // somebody else was faster
      note.clear();
    } else if (made->first != 0) {
      error reason = refused(made->first, made->second, std::format("create the stream {}", o.stream));
      if (made->first == 10047)  // storage
        return failure(
            errc::unavailable, tier::warm,
            std::format("{}: the stream reserves {} bytes on each of its servers; give it less with .max_bytes, "
                        "or the servers more with max_file",
                        reason.text(), o.max_bytes));
      if (!needs_more) return std::unexpected{std::move(reason)};
      return failure(
          errc::unavailable, tier::warm,
          std::format("{}; set .replicas = 1, or .few_servers = use_one to let Strata do so", reason.text()));
    }
  }
  auto facts = look();
  if (facts) facts->note = std::move(note);
  return facts;
}

}  // namespace strata::warm::jetstream_detail
