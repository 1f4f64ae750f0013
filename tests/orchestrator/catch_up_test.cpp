// Views that come later than the events, and what may register (BT012, BT013).
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "orchestrator/world.hpp"
#include "support/eventually.hpp"

namespace baton::testing {
namespace {

const std::string sql_file = BATON_SOURCE_DIR "/tests/orchestrator/program/sql_totals.sql";

bool all_follow(World& world, const std::string& count, milliseconds deadline = seconds(60)) {
    return world.comes_true(
        "(select count(*) from view_state where state = 'following') = " + count, deadline);
}

void end(ChildProcess& process, int signal) {
    process.kill(signal);
    ASSERT_TRUE(process.wait(seconds(10)));
}

TEST(CatchUpTest, AReducerAddedToALongLogFollowsAfterAWhileAlsoIfKilledOnTheWay) {
    World world;
    auto process = world.start({.node = "before", .options = {"--without-marks"}});
    ASSERT_TRUE(world.leads("before"));
    dispatch_flood(world, 50'000);
    ASSERT_TRUE(world.settles());
    end(*process, SIGTERM);

    Writers writers(world.url(), 2);
    process = world.start({.node = "killed",
                           .options = {"--sql", sql_file, "--batch-max", "1000"},
                           .fault = "before_commit:9:kill"});
    ASSERT_TRUE(process->wait(seconds(30))) << process->error_output();
    process = world.start({.node = "killed again",
                           .options = {"--sql", sql_file, "--batch-max", "1000"},
                           .fault = "after_reduce:20:kill"});
    ASSERT_TRUE(process->wait(seconds(30))) << process->error_output();
    EXPECT_EQ(world.ask("select state from view_state where view = 'sql_totals'"), "behind");

    process = world.start({.node = "after", .options = {"--sql", sql_file}});
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    writers.stop();
    ASSERT_TRUE(world.settles());
    world.expect_exact();
    world.expect_accounts_agree();
}

// A file that no other user's or process' test writes.
std::string script_file(const std::string& name) {
    return ::testing::TempDir() + name + "_" + std::to_string(::getpid()) + ".sql";
}

// Starts a process that must refuse to work, and returns the one line that it says.
std::string refusal(const World& world, const std::vector<std::string>& options) {
    const auto process = world.start({.node = "refused", .options = options});
    const auto end = process->wait(seconds(20));
    EXPECT_TRUE(end) << process->error_output();
    EXPECT_EQ(end.value_or(ExitStatus{}).code, 3) << process->error_output();
    const std::string said = process->error_output();
    const auto line = said.find("orchestrator_program: ");
    return line == std::string::npos ? said : said.substr(line + 22);
}

TEST(RegistrationTest, AProgramThatCannotKeepTheLiveViewsNeverLeadsAndSaysWhy) {
    World world;
    auto process = world.start({.node = "first"});
    ASSERT_TRUE(all_follow(world, "2"));
    end(*process, SIGTERM);

    const auto lacking = world.start({.node = "lacking", .options = {"--without-marks"}});
    EXPECT_TRUE(eventually(seconds(10), [&] {
        return lacking->error_output().find(
                   "cannot lead: view set mark_totals@1 is live, and this process carries no"
                   " version of it") != std::string::npos;
    })) << lacking->error_output();
    const std::string other = refusal(world, {"--other-build"});
    EXPECT_EQ(other,
              "BT012 reducer account_totals@1 was registered with build one, this one is build two:"
              " give it a new version\n");

    process = world.start({.node = "second"});
    EXPECT_TRUE(world.leads("second")) << process->error_output();
    EXPECT_EQ(refusal(world, {"--other-build"}), other) << "beside a leader";
}

TEST(RegistrationTest, ASqlReducerThatCannotWorkIsRefusedAndLeavesNothing) {
    World world;
    const std::string file = script_file("reducer");
    const auto refused = [&](const std::string& text) {
        std::ofstream(file) << text;
        return refusal(world, {"--sql", file});
    };
    const std::string heading = "--! reducer bad version 1\n";
    const std::string table =
        "create table bad__v1 (k text primary key, position bigint not null);";
    const std::string function =
        "create function bad__v1() returns void language sql as 'select null::void';";
    EXPECT_TRUE(refused("select 1").starts_with("BT013")) << "no heading";
    EXPECT_TRUE(refused(heading + function).starts_with("BT013")) << "no table";
    EXPECT_TRUE(refused(heading + "create table bad__v1 (k text primary key);" + function)
                    .starts_with("BT013"))
        << "no position";
    EXPECT_TRUE(refused(heading + "create table bad__v1 (position bigint not null);" + function)
                    .starts_with("BT013"))
        << "no key";
    const std::string where = "BT013 SQL reducer " + file;
    EXPECT_EQ(refused(heading + table),
              where + ": call_sql_reducer: function bad__v1() does not exist (SQLSTATE 42883)\n");
    EXPECT_EQ(refused(heading + table + "\n\nselect *\nfrom nothing;"),
              where + ":5: relation \"nothing\" does not exist (SQLSTATE 42P01)\n");
    EXPECT_EQ(refused(heading + "\nselct 1"),
              where + ":3: syntax error at or near \"selct\" (SQLSTATE 42601)\n");
    EXPECT_EQ(refused(heading + "select 1/0"), where + ": division by zero (SQLSTATE 22012)\n");
    EXPECT_TRUE(refused(heading + table +
                        "create function bad__v1() returns void language plpgsql as"
                        " $$ begin perform nothing from batch_event; end $$;")
                    .starts_with(where + ": call_sql_reducer: column \"nothing\""))
        << "a fold that cannot be planned";
    EXPECT_EQ(refusal(world, {"--sql", "/tmp"}),
              "BT013 SQL reducer /tmp: is a folder, not a file\n");
    EXPECT_EQ(world.ask("select count(*) from reducer_version where name = 'bad'"), "0");
    EXPECT_EQ(world.ask("select to_regclass('bad__v1') is null"), "t");

    std::ofstream(file) << heading << table << function;
    const auto process = world.start({.node = "good", .options = {"--sql", file}});
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    end(*process, SIGTERM);
    EXPECT_TRUE(refused(heading + table + function + "-- changed\n select 1").starts_with("BT012"));
}

TEST(RegistrationTest, ASqlReducersScriptCannotCommitAndLeavesNothing) {
    World world;
    const std::string file = script_file("reducer_commits");
    for (const char* const script :
         {"commit; create table left_behind (a int); commit; select 1/0;",
          "create table left_behind (a int); do $$ begin commit; end $$;",
          "create table left_behind (a int); rollback; create table left_behind (a int); begin;"}) {
        SCOPED_TRACE(script);
        std::ofstream(file) << "--! reducer bad version 1\n" << script;
        const std::string said = refusal(world, {"--sql", file});
        EXPECT_TRUE(said.starts_with("BT013 SQL reducer " + file)) << said;
        EXPECT_NE(said.find("cannot begin or end one"), std::string::npos) << said;
        EXPECT_EQ(world.ask("select to_regclass('left_behind') is null"), "t");
    }
}

TEST(RegistrationTest, WhereOtherBuildsAreAcceptedAnEditedSqlReducerBuildsItsViewAnew) {
    World world;
    const std::string file = script_file("reducer_edited");
    const auto write = [&](const std::string& column, const std::string& value) {
        std::ofstream(file)
            << "--! reducer edited version 1\ncreate table edited__v1 (account text primary key, "
            << column << " bigint not null, position bigint not null);\n"
            << "create function edited__v1() returns void language sql as $$ insert into"
               " edited__v1 as v select payload ->> 'account', "
            << value
            << ", max(position) from batch_event where type = 'account/moved' group by 1"
               " on conflict (account) do update set "
            << column << " = v." << column << " + excluded." << column
            << ", position = excluded.position $$;\n";
    };
    const std::vector<std::string> options{"--sql", file, "--other-builds"};
    write("moves", "count(*)");
    auto process = world.start({.node = "first", .options = options});
    dispatch_flood(world, 500);
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select sum(moves) from edited"), "500");
    end(*process, SIGTERM);

    write("doubled", "2 * count(*)");
    EXPECT_TRUE(refusal(world, {"--sql", file}).starts_with("BT012"));
    process = world.start({.node = "second", .options = options});
    ASSERT_TRUE(world.leads("second")) << process->error_output();
    dispatch_flood(world, 100);
    ASSERT_TRUE(world.comes_true("to_regclass('edited') is not null"));
    ASSERT_TRUE(all_follow(world, "3")) << process->error_output();
    ASSERT_TRUE(world.settles()) << process->error_output();
    EXPECT_EQ(world.ask("select sum(doubled) from edited"), "1200");
    end(*process, SIGTERM);

    process = world.start({.node = "third", .options = {"--sql", file}});
    EXPECT_TRUE(world.leads("third")) << process->error_output();
}

TEST(RegistrationTest, AStandbyWithOtherReducersSaysThatTheyAreNotRun) {
    World world;
    const auto leader = world.start({.node = "first"});
    ASSERT_TRUE(world.leads("first"));
    const auto same = world.start({.node = "same"});
    const auto other = world.start({.node = "other", .options = {"--sql", sql_file}});
    const auto says = [](const ChildProcess& process, const std::string& text) {
        return process.error_output().find(text) != std::string::npos;
    };
    ASSERT_TRUE(eventually(seconds(10), [&] {
        return says(*other,
                    "the leader first runs other reducers (account_totals@1, mark_totals@1) than"
                    " this process carries (account_totals@1, mark_totals@1, sql_totals@1)");
    })) << other->error_output();
    ASSERT_TRUE(eventually(seconds(10), [&] { return says(*same, "standing by"); }));
    EXPECT_FALSE(says(*same, "other reducers"));
}

}  // namespace
}  // namespace baton::testing
