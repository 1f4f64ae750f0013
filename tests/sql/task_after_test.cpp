// A task that is made after another one waits until that has ended, and then does as it was told;
// one that is worth nothing after a time is done before it, or never.

#include <gtest/gtest.h>

#include <map>

#include "sql/outcome.hpp"
#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using sql::outcome_of;
using testing::ClaimedTask;
using testing::TestNode;

class TaskAfterTest : public testing::TaskFixture {
protected:
    std::int64_t after(std::int64_t parent, const std::string& more = "") {
        return enqueue("'send', after => " + std::to_string(parent) + more);
    }
    std::string refused(const std::string& query) {
        return outcome_of([&] { connection_.exec(query); }).sqlstate;
    }
    std::string why(std::int64_t task) {
        return text("select concat(reason, ': ', found, '; ', fix) from why(" +
                    std::to_string(task) + ")");
    }
    void kill(TestNode& node, const ClaimedTask& task) {
        connection_.exec(call_of("fail($1, $2, 'no use', dead => true)", node, task));
    }
    static constexpr auto gate = "select count(pg_sequence_last_value('task_parents'))";
};

TEST_F(TaskAfterTest, CompletionLetsItGoOnAtOnceInWhateverTransactionItWasMade) {
    TestNode one = node();
    EXPECT_EQ(number(gate), 0);
    connection_.exec("begin");
    const std::int64_t parent = enqueue();
    const std::int64_t child = after(parent);
    const std::int64_t grandchild = after(child, ", lane => 'l', priority => 3");
    connection_.exec("commit");
    EXPECT_EQ(number(gate), 1);
    EXPECT_EQ(state_of(child), "following");
    EXPECT_EQ(why(child),
              "after: it is to be done after task 1, which is waiting; baton tasks why 1");
    EXPECT_EQ(text("select task_details(2)->>'after'"), "1");
    for (const std::int64_t expected : {parent, child, grandchild}) {
        const std::vector<ClaimedTask> tasks = one.claim(5);
        ASSERT_EQ(tasks.size(), 1U) << expected;
        EXPECT_EQ(tasks[0].task, expected);
        one.complete(tasks[0].token);
    }
    const std::int64_t late = after(parent);
    EXPECT_EQ(state_of(late), "waiting") << "the parent has ended before";
    maintain();
    EXPECT_EQ(number(gate), 0) << "completions need not look any more";
}

TEST_F(TaskAfterTest, WhereTheParentFailsEachDoesAsItWasTold) {
    TestNode one = node();
    const std::int64_t parent = enqueue();
    std::map<std::string, std::int64_t> child;
    for (const std::string policy : {"cancel", "run", "hold"}) {
        child[policy] = after(parent, ", when_failed => '" + policy + "'");
    }
    const std::int64_t grandchild = after(child["cancel"]);
    one.fail(one.claim(5).at(0).token);
    maintain();
    EXPECT_EQ(state_of(child["cancel"]), "following") << "it is tried again";
    kill(one, one.claim(5).at(0));
    maintain();
    maintain();
    EXPECT_EQ(state_of(child["cancel"]), "cancelled");
    EXPECT_EQ(text("select error from task_state(2)"),
              "cancelled: it was to be done after task 1, which is dead");
    EXPECT_EQ(state_of(grandchild), "cancelled");
    EXPECT_EQ(state_of(child["run"]), "waiting");
    EXPECT_EQ(state_of(child["hold"]), "following");
    EXPECT_EQ(why(child["hold"]),
              "after_held: it is to be done after task 1, which is dead, and holds until that is "
              "done; baton tasks retry 1, or baton tasks cancel 4");
    const std::int64_t late = after(parent);
    EXPECT_EQ(state_of(late), "cancelled");
    EXPECT_EQ(text("select retry_task(" + std::to_string(parent) + ")"), "waiting");
    for (const ClaimedTask& task : one.claim(5)) one.complete(task.token);
    EXPECT_EQ(state_of(child["hold"]), "waiting");
    EXPECT_EQ(text("select retry_task(" + std::to_string(late) + ")"), "waiting");

    const std::int64_t other = enqueue();
    const std::int64_t held = after(other, ", when_failed => 'hold'");
    EXPECT_EQ(text("select cancel(" + std::to_string(other) + ")"), "cancelled");
    EXPECT_EQ(text("select cancel(" + std::to_string(held) + ")"), "cancelled");
}

TEST_F(TaskAfterTest, TimeKeyAndChangesHoldForItToo) {
    TestNode one = node();
    const std::int64_t parent = enqueue();
    const std::int64_t later = after(parent, ", run_at => clock_timestamp() + interval '1 hour'");
    const std::int64_t keyed = after(parent, ", unique_key => 'k'");
    EXPECT_EQ(enqueue("'send', unique_key => 'k'"), keyed);
    EXPECT_EQ(text("select update_key('send', 'k', payload => '1', priority => 7)"), "following");
    maintain();
    EXPECT_EQ(number("select count(*) from list_tasks('following')"), 2);
    EXPECT_EQ(number("select count(*) from list_tasks('due')"), 0);
    one.complete(one.claim(5).at(0).token);
    EXPECT_EQ(state_of(later), "due");
    EXPECT_EQ(one.claim(5).at(0).payload, "1");
    const std::int64_t next =
        enqueue("'send', unique_key => 'k', on_conflict => 'replace', after => 1");
    EXPECT_EQ(state_of(next), "following") << "another one of its key is being done";
    EXPECT_EQ(text("select reason from why(" + std::to_string(next) + ")"), "following");
}

TEST_F(TaskAfterTest, WhoMakesItWhileTheParentEndsLosesNothing) {
    TestNode one = node();
    const std::int64_t parent = enqueue();
    const ClaimedTask claimed = one.claim().at(0);
    connection_.exec("begin");
    const std::int64_t child = after(parent);
    one.complete(claimed.token);
    connection_.exec("commit");
    EXPECT_EQ(state_of(child), "following");
    maintain();
    EXPECT_EQ(state_of(child), "waiting");

    // The pass that finds nothing, and the one that comes after the commit.
    one.complete(one.claim().at(0).token);
    connection_.exec("begin");
    const std::int64_t second = after(after(child));
    sql::Connection other(url_, testing::in_test_schema());
    other.exec("select maintain(at_once => true)");
    connection_.exec("commit");
    maintain();
    one.complete(one.claim().at(0).token);
    EXPECT_EQ(state_of(second), "waiting");
}

TEST_F(TaskAfterTest, VeryManyGoOnInPartsAndOnlyWhereTheyAre) {
    TestNode one = node();
    const std::int64_t parent = enqueue();
    connection_.exec("select enqueue('send', after => 1) from generate_series(1, 2500)");
    for (int i = 0; i < 1500; ++i) {
        // Each waits for one of the others, which wait on.
        if (i % 500 == 0)
            connection_.exec(
                "select enqueue('send', after => 2 + n) "
                "from generate_series(1, 500) as n");
    }
    one.complete(one.claim().at(0).token);
    EXPECT_EQ(number("select count(*) from task_ready"), 100) << "a completion does no more";
    for (int i = 0; i < 3; ++i) maintain();
    EXPECT_EQ(number("select count(*) from task_ready"), 2500);
    EXPECT_EQ(number("select count(*) from task_due where after is not null"), 1500);
    EXPECT_EQ(parent, 1);
    connection_.exec("select purge('send', null, 100000)");
}

TEST_F(TaskAfterTest, WhatIsNoneIsRefused) {
    const TestNode one = node();
    EXPECT_EQ(refused("select enqueue('send', after => 4711)"), "BT042");
    EXPECT_EQ(refused("select enqueue('send', after => -1)"), "BT042");
    EXPECT_EQ(refused("select enqueue('send', after => 3)"), "BT042") << "it would be itself";
    const std::int64_t parent = enqueue();
    for (const std::string policy : {"'x'", "null", "''"}) {
        EXPECT_EQ(refused("select enqueue('send', after => " + std::to_string(parent) +
                          ", when_failed => " + policy + ")"),
                  "BT042");
    }
    connection_.exec("update maintenance set swept_task = 500");
    EXPECT_EQ(refused("select enqueue('send', after => 499)"), "BT050");
}

TEST_F(TaskAfterTest, WhatExpiresEndsUnlessANodeHasIt) {
    TestNode one = node();
    const std::string over = "'send', expires_at => clock_timestamp()";
    const std::int64_t held = enqueue(over);
    const ClaimedTask claimed = one.claim().at(0);
    const std::vector<std::int64_t> ending = {
        enqueue(over),
        enqueue(over + ", priority => 4"),
        enqueue(over + ", lane => 'l'"),
        enqueue(over + ", lane => 'l'"),
        enqueue(over + ", run_at => now() + interval '1 hour'"),
        after(held, ", expires_at => '-infinity'")};
    const std::int64_t in_lane = enqueue("'send', lane => 'l'");
    const std::int64_t saved = enqueue(over);
    connection_.exec("select update_task(" + std::to_string(saved) +
                     ", expires_at => clock_timestamp() + interval '1 hour')");
    maintain();
    for (const std::int64_t task : ending) EXPECT_EQ(state_of(task), "cancelled") << task;
    EXPECT_EQ(
        number("select count(*) from task_end where reason like 'cancelled: it expired at %'"), 6);
    EXPECT_EQ(state_of(held), "claimed");
    EXPECT_EQ(state_of(saved), "waiting");
    maintain();
    EXPECT_EQ(state_of(in_lane), "waiting");
    one.fail(claimed.token, "x", "1 hour");
    maintain();
    EXPECT_EQ(state_of(held), "due") << "it is looked at every few seconds";
    connection_.exec("update task_expiry set look_at = expires_at");
    maintain();
    EXPECT_EQ(state_of(held), "cancelled");
    one.complete(one.claim(1).at(0).token);
    EXPECT_EQ(number("select count(*) from task_expiry"), 1);
}

TEST_F(TaskAfterTest, WhoIsAboutToTakeWhatExpiresIsNotWaitedFor) {
    TestNode one = node();
    enqueue("'send', expires_at => clock_timestamp()");
    sql::Transaction claiming(one.connection());
    claiming.exec("select from claim($1, 'send', 1)", {one.session});
    connection_.exec("set lock_timeout = '1s'");
    maintain();
    claiming.commit();
    EXPECT_EQ(state_of(1), "claimed");
}

}  // namespace
}  // namespace baton
