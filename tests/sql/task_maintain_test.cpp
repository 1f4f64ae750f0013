// maintain() is not done twice where once is enough, whoever calls it and how often.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using testing::TestNode;

class MaintainTest : public testing::TaskFixture {
protected:
    std::int64_t passes(const std::string& arguments = "") {
        return number("select count(*) from maintain(" + arguments + ")");
    }
    void put_pass(const std::string& away) {
        connection_.exec("update maintenance set passed_at = clock_timestamp() + interval '" +
                         away + "'");
    }
};

TEST_F(MaintainTest, CallShortlyAfterAPassLocksAndDoesNothing) {
    EXPECT_EQ(passes(), 1);
    put_pass("0");
    connection_.exec("begin");
    EXPECT_EQ(passes(), 0);
    EXPECT_EQ(number("select count(pg_current_xact_id_if_assigned())"), 0)
        << "a lock or a write makes the transaction take an id";
    connection_.exec("rollback");
    EXPECT_EQ(passes("at_once => true"), 1);
    put_pass("-501 ms");
    EXPECT_EQ(passes(), 1) << "it is half a second ago";
    put_pass("1 hour");
    EXPECT_EQ(passes(), 1) << "the clock was set back";
    EXPECT_EQ(number("select count(*) from maintenance where passed_at > clock_timestamp()"), 0);
}

TEST_F(MaintainTest, PassThatLeftSomethingIsFollowedAtOnce) {
    const TestNode one = node();
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[1500]))");
    connection_.exec(
        "with gone as (delete from task_ready returning task) "
        "insert into task_due (due_at, task) select clock_timestamp(), task from gone");
    EXPECT_EQ(text("select is_behind from maintain()"), "t");
    EXPECT_EQ(number("select count(*) from task_ready"), 1000);
    put_pass("0");
    EXPECT_EQ(text("select is_behind from maintain()"), "f");
    EXPECT_EQ(number("select count(*) from task_ready"), 1500);
    put_pass("0");
    EXPECT_EQ(passes(), 0);
}

// More than a pass may return cannot be, since a session has it locked.
TEST_F(MaintainTest, WhatCannotBeReturnedHoldsUpNothingElse) {
    const TestNode stuck = node({.name = "stuck"});
    TestNode lost = node({.name = "lost"});
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[1100]))");
    connection_.exec("select claim('" + stuck.session + "', 'send') from generate_series(1, 1100)");
    ASSERT_EQ(number("select count(*) from task_claim"), 1100);
    const std::int64_t task = enqueue();
    ASSERT_EQ(lost.claim().size(), 1U);
    silence("stuck", "1 hour");
    silence("lost", "1 hour");
    {
        sql::Connection other(url_, testing::in_test_schema());
        sql::Transaction holding(other);
        holding.exec(
            "select from task_claim where node = (select id from node where name = "
            "'stuck') for share");
        maintain();
        EXPECT_EQ(state_of(task), "waiting");
        EXPECT_EQ(number("select count(*) from task_ready"), 1);
    }
    maintain();
    EXPECT_EQ(text("select is_behind from maintain(at_once => true)"), "f");
    EXPECT_EQ(number("select count(*) from task_ready"), 1101);
}

// However much waits for a time that is not yet.
TEST_F(MaintainTest, WhatIsNotDueYetIsNotReadByAPass) {
    connection_.exec("set plan_cache_mode = force_generic_plan");
    node();
    connection_.exec(
        "select enqueue('send', run_at => now() + interval '1 day') "
        "from generate_series(1, 3000)");
    const auto reads = [&] {
        connection_.exec("select pg_stat_force_next_flush()");
        connection_.exec("select pg_stat_clear_snapshot()");
        return number(
            "select (select seq_tup_read from pg_stat_user_tables where relid = "
            "'task_due'::regclass) + (select sum(idx_tup_read) from "
            "pg_stat_user_indexes where relid = 'task_due'::regclass)");
    };
    maintain();
    const std::int64_t before = reads();
    maintain();
    EXPECT_LE(reads(), before + 20);
}

}  // namespace
}  // namespace baton
