// What a dump keeps of the refusal of unknown types, and how its events get in.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "restore_fixture.hpp"
#include "sql/outcome.hpp"

namespace baton::sql {
namespace {

using EventTypesRestoreTest = RestoreTest;

TEST_F(EventTypesRestoreTest, ADumpIsRestoredWithEventsOfBeforeAndRefusesFromThere) {
    connection_.exec("select dispatch('order/plcaed')");
    connection_.exec("select declare_event_types('{order/placed}')");
    connection_.exec("select set_unknown_events('refuse')");
    for (const testing::Form form : {testing::Form::sql, testing::Form::custom}) {
        const std::string url = database_elsewhere();
        testing::copy_database(database_.url(), url, form);
        Connection copy(url, testing::in_test_schema());
        EXPECT_EQ(count_of(copy, "event where type = 'order/plcaed'"), 1);
        EXPECT_EQ(outcome_of([&] { copy.exec("select dispatch('order/plcaed')"); }).sqlstate,
                  "BT040");
        EXPECT_EQ(outcome_of([&] { copy.exec("select dispatch('order/placed')"); }).text, "");
    }
}

// What the client programs say, after a dump was restored in these steps.
std::string restored(const std::string& dump, const std::string& url,
                     const std::vector<std::vector<std::string>>& steps,
                     const std::map<std::string, std::string>& environment = {}) {
    std::string said;
    for (std::vector<std::string> arguments : steps) {
        arguments.insert(arguments.begin(), testing::client_program("pg_restore"));
        arguments.insert(arguments.end(), {"-e", "-O", "-x", "-d", url, dump});
        testing::ChildProcess process({.arguments = arguments, .environment = environment});
        EXPECT_TRUE(process.wait(std::chrono::seconds(30)));
        said += process.error_output();
    }
    return said;
}

TEST_F(EventTypesRestoreTest, DataAloneIsLetInAsTheRefusalSays) {
    connection_.exec("select dispatch('order/plcaed')");
    connection_.exec("select set_unknown_events('refuse')");
    const std::string dump =
        (std::filesystem::temp_directory_path() / ("baton_types_" + std::to_string(::getpid())))
            .string();
    testing::run({testing::client_program("pg_dump"), "-d", database_.url(), "-Fc", "-f", dump});
    const auto expect_whole = [](const std::string& url) {
        Connection copy(url, testing::in_test_schema());
        EXPECT_EQ(count_of(copy, "event where type = 'order/plcaed'"), 1);
        EXPECT_EQ(outcome_of([&] { copy.exec("select dispatch('order/plcaed')"); }).sqlstate,
                  "BT040");
    };

    EXPECT_NE(restored(dump, database_elsewhere(), {{"--schema-only"}, {"--data-only"}})
                  .find("event type \"order/plcaed\" is not known here; to restore data alone, set "
                        "session_replication_role = replica in the session; else restore the dump "
                        "whole, or section by section (docs/operations.md)"),
              std::string::npos);

    const std::string as_replica = database_elsewhere();
    EXPECT_EQ(restored(dump, as_replica, {{"--schema-only"}}), "");
    EXPECT_EQ(restored(dump, as_replica, {{"--data-only"}},
                       {{"PGOPTIONS", "-c session_replication_role=replica"}}),
              "");
    expect_whole(as_replica);

    const std::string by_section = database_elsewhere();
    EXPECT_EQ(restored(dump, by_section,
                       {{"--section=pre-data"}, {"--section=data"}, {"--section=post-data"}}),
              "");
    expect_whole(by_section);

    const std::string by_owner = database_elsewhere();
    EXPECT_EQ(restored(dump, by_owner, {{"--schema-only"}}), "");
    Connection(by_owner).exec(
        "alter domain baton_test.event_type drop constraint event_type_known");
    EXPECT_EQ(restored(dump, by_owner, {{"--data-only", "--disable-triggers"}}), "");
    Connection(by_owner, testing::in_test_schema()).exec("select set_unknown_events('refuse')");
    expect_whole(by_owner);
    std::filesystem::remove(dump);
}

}  // namespace
}  // namespace baton::sql
