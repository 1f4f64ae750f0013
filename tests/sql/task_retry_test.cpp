// What is dead or was cancelled can be tried again, one or many, with all attempts before it; what
// waits for its time can run now; and nobody ever has a task twice.

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <random>
#include <thread>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskRetryTest : public testing::TaskFixture {
protected:
    static std::string retry_call(std::int64_t task) {
        return "select retry_task(" + std::to_string(task) + ")";
    }
    std::string retry(std::int64_t task) { return text(retry_call(task)); }
    std::int64_t redrive(const std::string& handler = "send", const std::string& limit = "1000") {
        return number("select redrive('" + handler + "', " + limit + ")");
    }
    // So many dead tasks of a handler that a node carries.
    std::vector<std::int64_t> make_dead(TestNode& node, int count,
                                        const std::string& handler = "send") {
        std::vector<std::int64_t> tasks;
        for (int i = 0; i < count; ++i) {
            tasks.push_back(enqueue("'" + handler + "'"));
            const ClaimedTask claimed = node.claim(1, handler).at(0);
            connection_.exec("select fail('" + node.session + "', '" + claimed.token +
                             "', 'no use', dead => true)");
        }
        return tasks;
    }
};

TEST_F(TaskRetryTest, DeadTaskHasAllItsAttemptsAgainAndKeepsItsFailures) {
    TestNode one = node();
    connection_.exec("update handler set max_attempts = 2");
    const std::int64_t task = enqueue();
    std::string token;
    for (int attempt = 1; attempt <= 2; ++attempt) {
        token = one.claim()[0].token;
        one.fail(token, "error " + std::to_string(attempt));
        maintain();
    }
    ASSERT_EQ(state_of(task), "dead");
    EXPECT_EQ(retry(task), "waiting");
    EXPECT_EQ(retry(task), "waiting") << "a repeat is harmless";
    EXPECT_EQ(state_of(task), "waiting");
    EXPECT_EQ(outcome_of([&] { one.complete(token); }).sqlstate, "BT039") << "of before";

    ClaimedTask again = one.claim()[0];
    EXPECT_EQ(again.task, task);
    EXPECT_EQ(again.attempt, 1);
    EXPECT_EQ(again.delivery, 1);
    EXPECT_EQ(one.fail(again.token, "error 3"), "retry");
    EXPECT_EQ(text("select string_agg(attempt::text || ' ' || error, ', ' order by failed_at) "
                   "from task_failure"),
              "1 error 1, 2 error 2, 1 error 3");
    maintain();
    again = one.claim()[0];
    EXPECT_TRUE(one.complete(again.token));
    EXPECT_EQ(state_of(task), "done");
    EXPECT_EQ(retry(task), "done");
    EXPECT_EQ(state_of(task), "done") << "what is done stays so";
}

TEST_F(TaskRetryTest, TaskThatWaitsForItsTimeRunsNow) {
    TestNode one = node();
    const std::int64_t task = enqueue();
    one.fail(one.claim()[0].token, "x", "1 hour");
    const std::int64_t planned = enqueue("'send', run_at => clock_timestamp() + interval '1 day'");
    EXPECT_TRUE(one.claim(10).empty());
    EXPECT_EQ(retry(planned), "waiting");
    EXPECT_EQ(retry(task), "waiting");
    const std::vector<ClaimedTask> claimed = one.claim(10);
    ASSERT_EQ(claimed.size(), 2U);
    EXPECT_EQ(claimed[0].task, planned);
    EXPECT_EQ(claimed[1].task, task);
    EXPECT_EQ(claimed[1].attempt, 2) << "what was counted counts";
    EXPECT_EQ(claimed[1].delivery, 2);
    EXPECT_EQ(retry(task), "claimed");
    EXPECT_TRUE(one.complete(claimed[1].token)) << "nothing was changed";
    EXPECT_EQ(outcome_of([&] { retry(4711); }).sqlstate, "BT042");
}

// The former holder may be at work yet.
TEST_F(TaskRetryTest, CancelledTaskGoesToAnotherAndItsFormerHolderIsRefused) {
    TestNode one = node({.name = "one"});
    TestNode other = node({.name = "other"});
    const std::int64_t task = enqueue();
    const ClaimedTask former = one.claim()[0];
    connection_.exec("select cancel(" + std::to_string(task) + ")");
    EXPECT_EQ(retry(task), "waiting");
    expect_each_task_at_one_place();
    const ClaimedTask again = other.claim().at(0);
    EXPECT_EQ(again.task, task);
    EXPECT_EQ(outcome_of([&] { one.complete(former.token); }).sqlstate, "BT039");
    EXPECT_EQ(outcome_of([&] { one.fail(former.token); }).sqlstate, "BT039");
    EXPECT_EQ(one.heartbeat(), std::vector{former.token});
    EXPECT_EQ(one.deregister(), 0);
    EXPECT_TRUE(other.complete(again.token));
}

// Its place is drawn anew: claims that have come further find it.
TEST_F(TaskRetryTest, RetriedTaskIsFoundHoweverFarClaimsHaveCome) {
    TestNode one = node();
    const std::vector<std::int64_t> dead = make_dead(one, 1);
    for (int round = 0; round < 3; ++round) {
        connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[300]))");
        std::vector<std::string> tokens;
        for (const ClaimedTask& task : one.claim(1000)) tokens.push_back(task.token);
        connection_.exec("select release_many('" + one.session + "', '" + sql::text_array(tokens) +
                         "')");
        maintain();
        tokens.clear();
        for (const ClaimedTask& task : one.claim(1000)) tokens.push_back(task.token);
        one.complete_many(tokens);
        maintain();
    }
    ASSERT_GT(number("select max(base) from task_floor where rank = 0"), 0);
    EXPECT_EQ(retry(dead[0]), "waiting");
    EXPECT_EQ(one.claim(10).size(), 1U);
}

TEST_F(TaskRetryTest, RedriveTakesTheDeadOfOneHandlerTheOldestFirst) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    const std::vector<std::int64_t> others = make_dead(one, 1, "print");
    const std::vector<std::int64_t> dead = make_dead(one, 5);
    const std::int64_t cancelled = enqueue();
    connection_.exec("select cancel(" + std::to_string(cancelled) + ")");
    EXPECT_EQ(redrive("send", "2"), 2);
    EXPECT_EQ(redrive(), 3);
    EXPECT_EQ(redrive(), 0);
    std::vector<std::int64_t> order;
    for (const ClaimedTask& task : one.claim(10)) {
        order.push_back(task.task);
        EXPECT_EQ(task.attempt, 1);
        EXPECT_EQ(task.delivery, 1);
    }
    EXPECT_EQ(order, dead);
    EXPECT_EQ(state_of(others[0]), "dead");
    EXPECT_EQ(state_of(cancelled), "cancelled");
    EXPECT_EQ(outcome_of([&] { redrive("sent"); }).sqlstate, "BT037");
    for (const char* limit : {"0", "null", "100001"}) {
        EXPECT_EQ(outcome_of([&] { redrive("send", limit); }).sqlstate, "BT042") << limit;
    }
}

TEST_F(TaskRetryTest, TwoAtOnceTakeEachTaskOnce) {
    TestNode one = node();
    const std::vector<std::int64_t> dead = make_dead(one, 4);
    sql::Connection other(url_, testing::in_test_schema());
    sql::Transaction redriving(other);
    redriving.exec("select redrive('send', 2)");
    EXPECT_EQ(redrive(), 2) << "it passes by what the other has";
    auto retried = waiting(retry_call(dead[0]));
    redriving.commit();
    EXPECT_EQ(retried.get(), "waiting");
    EXPECT_EQ(one.claim(10).size(), 4U);

    const std::int64_t due = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    connection_.exec("update task_due set due_at = clock_timestamp()");
    sql::Transaction passing(other);
    passing.exec("select maintain(at_once => true)");
    retried = waiting(retry_call(due));
    passing.commit();
    EXPECT_EQ(retried.get(), "waiting");
    EXPECT_EQ(number("select count(*) from task_ready"), 1);
}

// Everything at once, on few tasks: each is at one place at the end, and was done at most once.
class TaskTortureTest : public TaskRetryTest {
protected:
    static constexpr int task_count = 40;

    void work(unsigned seed) {
        std::mt19937 random(seed);
        TestNode worker(url_, {.name = "worker" + std::to_string(seed)});
        while (!is_over) {
            for (const ClaimedTask& task : worker.claim(3)) settle(worker, task, random() % 20);
            recalled += static_cast<int>(worker.heartbeat().size());
            if (random() % 10 == 0) {
                worker.deregister();
                TestNode next(url_, {.name = "next"});
                worker.session = next.session;
            }
        }
        worker.deregister();
    }
    void settle(TestNode& worker, const ClaimedTask& task, std::uint64_t choice) {
        if (choice == 0) {
            if (worker.complete_many({task.token})[0] == "done") ++completed;
        } else if (choice % 5 == 0) {
            worker.release(task.token);
        } else if (choice % 5 == 1) {
            worker.snooze(task.token, "0");
        } else if (choice % 5 == 2) {
            worker.start(task.token);
        } else {
            try_to([&] { worker.fail(task.token, "no luck", choice % 5 == 3 ? "0" : "1 hour"); });
        }
    }
    // A claim that is lost meanwhile is what is tried here.
    static void try_to(const std::function<void()>& call) {
        const sql::Outcome outcome = outcome_of(call);
        EXPECT_TRUE(outcome.sqlstate.empty() || outcome.sqlstate == "BT039") << outcome.text;
    }
    void meddle(unsigned seed) {
        std::mt19937 random(seed);
        sql::Connection session(url_, testing::in_test_schema());
        for (int round = 0; round < 400; ++round) {
            const std::string task = std::to_string(1 + random() % task_count);
            session.exec((random() % 2 == 0 ? "select cancel(" : "select retry_task(") + task +
                         ")");
        }
    }

    std::atomic<bool> is_over{false};
    std::atomic<int> completed{0};
    std::atomic<int> recalled{0};
};

TEST_F(TaskTortureTest, EachTaskIsAtOnePlaceWhoeverMeddles) {
    const TestNode registrar = node();
    for (int i = 0; i < task_count; ++i) enqueue();
    std::vector<std::jthread> workers;
    for (unsigned i = 0; i < 3; ++i) workers.emplace_back([this, i] { work(i); });
    workers.emplace_back([this] {
        sql::Connection session(url_, testing::in_test_schema());
        while (!is_over) session.exec("select maintain(at_once => true)");
    });
    {
        std::vector<std::jthread> meddlers;
        for (unsigned i = 0; i < 2; ++i) meddlers.emplace_back([this, i] { meddle(100 + i); });
        for (int look = 0; look < 20; ++look) expect_each_task_at_one_place();
    }
    is_over = true;
    workers.clear();
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'done'"), completed);
    EXPECT_GT(completed, 0);
    EXPECT_GT(recalled, 0) << "nobody was cancelled at work";
}

}  // namespace
}  // namespace baton
