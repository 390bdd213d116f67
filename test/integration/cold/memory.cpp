// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "../../support/sanitized.hpp"
#include "../../support/tcp_proxy.hpp"
#include "failing_memory.hpp"
#include "support.hpp"

#include <strata/cold/postgres/conninfo.hpp>
#include <strata/cold/postgres/pool.hpp>

#include <boost/test/unit_test.hpp>

#include <pqxx/connection>

#include <chrono>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

using namespace cold_test;

namespace {

/// Sessions of other programs than the one that asks.
int sessions(other& sql) {
  return sql("select count(*) from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()")
      .one_field()
      .as<int>();
}

/// What a fresh connection needs: from then on, but for so many allocations, the thread that connects has no memory.
struct no_memory_to_connect_again {
  std::uint64_t left;

  template <class Arm>
  strata::result<strata::cold::pg::backend> operator()(pqxx::connection&, Arm const&) const {
    strata_test::armed = {.left = left, .failures = strata_test::all_after};
    return strata::cold::pg::backend{};
  }
  static void survey(pqxx::connection&) {}
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_call_without_memory_loses_no_connection_and_nothing_that_is_stored) {
  other sql;
  int const before = sessions(sql);
  auto o = on("without_memory");
  o.connections = 1;
  opened_notes cold{o};
  without_memory{cold.tier,
                 [](std::string_view key, std::string_view text) {
                   return note{.id = std::string{key}, .text = std::string{text}};
                 },
                 soon()}
      .all();
  auto const until = soon();
  while (sessions(sql) > before + 1 && std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  BOOST_TEST(sessions(sql) <= before + 1);
}

BOOST_AUTO_TEST_CASE(that_a_server_is_gone_takes_no_memory) {
  if (strata_test::sanitized) return;  // libpqxx itself leaks a connection that it has no memory to make
  auto const direct = server();
  for (std::uint64_t n = 1; n < 20; ++n) {
    std::optional<strata_test::tcp_proxy> wire{std::in_place, std::stoi(direct.substr(direct.find("port=") + 5))};
    auto const info = strata::cold::pg::read_conninfo(std::format("{} port={}", direct, wire->port()));
    no_memory_to_connect_again setup{n};
    strata::cold::pg::pool<no_memory_to_connect_again> one{info.value(), 1, std::chrono::seconds{30}, setup};
    auto lent = one.take(soon());
    BOOST_REQUIRE_MESSAGE(lent, why(lent));
    wire.reset();
    lent->give_up();
    (void)lent->settle();
    BOOST_TEST(one.first_answer(soon()).has_value());  // it has tried to connect again
    BOOST_TEST((one.wait_ready(in(std::chrono::milliseconds{0})).error() == strata::errc::unavailable));
  }
}
