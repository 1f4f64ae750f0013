// baton dispatch, one by one and as a file; nobody reduces here.
#include <gtest/gtest.h>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class DispatchVerbTest : public ::testing::Test {
protected:
    [[nodiscard]] std::int64_t events() const {
        sql::Connection connection(database_.url(), in_test_schema());
        return connection.exec("select count(*) from event").only().integer(0);
    }
    [[nodiscard]] std::string first(const std::string& expression) const {
        sql::Connection connection(database_.url(), in_test_schema());
        return std::string(
            connection.exec("select " + expression + " from event order by id limit 1")
                .only()
                .text(0));
    }

    const TestDatabase database_{environment_template()};
    const Tool tool_{database_};
};

TEST_F(DispatchVerbTest, StoresAllThatWasGivenAndPrintsTheId) {
    const Ran ran = tool_.run({"dispatch", "order/placed", R"([1, "ü"])", "--key", "order/1",
                               "--tenant", "t", "--meta", R"({"user": 7})"});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, first("id") + "\n");
    EXPECT_EQ(first("concat_ws(' ', type, payload, key, tenant, meta)"),
              R"(order/placed [1, "ü"] order/1 t {"user": 7})");
}

TEST_F(DispatchVerbTest, ReadsThePayloadFromStdin) {
    EXPECT_EQ(tool_.run({"dispatch", "a", "-"}, R"({"x": 1})").code, 0);
    EXPECT_EQ(first("payload"), R"({"x": 1})");
}

TEST_F(DispatchVerbTest, PayloadDefaultsToAnEmptyObject) {
    EXPECT_EQ(tool_.run({"dispatch", "a"}).code, 0);
    EXPECT_EQ(first("payload"), "{}");
}

TEST_F(DispatchVerbTest, TheSameIdIsTheSameEvent) {
    const std::string id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";
    const Ran once = tool_.run({"dispatch", "a", "{}", "--id", id});
    const Ran again = tool_.run({"dispatch", "a", "{}", "--id", id});
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_EQ(once.out, again.out);
    const Ran other = tool_.run({"dispatch", "b", "{}", "--id", id});
    EXPECT_EQ(other.code, 1);
    EXPECT_NE(other.err.find("was used for another event"), std::string::npos) << other.err;
    EXPECT_EQ(events(), 1);
}

TEST_F(DispatchVerbTest, RefusesWhatIsNoJsonAndNoUuid) {
    const Ran json = tool_.run({"dispatch", "a", "{x}"});
    EXPECT_EQ(json.code, 1);
    EXPECT_NE(json.err.find("payload"), std::string::npos) << json.err;
    EXPECT_EQ(json.err.find('\n'), json.err.size() - 1);
    const Ran id = tool_.run({"dispatch", "a", "{}", "--id", "7"});
    EXPECT_EQ(id.code, 2);
    EXPECT_EQ(id.err, "baton: --id must be a uuid, not \"7\" [BT027]\n");
    EXPECT_EQ(tool_.run({"dispatch"}).err,
              "baton: the event's type is missing; see `baton dispatch --help` [BT027]\n");
    EXPECT_EQ(events(), 0);
}

TEST_F(DispatchVerbTest, WaitGivesUpInTimeWhereNobodyReduces) {
    const Ran ran = tool_.run({"dispatch", "a", "--wait", "--timeout", "0.2"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err,
              "baton: event 1 is not in every view after 200 ms; `baton status` tells what holds "
              "it up [BT005]\n");
    EXPECT_EQ(tool_.run({"wait", "99", "--timeout", "0"}).code, 1);
}

TEST_F(DispatchVerbTest, FileOfEventsIsDispatchedInItsOrderWithAllDigits) {
    const std::string file = tool_.write(
        "events.ndjson",
        "{\"type\": \"a\", \"payload\": {\"n\": 12345678901234567890.123456789}, \"key\": \"k\"}\n"
        "\n"
        "{\"type\": \"b\", \"payload\": null, \"meta\": null, \"tenant\": \"t\"}\r\n"
        "{\"type\": \"c\", \"dispatch_id\": \"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"}");
    const Ran ran = tool_.run({"dispatch", "--ndjson", file});
    EXPECT_EQ(ran.code, 0) << ran.err;
    EXPECT_EQ(ran.out, "dispatched 3 events\n");
    EXPECT_EQ(ran.err, "");  // no bar where there is no terminal
    EXPECT_EQ(first("payload"), R"({"n": 12345678901234567890.123456789})");
    sql::Connection connection(database_.url(), in_test_schema());
    EXPECT_EQ(connection.exec("select string_agg(type, '' order by id) from event").only().text(0),
              "abc");
}

TEST_F(DispatchVerbTest, SchemaVersionIsStoredAndOneOutOfRangeRefused) {
    EXPECT_EQ(tool_.run({"dispatch", "a", "--schema-version", "7"}).code, 0);
    EXPECT_EQ(tool_.run({"dispatch", "a"}).code, 0);
    EXPECT_EQ(tool_
                  .run({"dispatch", "--ndjson", "-"},
                       "{\"type\": \"a\", \"schema_version\": 32767}\n"
                       "{\"type\": \"a\", \"schema_version\": null}\n{\"type\": \"a\"}\n")
                  .code,
              0);
    sql::Connection connection(database_.url(), in_test_schema());
    const std::string query = "select string_agg(schema_version::text, ' ' order by id) from event";
    EXPECT_EQ(connection.exec(query).only().text(0), "7 1 32767 1 1");
    for (const std::string value : {"0", "32768", "two"}) {
        const Ran ran = tool_.run({"dispatch", "a", "--schema-version", value});
        EXPECT_EQ(ran.code, 2) << value;
        EXPECT_NE(ran.err.find("--schema-version"), std::string::npos) << ran.err;
    }
    EXPECT_NE(tool_.run({"dispatch", "--ndjson", "-", "--schema-version", "2"}, "")
                  .err.find("--schema-version does not go with --ndjson"),
              std::string::npos);
    EXPECT_EQ(events(), 5);
}

TEST_F(DispatchVerbTest, BadLineIsNamedAndItsBatchIsNotWritten) {
    const std::string good = "{\"type\": \"a\"}\n";
    struct Case {
        std::string line;
        std::string what;
    };
    const std::vector<Case> cases{
        {"{\"typ\": \"a\"}", "unknown field \"typ\", did you mean type"},
        {"{\"payload\": {}}", "the field type is missing or empty"},
        {"[1]", "a line must be a JSON object"},
        {"{\"type\": \"a\", \"key\": 7}", "type, key, tenant and dispatch_id must be texts"},
        {"{\"type\": \"a\"} {}", "not JSON: byte 15: expected the end"},
        {"{\"type\": \"a\", \"payload\": {bad}}", "not JSON: byte 27: expected a name"},
        {"not json", "not JSON: byte 1: expected a value"},
        {"{\"type\": \"a\", \"type\": \"b\"}", "the field type is given twice"},
        {"{\"type\": \"a\", \"dispatch_id\": \"7\"}", "dispatch_id is no uuid"},
        {"{\"type\": \"a\", \"schema_version\": 0}",
         "schema_version must be a whole number from 1 to 32767"},
        {"{\"type\": \"a\", \"schema_version\": \"2\"}",
         "schema_version must be a whole number from 1 to 32767"},
    };
    for (const Case& each : cases) {
        const Ran ran = tool_.run({"dispatch", "--ndjson", "-", "--batch", "2"},
                                  good + good + good + each.line);
        EXPECT_EQ(ran.code, 1) << each.line;
        EXPECT_EQ(ran.err,
                  "baton: stdin:4: " + each.what +
                      "; nothing of its batch was written, 2 events before it were [BT001]\n");
        EXPECT_EQ(ran.out, "");
    }
    EXPECT_EQ(events(), static_cast<std::int64_t>(2 * cases.size()));
}

TEST_F(DispatchVerbTest, FileThatBeginsWithAByteOrderMarkIsDispatched) {
    const Ran ran = tool_.run({"dispatch", "--ndjson", "-"},
                              "\xEF\xBB\xBF{\"type\": \"a\"}\n{\"type\": \"b\"}\n");
    EXPECT_EQ(ran.out, "dispatched 2 events\n") << ran.err;
    // Nowhere else is it one.
    EXPECT_EQ(tool_.run({"dispatch", "--ndjson", "-"}, "{\"type\": \"a\"}\n\xEF\xBB\xBF{}\n").code,
              1);
    EXPECT_EQ(tool_.run({"dispatch", "--ndjson", "-"}, "\xEF\xBB\xBF").out,
              "dispatched 0 events\n");
    EXPECT_EQ(events(), 2);
}

TEST_F(DispatchVerbTest, LineThatIsLongerThanAnyEventIsNamedAndNotReadToItsEnd) {
    ChildProcessOptions options = tool_.options({"dispatch"});
    const std::string program = options.arguments.front();
    // In so much memory it could not hold the line, were it to read all of it.
    options.arguments = {"/bin/bash", "-c",
                         "ulimit -v 700000; (echo '{\"type\": \"a\"}'; yes '{\"type\":' |"
                         " head -c 1000000000 | tr -d '\\n') 2>/dev/null | " +
                             program + " dispatch --ndjson - --batch 1"};
    ChildProcess shell(options);
    ASSERT_TRUE(shell.wait(std::chrono::seconds(60)));
    EXPECT_EQ(shell.error_output(),
              "baton: stdin:2: the line is longer than 12877824 bytes, which no event is; an event"
              " is a line; nothing of its batch was written, 1 events before it were [BT001]\n");
    EXPECT_EQ(events(), 1);
}

TEST_F(DispatchVerbTest, LineThatTheServerRefusesIsNamed) {
    const std::string file =
        tool_.write("events.ndjson",
                    "{\"type\": \"a\"}\n{\"type\": \"b\", \"payload\": {\"x\": \"\\u0000\"}}\n"
                    "{\"type\": \"c\"}\n");
    const Ran ran = tool_.run({"dispatch", "--ndjson", file});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.err.find("baton: " + file + ":2: "), 0U) << ran.err;
    EXPECT_EQ(ran.err.find('\n'), ran.err.size() - 1);
    EXPECT_EQ(events(), 0);
}

TEST_F(DispatchVerbTest, FileThatCannotBeReadToItsEndIsAFailure) {
    // Opens well, and fails at the first read.
    const Ran ran = tool_.run({"dispatch", "--ndjson", "/proc/self/mem"});
    EXPECT_EQ(ran.code, 1);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err,
              "baton: /proc/self/mem:1: cannot be read any further; 0 events before were "
              "dispatched [BT045]\n");
}

TEST_F(DispatchVerbTest, FileThatIsNotThereIsRefused) {
    const Ran ran = tool_.run({"dispatch", "--ndjson", "nowhere.ndjson"});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: nowhere.ndjson: cannot read the file [BT027]\n");
    EXPECT_EQ(tool_.run({"dispatch", "a", "--ndjson", "-"}).err,
              "baton: TYPE does not go with --ndjson: each line says its own [BT027]\n");
}

}  // namespace
}  // namespace baton::testing
