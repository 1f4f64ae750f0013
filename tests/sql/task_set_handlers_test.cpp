// Task sets of a view set: members of several handlers, each in the version that the live version
// of the set names.

#include <gtest/gtest.h>

#include <pqxx/pqxx>

#include "baton/sql/task_set.hpp"
#include "sql/task_set_fixture.hpp"

namespace baton {
namespace {

using testing::ClaimedTask;
using testing::TestNode;

class TaskSetHandlersTest : public testing::TaskSetFixture {
protected:
    // Handlers with a view each, and one that has none.
    static constexpr const char* offered = R"([
        {"name": "compute", "version": 1, "build": "b", "view": "report",
         "columns": [{"name": "month", "type": "text", "key": true},
                     {"name": "total", "type": "bigint"}]},
        {"name": "sum", "version": 1, "build": "c", "view": "sums",
         "columns": [{"name": "year", "type": "text", "key": true},
                     {"name": "total", "type": "bigint"}]},
        {"name": "send", "version": 1, "build": "d"},
        {"name": "send", "version": 2, "build": "e"}])";

    // The version 1 of the view set `books` is live, and names these: "('send', 2)".
    void name_handlers(const std::string& handlers) {
        follower_.emplace(url_);
        connection_.exec("insert into reducer_version values ('a', 1, 'x', 'c++', '[]')");
        follower_->writing().exec(
            "select register_set('books', 1, array[('a', 1)::versioned], true, handlers => array[" +
            handlers + "]::versioned[])");
    }
    std::int64_t open_books(const std::string& members, const std::string& key = "2014") {
        return number("select open_task_set('books', '" + key + "', '" + members + "')");
    }
    static void complete_with(TestNode& node, const std::string& handler, const std::string& rows,
                              const std::string& more = "") {
        for (const ClaimedTask& task : node.claim(10, handler)) {
            EXPECT_EQ(complete(node, task, rows, more), "t") << handler;
        }
    }
    std::string sums() {
        return text("select coalesce(string_agg(concat(year, '=', total), ' '), '') from sums");
    }

    std::optional<sql::LogFollower> follower_;
    const std::string members_ = R"({"m1": {"handler": "compute", "payload": {"n": 1}},
        "year": {"handler": "sum"}, "tell": {"handler": "send", "payload": 7}})";
};

TEST_F(TaskSetHandlersTest, AllOfThemAppearAtOnceInTheVersionsThatTheSetNames) {
    TestNode all = node({.handlers = offered});
    name_handlers("('compute', 1), ('sum', 1), ('send', 2)");
    const std::int64_t set = open_books(members_);
    EXPECT_EQ(text("select string_agg(concat(handler, version, build), ' ' order by handler) from "
                   "task_set_pin"),
              "compute1b send2e sum1c");
    EXPECT_EQ(text("select concat(handler, version, build, pins) from task_sets()"),
              "books1{compute@1,send@2,sum@1}");
    EXPECT_EQ(text("select string_agg(concat(member, handler), ' ' order by member) from "
                   "task_set_members(" +
                   std::to_string(set) + ")"),
              "m1compute tellsend yearsum");
    complete_with(all, "compute", rows_of("m1", 1));
    complete_with(all, "sum", R"([{"year": "2014", "total": 9}])");
    EXPECT_EQ(report() + sums(), "") << "one is missing";
    const std::vector<ClaimedTask> tell = all.claim(10, "send");
    ASSERT_EQ(tell.size(), 1U);
    EXPECT_EQ(tell[0].version, 2);
    EXPECT_EQ(complete(all, tell[0], "[1]"),
              "BT042 the handler of member tell registered no view for its rows");
    EXPECT_EQ(complete(all, tell[0], "[]", R"(, tasks => '[{"handler": "send"}]')"), "t");
    EXPECT_EQ(report() + " " + sums(), "m1=1 2014=9");
    EXPECT_EQ(all.claim(10, "send").size(), 1U) << "what a member made";
    EXPECT_EQ(text("select payload ->> 'pins' from event where type = 'set/published'"),
              R"([{"build": "b", "handler": "compute", "version": 1}, )"
              R"({"build": "e", "handler": "send", "version": 2}, )"
              R"({"build": "c", "handler": "sum", "version": 1}])");
    follower_->drain();
    const std::string at =
        text("select position from task_sets() where id = " + std::to_string(set));
    EXPECT_EQ(text("select view_rows_at('report', " + at + ") ->> 'total'"), "1");
    EXPECT_EQ(text("select view_rows_at('sums', " + at + ") ->> 'total'"), "9");
}

TEST_F(TaskSetHandlersTest, ANextOneHasTheSameMembersAndANewerOneOfAHandlerCounts) {
    TestNode all = node({.handlers = offered});
    name_handlers("('compute', 1), ('sum', 1), ('send', 2)");
    const std::int64_t first = open_books(members_);
    complete_with(all, "compute", rows_of("m1", 1));
    complete_with(all, "sum", R"([{"year": "2014", "total": 9}])");
    // A set of one of its handlers alone, and of the same key, from a later position.
    connection_.exec("select dispatch('a', '{}')");
    follower_->drain();
    const std::int64_t alone = open("2014", R"({"m1": 1})");
    complete_with(all, "compute", rows_of("m1", 2));
    EXPECT_EQ(state(alone), "published");
    complete_with(all, "send", "[]");
    EXPECT_EQ(state(first), "superseded") << "none of it is shown, as not all of it could be";
    EXPECT_EQ(report() + " " + sums(), "m1=2 ");

    connection_.exec("select touch_task_set('books', '2014')");
    maintain();
    const std::int64_t next = newest("2014");
    ASSERT_GT(next, alone);
    EXPECT_EQ(text("select string_agg(concat(member, payload), ' ' order by member) from "
                   "task_set_members(" +
                   std::to_string(next) + ")"),
              R"(m1{"n": 1} tell7 year{})");
    complete_with(all, "compute", rows_of("m1", 3));
    complete_with(all, "sum", R"([{"year": "2014", "total": 10}])");
    complete_with(all, "send", "[]");
    EXPECT_EQ(report() + " " + sums(), "m1=3 2014=10");
    EXPECT_EQ(text("select string_agg(concat(handler, ' ', task_set), ', ' order by handler) from "
                   "task_set_shown"),
              "books " + std::to_string(next) + ", compute " + std::to_string(next) + ", send " +
                  std::to_string(next) + ", sum " + std::to_string(next));
    EXPECT_EQ(number("select count(*) from task_set where clear_at is not null and id in (" +
                     std::to_string(first) + ", " + std::to_string(alone) + ")"),
              2)
        << "nobody sees them any more";
}

TEST_F(TaskSetHandlersTest, WhatItLacksIsSaidOfTheHandlerThatLacks) {
    TestNode all = node({.handlers = offered});
    const TestNode some =
        node({.name = "some", .handlers = R"([{"name": "compute", "version": 1, "build": "b"}])"});
    name_handlers("('compute', 1), ('send', 2)");
    const std::int64_t set =
        open_books(R"({"a": {"handler": "compute"}, "b": {"handler": "send"}})");
    EXPECT_EQ(state(set), "open");
    all.deregister();
    EXPECT_EQ(state(set), "blocked_no_capable_node");
    EXPECT_EQ(reason(set),
              "no live node carries send; start a node that carries send@2, or baton task-sets "
              "restart " +
                  std::to_string(set));
}

TEST_F(TaskSetHandlersTest, WhatIsNoMemberOfItIsRefused) {
    const TestNode all = node({.handlers = offered});
    name_handlers("('compute', 1), ('send', 2)");
    const std::string wrong =
        "BT042 member m of task set 1 names no handler of the set: {\"m\": {\"handler\": name, "
        "\"payload\": value}}, with one of: compute, send";
    int number_of_set = 0;
    for (const std::string member :
         {"1", "{}", R"({"handler": "sum"})", R"({"handler": null})", R"([{"handler": "send"}])"}) {
        std::string expected = wrong;
        expected.replace(expected.find("set 1") + 4, 1, std::to_string(++number_of_set));
        EXPECT_EQ(refusal("open_task_set('books', 'k', '{\"m\": " + member + "}')"), expected);
    }
    EXPECT_EQ(refusal("open_task_set('a', 'k', '{}')").substr(0, 40),
              "BT037 nobody registered a handler 'a'; a");
    EXPECT_EQ(refusal("touch_task_set('a', 'k')").substr(0, 5), "BT037");
    connection_.exec("insert into set_handler values ('books', 1, 'later', 4)");
    EXPECT_EQ(refusal("open_task_set('books', 'k', '{}')"),
              "BT037 view set books@1 has handler later@4, which nobody registered: start a node "
              "that carries it");
    connection_.exec("delete from set_handler");
    EXPECT_EQ(refusal("open_task_set('books', 'k', '{}')"),
              "BT042 view set books@1 names no handlers, so nobody could do the members of a task "
              "set");
}

TEST_F(TaskSetHandlersTest, AreOpenedFromCpp) {
    TestNode all = node({.handlers = offered});
    name_handlers("('compute', 1), ('send', 2)");
    pqxx::connection connection(url_ + "&client_encoding=UTF8");
    pqxx::work transaction(connection);
    transaction.exec("set transaction isolation level read committed");
    transaction.exec("set search_path = " + std::string(testing::test_schema));
    const TaskSetId set =
        open_task_set(transaction, "books", "2014",
                      std::map<std::string, MemberTask>{{"m\"1", {"compute", R"({"n": 1})"}},
                                                        {"b", {"send", "2"}}});
    transaction.commit();
    EXPECT_EQ(text("select string_agg(concat(member, payload), ' ' order by member collate \"C\") "
                   "from task_set_members(" +
                   std::to_string(static_cast<std::int64_t>(set)) + ")"),
              R"(b2 m"1{"n": 1})");
}

}  // namespace
}  // namespace baton
