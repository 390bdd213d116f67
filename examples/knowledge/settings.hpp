// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/secret.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <stdexcept>
#include <string>
#include <type_traits>

// The settings of the tiers as options of the command line, each with an environment variable. A tier that this build
// does not have offers none.
namespace knowledge_tool {

/// Where a user's programs keep what is theirs. \throws std::runtime_error: nobody says where that is
inline std::filesystem::path default_file() {
  auto const* const data = std::getenv("XDG_DATA_HOME");
  if (data != nullptr && *data == '/') return std::filesystem::path{data} / "strata" / "knowledge.db";
  auto const* const home = std::getenv("HOME");
  if (home == nullptr || *home == '\0') throw std::runtime_error{"--file: HOME is not set, so say where templates go"};
  return std::filesystem::path{home} / ".local" / "share" / "strata" / "knowledge.db";
}

/// Makes the folder of the file, where there is a file. Without a name it is the user's own.
template <class Options>
void make_room(Options& o) {
  if constexpr (requires { o.cold.file; }) {
    if (o.cold.file.empty()) o.cold.file = default_file().string();
    auto const folder = std::filesystem::path{o.cold.file}.parent_path();
    if (!folder.empty()) std::filesystem::create_directories(folder);
  }
}

template <class Options>
void offer_settings(CLI::App& app, Options& o, std::chrono::milliseconds& ready_within) {
  auto const offer = [&]<class T>(char const* name, T& value, char const* variable, char const* what) {
    auto* const option = app.add_option(name, value, what);
    if constexpr (std::is_arithmetic_v<T>) option->check(CLI::TypeValidator<T>{""});
    return option->envname(variable)->capture_default_str()->group("Settings");
  };
  // Clocks count nanoseconds, and end after three centuries.
  static constexpr std::chrono::milliseconds longest = std::chrono::years{1};
  auto const offer_time = [&](char const* name, std::chrono::milliseconds& value, char const* variable,
                              char const* what) {
    app.add_option_function<std::int64_t>(
           name, [&value](std::int64_t ms) { value = std::min(std::chrono::milliseconds{ms}, longest); }, what)
        ->envname(variable)
        ->type_name("MILLISECONDS")
        ->default_str(std::to_string(value.count()))
        ->check(CLI::TypeValidator<std::int64_t>{""})
        ->check(CLI::PositiveNumber)
        ->group("Settings");
  };
  // A variable that an option's check refuses is one that CLI11 takes no notice of.
  app.parse_complete_callback([&app] {
    for (auto const* option : app.get_options())
      if (option->count() == 0 && !option->get_envname().empty())
        if (auto const* given = std::getenv(option->get_envname().c_str()); given != nullptr && *given != '\0')
          throw CLI::ValidationError{option->get_envname(),
                                     std::format("'{}' is no value for {}", given, option->get_name())};
  });

  if constexpr (requires { o.hot.capacity_entries; })
    offer("--hot-capacity", o.hot.capacity_entries, "STRATA_HOT_CAPACITY", "How many templates memory keeps")
        ->check(CLI::PositiveNumber);
  if constexpr (requires { o.cold.connection; }) {
    offer("--postgres", o.cold.connection, "STRATA_POSTGRES",
          "Where PostgreSQL is, as libpq's keywords or URI; what is left out comes from libpq's own variables");
    offer("--postgres-connections", o.cold.connections, "STRATA_POSTGRES_CONNECTIONS", "How many connections at most");
    offer("--table", o.cold.table, "STRATA_TABLE", "The table");
  }
  if constexpr (requires { o.cold.file; })
    offer("--file", o.cold.file, "STRATA_FILE",
          "The SQLite file, made where there is none; else strata/knowledge.db where your programs keep their data");
  if constexpr (requires { o.warm.servers; }) {
    offer("--nats", o.warm.servers, "STRATA_NATS", "Where NATS is: URLs, with commas between")
        ->delimiter(',')
        ->allow_extra_args(false);
    offer("--nats-user", o.warm.user, "STRATA_NATS_USER", "As whom, with the password in --nats-password-file");
    app.add_option_function<std::string>(
           "--nats-password-file", [&o](std::string const& path) { o.warm.password = strata::secret::in_file(path); },
           "File with the password and nothing else")
        ->envname("STRATA_NATS_PASSWORD_FILE")
        ->group("Settings");
    offer("--nats-credentials", o.warm.credentials_file, "STRATA_NATS_CREDENTIALS", "File with a user's JWT and seed");
    offer("--nats-nkey", o.warm.nkey, "STRATA_NATS_NKEY", "The user's public key");
    offer("--nats-nkey-seed", o.warm.nkey_seed_file, "STRATA_NATS_NKEY_SEED", "File with the seed that belongs to it");
    offer("--nats-ca", o.warm.tls_ca_file, "STRATA_NATS_CA", "File with the certificates to trust; turns TLS on");
    offer("--nats-certificate", o.warm.tls_certificate_file, "STRATA_NATS_CERTIFICATE",
          "File with our own certificate, where the server asks for one");
    offer("--nats-key", o.warm.tls_key_file, "STRATA_NATS_KEY", "File with the key of that certificate");
    offer("--nats-inbox-prefix", o.warm.inbox_prefix, "STRATA_NATS_INBOX_PREFIX",
          "Where answers come; permissions.conf permits _INBOX_STRATA");
    offer("--stream", o.warm.stream, "STRATA_STREAM", "The stream");
    offer("--stream-messages", o.warm.max_messages, "STRATA_STREAM_MESSAGES",
          "How many messages a stream that is created here keeps");
    offer("--stream-bytes", o.warm.max_bytes, "STRATA_STREAM_BYTES", "How many bytes it keeps");
    offer("--stream-replicas", o.warm.replicas, "STRATA_STREAM_REPLICAS",
          "How many servers keep it; one where there are not so many");
    o.warm.few_servers = decltype(o.warm.few_servers)::use_one;
  }
  offer_time("--ready-within", ready_within, "STRATA_READY_WITHIN",
             "How long to wait for the servers at the start, before going on without one");
  offer_time("--read-within", o.limits.read_within, "STRATA_READ_WITHIN", "How long a read may take");
  offer_time("--write-within", o.limits.write_within, "STRATA_WRITE_WITHIN", "How long a write may take");
}

}  // namespace knowledge_tool
