// baton schedules, and what other verbs say of schedules.

#include <gtest/gtest.h>

#include "sql/task_fixture.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class SchedulesVerbTest : public TaskFixture {
protected:
    Ran run(const std::vector<std::string>& arguments) { return tool_.run(arguments, {}); }
    void expect_refused(const std::vector<std::string>& arguments, const std::string& line) {
        testing::expect_refused(run(arguments), line);
    }
    Tool tool_{database_};
    TestNode node_ = node();
};

TEST_F(SchedulesVerbTest, PreviewPrintsSlotsAndMakesNothing) {
    const Ran ran = run({"schedules", "preview", "30 2 * * *", "--zone", "Europe/Berlin", "--from",
                         "2027-03-27 12:00Z", "--limit", "2"});
    EXPECT_EQ(ran.out,
              "slot                       in UTC\n"
              "2027-03-28T02:30:00+02:00  2027-03-28 01:00:00\n"
              "2027-03-29T02:30:00+02:00  2027-03-29 00:30:00\n");
    EXPECT_EQ(number("select count(*) from schedule"), 0);
    EXPECT_EQ(run({"schedules", "preview", "@daily", "--ends-at", "2020-01-01"}).out,
              "no slot comes\n");
    expect_refused({"schedules", "preview", "61 * * * *"},
                   "'61' is no minute: that may be * or 0 to 59, a range (0-59), a step of at most "
                   "60 (*/2 or 0-59/2), or several of them with commas [BT057]");
}

TEST_F(SchedulesVerbTest, AddShowsTheNextTenAndTheRestTakesAHandInIt) {
    EXPECT_EQ(run({"schedules", "list"}).out, "there is no schedule\n");
    const std::vector<std::string> add = {"schedules", "add",          "nightly",    "0 3 * * *",
                                          "--zone",    "Asia/Kolkata", "--handler",  "send",
                                          "--payload", R"({"n": 1})",  "--priority", "5"};
    const Ran added = run(add);
    EXPECT_EQ(std::count(added.out.begin(), added.out.end(), '\n'), 12) << added.out << added.err;
    expect_has(added.out, {"T03:00:00+05:30", " 21:30:00", "schedule nightly is added\n"});
    expect_has(run(add).out, {"schedule nightly was so already\n"});
    expect_has(run({"schedules", "list"}).out, {"nightly", "0 3 * * *", "send", "active"});
    expect_has(run({"schedules", "list", "--json"}).out, {R"("state": "active")"});
    EXPECT_EQ(run({"schedules", "run", "nightly"}).out, "1\n");
    EXPECT_EQ(
        run({"schedules", "backfill", "nightly", "--from", "2026-10-01", "--until", "2026-10-03"})
            .out,
        "schedule nightly: 2 slots made\n");
    expect_has(
        run({"schedules", "pause", "nightly", "--reason", "move"}).out,
        {"schedule nightly is paused: nothing is made of it until \"baton schedules resume"});
    EXPECT_EQ(run({"schedules", "pause", "nightly"}).out, "schedule nightly was paused already\n");
    expect_has(run({"schedules", "show", "nightly"}).out,
               {"schedule     nightly", "zone         Asia/Kolkata", "state        paused",
                ": move", "hand", "backfill", "made"});
    expect_has(run({"schedules", "show", "nightly", "--json"}).out, {R"("runs": [)"});
    EXPECT_EQ(run({"schedules", "resume", "nightly"}).out,
              "schedule nightly goes on, from now on\n");
    EXPECT_EQ(run({"schedules", "resume", "nightly"}).out, "schedule nightly was not paused\n");
    EXPECT_EQ(run({"schedules", "remove", "nightly"}).out, "schedule nightly is removed\n");
    expect_refused({"schedules", "remove", "nightly"}, "there is no schedule 'nightly' [BT058]");
    expect_refused({"schedules", "show", "nightly"},
                   "there is no schedule \"nightly\"; see `baton schedules list` [BT058]");
}

TEST_F(SchedulesVerbTest, DoctorComparesWhatTheFileDeclares) {
    const std::string file =
        tool_.write("test.toml",
                    "name = \"test\"\nkind = \"development\"\n"
                    "[[schedule]]\nname = \"nightly\"\nspec = \"0 3 * * *\"\nhandler = \"send\"\n"
                    "zone = \"europe/berlin\"\nlabels = [\"b\", \"a\"]\npayload = '{\"n\": 1}'\n"
                    "[[schedule]]\nname = \"mark\"\nspec = \"@yearly\"\nevent = \"year/over\"\n");
    const auto doctor = [&] { return run({"doctor", "--env", file}); };
    expect_has(doctor().out,
               {"warning  schedules here        schedule \"nightly\", declared at ",
                "test.toml:3, is not in the database\n", "schedule \"mark\", declared at "});
    connection_.exec(
        "select schedule('mark', '@yearly', event_type => 'year/over'), schedule('nightly', "
        "'0 3 * * *', 'send', '{\"n\": 1}', zone => 'Europe/Berlin', labels => '{b,a}')");
    expect_has(doctor().out, {"ok       schedules here        2, each as the file says\n"});
    connection_.exec(
        "select schedule('nightly', '@daily', 'send', '{\"n\": 2}', zone => 'Europe/Berlin', "
        "overlap => 'allow', labels => '{b,a}')");
    expect_has(doctor().out,
               {"is another one in the database: spec '@daily', payload '{\"n\": 2}', overlap "
                "'allow'\n"});
    EXPECT_EQ(doctor().out.find("\"mark\""), std::string::npos);
}

TEST_F(SchedulesVerbTest, WhatCannotBeIsRefusedInALine) {
    expect_refused(
        {"schedules", "add", "a", "@daily", "--handler", "sendd"},
        "nobody registered a handler 'sendd'; a node that carries it does; is it 'send'? "
        "[BT037]");
    expect_refused({"schedules", "add", "a", "@daily"},
                   "schedule 'a' cannot be: it is of a handler or of an event_type, one of the two "
                   "[BT057]");
    expect_refused({"schedules", "add", "a", "@daily", "--event", "a/b", "--zone", "CEST"},
                   "'CEST' is no time zone here: say one as Europe/Berlin, or UTC [BT057]");
    for (const std::vector<std::string>& wrong : std::vector<std::vector<std::string>>{
             {"--payload", "{"}, {"--jitter", "soon"}, {"--starts-at", "now and then"}}) {
        std::vector<std::string> all = {"schedules", "add", "a", "@daily", "--handler", "send"};
        all.insert(all.end(), wrong.begin(), wrong.end());
        const Ran ran = run(all);
        EXPECT_NE(ran.code, 0);
        EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
    }
    EXPECT_EQ(number("select count(*) from schedule"), 0);
}

}  // namespace
}  // namespace baton::testing
