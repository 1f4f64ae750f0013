// [[workflow]] of an environment file.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "environments/environment_fixture.hpp"

namespace baton::environments {
namespace {

class WorkflowSettingTest : public EnvironmentTest {};

TEST_F(WorkflowSettingTest, StepsAreReadAsTheDatabaseTakesThem) {
    const std::string file =
        write("shop.toml",
              whole + std::string("[[workflow]]\nname = \"order\"\nversion = 2\n"
                                  "[[workflow.step]]\nhandler = \"reserve\"\nversion = 3\n"
                                  "labels = [\"gpu\"]\neach = \"\"\nundo = \"release\"\n"
                                  "[[workflow.step]]\nname = \"paid\"\nevent = \"a/b\"\n"
                                  "deadline = \"3 days\"\nafter = []\n"
                                  "[[workflow]]\nname = \"order\"\nversion = 3\n"
                                  "on_failure = \"hold\"\n"
                                  "[[workflow.step]]\nsleep = \"1 \\\"hour\"\n"))
            .string();
    const Environment shop = load({{"--env", "shop"}});
    ASSERT_EQ(shop.workflows.size(), 2U);
    const auto& [first, origin] = shop.workflows[0];
    EXPECT_EQ(origin.substr(0, file.size() + 1), file + ":");
    EXPECT_EQ(first.name + " " + std::to_string(first.version) + " " + first.on_failure,
              "order 2 compensate");
    std::string bare;
    for (const char c : first.steps) {
        if (c != ' ' && c != '\n') bare += c;
    }
    EXPECT_EQ(bare,
              R"([{"each":"","handler":"reserve","labels":["gpu"],"undo":"release","version":3},)"
              R"({"after":[],"deadline":"3days","event":"a/b","name":"paid"}])");
    EXPECT_EQ(shop.workflows[1].value.on_failure, "hold");
    EXPECT_NE(shop.workflows[1].value.steps.find(R"("1 \"hour")"), std::string::npos)
        << shop.workflows[1].value.steps;
    std::string shown;
    for (const SettingLine& line : described(shop)) {
        if (line.key.starts_with("workflow.")) shown += line.key + " = " + line.value + "; ";
    }
    EXPECT_EQ(shown, "workflow.order = version 2; workflow.order = version 3; ");
}

TEST_F(WorkflowSettingTest, WhatIsWrongIsRefused) {
    EXPECT_EQ(refusal_of_rest("workflow = 1\n"),
              "@/x.toml:4: workflow must be tables: [[workflow]], not an integer");
    EXPECT_EQ(refusal_of_rest("[[workflow]]\nname = \"a\"\nversion = 0\n"),
              "@/x.toml:4: workflow.step is missing\n"
              "@/x.toml:6: workflow.version must be an integer from 1 to 9999, not 0");
    EXPECT_EQ(refusal_of_rest("[[workflow]]\nname = \"a\"\nversion = 1\nstep = \"b\"\n"),
              "@/x.toml:7: step must be tables: [[step]], not a string");
    EXPECT_EQ(
        refusal_of_rest("[[workflow]]\nname = \"a\"\nversion = 1\n"
                        "[[workflow.step]]\nhandlr = \"h\"\nsince = \"ever\"\nversion = \"1\"\n"
                        "[[workflow]]\nname = \"a\"\nversion = 1\n"
                        "[[workflow.step]]\nhandler = \"\"\n"),
        "@/x.toml:8: unknown key \"step.handlr\"; did you mean \"handler\"?\n"
        "@/x.toml:9: step.since must be \"run\" or \"step\", not \"ever\"\n"
        "@/x.toml:10: step.version must be an integer from 1 to 9999, not a string\n"
        "@/x.toml:11: workflow \"a\" version 1 is declared twice\n"
        "@/x.toml:15: step.handler must be a string that is not empty, not \"\"");
}

}  // namespace
}  // namespace baton::environments
