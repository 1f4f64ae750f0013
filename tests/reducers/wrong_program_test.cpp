// What a person gets wrong in a struct or a reducer is said by the compiler in one error, which
// names what is wrong and what to do, and not in hundreds of lines about the inside of Baton.
//
// Each is compiled by the compiler of this build, as far as its syntax goes.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/compiled.hpp"

namespace baton::testing {
namespace {

const std::string program = "tests/reducers/wrong_program/main.cpp";

struct Mistake {
    std::string name;
    std::string error;               ///< a part of the only one
    std::vector<std::string> names;  ///< what the lines around it name
};

class WrongProgramTest : public ::testing::TestWithParam<Mistake> {};

TEST_P(WrongProgramTest, IsRefusedInOneErrorThatSaysWhatToDo) {
    const Mistake& mistake = GetParam();
    const Compiled compiled = compile(program, mistake.name);
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
        Mistake{"EFFECTS_NOT_CONST", "baton::Effects&) const", {"= BalanceReducer"}},
        Mistake{"GIVEN_ANOTHER", "Events have no such struct", {"E = Refunded"}}),
    [](const auto& mistake) {
        std::string name;
        for (const char c : mistake.param.name) {
            if (c != '_') name += c;
        }
        return name;
    });

TEST(RightProgramTest, IsCompiledWithoutAWord) {
    const Compiled compiled = compile(program, "NOTHING");
    EXPECT_EQ(compiled.code, 0);
    EXPECT_EQ(compiled.output, "");
}

}  // namespace
}  // namespace baton::testing
