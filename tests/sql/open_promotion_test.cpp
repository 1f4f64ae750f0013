// What a process that stands by is told of a promotion that is asked for.

#include <gtest/gtest.h>

#include "log_follower.hpp"
#include "support/cluster.hpp"
#include "support/environment.hpp"

namespace baton::sql {
namespace {

// The look at what stands in the way and the next statement have a snapshot each.
TEST(OpenPromotionTest, OneThatIsCarriedOutBetweenTwoLooksIsNobodysToCarryOut) {
    const testing::TestDatabase database(testing::environment_template());
    Connection connection(database.url(), testing::in_test_schema());
    connection.exec("insert into set_version values ('a', 2, 'live')");
    connection.exec(
        "insert into promotion (view_sets, versions, when_ready) values ('{a}', '{2}', true)");
    // As it was before the switch: nothing stood in the way.
    replace_in_function(connection, "promotion_obstacles", "return query", "return; return query");
    EXPECT_TRUE(connection.exec("select open_promotion('{}')").only().is_null(0));
}

}  // namespace
}  // namespace baton::sql
