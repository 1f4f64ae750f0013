// A log that came to another cluster goes on: by a dump, and by a dump of that.

#include <gtest/gtest.h>

#include "restore_fixture.hpp"

namespace baton::sql {
namespace {

TEST_F(RestoreTest, DumpInAnotherClusterGoesOn) {
    make_history();
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    check_copy(there);
}

TEST_F(RestoreTest, CustomDumpInAnotherClusterGoesOn) {
    make_history();
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::custom);
    check_copy(there);
}

// Twice elsewhere, the second time back where it came from; each time with events pending.
TEST_F(RestoreTest, DumpOfADumpGoesOn) {
    make_history();
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection away(there, testing::in_test_schema());
    {
        LogFollower follower(there);
        follower.take(3);
        dispatch_number(away, 1);
    }
    const std::vector<LoggedEvent> log = whole_log(away);
    const testing::TestDatabase back;
    copy_database(there, back.url(), Form::sql);
    Connection connection(back.url(), testing::in_test_schema());
    EXPECT_EQ(whole_log(connection), log);
    for (int i = 0; i < 5; ++i) dispatch_number(connection, i);
    LogFollower follower(back.url());
    go_on(connection, follower);
    const std::vector<LoggedEvent> longer = whole_log(connection);
    EXPECT_TRUE(std::equal(log.begin(), log.end(), longer.begin()));
}

TEST_F(RestoreTest, DumpInTheSameClusterGoesOn) {
    make_history();
    const testing::TestDatabase copy;
    copy_database(database_.url(), copy.url(), Form::sql);
    Connection connection(copy.url(), testing::in_test_schema());
    for (int i = 0; i < 5; ++i) dispatch_number(connection, i);
    LogFollower follower(copy.url());
    go_on(connection, follower);
}

// A cluster made from a physical backup has the system identifier of the one it came from.
TEST_F(RestoreTest, DumpInAPhysicalCopyOfTheClusterGoesOn) {
    make_history();
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection(there, testing::in_test_schema())
        .exec(
            "update log_origin set system_identifier = s.system_identifier "
            "from pg_control_system() as s");
    check_copy(there);
}

// pg_upgrade keeps rows and transaction ids, and changes the system identifier.
TEST_F(RestoreTest, UpgradedClusterGoesOn) {
    make_history();
    connection_.exec("update log_origin set system_identifier = 1");
    LogFollower follower(database_.url());
    go_on(connection_, follower);
}

TEST_F(RestoreTest, LogWithoutEventsGoesOn) {
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection connection(there, testing::in_test_schema());
    dispatch_number(connection, 1);
    LogFollower follower(there);
    go_on(connection, follower);
    EXPECT_EQ(whole_log(connection).front().position, 1);
}

TEST_F(RestoreTest, LogThatNobodyEverReadGoesOn) {
    dispatch(20);
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection connection(there, testing::in_test_schema());
    dispatch_number(connection, 1);
    LogFollower follower(there);
    go_on(connection, follower);
}

TEST_F(RestoreTest, LogThatWasReadToItsEndGoesOn) {
    dispatch(20);
    {
        LogFollower follower(database_.url());
        follower.drain(7);
    }
    const std::string there = database_elsewhere();
    copy_database(database_.url(), there, Form::sql);
    Connection connection(there, testing::in_test_schema());
    {
        LogFollower follower(there);
        EXPECT_TRUE(follower.drain().empty());
        expect_whole(connection);
    }
    dispatch_number(connection, 1);
    LogFollower follower(there);
    go_on(connection, follower);
    EXPECT_EQ(count_of(connection, "log_origin"), 2) << "a later leadership re-based again";
}

}  // namespace
}  // namespace baton::sql
