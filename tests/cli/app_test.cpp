// App: an application's own verbs, run inside this process.
#include "baton/cli/app.hpp"

#include <gtest/gtest.h>

#include "baton/base/error.hpp"
#include "tool.hpp"

namespace baton {
namespace {

int run(App& app, std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "shop");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    return app.run(static_cast<int>(arguments.size()), pointers.data());
}

TEST(AppTest, OwnVerbGetsItsArgumentsAndTheEnvironmentOfTheFlags) {
    App app("shop");
    VerbContext seen;
    app.add_verb("place", "place orders", [&](const VerbContext& context) {
        seen = context;
        return 7;
    });
    EXPECT_EQ(run(app, {"place", "--clients", "4", "--env", "dev-alice", "--url",
                        "postgresql://db/shop", "fast"}),
              7);
    EXPECT_EQ(seen.arguments, (std::vector<std::string>{"--clients", "4", "fast"}));
    EXPECT_EQ(seen.environment.name.value, "dev-alice");
    EXPECT_EQ(seen.environment.url.value, "postgresql://db/shop");
    EXPECT_EQ(seen.program, "shop");
}

TEST(AppTest, VerbWithoutAnEnvironmentNeedsNone) {
    App app("shop");
    std::vector<std::string> arguments;
    app.add_verb(
        "import", "read a file",
        [&](const VerbContext& context) {
            arguments = context.arguments;
            return 0;
        },
        false);
    EXPECT_EQ(run(app, {"import", "--url", "x"}), 0);
    EXPECT_EQ(arguments, (std::vector<std::string>{"--url", "x"}));
}

TEST(AppTest, HelpOfAnOwnVerbSaysWhatItsOwnOptionsAre) {
    App app("shop");
    app.add_verb("place", "place orders\nOptions of its own:\n  --clients N  how many",
                 [](const VerbContext&) { return 0; });
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run(app, {"place", "--help"}), 0);
    const std::string help = ::testing::internal::GetCapturedStdout();
    EXPECT_NE(help.find("--clients N  how many"), std::string::npos) << help;
    EXPECT_NE(help.find("--url"), std::string::npos) << help;
    ::testing::internal::CaptureStdout();
    EXPECT_EQ(run(app, {"--help"}), 0);
    EXPECT_EQ(::testing::internal::GetCapturedStdout().find("--clients"), std::string::npos);
}

TEST(AppTest, WhatAVerbThrowsIsOneLineAndTheExitCodeItsClass) {
    App app("shop");
    app.add_verb(
        "fail", "fail", [](const VerbContext&) -> int { throw std::runtime_error("no\tluck"); },
        false);
    app.add_verb(
        "refuse", "refuse",
        [](const VerbContext&) -> int { throw Error(ErrorCode::usage, "not so"); }, false);
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(app, {"fail"}), 1);
    EXPECT_EQ(run(app, {"refuse"}), 2);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "shop: no luck\nshop: not so [BT027]\n");
}

TEST(AppTest, ASetOfViewsOfTheProgramIsNotDeclaredInTheFileToo) {
    const testing::Tool tool;
    App app("shop");
    app.add_sql_reducer(tool.write("category_sales.sql", testing::category_sales()));
    app.add_view_set("sales", 1, {"category_sales"});
    const std::string file =
        tool.write("test.toml",
                   "name = \"test\"\nkind = \"development\"\nconnection.url = \"host=x\"\n"
                   "[view_sets.sales]\nversion = 2\nviews = [\"category_sales\"]\n");
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(run(app, {"orchestrate", "--env", file}), 2);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(),
              "shop: " + file +
                  ":4: the view set \"sales\" is declared here, and by this program too "
                  "(App::add_view_set); leave one of them out [BT016]\n");
}

}  // namespace
}  // namespace baton
