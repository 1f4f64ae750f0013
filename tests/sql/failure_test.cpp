// What breaks a statement or a session, for real, and the class that each break is given: who
// decides by Error::code() must be able to trust it (retry, connect anew, ask what happened, bug).

#include "baton/sql/failure.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "sql/outcome.hpp"
#include "support/cluster.hpp"
#include "support/eventually.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::TestDatabase;

class FailureTest : public ::testing::Test {
protected:
    TestDatabase database_;
    const std::string url_ = database_.url();
};

// Each row is provoked for real on a fresh session, which must live on where the class
// says so.
struct Provocation {
    const char* name;
    const char* code;
    const char* sqlstate;
    std::function<void(Connection&)> action;
};

std::vector<Provocation> statement_provocations() {
    const auto statement = [](std::string text) {
        return [text = std::move(text)](Connection& connection) {
            Transaction transaction(connection);
            transaction.exec(text);
        };
    };
    const auto raise = [&](const std::string& state) {
        return statement("do $$ begin raise exception 'no' using errcode = '" + state +
                         "'; end $$");
    };
    return {
        {"unique violation", "statement_failed", "23505",
         statement("insert into item values (1, 1)")},
        {"syntax error", "statement_failed", "42601", statement("selec 1")},
        {"unknown table", "statement_failed", "42P01", statement("select from nothing")},
        {"unknown function", "statement_failed", "42883", statement("select nothing()")},
        {"unknown schema", "statement_failed", "3F000", statement("create table no.x ()")},
        {"unknown column", "statement_failed", "42703", statement("select z from item")},
        {"division by zero", "statement_failed", "22012", statement("select 1/0")},
        {"no privilege", "statement_failed", "42501",
         statement("set local role pg_monitor; insert into item values (5, 5)")},
        {"statement timeout", "statement_failed", "57014",
         statement("set local statement_timeout = '20ms'; select pg_sleep(10)")},
        {"read-only transaction", "server_read_only", "25006",
         statement("set transaction read only; insert into item values (5, 5)")},
        {"wrong parameter count", "statement_failed", "08P01",
         [](Connection& connection) {
             Transaction transaction(connection);
             transaction.exec(Statement{"two", "select $1::int, $2::int"},
                              std::array{Parameter(1)});
         }},
        {"wrong parameter count outside of a transaction", "statement_failed", "08P01",
         [](Connection& connection) {
             connection.exec(Statement{"two", "select $1::int, $2::int"}, std::array{Parameter(1)});
         }},
        {"our own error", "event_too_large", "BT002", raise("BT002")},
        {"our own retryable error", "overloaded", "BT004", raise("BT004")},
        {"an unknown one of ours", "statement_failed", "BT999", raise("BT999")},
        {"a foreign server's lost connection", "statement_failed", "08006", raise("08006")},
        {"serialization failure by name", "transaction_retry", "40001", raise("40001")},
        {"rollback by name", "transaction_retry", "40000", raise("40000")},
        {"an end of the session that is only said", "statement_failed", "57P01", raise("57P01")},
        {"an unknown outcome that is only said", "statement_failed", "40003", raise("40003")},
        {"plain raise", "statement_failed", "P0001", raise("P0001")},
        {"out of memory", "statement_failed", "53200", raise("53200")},
        {"too many connections said by a statement", "statement_failed", "53300", raise("53300")},
        {"deferred constraint at COMMIT", "statement_failed", "23505",
         [](Connection& connection) {
             Transaction transaction(connection);
             transaction.exec("insert into late values (1), (1)");
             transaction.commit();
         }},
    };
}

TEST_F(FailureTest, FailedStatementIsClassifiedAndTheSessionLivesOn) {
    Connection connection(url_);
    connection.exec(
        "create table item (id int primary key, n int); insert into item values (1, 1), (2, 2);"
        "create table late (id int unique deferrable initially deferred)");
    for (const Provocation& provocation : statement_provocations()) {
        SCOPED_TRACE(provocation.name);
        Connection fresh(url_);
        const Outcome outcome = outcome_of([&] { provocation.action(fresh); });
        EXPECT_EQ(outcome.code, provocation.code) << outcome.text;
        EXPECT_EQ(outcome.sqlstate, provocation.sqlstate) << outcome.text;
        EXPECT_EQ(outcome.text.find('\n'), std::string::npos) << outcome.text;
        EXPECT_TRUE(fresh.is_open());
        EXPECT_EQ(fresh.exec("select pg_backend_pid()").only().integer(0), fresh.backend_pid());
    }
}

TEST_F(FailureTest, MessageIsTheServersOwnLine) {
    Connection connection(url_);
    const auto raise = [&](const std::string& state) {
        return outcome_of([&] {
                   connection.exec(
                       "do $$ begin raise exception 'first: %', E'line\\nsecond' using "
                       "errcode = '" +
                       state + "', detail = 'secret'; end $$");
               })
            .text;
    };
    EXPECT_EQ(raise("BT002"), "first: line");
    EXPECT_EQ(raise("P0001"), "first: line (SQLSTATE P0001)");
    EXPECT_EQ(outcome_of([&] {
                  connection.exec(Statement{"broken", "select from nothing"});
              }).text,
              "broken: relation \"nothing\" does not exist (SQLSTATE 42P01)");
}

TEST_F(FailureTest, SerializationFailureCanBeRetried) {
    Connection first(url_);
    Connection second(url_);
    first.exec("create table item (id int primary key, n int); insert into item values (1, 1)");
    Transaction reader(first, Isolation::repeatable_read);
    reader.exec("select n from item");
    second.exec("update item set n = 2");
    const Outcome outcome = outcome_of([&] { reader.exec("update item set n = 3"); });
    EXPECT_EQ(outcome.code, "transaction_retry");
    EXPECT_EQ(outcome.sqlstate, "40001");
}

TEST_F(FailureTest, DeadlockCanBeRetriedByTheOneThatLost) {
    Connection first(url_);
    Connection second(url_);
    first.exec(
        "create table item (id int primary key, n int);"
        "insert into item values (1, 1), (2, 2); set deadlock_timeout = '50ms'");
    second.exec("set deadlock_timeout = '60s'");
    Transaction one(first);
    Transaction two(second);
    one.exec("update item set n = 0 where id = 1");
    second.release();
    auto other = std::async(std::launch::async, [&] {
        second.adopt();
        two.exec("update item set n = 0 where id = 2");
        two.exec("update item set n = 0 where id = 1");
        second.release();
    });
    wait_until_waiting(url_, second.backend_pid(), "transactionid");
    const Outcome outcome = outcome_of([&] { one.exec("update item set n = 0 where id = 2"); });
    EXPECT_EQ(outcome.code, "transaction_retry");
    EXPECT_EQ(outcome.sqlstate, "40P01");
    other.get();
    two.commit();
}

TEST_F(FailureTest, LockThatIsNotHadInTimeCanBeRetried) {
    Connection holder(url_);
    holder.exec("create table item (id int)");
    Transaction holding(holder);
    holding.exec("lock item");
    Connection connection(url_);
    for (const std::string how :
         {"lock item nowait", "set local lock_timeout = '20ms'; lock item"}) {
        const Outcome outcome = outcome_of([&] {
            Transaction transaction(connection);
            transaction.exec(how);
        });
        EXPECT_EQ(outcome.code, "lock_unavailable");
        EXPECT_EQ(outcome.sqlstate, "55P03");
    }
}

TEST_F(FailureTest, SessionThatEndsBeforeOrDuringAStatementIsLost) {
    {
        Connection connection(url_);
        Transaction transaction(connection);
        terminate(url_, connection.backend_pid());
        EXPECT_EQ(outcome_of([&] { transaction.exec("select 1"); }).code, "connection_lost");
        EXPECT_EQ(outcome_of([&] { transaction.commit(); }).code, "connection_lost");
    }
    Connection connection(url_);
    Transaction transaction(connection);
    EXPECT_EQ(outcome_when_terminated_in(url_, connection, "PgSleep",
                                         [&] { transaction.exec("select pg_sleep(60)"); })
                  .code,
              "connection_lost");
}

TEST_F(FailureTest, SessionThatIdlesInATransactionIsEndedByTheServer) {
    Connection connection(url_, {.idle_in_transaction_timeout = 1s});
    Transaction transaction(connection);
    transaction.exec("select 1");
    Connection other(url_);
    ASSERT_TRUE(eventually(20s, [&] {
        return other
            .exec("select from pg_stat_activity where pid = " +
                  std::to_string(connection.backend_pid()))
            .empty();
    }));
    EXPECT_EQ(outcome_of([&] { transaction.exec("select 1"); }).code, "connection_lost");
}

TEST_F(FailureTest, CommitWithoutAnAnswerIsUnknownAndNotRetried) {
    Connection connection(url_);
    connection.exec(
        "create table item (id int);"
        "create function slow() returns trigger language plpgsql as "
        "$$ begin perform pg_sleep(60); return null; end $$;"
        "create constraint trigger slow after insert on item deferrable initially deferred "
        "for each row execute function slow()");
    {
        Transaction transaction(connection);
        transaction.exec("insert into item values (1)");
        const Outcome outcome =
            outcome_when_terminated_in(url_, connection, "PgSleep", [&] { transaction.commit(); });
        EXPECT_EQ(outcome.code, "outcome_unknown");
    }
    int tries = 0;
    const auto once = [&] {
        retry(
            Backoff(1ms, 1ms), [] { return false; },
            [&] {
                ++tries;
                Connection fresh(url_);
                Transaction transaction(fresh);
                transaction.exec("create table other ()");
                terminate(url_, fresh.backend_pid());
                transaction.commit();
            });
    };
    EXPECT_EQ(outcome_of(once).code, "outcome_unknown");
    EXPECT_EQ(tries, 1);
}

TEST_F(FailureTest, CommitAfterASwallowedErrorIsAnError) {
    Connection connection(url_);
    connection.exec("create table item (id int)");
    Transaction transaction(connection);
    transaction.exec("insert into item values (1)", {});
    EXPECT_EQ(outcome_of([&] { transaction.exec("select 1/0", {}); }).sqlstate, "22012");
    EXPECT_EQ(outcome_of([&] { transaction.commit(); }).code, "statement_failed");
    EXPECT_TRUE(connection.exec("select from item").empty());
}

TEST_F(FailureTest, SavepointBringsATransactionBack) {
    Connection connection(url_);
    connection.exec("create table item (id int)");
    Transaction transaction(connection);
    transaction.exec("insert into item values (1)", {});
    transaction.exec("savepoint here", {});
    EXPECT_EQ(outcome_of([&] { transaction.exec("select 1/0", {}); }).sqlstate, "22012");
    transaction.exec("rollback to savepoint here", {});
    transaction.commit();
    EXPECT_EQ(connection.exec("select from item").size(), 1U);
}

TEST_F(FailureTest, RetryRepeatsWhatCanSucceedUntilItIsStopped) {
    int tries = 0;
    const auto fail_with = [&](ErrorCode code, int failures) {
        tries = 0;
        return outcome_of([&, code, failures] {
                   retry(
                       Backoff(1ms, 2ms), [&] { return tries >= 5; },
                       [&] {
                           if (++tries <= failures) throw Error(code, "no");
                       });
               })
            .code;
    };
    EXPECT_EQ(fail_with(ErrorCode::transaction_retry, 3), "no error");
    EXPECT_EQ(tries, 4);
    EXPECT_EQ(fail_with(ErrorCode::lock_unavailable, 100), "lock_unavailable");
    EXPECT_EQ(tries, 5);
    EXPECT_EQ(fail_with(ErrorCode::statement_failed, 100), "statement_failed");
    EXPECT_EQ(tries, 1);
}

}  // namespace
}  // namespace baton::sql
