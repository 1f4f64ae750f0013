// A view is its orchestrators'. The environment's owner, who is no superuser and no member of
// theirs, lets a role read it, by plain SQL and by grant_view().

#include <gtest/gtest.h>

#include "baton/sql/migrator.hpp"
#include "outcome.hpp"
#include "support/cluster.hpp"

namespace baton::sql {
namespace {

class GrantViewTest : public ::testing::Test {
protected:
    void SetUp() override {
        admin_.exec("create role " + owner_ + " login createrole; create role " + reader_ +
                    " login; create role " + leader_ + " login");
        admin_.exec("grant create on database " + database_.name() + " to " + owner_);
        Connection owner = connect(owner_);
        (void)Migrator().install(owner, schema_);
        admin_.exec("grant " + schema_ + "_orchestrate to " + leader_);
        Connection leader = connect(leader_);
        const std::string columns =
            R"([{"name": "k", "type": "text", "nullable": false, "key": true}])";
        leader.exec("select register_reducer('sales', 1, 'b', 'c++', '" + columns + "')");
        leader.exec("insert into sales__v1 (k, position) values ('a', 1)");
    }
    void TearDown() override {
        (void)uninstall(admin_, schema_);
        admin_.exec("drop owned by " + owner_ + "; drop role " + owner_ + ", " + reader_ + ", " +
                    leader_);
    }
    Connection connect(const std::string& role) {
        ConnectOptions options;
        options.schema = schema_;
        return Connection(database_.url() + "&user=" + role, options);
    }
    Outcome reading() {
        return outcome_of(
            [&] { EXPECT_EQ(connect(reader_).exec("select k from sales").only().text(0), "a"); });
    }

    testing::TestDatabase database_;
    Connection admin_{database_.url()};
    const std::string schema_ = "baton_" + database_.name();
    const std::string owner_ = "owner_" + database_.name();
    const std::string reader_ = "reader_" + database_.name();
    const std::string leader_ = "leader_" + database_.name();
};

TEST_F(GrantViewTest, OwnerGrantsByPlainSql) {
    Connection owner = connect(owner_);
    owner.exec("grant usage on schema " + schema_ + " to " + reader_ +
               "; grant select on sales to " + reader_);
    EXPECT_EQ(reading().code, "no error") << reading().text;
    EXPECT_NE(outcome_of([&] { connect(reader_).exec("select * from event"); }).code, "no error");
    owner.exec("revoke select on sales from " + reader_);
    EXPECT_NE(reading().code, "no error");
}

TEST_F(GrantViewTest, OwnerGrantsByFunctionWhichSaysWhatIsWrong) {
    Connection owner = connect(owner_);
    EXPECT_EQ(outcome_of([&] { owner.exec("select grant_view('sale', '" + reader_ + "')"); }).code,
              "view_unknown");
    const Outcome nobody = outcome_of([&] { owner.exec("select grant_view('sales', 'nobody')"); });
    EXPECT_NE(nobody.text.find("there is no role nobody"), std::string::npos) << nobody.text;
    EXPECT_EQ(outcome_of([&] {
                  connect(leader_).exec("select grant_view('sales', '" + reader_ + "')");
              }).sqlstate,
              "42501");
    owner.exec("select grant_view('sales', '" + reader_ + "')");
    EXPECT_EQ(reading().code, "no error") << reading().text;
}

// A view of before this version.
TEST_F(GrantViewTest, OwnerThatMayNotPassItOnIsToldSo) {
    admin_.exec("revoke grant option for select on " + schema_ + ".sales from " + owner_);
    Connection owner = connect(owner_);
    const Outcome outcome =
        outcome_of([&] { owner.exec("select grant_view('sales', '" + reader_ + "')"); });
    EXPECT_NE(outcome.text.find("may not let others read"), std::string::npos) << outcome.text;
    Connection leader = connect(leader_);
    leader.exec("select show_view('sales')");
    owner.exec("select grant_view('sales', '" + reader_ + "')");
    EXPECT_EQ(reading().code, "no error") << reading().text;
}

}  // namespace
}  // namespace baton::sql
