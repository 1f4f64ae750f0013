// Read your own writes: where an event is, whether every view has it, and each refusal.

#include <gtest/gtest.h>

#include <future>

#include "baton/sql/dispatch.hpp"
#include "log_follower.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

using namespace std::chrono_literals;

class LogWaitTest : public ::testing::Test {
protected:
    void view_stands(const std::string& state, std::int64_t position) {
        connection_.exec(
            "insert into view_state (view, version, state, position, reason) "
            "values ('sales', 1, '" +
            state + "', " + std::to_string(position) +
            ", 'bad event') on conflict (view) do update set state = excluded.state, "
            "position = excluded.position");
    }

    std::string sqlstate_of(const std::string& statement) {
        return outcome_of([&] { connection_.exec(statement); }).sqlstate;
    }

    std::string wait(std::int64_t id, const std::string& timeout = "1 ms") {
        return sqlstate_of("select wait_for(" + std::to_string(id) + ", '" + timeout + "')");
    }

    bool is_reduced(std::int64_t id) {
        return connection_.exec("select is_reduced(" + std::to_string(id) + ")").only().boolean(0);
    }

    testing::TestDatabase database_{testing::environment_template()};
    Connection connection_{database_.url(), testing::in_test_schema()};
    LogFollower follower_{database_.url()};

    void SetUp() override {
        connection_.exec(
            "insert into reducer_version (name, version, build, language, columns) "
            "values ('sales', 1, 'x', 'sql', '[]')");
    }
};

TEST_F(LogWaitTest, EventIsReducedOnceItsBatchIsRecorded) {
    const std::int64_t id = dispatch_number(connection_, 1);
    EXPECT_FALSE(is_reduced(id));
    EXPECT_EQ(wait(id), "BT005");
    follower_.drain();
    EXPECT_TRUE(is_reduced(id));
    EXPECT_EQ(connection_.exec("select wait_for(1)").only().integer(0), 1);
}

TEST_F(LogWaitTest, WaiterIsToldWhenTheBatchComes) {
    const std::int64_t id = dispatch_number(connection_, 1);
    auto position = std::async(std::launch::async, [&] {
        Connection waiter(database_.url(), testing::in_test_schema("waiter"));
        return waiter.exec("select wait_for(" + std::to_string(id) + ", '20 seconds')")
            .only()
            .integer(0);
    });
    int pid = 0;
    EXPECT_TRUE(testing::eventually(10s, [&] {
        const Result rows = connection_.exec(
            "select pid from pg_stat_activity where application_name = 'waiter' "
            "and wait_event = 'PgSleep'");
        if (!rows.empty()) pid = static_cast<int>(rows[0].integer(0));
        return pid != 0;
    }));
    follower_.drain();
    EXPECT_EQ(position.get(), 1);
}

TEST_F(LogWaitTest, EventInTheMiddleOfAHalfReadWindowIsTold) {
    for (int i = 0; i < 10; ++i) dispatch_number(connection_, i);
    follower_.take(4);
    EXPECT_TRUE(is_reduced(4));
    EXPECT_FALSE(is_reduced(5));
    EXPECT_EQ(connection_.exec("select event_position(4)").only().integer(0), 4);
    EXPECT_TRUE(connection_.exec("select event_position(5)").only().is_null(0));
}

TEST_F(LogWaitTest, StragglerIsReducedOnlyInItsOwnWindow) {
    Connection other(database_.url(), testing::in_test_schema());
    Transaction open(other);
    open.exec("select dispatch('late')");
    for (int i = 0; i < 3; ++i) dispatch_number(connection_, i);
    follower_.drain();
    EXPECT_EQ(wait(1), "BT008") << "it is not committed";
    open.commit();
    EXPECT_FALSE(is_reduced(1));
    EXPECT_TRUE(connection_.exec("select event_position(1)").only().is_null(0));
    follower_.drain();
    EXPECT_TRUE(is_reduced(1));
    EXPECT_EQ(connection_.exec("select event_position(1)").only().integer(0), 4);
}

// Positions are looked for by halving: every batch size and every place in a batch.
TEST_F(LogWaitTest, EveryEventKnowsItsPosition) {
    Connection other(database_.url(), testing::in_test_schema());
    for (std::size_t round = 1; round <= 12; ++round) {
        Transaction open(other);
        open.exec("select dispatch('late')");
        for (int i = 0; i < 11; ++i) dispatch_number(connection_, i);
        follower_.drain(round);
        open.commit();
    }
    follower_.drain(5);
    EXPECT_EQ(whole_log(connection_).size(), 144U);
    for (const Row row :
         connection_.exec("select position, event_position(id) from read_log(0, 1000)")) {
        EXPECT_EQ(row.integer(0), row.integer_or_null(1));
    }
}

TEST_F(LogWaitTest, PositionOfAnEventIsFoundInALongLogByFewReads) {
    connection_.exec("select dispatch('n') from generate_series(1, 2000)");
    follower_.drain(1);
    connection_.exec("select event_position(1500)");
    const Result rows =
        connection_.exec("explain (analyze, buffers, format json) select event_position(1500)");
    const std::string plan(rows.only().text(0));
    const std::size_t at = plan.find("\"Shared Hit Blocks\": ") + 21;
    EXPECT_LT(std::stol(plan.substr(at)), 1500);
}

TEST_F(LogWaitTest, WaitingInTheDispatchingTransactionIsRefused) {
    Transaction transaction(connection_);
    transaction.exec("select dispatch('own')");
    EXPECT_EQ(outcome_of([&] { transaction.exec("select is_reduced(1)"); }).sqlstate, "BT006");
}

TEST_F(LogWaitTest, WaitingUnderAFixedSnapshotIsRefused) {
    dispatch_number(connection_, 1);
    Transaction transaction(connection_, Isolation::repeatable_read);
    EXPECT_EQ(outcome_of([&] { transaction.exec("select wait_for(1)"); }).sqlstate, "BT006");
}

TEST_F(LogWaitTest, UnknownAndRolledBackEventsAreRefused) {
    {
        Transaction transaction(connection_);
        transaction.exec("select dispatch('never')");
    }
    EXPECT_EQ(wait(1), "BT008");
    EXPECT_EQ(wait(77), "BT008");
    EXPECT_TRUE(connection_.exec("select event_position(77)").only().is_null(0));
}

TEST_F(LogWaitTest, ViewsThatStandBeforeTheEventHoldItUp) {
    for (int i = 0; i < 10; ++i) dispatch_number(connection_, i);
    follower_.drain(3);
    view_stands("following", 0);
    EXPECT_TRUE(is_reduced(5));
    view_stands("behind", 4);
    EXPECT_TRUE(is_reduced(4));
    EXPECT_FALSE(is_reduced(5));
    EXPECT_EQ(wait(5), "BT005");
    view_stands("halted", 4);
    EXPECT_TRUE(is_reduced(4));
    EXPECT_EQ(wait(5), "BT007");
}

// The state may change between two looks: a halted view that is resolved is behind.
TEST_F(LogWaitTest, ViewThatIsResolvedWhileLookedAtIsNotReduced) {
    for (int i = 0; i < 10; ++i) dispatch_number(connection_, i);
    follower_.drain();
    view_stands("halted", 4);
    connection_.exec("alter table view_state rename to stored_state");
    connection_.exec("create sequence looks");
    // One look finds the view halted, the next finds it behind.
    connection_.exec(
        "create function look() returns setof stored_state language sql volatile as "
        "'select view, version, case nextval(''looks'') when 1 then ''halted'' else ''behind'' "
        "end, position, reason, changed_at, effects_to from stored_state'");
    connection_.exec("create view view_state as select * from look()");
    EXPECT_FALSE(is_reduced(5));
}

TEST_F(LogWaitTest, PositionIsReducedOnceEveryViewHasIt) {
    const auto has = [&](std::int64_t position) {
        return connection_.exec("select is_position_reduced(" + std::to_string(position) + ")")
            .only()
            .boolean(0);
    };
    EXPECT_TRUE(has(0));
    EXPECT_FALSE(has(1));
    for (int i = 0; i < 10; ++i) dispatch_number(connection_, i);
    follower_.take(5);
    EXPECT_TRUE(has(5));
    EXPECT_FALSE(has(6));
    view_stands("following", 0);
    EXPECT_TRUE(has(5));
    view_stands("behind", 4);
    EXPECT_TRUE(has(4));
    EXPECT_FALSE(has(5));
    EXPECT_EQ(sqlstate_of("select wait_for_position(5, '1 ms')"), "BT005");
    view_stands("halted", 4);
    EXPECT_EQ(connection_.exec("select wait_for_position(4)").only().integer(0), 4);
    EXPECT_EQ(sqlstate_of("select wait_for_position(5)"), "BT007");
    EXPECT_EQ(outcome_of([&] { wait_for(connection_.raw(), Position{5}); }).code, "view_halted");
    EXPECT_EQ(sqlstate_of("select wait_for_position(null)"), "BT008");
    Transaction transaction(connection_, Isolation::repeatable_read);
    EXPECT_EQ(outcome_of([&] { transaction.exec("select wait_for_position(1)"); }).sqlstate,
              "BT006");
}

TEST_F(LogWaitTest, WaiterIsToldWhenThePositionComes) {
    EXPECT_EQ(outcome_of([&] { wait_for(connection_.raw(), Position{2}, 5ms); }).code,
              "wait_timeout");
    auto in_cpp = std::async(std::launch::async, [&] {
        Connection waiter(database_.url(), testing::in_test_schema());
        wait_for(waiter.raw(), Position{2}, 20s);
    });
    auto in_sql = std::async(std::launch::async, [&] {
        Connection waiter(database_.url(), testing::in_test_schema());
        waiter.exec("select wait_for_position(2, '20 seconds')");
    });
    dispatch_number(connection_, 1);
    follower_.drain();
    EXPECT_EQ(in_cpp.wait_for(50ms), std::future_status::timeout);
    EXPECT_EQ(in_sql.wait_for(50ms), std::future_status::timeout);
    dispatch_number(connection_, 2);
    follower_.drain();
    EXPECT_EQ(in_cpp.wait_for(10s), std::future_status::ready);
    EXPECT_EQ(in_sql.wait_for(10s), std::future_status::ready);
    in_cpp.get();
    in_sql.get();
}

TEST_F(LogWaitTest, ReadingPastTheEndFindsNothing) {
    for (int i = 0; i < 7; ++i) dispatch_number(connection_, i);
    const auto count_after = [&](int position) {
        return connection_
            .exec("select count(*) from read_log(" + std::to_string(position) + ", 10)")
            .only()
            .integer(0);
    };
    EXPECT_EQ(count_after(3), 0);
    follower_.drain(3);
    EXPECT_EQ(count_after(6), 1);
    for (const int position : {7, 8, 9, 500}) EXPECT_EQ(count_after(position), 0) << position;
}

TEST_F(LogWaitTest, StatusCountsWhatWaits) {
    Connection other(database_.url(), testing::in_test_schema());
    Transaction open(other);
    open.exec("select dispatch('late')");
    const auto lag = [&] {
        return connection_.exec("select (status() #>> '{log,lag_events}')::bigint")
            .only()
            .integer(0);
    };
    EXPECT_EQ(lag(), 0);
    for (int i = 0; i < 10; ++i) dispatch_number(connection_, i);
    EXPECT_EQ(lag(), 10);
    follower_.take(4);
    EXPECT_EQ(lag(), 6);
    open.commit();
    for (int i = 0; i < 5; ++i) dispatch_number(connection_, i);
    EXPECT_EQ(lag(), 12);
    EXPECT_EQ(connection_.exec("select count(*) from waiting_events(7)").only().integer(0), 7);
    follower_.drain(4);
    EXPECT_EQ(lag(), 0);
    EXPECT_EQ(connection_.exec("select status() #>> '{log,position}'").only().text(0), "16");
}

}  // namespace
}  // namespace baton::sql
