// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/mapping.hpp>
#include <strata/cold/postgres/names.hpp>
#include <strata/cold/postgres/sqlstate.hpp>
#include <strata/cold/postgres/watchdog.hpp>
#include <strata/secret.hpp>

#include <boost/test/unit_test.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

// What the PostgreSQL tier decides without a server.

using namespace strata::cold::pg;
using strata::errc;
using strata::secret;

BOOST_AUTO_TEST_SUITE(cold_postgres)

BOOST_AUTO_TEST_CASE(an_sqlstate_says_what_to_do) {
  struct {
    std::string_view state;
    errc code;
    remedy what;
  } const rows[] = {
      {"40001", errc::unavailable, remedy::retry},     {"40P01", errc::unavailable, remedy::retry},
      {"40003", errc::unavailable, remedy::reconnect}, {"57014", errc::timed_out, remedy::report},
      {"55P03", errc::timed_out, remedy::report},      {"57P01", errc::unavailable, remedy::reconnect},
      {"57P03", errc::unavailable, remedy::reconnect}, {"53300", errc::unavailable, remedy::report},
      {"53100", errc::unavailable, remedy::report},    {"08006", errc::unavailable, remedy::reconnect},
      {"25006", errc::unavailable, remedy::report},    {"26000", errc::unavailable, remedy::reconnect},
      {"42P05", errc::unavailable, remedy::reconnect}, {"22021", errc::rejected, remedy::report},
      {"22P05", errc::rejected, remedy::report},       {"22003", errc::rejected, remedy::report},
      {"23505", errc::rejected, remedy::report},       {"42501", errc::rejected, remedy::report},
      {"42P01", errc::rejected, remedy::report},       {"P0001", errc::rejected, remedy::report},
      {"XX001", errc::corrupt, remedy::report},        {"28P01", errc::unavailable, remedy::report},
      {"0A000", errc::unavailable, remedy::reconnect}, {"", errc::unavailable, remedy::reconnect},
      {"ZZ999", errc::rejected, remedy::report},
  };
  for (auto const& row : rows) {
    auto const got = judge(row.state);
    BOOST_TEST((got.code == row.code && got.what == row.what), "SQLSTATE " << row.state);
  }
}

BOOST_AUTO_TEST_CASE(a_connection_string_is_completed_and_its_secrets_known) {
  auto const words = read_conninfo(R"(host=here password = 'it\'s a secret' application_name=mine)");
  BOOST_REQUIRE(words);
  BOOST_TEST(words->text.starts_with("application_name=strata "));  // theirs comes later and counts
  BOOST_TEST(words->text.ends_with(" client_encoding=UTF8"));
  BOOST_TEST(words->scrub("no it's a secret, it's a secret") == "no ***, ***");
  auto const uri = read_conninfo("postgresql://me:p%40ss@here:5433/db?sslmode=require&sslpassword=other");
  BOOST_REQUIRE(uri);
  BOOST_TEST(uri->scrub("p@ss p%40ss other here") == "*** *** *** here");
  BOOST_TEST(uri->text.ends_with("&client_encoding=UTF8"));
  BOOST_TEST(read_conninfo("postgresql://here/db")->text.contains("?application_name=strata&"));
  BOOST_TEST(read_conninfo("")->text.contains("client_encoding"));
  for (std::string_view const bad : {"host", "host=a b", "password='open", "postgresql://u:a@b@c/d",
                                     "postgresql://u:a/b@c", "postgres://h/d?word", "postgresql://u:a?b@c/d"}) {
    auto const r = read_conninfo(bad);
    BOOST_TEST((!r && r.error() == errc::rejected), bad);
    BOOST_TEST((!r && !r.error().text().contains("open")));
  }
  BOOST_TEST(!read_conninfo(std::string_view{"host=a\0b", 8}));
}

BOOST_AUTO_TEST_CASE(a_password_of_its_own_is_quoted_in_either_form) {
  auto const with = [](std::string_view connection, secret password) {
    auto info = *read_conninfo(connection);
    info.password = std::move(password);
    return info.with_password(info.in_any_order());
  };
  BOOST_TEST(with("host=here", R"(it's \ mine)")->ends_with(R"( load_balance_hosts=random password='it\'s \\ mine')"));
  BOOST_TEST(with("postgresql://here/db", "a&b%")->ends_with("&load_balance_hosts=random&password=%61%26%62%25"));
  BOOST_TEST(with("host=here", {})->ends_with("load_balance_hosts=random"));
  auto const nul = with("host=here", std::string{"a\0b", 3});
  BOOST_TEST((!nul && nul.error() == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(names_are_put_in_and_nothing_else) {
  names const n{.schema = "public", .table = "t", .space = "s"};
  BOOST_TEST(n.fill("select '{}', '{version}', {space} from {table} join {erased} {1} {") ==
             R"(select '{}', '{version}', 's' from "public"."t" join "public"."t_erased" {1} {)");
  BOOST_TEST(read_names({.table = "a.b"})->schema == "a");
  BOOST_TEST(read_names({.table = "b"})->schema == "");
  BOOST_TEST(!read_names({.table = std::string(49, 'x')}));
}

BOOST_AUTO_TEST_CASE(an_array_is_written_as_postgresql_reads_it) {
  using namespace std::string_view_literals;
  using strata::cold::pg::array;
  auto const text = [](array const& a) {
    return std::string_view{reinterpret_cast<char const*>(a.view().data()), a.view().size()};
  };
  BOOST_TEST(text(array{oid::text, 0, 0}) == "\0\0\0\1\0\0\0\0\0\0\0\x19\0\0\0\0\0\0\0\1"sv);
  array some{oid::jsonb, 2, 5};
  some.add("{}"), some.add("300");
  BOOST_TEST(text(some) ==
             "\0\0\0\1\0\0\0\0\0\0\x0e\xda\0\0\0\2\0\0\0\1\0\0\0\3\1{}\0\0\0\4\1"
             "300"sv);
}

BOOST_AUTO_TEST_CASE(the_watchdog_shuts_what_is_overdue_and_nothing_else) {
  using namespace std::chrono_literals;
  std::vector<watched> eyes(2);
  int pairs[2][2];
  for (int i = 0; i < 2; ++i) {
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[i]) == 0);
    eyes[static_cast<std::size_t>(i)].socket = pairs[i][0];
  }
  {
    watchdog dog{eyes};
    char byte = 0;
    auto const now = std::chrono::steady_clock::now();
    dog.arm(eyes[0], now + 60s);
    dog.arm(eyes[1], now + 50ms);                       // earlier than what it sleeps for
    BOOST_TEST(::recv(pairs[1][0], &byte, 1, 0) == 0);  // ends when it is shut
    BOOST_TEST((std::chrono::steady_clock::now() >= now + 50ms));
    BOOST_TEST(dog.disarm(eyes[1]));
    BOOST_TEST(!dog.disarm(eyes[0]));
    for (int i = 0; i < 20'000; ++i) {  // in time, all of them
      dog.arm(eyes[0], std::chrono::steady_clock::now() + 10s);
      if (dog.disarm(eyes[0])) BOOST_FAIL("shut in time");
    }
    dog.arm(eyes[0], now + 60s);
    dog.shut_all();
    BOOST_TEST(dog.disarm(eyes[0]));
  }
  for (auto const& pair : pairs) ::close(pair[0]), ::close(pair[1]);
}

BOOST_AUTO_TEST_SUITE_END()
