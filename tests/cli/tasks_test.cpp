// The verbs that look at tasks and nodes, and the one that makes a task: what they print, for
// people and as JSON, and what they say where there is nothing or something is wrong.

#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <sstream>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class TasksTest : public TaskFixture {
protected:
    Ran run(const std::vector<std::string>& arguments, const std::string& input = {}) {
        return tool_.run(arguments, input);
    }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line,
                        int code) {
        testing::expect_refused(run(arguments), line, code);
    }
    static void expect_narrow(const std::string& text) {
        std::istringstream stream(text);
        for (std::string line; std::getline(stream, line);) {
            const auto width = std::ranges::count_if(
                line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
            EXPECT_LE(width, 80) << text;
        }
    }
    static void expect_words(const std::string& text, const std::vector<std::string>& words) {
        std::istringstream stream(text);
        std::string joined;
        for (std::string word; stream >> word;) joined += word + " ";
        joined = without_seconds(joined);
        for (const std::string& each : words) {
            EXPECT_NE(joined.find(each), std::string::npos) << each << "\n" << text;
        }
    }
    // A task of 'send' that failed for good, with an error of a stranger's.
    std::int64_t dead_task(TestNode& one) {
        connection_.exec("update handler set max_attempts = 1");
        const std::int64_t task =
            enqueue(R"('send', '{"order": 42}', tenant => 't', meta => '{"user": "u"}')");
        one.fail(one.claim()[0].token, "no such order\033[2J\n" + std::string(300, 'x'));
        return task;
    }

    Tool tool_{database_};
    simdjson::dom::parser parser_;
};

TEST_F(TasksTest, EnqueueMakesATaskAndPrintsItsId) {
    TestNode one = node({.name = "one", .labels = "{eu,gpu}"});
    EXPECT_EQ(run({"enqueue", "send", R"({"order": 42})"}).out, "1\n");
    EXPECT_EQ(run({"enqueue", "send", "-", "--priority", "-5", "--label", "gpu", "--label", "eu",
                   "--tenant", "t", "--meta", R"({"user": "u"})", "--schema-version", "2"},
                  R"({"order": 43})")
                  .out,
              "2\n");
    EXPECT_EQ(run({"enqueue", "send", "--run-at", "1 hour"}).out, "3\n");
    EXPECT_EQ(run({"enqueue", "send", "--run-at", "2101-02-03 10:00+00"}).out, "4\n");
    EXPECT_EQ(text("select string_agg(concat_ws(' ', t.payload, t.priority, t.tenant, t.meta, "
                   "r.labels, t.schema_version), ', ' order by t.id) from task t join requirement "
                   "r on r.id = "
                   "t.requirement where t.id < 3"),
              R"({"order": 42} 0 {} 1, {"order": 43} -5 t {"user": "u"} {eu,gpu} 2)");
    EXPECT_EQ(text("select (due_at - clock_timestamp() between '59 min' and '60 min')::text from "
                   "task_due where task = 3"),
              "true");
    EXPECT_EQ(text("select (due_at = '2101-02-03 10:00+00')::text from task_due where task = 4"),
              "true");
    EXPECT_EQ(one.claim(10).size(), 2U);

    const Ran unknown = run({"enqueue", "sent"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err,
              "baton: nobody registered a handler 'sent'; a node that carries it does; is it "
              "'send'? [BT037]\n");
    EXPECT_NE(run({"enqueue", "send", "{"}).err.find("payload is no JSON that Postgres can store"),
              std::string::npos);
    expect_refused({"enqueue", "send", "--run-at", "soon"},
                   "--run-at must be a time (2026-11-22 13:00) or how long from now (15 min), not "
                   "\"soon\" [BT027]",
                   2);
    expect_refused({"enqueue", "send", "--priority", "1001"},
                   "--priority must be a whole number from -1000 to 1000, not \"1001\" [BT027]", 2);
    EXPECT_EQ(number("select count(*) from task"), 4);
}

TEST_F(TasksTest, NodesAreListed) {
    EXPECT_EQ(run({"nodes"}).out, "no node is live; --all lists those that ended of late\n");
    EXPECT_EQ(run({"nodes", "--all"}).out, "there are no nodes\n");
    EXPECT_EQ(run({"nodes", "--json"}).out, "[]\n");
    TestNode one = node({.name = "web-3:\033[2J4711",
                         .handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 2, "build": "p2"}])",
                         .labels = "{gpu,eu}"});
    TestNode left = node({.name = "left"});
    for (int i = 0; i < 3; ++i) enqueue();
    one.start(one.claim(2)[0].token);
    left.deregister();
    const std::string list = run({"nodes"}).out;
    expect_words(list, {"node state for lease holds at it labels carries",
                        R"(web-3:\x1b[2J4711 live )", " s 2 1 eu gpu print@2, send@1"});
    EXPECT_EQ(list.find("left"), std::string::npos);
    expect_narrow(list);
    const std::string all = run({"nodes", "--all"}).out;
    expect_words(all, {"left ended ", "it was deregistered"});
    expect_narrow(all);
    const std::string json = run({"nodes", "--json"}).out;
    const simdjson::dom::array nodes = parser_.parse(json).get_array();
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(std::int64_t(nodes.at(0)["held"]), 2);
    EXPECT_EQ(std::string_view(nodes.at(0)["handlers"].at(0)["handler"]), "print");
}

TEST_F(TasksTest, HandlersAreListed) {
    EXPECT_EQ(run({"handlers"}).out,
              "there is no handler; a node registers those that it carries\n");
    TestNode one = node({.name = "one"});
    const TestNode next =
        node({.name = "next", .handlers = R"([{"name": "send", "version": 2, "build": "b2"},
            {"name": "a_handler_with_a_name_that_is_quite_long", "version": 1, "build": "b"}])"});
    for (int i = 0; i < 4; ++i) enqueue();
    one.complete(one.claim()[0].token);
    (void)one.claim();
    const std::string list = run({"handlers"}).out;
    expect_words(list, {"handler live nodes waiting oldest due lanes held dead others",
                        "send 1 1 2 ", "of the newest that ended"});
    expect_narrow(list);
    tool_.set("COLUMNS", "120");
    expect_words(run({"handlers"}).out, {" 0 0 1 0 2 (1 node)"});
    const std::string json = run({"handlers", "--json"}).out;
    const simdjson::dom::array handlers = parser_.parse(json).get_array();
    ASSERT_EQ(handlers.size(), 2U);
    EXPECT_EQ(std::int64_t(handlers.at(1)["waiting"]), 2);
    EXPECT_EQ(std::int64_t(handlers.at(1)["versions"].at(1)["version"]), 2);
}

TEST_F(TasksTest, LanesAreMadeWider) {
    TestNode one = node();
    for (int i = 0; i < 3; ++i) run({"enqueue", "send", "--lane", "a"});
    EXPECT_EQ(one.claim(10).size(), 1U);
    EXPECT_EQ(run({"handlers", "lanes", "send", "--width", "2"}).out,
              "of each lane of send 2 tasks are done at a time\n");
    EXPECT_EQ(one.claim(10).size(), 1U);
    tool_.set("COLUMNS", "120");
    expect_words(run({"handlers"}).out, {"send 1 1 0 0 1 2 0"});
    EXPECT_EQ(run({"handlers", "lanes", "send", "--when-dead", "pass"}).out,
              "of each lane of send 1 task is done at a time, in order; behind one that is dead it "
              "goes on\n");
}

TEST_F(TasksTest, HandlersAreLimited) {
    TestNode one = node();
    for (int i = 0; i < 3; ++i) enqueue();
    EXPECT_EQ(run({"handlers", "limit", "send", "--running", "2"}).out,
              "of send 2 tasks may be held by nodes at a time\n");
    EXPECT_EQ(one.claim(10).size(), 2U);
    EXPECT_EQ(run({"handlers", "limit", "send", "--running", "0", "--waiting", "1"}).out,
              "of send any number of tasks may be held by nodes at a time\n"
              "of send 1 tasks may wait before more are refused\n");
    expect_refused({"enqueue", "send"},
                   "handler send is full: 1 tasks of it wait, or more; nothing was made, try again "
                   "later [BT048]",
                   1);
    EXPECT_EQ(one.claim(10).size(), 1U);
    expect_refused({"handlers", "limit", "send"},
                   "say which limit: --running, --waiting, --rate or --run-at-most [BT027]", 2);
}

TEST_F(TasksTest, TasksAreListedInPages) {
    EXPECT_EQ(run({"tasks", "list"}).out, "there are no such tasks\n");
    TestNode one = node({.name = "one"});
    const std::int64_t dead = dead_task(one);
    for (int i = 0; i < 5; ++i) enqueue();
    enqueue("'send', labels => array['gpu']");
    enqueue("'send', run_at => '2101-02-03 10:00+00'");
    const std::string list = run({"tasks", "list"}).out;
    expect_words(list, {"task state handler attempts made ago what",
                        "8 due send@1 0 N s at 2101-02-03 10:00:00+00", "needs gpu",
                        "1 dead send@1 1 ", R"(at one; no such order\x1b[2J\nxxx)"});
    EXPECT_EQ(list.find("older"), std::string::npos);
    expect_narrow(list);
    const std::string page = run({"tasks", "list", "--limit", "3"}).out;
    expect_words(page, {"there may be older ones: --before 6"});
    EXPECT_EQ(page.find("\n5 "), std::string::npos);
    expect_words(run({"tasks", "list", "--before", "3"}).out, {"2 waiting", "1 dead"});
    const std::string of_dead = run({"tasks", "list", "--state", "dead", "--json"}).out;
    const simdjson::dom::element json = parser_.parse(of_dead);
    EXPECT_TRUE(json["before"].is_null());
    ASSERT_EQ(simdjson::dom::array(json["tasks"]).size(), 1U) << of_dead;
    EXPECT_EQ(std::int64_t(json["tasks"].at(0)["task"]), dead);
    EXPECT_EQ(run({"tasks", "list", "--handler", "print"}).out, "there are no such tasks\n");
    EXPECT_EQ(run({"tasks", "list", "--tenant", "t", "--json"}).out.find("{\"tasks\": [{"), 0U);
    const Ran wrong = run({"tasks", "list", "--state", "ready"});
    EXPECT_EQ(wrong.code, 2);
}

// So that a page is filled, however many there are of others.
TEST_F(TasksTest, AHandlerOfWhichThereIsLittleIsFoundAmongMany) {
    TestNode one = node({.handlers = R"([{"name": "send", "version": 1, "build": "b1"},
                                         {"name": "print", "version": 1, "build": "b1"}])"});
    const std::int64_t rare = enqueue("'print'");
    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[25000]))");
    const std::string list = run({"tasks", "list", "--handler", "print"}).out;
    expect_words(list, {std::to_string(rare) + " waiting print@1"});
    EXPECT_EQ(list.find("older"), std::string::npos) << "it looked at all";
}

TEST_F(TasksTest, ATaskIsShownAndWhyItDoesNotRun) {
    TestNode one = node({.name = "one"});
    const std::int64_t dead = dead_task(one);
    const std::string id = std::to_string(dead);
    const std::string shown = run({"tasks", "show", id}).out;
    expect_words(shown, {"handler send@1", "state dead", "attempts 1", "tenant t",
                         R"(payload {"order": 42})", R"(attempt 1 failed at )",
                         R"(no such order\x1b[2J\nxxx)"});
    expect_narrow(shown);
    const simdjson::dom::element json = parser_.parse(run({"tasks", "show", id, "--json"}).out);
    EXPECT_EQ(std::string_view(json["meta"]["user"]), "u");
    EXPECT_EQ(std::string_view(json["failures"].at(0)["outcome"]), "failed");

    const std::string why = run({"tasks", "why", id}).out;
    expect_words(why, {"task " + id + " is dead: ", "fix: baton tasks retry " + id});
    expect_narrow(why);
    one.deregister();
    const std::string waiting = std::to_string(enqueue());
    EXPECT_EQ(run({"tasks", "why", waiting}).out,
              "task " + waiting +
                  " is waiting: no live node carries send\nfix: start a node that carries "
                  "send@1\n");
    EXPECT_EQ(run({"tasks", "why", waiting, "--json"}).out.find(R"({"fix": )"), 0U);
    for (const std::string verb : {"show", "why"}) {
        expect_refused({"tasks", verb, "999"},
                       "there is no task 999; see `baton tasks list` [BT042]", 1);
    }
    expect_refused({"tasks", "show", "x"},
                   "ID must be a whole number of at least 1, not \"x\" [BT027]", 2);
}

TEST_F(TasksTest, StatusAndDoctorTellOfThem) {
    TestNode one = node({.name = "one"});
    const TestNode other = node({.name = "other", .labels = "{eu}"});
    (void)dead_task(one);
    enqueue("'send', labels => array['gpu']");
    const std::string page = run({"status"}).out;
    expect_words(page,
                 {"nodes 2 live, 0 ended in the last hour",
                  "a task of send@1 waits, for N s, and nobody can take it: no live node that "
                  "carries send@1 has the labels gpu",
                  "a task of send is dead: see \"baton tasks list --state dead --handler "
                  "send\""});
    expect_narrow(page);
    EXPECT_EQ(run({"status", "--check"}).code, 1);
    const simdjson::dom::element json = parser_.parse(run({"status", "--json"}).out);
    EXPECT_EQ(std::string_view(json["tasks"]["missing"].at(0)["lack"]), "labels");
    EXPECT_EQ(std::int64_t(json["tasks"]["dead"].at(0)["dead"]), 1);
    expect_words(run({"doctor"}).out, {"ok tasks each of those that were looked at"});
}

TEST_F(TasksTest, TasksAreCancelledAndRetried) {
    TestNode one = node({.name = "one"});
    const std::string dead = std::to_string(dead_task(one));
    const std::string held = std::to_string(enqueue());
    (void)one.claim();
    EXPECT_EQ(run({"tasks", "cancel", held, "--reason", "ordered twice"}).out,
              "task " + held + " is cancelled\n");
    expect_words(run({"tasks", "show", held}).out,
                 {"state cancelled", "why cancelled by", ": ordered twice"});
    expect_words(run({"tasks", "list", "--state", "cancelled"}).out, {held + " cancelled send@1"});
    expect_refused({"tasks", "cancel", dead},
                   "task " + dead + " is dead; nothing was changed [BT042]", 1);
    expect_refused({"tasks", "cancel", "999"}, "there is no task 999 [BT042]", 1);
    EXPECT_EQ(run({"tasks", "retry", held}).out, "task " + held + " waits for a node\n");
    EXPECT_EQ(state_of(std::stoll(held)), "waiting");
    EXPECT_EQ(one.claim().size(), 1U);
    expect_refused({"tasks", "retry", held},
                   "task " + held + " is claimed; nothing was changed [BT042]", 1);

    connection_.exec("select enqueue_many('send', array_fill('{}'::jsonb, array[2100]))");
    connection_.exec("select fail('" + one.session +
                     "', c.token, 'x', dead => true) from "
                     "claim('" +
                     one.session + "', 'send', 1000) as c");
    connection_.exec("select fail('" + one.session +
                     "', c.token, 'x', dead => true) from "
                     "claim('" +
                     one.session + "', 'send', 1000) as c");
    EXPECT_EQ(run({"tasks", "redrive", "send", "--limit", "1"}).out,
              "1 task of send waits again\n");
    EXPECT_EQ(state_of(std::stoll(dead)), "waiting");
    EXPECT_EQ(run({"tasks", "redrive", "send"}).out, "2000 tasks of send wait again\n");
    EXPECT_EQ(run({"tasks", "redrive", "sent"}).code, 1);
}

TEST_F(TasksTest, AHandlerRests) {
    TestNode one = node({.name = "one"});
    const std::string task = std::to_string(enqueue());
    EXPECT_EQ(run({"handlers", "pause", "send", "--reason", "the bank\033 is down"}).out,
              "send is paused: its tasks wait until \"baton handlers resume send\"\n");
    EXPECT_EQ(run({"handlers", "pause", "send"}).out, "send was paused already\n");
    EXPECT_TRUE(one.claim().empty());
    expect_words(run({"handlers"}).out, {"send is paused since ", R"(: the bank\x1b is down)"});
    expect_words(run({"tasks", "why", task}).out,
                 {"is waiting: handler send is paused since ", "fix: baton handlers resume send"});
    expect_words(run({"status"}).out, {"handler send is paused since "});
    EXPECT_EQ(run({"handlers", "resume", "send"}).out, "send goes on\n");
    EXPECT_EQ(run({"handlers", "resume", "send"}).out, "send was not paused\n");
    EXPECT_EQ(one.claim().size(), 1U);
    const Ran unknown = run({"handlers", "pause", "sent"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_NE(unknown.err.find("is it 'send'? [BT037]"), std::string::npos) << unknown.err;
}

TEST_F(TasksTest, WhatAGroupTakesDoesNotGoWithItsVerbs) {
    EXPECT_EQ(run({"--json", "handlers"}).out, "[]\n");
    const Ran unknown = run({"handlers", "paws"});
    EXPECT_EQ(unknown.code, 2);
    expect_refused({"handlers", "--json", "resume", "send"},
                   "--json does not go with handlers resume [BT027]", 2);
    EXPECT_EQ(run({"tasks"}).err, "baton: a verb is missing; see `baton tasks --help` [BT027]\n");
}

}  // namespace
}  // namespace baton::testing
