// What libpq would do to keep a connection from those between.
#include "baton/sql/transport.hpp"

#include <gtest/gtest.h>

#include "outcome.hpp"

namespace baton::sql {
namespace {

TEST(TransportTest, SaysWhatProtectsAConnection) {
    const auto mode = [](const std::string& url) { return transport_of(url).sslmode; };
    EXPECT_EQ(mode("postgresql://db.example.com/shop"), "prefer");
    EXPECT_EQ(mode("postgresql://db.example.com/shop?sslmode=require"), "require");
    EXPECT_EQ(mode("host=db.example.com sslmode=verify-full"), "verify-full");
    EXPECT_EQ(outcome_of([] { (void)transport_of("postgresql://["); }).code, "settings_invalid");
}

TEST(TransportTest, KnowsWhatDoesNotLeaveTheMachine) {
    for (const std::string url :
         {"postgresql:///shop", "postgresql:///shop?host=/run/postgresql", "host=localhost",
          "host=127.0.0.1", "host=::1", "host=localhost,/tmp", "host=@abstract"}) {
        EXPECT_TRUE(transport_of(url).is_local) << url;
    }
    for (const std::string url :
         {"postgresql://db.example.com/shop", "host=10.0.0.7", "host=localhost,db.example.com",
          "host=localhost hostaddr=10.0.0.7", "host=db.example.com hostaddr=127.0.0.1"}) {
        EXPECT_FALSE(transport_of(url).is_local) << url;
    }
}

}  // namespace
}  // namespace baton::sql
