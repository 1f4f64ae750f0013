// What a person gets wrong in a struct or a reducer is said by the compiler in one error, which
// names what is wrong and what to do, and not in hundreds of lines about the inside of Baton.
//
// Each is compiled by the compiler of this build, as far as its syntax goes.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace baton::testing {
namespace {

const std::string source_folder = BATON_SOURCE_DIR;

std::string compiler() {
    static const std::regex setting("CMAKE_CXX_COMPILER:\\w+=(.*)");
    std::ifstream cache(BATON_BINARY_DIR "/CMakeCache.txt");
    std::smatch match;
    for (std::string line; std::getline(cache, line);) {
        if (std::regex_match(line, match, setting)) return match[1];
    }
    return "c++";
}

struct Compiled {
    int code = -1;
    std::string output;

    [[nodiscard]] std::vector<std::string> errors() const {
        static const std::regex error(" error: (.*)");
        std::vector<std::string> found;
        for (std::sregex_iterator at(output.begin(), output.end(), error), end; at != end; ++at) {
            found.push_back((*at)[1]);
        }
        return found;
    }
    [[nodiscard]] auto lines() const { return std::ranges::count(output, '\n'); }
};

Compiled compile(const std::string& mistake) {
    ChildProcess process(
        {.arguments = {compiler(), "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
                       "-Wshadow", "-Wconversion", "-I" + source_folder + "/base/include",
                       "-I" + source_folder + "/types/include",
                       "-I" + source_folder + "/reducers/include", "-D" + mistake,
                       source_folder + "/tests/reducers/wrong_program/main.cpp"}});
    const auto end = process.wait(std::chrono::seconds(120));
    return {end ? end->code.value_or(-1) : -1, process.error_output()};
}

struct Mistake {
    std::string name;
    std::string error;               ///< a part of the only one
    std::vector<std::string> names;  ///< what the lines around it name
};

class WrongProgramTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(WrongProgramTest, IsRefusedInOneErrorThatSaysWhatToDo) {
    const Mistake& mistake = GetParam();
    const Compiled compiled = compile(mistake.name);
    EXPECT_NE(compiled.code, 0);
    const std::vector<std::string> errors = compiled.errors();
    ASSERT_FALSE(errors.empty()) << compiled.output;
    EXPECT_NE(errors.front().find(mistake.error), std::string::npos) << errors.front();
    EXPECT_EQ(std::ranges::count(errors, errors.front()), std::ssize(errors)) << compiled.output;
    for (const std::string& name : mistake.names) {
        EXPECT_NE(compiled.output.find(name), std::string::npos) << name << "\n" << compiled.output;
    }
    EXPECT_LE(compiled.lines(), 30) << compiled.output;
}

const std::string allowed = "use std::string, std::int64_t, std::int32_t, double, bool";

INSTANTIATE_TEST_SUITE_P(
    Each, WrongProgramTest,
    ::testing::Values(
        Mistake{"MAP_FIELD", allowed, {"\"tags\"", "Struct = PaymentReceived", "std::map"}},
        Mistake{"UNSIGNED_FIELD", allowed, {"\"cents\"", "Struct = PaymentReceived", "unsigned"}},
        Mistake{"VECTOR_OF_UNSIGNED", allowed, {"\"parts\"", "Struct = PaymentReceived"}},
        Mistake{"UNLISTED_MEMBER",
                "has a member that BATON_FIELDS does not name",
                {"= PaymentReceived"}},
        Mistake{"UNKNOWN_MEMBER", "did you mean", {"amout", "amount", "PaymentReceived::"}},
        Mistake{"NO_FIELDS", "has no BATON_FIELDS(...)", {"= PaymentReceived"}},
        Mistake{"NO_DEFAULT", "has no default constructor", {"= PaymentReceived"}},
        Mistake{"NO_EVENT_TYPE", "event_type = \"...\";", {"= PaymentReceived"}},
        Mistake{"UNKNOWN_KEY",
                "BATON_KEY names a Field that is not in BATON_FIELDS",
                {"\"acount\"", "Row = Balance"}},
        Mistake{"UNFIT_KEY", "has a type that no key can have", {"\"total\"", "Row = Balance"}},
        Mistake{"NO_KEY", "has no BATON_KEY(...)", {"Rows<Balance>"}},
        Mistake{"NO_ROW", "using Row = ...;", {"= BalanceReducer"}},
        Mistake{"NO_NAME", "static constexpr std::string_view name", {"= BalanceReducer"}},
        Mistake{"NO_VERSION", "static constexpr int version", {"= BalanceReducer"}},
        Mistake{"NO_EVENTS", "using Events = baton::EventTypes<...>;", {"= BalanceReducer"}},
        Mistake{"NO_REDUCE", "has no reduce() for an event", {"E = Refunded"}},
        Mistake{"NOT_CONST", "reduce(const E&, baton::Rows<Row>&) const", {"= BalanceReducer"}},
        Mistake{"GIVEN_ANOTHER", "Events have no such struct", {"E = Refunded"}}),
    [](const auto& mistake) {
        std::string name;
        for (const char c : mistake.param.name) {
            if (c != '_') name += c;
        }
        return name;
    });

TEST(RightProgramTest, IsCompiledWithoutAWord) {
    const Compiled compiled = compile("NOTHING");
    EXPECT_EQ(compiled.code, 0);
    EXPECT_EQ(compiled.output, "");
}

}  // namespace
}  // namespace baton::testing
