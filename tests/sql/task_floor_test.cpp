// Claims begin to look where the former ones ended, and yet no task is missed: neither one that is
// committed late, nor one that comes back because its claim is not; and what is gone costs nothing,
// though an old snapshot keeps it.

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <random>
#include <thread>

#include "sql/task_fixture.hpp"
#include "support/eventually.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskFloorTest : public testing::TaskFixture {
protected:
    void enqueue_many(int count) {
        connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[" +
                         std::to_string(count) + "]))");
    }
    // Until what is drawn by now counts as drawn before.
    void settle() {
        for (int pass = 0; pass < 3; ++pass) maintain();
    }
    std::int64_t place() {
        return number(
            "select place from task_floor where rank = 1 order by requirement, id desc limit 1");
    }
    std::int64_t base() {
        return number(
            "select base from task_floor where rank = 1 order by requirement, id desc limit 1");
    }
};

TEST_F(TaskFloorTest, MovesWithTheClaimsAndNotBeyondWhatMayBeOnItsWay) {
    TestNode one = node();
    enqueue_many(1000);
    one.claim(500);
    EXPECT_EQ(place(), 0) << "nobody has noted yet what was drawn";
    settle();
    one.claim(200);
    EXPECT_EQ(place(), 700);
    EXPECT_EQ(one.claim(1000).size(), 300U);
    EXPECT_EQ(place(), 1000);
    enqueue_many(300);
    EXPECT_EQ(one.claim(200).size(), 200U);
    EXPECT_EQ(place(), 1000) << "these were drawn just now";
    settle();
    EXPECT_EQ(base(), 1200);
    EXPECT_EQ(one.claim(200).size(), 100U);
}

TEST_F(TaskFloorTest, TaskThatIsCommittedLateIsFound) {
    TestNode one = node();
    sql::Connection late(url_, testing::in_test_schema());
    sql::Transaction transaction(late);
    transaction.exec("select enqueue('send')");
    enqueue_many(1000);
    settle();
    EXPECT_EQ(one.claim(1000).size(), 1000U);
    settle();
    EXPECT_EQ(place(), 1001);
    EXPECT_EQ(base(), 0) << "a transaction that had drawn one is still open";
    transaction.commit();
    maintain();
    EXPECT_EQ(one.claim(10).size(), 1U);
    settle();
    EXPECT_GE(base(), 1001);
}

TEST_F(TaskFloorTest, TaskWhoseClaimIsNotCommittedIsFound) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    enqueue_many(1000);
    settle();
    std::optional<sql::Transaction> claiming(one.connection());
    claiming->exec("select claim($1, 'send', 3)", {one.session});
    EXPECT_EQ(other.claim(1000).size(), 997U);
    EXPECT_EQ(place(), 1000);
    claiming.reset();
    maintain();
    EXPECT_EQ(other.claim(10).size(), 3U);
}

TEST_F(TaskFloorTest, EachPriorityHasItsOwn) {
    TestNode one = node();
    enqueue_many(300);
    settle();
    one.claim(300);
    settle();
    const std::int64_t urgent = enqueue("'send', priority => 7");
    const std::vector<ClaimedTask> claimed = one.claim(10);
    ASSERT_EQ(claimed.size(), 1U);
    EXPECT_EQ(claimed[0].task, urgent);
    EXPECT_EQ(one.release(claimed[0].token), 1);
    EXPECT_EQ(one.claim(10).size(), 1U);
}

// What an old snapshot keeps is not passed by again: counted in pages, which no clock disturbs.
TEST_F(TaskFloorTest, OldSnapshotCostsClaimsNothing) {
    TestNode one = node();
    sql::Connection holder(url_, testing::in_test_schema());
    holder.exec("begin isolation level repeatable read");
    holder.exec("select count(*) from task_ready");
    const auto pages_of_a_claim = [&] {
        const std::string plan =
            text("explain (analyze, buffers, timing off, format json) select * from claim('" +
                 one.session + "', 'send', 1)");
        const std::string_view key = "\"Shared Hit Blocks\": ";
        return std::stoll(plan.substr(plan.find(key) + key.size()));
    };
    enqueue_many(1000);
    settle();
    pages_of_a_claim();
    const long long at_first = pages_of_a_claim();
    for (int round = 0; round < 20; ++round) {
        EXPECT_GE(one.claim(1000).size(), 997U);
        enqueue_many(1000);
        settle();
    }
    EXPECT_LE(pages_of_a_claim(), at_first + 60) << at_first << " at first";
    holder.exec("rollback");
}

// Many who enqueue, claim, abort and wait, with passes of maintain() between: at the end each task
// that was committed is done, once.
class TaskFloorTortureTest : public TaskFloorTest {
protected:
    void enqueue_some(unsigned seed) {
        std::mt19937 random(seed);
        sql::Connection session(url_, testing::in_test_schema());
        for (int round = 0; round < 60; ++round) {
            sql::Transaction transaction(session);
            transaction.exec("select enqueue('send')");
            transaction.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[20]))");
            if (random() % 8 == 0) transaction.exec("select pg_sleep(0.03)");
            if (random() % 4 == 0) continue;
            transaction.commit();
            committed += 21;
        }
    }

    void do_tasks(unsigned seed) {
        std::mt19937 random(seed);
        TestNode claimer(url_, {.name = "claimer" + std::to_string(seed)});
        while (!is_over) {
            if (random() % 4 == 0) {
                sql::Transaction aborted(claimer.connection());
                aborted.exec("select claim($1, 'send', 30)", {claimer.session});
                continue;
            }
            std::vector<std::string> tokens;
            for (const ClaimedTask& task : claimer.claim(30)) {
                if (random() % 10 == 0) {
                    claimer.release(task.token);
                } else {
                    tokens.push_back(task.token);
                }
            }
            for (const std::string& outcome : claimer.complete_many(tokens)) {
                EXPECT_EQ(outcome, "done");
                ++done;
            }
        }
    }

    std::atomic<bool> is_over{false};
    std::atomic<int> committed{0};
    std::atomic<int> done{0};
};

TEST_F(TaskFloorTortureTest, EachTaskIsFoundOnceWhoeverAbortsOrIsLate) {
    constexpr unsigned worker_count = 6;
    const TestNode registrar = node();
    std::vector<std::jthread> writers;
    std::vector<std::jthread> nodes;
    for (unsigned i = 0; i < worker_count; ++i) {
        writers.emplace_back([this, i] { enqueue_some(i); });
        nodes.emplace_back([this, i] { do_tasks(i); });
    }
    nodes.emplace_back([this] {
        sql::Connection session(url_, testing::in_test_schema());
        while (!is_over) session.exec("select maintain(at_once => true)");
    });
    writers.clear();
    EXPECT_TRUE(testing::eventually(std::chrono::seconds(60), [&] { return done >= committed; }));
    is_over = true;
    nodes.clear();
    EXPECT_EQ(done, committed);
    EXPECT_EQ(number("select count(*) from task_end"), committed);
    EXPECT_EQ(number("select count(*) from task_ready"), 0);
    EXPECT_GT(base(), 0);
}

}  // namespace
}  // namespace baton
