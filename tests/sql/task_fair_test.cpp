// The lanes of a fair handler share what nodes have, however many or slow the tasks of some are.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskFairTest : public testing::TaskFixture {
protected:
    void share(bool is_fair = true) {
        connection_.exec("select set_fairness('send', " + std::string(is_fair ? "true" : "false") +
                         ")");
    }
    void make_some(const std::string& tenant, int count) {
        connection_.exec("select enqueue('send', tenant => '" + tenant +
                         "') from generate_series(1, " + std::to_string(count) + ")");
    }
    // How many of them each tenant has, "a 3, b 1".
    std::string tenants_of(const std::vector<ClaimedTask>& tasks) {
        std::string ids = "0";
        for (const ClaimedTask& task : tasks) ids += "," + std::to_string(task.task);
        return text(
            "select coalesce(string_agg(concat(tenant, ' ', count), ', ' order by tenant), "
            "'') from (select coalesce(tenant, '-') as tenant, count(*) from task "
            "where id in (" +
            ids + ") group by 1) as t");
    }
    std::string why(std::int64_t task) {
        return text("select concat(reason, ': ', found) from why(" + std::to_string(task) + ")");
    }
};

TEST_F(TaskFairTest, QuietTenantIsNextHoweverManyOfAnotherWait) {
    TestNode one = node();
    share();
    make_some("busy", 3000);
    for (const ClaimedTask& task : one.claim(100)) one.complete(task.token);
    const std::int64_t quiet = enqueue("'send', tenant => 'quiet'");
    EXPECT_EQ(why(quiet),
              "queued: the lanes of handler send share what nodes have, and in 1 of them tasks "
              "wait; of its lane quiet nodes have 0, and 0 others go first");
    EXPECT_EQ(state_of(quiet), "following");
    std::vector<ClaimedTask> tasks = one.claim(2);
    EXPECT_EQ(tenants_of(tasks), "busy 1, quiet 1");
    for (const ClaimedTask& task : tasks) one.complete(task.token);
    EXPECT_EQ(tenants_of(one.claim(1000)), "busy 1000") << "nothing is kept free for who is idle";
}

TEST_F(TaskFairTest, WhoseTasksAreSlowHasNoMoreOfTheNodesThanTheOthers) {
    TestNode one = node();
    share();
    make_some("slow", 50);
    make_some("quick", 50);
    std::vector<ClaimedTask> slow;
    std::map<std::string, int> done;
    // Eight at a time; the slow ones never end.
    for (int round = 0; slow.size() < 8; ++round) {
        const std::vector<ClaimedTask> tasks = one.claim(8 - static_cast<int>(slow.size()));
        for (const ClaimedTask& task : tasks) {
            if (tenants_of({task}) == "slow 1") {
                slow.push_back(task);
            } else {
                one.complete(task.token);
                ++done["quick"];
            }
        }
        if (round < 10) {
            EXPECT_EQ(slow.size(), 4U) << round;
        }
    }
    EXPECT_EQ(done["quick"], 50);
}

TEST_F(TaskFairTest, WeightsCountAndRoundsGoOn) {
    TestNode one = node();
    share();
    connection_.exec("select set_weight('send', 'big', 3)");
    for (const std::string tenant : {"big", "a", "b"}) make_some(tenant, 100);
    EXPECT_EQ(tenants_of(one.claim(50)), "a 10, b 10, big 30");
    connection_.exec("select set_weight('send', 'big', null)");
    EXPECT_EQ(tenants_of(one.claim(40)), "a 20, b 20") << "by what they hold";

    // One at a time: each in its turn.
    for (int i = 0; i < 30; ++i) make_some("t" + std::to_string(i), 5);
    std::set<std::string> seen;
    for (int i = 0; i < 30; ++i) {
        const std::vector<ClaimedTask> tasks = one.claim(1);
        ASSERT_EQ(tasks.size(), 1U);
        seen.insert(tenants_of(tasks));
        one.complete(tasks[0].token);
    }
    EXPECT_EQ(seen.size(), 30U);
    EXPECT_EQ(outcome_of([&] { connection_.exec("select set_weight('send', 'a', 0)"); }).sqlstate,
              "BT042");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select set_weight('send', null, 1)"); }).sqlstate,
              "BT042");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select set_fairness('sent', true)"); }).sqlstate,
              "BT037");
    EXPECT_EQ(outcome_of([&] { connection_.exec("select set_fairness('send', null)"); }).sqlstate,
              "BT042");
}

TEST_F(TaskFairTest, WhatWaitsIsTakenInAndLetOutAgain) {
    TestNode one = node();
    make_some("busy", 20);
    enqueue("'send', tenant => 'quiet'");
    enqueue();
    connection_.exec("select enqueue_many('send', array['1', '2']::jsonb[])");
    enqueue("'send', lane => 'own', tenant => 'busy'");
    EXPECT_EQ(number("select set_fairness('send', true)"), 24);
    EXPECT_EQ(number("select set_fairness('send', true)"), 0);
    connection_.exec("select enqueue_many('send', array['3']::jsonb[])");
    EXPECT_EQ(tenants_of(one.claim(4)), "- 1, busy 2, quiet 1") << "a lane of its own is one";
    share(false);
    connection_.exec("select set_lanes('send', 100)");
    std::size_t left = 0;
    for (int i = 0; i < 40; ++i) {
        const std::vector<ClaimedTask> tasks = one.claim(1000);
        left += tasks.size();
        for (const ClaimedTask& task : tasks) one.complete(task.token);
    }
    EXPECT_EQ(left, 22U);
}

TEST_F(TaskFairTest, WhatFailsIsPutOffReleasedOrCancelledStaysInItsLane) {
    TestNode one = node();
    share();
    make_some("a", 6);
    std::vector<ClaimedTask> tasks = one.claim(4);
    one.fail(tasks[0].token, "x", "0");
    one.snooze(tasks[1].token, "0");
    one.release(tasks[2].token);
    connection_.exec(call_of("fail($1, $2, 'no use', dead => true)", one, tasks[3]));
    connection_.exec("select cancel(6)");
    maintain();
    make_some("b", 2);
    tasks = one.claim(10);
    ASSERT_FALSE(tasks.empty());
    std::set<std::int64_t> seen;
    while (!tasks.empty()) {
        for (const ClaimedTask& task : tasks) {
            seen.insert(task.task);
            one.complete(task.token);
        }
        tasks = one.claim(10);
    }
    EXPECT_EQ(seen, (std::set<std::int64_t>{1, 2, 3, 5, 7, 8}));
    EXPECT_EQ(number("select count(*) from fair_lane"), 0) << "what is empty is forgotten";
    EXPECT_EQ(number("select count(*) from lane_note"), 0);
}

TEST_F(TaskFairTest, WhatACopyDiscardsIsDiscardedInLanesToo) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "read", "version": 1, "build": "b1"}])"});
    share();
    make_some("a", 5);
    for (int i = 0; i < 5; ++i) enqueue("'read', lane => 'l'");
    EXPECT_EQ(one.claim(2).size(), 2U);
    EXPECT_EQ(one.claim(2, "read").size(), 1U);
    enqueue("'read', lane => 'other'");
    maintain();
    EXPECT_EQ(number("select discard_tasks('a copy')"), 11);
    EXPECT_TRUE(one.claim(9).empty());
    EXPECT_TRUE(one.claim(9, "read").empty());
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'cancelled'"), 11);
    EXPECT_EQ(number("select count(*) from task_in_lane"), 0);
    enqueue("'read', lane => 'l'");
    EXPECT_EQ(one.claim(9, "read").size(), 1U) << "no lane stands still";
}

TEST_F(TaskFairTest, WhyAndStatusSayWhatIsMissing) {
    {
        TestNode one = node();
        share();
        one.deregister();
    }
    make_some("a", 2);
    EXPECT_EQ(why(1), "no_node: no live node carries send");
    EXPECT_EQ(number("select (status()->'tasks'->'missing'->0->>'waiting')::integer"), 2);
    TestNode other = node({.name = "other"});
    connection_.exec("select pause_handler('send', 'x')");
    EXPECT_TRUE(why(1).starts_with("paused: "));
    connection_.exec("select resume_handler('send')");
    connection_.exec("select limit_rate('send', 1, '1 hour')");
    EXPECT_EQ(other.claim(5).size(), 1U);
    EXPECT_TRUE(why(2).starts_with("rate: ")) << why(2);
}

// Whatever happens at once, each task is done once, and none stays behind.
TEST_F(TaskFairTest, NothingIsLostWhoeverClaimsMakesAndCancelsAtOnce) {
    const TestNode first = node();
    share();
    constexpr int per_maker = 60;
    std::atomic<int> making = 2;
    std::vector<std::thread> threads;
    for (int i = 0; i < 2; ++i) {
        threads.emplace_back([&, i] {
            sql::Connection session(url_, testing::in_test_schema());
            std::mt19937 random(static_cast<unsigned>(i));
            for (int made = 0; made < per_maker; ++made) {
                sql::Transaction transaction(session);
                const std::string tenant(1, static_cast<char>('a' + random() % 6));
                const std::int64_t task =
                    transaction.exec("select enqueue('send', tenant => $1)", {tenant})
                        .only()
                        .integer(0);
                if (random() % 5 != 0) transaction.commit();
                if (random() % 10 == 0) {
                    try {
                        session.exec("select cancel(" + std::to_string(task) + ")");
                    } catch (const sql::SqlError&) {  // it was not made
                    }
                }
            }
            --making;
        });
    }
    std::atomic<int> done = 0;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&, i] {
            TestNode one = node({.name = std::to_string(i)});
            std::mt19937 random(static_cast<unsigned>(10 + i));
            for (int empty = 0; empty < 3;) {
                const std::vector<ClaimedTask> tasks =
                    one.claim(1 + static_cast<int>(random() % 7));
                if (tasks.empty() && making == 0) ++empty;
                for (const ClaimedTask& task : tasks) {
                    if (random() % 6 == 0) {
                        one.release(task.token);
                    } else if (one.complete_many({task.token}).at(0) == "done") {
                        ++done;
                    }
                }
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(number("select count(*) from task"), number("select count(*) from task_end"));
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), done);
    EXPECT_EQ(number("select count(*) from task_in_lane"), 0);
}

}  // namespace
}  // namespace baton
