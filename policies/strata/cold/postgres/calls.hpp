// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
#pragma once

#include <strata/cold/postgres/array.hpp>
#include <strata/cold/postgres/fault.hpp>
#include <strata/cold/postgres/pool.hpp>
#include <strata/cold/postgres/sqlstate.hpp>
#include <strata/concepts/warm.hpp>
#include <strata/error.hpp>

#include <pqxx/except>
#include <pqxx/nontransaction>
#include <pqxx/params>
#include <pqxx/prepared_statement>
#include <pqxx/result>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <expected>
#include <new>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

// One prepared statement on one connection of the pool, with what follows from each way it can fail. A statement that the
// server refused did not happen. A read whose connection was lost is asked again. A write whose connection was lost may
// have happened: the process behind the connection is ended first, so that it cannot commit later, then the write's
// operation is looked for; what cannot be found out before the deadline is `unknown` (K6, P10).
namespace strata::cold::pg {

/// Names of operations: unique among all writers, not secret.
class operations {
 public:
  [[nodiscard]] std::string next() {
    char text[33];
    std::snprintf(text, sizeof text, "%016llx%016llx", static_cast<unsigned long long>(origin_),
                  static_cast<unsigned long long>(count_.fetch_add(1, std::memory_order_relaxed)));
    return text;
  }

 private:
  static std::uint64_t random() {
    std::random_device device;
    return std::uint64_t{device()} << 32U | device();
  }
  std::uint64_t const origin_ = random();
  std::atomic<std::uint64_t> count_{random()};
};

template <class Pool>
class calls {
 public:
  explicit calls(Pool& pool) noexcept : pool_{pool} {}

  /// A statement that changes nothing.
  result<pqxx::result> read(pqxx::zview name, pqxx::params const& with, deadline until) const {
    auto got = repeated(name, with, until);
    if (got) return std::move(*got);
    return std::unexpected{std::move(got.error().why)};
  }

  /// A statement that changes something, and done twice has done it once: asked again like a read, but where no answer came
  /// what became of it is `unknown`.
  result<pqxx::result> write_again(pqxx::zview name, pqxx::params const& with, deadline until) const {
    auto got = repeated(name, with, until);
    if (got) return std::move(*got);
    auto& lost = got.error();
    if (lost.sent && lost.what == remedy::reconnect) return failure(errc::unknown, tier::cold, lost.why.text());
    return std::unexpected{std::move(lost.why)};
  }

  /// A statement that leaves its operation with what it changes.
  /// \param keys  the keys it is about, for looking the operation up
  /// \returns its rows; or the rows of strata_trace, which begin like them
  result<pqxx::result> write(pqxx::zview name, pqxx::params const& with, std::span<std::string_view const> keys,
                             std::string const& operation, deadline until) const {
    for (int attempt = 0;; ++attempt) {
      auto got = once(name, with, until);
      if (got) return std::move(*got);
      auto& lost = got.error();
      if (again(lost, attempt, until)) continue;
      if (!lost.sent || lost.what != remedy::reconnect) return std::unexpected{std::move(lost.why)};
      auto trace = lost.overdue ? std::nullopt : find_out(lost.who, keys, operation, until);
      if (!trace)
        return failure(errc::unknown, tier::cold,
                       "the connection was lost during a write: " + std::string{lost.why.text()});
      if (!trace->empty()) return std::move(*trace);
      if (attempt >= second_chances) return std::unexpected{std::move(lost.why)};  // it never happened
    }
  }

  /// A statement that changes something and leaves no trace: what became of it when its connection is lost is `unknown`.
  result<pqxx::result> write_once(pqxx::zview name, pqxx::params const& with, deadline until) const {
    for (int attempt = 0;; ++attempt) {
      auto got = once(name, with, until);
      if (got) return std::move(*got);
      auto& lost = got.error();
      if (again(lost, attempt, until)) continue;
      if (lost.sent && lost.what == remedy::reconnect) return failure(errc::unknown, tier::cold, lost.why.text());
      return std::unexpected{std::move(lost.why)};
    }
  }

 private:
  static constexpr int second_chances =
      4;  // a server that ends one connection ends its neighbours too, each in its time

  // Why there are no rows, and what follows.
  struct trouble {
    error why{errc::unavailable, tier::cold};
    remedy what = remedy::report;
    bool sent = false;     // a connection was had; the statement may have reached the server
    bool overdue = false;  // the deadline passed and the socket was shut
    backend who{};
  };
  using outcome = std::expected<pqxx::result, trouble>;

  outcome repeated(pqxx::zview name, pqxx::params const& with, deadline until) const {
    for (int attempt = 0;; ++attempt) {
      auto got = once(name, with, until);
      if (got) return got;
      auto const& lost = got.error();
      if (again(lost, attempt, until)) continue;
      if (lost.what != remedy::reconnect || lost.overdue || attempt >= second_chances) return got;
      std::this_thread::sleep_for(std::chrono::milliseconds{attempt});
    }
  }

  outcome once(pqxx::zview name, pqxx::params const& with, deadline until) const {
    auto lease = pool_.take(until);
    if (!lease) return std::unexpected{trouble{.why = std::move(lease.error())}};
    std::string text;
    verdict means{errc::unavailable, remedy::reconnect};
    try {
      lease->prepare(name);
      // An answer that came in time counts, even if the socket is shut just after.
      return pqxx::nontransaction{**lease}.exec(pqxx::prepped{name}, with);
    } catch (pqxx::sql_error const& e) {
      means = judge(state_of(e));
      text = e.what();
    } catch (std::bad_alloc const&) {
      lease->give_up();
      throw;
    } catch (std::exception const& e) {
      text = e.what();
    }
    trouble lost{.what = means.what, .sent = true};
    if (means.what == remedy::reconnect) {
      lost.who = lease->who();
      lease->give_up();
    }
    if (lease->settle()) {
      lost.overdue = true;
      lost.what = remedy::reconnect;
      lost.why = error{errc::timed_out, tier::cold, "the server did not answer before the deadline"};
    } else {
      lost.why = error{means.code, tier::cold, sentence(pool_.info(), text)};
    }
    return std::unexpected{std::move(lost)};
  }

  // A statement that lost to another: again until the deadline, after a moment that differs from the other's.
  static bool again(trouble const& lost, int attempt, deadline until) {
    if (lost.what != remedy::retry) return false;
    static thread_local std::minstd_rand jitter{std::random_device{}()};
    auto const most = 2000U << static_cast<unsigned>(std::min(attempt, 4));
    auto const pause = std::chrono::microseconds{500 + jitter() % most};
    if (std::chrono::steady_clock::now() + pause >= until) return false;
    std::this_thread::sleep_for(pause);
    return true;
  }

  // Nothing: it cannot be known. No rows: it did not happen and never will; that is never known behind a pooler, where the
  // process that may still commit cannot be found.
  std::optional<pqxx::result> find_out(backend const& lost, std::span<std::string_view const> keys,
                                       std::string const& operation, deadline until) const {
    using namespace std::chrono_literals;
    for (auto pause = 1ms;; pause = std::min(pause * 2, 32ms)) {
      bool ended = false;
      if (lost.pid != 0) {
        auto alive = read("strata_end_backend", pqxx::params{lost.pid, lost.started}, until);
        if (!alive && alive.error() != errc::unavailable) return std::nullopt;
        ended = alive && alive->empty();  // else it still runs, or the server is away: it may be back in time
      }
      if (ended || lost.pid == 0) {
        auto const ids = array_of(keys);
        auto trace = read("strata_trace", pqxx::params{ids.view(), operation}, until);
        if (trace && (ended || !trace->empty())) return std::move(*trace);
        if (ended) return std::nullopt;
      }
      if (std::chrono::steady_clock::now() + pause >= until) return std::nullopt;
      std::this_thread::sleep_for(pause);
    }
  }

  Pool& pool_;
};

}  // namespace strata::cold::pg
