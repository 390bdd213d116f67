// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/error.hpp>
#include <strata/secret.hpp>
#include <strata/warm/jetstream/handle.hpp>
#include <strata/warm/jetstream/subject.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <format>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace strata::warm::jetstream_detail {

/// What to do when the stream shall have more replicas than there are servers.
enum class few_servers : std::uint8_t {
  report,   ///< the tier stays down and says why
  use_one,  ///< the stream is created with one replica, and health() says so
};

/// What an operator sets. Limits apply when the stream is created by us; one that is found is left as it is.
struct options {
  std::vector<std::string> servers = {"nats://127.0.0.1:4222"};
  std::string stream = "KNOWLEDGE_CACHE";
  std::string prefix = "knowledge.cache";  ///< the stream takes everything below it
  std::string space = "template";          ///< third token: the caches of one stream differ in it
  std::int64_t replicas = 3;
  jetstream_detail::few_servers few_servers = few_servers::report;
  std::int64_t max_messages = 100'000;
  std::int64_t max_bytes = 10'737'418'240;  ///< reserved on every replica when the stream is created
  std::chrono::seconds max_age = std::chrono::days{30};

  /// A core subject on which each write that the stream acknowledged is announced, for programs that listen without
  /// following the stream: the message is the key, byte for byte, and nothing else. Empty: nothing is announced.
  std::string announce_subject = {};

  std::string user = {};
  secret password = {};  ///< itself, secret::in_file(path) or secret::from(function, context)
  secret token = {};
  std::string credentials_file = {};  ///< a user's JWT and seed, as the nsc tool writes them; read at each connect
  std::string nkey = {};              ///< the public key that belongs to nkey_seed_file
  std::string nkey_seed_file = {};
  /// Certificates to trust, the system's otherwise. Turns TLS on, as does a server of the form tls://..., and with it the
  /// check that the certificate is of the host connected to; there is no way to do without.
  std::string tls_ca_file = {};
  std::string tls_certificate_file = {};
  std::string tls_key_file = {};
  std::string inbox_prefix = "_INBOX";  ///< answers come below it; a private one keeps them from others' eyes
  std::string name = "strata";          ///< how the server's monitoring lists the connection
};

/// \returns why these settings cannot work whatever the server does, or nothing
inline std::string fault_of(options const& o) {
  if (o.servers.empty()) return "warm: name at least one server, like nats://127.0.0.1:4222";
  for (auto const& url : o.servers)
    if (url.empty() || url.find_first_of(", \r\n\t") != std::string::npos)
      return "warm: each entry of servers is one URL, without commas and spaces";
  auto const odd = [](char c) { return c <= ' ' || c == 127 || std::string_view{".*>/\\\""}.contains(c); };
  if (o.stream.empty() || o.stream.size() > 255 || std::ranges::any_of(o.stream, odd))
    return "warm: a stream's name has 1 to 255 bytes, and no spaces, dots, slashes, quotes, `*` or `>`";
  if (!good_prefix(o.prefix))
    return "warm: the prefix is made of letters, digits, `_` and `-`, with single dots between";
  if (!good_prefix(o.space) || o.space.find('.') != std::string::npos)
    return "warm: the space is one token of letters, digits, `_` and `-`";
  if (!good_prefix(o.inbox_prefix))
    return "warm: the inbox prefix is made of letters, digits, `_` and `-`, with single dots between";
  if (!o.announce_subject.empty() && !good_prefix(o.announce_subject))
    return "warm: announce_subject is made of letters, digits, `_` and `-`, with single dots between";
  if ((o.announce_subject + ".").starts_with(o.prefix + "."))
    return "warm: announce_subject lies below the prefix, so the stream would take the announcements for values";
  if (o.replicas < 1 || o.replicas > 5) return "warm: a stream has 1 to 5 replicas";
  if (o.nkey.empty() != o.nkey_seed_file.empty()) return "warm: nkey and nkey_seed_file belong together";
  if (o.tls_certificate_file.empty() != o.tls_key_file.empty())
    return "warm: tls_certificate_file and tls_key_file belong together";
  return {};
}

/// A URL for people: without the name and password that it may carry.
inline std::string without_secrets(std::string_view url) {
  std::size_t const scheme = url.find("://");
  std::size_t const host = scheme == std::string_view::npos ? 0 : scheme + 3;
  std::size_t const at = url.rfind('@');
  return at == std::string_view::npos || at < host ? std::string{url}
                                                   : std::string{url.substr(0, host)}.append(url.substr(at + 1));
}

/// Whether the connection is encrypted.
inline bool encrypts(options const& o) {
  return !o.tls_ca_file.empty() || !o.tls_certificate_file.empty() ||
         std::ranges::any_of(o.servers, [](auto const& url) { return url.starts_with("tls://"); });
}

/// What an operator should know of the settings.
inline std::string warning_of(options const& o) {
  auto const elsewhere = [](std::string_view url) {
    auto const plain = without_secrets(url);
    std::size_t const scheme = plain.find("://");
    std::string_view host = std::string_view{plain}.substr(scheme == std::string::npos ? 0 : scheme + 3);
    if (host.starts_with("[::1]")) return false;
    host = host.substr(0, host.find_first_of(":/"));
    bool const address = host.find_first_not_of("0123456789.") == std::string_view::npos;
    return host != "localhost" && !(address && host.starts_with("127."));
  };
  return encrypts(o) || std::ranges::none_of(o.servers, elsewhere)
             ? std::string{}
             : "the connection is not encrypted: name servers as tls://..., or give tls_ca_file";
}

/// The client's own form of the settings, callbacks and secrets aside.
/// \errors rejected: a file that cannot be read, a URL that is none
inline result<options_handle> client_options(options const& o) {
  natsOptions* raw = nullptr;
  if (natsOptions_Create(&raw) != NATS_OK) throw std::bad_alloc{};
  options_handle made{raw};
  natsStatus status = NATS_OK;
  std::string_view doing;
  auto const set = [&](std::string_view what, auto&& setting) {
    if (status != NATS_OK) return;
    doing = what;
    status = setting();
  };
  std::vector<char const*> urls;
  for (auto const& url : o.servers) urls.push_back(url.c_str());
  set("servers", [&] { return natsOptions_SetServers(raw, urls.data(), static_cast<int>(urls.size())); });
  // For ever: the default gives up after sixty tries and stays closed.
  set("reconnecting", [&] { return natsOptions_SetMaxReconnect(raw, -1); });
  // Ten tries a second: what comes back is found at once, and a refused try costs nobody anything.
  set("reconnecting", [&] { return natsOptions_SetReconnectWait(raw, 100); });
  set("reconnecting", [&] { return natsOptions_SetReconnectJitter(raw, 50, 50); });
  // A dead peer is noticed in two to three seconds; the default takes minutes.
  set("pinging", [&] { return natsOptions_SetPingInterval(raw, 1000); });
  set("pinging", [&] { return natsOptions_SetMaxPingsOut(raw, 2); });
  // K7: otherwise what was published while disconnected fails and is sent later all the same.
  set("buffering", [&] { return natsOptions_SetReconnectBufSize(raw, 0); });
  // A try that got lost on its way delays the next one, which might reach a network that has healed.
  set("time-outs", [&] { return natsOptions_SetTimeout(raw, 1000); });
  set("time-outs", [&] { return natsOptions_SetWriteDeadline(raw, 3000); });
  // Every call waits for its answer, so nothing is gained by collecting writes for a millisecond.
  set("sending", [&] { return natsOptions_SetSendAsap(raw, true); });
  set("name", [&] { return natsOptions_SetName(raw, o.name.c_str()); });
  set("inbox_prefix", [&] { return natsOptions_SetCustomInboxPrefix(raw, o.inbox_prefix.c_str()); });
  if (!o.credentials_file.empty())
    set("credentials_file",
        [&] { return natsOptions_SetUserCredentialsFromFiles(raw, o.credentials_file.c_str(), nullptr); });
  if (!o.nkey.empty())
    set("nkey", [&] { return natsOptions_SetNKeyFromSeed(raw, o.nkey.c_str(), o.nkey_seed_file.c_str()); });
  if (encrypts(o)) set("tls", [&] { return natsOptions_SetSecure(raw, true); });
  if (!o.tls_ca_file.empty())
    set("tls_ca_file", [&] { return natsOptions_LoadCATrustedCertificates(raw, o.tls_ca_file.c_str()); });
  if (!o.tls_certificate_file.empty())
    set("tls_certificate_file",
        [&] { return natsOptions_LoadCertificatesChain(raw, o.tls_certificate_file.c_str(), o.tls_key_file.c_str()); });
  if (status != NATS_OK)
    return failure(errc::rejected, tier::warm,
                   std::format("warm: {} cannot be used: {}", doing, natsStatus_GetText(status)));
  return made;
}

/// Adds what may be another whenever a connection is made. \errors unavailable: the secret cannot be had
inline result<void> give_secrets(options const& o, natsOptions* to) {
  auto const text_of = [](secret const& from) -> result<std::string> {
    auto text = from.read();
    if (text) return text;
    return failure(text.error().code(), tier::warm, std::format("NATS: connect: {}", text.error().text()));
  };
  if (!o.user.empty()) {
    auto const password = text_of(o.password);
    if (!password) return std::unexpected{password.error()};
    if (natsOptions_SetUserInfo(to, o.user.c_str(), password->c_str()) != NATS_OK) throw std::bad_alloc{};
  }
  if (!o.token.empty()) {
    auto const token = text_of(o.token);
    if (!token) return std::unexpected{token.error()};
    if (natsOptions_SetToken(to, token->c_str()) != NATS_OK) throw std::bad_alloc{};
  }
  return {};
}

}  // namespace strata::warm::jetstream_detail
