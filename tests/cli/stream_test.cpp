// What needs a running orchestrator: log, view, wait, dead, status, doctor.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <csignal>

#include "baton/base/error.hpp"
#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

class StreamTest : public ::testing::Test {
protected:
    // An orchestrator with a SQL reducer, that halts before a poisoned event.
    [[nodiscard]] std::unique_ptr<ChildProcess> start() const {
        const std::string file = tool_.write("category_sales.sql", category_sales());
        return std::make_unique<ChildProcess>(
            tool_.options({"orchestrate", "--reducer", file, "--on-poison", "halt", "--node",
                           "here", "--poll-ms", "100"}));
    }
    void dispatch_and_wait(const std::string& payload) const {
        const Ran ran = tool_.run({"dispatch", "order/placed", payload, "--wait"});
        ASSERT_EQ(ran.code, 0) << ran.err;
    }
    // Some category that CSV must quote, and an ordinary one.
    void dispatch_two() const {
        dispatch_and_wait(order(R"(Tables, \"round\")"));
        dispatch_and_wait(order("Chairs", "2.00"));
    }
    [[nodiscard]] bool becomes_halted() const {
        return eventually(15s, [&] {
            return tool_.run({"dead", "list"}).out.find("halting") != std::string::npos;
        });
    }

    const TestDatabase database_{environment_template()};
    const Tool tool_{database_};
};

TEST_F(StreamTest, ViewIsPrintedForPeopleAsCsvAndAsJsonInTheOrderOfItsKey) {
    const auto orchestrator = start();
    dispatch_two();
    EXPECT_EQ(tool_.run({"view", "category_sales"}).out,
              "category         lines  amount\n"
              "Chairs               1    2.00\n"
              "Tables, \"round\"      1    1.50\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--csv"}).out,
              "category,lines,amount\nChairs,1,2.00\n\"Tables, \"\"round\"\"\",1,1.50\n");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--json"}).out,
              "[{\"category\":\"Chairs\",\"lines\":1,\"amount\":2.00},\n"
              " {\"category\":\"Tables, \\\"round\\\"\",\"lines\":1,\"amount\":1.50}]\n");
    const Ran unknown = tool_.run({"view", "x\"; drop"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err, "baton: there is no view x\"; drop; there are category_sales [BT023]\n");
    EXPECT_EQ(tool_.run({"view", "categry_sales"}).err,
              "baton: there is no view categry_sales; did you mean category_sales? [BT023]\n");
    const Ran views = tool_.run({"views"});
    EXPECT_NE(views.out.find("category_sales        1  following"), std::string::npos) << views.out;
}

TEST_F(StreamTest, CsvTellsNullFromAnEmptyText) {
    const auto orchestrator = start();
    dispatch_and_wait(R"({"lines": [{"category": ""}]})");
    EXPECT_EQ(tool_.run({"view", "category_sales", "--csv"}).out,
              "category,lines,amount\n\"\",1,\n");
}

TEST_F(StreamTest, LogIsPrintedFromAPositionOnAndFollowed) {
    const auto orchestrator = start();
    dispatch_two();
    const Ran second = tool_.run({"log", "--after", "1", "--json"});
    simdjson::dom::parser parser;
    const simdjson::dom::element event = parser.parse(second.out);
    EXPECT_EQ(std::int64_t(event["position"]), 2);
    EXPECT_EQ(std::string_view(event["type"]), "order/placed");
    EXPECT_EQ(std::int64_t(event["schema_version"]), 1);
    EXPECT_NE(tool_.run({"log", "--limit", "1"}).out.find("order/placed"), std::string::npos);

    const ChildProcess follower(tool_.options({"log", "--after", "2", "--follow", "--json"}));
    ChildProcess bounded(tool_.options({"log", "--follow", "--limit", "3"}));
    dispatch_and_wait(order("Phones"));
    EXPECT_TRUE(eventually(
        10s, [&] { return follower.output().find("\"position\":3") != std::string::npos; }));
    EXPECT_EQ(bounded.wait(10s), (ExitStatus{0, {}}));
}

TEST_F(StreamTest, LogSaysOfAnEventThatItCannotBeReadAndGoesOn) {
    const auto orchestrator = start();
    sql::Connection connection(database_.url(), in_test_schema());
    connection.exec(
        "alter domain event_payload drop constraint event_payload_bytes;"
        "insert into event (type, payload, key) values ('a', ('[' || repeat('1e131071,', 8500) ||"
        " '1]')::jsonb, 'k'), ('b', '[1e3000]', null);"
        "select set_limit('payload_bytes', 1048576)");
    connection.exec(
        "insert into event (type, payload) select 'c', to_jsonb(repeat('y', 1000000))"
        " from generate_series(1, 20)");
    dispatch_and_wait(order("Phones"));
    const std::string why = "payload: it is longer than 268435456 bytes as text, by its numbers";
    const Ran people = tool_.run({"log"});
    EXPECT_EQ(people.code, 0) << people.err;
    EXPECT_NE(people.out.find("a     k    cannot be read: " + why + "\n       2  "),
              std::string::npos)
        << people.out.substr(0, 400);
    EXPECT_NE(people.out.find("order/placed"), std::string::npos);
    EXPECT_EQ(std::ranges::count(people.out, '\n'), 24);
    const Ran json = tool_.run({"log", "--json"});
    EXPECT_EQ(json.code, 0) << json.err;
    EXPECT_EQ(std::ranges::count(json.out, '\n'), 23);
    simdjson::dom::parser parser;
    const simdjson::dom::element event = parser.parse(json.out.substr(0, json.out.find('\n')));
    EXPECT_EQ(std::string_view(event["cannot_be_read"]), why);
    EXPECT_EQ(std::string_view(event["key"]), "k");
    EXPECT_TRUE(event["payload"].is_null());
    EXPECT_EQ(tool_.run({"log", "--limit", "3"}).out.find("order/placed"), std::string::npos);
}

TEST_F(StreamTest, ClosedPipeIsNoError) {
    const auto orchestrator = start();
    const std::string line = R"({"type": "a", "payload": ")" + std::string(100'000, 'x') + "\"}\n";
    EXPECT_EQ(tool_.run({"dispatch", "--ndjson", "-"}, line + line + line).code, 0);
    dispatch_and_wait(order("Phones"));
    ChildProcessOptions options = tool_.options({"log"});
    const std::string program = options.arguments.front();
    options.arguments = {"/bin/bash", "-c",
                         program + " log | head -c 10 > /dev/null; echo ${PIPESTATUS[0]}"};
    ChildProcess shell(options);
    ASSERT_TRUE(shell.wait(20s));
    EXPECT_EQ(shell.output(), "0\n");
    EXPECT_EQ(shell.error_output(), "");
}

TEST_F(StreamTest, WaitPrintsThePositionAndRefusesWhatIsNotThere) {
    const auto orchestrator = start();
    dispatch_two();
    EXPECT_EQ(tool_.run({"wait", "2"}).out, "2\n");
    const Ran unknown = tool_.run({"wait", "77"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err.find("baton: event 77 is not there"), 0U) << unknown.err;
}

TEST_F(StreamTest, PoisonedEventIsListedShownAndSkipped) {
    const auto orchestrator = start();
    dispatch_two();
    EXPECT_EQ(tool_.run({"dispatch", "order/placed", order("Chairs", "cheap")}).code, 0);
    ASSERT_TRUE(becomes_halted());
    EXPECT_EQ(tool_.run({"status", "--check"}).code, 1);
    EXPECT_EQ(tool_.run({"status"}).code, 0);
    const Ran shown = tool_.run({"dead", "show", "category_sales", "--position", "3"});
    EXPECT_NE(shown.out.find("\"cheap\""), std::string::npos) << shown.out << shown.err;
    const Ran json = tool_.run({"dead", "list", "--json"});
    simdjson::dom::parser parser;
    EXPECT_EQ(std::int64_t(parser.parse(json.out).at(0)["position"]), 3);

    EXPECT_NE(tool_.run({"dead", "skip", "category_sales", "--position", "9"})
                  .err.find("is not halted at position 9"),
              std::string::npos);
    const Ran skipped = tool_.run({"dead", "skip", "category_sales"});
    EXPECT_EQ(skipped.out, "view category_sales goes on without the event at position 3\n")
        << skipped.err;
    dispatch_and_wait(order("Chairs", "3.00"));
    EXPECT_NE(tool_.run({"view", "category_sales", "--csv"}).out.find("Chairs,2,5.00"),
              std::string::npos);
    const Ran again = tool_.run({"dead", "skip", "category_sales"});
    EXPECT_EQ(again.code, 1);
    EXPECT_EQ(again.err, "baton: view category_sales is not halted; nothing to skip [BT023]\n");
}

TEST_F(StreamTest, SkippedEventIsNoProblemButSomethingToLookAt) {
    const std::string file = tool_.write("category_sales.sql", category_sales());
    const ChildProcess orchestrator(
        tool_.options({"orchestrate", "--reducer", file, "--on-poison", "skip"}));
    dispatch_and_wait(order("Chairs"));
    EXPECT_EQ(tool_.run({"status"}).out.find("to look at"), std::string::npos);
    EXPECT_NE(tool_.run({"dispatch", "order/placed", order("Chairs", "cheap"), "--wait"})
                  .err.find("event 2 (position 2) is dead for category_sales@1"),
              std::string::npos);
    const Ran status = tool_.run({"status"});
    EXPECT_NE(status.out.find("no problems"), std::string::npos) << status.out;
    EXPECT_NE(status.out.find("to look at\n  view category_sales@1 is without 1 event that was "
                              "skipped; see `baton dead\n    list category_sales`"),
              std::string::npos)
        << status.out;
    EXPECT_EQ(tool_.run({"status", "--check"}).code, 0);
}

TEST_F(StreamTest, DeadVerbsRefuseAViewThatIsNotThere) {
    const auto orchestrator = start();
    dispatch_two();
    for (const std::string verb : {"list", "show", "retry", "skip"}) {
        const Ran ran = tool_.run({"dead", verb, "category_sale"});
        EXPECT_EQ(ran.code, 1) << verb;
        EXPECT_EQ(ran.err,
                  "baton: there is no view category_sale; did you mean category_sales? [BT023]\n")
            << verb;
    }
    EXPECT_EQ(tool_.run({"dead", "list", "category_sales"}).out, "there are no dead events\n");
    EXPECT_EQ(tool_.run({"dead", "list", "category_sales", "--json"}).out, "[]\n");
}

TEST_F(StreamTest, ViewCanBeGrantedAndAUsersIndexOutlivesRestartAndUpgrade) {
    auto orchestrator = start();
    dispatch_two();
    sql::Connection connection(database_.url(), in_test_schema());
    connection.exec(
        "create role test_reader; grant usage on schema baton_test to test_reader;"
        "grant select on category_sales to test_reader;"
        "create index my_own on category_sales__v1 (lines)");
    orchestrator->kill(SIGTERM);
    EXPECT_EQ(orchestrator->wait(10s), (ExitStatus{0, {}}));
    connection.exec("comment on table schema_migration is 'baton other'");
    EXPECT_EQ(tool_.run({"environment", "upgrade", "test"}).code, 0);
    orchestrator = start();
    dispatch_and_wait(order("Phones"));
    EXPECT_TRUE(connection.exec("select to_regclass('my_own') is not null").only().boolean(0));
    connection.exec("set role test_reader");
    EXPECT_EQ(connection.exec("select count(*) from category_sales").only().integer(0), 3);
    EXPECT_THROW(connection.exec("delete from category_sales"), Error);
    connection.exec("reset role; drop owned by test_reader; drop role test_reader");
}

TEST_F(StreamTest, RetryFoldsTheEventAfterTheReducerWasMended) {
    const auto orchestrator = start();
    dispatch_two();
    EXPECT_EQ(tool_.run({"dispatch", "order/placed", order("Chairs", "cheap")}).code, 0);
    ASSERT_TRUE(becomes_halted());
    {
        sql::Connection connection(database_.url(), in_test_schema());
        connection.exec(
            "create or replace function category_sales__v1() returns void language sql as $$"
            " update category_sales__v1 set lines = 70 where category = 'Chairs' $$");
    }
    EXPECT_EQ(tool_.run({"dead", "retry", "category_sales"}).out,
              "view category_sales goes on, and has the event at position 3\n");
    EXPECT_EQ(tool_.run({"wait", "3"}).code, 0);
    EXPECT_NE(tool_.run({"view", "category_sales", "--csv"}).out.find("Chairs,70,"),
              std::string::npos);
    EXPECT_EQ(tool_.run({"dead", "list"}).out, "there are no dead events\n");
    EXPECT_NE(tool_.run({"dead", "list", "--all"}).out.find("retried"), std::string::npos);
}

TEST_F(StreamTest, StatusAndDoctorTellWhetherSomebodyLeads) {
    simdjson::dom::parser parser;
    const Ran alone = tool_.run({"doctor"});
    EXPECT_EQ(alone.code, 1);
    EXPECT_NE(alone.out.find("fix: start one: baton orchestrate"), std::string::npos) << alone.out;
    EXPECT_TRUE(parser.parse(tool_.run({"status", "--json"}).out)["leader"].is_null());

    const auto orchestrator = start();
    dispatch_two();
    const Ran status = tool_.run({"status", "--json"});
    EXPECT_EQ(std::string_view(parser.parse(status.out)["leader"]["node"]), "here");
    EXPECT_NE(tool_.run({"status"}).out.find("no problems"), std::string::npos);
    EXPECT_EQ(tool_.run({"status", "--check"}).code, 0);
    const Ran led = tool_.run({"doctor", "--json"});
    EXPECT_EQ(led.code, 0) << led.out;
    for (const simdjson::dom::element finding : parser.parse(led.out).get_array()) {
        EXPECT_NE(std::string_view(finding["state"]), "problem") << led.out;
    }
}

TEST_F(StreamTest, DoctorFindsALogWhoseRowsWereDeleted) {
    const auto orchestrator = start();
    dispatch_two();
    EXPECT_EQ(tool_.run({"wait", "2"}).code, 0);
    EXPECT_EQ(tool_.run({"doctor", "--whole-log"}).code, 0);
    sql::Connection(database_.url(), in_test_schema()).exec("delete from event where id = 2");
    for (const std::vector<std::string>& asked :
         {std::vector<std::string>{"doctor"}, {"doctor", "--whole-log"}}) {
        const Ran doctor = tool_.run(asked);
        EXPECT_EQ(doctor.code, 1);
        EXPECT_NE(doctor.out.find("log_rows"), std::string::npos) << doctor.out;
        EXPECT_NE(doctor.out.find("1 events are gone, the first of them from the batch at"),
                  std::string::npos)
            << doctor.out;
    }
}

TEST_F(StreamTest, DoctorSeesASequenceThatIsBehindItsData) {
    {
        sql::Connection connection(database_.url(), in_test_schema());
        connection.exec("select dispatch('a') from generate_series(1, 5)");
        connection.exec("select setval('event_id_seq', 2)");
    }
    const Ran ran = tool_.run({"doctor"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_NE(ran.out.find("select setval('baton_test.event_id_seq', 5)"), std::string::npos)
        << ran.out;
}

TEST_F(StreamTest, DoctorOutsideOfAnEnvironmentSaysWhatIsMissing) {
    const TestDatabase empty;
    const Ran absent = Tool(empty).run({"doctor"});
    EXPECT_EQ(absent.code, 1);
    EXPECT_NE(absent.out.find("fix: run baton environment install test"), std::string::npos);
    const Ran unreachable = Tool().run({"doctor", "--json", "--url", "postgresql://127.0.0.1:1/x"});
    EXPECT_EQ(unreachable.code, 1);
    simdjson::dom::parser parser;
    EXPECT_EQ(std::string_view(parser.parse(unreachable.out).at(0)["check"]), "connection");
}

TEST_F(StreamTest, OrchestrateEndsWellAtSigterm) {
    const auto orchestrator = start();
    dispatch_two();
    orchestrator->kill(SIGTERM);
    EXPECT_EQ(orchestrator->wait(10s), (ExitStatus{0, {}})) << orchestrator->error_output();
    EXPECT_NE(orchestrator->error_output().find("resigned"), std::string::npos);
}

TEST_F(StreamTest, OrchestrateRefusesAReducerFileThatIsNone) {
    const std::string file = tool_.write("x.sql", "select 1;\n");
    const Ran ran = tool_.run({"orchestrate", "--reducer", file});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err, "baton: SQL reducer " + file +
                           ":1: the first line must be \"--! reducer NAME version N\" [BT013]\n");
}

TEST_F(StreamTest, OrchestrateRefusesADeclarationOfEventsThatItCannotRead) {
    const std::string form =
        "a line that begins with --! must be \"--! event TYPE version N\", with N from 1 to 32767";
    const std::vector<std::pair<std::string, std::string>> cases{
        {"--! event order/placed", form},
        {"--! event order/placed version 0", form},
        {"--! event order/placed version 32768", form},
        {"--! evnt order/placed version 2", form},
        {"--! event a version 1\n--! event a version 2", "the event \"a\" is declared twice"}};
    for (const auto& [lines, reason] : cases) {
        const std::string file = tool_.write("x.sql", "--! reducer x version 1\n" + lines + "\n");
        const Ran ran = tool_.run({"orchestrate", "--reducer", file});
        EXPECT_EQ(ran.code, 1);
        const std::string line = reason == form ? ":2: " : ":3: ";
        EXPECT_EQ(ran.err, "baton: SQL reducer " + file + line + reason + " [BT013]\n");
    }
}

TEST_F(StreamTest, OrchestrateRefusesAPolicyForAViewThatNoReducerKeeps) {
    tool_.write("category_sales.sql", category_sales());
    const std::string file = tool_.write(
        "test.toml",
        "name = \"test\"\nkind = \"development\"\n[policy.views]\ncategory_sale = \"halt\"\n"
        "[reducers]\nsql = [\"category_sales.sql\"]\n");
    const Ran ran = tool_.run({"orchestrate", "--env", file});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: " + file +
                           ":4: policy.views names \"category_sale\", which no reducer here keeps; "
                           "did you mean \"category_sales\"? [BT016]\n");
}

TEST_F(StreamTest, WhatEndsAnOrchestratorIsALineOfItsJsonLog) {
    const TestDatabase empty;
    const Ran ran = Tool(empty).run({"orchestrate", "--log", "json"});
    EXPECT_EQ(ran.code, 1);
    simdjson::dom::parser parser;
    const simdjson::dom::element line = parser.parse(ran.err);
    EXPECT_EQ(std::string_view(line["code"]), "BT009");
    const std::string message{std::string_view(line["message"])};
    EXPECT_NE(message.find("run `baton environment install test`"), std::string::npos) << message;
}

TEST_F(StreamTest, OrchestrateRefusesTwoReducersOfOneName) {
    const std::string file = tool_.write("a.sql", category_sales());
    const std::string copy = tool_.write("b.sql", category_sales());
    const Ran ran = tool_.run({"orchestrate", "--reducer", file, "--reducer", copy});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err, "baton: SQL reducer " + copy + ": " + file +
                           " has a reducer of the name category_sales too; rename one [BT013]\n");
}

}  // namespace
}  // namespace baton::testing
