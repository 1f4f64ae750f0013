// doctor() tells how far the database is from the end of its transaction ids, long before that.

#include <gtest/gtest.h>

#include "support/environment.hpp"

namespace baton {
namespace {

TEST(WraparoundTest, DoctorSaysHowOldTheOldestIdsAre) {
    const testing::TestDatabase database(testing::environment_template());
    sql::Connection connection(database.url(), testing::in_test_schema());
    const auto told = [&](const std::string& from, const std::string& what) {
        return std::string(connection
                               .exec("select pg_catalog.string_agg(" + what +
                                     ", ' ' order by check_name) from " + from +
                                     " where check_name ~ '^(transaction|multixact)_ids$'")
                               .only()
                               .text(0));
    };
    EXPECT_EQ(told("doctor()", "check_name"), "multixact_ids transaction_ids");
    EXPECT_EQ(told("doctor()", "state"), "ok ok");
    EXPECT_EQ(told("check_wraparound(0, 2000000000)", "state"), "warning warning");
    EXPECT_EQ(told("check_wraparound(0, 0)", "state"), "problem problem");
    EXPECT_NE(told("check_wraparound(0, 0)", "fix").find("vacuum (freeze)"), std::string::npos);
    EXPECT_EQ(told("check_wraparound(0, 0)", "(found ~ '^the oldest are [0-9]+ ids old')::text"),
              "true true");
}

}  // namespace
}  // namespace baton
