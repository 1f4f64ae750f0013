// baton versions, promote, rollback, retire, and dead --version: a new version of a view is built
// beside the live one by a second process of the tool, and goes live when somebody says so.
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "baton/sql/connection.hpp"
#include "support/environment.hpp"
#include "support/eventually.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

using namespace std::chrono_literals;

// category_sales@1 and the like of it: version N shows N times the amount, and version 2 has one
// more column.
std::string sales(int version, const std::string& view = "category_sales") {
    const std::string number = std::to_string(version);
    const std::string table = view + "__v" + number;
    const std::string more = version == 2 ? ", largest numeric" : "";
    return "--! reducer " + view + " version " + number + "\ncreate table " + table +
           " (category text primary key, lines bigint not null, amount numeric, position bigint "
           "not null" +
           more + ");\ncreate function " + table +
           "() returns void language sql as $$\n"
           "  insert into " +
           table +
           " as v (category, lines, amount, position)\n"
           "  select line ->> 'category', count(*), " +
           number +
           " * sum((line ->> 'amount')::numeric), max(e.position)\n"
           "    from batch_event e cross join jsonb_array_elements(e.payload -> 'lines') line\n"
           "   where e.type = 'order/placed' group by 1\n"
           "  on conflict (category) do update set lines = v.lines + excluded.lines,\n"
           "    amount = v.amount + excluded.amount, position = excluded.position\n$$;\n";
}

// Fails on each event in which version 1 finds nothing wrong.
std::string poisoned_sales() {
    return "--! reducer category_sales version 2\n"
           "create table category_sales__v2 (category text primary key, position bigint not "
           "null);\n"
           "create function category_sales__v2() returns void language plpgsql as $$ begin\n"
           "  if exists (select from batch_event where type = 'order/placed') then\n"
           "    raise exception 'no discount in this order';\n  end if;\nend $$;\n";
}

class VersionsCliTest : public ::testing::Test {
protected:
    VersionsCliTest() {
        tool_.set("XDG_CONFIG_HOME", (tool_.folder() / "config").string());
        EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0);
    }

    // An orchestrator that carries these reducers' files.
    std::unique_ptr<ChildProcess> start(const std::string& node,
                                        const std::vector<std::string>& files,
                                        const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"orchestrate", "--node",      node,  "--poll-ms",
                                           "200",         "--log-level", "info"};
        if (std::ranges::find(more, "--auto-promote") == more.end()) {
            arguments.insert(arguments.end(), {"--auto-promote", "false"});
        }
        for (const std::string& file : files) {
            arguments.insert(arguments.end(), {"--reducer", file});
        }
        arguments.insert(arguments.end(), more.begin(), more.end());
        return std::make_unique<ChildProcess>(tool_.options(arguments));
    }
    std::unique_ptr<ChildProcess> start_version(int version) {
        return start("v" + std::to_string(version), {file_of(version)});
    }
    std::string file_of(int version) {
        return tool_.write("v" + std::to_string(version) + ".sql", sales(version));
    }

    [[nodiscard]] std::string ask(const std::string& query) {
        return std::string(connection_.exec(query).only().text_or_null(0).value_or(""));
    }
    [[nodiscard]] bool comes_true(const std::string& condition) {
        return eventually(30s, [&] { return ask("select " + condition) == "t"; });
    }
    [[nodiscard]] bool leads(const std::string& node) {
        return comes_true("exists (select from leader where node = '" + node +
                          "' and backend_pid is not null and lease_until > now()) and exists "
                          "(select from set_version where state = 'live')");
    }
    [[nodiscard]] bool is_ready(int version, const std::string& view = "category_sales") {
        return comes_true("exists (select from view_build b where view = '" + view +
                          "' and version = " + std::to_string(version) +
                          " and state = 'ready' and is_kept(b))");
    }
    void order_placed() {
        EXPECT_EQ(tool_.run({"dispatch", "order/placed", order("Chairs"), "--wait"}).code, 0);
    }

    const TestDatabase database_{environment_template()};
    Tool tool_{database_};
    sql::Connection connection_{database_.url(), in_test_schema()};
};

TEST_F(VersionsCliTest, AVersionIsBuiltPromotedRolledBackAndRetired) {
    EXPECT_EQ(tool_.run({"versions"}).out,
              "there are no versions yet; `baton orchestrate` makes those known that it carries\n");
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    const auto second = start_version(2);
    const Ran ready = tool_.run({"promote", "category_sales", "2", "--when-ready"});
    EXPECT_EQ(ready.code, 0) << ready.err << second->error_output();
    EXPECT_EQ(ready.out, "category_sales is live at version 2 from position 1\n");
    EXPECT_EQ(ask("select amount from category_sales"), "3.00");
    ASSERT_TRUE(is_ready(1)) << first->error_output();
    order_placed();

    const Ran back = tool_.run({"rollback", "category_sales", "--when-ready"});
    EXPECT_EQ(back.out, "category_sales is live at version 1 from position 2\n") << back.err;
    EXPECT_EQ(ask("select amount from category_sales"), "3.00") << "of two orders";
    ASSERT_TRUE(is_ready(2));
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2"}).code, 0);

    EXPECT_EQ(tool_.run({"retire", "category_sales", "1"}).out,
              "category_sales version 1 is retired; the leader drops its rows\n");
    const Ran gone = tool_.run({"rollback", "category_sales"});
    EXPECT_EQ(gone.code, 1);
    EXPECT_EQ(gone.err,
              "baton: view set category_sales has no former version that is kept "
              "[BT034]\n");
    EXPECT_EQ(tool_.run({"versions"}).out.find("retired"), std::string::npos);
    EXPECT_NE(tool_.run({"versions", "--all"}).out.find("retired"), std::string::npos);
}

// Who led has to find out that it does not, and to keep what it led with; that is waited for.
TEST_F(VersionsCliTest, ARollbackRightAfterAPromotionSucceedsAndSoOnToAndFro) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    const auto second = start_version(2);
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2", "--when-ready"}).code, 0);
    for (int i = 0; i < 3; ++i) {
        const Ran back = tool_.run({"rollback", "category_sales"});
        EXPECT_EQ(back.out, "category_sales is live at version 1 from position 1\n")
            << back.err << first->error_output();
        const Ran on = tool_.run({"promote", "category_sales", "2"});
        EXPECT_EQ(on.out, "category_sales is live at version 2 from position 1\n")
            << on.err << second->error_output();
    }
    EXPECT_EQ(tool_.run({"retire", "category_sales", "1"}).code, 0);
    order_placed();
    EXPECT_EQ(ask("select amount from category_sales"), "6.00");
}

// One that is gone is waited for, too, for as long as one waits, and then named.
TEST_F(VersionsCliTest, ARollbackToWhatNobodyKeepsSaysWhatItWaitedFor) {
    auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    const auto second = start_version(2);
    ASSERT_TRUE(is_ready(2)) << second->error_output();
    first->kill(SIGKILL);
    ASSERT_TRUE(first->wait(10s));
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2", "--when-ready"}).code, 0);
    const Ran gone = tool_.run({"rollback", "category_sales", "--timeout", "3"});
    EXPECT_EQ(gone.code, 1);
    EXPECT_EQ(gone.err,
              "waiting: the process that kept category_sales@1 is not back yet\n"
              "baton: promotion 2 was cancelled: it was not carried out within 3 s: the process "
              "that kept category_sales@1 is not back yet; nothing has changed [BT035]\n");
    connection_.exec(
        "update set_version set since = now() - interval '1 minute' where state = 'warm'");
    EXPECT_EQ(tool_.run({"rollback", "category_sales"}).err,
              "baton: nobody keeps category_sales@1: start a program that carries it [BT035]\n");
}

TEST_F(VersionsCliTest, VersionsShowsWhatIsLiveAndWhatIsBuilt) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    const auto second = start_version(2);
    ASSERT_TRUE(is_ready(2)) << second->error_output();
    const Ran followed = tool_.run({"versions", "--follow"});
    EXPECT_EQ(followed.code, 0) << followed.err;
    const std::string& table = followed.out;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < table.size();) {
        const std::size_t end = table.find('\n', at);
        lines.push_back(table.substr(at, end - at));
        at = end + 1;
    }
    ASSERT_EQ(lines.size(), 3U) << table;
    EXPECT_EQ(lines[0].find("set             version  state     since"), 0U) << table;
    EXPECT_EQ(lines[1].find("category_sales        1  live "), 0U) << table;
    EXPECT_NE(lines[1].find("category_sales@1  following         1    0  v1"), std::string::npos)
        << table;
    EXPECT_EQ(lines[2].find("category_sales        2  building "), 0U) << table;
    EXPECT_NE(lines[2].find("category_sales@2  ready             1    0  v2"), std::string::npos)
        << table;
    EXPECT_EQ(table.find("events/s"), std::string::npos) << "nothing would stand below";

    const Ran json = tool_.run({"versions", "--json"});
    simdjson::dom::parser parser;
    const simdjson::dom::element built = parser.parse(json.out).at(1);
    EXPECT_EQ(std::string_view(built["view_set"]), "category_sales");
    EXPECT_EQ(std::string_view(built["state"]), "building");
    EXPECT_EQ(std::string_view(built["views"].at(0)["node"]), "v2");

    const std::string status = tool_.run({"status"}).out;
    EXPECT_NE(status.find("versions beside the live ones\n"), std::string::npos) << status;
    EXPECT_NE(status.find("category_sales@2  ready"), std::string::npos) << status;
    EXPECT_NE(status.find("no problems"), std::string::npos) << status;
}

TEST_F(VersionsCliTest, FollowWaitsForABuildThatNobodyKeepsAndSaysSo) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    auto second = start_version(2);
    ASSERT_TRUE(is_ready(2)) << second->error_output();
    second->kill(SIGKILL);
    ASSERT_TRUE(second->wait(10s));
    ASSERT_TRUE(comes_true("not exists (select from view_build b where is_kept(b))"));
    EXPECT_NE(tool_.run({"status"})
                  .out.find("the build of view set category_sales@2 stands still: no process that "
                            "carries\n    it runs"),
              std::string::npos);

    ChildProcess follow(tool_.options({"versions", "--follow"}));
    EXPECT_TRUE(eventually(10s, [&] {
        return follow.error_output() ==
               "category_sales@2: no process that carries it runs; start one\n";
    })) << follow.error_output();
    EXPECT_EQ(follow.wait(200ms), std::nullopt);
    second = start_version(2);
    EXPECT_EQ(follow.wait(20s), (ExitStatus{0, {}})) << follow.error_output();
    EXPECT_NE(follow.output().find("ready"), std::string::npos);
}

TEST_F(VersionsCliTest, WhatCannotBePromotedIsRefusedWithItsCode) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    const Ran live = tool_.run({"promote", "category_sales", "1"});
    EXPECT_EQ(live.code, 1);
    EXPECT_EQ(live.err, "baton: view set category_sales is live at version 1 already [BT035]\n");
    const Ran unknown = tool_.run({"promote", "category_sales", "7"});
    EXPECT_EQ(unknown.code, 1);
    EXPECT_EQ(unknown.err,
              "baton: view set category_sales has no version 7 here; there is 1 (live) [BT034]\n");
    EXPECT_EQ(
        tool_.run({"retire", "category_sales", "1"}).err,
        "baton: view set category_sales@1 is live: promote another version first, or use --live to "
        "have it no more [BT035]\n");

    const Ran odd = tool_.run({"promote", "category_sales"});
    EXPECT_EQ(odd.code, 2);
    EXPECT_NE(odd.err.find("as many versions as view sets are wanted"), std::string::npos);
    EXPECT_EQ(tool_.run({"promote"}).code, 2);
    EXPECT_EQ(tool_.run({"promote", "category_sales", "two"}).code, 2);
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2", "--timeout", "soon"}).code, 2);
    EXPECT_EQ(tool_.run({"promote", "--cancel", "1", "--when-ready"}).code, 2);
    EXPECT_EQ(tool_.run({"rollback"}).code, 2);
    EXPECT_EQ(tool_.run({"retire", "category_sales"}).code, 2);
    EXPECT_EQ(tool_.run({"promote", "--cancel", "1"}).err,
              "baton: promotion 1 is not known here [BT035]\n");
}

// A build that nobody keeps is promoted as soon as somebody does; until then the wish can be taken
// back in three ways, and each leaves the way free for the next.
TEST_F(VersionsCliTest, APromotionThatIsNotWaitedForIsCancelled) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    auto second = start_version(2);
    ASSERT_TRUE(is_ready(2)) << second->error_output();
    second->kill(SIGKILL);
    ASSERT_TRUE(second->wait(10s));
    ASSERT_TRUE(comes_true("not exists (select from view_build b where is_kept(b))"));
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2"}).err,
              "baton: nobody keeps category_sales@2: start a program that carries it [BT035]\n");

    const std::vector<std::string> when_ready{"promote", "category_sales", "2", "--when-ready"};
    std::vector<std::string> timed = when_ready;
    timed.insert(timed.end(), {"--timeout", "0.5"});
    const Ran late = tool_.run(timed);
    EXPECT_EQ(late.code, 1);
    EXPECT_EQ(late.err,
              "baton: promotion 1 was cancelled: it was not carried out within 1 s: nobody keeps "
              "category_sales@2: start a program that carries it; nothing has changed [BT035]\n");

    ChildProcess interrupted(tool_.options(when_ready));
    ASSERT_TRUE(comes_true("exists (select from promotion where state = 'requested')"));
    interrupted.kill(SIGINT);
    EXPECT_EQ(interrupted.wait(10s), (ExitStatus{1, {}}));
    EXPECT_NE(interrupted.error_output().find("promotion 2 was cancelled: who asked for it does "
                                              "not wait any more; nothing has changed [BT035]"),
              std::string::npos)
        << interrupted.error_output();

    ChildProcess killed(tool_.options(when_ready));
    ASSERT_TRUE(comes_true("exists (select from promotion where state = 'requested')"));
    killed.kill(SIGKILL);
    ASSERT_TRUE(killed.wait(10s));
    EXPECT_EQ(tool_.run(when_ready).err,
              "baton: promotion 3 (category_sales) is under way: wait for it, or end it with "
              "\"baton promote --cancel 3\" [BT035]\n");
    EXPECT_NE(tool_.run({"status"}).out.find("promotion 3 (category_sales@2) was asked for by"),
              std::string::npos);
    EXPECT_EQ(tool_.run({"promote", "--cancel", "3"}).out,
              "promotion 3 is cancelled; nothing has changed\n");

    ChildProcess waiting(tool_.options(when_ready));
    ASSERT_TRUE(comes_true("exists (select from promotion where state = 'requested')"));
    second = start_version(2);
    EXPECT_EQ(waiting.wait(20s), (ExitStatus{0, {}})) << waiting.error_output();
    EXPECT_EQ(waiting.output(), "category_sales is live at version 2 from position 0\n");
    EXPECT_EQ(tool_.run({"promote", "--cancel", "4"}).err,
              "baton: promotion 4 is done already; `baton rollback` leads back [BT035]\n");
}

TEST_F(VersionsCliTest, APoisonedBuildIsNotPromotedUntilItsEventIsResolved) {
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    const auto second =
        start("v2", {tool_.write("bad.sql", poisoned_sales())}, {"--on-poison", "halt"});
    ASSERT_TRUE(comes_true("exists (select from view_build where state = 'halted')"))
        << second->error_output();
    const Ran refused = tool_.run({"promote", "category_sales", "2", "--when-ready"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_EQ(refused.err.find("baton: the build of category_sales@2 is halted at position 0: "),
              0U)
        << refused.err;
    EXPECT_NE(refused.err.find("no discount in this order"), std::string::npos) << refused.err;
    const Ran followed = tool_.run({"versions", "--follow"});
    EXPECT_EQ(followed.code, 1);
    EXPECT_NE(followed.err.find("[BT0"), std::string::npos) << followed.err;
    EXPECT_NE(tool_.run({"status"}).out.find("problems\n  the build of category_sales@2 is halted"),
              std::string::npos);
    EXPECT_NE(tool_.run({"versions"}).out.find("no discount"), std::string::npos);

    EXPECT_EQ(tool_.run({"dead", "skip", "category_sales", "--version", "1"}).code, 1)
        << "the live one is not halted";
    EXPECT_EQ(tool_.run({"dead", "skip", "category_sales", "--version", "2"}).out,
              "view category_sales@2 goes on without the event at position 1\n");
    EXPECT_EQ(tool_.run({"promote", "category_sales", "2", "--when-ready"}).code, 0)
        << second->error_output();
}

TEST_F(VersionsCliTest, ViewsOfASetOfTheFileGoLiveTogetherAndAnotherDoesNotGoAlone) {
    const auto file = [&](int version) {
        const std::string number = std::to_string(version);
        return tool_.write("test" + number + ".toml",
                           "name = \"test\"\nkind = \"staging\"\nconnection.url = \"" +
                               database_.url() + "\"\n[reducers]\nsql = [\"a" + number +
                               ".sql\", \"b" + number + ".sql\"]\n[view_sets.sales]\nversion = " +
                               number + "\nviews = [\"by_category\", \"by_kind\"]\n");
    };
    for (const int version : {1, 2}) {
        const std::string number = std::to_string(version);
        tool_.write("a" + number + ".sql", sales(version, "by_category"));
        tool_.write("b" + number + ".sql", sales(version, "by_kind"));
    }
    tool_.set("BATON_KIND", "");
    const std::string one = file(1);
    EXPECT_EQ(tool_.run({"environment", "enrol", one}).code, 0);
    ChildProcess first(tool_.options({"orchestrate", "--env", one, "--node", "v1"}));
    ASSERT_TRUE(leads("v1")) << first.error_output();
    ChildProcess second(tool_.options({"orchestrate", "--env", file(2), "--node", "v2"}));
    ASSERT_TRUE(is_ready(2, "by_kind")) << second.error_output();
    EXPECT_EQ(ask("select string_agg(view_set || version::text || state, ',' order by version) "
                  "from set_version"),
              "sales1live,sales2building")
        << "staging promotes nothing by itself";
    EXPECT_EQ(tool_.run({"promote", "by_kind", "2"}).err,
              "baton: view set by_kind has no version 2 here; there is no view set of this name: "
              "sales [BT034]\n");
    const Ran promoted = tool_.run({"promote", "sales", "2", "--when-ready"});
    EXPECT_EQ(promoted.out, "sales is live at version 2 from position 0\n") << promoted.err;
    EXPECT_NE(tool_.run({"environment", "show", one}).out.find("version 1 of by_category, by_kind"),
              std::string::npos);
}

TEST_F(VersionsCliTest, ASetOfViewsThatNobodyKeepsIsRefusedAtTheStart) {
    tool_.write("v1.sql", sales(1));
    const std::string file = tool_.write(
        "test.toml",
        "name = \"test\"\nkind = \"development\"\nconnection.url = \"host=x\"\n[reducers]\nsql = "
        "[\"v1.sql\"]\n[view_sets.sales]\nversion = 1\nviews = [\"category_sale\"]\n");
    const Ran ran = tool_.run({"orchestrate", "--env", file});
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.err, "baton: " + file +
                           ":6: view_sets.sales names \"category_sale\", which no reducer here "
                           "keeps; did you mean \"category_sales\"? [BT016]\n");
}

TEST_F(VersionsCliTest, InDevelopmentAVersionGoesLiveByItself) {
    auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    order_placed();
    const ChildProcess second(
        tool_.options({"orchestrate", "--node", "v2", "--reducer", file_of(2)}));
    EXPECT_TRUE(comes_true("(select amount from category_sales) = 3")) << second.error_output();
    EXPECT_TRUE(leads("v2")) << second.error_output();
}

// Outside of development a role that may run orchestrators does not say what is live.
TEST_F(VersionsCliTest, OnlyTheOwnerPromotesOutsideOfDevelopment) {
    tool_.set("BATON_KIND", "staging");
    EXPECT_EQ(tool_.run({"environment", "upgrade"}).code, 0);
    EXPECT_EQ(tool_.run({"environment", "enrol"}).code, 0);
    const auto first = start_version(1);
    ASSERT_TRUE(leads("v1")) << first->error_output();
    connection_.exec(
        "create role runner login password 'p'; grant baton_test_orchestrate to runner;"
        "create role watcher login password 'p'; grant baton_test_observe to watcher");
    const std::string owners = database_.url();
    const auto as = [&](const std::string& role) {
        const char mark = owners.find('?') == std::string::npos ? '?' : '&';
        tool_.set("DATABASE_URL", owners + mark + "user=" + role + "&password=p");
    };
    as("runner");
    const Ran refused = tool_.run({"promote", "category_sales", "2"});
    EXPECT_EQ(refused.code, 1);
    EXPECT_NE(refused.err.find("and its members may promote, not runner: this is no "
                               "development environment ("),
              std::string::npos)
        << refused.err;
    EXPECT_EQ(refused.err.find("doctor"), std::string::npos) << refused.err;
    EXPECT_NE(tool_.run({"retire", "category_sales", "1"}).err.find("may retire versions"),
              std::string::npos);
    EXPECT_NE(tool_.run({"promote", "--cancel", "1"}).err.find("may cancel a promotion"),
              std::string::npos);
    // Nor by itself; it goes on building for whoever may.
    const auto second = start("v2", {file_of(2)}, {"--auto-promote", "true"});
    EXPECT_TRUE(eventually(20s, [&] {
        return second->error_output().find("not promoted: promote: only ") != std::string::npos;
    })) << second->error_output();
    EXPECT_TRUE(is_ready(2));
    EXPECT_EQ(second->wait(0ms), std::nullopt);
    as("watcher");
    EXPECT_EQ(tool_.run({"versions"}).code, 0);
    const Ran denied = tool_.run({"rollback", "category_sales"});
    EXPECT_EQ(denied.code, 1);
    EXPECT_NE(denied.err.find("the environment's owner may do this"), std::string::npos)
        << denied.err;
}

}  // namespace
}  // namespace baton::testing
