// Everything that an application does goes through pgbouncer in transaction mode, with more
// clients than server sessions; and what needs a session of its own refuses the pooler in one line.
//
// What an application does for that: its login role is a member of the environment's group role
// `_dispatch`, and `alter role … set search_path = …` names its own schema and the environment's,
// because a `set` on the session would stay behind for the next client.

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <pqxx/connection>
#include <pqxx/except>
#include <pqxx/transaction>

#include "baton/orchestrator/orchestrator.hpp"
#include "baton/sql/dispatch.hpp"
#include "baton/sql/listener.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"
#include "support/eventually.hpp"
#include "support/pgbouncer.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;

class DispatchPooledTest : public testing::DispatchFixture {
protected:
    void SetUp() override {
        ASSERT_TRUE(testing::Pgbouncer::is_installed()) << "no pgbouncer on this machine";
        // Roles belong to the server, not to the database: the former test may have left it.
        connection_.exec(
            "do $$ begin if to_regrole('pooled_app') is null then "
            "create role pooled_app login; end if; end $$");
        connection_.exec("grant baton_test_dispatch to pooled_app");
        connection_.exec("alter role pooled_app set search_path = my_app, baton_test");
        connection_.exec("create schema my_app authorization pooled_app");
        connection_.exec("create table my_app.event (id integer)");
        bouncer_.emplace(url_, std::vector<std::string>{"baton", "pooled_app", "other_app"});
        // As a program has to say that is not in a terminal of UTF-8.
        pooled_url_ = bouncer_->url(database_.name(), "pooled_app") + "&client_encoding=UTF8";
    }

    std::optional<testing::Pgbouncer> bouncer_;
    std::string pooled_url_;
};

OrchestratorOptions options_for(const std::string& url) {
    OrchestratorOptions options;
    options.url = url;
    options.schema = testing::test_schema;
    options.credentials = testing::test_credentials();
    return options;
}

// Carries out a transaction again where Postgres undid it, as every client of a database must
// whose transactions are SERIALIZABLE by default.
EventId committed(pqxx::connection& connection, const std::function<EventId(pqxx::work&)>& write) {
    while (true) {
        try {
            pqxx::work transaction(connection);
            const EventId last = write(transaction);
            transaction.commit();
            return last;
        } catch (const pqxx::serialization_failure&) {  // at its COMMIT
        } catch (const Error& error) {
            if (error.code() != ErrorCode::transaction_retry) throw;
        }
    }
}

Uuid uuid_of(int thread, int round) {
    return Uuid(
        Uuid::Bytes{static_cast<std::uint8_t>(thread + 1), static_cast<std::uint8_t>(round)});
}

TEST_F(DispatchPooledTest, EightThreadsDispatchAndWaitThroughThreeSessions) {
    constexpr int thread_count = 8;
    constexpr int round_count = 10;
    Registry registry;
    Orchestrator orchestrator(options_for(url_), registry);
    auto orchestrating = std::async(std::launch::async, [&] { orchestrator.run(); });

    // A plain libpqxx connection: what an application has. Odd threads use ours.
    const auto work_on = [&](pqxx::connection& connection, int thread) {
        for (int round = 0; round < round_count; ++round) {
            const std::string key = std::to_string(thread) + "/" + std::to_string(round);
            const NewEvent once{
                .type = "a/once", .key = key, .dispatch_id = uuid_of(thread, round)};
            const EventId last = committed(connection, [&](pqxx::work& transaction) {
                dispatch(transaction, once);
                dispatch(transaction, {.type = "a/json", .key = key});
                dispatch(transaction, {.type = "a/bytes", .key = key, .body = "x"});
                transaction.exec("select dispatch('a/sql', '{}', '" + key + "')");
                const std::vector<NewEvent> many(20, {.type = "a/many", .key = key});
                return dispatch_many(transaction, many, ReturnIds::yes).back();
            });
            committed(connection,
                      [&](pqxx::work& transaction) { return dispatch(transaction, once); });
            EXPECT_GT(wait_for(connection, last, 30s), Position(0));
        }
    };
    std::vector<std::future<void>> threads;
    for (int thread = 0; thread < thread_count; ++thread) {
        threads.push_back(std::async(std::launch::async, [&, thread] {
            if (thread % 2 == 0) {
                pqxx::connection connection(pooled_url_);
                work_on(connection, thread);
            } else {
                Connection connection(pooled_url_, {.pooled = true});
                work_on(connection.raw(), thread);
            }
        }));
    }
    for (auto& thread : threads) EXPECT_NO_THROW(thread.get());
    orchestrator.stop();
    orchestrating.get();

    EXPECT_EQ(number("select count(*) from event where type = 'a/once'"), 80);
    EXPECT_EQ(number("select count(*) from event where type = 'a/json'"), 80);
    EXPECT_EQ(number("select count(*) from event where type = 'a/bytes'"), 80);
    EXPECT_EQ(number("select count(*) from event where type = 'a/sql'"), 80);
    EXPECT_EQ(number("select count(*) from event where type = 'a/many'"), 1600);
    EXPECT_LE(number("select count(*) from pg_stat_activity where usename = 'pooled_app'"), 3)
        << "it was a pool";
}

TEST_F(DispatchPooledTest, PooledSessionTakesTheSchemaForEachTransaction) {
    const auto options = [&] {
        sql::ConnectOptions with_schema = testing::in_test_schema();
        with_schema.pooled = true;
        return with_schema;
    }();
    connection_.exec("create role other_app login in role baton_test_dispatch");
    Connection connection(bouncer_->url(database_.name(), "other_app"), options);
    Transaction transaction(connection);
    dispatch(transaction.raw(), {.type = "a/b"});
    transaction.commit();
    EXPECT_EQ(event_count(), 1);
    connection_.exec("drop role other_app");
}

TEST_F(DispatchPooledTest, RefusalsKeepTheirCodesBehindThePooler) {
    pqxx::connection connection(pooled_url_);
    const auto outcome_in_transaction = [&](const auto& action) {
        return outcome_of([&] {
            pqxx::work transaction(connection);
            action(transaction);
        });
    };
    const NewEvent bad{.type = "a/b", .payload = "{", .meta = "{}"};
    EXPECT_EQ(outcome_in_transaction([&](auto& tx) { dispatch(tx, bad); }).code, "event_invalid");
    EXPECT_EQ(outcome_in_transaction([&](auto& tx) {
                  dispatch_many(tx, {&bad, 1});
              }).code,
              "event_invalid");
    const NewEvent large{.type = "a/b", .payload = '"' + std::string(1048576, 'x') + '"'};
    EXPECT_EQ(outcome_in_transaction([&](auto& tx) { dispatch(tx, large); }).code,
              "event_too_large");
    const Outcome copied = outcome_in_transaction([&](auto& tx) {
        dispatch_many(tx, {&large, 1});
    });
    EXPECT_EQ(copied.code, "event_too_large");
    EXPECT_NE(copied.text.find("the limit is 1048576"), std::string::npos) << copied.text;
}

TEST_F(DispatchPooledTest, OrchestratorRefusesThePoolerInOneLine) {
    const Registry registry;
    Orchestrator orchestrator(options_for(bouncer_->url(database_.name(), "baton")), registry);
    auto refused =
        std::async(std::launch::async, [&] { return outcome_of([&] { orchestrator.run(); }); });
    EXPECT_EQ(refused.wait_for(20s), std::future_status::ready) << "it waits for what never comes";
    orchestrator.stop();
    const Outcome outcome = refused.get();
    EXPECT_EQ(outcome.code, "settings_invalid");
    EXPECT_NE(outcome.text.find("pooler"), std::string::npos) << outcome.text;
    EXPECT_EQ(outcome.text.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace baton
