// Who is there, how the tasks of each handler come along, and what status() and doctor() say of
// them: what waits for something that is not there, and what is where it cannot be.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskStatusTest : public testing::TaskFixture {
protected:
    // One line of status() each, with N for each number of seconds.
    std::string lines(const std::string& key) {
        return testing::without_seconds(
            text("select coalesce(string_agg(line, e'\\n'), '') from "
                 "jsonb_array_elements_text(status() -> '" +
                 key + "') as l (line) where line not like '%orchestrator%'"));
    }
    std::string checked(const std::string& check) {
        return text("select state || ' ' || found from doctor() where check_name = '" + check +
                    "'");
    }
};

TEST_F(TaskStatusTest, NodesAreTheLiveOnesAndHowTheOthersEnded) {
    TestNode one = node({.name = "one", .labels = "{gpu,eu}"});
    TestNode left = node({.name = "left"});
    const TestNode silent = node({.name = "silent"});
    for (int i = 0; i < 5; ++i) enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(4);
    one.start(claimed[0].token);
    one.complete(claimed[1].token);
    one.release(claimed[2].token);
    left.deregister();
    silence("silent", "31 seconds");
    const std::string shown =
        "select string_agg(concat_ws(' ', name, state, end_reason, held, started), ', ' order by "
        "id) from nodes()";
    EXPECT_EQ(text(shown),
              "one live 2 1, left ended it was deregistered 0 0, silent ended it gave no sign of "
              "life for 00:00:30 0 0");
    EXPECT_EQ(text("select labels::text || ' ' || (handlers -> 0 ->> 'handler') || ' ' || "
                   "(handlers -> 0 ->> 'counts') || ' ' || (machine is not null)::text || ' ' || "
                   "(lease_left between 25 and 30)::text from nodes() where name = 'one'"),
              "{eu,gpu} send true true true");
    maintain();
    EXPECT_EQ(text("select status() -> 'tasks' -> 'nodes'"), R"({"live": 1, "ended": 2})");
    connection_.exec("select revoke_machine(machine_id) from machine");
    EXPECT_EQ(text("select (end_reason like '% revoked its machine')::text from nodes() where "
                   "name = 'one'"),
              "true");
}

TEST_F(TaskStatusTest, HandlersAreCountedAndTimed) {
    TestNode one = node({.name = "one"});
    const TestNode next =
        node({.handlers = R"([{"name": "send", "version": 2, "build": "b2", "events": ["a/b"]},
                              {"name": "idle", "version": 1, "build": "b", "events": ["a/c"]}])"});
    connection_.exec("update handler set max_attempts = 1");
    for (int i = 0; i < 9; ++i) enqueue();
    enqueue("'send', labels => array['gpu']");
    enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    const std::vector<ClaimedTask> claimed = one.claim(4);
    one.complete(claimed[0].token);
    one.complete(claimed[1].token);
    one.fail(claimed[2].token);
    EXPECT_EQ(text("select concat_ws(' ', live_version, nodes, waiting, due, claimed, dead) "
                   "from handlers() where name = 'send'"),
              "1 1 6 1 1 1");
    EXPECT_EQ(text("select versions::text || ' ' || event_types::text || ' ' || waiting::text "
                   "from handlers() where name = 'idle'"),
              R"([{"live": true, "build": "b", "nodes": 1, "version": 1}] {a/c} 0)");
    connection_.exec(
        "update task set enqueued_at = enqueued_at - interval '40 seconds' where requirement = 1; "
        "update task_end set ended_at = ended_at + interval '2 seconds' where outcome = 'done'");
    EXPECT_EQ(text("select concat_ws(' ', per_second, round(wait_p50), round(wait_p95), "
                   "round(run_p50), round(oldest_seconds / 10)) from handlers() where name = "
                   "'send'"),
              "0.05 40 40 2 4");
    EXPECT_EQ(number("select jsonb_array_length(versions) from handlers() where name = 'send'"), 2);
}

TEST_F(TaskStatusTest, WhatNobodyCanTakeIsAProblemAtOnceAndSaysWhatIsMissing) {
    {
        TestNode former = node({.name = "former"});
        EXPECT_EQ(lines("problems"), "") << "it has just come";
        connection_.exec("update node set registered_at = registered_at - interval '11 seconds'");
        EXPECT_EQ(lines("problems"),
                  "nobody ever called maintain(); each node has to call it once a second");
        maintain();
        EXPECT_EQ(lines("problems"), "");
        former.deregister();
        EXPECT_EQ(lines("problems"), "") << "nothing waits";
    }
    for (int i = 0; i < 3; ++i) enqueue();
    connection_.exec("update task set enqueued_at = enqueued_at - interval '95 seconds'");
    EXPECT_EQ(lines("problems"),
              "3 tasks of send@1 wait, the oldest for N s, and nobody can take them: no live node "
              "carries send; start a node that carries send@1");
    EXPECT_EQ(text("select concat_ws(' ', m ->> 'handler', m ->> 'version', m ->> 'waiting', "
                   "m ->> 'lack', (m ->> 'oldest_seconds')::integer between 95 and 125) from "
                   "jsonb_array_elements(status() -> 'tasks' -> 'missing') m"),
              "send 1 3 no_node t");
    TestNode one = node({.name = "one"});
    enqueue("'send', labels => array['gpu']");
    EXPECT_EQ(lines("problems"),
              "a task of send@1 waits, for N s, and nobody can take it: no live node that carries "
              "send@1 has the labels gpu; start a node that carries send@1, with those labels");
}

TEST_F(TaskStatusTest, ManyOfAMissingVersionAreCountedToABound) {
    TestNode one = node({.name = "one"});
    maintain();
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[10500]))");
    one.deregister();
    EXPECT_EQ(lines("problems").find("10000 or more tasks of send@1 wait"), 0U);
}

TEST_F(TaskStatusTest, NobodyMaintainsAlthoughSomethingWaitsForIt) {
    TestNode one = node({.name = "one"});
    maintain();
    enqueue();
    (void)one.claim();
    enqueue("'send', run_at => clock_timestamp() + interval '1 hour'");
    connection_.exec("update maintenance set passed_at = passed_at - interval '95 seconds'");
    connection_.exec("update node set registered_at = registered_at - interval '11 seconds'");
    EXPECT_EQ(lines("problems"),
              "nobody calls maintain(): its last pass was N s ago; each node has to call it once a "
              "second");
    connection_.exec("update task_due set due_at = clock_timestamp() - interval '11 seconds'");
    silence("one", "1 hour");
    EXPECT_EQ(lines("problems"),
              "nobody calls maintain(): its last pass was N s ago; for it wait tasks whose time "
              "has come and what nodes held that have ended; each node has to call it once a "
              "second");
    EXPECT_EQ(
        text("select ((status() -> 'tasks' -> 'maintained' ->> 'seconds')::integer between 95 "
             "and 125)::text"),
        "true");
    maintain();
    EXPECT_EQ(lines("problems").find("maintain()"), std::string::npos);
}

TEST_F(TaskStatusTest, WhatIsDeadIsANoteByHandler) {
    TestNode one = node({.name = "one"});
    connection_.exec("update handler set max_attempts = 1");
    maintain();
    for (int i = 0; i < 3; ++i) enqueue();
    for (const ClaimedTask& task : one.claim(2)) one.fail(task.token);
    EXPECT_EQ(lines("problems"), "");
    EXPECT_EQ(lines("notes"),
              "2 tasks of send are dead: see \"baton tasks list --state dead --handler send\"");
}

TEST_F(TaskStatusTest, WhatIsPausedIsANoteAndItsTasksAreNoProblem) {
    {
        TestNode former = node({.name = "former"});
        former.deregister();
    }
    maintain();
    enqueue();
    EXPECT_NE(lines("problems"), "");
    connection_.exec("select pause_handler('send', 'the bank is down')");
    EXPECT_EQ(lines("problems"), "");
    const std::string note = lines("notes");
    EXPECT_EQ(note.find("handler send is paused since "), 0U) << note;
    EXPECT_NE(note.find(": the bank is down; see \"baton handlers resume send\""),
              std::string::npos)
        << note;
    EXPECT_EQ(text("select pause_reason from handlers()"), "the bank is down");
}

TEST_F(TaskStatusTest, DoctorFindsTasksThatAreNowhereOrTwice) {
    TestNode one = node({.name = "one"});
    EXPECT_EQ(checked("maintenance"), "ok nobody ever called maintain(); live nodes: 1");
    connection_.exec("update node set registered_at = registered_at - interval '11 seconds'");
    EXPECT_EQ(checked("maintenance"), "problem nobody ever called maintain(); live nodes: 1");
    maintain();
    EXPECT_EQ(checked("maintenance"), "ok maintain() is called; live nodes: 1");
    for (int i = 0; i < 8; ++i) enqueue();
    const std::vector<ClaimedTask> claimed = one.claim(4);
    one.complete(claimed[0].token);
    one.release(claimed[1].token);
    one.fail(claimed[2].token, "it broke", "1 hour");
    EXPECT_EQ(checked("tasks"), "ok each of those that were looked at is at one place");
    EXPECT_EQ(checked("task_partitions"),
              "ok room for 9999993 tasks before the next partition; 0 in the default one");

    connection_.exec("delete from task_ready where task = 7");
    connection_.exec("insert into task_due (due_at, task) values (now(), 8)");
    connection_.exec("insert into task_ready select requirement, 0, 99, id from task where id = 1");
    EXPECT_EQ(checked("tasks"),
              "problem task 1 is done and waiting, task 7 is nowhere, task 8 is due and waiting");
    connection_.exec("alter table task alter id restart with 10000001");
    enqueue();
    EXPECT_EQ(checked("task_partitions"),
              "warning room for 0 tasks before the next partition; 1 in the default one");
    connection_.exec("truncate task_ready, task_due, task_claim, task_end, task");
}

}  // namespace
}  // namespace baton
