// Of a handler that has a rate no more tasks are claimed in so much time, over all nodes.

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskRateTest : public testing::TaskFixture {
protected:
    void rate(const std::string& arguments) {
        connection_.exec("select limit_rate('send', " + arguments + ")");
    }
    // As if so much time had gone by.
    void pass(const std::string& time) {
        connection_.exec("update handler_rate set began_at = began_at - interval '" + time + "'");
    }
    void make_some(int count) {
        connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[" +
                         std::to_string(count) + "]))");
    }
};

TEST_F(TaskRateTest, NoMoreAreClaimedInThatTimeWhateverBecomesOfThem) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    make_some(40);
    rate("6, '1 min'");
    const std::vector<ClaimedTask> held = one.claim(4);
    ASSERT_EQ(held.size(), 4U);
    one.release(held[0].token);
    one.complete(held[1].token);
    one.fail(held[2].token);
    EXPECT_EQ(other.claim(10).size(), 2U);
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(text("select concat(reason, ': ', found, '; ', fix) from why(20)"),
              "rate: nodes have taken 6 tasks of handler send within the last 00:01:00, as many as "
              "they may; wait until that is longer ago; or let more be claimed: baton handlers "
              "limit send --rate 12 --per '00:01:00'");
    EXPECT_EQ(text("select concat(rate_max, ' ', rate_per) from handlers()"), "6 00:01:00");
    pass("59 s");
    EXPECT_TRUE(one.claim(10).empty());
    pass("3 s");
    EXPECT_EQ(one.claim(4).size(), 4U);
    pass("30 s");
    EXPECT_EQ(one.claim(10).size(), 2U);
    pass("32 s");
    EXPECT_EQ(one.claim(10).size(), 4U) << "those of half a minute ago count";
    rate("null");
    EXPECT_EQ(one.claim(5).size(), 5U);
    EXPECT_EQ(number("select count(*) from handler_rate where tasks > 6"), 0);
}

TEST_F(TaskRateTest, ClaimThatWasRolledBackAndAnotherHandlerTookNothing) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "read", "version": 1, "build": "b1"}])"});
    make_some(10);
    for (int i = 0; i < 10; ++i) enqueue("'read'");
    rate("3, '1 hour'");
    {
        sql::Transaction claiming(one.connection());
        claiming.exec("select from claim($1, 'send', 3)", {one.session});
    }
    EXPECT_EQ(one.claim(5).size(), 3U);
    EXPECT_EQ(one.claim(10, "read").size(), 10U);
    connection_.exec("select limit_running('send', 4)");
    EXPECT_TRUE(one.claim(5).empty());
    connection_.exec("update handler_rate set began_at = clock_timestamp() + interval '1 hour'");
    EXPECT_EQ(one.claim(5).size(), 1U) << "a clock that was set back holds up nobody";
    connection_.exec("update handler_rate set began_at = clock_timestamp() - interval '3 hours'");
    connection_.exec("select limit_running('send', null)");
    EXPECT_EQ(one.claim(1).size(), 1U);
    EXPECT_EQ(number("select count(*) from handler_rate"), 1) << "what is over is forgotten";
}

TEST_F(TaskRateTest, WhatIsNoneIsRefused) {
    const TestNode one = node();
    for (const std::string arguments :
         {"0, '1 s'", "-1, '1 s'", "1000001, '1 s'", "1, '0.9 s'", "1, '32 days'", "1, null"}) {
        EXPECT_EQ(outcome_of([&] { rate(arguments); }).sqlstate, "BT042") << arguments;
    }
    EXPECT_EQ(outcome_of([&] { connection_.exec("select limit_rate('sent', 1)"); }).sqlstate,
              "BT037");
}

// Whoever claims at once, and whatever is rolled back: each stretch of time has its rate at most.
TEST_F(TaskRateTest, IsNeverPassedInAnyStretchOfTime) {
    constexpr int nodes = 4;
    const TestNode first = node();
    make_some(400);
    rate("20, '1 s'");
    std::vector<std::thread> threads;
    for (int i = 0; i < nodes; ++i) {
        threads.emplace_back([this, i] {
            TestNode one = node({.name = std::to_string(i)});
            std::mt19937 random(static_cast<unsigned>(i));
            const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(2500);
            while (std::chrono::steady_clock::now() < end) {
                sql::Transaction claiming(one.connection());
                claiming.exec("select from claim($1, 'send', $2::integer)",
                              {one.session, std::to_string(1 + random() % 5)});
                if (random() % 4 != 0) claiming.commit();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    const std::int64_t most = number(R"(
        with taken as (
            select c.claimed_at, cardinality(c.tasks) as tasks from task_claim c)
        select coalesce(max(w.tasks), 0) from taken t
         cross join lateral (
            select sum(o.tasks) as tasks from taken o
             where o.claimed_at between t.claimed_at and t.claimed_at + interval '0.99 s') as w)");
    EXPECT_LE(most, 20);
    EXPECT_GE(number("select sum(cardinality(tasks)) from task_claim"), 40) << "nor much less";
}

}  // namespace
}  // namespace baton
