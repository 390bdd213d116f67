// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "own_server.hpp"
#include "support.hpp"

#include <strata/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Who may listen, whom we trust, which of several servers, and what is never told.

using namespace cold_test;
using strata::errc;
using strata::secret;

namespace {

void shell(std::string const& command) { BOOST_REQUIRE_MESSAGE(std::system(command.c_str()) == 0, command); }

void write(std::filesystem::path const& path, std::string_view text) {
  std::ofstream{path} << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

/// A server for which two authorities vouch in vain and one does; it takes passwords over TLS only.
struct guarded_server : own_server {
  std::string keys = environment("STRATA_TEST_FOLDER") + "/keys";
  guarded_server() {
    if (!std::filesystem::exists(keys)) {
      std::filesystem::create_directory(keys);
      write(keys + "/names", "subjectAltName=DNS:db.test\n");
      std::string const fresh = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 ";
      shell("cd " + keys + " && { for ca in right wrong; do openssl req -x509 " + fresh +
            "-nodes -keyout $ca.key -out $ca.crt -subj /CN=$ca -days 2; done; "
            "openssl req " +
            fresh +
            "-nodes -keyout server.key -out server.csr -subj /CN=db.test; "
            "openssl x509 -req -in server.csr -CA right.crt -CAkey right.key -CAcreateserial -days 2 -extfile names "
            "-out server.crt; "
            "openssl req -x509 " +
            fresh +
            "-passout pass:of-the-key -keyout client.key -out client.crt -subj /CN=client "
            "-days 2; chmod 600 *.key; } > log 2>&1");
    }
    write(keys + "/hba", "hostssl all guarded 127.0.0.1/32 scram-sha-256\nhost all strata 127.0.0.1/32 trust\n");
    start(std::format("ssl=on ssl_cert_file={0}/server.crt ssl_key_file={0}/server.key hba_file={0}/hba", keys));
    as_owner("create role guarded login superuser password 'right-secret'");
  }
  void as_owner(std::string const& sql) const {
    pqxx::connection c{connection()};
    pqxx::nontransaction{c}.exec(sql);
  }
  [[nodiscard]] std::string as_guarded(std::string_view more) const {
    return std::format("host=db.test hostaddr=127.0.0.1 port={} dbname=strata user=guarded {}", port(), more);
  }
};

/// Opens, and says why that did not lead to a connection; all that is ever told is kept.
struct witness {
  std::string told = {};
  std::string operator()(std::string connection, secret password = {}) {
    try {
      opened_notes cold{{.connection = std::move(connection),
                         .password = std::move(password),
                         .connections = 1,
                         .connect_timeout = 30s,
                         .wait_at_open = 30s}};
      auto const load = cold.tier.load("a", soon());
      auto const store = cold.tier.store("a", {.id = "a"}, strata::anything, soon());
      auto const text = cold.tier.health().text;
      told += std::format("{}\n{}\n{}\n", text, why(load), why(store));
      return load ? "connected" : text;
    } catch (strata::open_error const& e) {
      auto const text = std::format("{} {}", e.what(), e.why());
      told += text + "\n";
      return text;
    }
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_server_is_trusted_by_its_certificate_and_name_and_what_is_secret_is_not_told) {
  guarded_server const server;
  witness reason;
  auto const expect = [&](std::string const& connection, std::string_view text, secret password = {}) {
    auto const got = reason(connection, std::move(password));
    BOOST_TEST(got.contains(text), got << " does not say " << text);
  };
  auto const verified = std::format("sslmode=verify-full sslrootcert={}/right.crt ", server.keys);
  expect(server.as_guarded(verified + "password=right-secret"), "connected");
  expect(server.as_guarded(verified + "password=right-secret channel_binding=require"), "connected");
  expect(
      server.as_guarded(std::format("sslmode=verify-full sslrootcert={}/wrong.crt password=right-secret", server.keys)),
      "certificate verify failed");
  expect(std::format("host=other.test hostaddr=127.0.0.1 port={} dbname=strata user=guarded password=right-secret {}",
                     server.port(), verified),
         "does not match host name");
  expect(std::format("postgresql://guarded:planted%2Dsecret@db.test:{}/strata?hostaddr=127.0.0.1&sslmode=verify-full"
                     "&sslrootcert={}/right.crt",
                     server.port(), server.keys),
         "password authentication failed");
  expect(server.as_guarded(verified + "password='planted secret'"), "password authentication failed");
  expect(server.as_guarded(verified + std::format("password=right-secret sslcert={0}/client.crt sslkey={0}/client.key "
                                                  "sslpassword=planted-secret-of-the-key",
                                                  server.keys)),
         "could not load private key file");
  expect(server.as_guarded("sslmode=disable password=right-secret"), "no pg_hba.conf entry");
  expect(std::format("host=db.test hostaddr=127.0.0.1 port={} dbname=strata user=strata channel_binding=require "
                     "password=right-secret {}",
                     server.port(), verified),
         "hannel binding required");
  expect(server.as_guarded(verified + "password='planted-secret"), "quote");
  expect(server.as_guarded(verified + "password=right-secret planted-secret"), "a word has no '='");

  own_server plain;
  plain.start();
  expect(std::format("host=db.test hostaddr=127.0.0.1 port={} dbname=strata user=strata {}", plain.port(), verified),
         "server does not support SSL");

  // A password file is read again for each connection, so that a password can be changed while the program runs.
  auto const file = server.keys + "/passwords";
  write(file, std::format("*:{}:*:guarded:right-secret\n", server.port()));
  auto const by_file = server.as_guarded(verified + "channel_binding=require passfile=" + file);
  opened_notes cold{{.connection = by_file, .connections = 2}};
  auto const stored = cold.tier.store("by file", {.id = "by file"}, strata::anything, soon());
  BOOST_TEST(stored.has_value(), why(stored));
  server.as_owner("alter role guarded password 'next-secret'");
  write(file, std::format("*:{}:*:guarded:next-secret\n", server.port()));
  server.as_owner("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guarded'");
  BOOST_TEST(eventually([&] { return cold.tier.load("by file", in(5s)).has_value(); }));
  write(file, std::format("*:{}:*:guarded:planted-secret\n", server.port()));
  expect(by_file, "password authentication failed");

  // So is a function's, or a file's with the password alone.
  static std::atomic<char const*> spoken;
  spoken = nullptr;
  auto const vault = secret::from([](void*) -> std::string {
    if (char const* const word = spoken) return word;
    throw std::runtime_error{"planted-secret"};
  });
  auto const asked = server.as_guarded(verified + "password=planted-secret");
  expect(asked, "the function that gives a secret threw", vault);
  spoken = "planted secret";
  expect(asked, "password authentication failed", vault);
  spoken = "it's \\ next-secret";
  server.as_owner("alter role guarded password 'it''s \\ next-secret'");
  opened_notes told{{.connection = asked, .password = vault, .connections = 2}};
  BOOST_TEST(eventually([&] { return told.tier.load("by file", in(5s)).has_value(); }));
  spoken = "last-secret";
  server.as_owner("alter role guarded password 'last-secret'");
  server.as_owner("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'guarded'");
  BOOST_TEST(eventually([&] { return told.tier.load("by file", in(5s)).has_value(); }));
  expect(asked, "there is no secret to be read in the file " + server.keys, secret::in_file(server.keys));
  write(file, "last-secret\n");
  expect(asked, "connected", secret::in_file(file));

  for (auto const* word :
       {"right-secret", "next-secret", "last-secret", "planted-secret", "planted secret", "planted%2Dsecret"})
    BOOST_TEST(!reason.told.contains(word), reason.told);
  BOOST_TEST(reason.told.size() > 500U);
}

BOOST_AUTO_TEST_CASE(of_several_servers_the_one_that_can_be_written_is_found) {
  own_server first, second;
  first.start("max_connections=40 default_transaction_read_only=on");
  second.start();
  auto const both = [&](int one, int two) {
    return std::format("host=127.0.0.1,127.0.0.1 port={},{} user=strata dbname=strata target_session_attrs=read-write",
                       one, two);
  };
  opened_notes cold{{.connection = both(first.port(), second.port()), .connections = 2}};
  auto const stored = cold.tier.store("a", {.id = "a"}, strata::anything, soon());
  BOOST_TEST(stored.has_value(), why(stored));
  {
    opened_notes direct{second.options()};
    BOOST_TEST(bool(direct.tier.load("a", soon())->value));
  }
  second.stop();  // the other takes over
  {
    pqxx::connection c{first.connection()};
    pqxx::nontransaction tx{c};
    tx.exec("set default_transaction_read_only = off");
    tx.exec("alter database strata set default_transaction_read_only = off");
  }
  BOOST_TEST(eventually([&] { return cold.tier.store("b", {.id = "b"}, strata::anything, in(5s)).has_value(); }));

  // One that takes connections and never answers, like a machine that is gone, does not keep us from the other.
  int const hole = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  BOOST_REQUIRE(::bind(hole, reinterpret_cast<sockaddr*>(&here), size) == 0);
  BOOST_REQUIRE(::listen(hole, 64) == 0);
  BOOST_REQUIRE(::getsockname(hole, reinterpret_cast<sockaddr*>(&here), &size) == 0);
  opened_notes past{{.connection = both(ntohs(here.sin_port), first.port()), .connections = 1, .connect_timeout = 1s}};
  auto const ready = past.tier.wait_ready(soon());
  BOOST_TEST(ready.has_value(), why(ready));
  ::close(hole);
}
