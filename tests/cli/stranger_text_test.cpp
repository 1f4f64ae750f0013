// What strangers wrote into an environment, as the verbs print it; and what a verb says where its
// output cannot be written.
#include <gtest/gtest.h>

#include <string>

#include "baton/sql/connection.hpp"
#include "tool.hpp"

namespace baton::testing {
namespace {

class StrangerTextTest : public ::testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(tool_.run({"environment", "install", "test"}).code, 0); }

    TestDatabase database_;
    Tool tool_{database_};
};

// A text with power over a terminal, and the beginning of a line that nobody logged.
const std::string planted = "a\033[2Jb\n12:00 error forged\u202ec\u009bd";

void expect_harmless(const Ran& ran) {
    for (const std::string& text : {ran.out, ran.err}) {
        for (const std::string part : {"\033", "\u202e", "\u009b", "\n12:00"}) {
            EXPECT_EQ(text.find(part), std::string::npos) << text;
        }
    }
}

TEST_F(StrangerTextTest, NoVerbHandsItToTheTerminal) {
    sql::Connection connection(database_.url());
    connection.exec(
        "set search_path = baton_test; "
        "select dispatch('order' || e'/x\\033[2J', '{}', key => e'k\\n12:00 error forged'); "
        "update leader set node = e'a\\033[2Jb\\n12:00 error forged', epoch = 1, "
        "lease_until = now() + interval '1 hour'; "
        "insert into refusal (code, machine_id, login, address, node, message) values "
        "('BT029', '', 'x', 'local', e'n\\033[2J\\n12:00 forged\\u202e', 'm')");
    for (const std::vector<std::string>& arguments :
         std::vector<std::vector<std::string>>{{"status"},
                                               {"status", "--json"},
                                               {"doctor"},
                                               {"doctor", "--json"},
                                               {"environment", "refusals"},
                                               {"environment", "refusals", "--json"},
                                               {"view", planted},
                                               {"dispatch", planted, "{}", "--env", planted},
                                               {planted}}) {
        expect_harmless(tool_.run(arguments));
    }
}

TEST_F(StrangerTextTest, AnOutputThatCannotBeWrittenDoesNotHideWhatWasDone) {
    const ChildProcessOptions options = tool_.options({"dispatch", "order/placed", "{}"});
    ChildProcessOptions full = options;
    full.arguments = {"sh", "-c", "exec \"$@\" > /dev/full", "sh"};
    full.arguments.insert(full.arguments.end(), options.arguments.begin(), options.arguments.end());
    ChildProcess child(full);
    ASSERT_TRUE(child.wait(std::chrono::seconds(30)));
    EXPECT_EQ(child.error_output(),
              "baton: event 1 is dispatched and committed, but stdout cannot be written: No space "
              "left on device [BT045]\n");
}

TEST_F(StrangerTextTest, FlagsMayStandBeforeTheVerb) {
    EXPECT_EQ(tool_.run({"--env", "test", "dispatch", "order/placed", "{}"}).out, "1\n");
    EXPECT_EQ(tool_.run({"--env=test", "--key", "k", "dispatch", "order/placed"}).out, "2\n");
    EXPECT_EQ(tool_.run({"--json", "environment", "status", "test"}).code, 0);
    const Ran unknown = tool_.run({"--env", "test", "statsu"});
    EXPECT_NE(unknown.err.find("there is no verb \"statsu\"; did you mean stats?"),
              std::string::npos)
        << unknown.err;
}

}  // namespace
}  // namespace baton::testing
