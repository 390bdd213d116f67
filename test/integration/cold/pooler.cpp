// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#include "own_server.hpp"
#include "support.hpp"
#include "writers.hpp"

#include <strata/testing/laws/cold.hpp>
#include <strata/testing/report.hpp>

#include <boost/test/unit_test.hpp>

#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// Behind PgBouncer in transaction mode: each statement may run in another session.

using namespace cold_test;
using strata::errc;

BOOST_TEST_GLOBAL_FIXTURE(no_housekeeping);

namespace {

std::string without_user(std::string connection) {
  auto const at = connection.find("user=");
  return connection.erase(at, connection.find(' ', at) - at);
}

/// Three sessions for any number of clients.
class pooler {
 public:
  pooler()
      : folder_{environment("STRATA_TEST_FOLDER") + "/pooler"}, port_{std::stoi(environment("STRATA_TEST_PORT")) + 11} {
    std::filesystem::create_directory(folder_);
    std::ofstream{folder_ + "/users"} << "\"strata\" \"\"\n\"patient\" \"\"\n";
    std::ofstream{folder_ + "/ini"} << "[databases]\nstrata = " << without_user(server())
                                    << "\n[pgbouncer]\npool_mode = transaction\n"
                                    << "default_pool_size = 3\nlisten_addr = 127.0.0.1\nlisten_port = " << port_
                                    << "\nunix_socket_dir =\nauth_type = trust\nauth_file = " << folder_
                                    << "/users\npidfile = " << folder_ << "/pid\nlogfile = " << folder_ << "/log\n";
  }
  ~pooler() { kill(); }
  void start() {
    BOOST_REQUIRE(std::system(std::format("/usr/sbin/pgbouncer -q -d {}/ini", folder_).c_str()) == 0);
    BOOST_REQUIRE(eventually([&] {  // it goes to the background before it listens
      try {
        pqxx::connection{connection()};
        return true;
      } catch (pqxx::broken_connection const&) {
        return false;
      }
    }));
  }
  void kill() {
    std::ifstream file{folder_ + "/pid"};
    pid_t pid = 0;
    if (!(file >> pid)) return;
    ::kill(pid, SIGKILL);
    (void)eventually([&] { return ::kill(pid, 0) != 0; });
    std::filesystem::remove(folder_ + "/pid");
  }
  [[nodiscard]] std::string connection(std::string_view user = "strata") const {
    return std::format("host=127.0.0.1 port={} user={} dbname=strata", port_, user);
  }
  [[nodiscard]] postgres::options options(std::string table) const {
    auto o = patient(connection());
    o.connections = 6;
    o.table = std::move(table);
    return o;
  }

 private:
  std::string folder_;
  int port_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_laws_of_cold_tiers_hold_behind_a_pooler) {
  pooler between;
  between.start();
  strata::testing::tally tally;
  strata::testing::cold_laws<postgres>(between.options("pooled_laws"), [&](strata::testing::verdict const& v) {
    if (!v.passed) BOOST_TEST_MESSAGE(v.law << ": " << v.text);
    tally(v);
  });
  for (auto const& law : tally.broken()) BOOST_ERROR(law);
  BOOST_TEST(tally.checks() > 1'000U);
}

BOOST_AUTO_TEST_CASE(a_pooler_killed_in_the_middle_of_calls_loses_nothing) {
  pooler between;
  between.start();
  opened_notes cold{between.options("pooled")};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  BOOST_TEST(cold.tier.health().text.contains("the role has no statement_timeout"), cold.tier.health().text);
  writers all{cold.tier, 5};
  for (int round = 0; round < 4; ++round) {
    auto const before = all.acknowledged();
    BOOST_TEST(eventually([&] { return all.acknowledged() > before + 20; }));
    between.kill();
    between.start();
  }
  BOOST_TEST(bool(cold.tier.wait_ready(soon())));
  all.judge(cold.tier);
}

BOOST_AUTO_TEST_CASE(time_outs_are_the_roles_and_sessions_are_left_as_they_were) {
  other sql;
  sql("create role patient login");
  pooler between;
  between.start();
  auto o = between.options("patience");
  o.application_role = "patient";
  o.time_outs = strata::cold::pg::time_outs::role;
  o.lock_timeout = 300ms;
  {
    opened_notes cold{o};
    BOOST_REQUIRE(cold.tier.wait_ready(soon()));
    pqxx::connection c{between.connection()};
    BOOST_TEST(pqxx::nontransaction{c}.exec("show lock_timeout").one_field().as<std::string>() == "0");
  }
  o.connection = between.connection("patient");
  o.setup = strata::cold::pg::setup::check;
  opened_notes cold{o};
  BOOST_REQUIRE(cold.tier.wait_ready(soon()));
  BOOST_TEST(cold.tier.health().text == "");
  BOOST_REQUIRE(cold.tier.store("a", {.id = "a"}, strata::anything, soon()));
  sql("begin; update patience set content_raw = 'theirs' where artifact_id = 'a'");
  auto const started = now();
  auto const late = cold.tier.store("a", {.id = "a", .text = "ours"}, strata::anything, soon());
  BOOST_TEST((!late && late.error() == errc::timed_out), why(late));
  BOOST_TEST((now() - started < 10s));
  sql("rollback");
}
