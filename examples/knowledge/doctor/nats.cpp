// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "nats.hpp"

#include <strata/warm/jetstream/answers.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/options.hpp>
#include <strata/warm/jetstream/stream.hpp>

#include <boost/json.hpp>

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <format>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../report.hpp"

namespace knowledge_tool::doctor {
namespace {

namespace js = strata::warm::jetstream_detail;

/// What a server says of itself before anything else. The client has read it too, and tells nobody its version.
std::optional<boost::json::object> greeting(std::string_view url) {
  if (auto const scheme = url.find("://"); scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  if (auto const at = url.rfind('@'); at != std::string_view::npos) url.remove_prefix(at + 1);
  auto const colon = url.rfind(':');
  std::string host{url.substr(0, colon)};
  std::string const port{colon == std::string_view::npos ? "4222" : url.substr(colon + 1)};
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo const wanted{.ai_flags = 0,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_STREAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* addresses = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &wanted, &addresses) != 0) return std::nullopt;
  std::string line;
  for (auto const* a = addresses; a != nullptr && line.empty(); a = a->ai_next) {
    int const to = ::socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
    timeval const patience{.tv_sec = 2, .tv_usec = 0};
    ::setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (::connect(to, a->ai_addr, a->ai_addrlen) == 0) {
      char part[4096];
      for (ssize_t n = 0; line.find('\n') == std::string::npos && (n = ::recv(to, part, sizeof part, 0)) > 0;)
        line.append(part, static_cast<std::size_t>(n));
    }
    ::close(to);
  }
  ::freeaddrinfo(addresses);
  if (!line.starts_with("INFO ")) return std::nullopt;
  boost::system::error_code fault;
  auto const said = boost::json::parse(line.substr(5, line.find('\n') - 5), fault);
  if (fault || !said.is_object()) return std::nullopt;
  return said.as_object();
}

void examine_servers(natsConnection* connection, std::int64_t replicas, findings& found) {
  char** urls = nullptr;
  int count = 0;
  if (natsConnection_GetServers(connection, &urls, &count) != NATS_OK) return;
  std::set<std::string> seen;
  for (int i = 0; i < count; ++i) {
    std::string const url = urls[i];
    std::free(urls[i]);
    auto const said = greeting(url);
    std::string const where = js::without_secrets(url);
    if (!said) {
      found.unknown(where, "the server does not say its version");
      continue;
    }
    if (!seen.insert(std::string{said->at("server_id").as_string()}).second) continue;
    std::string const version{said->at("version").as_string()};
    for (auto const& text : js::warnings(version, replicas)) found.mend(where, text);
    if (auto const* const jetstream = said->if_contains("jetstream"); jetstream == nullptr || !jetstream->as_bool())
      found.note(where, "this server has no JetStream of its own");
  }
  std::free(urls);
}

/// "max_age is 7, ours would be 8: nats stream edit ..." as text and command.
std::pair<std::string, std::string> parted(std::string const& difference) {
  auto const at = difference.find(": nats ");
  if (at == std::string::npos) return {difference, {}};
  return {difference.substr(0, at), difference.substr(at + 2)};
}

void examine_stream(jsStreamInfo const& info, js::options const& settings, findings& found) {
  std::string const where = "stream " + settings.stream;
  auto const& is = *info.Config;
  auto const& state = info.State;
  for (auto const& difference : js::differences(is, settings)) {
    auto [text, command] = parted(difference);
    if (text.starts_with("max_msgs_per_subject")) {
      text.append("; superseded copies stay and push others out");
      if (state.Msgs > 0)
        text.append(std::format(": {} messages hold {} keys", grouped(state.Msgs),
                                grouped(static_cast<std::uint64_t>(state.NumSubjects))));
      found.mend(where, text, command);
    } else if (text.starts_with("allow_direct"))
      found.mend(where, text + "; each read goes through the stream's leader, one key at a time", command);
    else if (text.starts_with("storage"))
      found.mend(where, text + "; a restart of the server empties it");
    else if (text.starts_with("retention") || text.starts_with("discard"))
      found.mend(where, text, command);
    else
      found.note(where, text, command);
  }
  auto const headroom = [&](std::string_view what, std::int64_t used, std::int64_t limit, std::string_view flag) {
    if (limit > 0 && used >= limit / 10 * 9)
      found.mend(
          where,
          std::format("{} of {} {} are used: the oldest go as new ones come", grouped(static_cast<std::uint64_t>(used)),
                      grouped(static_cast<std::uint64_t>(limit)), what),
          std::format("nats stream edit {} --{}={}", settings.stream, flag, limit * 2));
  };
  headroom("messages", static_cast<std::int64_t>(state.Msgs), is.MaxMsgs, "max-msgs");
  headroom("bytes", static_cast<std::int64_t>(state.Bytes), is.MaxBytes, "max-bytes");
  if (info.Cluster == nullptr) return;
  if (info.Cluster->Leader == nullptr || std::string_view{info.Cluster->Leader}.empty())
    found.mend(where, "has no leader at the moment", "nats stream info " + settings.stream);
  for (int i = 0; i < info.Cluster->ReplicasLen; ++i) {
    auto const& one = *info.Cluster->Replicas[i];
    if (one.Offline)
      found.mend(where, std::format("its replica on {} is offline", one.Name), "nats server list");
    else if (!one.Current && one.Lag > 1000)
      found.mend(where, std::format("its replica on {} is {} operations behind", one.Name, grouped(one.Lag)),
                 "nats stream info " + settings.stream);
  }
}

/// What the server refused of all that was sent so far, the last of it; or nothing. Answers to that never come.
std::string refusal(natsConnection* connection) {
  natsConnection_FlushTimeout(connection, 2000);
  char const* text = nullptr;
  return natsConnection_GetLastError(connection, &text) == NATS_NOT_PERMITTED ? text : std::string{};
}

/// What the user may do, as the server says it; servers before 2.10 do not know the question. Who may not ask it may not do
/// everything.
void examine_user(natsConnection* connection, js::options const& settings, findings& found) {
  char const* const question = "$SYS.REQ.USER.INFO";
  natsConnection_PublishString(connection, question, "");
  if (!refusal(connection).empty()) return;
  natsMsg* raw = nullptr;
  if (natsConnection_RequestString(&raw, connection, question, "", 2000) != NATS_OK) return;
  js::message_handle const answer{raw};
  boost::system::error_code fault;
  auto const said =
      boost::json::parse({natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))}, fault);
  if (fault || !said.is_object() || !said.as_object().contains("data")) return;
  auto const* const data = said.as_object().at("data").if_object();
  if (data != nullptr && !data->contains("permissions"))
    found.mend(
        "NATS user",
        std::format("may do everything, also delete the stream {}; a running program needs what permissions.conf "
                    "permits",
                    settings.stream),
        "include ./permissions.conf where nats-server's configuration has the user, and give its programs the inbox "
        "prefix _INBOX_STRATA (here --nats-inbox-prefix)");
}

/// The newest message may be of a key that was first written after the database was restored, so some are looked at that are
/// twice as far back each time.
std::uint64_t highest_revision(natsConnection* connection, jsStreamState const& state, js::options const& settings) {
  std::uint64_t highest = 0;
  for (std::uint64_t back = 0; back < state.LastSeq && state.LastSeq - back >= state.FirstSeq; back = 2 * back + 1) {
    natsMsg* raw = nullptr;
    auto const question =
        std::format(R"({{"seq":{},"next_by_subj":"{}.{}.>"}})", state.LastSeq - back, settings.prefix, settings.space);
    if (natsConnection_RequestString(&raw, connection, ("$JS.API.STREAM.MSG.GET." + settings.stream).c_str(),
                                     question.c_str(), 2000) != NATS_OK)
      break;
    js::message_handle const message{raw};
    auto const answer =
        js::leader_answer({natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw))}, "what it says");
    if (answer && answer->frame) highest = std::max(highest, std::to_underlying(answer->frame->revision));
  }
  return highest;
}

}  // namespace

std::optional<std::uint64_t> examine_nats(js::options const& settings, findings& found) {
  if (auto const fault = js::fault_of(settings); !fault.empty()) return found.unknown("NATS", fault), std::nullopt;
  auto made = js::client_options(settings);
  if (!made) return found.unknown("NATS", std::string{made.error().text()}), std::nullopt;
  if (auto const given = js::give_secrets(settings, made->get()); !given)
    return found.unknown("NATS", std::string{given.error().text()}), std::nullopt;
  natsOptions_SetMaxReconnect(made->get(), 0);
  natsOptions_SetErrorHandler(made->get(), [](auto...) {}, nullptr);  // else the client prints them
  natsConnection* connection = nullptr;
  if (auto const status = natsConnection_Connect(&connection, made->get()); status != NATS_OK) {
    std::string names;
    for (auto const& url : settings.servers) names.append(names.empty() ? "" : ", ").append(js::without_secrets(url));
    return found.unknown("NATS", std::format("{}: {}", names, natsStatus_GetText(status)), "nats-server -js"),
           std::nullopt;
  }
  js::connection_handle const open{connection};
  natsSubscription* heard = nullptr;
  natsConnection_SubscribeSync(&heard, connection, (settings.inbox_prefix + ".doctor").c_str());
  js::subscription_handle const inbox{heard};
  if (auto const why = refusal(connection); !why.empty())
    return found.unknown("NATS user", why + ", where answers would come",
                         "name the inbox prefix that the user may listen to by --nats-inbox-prefix"),
           std::nullopt;
  jsCtx* context = nullptr;
  natsConnection_JetStream(&context, connection, nullptr);
  js::context_handle const jetstream{context};
  jsStreamInfo* raw = nullptr;
  jsErrCode number{};
  auto const status = js_GetStreamInfo(&raw, context, settings.stream.c_str(), nullptr, &number);
  js::stream_info_handle const info{raw};
  examine_servers(connection, info ? info->Config->Replicas : settings.replicas, found);
  examine_user(connection, settings, found);
  if (status == NATS_NOT_FOUND)
    return found.mend("stream " + settings.stream, "is not there; the first program that opens the cache makes it",
                      "knowledge stats"),
           std::nullopt;
  if (status != NATS_OK) {
    char const* const text = number != 0 ? nats_GetLastError(nullptr) : nullptr;
    return found.unknown("stream " + settings.stream,
                         std::format("cannot be looked at: {}", text != nullptr ? text : natsStatus_GetText(status))),
           std::nullopt;
  }
  examine_stream(*info, settings, found);
  if (auto const fault = js::stream_fault(*info->Config, settings); !fault.empty()) {
    auto const [text, command] = parted(fault);
    return found.mend("stream " + settings.stream, text, command), std::nullopt;
  }
  return highest_revision(connection, info->State, settings);
}

}  // namespace knowledge_tool::doctor
