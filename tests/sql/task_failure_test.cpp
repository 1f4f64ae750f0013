// What becomes of tasks whose handlers fail, hang, or kill their process: nothing is lost, nothing
// is tried for ever, and no innocent task pays for another.

#include <gtest/gtest.h>

#include <future>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskFailureTest : public testing::TaskFixture {
protected:
    ClaimedTask only_claim(TestNode& node) {
        const std::vector<ClaimedTask> tasks = node.claim(10);
        EXPECT_EQ(tasks.size(), 1U);
        return tasks.empty() ? ClaimedTask{} : tasks[0];
    }
    // What a node holds that is gone without a word goes back.
    void lose(const std::string& name) {
        silence(name, "1 hour");
        maintain();
    }
};

TEST_F(TaskFailureTest, FailedTaskIsTriedAgainAfterItsPauseAndDeadAfterTheLastAttempt) {
    TestNode one = node();
    connection_.exec("update handler set max_attempts = 3");
    const std::int64_t task = enqueue();
    for (int attempt = 1; attempt <= 2; ++attempt) {
        const ClaimedTask claimed = only_claim(one);
        EXPECT_EQ(claimed.attempt, attempt);
        EXPECT_EQ(one.fail(claimed.token, "error " + std::to_string(attempt)), "retry");
        EXPECT_EQ(one.fail(claimed.token, "said twice"), "retry");
        EXPECT_EQ(state_of(task), "due");
        EXPECT_TRUE(one.claim().empty());
        maintain();
    }
    const ClaimedTask last = only_claim(one);
    EXPECT_EQ(one.fail(last.token, "error 3"), "dead");
    EXPECT_EQ(one.fail(last.token), "dead") << "what was said the first time";
    EXPECT_EQ(state_of(task), "dead");
    EXPECT_EQ(text("select string_agg(attempt::text || ' ' || error, ', ' order by attempt) "
                   "from task_failure"),
              "1 error 1, 2 error 2, 3 error 3");
    EXPECT_EQ(outcome_of([&] { one.complete(last.token); }).sqlstate, "BT039");
    maintain();
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
}

TEST_F(TaskFailureTest, PauseDoublesUpToTheLongestAndLeavesAQuarterToChance) {
    TestNode one = node();
    connection_.exec(
        "update handler set retry_after = '10 s', retry_longest = '60 s', "
        "max_attempts = 9");
    enqueue();
    for (const int longest : {10, 20, 40, 60, 60}) {
        const ClaimedTask claimed = only_claim(one);
        connection_.exec("select fail('" + one.session + "', '" + claimed.token + "', 'x')");
        const auto pause = number(
            "select round(1000 * extract(epoch from due_at - clock_timestamp())) from task_due");
        EXPECT_LE(pause, longest * 1000);
        EXPECT_GT(pause, longest * 740);
        connection_.exec("update task_due set due_at = clock_timestamp()");
        maintain();
    }
}

// A handler that kills its process: the attempt counts once it had started.
TEST_F(TaskFailureTest, PoisonIsDeadAfterItsAttemptsAndBurnsNoInnocentOnes) {
    connection_.exec("select 1");
    for (int life = 0; life < 3; ++life) {
        TestNode doomed = node({.name = "doomed" + std::to_string(life)});
        if (life == 0) {
            connection_.exec(
                "update handler set max_attempts = 3, retry_after = '0', max_deliveries = 9");
            enqueue(R"('send', '{"poison": true}')");
            for (int i = 0; i < 99; ++i) enqueue();
        }
        const std::vector<ClaimedTask> claimed = doomed.claim(100);
        ASSERT_EQ(claimed.size(), 100U);
        for (const ClaimedTask& task : claimed) {
            if (task.payload.find("poison") != std::string::npos) {
                EXPECT_EQ(task.attempt, life + 1);
                doomed.start(task.token);
            } else {
                EXPECT_EQ(task.attempt, 1);
            }
        }
        lose("doomed" + std::to_string(life));
    }
    EXPECT_EQ(number("select count(*) from task_end where outcome = 'dead'"), 1);
    EXPECT_EQ(number("select count(*) from task_failure where outcome = 'lost'"), 3);
    TestNode sound = node({.name = "sound"});
    EXPECT_EQ(sound.claim(1000).size(), 99U);
}

// One that kills it before that could be told.
TEST_F(TaskFailureTest, PoisonThatIsNeverSeenToStartIsDeadAfterItsDeliveries) {
    const TestNode registrar = node();
    connection_.exec("update handler set max_deliveries = 4");
    const std::int64_t task = enqueue();
    for (int life = 1; life <= 4; ++life) {
        TestNode doomed = node({.name = "doomed"});
        EXPECT_EQ(only_claim(doomed).delivery, life);
        lose("doomed");
    }
    EXPECT_EQ(state_of(task), "dead");
    EXPECT_EQ(number("select attempts from task_state(" + std::to_string(task) + ")"), 0);
}

TEST_F(TaskFailureTest, ReleasedTaskIsNextAndCountsNothing) {
    TestNode one = node();
    const std::int64_t first = enqueue();
    for (int i = 0; i < 3; ++i) enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(1);
    EXPECT_EQ(one.release(claimed[0].token), 1);
    EXPECT_EQ(one.release(claimed[0].token), 0);
    EXPECT_EQ(outcome_of([&] { one.complete(claimed[0].token); }).sqlstate, "BT039");
    const ClaimedTask again = one.claim(1)[0];
    EXPECT_EQ(again.task, first);
    EXPECT_EQ(again.delivery, 1);
}

TEST_F(TaskFailureTest, ErrorOfAnySizeIsCutAndKept) {
    TestNode one = node();
    enqueue();
    EXPECT_EQ(one.fail(only_claim(one).token, std::string(1 << 20, 'e')), "retry");
    EXPECT_EQ(number("select length(error) from task_failure"), 16384);
}

TEST_F(TaskFailureTest, TaskWaitsForItsTime) {
    TestNode one = node();
    const std::int64_t task = enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    maintain();
    EXPECT_TRUE(one.claim().empty());
    EXPECT_EQ(state_of(task), "due");
    connection_.exec("update task_due set due_at = clock_timestamp()");
    maintain();
    EXPECT_EQ(only_claim(one).task, task);
}

// The reaper looks at a claim whose holder is completing its task: whoever was first has it.
TEST_F(TaskFailureTest, ReaperBesideACompletionThatIsNotCommitted) {
    TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue();
    const ClaimedTask claimed = only_claim(one);
    sql::Transaction completing(one.connection());
    completing.exec("select complete($1, $2)", {one.session, claimed.token});
    silence("one", "1 hour");
    maintain();
    EXPECT_EQ(number("select count(*) from task_ready"), 0) << "its claim is locked";
    completing.commit();
    maintain();
    EXPECT_EQ(state_of(task), "done");
    EXPECT_EQ(number("select count(*) from task_ready"), 0);
    EXPECT_EQ(number("select count(*) from task_claim"), 0);
}

TEST_F(TaskFailureTest, CompletionThatIsRolledBackLeavesTheTaskWhereItWas) {
    TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue();
    const ClaimedTask claimed = only_claim(one);
    {
        sql::Transaction transaction(one.connection());
        transaction.exec("select complete($1, $2)", {one.session, claimed.token});
    }
    EXPECT_EQ(state_of(task), "claimed");
    EXPECT_TRUE(one.complete(claimed.token));
}

// The same token twice at once: the second waits for the first, and finds it done.
TEST_F(TaskFailureTest, TwoCompletionsOfOneTokenAtOnce) {
    TestNode one = node({.name = "one"});
    enqueue();
    const ClaimedTask claimed = only_claim(one);
    sql::Transaction first(one.connection());
    first.exec("select complete($1, $2)", {one.session, claimed.token});
    auto second = waiting(call_of("complete($1, $2)", one, claimed));
    first.commit();
    EXPECT_EQ(second.get(), "f") << "done already";
}

// The same token is completed and given up at once: whoever is second finds what the first did.
TEST_F(TaskFailureTest, WhatGivesATaskUpWaitsForItsCompletion) {
    for (const std::string call : {"fail($1, $2, 'x')", "release_many($1, array[$2])",
                                   "start_many($1, array[$2])", "deregister_node($1)"}) {
        TestNode one = node({.name = "one"});
        const std::int64_t task = enqueue();
        const ClaimedTask claimed = only_claim(one);
        sql::Transaction completing(one.connection());
        completing.exec("select complete($1, $2)", {one.session, claimed.token});
        auto given_up = waiting(call_of(call, one, claimed));
        completing.commit();
        EXPECT_EQ(given_up.get(), call.starts_with("fail")    ? "BT039"
                                  : call.starts_with("start") ? claimed.token
                                                              : "0");
        EXPECT_EQ(state_of(task), "done") << call;
    }
}

// And the other way round.
TEST_F(TaskFailureTest, CompletionWaitsForWhatGivesTheTaskUp) {
    TestNode one = node({.name = "one"});
    const std::int64_t task = enqueue();
    const ClaimedTask claimed = only_claim(one);
    sql::Transaction releasing(one.connection());
    releasing.exec("select release_many($1, array[$2])", {one.session, claimed.token});
    auto completed = waiting(call_of("complete($1, $2)", one, claimed));
    releasing.commit();
    EXPECT_EQ(completed.get(), "BT039");
    EXPECT_EQ(state_of(task), "waiting");
}

// Many passes at once: each transition happens once.
TEST_F(TaskFailureTest, ManyMaintainersReturnEachTaskOnce) {
    TestNode doomed = node({.name = "doomed"});
    for (int i = 0; i < 300; ++i) enqueue();
    while (!doomed.claim(10).empty()) {
    }
    silence("doomed", "1 hour");
    std::vector<std::future<void>> passes;
    for (int i = 0; i < 8; ++i) {
        passes.push_back(std::async(std::launch::async, [&] {
            sql::Connection session(url_, testing::in_test_schema());
            for (int round = 0; round < 5; ++round)
                session.exec("select maintain(at_once => true)");
        }));
    }
    for (auto& pass : passes) pass.get();
    EXPECT_EQ(number("select count(*) from task_ready"), 300);
    EXPECT_EQ(number("select count(distinct task) from task_ready"), 300);
    EXPECT_EQ(number("select max(deliveries) from task_ready"), 1);
}

TEST_F(TaskFailureTest, FixedSnapshotIsRefusedWhereItWouldMislead) {
    TestNode one = node();
    enqueue();
    const ClaimedTask claimed = only_claim(one);
    for (const std::string& call :
         {"fail('" + one.session + "', '" + claimed.token + "', 'x')",
          "release_many('" + one.session + "', array['" + claimed.token + "'])",
          "deregister_node('" + one.session + "')", std::string("maintain()")}) {
        connection_.exec("begin isolation level repeatable read");
        EXPECT_EQ(outcome_of([&] { connection_.exec("select " + call); }).sqlstate, "BT006")
            << call;
        connection_.exec("rollback");
    }
    EXPECT_TRUE(one.complete(claimed.token));
}

}  // namespace
}  // namespace baton
