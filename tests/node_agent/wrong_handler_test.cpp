// What a person gets wrong in a handler is said by the compiler in one error, as for reducers.
#include <gtest/gtest.h>

#include <algorithm>

#include "support/compiled.hpp"

namespace baton::testing {
namespace {

const std::string program = "tests/node_agent/wrong_handler/main.cpp";

struct Mistake {
    std::string name;
    std::string error;  ///< a part of the only one
};

class WrongHandlerTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(WrongHandlerTest, IsRefusedInOneErrorThatSaysWhatToDo) {
    const Compiled compiled = compile(program, GetParam().name);
    EXPECT_NE(compiled.code, 0);
    const std::vector<std::string> errors = compiled.errors();
    ASSERT_FALSE(errors.empty()) << compiled.output;
    EXPECT_NE(errors.front().find(GetParam().error), std::string::npos) << errors.front();
    EXPECT_EQ(errors.size(), 1U) << compiled.output;
    EXPECT_LE(compiled.lines(), 30) << compiled.output;
}

INSTANTIATE_TEST_SUITE_P(
    Each, WrongHandlerTest,
    ::testing::Values(Mistake{"NO_SOURCE", "a handler needs one of: using Event = ...;"},
                      Mistake{"TWO_SOURCES", "a handler needs one of: using Event = ...;"},
                      Mistake{"NO_EVENT_TYPE", "event_type = \"...\";"},
                      Mistake{"NO_FIELDS", "has no BATON_FIELDS(...)"},
                      Mistake{"NO_NAME", "static constexpr std::string_view name"},
                      Mistake{"NO_VERSION", "static constexpr int version"},
                      Mistake{"ACCEPTS_TEXT", "accepts_from of a handler is a version or several"},
                      Mistake{"LANE_NUMBER", "lane_by_key of a handler is static constexpr bool"},
                      Mistake{"RETURNS_BOOL", "the handler has no handle()"},
                      Mistake{"OTHER_PAYLOAD", "the handler has no handle()"},
                      Mistake{"OTHER_STEP",
                              "a step of a workflow takes what the step before it gives"},
                      Mistake{"BATCH_TEXT", "batch of a handler is static constexpr int"},
                      Mistake{"BATCH_OF_ONE", "a handler with a batch has no handle() for several"},
                      Mistake{"BATCH_UNSAID", "needs: static constexpr int batch = 100;"},
                      Mistake{"BATCH_WITH_ROW", "a handler with a Row makes task sets"},
                      Mistake{"NOT_CONST", "the handler has no handle()"}),
    [](const auto& mistake) {
        std::string name;
        std::ranges::copy_if(mistake.param.name, std::back_inserter(name),
                             [](char c) { return c != '_'; });
        return name;
    });

TEST(RightHandlerTest, IsCompiledWithoutAWord) {
    const Compiled compiled = compile(program, "NOTHING");
    EXPECT_EQ(compiled.code, 0);
    EXPECT_EQ(compiled.output, "");
}

}  // namespace
}  // namespace baton::testing
