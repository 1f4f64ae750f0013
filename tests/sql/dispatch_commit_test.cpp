// COMMIT-1: the answer to COMMIT is lost, before the server got it or after. The client is told
// that it does not know, and a retry with the same dispatch_id converges to one event in both
// cases. Without a dispatch_id a retry would have made two: that is tested as well.

#include <gtest/gtest.h>

#include <future>

#include "baton/sql/dispatch.hpp"
#include "sql/dispatch_fixture.hpp"
#include "sql/outcome.hpp"
#include "support/eventually.hpp"
#include "support/proxy.hpp"

namespace baton {
namespace {

using namespace std::chrono_literals;
using sql::Connection;
using sql::Outcome;
using sql::outcome_of;
using sql::Transaction;
using testing::AtCommit;

const Uuid first_id = Uuid::parse("6ba7b810-9dad-11d1-80b4-00c04fd430c8");
const Uuid second_id = Uuid::parse("6ba7b811-9dad-11d1-80b4-00c04fd430c8");

class DispatchCommitTest : public testing::DispatchFixture {
protected:
    // What an application does: its own write and an event in one transaction, on a new session.
    Outcome attempt(const NewEvent& event) {
        return outcome_of([&] {
            Connection connection(proxy_.url(), testing::in_test_schema());
            Transaction transaction(connection);
            transaction.exec("insert into orders values (1) on conflict do nothing");
            id_ = dispatch(transaction.raw(), event);
            transaction.commit();
        });
    }

    // The server notices a lost client only when it next reads from it.
    void wait_until_server_is_rid_of_clients() {
        ASSERT_TRUE(testing::eventually(10s, [&] {
            return number(
                       "select count(*) from pg_stat_activity where datname = "
                       "current_database() and application_name = 'test' and xact_start "
                       "is not null") == 0;
        }));
    }

    void SetUp() override { connection_.exec("create table orders (id integer primary key)"); }

    testing::Proxy proxy_{url_};
    EventId id_{};
};

NewEvent event_with(std::optional<Uuid> id) {
    return {.type = "order/placed", .payload = "{}", .dispatch_id = id};
}

TEST_F(DispatchCommitTest, LostRequestIsUnknownAndItsRetryMakesOneEvent) {
    proxy_.at_next_commit(AtCommit::drop_request);
    EXPECT_EQ(attempt(event_with(first_id)).code, "outcome_unknown");
    EXPECT_EQ(proxy_.commits_dropped(), 1);
    wait_until_server_is_rid_of_clients();
    EXPECT_EQ(event_count(), 0) << "the server never got the COMMIT";
    EXPECT_EQ(attempt(event_with(first_id)).code, "no error");
    EXPECT_EQ(event_count(), 1);
    EXPECT_EQ(number("select count(*) from orders"), 1);
}

TEST_F(DispatchCommitTest, LostReplyIsUnknownAndItsRetryMakesOneEvent) {
    proxy_.at_next_commit(AtCommit::drop_reply);
    EXPECT_EQ(attempt(event_with(first_id)).code, "outcome_unknown");
    EXPECT_EQ(proxy_.commits_dropped(), 1);
    const EventId first = id_;
    EXPECT_EQ(event_count(), 1) << "the server had committed";
    EXPECT_EQ(attempt(event_with(first_id)).code, "no error");
    EXPECT_EQ(event_count(), 1);
    EXPECT_EQ(id_, first);
}

TEST_F(DispatchCommitTest, RetryAtOnceWaitsForTheServerToSettleTheFirst) {
    // The first transaction still lives on the server when the retry comes: its receipt is locked.
    Connection lost(proxy_.url(), testing::in_test_schema());
    Transaction transaction(lost);
    dispatch(transaction.raw(), event_with(first_id));
    proxy_.blackhole(true);
    auto retried = std::async(std::launch::async, [&] {
        Connection connection(url_, testing::in_test_schema("retry"));
        Transaction again(connection);
        dispatch(again.raw(), event_with(first_id));
        again.commit();
    });
    const bool is_waiting = testing::eventually(10s, [&] {
        return number(
                   "select count(*) from pg_stat_activity where application_name = 'retry' "
                   "and wait_event_type = 'Lock'") == 1;
    });
    // Before anything can leave this function: a rollback into the black hole never returns.
    proxy_.cut();
    EXPECT_TRUE(is_waiting);
    retried.get();
    EXPECT_EQ(event_count(), 1);
}

TEST_F(DispatchCommitTest, RetryWithoutDispatchIdMakesTwoEvents) {
    proxy_.at_next_commit(AtCommit::drop_reply);
    EXPECT_EQ(attempt(event_with(std::nullopt)).code, "outcome_unknown");
    EXPECT_EQ(attempt(event_with(std::nullopt)).code, "no error");
    EXPECT_EQ(event_count(), 2);
}

TEST_F(DispatchCommitTest, ManyAndSqlConvergeAsWell) {
    const std::vector<NewEvent> events{event_with(first_id), event_with(second_id)};
    for (const AtCommit action :
         {AtCommit::drop_request, AtCommit::drop_reply, AtCommit::drop_reply, AtCommit::pass}) {
        proxy_.at_next_commit(action);
        const Outcome outcome = outcome_of([&] {
            Connection connection(proxy_.url(), testing::in_test_schema());
            Transaction transaction(connection);
            dispatch_many(transaction.raw(), events);
            transaction.exec(
                "select dispatch_bytes('a/b', '\\x00', dispatch_id => "
                "'6ba7b812-9dad-11d1-80b4-00c04fd430c8')");
            transaction.commit();
        });
        EXPECT_EQ(outcome.code, action == AtCommit::pass ? "no error" : "outcome_unknown");
    }
    EXPECT_EQ(event_count(), 3);
}

TEST_F(DispatchCommitTest, SessionCutBeforeCommitIsLostAndNothingHappened) {
    Connection connection(proxy_.url(), testing::in_test_schema());
    Transaction transaction(connection);
    dispatch(transaction.raw(), event_with(first_id));
    proxy_.cut();
    const Outcome outcome = outcome_of([&] { dispatch(transaction.raw(), event_with(second_id)); });
    EXPECT_EQ(outcome.code, "connection_lost");
    wait_until_server_is_rid_of_clients();
    EXPECT_EQ(event_count(), 0);
}

}  // namespace
}  // namespace baton
