// The error catalogue: codes are unique, of our class, and found again by their SQLSTATE.

#include "baton/base/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

namespace baton {
namespace {

TEST(ErrorTest, SqlstatesAreOurClassAndUnique) {
    std::set<std::string_view> seen;
#define BATON_ERROR(name, code, retryable)                                \
    EXPECT_EQ(sqlstate_of(ErrorCode::name), code);                        \
    EXPECT_EQ(name_of(ErrorCode::name), #name);                           \
    EXPECT_EQ(code_of_sqlstate(code, ErrorCode::usage), ErrorCode::name); \
    EXPECT_TRUE(std::string_view(code).starts_with("BT")) << code;        \
    EXPECT_EQ(std::string_view(code).size(), 5U);                         \
    EXPECT_TRUE(seen.insert(code).second) << code;
    BATON_ERROR_CATALOGUE(BATON_ERROR)
#undef BATON_ERROR
}

TEST(ErrorTest, AForeignSqlstateGivesTheFallback) {
    EXPECT_EQ(code_of_sqlstate("23505", ErrorCode::statement_failed), ErrorCode::statement_failed);
}

TEST(ErrorTest, AnUnknownOutcomeLosesTheConnectionAndIsNotRetried) {
    const Error error(ErrorCode::outcome_unknown, "commit sent, no answer");
    EXPECT_TRUE(error.loses_connection());
    EXPECT_FALSE(error.retryable());
    EXPECT_TRUE(Error(ErrorCode::overloaded, "").retryable());
}

}  // namespace
}  // namespace baton
