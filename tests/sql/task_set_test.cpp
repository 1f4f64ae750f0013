// Task sets: G1 to G6 of docs/guarantees.md, over the SQL functions.

#include <gtest/gtest.h>

#include "sql/task_set_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskSetTest : public testing::TaskSetFixture {};

TEST_F(TaskSetTest, AllRowsAppearWithTheLastMember) {
    TestNode node = carrier({1});
    const std::int64_t set = open();
    const std::vector<ClaimedTask> tasks = node.claim(10, "compute");
    ASSERT_EQ(tasks.size(), 2U);
    EXPECT_EQ(tasks[0].payload, R"({"n": 1})");
    EXPECT_EQ(text("select concat_ws(' ', task_set, key, member, input_position,"
                   " is_open) from member_of('" +
                   node.session + "', '" + tasks[1].token + "')"),
              std::to_string(set) + " 2014 m2 0 t");
    EXPECT_EQ(complete(node, tasks[1], rows_of("m2", 20)), "t");
    EXPECT_EQ(report(), "");
    EXPECT_EQ(state(set), "open");
    EXPECT_EQ(complete(node, tasks[0], rows_of("m1", 10)), "t");
    EXPECT_EQ(report(), "m1=10 m2=20");
    EXPECT_EQ(state(set), "published");
    EXPECT_EQ(events(), "set/published compute/2014");
    EXPECT_EQ(text("select (payload - 'digest')::text from event"),
              R"({"key": "2014", "set": )" + std::to_string(set) +
                  R"(, "pins": [{"build": "b1", "handler": "compute", "version": 1}])"
                  R"(, "build": "b1", "handler": "compute", "members": 2, "version": 1,)"
                  R"( "input_position": 0})");
}

// G5: a member's result is accepted once, from the holder of its claim.
TEST_F(TaskSetTest, G5AResultIsAcceptedOnceFromTheHolderOfTheClaim) {
    TestNode slow = carrier({1}, "slow");
    TestNode quick = carrier({1}, "quick");
    open("2014", R"({"m1": 1})");
    const ClaimedTask lost = slow.claim(1, "compute").at(0);
    silence("slow", "1 hour");
    maintain();
    const ClaimedTask held = quick.claim(1, "compute").at(0);
    EXPECT_EQ(held.task, lost.task);
    EXPECT_EQ(complete(slow, lost, rows_of("m1", 1)).substr(0, 5), "BT038");
    silence("slow", "-1 hour");
    connection_.exec("update node set ended_at = null where name = 'slow'");
    EXPECT_EQ(complete(slow, lost, rows_of("m1", 1)).substr(0, 5), "BT039");
    EXPECT_EQ(complete(quick, held, rows_of("m1", 2)), "t");
    EXPECT_EQ(complete(quick, held, rows_of("m1", 3)), "f");
    EXPECT_EQ(complete(slow, lost, rows_of("m1", 1)).substr(0, 5), "BT039");
    EXPECT_EQ(report(), "m1=2");
}

// G1: no node gets a member but one with the pinned version in the pinned build.
TEST_F(TaskSetTest, G1OnlyThePinnedVersionInThePinnedBuildGetsAMember) {
    TestNode one = carrier({1}, "one");
    TestNode two = carrier({2}, "two");
    const std::int64_t set = open();
    EXPECT_TRUE(two.claim(10, "compute").empty());
    connection_.exec("select promote('compute', 2)");
    EXPECT_TRUE(two.claim(10, "compute").empty());
    EXPECT_EQ(one.claim(10, "compute").size(), 2U);
    EXPECT_EQ(one.deregister(), 2);
    EXPECT_EQ(state(set), "blocked_no_capable_node");
    EXPECT_EQ(reason(set),
              "no live node carries compute@1, but compute@2; start a node that carries compute@1, "
              "or baton task-sets restart " +
                  std::to_string(set));
    EXPECT_NE(text("select status() ->> 'problems'").find("(2014 of compute) is blocked"),
              std::string::npos);
    EXPECT_EQ(number("select sum(attempts) from task_set_members(" + std::to_string(set) + ")"), 0);
}

TEST_F(TaskSetTest, G1AnotherBuildOfTheVersionGetsNoMemberAlsoInDevelopment) {
    connection_.exec("update environment set kind = 'development', name = 'test'");
    TestNode former = carrier({1}, "former");
    open();
    TestNode changed = carrier({1}, "changed", "other");
    EXPECT_TRUE(changed.claim(10, "compute").empty());
    EXPECT_EQ(former.claim(10, "compute").size(), 2U);
}

TEST_F(TaskSetTest, G1AMemberOfAnotherPinCannotExist) {
    const TestNode node = carrier({1, 2});
    const std::int64_t set = open();
    open("2015");
    connection_.exec("select promote('compute', 2)");
    const std::int64_t other = open("2016");
    EXPECT_EQ(refusal("1 from (update task_set_member set task_set = 9) as x").substr(0, 5),
              "42601");
    const sql::Outcome moved = sql::outcome_of([&] {
        connection_.exec("update task_set_member set task_set = " + std::to_string(other) +
                         ", member = member || 'x' where task_set = " + std::to_string(set));
    });
    EXPECT_EQ(moved.sqlstate, "23503");
}

// G2: members read nothing after the input position.
TEST_F(TaskSetTest, G2MembersReadTheLogUpToTheInputPosition) {
    TestNode node = carrier({1});
    sql::LogFollower follower(url_);
    connection_.exec("select dispatch('a', '{}'), dispatch('b', '{}'), dispatch('a', '{}')");
    follower.drain();
    const std::int64_t set = open("2014", R"({"m1": 1})");
    connection_.exec("select dispatch('a', '{}')");
    follower.drain();
    EXPECT_EQ(number("select input_position from task_sets() where id = " + std::to_string(set)),
              3);
    const ClaimedTask task = node.claim(1, "compute").at(0);
    const std::string read = "read_set_log('" + node.session + "', '" + task.token + "'";
    EXPECT_EQ(text("select string_agg(concat(position, type), ' ') from " + read + ")"),
              "1a 2b 3a");
    EXPECT_EQ(text("select string_agg(concat(position, type), ' ') from " + read + ", 1, 1000)"),
              "2b 3a");
    EXPECT_EQ(text("select string_agg(concat(position, type), ' ') from " + read +
                   ", 0, 1000, array['b'])"),
              "2b 3a");
    EXPECT_EQ(
        text("select string_agg(concat(position, type), ' ') from " + read + ", 0, 2, array['x'])"),
        "2b");
    EXPECT_EQ(number("select count(*) from " + read + ", 3, 1000)"), 0);
    EXPECT_EQ(
        refusal("* from read_set_view('" + node.session + "', '" + task.token + "', 'v')"),
        "BT042 task set " + std::to_string(set) + " keeps no rows of view v; its inputs are: none");
}

// A token is no secret: who does not hold the member reads nothing by it.
TEST_F(TaskSetTest, OnlyWhoHoldsAMemberReadsForIt) {
    TestNode node = carrier({1});
    const TestNode other = carrier({1}, "other");
    connection_.exec("select dispatch('a', '{}')");
    sql::LogFollower(url_).drain();
    open("2014", R"({"m1": 1})");
    const ClaimedTask task = node.claim(1, "compute").at(0);
    const auto reading = [&](const std::string& function, const TestNode& as,
                             const std::string& more = "") {
        return refusal("* from " + function + "('" + as.session + "', '" + task.token + "'" + more +
                       ")")
            .substr(0, 5);
    };
    EXPECT_EQ(reading("read_set_log", other), "BT039");
    EXPECT_EQ(reading("read_set_view", other, ", 'v'"), "BT039");
    EXPECT_EQ(reading("member_of", other), "BT039");
    EXPECT_EQ(node.release(task.token), 1);
    EXPECT_EQ(reading("read_set_log", node), "BT039");
}

// Of one position, and one snapshot: a batch writes its views as it moves the log's end.
TEST_F(TaskSetTest, G2InputsAreTheRowsOfThePosition) {
    TestNode node = carrier({1});
    connection_.exec(
        "select register_reducer('sales', 1, 'b', 'c++', "
        R"('[{"name": "k", "type": "text", "nullable": false, "key": true},)"
        R"( {"name": "n", "type": "bigint", "nullable": false, "key": false}]'))");
    connection_.exec("insert into sales__v1 values ('b', 2, 1), ('a', 1, 1)");
    EXPECT_EQ(refusal("open_task_set('compute', 'k', '{\"m\": 1}', array['sales'])").substr(0, 60),
              "BT023 view sales does not stand at the end of the log: see `");
    connection_.exec("update view_state set state = 'following'");
    open("2014", R"({"m1": 1})", ", array['sales']");
    connection_.exec("update sales__v1 set n = 7");
    const ClaimedTask task = node.claim(1, "compute").at(0);
    EXPECT_EQ(text("select string_agg(r::text, ' ') from read_set_view('" + node.session + "', '" +
                   task.token + "', 'sales') as r"),
              R"({"k": "a", "n": 1} {"k": "b", "n": 2})");
    EXPECT_EQ(complete(node, task, "[]"), "t");
    EXPECT_EQ(number("select count(*) from task_set_input"), 0);
}

// G2: many touches make one next set, whose input position has what was dispatched before them.
TEST_F(TaskSetTest, G2ManyTouchesMakeOneNextSet) {
    TestNode node = carrier({1});
    sql::LogFollower follower(url_);
    const std::int64_t set = open();
    for (int i = 0; i < 3; ++i) {
        connection_.exec(
            "select dispatch('order/placed', '{}'), touch_task_set('compute', '2014')");
    }
    maintain();
    EXPECT_EQ(newest(), set);  // it is open
    work(node);
    EXPECT_EQ(state(set), "published");
    maintain();
    EXPECT_EQ(newest(), set);  // what was dispatched is not in the log yet
    follower.drain();
    maintain();
    const std::int64_t next = newest();
    EXPECT_GT(next, set);
    EXPECT_EQ(number("select input_position from task_sets() where id = " + std::to_string(next)),
              4);
    work(node);
    EXPECT_EQ(state(next), "published");
    maintain();
    EXPECT_EQ(newest(), next);
    EXPECT_EQ(number("select count(*) from task_set_touch"), 0);
    EXPECT_EQ(report(), "m1=10 m2=10");
}

TEST_F(TaskSetTest, ATouchOfAKeyWithoutASetComesToNothing) {
    const TestNode node = carrier({1});
    connection_.exec("select touch_task_set('compute', '1999')");
    maintain();
    EXPECT_EQ(number("select count(*) from task_set"), 0);
    EXPECT_EQ(number("select count(*) from task_set_touch"), 1);
    connection_.exec("update task_set_touch set touched_at = touched_at - interval '2 hours'");
    maintain();
    EXPECT_EQ(number("select count(*) from task_set_touch"), 0);
    EXPECT_EQ(refusal("touch_task_set('compare', '1999')"),
              "BT037 nobody registered a handler 'compare'; a node that carries it does; is it "
              "'compute'?");
}

// G4: an older input position never replaces a newer one.
TEST_F(TaskSetTest, G4AnOlderPositionNeverReplacesANewerOne) {
    TestNode node = carrier({1});
    sql::LogFollower follower(url_);
    connection_.exec("select dispatch('a', '{}')");
    follower.drain();
    open();
    work(node);
    EXPECT_EQ(report(), "m1=10 m2=10");
    const std::int64_t set = open("2014", R"({"m1": 1})");
    connection_.exec("update task_set set input_position = 0 where id = " + std::to_string(set));
    work(node);
    EXPECT_EQ(state(set), "superseded");
    EXPECT_EQ(report(), "m1=10 m2=10");
    EXPECT_EQ(number("select count(*) from event where type = 'set/published'"), 1);
}

// G6: what members make leaves the set at publication, exactly once, or never.
TEST_F(TaskSetTest, G6WhatMembersMakeLeavesAtPublicationOrNever) {
    TestNode node = carrier({1});
    const TestNode send = this->node({.name = "sender"});
    const std::string made =
        R"(, '{}', '[{"type": "month/computed", "key": "m"}]', '[{"handler": "send"}]')";
    open();
    std::vector<ClaimedTask> tasks = node.claim(10, "compute");
    EXPECT_EQ(complete(node, tasks[0], "[]", made), "t");
    EXPECT_EQ(complete(node, tasks[0], "[]", made), "f");
    EXPECT_EQ(events(), "");
    EXPECT_EQ(number("select count(*) from list_tasks('waiting', 'send')"), 0);
    EXPECT_EQ(complete(node, tasks[1], "[]", made), "t");
    EXPECT_EQ(events(), "set/published compute/2014, month/computed m, month/computed m");
    EXPECT_EQ(number("select count(*) from list_tasks('waiting', 'send')"), 2);

    const std::int64_t set = open();
    tasks = node.claim(10, "compute");
    EXPECT_EQ(complete(node, tasks[0], "[]", made), "t");
    connection_.exec("select abandon_task_set(" + std::to_string(set) + ", 'no use')");
    EXPECT_EQ(complete(node, tasks[1], "[]", made).substr(0, 5), "BT039");
    maintain();
    EXPECT_EQ(number("select count(*) from task_set_output"), 0);
    EXPECT_EQ(number("select count(*) from event"), 3);
    EXPECT_EQ(node.heartbeat(), std::vector<std::string>{tasks[1].token});
    EXPECT_EQ(state_of(tasks[1].task), "cancelled");
}

TEST_F(TaskSetTest, WhatAMemberMakesIsHeldToWhatItMustBe) {
    TestNode node = carrier({1});
    open("2014", R"({"m1": 1, "m2": 2})");
    const std::vector<ClaimedTask> tasks = node.claim(2, "compute");
    const ClaimedTask& task = tasks[0];
    EXPECT_EQ(complete(node, task, "{}"), "BT042 the rows of member m1 are no JSON array");
    EXPECT_EQ(complete(node, task, R"([{"month": "m1"}])").substr(0, 70),
              "BT042 the rows of member m1 of task set 1 do not fit view report: null");
    EXPECT_EQ(complete(node, task, R"([{"month": "m1", "total": "x"}])"),
              "BT042 the rows of member m1 of task set 1 do not fit view report: invalid input "
              "syntax for type bigint: \"x\"");
    EXPECT_EQ(complete(node, task, R"([3])").substr(0, 50),
              "BT042 the rows of member m1 of task set 1 do not f");
    EXPECT_EQ(complete(node, task, "[]", R"(, '{}', '[{"key": "k"}]')").substr(0, 50),
              "BT042 what member m1 made is not as it must be: an");
    EXPECT_EQ(complete(node, task, "[]", R"(, '{}', '[{"type": ""}]')").substr(0, 5), "BT001");
    EXPECT_EQ(complete(node, task, "[]", R"(, '{}', '[]', '[{"handler": "nobody"}]')").substr(0, 5),
              "BT037");
    EXPECT_EQ(complete(node, task, rows_of("same", 1)), "t");
    EXPECT_EQ(complete(node, tasks[1], rows_of("same", 2)),
              "BT042 the rows of member m2 of task set 1: Key (task_set, month)=(1, same) already "
              "exists.");
    EXPECT_EQ(complete(node, tasks[1], rows_of("other", 2)), "t");
    EXPECT_EQ(report(), "other=2 same=1");
    node.claim(1, "compute");
}

TEST_F(TaskSetTest, WhatIsNoSetIsRefused) {
    TestNode node = carrier({1});
    EXPECT_EQ(refusal("open_task_set('compute', '', '{\"m\": 1}')").substr(0, 5), "BT042");
    EXPECT_EQ(refusal("open_task_set('compute', 'k', '{}')").substr(0, 5), "BT042");
    EXPECT_EQ(refusal("open_task_set('compute', 'k', '[]')").substr(0, 5), "BT042");
    EXPECT_EQ(
        refusal("open_task_set('compute', 'k', '{\"m\": 1}', on_promotion => 'x')").substr(0, 5),
        "BT042");
    EXPECT_EQ(refusal("open_task_set('compute', 'k', '{\"m\": 1}', array['v'])").substr(0, 26),
              "BT023 there is no view v; ");
    EXPECT_EQ(refusal("open_task_set('nobody', 'k', '{\"m\": 1}')").substr(0, 5), "BT037");
    EXPECT_EQ(refusal("open_task_set('compute', 'k', '{\"\": 1}')").substr(0, 5), "BT042");
    EXPECT_EQ(number("select count(*) from task_set"), 0);
    const std::int64_t set = open();
    EXPECT_EQ(
        refusal("open_task_set('compute', '2014', '{\"m\": 1}')"),
        "BT052 task set " + std::to_string(set) +
            " of handler compute and key 2014 is open: wait for it, restart or abandon it, or "
            "say by touch_task_set() that a next one has to follow");
    EXPECT_EQ(refusal("add_to_task_set(" + std::to_string(set) + ", '{\"m3\": 1}')"),
              "BT051 task set " + std::to_string(set) + " is sealed: it has all its members");
    EXPECT_EQ(refusal("seal_task_set(77)"), "BT042 there is no task set 77");
    enqueue("'compute'");
    const ClaimedTask plain = node.claim(3, "compute").at(2);
    EXPECT_EQ(complete(node, plain, "[]"),
              "BT042 the task of claim " + plain.token + " is no member of a task set");
    EXPECT_TRUE(node.complete(plain.token));
}

// Who opens a set gives nodes no more to read than they may read themselves.
TEST_F(TaskSetTest, InputsAreViewsThatTheLoginMayRead) {
    const TestNode node = carrier({1});
    connection_.exec(
        "select register_reducer('sales', 1, 'b', 'c++', "
        R"('[{"name": "k", "type": "text", "nullable": false, "key": true}]');)"
        "update view_state set state = 'following'");
    const std::string login = "opener_" + database_.name();
    connection_.exec("create role " + login + " login; grant baton_test_dispatch to " + login);
    sql::Connection opener(url_ + "&user=" + login, testing::in_test_schema());
    const std::string open_it = "select open_task_set('compute', 'k', '{\"m\": 1}', '{sales}')";
    EXPECT_EQ(sql::outcome_of([&] { opener.exec(open_it); }).sqlstate, "42501");
    connection_.exec("grant select on sales to " + login);
    EXPECT_EQ(sql::outcome_of([&] { opener.exec(open_it); }).text, "");
    connection_.exec("drop owned by " + login + "; drop role " + login);
}

TEST_F(TaskSetTest, MembersAreAddedUntilItIsSealed) {
    TestNode node = carrier({1});
    const std::int64_t set = open("2014", R"({"m1": 1})", ", seal => false");
    work(node);
    EXPECT_EQ(state(set), "collecting");
    EXPECT_EQ(number("select add_to_task_set(" + std::to_string(set) + ", '{\"m2\": 1}')"), 1);
    EXPECT_EQ(refusal("add_to_task_set(" + std::to_string(set) + ", '{\"m2\": 1}')").substr(0, 5),
              "BT042");
    work(node);
    EXPECT_EQ(report(), "");
    connection_.exec("select seal_task_set(" + std::to_string(set) + ")");
    EXPECT_EQ(report(), "m1=10 m2=10");
    const std::int64_t empty = open("2015", "{}", ", seal => false");
    EXPECT_EQ(refusal("seal_task_set(" + std::to_string(empty) + ")").substr(0, 5), "BT042");
}

TEST_F(TaskSetTest, AMemberThatWasCompletedAsAPlainTaskCounts) {
    TestNode node = carrier({1});
    const std::int64_t set = open();
    const std::vector<ClaimedTask> tasks = node.claim(2, "compute");
    EXPECT_EQ(complete(node, tasks[0], rows_of("m1", 1)), "t");
    EXPECT_TRUE(node.complete(tasks[1].token));
    EXPECT_EQ(state(set), "open");
    maintain();
    EXPECT_EQ(state(set), "published");
    EXPECT_EQ(report(), "m1=1");
}

TEST_F(TaskSetTest, AMemberThatIsDeadIsSaidAndRetried) {
    TestNode node = carrier({1});
    const std::int64_t set = open("2014", R"({"m1": 1})");
    ClaimedTask task = node.claim(1, "compute").at(0);
    connection_.exec("select fail('" + node.session + "', '" + task.token +
                     "', 'broke', dead => true)");
    maintain();
    EXPECT_EQ(state(set), "failed");
    EXPECT_EQ(text("select string_agg(member || state, ' ') from task_set_members(" +
                   std::to_string(set) + ")"),
              "m1dead");
    connection_.exec("select retry_task(" + std::to_string(task.task) + ")");
    task = node.claim(1, "compute").at(0);
    EXPECT_EQ(complete(node, task, rows_of("m1", 1)), "t");
    EXPECT_EQ(state(set), "published");
}

}  // namespace
}  // namespace baton
