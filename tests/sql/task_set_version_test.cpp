// What promotions, rollbacks, deadlines and a person do to task sets, and what is kept of them.

#include <gtest/gtest.h>

#include <thread>

#include "sql/task_set_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskSetVersionTest : public testing::TaskSetFixture {};

TEST_F(TaskSetVersionTest, ASetIsFinishedByItsOwnVersionOrAnotherTakesItsPlace) {
    TestNode node = carrier({1, 2});
    const std::int64_t finishes = open("2014");
    const std::int64_t restarts =
        open("2015", R"({"m1": 1, "m2": 2})", ", on_promotion => 'restart'");
    const std::vector<ClaimedTask> tasks = node.claim(4, "compute");
    EXPECT_EQ(complete(node, tasks[0], rows_of("m1", 1)), "t");
    EXPECT_EQ(complete(node, tasks[2], rows_of("m1", 1)), "t");
    connection_.exec("select promote('compute', 2)");
    EXPECT_EQ(state(finishes), "open");
    EXPECT_EQ(state(restarts), "superseded");
    EXPECT_EQ(reason(restarts), "version 1 was live, now 2 is");
    EXPECT_EQ(complete(node, tasks[3], rows_of("m2", 1)).substr(0, 5), "BT039");
    maintain();
    EXPECT_EQ(complete(node, tasks[1], rows_of("m2", 1)), "t");
    EXPECT_EQ(report(), "m1=1 m2=1");
    EXPECT_EQ(newest("2014"), finishes);
    const std::int64_t next = newest("2015");
    EXPECT_GT(next, restarts);
    work(node);
    EXPECT_EQ(state(next), "published");
    EXPECT_EQ(report(), "m1=1 m1=20 m2=1 m2=20");
}

TEST_F(TaskSetVersionTest, ARollbackEndsTheSetsOfTheVersionAndFollowsThoseThatReadersSee) {
    TestNode node = carrier({1, 2});
    open("2013");
    work(node);
    connection_.exec("select promote('compute', 2)");
    open("2014");
    work(node);
    const std::int64_t running = open("2015");
    const std::vector<ClaimedTask> tasks = node.claim(2, "compute");
    EXPECT_EQ(complete(node, tasks[0], rows_of("m1", 20)), "t");
    connection_.exec("select roll_back('compute')");
    EXPECT_EQ(state(running), "superseded");
    EXPECT_EQ(reason(running), "version 2 was rolled back to 1");
    EXPECT_EQ(complete(node, tasks[1], rows_of("m2", 20)).substr(0, 5), "BT039");
    EXPECT_EQ(report(), "m1=10 m1=20 m2=10 m2=20");
    maintain();
    EXPECT_EQ(text("select string_agg(concat(key, '@', version), ' ' order by id) from task_set "
                   "where state = 'open'"),
              "2014@1 2015@1");
    for (const ClaimedTask& task : node.claim(4, "compute")) {
        EXPECT_EQ(task.version, 1);
        EXPECT_EQ(complete(node, task, rows_of("m" + std::to_string(task.task), 10)), "t");
    }
    EXPECT_EQ(number("select count(*) from report where total = 20"), 0);
    EXPECT_EQ(number("select count(distinct key) from task_set_shown"), 3);
    EXPECT_EQ(number("select count(*) from report__v2 where task_set = " + std::to_string(running)),
              0);
}

TEST_F(TaskSetVersionTest, OpeningWaitsForAPromotionAndAPromotionForOpening) {
    const TestNode node = carrier({1, 2});
    {
        sql::Transaction opening(connection_);
        opening.exec("select open_task_set('compute', 'a', '{\"m\": 1}')");
        auto promoted = waiting("select promote('compute', 2)");
        opening.commit();
        EXPECT_EQ(promoted.get(), "1");
    }
    {
        sql::Transaction promoting(connection_);
        promoting.exec("select promote('compute', 1)");
        auto opened = waiting("select open_task_set('compute', 'b', '{\"m\": 1}')");
        promoting.commit();
        opened.get();
    }
    EXPECT_EQ(text("select string_agg(concat(key, '@', version, state), ' ' order by id) "
                   "from task_set"),
              "a@1open b@1open");
}

TEST_F(TaskSetVersionTest, APromotionWaitsForAMemberThatIsBeingCompleted) {
    TestNode node = carrier({1, 2});
    const std::int64_t set = open("2014", R"({"m1": 1})", ", on_promotion => 'restart'");
    const ClaimedTask task = node.claim(1, "compute").at(0);
    sql::Transaction completing(node.connection());
    completing.exec("select complete_member('" + node.session + "', '" + task.token + "', '" +
                    rows_of("m1", 1) + "')");
    auto promoted = waiting("select promote('compute', 2)");
    completing.commit();
    promoted.get();
    EXPECT_EQ(state(set), "published");
    maintain();
    EXPECT_EQ(newest(), set);
}

// The last two end at the same moment: one of them publishes.
TEST_F(TaskSetVersionTest, TheLastMembersPublishWhicheverComesFirst) {
    TestNode one = carrier({1}, "one");
    TestNode two = carrier({1}, "two");
    const std::int64_t set = open();
    const ClaimedTask first = one.claim(1, "compute").at(0);
    const ClaimedTask second = two.claim(1, "compute").at(0);
    sql::Transaction completing(one.connection());
    completing.exec("select complete_member('" + one.session + "', '" + first.token + "', '" +
                    rows_of("m1", 1) + "')");
    auto other = waiting("select complete_member('" + two.session + "', '" + second.token + "', '" +
                         rows_of("m2", 2) + "')");
    completing.commit();
    EXPECT_EQ(other.get(), "t");
    EXPECT_EQ(state(set), "published");
    EXPECT_EQ(report(), "m1=1 m2=2");
}

TEST_F(TaskSetVersionTest, ADeadlineAbandonsOrRestarts) {
    TestNode node = carrier({1, 2});
    const std::string late =
        "update task_set set deadline_at = deadline_at - interval '1 hour', "
        "opened_at = opened_at - interval '1 hour' where id = ";
    const std::int64_t given_up = open("a", R"({"m": 1})", ", deadline => '1 hour'");
    const std::int64_t again =
        open("b", R"({"m": 1})", ", deadline => '1 hour', at_deadline => 'restart'");
    connection_.exec("select promote('compute', 2)");
    connection_.exec(late + std::to_string(given_up));
    connection_.exec(late + std::to_string(again));
    maintain();
    EXPECT_EQ(state(given_up), "abandoned");
    EXPECT_EQ(state(again), "superseded");
    EXPECT_EQ(newest("a"), given_up);
    EXPECT_EQ(text("select concat(version, state, deadline_at > clock_timestamp()) "
                   "from task_set where id = " +
                   std::to_string(newest("b"))),
              "2opent");
    EXPECT_EQ(number("select count(*) from list_tasks('cancelled', 'compute')"), 2);
}

TEST_F(TaskSetVersionTest, APersonRestartsOrAbandonsASetThatIsBlocked) {
    TestNode one = carrier({1}, "one");
    TestNode two = carrier({2}, "two");
    const std::int64_t set = open();
    connection_.exec("select promote('compute', 2)");
    one.deregister();
    connection_.exec("select restart_task_set(" + std::to_string(set) + ", 'nobody has 1')");
    EXPECT_EQ(reason(set), "restarted by " + text("select session_user") + ": nobody has 1");
    EXPECT_EQ(refusal("restart_task_set(" + std::to_string(set) + ")").substr(0, 5), "BT051");
    maintain();
    EXPECT_EQ(refusal("add_to_task_set(" + std::to_string(set) + ", '{\"m3\": 1}')"),
              "BT051 task set " + std::to_string(set) + " is superseded: " + reason(set) +
                  "; set " + std::to_string(newest()) + " took its place");
    work(two);
    EXPECT_EQ(report(), "m1=20 m2=20");
}

TEST_F(TaskSetVersionTest, AVersionWithOtherColumnsIsShownBesideTheOther) {
    TestNode one = carrier({1}, "one");
    open("2013");
    work(one);
    TestNode two =
        carrier({2}, "two", "b", R"(, {"name": "profit", "type": "numeric", "nullable": true})");
    connection_.exec("select promote('compute', 2)");
    open("2014", R"({"m9": 1})");
    work(two);
    EXPECT_EQ(text("select string_agg(concat(month, '=', total, coalesce(profit::text, '-')), ' ' "
                   "order by month) from report"),
              "m1=10- m2=10- m9=20-");
    const auto clash = [&](const std::string& handlers) {
        return sql::outcome_of([&] { node({.name = "x", .handlers = handlers}); }).text;
    };
    EXPECT_EQ(clash(R"([{"name": "compute", "version": 3, "build": "b", "view": "report",
                         "columns": [{"name": "month", "type": "date", "key": true}]}])"),
              "view report shows column month as text, and version 3 makes it date: give the "
              "column another name");
    EXPECT_EQ(clash(R"([{"name": "other", "version": 1, "build": "b", "view": "report",
                         "columns": [{"name": "month", "type": "text", "key": true}]}])"),
              "handler other: the name report is taken in schema baton_test; name its view "
              "otherwise");
    EXPECT_EQ(
        clash(R"([{"name": "other", "version": 1, "build": "b", "view": "task",
                         "columns": [{"name": "month", "type": "text", "key": true}]}])"),
        "handler other: the name task is taken in schema baton_test; name its view otherwise");
    for (const std::string columns :
         {"", R"(, "columns": [])", R"(, "columns": [{"name": "a", "type": "text"}])",
          R"(, "columns": [{"name": "task_set", "type": "text", "key": true}])",
          R"(, "columns": [{"name": "a", "type": "regclass", "key": true}])",
          R"(, "columns": [{"name": "a", "type": "text", "key": true},)"
          R"( {"name": "a", "type": "text"}])"}) {
        EXPECT_EQ(clash(R"([{"name": "other", "version": 1, "build": "b", "view": "other")" +
                        columns + "}]")
                      .substr(0, 35),
                  "handler other: the columns of view ");
    }
}

TEST_F(TaskSetVersionTest, TheRowsOfAPositionAreThoseOfTheSetThatWasPublishedThere) {
    TestNode node = carrier({1, 2});
    sql::LogFollower follower(url_);
    open();
    work(node);
    follower.drain();
    connection_.exec("select promote('compute', 2)");
    connection_.exec("select dispatch('a', '{}')");
    const std::int64_t second = open("2014", R"({"m1": 1, "m2": 2})", ", kept => '0'");
    work(node);
    follower.drain();
    const auto at = [&](int position) {
        return text(
            "select coalesce(string_agg(concat(r ->> 'month', r ->> 'total'), ' '), '') "
            "from view_rows_at('report', " +
            std::to_string(position) + ") as r");
    };
    EXPECT_EQ(at(0), "");
    EXPECT_EQ(at(1), "m110 m210");
    EXPECT_EQ(at(2), "m110 m210");
    EXPECT_EQ(at(3), "m120 m220");
    maintain();
    EXPECT_EQ(at(1), "m110 m210");  // kept for 30 days
    open();
    work(node);
    follower.drain();
    maintain();  // the second one's rows are kept for no time once they are not shown
    EXPECT_EQ(at(1), "m110 m210");
    EXPECT_EQ(refusal("* from view_rows_at('report', 3)").substr(0, 60),
              ("BT023 task set " + std::to_string(second) +
               " was published at position 3, and its rows are gone")
                  .substr(0, 60));
    EXPECT_EQ(report(), "m1=20 m2=20");
}

}  // namespace
}  // namespace baton
